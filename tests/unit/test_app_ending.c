/* The end of the process while somebody else is waited for: calls are given up, and nothing is made of what they did not
 * say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <pthread.h>

#include <cmocka.h>

#include "app/fix_internal.h"
#include "fix_fixture.h"

#define EDIT                                                                        \
    "\"agent\":\"custom\",\"command\":[\"sh\",\"-c\",\"date +%N >>a.txt\"],\"test_" \
    "command\":\"\""

static fix_fixture f;

static bool is_set(void *self) { return atomic_load((const _Atomic bool *)self); }

/* ---- A forge on this machine that holds its answer ---------------------------------------------- */

static _Atomic bool asked, holds;

static sc_rc hold(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                  sc_err *err) {
    (void)self;
    if (!atomic_load(&holds)) {
        *ret = (sc_forge_pr){.number = number, .state = SC_FORGE_OPEN, .branch = SC_STR("b")};
        return SC_OK;
    }
    assert_non_null(c->stop);
    atomic_store(&asked, true);
    app_wait(is_set, (void *)(uintptr_t)c->stop, "the call to be given up");
    return sc_fail(err, SC_CANCELLED, "given up");
}

static sc_rc merge(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                   sc_err *err) {
    (void)self, (void)c, (void)number, (void)ret;
    return sc_fail(err, SC_INTERNAL, "nobody asked for that");
}

static sc_rc looked;
static sc_id fix_id;

static void *look_at_it(void *arg) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_fix_pull_view v;
    (void)arg;
    looked = sc_fix_pull_get(f.app.app, &f.app.project.id, &fix_id, &arena, &v, NULL);
    return NULL;
}

static void *watch_it(void *arg) {
    (void)arg;
    looked = sc_fix_watch_one(f.app.app, &f.app.project.id, &fix_id, NULL);
    return NULL;
}

static void a_forge_that_holds_its_answer_is_left_at_the_end(void **state) {
    (void)state;
    void *(*const ways[])(void *) = {look_at_it, watch_it};
    fix_fixture_open(&f, EDIT);
    sc_forge_ops ops = *f.forge.ops;
    ops.pr_get = hold;
    ops.pr_merge = merge;
    f.forge.ops = &ops;
    atomic_store(&holds, false);
    fix_restart(&f);
    sc_id issue = fix_issue(&f, "It does not save");
    fix_id = fix_start(&f, &issue);
    assert_int_equal(fix_ended(&f, &fix_id).pull, SC_FIX_PULL_open);
    for (size_t i = 0; i < SC_LEN(ways); i++) {
        pthread_t who;
        app_fixture_restart(
            &f.app, false); /* nobody looks by himself: no lane of this process is running */
        atomic_store(&holds, true);
        atomic_store(&asked, false);
        assert_int_equal(pthread_create(&who, NULL, ways[i], NULL), 0);
        app_wait(is_set, &asked, "the forge to be asked");
        sc_app_stop(f.app.app);
        pthread_join(who, NULL);
        assert_int_equal(looked, SC_CANCELLED);
        assert_int_equal(fix_get(&f, &fix_id).pull, SC_FIX_PULL_open);
        atomic_store(&holds, false);
    }
    fix_fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forge_that_holds_its_answer_is_left_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
