/* From a stored report to its issue, and what people then do to it: the app on a real store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "app/internal.h"
#include "app/read.h"
#include "app/triage.h"
#include "app_fixture.h"
#include "app_ok.h"

static int setup(void **state) {
    static app_fixture f;
    app_fixture_open(&f, NULL, true);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    app_fixture_close(*state);
    return 0;
}

/* Of the last call that failed. */

static bool together(app_fixture *f, const sc_id *a, const sc_id *b) {
    sc_feedback x = app_get(f, a), y = app_get(f, b);
    return sc_id_is_set(&x.cluster_id) && sc_id_eq(&x.cluster_id, &y.cluster_id);
}

/* The cluster that a report is in. */
static sc_id home(app_fixture *f, const sc_id *report) { return app_get(f, report).cluster_id; }

static bool same(sc_id a, sc_id b) { return sc_id_eq(&a, &b); }

static const char *const EXPORT =
    "Exporting my pantry to CSV drops the last row of the file every time";
static const char *const EXPORT2 =
    "CSV export of the pantry: the last row is dropped from the exported file";
static const char *const LOGIN = "The login code sent by text message never arrives on my phone";

static void an_action_on_what_is_not_there_is_not_found_and_changes_nothing(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, ""), ghost = sc_id_new(&f->clock);
    app_settle(f);
    sc_id cluster = app_get(f, &a).cluster_id;
    sc_triage_result r;
    assert_int_equal(
        sc_triage_merge(f->app, &f->project.id, &cluster, &ghost, 1, SC_STR("t"), &r, &failure),
        SC_NOT_FOUND);
    assert_int_equal(
        sc_triage_merge(f->app, &f->project.id, &ghost, &cluster, 1, SC_STR("t"), &r, &failure),
        SC_NOT_FOUND);
    assert_int_equal(
        sc_triage_move(f->app, &f->project.id, &ghost, NULL, SC_STR("t"), &r, &failure),
        SC_NOT_FOUND);
    assert_int_equal(sc_triage_move(f->app, &f->project.id, &a, &ghost, SC_STR("t"), &r, &failure),
                     SC_NOT_FOUND);
    assert_int_equal(sc_triage_undo(f->app, &f->project.id, &ghost, SC_STR("t"), &r, &failure),
                     SC_NOT_FOUND);
    assert_int_equal(
        sc_triage_merge(f->app, &f->project.id, &cluster, &cluster, 1, SC_STR("t"), &r, &failure),
        SC_UNPROCESSABLE);
    assert_int_equal(
        sc_triage_split(f->app, &f->project.id, &cluster, &a, 1, SC_STR("t"), &r, &failure),
        SC_UNPROCESSABLE);
    sc_project other = {
        .id = sc_id_new(&f->clock), .name = SC_STR("other"), .created_at_ms = f->now_ms};
    ok(f->store.ops->project_put(f->store.self, &other, &failure));
    assert_int_equal(sc_triage_move(f->app, &other.id, &a, NULL, SC_STR("t"), &r, &failure),
                     SC_NOT_FOUND);
    assert_true(same(home(f, &a), cluster));
}

static void paraphrases_meet_and_strangers_do_not(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, ""), b = app_put(f, "2", EXPORT2, ""),
          c = app_put(f, "3", LOGIN, "");
    app_settle(f);
    assert_true(together(f, &a, &b));
    assert_false(together(f, &a, &c));
    sc_id in = home(f, &a);
    sc_cluster cl = app_cluster(f, &in);
    assert_int_equal(cl.count, 2);
    assert_int_equal(cl.source_counts[SC_SOURCE_manual], 2);
    assert_int_equal(cl.trend[SC_CLUSTER_TREND_DAYS - 1], 2);
    assert_true(cl.title.n > 3 && cl.summary.n > 3 && cl.keywords.n > 2);
    assert_true(sc_id_is_set(&cl.representative_ids[0]));
}

static void a_merge_and_its_undo_hold_no_texts(void **state) {
    enum { EACH = 24, BODY = 200 << 10, ROOM = 3 << 20 };
    app_fixture *f = *state;
    f->app->conf.action_bytes = ROOM; /* less than the reports of one of the two issues take */
    static const char *const titles[] = {"Exporting my pantry to CSV drops the last row",
                                         "The login code never arrives on my phone"};
    sc_id in[2], first[2];
    for (int k = 0; k < 2; k++) {
        char *body = sc_alloc(BODY + 1);
        for (size_t n = 0; n < BODY;)
            n += (size_t)snprintf(body + n, BODY + 1 - n, "%s. ", titles[k]);
        for (int i = 0; i < EACH; i++) {
            char id[16];
            snprintf(id, sizeof id, "%d-%d", k, i);
            sc_id report = app_put(f, id, titles[k], body);
            if (i == 0) first[k] = report;
        }
        sc_free(body);
    }
    app_settle(f);
    for (int k = 0; k < 2; k++) in[k] = home(f, &first[k]);
    assert_false(same(in[0], in[1]));
    assert_int_equal(app_cluster(f, &in[1]).count, EACH);
    sc_triage_result merged, undone;
    ok(sc_triage_merge(f->app, &f->project.id, &in[0], &in[1], 1, SC_STR("t"), &merged, &failure));
    assert_int_equal(merged.moved, EACH);
    sc_cluster both = app_cluster(f, &in[0]);
    assert_int_equal(both.count, 2 * EACH);
    assert_true(both.title.n && both.summary.n && sc_id_is_set(&both.representative_ids[0]));
    ok(sc_triage_undo(f->app, &f->project.id, &merged.action_id, SC_STR("t"), &undone, &failure));
    assert_int_equal(undone.moved, EACH);
    for (int k = 0; k < 2; k++) {
        assert_int_equal(app_cluster(f, &in[k]).count, EACH);
        assert_true(same(home(f, &first[k]), in[k]));
    }
    ok(f->store.ops->verify(f->store.self, NULL, NULL, &failure));
}

static void a_report_alone_in_its_issue_is_compared_with_nothing(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, ""), b;
    app_settle(f);
    sc_trace t;
    ok(sc_read_trace(f->app, &f->project.id, &a, &f->arena, &t, &failure));
    assert_false(t.has_now);
    b = app_put(f, "2", EXPORT2, "");
    app_settle(f);
    ok(sc_read_trace(f->app, &f->project.id, &b, &f->arena, &t, &failure));
    assert_true(t.has_now);
}

static void the_same_text_with_other_numbers_joins_by_fingerprint_and_says_so(void **state) {
    app_fixture *f = *state;
    app_put(f, "1", "Sync of list 4711 failed after 30 seconds with error 17", "device 0xdeadbeef");
    sc_id b = app_put(f, "2", "Sync of list 9 failed after 31 seconds with error 17",
                      "device 0xcafebabe");
    app_settle(f);
    sc_trace t;
    ok(sc_read_trace(f->app, &f->project.id, &b, &f->arena, &t, &failure));
    const sc_decision *d = t.steps[t.n - 1].decision;
    assert_non_null(d);
    assert_int_equal(d->reason, SC_REASON_fingerprint);
    assert_true(t.steps[t.n - 1].nearest_title.n > 0);
}

static void the_row_of_a_large_issue_stays_true_though_it_is_looked_at_seldom(void **state) {
    app_fixture *f = *state;
    enum { N = 400 };
    sc_id first = {{0}}, last = {{0}};
    char id[32], title[96];
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "l%d", i);
        snprintf(title, sizeof title, "Crash of worker %d in the billing export", 1000 + i);
        f->now_ms += 1000;
        last = app_put(f, id, title, "");
        if (!i) first = last;
        if (i > 128 && i % 32 == 0) app_settle(f); /* several writes */
    }
    app_settle(f);
    const sc_feedback oldest = app_get(f, &first), newest = app_get(f, &last);
    const sc_cluster c = app_cluster(f, &oldest.cluster_id);
    assert_int_equal(c.count, N);
    assert_int_equal(c.source_counts[SC_SOURCE_manual], N);
    assert_true(c.first_seen_ms == oldest.created_at_ms && c.last_seen_ms == newest.created_at_ms);
    assert_true(c.cohesion_mean > 0.5 && c.title.n && c.summary.n);
    for (int i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++) {
        const sc_feedback r = app_get(f, &c.representative_ids[i]);
        assert_true(sc_id_eq(&r.cluster_id, &c.id));
    }
}

static void a_merge_holds_over_a_restart_and_undo_takes_it_back(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, ""), c = app_put(f, "3", LOGIN, "");
    app_settle(f);
    sc_id ca = app_get(f, &a).cluster_id, cc = app_get(f, &c).cluster_id;
    sc_triage_result r;
    ok(sc_triage_merge(f->app, &f->project.id, &ca, &cc, 1, SC_STR("tester"), &r, &failure));
    assert_int_equal(r.moved, 1);
    assert_true(together(f, &a, &c));
    assert_true(same(app_cluster(f, &cc).merged_into, ca));
    assert_int_equal(app_cluster(f, &ca).count, 2);
    assert_int_equal(app_cluster(f, &cc).count, 0);
    app_fixture_restart(f, true);
    sc_id d = app_put(f, "4", EXPORT2, "");
    app_settle(f);
    assert_true(together(f, &a, &c));
    assert_true(together(f, &a, &d));
    ok(sc_triage_undo(f->app, &f->project.id, &r.action_id, SC_STR("tester"), &r, &failure));
    assert_false(together(f, &a, &c));
    assert_true(same(home(f, &c), cc));
    assert_true(same(app_cluster(f, &cc).merged_into, (sc_id){{0}}));
    assert_int_equal(app_cluster(f, &cc).count, 1);
}

static void what_was_split_off_stays_apart_even_from_its_twin(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, ""), b = app_put(f, "2", EXPORT2, "");
    app_settle(f);
    assert_true(together(f, &a, &b));
    sc_id old = app_get(f, &a).cluster_id;
    sc_triage_result r;
    ok(sc_triage_split(f->app, &f->project.id, &old, &b, 1, SC_STR("tester"), &r, &failure));
    assert_false(together(f, &a, &b));
    app_fixture_restart(f, true);
    for (int i = 0; i < 12; i++) {
        char id[8] = {'n', (char)('a' + i)};
        app_put(f, id, i % 2 ? EXPORT : EXPORT2, "once more");
    }
    app_settle(f);
    assert_false(together(f, &a, &b));
    sc_id na = app_get(f, &a).cluster_id, nb = app_get(f, &b).cluster_id;
    assert_int_equal(
        sc_triage_merge(f->app, &f->project.id, &na, &nb, 1, SC_STR("t"), &r, &failure),
        SC_CONFLICT);
}

static void a_moved_report_stays_where_it_was_put(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, ""), b = app_put(f, "2", EXPORT2, ""),
          c = app_put(f, "3", LOGIN, "");
    app_settle(f);
    sc_id to = app_get(f, &c).cluster_id;
    sc_triage_result r;
    ok(sc_triage_move(f->app, &f->project.id, &b, &to, SC_STR("tester"), &r, &failure));
    assert_true(together(f, &b, &c));
    app_put(f, "5", EXPORT, "and again");
    app_settle(f);
    assert_true(together(f, &b, &c));
    assert_false(together(f, &a, &b));
    ok(sc_triage_move(f->app, &f->project.id, &b, NULL, SC_STR("tester"), &r, &failure));
    assert_int_equal(app_cluster(f, &r.cluster_id).count, 1);
}

static void a_new_report_reopens_a_resolved_issue_as_a_regression(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, "");
    app_settle(f);
    sc_id cluster = app_get(f, &a).cluster_id;
    sc_cluster_patch p = {.has_event = true, .event = SC_CLUSTER_EV_RESOLVE};
    sc_cluster c;
    ok(sc_triage_patch(f->app, &f->project.id, &cluster, &p, SC_STR("tester"), &f->arena, &c,
                       &failure));
    assert_int_equal(c.status, SC_CLUSTER_resolved);
    f->now_ms += 1000;
    sc_id b = app_put(f, "2", EXPORT2, "");
    app_settle(f);
    assert_true(together(f, &a, &b));
    assert_int_equal(app_cluster(f, &cluster).status, SC_CLUSTER_regressed);
}

static void an_ignored_issue_takes_reports_and_stays_ignored(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, "");
    app_settle(f);
    sc_id cluster = app_get(f, &a).cluster_id;
    sc_cluster_patch p = {.has_event = true, .event = SC_CLUSTER_EV_IGNORE};
    sc_cluster c;
    ok(sc_triage_patch(f->app, &f->project.id, &cluster, &p, SC_STR("tester"), &f->arena, &c,
                       &failure));
    app_put(f, "2", EXPORT2, "");
    app_settle(f);
    assert_int_equal(app_cluster(f, &cluster).status, SC_CLUSTER_ignored);
    assert_int_equal(app_cluster(f, &cluster).count, 2);
}

static void a_title_of_a_person_is_kept_and_an_empty_one_is_derived_again(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, "");
    app_settle(f);
    sc_id cluster = app_get(f, &a).cluster_id;
    sc_cluster_patch p = {.has_title = true, .title = SC_STR("Export is broken")};
    sc_cluster c;
    ok(sc_triage_patch(f->app, &f->project.id, &cluster, &p, SC_STR("tester"), &f->arena, &c,
                       &failure));
    app_put(f, "2", EXPORT2, "");
    app_settle(f);
    c = app_cluster(f, &cluster);
    assert_true(sc_str_is(c.title, "Export is broken"));
    p.if_version = c.version - 1;
    assert_int_equal(
        sc_triage_patch(f->app, &f->project.id, &cluster, &p, SC_STR("t"), &f->arena, &c, &failure),
        SC_CONFLICT);
    p = (sc_cluster_patch){.has_title = true};
    ok(sc_triage_patch(f->app, &f->project.id, &cluster, &p, SC_STR("tester"), &f->arena, &c,
                       &failure));
    assert_false(sc_str_is(c.title, "Export is broken"));
    assert_true(c.title.n > 3);
}

static sc_rc entitle(void *self, sc_feedback *f, sc_err *err) {
    (void)err;
    f->title = *(const sc_str *)self;
    return SC_OK;
}

static void an_edited_report_is_grouped_anew_and_counts_stay_true(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, ""), b = app_put(f, "2", EXPORT2, ""),
          c = app_put(f, "3", LOGIN, "");
    app_settle(f);
    sc_id from = app_get(f, &a).cluster_id;
    sc_feedback got;
    sc_str title = sc_str_of(LOGIN);
    ok(sc_triage_edit(f->app, &f->project.id, &b, entitle, &title, &f->arena, &got, &failure));
    app_settle(f);
    assert_true(together(f, &b, &c));
    assert_int_equal(app_cluster(f, &from).count, 1);
    sc_id to = home(f, &c);
    assert_int_equal(app_cluster(f, &to).count, 2);
    ok(f->store.ops->verify(f->store.self, NULL, NULL, &failure));
}

static void search_finds_by_words_and_names_the_issue(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, "");
    app_put(f, "2", EXPORT2, "");
    app_put(f, "3", LOGIN, "");
    app_settle(f);
    sc_search_result r;
    ok(sc_read_search(f->app, &f->project.id, SC_STR("csv last row missing"), 10, &f->arena, &r,
                      &failure));
    assert_true(r.n >= 2 && r.n_clusters >= 1);
    assert_true(same(r.clusters[0].cluster.id, home(f, &a)));
    sc_feedback_filter filter = {.project_id = f->project.id};
    sc_page page = {.limit = 1};
    sc_feedback_list list;
    ok(sc_read_feedback(f->app, &filter, SC_STR("csv row"), &page, &f->arena, &list, &failure));
    assert_int_equal(list.n, 1);
    assert_int_equal(list.total, 2);
    page.cursor = list.next_cursor;
    ok(sc_read_feedback(f->app, &filter, SC_STR("csv row"), &page, &f->arena, &list, &failure));
    assert_int_equal(list.n, 1);
    page.cursor = SC_STR("w12x");
    assert_int_equal(
        sc_read_feedback(f->app, &filter, SC_STR("csv row"), &page, &f->arena, &list, &failure),
        SC_INVALID);
    ok(sc_read_search(f->app, &f->project.id, SC_STR("\xff\xfe"), 10, &f->arena, &r, &failure));
    ok(sc_read_search(f->app, &f->project.id, SC_STR(""), 10, &f->arena, &r, &failure));
}

static void a_removed_report_is_nowhere_any_more(void **state) {
    app_fixture *f = *state;
    sc_id a = app_put(f, "1", EXPORT, ""), b = app_put(f, "2", EXPORT2, "secret words"),
          c = app_put(f, "3", LOGIN, ""), ghost = sc_id_new(&f->clock);
    app_settle(f);
    assert_true(together(f, &a, &b));
    sc_id issue = home(f, &a), lonely = home(f, &c);
    sc_triage_result r;
    assert_int_equal(sc_triage_remove(f->app, &f->project.id, &ghost, SC_STR("t"), &failure),
                     SC_NOT_FOUND);
    ok(sc_triage_move(f->app, &f->project.id, &b, NULL, SC_STR("t"), &r, &failure));
    ok(sc_triage_remove(f->app, &f->project.id, &b, SC_STR("t"), &failure));
    ok(sc_triage_remove(f->app, &f->project.id, &c, SC_STR("t"), &failure));
    assert_int_equal(sc_triage_remove(f->app, &f->project.id, &c, SC_STR("t"), &failure),
                     SC_NOT_FOUND);
    assert_int_equal(app_cluster(f, &issue).count, 1);
    sc_cluster gone = app_cluster(f, &lonely);
    assert_true(sc_cluster_deserted(&gone));
    for (int restarted = 0; restarted < 2; restarted++) {
        sc_search_result found;
        ok(sc_read_search(f->app, &f->project.id, SC_STR("pantry export secret words, login code"),
                          10, &f->arena, &found, &failure));
        assert_int_equal(found.n, 1);
        assert_true(same(found.hits[0].feedback.id, a));
        sc_id d = app_put(f, restarted ? "5" : "4", EXPORT, "and again");
        app_settle(f);
        assert_true(together(f, &a, &d));
        ok(sc_triage_remove(f->app, &f->project.id, &d, SC_STR("t"), &failure));
        app_fixture_restart(f, true);
    }
    /* What was said of it went with it. */
    assert_int_equal(
        sc_triage_undo(f->app, &f->project.id, &r.action_id, SC_STR("t"), &r, &failure),
        SC_NOT_FOUND);
    ok(f->store.ops->verify(f->store.self, NULL, NULL, &failure));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_action_on_what_is_not_there_is_not_found_and_changes_nothing),
        T(a_merge_and_its_undo_hold_no_texts),
        T(paraphrases_meet_and_strangers_do_not),
        T(a_report_alone_in_its_issue_is_compared_with_nothing),
        T(the_same_text_with_other_numbers_joins_by_fingerprint_and_says_so),
        T(the_row_of_a_large_issue_stays_true_though_it_is_looked_at_seldom),
        T(a_merge_holds_over_a_restart_and_undo_takes_it_back),
        T(what_was_split_off_stays_apart_even_from_its_twin),
        T(a_moved_report_stays_where_it_was_put),
        T(a_removed_report_is_nowhere_any_more),
        T(a_new_report_reopens_a_resolved_issue_as_a_regression),
        T(an_ignored_issue_takes_reports_and_stays_ignored),
        T(a_title_of_a_person_is_kept_and_an_empty_one_is_derived_again),
        T(an_edited_report_is_grouped_anew_and_counts_stay_true),
        T(search_finds_by_words_and_names_the_issue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
