/* Placing reports: what is refused, what joins, what stays alone. */
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

/* ---- What is refused ------------------------------------------------------------------------------ */

static void a_vector_of_other_dimensions_is_refused(void **state) {
    sc_engine *e = made_engine();
    uint64_t seed = 1;
    made m;
    made_item(&m, 1, 0.2, &seed);
    m.repr.dim = 32;
    const sc_engine_item item = {.key = 1, .repr = &m.repr};
    sc_change c;
    sc_err err;
    sc_id none = {0};
    sc_hit *hits;
    size_t n;
    assert_int_equal(sc_engine_place(e, &item, 1, *state, &c, &err), SC_INVALID);
    assert_int_equal(sc_engine_put(e, &item, &none, &err), SC_INVALID);
    assert_int_equal(sc_engine_search(e, &m.repr, 5, *state, &hits, &n, &err), SC_INVALID);
    assert_false(sc_engine_has(e, 1));
    sc_engine_free(e);
    const sc_engine_conf wide = {.dim = SC_REPR_MAX_DIM + 1};
    assert_int_equal(sc_engine_new(&wide, &e, &err), SC_INVALID);
}

static void a_bad_item_in_a_batch_takes_the_whole_batch_back(void **state) {
    sc_engine *e = made_engine();
    uint64_t seed = 1;
    made m[3];
    for (int i = 0; i < 3; i++) made_item(&m[i], 1, 0.2, &seed);
    m[2].repr.dim = 3;
    const sc_engine_item items[] = {{.key = 1, .repr = &m[0].repr},
                                    {.key = 2, .repr = &m[1].repr},
                                    {.key = 3, .repr = &m[2].repr}};
    sc_change c;
    sc_err err;
    uint64_t before = digest(e);
    assert_int_equal(sc_engine_place(e, items, 3, *state, &c, &err), SC_INVALID);
    assert_true(digest(e) == before);
    sc_engine_free(e);
}

static void what_is_not_known_is_not_found(void **state) {
    sc_engine *e = made_engine();
    sc_id id = sc_id_new(&sc_clock_system), none = {0}, to;
    sc_id bad = {"not an id"};
    sc_change c;
    sc_err err;
    sc_move move;
    sc_cluster_view view;
    sc_neighbour *near;
    size_t n;
    assert_int_equal(sc_engine_set_cluster(e, 5, &id, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_set_status(e, &id, SC_CLUSTER_new, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_merge(e, &id, &id, 1, *state, &c, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_split(e, &id, NULL, 0, *state, &to, &c, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_move(e, 5, NULL, *state, &to, &c, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_explain(e, 5, &move, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_view(e, &id, &view, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_view(e, &none, &view, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_view(e, &bad, &view, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_neighbours(e, &id, 5, *state, &near, &n, &err), SC_NOT_FOUND);
    sc_engine_remove(e, 5);
    sc_engine_free(e);
}

static void a_known_key_is_skipped(void **state) {
    sc_engine *e = made_engine();
    uint64_t seed = 1;
    made m;
    made_item(&m, 1, 0.2, &seed);
    made_place(e, *state, 1, &m);
    uint64_t before = digest(e);
    sc_change c = made_place(e, *state, 1, &m);
    assert_int_equal(c.n_moves, 0);
    assert_true(digest(e) == before);
    sc_engine_free(e);
}

static void a_report_that_says_nothing_joins_nothing(void **state) {
    sc_engine *e = made_engine();
    made empty = {0};
    made_wire(&empty);
    for (int64_t k = 1; k <= 4; k++) {
        sc_change c = made_place(e, *state, k, &empty);
        assert_int_equal(c.n_opened, 1);
        assert_int_equal(c.moves[0].reason, SC_REASON_first);
    }
    sc_engine_free(e);
}

/* ---- Joining -------------------------------------------------------------------------------------- */

static void the_first_report_opens_and_a_like_one_joins_it(void **state) {
    sc_engine *e = made_engine();
    uint64_t seed = 1;
    made a, b, other;
    made_item(&a, 1, 0.1, &seed);
    made_item(&b, 1, 0.1, &seed);
    made_item(&other, 2, 0.1, &seed);
    sc_change c = made_place(e, *state, 1, &a);
    assert_int_equal(c.n_moves, 1);
    assert_int_equal(c.n_opened, 1);
    assert_false(sc_id_is_set(&c.moves[0].from));
    assert_int_equal(c.moves[0].reason, SC_REASON_first);
    c = made_place(e, *state, 2, &b);
    assert_int_equal(c.n_opened, 0);
    assert_int_equal(c.moves[0].reason, SC_REASON_similar);
    assert_int_equal(c.moves[0].nearest, 1);
    assert_true(c.moves[0].evidence.probability >= 0.5);
    assert_true(c.moves[0].evidence.mean > 0.5 && c.moves[0].evidence.mean <= 1);
    assert_int_not_equal(c.moves[0].shared[0], 0);
    c = made_place(e, *state, 3, &other);
    assert_int_equal(c.n_opened, 1);
    assert_true(made_together(e, 1, 2));
    assert_false(made_together(e, 1, 3));
    sc_engine_free(e);
}

/* A like B, B like C, A unlike C: a chain is no group. */
static void a_chain_of_three_stays_two(void **state) {
    uint64_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {0, 2, 1}};
    for (size_t o = 0; o < SC_LEN(orders); o++) {
        sc_engine *e = made_engine();
        made m[3];
        for (int i = 0; i < 3; i++) {
            double v[MADE_DIM] = {0};
            m[i] = (made){0};
            made_wire(&m[i]);
            v[i] = v[i + 1] = 1; /* cosine 1/2 to the next, 0 to the one after */
            made_vector(&m[i], v);
            made_words(&m[i], 10 + 4 * (uint32_t)i, 12); /* two thirds of the words, then one */
        }
        for (int i = 0; i < 3; i++) made_place(e, *state, i + 1, &m[orders[o][i]]);
        sc_change c;
        ok(sc_engine_consolidate(e, 0, *state, &c, &err));
        sc_engine_stats st;
        sc_engine_stats_get(e, &st);
        assert_int_equal(st.items, 3);
        assert_int_equal(st.clusters, 2);
        sc_engine_free(e);
    }
}

static void the_same_fingerprint_joins_at_once_text_before_stack(void **state) {
    sc_engine *e = made_engine();
    uint64_t seed = 1;
    made a, b, c;
    made_item(&a, 1, 0.1, &seed);
    made_item(&b, 2, 0.1, &seed);
    made_item(&c, 3, 0.1, &seed);
    a.repr.fp_text = 77;
    b.repr.fp_stack = 77; /* the same number, another kind */
    made_place(e, *state, 1, &a);
    made_place(e, *state, 2, &b);
    assert_false(made_together(e, 1, 2));
    c.repr.fp_text = 77;
    c.repr.fp_stack = 77;
    sc_change ch = made_place(e, *state, 3, &c);
    assert_int_equal(ch.moves[0].reason, SC_REASON_fingerprint);
    assert_int_equal(ch.moves[0].nearest, 1);
    assert_true(made_together(e, 1, 3));
    made_item(&c, 4, 0.1, &seed);
    c.repr.fp_stack = 77;
    ch = made_place(e, *state, 4, &c);
    assert_int_equal(ch.moves[0].reason, SC_REASON_stack);
    sc_engine_free(e);
}

static void never_is_obeyed_by_fingerprints_and_by_similarity(void **state) {
    sc_engine *e = made_engine();
    uint64_t seed = 1;
    made a, b;
    made_item(&a, 1, 0.05, &seed);
    made_item(&b, 1, 0.05, &seed);
    a.repr.fp_text = b.repr.fp_text = 5;
    made_place(e, *state, 1, &a);
    const sc_correction never = {
        .kind = SC_CORRECTION_never, .feedback_seq = 2, .cluster_id = made_home(e, 1)};
    ok(sc_engine_set_corrections(e, &never, 1, &err));
    made_place(e, *state, 2, &b);
    assert_false(made_together(e, 1, 2));
    sc_change c;
    ok(sc_engine_consolidate(e, 0, *state, &c, &err));
    assert_false(made_together(e, 1, 2));
    /* Its like may join, and the two do not meet by way of it. */
    made_item(&a, 1, 0.05, &seed);
    a.repr.fp_text = 5;
    made_place(e, *state, 3, &a);
    assert_false(made_together(e, 1, 2));
    sc_engine_free(e);
}

static void a_report_in_the_grey_band_is_suggested(void **state) {
    sc_engine *e = made_engine();
    made a = {0}, b = {0};
    double v[MADE_DIM] = {1, 0}, w[MADE_DIM] = {0.88, 0.475};
    made_wire(&a);
    made_wire(&b);
    made_vector(&a, v);
    made_vector(&b, w);
    made_words(&a, 10, 10);
    made_words(&b, 19, 10);
    made_place(e, *state, 1, &a);
    sc_change c = made_place(e, *state, 2, &b);
    assert_false(made_together(e, 1, 2));
    assert_int_equal(c.moves[0].reason, SC_REASON_unlike);
    assert_int_equal(c.n_suggestions, 1);
    sc_id home = made_home(e, 1);
    assert_true(sc_id_eq(&c.suggestions[0].cluster, &home));
    assert_int_equal(c.suggestions[0].key, 2);
    assert_true(c.suggestions[0].evidence.probability < (double)e->profile->join);
    assert_true(c.suggestions[0].evidence.probability >= (double)e->profile->suggest);
    sc_engine_free(e);
}

static void contradicting_error_codes_lower_the_probability(void **state) {
    double p[2];
    for (int turn = 0; turn < 2; turn++) {
        sc_engine *e = made_engine();
        uint64_t seed = 1;
        made a, b;
        made_item(&a, 1, 0.3, &seed);
        made_item(&b, 1, 0.3, &seed);
        a.facets[0] = 3u << 28 | 1;
        b.facets[0] = 3u << 28 | (turn ? 2 : 1);
        a.repr.n_facets = b.repr.n_facets = 1;
        made_place(e, *state, 1, &a);
        sc_change c = made_place(e, *state, 2, &b);
        p[turn] = c.moves[0].evidence.probability;
        assert_int_equal(c.moves[0].evidence.conflict, turn);
        sc_engine_free(e);
    }
    assert_true(p[1] < p[0]);
}

/* ---- Status --------------------------------------------------------------------------------------- */

static void
a_report_of_a_resolved_issue_is_a_regression_and_of_an_ignored_one_is_not(void **state) {
    const sc_cluster_status statuses[] = {SC_CLUSTER_resolved, SC_CLUSTER_ignored, SC_CLUSTER_new};
    for (size_t i = 0; i < SC_LEN(statuses); i++) {
        sc_engine *e = made_engine();
        uint64_t seed = 1;
        made m;
        made_item(&m, 1, 0.1, &seed);
        made_place(e, *state, 1, &m);
        sc_id home = made_home(e, 1);
        ok(sc_engine_set_status(e, &home, statuses[i], &err));
        made_item(&m, 1, 0.1, &seed);
        sc_change c = made_place(e, *state, 2, &m);
        assert_true(made_together(e, 1, 2));
        assert_int_equal(c.n_regressed, statuses[i] == SC_CLUSTER_resolved);
        if (c.n_regressed) assert_true(sc_id_eq(&c.regressed[0], &home));
        sc_engine_free(e);
    }
}

static void resolved_issues_are_neither_merged_nor_split_by_the_machine(void **state) {
    sc_engine *e = made_engine();
    uint64_t seed = 1;
    made m;
    sc_id a = sc_id_new(&sc_clock_system), b = sc_id_new(&sc_clock_system);
    for (int64_t k = 1; k <= 8; k++) { /* b holds two things; a and b share one */
        made_item(&m, k <= 6 ? 1 : 2, 0.1, &seed);
        const sc_engine_item item = {.key = k, .repr = &m.repr};
        ok(sc_engine_put(e, &item, k <= 3 ? &a : &b, &err));
    }
    ok(sc_engine_set_status(e, &a, SC_CLUSTER_resolved, &err));
    ok(sc_engine_set_status(e, &b, SC_CLUSTER_ignored, &err));
    sc_change c;
    ok(sc_engine_consolidate(e, 0, *state, &c, &err));
    assert_int_equal(c.n_moves, 0);
    ok(sc_engine_set_status(e, &a, SC_CLUSTER_triaged, &err));
    ok(sc_engine_set_status(e, &b, SC_CLUSTER_new, &err));
    ok(sc_engine_consolidate(e, 0, *state, &c, &err));
    assert_true(made_together(e, 1, 6));
    assert_false(made_together(e, 1, 8));
    assert_true(made_together(e, 7, 8));
    /* The oldest id wins a merge; the split-off keeps what is left of b. */
    sc_id home = made_home(e, 4);
    assert_true(sc_id_eq(&home, &a));
    sc_engine_free(e);
}

/* ---- Order ---------------------------------------------------------------------------------------- */

static void the_order_of_arrival_matters_little(void **state) {
    enum { N = 240, TOPICS = 24 };
    static made m[N];
    uint64_t seed = 3;
    for (unsigned i = 0; i < N; i++) made_item(&m[i], i % TOPICS, 0.35, &seed);
    for (uint64_t turn = 1; turn <= 4; turn++) {
        sc_engine *e = made_engine();
        uint32_t order[N];
        uint64_t s = turn;
        for (uint32_t i = 0; i < N; i++) order[i] = i;
        for (uint32_t i = N; i > 1; i--) {
            uint32_t k = (uint32_t)(rnd(&s) % i), x = order[k];
            order[k] = order[i - 1];
            order[i - 1] = x;
        }
        for (uint32_t i = 0; i < N; i++) {
            made_place(e, *state, order[i] + 1, &m[order[i]]);
            sc_arena_reset(*state);
        }
        size_t wrong = 0;
        for (int64_t i = 0; i < N; i++)
            for (int64_t k = 0; k < i; k++)
                wrong += made_together(e, i + 1, k + 1) != (i % TOPICS == k % TOPICS);
        assert_in_range(wrong, 0, 24); /* of 28,680 pairs, 1,080 of them true */
        sc_engine_free(e);
    }
}

static void the_same_input_gives_the_same_groups(void **state) {
    enum { N = 120 };
    sc_engine *e[2] = {made_engine(), made_engine()};
    for (int turn = 0; turn < 2; turn++) {
        uint64_t seed = 5;
        for (int64_t k = 1; k <= N; k++) {
            made m;
            made_item(&m, (unsigned)(k * 7 % 15), 0.45, &seed);
            made_place(e[turn], *state, k, &m);
            sc_arena_reset(*state);
        }
    }
    for (int64_t i = 1; i <= N; i++)
        for (int64_t k = 1; k < i; k++)
            assert_int_equal(made_together(e[0], i, k), made_together(e[1], i, k));
    sc_engine_free(e[0]);
    sc_engine_free(e[1]);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(a_vector_of_other_dimensions_is_refused),
        test(a_bad_item_in_a_batch_takes_the_whole_batch_back),
        test(what_is_not_known_is_not_found),
        test(a_known_key_is_skipped),
        test(a_report_that_says_nothing_joins_nothing),
        test(the_first_report_opens_and_a_like_one_joins_it),
        test(a_chain_of_three_stays_two),
        test(the_same_fingerprint_joins_at_once_text_before_stack),
        test(never_is_obeyed_by_fingerprints_and_by_similarity),
        test(a_report_in_the_grey_band_is_suggested),
        test(contradicting_error_codes_lower_the_probability),
        test(a_report_of_a_resolved_issue_is_a_regression_and_of_an_ignored_one_is_not),
        test(resolved_issues_are_neither_merged_nor_split_by_the_machine),
        test(the_order_of_arrival_matters_little),
        test(the_same_input_gives_the_same_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
