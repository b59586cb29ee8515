/* A language model that answers what a test wants, and remembers what it was asked. Thread-safe. */
#ifndef TOY_LLM_H
#define TOY_LLM_H

#include <stdatomic.h>

#include "ports/llm.h"

enum { TOY_LLM_ASKED = 8192 };

typedef struct toy_llm {
    /* Set by the test. */
    sc_err fails;           /* rc 0: it works                                        */
    _Atomic int fail_times; /* ... so often, then it works; -1 for ever              */
    const char *poison;     /* a question that holds this is answered with poison_rc */
    sc_rc poison_rc;
    const char *says[8];      /* answers in turn, the last one for ever                */
    const char *why;          /* with an empty answer                                  */
    const char *issue, *same; /* answers to these questions, where says[0] is NULL     */
    int64_t tokens_in, tokens_out;
    sc_llm_price price;
    void (*on_ask)(void *self);
    void *on_self;
    /* What happened. */
    _Atomic int calls, canaries;
    char last[TOY_LLM_ASKED], last_same[TOY_LLM_ASKED]; /* see toy_llm_asked */
} toy_llm;

/* As the app takes it; `t` is the test's. */
sc_llm toy_llm_of(toy_llm *t);
/* The content of the last question about an issue, or about whether two are the same. Others may be asked meanwhile. */
void toy_llm_asked(toy_llm *t, bool same, char ret[TOY_LLM_ASKED]);

#endif
