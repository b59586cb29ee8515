/* What a language model said: answers to be had again, and verdicts on pairs of issues. */
#include "stores/sqlite/steps.h"

enum { MAX_OPEN = 10000 /* suggestions of a project that wait; more are left out */ };

/* ---- Answers ----------------------------------------------------------------------------------- */

static sc_rc answer_get(sc_sq_conn *c, const unsigned char key[32], sc_arena *arena, sc_str *ret,
                        sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "SELECT text FROM answer WHERE key = ?");
    bool row;
    sc_query_blob(&q, key, 32);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    sc_str text = row ? sc_query_get_text(&q, arena) : (sc_str){"", 0};
    rc = sc_query_row_check(&q, err);
    if (!rc) *ret = text;
    return rc;
}

sc_rc sc_sq_answer_get(void *self, const unsigned char key[32], sc_arena *arena, sc_str *ret,
                       sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, answer_get(c, key, arena, ret, err));
}

static sc_rc forget_oldest(sc_sq_conn *c, int64_t keep, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "DELETE FROM answer WHERE key IN (SELECT key FROM answer ORDER BY at LIMIT"
                       " max(0, (SELECT count(*) FROM answer) - ?))");
    sc_query_int(&q, keep);
    return sc_query_run(&q, err);
}

static sc_rc answer_put(sc_sq_conn *c, const unsigned char key[32], sc_str text, int64_t now_ms,
                        int64_t keep, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "INSERT INTO answer (key, at, text) VALUES (?, ?, ?)"
                       " ON CONFLICT DO UPDATE SET at = excluded.at, text = excluded.text");
    sc_query_blob(&q, key, 32);
    sc_query_int(&q, now_ms);
    sc_query_text(&q, text);
    sc_rc rc = sc_query_run(&q, err);
    return rc ? rc : forget_oldest(c, keep, err);
}

sc_rc sc_sq_answer_put(void *self, const unsigned char key[32], sc_str text, int64_t now_ms,
                       int64_t keep, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, answer_put(c, key, text, now_ms, keep, err), err);
}

/* ---- Pairs ------------------------------------------------------------------------------------- */

#define PAIR_COLUMNS                                                                              \
    "SELECT a.id, b.id, p.state, p.probability, p.a_count, p.b_count, p.model, p.why, p.at FROM " \
    "pair p JOIN cluster a ON a.cluster_no = p.a_no JOIN cluster b ON b.cluster_no = p.b_no"

static sc_rc read_pair(sc_query *q, sc_arena *arena, sc_pair *ret, sc_err *err) {
    sc_pair p = {.a = sc_query_get_id(q)};
    p.b = sc_query_get_id(q);
    p.state = (sc_pair_state)sc_query_get_enum(q, SC_PAIR_STATE_COUNT);
    p.probability = sc_query_get_real(q);
    p.a_count = sc_query_get_int(q);
    p.b_count = sc_query_get_int(q);
    p.model = sc_query_get_text(q, arena);
    p.why = sc_query_get_text(q, arena);
    p.at_ms = sc_query_get_int(q);
    sc_rc rc = sc_query_row_check(q, err);
    if (!rc) *ret = p;
    return rc;
}

/* The numbers of both, the smaller one first; *ret_turned: b came first. */
static sc_rc numbers(sc_sq_conn *c, int64_t no, const sc_id *a, const sc_id *b, int64_t ret[2],
                     bool *ret_turned, sc_err *err) {
    int64_t x, y;
    if (!sc_id_is_set(a) || !sc_id_is_set(b) || sc_id_eq(a, b))
        return sc_fail_field(err, SC_INVALID, "pair", "a pair is of two issues");
    sc_rc rc = sc_sq_cluster_no(c, no, a, &x, err);
    if (!rc) rc = sc_sq_cluster_no(c, no, b, &y, err);
    if (rc) return rc;
    *ret_turned = y < x;
    ret[0] = SC_MIN(x, y);
    ret[1] = SC_MAX(x, y);
    return SC_OK;
}

static sc_rc pair_get(sc_sq_conn *c, const sc_id *project, const sc_id *a, const sc_id *b,
                      sc_arena *arena, sc_pair *ret, sc_err *err) {
    int64_t no, two[2];
    bool turned, row;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (!rc) rc = numbers(c, no, a, b, two, &turned, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, PAIR_COLUMNS " WHERE p.a_no = ? AND p.b_no = ?");
    sc_query_int(&q, two[0]);
    sc_query_int(&q, two[1]);
    rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    return row ? read_pair(&q, arena, ret, err)
               : sc_fail(err, SC_NOT_FOUND, "these two issues were not judged");
}

sc_rc sc_sq_pair_get(void *self, const sc_id *project, const sc_id *a, const sc_id *b,
                     sc_arena *arena, sc_pair *ret, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, pair_get(c, project, a, b, arena, ret, err));
}

static sc_rc pairs_open(sc_sq_conn *c, const sc_id *project, size_t limit, sc_arena *arena,
                        sc_pair *ret, size_t *ret_n, sc_err *err) {
    int64_t no;
    size_t n = 0;
    bool row;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, PAIR_COLUMNS " WHERE p.project_no = ? AND p.state = 0"
                                             " ORDER BY p.probability DESC, p.pair_no LIMIT ?");
    sc_query_int(&q, no);
    sc_query_int(&q, (int64_t)limit);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        rc = read_pair(&q, arena, &ret[n++], err);
        if (rc) return rc;
    }
    if (!rc) *ret_n = n;
    return rc;
}

sc_rc sc_sq_pairs_open(void *self, const sc_id *project, size_t limit, sc_arena *arena,
                       sc_pair *ret, size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, pairs_open(c, project, limit, arena, ret, ret_n, err));
}

static sc_rc pair_list(sc_sq_conn *c, const sc_id *project, sc_arena *arena, sc_pair **ret,
                       size_t *ret_n, sc_err *err) {
    int64_t no;
    sc_pair *list = NULL;
    size_t n = 0, cap = 0;
    bool row;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, PAIR_COLUMNS " WHERE p.project_no = ? ORDER BY p.pair_no");
    sc_query_int(&q, no);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        list = sc_sq_grow(arena, list, n, &cap, sizeof *list);
        if (!list) return sc_sq_no_memory(err);
        rc = read_pair(&q, arena, &list[n++], err);
        if (rc) return rc;
    }
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_pair_list(void *self, const sc_id *project, sc_arena *arena, sc_pair **ret,
                      size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, pair_list(c, project, arena, ret, ret_n, err));
}

static sc_rc pair_put(sc_sq_conn *c, const sc_pair_write *w, sc_err *err) {
    const sc_pair *p = &w->pair;
    int64_t no, two[2];
    bool turned;
    sc_rc rc = sc_sq_project_no(c, &w->project_id, &no, err);
    if (!rc && sc_id_is_set(&w->job_id))
        rc = sc_sq_job_check_fence(c, no, &w->job_id, w->job_fence, err);
    if (!rc) rc = numbers(c, no, &p->a, &p->b, two, &turned, err);
    if (rc) return rc;
    if (w->drop) {
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(c, "DELETE FROM pair WHERE a_no = ? AND b_no = ?");
        sc_query_int(&q, two[0]);
        sc_query_int(&q, two[1]);
        return sc_query_run(&q, err);
    }
    if ((unsigned)p->state >= SC_PAIR_STATE_COUNT)
        return sc_fail_field(err, SC_INVALID, "pair.state", "not one of ours");
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "INSERT INTO pair (project_no, a_no, b_no, state, a_count, b_count, at, probability,"
           " model, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
           " state = excluded.state, a_count = excluded.a_count, b_count = excluded.b_count,"
           " at = excluded.at, probability = excluded.probability, model = excluded.model,"
           " why = excluded.why");
    sc_query_int(&q, no);
    sc_query_int(&q, two[0]);
    sc_query_int(&q, two[1]);
    sc_query_int(&q, p->state);
    sc_query_int(&q, turned ? p->b_count : p->a_count);
    sc_query_int(&q, turned ? p->a_count : p->b_count);
    sc_query_int(&q, p->at_ms);
    sc_query_real(&q, p->probability);
    sc_query_text(&q, p->model);
    sc_query_text(&q, p->why);
    return sc_query_run(&q, err);
}

sc_rc sc_sq_pair_put(void *self, const sc_pair_write *w, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, pair_put(c, w, err), err);
}

/* A verdict of "two" is opened again when either issue has grown by half since (core/pair.h); one of "one" never
 * is: whoever took it back meant it. */
sc_rc sc_sq_pair_suggest(sc_sq_conn *c, int64_t project_no, const sc_pair *p, sc_err *err) {
    int64_t two[2];
    bool turned;
    sc_rc rc = numbers(c, project_no, &p->a, &p->b, two, &turned, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "INSERT INTO pair (project_no, a_no, b_no, state, a_count, b_count, at, probability,"
           " model, why) SELECT ?1, ?2, ?3, 0, 0, 0, ?4, ?5, '', '' WHERE (SELECT count(*) FROM"
           " pair WHERE project_no = ?1 AND state = 0) < ?6 ON CONFLICT DO UPDATE SET state = 0,"
           " at = excluded.at, probability = excluded.probability WHERE state = 0 OR (state = 2 AND"
           " ((SELECT 2 * count FROM cluster WHERE cluster_no = a_no) >= 3 * a_count OR"
           "  (SELECT 2 * count FROM cluster WHERE cluster_no = b_no) >= 3 * b_count))");
    sc_query_int(&q, project_no);
    sc_query_int(&q, two[0]);
    sc_query_int(&q, two[1]);
    sc_query_int(&q, p->at_ms);
    sc_query_real(&q, p->probability);
    sc_query_int(&q, MAX_OPEN);
    return sc_query_run(&q, err);
}
