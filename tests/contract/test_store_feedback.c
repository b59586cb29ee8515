/* Every backend keeps the port's word: reports. */
#include "store_fixture.h"

#include <pthread.h>

/* ---- Hostile first ------------------------------------------------------------------------------ */

static void a_report_of_an_unknown_project_is_not_found_and_nothing_is_stored(void **state) {
    sc_fx *f = *state;
    sc_id nobody = fx_id(f), jobs[2] = {fx_id(f), fx_id(f)};
    sc_feedback r[2] = {fx_feedback(f, &f->a), fx_feedback(f, &nobody)};
    sc_put_result out[2];
    sc_feedback got;
    fx_rc(f, f->ops->feedback_put(f->s, r, jobs, 2, out, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->feedback_get(f->s, &f->a, &r[0].id, &f->arena, &got, &f->err), SC_NOT_FOUND);
}

static void broken_ids_and_sources_are_refused(void **state) {
    sc_fx *f = *state;
    sc_id job = fx_id(f);
    sc_put_result out;
    sc_feedback r = fx_feedback(f, &f->a);
    memcpy(r.id.text, "no id at all", 13);
    fx_rc(f, f->ops->feedback_put(f->s, &r, &job, 1, &out, &f->err), SC_INVALID);
    r = fx_feedback(f, &f->a);
    r.source = (sc_feedback_source)99;
    fx_rc(f, f->ops->feedback_put(f->s, &r, &job, 1, &out, &f->err), SC_INVALID);
    r = fx_feedback(f, &f->a);
    r.external_id = SC_STR_NONE;
    fx_rc(f, f->ops->feedback_put(f->s, &r, &job, 1, &out, &f->err), SC_INVALID);
    r = fx_feedback(f, &f->a);
    memcpy(job.text, "x", 2);
    fx_rc(f, f->ops->feedback_put(f->s, &r, &job, 1, &out, &f->err), SC_INVALID);
    fx_ok(f, f->ops->feedback_put(f->s, NULL, NULL, 0, NULL, &f->err));
}

static void every_call_works_without_an_error_struct(void **state) {
    sc_fx *f = *state;
    sc_feedback got;
    sc_id no = fx_id(f);
    assert_int_equal(f->ops->feedback_get(f->s, &f->a, &no, &f->arena, &got, NULL), SC_NOT_FOUND);
    sc_feedback r = fx_feedback(f, &no);
    sc_put_result out;
    assert_int_equal(f->ops->feedback_put(f->s, &r, &no, 1, &out, NULL), SC_NOT_FOUND);
    sc_feedback two[2] = {r, r};
    sc_id jobs[2] = {no, no};
    sc_put_result outs[2];
    assert_int_equal(f->ops->feedback_put(f->s, two, jobs, 2, outs, NULL), SC_NOT_FOUND);
}

static void garbage_cursors_and_limits_are_refused(void **state) {
    static const char *const bad[] = {"x",
                                      "0",
                                      "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
                                      "660000000000000000000000000000000000000000",
                                      "' OR 1=1 --",
                                      "66ffffffffffffffffffffffffffffffffffffffff"};
    sc_fx *f = *state;
    sc_feedback_filter all = {.project_id = f->a};
    sc_feedback_list l;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_page p = {10, sc_str_of(bad[i])};
        fx_rc(f, f->ops->feedback_list(f->s, &all, &p, &f->arena, &l, &f->err), SC_INVALID);
        assert_string_equal(f->err.field, "cursor");
    }
    sc_page none = {0, SC_STR_NONE}, many = {1001, SC_STR_NONE};
    fx_rc(f, f->ops->feedback_list(f->s, &all, &none, &f->arena, &l, &f->err), SC_INVALID);
    fx_rc(f, f->ops->feedback_list(f->s, &all, &many, &f->arena, &l, &f->err), SC_INVALID);
}

static void a_cursor_of_another_project_or_list_is_refused(void **state) {
    sc_fx *f = *state;
    int64_t seqs[5];
    fx_put_n(f, &f->a, 5, seqs);
    sc_feedback_filter of_a = {.project_id = f->a}, of_b = {.project_id = f->b};
    sc_page p = {2, SC_STR_NONE};
    sc_feedback_list l;
    sc_job_list jobs;
    fx_ok(f, f->ops->feedback_list(f->s, &of_a, &p, &f->arena, &l, &f->err));
    p.cursor = l.next_cursor;
    assert_true(p.cursor.n > 0);
    fx_rc(f, f->ops->feedback_list(f->s, &of_b, &p, &f->arena, &l, &f->err), SC_INVALID);
    sc_job_filter jf = {.project_id = f->a};
    fx_rc(f, f->ops->job_list(f->s, &jf, &p, &f->arena, &jobs, &f->err), SC_INVALID);
}

static void a_report_of_another_project_is_not_found(void **state) {
    sc_fx *f = *state;
    sc_feedback r = fx_feedback(f, &f->a), got, change;
    sc_id job = fx_id(f), none = {{0}};
    sc_put_result put = fx_put(f, &r);
    sc_decision *d;
    size_t n;
    fx_rc(f, f->ops->feedback_get(f->s, &f->b, &r.id, &f->arena, &got, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->feedback_get(f->s, &none, &r.id, &f->arena, &got, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->feedback_get(f->s, NULL, &r.id, &f->arena, &got, &f->err), SC_NOT_FOUND);
    change = r;
    change.project_id = f->b;
    change.title = SC_STR("stolen");
    fx_rc(f, f->ops->feedback_update(f->s, &change, true, &job, T0, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->decisions(f->s, &f->b, put.seq, &f->arena, &d, &n, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->feedback_get(f->s, &f->a, &r.id, &f->arena, &got, &f->err));
    assert_true(sc_str_eq(got.title, r.title));
}

static void an_arena_that_is_too_small_is_told_and_nothing_else_breaks(void **state) {
    sc_fx *f = *state;
    int64_t seqs[30];
    fx_put_n(f, &f->a, 30, seqs);
    sc_feedback_filter all = {.project_id = f->a};
    sc_page p = {30, SC_STR_NONE};
    sc_feedback_list l;
    for (size_t budget = 0; budget < 12000; budget += 500) {
        sc_arena small;
        sc_arena_init(&small, budget);
        fx_rc(f, f->ops->feedback_list(f->s, &all, &p, &small, &l, &f->err), SC_NOMEM);
        sc_arena_done(&small);
    }
    fx_ok(f, f->ops->feedback_list(f->s, &all, &p, &f->arena, &l, &f->err));
    assert_int_equal(l.n, 30);
}

/* ---- What goes in comes out ---------------------------------------------------------------------- */

static void every_field_comes_back(void **state) {
    sc_fx *f = *state;
    sc_feedback r = fx_feedback(f, &f->a), g;
    r.source = SC_SOURCE_github;
    r.title = SC_STR("caf\xc3\xa9 \xf0\x9f\x94\xa5");
    r.stack = SC_STR("save (a.c)\nmain (b.c)");
    r.repo = SC_STR("o/n");
    r.url = SC_STR("https://example.org/1");
    r.status = SC_STR("open");
    r.issue_number = 42;
    sc_put_result p = fx_put(f, &r);
    assert_int_equal(p.status, SC_PUT_NEW);
    assert_true(sc_id_eq(&p.id, &r.id));
    fx_reopen(f);
    fx_ok(f, f->ops->feedback_get(f->s, &f->a, &r.id, &f->arena, &g, &f->err));
    assert_int_equal(g.seq, p.seq);
    assert_true(sc_id_eq(&g.id, &r.id) && sc_id_eq(&g.project_id, &f->a));
    assert_int_equal(g.source, r.source);
    assert_int_equal(g.state, SC_FEEDBACK_pending);
    assert_true(sc_str_eq(g.external_id, r.external_id) && sc_str_eq(g.title, r.title));
    assert_true(sc_str_eq(g.body, r.body) && sc_str_eq(g.stack, r.stack));
    assert_true(sc_str_eq(g.metadata, r.metadata) && sc_str_eq(g.repo, r.repo));
    assert_true(sc_str_eq(g.url, r.url) && sc_str_eq(g.status, r.status));
    assert_true(sc_str_eq(g.request_id, r.request_id));
    assert_int_equal(g.issue_number, 42);
    assert_int_equal(g.created_at_ms, r.created_at_ms);
    assert_int_equal(g.received_at_ms, r.received_at_ms);
    assert_false(sc_id_is_set(&g.cluster_id));
}

static void a_large_body_comes_back_whole(void **state) {
    sc_fx *f = *state;
    sc_feedback r = fx_feedback(f, &f->a), g;
    size_t n = SC_FEEDBACK_MAX_BODY;
    char *big = sc_arena_take(&f->arena, n);
    for (size_t i = 0; i < n; i++) big[i] = (char)('a' + i % 26);
    r.body = (sc_str){big, n};
    fx_put(f, &r);
    fx_ok(f, f->ops->feedback_get(f->s, &f->a, &r.id, &f->arena, &g, &f->err));
    assert_true(sc_str_eq(g.body, r.body));
}

/* ---- Once --------------------------------------------------------------------------------------- */

static void the_same_external_id_is_stored_once_even_within_a_call(void **state) {
    sc_fx *f = *state;
    sc_feedback r[4] = {fx_feedback(f, &f->a), fx_feedback(f, &f->a), fx_feedback(f, &f->a),
                        fx_feedback(f, &f->b)};
    sc_id jobs[4] = {fx_id(f), fx_id(f), fx_id(f), fx_id(f)};
    sc_put_result out[4];
    r[1].external_id = r[2].external_id = r[3].external_id = r[0].external_id;
    r[2].source = SC_SOURCE_sentry; /* another source: another report; so is another project */
    fx_ok(f, f->ops->feedback_put(f->s, r, jobs, 4, out, &f->err));
    assert_int_equal(out[0].status, SC_PUT_NEW);
    assert_int_equal(out[1].status, SC_PUT_DUPLICATE);
    assert_true(sc_id_eq(&out[1].id, &r[0].id));
    assert_int_equal(out[1].seq, out[0].seq);
    assert_int_equal(out[2].status, SC_PUT_NEW);
    assert_int_equal(out[3].status, SC_PUT_NEW);
    sc_feedback again = fx_feedback(f, &f->a);
    again.external_id = r[0].external_id;
    sc_put_result o = fx_put(f, &again);
    assert_int_equal(o.status, SC_PUT_DUPLICATE);
    assert_true(sc_id_eq(&o.id, &r[0].id));
}

typedef struct race {
    sc_fx *f;
    sc_id ids[64];
    sc_put_result out[64];
    int new, failed;
} race;

static void *put_the_same_64(void *p) {
    race *r = p;
    sc_fx *f = r->f;
    char ext[24];
    for (int i = 0; i < 64; i++) {
        sc_id job = fx_id(f);
        sc_feedback x = {.id = r->ids[i],
                         .project_id = f->a,
                         .source = SC_SOURCE_manual,
                         .title = SC_STR("t"),
                         .metadata = SC_STR("{}"),
                         .created_at_ms = T0,
                         .received_at_ms = T0};
        snprintf(ext, sizeof ext, "same-%d", i);
        x.external_id = sc_str_of(ext);
        if (f->ops->feedback_put(f->s, &x, &job, 1, &r->out[i], NULL)) r->failed++;
        r->new += r->out[i].status == SC_PUT_NEW;
    }
    return NULL;
}

static void eight_threads_with_the_same_reports_store_each_once(void **state) {
    sc_fx *f = *state;
    static race r[8];
    pthread_t t[8];
    int total = 0;
    for (int i = 0; i < 8; i++) {
        r[i] = (race){.f = f};
        for (int j = 0; j < 64; j++) r[i].ids[j] = fx_id(f);
        assert_int_equal(pthread_create(&t[i], NULL, put_the_same_64, &r[i]), 0);
    }
    for (int i = 0; i < 8; i++) pthread_join(t[i], NULL);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(r[i].failed, 0);
        total += r[i].new;
        for (int j = 0; j < 64; j++) assert_true(sc_id_eq(&r[i].out[j].id, &r[0].out[j].id));
    }
    assert_int_equal(total, 64);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void seqs_grow_in_order_of_arrival(void **state) {
    sc_fx *f = *state;
    int64_t seqs[20];
    fx_put_n(f, &f->a, 20, seqs);
    for (int i = 1; i < 20; i++) assert_true(seqs[i] > seqs[i - 1]);
}

/* ---- The group job ------------------------------------------------------------------------------- */

static void one_group_job_a_project_is_asked_for_in_the_same_commit(void **state) {
    sc_fx *f = *state;
    sc_feedback r[40];
    sc_id jobs[40], projects[10];
    sc_put_result out[40];
    sc_job_list l;
    sc_page p = {100, SC_STR_NONE};
    char name[16];
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "p%d", i);
        projects[i] = fx_project(f, sc_arena_printf(&f->arena, "%s", name));
    }
    for (int i = 0; i < 40; i++) {
        r[i] = fx_feedback(f, &projects[i % 10]);
        jobs[i] = fx_id(f);
    }
    fx_ok(f, f->ops->feedback_put(f->s, r, jobs, 40, out, &f->err));
    for (int i = 0; i < 10; i++) {
        sc_job_filter jf = {.project_id = projects[i], .kind = SC_STR("group")};
        fx_ok(f, f->ops->job_list(f->s, &jf, &p, &f->arena, &l, &f->err));
        assert_int_equal(l.n, 1);
        assert_int_equal(l.items[0].state, SC_JOB_pending);
        assert_true(sc_id_eq(&l.items[0].id, &jobs[i]));
        assert_true(sc_str_is(l.items[0].unique_key,
                              sc_arena_printf(&f->arena, "group:%s", projects[i].text)));
        assert_true(sc_str_is(l.items[0].request_id, "req-1"));
    }
}

static void duplicates_alone_ask_for_no_group_job(void **state) {
    sc_fx *f = *state;
    sc_feedback r = fx_feedback(f, &f->a);
    sc_job j;
    sc_job_counts n;
    fx_put(f, &r);
    fx_ok(f, fx_claim(f, "group", T0 + DAY, &j));
    fx_ok(f, fx_end(f, &j, SC_JOB_EV_FINISH, T0 + DAY));
    r.id = fx_id(f);
    assert_int_equal(fx_put(f, &r).status, SC_PUT_DUPLICATE);
    fx_ok(f, f->ops->job_counts(f->s, &f->a, SC_STR("group"), &n, &f->err));
    assert_int_equal(n.by_state[SC_JOB_pending], 0);
    assert_int_equal(n.by_state[SC_JOB_success], 1);
}

static void a_report_that_comes_while_grouping_runs_sends_the_job_round_again(void **state) {
    sc_fx *f = *state;
    sc_feedback r = fx_feedback(f, &f->a);
    sc_job j;
    fx_put(f, &r);
    fx_ok(f, fx_claim(f, "group", T0 + DAY, &j));
    r = fx_feedback(f, &f->a);
    fx_put(f, &r);
    assert_true(fx_job_get(f, &j.id).again);
    fx_ok(f, fx_end(f, &j, SC_JOB_EV_FINISH, T0 + DAY));
    fx_ok(f, fx_claim(f, "group", T0 + DAY, &j));
    assert_int_equal(j.attempts, 1);
    assert_false(j.again);
}

/* ---- Lists --------------------------------------------------------------------------------------- */

static void pages_are_complete_and_stable_while_reports_come_in(void **state) {
    sc_fx *f = *state;
    int64_t seqs[57];
    bool seen[57] = {false};
    fx_put_n(f, &f->a, 57, seqs);
    sc_feedback_filter all = {.project_id = f->a};
    sc_page p = {7, SC_STR_NONE};
    sc_feedback_list l;
    int64_t last_at = INT64_MAX, last_seq = INT64_MAX;
    size_t n = 0;
    do {
        fx_ok(f, f->ops->feedback_list(f->s, &all, &p, &f->arena, &l, &f->err));
        for (size_t i = 0; i < l.n; i++) {
            int64_t at = l.items[i].created_at_ms, seq = l.items[i].seq;
            assert_true(at < last_at || (at == last_at && seq < last_seq));
            last_at = at;
            last_seq = seq;
            for (int j = 0; j < 57; j++)
                if (seqs[j] == seq) {
                    assert_false(seen[j]);
                    seen[j] = true;
                    n++;
                }
        }
        p.cursor = l.next_cursor;
        sc_feedback newer = fx_feedback(f, &f->a);
        newer.created_at_ms = T0 + DAY;
        fx_put(f, &newer);
    } while (p.cursor.n);
    assert_int_equal(n, 57);
}

static void pages_are_complete_where_many_reports_share_a_time(void **state) {
    sc_fx *f = *state;
    sc_feedback_filter all = {.project_id = f->a};
    sc_page p = {3, SC_STR_NONE};
    sc_feedback_list l;
    size_t n = 0;
    int64_t last = INT64_MAX;
    for (int i = 0; i < 20; i++) {
        sc_feedback r = fx_feedback(f, &f->a);
        r.created_at_ms = T0;
        r.source = (sc_feedback_source)(i % SC_SOURCE_COUNT);
        fx_put(f, &r);
    }
    do {
        fx_ok(f, f->ops->feedback_list(f->s, &all, &p, &f->arena, &l, &f->err));
        assert_int_equal(l.total, 20);
        for (size_t i = 0; i < l.n; i++) {
            assert_true(l.items[i].seq < last);
            last = l.items[i].seq;
        }
        n += l.n;
        p.cursor = l.next_cursor;
    } while (p.cursor.n);
    assert_int_equal(n, 20);
}

static int64_t count(sc_fx *f, const sc_feedback_filter *filter) {
    sc_page p = {1000, SC_STR_NONE};
    sc_feedback_list l;
    fx_ok(f, f->ops->feedback_list(f->s, filter, &p, &f->arena, &l, &f->err));
    assert_int_equal(l.total, l.n);
    return (int64_t)l.n;
}

static void filters_find_what_they_say_and_count_it(void **state) {
    sc_fx *f = *state;
    int64_t seqs[30];
    for (int i = 0; i < 30; i++) {
        sc_feedback r = fx_feedback(f, &f->a);
        r.source = i % 3 ? SC_SOURCE_manual : SC_SOURCE_github;
        r.status = i % 2 ? SC_STR("open") : SC_STR("closed");
        r.created_at_ms = T0 + i * 1000;
        seqs[i] = fx_put(f, &r).seq;
    }
    sc_id k = fx_group(f, &f->a, seqs, 10);
    sc_feedback_filter q = {.project_id = f->a};
    assert_int_equal(count(f, &q), 30);
    q.by_source = true;
    q.source = SC_SOURCE_github;
    assert_int_equal(count(f, &q), 10);
    q.status = SC_STR("open");
    assert_int_equal(count(f, &q), 5);
    q = (sc_feedback_filter){.project_id = f->a, .by_state = true, .state = SC_FEEDBACK_pending};
    assert_int_equal(count(f, &q), 20);
    q.state = SC_FEEDBACK_grouped;
    assert_int_equal(count(f, &q), 10);
    q.state = SC_FEEDBACK_parked;
    assert_int_equal(count(f, &q), 0);
    q = (sc_feedback_filter){.project_id = f->a, .unclustered = true};
    assert_int_equal(count(f, &q), 20);
    q.by_source = true;
    q.source = SC_SOURCE_github;
    assert_int_equal(count(f, &q), 6);
    q = (sc_feedback_filter){.project_id = f->a, .cluster_id = k};
    assert_int_equal(count(f, &q), 10);
    q.by_source = true;
    q.source = SC_SOURCE_github;
    assert_int_equal(count(f, &q), 4);
    q = (sc_feedback_filter){.project_id = f->a, .since_ms = T0 + 5000, .until_ms = T0 + 8000};
    assert_int_equal(count(f, &q), 3);
    q.unclustered = true;
    assert_int_equal(count(f, &q), 0);
    q = (sc_feedback_filter){.project_id = f->b};
    assert_int_equal(count(f, &q), 0);
    q = (sc_feedback_filter){.project_id = f->b, .cluster_id = k};
    sc_page p = {10, SC_STR_NONE};
    sc_feedback_list l;
    fx_rc(f, f->ops->feedback_list(f->s, &q, &p, &f->arena, &l, &f->err), SC_NOT_FOUND);
}

/* Reports of a source that has few and of one that has many, against what the test knows itself. */
static void a_source_is_listed_whole_whether_it_is_rare_or_not(void **state) {
    enum { ALL = 1200, EVERY = 40, PAGE = 7 };
    sc_fx *f = *state;
    static sc_feedback r[ALL];
    static sc_id jobs[ALL];
    static sc_put_result out[ALL];
    for (int i = 0; i < ALL; i++) {
        r[i] = fx_feedback(f, &f->a);
        jobs[i] = fx_id(f);
        r[i].source = i % EVERY ? SC_SOURCE_generic : SC_SOURCE_reddit;
        r[i].status = i % 3 ? SC_STR("open") : SC_STR("");
        r[i].created_at_ms = T0 + i * 7919 % 300; /* many share a time */
    }
    fx_ok(f, f->ops->feedback_put(f->s, r, jobs, ALL, out, &f->err));
    for (int turn = 0; turn < 8; turn++) {
        sc_feedback_filter q = {.project_id = f->a, .by_source = true};
        q.source = turn & 1 ? SC_SOURCE_generic : SC_SOURCE_reddit;
        q.status = turn & 2 ? SC_STR("open") : SC_STR_NONE;
        q.until_ms = turn & 4 ? T0 + 150 : 0;
        q.since_ms = turn & 4 ? T0 + 20 : 0;
        int64_t want = 0, got = 0, last_at = INT64_MAX, last_seq = INT64_MAX;
        for (int i = 0; i < ALL; i++)
            want += r[i].source == q.source && (!q.status.n || r[i].status.n) &&
                    (!q.until_ms || r[i].created_at_ms < q.until_ms) &&
                    r[i].created_at_ms >= q.since_ms;
        sc_page p = {PAGE, SC_STR_NONE};
        sc_feedback_list l;
        do {
            fx_ok(f, f->ops->feedback_list(f->s, &q, &p, &f->arena, &l, &f->err));
            assert_int_equal(l.total, want);
            for (size_t i = 0; i < l.n; i++, got++) {
                int64_t at = l.items[i].created_at_ms, seq = l.items[i].seq;
                assert_int_equal(l.items[i].source, q.source);
                assert_true(at < last_at || (at == last_at && seq < last_seq));
                last_at = at;
                last_seq = seq;
            }
            p.cursor = l.next_cursor;
        } while (p.cursor.n);
        assert_int_equal(got, want);
    }
}

static void named_seqs_come_in_the_order_asked_for(void **state) {
    sc_fx *f = *state;
    int64_t seqs[6], foreign;
    fx_put_n(f, &f->a, 6, seqs);
    fx_put_n(f, &f->b, 1, &foreign);
    int64_t want[] = {seqs[4], 999999, seqs[0], foreign, seqs[5], seqs[1]};
    sc_feedback_filter q = {.project_id = f->a, .seqs = want, .n_seqs = 6, .by_seqs = true};
    sc_page p = {3, SC_STR_NONE};
    sc_feedback_list l;
    fx_ok(f, f->ops->feedback_list(f->s, &q, &p, &f->arena, &l, &f->err));
    assert_int_equal(l.n, 3);
    assert_int_equal(l.items[0].seq, seqs[4]);
    assert_int_equal(l.items[1].seq, seqs[0]);
    assert_int_equal(l.items[2].seq, seqs[5]);
    p.cursor = l.next_cursor;
    fx_ok(f, f->ops->feedback_list(f->s, &q, &p, &f->arena, &l, &f->err));
    assert_int_equal(l.n, 1);
    assert_int_equal(l.items[0].seq, seqs[1]);
    assert_int_equal(l.next_cursor.n, 0);
    q.n_seqs = 0;
    p.cursor = SC_STR_NONE;
    fx_ok(f, f->ops->feedback_list(f->s, &q, &p, &f->arena, &l, &f->err));
    assert_int_equal(l.n, 0);
}

/* ---- Waiting, and changing ----------------------------------------------------------------------- */

static void pending_reports_come_oldest_first_and_leave_when_placed(void **state) {
    sc_fx *f = *state;
    int64_t seqs[6];
    sc_feedback *r;
    size_t n;
    fx_put_n(f, &f->a, 6, seqs);
    fx_ok(f, f->ops->feedback_pending(f->s, &f->a, 0, 4, &f->arena, &r, &n, &f->err));
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) assert_int_equal(r[i].seq, seqs[i]);
    fx_ok(f, f->ops->feedback_pending(f->s, &f->a, seqs[3], 4, &f->arena, &r, &n, &f->err));
    assert_int_equal(n, 2);
    fx_group(f, &f->a, seqs, 5);
    fx_ok(f, f->ops->feedback_pending(f->s, &f->a, 0, 100, &f->arena, &r, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(r[0].seq, seqs[5]);
    fx_ok(f, f->ops->feedback_pending(f->s, &f->b, 0, 100, &f->arena, &r, &n, &f->err));
    assert_int_equal(n, 0);
}

static void
an_update_that_regroups_sends_the_report_back_but_leaves_it_in_its_cluster(void **state) {
    sc_fx *f = *state;
    sc_feedback r = fx_feedback(f, &f->a), g;
    int64_t seq = fx_put(f, &r).seq;
    sc_id k = fx_group(f, &f->a, &seq, 1), job = fx_id(f);
    sc_job j;
    fx_ok(f, fx_claim(f, "group", T0 + DAY, &j));
    fx_ok(f, fx_end(f, &j, SC_JOB_EV_FINISH, T0 + DAY));
    r.title = SC_STR("new title");
    r.status = SC_STR("closed");
    r.external_id = SC_STR("never changes");
    fx_ok(f, f->ops->feedback_update(f->s, &r, false, NULL, T0 + DAY, &f->err));
    fx_ok(f, f->ops->feedback_get(f->s, &f->a, &r.id, &f->arena, &g, &f->err));
    assert_true(sc_str_is(g.title, "new title") && sc_str_is(g.status, "closed"));
    assert_false(sc_str_is(g.external_id, "never changes"));
    assert_int_equal(g.state, SC_FEEDBACK_grouped);
    fx_rc(f, fx_claim(f, "group", T0 + DAY, &j), SC_NOT_FOUND);
    fx_ok(f, f->ops->feedback_update(f->s, &r, true, &job, T0 + DAY, &f->err));
    fx_ok(f, f->ops->feedback_get(f->s, &f->a, &r.id, &f->arena, &g, &f->err));
    assert_int_equal(g.state, SC_FEEDBACK_pending);
    assert_true(sc_id_eq(&g.cluster_id, &k));
    fx_ok(f, fx_claim(f, "group", T0 + DAY, &j));
    assert_true(sc_id_eq(&j.id, &job));
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(a_report_of_an_unknown_project_is_not_found_and_nothing_is_stored),
        fx_test(broken_ids_and_sources_are_refused),
        fx_test(every_call_works_without_an_error_struct),
        fx_test(garbage_cursors_and_limits_are_refused),
        fx_test(a_cursor_of_another_project_or_list_is_refused),
        fx_test(a_report_of_another_project_is_not_found),
        fx_test(an_arena_that_is_too_small_is_told_and_nothing_else_breaks),
        fx_test(every_field_comes_back),
        fx_test(a_large_body_comes_back_whole),
        fx_test(the_same_external_id_is_stored_once_even_within_a_call),
        fx_test(eight_threads_with_the_same_reports_store_each_once),
        fx_test(seqs_grow_in_order_of_arrival),
        fx_test(one_group_job_a_project_is_asked_for_in_the_same_commit),
        fx_test(duplicates_alone_ask_for_no_group_job),
        fx_test(a_report_that_comes_while_grouping_runs_sends_the_job_round_again),
        fx_test(pages_are_complete_and_stable_while_reports_come_in),
        fx_test(pages_are_complete_where_many_reports_share_a_time),
        fx_test(filters_find_what_they_say_and_count_it),
        fx_test(a_source_is_listed_whole_whether_it_is_rare_or_not),
        fx_test(named_seqs_come_in_the_order_asked_for),
        fx_test(pending_reports_come_oldest_first_and_leave_when_placed),
        fx_test(an_update_that_regroups_sends_the_report_back_but_leaves_it_in_its_cluster),
    };
    return fx_run(tests);
}
