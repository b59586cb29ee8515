#include "core/project.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void names_that_would_need_escaping_are_refused(void **state) {
    static const sc_str bad[] = {SC_STR(""),     SC_STR("A"),    SC_STR("a b"),
                                 SC_STR("a/b"),  SC_STR("a\nb"), SC_STR("caf\xc3\xa9"),
                                 SC_STR("a\0b"), SC_STR("a:b"),  SC_STR("a%2e")};
    (void)state;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_err err;
        assert_int_equal(sc_project_check_name(bad[i], &err), SC_UNPROCESSABLE);
        assert_string_equal(err.field, "name");
    }
    assert_int_equal(sc_project_check_name(SC_STR_NONE, NULL), SC_UNPROCESSABLE);
    char long_name[101];
    memset(long_name, 'a', sizeof long_name);
    assert_int_equal(sc_project_check_name((sc_str){long_name, 101}, NULL), SC_UNPROCESSABLE);
    assert_int_equal(sc_project_check_name((sc_str){long_name, 100}, NULL), SC_OK);
}

static void plain_names_are_taken(void **state) {
    (void)state;
    assert_int_equal(sc_project_check_name(SC_STR("a"), NULL), SC_OK);
    assert_int_equal(sc_project_check_name(SC_STR("my-app_2.0"), NULL), SC_OK);
    assert_int_equal(sc_project_check_name(SC_STR("0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000"), NULL),
                     SC_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_would_need_escaping_are_refused),
        cmocka_unit_test(plain_names_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
