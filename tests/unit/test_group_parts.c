/* The engine's parts, each against a simple way of saying the same. */
#include "group/linkage.h"
#include "test_group_support.h"

/* ---- Map ------------------------------------------------------------------------------------------ */

static void a_map_agrees_with_an_array_through_random_puts_and_removals(void **state) {
    (void)state;
    enum { KEYS = 300 };
    uint32_t want[KEYS];
    sc_map m = {0};
    uint64_t seed = 1;
    size_t n = 0;
    memset(want, 0xff, sizeof want);
    assert_int_equal(sc_map_get(&m, 5), SC_MAP_NONE);
    sc_map_remove(&m, 5);
    for (int i = 0; i < 20000; i++) {
        uint64_t k = rnd(&seed) % KEYS, key = k << (k % 3 * 20); /* keys that like to collide */
        if (rnd(&seed) % 2) {
            assert_true(sc_map_reserve(&m, 1));
            n += want[k] == SC_MAP_NONE;
            want[k] = (uint32_t)i;
            sc_map_set(&m, key, (uint32_t)i);
        } else {
            n -= want[k] != SC_MAP_NONE;
            want[k] = SC_MAP_NONE;
            sc_map_remove(&m, key);
        }
        assert_int_equal(m.n, n);
        uint64_t other = rnd(&seed) % KEYS;
        assert_int_equal(sc_map_get(&m, other << (other % 3 * 20)), want[other]);
    }
    sc_map_done(&m);
}

/* ---- Linkage -------------------------------------------------------------------------------------- */

enum { NODES = 24 };

/* Always the most similar pair of groups, by the definition of average linkage. */
static void naive(float s[NODES][NODES], float cut, uint32_t head[NODES]) {
    for (uint32_t i = 0; i < NODES; i++) head[i] = i;
    for (;;) {
        double best = -1;
        uint32_t a = 0, b = 0;
        for (uint32_t x = 0; x < NODES; x++)
            for (uint32_t y = x + 1; y < NODES; y++) {
                double sum = 0;
                unsigned n = 0;
                bool never = false;
                for (uint32_t i = 0; i < NODES; i++)
                    for (uint32_t k = 0; k < NODES; k++)
                        if (head[i] == x && head[k] == y) {
                            never |= s[i][k] <= SC_LINKAGE_NEVER / 2;
                            sum += (double)s[i][k];
                            n++;
                        }
                if (n && !never && sum / n > best) {
                    best = sum / n;
                    a = x;
                    b = y;
                }
            }
        if (best < (double)cut) return;
        for (uint32_t i = 0; i < NODES; i++)
            if (head[i] == b) head[i] = a;
    }
}

static void the_chain_finds_what_always_merging_the_best_pair_finds(void **state) {
    (void)state;
    uint64_t seed = 9;
    for (int turn = 0; turn < 200; turn++) {
        float s[NODES][NODES], sum[NODES * NODES], size[NODES];
        uint32_t want[NODES], head[NODES], work[2 * NODES];
        for (uint32_t i = 0; i < NODES; i++) {
            size[i] = 1;
            for (uint32_t k = 0; k <= i; k++) {
                bool never = turn % 2 && rnd(&seed) % 12 == 0;
                s[i][k] = s[k][i] = never ? SC_LINKAGE_NEVER : (float)rnd_unit(&seed);
            }
        }
        memcpy(sum, s, sizeof sum);
        float cut = 0.3f + 0.5f * (float)rnd_unit(&seed);
        sc_linkage l = {.n = NODES, .sum = sum, .size = size, .head = head, .work = work};
        sc_linkage_run(&l, cut);
        naive(s, cut, want);
        assert_memory_equal(head, want, sizeof want);
    }
}

static void linkage_of_nothing_and_of_one_ends(void **state) {
    (void)state;
    float sum = 0, size = 1;
    uint32_t head = 9, work[2];
    sc_linkage l = {.n = 0, .sum = &sum, .size = &size, .head = &head, .work = work};
    sc_linkage_run(&l, 0.5f);
    assert_int_equal(head, 9);
    l.n = 1;
    sc_linkage_run(&l, 0.5f);
    assert_int_equal(head, 0);
}

static void equal_similarities_do_not_send_the_chain_round_for_ever(void **state) {
    (void)state;
    float sum[NODES * NODES], size[NODES];
    uint32_t head[NODES], work[2 * NODES];
    for (uint32_t i = 0; i < NODES; i++) size[i] = 1;
    for (uint32_t i = 0; i < NODES * NODES; i++) sum[i] = 0.5f;
    sc_linkage l = {.n = NODES, .sum = sum, .size = size, .head = head, .work = work};
    sc_linkage_run(&l, 0.5f);
    for (uint32_t i = 0; i < NODES; i++) assert_int_equal(head[i], 0);
}

/* ---- Similarity ----------------------------------------------------------------------------------- */

static sc_engine *scored(sc_arena *a, unsigned n) {
    sc_engine *e = made_engine();
    uint64_t seed = 31;
    sc_id none = {0};
    sc_arena_init(a, 1 << 24);
    for (unsigned i = 0; i < n; i++) {
        made m;
        made_item(&m, i % 4, 0.5, &seed);
        for (unsigned k = 0; k < i % 4; k++) m.titles[k] = k, m.repr.n_title_terms++;
        for (unsigned k = 0; k < i % 3; k++) m.frames[k] = 7 + k * (i % 2), m.repr.n_frames++;
        const sc_engine_item item = {.key = i + 1, .repr = &m.repr};
        ok(sc_engine_put(e, &item, &none, &err));
    }
    sc_epoch_refresh(&e->items, &e->terms, e->profile, &e->epoch);
    return e;
}

#define close_to(x, y) assert_true(fabs((double)(x) - (double)(y)) < 1e-4)

static void one_against_all_equals_pair_by_pair(void **state) {
    (void)state;
    enum { N = 60 };
    sc_arena a;
    sc_engine *e = scored(&a, N);
    const sc_score s = sc_state_score(e);
    int32_t dots[N];
    float raw[N];
    for (uint32_t i = 0; i < N; i++) {
        const sc_query q = sc_score_query(&s, i);
        sc_score_all(&s, &q, dots, raw);
        for (uint32_t k = 0; k < N; k++) {
            sc_parts p;
            sc_score_parts(&s, &q, k, &p);
            close_to(raw[k], p.raw);
            assert_true(p.word >= 0 && p.word <= 1 && p.vec >= 0 && p.vec <= 1);
        }
        close_to(raw[i], sc_score_self(&s, i));
    }
    sc_engine_free(e);
    sc_arena_done(&a);
}

static void a_sum_over_members_equals_their_pairs(void **state) {
    (void)state;
    enum { N = 40, M = 12 };
    sc_arena a;
    sc_engine *e = scored(&a, N);
    const sc_score s = sc_state_score(e);
    sc_accum acc;
    uint32_t members[M];
    assert_true(sc_accum_init(&acc, &s));
    for (uint32_t i = 0; i < M; i++) sc_accum_add(&acc, &s, members[i] = i * 3);
    for (uint32_t k = 0; k < N; k++) {
        double want = 0;
        const sc_query q = sc_score_query(&s, k);
        for (uint32_t i = 0; i < M; i++) {
            sc_parts p;
            sc_score_parts(&s, &q, members[i], &p);
            want += (double)p.raw;
        }
        close_to(sc_accum_dot(&acc, &s, k), want);
    }
    sc_accum_clear(&acc, &s, members, M);
    for (uint32_t t = 0; t < acc.n_terms; t++) assert_true(acc.words[t] == 0);
    sc_accum_done(&acc);
    sc_engine_free(e);
    sc_arena_done(&a);
}

/* Two groups: 5 reports about one thing, and `n` of which one in four is about it, too. */
static sc_engine *two_groups(sc_arena *a, unsigned n) {
    sc_engine *e = made_engine();
    uint64_t seed = 7;
    sc_arena_init(a, 1 << 24);
    for (unsigned i = 0; i < n + 5; i++) {
        const unsigned char bytes[16] = {i < 5 ? 1 : 2};
        const sc_id home = sc_id_from_bytes(bytes);
        made m;
        made_item(&m, i < 5 ? 0 : i % 4, 0.5, &seed);
        const sc_engine_item item = {.key = i + 1, .repr = &m.repr};
        ok(sc_engine_put(e, &item, &home, &err));
    }
    sc_epoch_refresh(&e->items, &e->terms, e->profile, &e->epoch);
    return e;
}

static void a_group_that_is_clearly_elsewhere_is_not_read_to_its_end(void **state) {
    (void)state;
    static const unsigned sizes[] = {1, 2, 31, 32, 33, 64, 500};
    for (size_t t = 0; t < SC_LEN(sizes); t++) {
        sc_arena a;
        sc_engine *e = two_groups(&a, sizes[t]);
        const sc_score s = sc_state_score(e);
        const uint32_t x = e->items.group[0], y = e->items.group[5];
        const sc_group *g = &e->groups.v[x], *h = &e->groups.v[y];
        sc_accum acc;
        double want = 0;
        assert_int_equal(g->n, 5);
        assert_int_equal(h->n, sizes[t]);
        for (uint32_t i = 0; i < g->n; i++) {
            const sc_query q = sc_score_query(&s, g->members[i]);
            for (uint32_t k = 0; k < h->n; k++) {
                sc_parts p;
                sc_score_parts(&s, &q, h->members[k], &p);
                want += (double)p.raw / (g->n * h->n);
            }
        }
        assert_true(sc_accum_init(&acc, &s));
        sc_accum_add_all(&acc, &s, g->members, g->n);
        close_to(sc_state_linkage(e, &acc, y, -INFINITY), want); /* every member, once */
        close_to(sc_state_linkage(e, &acc, y, want - 1e-3), want);
        const double least = want + 0.5, got = sc_state_linkage(e, &acc, y, least);
        assert_true(got < least);
        assert_true(sizes[t] > 32 ? fabs(got - want) < 0.25 : fabs(got - want) < 1e-4);
        if (sizes[t] == 500) assert_true(got != sc_state_linkage(e, &acc, y, -INFINITY));
        sc_accum_done(&acc);
        sc_engine_free(e);
        sc_arena_done(&a);
    }
}

static void shown_similarity_is_bounded_and_grows(void **state) {
    (void)state;
    sc_arena a;
    sc_engine *e = scored(&a, 20);
    const sc_score s = sc_state_score(e);
    double before = -1;
    for (double raw = -1; raw < 2; raw += 0.01) {
        double v = sc_score_shown(&s, raw);
        assert_true(v >= 0 && v <= 1 && v >= before);
        before = v;
    }
    assert_true(fabs(sc_score_shown(&s, (double)e->epoch.cut) - 0.7) < 1e-6);
    assert_true(fabs(sc_score_probability(&s, (double)e->epoch.cut) - 0.5) < 1e-6);
    sc_engine_free(e);
    sc_arena_done(&a);
}

/* ---- Items and terms ------------------------------------------------------------------------------- */

static void items_that_come_and_go_leave_the_index_right(void **state) {
    (void)state;
    sc_engine *e = made_engine();
    uint64_t seed = 77;
    sc_id groups[5];
    bool in[200] = {false};
    for (int i = 0; i < 5; i++) groups[i] = sc_id_new(&sc_clock_system);
    for (int i = 0; i < 3000; i++) {
        int64_t key = 1 + (int64_t)(rnd(&seed) % 199);
        if (rnd(&seed) % 3) { /* put, often again with another text and cluster */
            made m;
            made_item(&m, (unsigned)(rnd(&seed) % 6), 0.5, &seed);
            m.repr.fp_text = rnd(&seed) % 5;
            const sc_engine_item item = {.key = key, .repr = &m.repr};
            ok(sc_engine_put(e, &item, &groups[rnd(&seed) % 5], &err));
            in[key] = true;
        } else {
            sc_engine_remove(e, key);
            in[key] = false;
        }
        if (i % 100 == 0) digest(e);
    }
    digest(e);
    for (int64_t k = 1; k < 200; k++) assert_int_equal(sc_engine_has(e, k), in[k]);
    sc_engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_agrees_with_an_array_through_random_puts_and_removals),
        cmocka_unit_test(the_chain_finds_what_always_merging_the_best_pair_finds),
        cmocka_unit_test(linkage_of_nothing_and_of_one_ends),
        cmocka_unit_test(equal_similarities_do_not_send_the_chain_round_for_ever),
        cmocka_unit_test(one_against_all_equals_pair_by_pair),
        cmocka_unit_test(a_sum_over_members_equals_their_pairs),
        cmocka_unit_test(a_group_that_is_clearly_elsewhere_is_not_read_to_its_end),
        cmocka_unit_test(shown_similarity_is_bounded_and_grows),
        cmocka_unit_test(items_that_come_and_go_leave_the_index_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
