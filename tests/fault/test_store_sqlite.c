/* The SQLite store when the nth write, sync, open, truncate, shared-memory call, read or allocation
 * fails: the right code, nothing half-written, and the next call works without a restart. */
#include "store_fixture.h"
#include "store_vfs.h"

/* ---- What is tried -------------------------------------------------------------------------------- */

typedef struct attempt {
    sc_fx *f;
    sc_feedback items[4];
    sc_id jobs[4];
    sc_put_result out[4];
    sc_cluster cluster;
    sc_assign assign;
    int64_t seq, version;
    sc_id first, second; /* issues that are there */
    sc_job job;
} attempt;

static void prepare(attempt *a, sc_fx *f) {
    *a = (attempt){.f = f};
    for (int i = 0; i < 4; i++) {
        a->items[i] = fx_feedback(f, i % 2 ? &f->a : &f->b);
        a->jobs[i] = fx_id(f);
    }
    a->cluster = fx_cluster(f, &f->a, "k");
    sc_feedback r = fx_feedback(f, &f->a);
    a->seq = fx_put(f, &r).seq;
    a->assign = (sc_assign){a->seq, a->cluster.id, SC_STR("repr")};
    int64_t more[2];
    fx_put_n(f, &f->a, 2, more);
    a->first = fx_group(f, &f->a, &more[0], 1);
    a->second = fx_group(f, &f->a, &more[1], 1);
    a->version = fx_version(f, &f->a);
}

static sc_rc put(attempt *a) {
    return a->f->ops->feedback_put(a->f->s, a->items, a->jobs, 4, a->out, &a->f->err);
}

static bool put_is_there(attempt *a) {
    sc_feedback g;
    int found = 0;
    for (int i = 0; i < 4; i++) {
        const sc_feedback *r = &a->items[i];
        found +=
            !a->f->ops->feedback_get(a->f->s, &r->project_id, &r->id, &a->f->arena, &g, &a->f->err);
    }
    assert_true(found == 0 || found == 4);
    return found == 4;
}

static sc_rc group(attempt *a) {
    int64_t version;
    sc_group_write w = {.project_id = a->f->a,
                        .expect_version = a->version,
                        .model = "m",
                        .assigns = &a->assign,
                        .n_assigns = 1,
                        .clusters = &a->cluster,
                        .n_clusters = 1,
                        .now_ms = T0};
    return a->f->ops->group_write(a->f->s, &w, &version, &a->f->err);
}

static bool group_is_there(attempt *a) {
    sc_cluster k;
    bool there =
        !a->f->ops->cluster_get(a->f->s, &a->f->a, &a->cluster.id, &a->f->arena, &k, &a->f->err);
    assert_int_equal(fx_version(a->f, &a->f->a), a->version + there);
    return there;
}

/* Each time a little later: a lease that a failed end left behind is over. */
static sc_rc claim_and_end(attempt *a) {
    static int64_t now = T0 + HOUR;
    now = now > T0 + DAY ? T0 + HOUR : now + 2000;
    sc_rc rc = fx_claim(a->f, "group", now, &a->job);
    if (rc) return rc;
    return fx_end(a->f, &a->job, SC_JOB_EV_FINISH, now);
}

static bool job_is_done(attempt *a) {
    sc_job_counts n;
    fx_ok(a->f, a->f->ops->job_counts(a->f->s, NULL, SC_STR("group"), &n, &a->f->err));
    assert_int_equal(n.by_state[0] + n.by_state[1] + n.by_state[2], 1);
    return n.by_state[SC_JOB_success] == 1;
}

static const unsigned char answer_key[32] = {7};

static sc_rc answer(attempt *a) {
    return a->f->ops->answer_put(a->f->s, answer_key, SC_STR("{}"), T0, 10, &a->f->err);
}

static bool answer_is_there(attempt *a) {
    sc_str s;
    fx_ok(a->f, a->f->ops->answer_get(a->f->s, answer_key, &a->f->arena, &s, &a->f->err));
    return s.n > 0;
}

static sc_rc swap(attempt *a) {
    sc_id none = {""};
    return a->f->ops->setting_swap(a->f->s, &none, SC_STR("n"), SC_STR_NONE, SC_STR("1"), T0,
                                   &a->f->err);
}

static bool swap_is_there(attempt *a) {
    sc_id none = {""};
    sc_str v;
    fx_ok(a->f, a->f->ops->setting_get(a->f->s, &none, SC_STR("n"), &a->f->arena, &v, &a->f->err));
    return v.n > 0;
}

static sc_rc judge(attempt *a) {
    sc_pair_write w = {.project_id = a->f->a,
                       .pair = {.a = a->first, .b = a->second, .state = SC_PAIR_two}};
    return a->f->ops->pair_put(a->f->s, &w, &a->f->err);
}

static bool judge_is_there(attempt *a) {
    sc_pair p;
    return !a->f->ops->pair_get(a->f->s, &a->f->a, &a->first, &a->second, &a->f->arena, &p,
                                &a->f->err);
}

static const struct {
    const char *name;
    sc_rc (*run)(attempt *);
    bool (*is_there)(attempt *);
    bool two_steps; /* the first may stand when the second fails */
} tries[] = {
    {"feedback_put", put, put_is_there, false},
    {"group_write", group, group_is_there, false},
    {"job_claim, job_end", claim_and_end, job_is_done, true},
    {"answer_put", answer, answer_is_there, false},
    {"setting_swap", swap, swap_is_there, false},
    {"pair_put", judge, judge_is_there, false},
};

/* ---- Input and output ------------------------------------------------------------------------------- */

static void check_after(attempt *a, size_t t, sc_rc rc, const char *kind, int n) {
    sc_fx *f = a->f;
    if (rc != SC_OK && rc != SC_STORE) {
        print_error("%s, %s %d: %s %s\n", tries[t].name, kind, n, sc_rc_name(rc), f->err.msg);
        fail();
    }
    if (rc) assert_true(f->err.msg[0] != 0);
    /* Without a restart: what failed is not there, and works now. */
    assert_int_equal(tries[t].is_there(a), rc == SC_OK);
    if (rc && tries[t].two_steps) {
        sc_rc again = fx_claim(f, "group", T0 + 2 * DAY, &a->job);
        if (again == SC_OK) fx_ok(f, fx_end(f, &a->job, SC_JOB_EV_FINISH, T0 + 2 * DAY));
    } else if (rc) {
        fx_ok(f, tries[t].run(a));
    }
    assert_true(tries[t].is_there(a));
    fx_ok(f, f->ops->probe(f->s, T0, &f->err));
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
    fx_reopen(f);
    assert_true(tries[t].is_there(a));
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void sweep(unsigned kind, const char *name, int code) {
    for (size_t t = 0; t < SC_LEN(tries); t++) {
        for (int n = 1; n < 200; n++) {
            void *state;
            attempt a;
            fx_setup(&state);
            sc_fx *f = state;
            prepare(&a, f);
            if (kind == FAULT_OPEN || kind == FAULT_SHM || kind == FAULT_READ)
                fx_reopen(f); /* cold connections: there is something to open and read */
            fault_arm(kind, n, code, false);
            sc_rc rc = tries[t].run(&a);
            int fired = atomic_load(&fault.fired);
            fault_off();
            if (fired)
                check_after(&a, t, rc, name, n);
            else
                fx_ok(f, rc);
            fx_teardown(&state);
            if (!fired) break;
            assert_true(n < 199);
        }
    }
}

static void the_nth_write_fails(void **state) {
    (void)state;
    sweep(FAULT_WRITE, "write", SQLITE_IOERR);
    sweep(FAULT_WRITE, "write (full)", SQLITE_FULL);
}

static void the_nth_sync_fails(void **state) {
    (void)state;
    sweep(FAULT_SYNC, "sync", SQLITE_IOERR);
}

static void the_nth_open_fails(void **state) {
    (void)state;
    sweep(FAULT_OPEN, "open", SQLITE_CANTOPEN);
}

static void the_nth_truncate_or_shared_memory_call_fails(void **state) {
    (void)state;
    sweep(FAULT_TRUNCATE, "truncate", SQLITE_IOERR);
    sweep(FAULT_SHM, "shm", SQLITE_IOERR);
}

static void the_nth_read_fails(void **state) {
    (void)state;
    sweep(FAULT_READ, "read", SQLITE_IOERR);
}

/* Everything fails from the nth call on, for a while. */
static void a_disk_that_stays_full_refuses_each_call_until_there_is_room(void **state) {
    sc_fx *f = *state;
    attempt a;
    prepare(&a, f);
    for (int from = 1; from <= 4; from++) {
        fault_arm(FAULT_WRITE | FAULT_SYNC, from, SQLITE_FULL, true);
        for (int i = 0; i < 3; i++) {
            fx_rc(f, put(&a), SC_STORE);
            fx_rc(f, f->ops->probe(f->s, T0, &f->err), SC_STORE);
        }
        fault_off();
        assert_false(put_is_there(&a));
        fx_ok(f, f->ops->probe(f->s, T0, &f->err));
    }
    fx_ok(f, put(&a));
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void reads_go_on_while_writes_fail(void **state) {
    sc_fx *f = *state;
    attempt a;
    sc_store_stats st;
    sc_feedback_filter q = {.project_id = f->a};
    sc_page p = {10, SC_STR_NONE};
    sc_feedback_list l;
    prepare(&a, f);
    fx_ok(f, f->ops->stats(f->s, &f->a, T0, &st, &f->err));
    fault_arm(FAULT_WRITE, 1, SQLITE_FULL, true);
    fx_rc(f, put(&a), SC_STORE);
    fx_ok(f, f->ops->stats(f->s, &f->a, T0, &st, &f->err));
    fx_ok(f, f->ops->feedback_list(f->s, &q, &p, &f->arena, &l, &f->err));
    assert_int_equal(l.n, 3);
    fault_off();
}

/* Making a new store, and opening one, with each call failing in turn. */
static void an_open_that_fails_anywhere_can_be_tried_again(void **state) {
    static const unsigned kinds[] = {FAULT_WRITE,    FAULT_SYNC, FAULT_OPEN,
                                     FAULT_TRUNCATE, FAULT_SHM,  FAULT_READ};
    (void)state;
    for (int existing = 0; existing < 2; existing++)
        for (size_t k = 0; k < SC_LEN(kinds); k++)
            for (int n = 1; n < 500; n++) {
                sc_fx f = {.ops = &sc_store_sqlite, .clock_ms = T0};
                fx_make_dir(f.dir, sizeof f.dir);
                sc_arena_init(&f.arena, 1 << 20);
                if (existing) {
                    fx_open(&f);
                    fx_project(&f, "p");
                    sc_store_close(&f.store);
                }
                fault_arm(kinds[k], n, SQLITE_IOERR, false);
                sc_rc rc = sc_store_open(f.ops, fx_conf(&f), &f.store, &f.err);
                int fired = atomic_load(&fault.fired);
                fault_off();
                if (rc) {
                    assert_int_equal(rc, SC_STORE);
                    fx_open(&f);
                }
                f.s = f.store.self;
                fx_project(&f, "q");
                fx_ok(&f, f.ops->verify(f.s, NULL, NULL, &f.err));
                sc_store_close(&f.store);
                sc_arena_done(&f.arena);
                fx_remove_dir(f.dir);
                if (!fired) break;
                assert_true(n < 499);
            }
}

/* A checkpoint that fails costs the caller nothing. */
static void a_failing_checkpoint_loses_no_report(void **state) {
    sc_fx *f = *state;
    int stored = 0;
    static char big[100000];
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 400; i++) { /* 25 pages each: the WAL passes its limits several times */
        sc_feedback r = fx_feedback(f, &f->a);
        sc_id job = fx_id(f);
        sc_put_result out;
        int64_t token;
        r.body = (sc_str){big, sizeof big};
        if (i % 5 == 0)
            fault_arm(i % 2 ? FAULT_SYNC : FAULT_WRITE, 3 + i % 90, SQLITE_IOERR, false);
        sc_rc rc = f->ops->feedback_put(f->s, &r, &job, 1, &out, &f->err);
        assert_true(rc == SC_OK || rc == SC_STORE);
        stored += !rc;
        if (i % 7 == 0) fx_ok(f, f->ops->change_token(f->s, &token, &f->err));
        fault_off();
    }
    sc_store_stats st;
    fx_ok(f, f->ops->stats(f->s, &f->a, T0, &st, &f->err));
    assert_int_equal(st.feedback, stored);
    assert_true(stored > 200);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

/* ---- Memory ------------------------------------------------------------------------------------------- */

static sc_rc read_everything(attempt *a) {
    sc_fx *f = a->f;
    sc_feedback_filter q = {.project_id = f->a};
    sc_cluster_filter kq = {.project_id = f->a, .sort = SC_SORT_TREND};
    sc_job_filter jq = {.project_id = f->a};
    sc_page p = {10, SC_STR_NONE};
    sc_feedback_list l;
    sc_cluster_list kl;
    sc_job_list jl;
    sc_rc rc = f->ops->feedback_list(f->s, &q, &p, &f->arena, &l, &f->err);
    if (!rc) rc = f->ops->cluster_list(f->s, &kq, &p, T0, &f->arena, &kl, &f->err);
    if (!rc) rc = f->ops->job_list(f->s, &jq, &p, &f->arena, &jl, &f->err);
    if (!rc) rc = f->ops->verify(f->s, NULL, NULL, &f->err);
    return rc;
}

static sc_rc open_another(attempt *a) {
    sc_store other = {NULL, NULL};
    sc_rc rc = sc_store_open(a->f->ops, fx_conf(a->f), &other, &a->f->err);
    sc_store_close(&other);
    return rc;
}

static sc_rc copy(attempt *a) {
    char path[256];
    snprintf(path, sizeof path, "%s/copy.db", a->f->dir);
    unlink(path);
    return a->f->ops->backup(a->f->s, path, NULL, NULL, &a->f->err);
}

/* One store for the whole sweep: that it still works afterwards is the point. The first hundred
 * allocations each, later ones in growing steps. */
static void sweep_memory(sc_rc (*run)(attempt *), const char *name, bool cold, bool of_sqlite) {
    void *state;
    bool fired = true;
    fx_setup(&state);
    sc_fx *f = state;
    for (int n = 1; fired; n += 1 + n / 100) {
        attempt a;
        assert_true(n < 20000);
        sc_arena_reset(&f->arena);
        prepare(&a, f);
        if (cold) fx_reopen(f);
        if (of_sqlite)
            fault_alloc_arm(n);
        else
            sc_mem_fail_after((uint64_t)n);
        sc_rc rc = run(&a);
        fired = of_sqlite ? fault_alloc_fired : sc_mem_fail_after(0) >= (uint64_t)n;
        fault_alloc_arm(0);
        if (rc != SC_OK && rc != SC_NOMEM) {
            print_error("%s, allocation %d: %s %s\n", name, n, sc_rc_name(rc), f->err.msg);
            fail();
        }
        if (rc) {
            fx_ok(f, run(&a));
        }
    }
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
    fx_teardown(&state);
}

static void the_nth_allocation_of_sqlite_fails(void **state) {
    (void)state;
    sweep_memory(put, "feedback_put", false, true);
    sweep_memory(group, "group_write", false, true);
    sweep_memory(claim_and_end, "claim, end", false, true);
    sweep_memory(put, "feedback_put, cold", true, true);
    sweep_memory(read_everything, "reads", false, true);
    sweep_memory(open_another, "open", false, true);
    sweep_memory(copy, "backup", false, true);
}

static void the_nth_allocation_of_ours_fails(void **state) {
    (void)state;
    sweep_memory(put, "feedback_put", true, false);
    sweep_memory(group, "group_write", true, false);
    sweep_memory(claim_and_end, "claim, end", true, false);
    sweep_memory(read_everything, "reads", true, false);
    sweep_memory(open_another, "open", false, false);
    sweep_memory(copy, "backup", true, false);
}

int main(void) {
    fault_alloc_install();
    fault_vfs_install();
    fx_backend = &sc_store_sqlite;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nth_write_fails),
        cmocka_unit_test(the_nth_sync_fails),
        cmocka_unit_test(the_nth_open_fails),
        cmocka_unit_test(the_nth_truncate_or_shared_memory_call_fails),
        cmocka_unit_test(the_nth_read_fails),
        fx_test(a_disk_that_stays_full_refuses_each_call_until_there_is_room),
        fx_test(reads_go_on_while_writes_fail),
        cmocka_unit_test(an_open_that_fails_anywhere_can_be_tried_again),
        fx_test(a_failing_checkpoint_loses_no_report),
        cmocka_unit_test(the_nth_allocation_of_sqlite_fails),
        cmocka_unit_test(the_nth_allocation_of_ours_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
