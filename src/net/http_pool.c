#include "net/http_pool.h"

void sc_http_pool_init(sc_http_pool *p) {
    pthread_mutex_init(&p->lock, NULL);
    p->n_idle = 0;
}

void sc_http_pool_done(sc_http_pool *p) {
    while (p->n_idle) sc_http_client_free(p->idle[--p->n_idle]);
    pthread_mutex_destroy(&p->lock);
}

static sc_rc take(sc_http_pool *p, sc_http_client **ret, sc_err *err) {
    *ret = NULL;
    pthread_mutex_lock(&p->lock);
    if (p->n_idle) *ret = p->idle[--p->n_idle];
    pthread_mutex_unlock(&p->lock);
    return *ret ? SC_OK : sc_http_client_new(ret, err);
}

static void put(sc_http_pool *p, sc_http_client *c) {
    pthread_mutex_lock(&p->lock);
    bool room = p->n_idle < SC_HTTP_POOL_IDLE;
    if (room) p->idle[p->n_idle++] = c;
    pthread_mutex_unlock(&p->lock);
    if (!room) sc_http_client_free(c);
}

sc_rc sc_http_pool_do(sc_http_pool *p, const sc_http_call *call, sc_arena *arena,
                      sc_http_answer *ret, sc_err *err) {
    sc_http_client *c;
    sc_rc rc = take(p, &c, err);
    if (rc) return rc;
    rc = sc_http_client_do(c, call, arena, ret, err);
    put(p, c);
    return rc;
}
