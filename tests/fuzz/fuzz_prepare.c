/* sc_prepare on any bytes: the first byte splits the input into title, body and stack. */
#include <stdlib.h>

#include "text/prepare.h"
#include "text/summarise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUDGET = 16 << 20, MAX_TERMS = 256 };

static void must(bool ok) {
    if (!ok) abort();
}

static void check_text(sc_str s) {
    must(sc_utf8_valid(s));
    for (size_t i = 0; i < s.n; i++)
        must((unsigned char)s.p[i] >= 0x20 || s.p[i] == '\n' || s.p[i] == '\t');
}

static void check(const sc_prepared *p) {
    check_text(p->title);
    check_text(p->body);
    must(p->n_tokens <= 4096 && p->n_title_tokens <= p->n_tokens);
    for (size_t i = 0; i < p->n_tokens; i++) {
        const sc_token *t = &p->tokens[i];
        must(t->text.n > 0 && t->text.n <= 64 && t->hash != 0 && sc_utf8_valid(t->text));
        must((t->place == SC_TOKEN_TITLE) == (i < p->n_title_tokens));
    }
    must(p->n_frames <= 32 && p->n_facets <= 16);
    for (size_t i = 1; i < p->n_facets; i++) must(p->facets[i - 1] < p->facets[i]);
    must(p->n_frames > 0 || p->fp_stack == 0);
}

static float one(void *self, uint32_t hash) {
    (void)self;
    return hash ? 1.0f : 0.0f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const char *p = (const char *)data + 2;
    size_t n = size - 2, title_n = SC_MIN(n, (size_t)data[0]),
           stack_n = SC_MIN(n - title_n, (size_t)data[1] * 4);
    sc_str title = {p, title_n}, stack = {p + title_n, stack_n},
           body = {p + title_n + stack_n, n - title_n - stack_n};
    sc_arena arena;
    sc_arena_init(&arena, BUDGET);
    sc_prepared a, b;
    must(sc_prepare(title, body, stack, &arena, &a, NULL) == SC_OK);
    check(&a);
    must(sc_prepare(title, body, stack, &arena, &b, NULL) == SC_OK);
    must(a.fp_text == b.fp_text && a.fp_stack == b.fp_stack && a.n_tokens == b.n_tokens);

    uint32_t *terms;
    uint8_t *tfs;
    size_t n_terms;
    must(sc_prepare_terms(&a, &arena, &terms, &tfs, &n_terms, NULL) == SC_OK);
    must(n_terms <= MAX_TERMS);
    for (size_t i = 0; i < n_terms; i++) must(tfs[i] > 0 && (i == 0 || terms[i - 1] < terms[i]));

    sc_summary s;
    must(sc_summarise(&a, 1, one, NULL, &arena, &s, NULL) == SC_OK);
    check_text(s.title);
    check_text(s.text);
    must(s.title.n >= 3 && s.n_keywords <= 8);
    sc_arena_done(&arena);
    return 0;
}
