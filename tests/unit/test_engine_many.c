/* Several reports at once: to the bit what one by one gives. */
#include "test_group_support.h"

#include "group/pairs.h"

/* Reports with words, titles, frames, facets and fingerprints, of forty topics. */
static made *many_made(size_t n) {
    made *all = sc_alloc_array(n, sizeof *all);
    uint64_t seed = 77;
    for (size_t i = 0; i < n; i++) {
        made *m = &all[i];
        made_item(m, (unsigned)(i * 31 % 40), 0.1 + 0.05 * (double)(i % 9), &seed);
        for (unsigned k = 0; k < 1 + i % 3; k++) m->titles[k] = (uint32_t)(i * 7 % 40 + 40 * k);
        m->repr.n_title_terms = (uint16_t)(1 + i % 3);
        m->frames[0] = (uint32_t)(i % 50);
        m->repr.n_frames = i % 4 == 0;
        m->facets[0] = 1u << 28 | (uint32_t)(i % 3);
        m->facets[1] = 2u << 28 | (uint32_t)(i % 2);
        m->repr.n_facets = (uint8_t)(i % 3);
        m->repr.fp_text = i % 11 == 3 ? i / 40 + 1 : 0;
    }
    return all;
}

static sc_engine_item item_of(const made *m, size_t i) {
    return (sc_engine_item){.key = (int64_t)i + 1, .created_ms = (int64_t)i, .repr = &m[i].repr};
}

static void place_by(sc_engine *e, const made *m, size_t n, size_t chunk, bool apart) {
    sc_arena a;
    sc_arena_init(&a, 1 << 26);
    for (size_t at = 0; at < n; at += chunk) {
        sc_engine_item items[64];
        const size_t k = SC_MIN(chunk, n - at);
        sc_change c;
        for (size_t i = 0; i < k; i++) items[i] = item_of(m, at + i);
        if (apart) {
            sc_engine_lookup(e, items, k);
            sc_engine_lookup_compare(e);
        }
        ok(sc_engine_place(e, items, k, &a, &c, &err));
        sc_arena_reset(&a);
    }
    sc_arena_done(&a);
}

/* Who is with whom: cluster ids differ between engines. */
static void assert_same_grouping(const sc_engine *x, const sc_engine *y) {
    assert_int_equal(x->items.n, y->items.n);
    for (uint32_t i = 0; i < x->items.n; i++) {
        const sc_group *g = &x->groups.v[x->items.group[i]];
        const uint32_t k = sc_items_find(&y->items, x->items.v[i].key);
        const sc_group *h = &y->groups.v[y->items.group[k]];
        assert_int_equal(g->n, h->n);
        assert_true(x->items.v[g->members[0]].key == y->items.v[h->members[0]].key);
    }
}

static void many_at_once_are_placed_as_one_by_one(void **state) {
    (void)state;
    enum { N = 1500 };
    made *m = many_made(N);
    sc_engine *one = made_engine(), *many = made_engine(), *apart = made_engine();
    place_by(one, m, N, 1, false);
    place_by(many, m, N, 40, false);
    place_by(apart, m, N, 13, true);
    assert_same_grouping(one, many);
    assert_same_grouping(one, apart);
    sc_engine_free(one);
    sc_engine_free(many);
    sc_engine_free(apart);
    sc_free(m);
}

/* Puts a report in without placing it. */
static uint32_t add(sc_engine *e, const sc_engine_item *item) {
    uint32_t slot = 0;
    ok(sc_items_add(&e->items, &e->terms, item->key, 0, item->repr, &slot, &err));
    const sc_score s = sc_state_score(e);
    sc_score_set_norms(&s, &e->items, slot);
    return slot;
}

static void assert_as_all(sc_engine *e, const sc_engine_item *item) {
    const uint32_t slot = add(e, item);
    const sc_score s = sc_state_score(e);
    const sc_query q = sc_score_query(&s, slot);
    sc_raws raws;
    uint32_t lane;
    assert_true(sc_lookup_find(e, item, &q, &raws, &lane));
    assert_true(sc_state_grow(e));
    sc_score_all(&s, &q, e->dots, e->raw);
    memset(e->sums, 0, e->groups.n * sizeof *e->sums);
    for (uint32_t k = 0; k < e->items.n; k++) {
        const float raw = sc_raw_of(&raws, k);
        assert_memory_equal(&raw, &e->raw[k], sizeof raw);
        if (e->items.group[k] != SC_GROUP_NONE) e->sums[e->items.group[k]] += raw;
    }
    for (uint32_t g = 0; g < e->groups.n; g++) {
        const float sum = sc_lookup_sum(e, &raws, lane, g);
        if (e->groups.v[g].n) assert_memory_equal(&sum, &e->sums[g], sizeof sum);
    }
}

static void what_is_looked_up_is_the_same_to_the_bit(void **state) {
    (void)state;
    enum { N = 900, MORE = 16 };
    made *m = many_made(N + MORE);
    sc_engine *e = made_engine();
    sc_engine_item items[MORE];
    place_by(e, m, N, 1, false);
    for (size_t i = 0; i < MORE; i++) items[i] = item_of(m, N + i);
    sc_engine_lookup(e, items, MORE);
    sc_engine_lookup_compare(e);
    assert_true(e->lookup.compared);
    for (uint32_t i = 0; i < MORE; i++) {
        assert_as_all(e, &items[i]);
        /* A cluster wins a report, another loses one: their sums are made up for. */
        const uint32_t g = e->items.group[i], slot = e->items.n - 1;
        assert_true(sc_groups_reserve(&e->groups, g, 1));
        sc_groups_join(&e->groups, &e->items, g, slot);
        sc_groups_leave(&e->groups, &e->items, i + 50, e->generation);
    }
    sc_engine_free(e);
    sc_free(m);
}

static void what_was_looked_up_is_dropped_when_it_does_not_hold(void **state) {
    (void)state;
    enum { N = 700, MORE = 8 };
    made *m = many_made(N + MORE + 1);
    sc_engine *e = made_engine();
    sc_engine_item items[MORE];
    place_by(e, m, N, 1, false);
    for (size_t i = 0; i < MORE; i++) items[i] = item_of(m, N + i);
    sc_engine_lookup(e, items, MORE);
    assert_false(sc_lookup_has(e, &items[0])); /* not compared yet */
    sc_engine_lookup_compare(e);
    assert_true(sc_lookup_has(e, &items[0]));
    const sc_engine_item other = item_of(m, N + MORE);
    assert_false(sc_lookup_has(e, &other));
    sc_engine_item edited = items[0];
    edited.repr = other.repr;
    assert_false(sc_lookup_has(e, &edited));
    e->epoch_no++;
    assert_false(sc_lookup_has(e, &items[0]));
    e->epoch_no--;
    assert_true(sc_lookup_has(e, &items[0]));
    sc_engine_remove(e, 5);
    assert_false(sc_lookup_has(e, &items[0]));
    sc_engine_free(e);
    sc_free(m);
}

static void postings_stay_in_order_when_reports_go_and_come(void **state) {
    (void)state;
    enum { N = 300 };
    made *m = many_made(N);
    sc_engine *e = made_engine();
    uint64_t seed = 5;
    place_by(e, m, N, 16, false);
    for (int turn = 0; turn < 400; turn++) {
        const size_t i = (size_t)(rnd(&seed) % N);
        const sc_engine_item item = item_of(m, i);
        const sc_id none = {{0}};
        if (sc_engine_has(e, item.key) && turn % 2)
            sc_engine_remove(e, item.key);
        else
            ok(sc_engine_put(e, &item, &none, &err)); /* known ones change their slot, too */
    }
    for (uint32_t t = 0; t < e->terms.n; t++)
        for (uint32_t k = 1; k < e->terms.v[t].n; k++) {
            const uint32_t *list = sc_terms_list(&e->terms.v[t]);
            assert_true(list[k - 1] >> SC_TERM_TF_BITS < list[k] >> SC_TERM_TF_BITS);
        }
    digest(e); /* checks that every posting has its item */
    sc_engine_free(e);
    sc_free(m);
}

static void all_pairs_are_what_they_are_one_by_one(void **state) {
    (void)state;
    enum { N = 200, SOME = 60 };
    made *m = many_made(N);
    sc_engine *e = made_engine();
    uint32_t slots[SOME];
    sc_pairs p;
    place_by(e, m, N, 1, false);
    for (uint32_t i = 0; i < SOME; i++) slots[i] = i * 7 % N;
    assert_true(sc_state_grow_mark(e));
    const sc_score s = sc_state_score(e);
    assert_true(sc_pairs_init(&p, &s, slots, SOME, e->mark));
    for (uint32_t t = 0; t < e->terms.n; t++) assert_int_equal(e->mark[t], 0);
    for (uint32_t i = 0; i < SOME; i++) {
        const float *row = sc_pairs_row(&p, i);
        const sc_query q = sc_score_query(&s, slots[i]);
        for (uint32_t k = i + 1; k < SOME; k++) {
            sc_parts parts;
            sc_score_parts(&s, &q, slots[k], &parts);
            const float want = parts.raw - sc_score_conflict(&s, &q, slots[k]);
            assert_true(fabsf(row[k] - want) < 1e-4f);
        }
    }
    sc_pairs_done(&p);
    sc_engine_free(e);
    sc_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_at_once_are_placed_as_one_by_one),
        cmocka_unit_test(what_is_looked_up_is_the_same_to_the_bit),
        cmocka_unit_test(what_was_looked_up_is_dropped_when_it_does_not_hold),
        cmocka_unit_test(postings_stay_in_order_when_reports_go_and_come),
        cmocka_unit_test(all_pairs_are_what_they_are_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
