/* Web: everything that is served, as the contract (api/openapi.yaml) says it.
 *
 * The contract is compiled into the binary; routing, auth scope, body limit and request validation
 * are driven by it. A handler is looked up by operationId; sc_web_new fails when an operation has no
 * handler or a handler no operation. `web` logs each request once and answers every error as RFC
 * 9457 problem details. It sees the application and the store's port, never a backend. */
#ifndef SC_WEB_WEB_H
#define SC_WEB_WEB_H

#include "app/app.h"
#include "net/http_server.h"

typedef struct sc_web sc_web;

typedef struct sc_web_conf {
    sc_app *app;
    const char *version; /* for /health and the User-Agent */
    bool log_requests;
    size_t max_subscribers;                        /* SSE streams at once */
    void (*more_metrics)(void *self, sc_buf *out); /* further families; NULL: none */
    void *more_self;
    int64_t key_rate, address_rate; /* requests a minute; 0 = no limit */
} sc_web_conf;

sc_rc sc_web_new(const sc_web_conf *conf, sc_web **ret, sc_err *err);
/* The handler to open a server with; valid while the sc_web lives. */
const sc_http_handler *sc_web_handler(sc_web *w);
/* What /metrics answers. */
void sc_web_write_metrics(sc_web *w, sc_buf *out);
/* For /metrics and draining; set once the server is open. */
void sc_web_set_server(sc_web *w, sc_http_server *server);
/* From now on /health says "draining" (503), and new SSE streams, and operations that wait for others and are not
 * begun, are refused. */
void sc_web_drain(sc_web *w);
/* Before the server is closed, once the app has stopped, which gives up what such operations wait for: their threads
 * end, and every request of theirs has its reply. */
void sc_web_stop(sc_web *w);
/* After the server is closed and the app has stopped: a commit under way may still answer a request. */
void sc_web_free(sc_web *w);

#endif
