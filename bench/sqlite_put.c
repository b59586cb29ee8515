/* What plain SQLite makes of the rows that a server has just stored: the ceiling for ingest.
 *
 *     sqlite_put SERVER.db NEW.db BATCH [MAX_ROWS]
 *
 * Reads the reports of a store into memory, gives a new database the same table with the same
 * indexes (as the store's own schema says), and inserts the same rows by one prepared statement, BATCH
 * a commit, durable like the store's (WAL, synchronous FULL). SQLite moves the WAL into the database by
 * itself, as it does by default. Prints one line of JSON. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_COLUMNS = 32 };

typedef struct copy {
    sqlite3 *from, *to;
    int columns;
    char insert[1024];
    sqlite3_value **v; /* rows * columns */
    long rows, cap;
} copy;

static void die(sqlite3 *db, const char *what) {
    fprintf(stderr, "sqlite_put: %s: %s\n", what, db ? sqlite3_errmsg(db) : "out of memory");
    exit(1);
}

static void run(sqlite3 *db, const char *sql) {
    if (sqlite3_exec(db, sql, NULL, NULL, NULL)) die(db, sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *st;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL)) die(db, sql);
    return st;
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The table and its indexes; the table comes first. */
static void copy_schema(copy *c) {
    sqlite3_stmt *st = prepare(
        c->from, "SELECT sql FROM sqlite_master WHERE tbl_name = 'feedback' AND sql IS NOT NULL"
                 " ORDER BY type = 'index'");
    while (sqlite3_step(st) == SQLITE_ROW) run(c->to, (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
}

static void add_row(copy *c, sqlite3_stmt *st) {
    if (c->rows == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 4096;
        c->v = realloc(c->v, (size_t)c->cap * MAX_COLUMNS * sizeof *c->v);
        if (!c->v) die(NULL, "reading");
    }
    sqlite3_value **row = c->v + c->rows++ * c->columns;
    for (int i = 0; i < c->columns; i++) {
        row[i] = sqlite3_value_dup(sqlite3_column_value(st, i));
        if (!row[i]) die(NULL, "reading");
    }
}

static void read_rows(copy *c, long max) {
    sqlite3_stmt *st = prepare(c->from, "SELECT * FROM feedback ORDER BY seq LIMIT ?");
    sqlite3_bind_int64(st, 1, max);
    c->columns = sqlite3_column_count(st);
    if (c->columns > MAX_COLUMNS) die(NULL, "too many columns");
    size_t n = (size_t)snprintf(c->insert, sizeof c->insert, "INSERT INTO feedback VALUES (?");
    for (int i = 1; i < c->columns; i++)
        n += (size_t)snprintf(c->insert + n, sizeof c->insert - n, ", ?");
    snprintf(c->insert + n, sizeof c->insert - n, ")");
    while (sqlite3_step(st) == SQLITE_ROW) add_row(c, st);
    sqlite3_finalize(st);
}

static void step(sqlite3 *db, sqlite3_stmt *st) {
    if (sqlite3_step(st) != SQLITE_DONE) die(db, "step");
    sqlite3_reset(st);
}

/* Returns how many commits. */
static long put_rows(const copy *c, long batch) {
    sqlite3_stmt *begin = prepare(c->to, "BEGIN IMMEDIATE"), *commit = prepare(c->to, "COMMIT");
    sqlite3_stmt *insert = prepare(c->to, c->insert);
    long commits = 0;
    for (long at = 0; at < c->rows; commits++) {
        long end = at + batch < c->rows ? at + batch : c->rows;
        step(c->to, begin);
        for (; at < end; at++) {
            for (int i = 0; i < c->columns; i++)
                sqlite3_bind_value(insert, i + 1, c->v[at * c->columns + i]);
            step(c->to, insert);
        }
        step(c->to, commit);
    }
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(insert);
    return commits;
}

int main(int argc, char **argv) {
    long batch = argc > 3 ? strtol(argv[3], NULL, 10) : 0,
         max = argc > 4 ? strtol(argv[4], NULL, 10) : -1;
    if (batch < 1) {
        fprintf(stderr, "usage: sqlite_put SERVER.db NEW.db BATCH [MAX_ROWS]\n");
        return 2;
    }
    copy c = {.rows = 0};
    if (sqlite3_open_v2(argv[1], &c.from, SQLITE_OPEN_READONLY, NULL)) die(c.from, argv[1]);
    if (sqlite3_open_v2(argv[2], &c.to,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL))
        die(c.to, argv[2]);
    run(c.to, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST;"
              "PRAGMA cache_size = -8192");
    copy_schema(&c);
    read_rows(&c, max);
    double start = now_s();
    long commits = put_rows(&c, batch);
    double seconds = now_s() - start;
    printf("{\"rows\":%ld,\"commits\":%ld,\"seconds\":%.6f,\"rows_per_s\":%.1f}\n", c.rows, commits,
           seconds, (double)c.rows / seconds);
    return 0; /* the copies of the values go with the process */
}
