/* Text preparation: from a report as people and machines write it to what can be compared.
 *
 * - Unicode: NFKC case-folded (utf8proc), control, zero-width and bidi characters dropped.
 * - Markup: HTML tags and comments, Markdown syntax and link targets dropped, code kept as code;
 *   quoted mail and templates' empty headings dropped.
 * - Masks: UUIDs, hex runs, e-mail addresses, URLs' variable parts, file paths (the last part is
 *   kept), times, numbers, memory addresses, IPs become one token each ("<num>"), because they
 *   differ between two reports of one thing. Error codes (ECONNRESET, HTTP 502, E1234,
 *   NullPointerException) are kept and marked as facets.
 * - Stack frames (Java, Python, JavaScript, Swift/Objective-C, C/C++, Go, Ruby, C#, Rust) are taken
 *   out of the text; in-app frames are told from library frames; line numbers and addresses go.
 *
 * Everything made here lives in the caller's arena. Same input and same SC_PREPARE_VERSION give the
 * same output on every machine: stored representations depend on it. */
#ifndef SC_TEXT_PREPARE_H
#define SC_TEXT_PREPARE_H

#include "base/mem.h"
#include "base/str.h"

#define SC_PREPARE_VERSION 1

/* Where a token stood. */
typedef enum sc_token_place { SC_TOKEN_TITLE, SC_TOKEN_BODY, SC_TOKEN_CODE } sc_token_place;

typedef struct sc_token {
    sc_str text;   /* folded, masked, as it stands in words (for keywords): not stemmed */
    uint32_t hash; /* of the stem: what the lexical index knows; never 0                */
    uint8_t place; /* sc_token_place                                                    */
    bool stop;     /* a function word or a mask: never a keyword, no lexical weight     */
} sc_token;

typedef enum sc_facet_kind {
    SC_FACET_PLATFORM = 1, /* android, ios, windows, ... */
    SC_FACET_VERSION = 2,  /* 3.1.2 beside a product or "version" */
    SC_FACET_CODE = 3,     /* error codes and exception names */
} sc_facet_kind;

typedef struct sc_prepared {
    sc_str title, body; /* cleaned for people to read (not folded, not masked; no markup)  */
    sc_token *tokens;   /* in order of reading, title first                                */
    size_t n_tokens, n_title_tokens;
    uint32_t *frames; /* in-app frames, masked, as hashes, top first, at most 32         */
    size_t n_frames;
    uint32_t *facets; /* kind << 28 | hash >> 4, ascending, distinct, at most 16         */
    size_t n_facets;
    uint64_t
        fp_text; /* over the masked tokens; under 3 informative ones: over the letters and digits */
    uint64_t fp_stack; /* over the top in-app frames and the exception; 0 when none       */
} sc_prepared;

/* Prepares one report. `stack` is what a source extracted itself (one frame a line), or empty.
 * Only the first 32 KiB of a body and 4,096 tokens are looked at (the rest of a report repeats).
 * Input may be any bytes; ill-formed UTF-8 is treated as U+FFFD. SC_NOMEM when the arena is full. */
sc_rc sc_prepare(sc_str title, sc_str body, sc_str stack, sc_arena *arena, sc_prepared *ret,
                 sc_err *err);

/* The distinct term hashes with their weights for the lexical index: title tokens count three
 * times. `ret_terms` and `ret_tfs` are arena arrays, ascending by hash, at most SC_REPR_MAX_TERMS
 * (the most frequent stay). */
sc_rc sc_prepare_terms(const sc_prepared *p, sc_arena *arena, uint32_t **ret_terms,
                       uint8_t **ret_tfs, size_t *ret_n, sc_err *err);

#endif
