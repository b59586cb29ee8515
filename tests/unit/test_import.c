/* Import where things go wrong: the store fails, memory ends, nothing is to be written, much is known already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/import.h"
#include "app_fixture.h"
#include "app_ok.h"

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

/* ---- Known rows, and memory --------------------------------------------------------------------------- */

/* A line with about `bytes` of text in the member; the number is its id's end. */
static sc_buf long_line(const char *kind, int no, const char *member, size_t bytes) {
    sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_buf_putf(&b,
                "{\"kind\":\"%s\",\"id\":\"01890000-0000-7000-8000-%012d\"" OF_P
                ",\"status\":\"new\",\"source\":\"manual\",\"external_id\":\"%d\",\"title\":\"t\","
                "\"%s\":\"",
                kind, no, no, member);
    for (size_t i = 0; i < bytes; i++) sc_buf_putc(&b, 'x');
    sc_buf_puts(&b, "\"}");
    return b;
}

static sc_rc feed_long(sc_import *im, const char *kind, int no, const char *member, size_t bytes) {
    SC_AUTO(sc_buf_done) sc_buf b = long_line(kind, no, member, bytes);
    failure = (sc_err){0};
    return sc_import_line(im, sc_buf_str(&b), 0, &failure);
}

static void known_rows_of_the_audit_log_are_told_as_known(void **state) {
    (void)state;
    static app_fixture f;
    sc_transfer_counts n;
    app_fixture_open(&f, NULL, false);
    static const int taken[] = {600, 100, 0}, known[] = {0, 600, 700};
    for (int i = 0; i < 3; i++) {
        sc_import *im = begun(f.app, false, lines, 2);
        for (int k = 0; k < (i ? 700 : 600); k++) ok(feed_long(im, "audit", k, "actor", 3));
        ok(sc_import_end(im, &n, &failure));
        assert_int_equal(n.audits, taken[i]);
        assert_int_equal(n.skipped, known[i]);
    }
    app_fixture_close(&f);
}

/* Of rows that are taken, and of those that are known. */
static void memory_does_not_grow_with_the_file(void **state) {
    (void)state;
    static const struct {
        const char *kind, *member;
    } kinds[] = {{"audit", "actor"}, {"cluster", "summary"}, {"feedback", "body"}};
    for (size_t i = 0; i < SC_LEN(kinds); i++) {
        static app_fixture f;
        sc_transfer_counts n;
        size_t most = 0;
        app_fixture_open(&f, NULL, false);
        for (int twice = 0; twice < 2; twice++) {
            sc_import *im = begun(f.app, false, lines, 2);
            for (int k = 0; k < 600; k++) {
                ok(feed_long(im, kinds[i].kind, k, kinds[i].member, 60000));
                most = SC_MAX(most, im->arena.used_bytes);
            }
            ok(sc_import_end(im, &n, &failure));
            assert_int_equal(n.audits + n.clusters + n.feedback, twice ? 0 : 600);
            assert_int_equal(n.skipped, twice ? 600 : 0);
        }
        if (most > SC_IMPORT_BYTES + (4 << 20)) fail_msg("%s: %zu bytes", kinds[i].kind, most);
        app_fixture_close(&f);
    }
}

/* The next text needs memory of its own. */
static void use_up_block(sc_arena *a) {
    size_t used = a->used_bytes, block = (size_t)1 << 20;
    while (a->used_bytes == used) assert_non_null(sc_arena_take(a, 4096));
    assert_non_null(sc_arena_take(a, block - 2 * 4096));
    assert_int_equal(a->used_bytes, used + block);
}

static void text_that_memory_has_no_room_for_is_no_empty_text(void **state) {
    (void)state;
    static const struct {
        const char *kind, *member;
    } kinds[] = {
        {"audit", "actor"}, {"cluster", "summary"}, {"feedback", "body"}, {"cluster", "keywords"}};
    for (size_t i = 0; i < SC_LEN(kinds); i++) {
        SC_AUTO(sc_buf_done) sc_buf line = long_line(kinds[i].kind, 1, kinds[i].member, 50000);
        uint64_t made = 0, nth = 0;
        while (made >= nth++) { /* until there is no nth */
            sc_transfer_counts n;
            sc_import *im = begun(NULL, true, lines, 2);
            use_up_block(&im->arena);
            sc_mem_fail_after(nth);
            sc_rc rc = sc_import_line(im, sc_buf_str(&line), 0, &failure);
            made = sc_mem_fail_after(0);
            if (rc) {
                assert_int_equal(rc, SC_NOMEM);
            } else {
                const sc_str got[] = {im->audits[0].actor, im->clusters[0].summary,
                                      im->reports[0].body, im->clusters[0].keywords};
                assert_true(got[i].n >= 50000);
            }
            rc = sc_import_end(im, &n, &failure);
            assert_true(!rc || rc == SC_NOMEM);
        }
        assert_true(nth > 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_that_could_not_be_written_ends_the_import),
        cmocka_unit_test(a_dry_run_counts_suggestions_and_writes_none),
        cmocka_unit_test(known_rows_of_the_audit_log_are_told_as_known),
        cmocka_unit_test(memory_does_not_grow_with_the_file),
        cmocka_unit_test(text_that_memory_has_no_room_for_is_no_empty_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
