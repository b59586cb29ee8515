/* What a model request asks for, beside an answer: which model, how much at most, and whether the service itself
 * would reach out for the client. Hosted tools (search, fetch, code, MCP) and inputs that the service is to
 * fetch from an address would be a way out of the sandbox past the proxy, and cost what no token count tells; they
 * are refused. So are dearer tiers. Threads: plain functions. */
#ifndef SC_PROXY_SCREEN_H
#define SC_PROXY_SCREEN_H

#include <jansson.h>

#include "proxy/proxy.h"

typedef enum sc_proxy_kind {
    SC_PROXY_CHAT,      /* /v1/chat/completions                      */
    SC_PROXY_RESPONSES, /* /v1/responses                             */
    SC_PROXY_EMBED,     /* /v1/embeddings                            */
    SC_PROXY_MESSAGES,  /* /v1/messages                              */
    SC_PROXY_GENERATE,  /* :generateContent, :streamGenerateContent  */
    SC_PROXY_COUNT,     /* tokens are counted, nothing is generated  */
    SC_PROXY_MODELS,    /* the list: answered here                   */
} sc_proxy_kind;

typedef struct sc_proxy_route {
    sc_proxy_shape shape;
    sc_proxy_kind kind;
    char model[128]; /* where the path names it; else empty               */
    char path[256];  /* below the upstream's base, with its query         */
    bool stream;     /* by its path; a body may say so too                */
} sc_proxy_route;

/* Which call a request is. `other`: headers tell that the client speaks Anthropic's (for /v1/models).
 * SC_NOT_FOUND, SC_METHOD. */
sc_rc sc_proxy_route_of(sc_str method, sc_str target, bool other, sc_proxy_route *ret, sc_err *err);
/* Whose errors a client expects that asked for this path. */
sc_proxy_shape sc_proxy_shape_of(sc_str target);

typedef struct sc_proxy_ask {
    sc_str model; /* of the body or the route */
    bool stream;
    int64_t max_out; /* of all answers together; 0: it names no limit */
} sc_proxy_ask;

/* Reads and changes the body (tiers are dropped, a stream is told to say what it took). SC_FORBIDDEN,
 * SC_INVALID in words for the agent. */
sc_rc sc_proxy_screen(const sc_proxy_route *r, json_t *body, sc_proxy_ask *ret, sc_err *err);

#endif
