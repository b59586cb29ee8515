/* What the files of the proxy share. */
#ifndef SC_PROXY_CONN_H
#define SC_PROXY_CONN_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/span.h"
#include "net/http_client.h"
#include "proxy/proxy.h"
#include "proxy/screen.h"
#include "proxy/wire.h"

typedef struct sc_proxy_conn sc_proxy_conn;
struct sc_proxy_conn {
    sc_proxy *proxy;
    sc_proxy_conn *next; /* under the proxy's lock */
    int fd;
    uint64_t id;
    _Atomic bool gone; /* the client has hung up, or the proxy stops: calls are given up */
    sc_http_client *client;
    sc_wire wire;
};

struct sc_proxy {
    sc_proxy_conf conf; /* its tables are copies in the arena */
    sc_arena arena;
    bool traced;
    sc_span_ctx trace; /* of whoever started it */
    int listen_fd, stop_fd;
    bool bound; /* the socket's file is ours */
    pthread_t acceptor;
    bool accepting;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    sc_proxy_conn *conns; /* under lock, as what follows */
    unsigned n_conns;
    uint64_t last_id;
    _Atomic int64_t tunnel_bytes;
    _Atomic size_t buffered_bytes;
    pthread_mutex_t
        reading; /* held while a body is JSON in memory: it takes many times its bytes */
};

typedef struct sc_proxy_request {
    sc_head head;
    int64_t until_us; /* for its body to come in */
} sc_proxy_request;

/* Each serves one request; false: the connection ends. */
bool sc_proxy_call_run(sc_proxy_conn *c, const sc_proxy_request *asked,
                       const sc_proxy_route *route);
bool sc_proxy_tunnel_run(sc_proxy_conn *c, const sc_proxy_request *asked);
/* An error in the words of that vendor's service; agents do not try it again where trying is of no use. */
bool sc_proxy_refuse(sc_proxy_conn *c, const sc_proxy_request *r, sc_proxy_shape shape,
                     const sc_err *why);
/* The list of models that may be called. */
bool sc_proxy_list(sc_proxy_conn *c, const sc_proxy_request *r, sc_proxy_shape shape);
/* The service that is asked in a shape, or NULL. */
const sc_proxy_upstream *sc_proxy_upstream_of(const sc_proxy *p, sc_proxy_shape shape);

#endif
