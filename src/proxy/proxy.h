/* What stands between an agent in its sandbox and the world: HTTP/1.1 on a unix socket.
 *
 * - Model calls in the shapes of OpenAI (/v1/chat/completions, /v1/responses, /v1/embeddings, /v1/models), Anthropic
 *   (/v1/messages, /v1/messages/count_tokens) and Gemini (/v1beta/models/M:generateContent, :streamGenerateContent,
 *   :countTokens). The client's credentials are dropped, ours added; only named headers pass either way; only
 *   models of the price table are called, for what has no price cannot be counted. `may_spend` is asked before
 *   each call, `spent` told after it, by what the service counted (also in an event stream), else by an estimate
 *   from the bytes that is rather too high. Replies flow as they come; our key in them would not.
 * - CONNECT host:443 for named hosts (or the port that is named). The name is resolved once, here; each address must be
 *   a public one, and the one that was checked is connected to. TLS inside must ask for the same name.
 * - All else is refused, in the words of the vendor's own errors where there is a vendor, and told to `blocked`.
 *
 * No retries: what the upstream says, the agent gets. Threads: the proxy has its own, one a connection and one
 * that accepts; callbacks come from any of them, also at once. */
#ifndef SC_PROXY_PROXY_H
#define SC_PROXY_PROXY_H

#include <netdb.h>

#include "base/clock.h"
#include "base/str.h"

typedef struct sc_proxy sc_proxy;

typedef enum sc_proxy_shape {
    SC_PROXY_OPENAI,
    SC_PROXY_ANTHROPIC,
    SC_PROXY_GEMINI,
    SC_PROXY_SHAPES
} sc_proxy_shape;
const char *sc_proxy_shape_name(sc_proxy_shape s); /* "openai" */

/* Prices in millionths of a dollar for a million tokens; 0 = free (a model of one's own). */
typedef struct sc_proxy_model {
    const char *name; /* as a request says it */
    int64_t price_in, price_out;
    int64_t price_cached; /* of input that the service had in its cache; 0: as price_in */
} sc_proxy_model;

/* A service that is asked in a shape; at most one a shape. */
typedef struct sc_proxy_upstream {
    sc_proxy_shape shape;
    const char
        *base; /* as the vendor's own: "https://api.openai.com/v1", "https://api.anthropic.com",
                         "https://generativelanguage.googleapis.com"; http too */
    const sc_proxy_model *models;
    size_t n_models;
} sc_proxy_upstream;

typedef struct sc_proxy_host {
    const char *name; /* "registry.example.org"; "*.example.org": what is below it, not itself */
    int port;         /* 0: 443 */
    bool local; /* it may lie in a private network or on this machine: a mirror of one's own */
} sc_proxy_host;

/* One model call. `estimate` is what it may take at most: money and tokens are to be set aside for it. */
typedef struct sc_proxy_use {
    int64_t tokens_in, tokens_out, micro_usd;
} sc_proxy_use;
typedef struct sc_proxy_call {
    sc_proxy_shape shape;
    sc_str model;
    sc_proxy_use estimate;
} sc_proxy_call;

typedef struct sc_proxy_conf {
    const char *socket_path; /* made with mode 0600; must not exist; at most 107 bytes */
    const sc_proxy_upstream *upstreams;
    size_t n_upstreams;
    const sc_proxy_host *hosts;
    size_t n_hosts;
    unsigned max_connections;
    size_t max_request_bytes, max_reply_bytes;
    size_t max_buffered_bytes; /* of all requests that are here at once; over it: 503 */
    int64_t max_tunnel_bytes;  /* of all tunnels, both ways */
    int64_t
        max_output_tokens;   /* assumed in an estimate where a request names no limit of its own */
    int64_t head_timeout_ms; /* for a whole request to come in */
    int64_t call_timeout_ms; /* for a whole model call */
    int64_t idle_timeout_ms; /* of connections and tunnels without a byte */
    const sc_clock *clock;
    /* As getaddrinfo(3), which it is by default; on a thread of its own. */
    int (*resolve)(const char *host, const char *service, const struct addrinfo *hints,
                   struct addrinfo **ret);
    void *self;
    /* Required. The key for the service of that shape into ret (empty: it wants none). It is asked for each
     * call, kept no longer than that, and is in no reply, error or log. */
    sc_rc (*key)(void *self, sc_proxy_shape shape, sc_buf *ret, sc_err *err);
    /* Required. SC_OK sets the estimate aside; `spent` follows exactly once. Anything else: the call is refused
     * with err's words (SC_LIMITED: a cap; the agent sees a status that it does not retry). */
    sc_rc (*may_spend)(void *self, const sc_proxy_call *call, sc_err *err);
    /* Required. What it took. `counted`: the service itself said so. */
    void (*spent)(void *self, const sc_proxy_call *call, const sc_proxy_use *took, bool counted);
    /* Required. Something outside was asked for and refused; each time. `why` is static. */
    void (*blocked)(void *self, sc_str host, int port, const char *why);
} sc_proxy_conf;

/* Limits filled in, the rest zero. */
void sc_proxy_conf_default(sc_proxy_conf *c);
/* Copies the conf's tables. Model calls are in the trace that this thread works in. SC_INVALID says what is wrong with them. */
sc_rc sc_proxy_start(const sc_proxy_conf *conf, sc_proxy **ret, sc_err *err);
/* Ends connections and calls, waits for the threads (calls in flight are booked by what was seen), removes
 * the socket. No callback comes after it. NULL is fine. */
void sc_proxy_stop(sc_proxy *p);

#endif
