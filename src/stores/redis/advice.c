/* What a language model said: answers to be had again, and verdicts on pairs of issues. */
#include "stores/redis/steps.h"

sc_rc sc_rd_answer_get(void *self, const unsigned char key[32], sc_arena *arena, sc_str *ret,
                       sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rd_run_init(&r, 1);
    sc_pack_str(&r.args, (sc_str){(const char *)key, 32});
    sc_rc rc = sc_rd_ask(self, SC_RD_answer_get, NULL, &r, err);
    if (rc) return rc;
    sc_str text = sc_unpack_text(&r.body, arena, &nomem);
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (!rc) *ret = text;
    return rc;
}

sc_rc sc_rd_answer_put(void *self, const unsigned char key[32], sc_str text, int64_t now_ms,
                       int64_t keep, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 4);
    sc_pack_str(&r.args, (sc_str){(const char *)key, 32});
    sc_pack_str(&r.args, text);
    sc_pack_int(&r.args, now_ms);
    sc_pack_int(&r.args, keep);
    return sc_rd_put(self, SC_RD_answer_put, &r, err);
}

/* ---- Pairs --------------------------------------------------------------------------------------- */

static sc_pair read_pair(sc_str stored, sc_arena *arena, bool *bad, bool *nomem) {
    sc_unpack u = sc_unpack_of(stored);
    sc_unpack_array(&u);
    sc_pair p = {.state = (sc_pair_state)sc_unpack_enum(&u, SC_PAIR_STATE_COUNT)};
    p.probability = sc_unpack_real(&u);
    p.a_count = sc_unpack_int(&u);
    p.b_count = sc_unpack_int(&u);
    p.model = sc_unpack_text(&u, arena, nomem);
    p.why = sc_unpack_text(&u, arena, nomem);
    p.at_ms = sc_unpack_int(&u);
    sc_unpack_int(&u);
    p.a = sc_unpack_id(&u);
    p.b = sc_unpack_id(&u);
    *bad |= u.bad;
    return p;
}

/* Rows of pairs; ret has room for limit. */
static sc_rc read_pairs(sc_unpack *u, size_t limit, sc_arena *arena, sc_pair *ret, size_t *ret_n,
                        sc_err *err) {
    bool nomem = false;
    size_t n = sc_unpack_array(u);
    if (n > limit) u->bad = true;
    for (size_t i = 0; i < n && !u->bad; i++)
        ret[i] = read_pair(sc_unpack_str(u), arena, &u->bad, &nomem);
    sc_rc rc = sc_rd_read_check(u, nomem, err);
    if (!rc) *ret_n = n;
    return rc;
}

static sc_rc check_two(const sc_id *a, const sc_id *b, sc_err *err) {
    if (sc_id_is_set(a) && sc_id_is_set(b) && !sc_id_eq(a, b)) return SC_OK;
    return sc_fail_field(err, SC_INVALID, "pair", "a pair is of two issues");
}

sc_rc sc_rd_pair_get(void *self, const sc_id *project, const sc_id *a, const sc_id *b,
                     sc_arena *arena, sc_pair *ret, sc_err *err) {
    SC_RD_RUN(r);
    size_t n;
    sc_rc rc = sc_rd_known(self, project, err);
    if (!rc) rc = check_two(a, b, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 2);
    sc_pack_id(&r.args, a);
    sc_pack_id(&r.args, b);
    rc = sc_rd_ask(self, SC_RD_pair_get, project, &r, err);
    return rc ? rc : read_pairs(&r.body, 1, arena, ret, &n, err);
}

sc_rc sc_rd_pairs_open(void *self, const sc_id *project, size_t limit, sc_arena *arena,
                       sc_pair *ret, size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    if (!limit) {
        *ret_n = 0;
        return SC_OK;
    }
    sc_rd_run_init(&r, 1);
    sc_pack_int(&r.args, (int64_t)limit);
    rc = sc_rd_ask(self, SC_RD_pairs_open, project, &r, err);
    return rc ? rc : read_pairs(&r.body, limit, arena, ret, ret_n, err);
}

sc_rc sc_rd_pair_list(void *self, const sc_id *project, sc_arena *arena, sc_pair **ret,
                      size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 0);
    rc = sc_rd_ask(self, SC_RD_pair_list, project, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    sc_pair *list = sc_arena_take_array(arena, n + 1, sizeof *list);
    if (!list) return sc_rd_no_memory(err);
    for (size_t i = 0; i < n && !r.body.bad; i++)
        list[i] = read_pair(sc_unpack_str(&r.body), arena, &r.body.bad, &nomem);
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_rd_pair_put(void *self, const sc_pair_write *w, sc_err *err) {
    SC_RD_RUN(r);
    const sc_pair *p = &w->pair;
    sc_rc rc = sc_rd_known(self, &w->project_id, err);
    if (!rc) rc = check_two(&p->a, &p->b, err);
    if (!rc && !w->drop && (unsigned)p->state >= SC_PAIR_STATE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "pair.state", "not one of ours");
    if (rc) return rc;
    sc_rd_run_init(&r, 6);
    sc_pack_id(&r.args, &w->job_id);
    sc_pack_int(&r.args, w->job_fence);
    sc_pack_int(&r.args, w->drop);
    sc_pack_id(&r.args, &p->a);
    sc_pack_id(&r.args, &p->b);
    sc_pack_array(&r.args, 7);
    sc_pack_int(&r.args, p->state);
    sc_pack_real(&r.args, p->probability);
    sc_pack_int(&r.args, p->a_count);
    sc_pack_int(&r.args, p->b_count);
    sc_pack_str(&r.args, p->model);
    sc_pack_str(&r.args, p->why);
    sc_pack_int(&r.args, p->at_ms);
    return sc_rd_write(self, SC_RD_pair_put, &w->project_id, NULL, 0, &r, err);
}
