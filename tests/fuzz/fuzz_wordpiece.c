/* The tokenizer on any text, and on any vocabulary: the first two bytes say how much of the input is a
 * vocabulary, beside ours. Ids are in range, text never yields special ones, cutting keeps the front, and
 * a text taken apart at its spaces gives the same. */
#include <stdlib.h>

#include "text/wordpiece.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_IDS = 4096, MAX_TEXT = 4000 };

static const char ours[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n[\n]\n#\na\nb\nc\n##a\n##b\n##c\nab\nabc\n##bc\n"
    "the\ncrash\n##es\n##ing\n\u65e5\n\u0436\n##\u0436\u0436\n\u1112\u1161\n##\u302e\n";

static void must(bool ok) {
    if (!ok) abort();
}

static void check(const sc_wordpiece *w, sc_str text) {
    static uint32_t ids[MAX_IDS], again[MAX_IDS];
    sc_wordpiece_special s = sc_wordpiece_get_special(w);
    size_t size = sc_wordpiece_size(w), n = sc_wordpiece_encode(w, text, ids, MAX_IDS);
    must(n >= 2 && n < MAX_IDS && ids[0] == s.cls && ids[n - 1] == s.sep);
    for (size_t i = 1; i + 1 < n; i++)
        must(ids[i] < size && ids[i] != s.cls && ids[i] != s.sep && ids[i] != s.pad);

    size_t few = 2 + text.n % 7, m = sc_wordpiece_encode(w, text, again, few);
    must(m == SC_MIN(n, few) && again[m - 1] == s.sep);
    must(memcmp(ids, again, (m - 1) * sizeof *ids) == 0);

    m = 0;
    for (sc_str rest = text, part; sc_str_next(&rest, ' ', &part);)
        m = sc_wordpiece_append(w, part, again, m, MAX_IDS);
    must(m == n - 2 && memcmp(ids + 1, again, m * sizeof *ids) == 0);
}

/* With our vocabulary; made once, so that most runs are about the text. */
static const sc_wordpiece *known(bool lower_case) {
    static sc_wordpiece *made[2];
    if (!made[lower_case])
        must(!sc_wordpiece_new((sc_str){ours, sizeof ours - 1}, lower_case, &made[lower_case],
                               NULL));
    return made[lower_case];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const char *p = (const char *)data + 2;
    size_t n = size - 2, vocab_n = SC_MIN(n, (size_t)(data[0] >> 1) * 8 + (data[1] & 7));
    sc_str text = {p + vocab_n, SC_MIN(n - vocab_n, (size_t)MAX_TEXT)};
    bool lower_case = data[0] & 1;
    check(known(lower_case), text);
    if (!vocab_n) return 0;

    sc_wordpiece *w;
    sc_err err;
    sc_rc rc = sc_wordpiece_new((sc_str){p, vocab_n}, lower_case, &w, &err);
    must(!rc || rc == SC_INVALID);
    if (rc) return 0;
    check(w, text);
    sc_wordpiece_free(w);
    return 0;
}
