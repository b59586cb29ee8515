/* The check in depth: counters against lists, then each placement against what it names. */
#include "stores/redis/steps.h"

enum { PAGE = 500 };

typedef struct verify_step {
    sc_rd *s;
    sc_progress_fn progress;
    void *self;
    int64_t done, total;
} verify_step;

static sc_rc told(verify_step *v, sc_err *err) {
    if (v->progress && !v->progress(v->self, v->done, v->total))
        return sc_fail(err, SC_CANCELLED, "the check was stopped");
    return SC_OK;
}

static sc_rc check_project(verify_step *v, const sc_id *project, sc_err *err) {
    char above[SC_RD_NO];
    size_t n = 0;
    sc_rc rc = SC_OK;
    for (bool more = true; !rc && more;) {
        SC_RD_RUN(r);
        sc_rd_run_init(&r, 2);
        sc_pack_str(&r.args, (sc_str){above, n});
        sc_pack_int(&r.args, PAGE);
        rc = sc_rd_ask(v->s, SC_RD_verify, project, &r, err);
        if (rc) return rc;
        sc_str at = sc_unpack_str(&r.body), wrong = sc_unpack_str(&r.body);
        rc = sc_rd_read_check(&r.body, false, err);
        if (!rc && wrong.n)
            rc = sc_fail(err, SC_STORE, "the data in Redis are damaged: %.*s; restore a backup",
                         SC_FMT(sc_str_clip(wrong, 120)));
        more = at.n == sizeof above;
        if (more) memcpy(above, at.p, n = at.n);
        if (!rc) rc = told(v, err);
    }
    return rc;
}

sc_rc sc_rd_verify(void *self, sc_progress_fn progress, void *progress_self, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    verify_step v = {.s = self, .progress = progress, .self = progress_self};
    sc_id *ids;
    size_t n;
    sc_arena_init(&arena, 64 << 20);
    sc_rc rc = sc_rd_projects(self, &arena, &ids, &n, err);
    v.total = (int64_t)n;
    if (!rc) rc = told(&v, err);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = check_project(&v, &ids[i], err);
        v.done++;
    }
    return rc ? rc : told(&v, err);
}
