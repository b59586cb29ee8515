/* The nth call of the store fails, the nth allocation of the worker fails: nothing acknowledged is lost, every report is
 * grouped in the end, and what the store holds is sound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app_fixture.h"
#include "base/log.h"

/* ---- A store whose nth call fails ----------------------------------------------------------------- */

static const sc_store_ops *real;
static _Atomic int64_t calls, fail_at;      /* 0 = never */
static _Atomic uint64_t worker_alloc_fails; /* armed on the worker's thread at its next claim */

static bool must_fail(sc_err *err) {
    if (++calls != fail_at) return false;
    sc_fail(err, SC_STORE, "a fault made by the test");
    return true;
}

/* Each wrapper: fail when it is its turn, else the real call. */
#define WRAP(name, params, args) \
    static sc_rc w_##name params { return must_fail(err) ? SC_STORE : real->name args; }

WRAP(project_get, (void *s, sc_str n, sc_arena *a, sc_project *r, sc_err *err), (s, n, a, r, err))
WRAP(feedback_put,
     (void *s, const sc_feedback *i, const sc_id *j, size_t n, sc_put_result *r, sc_err *err),
     (s, i, j, n, r, err))
WRAP(feedback_list,
     (void *s, const sc_feedback_filter *f, const sc_page *p, sc_arena *a, sc_feedback_list *r,
      sc_err *err),
     (s, f, p, a, r, err))
WRAP(feedback_pending,
     (void *s, const sc_id *p, int64_t x, size_t l, sc_arena *a, sc_feedback **r, size_t *n,
      sc_err *err),
     (s, p, x, l, a, r, n, err))
WRAP(items_since,
     (void *s, const sc_id *p, int64_t v, const char *m, sc_item_fn fn, void *fs, int64_t *rv,
      sc_err *err),
     (s, p, v, m, fn, fs, rv, err))
WRAP(clusters_since,
     (void *s, const sc_id *p, int64_t v, sc_arena *a, sc_cluster **r, size_t *n, sc_err *err),
     (s, p, v, a, r, n, err))
WRAP(group_write, (void *s, const sc_group_write *w, int64_t *rv, sc_err *err), (s, w, rv, err))
WRAP(cluster_list,
     (void *s, const sc_cluster_filter *f, const sc_page *p, int64_t now, sc_arena *a,
      sc_cluster_list *r, sc_err *err),
     (s, f, p, now, a, r, err))
WRAP(corrections, (void *s, const sc_id *p, sc_arena *a, sc_correction **r, size_t *n, sc_err *err),
     (s, p, a, r, n, err))
WRAP(job_enqueue, (void *s, const sc_job *j, sc_id *r, sc_err *err), (s, j, r, err))
WRAP(job_heartbeat, (void *s, const sc_id *i, int64_t f, int64_t l, int64_t now, sc_err *err),
     (s, i, f, l, now, err))
WRAP(job_end, (void *s, const sc_job_end *e, sc_err *err), (s, e, err))

static sc_rc w_job_claim(void *s, const sc_str *k, size_t n, sc_str o, int64_t l, int64_t now,
                         sc_arena *a, sc_job *r, sc_err *err) {
    if (must_fail(err)) return SC_STORE;
    sc_rc rc = real->job_claim(s, k, n, o, l, now, a, r, err);
    uint64_t nth = rc ? 0 : atomic_exchange(&worker_alloc_fails, 0);
    if (nth) sc_mem_fail_after(nth);
    return rc;
}

static sc_store_ops faulty_ops(const sc_store_ops *ops) {
    real = ops;
    sc_store_ops w = *ops;
    w.project_get = w_project_get;
    w.feedback_put = w_feedback_put;
    w.feedback_list = w_feedback_list;
    w.feedback_pending = w_feedback_pending;
    w.items_since = w_items_since;
    w.clusters_since = w_clusters_since;
    w.group_write = w_group_write;
    w.cluster_list = w_cluster_list;
    w.corrections = w_corrections;
    w.job_enqueue = w_job_enqueue;
    w.job_claim = w_job_claim;
    w.job_heartbeat = w_job_heartbeat;
    w.job_end = w_job_end;
    return w;
}

/* ---- One round ------------------------------------------------------------------------------------- */

static const char *const titles[] = {
    "Exporting my pantry to CSV drops the last row",
    "The login code sent by text message never arrives",
    "CSV export of my pantry drops the last row",
    "Dark mode is too dark to read the recipe steps",
    "Text message with the login code never arrives",
    "The CSV export of the pantry drops its last row",
};
enum { REPORTS = SC_LEN(titles) };

typedef struct round {
    app_fixture *f;
    bool acked[REPORTS];
} round_state;

/* Time goes on while we wait, so that back-off and leases run out. */
static bool settled(void *self) {
    app_fixture *f = self;
    f->now_ms += 5000;
    sc_store_stats s;
    return !real->stats(f->store.self, &f->project.id, f->now_ms, &s, NULL) && !s.pending &&
           !s.parked;
}

static void send_all(round_state *r) {
    for (int i = 0; i < REPORTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%d", i);
        sc_feedback item = {.project_id = r->f->project.id,
                            .source = SC_SOURCE_manual,
                            .external_id = sc_str_of(id),
                            .title = sc_str_of(titles[i]),
                            .metadata = SC_STR("{}"),
                            .created_at_ms = 1790000000000 + i};
        sc_put_result put;
        sc_err err = {0};
        sc_rc rc = sc_ingest_now(r->f->app, &item, 1, &put, &r->f->arena, &err);
        r->acked[i] = rc == SC_OK;
        if (rc) { /* a sender tries again, as it is told to */
            assert_true(sc_rc_retryable(rc));
            assert_int_equal(sc_ingest_now(r->f->app, &item, 1, &put, &r->f->arena, &err), SC_OK);
        }
    }
}

static void check(app_fixture *f, const char *what, int64_t n) {
    sc_err err = {0};
    if (real->verify(f->store.self, NULL, NULL, &err))
        fail_msg("%s %lld: %s", what, (long long)n, err.msg);
    sc_store_stats s;
    assert_int_equal(real->stats(f->store.self, &f->project.id, f->now_ms, &s, &err), SC_OK);
    if (s.feedback != REPORTS)
        fail_msg("%s %lld: %lld reports stored", what, (long long)n, (long long)s.feedback);
    /* The engine says the same as the store: a fresh process loads what this one believes. */
    sc_app_stats before, after;
    sc_app_stats_get(f->app, &before);
    app_fixture_restart(f, true);
    app_wait(settled, f, "the restarted app");
    app_loaded(f);
    sc_app_stats_get(f->app, &after);
    assert_int_equal(before.items, REPORTS);
    assert_int_equal(after.items, REPORTS);
    assert_int_equal(before.clusters, after.clusters);
}

/* Returns how many store calls (or claims) the round made. */
static int64_t play(int64_t store_fault, uint64_t alloc_fault) {
    static app_fixture f;
    calls = 0;
    fail_at = 0;
    app_fixture_open_with(&f, NULL, true, faulty_ops);
    round_state r = {.f = &f};
    calls = 0;
    fail_at = store_fault;
    worker_alloc_fails = alloc_fault;
    send_all(&r);
    app_wait(settled, &f, "every report to be grouped in the end");
    int64_t made = calls;
    fail_at = 0;
    check(&f, store_fault ? "store call" : "allocation",
          store_fault ? store_fault : (int64_t)alloc_fault);
    app_fixture_close(&f);
    return made;
}

static void any_failing_store_call_loses_no_report_and_leaves_engine_and_store_alike(void **state) {
    (void)state;
    int64_t n = play(0, 0) + 5;
    for (int64_t i = 1; i <= n; i++) play(i, 0);
}

static void any_failing_allocation_of_the_worker_loses_no_report(void **state) {
    (void)state;
    for (uint64_t i = 1; i <= 400; i = i < 40 ? i + 2 : i + 19) play(0, i);
}

int main(void) {
    sc_log_setup(SC_LOG_OFF, false); /* the faults are meant */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_failing_store_call_loses_no_report_and_leaves_engine_and_store_alike),
        cmocka_unit_test(any_failing_allocation_of_the_worker_loses_no_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
