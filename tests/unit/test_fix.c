/* Steps of a fix, words, and branches. */
#include "core/fix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_is_over_goes_nowhere(void **state) {
    (void)state;
    sc_fix_step to = SC_FIX_STEP_COUNT;
    sc_err err;
    assert_int_equal(sc_fix_next(SC_FIX_opened, SC_FIX_EV_DONE, &to, &err), SC_CONFLICT);
    assert_non_null(strstr(err.msg, "opened"));
    assert_int_equal(sc_fix_next(SC_FIX_opened, SC_FIX_EV_RETRY, &to, &err), SC_CONFLICT);
    assert_int_equal(sc_fix_next((sc_fix_step)99, SC_FIX_EV_DONE, &to, &err), SC_INVALID);
    assert_int_equal(sc_fix_next(SC_FIX_queued, (sc_fix_event)99, &to, &err), SC_INVALID);
    assert_int_equal(to, SC_FIX_STEP_COUNT);
}

static void a_step_leads_to_the_next_and_what_was_lost_begins_anew(void **state) {
    static const sc_fix_step resumed[SC_FIX_STEP_COUNT] = {
        [SC_FIX_checking] = SC_FIX_checking,
        [SC_FIX_patched_tests] = SC_FIX_patched_tests,
        [SC_FIX_pushing] = SC_FIX_pushing,
        [SC_FIX_opened] = SC_FIX_opened,
    }; /* the others: queued */
    (void)state;
    for (int s = 0; s < SC_FIX_STEP_COUNT; s++) {
        sc_fix_step to;
        assert_int_equal(sc_fix_next((sc_fix_step)s, SC_FIX_EV_RESUME, &to, NULL), SC_OK);
        assert_int_equal(to, resumed[s]);
        if (s == SC_FIX_opened) continue;
        assert_int_equal(sc_fix_next((sc_fix_step)s, SC_FIX_EV_DONE, &to, NULL), SC_OK);
        assert_int_equal(to, s + 1);
        assert_int_equal(sc_fix_next((sc_fix_step)s, SC_FIX_EV_RETRY, &to, NULL), SC_OK);
        assert_int_equal(to, s == SC_FIX_pushing ? SC_FIX_pushing : SC_FIX_queued);
    }
}

static void words_go_both_ways(void **state) {
    (void)state;
    sc_fix_pull p;
    for (int i = 0; i < SC_FIX_PULL_COUNT; i++) {
        assert_true(sc_fix_pull_parse(sc_str_of(sc_fix_pull_name((sc_fix_pull)i)), &p));
        assert_int_equal(p, i);
    }
    assert_false(sc_fix_pull_parse(SC_STR("Open"), &p));
    assert_string_equal(sc_fix_step_name((sc_fix_step)-1), "unknown");
    assert_string_equal(sc_fix_reason_name(SC_FIX_REASON_no_change), "no_change");
    assert_string_equal(sc_fix_reason_words((sc_fix_reason)99), "unknown");
}

static void branch_is(const char *title, const char *want) {
    sc_id id = {"01932e5c-1f2a-7abc-8def-0123456789ab"};
    sc_buf b;
    sc_buf_init(&b, 200);
    sc_fix_branch(&id, sc_str_of(title), &b);
    assert_string_equal(b.p, want);
    sc_buf_done(&b);
}

static void a_branch_is_plain_whatever_the_title_is(void **state) {
    (void)state;
    branch_is("", "soulcaster/456789ab");
    branch_is("Export -- crashes!", "soulcaster/456789ab-export-crashes");
    branch_is("../../etc/passwd", "soulcaster/456789ab-etc-passwd");
    branch_is("\xe2\x80\xae$(reboot) .lock", "soulcaster/456789ab-reboot-lock");
    branch_is(
        "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a",
        "soulcaster/456789ab-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-"
        "a-a-a-a-a-a-a");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_over_goes_nowhere),
        cmocka_unit_test(a_step_leads_to_the_next_and_what_was_lost_begins_anew),
        cmocka_unit_test(words_go_both_ways),
        cmocka_unit_test(a_branch_is_plain_whatever_the_title_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
