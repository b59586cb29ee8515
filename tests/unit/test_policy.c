/* The failure policy (docs/failure-policy.md): each kind of job is tried as often as its row says, with those waits, and ends as it
 * says; the page says the same as the table in the program; and each test that the page names is there.
 *
 * `unit_test_policy print` prints the rows for the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/internal.h"
#include "app_fixture.h"

/* ---- What happens ------------------------------------------------------------------------------- */

static sc_job claim(app_fixture *f, const sc_work *w) {
    const sc_str kinds[] = {sc_str_of(w->kind)};
    sc_job j;
    assert_int_equal(f->store.ops->job_claim(f->store.self, kinds, 1, SC_STR("w"), 1000, f->now_ms,
                                             &f->arena, &j, NULL),
                     SC_OK);
    return j;
}

static sc_job get(app_fixture *f, const sc_id *id) {
    sc_job j;
    assert_int_equal(f->store.ops->job_get(f->store.self, &f->project.id, id, &f->arena, &j, NULL),
                     SC_OK);
    return j;
}

/* Claims it, ends it with the error, and says what it is then. */
static sc_job spoil(app_fixture *f, const sc_work *w, sc_rc rc, int64_t retry_after_ms) {
    sc_job j = claim(f, w);
    sc_err err = {0};
    sc_fail(&err, rc, "it failed");
    err.retry_after_ms = retry_after_ms;
    sc_lane_end_job(f->app, &j, 0, &err);
    return get(f, &j.id);
}

static void ask(app_fixture *f, const sc_work *w) {
    assert_int_equal(sc_work_ask(f->app, w->kind, &f->project.id, SC_STR_NONE, f->now_ms, NULL),
                     SC_OK);
}

static void holds(const char *kind, int attempts, int64_t cap_ms, sc_job_state end) {
    const sc_work *w = sc_work_find(sc_str_of(kind));
    app_fixture f;
    app_fixture_open(&f, NULL, false);
    assert_non_null(w);
    assert_int_equal(w->attempts, attempts);
    assert_int_equal(w->cap_ms, cap_ms);
    /* What may pass is tried again, later each time, but not later than the cap. */
    ask(&f, w);
    for (int i = 1; i < attempts; i++) {
        sc_job j = spoil(&f, w, i % 2 ? SC_UPSTREAM : SC_CONFLICT, 0);
        assert_int_equal(j.state, SC_JOB_pending);
        assert_int_equal(j.attempts, i);
        assert_in_range(j.run_at_ms - f.now_ms, 0, SC_MIN(w->base_ms << (i - 1), w->cap_ms));
        assert_string_equal(sc_arena_printf(&f.arena, "%.*s", SC_FMT(j.error)), "it failed");
        f.now_ms = SC_MAX(j.run_at_ms, f.now_ms);
    }
    assert_int_equal(spoil(&f, w, SC_TIMEOUT, 0).state, end);
    /* "Wait" is obeyed; what is given back burns no attempt. */
    ask(&f, w);
    sc_job j = spoil(&f, w, SC_UPSTREAM, 90000);
    assert_true(j.run_at_ms >= f.now_ms + 90000);
    f.now_ms = j.run_at_ms;
    assert_int_equal(spoil(&f, w, SC_CANCELLED, 0).attempts, 1);
    /* What cannot pass is not tried again. */
    assert_int_equal(spoil(&f, w, SC_UNPROCESSABLE, 0).state, end);
    app_fixture_close(&f);
}

#define ROW(kind, attempts, cap_ms, end)     \
    static void kind##_jobs(void **state) {  \
        (void)state;                         \
        holds(#kind, attempts, cap_ms, end); \
    }
ROW(group, 5, 60000, SC_JOB_dead)
ROW(regroup, 5, 60000, SC_JOB_dead)
ROW(reembed, 5, 60000, SC_JOB_dead)
ROW(tidy, 5, 60000, SC_JOB_dead)
ROW(remodel, 5, 60000, SC_JOB_dead)
ROW(chart, 5, 60000, SC_JOB_dead)
ROW(retention, 5, 60000, SC_JOB_failed)
ROW(summarise, 5, 60000, SC_JOB_dead)
ROW(judge, 5, 60000, SC_JOB_dead)
ROW(poll, 5, 60000, SC_JOB_failed)
ROW(verify, 5, 60000, SC_JOB_failed)
/* A fix ends by its own lane, which names reasons; here is what its table gives it. */
static void fix_jobs(void **state) {
    (void)state;
    const sc_work *w = sc_work_find(SC_STR("fix"));
    assert_int_equal(w->attempts, 3);
    assert_int_equal(w->base_ms, 5000);
    assert_int_equal(w->cap_ms, 300000);
}

/* A dead letter by the group queue's own hand leaves reports that wait; the leader asks for them again. */
static bool is_grouped(void *self) {
    app_fixture *f = self;
    sc_store_stats st;
    return !f->store.ops->stats(f->store.self, &f->project.id, f->now_ms, &st, NULL) && !st.pending;
}

static void reports_of_a_dead_group_job_are_asked_for_again(void **state) {
    (void)state;
    app_fixture f;
    app_fixture_open(&f, NULL, false);
    app_put(&f, "a", "the export fails", "");
    assert_int_equal(spoil(&f, sc_work_find(SC_STR("group")), SC_INTERNAL, 0).state, SC_JOB_dead);
    app_fixture_restart(&f, true);
    app_wait(is_grouped, &f, "grouping");
    app_fixture_close(&f);
}

/* ---- The page ----------------------------------------------------------------------------------- */

static void put_row(sc_buf *b, const sc_work *w) {
    sc_buf_putf(b,
                "| `%s` | `%s` | %s | %d | %.1f s, doubled each time, at most %d s | %s | "
                "`unit/test_policy.c:%s_jobs` |\n",
                w->kind, sc_queue_name(w->queue), w->about, w->attempts, (double)w->base_ms / 1000,
                (int)(w->cap_ms / 1000), w->then, w->kind);
}

static char *read_whole(const char *path) {
    FILE *f = fopen(path, "re");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *text = calloc(1, (size_t)n + 1);
    if (fread(text, 1, (size_t)n, f) != (size_t)n) fail_msg("%s cannot be read", path);
    fclose(f);
    return text;
}

static char *page(void) {
    char *text = read_whole("docs/failure-policy.md");
    assert_non_null(text);
    return text;
}

static void the_page_says_what_the_table_says(void **state) {
    (void)state;
    char *text = page();
    for (size_t i = 0; i < sc_works_n; i++) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, 4096);
        put_row(&b, &sc_works[i]);
        if (!strstr(text, b.p)) fail_msg("docs/failure-policy.md lacks this row:\n%s", b.p);
    }
    free(text);
}

/* `unit/test_x.c:name`, between backticks. */
static void each_row_names_a_test_and_each_test_is_there(void **state) {
    (void)state;
    char *text = page(), *next = text;
    size_t rows = 0;
    while (next) {
        char *line = next, *end = strchr(line, '\n');
        next = end ? end + 1 : NULL;
        if (end) *end = 0;
        if (strncmp(line, "| ", 2) || strstr(line, "| test |")) continue;
        rows++;
        size_t tests = 0;
        for (char *at = line; (at = strstr(at, ":")); at++) {
            char *from = at, *to = at + 1, path[400];
            while (from > line && from[-1] != '`') from--;
            to += strcspn(to, "`");
            if (from == line || !strstr(from, "test_") || strstr(from, "test_") > at) continue;
            snprintf(path, sizeof path, "tests/%.*s", (int)(at - from), from);
            char *source = read_whole(path);
            if (!source) fail_msg("%s is not there: %s", path, line);
            char name[200];
            snprintf(name, sizeof name, "%.*s", (int)(to - at - 1), at + 1);
            char *jobs = strstr(name, "_jobs"); /* those are made by ROW */
            if (jobs && strstr(path, "test_policy.c")) *jobs = 0;
            if (!strstr(source, name)) fail_msg("%s has no %s", path, name);
            free(source);
            tests++;
        }
        if (!tests) fail_msg("this row names no test:\n%s", line);
    }
    assert_true(rows > sc_works_n + 10);
    free(text);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "print")) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, 1 << 20);
        for (size_t i = 0; i < sc_works_n; i++) put_row(&b, &sc_works[i]);
        fputs(b.p, stdout);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(group_jobs),
        cmocka_unit_test(regroup_jobs),
        cmocka_unit_test(reembed_jobs),
        cmocka_unit_test(tidy_jobs),
        cmocka_unit_test(remodel_jobs),
        cmocka_unit_test(chart_jobs),
        cmocka_unit_test(retention_jobs),
        cmocka_unit_test(summarise_jobs),
        cmocka_unit_test(judge_jobs),
        cmocka_unit_test(fix_jobs),
        cmocka_unit_test(poll_jobs),
        cmocka_unit_test(verify_jobs),
        cmocka_unit_test(reports_of_a_dead_group_job_are_asked_for_again),
        cmocka_unit_test(the_page_says_what_the_table_says),
        cmocka_unit_test(each_row_names_a_test_and_each_test_is_there),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
