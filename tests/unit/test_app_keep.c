/* Imported reports come without representations: the first load makes them, once, and the next ones find them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "app/internal.h"
#include "app/keep.h"
#include "app/read.h"
#include "app/transfer.h"
#include "app_fixture.h"
#include "toy_embedder.h"

enum { REPORTS = 450 /* more than two batches */, SECOND_BATCH = SC_KEEP_BATCH + 1 };

static struct {
    _Atomic int texts, puts;
    _Atomic int hold_at;         /* this text waits for the end of the process; 0: none does */
    _Atomic(app_fixture *) held; /* it waits */
    _Atomic int fail_from;       /* the store takes no representations from this write on; 0: all */
} seen;
static app_fixture f;
static const sc_store_ops *real;

static sc_rc embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                   int8_t *ret_vecs, sc_err *err) {
    (void)self;
    (void)deadline_ms;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        toy_vec(&texts[i], ret_vecs + i * TOY_DIM);
        if (atomic_fetch_add(&seen.texts, 1) + 1 != atomic_load(&seen.hold_at)) continue;
        atomic_store(&seen.held, &f);
        while (!atomic_load(&f.app->ending.now))
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return SC_OK;
}

static const sc_embedder_ops toy_ops = {
    .name = "toy", .embed = embed, .dim = toy_dim, .model = toy_model};
static const sc_embedder toy = {&toy_ops, &seen};

static sc_rc side_put(void *self, const sc_side_write *w, size_t *ret, sc_err *err) {
    int nth = atomic_fetch_add(&seen.puts, 1) + 1, from = atomic_load(&seen.fail_from);
    if (from && nth >= from) return sc_fail(err, SC_STORE, "the disk is full");
    return real->side_put(self, w, ret, err);
}

static sc_store_ops watched(const sc_store_ops *ops) {
    sc_store_ops mine = *ops;
    real = ops;
    mine.side_put = side_put;
    return mine;
}

static void line(sc_import *im, const char *text) {
    sc_err err = {0};
    if (sc_import_line(im, sc_str_of(text), 0, &err)) fail_msg("%s: %s", text, err.msg);
}

#define P "01890000-0000-7000-8000-0000000000aa"

/* REPORTS of them in ten issues. */
static void import_all(void) {
    sc_err err = {0};
    sc_import_conf conf = {.dry_run = false};
    sc_transfer_counts counts;
    sc_import *im;
    char text[600];
    assert_int_equal(sc_import_begin(f.app, &conf, &im, &err), SC_OK);
    line(im, "{\"kind\":\"soulcaster-export\",\"version\":2}");
    line(im, "{\"kind\":\"project\",\"id\":\"" P "\",\"name\":\"default\"}");
    for (int i = 0; i < 10; i++) {
        snprintf(text, sizeof text,
                 "{\"kind\":\"cluster\",\"id\":\"01890000-0000-7000-8000-00000001%04d\","
                 "\"project_id\":\"" P "\",\"status\":\"new\",\"title\":\"t\",\"count\":%d}",
                 i, REPORTS / 10);
        line(im, text);
    }
    for (int i = 0; i < REPORTS; i++) {
        snprintf(text, sizeof text,
                 "{\"kind\":\"feedback\",\"id\":\"01890000-0000-7000-8000-00000002%04d\","
                 "\"project_id\":\"" P "\",\"source\":\"manual\",\"external_id\":\"x%d\","
                 "\"title\":\"Part %d of the %d is odd\","
                 "\"cluster_id\":\"01890000-0000-7000-8000-00000001%04d\"}",
                 i, i, i, i * 7, i % 10);
        line(im, text);
    }
    assert_int_equal(sc_import_end(im, &counts, &err), SC_OK);
    assert_int_equal(counts.feedback, REPORTS);
}

static int64_t version(void) {
    sc_project p;
    sc_err err = {0};
    assert_int_equal(f.store.ops->project_get(f.store.self, SC_STR("default"), &f.arena, &p, &err),
                     SC_OK);
    return p.group_version;
}

/* Started again and loaded; returns how many texts that took. */
static int start(bool worker) {
    sc_app_stop(f.app); /* it may be following still */
    atomic_store(&seen.texts, 0);
    atomic_store(&seen.puts, 0);
    app_fixture_restart(&f, worker);
    app_loaded(&f);
    sc_app_stats stats;
    sc_app_stats_get(f.app, &stats);
    assert_int_equal(stats.items, REPORTS);
    return atomic_load(&seen.texts);
}

/* A folder with the import in it, and nothing kept of what the process that imports loaded meanwhile. */
static void begin(void) {
    memset(&seen, 0, sizeof seen);
    atomic_store(&seen.fail_from, 1);
    app_fixture_open_with(&f, &toy, false, watched);
    import_all();
    sc_app_stop(f.app);
}

static void places_are_as_imported(void) {
    for (int i = 0; i < REPORTS; i += 7) {
        char id[64], in[64];
        snprintf(id, sizeof id, "01890000-0000-7000-8000-00000002%04d", i);
        snprintf(in, sizeof in, "01890000-0000-7000-8000-00000001%04d", i % 10);
        const sc_id report = sc_id_of(sc_str_of(id));
        assert_string_equal(app_get(&f, &report).cluster_id.text, in);
    }
}

static void a_store_that_takes_none_costs_the_next_start_the_same_again(void **state) {
    (void)state;
    begin();
    assert_int_equal(start(false), REPORTS);
    assert_int_equal(atomic_load(&seen.puts), 1); /* asked once, not for each batch */
    assert_int_equal(start(false), REPORTS);
    places_are_as_imported();
    atomic_store(&seen.fail_from, 0);
    assert_int_equal(start(false), REPORTS);
    assert_int_equal(start(false), 0);
    app_fixture_close(&f);
}

static void imported_reports_are_embedded_by_the_first_start_alone(void **state) {
    (void)state;
    begin();
    atomic_store(&seen.fail_from, 0);
    const int64_t before = version();
    assert_int_equal(start(false), REPORTS);
    assert_true(version() == before);
    assert_int_equal(start(false), 0);
    assert_int_equal(atomic_load(&seen.puts), 0); /* what is there is not written again */
    places_are_as_imported();
    assert_int_equal(start(true), 0);
    app_settle(&f);
    sc_err err = {0};
    if (f.store.ops->verify(f.store.self, NULL, NULL, &err)) fail_msg("%s", err.msg);
    app_fixture_close(&f);
}

static void a_worker_has_no_need_to_embed_them_again(void **state) {
    (void)state;
    begin();
    atomic_store(&seen.fail_from, 0);
    assert_int_equal(start(true), REPORTS);
    app_settle(&f);
    app_fixture_restart(&f, true);
    app_loaded(&f);
    assert_int_equal(atomic_load(&seen.texts), REPORTS);
    places_are_as_imported();
    app_fixture_close(&f);
}

static void a_load_that_was_killed_goes_on_where_it_was(void **state) {
    (void)state;
    begin();
    atomic_store(&seen.fail_from, 2); /* as if it had been killed behind the first batch */
    assert_int_equal(start(false), REPORTS);
    atomic_store(&seen.fail_from, 0);
    assert_int_equal(start(false), REPORTS - SC_KEEP_BATCH);
    assert_int_equal(start(false), 0);
    app_fixture_close(&f);
}

static bool is_held(void *self) {
    (void)self;
    return atomic_load(&seen.held) != NULL;
}

static void the_end_of_the_process_does_not_wait_for_a_load(void **state) {
    (void)state;
    begin();
    atomic_store(&seen.fail_from, 0);
    atomic_store(&seen.texts, 0);
    atomic_store(&seen.hold_at, SECOND_BATCH + 20);
    app_fixture_restart(&f, false); /* whose first load is held up in the second batch */
    app_wait(is_held, NULL, "the load to come to that text");
    atomic_store(&seen.hold_at, 0);
    sc_app_stop(f.app);
    assert_int_equal(atomic_load(&seen.texts), SECOND_BATCH + 20); /* that one, and no more */
    assert_int_equal(start(false), REPORTS - SECOND_BATCH - 20);   /* none of them is lost */
    assert_int_equal(start(false), 0);
    places_are_as_imported();
    app_fixture_close(&f);
}

static bool all_loaded(void *self) {
    (void)self;
    sc_app_stats stats;
    app_loaded(&f);
    sc_app_stats_get(f.app, &stats);
    return stats.items == REPORTS;
}

static void what_is_imported_while_a_server_runs_is_kept_too(void **state) {
    (void)state;
    memset(&seen, 0, sizeof seen);
    app_fixture_open_with(&f, &toy, false, watched);
    app_loaded(&f);
    import_all(); /* followed meanwhile, and then */
    app_wait(all_loaded, NULL, "the server to follow the import");
    assert_int_equal(start(false), 0);
    app_fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_that_takes_none_costs_the_next_start_the_same_again),
        cmocka_unit_test(imported_reports_are_embedded_by_the_first_start_alone),
        cmocka_unit_test(a_worker_has_no_need_to_embed_them_again),
        cmocka_unit_test(a_load_that_was_killed_goes_on_where_it_was),
        cmocka_unit_test(the_end_of_the_process_does_not_wait_for_a_load),
        cmocka_unit_test(what_is_imported_while_a_server_runs_is_kept_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
