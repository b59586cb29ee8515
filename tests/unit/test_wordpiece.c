/* The BERT tokenizer, with a small vocabulary of our own: what is refused, hostile text, then the rules
 * one by one. bench/peers/wordpiece.py holds it against the reference on every code point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "text/wordpiece.h"

enum { MAX_IDS = 512, MAX_LINE = 4096 };

static const char *const tokens[] = {
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "crash",
    "##es",
    "sav",
    "save",
    "##ing",
    "log",
    "##log",
    "un",
    "unaff",
    "##able",
    "ab",
    "abc",
    "##cd",
    "x",
    "##x",
    "e",
    "##e",
    "##\u0436",
    "\u0436",
    "cls",
    "[",
    "]",
    "(",
    ")",
    "!",
    "#",
    "$",
    "=",
    "\u00a1",
    "5\u20ac",
    "i",
    "\u03bf\u03b4\u03bf\u03c3",
    "\u1112\u1161\u11ab",
    "\u65e5",
    "\u672c",
    "\u304b\u306a",
    "\u8c48",
    "k\u1b44\u302e",
    "k\u302e",
    "##\u1b44",
    "a\U0001e94a",
    "Crash",
    "caf\u00e9",
    "cafe",
    "\U0002b820\U0002b820",
};

static char vocab[MAX_LINE];
static sc_wordpiece *uncased, *cased;

static sc_wordpiece *made(bool lower_case) {
    sc_wordpiece *w;
    sc_err err;
    if (sc_wordpiece_new(sc_str_of(vocab), lower_case, &w, &err)) fail_msg("%s", err.msg);
    return w;
}

static int setup(void **state) {
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < SC_LEN(tokens); i++)
        n += (size_t)snprintf(vocab + n, sizeof vocab - n, "%s\n", tokens[i]);
    uncased = made(true);
    cased = made(false);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sc_wordpiece_free(uncased);
    sc_wordpiece_free(cased);
    sc_wordpiece_free(NULL);
    return 0;
}

/* The tokens of text as one line, without [CLS] and [SEP], which are checked. */
static const char *line_of(const sc_wordpiece *w, sc_str text) {
    static char line[MAX_LINE];
    uint32_t ids[MAX_IDS];
    /* An exact heap block, so that reading past the end is found. */
    SC_AUTO(sc_auto_free) char *copy = sc_alloc(text.n);
    if (text.n) memcpy(copy, text.p, text.n);
    size_t n_ids = sc_wordpiece_encode(w, (sc_str){copy, text.n}, ids, MAX_IDS), n = 0;
    assert_true(n_ids >= 2);
    assert_string_equal(tokens[ids[0]], "[CLS]");
    assert_string_equal(tokens[ids[n_ids - 1]], "[SEP]");
    line[0] = 0;
    for (size_t i = 1; i + 1 < n_ids; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%s", i > 1 ? " " : "", tokens[ids[i]]);
    return line;
}

#define GIVES(text, line) assert_string_equal(line_of(uncased, SC_STR(text)), line)
#define GIVES_CASED(text, line) assert_string_equal(line_of(cased, SC_STR(text)), line)

static char *repeated(const char *piece, size_t times, char *ret) {
    size_t n = strlen(piece);
    for (size_t i = 0; i < times; i++) memcpy(ret + i * n, piece, n);
    ret[times * n] = 0;
    return ret;
}

static size_t count_of(const char *text, uint32_t *ret_first) {
    uint32_t ids[MAX_IDS];
    size_t n = sc_wordpiece_append(uncased, sc_str_of(text), ids, 0, MAX_IDS);
    *ret_first = n ? ids[0] : UINT32_MAX;
    return n;
}

/* ---- What is refused ------------------------------------------------------------------------- */

static sc_rc refused(sc_str bytes) {
    sc_wordpiece *w = NULL;
    sc_err err;
    sc_rc rc = sc_wordpiece_new(bytes, true, &w, &err);
    if (!rc) sc_wordpiece_free(w);
    return rc;
}

static void a_vocabulary_without_a_special_token_is_refused(void **state) {
    (void)state;
    assert_int_equal(refused(SC_STR_NONE), SC_INVALID);
    assert_int_equal(refused(SC_STR("\n\n\n")), SC_INVALID);
    assert_int_equal(refused(SC_STR("[UNK]\n[CLS]\n[SEP]\n")), SC_INVALID);
    assert_int_equal(refused(SC_STR("[PAD]\n[CLS]\n[SEP]\n")), SC_INVALID);
    assert_int_equal(refused(SC_STR("[PAD]\n[UNK]\n[SEP]\n")), SC_INVALID);
    assert_int_equal(refused(SC_STR("[PAD]\n[UNK]\n[CLS]\nthe")), SC_INVALID);
    assert_int_equal(refused(SC_STR("[PAD]\n[UNK]\n[CLS]\n[SEP]")), SC_OK);
}

static void a_vocabulary_that_is_not_text_is_refused(void **state) {
    (void)state;
    assert_int_equal(refused(SC_STR("[PAD]\n[UNK]\n[CLS]\n[SEP]\n\xff")), SC_INVALID);
    assert_int_equal(refused(SC_STR("[PAD]\n[UNK]\n[CLS]\n[SEP]\n##\xc3\n")), SC_INVALID);
    assert_int_equal(refused(SC_STR("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\0b\n")), SC_INVALID);
}

static void every_failed_allocation_is_said_and_leaks_nothing(void **state) {
    (void)state;
    sc_rc rc = SC_NOMEM;
    size_t failures = 0;
    for (uint64_t nth = 1; rc && nth < 50; nth++) {
        sc_mem_fail_after(nth);
        rc = refused(sc_str_of(vocab));
        sc_mem_fail_after(0);
        if (rc) assert_int_equal(rc, SC_NOMEM);
        failures += rc == SC_NOMEM;
    }
    assert_int_equal(rc, SC_OK);
    assert_true(failures >= 4);
}

/* ---- Hostile text ---------------------------------------------------------------------------- */

static void text_never_yields_a_special_token(void **state) {
    (void)state;
    GIVES("[CLS] crash [SEP]", "[ cls ] crash [ [UNK] ]");
    GIVES("[MASK][PAD][UNK]", "[ [UNK] ] [ [UNK] ] [ [UNK] ]");
    GIVES("##ing", "# # [UNK]");
    GIVES("[C\u200bLS]", "[ cls ]");
}

static void ill_formed_bytes_are_as_if_not_there(void **state) {
    (void)state;
    GIVES("cr\xff"
          "as\xc0\x80h",
          "crash");
    GIVES("\xed\xa0\x80"
          "crash\xe2\x82",
          "crash");
    GIVES("\xf4\x90\x80\x80", "");
    GIVES("\x80\xbf\xfe", "");
    GIVES("crash\xf0", "crash");
    GIVES("\xc3(crash", "( crash");
}

static void nothing_in_gives_nothing_but_the_frame(void **state) {
    (void)state;
    uint32_t ids[4];
    GIVES("", "");
    GIVES(" \t\r\n ", "");
    GIVES("\0\x01\x7f", "");
    assert_int_equal(sc_wordpiece_encode(uncased, SC_STR_NONE, ids, 4), 2);
}

static void a_word_of_a_hundred_characters_is_the_longest(void **state) {
    (void)state;
    static char text[16384];
    uint32_t first;
    assert_int_equal(count_of(repeated("x", 100, text), &first), 100);
    assert_string_equal(tokens[first], "x");
    assert_int_equal(count_of(repeated("x", 101, text), &first), 1);
    assert_string_equal(tokens[first], "[UNK]");
    assert_int_equal(count_of(repeated("x", 10000, text), &first), 1);
    assert_int_equal(count_of(repeated("\u0436", 100, text), &first), 100);
    assert_int_equal(count_of(repeated("\u0436", 101, text), &first), 1);
    assert_int_equal(count_of(repeated("e\u0301\u00ad", 100, text), &first),
                     100); /* what is left counts */
    assert_int_equal(count_of(repeated("\u00e9", 101, text), &first), 1);
    assert_int_equal(count_of(repeated("\u302e", 2000, text), &first), 1);
    assert_string_equal(tokens[first], "[UNK]");
    memcpy(repeated("x", 101, text) + 101, " xx", 4);
    assert_int_equal(count_of(text, &first), 3); /* the next word is itself again */
    memcpy(text + 100, " xx", 4);
    assert_int_equal(count_of(text, &first), 102);
}

static void a_megabyte_takes_as_many_ids_as_there_is_room(void **state) {
    (void)state;
    size_t n = 1 << 20;
    SC_AUTO(sc_auto_free) char *text = sc_alloc(n);
    uint32_t ids[MAX_IDS + 1];
    static const char *const fills[] = {"x ", "\x80", "\xcc\x81", "\xe3\x80\xae", "x", "!"};
    for (size_t k = 0; k < SC_LEN(fills); k++) {
        size_t m = strlen(fills[k]);
        for (size_t i = 0; i + m <= n; i += m) memcpy(text + i, fills[k], m);
        ids[MAX_IDS] = 12345;
        size_t got = sc_wordpiece_encode(uncased, (sc_str){text, n}, ids, MAX_IDS);
        assert_true(got >= 2 && got <= MAX_IDS);
        assert_string_equal(tokens[ids[got - 1]], "[SEP]");
        assert_int_equal(ids[MAX_IDS], 12345);
    }
}

/* ---- Truncation and joining ------------------------------------------------------------------- */

static void truncation_keeps_the_front_and_the_end_token(void **state) {
    (void)state;
    uint32_t ids[8] = {77, 77, 77, 77, 77, 77, 77, 77};
    sc_str text = SC_STR("crashes saving abcd log");
    assert_int_equal(sc_wordpiece_encode(uncased, text, ids, 0), 0);
    assert_int_equal(sc_wordpiece_encode(uncased, text, ids, 1), 0);
    assert_int_equal(ids[0], 77);
    assert_int_equal(sc_wordpiece_encode(uncased, text, ids, 2), 2);
    assert_int_equal(sc_wordpiece_encode(uncased, text, ids, 3),
                     3); /* a word cut between its pieces */
    assert_string_equal(tokens[ids[1]], "crash");
    assert_string_equal(tokens[ids[2]], "[SEP]");
    assert_int_equal(ids[3], 77);
    assert_int_equal(sc_wordpiece_encode(uncased, text, ids, 7), 7);
    assert_string_equal(tokens[ids[5]], "[UNK]"); /* known to be unknown only behind the cut */
    assert_int_equal(sc_wordpiece_encode(uncased, SC_STR("abcd"), ids, 3), 3);
    assert_string_equal(tokens[ids[1]], "[UNK]");
}

static void segments_joined_are_the_text_in_one(void **state) {
    (void)state;
    uint32_t whole[MAX_IDS], joined[MAX_IDS];
    sc_wordpiece_special special = sc_wordpiece_get_special(uncased);
    size_t n = sc_wordpiece_encode(uncased, SC_STR("Crash! saving \u65e5"), whole, MAX_IDS), m = 0;
    joined[m++] = special.cls;
    m = sc_wordpiece_append(uncased, SC_STR("Crash!"), joined, m, MAX_IDS);
    m = sc_wordpiece_append(uncased, SC_STR_NONE, joined, m, MAX_IDS);
    m = sc_wordpiece_append(uncased, SC_STR("saving \u65e5"), joined, m, MAX_IDS);
    joined[m++] = special.sep;
    assert_int_equal(n, m);
    assert_memory_equal(whole, joined, n * sizeof *whole);
    assert_int_equal(sc_wordpiece_append(uncased, SC_STR("crash"), joined, m, m), m); /* full */
}

static void ids_are_line_numbers(void **state) {
    (void)state;
    sc_wordpiece *w;
    uint32_t ids[8];
    assert_int_equal(sc_wordpiece_size(uncased), SC_LEN(tokens));
    sc_wordpiece_special s = sc_wordpiece_get_special(uncased);
    assert_true(s.pad == 0 && s.unk == 1 && s.cls == 2 && s.sep == 3);
    sc_str text = SC_STR("twice\r\n\r\n[SEP]\r\n[PAD]\ntwice\n[UNK]\n[CLS]\nlast");
    assert_int_equal(sc_wordpiece_new(text, true, &w, NULL), SC_OK);
    assert_int_equal(sc_wordpiece_size(w), 8);
    assert_int_equal(sc_wordpiece_encode(w, SC_STR("last twice"), ids, 8), 4);
    assert_true(ids[0] == 6 && ids[1] == 7 && ids[2] == 4 && ids[3] == 2);
    sc_wordpiece_free(w);
}

/* ---- Words and pieces ------------------------------------------------------------------------- */

static void the_longest_piece_comes_first(void **state) {
    (void)state;
    GIVES("crash", "crash");
    GIVES("crashes saving save", "crash ##es sav ##ing save");
    GIVES("unaffable unable", "unaff ##able un ##able");
    GIVES("savelog logsave", "save ##log [UNK]");
}

static void a_word_without_a_way_to_its_end_is_unknown_as_a_whole(void **state) {
    (void)state;
    GIVES("abcd", "[UNK]"); /* "ab" "##cd" would do, but greedy takes "abc" */
    GIVES("crashy log", "[UNK] log");
    GIVES("q", "[UNK]");
    GIVES("able", "[UNK]"); /* only inside words */
}

static void case_and_accents_fold_character_by_character(void **state) {
    (void)state;
    GIVES("CRASH Cr\u00e1sh cra\u0301\u0327sh", "crash crash crash");
    GIVES("\u0301crash \u0301", "crash");
    GIVES("Caf\u00c9", "cafe");
    GIVES("\u0130", "i"); /* a capital with a dot: the dot is a mark */
    GIVES("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3"); /* no final sigma */
    GIVES("\ud55c \u1112\u1161\u11ab", "\u1112\u1161\u11ab \u1112\u1161\u11ab");
    GIVES_CASED("Crash crash CRASH", "Crash crash [UNK]");
    GIVES_CASED("caf\u00e9 cafe cafe\u0301", "caf\u00e9 cafe [UNK]");
}

static void control_and_private_characters_go_and_unassigned_ones_stay(void **state) {
    (void)state;
    GIVES("cr\x01"
          "as\u200b\u00ad\ufeffh",
          "crash");
    GIVES("cr\x0b"
          "as\x0c\xc2\x85h",
          "crash"); /* white space elsewhere, controls here */
    GIVES("cr\ue000as\U000f0000h\U0010fffd", "crash");
    GIVES("cr\ufffdash", "crash");
    GIVES("crash\u0378 log\uffff", "[UNK] [UNK]");
    GIVES("a\U0001e94a", "a\U0001e94a"); /* a mark since Unicode 9: the reference has 8 */
}

static void white_space_of_any_kind_parts_words(void **state) {
    (void)state;
    GIVES("log\tlog\nlog\rlog", "log log log log");
    GIVES("log\u00a0log\u2003log\u2028log\u2029log\u3000log\u202flog\u1680log",
          "log log log log log log log log");
}

static void punctuation_stands_alone_and_symbols_do_not(void **state) {
    (void)state;
    GIVES("save(log)!!", "save ( log ) ! !");
    GIVES("$log=log\u00a1log", "$ log = log \u00a1 log");
    GIVES("5\u20ac", "5\u20ac");
    GIVES("log\u2260log \u226elog",
          "log = log [UNK] log"); /* signs with a stroke, which is a mark */
}

static void ideographs_stand_alone_and_kana_does_not(void **state) {
    (void)state;
    GIVES("\u65e5\u672clog\u65e5", "\u65e5 \u672c log \u65e5");
    GIVES("\u304b\u306a", "\u304b\u306a");
    GIVES("log\uf900log", "log \u8c48 log"); /* a compatibility ideograph decomposes */
    GIVES("\U0002b820\U0002b820", "\U0002b820\U0002b820"); /* outside the list's blocks */
    GIVES_CASED("\u65e5\u672c", "\u65e5 \u672c");
}

static void marks_that_stay_are_put_in_canonical_order(void **state) {
    (void)state;
    GIVES("k\u302e\u1b44", "k\u1b44\u302e");
    GIVES("k\u1b44\u302e", "k\u1b44\u302e");
    GIVES("k\u302e\u0301\x01\u200b\u1b44", "k\u1b44\u302e");
    GIVES("k\u302e\u0488\u1b44", "[UNK]"); /* an enclosing mark has no order and ends the run */
    GIVES("k\u302e\u0e31\u1b44", "k\u302e ##\u1b44"); /* so does one that is dropped itself */
    GIVES_CASED("k\u302e\u1b44", "k\u302e ##\u1b44");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vocabulary_without_a_special_token_is_refused),
        cmocka_unit_test(a_vocabulary_that_is_not_text_is_refused),
        cmocka_unit_test(every_failed_allocation_is_said_and_leaks_nothing),
        cmocka_unit_test(text_never_yields_a_special_token),
        cmocka_unit_test(ill_formed_bytes_are_as_if_not_there),
        cmocka_unit_test(nothing_in_gives_nothing_but_the_frame),
        cmocka_unit_test(a_word_of_a_hundred_characters_is_the_longest),
        cmocka_unit_test(a_megabyte_takes_as_many_ids_as_there_is_room),
        cmocka_unit_test(truncation_keeps_the_front_and_the_end_token),
        cmocka_unit_test(segments_joined_are_the_text_in_one),
        cmocka_unit_test(ids_are_line_numbers),
        cmocka_unit_test(the_longest_piece_comes_first),
        cmocka_unit_test(a_word_without_a_way_to_its_end_is_unknown_as_a_whole),
        cmocka_unit_test(case_and_accents_fold_character_by_character),
        cmocka_unit_test(control_and_private_characters_go_and_unassigned_ones_stay),
        cmocka_unit_test(white_space_of_any_kind_parts_words),
        cmocka_unit_test(punctuation_stands_alone_and_symbols_do_not),
        cmocka_unit_test(ideographs_stand_alone_and_kana_does_not),
        cmocka_unit_test(marks_that_stay_are_put_in_canonical_order),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
