/* Fixes in all states, changed at random (from a seed), and every list of them held against the fixes themselves. */
#ifndef SC_TESTS_FIX_LISTS_H
#define SC_TESTS_FIX_LISTS_H

#include "core/fix.h"
#include "store_fixture.h"

enum { FL_MOST = 80, FL_ISSUES = 3 };

typedef struct fix_lists {
    sc_fx *f;
    sc_id issues[FL_ISSUES + 1]; /* the last one never has a fix */
    sc_id ids[FL_MOST];          /* in order of asking */
    size_t n;
    uint64_t seed;
} fix_lists;

static inline unsigned fl_random(fix_lists *l, unsigned below) {
    l->seed = l->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(l->seed >> 33) % below;
}

static inline void fl_make(fix_lists *l, sc_fx *f) {
    int64_t seqs[FL_ISSUES + 1];
    *l = (fix_lists){.f = f, .seed = 7};
    fx_put_n(f, &f->a, FL_ISSUES + 1, seqs);
    for (size_t i = 0; i <= FL_ISSUES; i++) l->issues[i] = fx_group(f, &f->a, &seqs[i], 1);
}

/* ---- Changes ------------------------------------------------------------------------------------- */

static inline sc_job fl_new_job(fix_lists *l, const sc_id *issue) {
    sc_job job =
        fx_job(l->f, &l->f->a, "fix", sc_arena_printf(&l->f->arena, "fix:%s", issue->text));
    job.max_attempts = 9;
    return job;
}

static inline void fl_keep(fix_lists *l) {
    sc_fx *f = l->f;
    if (l->n == FL_MOST) return;
    const sc_id *issue = &l->issues[fl_random(l, FL_ISSUES)];
    sc_job job = fl_new_job(l, issue);
    job.state = SC_JOB_success + fl_random(l, SC_JOB_STATE_COUNT - SC_JOB_success);
    job.ended_at_ms = f->clock_ms;
    const sc_fix fix = {.cluster_id = *issue,
                        .pull = fl_random(l, SC_FIX_PULL_COUNT),
                        .watch_until_ms = f->clock_ms - 1 + fl_random(l, 3)};
    fx_ok(f, f->ops->fix_keep(f->s, &job, &fix, NULL, &f->err));
    l->ids[l->n++] = job.id;
}

static inline void fl_start(fix_lists *l) {
    sc_fx *f = l->f;
    if (l->n == FL_MOST) return;
    const sc_id *issue = &l->issues[fl_random(l, FL_ISSUES)];
    const sc_job job = fl_new_job(l, issue);
    const sc_fix fix = {.cluster_id = *issue};
    sc_id id;
    bool fresh;
    fx_ok(f, f->ops->fix_start(f->s, &job, &fix, &id, &fresh, &f->err));
    if (fresh) l->ids[l->n++] = id;
}

static inline bool fl_get(fix_lists *l, size_t i, sc_fix *ret) {
    return !l->f->ops->fix_get(l->f->s, &l->f->a, &l->ids[i], &l->f->arena, ret, &l->f->err);
}

/* As the program does it: with an event. */
static inline void fl_save(fix_lists *l, size_t i) {
    sc_fx *f = l->f;
    sc_fix fix;
    if (!fl_get(l, i, &fix)) return;
    const sc_event event = {
        .project_id = f->a, .kind = SC_STR("fix.updated"), .data = SC_STR("{}"), .at_ms = T0};
    fix.pull = fl_random(l, SC_FIX_PULL_COUNT);
    fix.watch_until_ms = f->clock_ms - 1 + fl_random(l, 3);
    const sc_fix_write w = {.fix = &fix, .events = &event, .n_events = 1, .now_ms = f->clock_ms};
    fx_ok(f, f->ops->fix_save(f->s, &w, &f->err));
}

static inline void fl_work(fix_lists *l) {
    static const sc_job_event ends[] = {SC_JOB_EV_FINISH, SC_JOB_EV_FAIL, SC_JOB_EV_BURY,
                                        SC_JOB_EV_RELEASE};
    sc_job job;
    const unsigned end = fl_random(l, SC_LEN(ends) + 1); /* beyond: it goes on */
    if (fx_claim(l->f, "fix", l->f->clock_ms, &job)) return;
    if (end < SC_LEN(ends)) fx_ok(l->f, fx_end(l->f, &job, ends[end], l->f->clock_ms));
}

/* One change, if it fits. */
static inline void fl_change(fix_lists *l) {
    sc_fx *f = l->f;
    const unsigned what = fl_random(l, 12);
    const size_t i = l->n ? fl_random(l, (unsigned)l->n) : 0;
    if (what < 2) fl_keep(l);
    if (what == 2) fl_start(l);
    if (what >= 3 && what < 6) fl_work(l);
    if (what >= 6 && what < 9) fl_save(l, i);
    if (what == 9) f->ops->fix_retry(f->s, &f->a, &l->ids[i], SC_FIX_preparing, f->clock_ms, NULL);
    if (what == 10) f->ops->job_act(f->s, &f->a, &l->ids[i], SC_JOB_EV_CANCEL, f->clock_ms, NULL);
    if (what == 11) f->ops->job_drop(f->s, &f->a, &l->ids[i], NULL);
}

/* ---- The lists ----------------------------------------------------------------------------------- */

static inline bool fl_fits(const sc_fix *x, const sc_fix_filter *f) {
    const bool watched = x->pull != SC_FIX_PULL_none && sc_job_state_ended(x->status) &&
                         (x->pull == SC_FIX_PULL_open || x->watch_until_ms > f->now_ms);
    return (!sc_id_is_set(&f->cluster_id) || sc_id_eq(&f->cluster_id, &x->cluster_id)) &&
           (!f->by_state || f->state == x->status) && (!f->by_pull || f->pull == x->pull) &&
           (!f->watched || watched);
}

/* Page by page, newest first, with the count of all on each page. */
static inline void fl_check_one(fix_lists *l, const sc_fix *all, const bool *there,
                                const sc_fix_filter *filter) {
    sc_fx *f = l->f;
    sc_fix_list list = {.n = 0};
    int64_t total = 0;
    size_t at = l->n;
    for (size_t i = 0; i < l->n; i++) total += there[i] && fl_fits(&all[i], filter);
    do {
        sc_arena arena;
        const sc_page page = {.limit = 7, .cursor = list.next_cursor};
        sc_arena_init(&arena, 1 << 20);
        fx_ok(f, f->ops->fix_list(f->s, filter, &page, &arena, &list, &f->err));
        assert_int_equal(list.total, total);
        for (size_t i = 0; i < list.n; i++) {
            do assert_true(at-- > 0);
            while (!there[at] || !fl_fits(&all[at], filter));
            assert_string_equal(list.items[i].id.text, all[at].id.text);
            assert_int_equal(list.items[i].version, all[at].version);
        }
        list.next_cursor = sc_str_of(sc_arena_printf(&f->arena, "%.*s", SC_FMT(list.next_cursor)));
        sc_arena_done(&arena);
    } while (list.next_cursor.n);
    while (at-- > 0) assert_false(there[at] && fl_fits(&all[at], filter));
}

static inline void fl_check(fix_lists *l) {
    sc_fix all[FL_MOST];
    bool there[FL_MOST];
    for (size_t i = 0; i < l->n; i++) there[i] = fl_get(l, i, &all[i]);
    for (int issue = -1; issue <= FL_ISSUES; issue++)
        for (int state = -1; state < SC_JOB_STATE_COUNT; state++)
            for (int pull = -1; pull < SC_FIX_PULL_COUNT; pull++) {
                sc_fix_filter filter = {.project_id = l->f->a, .now_ms = l->f->clock_ms};
                if (issue >= 0) filter.cluster_id = l->issues[issue];
                filter.by_state = state >= 0;
                filter.by_pull = pull >= 0;
                if (state >= 0) filter.state = (sc_job_state)state;
                if (pull >= 0) filter.pull = (sc_fix_pull)pull;
                if (issue < 0 || state < 0 || pull < 0) fl_check_one(l, all, there, &filter);
                filter.watched = true;
                if (issue < 0 && state < 0) fl_check_one(l, all, there, &filter);
            }
}

#endif
