/* What the language models behind a network share: options, opening, the call, and the JSON schema of an
 * answer. A backend says what a request's body is and what a reply means. */
#ifndef SC_LLMS_CHAT_H
#define SC_LLMS_CHAT_H

#include <jansson.h>
#include <stdatomic.h>

#include "net/service.h"
#include "ports/llm.h"

typedef struct sc_llm_conf {
    const char *key, *base, *model, *usd_in, *usd_out;
} sc_llm_conf;

extern const sc_opt sc_chat_opts[];
enum { SC_CHAT_N_OPTS = 5 };

/* How a service wants to be asked, where not all take the same; learned from its refusals. */
enum { SC_CHAT_NO_SCHEMA = 1, SC_CHAT_OTHER_MAX = 2 };

typedef struct sc_chat_vendor sc_chat_vendor;

typedef struct sc_chat {
    const sc_chat_vendor *vendor;
    sc_service service;
    char name[SC_SERVICE_MAX_NAME + 1];   /* as the requests say it */
    char model[SC_SERVICE_MAX_NAME + 32]; /* as the port says it    */
    sc_llm_price price;
    bool own;                 /* the vendor's own service  */
    _Atomic unsigned learned; /* SC_CHAT_* bits            */
} sc_chat;

/* List prices, dollars a million tokens. */
typedef struct sc_chat_price {
    const char *model, *in, *out;
} sc_chat_price;

/* What one vendor's service is like; constant. */
struct sc_chat_vendor {
    const char *name, *own_base, *own_model;
    const char *path;   /* after the base; %s is the model's name, if it is in there */
    const char *auth;   /* start of the header line with the key */
    const char *header; /* one more header line, or NULL         */
    const char *const
        *keys; /* variables of the environment, first the one to name; NULL ends them */
    const char *const *bases; /* the same for the base, may be NULL    */
    const sc_chat_price *prices;
    size_t n_prices;
    void (*put)(const sc_chat *c, unsigned learned, const sc_llm_question *q, sc_buf *b);
    /* Fills ret from a reply. SC_UPSTREAM when it is not what the vendor's replies are. */
    sc_rc (*take)(const json_t *reply, const sc_llm_question *q, sc_arena *arena,
                  sc_llm_answer *ret, sc_err *err);
    /* The bit that this refusal teaches; 0 = none. May be NULL. */
    unsigned (*learn)(const sc_err *err);
};

sc_rc sc_chat_open(sc_chat *c, const sc_chat_vendor *v, const sc_llm_conf *conf, sc_err *err);
/* The rest of what the backends' ops point to; `self` is an opened sc_chat. */
sc_rc sc_chat_ask(void *self, const sc_llm_question *q, int64_t deadline_ms, sc_arena *arena,
                  sc_llm_answer *ret, sc_err *err);
const char *sc_chat_model(const void *self);
sc_llm_price sc_chat_price_of(const void *self);
void sc_chat_close(void *self);

/* The schema of q's answer. Google's dialect: types in capitals, an order instead of "no others". */
void sc_chat_put_schema(const sc_llm_question *q, bool google, sc_buf *b);
/* A view as the caller's own, in the arena. */
sc_rc sc_chat_keep(sc_str text, sc_arena *arena, sc_str *ret, sc_err *err);
/* A count of tokens at a path; 0 when there is none. */
int64_t sc_chat_tokens(const json_t *reply, const char *path);

#endif
