/* Asking a remote embedder: a service that fails as each test wants, on a clock that stands still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/embed.h"
#include "app_fixture.h"
#include "toy_embedder.h"

enum { DIM = 4, BATCH = 8, MAX_CALLS = 256 };

/* What the service does with a call. */
typedef struct plan {
    sc_err fails; /* rc 0: it works */
    int times;    /* ... so often, then it works; -1 for ever */
} plan;

static struct service {
    plan p;
    const char *poison; /* a text that holds this is answered with `poison_rc` */
    sc_rc poison_rc;
    size_t calls, sizes[MAX_CALLS], texts;
    int64_t tokens; /* it says it counted a text */
} service;

static app_fixture *world;
static int64_t waited_ms;
static bool ending;

static sc_rc text_of(const void *self, const sc_prepared *p, sc_arena *arena, sc_str *ret,
                     sc_err *err) {
    (void)self;
    (void)arena;
    (void)err;
    *ret = p->title;
    return SC_OK;
}

static sc_rc embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                   const _Atomic bool *stop, int8_t *ret_vecs, int64_t *ret_tokens, sc_err *err) {
    (void)stop;
    struct service *s = self;
    assert_true(deadline_ms > world->now_ms && n <= BATCH);
    s->sizes[s->calls++ % MAX_CALLS] = n;
    if (s->p.fails.rc && s->p.times) {
        s->p.times -= s->p.times > 0;
        *err = s->p.fails;
        return err->rc;
    }
    for (size_t i = 0; i < n; i++)
        if (s->poison && sc_str_find(texts[i].title, sc_str_of(s->poison)) != SIZE_MAX)
            return sc_fail(err, s->poison_rc, "poison");
    for (size_t i = 0; i < n; i++) {
        memset(ret_vecs + i * DIM, 0, DIM);
        ret_vecs[i * DIM + texts[i].title.n % DIM] = 127;
    }
    s->texts += n;
    *ret_tokens = s->tokens * (int64_t)n;
    return SC_OK;
}

static size_t max_batch(const void *self) {
    (void)self;
    return BATCH;
}
static int64_t price(const void *self) {
    (void)self;
    return 1000000; /* a dollar for a million tokens: a millionth a token */
}
static uint16_t dim(const void *self) {
    (void)self;
    return DIM;
}

static const sc_embedder_remote remote = {
    .embed = embed, .max_batch = max_batch, .text = text_of, .price = price};
static const sc_embedder_ops ops = {
    .name = "toy", .dim = dim, .model = toy_model, .remote = &remote};

static bool wait_ms(void *self, int64_t ms) {
    (void)self;
    waited_ms += ms;
    world->now_ms += ms;
    return !ending;
}

static sc_embed *open_embed(sc_budget_use cap) {
    sc_embed_conf conf = {.embedder = {&ops, &service},
                          .store = &world->store,
                          .clock = &world->clock,
                          .timeout_ms = 1000,
                          .cap = cap,
                          .wait = wait_ms};
    sc_embed *e = NULL;
    sc_err err = {0};
    if (sc_embed_new(&conf, &e, &err)) fail_msg("%s", err.msg);
    return e;
}

static int setup(void **state) {
    static app_fixture f;
    app_fixture_open(&f, NULL, false);
    world = &f;
    service = (struct service){.p = {.times = -1}};
    waited_ms = 0;
    ending = false;
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    app_fixture_close(*state);
    return 0;
}

static sc_prepared text(const char *title) {
    sc_prepared p;
    char *copy = sc_arena_copy(&world->arena, title, strlen(title));
    if (sc_prepare(sc_str_of(copy), SC_STR_NONE, SC_STR_NONE, &world->arena, &p, NULL))
        fail_msg("prepare");
    return p;
}

static void texts_of(sc_prepared *ret, size_t n, const char *word) {
    for (size_t i = 0; i < n; i++) {
        char s[64];
        snprintf(s, sizeof s, "%s number %zu fails", word, i);
        ret[i] = text(s);
    }
}

static sc_embed_state look(sc_embed *e, const sc_prepared *p, sc_err *why) {
    int8_t vec[DIM];
    return sc_embed_look(e, p, vec, why);
}

static void all_are(sc_embed *e, const sc_prepared *p, size_t n, sc_embed_state want) {
    for (size_t i = 0; i < n; i++) {
        sc_err why = {0};
        sc_embed_state got = look(e, &p[i], &why);
        if (got != want) fail_msg("text %zu is %d, not %d (%s)", i, got, want, why.msg);
    }
}

static const sc_budget_use no_cap;
static const plan down = {.fails = {.rc = SC_UPSTREAM, .msg = "no answer"}, .times = -1};

/* ---- Failures ----------------------------------------------------------------------------------- */

static void a_service_that_is_down_leaves_texts_bare_and_is_soon_left_alone(void **state) {
    (void)state;
    sc_embed *e = open_embed(no_cap);
    sc_prepared p[20];
    sc_embed_stats s;
    texts_of(p, 20, "export");
    service.p = down;
    assert_int_equal(sc_embed_fetch(e, p, 20, NULL, NULL, NULL), SC_OK);
    all_are(e, p, 20, SC_EMBED_BARE);
    assert_int_equal(service.calls, SC_BREAKER_FAILURES); /* not one for every batch */
    sc_embed_stats_get(e, &s);
    assert_int_equal(s.guard.breaker, SC_BREAKER_open);
    assert_int_equal(s.guard.why.rc, SC_UPSTREAM);
    assert_int_equal(s.guard.failures, SC_BREAKER_FAILURES);
    assert_int_equal(sc_embed_fetch(e, p, 20, NULL, NULL, NULL), SC_OK);
    assert_int_equal(service.calls, SC_BREAKER_FAILURES);
    assert_false(sc_embed_query(e, &p[0], (int8_t[DIM]){0}));
    world->now_ms = s.guard.again_ms; /* half open: one short text finds out */
    assert_int_equal(sc_embed_fetch(e, p, 20, NULL, NULL, NULL), SC_OK);
    assert_int_equal(service.calls, SC_BREAKER_FAILURES + 1);
    assert_int_equal(service.sizes[SC_BREAKER_FAILURES], 1);
    sc_embed_stats_get(e, &s);
    world->now_ms = s.guard.again_ms;
    service.p.fails.rc = SC_OK;
    assert_int_equal(sc_embed_fetch(e, p, 20, NULL, NULL, NULL), SC_OK);
    all_are(e, p, 20, SC_EMBED_READY);
    sc_embed_stats_get(e, &s);
    assert_int_equal(s.guard.breaker, SC_BREAKER_closed);
    assert_int_equal(s.guard.why.rc, SC_OK);
    sc_embed_free(e);
}

static void a_short_failure_is_tried_again_with_growing_jitter(void **state) {
    (void)state;
    sc_embed *e = open_embed(no_cap);
    sc_prepared p[3];
    texts_of(p, 3, "export");
    service.p = (plan){.fails = {.rc = SC_TIMEOUT}, .times = 2};
    assert_int_equal(sc_embed_fetch(e, p, 3, NULL, NULL, NULL), SC_OK);
    all_are(e, p, 3, SC_EMBED_READY);
    assert_int_equal(service.calls, 3);
    assert_true(waited_ms <= 250 + 500);
    sc_embed_free(e);
}

static void a_short_retry_after_is_waited_out_and_a_long_one_is_not(void **state) {
    (void)state;
    sc_embed *e = open_embed(no_cap);
    sc_prepared p[3];
    sc_embed_stats s;
    texts_of(p, 3, "export");
    service.p = (plan){.fails = {.rc = SC_LIMITED, .retry_after_ms = 3000}, .times = 1};
    assert_int_equal(sc_embed_fetch(e, p, 1, NULL, NULL, NULL), SC_OK);
    all_are(e, p, 1, SC_EMBED_READY);
    assert_int_equal(waited_ms, 3000);
    service.p = (plan){.fails = {.rc = SC_LIMITED, .retry_after_ms = 60000}, .times = 1};
    int64_t then = world->now_ms;
    assert_int_equal(sc_embed_fetch(e, p, 3, NULL, NULL, NULL), SC_OK);
    all_are(e, p, 1, SC_EMBED_READY);
    all_are(e, p + 1, 2, SC_EMBED_BARE);
    assert_int_equal(waited_ms, 3000);
    sc_embed_stats_get(e, &s);
    assert_int_equal(s.guard.again_ms, then + 60000);
    assert_int_equal(s.guard.why.rc, SC_LIMITED);
    assert_int_equal(s.guard.failures, 0); /* being told to wait is no failure */
    world->now_ms += 60000;
    assert_int_equal(sc_embed_fetch(e, p, 3, NULL, NULL, NULL), SC_OK);
    all_are(e, p, 3, SC_EMBED_READY);
    sc_embed_free(e);
}

static void a_wrong_key_is_not_tried_again_and_no_text_is_blamed(void **state) {
    (void)state;
    static const sc_rc faults[] = {SC_UNAUTHORIZED, SC_FORBIDDEN, SC_NOT_FOUND, SC_INVALID};
    for (size_t i = 0; i < SC_LEN(faults); i++) {
        sc_embed *e = open_embed(no_cap);
        sc_prepared p[12];
        sc_embed_stats s;
        texts_of(p, 12, "export");
        service = (struct service){.p = {.fails = {.rc = faults[i]}, .times = -1}};
        assert_int_equal(sc_embed_fetch(e, p, 12, NULL, NULL, NULL), SC_OK);
        all_are(e, p, 12, SC_EMBED_BARE);
        assert_true(service.calls <= 2); /* a 400 could be the texts: one short one asks */
        sc_embed_stats_get(e, &s);
        assert_int_equal(s.guard.breaker, SC_BREAKER_open);
        sc_embed_free(e);
    }
}

static void one_text_that_the_service_does_not_stand_is_found_and_the_others_go_on(void **state) {
    (void)state;
    static const sc_rc ways[] = {SC_INVALID, SC_TOO_LARGE, SC_UPSTREAM, SC_TIMEOUT};
    for (size_t i = 0; i < SC_LEN(ways); i++) {
        sc_embed *e = open_embed(no_cap);
        sc_prepared p[20];
        sc_err why = {0};
        sc_embed_stats s;
        texts_of(p, 20, "export");
        p[5] = text("the poison of this report");
        p[19] = text("another poison, at the end");
        service = (struct service){.poison = "poison", .poison_rc = ways[i], .p = {.times = -1}};
        assert_int_equal(sc_embed_fetch(e, p, 20, NULL, NULL, NULL), SC_OK);
        for (size_t k = 0; k < 20; k++) {
            sc_embed_state want = k == 5 || k == 19 ? SC_EMBED_REFUSED : SC_EMBED_READY;
            if (look(e, &p[k], &why) != want) fail_msg("way %zu, text %zu", i, k);
        }
        assert_int_equal(why.rc, ways[i]);
        assert_string_equal(why.msg, "poison");
        sc_embed_stats_get(e, &s);
        assert_int_equal(s.guard.breaker, SC_BREAKER_closed);
        assert_int_equal(s.refused, 2);
        sc_embed_free(e);
    }
}

static void the_end_of_the_process_ends_a_fetch_without_a_verdict(void **state) {
    (void)state;
    sc_embed *e = open_embed(no_cap);
    sc_prepared p[3];
    texts_of(p, 3, "export");
    service.p = down;
    ending = true;
    assert_int_equal(sc_embed_fetch(e, p, 3, NULL, NULL, NULL), SC_CANCELLED);
    all_are(e, p, 3, SC_EMBED_UNKNOWN);
    sc_embed_free(e);
}

/* ---- Caps --------------------------------------------------------------------------------------- */

static void caps_hold_over_restarts_until_midnight(void **state) {
    (void)state;
    enum { DAY = 24 * 3600 * 1000 };
    static const sc_budget_use caps[] = {
        {.requests = 2}, {.tokens = 2 * BATCH * 7}, {.micro_usd = 2 * BATCH * 7}};
    for (size_t i = 0; i < SC_LEN(caps); i++) {
        world->now_ms = (world->now_ms / DAY + 1) * DAY + 1000; /* a day of its own */
        service = (struct service){.p = {.times = -1}};
        sc_prepared p[4 * BATCH];
        sc_embed_stats s;
        texts_of(p, 4 * BATCH, "export");
        sc_embed *e = open_embed(caps[i]);
        assert_int_equal(sc_embed_fetch(e, p, BATCH, NULL, NULL, NULL), SC_OK);
        sc_embed_free(e);
        e = open_embed(caps[i]); /* as after a restart */
        assert_int_equal(sc_embed_fetch(e, p, 4 * BATCH, NULL, NULL, NULL), SC_OK);
        all_are(e, p, BATCH, SC_EMBED_READY);
        all_are(e, p + BATCH, 3 * BATCH, SC_EMBED_BARE);
        assert_int_equal(service.calls, 2);
        sc_embed_stats_get(e, &s);
        assert_true(s.guard.capped);
        assert_int_equal(s.guard.breaker, SC_BREAKER_closed);
        assert_int_equal(s.guard.today.requests, 2);
        assert_int_equal(s.guard.again_ms, (world->now_ms / DAY + 1) * DAY);
        assert_non_null(strstr(s.guard.why.msg, "cap on"));
        world->now_ms = s.guard.again_ms;
        assert_int_equal(sc_embed_fetch(e, p, 2 * BATCH, NULL, NULL, NULL), SC_OK);
        all_are(e, p, 2 * BATCH, SC_EMBED_READY);
        sc_embed_free(e);
    }
}

static void what_the_service_counted_puts_the_books_right(void **state) {
    (void)state;
    sc_embed *e = open_embed(no_cap);
    sc_prepared p[BATCH];
    sc_embed_stats s;
    texts_of(p, BATCH, "export");
    service.tokens = 100;
    assert_int_equal(sc_embed_fetch(e, p, BATCH, NULL, NULL, NULL), SC_OK);
    sc_embed_stats_get(e, &s);
    assert_int_equal(s.guard.today.tokens, 100 * BATCH);
    assert_int_equal(s.guard.today.micro_usd, 100 * BATCH);
    assert_int_equal(s.tokens, 100 * BATCH);
    sc_embed_free(e); /* which writes the books */
    e = open_embed(no_cap);
    sc_embed_stats_get(e, &s);
    assert_int_equal(s.guard.today.tokens, 100 * BATCH);
    assert_int_equal(s.guard.today.requests, 1);
    sc_embed_free(e);
}

static sc_rc full_disk_swap(void *self, const sc_id *project, sc_str name, sc_str was, sc_str value,
                            int64_t now_ms, sc_err *err) {
    (void)self;
    (void)project;
    (void)name;
    (void)was;
    (void)value;
    (void)now_ms;
    return sc_fail(err, SC_STORE, "disk full");
}

static void nothing_is_sent_that_cannot_be_booked(void **state) {
    (void)state;
    sc_store_ops broken = *world->store.ops;
    broken.setting_swap = full_disk_swap;
    sc_store real = world->store;
    world->store.ops = &broken;
    sc_embed *e = open_embed((sc_budget_use){.requests = 100});
    sc_prepared p[2];
    texts_of(p, 2, "export");
    sc_err err = {0};
    assert_int_equal(sc_embed_fetch(e, p, 2, NULL, NULL, &err), SC_STORE);
    assert_int_equal(service.calls, 0);
    sc_embed_free(e);
    world->store = real;
}

/* ---- All is well -------------------------------------------------------------------------------- */

static void texts_go_in_batches_and_each_goes_once(void **state) {
    (void)state;
    sc_embed *e = open_embed(no_cap);
    sc_prepared p[20];
    sc_embed_stats s;
    texts_of(p, 20, "export");
    p[7] = p[3];
    assert_int_equal(sc_embed_fetch(e, p, 20, NULL, NULL, NULL), SC_OK);
    assert_int_equal(service.calls, 3);
    assert_int_equal(service.texts, 19);
    assert_int_equal(sc_embed_fetch(e, p, 20, NULL, NULL, NULL), SC_OK);
    assert_int_equal(service.calls, 3);
    int8_t vec[DIM] = {0};
    assert_true(sc_embed_query(e, &p[2], vec));
    assert_int_equal(service.calls, 3);
    sc_prepared q = text("a question");
    assert_true(sc_embed_query(e, &q, vec));
    assert_true(sc_embed_query(e, &q, vec));
    assert_int_equal(service.calls, 4);
    sc_embed_stats_get(e, &s);
    assert_int_equal(s.guard.requests, 4);
    assert_int_equal(s.texts, 20);
    sc_embed_free(e);
}

static void a_text_that_says_nothing_is_ready_and_unasked(void **state) {
    (void)state;
    sc_embed *e = open_embed(no_cap);
    sc_prepared p = {.title = SC_STR_NONE};
    int8_t vec[DIM] = {1, 1, 1, 1};
    assert_int_equal(sc_embed_fetch(e, &p, 1, NULL, NULL, NULL), SC_OK);
    assert_int_equal(service.calls, 0);
    assert_int_equal(sc_embed_look(e, &p, vec, NULL), SC_EMBED_READY);
    for (size_t i = 0; i < DIM; i++) assert_int_equal(vec[i], 0);
    sc_embed_free(e);
}

static sc_rc lost_lease(void *self, int64_t ms, sc_err *err) {
    int *left = self;
    assert_int_equal(ms, 1000);
    return --*left < 0 ? sc_fail(err, SC_FENCED, "the lease is gone") : SC_OK;
}

static void the_lease_is_renewed_before_each_request(void **state) {
    (void)state;
    sc_embed *e = open_embed(no_cap);
    sc_prepared p[20];
    int left = 2;
    texts_of(p, 20, "export");
    assert_int_equal(sc_embed_fetch(e, p, 20, lost_lease, &left, NULL), SC_FENCED);
    assert_int_equal(service.calls, 2);
    all_are(e, p, 2 * BATCH, SC_EMBED_READY);
    sc_embed_free(e);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_service_that_is_down_leaves_texts_bare_and_is_soon_left_alone),
        T(a_short_failure_is_tried_again_with_growing_jitter),
        T(a_short_retry_after_is_waited_out_and_a_long_one_is_not),
        T(a_wrong_key_is_not_tried_again_and_no_text_is_blamed),
        T(one_text_that_the_service_does_not_stand_is_found_and_the_others_go_on),
        T(the_end_of_the_process_ends_a_fetch_without_a_verdict),
        T(caps_hold_over_restarts_until_midnight),
        T(what_the_service_counted_puts_the_books_right),
        T(nothing_is_sent_that_cannot_be_booked),
        T(texts_go_in_batches_and_each_goes_once),
        T(a_text_that_says_nothing_is_ready_and_unasked),
        T(the_lease_is_renewed_before_each_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
