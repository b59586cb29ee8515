/* The SQLite store on files that are not what they should be: of an older or a newer version, somebody else's, damaged. */
#include "test_store_sqlite_support.h"

#include <fcntl.h>
#include <sqlite3.h>

#include "stores/sqlite/schema.h"
#include "stores/sqlite/store.h"

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
    fx_path(f, "soulcaster.db", db);
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
    fx_path(f, "soulcaster.db", db);
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
    fx_path(f, "soulcaster.db", db);
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
    fx_path(f, "soulcaster.db", db);
    fx_path(f, "soulcaster.db-wal", wal);
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
    fx_path(f, "soulcaster.db", db);
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
    other_seed();
    fx_backend = &sc_store_sqlite;
    const struct CMUnitTest tests[] = {
        fx_test(fixes_and_plans_without_what_they_belong_to_are_found),
        fx_test(a_database_of_a_newer_version_is_refused_with_what_to_do),
        fx_test(a_file_of_somebody_else_is_left_alone),
        fx_test(a_damaged_file_gives_errors_but_never_a_crash_or_a_hang),
        fx_test(a_database_of_version_1_opens_with_all_that_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
