/* HTTP client: libcurl with deadlines, size limits and a request id; one call, one answer.
 * No retries (the app's queue retries). Redirects are not followed unless asked. Threads: a client
 * belongs to one thread; it keeps its connections alive between calls. */
#ifndef SC_NET_HTTP_CLIENT_H
#define SC_NET_HTTP_CLIENT_H

#include "base/mem.h"
#include "base/str.h"

typedef struct sc_http_client sc_http_client;

typedef struct sc_http_answer sc_http_answer;
typedef struct sc_http_call {
    const char *method;         /* "GET" */
    const char *url;            /* http or https only */
    const char *unix_path;      /* connects to this socket instead of the URL's host; NULL: no */
    const char *const *headers; /* "Name: value" lines */
    size_t n_headers;
    sc_str body;
    /* When set: body bytes come from here (chunked); returns the count, 0 at the end, -1 to abort. */
    long (*read)(void *self, char *into, size_t room);
    /* When set: reply bytes go here as they come, instead of into ret->body; false aborts. */
    bool (*write)(void *self, sc_str bytes);
    /* When set: told once, when the reply's head is in and before any of its body; false aborts. The answer has no body
     * yet and is borrowed. Not for calls that follow redirects. */
    bool (*head)(void *self, const sc_http_answer *head);
    void *self;
    const _Atomic bool
        *stop;          /* set by another thread: given up within a second or so; NULL = never */
    int64_t timeout_ms; /* for the whole call; 0 = none (streams) */
    size_t max_reply_bytes; /* 0 = 64 MiB */
    bool follow;
    /* Sent once at most, on a connection of its own: where a used one ends without an answer, libcurl sends a request again,
     * whatever it does. */
    bool once;
    /* Sent once at most as well, over a kept connection where there is one: if that one ends without an answer, so does the
     * call. */
    bool once_kept;
    const char
        *ca_file; /* certificates to trust instead of the system's; NULL or empty: the system's */
    bool direct;  /* to the host itself, whatever the environment says of proxies */
} sc_http_call;

struct sc_http_answer {
    int status;
    sc_str body, content_type, request_id, retry_after; /* in the arena */
    sc_str rate_remaining, rate_reset; /* X-RateLimit-Remaining, X-RateLimit-Reset */
};

sc_rc sc_http_client_new(sc_http_client **ret, sc_err *err);
void sc_http_client_free(sc_http_client *c);
/* SC_OK for any HTTP status; SC_UPSTREAM when no answer came (refused, reset; err->sys is ECONNREFUSED when there was
 * no connection, so that nothing of the request was sent), SC_TIMEOUT (sys likewise), SC_TOO_LARGE, SC_CANCELLED when it was given up. */
sc_rc sc_http_client_do(sc_http_client *c, const sc_http_call *call, sc_arena *arena,
                        sc_http_answer *ret, sc_err *err);

#endif
