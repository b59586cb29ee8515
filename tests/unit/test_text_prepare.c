/* Text preparation: hostile bytes first, then what goes, what stays, and what fingerprints mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "text/prepare.h"

static sc_arena arena;

static int setup(void **state) {
    (void)state;
    sc_arena_init(&arena, 64 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sc_arena_done(&arena);
    return 0;
}

static sc_prepared prepared(const char *title, const char *body) {
    sc_prepared p;
    sc_err err;
    assert_int_equal(sc_prepare(sc_str_of(title), sc_str_of(body), SC_STR_NONE, &arena, &p, &err),
                     SC_OK);
    return p;
}

/* The tokens as one line; stop words and masks carry a star, code a tick. */
static const char *tokens_of(const char *title, const char *body) {
    sc_prepared p = prepared(title, body);
    char *s = sc_arena_take(&arena, 1 << 16);
    size_t n = 0;
    for (size_t i = 0; i < p.n_tokens; i++)
        n += (size_t)snprintf(s + n, ((size_t)1 << 16) - n, "%s%.*s%s%s", i ? " " : "",
                              SC_FMT(p.tokens[i].text), p.tokens[i].stop ? "*" : "",
                              p.tokens[i].place == SC_TOKEN_CODE ? "'" : "");
    return s;
}

static const char *body_of(const char *body) {
    sc_prepared p = prepared("", body);
    assert_true(sc_utf8_valid(p.body));
    return sc_arena_copy(&arena, p.body.p, p.body.n);
}

static const char *title_of(const char *title) {
    sc_prepared p = prepared(title, "");
    return sc_arena_copy(&arena, p.title.p, p.title.n);
}

static uint64_t fp_text(const char *title, const char *body) {
    return prepared(title, body).fp_text;
}

static bool has_facet(const sc_prepared *p, const sc_prepared *q, unsigned kind) {
    for (size_t i = 0; i < p->n_facets; i++)
        for (size_t k = 0; k < q->n_facets; k++)
            if (p->facets[i] == q->facets[k] && p->facets[i] >> 28 == kind) return true;
    return false;
}

/* ---- Hostile input -------------------------------------------------------------------------- */

static void nothing_in_gives_nothing_out(void **state) {
    (void)state;
    sc_prepared p;
    assert_int_equal(sc_prepare(SC_STR_NONE, SC_STR_NONE, SC_STR_NONE, &arena, &p, NULL), SC_OK);
    assert_int_equal(p.n_tokens, 0);
    assert_int_equal(p.fp_text, 0);
    assert_int_equal(p.fp_stack, 0);
    assert_int_equal(p.title.n + p.body.n, 0);
}

static void ten_megabytes_of_anything_take_no_time(void **state) {
    (void)state;
    static const char *const pieces[] = {
        "<",       "[",      "](",          "{",     "{{",           "`",
        "```\n",   "*",      "<a ",         "&",     "&#",           "x",
        "\n",      "> ",     "#",           "<!--",  "\xCC\x81",     "\xFF",
        "at a.b(", "{code}", "(",           "|",     "\xE6\x94\xAF", "a.b/",
        "http://", "-- \n",  "a:1:",        "@a:1 ", "<b>",          "0x",
        "1.",      "\x1B[",  "\xEF\xB7\xBA"};
    enum { SIZE = 10 << 20 };
    char *p = sc_alloc(SIZE);
    assert_non_null(p);
    for (size_t i = 0; i < SC_LEN(pieces); i++) {
        size_t m = strlen(pieces[i]);
        for (size_t k = 0; k < SIZE; k++) p[k] = pieces[i][k % m];
        clock_t start = clock();
        sc_prepared r;
        assert_int_equal(
            sc_prepare((sc_str){p, SIZE}, (sc_str){p, SIZE}, (sc_str){p, SIZE}, &arena, &r, NULL),
            SC_OK);
        double s = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (s > 0.5) fail_msg("10 MB of '%s' took %.2f s", pieces[i], s);
        assert_true(sc_utf8_valid(r.body) && sc_utf8_valid(r.title));
        assert_true(r.n_tokens <= 4096);
        sc_arena_reset(&arena);
    }
    sc_free(p);
}

static void ill_formed_utf8_becomes_replacement_characters(void **state) {
    (void)state;
    assert_string_equal(body_of("caf\xC3 \xFF ok"), "caf\xEF\xBF\xBD \xEF\xBF\xBD ok");
}

static void a_full_arena_is_an_error_not_a_crash(void **state) {
    (void)state;
    sc_arena small;
    for (size_t budget = 0; budget < 40000; budget += 97) {
        sc_arena_init(&small, budget);
        sc_prepared p = {.n_tokens = 77};
        sc_rc rc = sc_prepare(SC_STR("Login fails"),
                              SC_STR("\xC3\x9C"
                                     "ber allen Wipfeln\nfoo_bar is_broken now"),
                              SC_STR_NONE, &small, &p, NULL);
        assert_true(rc == SC_OK || rc == SC_NOMEM);
        if (rc) assert_int_equal(p.n_tokens, 77); /* outputs are written on success alone */
        sc_arena_done(&small);
    }
}

static void every_failing_allocation_is_survived(void **state) {
    (void)state;
    char body[6000];
    for (size_t i = 0; i < sizeof body; i++) body[i] = i % 7 ? (char)('a' + i % 23) : ' ';
    for (uint64_t nth = 1; nth < 100; nth++) {
        sc_arena a;
        sc_arena_init(&a, 8 << 20);
        sc_mem_fail_after(nth);
        sc_prepared p;
        sc_err err;
        sc_rc rc =
            sc_prepare(SC_STR("title"), (sc_str){body, sizeof body}, SC_STR("x"), &a, &p, &err);
        uint32_t *terms;
        uint8_t *tfs;
        size_t n;
        if (!rc) rc = sc_prepare_terms(&p, &a, &terms, &tfs, &n, &err);
        bool reached = sc_mem_fail_after(0) < nth;
        sc_arena_done(&a);
        if (reached) {
            assert_int_equal(rc, SC_OK);
            return;
        }
        assert_int_equal(rc, SC_NOMEM);
    }
    fail_msg("the sweep never ended");
}

/* ---- What goes ------------------------------------------------------------------------------ */

static void hidden_characters_go(void **state) {
    (void)state;
    assert_string_equal(body_of("pass\xE2\x80\x8Bword \xE2\x80\xAEx\xE2\x80\xAC \x07"
                                "bell \xF3\xA0\x81\x81tag"),
                        "password x bell tag");
    assert_string_equal(body_of("\x1B[31mred\x1B[0m text"), "red text");
}

static void hidden_characters_do_not_come_back_as_entities(void **state) {
    (void)state;
    assert_string_equal(body_of("a&#8203;b &#x202e;c &#0;d"), "ab c d");
}

static void entities_are_decoded_once(void **state) {
    (void)state;
    assert_string_equal(body_of("a &amp;lt; b &lt;b&gt; &quot;c&quot; &unknown; & d"),
                        "a &lt; b <b> \"c\" &unknown; & d");
}

static void comments_go_even_over_lines_and_without_an_end(void **state) {
    (void)state;
    assert_string_equal(body_of("one <!-- hidden\nmore hidden --> two"), "one\ntwo");
    assert_string_equal(body_of("one\n<!-- never closed\nignore all rules"), "one");
}

static void comments_in_code_are_code(void **state) {
    (void)state;
    assert_string_equal(body_of("```\n<!-- kept -->\n```"), "<!-- kept -->");
}

static void html_tags_go_and_generics_stay(void **state) {
    (void)state;
    assert_string_equal(body_of("<p>Press <b>Save</b><br/>now</p>"), "Press Save now");
    assert_string_equal(body_of("a List<String> and <Button id=x> and 1 < 2"),
                        "a List<String> and <Button id=x> and 1 < 2");
    assert_string_equal(body_of("x <script>alert(1)\nmore()</script> y"), "x\ny");
}

static void markdown_and_wiki_marks_go(void **state) {
    (void)state;
    assert_string_equal(body_of("# Title here\n* **bold** and *thin* "
                                "`co<b>de`\n[label](http://x.example/a?b=1) ![alt](y.png)"),
                        "Title here\nbold and thin co<b>de\nlabel alt");
    assert_string_equal(
        body_of("h2. Heading\n{color:red}Loud{color} {{mono}} [text|http://x.example]"),
        "Heading\nLoud mono text");
}

static void quoted_mail_and_signatures_go(void **state) {
    (void)state;
    assert_string_equal(body_of("It broke again.\n\nOn Mon, 3 Feb 2020, Ann wrote:\n> it works\n>> "
                                "no\n\nSent from my phone"),
                        "It broke again.");
    assert_string_equal(body_of("It broke.\n-- \nAnn Example\nHead of Everything"), "It broke.");
}

static void template_headings_carry_no_weight(void **state) {
    (void)state;
    const char *filled =
        "### Steps to reproduce\nopen the cart twice\n**Expected behavior:**\n_No response_\n"
        "- [x] I have searched the existing issues\n- [ ] Windows\n- [x] macOS";
    assert_string_equal(body_of(filled), "open the cart twice\nmacOS");
    assert_true(fp_text("Cart empties itself", filled) ==
                fp_text("Cart empties itself", "open the cart twice\nmacOS"));
}

static void a_template_word_in_a_sentence_stays(void **state) {
    (void)state;
    assert_string_equal(body_of("The logs say nothing"), "The logs say nothing");
    assert_string_equal(body_of("Version mismatch: see below"), "Version mismatch: see below");
}

static void only_the_first_32_kib_and_4096_tokens_count(void **state) {
    (void)state;
    size_t n = 64 << 10;
    char *p = sc_arena_take(&arena, n + 1);
    for (size_t i = 0; i < n; i++) p[i] = i % 3 == 2 ? ' ' : (char)('a' + (i / 3) % 26);
    sc_prepared r;
    assert_int_equal(sc_prepare(SC_STR("t"), (sc_str){p, n}, SC_STR_NONE, &arena, &r, NULL), SC_OK);
    assert_true(r.body.n <= 32 << 10);
    assert_int_equal(r.n_tokens, 4096);
}

static void a_title_is_one_clean_line(void **state) {
    (void)state;
    assert_string_equal(title_of("# Cart \n<b>is</b>\t\xE2\x80\xAE lost &amp; gone "),
                        "Cart is lost & gone");
    assert_true(strlen(title_of(sc_arena_printf(&arena, "%05000d", 1))) <= 1024);
}

/* ---- Tokens --------------------------------------------------------------------------------- */

static void what_differs_between_reports_is_masked(void **state) {
    (void)state;
    assert_string_equal(tokens_of("", "42 3.14 50% 250ms -7"),
                        "<num>* <num>* <num>* <num>* <num>*");
    assert_string_equal(
        tokens_of("", "550e8400-e29b-41d4-a716-446655440000 a94a8fe5ccb19ba61c4c 0x7ffc12ab"),
        "<uuid>* <hex>* <addr>*");
    assert_string_equal(
        tokens_of("", "10.1.2.3:80 fe80::1:2:3:4:5 12:34:56 2021-02-03T04:05:06Z ann@mail.example"),
        "<ip>* <ip>* <time>* <time>* <email>*");
    assert_string_equal(tokens_of("", "user48213 x8Jq2LmZ93kQw71"), "user <num>* <id>*");
}

static void of_a_path_the_last_part_stays(void **state) {
    (void)state;
    assert_string_equal(tokens_of("", "/srv/app/cart.log:12"), "<path>* cart.log cart log");
    assert_string_equal(tokens_of("", "C:\\Users\\ann\\Cart.cs"), "<path>* cart.cs cart cs");
    assert_string_equal(tokens_of("", "read/write"), "read write");
}

static void of_a_url_host_and_plain_words_stay(void **state) {
    (void)state;
    assert_string_equal(tokens_of("", "https://www.shop.example/cart/81723?session=abc#top"),
                        "<url>* shop.example cart");
}

static void names_of_code_give_the_whole_and_the_parts(void **state) {
    (void)state;
    assert_string_equal(tokens_of("", "fooBarBaz"), "foobarbaz foo bar baz");
    assert_string_equal(tokens_of("", "HTTPServer"), "httpserver http server");
    assert_string_equal(tokens_of("", "cart_item.price"), "cart_item.price cart item price");
    assert_string_equal(tokens_of("", "e-mail"), "email mail");
    assert_string_equal(tokens_of("", "iOS don't Ann's"), "ios dont* ann");
}

static void error_codes_are_words_not_numbers(void **state) {
    (void)state;
    assert_string_equal(tokens_of("", "HTTP 502"), "http 502");
    assert_string_equal(tokens_of("", "error code: 1234"), "error code 1234");
    assert_string_equal(tokens_of("", "ECONNRESET ORA-00942 0x80070005"),
                        "econnreset ora-00942 ora 0x80070005");
}

static void case_width_and_accents_fold(void **state) {
    (void)state;
    assert_string_equal(
        tokens_of("", "\xEF\xBC\xA5\xEF\xBC\xB2\xEF\xBC\xB2 GR\xC3\x96SSE gro\xCC\x88\xC3\x9F"
                      "e"),
        "err gr\xC3\xB6sse gr\xC3\xB6sse");
}

static void scripts_without_spaces_give_bigrams(void **state) {
    (void)state;
    assert_string_equal(tokens_of("", "\xE6\x94\xAF\xE4\xBB\x98\xE9\xA1\xB5 ok\xE9\x9D\xA2"),
                        "\xE6\x94\xAF\xE4\xBB\x98 \xE4\xBB\x98\xE9\xA1\xB5 ok* \xE9\x9D\xA2");
}

static void inflections_share_a_hash(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"crashes", "crashing"}, {"crash", "crashed"},        {"query", "queries"},
        {"cache", "caching"},    {"install", "installation"}, {"notification", "notifications"},
        {"loading", "loads"}};
    for (size_t i = 0; i < SC_LEN(same); i++)
        assert_int_equal(prepared("", same[i][0]).tokens[0].hash,
                         prepared("", same[i][1]).tokens[0].hash);
    assert_int_not_equal(prepared("", "import").tokens[0].hash,
                         prepared("", "export").tokens[0].hash);
}

static void code_and_title_are_told_apart(void **state) {
    (void)state;
    assert_string_equal(tokens_of("Broken cart", "see\n```\nadd item\n```\n{code}alpha{code} beta"),
                        "broken cart see add' item' alpha' beta");
    assert_int_equal(prepared("Broken cart", "see").n_title_tokens, 2);
}

/* ---- Terms, facets, fingerprints ------------------------------------------------------------ */

static void terms_are_distinct_ascending_and_weigh_titles_three_times(void **state) {
    (void)state;
    sc_prepared p = prepared("cart broken", "cart cart the the");
    uint32_t *terms;
    uint8_t *tfs;
    size_t n;
    assert_int_equal(sc_prepare_terms(&p, &arena, &terms, &tfs, &n, NULL), SC_OK);
    assert_int_equal(n, 2);
    assert_true(terms[0] < terms[1]);
    size_t cart = terms[0] == p.tokens[0].hash ? 0 : 1;
    assert_int_equal(tfs[cart], 5);
    assert_int_equal(tfs[!cart], 3);
}

static void of_too_many_terms_the_most_frequent_stay(void **state) {
    (void)state;
    char *p = sc_arena_take(&arena, 1 << 14);
    size_t n = 0, n_terms;
    for (int i = 0; i < 600; i++)
        n += (size_t)snprintf(p + n, 64, "w%c%c%cq ", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i % 7);
    for (int i = 0; i < 300; i++)
        n += (size_t)snprintf(p + n, 64, "always%s ", i % 2 ? "here" : "there");
    sc_prepared r = prepared("", p);
    uint32_t *terms;
    uint8_t *tfs;
    assert_int_equal(sc_prepare_terms(&r, &arena, &terms, &tfs, &n_terms, NULL), SC_OK);
    assert_int_equal(n_terms, 256);
    size_t often = 0;
    for (size_t i = 0; i < n_terms; i++) often += tfs[i] == 150;
    assert_int_equal(often, 2);
}

static void facets_name_platform_version_and_code(void **state) {
    (void)state;
    sc_prepared a = prepared("Android: crash in version 3.1.2", "HTTP 502 and java.io.IOException");
    sc_prepared b = prepared("android again", "Shop v3.1.2, IOException, status 502");
    for (unsigned kind = SC_FACET_PLATFORM; kind <= SC_FACET_CODE; kind++)
        assert_true(has_facet(&a, &b, kind));
    sc_prepared c = prepared("on iPhone", "version 3.1.3, ENOENT");
    for (unsigned kind = SC_FACET_PLATFORM; kind <= SC_FACET_CODE; kind++)
        assert_false(has_facet(&a, &c, kind));
}

static void the_same_report_with_other_numbers_has_the_same_fingerprint(void **state) {
    (void)state;
    uint64_t a = fp_text("Order 1234 was charged twice",
                         "At 10:31 user ann@mail.example paid 20.00 for order 1234.");
    uint64_t b = fp_text("order 98 was CHARGED twice!",
                         "at 09:02, user <b>bob@post.example</b> paid 7.50 for order 98");
    assert_int_not_equal(a, 0);
    assert_true(a == b);
}

static void other_words_or_error_codes_are_another_fingerprint(void **state) {
    (void)state;
    assert_true(fp_text("cannot log in with google", "") !=
                fp_text("cannot log in with github account", ""));
    assert_true(fp_text("payment page fails with HTTP 502", "") !=
                fp_text("payment page fails with HTTP 404", ""));
}

static void too_short_a_text_is_only_the_same_as_its_twin(void **state) {
    (void)state;
    assert_true(fp_text("", "") == 0);
    assert_true(fp_text("!!!", "...") == 0);
    assert_true(fp_text("Great app", "") != 0);
    assert_true(fp_text("Great app", "") == fp_text("great   APP!", ""));
    assert_true(fp_text("Error 5", "") != fp_text("Error 7", ""));
    assert_true(fp_text("the of and", "") == fp_text("The of and", ""));
    assert_true(fp_text("the of and", "") != fp_text("and of the", ""));
}

static void the_same_words_with_another_trace_are_another_text(void **state) {
    (void)state;
    const char *a = "java.lang.IllegalStateException: closed\n\tat "
                    "com.shop.Cart.add(Cart.java:10)\n\tat com.shop.Main.main(Main.java:5)";
    const char *b = "java.lang.IllegalStateException: closed\n\tat "
                    "com.shop.Pay.run(Pay.java:10)\n\tat com.shop.Main.main(Main.java:5)";
    const char *c = "java.lang.IllegalStateException: closed\n\tat "
                    "com.shop.Cart.add(Cart.java:99)\n\tat com.shop.Main.main(Main.java:6)";
    assert_true(fp_text("the app crashed today", a) != fp_text("the app crashed today", b));
    assert_true(fp_text("the app crashed today", a) == fp_text("the app crashed today", c));
}

static void golden_hashes_never_change_without_a_new_version(void **state) {
    (void)state;
    sc_prepared a = prepared("Checkout button does nothing on Android 12",
                             "I tap **Pay** and nothing happens; error 1005, GR\xC3\x96\xC3\x9F"
                             "E \xE6\x94\xAF\xE4\xBB\x98");
    sc_prepared b =
        prepared("", "ValueError: bad price\nTraceback (most recent call last):\n  File "
                     "\"/srv/cart.py\", line 3, in add\n    x = 1\n"
                     "  File \"/srv/main.py\", line 9, in run\n    y()\nValueError: bad price");
    assert_int_equal(SC_PREPARE_VERSION, 1);
    assert_true(a.fp_text == 0xe79b3e5e310070fdu);
    assert_int_equal(a.tokens[0].hash, 0x1f582916);
    assert_true(b.fp_stack == 0x749b64e0cb872e35u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_in_gives_nothing_out, setup, teardown),
        cmocka_unit_test_setup_teardown(ten_megabytes_of_anything_take_no_time, setup, teardown),
        cmocka_unit_test_setup_teardown(ill_formed_utf8_becomes_replacement_characters, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_arena_is_an_error_not_a_crash, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_survived, setup, teardown),
        cmocka_unit_test_setup_teardown(hidden_characters_go, setup, teardown),
        cmocka_unit_test_setup_teardown(hidden_characters_do_not_come_back_as_entities, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(entities_are_decoded_once, setup, teardown),
        cmocka_unit_test_setup_teardown(comments_go_even_over_lines_and_without_an_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(comments_in_code_are_code, setup, teardown),
        cmocka_unit_test_setup_teardown(html_tags_go_and_generics_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(markdown_and_wiki_marks_go, setup, teardown),
        cmocka_unit_test_setup_teardown(quoted_mail_and_signatures_go, setup, teardown),
        cmocka_unit_test_setup_teardown(template_headings_carry_no_weight, setup, teardown),
        cmocka_unit_test_setup_teardown(a_template_word_in_a_sentence_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_first_32_kib_and_4096_tokens_count, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_title_is_one_clean_line, setup, teardown),
        cmocka_unit_test_setup_teardown(what_differs_between_reports_is_masked, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_path_the_last_part_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_url_host_and_plain_words_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_code_give_the_whole_and_the_parts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(error_codes_are_words_not_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(case_width_and_accents_fold, setup, teardown),
        cmocka_unit_test_setup_teardown(scripts_without_spaces_give_bigrams, setup, teardown),
        cmocka_unit_test_setup_teardown(inflections_share_a_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(code_and_title_are_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(terms_are_distinct_ascending_and_weigh_titles_three_times,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(of_too_many_terms_the_most_frequent_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(facets_name_platform_version_and_code, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_report_with_other_numbers_has_the_same_fingerprint,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(other_words_or_error_codes_are_another_fingerprint, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(too_short_a_text_is_only_the_same_as_its_twin, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_same_words_with_another_trace_are_another_text, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(golden_hashes_never_change_without_a_new_version, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
