/* Import where things go wrong: the store fails, memory ends, nothing is to be written, much is known already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/import.h"
#include "app_fixture.h"

#define P "01890000-0000-7000-8000-0000000000aa"
#define ID "01890000-0000-7000-8000-00000000000"
#define HEAD "{\"kind\":\"soulcaster-export\",\"version\":2}"
#define OF_P ",\"project_id\":\"" P "\""
#define PROJECT "{\"kind\":\"project\",\"id\":\"" P "\",\"name\":\"there\"}"
#define ISSUE(n) \
    "{\"kind\":\"cluster\",\"id\":\"" ID n "\"" OF_P ",\"status\":\"new\",\"title\":\"t\"}"
#define REPORT(n, in)                                                   \
    "{\"kind\":\"feedback\",\"id\":\"" ID n "\"" OF_P                   \
    ",\"source\":\"manual\",\"external_id\":\"x" n "\",\"title\":\"r" n \
    "\",\"cluster_id\":\"" ID in "\"}"
#define DECISION(of)                                                                               \
    "{\"kind\":\"decision\",\"feedback_id\":\"" ID of "\"" OF_P ",\"reason\":\"first\",\"model\":" \
    "\"m\"}"
#define PAIR                                                                            \
    "{\"kind\":\"pair\"" OF_P ",\"state\":\"two\",\"a\":\"" ID "1\",\"b\":\"" ID "2\"," \
    "\"model\":\"m\"}"

static sc_err failure;
#define ok(call)                                                                     \
    do {                                                                             \
        failure = (sc_err){0};                                                       \
        if (call) fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #call, failure.msg); \
    } while (0)

static sc_rc feed(sc_import *im, const char *line) {
    failure = (sc_err){0};
    return sc_import_line(im, sc_str_of(line), 7, &failure);
}

static sc_import *begun(sc_app *app, bool dry_run, const char *const *lines, size_t n) {
    sc_import_conf conf = {.dry_run = dry_run};
    sc_import *im;
    ok(sc_import_begin(app, &conf, &im, &failure));
    for (size_t i = 0; i < n; i++)
        if (feed(im, lines[i])) fail_msg("%s: %s", lines[i], failure.msg);
    return im;
}

/* ---- A group that cannot be written ------------------------------------------------------------------- */

static const sc_store_ops *real;
static sc_rc with;     /* what the store fails with; SC_OK: it does not */
static int puts_asked; /* of reports */

static sc_rc count_put(void *self, const sc_feedback *items, const sc_id *jobs, size_t n,
                       sc_put_result *ret, sc_err *err) {
    puts_asked++;
    return real->feedback_put(self, items, jobs, n, ret, err);
}

static sc_rc fail_write(void *self, const sc_group_write *w, int64_t *ret, sc_err *err) {
    return with ? sc_fail(err, with, "the disk is full") : real->group_write(self, w, ret, err);
}

static sc_store_ops failing(const sc_store_ops *ops) {
    sc_store_ops mine = *ops;
    real = ops;
    mine.feedback_put = count_put;
    mine.group_write = fail_write;
    return mine;
}

static const char *const lines[] = {HEAD,          PROJECT,          ISSUE("1"),
                                    ISSUE("2"),    REPORT("3", "1"), REPORT("4", "2"),
                                    DECISION("3"), DECISION("4")};

static void a_group_that_could_not_be_written_ends_the_import(void **state) {
    (void)state;
    static const sc_rc codes[] = {SC_STORE, SC_TIMEOUT, SC_INVALID, SC_TOO_LARGE, SC_UNPROCESSABLE};
    for (size_t i = 0; i < SC_LEN(codes); i++) {
        static app_fixture f;
        sc_transfer_counts n;
        app_fixture_open_with(&f, NULL, false, failing);
        with = SC_OK;
        sc_import *im = begun(f.app, false, lines, SC_LEN(lines));
        with = codes[i];
        puts_asked = 0;
        bool of_a_line = codes[i] != SC_STORE && codes[i] != SC_TIMEOUT;
        sc_rc want = of_a_line ? SC_STORE : codes[i];
        assert_int_equal(feed(im, PAIR), want); /* writes what came before it */
        assert_int_equal(failure.rc, want);
        assert_non_null(strstr(failure.msg, "the disk is full"));
        assert_int_equal(!strstr(failure.msg, "run it again"), of_a_line);
        /* It says so from now on, and tries nothing with rows that are half done. */
        assert_int_equal(feed(im, ISSUE("5")), want);
        assert_non_null(strstr(failure.msg, "the disk is full"));
        with = SC_OK;
        failure = (sc_err){0};
        assert_int_equal(sc_import_end(im, &n, &failure), want);
        assert_non_null(strstr(failure.msg, "the disk is full"));
        assert_int_equal(puts_asked, 1);
        /* It is run again, and all is there once. */
        im = begun(f.app, false, lines, SC_LEN(lines));
        ok(feed(im, PAIR));
        ok(sc_import_end(im, &n, &failure));
        assert_int_equal(n.clusters + n.decisions + n.pairs, 5);
        assert_int_equal(n.feedback, 0);
        assert_int_equal(n.skipped, 2); /* they came with the first try, and get their places now */
        sc_id project = sc_id_of(SC_STR(P)), report = sc_id_of(SC_STR(ID "4"));
        sc_feedback r;
        ok(real->feedback_get(f.store.self, &project, &report, &f.arena, &r, &failure));
        assert_string_equal(r.cluster_id.text, ID "2");
        app_fixture_close(&f);
    }
}

/* ---- Nothing is to be written ------------------------------------------------------------------------- */

static void a_dry_run_counts_suggestions_and_writes_none(void **state) {
    (void)state;
    static app_fixture f;
    sc_transfer_counts n;
    sc_pair have;
    app_fixture_open(&f, NULL, false);
    sc_id project = sc_id_of(SC_STR(P)), a = sc_id_of(SC_STR(ID "1")), b = sc_id_of(SC_STR(ID "2"));
    ok(sc_import_end(begun(f.app, false, lines, SC_LEN(lines)), &n, &failure));
    sc_app *const apps[] = {NULL, f.app};
    for (size_t i = 0; i < SC_LEN(apps); i++) {
        sc_import *im = begun(apps[i], true, lines, SC_LEN(lines));
        ok(feed(im, PAIR));
        ok(sc_import_end(im, &n, &failure));
        assert_int_equal(n.pairs, 1);
    }
    assert_int_equal(
        f.store.ops->pair_get(f.store.self, &project, &a, &b, &f.arena, &have, &failure),
        SC_NOT_FOUND);
    app_fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_that_could_not_be_written_ends_the_import),
        cmocka_unit_test(a_dry_run_counts_suggestions_and_writes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
