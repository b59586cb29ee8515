/* How near the store is to SQLite itself: rows a second of feedback_put at several batch sizes,
 * against the same rows put by plain prepared statements into the same schema (the table and its four
 * indexes), same pragmas, one commit a batch, in the same run and on the same disk.
 *
 *     store_put [DIR] [SECONDS]     (DIR on the disk to measure; default: the working directory)
 *
 * One line a batch size: rows a second of both over all calls and their ratio; the median call of both
 * in microseconds and their ratio; the 99th percentile. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "stores/registry.h"
#include "stores/sqlite/schema.h"
#include "stores/sqlite/sqlite.h"

enum { MAX_BATCH = 1000 };

static char body[420];
static unsigned long long made;

typedef struct rows {
    sc_feedback items[MAX_BATCH];
    sc_id jobs[MAX_BATCH];
    sc_put_result out[MAX_BATCH];
    char ext[MAX_BATCH][40], title[MAX_BATCH][64];
} rows;

static rows r;

static void die(const char *what, const char *why) {
    fprintf(stderr, "store_put: %s: %s\n", what, why);
    exit(1);
}

/* Random external ids, as sources have them: their index is written all over. About 600 bytes. */
static void make(size_t n, const sc_id *project) {
    int64_t now = sc_now_ms(&sc_clock_system);
    for (size_t i = 0; i < n; i++) {
        unsigned long long id = ++made, mixed = sc_hash64(&id, sizeof id, 7);
        snprintf(r.ext[i], sizeof r.ext[i], "%016llx", mixed);
        snprintf(r.title[i], sizeof r.title[i], "The export fails with error %llu", mixed % 100000);
        r.items[i] =
            (sc_feedback){.id = sc_id_new(&sc_clock_system),
                          .project_id = *project,
                          .source = SC_SOURCE_sentry,
                          .external_id = sc_str_of(r.ext[i]),
                          .title = sc_str_of(r.title[i]),
                          .body = {body, sizeof body},
                          .metadata = SC_STR("{\"level\":\"error\",\"platform\":\"python\"}"),
                          .created_at_ms = now,
                          .received_at_ms = now,
                          .request_id = SC_STR("0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000")};
        r.jobs[i] = sc_id_new(&sc_clock_system);
    }
}

/* ---- Plain SQLite ------------------------------------------------------------------------------- */

typedef struct plain {
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
} plain;

static void sql(sqlite3 *db, const char *text) {
    if (sqlite3_exec(db, text, NULL, NULL, NULL)) die(text, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text) {
    sqlite3_stmt *st;
    if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL))
        die(text, sqlite3_errmsg(db));
    return st;
}

static void plain_open(plain *p, const char *path) {
    if (sqlite3_open_v2(path, &p->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL))
        die(path, sqlite3_errmsg(p->db));
    sql(p->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST;"
               "PRAGMA cache_size = -8192");
    sql(p->db, sc_sq_schema_1);
    p->begin = prepare(p->db, "BEGIN IMMEDIATE");
    p->commit = prepare(p->db, "COMMIT");
    p->insert =
        prepare(p->db, "INSERT INTO feedback (id, project_no, source, state, created_at, "
                       "received_at, issue_number,"
                       " external_id, title, repo, url, status, request_id, stack, metadata, body)"
                       " VALUES (?, 1, ?, 0, ?, ?, 0, ?, ?, '', '', '', ?, '', ?, ?)");
}

static void text(sqlite3_stmt *st, int at, sc_str s) {
    sqlite3_bind_text(st, at, s.p, (int)s.n, SQLITE_STATIC);
}

static void plain_put(plain *p, size_t n) {
    sqlite3_step(p->begin);
    sqlite3_reset(p->begin);
    for (size_t i = 0; i < n; i++) {
        const sc_feedback *f = &r.items[i];
        unsigned char id[16];
        sc_id_to_bytes(&f->id, id);
        sqlite3_bind_blob(p->insert, 1, id, 16, SQLITE_STATIC);
        sqlite3_bind_int64(p->insert, 2, f->source);
        sqlite3_bind_int64(p->insert, 3, f->created_at_ms);
        sqlite3_bind_int64(p->insert, 4, f->received_at_ms);
        text(p->insert, 5, f->external_id);
        text(p->insert, 6, f->title);
        text(p->insert, 7, f->request_id);
        text(p->insert, 8, f->metadata);
        text(p->insert, 9, f->body);
        if (sqlite3_step(p->insert) != SQLITE_DONE) die("insert", sqlite3_errmsg(p->db));
        sqlite3_reset(p->insert);
    }
    if (sqlite3_step(p->commit) != SQLITE_DONE) die("commit", sqlite3_errmsg(p->db));
    sqlite3_reset(p->commit);
}

static void plain_close(plain *p) {
    sqlite3_finalize(p->begin);
    sqlite3_finalize(p->insert);
    sqlite3_finalize(p->commit);
    sqlite3_close(p->db);
}

/* ---- Measuring ---------------------------------------------------------------------------------- */

typedef struct bench {
    plain plain;
    sc_store store;
    sc_id project;
} bench;

enum { MAX_CALLS = 200000 };
static double plain_us[MAX_CALLS], store_us[MAX_CALLS];

static double time_plain(bench *b, size_t batch) {
    make(batch, &b->project);
    int64_t start = sc_mono_us(&sc_clock_system);
    plain_put(&b->plain, batch);
    return (double)(sc_mono_us(&sc_clock_system) - start);
}

static double time_store(bench *b, size_t batch) {
    sc_err err;
    make(batch, &b->project);
    int64_t start = sc_mono_us(&sc_clock_system);
    if (b->store.ops->feedback_put(b->store.self, r.items, r.jobs, batch, r.out, &err))
        die("feedback_put", err.msg);
    return (double)(sc_mono_us(&sc_clock_system) - start);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double at_share(double *v, size_t n, double share) {
    qsort(v, n, sizeof *v, by_value);
    return v[(size_t)((double)(n - 1) * share)];
}

/* Call by call in turns, so that whatever else the machine does falls on both. */
static void measure(bench *b, size_t batch, double seconds) {
    double plain_sum = 0, store_sum = 0;
    size_t n = 0;
    while (n < MAX_CALLS && plain_sum + store_sum < seconds * 1e6) {
        bool plain_first = n % 2 == 0;
        if (plain_first) plain_us[n] = time_plain(b, batch);
        store_us[n] = time_store(b, batch);
        if (!plain_first) plain_us[n] = time_plain(b, batch);
        plain_sum += plain_us[n];
        store_sum += store_us[n];
        n++;
    }
    double rows_done = (double)n * (double)batch * 1e6;
    double plain_50 = at_share(plain_us, n, 0.5), store_50 = at_share(store_us, n, 0.5);
    printf("%6zu %9.0f %9.0f %6.2f   %9.0f %9.0f %6.2f   %9.0f %9.0f\n", batch,
           rows_done / plain_sum, rows_done / store_sum, plain_sum / store_sum, plain_50, store_50,
           plain_50 / store_50, at_share(plain_us, n, 0.99), at_share(store_us, n, 0.99));
    fflush(stdout);
}

static void open_both(bench *b, const char *dir) {
    char path[512];
    sc_err err;
    snprintf(path, sizeof path, "%s/plain.db", dir);
    plain_open(&b->plain, path);
    sc_sqlite_conf conf = {.dir = dir, .busy_timeout_ms = 5000};
    if (sc_store_open(&sc_store_sqlite, &conf, &b->store, &err)) die("open", err.msg);
    sc_project p = {.id = sc_id_new(&sc_clock_system), .name = SC_STR("bench"), .created_at_ms = 1};
    if (b->store.ops->project_put(b->store.self, &p, &err)) die("project_put", err.msg);
    b->project = p.id;
}

static void clean(const char *dir) {
    static const char *const names[] = {"plain.db",      "plain.db-wal",      "plain.db-shm",
                                        "soulcaster.db", "soulcaster.db-wal", "soulcaster.db-shm"};
    char path[512];
    for (size_t i = 0; i < SC_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

int main(int argc, char **argv) {
    static const size_t batches[] = {1, 10, 64, 100, 1000};
    static bench b;
    char dir[256];
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 4;
    snprintf(dir, sizeof dir, "%s/store-put-XXXXXX", argc > 1 ? argv[1] : ".");
    if (!mkdtemp(dir)) die(dir, "cannot make a directory there");
    for (size_t i = 0; i < sizeof body; i++) body[i] = "the page stays empty after saving "[i % 34];
    open_both(&b, dir);
    printf("%6s %9s %9s %6s   %9s %9s %6s   %9s %9s\n", "batch", "plain/s", "store/s", "ratio",
           "plain p50", "store p50", "ratio", "plain p99", "store p99");
    for (size_t i = 0; i < 150; i++) { /* until both write over their WAL again and again */
        time_plain(&b, 100);
        time_store(&b, 100);
    }
    for (size_t i = 0; i < SC_LEN(batches); i++) measure(&b, batches[i], seconds);
    plain_close(&b.plain);
    sc_store_close(&b.store);
    clean(dir);
    return 0;
}
