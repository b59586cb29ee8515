/* Where a project's reports fall into groups by themselves, and what is made of it. */
#include "group/epoch.h"
#include "group/linkage.h"
#include "group/shape.h"
#include "test_group_support.h"

static void add(sc_engine *e, int64_t key, const made *m) {
    const sc_id none = {0};
    const sc_engine_item item = {.key = key, .repr = &m->repr};
    ok(sc_engine_put(e, &item, &none, &err));
}

/* n items of so many topics, item i of topic order(i) % topics. */
static sc_engine *project(unsigned n, unsigned topics, double spread, bool backwards) {
    sc_engine *e = made_engine();
    for (unsigned k = 0; k < n; k++) {
        const unsigned i = backwards ? n - 1 - k : k;
        uint64_t seed = 1000 + i;
        made m;
        made_item(&m, i % topics, spread, &seed);
        add(e, i + 1, &m);
    }
    sc_epoch_refresh(&e->items, &e->terms, e->profile, &e->epoch);
    return e;
}

static sc_shape shape_of(const sc_engine *e) {
    const sc_score s = sc_state_score(e);
    sc_shape h;
    ok(sc_shape_look(&s, &h, &err));
    return h;
}

static float mean_pair(const sc_engine *e, unsigned n, unsigned topics, bool within) {
    const sc_score s = sc_state_score(e);
    double sum = 0;
    unsigned pairs = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < i; k++) {
            sc_parts p;
            const sc_query q = sc_score_query(&s, i);
            if ((i % topics == k % topics) != within) continue;
            sc_score_parts(&s, &q, k, &p);
            sum += (double)p.raw;
            pairs++;
        }
    return (float)(sum / pairs);
}

/* ---- The tree ------------------------------------------------------------------------------------- */

enum { NODES = 40 };

static void the_tree_holds_the_groups_of_every_cut(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (int turn = 0; turn < 50; turn++) {
        float s[NODES * NODES], sum[NODES * NODES], size[NODES], height[NODES];
        uint32_t into[NODES], head[NODES], work[2 * NODES];
        for (uint32_t i = 0; i < NODES; i++)
            for (uint32_t k = 0; k <= i; k++)
                s[i * NODES + k] = s[k * NODES + i] = (float)rnd_unit(&seed);
        memcpy(sum, s, sizeof s);
        for (uint32_t i = 0; i < NODES; i++) size[i] = 1;
        sc_linkage tree = {NODES, sum, size, into, work, height};
        sc_linkage_run(&tree, 0);
        for (float cut = 0.1f; cut < 0.95f; cut += 0.1f) {
            memcpy(sum, s, sizeof s);
            for (uint32_t i = 0; i < NODES; i++) size[i] = 1;
            sc_linkage flat = {NODES, sum, size, head, work, NULL};
            sc_linkage_run(&flat, cut);
            for (uint32_t i = 0; i < NODES; i++) {
                uint32_t x = i;
                while (into[x] != x && height[x] >= cut) x = into[x];
                assert_int_equal(x, head[i]);
            }
        }
    }
}

/* ---- The shape ------------------------------------------------------------------------------------ */

static void nothing_and_one_report_have_no_shape(void **state) {
    (void)state;
    float groups;
    sc_engine *e = made_engine();
    const sc_shape none = shape_of(e);
    assert_true(fabsf(sc_shape_cut(&none, 0.4f, 1, &groups) - 0.4f) < 0.02f);
    assert_true(groups == 0);
    sc_engine_free(e);
    e = project(1, 1, 0.5, false);
    const sc_shape one = shape_of(e);
    for (size_t i = 0; i < SC_SHAPE_LEVELS; i++) assert_true(one.silhouette[i] == 0);
    sc_engine_free(e);
}

static void copies_of_one_text_say_nothing_of_the_cut(void **state) {
    (void)state;
    float groups;
    sc_engine *e = made_engine();
    uint64_t seed = 3;
    made m;
    made_item(&m, 1, 0.2, &seed);
    for (int i = 1; i <= 30; i++) add(e, i, &m);
    sc_epoch_refresh(&e->items, &e->terms, e->profile, &e->epoch);
    const sc_shape h = shape_of(e);
    for (size_t i = 0; i < SC_SHAPE_LEVELS; i++) {
        assert_true(isfinite(h.silhouette[i]) && fabsf(h.silhouette[i]) <= 1);
        assert_true(h.groups[i] > 0 && h.groups[i] <= 1);
    }
    float cut = sc_shape_cut(&h, 0.5f, 2, &groups);
    assert_true(isfinite(cut) && cut > 0 && cut < 1);
    sc_engine_free(e);
}

static void clear_topics_are_cut_between_within_and_across(void **state) {
    (void)state;
    enum { N = 200, TOPICS = 8 };
    float groups;
    sc_engine *e = project(N, TOPICS, 0.35, false);
    const sc_shape h = shape_of(e);
    const float within = mean_pair(e, N, TOPICS, true), across = mean_pair(e, N, TOPICS, false);
    for (float prior = 0.1f; prior < 0.75f; prior += 0.2f) { /* wherever it was expected */
        float cut = sc_shape_cut(&h, prior, 0.2f, &groups);
        assert_true(cut > across && cut < within);
        assert_true(fabsf(groups - (float)TOPICS / N) < 0.01f);
    }
    sc_engine_free(e);
}

static void where_all_are_alone_the_cut_is_where_it_was_expected(void **state) {
    (void)state;
    enum { N = 200 };
    float groups;
    sc_engine *e = project(N, N, 0.9, false);
    const sc_shape h = shape_of(e);
    assert_true(fabsf(sc_shape_cut(&h, 0.5f, 2, &groups) - 0.5f) < 0.05f);
    assert_true(groups > 0.9f);
    sc_engine_free(e);
}

static void the_order_of_arrival_does_not_matter(void **state) {
    (void)state;
    enum { N = SC_SHAPE_SAMPLE };
    sc_engine *a = project(N, 12, 0.5, false), *b = project(N, 12, 0.5, true);
    b->epoch = a->epoch; /* word weights and what random pairs have in common */
    const sc_shape x = shape_of(a), y = shape_of(b);
    for (size_t i = 0; i < SC_SHAPE_LEVELS; i++) {
        assert_true(fabsf(x.silhouette[i] - y.silhouette[i]) < 1e-3f);
        assert_true(fabsf(x.groups[i] - y.groups[i]) < 1e-6f);
    }
    sc_engine_free(a);
    sc_engine_free(b);
}

/* ---- What is made of it --------------------------------------------------------------------------- */

static void topics_and_lone_reports_are_two_kinds(void **state) {
    (void)state;
    sc_engine *few = project(200, 6, 0.4, false), *lone = project(200, 200, 0.9, false);
    assert_true(few->epoch.topics > 0.9f);
    assert_true(lone->epoch.topics < few->epoch.topics);
    sc_engine_free(few);
    sc_engine_free(lone);
}

static void reports_with_traces_have_the_weights_of_traces(void **state) {
    (void)state;
    sc_engine *e = made_engine();
    for (unsigned i = 0; i < 60; i++) {
        uint64_t seed = i;
        made m;
        made_item(&m, i, 0.9, &seed);
        for (unsigned k = 0; k < 3; k++) m.frames[m.repr.n_frames++] = 9 + i * 3 + k;
        add(e, i + 1, &m);
    }
    sc_epoch_refresh(&e->items, &e->terms, e->profile, &e->epoch);
    assert_true(fabsf(e->epoch.k.vec - e->profile->k_trace.vec) < 1e-6f);
    assert_true(fabsf(e->epoch.k.frame - e->profile->k_trace.frame) < 1e-6f);
    sc_engine_free(e);
}

static void the_cut_stays_until_the_project_has_grown_by_a_quarter(void **state) {
    (void)state;
    sc_engine *e = project(100, 10, 0.4, false);
    const float was = e->epoch.own_cut;
    assert_int_equal(e->epoch.shape_n, 100);
    for (unsigned i = 100; i < 140; i++) {
        uint64_t seed = 1000 + i;
        made m;
        made_item(&m, 100 + i, 0.9, &seed);
        add(e, i + 1, &m);
        sc_epoch_refresh(&e->items, &e->terms, e->profile, &e->epoch);
        if (e->epoch.shape_n == 100) assert_true(e->epoch.own_cut == was);
    }
    assert_true(e->epoch.shape_n > 125 && e->epoch.n >= e->epoch.shape_n);
    sc_engine_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_holds_the_groups_of_every_cut),
        cmocka_unit_test(nothing_and_one_report_have_no_shape),
        cmocka_unit_test(copies_of_one_text_say_nothing_of_the_cut),
        cmocka_unit_test(clear_topics_are_cut_between_within_and_across),
        cmocka_unit_test(where_all_are_alone_the_cut_is_where_it_was_expected),
        cmocka_unit_test(the_order_of_arrival_does_not_matter),
        cmocka_unit_test(topics_and_lone_reports_are_two_kinds),
        cmocka_unit_test(reports_with_traces_have_the_weights_of_traces),
        cmocka_unit_test(the_cut_stays_until_the_project_has_grown_by_a_quarter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
