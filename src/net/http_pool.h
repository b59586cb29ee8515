/* A few idle HTTP clients, so that connections and TLS sessions live on between the calls of many threads. Threads:
 * sc_http_pool_do is thread-safe. */
#ifndef SC_NET_HTTP_POOL_H
#define SC_NET_HTTP_POOL_H

#include <pthread.h>

#include "net/http_client.h"

enum { SC_HTTP_POOL_IDLE = 4 };

typedef struct sc_http_pool {
    pthread_mutex_t lock;
    sc_http_client *idle[SC_HTTP_POOL_IDLE];
    size_t n_idle;
} sc_http_pool;

void sc_http_pool_init(sc_http_pool *p);
void sc_http_pool_done(sc_http_pool *p);
/* sc_http_client_do with one of them. */
sc_rc sc_http_pool_do(sc_http_pool *p, const sc_http_call *call, sc_arena *arena,
                      sc_http_answer *ret, sc_err *err);

#endif
