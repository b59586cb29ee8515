/* The app's promises beside grouping: group commit, poison reports, two processes' worth of writers, events,
 * access, export and import. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <pthread.h>

#include <cmocka.h>

#include "app/access.h"
#include "app/events.h"
#include "app/internal.h"
#include "app/read.h"
#include "app/transfer.h"
#include "app/triage.h"
#include "app_fixture.h"
#include "app_ok.h"
#include "sources/registry.h"

/* Of the last call that failed. */

/* ---- An embedder that cannot stand the word "poison" -------------------------------------------- */

static _Atomic bool poison_works; /* the fault has been mended */

static sc_rc picky_embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                         int8_t *ret, sc_err *err) {
    (void)self, (void)deadline_ms;
    memset(ret, 0, n * 64);
    for (size_t i = 0; i < n; i++) {
        if (!poison_works && sc_str_find(texts[i].title, SC_STR("poison")) != SIZE_MAX)
            return sc_fail(err, SC_UPSTREAM, "this text cannot be embedded");
        uint64_t h = sc_hash64(texts[i].title.p, texts[i].title.n, 7);
        for (size_t k = 0; k < 64; k++) ret[i * 64 + k] = (h >> k & 1) ? 15 : -15;
    }
    return SC_OK;
}
static uint16_t picky_dim(const void *self) {
    (void)self;
    return 64;
}
static const char *picky_model(const void *self) {
    (void)self;
    return "picky-1";
}
static sc_rc picky_open(void *self, const void *conf, sc_err *err) {
    (void)self, (void)conf, (void)err;
    return SC_OK;
}
static const sc_embedder_ops picky = {.name = "picky",
                                      .summary = "for tests",
                                      .size = 1,
                                      .open = picky_open,
                                      .embed = picky_embed,
                                      .dim = picky_dim,
                                      .model = picky_model};

static bool all_placed_or_parked(void *self) {
    app_fixture *f = self;
    sc_store_stats s;
    return !f->store.ops->stats(f->store.self, &f->project.id, f->now_ms, &s, NULL) && !s.pending;
}

static bool is_dead(void *self) {
    app_fixture *f = self;
    f->now_ms += 600000; /* past every back-off; the worker looks by itself */
    sc_job_counts c;
    return !f->store.ops->job_counts(f->store.self, &f->project.id, SC_STR("regroup"), &c, NULL) &&
           c.by_state[SC_JOB_dead] == 1;
}

static bool nothing_parked(void *self) {
    app_fixture *f = self;
    sc_store_stats s;
    return !f->store.ops->stats(f->store.self, &f->project.id, f->now_ms, &s, NULL) && !s.parked &&
           !s.pending;
}

static void
a_report_that_cannot_be_grouped_holds_up_nobody_and_ends_as_a_dead_letter(void **state) {
    (void)state;
    static app_fixture f;
    poison_works = false;
    app_fixture_open(&f, &(sc_embedder){.ops = &picky, .self = NULL}, true);
    sc_id before = app_put(&f, "1", "an ordinary report about the shopping list", "");
    sc_id bad = app_put(&f, "2", "this one is poison to the embedder", "");
    sc_id after = app_put(&f, "3", "another ordinary report about recipes", "");
    app_wait(all_placed_or_parked, &f, "the good reports");
    assert_int_equal(app_get(&f, &before).state, SC_FEEDBACK_grouped);
    assert_int_equal(app_get(&f, &after).state, SC_FEEDBACK_grouped);
    assert_int_equal(app_get(&f, &bad).state, SC_FEEDBACK_parked);
    app_wait(is_dead, &f, "the dead letter");
    sc_job_filter jf = {.project_id = f.project.id, .by_state = true, .state = SC_JOB_dead};
    sc_job_list jobs;
    ok(f.store.ops->job_list(f.store.self, &jf, &(sc_page){.limit = 10}, &f.arena, &jobs,
                             &failure));
    assert_int_equal(jobs.n, 1);
    assert_true(sc_str_find(jobs.items[0].error, SC_STR("cannot be embedded")) != SIZE_MAX);
    poison_works = true;
    ok(f.store.ops->job_act(f.store.self, &f.project.id, &jobs.items[0].id, SC_JOB_EV_REPLAY,
                            f.now_ms, &failure));
    app_wait(nothing_parked, &f, "the replayed report");
    assert_int_equal(app_get(&f, &bad).state, SC_FEEDBACK_grouped);
    app_fixture_close(&f);
}

static sc_rc edit_title(void *self, sc_feedback *f, sc_err *err) {
    (void)err;
    f->title = sc_str_of(self);
    return SC_OK;
}

static void an_edited_report_that_cannot_be_grouped_is_not_counted_where_it_was(void **state) {
    (void)state;
    static app_fixture f;
    poison_works = false;
    app_fixture_open(&f, &(sc_embedder){.ops = &picky, .self = NULL}, true);
    const char *const title = "the shopping list forgets its order";
    sc_id stays = app_put(&f, "1", title, ""), leaves = app_put(&f, "2", title, ""),
          alone = app_put(&f, "3", "recipes are printed without pictures", "");
    app_wait(all_placed_or_parked, &f, "the reports");
    sc_id home = app_get(&f, &stays).cluster_id, own = app_get(&f, &alone).cluster_id;
    assert_string_equal(app_get(&f, &leaves).cluster_id.text, home.text);
    assert_int_equal(app_cluster(&f, &home).count, 2);
    sc_feedback now;
    ok(sc_triage_edit(f.app, &f.project.id, &leaves, edit_title, "poison now", &f.arena, &now,
                      &failure));
    ok(sc_triage_edit(f.app, &f.project.id, &alone, edit_title,
                      "printed cookbooks have poison photographs", &f.arena, &now, &failure));
    app_wait(all_placed_or_parked, &f, "the edited reports");
    assert_int_equal(app_get(&f, &leaves).state, SC_FEEDBACK_parked);
    assert_string_equal(app_get(&f, &leaves).cluster_id.text, "");
    sc_cluster left = app_cluster(&f, &home), empty = app_cluster(&f, &own);
    assert_int_equal(left.count, 1);
    assert_int_equal(left.source_counts[SC_SOURCE_manual], 1);
    assert_int_equal(left.trend[SC_CLUSTER_TREND_DAYS - 1], 1);
    assert_string_equal(left.representative_ids[0].text, stays.text);
    assert_int_equal(empty.count, 0);
    sc_cluster read;
    bool moved;
    ok(sc_read_cluster(f.app, &f.project.id, &own, &f.arena, &read, &moved, &failure));
    assert_false(moved);
    sc_cluster_filter all = {.project_id = f.project.id};
    sc_cluster_list list;
    ok(f.store.ops->cluster_list(f.store.self, &all, &(sc_page){.limit = 10}, f.now_ms, &f.arena,
                                 &list, &failure));
    assert_int_equal(list.n, 1);
    ok(f.store.ops->verify(f.store.self, NULL, NULL, &failure));
    poison_works = true;
    app_fixture_restart(&f, true);
    f.now_ms += 600000; /* past the back-off */
    app_wait(nothing_parked, &f, "another try");
    int64_t counted = 0;
    ok(f.store.ops->cluster_list(f.store.self, &all, &(sc_page){.limit = 10}, f.now_ms, &f.arena,
                                 &list, &failure));
    for (size_t i = 0; i < list.n; i++) {
        sc_feedback_filter in = {.project_id = f.project.id, .cluster_id = list.items[i].id};
        sc_feedback_list members;
        ok(f.store.ops->feedback_list(f.store.self, &in, &(sc_page){.limit = 10}, &f.arena,
                                      &members, &failure));
        assert_int_equal(list.items[i].count, members.n);
        counted += list.items[i].count;
    }
    assert_int_equal(counted, 3);
    app_fixture_close(&f);
}

/* ---- Clocks ---------------------------------------------------------------------------------------- */

static bool house_was_kept(void *self) {
    app_fixture *f = self;
    f->now_ms += 61000;
    f->mono_ahead_us += 61 * 1000000; /* the next look at the clock is due */
    sc_job_counts c;
    return !f->store.ops->job_counts(f->store.self, &f->project.id, SC_STR("group"), &c, NULL) &&
           !c.by_state[SC_JOB_success];
}

static void a_clock_that_is_set_clears_nothing_away_until_the_new_time_has_held(void **state) {
    (void)state;
    static app_fixture f;
    app_fixture_open(&f, NULL, true);
    sc_id report = app_put(&f, "1", "the shopping list forgets its order", "");
    app_settle(&f);
    sc_job_counts c = {.oldest_pending_ms = 0};
    while (!c.by_state[SC_JOB_success]) /* its job ends a moment after the report is grouped */
        ok(f.store.ops->job_counts(f.store.self, &f.project.id, SC_STR("group"), &c, &failure));
    f.now_ms += INT64_C(400) * 86400000;
    int64_t before_us = f.mono_ahead_us;
    app_wait(house_was_kept, &f, "the ended job to be cleared away");
    /* It took the hour in which the clock may be put right again. */
    assert_true(f.mono_ahead_us - before_us > INT64_C(3500) * 1000000);
    f.now_ms -= INT64_C(800) * 86400000;
    sc_id later = app_put(&f, "2", "recipes are printed without pictures", "");
    app_settle(&f);
    assert_int_equal(app_get(&f, &report).state, SC_FEEDBACK_grouped);
    assert_int_equal(app_get(&f, &later).state, SC_FEEDBACK_grouped);
    app_fixture_close(&f);
}

static void more_snoozed_issues_than_a_page_wake_up(void **state) {
    (void)state;
    enum { SNOOZED = 1150, FOR_EVER = 7 };
    static app_fixture f;
    app_fixture_open(&f, NULL, false);
    sc_cluster *k = sc_alloc_array(SNOOZED, sizeof *k);
    assert_non_null(k);
    for (int i = 0; i < SNOOZED; i++)
        k[i] = (sc_cluster){.id = sc_id_new(&f.clock),
                            .title = SC_STR("asleep"),
                            .keywords = SC_STR("[]"),
                            .status = SC_CLUSTER_snoozed,
                            .snooze_until_ms = i < FOR_EVER ? 0 : f.now_ms + 1000,
                            .version = 1};
    sc_group_write gw = {
        .project_id = f.project.id, .clusters = k, .n_clusters = SNOOZED, .now_ms = f.now_ms};
    sc_project p;
    ok(f.store.ops->project_get(f.store.self, sc_id_str(&f.project.id), &f.arena, &p, &failure));
    gw.expect_version = p.group_version;
    int64_t version;
    ok(f.store.ops->group_write(f.store.self, &gw, &version, &failure));
    sc_store_stats stats;
    ok(sc_triage_wake_snoozed(f.app, &f.project.id, f.now_ms + 999, &failure));
    ok(f.store.ops->stats(f.store.self, &f.project.id, f.now_ms, &stats, &failure));
    assert_int_equal(stats.by_status[SC_CLUSTER_snoozed], SNOOZED);
    f.now_ms += 1000;
    ok(sc_triage_wake_snoozed(f.app, &f.project.id, f.now_ms, &failure));
    ok(f.store.ops->stats(f.store.self, &f.project.id, f.now_ms, &stats, &failure));
    assert_int_equal(stats.by_status[SC_CLUSTER_snoozed], FOR_EVER);
    sc_free(k);
    app_fixture_close(&f);
}

/* ---- Group commit -------------------------------------------------------------------------------- */

enum { THREADS = 8, EACH = 50 };
typedef struct putter {
    app_fixture *f;
    int n;
    int fresh, duplicates;
} putter;

static void *put_many(void *arg) {
    putter *p = arg;
    sc_arena arena;
    sc_arena_init(&arena, 16 << 20);
    for (int i = 0; i < EACH; i++) {
        char id[32]; /* every report is sent by two threads */
        snprintf(id, sizeof id, "r%d-%d", p->n / 2, i);
        sc_feedback item = {.project_id = p->f->project.id,
                            .source = SC_SOURCE_manual,
                            .external_id = sc_str_of(id),
                            .title = SC_STR("The list does not sync"),
                            .metadata = SC_STR("{}"),
                            .created_at_ms = 1};
        sc_put_result r;
        if (sc_ingest_now(p->f->app, &item, 1, &r, &arena, NULL)) continue;
        if (r.status == SC_PUT_NEW)
            p->fresh++;
        else
            p->duplicates++;
    }
    sc_arena_done(&arena);
    return NULL;
}

static void threads_that_send_the_same_reports_store_each_once(void **state) {
    (void)state;
    static app_fixture f;
    app_fixture_open(&f, NULL, false);
    pthread_t t[THREADS];
    putter p[THREADS];
    for (int i = 0; i < THREADS; i++) {
        p[i] = (putter){.f = &f, .n = i};
        assert_int_equal(pthread_create(&t[i], NULL, put_many, &p[i]), 0);
    }
    int fresh = 0, duplicates = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        fresh += p[i].fresh;
        duplicates += p[i].duplicates;
    }
    assert_int_equal(fresh, THREADS / 2 * EACH);
    assert_int_equal(duplicates, THREADS / 2 * EACH);
    sc_app_stats s;
    sc_app_stats_get(f.app, &s);
    assert_int_equal(s.committed, fresh);
    assert_true(s.commits < THREADS * EACH);
    assert_int_equal(s.queued_bytes, 0);
    app_fixture_close(&f);
}

static void a_full_queue_says_when_to_come_back_and_a_stopped_one_says_so(void **state) {
    (void)state;
    static app_fixture f;
    app_fixture_open(&f, NULL, false);
    sc_app_stop(f.app);
    sc_feedback item = {
        .project_id = f.project.id, .title = SC_STR("late"), .metadata = SC_STR("{}")};
    sc_put_result r;
    assert_int_equal(sc_ingest_now(f.app, &item, 1, &r, &f.arena, &failure), SC_CANCELLED);
    app_fixture_close(&f);
}

/* ---- Two writers on one store -------------------------------------------------------------------- */

static void a_correction_by_another_process_is_obeyed_by_the_worker(void **state) {
    (void)state;
    static app_fixture f;
    app_fixture_open(&f, NULL, true);
    sc_id a = app_put(&f, "1", "Exporting my pantry to CSV drops the last row", "");
    sc_id b = app_put(&f, "2", "The CSV export of my pantry drops the last row", "");
    app_settle(&f);
    sc_app_conf conf;
    sc_app_conf_default(&conf);
    conf.store = f.store;
    conf.embedder = f.embedder;
    conf.sources = sc_source_registry;
    conf.n_sources = SC_SOURCE_COUNT;
    conf.clock = &f.clock;
    conf.queues = 0;
    sc_app *other;
    ok(sc_app_new(&conf, &other, &failure)); /* as a second process: a space of its own */
    sc_id from = app_get(&f, &a).cluster_id;
    sc_triage_result r;
    ok(sc_triage_split(other, &f.project.id, &from, &b, 1, SC_STR("other"), &r, &failure));
    sc_id c = app_put(&f, "3", "CSV export of the pantry drops the last row again", "");
    app_settle(&f);
    sc_id ha = app_get(&f, &a).cluster_id, hb = app_get(&f, &b).cluster_id,
          hc = app_get(&f, &c).cluster_id;
    assert_false(sc_id_eq(&ha, &hb));
    assert_true(sc_id_eq(&hc, &ha) || sc_id_eq(&hc, &hb));
    sc_triage_result r2;
    ok(sc_triage_undo(other, &f.project.id, &r.action_id, SC_STR("other"), &r2, &failure));
    ok(f.store.ops->verify(f.store.self, NULL, NULL, &failure));
    sc_app_free(other);
    app_fixture_close(&f);
}

/* ---- Events --------------------------------------------------------------------------------------- */

typedef struct heard {
    _Atomic int n, grouped;
    int64_t last;
    _Atomic bool in_order;
} heard;

static bool hear(void *self, const sc_event *e) {
    heard *h = self;
    if (e->id <= h->last) h->in_order = false;
    h->last = e->id;
    h->n++;
    if (sc_str_is(e->kind, "feedback.grouped")) h->grouped++;
    return true;
}

static bool heard_three(void *self) { return ((heard *)self)->grouped >= 3; }

static void subscribers_hear_each_event_once_in_order_and_latecomers_may_catch_up(void **state) {
    (void)state;
    static app_fixture f;
    app_fixture_open(&f, NULL, true);
    heard now = {.in_order = true}, late = {.in_order = true}, all = {.in_order = true},
          ahead = {.in_order = true};
    sc_subscriber *s1, *s2, *s3, *s4;
    ok(sc_events_subscribe(f.app, &f.project.id, 1 << 20, hear, &ahead, &s4, &failure));
    ok(sc_events_subscribe(f.app, &f.project.id, SC_EVENTS_NOW, hear, &now, &s1, &failure));
    app_put(&f, "1", "The list does not sync between my phones", "");
    app_put(&f, "2", "Login codes never arrive", "");
    app_put(&f, "3", "Dark mode please", "");
    app_wait(heard_three, &now, "three grouped reports");
    ok(sc_events_subscribe(f.app, &f.project.id, 1, hear, &late, &s2, &failure));
    ok(sc_events_subscribe(f.app, &f.project.id, 0, hear, &all, &s3, &failure));
    app_put(&f, "4", "The dark theme is too dark", "");
    app_settle(&f);
    app_wait(heard_three, &late, "the latecomer");
    app_wait(heard_three, &all, "who wants to hear everything");
    app_wait(heard_three, &ahead, "who named an event that is still to come");
    assert_true(now.in_order && late.in_order && all.in_order && ahead.in_order);
    sc_events_unsubscribe(f.app, s3);
    sc_events_unsubscribe(f.app, s4);
    sc_events_unsubscribe(f.app, s1);
    sc_events_unsubscribe(f.app, s2);
    app_fixture_close(&f);
}

/* ---- Access --------------------------------------------------------------------------------------- */

static void keys_are_checked_and_a_login_link_works_once(void **state) {
    (void)state;
    static app_fixture f;
    app_fixture_open(&f, NULL, false);
    sc_principal who;
    assert_int_equal(
        sc_access_check_key(f.app, SC_STR("sc_000000000000000000000000000000000000000000000000"),
                            &who, &failure),
        SC_UNAUTHORIZED);
    assert_int_equal(sc_access_check_key(f.app, SC_STR(""), &who, &failure), SC_UNAUTHORIZED);
    sc_key k;
    sc_secret secret;
    assert_int_equal(sc_access_create_key(f.app, NULL, SC_STR("x"), SC_SCOPE_read, 0, &f.arena, &k,
                                          &secret, &failure),
                     SC_UNPROCESSABLE);
    ok(sc_access_create_key(f.app, &f.project.id, SC_STR("ci"), SC_SCOPE_ingest, f.now_ms + 1000,
                            &f.arena, &k, &secret, &failure));
    ok(sc_access_check_key(f.app, sc_str_of(secret.text), &who, &failure));
    assert_int_equal(who.scopes, SC_SCOPE_ingest);
    assert_string_equal(who.name, "ci");
    assert_int_equal(sc_access_bootstrap(f.app, SC_STR("short"), &failure), SC_INVALID);
    ok(sc_access_bootstrap(f.app, SC_STR("a-long-enough-secret"), &failure));
    ok(sc_access_bootstrap(f.app, SC_STR("a-long-enough-secret"), &failure));
    ok(sc_access_check_key(f.app, SC_STR("a-long-enough-secret"), &who, &failure));
    assert_true(who.scopes & SC_SCOPE_admin);
    sc_secret token, cookie, again;
    ok(sc_access_login_token(f.app, 60000, &token, &failure));
    assert_int_equal(sc_access_check_session(f.app, sc_str_of(token.text), &who, &failure),
                     SC_UNAUTHORIZED);
    ok(sc_access_login(f.app, sc_str_of(token.text), &cookie, &failure));
    ok(sc_access_check_session(f.app, sc_str_of(cookie.text), &who, &failure));
    assert_int_equal(sc_access_login(f.app, sc_str_of(token.text), &again, &failure),
                     SC_UNAUTHORIZED);
    ok(sc_access_login_token(f.app, 60000, &token, &failure));
    f.now_ms += 61000;
    assert_int_equal(sc_access_login(f.app, sc_str_of(token.text), &again, &failure),
                     SC_UNAUTHORIZED);
    ok(sc_access_logout(f.app, sc_str_of(cookie.text), &failure));
    assert_int_equal(sc_access_check_session(f.app, sc_str_of(cookie.text), &who, &failure),
                     SC_UNAUTHORIZED);
    app_fixture_close(&f);
}

/* ---- Export and import ---------------------------------------------------------------------------- */

static bool keep(void *self, sc_str bytes) { return sc_buf_put_str(self, bytes); }

static sc_rc import_all(app_fixture *f, sc_str text, sc_transfer_counts *ret, sc_err *err) {
    sc_import *im;
    sc_rc rc = sc_import_begin(f->app, NULL, &im, err);
    int64_t n = 0;
    sc_str line;
    while (!rc && sc_str_next(&text, '\n', &line)) rc = sc_import_line(im, line, ++n, err);
    sc_err late = {0};
    sc_rc end = sc_import_end(im, ret, &late);
    if (!rc && end && err) *err = late;
    return rc ? rc : end;
}

static void an_export_comes_back_whole_and_a_second_import_changes_nothing(void **state) {
    (void)state;
    static app_fixture f, g;
    app_fixture_open(&f, NULL, true);
    sc_id a = app_put(&f, "1", "Exporting my pantry to CSV drops the last row",
                      "with \"quotes\" and\nlines");
    sc_id b = app_put(&f, "2", "Login codes never arrive", "");
    app_put(&f, "3", "CSV export of my pantry drops the last row", "");
    app_settle(&f);
    sc_id ca = app_get(&f, &a).cluster_id, cb = app_get(&f, &b).cluster_id;
    sc_triage_result r;
    ok(sc_triage_merge(f.app, &f.project.id, &ca, &cb, 1, SC_STR("t"), &r, &failure));
    sc_buf first;
    sc_buf_init(&first, 1 << 20);
    sc_transfer_counts out, in;
    ok(sc_export(f.app, NULL, keep, &first, NULL, NULL, &out, &failure));
    assert_int_equal(out.feedback, 3);
    app_fixture_open(&g, NULL, false);
    ok(import_all(&g, sc_buf_str(&first), &in, &failure));
    assert_int_equal(in.feedback, out.feedback);
    assert_int_equal(in.corrections, out.corrections);
    sc_id home = app_get(&g, &b).cluster_id;
    assert_true(sc_id_eq(&home, &ca));
    assert_int_equal(app_cluster(&g, &ca).count, app_cluster(&f, &ca).count);
    ok(g.store.ops->verify(g.store.self, NULL, NULL, &failure));
    ok(import_all(&g, sc_buf_str(&first), &in, &failure));
    assert_int_equal(in.feedback + in.clusters + in.corrections + in.decisions, 0);
    app_fixture_restart(&g, true); /* the index is made again from the texts */
    sc_search_result hits;
    ok(sc_read_search(g.app, &g.project.id, SC_STR("csv export"), 5, &g.arena, &hits, &failure));
    assert_true(hits.n > 0);
    assert_int_equal(import_all(&g, SC_STR("{\"kind\":\"feedback\"}\n"), &in, &failure),
                     SC_UNPROCESSABLE);
    assert_int_equal(import_all(&g, SC_STR(""), &in, &failure), SC_UNPROCESSABLE);
    assert_int_equal(import_all(&g, SC_STR("not json"), &in, &failure), SC_INVALID);
    sc_buf_done(&first);
    app_fixture_close(&f);
    app_fixture_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edited_report_that_cannot_be_grouped_is_not_counted_where_it_was),
        cmocka_unit_test(a_report_that_cannot_be_grouped_holds_up_nobody_and_ends_as_a_dead_letter),
        cmocka_unit_test(a_clock_that_is_set_clears_nothing_away_until_the_new_time_has_held),
        cmocka_unit_test(more_snoozed_issues_than_a_page_wake_up),
        cmocka_unit_test(threads_that_send_the_same_reports_store_each_once),
        cmocka_unit_test(a_full_queue_says_when_to_come_back_and_a_stopped_one_says_so),
        cmocka_unit_test(a_correction_by_another_process_is_obeyed_by_the_worker),
        cmocka_unit_test(subscribers_hear_each_event_once_in_order_and_latecomers_may_catch_up),
        cmocka_unit_test(keys_are_checked_and_a_login_link_works_once),
        cmocka_unit_test(an_export_comes_back_whole_and_a_second_import_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
