/* What is suggested to people: both ways, with what speaks for it, and never what they refused. */
#include "test_group_support.h"

#include "group/pass.h"
#include "group/review.h"

static int setup(void **state) {
    static sc_arena arena;
    sc_arena_init(&arena, 64 << 20);
    *state = &arena;
    return 0;
}

static int teardown(void **state) {
    sc_arena_done(*state);
    return 0;
}

/* n reports of a topic under one id; keys from..from+n-1. */
static sc_id put(sc_engine *e, int64_t from, int n, unsigned topic, double spread) {
    uint64_t seed = (uint64_t)from;
    const sc_id id = sc_id_new(&sc_clock_system);
    for (int i = 0; i < n; i++) {
        made m;
        made_item(&m, topic, spread, &seed);
        const sc_engine_item item = {.key = from + i, .repr = &m.repr};
        ok(sc_engine_put(e, &item, &id, &err));
    }
    return id;
}

static sc_review page(const sc_engine *e, const sc_id *after, size_t most, sc_arena *a) {
    sc_review r;
    ok(sc_review_page(e, after, most, a, &r, &err));
    return r;
}

static void clusters_of_one_topic_are_suggested_once_the_older_stays(void **state) {
    sc_engine *e = made_engine();
    const sc_id a = put(e, 1, 4, 1, 0.3), b = put(e, 11, 3, 1, 0.3);
    put(e, 21, 5, 2, 0.3);
    put(e, 31, 5, 3, 0.3);
    sc_engine_weigh(e);
    assert_int_equal(e->epoch.n, 17);
    sc_review r = page(e, NULL, 100, *state);
    assert_int_equal(r.n, 1);
    const sc_review_item *x = &r.items[0];
    assert_int_equal(x->kind, SC_REVIEW_MERGE);
    assert_true(sc_id_eq(&x->cluster, &a));
    assert_true(sc_id_eq(&x->other, &b));
    assert_int_equal(x->count, 4);
    assert_int_equal(x->other_count, 3);
    assert_true(x->evidence.probability > 0.5);
    assert_in_range(x->here, 1, 4);
    assert_in_range(x->there, 11, 13);
    assert_true(x->shared[0] != 0);
    assert_false(sc_id_is_set(&r.next));
    assert_int_equal(r.looked, 4);
    sc_engine_free(e);
}

static void one_cluster_is_told_of_older_and_newer_ones(void **state) {
    sc_engine *e = made_engine();
    const sc_id a = put(e, 1, 4, 1, 0.3), b = put(e, 11, 3, 1, 0.3), far = put(e, 21, 5, 2, 0.3);
    put(e, 31, 5, 3, 0.3);
    sc_engine_weigh(e);
    sc_review r;
    const sc_id *both[] = {&a, &b};
    for (size_t i = 0; i < 2; i++) {
        ok(sc_review_one(e, both[i], *state, &r, &err));
        assert_int_equal(r.n, 1);
        assert_true(sc_id_eq(&r.items[0].cluster, &a));
        assert_true(sc_id_eq(&r.items[0].other, &b));
        assert_false(sc_id_is_set(&r.next));
    }
    ok(sc_review_one(e, &far, *state, &r, &err));
    assert_int_equal(r.n, 0);
    assert_int_equal(r.looked, 1);
    const sc_id unknown = sc_id_new(&sc_clock_system);
    assert_int_equal(sc_review_one(e, &unknown, *state, &r, NULL), SC_NOT_FOUND);
    sc_engine_free(e);
}

static void a_cluster_of_two_topics_is_suggested_for_a_split(void **state) {
    sc_engine *e = made_engine();
    const sc_id a = put(e, 1, 6, 1, 0.2);
    put(e, 21, 5, 3, 0.2);
    for (int64_t k = 31; k < 34; k++) { /* they belong elsewhere */
        made m;
        uint64_t seed = (uint64_t)k;
        made_item(&m, 2, 0.2, &seed);
        const sc_engine_item item = {.key = k, .repr = &m.repr};
        ok(sc_engine_put(e, &item, &a, &err));
    }
    sc_engine_weigh(e);
    sc_review r = page(e, NULL, 100, *state);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.items[0].kind, SC_REVIEW_SPLIT);
    assert_int_equal(r.items[0].n_leaving, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(r.items[0].leaving[i], 31 + i);
    assert_true(r.items[0].evidence.probability < 0.5);
    assert_true(r.items[0].cohesion < 1);
    /* The same again, by name. */
    sc_review_item again;
    size_t n;
    ok(sc_review_split(e, &a, *state, &again, &n, &err));
    assert_int_equal(n, 1);
    assert_true(again.id == r.items[0].id);
    /* Pinned, it is where people want it. */
    sc_correction pins[9];
    for (int i = 0; i < 9; i++)
        pins[i] = (sc_correction){
            .kind = SC_CORRECTION_pin, .feedback_seq = i < 6 ? 1 + i : 25 + i, .cluster_id = a};
    ok(sc_engine_set_corrections(e, pins, 9, &err));
    assert_int_equal(page(e, NULL, 100, *state).n, 0);
    ok(sc_review_split(e, &a, *state, &again, &n, &err));
    assert_int_equal(n, 0);
    sc_engine_free(e);
}

/* A correction also moves the cut a little, so that splits may suggest themselves. */
static size_t merges(const sc_engine *e, sc_arena *a) {
    sc_review r = page(e, NULL, 100, a);
    size_t n = 0;
    for (size_t i = 0; i < r.n; i++) n += r.items[i].kind == SC_REVIEW_MERGE;
    return n;
}

static void what_was_put_apart_or_is_frozen_is_not_suggested(void **state) {
    sc_engine *e = made_engine();
    const sc_id a = put(e, 1, 4, 1, 0.3), b = put(e, 11, 3, 1, 0.3);
    put(e, 21, 5, 2, 0.3);
    sc_engine_weigh(e);
    sc_review_item item;
    size_t n;
    const sc_correction apart = {.kind = SC_CORRECTION_apart, .cluster_id = a, .other_id = b};
    ok(sc_engine_set_corrections(e, &apart, 1, &err));
    assert_int_equal(merges(e, *state), 0);
    ok(sc_review_pair(e, &a, &b, *state, &item, &n, &err));
    assert_int_equal(n, 0);
    const sc_correction never = {.kind = SC_CORRECTION_never, .feedback_seq = 12, .cluster_id = a};
    ok(sc_engine_set_corrections(e, &never, 1, &err));
    assert_int_equal(merges(e, *state), 0);
    ok(sc_engine_set_corrections(e, NULL, 0, &err));
    assert_int_equal(merges(e, *state), 1);
    ok(sc_engine_set_status(e, &a, SC_CLUSTER_resolved, &err));
    assert_int_equal(merges(e, *state), 0);
    sc_engine_free(e);
}

static void pages_come_to_an_end_and_leave_nothing_out(void **state) {
    sc_engine *e = made_engine();
    for (unsigned t = 0; t < 12; t++) put(e, 1 + 10 * t, 2, t / 2, 0.3);
    sc_engine_weigh(e);
    const size_t all = page(e, NULL, 100, *state).n;
    assert_true(all >= 5);
    for (size_t most = 1; most < 5; most++) {
        sc_id after = {{0}};
        size_t found = 0, pages = 0;
        do {
            sc_review r = page(e, &after, most, *state);
            assert_true(r.looked <= most);
            found += r.n;
            after = r.next;
            assert_true(++pages <= 12);
        } while (sc_id_is_set(&after));
        assert_int_equal(found, all);
    }
    sc_engine_free(e);
}

static void nothing_and_nobody_are_found(void **state) {
    sc_engine *e = made_engine();
    sc_review_item item;
    size_t n;
    sc_err no;
    const sc_id ghost = sc_id_new(&sc_clock_system);
    sc_review r = page(e, NULL, 10, *state);
    assert_int_equal(r.n + r.looked, 0);
    assert_int_equal(sc_review_pair(e, &ghost, &ghost, *state, &item, &n, &no), SC_NOT_FOUND);
    assert_int_equal(sc_review_split(e, &ghost, *state, &item, &n, &no), SC_NOT_FOUND);
    const sc_id a = put(e, 1, 1, 1, 0.3);
    assert_int_equal(sc_review_pair(e, &a, &a, *state, &item, &n, &no), SC_NOT_FOUND);
    ok(sc_review_split(e, &a, *state, &item, &n, &err));
    assert_int_equal(n, 0);
    sc_review_sizes sizes;
    sc_review_count(e, &sizes);
    assert_int_equal(sizes.singletons, 1);
    assert_int_equal(sizes.largest, 1);
    sc_engine_free(e);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(one_cluster_is_told_of_older_and_newer_ones),
        test(clusters_of_one_topic_are_suggested_once_the_older_stays),
        test(a_cluster_of_two_topics_is_suggested_for_a_split),
        test(what_was_put_apart_or_is_frozen_is_not_suggested),
        test(pages_come_to_an_end_and_leave_nothing_out),
        test(nothing_and_nobody_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
