/* Port: a language model that answers one question with one flat JSON object.
 *
 * A backend is constant ops + an option table + a zeroed instance of ops->size bytes. It holds no retry,
 * no threads and no logging. It tells what went wrong by code (net/service.h), and the app decides;
 * SC_CONFLICT: the service does not know this form of asking, another one will be tried when it is
 * asked again (the backend remembers). What a model says is not checked here but by the app: it is
 * foreign text, from a machine that has read foreign text. */
#ifndef SC_PORTS_LLM_H
#define SC_PORTS_LLM_H

#include "base/conf.h"
#include "base/err.h"
#include "base/mem.h"

typedef enum sc_llm_kind { SC_LLM_TEXT, SC_LLM_FLAG } sc_llm_kind;

/* One member of the answer. The services' schemas differ in what else they take (lengths, patterns: half
 * of them refuse these), so a schema says no more than this. */
typedef struct sc_llm_field {
    const char *name; /* [a-z_]+ */
    sc_llm_kind kind;
    const char *words; /* what belongs there, for the model */
} sc_llm_field;

typedef struct sc_llm_question {
    const char *name;           /* of the answer: [a-z_]+, at most 64 */
    sc_str system;              /* the instructions                   */
    sc_str content;             /* what they are about: data          */
    const sc_llm_field *fields; /* all of them are required           */
    size_t n_fields;
    const _Atomic bool *stop; /* set by another thread: the call is given up; may be NULL */
    int64_t max_tokens;       /* of the answer, what the model thinks to itself included */
} sc_llm_question;

typedef struct sc_llm_answer { /* in the arena */
    sc_str text;               /* what the model said, unchecked; empty: nothing, see why */
    const char *why; /* no text: it was cut off, or the model or a filter refused; static */
    sc_str model;    /* as the service calls it; may be empty */
    int64_t tokens_in, tokens_out; /* as the service counted; 0 = it did not say */
} sc_llm_answer;

typedef struct sc_llm_price { /* millionths of a dollar for a million tokens; 0 = free */
    int64_t in, out;
} sc_llm_price;

typedef struct sc_llm_ops {
    const char *name; /* "gemini" */
    const char *summary;
    const sc_opt *opts; /* may be NULL */
    size_t n_opts;
    size_t size; /* of the instance */
    /* Required. `conf` is the parsed option struct. SC_INVALID says what to set. */
    sc_rc (*open)(void *self, const void *conf, sc_err *err);
    /* Required. One request. SC_OK: the service answered and counts it. Thread-safe. deadline_ms is wall time. */
    sc_rc (*ask)(void *self, const sc_llm_question *q, int64_t deadline_ms, sc_arena *arena,
                 sc_llm_answer *ret, sc_err *err);
    const char *(*model)(const void *self); /* required: "gemini/gemini-3.1-flash-lite" */
    sc_llm_price (*price)(const void *self);
    void (*close)(void *self);
} sc_llm_ops;

/* An opened one, as the app hands it round; ops NULL: there is none. */
typedef struct sc_llm {
    const sc_llm_ops *ops;
    void *self;
} sc_llm;

#endif
