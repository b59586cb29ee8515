/* What grouping reads back: placements, corrections, decisions. */
#include <stdlib.h>

#include "stores/redis/decision_row.h"
#include "stores/redis/feedback_row.h"
#include "stores/redis/steps.h"

/* ---- Placements ---------------------------------------------------------------------------------- */

enum {
    PAGE = 500,
    FEW = 20000 /* changes that are fetched by their numbers; more are found by walking */
};

typedef struct walk_step {
    sc_rd *s;
    const sc_id *project;
    const char *model;
    int64_t above,
        seen; /* versions: changed after the one, not after the other (-1: not known yet) */
    sc_item_fn fn;
    void *self;
    bool stop;
} walk_step;

/* {number, facts, representation} each. What changed while this goes on is left out: it is newer than the
 * version that the caller is told, and comes with the next question. */
static sc_rc hand_out(walk_step *w, sc_unpack *u, sc_err *err) {
    size_t n = sc_unpack_array(u);
    for (size_t i = 0; i < n && !w->stop; i++) {
        sc_rd_facts x;
        sc_unpack_array(u);
        sc_stored_item it = {.seq = sc_unpack_no(u)};
        u->bad |= !sc_rd_facts_of(sc_unpack_str(u), &x);
        it.repr = sc_unpack_str(u);
        it.created_ms = x.created_ms;
        it.id = x.id;
        it.cluster_id = x.cluster_id;
        it.version = x.version;
        sc_rc rc = sc_rd_read_check(u, false, err);
        if (rc) return rc;
        if (x.version > w->above && !w->fn(w->self, &it)) w->stop = true;
    }
    return SC_OK;
}

/* All placements, in the order of their numbers. */
static sc_rc walk_all(walk_step *w, sc_err *err) {
    char above[SC_RD_NO];
    size_t n = 0;
    sc_rc rc = SC_OK;
    for (bool more = true; !rc && more && !w->stop;) {
        SC_RD_RUN(r);
        sc_rd_run_init(&r, 4);
        sc_pack_str(&r.args, (sc_str){above, n});
        sc_pack_int(&r.args, PAGE);
        sc_pack_int(&r.args, w->seen);
        sc_pack_str(&r.args, sc_str_of(w->model));
        rc = sc_rd_ask(w->s, SC_RD_items_page, w->project, &r, err);
        if (rc) break;
        int64_t version = sc_unpack_int(&r.body);
        if (w->seen < 0) w->seen = version;
        sc_str last = sc_unpack_str(&r.body);
        more = last.n == SC_RD_NO;
        if (more) memcpy(above, last.p, n = last.n);
        rc = hand_out(w, &r.body, err);
    }
    return rc;
}

static int by_bytes(const void *a, const void *b) { return memcmp(a, b, SC_RD_NO); }

static sc_rc walk_some(walk_step *w, const char *nos, size_t n, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t at = 0; !rc && at < n && !w->stop; at += PAGE) {
        SC_RD_RUN(r);
        size_t some = SC_MIN(n - at, (size_t)PAGE);
        sc_rd_run_init(&r, 4);
        sc_pack_array(&r.args, some);
        for (size_t i = 0; i < some; i++)
            sc_pack_str(&r.args, (sc_str){nos + (at + i) * SC_RD_NO, SC_RD_NO});
        sc_pack_int(&r.args, w->seen);
        sc_pack_str(&r.args, sc_str_of(w->model));
        sc_pack_int(&r.args, w->above);
        rc = sc_rd_ask(w->s, SC_RD_items_some, w->project, &r, err);
        if (!rc) rc = hand_out(w, &r.body, err);
    }
    return rc;
}

/* Later than a version, few rows are wanted: by the index of versions, then sorted. */
static sc_rc walk_later(walk_step *w, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 2);
    sc_pack_int(&r.args, w->above);
    sc_pack_int(&r.args, FEW);
    sc_rc rc = sc_rd_ask(w->s, SC_RD_items_changed, w->project, &r, err);
    if (rc) return rc;
    w->seen = sc_unpack_int(&r.body);
    int64_t changed = sc_unpack_int(&r.body);
    if (changed > FEW) return walk_all(w, err);
    size_t n = sc_unpack_array(&r.body);
    SC_AUTO(sc_auto_free) char *nos = sc_alloc_array(SC_MAX(n, 1u), SC_RD_NO);
    if (!nos) return sc_fail(err, SC_NOMEM, "no memory for the changes");
    for (size_t i = 0; i < n; i++) {
        sc_str no = sc_unpack_str(&r.body);
        if (no.n == SC_RD_NO)
            memcpy(nos + i * SC_RD_NO, no.p, SC_RD_NO);
        else
            r.body.bad = true;
    }
    rc = sc_rd_read_check(&r.body, false, err);
    qsort(nos, n, SC_RD_NO, by_bytes);
    return rc ? rc : walk_some(w, nos, n, err);
}

sc_rc sc_rd_items_since(void *self, const sc_id *project, int64_t version, const char *model,
                        sc_item_fn fn, void *fn_self, int64_t *ret_version, sc_err *err) {
    walk_step w = {self, project, model, version, -1, fn, fn_self, false};
    sc_rc rc = sc_rd_known(self, project, err);
    if (!rc) rc = version > 0 ? walk_later(&w, err) : walk_all(&w, err);
    if (!rc) *ret_version = w.seen;
    return rc;
}

/* ---- Corrections --------------------------------------------------------------------------------- */

static void read_correction(sc_str stored, sc_arena *arena, sc_correction *ret, bool *bad,
                            bool *nomem) {
    sc_unpack u = sc_unpack_of(stored);
    sc_unpack_array(&u);
    sc_correction c = {.id = sc_unpack_id(&u)};
    c.action_id = sc_unpack_id(&u);
    c.kind = (sc_correction_kind)sc_unpack_enum(&u, SC_CORRECTION_KIND_COUNT);
    sc_str no = sc_unpack_str(&u);
    if (no.n == SC_RD_NO) c.feedback_seq = sc_rd_get_no((const unsigned char *)no.p);
    c.cluster_id = sc_unpack_id(&u);
    c.other_id = sc_unpack_id(&u);
    c.actor = sc_unpack_text(&u, arena, nomem);
    c.at_ms = sc_unpack_int(&u);
    *bad |= u.bad;
    *ret = c;
}

sc_rc sc_rd_corrections(void *self, const sc_id *project, sc_arena *arena, sc_correction **ret,
                        size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 0);
    rc = sc_rd_ask(self, SC_RD_corrections, project, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    sc_correction *list = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *list);
    if (!list) return sc_rd_no_memory(err);
    for (size_t i = 0; i < n; i++)
        read_correction(sc_unpack_str(&r.body), arena, &list[i], &r.body.bad, &nomem);
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}

/* ---- Decisions ----------------------------------------------------------------------------------- */

static sc_rc read_decisions(sc_str all, int64_t seq, sc_arena *arena, sc_decision **ret,
                            size_t *ret_n, sc_err *err) {
    sc_unpack u = sc_unpack_of(all);
    sc_decision *list = NULL;
    size_t n = 0, cap = 0;
    bool nomem = false;
    while (u.p < u.end && !u.bad) {
        size_t left = (size_t)(u.end - u.p), size = 0;
        for (size_t i = 0; i < 4 && i < left; i++) size = size << 8 | u.p[i];
        if (left < 4 || size > left - 4) {
            u.bad = true;
            break;
        }
        list = sc_rd_grow(arena, list, n, &cap, sizeof *list);
        if (!list) return sc_rd_no_memory(err);
        sc_rd_decision_of((sc_str){(const char *)u.p + 4, size}, seq, arena, &list[n++], &u.bad,
                          &nomem);
        u.p += 4 + size;
    }
    *ret = list;
    *ret_n = n;
    return sc_rd_read_check(&u, nomem, err);
}

sc_rc sc_rd_decisions(void *self, const sc_id *project, int64_t seq, sc_arena *arena,
                      sc_decision **ret, size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    sc_decision *list = NULL;
    size_t n = 0;
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 1);
    sc_pack_no(&r.args, seq);
    rc = sc_rd_ask(self, SC_RD_decisions, project, &r, err);
    if (!rc) rc = read_decisions(sc_unpack_str(&r.body), seq, arena, &list, &n, err);
    if (rc) return rc;
    *ret = list;
    *ret_n = n;
    return SC_OK;
}
