/* What corrections teach: group/learn.c. */
#include "group/learn.h"
#include "test_group_support.h"

static int setup(void **state) {
    static sc_arena a;
    sc_arena_init(&a, 1 << 26);
    *state = &a;
    return 0;
}

static int teardown(void **state) {
    sc_arena_done(*state);
    return 0;
}

/* Forty topics of three loosely similar reports each: keys t, t + 40, t + 80 are of topic t. */
enum { TOPICS = 40 };
static sc_engine *filled(sc_arena *a, double spread) {
    sc_engine *e = made_engine();
    uint64_t seed = 5;
    for (unsigned i = 0; i < TOPICS * 3; i++) {
        made m;
        made_item(&m, i % TOPICS, spread, &seed);
        made_place(e, a, (int64_t)i + 1, &m);
    }
    return e;
}

/* A person takes the last report of each of n issues out of it. */
static size_t split_off(sc_engine *e, sc_arena *a, int n, sc_correction *c) {
    size_t n_done = 0;
    for (int64_t t = 1; t <= n; t++) {
        int64_t key = t + 2 * TOPICS;
        sc_id home = made_home(e, t), fresh;
        sc_change change;
        if (!made_together(e, t, key)) continue;
        ok(sc_engine_split(e, &home, &key, 1, a, &fresh, &change, &err));
        c[n_done++] =
            (sc_correction){.kind = SC_CORRECTION_apart, .cluster_id = home, .other_id = fresh};
    }
    return n_done;
}

static void nobody_said_anything_and_the_cut_is_the_projects_own(void **state) {
    sc_engine *e = filled(*state, 0.59);
    assert_true(e->epoch.cut == e->epoch.own_cut);
    assert_true(e->epoch.cut > 0);
    sc_engine_free(e);
}

static void splits_raise_the_cut_and_undoing_them_brings_it_back(void **state) {
    sc_engine *e = filled(*state, 0.59);
    sc_correction c[TOPICS];
    float own = e->epoch.own_cut;
    size_t n = split_off(e, *state, TOPICS, c);
    assert_true(n > 10);
    ok(sc_engine_set_corrections(e, c, 1, &err));
    float after_one = e->epoch.cut;
    ok(sc_engine_set_corrections(e, c, n, &err));
    assert_true(after_one > own);
    assert_true(after_one < 1.25f * own); /* one person's one split is not yet a law */
    assert_true(e->epoch.cut > 1.05f * own);
    assert_true(e->epoch.cut > after_one);
    assert_true(e->epoch.cut <= 1.66f * own);
    assert_true(e->epoch.own_cut == own);
    ok(sc_engine_set_corrections(e, NULL, 0, &err));
    assert_true(e->epoch.cut == own);
    sc_engine_free(e);
}

/* People put the fragments of each topic together. */
static size_t join_topics(sc_engine *e, sc_arena *a, sc_correction *c, int *ret_merges) {
    size_t n = 0;
    *ret_merges = 0;
    for (int64_t t = 1; t <= TOPICS; t++) {
        sc_id into = made_home(e, t);
        for (int64_t k = 1; k < 3; k++) {
            sc_id from = made_home(e, t + k * TOPICS);
            sc_change change;
            if (sc_id_eq(&into, &from)) continue;
            ok(sc_engine_merge(e, &into, &from, 1, a, &change, &err));
            ++*ret_merges;
        }
        for (int64_t k = 0; k < 3; k++)
            c[n++] = (sc_correction){
                .kind = SC_CORRECTION_pin, .feedback_seq = t + k * TOPICS, .cluster_id = into};
    }
    return n;
}

static void merges_lower_it_and_agreeing_hardly_moves_it(void **state) {
    sc_correction c[3 * TOPICS];
    int merges;
    sc_engine *e = filled(*state, 0.1); /* the engine has the topics whole: a person pins them */
    size_t n = join_topics(e, *state, c, &merges);
    assert_int_equal(merges, 0);
    ok(sc_engine_set_corrections(e, c, n, &err));
    assert_true(e->epoch.cut <= e->epoch.own_cut);
    assert_true(e->epoch.cut > 0.9f * e->epoch.own_cut);
    sc_engine_free(e);

    e = filled(*state, 0.63);
    n = join_topics(e, *state, c, &merges);
    assert_true(merges > 10);
    ok(sc_engine_set_corrections(e, c, n, &err));
    assert_true(e->epoch.cut < 0.9f * e->epoch.own_cut);
    sc_engine_free(e);
}

static void what_a_language_model_merged_holds_and_teaches_nothing(void **state) {
    sc_correction c[3 * TOPICS];
    int merges;
    sc_engine *e = filled(*state, 0.63);
    size_t n = join_topics(e, *state, c, &merges);
    assert_true(merges > 10);
    for (size_t i = 0; i < n; i++) c[i].actor = SC_STR(SC_ACTOR_LLM "toy/1");
    ok(sc_engine_set_corrections(e, c, n, &err));
    assert_true(e->epoch.cut == e->epoch.own_cut);
    assert_true(e->rules.n_pins > 10 && e->rules.n_lessons == 0);
    sc_engine_free(e);
}

static void what_was_learnt_outlives_a_new_epoch(void **state) {
    sc_engine *e = filled(*state, 0.59);
    sc_correction c[TOPICS];
    size_t n = split_off(e, *state, TOPICS, c);
    ok(sc_engine_set_corrections(e, c, n, &err));
    uint64_t seed = 99;
    uint32_t epoch = e->epoch.n;
    for (int64_t k = 1000; k < 1040; k++) {
        made m;
        made_item(&m, (unsigned)k, 0.9, &seed);
        made_place(e, *state, k, &m);
    }
    assert_true(e->epoch.n > epoch);
    assert_true(e->epoch.cut > 1.05f * e->epoch.own_cut);
    sc_engine_free(e);
}

static void rules_about_what_is_not_here_teach_nothing(void **state) {
    sc_engine *e = filled(*state, 0.59);
    sc_id gone = sc_id_new(&sc_clock_system), home = made_home(e, 1);
    const sc_correction c[] = {
        {.kind = SC_CORRECTION_apart, .cluster_id = gone, .other_id = home},
        {.kind = SC_CORRECTION_never, .feedback_seq = 99999, .cluster_id = home},
        {.kind = SC_CORRECTION_pin, .feedback_seq = 99999, .cluster_id = gone},
    };
    ok(sc_engine_set_corrections(e, c, SC_LEN(c), &err));
    assert_true(e->epoch.cut == e->epoch.own_cut);
    sc_engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_said_anything_and_the_cut_is_the_projects_own),
        cmocka_unit_test(splits_raise_the_cut_and_undoing_them_brings_it_back),
        cmocka_unit_test(merges_lower_it_and_agreeing_hardly_moves_it),
        cmocka_unit_test(what_a_language_model_merged_holds_and_teaches_nothing),
        cmocka_unit_test(what_was_learnt_outlives_a_new_epoch),
        cmocka_unit_test(rules_about_what_is_not_here_teach_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
