/* A person moves a report that still waits, while other processes group: what was computed on an older state is computed again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/triage.h"
#include "app_fixture.h"
#include "app_ok.h"

enum { FASTER = 4 };

static app_fixture f;

/* ---- A store to which another process wrote just before ---------------------------------------------------------- */

static const sc_store_ops *real;
static _Atomic int faster; /* so many times yet */

static sc_rc beaten(void *self, const sc_group_write *w, int64_t *ret, sc_err *err) {
    if (atomic_load(&faster) > 0) {
        atomic_fetch_sub(&faster, 1);
        int64_t version;
        const sc_group_write other = {.project_id = w->project_id,
                                      .expect_version = w->expect_version,
                                      .model = w->model,
                                      .now_ms = w->now_ms};
        ok(real->group_write(self, &other, &version, err));
    }
    return real->group_write(self, w, ret, err);
}

static sc_store_ops wrap(const sc_store_ops *ops) {
    sc_store_ops o = *ops;
    real = ops;
    o.group_write = beaten;
    return o;
}

static void a_waiting_report_is_moved_though_others_were_faster(void **state) {
    (void)state;
    atomic_store(&faster, 0);
    app_fixture_open_with(&f, NULL, false, wrap);
    sc_id report = app_put(&f, "1", "It does not save", "");
    assert_int_equal(app_get(&f, &report).state, SC_FEEDBACK_pending);
    atomic_store(&faster, FASTER);
    sc_triage_result moved;
    ok(sc_triage_move(f.app, &f.project.id, &report, NULL, SC_STR("ann"), &moved, &failure));
    assert_int_equal(atomic_load(&faster), 0);
    assert_string_equal(app_get(&f, &report).cluster_id.text, moved.cluster_id.text);
    app_fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_waiting_report_is_moved_though_others_were_faster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
