/* The pass over everything: what order, corrections and interruptions may and may not do to it. */
#include "test_group_support.h"

#include "group/average.h"
#include "group/linkage.h"
#include "group/pass.h"
#include "group/settle.h"

enum { N = 160, TOPICS = 12 };

static made items[N];

static int setup(void **state) {
    static sc_arena arena;
    sc_arena_init(&arena, 64 << 20);
    *state = &arena;
    uint64_t seed = 11;
    for (unsigned i = 0; i < N; i++) made_item(&items[i], i % TOPICS, 0.62, &seed);
    return 0;
}

static int teardown(void **state) {
    sc_arena_done(*state);
    return 0;
}

/* Key = number of the item + 1, whatever the order; put in without grouping: each in its own. */
static sc_engine *engine_of(const unsigned *order, unsigned n, bool place, sc_arena *a) {
    sc_engine *e = made_engine();
    for (unsigned i = 0; i < n; i++) {
        unsigned k = order ? order[i] : i;
        if (place) {
            made_place(e, a, k + 1, &items[k]);
            continue;
        }
        sc_id id = sc_id_new(&sc_clock_system);
        const sc_engine_item item = {.key = k + 1, .repr = &items[k].repr};
        ok(sc_engine_put(e, &item, &id, &err));
    }
    return e;
}

static void shuffle(unsigned *order, unsigned n, uint64_t seed) {
    for (unsigned i = 0; i < n; i++) order[i] = i;
    for (unsigned i = n; i > 1; i--) {
        unsigned k = (unsigned)(rnd(&seed) % i), x = order[i - 1];
        order[i - 1] = order[k];
        order[k] = x;
    }
}

static sc_change pass(sc_engine *e, sc_arena *a) {
    sc_change c;
    ok(sc_engine_consolidate(e, 0, a, &c, &err));
    return c;
}

/* The same reports together in both? */
static bool same_partition(const sc_engine *x, const sc_engine *y, int64_t n) {
    for (int64_t i = 1; i <= n; i++)
        for (int64_t k = i + 1; k <= n; k++)
            if (made_together(x, i, k) != made_together(y, i, k)) return false;
    return true;
}

/* ---- Order ---------------------------------------------------------------------------------------- */

static void the_order_of_arrival_does_not_matter(void **state) {
    sc_engine *first = engine_of(NULL, N, true, *state);
    pass(first, *state);
    sc_engine_stats st;
    sc_engine_stats_get(first, &st);
    assert_in_range(st.clusters, 2, N - 1); /* it did group, and not all */
    for (uint64_t seed = 1; seed <= 6; seed++) {
        unsigned order[N];
        shuffle(order, N, seed);
        sc_engine *e = engine_of(order, N, seed % 2, *state);
        pass(e, *state);
        assert_true(same_partition(first, e, N));
        assert_true(fabsf(first->epoch.cut - e->epoch.cut) < 1e-5f);
        sc_engine_free(e);
    }
    sc_engine_free(first);
}

static void a_second_pass_moves_nothing(void **state) {
    sc_engine *e = engine_of(NULL, N, true, *state);
    pass(e, *state);
    uint64_t before = digest(e);
    for (int i = 0; i < 3; i++) {
        sc_change c = pass(e, *state);
        assert_int_equal(c.n_moves, 0);
        assert_int_equal(c.n_opened, 0);
    }
    assert_true(digest(e) == before);
    sc_engine_free(e);
}

/* The matrix is the truth. */
static void it_is_average_linkage_as_over_a_matrix(void **state) {
    sc_engine *e = engine_of(NULL, N, false, *state);
    pass(e, *state);
    const sc_score s = sc_state_score(e);
    sc_linkage l = {.n = N,
                    .sum = sc_alloc_array(N * N, sizeof(float)),
                    .size = sc_alloc_array(N, sizeof(float)),
                    .head = sc_alloc_array(N, sizeof(uint32_t)),
                    .work = sc_alloc_array(N, 2 * sizeof(uint32_t))};
    for (uint32_t i = 0; i < N; i++) {
        const sc_query q = sc_score_query(&s, i);
        l.size[i] = 1;
        for (uint32_t k = 0; k < N; k++) {
            sc_parts p;
            sc_score_parts(&s, &q, k, &p);
            l.sum[i * N + k] = p.raw;
        }
    }
    sc_linkage_run(&l, e->epoch.cut);
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_int_equal(l.head[i] == l.head[k], e->items.group[i] == e->items.group[k]);
    sc_free(l.sum);
    sc_free(l.size);
    sc_free(l.head);
    sc_free(l.work);
    sc_engine_free(e);
}

/* ---- Steps ---------------------------------------------------------------------------------------- */

/* Thinks a little and moves two at a time; `between` may meddle. */
static size_t small_steps(sc_engine *e, sc_arena *a, void (*between)(sc_engine *e, sc_arena *a)) {
    sc_pass *p;
    sc_pass_next next = SC_PASS_THINK;
    size_t moves = 0, steps = 0;
    ok(sc_pass_new(&p, &err));
    while (next != SC_PASS_DONE) {
        sc_change c;
        assert_true(++steps < 100000);
        ok(sc_pass_think(p, e, 1, &next, &err));
        if (next == SC_PASS_ACT) {
            ok(sc_pass_act(p, e, 2, a, &c, &err));
            assert_true(c.n_moves <= 2);
            moves += c.n_moves;
        }
        if (between && steps % 7 == 0) between(e, a);
    }
    sc_pass_free(p);
    return moves;
}

static void small_steps_lead_where_one_leads(void **state) {
    sc_engine *one = engine_of(NULL, N, true, *state), *many = engine_of(NULL, N, true, *state);
    sc_engine *apart = engine_of(NULL, N, false, *state);
    pass(one, *state);
    small_steps(many, *state, NULL);
    assert_true(small_steps(apart, *state, NULL) > 20);
    assert_true(same_partition(one, many, N));
    assert_true(same_partition(one, apart, N));
    sc_engine_free(one);
    sc_engine_free(many);
    sc_engine_free(apart);
}

static unsigned coming;
static void one_comes(sc_engine *e, sc_arena *a) {
    if (coming == N) return;
    made_place(e, a, coming + 1, &items[coming]);
    coming++;
}

static void reports_may_come_while_it_goes_on(void **state) {
    coming = N / 2;
    sc_engine *e = engine_of(NULL, coming, false, *state);
    while (coming < N) small_steps(e, *state, one_comes);
    small_steps(e, *state, NULL);
    sc_engine *all = engine_of(NULL, N, false, *state);
    pass(all, *state);
    assert_true(same_partition(all, e, N));
    assert_int_equal(small_steps(e, *state, NULL), 0);
    sc_engine_free(e);
    sc_engine_free(all);
}

static int64_t going;
static void one_goes(sc_engine *e, sc_arena *a) {
    (void)a;
    if (going <= N) sc_engine_remove(e, going);
    going += 9;
}

static void reports_may_go_while_it_goes_on(void **state) {
    going = 1;
    sc_engine *e = engine_of(NULL, N, false, *state);
    small_steps(e, *state, one_goes);
    (void)digest(e); /* checks itself */
    small_steps(e, *state, NULL);
    assert_int_equal(small_steps(e, *state, NULL), 0);
    sc_engine_free(e);
}

static uint64_t meddling;
static void a_person_meddles(sc_engine *e, sc_arena *a) {
    uint32_t x = (uint32_t)(rnd(&meddling) % e->items.n),
             y = (uint32_t)(rnd(&meddling) % e->items.n);
    sc_id to = sc_groups_id(&e->groups, e->items.group[y]), own;
    sc_change c;
    sc_err no = {0};
    (void)sc_engine_move(e, e->items.v[x].key, rnd(&meddling) % 3 ? &to : NULL, a, &own, &c, &no);
    if (rnd(&meddling) % 4 == 0) ok(sc_engine_set_status(e, &to, SC_CLUSTER_resolved, &err));
}

static void people_may_correct_while_it_goes_on(void **state) {
    for (meddling = 1; meddling < 6; meddling++) {
        sc_engine *e = engine_of(NULL, N, false, *state);
        uint64_t seed = meddling;
        small_steps(e, *state, a_person_meddles);
        (void)digest(e);
        small_steps(e, *state, NULL);
        assert_int_equal(small_steps(e, *state, NULL), 0);
        meddling = seed;
        sc_engine_free(e);
    }
}

static void a_refused_step_is_taken_back(void **state) {
    sc_engine *e = engine_of(NULL, N, false, *state);
    sc_pass *p;
    sc_pass_next next = SC_PASS_THINK;
    ok(sc_pass_new(&p, &err));
    size_t taken_back = 0;
    for (;;) {
        ok(sc_pass_think(p, e, 0, &next, &err));
        if (next != SC_PASS_ACT) break;
        uint64_t before = digest(e);
        sc_change c;
        ok(sc_pass_act(p, e, 5, *state, &c, &err));
        if (!c.n_moves) continue;
        sc_engine_revert(e, &c);
        assert_true(digest(e) == before);
        taken_back += c.n_moves;
        break;
    }
    sc_pass_free(p);
    assert_true(taken_back > 0);
    sc_engine *other = engine_of(NULL, N, false, *state);
    pass(e, *state);
    pass(other, *state);
    assert_true(same_partition(e, other, N));
    sc_engine_free(e);
    sc_engine_free(other);
}

/* ---- Corrections ---------------------------------------------------------------------------------- */

static void what_people_said_holds(void **state) {
    sc_engine *e = engine_of(NULL, N, false, *state);
    /* 1, 13, 25, 37 are of one topic. */
    const sc_id home[] = {made_home(e, 1), made_home(e, 13), made_home(e, 25), made_home(e, 2)};
    const sc_correction c[] = {
        {.kind = SC_CORRECTION_apart, .cluster_id = home[0], .other_id = home[1]},
        {.kind = SC_CORRECTION_never, .feedback_seq = 37, .cluster_id = home[2]},
        {.kind = SC_CORRECTION_pin, .feedback_seq = 3, .cluster_id = made_home(e, 3)},
        {.kind = SC_CORRECTION_pin, .feedback_seq = 15, .cluster_id = made_home(e, 15)},
    };
    const sc_id pinned = made_home(e, 3);
    ok(sc_engine_set_corrections(e, c, SC_LEN(c), &err));
    pass(e, *state);
    assert_false(made_together(e, 1, 13));
    const sc_id third = made_home(e, 25), of_37 = made_home(e, 37), of_3 = made_home(e, 3);
    assert_true(sc_id_eq(&third, &home[2])); /* what a rule names keeps its name */
    assert_false(sc_id_eq(&of_37, &home[2]));
    assert_true(sc_id_eq(&of_3, &pinned));
    assert_false(
        made_together(e, 3, 15)); /* both pinned, in two clusters: theirs to bring together */
    for (int turn = 0; turn < 4; turn++) /* rules make what they hold grow, but not for ever */
        if (!pass(e, *state).n_moves)
            break;
        else
            assert_true(turn < 3);
    assert_false(made_together(e, 1, 13));
    sc_engine_free(e);
}

static void the_same_fingerprint_stays_together(void **state) {
    sc_engine *e = made_engine();
    made m[4];
    uint64_t seed = 9;
    for (unsigned i = 0; i < 4; i++) {
        made_item(&m[i], i, 0.05, &seed);
        m[i].repr.fp_stack = i < 2 ? 77 : i;
        made_place(e, *state, i + 1, &m[i]);
    }
    assert_true(made_together(e, 1, 2));
    assert_int_equal(pass(e, *state).n_moves, 0);
    assert_true(made_together(e, 1, 2));
    assert_false(made_together(e, 1, 3));
    sc_engine_free(e);
}

static void a_cluster_of_two_things_is_split_and_says_why(void **state) {
    sc_engine *e = made_engine();
    made m;
    uint64_t seed = 9;
    const sc_id id = sc_id_new(&sc_clock_system);
    for (int64_t k = 1; k <= 10; k++) {
        made_item(&m, k <= 6 ? 1 : 2, 0.1, &seed);
        const sc_engine_item item = {.key = k, .repr = &m.repr};
        ok(sc_engine_put(e, &item, &id, &err));
    }
    sc_change c = pass(e, *state);
    assert_int_equal(c.n_moves, 4);
    assert_int_equal(c.n_opened, 1);
    for (size_t i = 0; i < c.n_moves; i++) {
        assert_int_equal(c.moves[i].reason, SC_REASON_loosened);
        assert_true(c.moves[i].evidence.probability > 0.5); /* for where it went */
        assert_in_range(c.moves[i].nearest, 7, 10);
        assert_int_not_equal(c.moves[i].nearest, c.moves[i].key);
        assert_true(c.moves[i].shared[0] != 0);
    }
    const sc_id kept = made_home(e, 1);
    assert_true(sc_id_eq(&kept, &id)); /* most of it keeps the name */
    sc_engine_free(e);
}

static void what_merges_away_says_into_what(void **state) {
    sc_engine *e = made_engine();
    made m;
    uint64_t seed = 9;
    for (int64_t k = 1; k <= 4; k++) {
        made_item(&m, 1, 0.05, &seed);
        const sc_id id = sc_id_new(&sc_clock_system);
        const sc_engine_item item = {.key = k, .repr = &m.repr};
        ok(sc_engine_put(e, &item, &id, &err));
    }
    const sc_id oldest = made_home(e, 1);
    sc_change c = pass(e, *state);
    assert_int_equal(c.n_emptied, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(sc_id_eq(&c.emptied[i].into, &oldest));
        assert_int_equal(c.moves[i].reason, SC_REASON_consolidated);
    }
    sc_engine_free(e);
}

static void an_empty_project_and_a_single_report_are_done_at_once(void **state) {
    sc_engine *e = made_engine();
    assert_int_equal(pass(e, *state).n_moves, 0);
    made_place(e, *state, 1, &items[0]);
    assert_int_equal(pass(e, *state).n_moves, 0);
    assert_int_equal(small_steps(e, *state, NULL), 0);
    sc_engine_free(e);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(the_order_of_arrival_does_not_matter),
        test(a_second_pass_moves_nothing),
        test(it_is_average_linkage_as_over_a_matrix),
        test(small_steps_lead_where_one_leads),
        test(reports_may_come_while_it_goes_on),
        test(reports_may_go_while_it_goes_on),
        test(people_may_correct_while_it_goes_on),
        test(a_refused_step_is_taken_back),
        test(what_people_said_holds),
        test(the_same_fingerprint_stays_together),
        test(a_cluster_of_two_things_is_split_and_says_why),
        test(what_merges_away_says_into_what),
        test(an_empty_project_and_a_single_report_are_done_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
