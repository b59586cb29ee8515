/* Every backend keeps the port's word: jobs. */
#include "store_fixture.h"

#include <pthread.h>

/* ---- Hostile first ------------------------------------------------------------------------------ */

static void a_job_of_another_project_is_not_found(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", ""), got;
    sc_id id = fx_enqueue(f, &job), nobody = fx_id(f);
    fx_rc(f, f->ops->job_get(f->s, &f->b, &id, &f->arena, &got, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->job_act(f->s, &f->b, &id, SC_JOB_EV_CANCEL, T0, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->job_drop(f->s, &f->b, &id, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->job_get(f->s, &nobody, &id, &f->arena, &got, &f->err), SC_NOT_FOUND);
    job.project_id = nobody;
    job.id = fx_id(f);
    fx_rc(f, f->ops->job_enqueue(f->s, &job, &id, &f->err), SC_NOT_FOUND);
    assert_int_equal(fx_job_get(f, &id).state, SC_JOB_pending);
}

static void a_holder_whose_lease_went_on_cannot_end_or_extend_the_job(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", ""), one, two;
    fx_enqueue(f, &job);
    fx_ok(f, fx_claim(f, "k", T0, &one));
    fx_rc(f, fx_claim(f, "k", T0 + 999, &two), SC_NOT_FOUND);
    fx_ok(f, f->ops->job_heartbeat(f->s, &one.id, one.fence, 1000, T0 + 900, &f->err));
    fx_rc(f, fx_claim(f, "k", T0 + 1899, &two), SC_NOT_FOUND);
    fx_ok(f, fx_claim(f, "k", T0 + 1900, &two));
    assert_true(sc_id_eq(&one.id, &two.id));
    assert_int_equal(two.fence, one.fence + 1);
    assert_int_equal(two.attempts, 2);
    fx_rc(f, fx_end(f, &one, SC_JOB_EV_FINISH, T0 + 2000), SC_FENCED);
    fx_rc(f, f->ops->job_heartbeat(f->s, &one.id, one.fence, 1000, T0 + 2000, &f->err), SC_FENCED);
    fx_ok(f, fx_end(f, &two, SC_JOB_EV_FINISH, T0 + 2000));
    fx_rc(f, fx_end(f, &two, SC_JOB_EV_FINISH, T0 + 2000), SC_FENCED);
    fx_rc(f, f->ops->job_heartbeat(f->s, &two.id, two.fence, 1000, T0, &f->err), SC_FENCED);
}

static void an_end_is_told_in_the_same_step_or_not_at_all(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", ""), j;
    sc_event *events;
    size_t n;
    fx_enqueue(f, &job);
    fx_ok(f, fx_claim(f, "k", T0, &j));
    const sc_event ev = {.project_id = f->a,
                         .kind = SC_STR("fix.updated"),
                         .data = SC_STR("{\"job_id\":\"x\"}"),
                         .at_ms = T0};
    sc_job_end e = {.id = j.id,
                    .fence = j.fence + 1,
                    .event = SC_JOB_EV_FINISH,
                    .events = &ev,
                    .n_events = 1,
                    .now_ms = T0};
    fx_rc(f, f->ops->job_end(f->s, &e, &f->err), SC_FENCED);
    fx_ok(f, f->ops->events(f->s, &f->a, 0, 10, &f->arena, &events, &n, &f->err));
    assert_int_equal(n, 0);
    e.fence = j.fence;
    fx_ok(f, f->ops->job_end(f->s, &e, &f->err));
    fx_ok(f, f->ops->events(f->s, &f->a, 0, 10, &f->arena, &events, &n, &f->err));
    assert_int_equal(n, 1);
    assert_true(sc_str_eq(events[0].kind, ev.kind) && sc_str_eq(events[0].data, ev.data));
    fx_ok(f, f->ops->events(f->s, &f->b, 0, 10, &f->arena, &events, &n, &f->err));
    assert_int_equal(n, 0);
}

static void an_end_that_is_none_is_refused(void **state) {
    static const sc_job_event bad[] = {SC_JOB_EV_CLAIM, SC_JOB_EV_CANCEL, SC_JOB_EV_REPLAY,
                                       SC_JOB_EV_EXPIRE, (sc_job_event)77};
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", ""), j;
    fx_enqueue(f, &job);
    fx_ok(f, fx_claim(f, "k", T0, &j));
    for (size_t i = 0; i < SC_LEN(bad); i++) fx_rc(f, fx_end(f, &j, bad[i], T0), SC_INVALID);
    fx_rc(f, f->ops->job_act(f->s, &f->a, &j.id, SC_JOB_EV_FINISH, T0, &f->err), SC_INVALID);
    fx_rc(f, f->ops->job_act(f->s, &f->a, &j.id, SC_JOB_EV_REPLAY, T0, &f->err), SC_CONFLICT);
    fx_rc(f, f->ops->job_drop(f->s, &f->a, &j.id, &f->err), SC_CONFLICT);
    sc_job_end nobody = {.id = fx_id(f), .fence = 1, .event = SC_JOB_EV_FINISH};
    fx_rc(f, f->ops->job_end(f->s, &nobody, &f->err), SC_NOT_FOUND);
    sc_str none[1] = {SC_STR_NONE};
    fx_rc(f, f->ops->job_claim(f->s, none, 0, SC_STR("w"), 1, T0, &f->arena, &j, &f->err),
          SC_NOT_FOUND);
    fx_rc(f, f->ops->job_claim(f->s, none, 1, SC_STR("w"), 0, T0, &f->arena, &j, &f->err),
          SC_INVALID);
}

/* ---- Claiming ----------------------------------------------------------------------------------- */

static void every_field_comes_back_and_a_claim_counts_the_attempt(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "poll", "key"), j;
    sc_id id = fx_enqueue(f, &job);
    assert_true(sc_id_eq(&id, &job.id));
    fx_reopen(f);
    fx_ok(f, fx_claim(f, "poll", T0 + 7, &j));
    assert_true(sc_id_eq(&j.id, &id) && sc_id_eq(&j.project_id, &f->a));
    assert_true(sc_str_is(j.kind, "poll") && sc_str_is(j.unique_key, "key"));
    assert_true(sc_str_is(j.payload, "{\"n\":1}") && sc_str_is(j.request_id, "req-9"));
    assert_true(sc_str_is(j.lease_owner, "w1"));
    assert_int_equal(j.state, SC_JOB_running);
    assert_int_equal(j.attempts, 1);
    assert_int_equal(j.max_attempts, 3);
    assert_int_equal(j.fence, 1);
    assert_int_equal(j.lease_until_ms, T0 + 1007);
    assert_int_equal(j.run_at_ms, T0);
    assert_int_equal(j.updated_at_ms, T0 + 7);
    assert_int_equal(j.ended_at_ms, 0);
    fx_reopen(f);
    j = fx_job_get(f, &id);
    assert_int_equal(j.attempts, 1);
}

static void the_oldest_ready_job_of_the_kinds_is_claimed(void **state) {
    sc_fx *f = *state;
    sc_job late = fx_job(f, &f->a, "x", ""), early = fx_job(f, &f->a, "y", ""),
           other = fx_job(f, &f->a, "z", ""), future = fx_job(f, &f->a, "x", ""), j;
    sc_str kinds[] = {SC_STR("x"), SC_STR("y")};
    late.run_at_ms = T0 - 1;
    early.run_at_ms = T0 - 5;
    other.run_at_ms = T0 - 9;
    future.run_at_ms = T0 + 1;
    fx_enqueue(f, &late);
    fx_enqueue(f, &early);
    fx_enqueue(f, &other);
    fx_enqueue(f, &future);
    fx_ok(f, f->ops->job_claim(f->s, kinds, 2, SC_STR("w"), HOUR, T0, &f->arena, &j, &f->err));
    assert_true(sc_id_eq(&j.id, &early.id));
    fx_ok(f, f->ops->job_claim(f->s, kinds, 2, SC_STR("w"), HOUR, T0, &f->arena, &j, &f->err));
    assert_true(sc_id_eq(&j.id, &late.id));
    fx_rc(f, f->ops->job_claim(f->s, kinds, 2, SC_STR("w"), HOUR, T0, &f->arena, &j, &f->err),
          SC_NOT_FOUND);
    fx_ok(f, f->ops->job_claim(f->s, kinds, 2, SC_STR("w"), HOUR, T0 + 1, &f->arena, &j, &f->err));
    assert_true(sc_id_eq(&j.id, &future.id));
}

static void a_job_whose_holder_vanishes_each_time_becomes_a_dead_letter(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", "u"), j;
    int64_t now = T0;
    fx_enqueue(f, &job);
    for (int i = 1; i <= 3; i++, now += 1000) {
        fx_ok(f, fx_claim(f, "k", now, &j));
        assert_int_equal(j.attempts, i);
    }
    fx_rc(f, fx_claim(f, "k", now, &j), SC_NOT_FOUND);
    j = fx_job_get(f, &job.id);
    assert_int_equal(j.state, SC_JOB_dead);
    assert_int_equal(j.attempts, 3);
    assert_true(j.ended_at_ms == now && j.error.n > 0 && j.lease_until_ms == 0);
}

typedef struct claimer {
    sc_fx *f;
    sc_id got[256];
    int n;
} claimer;

static void *claim_until_empty(void *p) {
    claimer *c = p;
    sc_arena arena;
    sc_job j;
    sc_str kinds[] = {SC_STR("k")};
    sc_arena_init(&arena, 1 << 20);
    while (!c->f->ops->job_claim(c->f->s, kinds, 1, SC_STR("w"), HOUR, T0, &arena, &j, NULL)) {
        c->got[c->n++] = j.id;
        sc_arena_reset(&arena);
    }
    sc_arena_done(&arena);
    return NULL;
}

static void eight_claimers_never_get_the_same_job(void **state) {
    sc_fx *f = *state;
    enum { JOBS = 200 };
    static claimer c[8];
    pthread_t t[8];
    int total = 0;
    for (int i = 0; i < JOBS; i++) {
        sc_job job = fx_job(f, &f->a, "k", "");
        fx_enqueue(f, &job);
    }
    for (int i = 0; i < 8; i++) {
        c[i] = (claimer){.f = f};
        assert_int_equal(pthread_create(&t[i], NULL, claim_until_empty, &c[i]), 0);
    }
    for (int i = 0; i < 8; i++) pthread_join(t[i], NULL);
    for (int i = 0; i < 8; i++) {
        total += c[i].n;
        for (int j = 0; j < c[i].n; j++)
            for (int k = 0; k <= i; k++)
                for (int m = 0; m < (k == i ? j : c[k].n); m++)
                    assert_false(sc_id_eq(&c[i].got[j], &c[k].got[m]));
    }
    assert_int_equal(total, JOBS);
}

/* ---- Unique keys -------------------------------------------------------------------------------- */

static void a_unique_key_is_held_by_one_open_job_at_most(void **state) {
    sc_fx *f = *state;
    sc_job one = fx_job(f, &f->a, "k", "key"), two = fx_job(f, &f->a, "k", "key"),
           of_b = fx_job(f, &f->b, "k", "key"), free_1 = fx_job(f, &f->a, "k", ""),
           free_2 = fx_job(f, &f->a, "k", ""), j;
    sc_id first = fx_enqueue(f, &one), again = fx_enqueue(f, &two);
    assert_true(sc_id_eq(&first, &again));
    assert_false(fx_job_get(f, &first).again);
    again = fx_enqueue(f, &of_b);
    assert_true(sc_id_eq(&again, &of_b.id));
    fx_enqueue(f, &free_1);
    again = fx_enqueue(f, &free_2);
    assert_true(sc_id_eq(&again, &free_2.id));
    fx_ok(f, fx_claim(f, "k", T0, &j));
    assert_true(sc_id_eq(&j.id, &first));
    again = fx_enqueue(f, &two);
    assert_true(sc_id_eq(&again, &first));
    assert_true(fx_job_get(f, &first).again);
    fx_ok(f, fx_end(f, &j, SC_JOB_EV_FINISH, T0 + 10));
    j = fx_job_get(f, &first);
    assert_int_equal(j.state, SC_JOB_pending);
    assert_int_equal(j.attempts, 0);
    assert_int_equal(j.run_at_ms, T0 + 10);
    assert_false(j.again);
}

static void what_was_asked_for_while_a_job_ran_outlives_its_bad_end(void **state) {
    static const sc_job_event ends[] = {SC_JOB_EV_BURY, SC_JOB_EV_FAIL, SC_JOB_EV_TIMEOUT};
    static const sc_job_state states[] = {SC_JOB_dead, SC_JOB_failed, SC_JOB_timed_out};
    sc_fx *f = *state;
    for (size_t i = 0; i < SC_LEN(ends); i++) {
        sc_job one = fx_job(f, &f->a, "k", "key"), two = fx_job(f, &f->a, "k", "key"), j, next;
        fx_enqueue(f, &one);
        fx_ok(f, fx_claim(f, "k", T0 + HOUR, &j));
        fx_enqueue(f, &two);
        fx_ok(f, fx_end(f, &j, ends[i], T0 + HOUR));
        assert_int_equal(fx_job_get(f, &j.id).state, states[i]);
        fx_ok(f, fx_claim(f, "k", T0 + HOUR, &next));
        assert_false(sc_id_eq(&next.id, &j.id));
        assert_true(sc_str_is(next.unique_key, "key") && sc_str_is(next.payload, "{\"n\":1}"));
        assert_int_equal(next.attempts, 1);
        fx_ok(f, fx_end(f, &next, SC_JOB_EV_FINISH, T0 + HOUR));
    }
    /* A lease that runs out with the last attempt is such an end too. */
    sc_job one = fx_job(f, &f->a, "k", "key"), two = fx_job(f, &f->a, "k", "key"), j;
    one.max_attempts = 1;
    fx_enqueue(f, &one);
    fx_ok(f, fx_claim(f, "k", T0, &j));
    fx_enqueue(f, &two);
    fx_ok(f, fx_claim(f, "k", T0 + HOUR, &j));
    assert_false(sc_id_eq(&j.id, &one.id));
    assert_int_equal(fx_job_get(f, &one.id).state, SC_JOB_dead);
}

/* ---- Ends --------------------------------------------------------------------------------------- */

static void a_retry_waits_and_one_without_attempts_left_is_buried(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", ""), j;
    job.max_attempts = 2;
    fx_enqueue(f, &job);
    fx_ok(f, fx_claim(f, "k", T0, &j));
    fx_ok(f, fx_end(f, &j, SC_JOB_EV_RETRY, T0));
    j = fx_job_get(f, &j.id);
    assert_int_equal(j.state, SC_JOB_pending);
    assert_int_equal(j.run_at_ms, T0 + 5000);
    assert_true(sc_str_is(j.error, "it broke"));
    fx_rc(f, fx_claim(f, "k", T0 + 4999, &j), SC_NOT_FOUND);
    fx_ok(f, fx_claim(f, "k", T0 + 5000, &j));
    fx_ok(f, fx_end(f, &j, SC_JOB_EV_RETRY, T0 + 5000));
    assert_int_equal(fx_job_get(f, &j.id).state, SC_JOB_dead);
}

static void a_release_does_not_burn_an_attempt(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", ""), j;
    job.max_attempts = 1;
    fx_enqueue(f, &job);
    for (int i = 0; i < 5; i++) {
        fx_ok(f, fx_claim(f, "k", T0, &j));
        assert_int_equal(j.attempts, 1);
        assert_int_equal(j.fence, i + 1);
        fx_ok(f, fx_end(f, &j, SC_JOB_EV_RELEASE, T0));
        assert_int_equal(fx_job_get(f, &j.id).attempts, 0);
    }
}

static void a_release_may_say_when_to_go_on(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", "key"), j;
    fx_enqueue(f, &job);
    fx_ok(f, fx_claim(f, "k", T0, &j));
    const sc_job_end e = {.id = j.id,
                          .fence = j.fence,
                          .event = SC_JOB_EV_RELEASE,
                          .run_at_ms = T0 + 700,
                          .now_ms = T0};
    fx_ok(f, f->ops->job_end(f->s, &e, &f->err));
    fx_rc(f, fx_claim(f, "k", T0 + 699, &j), SC_NOT_FOUND);
    fx_ok(f, fx_claim(f, "k", T0 + 700, &j));
    assert_int_equal(j.attempts, 1);
}

static void a_dead_letter_can_be_replayed_and_dropped(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", "key"), rival = fx_job(f, &f->a, "k", "key"), j;
    fx_enqueue(f, &job);
    fx_ok(f, fx_claim(f, "k", T0, &j));
    fx_ok(f, fx_end(f, &j, SC_JOB_EV_BURY, T0));
    j = fx_job_get(f, &j.id);
    assert_int_equal(j.state, SC_JOB_dead);
    assert_true(sc_str_is(j.error, "it broke") && j.ended_at_ms == T0);
    sc_id rival_id = fx_enqueue(f, &rival);
    assert_true(sc_id_eq(&rival_id, &rival.id));
    fx_rc(f, f->ops->job_act(f->s, &f->a, &j.id, SC_JOB_EV_REPLAY, T0 + 1, &f->err), SC_CONFLICT);
    fx_ok(f, f->ops->job_act(f->s, &f->a, &rival.id, SC_JOB_EV_CANCEL, T0 + 1, &f->err));
    assert_int_equal(fx_job_get(f, &rival.id).state, SC_JOB_cancelled);
    fx_ok(f, f->ops->job_act(f->s, &f->a, &j.id, SC_JOB_EV_REPLAY, T0 + 2, &f->err));
    fx_ok(f, fx_claim(f, "k", T0 + 2, &j));
    assert_true(sc_id_eq(&j.id, &job.id));
    assert_int_equal(j.attempts, 1);
    assert_int_equal(j.ended_at_ms, 0);
    fx_ok(f, fx_end(f, &j, SC_JOB_EV_BURY, T0 + 3));
    fx_ok(f, f->ops->job_drop(f->s, &f->a, &j.id, &f->err));
    fx_rc(f, f->ops->job_get(f->s, &f->a, &j.id, &f->arena, &j, &f->err), SC_NOT_FOUND);
}

static void a_cancelled_job_fences_its_holder(void **state) {
    sc_fx *f = *state;
    sc_job job = fx_job(f, &f->a, "k", ""), j;
    fx_enqueue(f, &job);
    fx_ok(f, fx_claim(f, "k", T0, &j));
    fx_ok(f, f->ops->job_act(f->s, &f->a, &j.id, SC_JOB_EV_CANCEL, T0 + 1, &f->err));
    fx_rc(f, f->ops->job_heartbeat(f->s, &j.id, j.fence, 1000, T0 + 1, &f->err), SC_FENCED);
    fx_rc(f, fx_end(f, &j, SC_JOB_EV_FINISH, T0 + 1), SC_FENCED);
    fx_rc(f, f->ops->job_act(f->s, &f->a, &j.id, SC_JOB_EV_CANCEL, T0 + 1, &f->err), SC_CONFLICT);
}

/* ---- Looking ------------------------------------------------------------------------------------ */

static void lists_and_counts_agree_and_pages_are_complete(void **state) {
    sc_fx *f = *state;
    sc_job_list l;
    sc_job_counts n;
    sc_job j;
    sc_id empty = {{0}};
    for (int i = 0; i < 12; i++) {
        sc_job job = fx_job(f, i % 4 == 3 ? &f->b : &f->a, i % 2 ? "x" : "y", "");
        job.run_at_ms = T0 + i;
        if (i == 11) job.project_id = empty;
        fx_enqueue(f, &job);
    }
    fx_ok(f, fx_claim(f, "y", T0, &j));
    sc_job_filter q = {.project_id = f->a};
    sc_page p = {4, SC_STR_NONE};
    size_t seen = 0;
    sc_id last = {{0}};
    do {
        fx_ok(f, f->ops->job_list(f->s, &q, &p, &f->arena, &l, &f->err));
        assert_int_equal(l.total, 9);
        for (size_t i = 0; i < l.n; i++) {
            assert_true(!sc_id_is_set(&last) || strcmp(l.items[i].id.text, last.text) < 0);
            last = l.items[i].id;
        }
        seen += l.n;
        p.cursor = l.next_cursor;
        sc_job more = fx_job(f, &f->b, "x", "");
        fx_enqueue(f, &more);
    } while (p.cursor.n);
    assert_int_equal(seen, 9);
    q = (sc_job_filter){
        .project_id = f->a, .kind = SC_STR("y"), .by_state = true, .state = SC_JOB_running};
    fx_ok(f, f->ops->job_list(f->s, &q, &p, &f->arena, &l, &f->err));
    assert_true(l.n == 1 && l.total == 1 && sc_id_eq(&l.items[0].id, &j.id));
    q = (sc_job_filter){.project_id = empty};
    p.limit = 100;
    fx_ok(f, f->ops->job_list(f->s, &q, &p, &f->arena, &l, &f->err));
    assert_int_equal(l.n, 15);
    assert_int_equal(l.total, 15);
    fx_ok(f, f->ops->job_counts(f->s, &f->a, SC_STR_NONE, &n, &f->err));
    assert_int_equal(n.by_state[SC_JOB_pending], 8);
    assert_int_equal(n.by_state[SC_JOB_running], 1);
    assert_int_equal(n.oldest_pending_ms, T0 + 1);
    fx_ok(f, f->ops->job_counts(f->s, NULL, SC_STR("y"), &n, &f->err));
    assert_int_equal(n.by_state[SC_JOB_pending], 5);
    fx_ok(f, f->ops->job_counts(f->s, &f->b, SC_STR("none"), &n, &f->err));
    assert_int_equal(n.oldest_pending_ms, 0);
}

static void pruning_takes_ended_jobs_but_neither_open_nor_dead_ones(void **state) {
    static const sc_job_event ends[] = {SC_JOB_EV_FINISH, SC_JOB_EV_FAIL, SC_JOB_EV_TIMEOUT,
                                        SC_JOB_EV_BURY};
    sc_fx *f = *state;
    sc_job j, got;
    sc_id ids[4];
    int64_t n;
    for (size_t i = 0; i < 4; i++) {
        sc_job job = fx_job(f, &f->a, "k", "");
        fx_enqueue(f, &job);
        fx_ok(f, fx_claim(f, "k", T0, &j));
        fx_ok(f, fx_end(f, &j, ends[i], T0 + (int64_t)i));
        ids[i] = j.id;
    }
    sc_job open = fx_job(f, &f->a, "k", "");
    fx_enqueue(f, &open);
    fx_ok(f, f->ops->prune(f->s, T0 + 1, 0, 9, &n, &f->err));
    assert_int_equal(n, 1);
    fx_ok(f, f->ops->prune(f->s, T0 + DAY, 0, 1, &n, &f->err));
    assert_int_equal(n, 1);
    fx_ok(f, f->ops->prune(f->s, T0 + DAY, 0, 9, &n, &f->err));
    assert_int_equal(n, 1);
    fx_ok(f, f->ops->job_get(f->s, &f->a, &ids[3], &f->arena, &got, &f->err));
    fx_ok(f, f->ops->job_get(f->s, &f->a, &open.id, &f->arena, &got, &f->err));
}

static void a_job_that_a_clock_put_back_has_stranded_is_ready(void **state) {
    sc_fx *f = *state;
    sc_job j = fx_job(f, &f->a, "group", ""), got;
    j.run_at_ms = T0 + HOUR / 2; /* as long as a source may ask us to wait */
    fx_enqueue(f, &j);
    fx_rc(f, fx_claim(f, "group", T0, &got), SC_NOT_FOUND);
    sc_job far = fx_job(f, &f->a, "group", "");
    far.run_at_ms = T0 + INT64_C(400) * DAY;
    fx_enqueue(f, &far);
    fx_ok(f, fx_claim(f, "group", T0, &got));
    assert_true(sc_id_eq(&got.id, &far.id));
    /* Its worker died, and the clock was put back after the lease began. */
    sc_job again;
    fx_rc(f, fx_claim(f, "group", T0 + 1, &again), SC_NOT_FOUND);
    fx_ok(f, fx_claim(f, "group", T0 - INT64_C(10) * DAY, &again));
    assert_true(again.fence >= got.fence);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(a_job_that_a_clock_put_back_has_stranded_is_ready),
        fx_test(a_job_of_another_project_is_not_found),
        fx_test(a_holder_whose_lease_went_on_cannot_end_or_extend_the_job),
        fx_test(an_end_is_told_in_the_same_step_or_not_at_all),
        fx_test(an_end_that_is_none_is_refused),
        fx_test(every_field_comes_back_and_a_claim_counts_the_attempt),
        fx_test(the_oldest_ready_job_of_the_kinds_is_claimed),
        fx_test(a_job_whose_holder_vanishes_each_time_becomes_a_dead_letter),
        fx_test(eight_claimers_never_get_the_same_job),
        fx_test(a_unique_key_is_held_by_one_open_job_at_most),
        fx_test(what_was_asked_for_while_a_job_ran_outlives_its_bad_end),
        fx_test(a_retry_waits_and_one_without_attempts_left_is_buried),
        fx_test(a_release_does_not_burn_an_attempt),
        fx_test(a_release_may_say_when_to_go_on),
        fx_test(a_dead_letter_can_be_replayed_and_dropped),
        fx_test(a_cancelled_job_fences_its_holder),
        fx_test(lists_and_counts_agree_and_pages_are_complete),
        fx_test(pruning_takes_ended_jobs_but_neither_open_nor_dead_ones),
    };
    return fx_run(tests);
}
