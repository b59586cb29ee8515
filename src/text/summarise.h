/* Extractive title, summary and keywords of a group of reports, from the words people used.
 *
 * No model is asked: the title is the (cleaned, shortened) title of the most central report, the
 * summary the two or three sentences that share most weighted words with the whole group and least
 * with each other (maximal marginal relevance, Carbonell and Goldstein 1998), the keywords the
 * terms that are frequent here and rare in the project. */
#ifndef SC_TEXT_SUMMARISE_H
#define SC_TEXT_SUMMARISE_H

#include "text/prepare.h"

typedef struct sc_summary {
    sc_str title;       /* 3..120 characters, one line                              */
    sc_str text;        /* at most 400 characters; quotes reports, plain text       */
    sc_str keywords[8]; /* as people wrote them, best first                         */
    size_t n_keywords;
} sc_summary;

/* `reports[0]` is the most central one. `idf(self, hash)` gives a term's weight in the project.
 * The result lives in the arena. */
sc_rc sc_summarise(const sc_prepared *reports, size_t n, float (*idf)(void *self, uint32_t hash),
                   void *self, sc_arena *arena, sc_summary *ret, sc_err *err);

#endif
