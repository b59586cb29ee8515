/* Reading: views, search, matching, explanations, neighbours, evaluation. */
#include "group/evaluate.h"
#include "test_group_support.h"

enum { N = 40, TOPICS = 4 };
static made items[N];

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

static sc_engine *filled(sc_arena *a) {
    sc_engine *e = made_engine();
    uint64_t seed = 6;
    for (unsigned i = 0; i < N; i++) {
        made_item(&items[i], i % TOPICS, 0.3, &seed);
        made_place(e, a, (int64_t)i + 1, &items[i]);
    }
    return e;
}

/* ---- Views ---------------------------------------------------------------------------------------- */

static void cohesion_is_the_mean_over_all_pairs(void **state) {
    sc_engine *e = filled(*state);
    const sc_score s = sc_state_score(e);
    sc_id home = made_home(e, 1);
    const sc_group *g = &e->groups.v[sc_groups_find_id(&e->groups, &home)];
    assert_true(g->n > 3);
    double total = 0, least = 9, most = -9;
    int64_t medoid = 0;
    for (uint32_t i = 0; i < g->n; i++) {
        double sum = 0;
        const sc_query q = sc_score_query(&s, g->members[i]);
        for (uint32_t k = 0; k < g->n; k++) {
            sc_parts p;
            sc_score_parts(&s, &q, g->members[k], &p);
            if (k != i) sum += (double)p.raw;
        }
        sum /= g->n - 1;
        total += sum;
        least = SC_MIN(least, sum);
        if (sum > most) {
            most = sum;
            medoid = e->items.v[g->members[i]].key;
        }
    }
    sc_cluster_view v;
    ok(sc_engine_view(e, &home, &v, &err));
    assert_int_equal(v.count, g->n);
    assert_true(fabs(v.cohesion_mean - sc_score_shown(&s, total / g->n)) < 1e-4);
    assert_true(fabs(v.cohesion_min - sc_score_shown(&s, least)) < 1e-4);
    assert_int_equal(v.representatives[0], medoid);
    assert_int_equal(v.first_ms, 1000);
    assert_true(v.representatives[1] && v.representatives[1] != v.representatives[2]);
    sc_engine_free(e);
}

static void a_single_report_coheres_with_itself(void **state) {
    sc_engine *e = made_engine();
    uint64_t seed = 1;
    made m;
    made_item(&m, 1, 0.1, &seed);
    made_place(e, *state, 9, &m);
    sc_id home = made_home(e, 9);
    sc_cluster_view v;
    ok(sc_engine_view(e, &home, &v, &err));
    assert_true(v.count == 1 && v.cohesion_mean == 1 && v.cohesion_min == 1);
    assert_int_equal(v.representatives[0], 9);
    assert_int_equal(v.representatives[1], 0);
    sc_engine_free(e);
}

static void an_explanation_leaves_the_report_itself_out(void **state) {
    sc_engine *e = filled(*state);
    sc_move why;
    ok(sc_engine_explain(e, 5, &why, &err));
    sc_id home = made_home(e, 5);
    assert_true(sc_id_eq(&why.to, &home));
    assert_int_not_equal(why.nearest, 5);
    assert_true(made_together(e, why.nearest, 5));
    assert_true(why.evidence.mean >= 0 && why.evidence.mean < 1);
    assert_true(why.evidence.worst <= why.evidence.mean && why.evidence.mean <= why.evidence.best);
    assert_int_not_equal(why.shared[0], 0);
    sc_engine_free(e);
}

static void neighbours_come_best_first_and_say_who_is_kept_apart(void **state) {
    sc_engine *e = made_engine();
    uint64_t seed = 2;
    sc_id a = sc_id_new(&sc_clock_system), b = sc_id_new(&sc_clock_system),
          c = sc_id_new(&sc_clock_system);
    for (int64_t k = 1; k <= 9; k++) { /* a and b hold one topic, c another */
        made m;
        made_item(&m, k <= 6 ? 1 : 2, 0.3, &seed);
        const sc_engine_item item = {.key = k, .repr = &m.repr};
        ok(sc_engine_put(e, &item, k <= 3 ? &a : k <= 6 ? &b : &c, &err));
    }
    const sc_correction apart = {.kind = SC_CORRECTION_apart, .cluster_id = b, .other_id = a};
    ok(sc_engine_set_corrections(e, &apart, 1, &err));
    sc_neighbour *near;
    size_t n;
    ok(sc_engine_neighbours(e, &a, 5, *state, &near, &n, &err));
    assert_true(n >= 1 && n <= 2);
    assert_true(sc_id_eq(&near[0].cluster, &b));
    assert_true(near[0].apart);
    assert_true(near[0].evidence.probability > 0.5);
    if (n == 2) assert_true(!near[1].apart && near[1].evidence.mean < near[0].evidence.mean);
    ok(sc_engine_neighbours(e, &a, 0, *state, &near, &n, &err));
    assert_int_equal(n, 0);
    sc_engine_free(e);
}

/* ---- Search --------------------------------------------------------------------------------------- */

static void a_report_finds_itself_first_and_then_its_like(void **state) {
    sc_engine *e = filled(*state);
    for (unsigned i = 0; i < N; i++) {
        sc_hit *hits;
        size_t n;
        ok(sc_engine_search(e, &items[i].repr, 10, *state, &hits, &n, &err));
        assert_int_equal(n, 10);
        assert_int_equal(hits[0].key, i + 1);
        for (size_t k = 1; k < n; k++) {
            assert_true(hits[k].score <= hits[k - 1].score && hits[k].score >= 0);
            if (k < 5) assert_int_equal((hits[k].key - 1) % TOPICS, i % TOPICS);
        }
        sc_arena_reset(*state);
    }
    sc_engine_free(e);
}

static void search_gives_no_more_than_there_is_and_nothing_for_nothing(void **state) {
    sc_engine *e = filled(*state);
    sc_hit *hits;
    size_t n;
    ok(sc_engine_search(e, &items[0].repr, 1000, *state, &hits, &n, &err));
    assert_true(n <= N);
    ok(sc_engine_search(e, &items[0].repr, 0, *state, &hits, &n, &err));
    assert_int_equal(n, 0);
    made nothing = {0};
    made_wire(&nothing);
    ok(sc_engine_search(e, &nothing.repr, 5, *state, &hits, &n, &err));
    assert_int_equal(n, 0);
    sc_engine *empty = made_engine();
    ok(sc_engine_search(empty, &items[0].repr, 5, *state, &hits, &n, &err));
    assert_int_equal(n, 0);
    sc_engine_free(empty);
    sc_engine_free(e);
}

static void matching_wants_every_word_and_pages_from_the_newest(void **state) {
    sc_engine *e = made_engine();
    for (int64_t k = 1; k <= 30; k++) {
        made m = {0};
        made_wire(&m);
        double v[MADE_DIM] = {0};
        v[k % MADE_DIM] = 1;
        made_vector(&m, v);
        made_add_word(&m, 5);
        if (k % 2) made_add_word(&m, 6);
        if (k % 3 == 0) made_add_word(&m, 7);
        made_place(e, *state, k, &m);
    }
    const uint32_t both[] = {7, 6}, unknown[] = {5, 999};
    int64_t *keys;
    size_t n, total;
    ok(sc_engine_match(e, both, 2, 0, 3, *state, &keys, &n, &total, &err));
    assert_int_equal(total, 5); /* 3 9 15 21 27 */
    assert_int_equal(n, 3);
    assert_int_equal(keys[0], 27);
    assert_int_equal(keys[2], 15);
    ok(sc_engine_match(e, both, 2, 15, 3, *state, &keys, &n, &total, &err));
    assert_int_equal(n, 2);
    assert_int_equal(keys[0], 9);
    assert_int_equal(total, 5);
    ok(sc_engine_match(e, unknown, 2, 0, 3, *state, &keys, &n, &total, &err));
    assert_int_equal(total, 0);
    ok(sc_engine_match(e, NULL, 0, 0, 4, *state, &keys, &n, &total, &err));
    assert_int_equal(total, 30);
    assert_int_equal(keys[0], 30);
    sc_engine_free(e);
}

static void rare_words_weigh_more_and_none_weighs_less_than_nothing(void **state) {
    sc_engine *e = filled(*state);
    uint32_t most = 0, least = 0;
    for (uint32_t t = 0; t < e->terms.n; t++) {
        const sc_term *x = &e->terms.v[t];
        if (x->kind != SC_TERM_WORD) continue;
        if (!most || x->n > e->terms.v[most].n) most = t;
        if (x->n == 1) least = t;
    }
    assert_true(sc_engine_idf(e, (uint32_t)e->terms.v[most].key) <
                sc_engine_idf(e, (uint32_t)e->terms.v[least].key));
    assert_true(sc_engine_idf(e, (uint32_t)e->terms.v[most].key) >= 0);
    assert_true(sc_engine_idf(e, 424242) > 0);
    sc_engine_free(e);
}

/* ---- Evaluation ------------------------------------------------------------------------------------ */

static void clear_topics_evaluate_as_nearly_perfect(void **state) {
    (void)state;
    sc_repr reprs[N];
    int32_t labels[N], found[N];
    uint64_t seed = 6;
    for (unsigned i = 0; i < N; i++) {
        made_item(&items[i], i % TOPICS, 0.3, &seed);
        reprs[i] = items[i].repr;
        labels[i] = (int32_t)(i % TOPICS);
    }
    const sc_evaluate_conf conf = {.clock = &sc_clock_system, .shuffle = 3, .consolidate = true};
    sc_evaluation v;
    sc_err bad;
    ok(sc_evaluate_run(&conf, reprs, labels, N, found, &v, &err));
    assert_true(v.metrics.ari > 0.95);
    assert_true(v.recall_at_5 > 0.95);
    assert_int_equal(v.queries, N);
    assert_int_equal(sc_evaluate_run(&conf, reprs, labels, 0, found, &v, &bad), SC_INVALID);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(cohesion_is_the_mean_over_all_pairs),
        test(a_single_report_coheres_with_itself),
        test(an_explanation_leaves_the_report_itself_out),
        test(neighbours_come_best_first_and_say_who_is_kept_apart),
        test(a_report_finds_itself_first_and_then_its_like),
        test(search_gives_no_more_than_there_is_and_nothing_for_nothing),
        test(matching_wants_every_word_and_pages_from_the_newest),
        test(rare_words_weigh_more_and_none_weighs_less_than_nothing),
        test(clear_topics_evaluate_as_nearly_perfect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
