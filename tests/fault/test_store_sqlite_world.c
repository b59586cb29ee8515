/* The SQLite store in a bad world: killed, read-only, out of room, locked, moved, damaged, made by
 * somebody else. */
#include "store_fixture.h"

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

static uint64_t seed = 0x2545F4914F6CDD1D;
static uint64_t draw(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

static void db_path(const sc_fx *f, const char *name, char path[256]) {
    snprintf(path, 256, "%s/%s", f->dir, name);
}

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

static sc_rc put_one(sc_fx *f, const char *ext, sc_put_result *out) {
    sc_feedback r = fx_feedback(f, &f->a);
    sc_id job = fx_id(f);
    r.external_id = sc_str_of(ext);
    return f->ops->feedback_put(f->s, &r, &job, 1, out, &f->err);
}

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
    db_path(f, "soulcaster.db", db);
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
        db_path(f, names[i], path);
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
    db_path(f, "new", path);
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
    db_path(f, "soulcaster.db", db);
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
    db_path(f, "soulcaster.db", db);
    db_path(f, "copy.db", away);
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

/* ---- Files that are not what they should be -------------------------------------------------------------- */

static void exec_raw(const char *path, const char *sql) {
    sqlite3 *db;
    char *said = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &said)) fail_msg("%s", said);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void refused(sc_fx *f, const char *word) {
    sc_store s = {NULL, NULL};
    fx_rc(f, sc_store_open(f->ops, fx_conf(f), &s, &f->err), SC_STORE);
    if (!strstr(f->err.msg, word)) fail_msg("\"%s\" says nothing of \"%s\"", f->err.msg, word);
}

static void write_file(const char *path, const char *text, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, text, n) == (ssize_t)n);
    close(fd);
}

static void fixes_and_plans_without_what_they_belong_to_are_found(void **state) {
    sc_fx *f = *state;
    static const struct {
        const char *damage, *repair, *said;
    } rows[] = {
        {"INSERT INTO plan VALUES (999, 1, x'00', 1, 'ann', 'p', 'e', 'v', 'a')",
         "DELETE FROM plan", "a plan without its issue"},
        {"INSERT INTO fix_log VALUES (999, 1, 1, 'step', 'x')", "DELETE FROM fix_log",
         "a log without its fix"},
        {"INSERT INTO fix_patch VALUES (999, x'00')", "DELETE FROM fix_patch",
         "a patch without its fix"},
        {"UPDATE job SET kind = 'fix'", "UPDATE job SET kind = 'x'",
         "a job that is a fix and has none"},
    };
    char db[256];
    db_path(f, "soulcaster.db", db);
    sc_job job = {.id = fx_id(f), .project_id = f->a, .kind = SC_STR("x"), .max_attempts = 1};
    sc_id id;
    fx_ok(f, f->ops->job_enqueue(f->s, &job, &id, &f->err));
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
        exec_raw(db, rows[i].damage);
        fx_rc(f, f->ops->verify(f->s, NULL, NULL, &f->err), SC_STORE);
        if (!strstr(f->err.msg, rows[i].said)) fail_msg("%s", f->err.msg);
        exec_raw(db, rows[i].repair);
    }
}

static void a_database_of_a_newer_version_is_refused_with_what_to_do(void **state) {
    sc_fx *f = *state;
    char db[256];
    db_path(f, "soulcaster.db", db);
    sc_store_close(&f->store);
    exec_raw(db, "PRAGMA user_version = 9999");
    refused(f, "newer");
    refused(f, "upgrade");
    exec_raw(db, "PRAGMA user_version = 0");
    refused(f, "damaged");
    exec_raw(db, "PRAGMA user_version = -5");
    refused(f, "damaged");
    char good[64];
    snprintf(good, sizeof good, "PRAGMA user_version = %lld", (long long)sc_sq_schema_version());
    exec_raw(db, good);
    fx_open(f);
}

static void a_file_of_somebody_else_is_left_alone(void **state) {
    static char text[9000];
    sc_fx *f = *state;
    char db[256];
    struct stat st;
    db_path(f, "soulcaster.db", db);
    sc_store_close(&f->store);
    unlink(db);
    exec_raw(db, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    refused(f, "another");
    exec_raw(db, "PRAGMA application_id = 77; INSERT INTO theirs VALUES (2)");
    refused(f, "another");
    memset(text, 'x', sizeof text);
    write_file(db, text, sizeof text);
    refused(f, "restore a backup");
    assert_int_equal(stat(db, &st), 0);
    assert_int_equal(st.st_size, sizeof text);
    unlink(db);
    fx_open(f);
}

/* A report, an issue, a decision, a job, an event, a key: something in every table. */
static void fill(sc_fx *f) {
    int64_t seqs[40], version;
    fx_put_n(f, &f->a, 40, seqs);
    sc_id k = fx_group(f, &f->a, seqs, 20);
    sc_decision d = {.feedback_seq = seqs[0], .cluster_id = k, .model = SC_STR("m1"), .at_ms = T0};
    sc_correction r = {
        .id = fx_id(f), .action_id = fx_id(f), .cluster_id = k, .feedback_seq = seqs[0]};
    sc_event e = {.kind = SC_STR("x"), .data = SC_STR("{}"), .at_ms = T0};
    sc_group_write w = {.project_id = f->a,
                        .expect_version = 1,
                        .decisions = &d,
                        .n_decisions = 1,
                        .corrections = &r,
                        .n_corrections = 1,
                        .events = &e,
                        .n_events = 1,
                        .now_ms = T0};
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    sc_key key = {.id = fx_id(f), .project_id = f->a, .name = SC_STR("k"), .scopes = 1};
    fx_ok(f, f->ops->key_put(f->s, &key, &f->err));
}

static bool ignore_item(void *self, const sc_stored_item *it) {
    *(size_t *)self += it->repr.n;
    return true;
}

/* Every read and some writes; what they answer does not matter, that they do does. */
static void use_everything(sc_fx *f) {
    const sc_store_ops *o = f->ops;
    sc_arena *a = &f->arena;
    sc_page p = {100, SC_STR_NONE};
    sc_feedback_list l;
    sc_cluster_list kl;
    sc_job_list jl;
    sc_feedback *fb;
    sc_cluster *ks;
    sc_decision *ds;
    sc_correction *cs;
    sc_event *es;
    sc_key *keys;
    sc_project *ps;
    sc_job job;
    sc_store_stats st;
    sc_put_result out;
    size_t n, bytes = 0;
    int64_t v;
    sc_feedback_filter q = {.project_id = f->a};
    o->feedback_list(f->s, &q, &p, a, &l, &f->err);
    q.unclustered = true;
    o->feedback_list(f->s, &q, &p, a, &l, &f->err);
    for (int sort = 0; sort <= SC_SORT_CREATED; sort++) {
        sc_cluster_filter kq = {
            .project_id = f->a, .sort = (sc_cluster_sort)sort, .min_count = sort};
        o->cluster_list(f->s, &kq, &p, T0, a, &kl, &f->err);
    }
    sc_job_filter jq = {.project_id = f->a};
    o->job_list(f->s, &jq, &p, a, &jl, &f->err);
    o->feedback_pending(f->s, &f->a, 0, 100, a, &fb, &n, &f->err);
    o->items_since(f->s, &f->a, 0, "m1", ignore_item, &bytes, &v, &f->err);
    o->clusters_since(f->s, &f->a, 0, a, &ks, &n, &f->err);
    o->decisions(f->s, &f->a, 1, a, &ds, &n, &f->err);
    o->corrections(f->s, &f->a, a, &cs, &n, &f->err);
    o->events(f->s, NULL, 0, 100, a, &es, &n, &f->err);
    o->key_list(f->s, NULL, a, &keys, &n, &f->err);
    o->project_list(f->s, a, &ps, &n, &f->err);
    o->stats(f->s, &f->a, T0, &st, &f->err);
    put_one(f, "new", &out);
    fx_claim(f, "group", T0 + DAY, &job);
    o->prune(f->s, T0, T0, 100, &v, &f->err);
    int64_t next;
    o->decision_prune(f->s, 0, 100, 1, &next, &v, &f->err);
    o->probe(f->s, T0, &f->err);
    o->change_token(f->s, &v, &f->err);
}

static void flip(char *bytes, size_t n) {
    size_t flips = 1 + draw(40); /* most fall on the empty part of a page */
    for (size_t i = 0; i < flips; i++) {
        size_t at = draw(30) ? draw(n) : draw(SC_MIN(n, 4096u)); /* now and then the first page */
        if (draw(4))
            bytes[at] ^= (char)(1 << draw(8));
        else
            memset(bytes + at, (int)draw(256), SC_MIN(1 + draw(64), n - at));
    }
}

static void a_damaged_file_gives_errors_but_never_a_crash_or_a_hang(void **state) {
    sc_fx *f = *state;
    char db[256], wal[256];
    fill(f);
    sc_store_close(&f->store);
    db_path(f, "soulcaster.db", db);
    db_path(f, "soulcaster.db-wal", wal);
    int fd = open(db, O_RDONLY | O_CLOEXEC);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    size_t n = (size_t)st.st_size;
    char *good = malloc(n), *bad = malloc(n);
    assert_true(read(fd, good, n) == (ssize_t)n);
    close(fd);
    int opened = 0, found = 0;
    for (int i = 0; i < 250; i++) {
        memcpy(bad, good, n);
        flip(bad, n);
        unlink(wal);
        size_t keep = draw(10) ? n : draw(n); /* or cut short */
        write_file(db, bad, keep);
        alarm(20);
        sc_rc rc = sc_store_open(f->ops, fx_conf(f), &f->store, &f->err);
        if (!rc) {
            opened++;
            f->s = f->store.self;
            use_everything(f);
            found += f->ops->verify(f->s, NULL, NULL, &f->err) != SC_OK;
            sc_store_close(&f->store);
        } else if (rc != SC_STORE) {
            fail_msg("open gave %s: %s", sc_rc_name(rc), f->err.msg);
        }
        alarm(0);
        sc_arena_reset(&f->arena);
    }
    if (opened < 50 || found < 20) fail_msg("%d opened, %d found damaged", opened, found);
    unlink(wal);
    write_file(db, good, n);
    free(good);
    free(bad);
    fx_open(f);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

/* ---- Versions -------------------------------------------------------------------------------------------- */

/* As version 1 left it; whatever later versions do to it, this must come out. */
static const char version_1_rows[] =
    "INSERT INTO project VALUES (1, x'018bcfe568007abc8def000000000001', 'old', 1700000000000, 3);"
    "INSERT INTO feedback (seq, id, project_no, source, state, created_at, received_at, "
    "issue_number,"
    " external_id, title, repo, url, status, request_id, stack, metadata, body) VALUES"
    " (1, x'018bcfe568007abc8def000000000011', 1, 2, 1, 10, 20, 0, 'e1', 'one', '', '', '', 'r', "
    "'', '{}', 'b'),"
    " (2, x'018bcfe568007abc8def000000000012', 1, 0, 0, 11, 21, 0, 'e2', 'two', '', '', '', 'r', "
    "'', '{}', 'b');"
    "INSERT INTO model VALUES (1, 'm1');"
    "INSERT INTO cluster VALUES (1, x'018bcfe568007abc8def000000000021', 1, 3, 4, 1, 4, 10, 10, "
    "10, 10, 0, 1,"
    " NULL, 1, 1, 0, '0,0,0,0,0,0,0,0,0,0,0,0,0,1', '0,0,1', zeroblob(48), '[]', 'kept', 's', '', "
    "'', '', '', '', '');"
    "INSERT INTO item VALUES (1, 1, 1, 3, 10, x'018bcfe568007abc8def000000000011', 1, x'aabb');"
    "INSERT INTO tally VALUES (1, 2, 1), (1, 0, 1), (1, 100, 1), (1, 101, 1), (1, 204, 1), (1, "
    "300, 20),"
    " (1, 301, 21), (1, 302, 1);"
    "INSERT INTO job (id, project_no, state, attempts, max_attempts, fence, lease_until, run_at, "
    "created_at,"
    " updated_at, ended_at, again, kind, unique_key, lease_owner, request_id, error, payload) "
    "VALUES"
    " (x'018bcfe568007abc8def000000000031', 1, 0, 0, 5, 0, 0, 21, 21, 21, 0, 0, 'group',"
    " 'group:018bcfe5-6800-7abc-8def-000000000001', '', 'r', '', '{}');"
    "PRAGMA application_id = 0x536f756c; PRAGMA user_version = 1;";

static void a_database_of_version_1_opens_with_all_that_is_in_it(void **state) {
    sc_fx *f = *state;
    char db[256];
    sc_project p;
    sc_feedback *r;
    sc_cluster k;
    sc_job j;
    size_t n;
    sc_store_info info;
    db_path(f, "soulcaster.db", db);
    sc_store_close(&f->store);
    unlink(db);
    exec_raw(db, "PRAGMA journal_mode = DELETE");
    exec_raw(db, sc_sq_schema_1);
    exec_raw(db, version_1_rows);
    fx_open(f);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
    fx_ok(f, f->ops->info(f->s, &info, &f->err));
    fx_ok(f, f->ops->project_get(f->s, SC_STR("old"), &f->arena, &p, &f->err));
    assert_int_equal(p.group_version, 3);
    fx_ok(f, f->ops->feedback_pending(f->s, &p.id, 0, 10, &f->arena, &r, &n, &f->err));
    assert_true(n == 1 && sc_str_is(r[0].title, "two"));
    sc_id id = sc_id_of(SC_STR("018bcfe5-6800-7abc-8def-000000000021"));
    fx_ok(f, f->ops->cluster_get(f->s, &p.id, &id, &f->arena, &k, &f->err));
    assert_true(sc_str_is(k.title, "kept") && k.title_locked && k.status == SC_CLUSTER_resolved);
    fx_ok(f, fx_claim(f, "group", T0, &j));
    fx_reopen(f);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

int main(void) {
    /* Another seed looks for other damage: SEED=7 fault_test_store_sqlite_world */
    const char *other = getenv("SEED");
    if (other) seed ^= strtoull(other, NULL, 10) * 0x9E3779B97F4A7C15u;
    fx_backend = &sc_store_sqlite;
    const struct CMUnitTest tests[] = {
        fx_test(every_acknowledged_report_survives_kill_9),
        fx_test(a_read_only_directory_is_told_at_the_start),
        fx_test(files_are_for_their_owner_alone),
        fx_test(a_file_that_may_not_grow_refuses_writes_until_it_may),
        fx_test(a_full_disk_refuses_writes_until_there_is_room),
        fx_test(a_lock_held_by_another_process_is_told_and_waited_for),
        fx_test(a_database_that_was_moved_away_takes_no_more_writes),
        fx_test(fixes_and_plans_without_what_they_belong_to_are_found),
        fx_test(a_database_of_a_newer_version_is_refused_with_what_to_do),
        fx_test(a_file_of_somebody_else_is_left_alone),
        fx_test(a_damaged_file_gives_errors_but_never_a_crash_or_a_hang),
        fx_test(a_database_of_version_1_opens_with_all_that_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
