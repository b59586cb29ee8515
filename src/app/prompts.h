/* What a language model is asked: instructions (prompts/NAME.md, compiled in; a folder may hold others), the
 * members of its answer and what they must be like. Instructions are followed by a list of the
 * members, made of the same table that the services' schemas are made of. */
#ifndef SC_APP_PROMPTS_H
#define SC_APP_PROMPTS_H

#include <jansson.h>

#include "base/str.h"
#include "ports/llm.h"

#define SC_PROMPT_NAMES(X) X(issue) X(same) X(plan)

typedef enum sc_prompt_name {
#define X(name) SC_PROMPT_##name,
    SC_PROMPT_NAMES(X)
#undef X
        SC_PROMPT_COUNT
} sc_prompt_name;

/* A member of the answer: a text has min..max bytes. */
typedef struct sc_prompt_rule {
    size_t min_bytes, max_bytes;
} sc_prompt_rule;

typedef struct sc_prompt {
    const char *name;
    sc_str instructions; /* with the list of members */
    const sc_llm_field *fields;
    const sc_prompt_rule *rules; /* one a field */
    size_t n_fields;
    int64_t max_tokens;
} sc_prompt;

typedef struct sc_prompts {
    sc_prompt v[SC_PROMPT_COUNT];
    char *texts[SC_PROMPT_COUNT]; /* owned */
} sc_prompts;

/* folder NULL or empty: those compiled in; else its NAME.md comes first where there is one. SC_INVALID: one that
 * is no text, or longer than 16 KiB. */
sc_rc sc_prompts_load(const char *folder, sc_prompts *ret, sc_err *err);
void sc_prompts_done(sc_prompts *p);

/* What a model said, as an object that keeps the rules (*ret, the caller's); SC_UNPROCESSABLE and why for
 * anything else. Members nobody asked for are dropped. */
sc_rc sc_prompt_check(const sc_prompt *p, sc_str said, json_t **ret, sc_err *err);

#endif
