#include "stores/sqlite/query.h"

#include <math.h>

/* The cached statement for this literal, prepared on first use. */
static int find(sc_sq_conn *c, const char *sql, sqlite3_stmt **ret) {
    size_t at = (size_t)(((uintptr_t)sql >> 3) * 0x9E3779B97F4A7C15u >> 32) % SC_SQ_STATEMENTS;
    for (size_t i = 0; i < SC_SQ_STATEMENTS; i++, at = (at + 1) % SC_SQ_STATEMENTS) {
        if (c->cache[at].sql == sql) {
            *ret = c->cache[at].st;
            return SQLITE_OK;
        }
        if (c->cache[at].sql) continue;
        int code = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
        if (code) return code;
        c->cache[at].sql = sql;
        c->cache[at].st = *ret;
        return SQLITE_OK;
    }
    return SQLITE_INTERNAL; /* raise SC_SQ_STATEMENTS */
}

sc_query sc_query_of(sc_sq_conn *c, const char *sql) {
    sc_query q = {.c = c};
    q.code = find(c, sql, &q.st);
    return q;
}

void sc_query_done(sc_query *q) {
    if (q->st) sqlite3_reset(q->st);
    q->st = NULL;
}

static void note(sc_query *q, int code) {
    if (code && !q->code) q->code = code;
}

void sc_query_int(sc_query *q, int64_t v) {
    if (!q->code) note(q, sqlite3_bind_int64(q->st, ++q->param, v));
}

void sc_query_real(sc_query *q, double v) {
    if (q->code) return;
    ++q->param;
    note(q,
         isnan(v) ? sqlite3_bind_null(q->st, q->param) : sqlite3_bind_double(q->st, q->param, v));
}

void sc_query_text(sc_query *q, sc_str s) {
    if (!q->code)
        note(q, sqlite3_bind_text64(q->st, ++q->param, s.p ? s.p : "", s.p ? s.n : 0, SQLITE_STATIC,
                                    SQLITE_UTF8));
}

void sc_query_blob(sc_query *q, const void *p, size_t n) {
    if (!q->code)
        note(q, sqlite3_bind_blob64(q->st, ++q->param, p ? p : "", p ? n : 0, SQLITE_STATIC));
}

void sc_query_id(sc_query *q, const sc_id *id) {
    unsigned char b[16];
    if (q->code) return;
    ++q->param;
    if (id && sc_id_to_bytes(id, b))
        note(q, sqlite3_bind_blob(q->st, q->param, b, sizeof b, SQLITE_TRANSIENT));
    else
        note(q, sqlite3_bind_null(q->st, q->param));
}

sc_rc sc_query_next(sc_query *q, bool *ret_row, sc_err *err) {
    q->column = 0;
    if (!q->code) {
        int code = sqlite3_step(q->st);
        if (code == SQLITE_ROW || code == SQLITE_DONE) {
            *ret_row = code == SQLITE_ROW;
            return SC_OK;
        }
        q->code = code;
    }
    *ret_row = false;
    return sc_sq_fail(q->c, q->code, err);
}

sc_rc sc_query_run(sc_query *q, sc_err *err) {
    bool row = true;
    sc_rc rc = SC_OK;
    while (!rc && row) rc = sc_query_next(q, &row, err);
    return rc;
}

int64_t sc_query_changes(const sc_query *q) { return sqlite3_changes64(q->c->db); }

void sc_query_again(sc_query *q) {
    if (q->st) sqlite3_reset(q->st);
    q->param = 0;
}

int64_t sc_query_get_int(sc_query *q) { return sqlite3_column_int64(q->st, q->column++); }

int64_t sc_query_get_enum(sc_query *q, int64_t count) {
    int64_t v = sqlite3_column_int64(q->st, q->column++);
    if (v >= 0 && v < count) return v;
    q->damaged = "an unknown value";
    return 0;
}

double sc_query_get_real(sc_query *q) {
    int at = q->column++;
    return sqlite3_column_type(q->st, at) == SQLITE_NULL ? NAN : sqlite3_column_double(q->st, at);
}

sc_id sc_query_get_id(sc_query *q) {
    int at = q->column++;
    if (sqlite3_column_type(q->st, at) == SQLITE_NULL) return (sc_id){{0}};
    const void *p = sqlite3_column_blob(q->st, at);
    if (p && sqlite3_column_bytes(q->st, at) == 16) return sc_id_from_bytes(p);
    q->damaged = "an id";
    return (sc_id){{0}};
}

sc_str sc_query_get_view(sc_query *q) {
    int at = q->column++;
    if (sqlite3_column_type(q->st, at) == SQLITE_NULL) return SC_STR_NONE;
    const char *p = sqlite3_column_blob(q->st, at); /* before _bytes, as SQLite asks */
    int n = sqlite3_column_bytes(q->st, at);
    if (!p && n) q->nomem = true;
    return p ? (sc_str){p, (size_t)n} : (sc_str){"", 0};
}

sc_str sc_query_get_text(sc_query *q, sc_arena *a) {
    sc_str v = sc_query_get_view(q);
    if (v.n == 0) return (sc_str){"", 0};
    char *p = sc_arena_copy(a, v.p, v.n);
    if (p) return (sc_str){p, v.n};
    q->nomem = true;
    return (sc_str){"", 0};
}

void sc_query_get_hash(sc_query *q, unsigned char ret[32]) {
    sc_str v = sc_query_get_view(q);
    if (v.n == 32)
        memcpy(ret, v.p, 32);
    else
        q->damaged = "a hash";
}

sc_rc sc_query_row_check(sc_query *q, sc_err *err) {
    if (q->nomem) return sc_fail(err, SC_NOMEM, "the answer is over its memory budget");
    if (q->damaged) return sc_sq_damaged(q->c, q->damaged, err);
    return SC_OK;
}

sc_rc sc_query_scalar(sc_sq_conn *c, const char *sql, int64_t fallback, int64_t *ret, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, sql);
    bool row;
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) *ret = row ? sc_query_get_int(&q) : fallback;
    return rc;
}
