/* Reports that wait are embedded together, by an embedder that is faster so; each once, and what it refuses harms
 * nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/memo.h"
#include "app_fixture.h"
#include "toy_embedder.h"

enum { REPORTS = 150 };

static struct { _Atomic int calls, texts, most, alone; /* alone: calls for one text */ } seen;

static sc_rc embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                   int8_t *ret_vecs, sc_err *err) {
    (void)self;
    (void)deadline_ms;
    atomic_fetch_add(&seen.calls, 1);
    atomic_fetch_add(&seen.texts, (int)n);
    if ((int)n > atomic_load(&seen.most)) atomic_store(&seen.most, (int)n);
    if (n == 1) atomic_fetch_add(&seen.alone, 1);
    for (size_t i = 0; i < n; i++)
        if (sc_str_find(texts[i].title, SC_STR("poison")) != SIZE_MAX)
            return sc_fail(err, SC_UNPROCESSABLE, "I do not read such words");
    for (size_t i = 0; i < n; i++) toy_vec(&texts[i], ret_vecs + i * TOY_DIM);
    return SC_OK;
}

static const sc_embedder_ops together = {
    .name = "toy", .embed = embed, .dim = toy_dim, .model = toy_model, .together = true};
static const sc_embedder toy = {&together, &seen};

static sc_app_stats stats(app_fixture *f) {
    sc_app_stats s;
    sc_app_stats_get(f->app, &s);
    return s;
}

/* Reports that came while no worker ran. `poison`: which one is not read, or -1. */
static sc_id backlog(app_fixture *f, int poison) {
    sc_id bad = {{0}};
    app_fixture_open(f, &toy, false);
    for (int i = 0; i < REPORTS; i++) {
        char id[32], title[64];
        snprintf(id, sizeof id, "r-%d", i);
        snprintf(title, sizeof title, i == poison ? "poison" : "Part %d of the %d is odd", i,
                 i * 7);
        sc_id made = app_put(f, id, title, "");
        if (i == poison) bad = made;
    }
    memset(&seen, 0, sizeof seen);
    /* Batches are as large as time allows: here it allows all. */
    f->mono_stands_us = sc_mono_us(&sc_clock_system);
    app_fixture_restart(f, true);
    return bad;
}

static bool all_are_grouped(void *self) { return stats(self).grouped == REPORTS; }

static void a_backlog_is_embedded_in_batches_and_each_report_once(void **state) {
    (void)state;
    static app_fixture f;
    backlog(&f, -1);
    app_wait(all_are_grouped, &f, "all are grouped");
    app_settle(&f);
    assert_int_equal(stats(&f).grouped, REPORTS);
    assert_int_equal(atomic_load(&seen.texts), REPORTS);
    assert_true(atomic_load(&seen.most) > 16);
    assert_true(atomic_load(&seen.calls) <= REPORTS / 4);
    app_fixture_close(&f);
}

static bool one_is_parked(void *self) {
    app_fixture *f = self;
    return stats(f).group_errors > 0 && stats(f).grouped == REPORTS - 1;
}

static void one_that_is_not_read_is_parked_and_the_others_go_on(void **state) {
    (void)state;
    static app_fixture f;
    sc_id bad = backlog(&f, 40);
    app_wait(one_is_parked, &f, "all others are grouped");
    assert_int_equal(app_get(&f, &bad).state, SC_FEEDBACK_parked);
    app_fixture_close(&f);
}

static void a_memo_keeps_the_newest_and_knows_borders_between_parts(void **state) {
    (void)state;
    sc_memo m;
    sc_err err = {0};
    assert_int_equal(sc_memo_init(&m, 3, 2, &err), SC_OK);
    const sc_str a[] = {SC_STR("ab"), SC_STR("c")}, b[] = {SC_STR("a"), SC_STR("bc")};
    sc_memo_key keys[5] = {sc_memo_key_of(a, 2), sc_memo_key_of(b, 2)};
    assert_false(sc_memo_key_eq(&keys[0], &keys[1]));
    for (int i = 2; i < 5; i++) {
        const sc_str part = {"xyz", (size_t)i - 1};
        keys[i] = sc_memo_key_of(&part, 1);
    }
    assert_true(sc_memo_find(&m, &keys[0]) == SC_MEMO_NONE);
    for (int i = 0; i < 5; i++) *sc_memo_vec(&m, sc_memo_put(&m, &keys[i])) = (int8_t)i;
    assert_true(sc_memo_put(&m, &keys[4]) == sc_memo_find(&m, &keys[4])); /* not a second time */
    for (int i = 0; i < 5; i++) {
        size_t at = sc_memo_find(&m, &keys[i]);
        assert_int_equal(at == SC_MEMO_NONE, i < 2);
        if (at != SC_MEMO_NONE) assert_int_equal(*sc_memo_vec(&m, at), i);
    }
    sc_memo_forget(&m, sc_memo_find(&m, &keys[3]));
    assert_true(sc_memo_find(&m, &keys[3]) == SC_MEMO_NONE);
    sc_memo_done(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_memo_keeps_the_newest_and_knows_borders_between_parts),
        cmocka_unit_test(a_backlog_is_embedded_in_batches_and_each_report_once),
        cmocka_unit_test(one_that_is_not_read_is_parked_and_the_others_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
