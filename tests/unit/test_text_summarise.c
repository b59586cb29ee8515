/* Titles, summaries and keywords of groups of reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "text/summarise.h"
#include "text/title.h"

static sc_arena arena;

static int setup(void **state) {
    (void)state;
    sc_arena_init(&arena, 32 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sc_arena_done(&arena);
    return 0;
}

/* As if every word were equally rare in the project. */
static float flat(void *self, uint32_t hash) {
    (void)self;
    (void)hash;
    return 1;
}

static sc_summary summary(const char *const (*reports)[2], size_t n) {
    sc_prepared p[16];
    sc_summary s;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sc_prepare(sc_str_of(reports[i][0]), sc_str_of(reports[i][1]), SC_STR_NONE,
                                    &arena, &p[i], NULL),
                         SC_OK);
    assert_int_equal(sc_summarise(p, n, flat, NULL, &arena, &s, NULL), SC_OK);
    assert_true(s.title.n >= 3 && s.text.n <= 400 && sc_utf8_valid(s.title) &&
                sc_utf8_valid(s.text));
    return s;
}

static const char *title_of(const char *title, const char *body) {
    const char *const report[1][2] = {{title, body}};
    sc_summary s = summary(report, 1);
    return sc_arena_copy(&arena, s.title.p, s.title.n);
}

static void no_report_is_refused(void **state) {
    (void)state;
    sc_summary s;
    sc_err err;
    assert_int_equal(sc_summarise(NULL, 0, flat, NULL, &arena, &s, &err), SC_INVALID);
}

static void empty_reports_still_have_a_title(void **state) {
    (void)state;
    assert_string_equal(title_of("", ""), "Untitled report");
    assert_string_equal(title_of("!!!", "???"), "Untitled report");
}

static void a_title_starts_neither_with_a_frame_nor_with_an_id(void **state) {
    (void)state;
    assert_string_equal(
        title_of("at com.shop.Cart.add(Cart.java:3)", "Adding an item fails. Always."),
        "Adding an item fails");
    assert_string_equal(title_of("550e8400-e29b-41d4-a716-446655440000: cart is lost", ""),
                        "cart is lost");
    assert_string_equal(title_of("[2021-02-03 10:00:00] ERROR: cart is lost", ""), "cart is lost");
    assert_string_equal(title_of("https://shop.example/x/1 does not load", ""), "does not load");
}

static void labels_go_and_places_stay(void **state) {
    (void)state;
    assert_string_equal(title_of("[Bug] Cart is lost.", ""), "Cart is lost");
    assert_string_equal(title_of("Re: Fwd: bug report: Cart is lost", ""), "Cart is lost");
    assert_string_equal(title_of("Android: cart is lost", ""), "Android: cart is lost");
    assert_string_equal(title_of("[iOS] cart is lost", ""), "[iOS] cart is lost");
    assert_string_equal(title_of("Error 502 on login", ""), "Error 502 on login");
}

static void a_long_title_is_cut_after_a_word(void **state) {
    (void)state;
    const char *s = title_of("The shopping cart forgets every item that was put into it when the "
                             "person who shops goes back to "
                             "the page of the product and then returns once more to pay",
                             "");
    sc_str t = sc_str_of(s);
    size_t chars = 0;
    for (size_t i = 0; i < t.n; chars++) sc_utf8_next(t, &i);
    assert_true(chars <= SC_TITLE_MAX && chars > SC_TITLE_MAX - 20);
    assert_true(sc_str_ends(t, "\xE2\x80\xA6") && t.p[t.n - 4] != ' ');
}

static void a_title_of_exactly_the_limit_is_not_cut(void **state) {
    (void)state;
    char s[SC_TITLE_MAX + 1];
    for (size_t i = 0; i < SC_TITLE_MAX; i++) s[i] = i % 6 == 5 ? ' ' : 'a';
    s[SC_TITLE_MAX - 1] = 'b';
    sc_str t = sc_title_shorten((sc_str){s, SC_TITLE_MAX}, SC_TITLE_MAX, &arena);
    assert_int_equal(t.n, SC_TITLE_MAX);
}

static void a_word_without_end_is_cut_between_characters(void **state) {
    (void)state;
    char s[900];
    for (size_t i = 0; i < sizeof s; i += 3) memcpy(s + i, "\xE6\x94\xAF", 3);
    sc_str t = sc_title_shorten((sc_str){s, sizeof s}, SC_TITLE_MAX, &arena);
    assert_int_equal(t.n, SC_TITLE_MAX * 3);
    assert_true(sc_utf8_valid(t));
}

static void the_summary_quotes_what_the_group_shares(void **state) {
    (void)state;
    static const char *const reports[3][2] = {
        {"Cart loses items",
         "The cart loses all items after login. My cat is called Tom and likes it."},
        {"Items vanish", "After login the cart loses my items.\n\tat "
                         "com.shop.Cart.add(Cart.java:3)\n{ \"a\": 1, \"b\": [2, 3] }"},
        {"Empty cart", "I put items into the cart and after login they are gone. Weather is fine "
                       "over here today."}};
    sc_summary s = summary(reports, 3);
    assert_true(sc_str_is(s.title, "Cart loses items"));
    assert_true(sc_str_starts(s.text, "The cart loses all items after login."));
    assert_true(sc_str_find(s.text, SC_STR("Cart.java")) == SIZE_MAX &&
                sc_str_find(s.text, SC_STR("\"a\"")) == SIZE_MAX);
    /* the second report says the same once more: not quoted twice */
    assert_true(sc_str_find(s.text, SC_STR("loses my items")) == SIZE_MAX);
}

static void keywords_are_the_shared_words_without_repeats(void **state) {
    (void)state;
    static const char *const reports[3][2] = {{"CartView loses items", "in the cart"},
                                              {"cart items vanish", "CartView is empty"},
                                              {"the items of CartView are lost", ""}};
    sc_summary s = summary(reports, 3);
    assert_true(s.n_keywords >= 2 && s.n_keywords <= 8);
    bool items = false, view = false;
    for (size_t i = 0; i < s.n_keywords; i++) {
        items |= sc_str_is(s.keywords[i], "items");
        view |= sc_str_is(s.keywords[i], "cartview");
        assert_false(sc_str_is(s.keywords[i], "the"));
    }
    assert_true(items && view);
}

static void a_group_of_code_alone_is_summarised_without_prose(void **state) {
    (void)state;
    static const char *const reports[1][2] = {{"x();", "```\na(b[1], c{2});\n```"}};
    sc_summary s = summary(reports, 1);
    assert_true(s.text.n > 0);
}

static void every_failing_allocation_is_survived(void **state) {
    (void)state;
    sc_prepared p[2];
    assert_int_equal(
        sc_prepare(SC_STR("Cart loses items"),
                   SC_STR("The cart loses all items after login. Then it is empty again."),
                   SC_STR_NONE, &arena, &p[0], NULL),
        SC_OK);
    p[1] = p[0];
    for (uint64_t nth = 1; nth < 200; nth++) {
        sc_arena a;
        sc_summary s = {.n_keywords = 99};
        sc_arena_init(&a, 8 << 20);
        sc_mem_fail_after(nth);
        sc_rc rc = sc_summarise(p, 2, flat, NULL, &a, &s, NULL);
        bool reached = sc_mem_fail_after(0) < nth;
        sc_arena_done(&a);
        assert_int_equal(rc, reached ? SC_OK : SC_NOMEM);
        if (reached) return;
        assert_int_equal(s.n_keywords, 99);
    }
    fail_msg("the sweep never ended");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_report_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(empty_reports_still_have_a_title, setup, teardown),
        cmocka_unit_test_setup_teardown(a_title_starts_neither_with_a_frame_nor_with_an_id, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(labels_go_and_places_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_title_is_cut_after_a_word, setup, teardown),
        cmocka_unit_test_setup_teardown(a_title_of_exactly_the_limit_is_not_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(a_word_without_end_is_cut_between_characters, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_summary_quotes_what_the_group_shares, setup, teardown),
        cmocka_unit_test_setup_teardown(keywords_are_the_shared_words_without_repeats, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_group_of_code_alone_is_summarised_without_prose, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_survived, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
