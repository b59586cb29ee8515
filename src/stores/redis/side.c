/* Representations by further models: what a change of a project's model makes, and keeps. */
#include "stores/redis/steps.h"

enum { MOST_LOOKED = 5000 };

sc_rc sc_rd_model_state(void *self, const sc_id *project, sc_arena *arena, sc_model_state *ret,
                        sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_model_state s = {.done = 0};
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 0);
    rc = sc_rd_ask(self, SC_RD_model_state, project, &r, err);
    if (rc) return rc;
    s.active = sc_unpack_text(&r.body, arena, &nomem);
    s.target = sc_unpack_text(&r.body, arena, &nomem);
    s.done = sc_unpack_int(&r.body);
    s.total = sc_unpack_int(&r.body);
    s.previous = sc_unpack_text(&r.body, arena, &nomem);
    s.switched_at_ms = sc_unpack_int(&r.body);
    s.switched_version = sc_unpack_int(&r.body);
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (!rc) *ret = s;
    return rc;
}

/* ---- What is missing ----------------------------------------------------------------------------- */

/* Above a number: at most `limit` of them into ret (NULL: only counted). */
static sc_rc missing(sc_rd *s, const sc_id *project, const char *model, int64_t after_seq,
                     size_t limit, sc_side_item *ret, size_t *ret_n, sc_err *err) {
    unsigned char above[SC_RD_NO];
    size_t n = 0, at_n = SC_RD_NO;
    sc_rc rc = sc_rd_known(s, project, err);
    sc_rd_put_no(above, after_seq);
    while (!rc && at_n && n < limit) {
        SC_RD_RUN(r);
        sc_rd_run_init(&r, 4);
        sc_pack_str(&r.args, sc_str_of(model));
        sc_pack_str(&r.args, (sc_str){(const char *)above, sizeof above});
        sc_pack_int(&r.args, (int64_t)SC_MIN(limit - n, (size_t)MOST_LOOKED));
        sc_pack_int(&r.args, MOST_LOOKED);
        rc = sc_rd_ask(s, SC_RD_items_without, project, &r, err);
        if (rc) return rc;
        sc_str at = sc_unpack_str(&r.body);
        at_n = at.n == sizeof above ? at.n : 0;
        if (at_n) memcpy(above, at.p, at_n);
        size_t some = sc_unpack_array(&r.body);
        if (some > limit - n) r.body.bad = true;
        for (size_t i = 0; i < some && !r.body.bad; i++) {
            sc_unpack_array(&r.body);
            sc_side_item it = {.seq = sc_unpack_no(&r.body)};
            it.version = sc_unpack_int(&r.body);
            if (ret) ret[n] = it;
            n++;
        }
        rc = sc_rd_read_check(&r.body, false, err);
    }
    if (!rc) *ret_n = n;
    return rc;
}

sc_rc sc_rd_items_without(void *self, const sc_id *project, const char *model, int64_t after_seq,
                          size_t limit, sc_side_item *ret, size_t *ret_n, sc_err *err) {
    return missing(self, project, model, after_seq, limit, ret, ret_n, err);
}

sc_rc sc_rd_count_without(void *self, const sc_id *project, const char *model, int64_t *ret,
                          sc_err *err) {
    size_t n;
    sc_rc rc = missing(self, project, model, 0, SIZE_MAX, NULL, &n, err);
    if (!rc) *ret = (int64_t)n;
    return rc;
}

/* ---- Writing ------------------------------------------------------------------------------------- */

sc_rc sc_rd_side_put(void *self, const sc_side_write *w, size_t *ret_stored, sc_err *err) {
    SC_RD_RUN(r);
    if (!w->model || !*w->model)
        return sc_fail_field(err, SC_INVALID, "model", "a representation needs its model's name");
    sc_rc rc = sc_rd_known(self, &w->project_id, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 7);
    sc_pack_id(&r.args, &w->job_id);
    sc_pack_int(&r.args, w->job_fence);
    sc_pack_str(&r.args, sc_str_of(w->model));
    sc_pack_array(&r.args, w->n);
    for (size_t i = 0; i < w->n; i++) {
        sc_pack_array(&r.args, 3);
        sc_pack_no(&r.args, w->items[i].seq);
        sc_pack_int(&r.args, w->items[i].version);
        sc_pack_str(&r.args, w->items[i].repr);
    }
    sc_pack_int(&r.args, w->done);
    sc_pack_int(&r.args, w->total);
    sc_rd_pack_events(&r.args, w->events, w->n_events);
    rc = sc_rd_write(self, SC_RD_side_put, &w->project_id, w->events, w->n_events, &r, err);
    if (rc) return rc;
    int64_t stored = sc_unpack_int(&r.body);
    rc = sc_rd_read_check(&r.body, false, err);
    if (!rc) *ret_stored = (size_t)stored;
    return rc;
}

sc_rc sc_rd_side_prune(void *self, const sc_id *project, const char *keep, size_t limit,
                       size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 2);
    sc_pack_str(&r.args, sc_str_of(keep));
    sc_pack_int(&r.args, (int64_t)SC_MIN(limit, (size_t)MOST_LOOKED));
    rc = sc_rd_write(self, SC_RD_side_prune, project, NULL, 0, &r, err);
    if (rc) return rc;
    int64_t n = sc_unpack_int(&r.body);
    rc = sc_rd_read_check(&r.body, false, err);
    if (!rc) *ret_n = (size_t)n;
    return rc;
}

/* ---- Going back ---------------------------------------------------------------------------------- */

sc_rc sc_rd_moved_by_switch(void *self, const sc_id *project, int64_t version, sc_arena *arena,
                            sc_moved_item **ret, size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 1);
    sc_pack_int(&r.args, version);
    rc = sc_rd_ask(self, SC_RD_moved, project, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    sc_moved_item *list = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *list);
    if (!list) return sc_rd_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        sc_unpack_array(&r.body);
        list[i].seq = sc_unpack_no(&r.body);
        list[i].was_in = sc_unpack_id(&r.body);
        list[i].is_in = sc_unpack_id(&r.body);
    }
    rc = sc_rd_read_check(&r.body, false, err);
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}
