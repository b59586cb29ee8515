/* One use of a cached statement: parameters in order, rows in order, columns in order.
 *
 *     SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "SELECT a, b FROM t WHERE x = ?");
 *     sc_query_int(&q, 7);
 *     while (!(rc = sc_query_next(&q, &row, err)) && row) { a = sc_query_get_int(&q); ... }
 *
 * Errors stick inside and come out of the next call that returns a code. Text and blob parameters
 * are borrowed until the statement is done. The SQL must be a literal: its address is the cache
 * key, and nothing of a request ever becomes part of it. Threads: a connection's owner only. */
#ifndef SC_STORES_SQLITE_QUERY_H
#define SC_STORES_SQLITE_QUERY_H

#include "stores/sqlite/store.h"

typedef struct sc_query {
    sc_sq_conn *c;
    sqlite3_stmt *st;
    int param, column;   /* used so far                        */
    int code;            /* SQLite's first complaint           */
    bool nomem;          /* the arena could not take the row   */
    const char *damaged; /* a column that no row of ours has   */
} sc_query;

sc_query sc_query_of(sc_sq_conn *c, const char *sql);
void sc_query_done(sc_query *q);

/* Parameters, left to right. */
void sc_query_int(sc_query *q, int64_t v);
void sc_query_real(sc_query *q, double v); /* NAN as NULL                    */
void sc_query_text(sc_query *q, sc_str s); /* none as the empty string       */
void sc_query_blob(sc_query *q, const void *p, size_t n);
void sc_query_id(sc_query *q, const sc_id *id); /* 16 bytes; none or NULL as NULL */

/* The next row, if any. */
sc_rc sc_query_next(sc_query *q, bool *ret_row, sc_err *err);
/* For statements without rows. */
sc_rc sc_query_run(sc_query *q, sc_err *err);
/* Rows that the last INSERT, UPDATE or DELETE touched. */
int64_t sc_query_changes(const sc_query *q);
/* Again with other parameters. */
void sc_query_again(sc_query *q);

/* Columns of the row, left to right. */
int64_t sc_query_get_int(sc_query *q);
int64_t sc_query_get_enum(sc_query *q, int64_t count); /* 0 .. count - 1, else damaged */
double sc_query_get_real(sc_query *q);                 /* NULL as NAN                  */
sc_id sc_query_get_id(sc_query *q);                    /* NULL as none                 */
sc_str sc_query_get_text(sc_query *q, sc_arena *a);    /* copied                       */
sc_str sc_query_get_view(sc_query *q);                 /* borrowed until the next row  */
void sc_query_get_hash(sc_query *q, unsigned char ret[32]);
/* After the columns: SC_NOMEM or SC_STORE when one of them could not be had. */
sc_rc sc_query_row_check(sc_query *q, sc_err *err);

/* One integer from a query without parameters; `fallback` when it has no row. */
sc_rc sc_query_scalar(sc_sq_conn *c, const char *sql, int64_t fallback, int64_t *ret, sc_err *err);

#endif
