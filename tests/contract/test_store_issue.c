/* Every backend keeps the port's word: issues, one and in lists. */
#include "store_fixture.h"

#include <math.h>

static void every_field_of_an_issue_comes_back_and_is_replaced_whole(void **state) {
    sc_fx *f = *state;
    int64_t version;
    sc_cluster k = fx_cluster(f, &f->a, "title");
    k.title_locked = true;
    k.status = SC_CLUSTER_pr_opened;
    k.count = 5;
    k.source_counts[SC_SOURCE_generic] = 4;
    k.representative_ids[0] = fx_id(f);
    k.representative_ids[2] = fx_id(f);
    k.cohesion_min = NAN;
    k.snooze_until_ms = T0 + 5;
    for (int i = 0; i < SC_CLUSTER_TREND_DAYS; i++) k.trend[i] = i * 1000;
    k.repo_url = SC_STR("https://github.com/o/n");
    k.branch = SC_STR("b");
    k.pr_url = SC_STR("https://github.com/o/n/pull/1");
    k.issue_title = SC_STR("it");
    k.issue_description = SC_STR("id");
    k.error_message = SC_STR("em");
    sc_group_write w = fx_step(f, &f->a);
    w.clusters = &k;
    w.n_clusters = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    fx_reopen(f);
    sc_cluster g = fx_cluster_get(f, &k.id);
    assert_true(g.seq > 0 && g.title_locked && isnan(g.cohesion_min));
    assert_int_equal(g.version, 1);
    assert_int_equal(g.status, SC_CLUSTER_pr_opened);
    assert_int_equal(g.count, 5);
    assert_memory_equal(g.source_counts, k.source_counts, sizeof k.source_counts);
    assert_memory_equal(g.trend, k.trend, sizeof k.trend);
    assert_int_equal(g.trend_day, k.trend_day);
    assert_true(sc_id_eq(&g.representative_ids[0], &k.representative_ids[0]));
    assert_false(sc_id_is_set(&g.representative_ids[1]));
    assert_true(sc_id_eq(&g.representative_ids[2], &k.representative_ids[2]));
    assert_true(g.cohesion_mean == 0.9 && g.snooze_until_ms == T0 + 5);
    assert_true(sc_str_is(g.title, "title") && sc_str_is(g.summary, "summary"));
    assert_true(sc_str_is(g.keywords, "[\"save\"]") && sc_str_is(g.branch, "b"));
    assert_true(sc_str_eq(g.repo_url, k.repo_url) && sc_str_eq(g.pr_url, k.pr_url));
    assert_true(sc_str_is(g.issue_title, "it") && sc_str_is(g.issue_description, "id"));
    assert_true(sc_str_is(g.error_message, "em"));
    k.title = SC_STR("other");
    k.title_locked = false;
    k.error_message = SC_STR_NONE;
    w.expect_version = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    g = fx_cluster_get(f, &k.id);
    assert_true(sc_str_is(g.title, "other") && !g.title_locked && g.error_message.n == 0);
    assert_int_equal(g.version, 2);
}

static void an_issue_that_was_merged_away_is_found_but_not_listed(void **state) {
    sc_fx *f = *state;
    int64_t seqs[2], version;
    fx_put_n(f, &f->a, 2, seqs);
    sc_id gone = fx_group(f, &f->a, &seqs[0], 1), into = fx_group(f, &f->a, &seqs[1], 1);
    sc_cluster k = fx_cluster_get(f, &gone);
    k.merged_into = into;
    sc_assign as = {seqs[0], into, SC_STR_NONE};
    sc_group_write w = fx_step(f, &f->a);
    w.clusters = &k;
    w.n_clusters = 1;
    w.assigns = &as;
    w.n_assigns = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    sc_cluster_filter q = {.project_id = f->a};
    sc_page p = {10, SC_STR_NONE};
    sc_cluster_list l;
    for (int sort = SC_SORT_RECENT; sort <= SC_SORT_CREATED; sort++) {
        q.sort = (sc_cluster_sort)sort;
        fx_ok(f, f->ops->cluster_list(f->s, &q, &p, T0, &f->arena, &l, &f->err));
        assert_int_equal(l.n, 1);
        assert_int_equal(l.total, 1);
    }
    k = fx_cluster_get(f, &gone);
    assert_true(sc_id_eq(&k.merged_into, &into));
    sc_store_stats st;
    fx_ok(f, f->ops->stats(f->s, &f->a, T0, &st, &f->err));
    assert_int_equal(st.clusters, 1);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

/* 23 issues whose sort values repeat. */
static void make_many(sc_fx *f) {
    sc_cluster k[23];
    int64_t version;
    for (int i = 0; i < 23; i++) {
        k[i] = fx_cluster(f, &f->a, "c");
        k[i].count = i % 5;
        k[i].last_seen_ms = T0 + i % 7 * HOUR;
        k[i].created_at_ms = T0 + i % 3;
        k[i].status = (sc_cluster_status)(i % 4);
        k[i].trend[SC_CLUSTER_TREND_DAYS - 1] = i % 6;
        k[i].trend[0] = i % 4;
        k[i].source_counts[SC_SOURCE_manual] = i % 2;
    }
    sc_group_write w = fx_step(f, &f->a);
    w.clusters = k;
    w.n_clusters = 23;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
}

static int64_t sort_key(const sc_cluster *k, sc_cluster_sort sort) {
    switch (sort) {
    case SC_SORT_RECENT: return k->last_seen_ms;
    case SC_SORT_SIZE: return k->count;
    case SC_SORT_TREND: return sc_cluster_trend_score(k, T0 / DAY);
    default: return k->created_at_ms;
    }
}

static void every_sort_order_pages_through_all_issues_once(void **state) {
    sc_fx *f = *state;
    make_many(f);
    for (int sort = SC_SORT_RECENT; sort <= SC_SORT_CREATED; sort++) {
        sc_cluster_filter q = {.project_id = f->a, .sort = (sc_cluster_sort)sort};
        sc_page p = {4, SC_STR_NONE};
        sc_cluster_list l;
        size_t n = 0;
        int64_t key = INT64_MAX, seq = INT64_MAX;
        do {
            fx_ok(f, f->ops->cluster_list(f->s, &q, &p, T0, &f->arena, &l, &f->err));
            assert_int_equal(l.total, 23);
            for (size_t i = 0; i < l.n; i++) {
                int64_t k = sort_key(&l.items[i], q.sort), s = l.items[i].seq;
                assert_true(k < key || (k == key && s < seq));
                key = k;
                seq = s;
            }
            n += l.n;
            p.cursor = l.next_cursor;
        } while (p.cursor.n);
        assert_int_equal(n, 23);
        p.cursor = SC_STR("41000000000000000000000000000000000000000");
        fx_rc(f, f->ops->cluster_list(f->s, &q, &p, T0, &f->arena, &l, &f->err), SC_INVALID);
    }
}

static void issue_filters_find_what_they_say_and_count_it(void **state) {
    sc_fx *f = *state;
    make_many(f);
    sc_page p = {1000, SC_STR_NONE};
    sc_cluster_list l;
    const struct {
        sc_cluster_filter q;
        size_t n;
    } cases[] = {
        {{.statuses = 1u << SC_CLUSTER_new}, 6},
        {{.statuses = 1u << SC_CLUSTER_new | 1u << SC_CLUSTER_pr_opened}, 11},
        {{.statuses = 1u << SC_CLUSTER_snoozed}, 0},
        {{.by_source = true, .source = SC_SOURCE_manual}, 11},
        {{.by_source = true, .source = SC_SOURCE_reddit}, 0},
        {{.min_count = 4}, 4},
        {{.since_ms = T0 + HOUR, .until_ms = T0 + 3 * HOUR}, 7},
        {{.since_ms = T0 + HOUR, .until_ms = T0 + 3 * HOUR, .min_count = 1, .statuses = 2u}, 2},
    };
    for (size_t i = 0; i < SC_LEN(cases); i++) {
        for (int sort = SC_SORT_RECENT; sort <= SC_SORT_CREATED; sort++) {
            sc_cluster_filter q = cases[i].q;
            q.project_id = f->a;
            q.sort = (sc_cluster_sort)sort;
            fx_ok(f, f->ops->cluster_list(f->s, &q, &p, T0, &f->arena, &l, &f->err));
            assert_int_equal(l.n, cases[i].n);
            assert_int_equal(l.total, cases[i].n);
            q.uncounted = true;
            fx_ok(f, f->ops->cluster_list(f->s, &q, &p, T0, &f->arena, &l, &f->err));
            assert_int_equal(l.n, cases[i].n);
            assert_int_equal(l.total, -1);
        }
    }
}

static void named_issues_come_in_the_order_asked_for(void **state) {
    sc_fx *f = *state;
    int64_t seqs[3];
    fx_put_n(f, &f->a, 3, seqs);
    sc_id k[4];
    for (int i = 0; i < 3; i++) k[i] = fx_group(f, &f->a, &seqs[i], 1);
    k[3] = fx_id(f);
    sc_id want[] = {k[2], k[3], k[0], k[1]};
    sc_cluster_filter q = {.project_id = f->a, .ids = want, .n_ids = 4, .by_ids = true};
    sc_page p = {2, SC_STR_NONE};
    sc_cluster_list l;
    fx_ok(f, f->ops->cluster_list(f->s, &q, &p, T0, &f->arena, &l, &f->err));
    assert_int_equal(l.n, 2);
    assert_true(sc_id_eq(&l.items[0].id, &k[2]) && sc_id_eq(&l.items[1].id, &k[0]));
    p.cursor = l.next_cursor;
    fx_ok(f, f->ops->cluster_list(f->s, &q, &p, T0, &f->arena, &l, &f->err));
    assert_int_equal(l.n, 1);
    assert_true(sc_id_eq(&l.items[0].id, &k[1]) && l.next_cursor.n == 0);
}

static void issues_are_named_by_id_without_those_merged_away(void **state) {
    sc_fx *f = *state;
    int64_t seqs[3];
    sc_cluster_name *names;
    size_t n;
    fx_put_n(f, &f->a, 3, seqs);
    for (int i = 0; i < 3; i++) fx_group(f, &f->a, &seqs[i], 1);
    fx_ok(f, f->ops->cluster_names(f->s, &f->a, &f->arena, &names, &n, &f->err));
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_true(names[i].count == 1 && sc_str_is(names[i].title, "cluster"));
        assert_true(!i || strcmp(names[i - 1].id.text, names[i].id.text) < 0);
    }
    fx_ok(f, f->ops->cluster_names(f->s, &f->b, &f->arena, &names, &n, &f->err));
    assert_int_equal(n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(every_field_of_an_issue_comes_back_and_is_replaced_whole),
        fx_test(an_issue_that_was_merged_away_is_found_but_not_listed),
        fx_test(every_sort_order_pages_through_all_issues_once),
        fx_test(issue_filters_find_what_they_say_and_count_it),
        fx_test(named_issues_come_in_the_order_asked_for),
        fx_test(issues_are_named_by_id_without_those_merged_away),
    };
    return fx_run(tests);
}
