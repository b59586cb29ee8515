/* Renewing the epoch: at once in a small project, step by step in a large one. */
#include "test_group_support.h"

#include "group/learn.h"

enum { LARGE = SC_EPOCH_AT_ONCE + 40 };

/* A project of n reports, all of them in no cluster. */
static sc_engine *filled(uint32_t n, uint64_t seed) {
    sc_engine *e = made_engine();
    const sc_id none = {{0}};
    for (uint32_t i = 0; i < n; i++) {
        made m;
        made_item(&m, i % 50, 0.4, &seed);
        m.titles[0] = i % 7;
        m.repr.n_title_terms = 1;
        const sc_engine_item item = {.key = i + 1, .repr = &m.repr};
        ok(sc_engine_put(e, &item, &none, &err));
    }
    return e;
}

/* Makes it look outgrown, with an epoch that knows nothing of it. */
static void outgrow(sc_engine *e) {
    e->epoch = (sc_epoch){.n = 100, .idf_new = 1, .cut = 1, .own_cut = 1};
    for (uint32_t i = 0; i < e->terms.n; i++) e->terms.idf[i] = 1;
}

static uint32_t steps_until_new(sc_engine *e) {
    const uint32_t no = e->epoch_no;
    uint32_t steps = 0;
    while (e->epoch_no == no) {
        sc_learn_step(e);
        assert_true(++steps < e->items.n / 16); /* it is through before the next is due */
    }
    return steps;
}

static void step_by_step_gives_what_at_once_gives(void **state) {
    (void)state;
    sc_engine *e = filled(LARGE, 3);
    sc_epoch whole = {0};
    sc_items items = e->items;
    sc_terms terms = e->terms;
    terms.idf = sc_alloc_array(terms.n, sizeof *terms.idf);
    for (int k = 0; k < SC_TERM_WEIGHTED; k++)
        items.inv[k] = sc_alloc_array(items.n, sizeof(float));
    assert_true(sc_epoch_refresh(&items, &terms, e->profile, &whole));
    outgrow(e);
    const float old = e->epoch.cut;
    sc_learn_refresh(e); /* not at once */
    assert_true(e->epoch.n == 100);
    sc_learn_step(e);
    assert_memory_equal(&e->epoch.cut, &old, sizeof old);
    assert_true(steps_until_new(e) > 100);
    sc_epoch_set_cut(e->profile, &whole, whole.own_cut);
    assert_memory_equal(&e->epoch, &whole, sizeof whole);
    assert_memory_equal(e->terms.idf, terms.idf, terms.n * sizeof *terms.idf);
    for (int k = 0; k < SC_TERM_WEIGHTED; k++) {
        assert_memory_equal(e->items.inv[k], items.inv[k], items.n * sizeof(float));
        sc_free(items.inv[k]);
    }
    sc_free(terms.idf);
    assert_int_equal(e->renewal.stage, 0);
    sc_engine_free(e);
}

static void a_small_project_is_renewed_at_once(void **state) {
    (void)state;
    sc_engine *e = filled(300, 4);
    outgrow(e);
    sc_learn_refresh(e);
    assert_int_equal(e->epoch.n, 300);
    sc_learn_step(e);
    assert_int_equal(e->renewal.stage, 0);
    sc_engine_free(e);
}

static void what_comes_meanwhile_gets_the_new_weights(void **state) {
    (void)state;
    sc_engine *e = filled(LARGE, 5);
    const sc_id none = {{0}};
    uint64_t seed = 99;
    outgrow(e);
    for (int i = 0; i < 20; i++) sc_learn_step(e);
    made m;
    made_item(&m, 3, 0.5, &seed);
    m.terms[0] = 7; /* a word that nobody had */
    const sc_engine_item item = {.key = LARGE + 1, .repr = &m.repr};
    ok(sc_engine_put(e, &item, &none, &err));
    steps_until_new(e);
    assert_int_equal(e->epoch.n, LARGE);
    const uint32_t word = sc_terms_word(&e->terms, 7);
    assert_true(e->terms.idf[word] < 0);
    const float was = e->items.inv[SC_TERM_WORD][LARGE];
    const sc_score s = sc_state_score(e);
    sc_score_set_norms(&s, &e->items, LARGE);
    assert_memory_equal(&was, &e->items.inv[SC_TERM_WORD][LARGE], sizeof was);
    sc_engine_free(e);
}

static void where_slots_change_it_begins_anew_and_at_last_is_done_at_once(void **state) {
    (void)state;
    sc_engine *e = filled(LARGE, 6);
    outgrow(e);
    uint32_t key = 1;
    for (; e->epoch.n == 100 && key < 30; key++) {
        for (int i = 0; i < 5; i++) sc_learn_step(e);
        sc_engine_remove(e, key);
        sc_learn_refresh(e);
    }
    assert_true(key < 10);
    assert_int_equal(e->epoch.n, e->items.n);
    assert_int_equal(e->renewal.stage, 0);
    sc_engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_by_step_gives_what_at_once_gives),
        cmocka_unit_test(a_small_project_is_renewed_at_once),
        cmocka_unit_test(what_comes_meanwhile_gets_the_new_weights),
        cmocka_unit_test(where_slots_change_it_begins_anew_and_at_last_is_done_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
