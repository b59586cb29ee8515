/* A conversation with a chat model that may call tools, in any of three protocols. What a model said is kept in its
 * own form and sent back as it was (some sign what they thought); what tools said is kept so that old ones can be
 * shortened when the conversation grows over its budget.
 *
 * It tries nothing twice. Threads: a dialog belongs to one thread. */
#ifndef SC_AGENTS_DIALOG_H
#define SC_AGENTS_DIALOG_H

#include <jansson.h>

#include "net/service.h"
#include "proxy/proxy.h"

enum { SC_TOOL_MAX_PARAMS = 5, SC_DIALOG_MAX_CALLS = 16, SC_DIALOG_MAX_RESULTS = 4096 };

typedef struct sc_tool_param {
    const char *name, *type, *words; /* type: "string", "integer", "boolean" */
    bool required;
} sc_tool_param;

typedef struct sc_tool {
    const char *name, *words;
    sc_tool_param params[SC_TOOL_MAX_PARAMS]; /* name NULL ends them */
} sc_tool;

typedef struct sc_dialog_conf {
    sc_proxy_shape shape;
    const char *url;       /* "http://127.0.0.1:8100" */
    const char *unix_path; /* a socket to ask through instead of the URL's host; NULL = none */
    const char *model;
    const char *system;
    const sc_tool *tools;
    size_t n_tools;
    int64_t max_tokens;   /* of one reply */
    size_t context_bytes; /* of one request; over it the oldest results are shortened */
} sc_dialog_conf;

typedef struct sc_dialog_call {
    const char *id, *name; /* in the arena of the turn */
    json_t *args;          /* an object, owned by the turn; NULL: it was none */
} sc_dialog_call;

typedef struct sc_dialog_turn {
    sc_str text; /* what it said beside; in the arena */
    sc_dialog_call calls[SC_DIALOG_MAX_CALLS];
    size_t n_calls;
    const char *why; /* neither text nor calls, or cut off; static; else NULL */
} sc_dialog_turn;

typedef struct sc_dialog_vendor sc_dialog_vendor;
typedef struct sc_dialog {
    sc_dialog_conf conf;
    const sc_dialog_vendor *vendor;
    sc_service service;
    json_t *messages;
    json_t *results[SC_DIALOG_MAX_RESULTS]; /* strings inside messages, oldest first */
    size_t n_results, n_shortened;
    bool no_limit; /* the service does not know OpenAI's name of the limit: none is sent */
    int64_t tokens_in, tokens_out; /* as the service counted, all turns */
} sc_dialog;

/* What the conf points to must outlive it. */
sc_rc sc_dialog_open(const sc_dialog_conf *conf, sc_dialog **ret, sc_err *err);
void sc_dialog_close(sc_dialog *d); /* NULL is fine */

sc_rc sc_dialog_say(sc_dialog *d, sc_str text, sc_err *err);
/* One request. deadline_ms is wall time. Errors as net/service.h tells them; the dialog is as it was then. After
 * SC_OK each call of the turn needs its result before the next one. */
sc_rc sc_dialog_ask(sc_dialog *d, int64_t deadline_ms, sc_arena *arena, sc_dialog_turn *ret,
                    sc_err *err);
void sc_dialog_turn_done(sc_dialog_turn *t);
/* What came of the turn's calls, in their order. */
sc_rc sc_dialog_results(sc_dialog *d, const sc_dialog_turn *t, const sc_str *texts, sc_err *err);

/* ---- For dialog.c -------------------------------------------------------------------------------- */

/* A protocol. Its functions give new references, or NULL without memory. */
struct sc_dialog_vendor {
    const char *path; /* %s: the model */
    json_t *(*user)(sc_str text);
    json_t *(*body)(const sc_dialog *d);
    /* The reply's message as it goes back, into *ret_message; its parts into the turn. */
    sc_rc (*take)(sc_dialog *d, const json_t *reply, sc_arena *arena, json_t **ret_message,
                  sc_dialog_turn *ret, sc_err *err);
    /* Appends the results' messages; each text is the string at the same place in `texts`, which it borrows. */
    bool (*results)(json_t *messages, const sc_dialog_turn *t, json_t *const *texts);
};
extern const sc_dialog_vendor sc_dialog_openai, sc_dialog_anthropic, sc_dialog_gemini;

#endif
