/* The end of a fix where the store does not take all of it: it is told later, and told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/fix_internal.h"
#include "fix_fixture.h"

enum { LEASE_MS = 16000 };

static fix_fixture f;

/* ---- A store that is full from the moment when the agent begins: it ends jobs, and takes nothing else ------------ */

static const sc_store_ops *real;
static _Atomic bool armed, full;
static _Atomic int refused;
static sc_rc refused_with; /* of a fix's row; set while nothing runs */

static sc_rc save(void *self, const sc_fix_write *w, sc_err *err) {
    if (atomic_load(&full) && refused_with) {
        atomic_fetch_add(&refused, 1);
        return sc_fail(err, refused_with, "the store does not take it");
    }
    sc_rc rc = real->fix_save(self, w, err);
    if (!rc && w->fix->step == SC_FIX_agent && atomic_load(&armed)) atomic_store(&full, true);
    return rc;
}

static sc_rc group_write(void *self, const sc_group_write *w, int64_t *ret_version, sc_err *err) {
    if (atomic_load(&full) && refused_with != SC_FENCED) {
        atomic_fetch_add(&refused, 1);
        return sc_fail(err, SC_STORE, "the store is full");
    }
    return real->group_write(self, w, ret_version, err);
}

static sc_store_ops wrap(const sc_store_ops *ops) {
    sc_store_ops o = *ops;
    real = ops;
    o.fix_save = save;
    o.group_write = group_write;
    return o;
}

static bool was_refused(void *self) {
    (void)self;
    return atomic_load(&refused) > 0;
}

static sc_cluster issue_now(const sc_id *id) {
    sc_cluster c;
    fix_ok(&f, f.app.store.ops->cluster_get(f.app.store.self, &f.app.project.id, id, &f.app.arena,
                                            &c, &f.err));
    return c;
}

/* An agent fails, and the store refuses what is to be kept of that. */
static sc_id fail_meanwhile(sc_rc with, sc_id *ret_issue) {
    refused_with = with;
    fix_fixture_open(&f, "\"agent\":\"custom\",\"command\":[\"sh\",\"-c\",\"exit 3\"]");
    f.app.wrap = wrap;
    fix_restart(&f);
    atomic_store(&full, false);
    atomic_store(&refused, 0);
    atomic_store(&armed, true);
    *ret_issue = fix_issue(&f, "It does not save");
    sc_id id = fix_start(&f, ret_issue);
    app_wait(was_refused, NULL, "the store to refuse the end");
    sc_app_stop(f.app.app);
    atomic_store(&armed, false);
    atomic_store(&full, false);
    return id;
}

static void an_end_that_the_store_does_not_take_comes_later(void **state) {
    (void)state;
    sc_id issue, id = fail_meanwhile(SC_STORE, &issue);
    assert_int_equal(issue_now(&issue).status, SC_CLUSTER_fixing);
    assert_int_equal(fix_get(&f, &id).status, SC_JOB_running); /* as if its worker was dead */
    f.app.now_ms += LEASE_MS;
    fix_restart(&f);
    const sc_fix fix = fix_ended(&f, &id);
    assert_int_equal(fix.status, SC_JOB_failed);
    assert_int_equal(fix.reason, SC_FIX_REASON_agent_failed);
    assert_int_equal(issue_now(&issue).status, SC_CLUSTER_triaged);
    fix_fixture_close(&f);
}

/* Its worker, or who asked for it, was held up between storing and telling. */
static void a_fix_that_has_ended_does_not_begin_again(void **state) {
    (void)state;
    sc_id issue, id = fail_meanwhile(SC_STORE, &issue);
    f.app.now_ms += LEASE_MS;
    fix_restart(&f);
    sc_fix fix = fix_ended(&f, &id);
    const sc_cluster told = issue_now(&issue);
    assert_int_equal(told.status, SC_CLUSTER_triaged);
    assert_true(told.error_message.n > 0);
    fix.status = SC_JOB_running; /* as they know it */
    fix.reason = SC_FIX_REASON_none;
    fix_ok(&f, sc_fix_tell_begun(f.app.app, &fix, &f.err));
    const sc_cluster c = issue_now(&issue);
    assert_true(c.version > told.version);
    assert_int_equal(c.status, SC_CLUSTER_triaged);
    assert_true(sc_str_eq(c.error_message, told.error_message));
    /* Another one is asked for: what the issue says of that stays. */
    sc_app_stop(f.app.app);
    const sc_id next = fix_start(&f, &issue);
    assert_int_equal(fix_get(&f, &next).status, SC_JOB_pending);
    fix_ok(&f, sc_fix_tell_begun(f.app.app, &fix, &f.err));
    assert_int_equal(issue_now(&issue).status, SC_CLUSTER_fixing);
    fix_fixture_close(&f);
}

/* Without one, whoever finds the fix dead tells its issue. */
static void the_reason_is_kept_when_the_issue_knows(void **state) {
    (void)state;
    sc_id issue, id = fail_meanwhile(SC_OK, &issue);
    assert_int_equal(issue_now(&issue).status, SC_CLUSTER_fixing);
    assert_int_equal(fix_get(&f, &id).status, SC_JOB_running);
    assert_int_equal(fix_get(&f, &id).reason, SC_FIX_REASON_none);
    fix_fixture_close(&f);
}

static void who_lost_the_fix_tells_its_issue_nothing(void **state) {
    (void)state;
    sc_id issue;
    fail_meanwhile(SC_FENCED, &issue);
    assert_int_equal(issue_now(&issue).status, SC_CLUSTER_fixing);
    fix_fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_that_the_store_does_not_take_comes_later),
        cmocka_unit_test(a_fix_that_has_ended_does_not_begin_again),
        cmocka_unit_test(the_reason_is_kept_when_the_issue_knows),
        cmocka_unit_test(who_lost_the_fix_tells_its_issue_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
