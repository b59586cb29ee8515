/* The SQLite store in a bad world: killed, read-only, out of room, locked, moved. */
#include "test_store_sqlite_support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "stores/sqlite/schema.h"
#include "stores/sqlite/store.h"

/* Runs fn in a child; true when it came to `return true`. */
static bool in_child(bool (*fn)(sc_fx *), sc_fx *f) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(fn(f) ? 0 : 1);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* For children, where cmocka cannot fail: says why and gives false. */
#define NEED(cond)                                                                              \
    do {                                                                                        \
        if (!(cond)) {                                                                          \
            fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #cond, f->err.msg); \
            return false;                                                                       \
        }                                                                                       \
    } while (0)

/* ---- Killed ---------------------------------------------------------------------------------------- */

enum { KILLS = 20, BATCH = 7 };

/* Puts for ever; a number goes into the pipe once its report is acknowledged. */
static void put_for_ever(sc_fx *f, int round, int fd) {
    sc_store_close(&f->store);
    if (sc_store_open(f->ops, fx_conf(f), &f->store, &f->err)) _exit(3);
    f->s = f->store.self;
    for (int i = 0;; i++) {
        sc_feedback r[BATCH];
        sc_id jobs[BATCH];
        sc_put_result out[BATCH];
        char ext[BATCH][32];
        f->clock_ms = sc_now_ms(&sc_clock_system);
        for (int j = 0; j < BATCH; j++) {
            snprintf(ext[j], sizeof ext[j], "r%d-%d", round, i * BATCH + j);
            r[j] = (sc_feedback){.id = fx_id(f),
                                 .project_id = f->a,
                                 .external_id = sc_str_of(ext[j]),
                                 .title = SC_STR("t"),
                                 .body = SC_STR("b"),
                                 .metadata = SC_STR("{}"),
                                 .created_at_ms = T0,
                                 .received_at_ms = T0};
            jobs[j] = fx_id(f);
        }
        if (f->ops->feedback_put(f->s, r, jobs, BATCH, out, &f->err)) _exit(4);
        int last = i * BATCH + BATCH - 1;
        if (write(fd, &last, sizeof last) != sizeof last) _exit(5);
    }
}

static int wait_and_kill(pid_t pid, int fd, int acks_before) {
    int last = -1, got, acks = 0;
    while (acks < acks_before && read(fd, &got, sizeof got) == sizeof got) {
        last = got;
        acks++;
    }
    kill(pid, SIGKILL);
    while (read(fd, &got, sizeof got) == sizeof got) last = got;
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return last;
}

static void every_acknowledged_report_survives_kill_9(void **state) {
    sc_fx *f = *state;
    int64_t stored = 0;
    for (int round = 0; round < KILLS; round++) {
        int fds[2];
        sc_store_close(&f->store);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(fds[0]);
            put_for_ever(f, round, fds[1]);
        }
        close(fds[1]);
        int last = wait_and_kill(pid, fds[0], 1 + (int)draw(60));
        close(fds[0]);
        assert_true(last >= 0);
        fx_open(f);
        fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
        char ext[32];
        sc_put_result out;
        for (int i = 0; i <= last; i++) {
            snprintf(ext, sizeof ext, "r%d-%d", round, i);
            fx_ok(f, put_one(f, ext, &out));
            assert_int_equal(out.status, SC_PUT_DUPLICATE); /* there, and once */
        }
        sc_store_stats st;
        fx_ok(f, f->ops->stats(f->s, &f->a, T0, &st, &f->err));
        int64_t now =
            st.feedback - stored; /* a batch that was killed is there whole or not at all */
        assert_true(now >= last + 1 && now <= last + 1 + BATCH && now % BATCH == 0);
        stored = st.feedback;
        sc_arena_reset(&f->arena);
    }
}

/* ---- No permission, no room -------------------------------------------------------------------------- */

static bool open_as_nobody(sc_fx *f) {
    sc_store s = {NULL, NULL};
    if (getuid() == 0) {
        NEED(setresgid(65534, 65534, 65534) == 0);
        NEED(setresuid(65534, 65534, 65534) == 0);
    }
    NEED(sc_store_open(f->ops, fx_conf(f), &s, &f->err) == SC_STORE);
    NEED(strstr(f->err.msg, f->dir));
    return true;
}

static void a_read_only_directory_is_told_at_the_start(void **state) {
    sc_fx *f = *state;
    char db[256], missing[160];
    fx_path(f, "soulcaster.db", db);
    sc_store_close(&f->store);
    assert_int_equal(chmod(db, 0444), 0);
    assert_int_equal(chmod(f->dir, 0555), 0);
    assert_true(in_child(open_as_nobody, f));
    unlink(db);
    assert_true(in_child(open_as_nobody, f));
    chmod(f->dir, 0700);
    snprintf(missing, sizeof missing, "%s/soulcaster.db/below-a-file", f->dir);
    fx_open(f);
    sc_sqlite_conf conf = {.dir = missing};
    sc_store s = {NULL, NULL};
    fx_rc(f, sc_store_open(f->ops, &conf, &s, &f->err), SC_STORE);
    conf.dir = "";
    fx_rc(f, sc_store_open(f->ops, &conf, &s, &f->err), SC_INVALID);
    conf.dir = NULL;
    fx_rc(f, sc_store_open(f->ops, &conf, &s, &f->err), SC_INVALID);
}

static void files_are_for_their_owner_alone(void **state) {
    sc_fx *f = *state;
    struct stat st;
    char path[256], deep[200];
    sc_put_result out;
    fx_ok(f, put_one(f, "x", &out));
    static const char *const names[] = {"soulcaster.db", "soulcaster.db-wal", "soulcaster.db-shm"};
    for (size_t i = 0; i < SC_LEN(names); i++) {
        fx_path(f, names[i], path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    snprintf(deep, sizeof deep, "%s/new/deeper", f->dir);
    sc_sqlite_conf conf = {.dir = deep};
    sc_store s = {NULL, NULL};
    fx_ok(f, sc_store_open(f->ops, &conf, &s, &f->err));
    sc_store_close(&s);
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    fx_remove_dir(deep);
    fx_path(f, "new", path);
    rmdir(path);
}

/* Puts until there is no room; then makes room and goes on, with the same handle. */
static bool fill_then_free(sc_fx *f, bool (*make_room)(void *), void *arg) {
    static char big[50000];
    sc_put_result out;
    sc_rc rc = SC_OK;
    int stored = 0;
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 400 && !rc; i++) {
        sc_feedback r = fx_feedback(f, &f->a);
        sc_id job = fx_id(f);
        r.body = (sc_str){big, sizeof big};
        rc = f->ops->feedback_put(f->s, &r, &job, 1, &out, &f->err);
        stored += !rc;
    }
    NEED(rc == SC_STORE);
    NEED(strstr(f->err.msg, "full"));
    NEED(f->ops->probe(f->s, T0, &f->err) == SC_STORE || true); /* a small one may still fit */
    sc_store_stats st;
    NEED(f->ops->stats(f->s, &f->a, T0, &st, &f->err) == SC_OK);
    NEED(st.feedback == stored);
    NEED(make_room(arg));
    NEED(put_one(f, "after", &out) == SC_OK);
    NEED(out.status == SC_PUT_NEW);
    NEED(f->ops->verify(f->s, NULL, NULL, &f->err) == SC_OK);
    sc_store_close(&f->store);
    NEED(sc_store_open(f->ops, fx_conf(f), &f->store, &f->err) == SC_OK);
    f->s = f->store.self;
    NEED(f->ops->stats(f->s, &f->a, T0, &st, &f->err) == SC_OK);
    NEED(st.feedback == stored + 1);
    NEED(f->ops->verify(f->s, NULL, NULL, &f->err) == SC_OK);
    return true;
}

static bool raise_limit(void *arg) {
    struct rlimit l = {RLIM_INFINITY, RLIM_INFINITY};
    (void)arg;
    return setrlimit(RLIMIT_FSIZE, &l) == 0;
}

static bool with_a_file_limit(sc_fx *f) {
    struct rlimit l = {2 << 20, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    NEED(sc_store_open(f->ops, fx_conf(f), &f->store, &f->err) == SC_OK);
    f->s = f->store.self;
    NEED(setrlimit(RLIMIT_FSIZE, &l) == 0);
    return fill_then_free(f, raise_limit, NULL);
}

static void a_file_that_may_not_grow_refuses_writes_until_it_may(void **state) {
    sc_fx *f = *state;
    sc_store_close(&f->store);
    assert_true(in_child(with_a_file_limit, f));
    fx_open(f);
}

static bool remove_ballast(void *arg) { return unlink(arg) == 0; }

/* A small tmpfs in a mount namespace of our own; a machine that does not allow it skips this. */
static bool on_a_small_disk(sc_fx *f) {
    static char ballast[256], block[1 << 20];
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("tmpfs", f->dir, "tmpfs", 0, "size=6m")) {
        fprintf(stderr, "skipped: no right to mount a small disk (%s)\n", strerror(errno));
        return true;
    }
    snprintf(ballast, sizeof ballast, "%s/ballast", f->dir);
    int fd = open(ballast, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    NEED(fd >= 0 && write(fd, block, sizeof block) == sizeof block);
    close(fd);
    NEED(sc_store_open(f->ops, fx_conf(f), &f->store, &f->err) == SC_OK);
    f->s = f->store.self;
    f->a = fx_id(f);
    sc_project p = {.id = f->a, .name = SC_STR("small"), .created_at_ms = T0};
    NEED(f->ops->project_put(f->s, &p, &f->err) == SC_OK);
    return fill_then_free(f, remove_ballast, ballast);
}

static void a_full_disk_refuses_writes_until_there_is_room(void **state) {
    sc_fx *f = *state;
    sc_store_close(&f->store);
    assert_true(in_child(on_a_small_disk, f));
    fx_open(f);
}

/* ---- Others at the same file --------------------------------------------------------------------------- */

static void a_lock_held_by_another_process_is_told_and_waited_for(void **state) {
    sc_fx *f = *state;
    int up[2], down[2];
    char db[256], byte = 0;
    sc_put_result out;
    fx_path(f, "soulcaster.db", db);
    sc_store_close(&f->store);
    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sqlite3 *other;
        if (sqlite3_open(db, &other) || sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL))
            _exit(1);
        if (write(up[1], &byte, 1) != 1 || read(down[0], &byte, 1) != 1) _exit(2);
        _exit(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL) ? 3 : 0);
    }
    assert_int_equal(read(up[0], &byte, 1), 1);
    f->sqlite.busy_timeout_ms = 30;
    sc_sqlite_conf conf = {.dir = f->dir, .busy_timeout_ms = 30};
    fx_ok(f, sc_store_open(f->ops, &conf, &f->store, &f->err));
    f->s = f->store.self;
    fx_rc(f, put_one(f, "x", &out), SC_STORE);
    assert_non_null(strstr(f->err.msg, "another process"));
    sc_store_stats st;
    fx_ok(f, f->ops->stats(f->s, &f->a, T0, &st, &f->err)); /* reads do not wait */
    assert_int_equal(write(down[1], &byte, 1), 1);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    fx_ok(f, put_one(f, "x", &out));
    for (int i = 0; i < 2; i++) {
        close(up[i]);
        close(down[i]);
    }
}

static void a_database_that_was_moved_away_takes_no_more_writes(void **state) {
    sc_fx *f = *state;
    char db[256], away[256];
    sc_put_result out;
    fx_path(f, "soulcaster.db", db);
    fx_path(f, "copy.db", away);
    fx_ok(f, put_one(f, "before", &out));
    assert_int_equal(rename(db, away), 0);
    fx_rc(f, put_one(f, "lost?", &out), SC_STORE);
    fx_rc(f, put_one(f, "lost?", &out), SC_STORE);
    assert_int_equal(access(db, F_OK), -1); /* and no empty one takes its place */
    assert_int_equal(rename(away, db), 0);
    fx_ok(f, put_one(f, "after", &out));
    fx_ok(f, put_one(f, "before", &out));
    assert_int_equal(out.status, SC_PUT_DUPLICATE);
}

int main(void) {
    other_seed();
    fx_backend = &sc_store_sqlite;
    const struct CMUnitTest tests[] = {
        fx_test(every_acknowledged_report_survives_kill_9),
        fx_test(a_read_only_directory_is_told_at_the_start),
        fx_test(files_are_for_their_owner_alone),
        fx_test(a_file_that_may_not_grow_refuses_writes_until_it_may),
        fx_test(a_full_disk_refuses_writes_until_there_is_room),
        fx_test(a_lock_held_by_another_process_is_told_and_waited_for),
        fx_test(a_database_that_was_moved_away_takes_no_more_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
