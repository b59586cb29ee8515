/* One exchange: what libmicrohttpd calls, in this order, on the shard's thread:
 *   line (request line) - step (head; then each piece of the body; then once more) - end.
 * After `line` failed or a limit struck, `step` may never come; `end` always does, once.
 *
 * libmicrohttpd takes a reply at the head (and then closes the connection) or when the whole request
 * is in. A reply in the middle of a body therefore waits while up to SC_HTTP_SWALLOW_BYTES more are
 * read; when that is not enough it goes out past libmicrohttpd, and what the client still sends is
 * read for a while (closing at once would reset the connection before the client has the reply). */
#include <sys/socket.h>

#include "net/http_internal.h"

void *sc_exchange_line(void *cls, const char *uri, struct MHD_Connection *mhd) {
    sc_http_shard *shard = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    sc_http_conn *c = info ? info->socket_context : NULL;
    sc_http_request *r = c ? sc_request_take(shard, c) : NULL;
    if (!r) return NULL;
    size_t n = strlen(uri);
    r->mhd = mhd;
    r->line_end = uri + n + 1;
    r->uri = (sc_str){sc_arena_copy(&r->arena, uri, n), n};
    atomic_store_explicit(&c->since_us, r->started_us, memory_order_relaxed);
    atomic_store_explicit(&c->line_seen, true, memory_order_release);
    return r;
}

/* Takes the connection from the watch; false when the watch has cut it off. */
static bool claim(sc_http_conn *c) {
    int was = atomic_load_explicit(&c->phase, memory_order_acquire);
    if (was == SC_PHASE_BUSY) return true;
    return was != SC_PHASE_CUT && atomic_compare_exchange_strong(&c->phase, &was, SC_PHASE_BUSY);
}

static void await_body(sc_http_request *r) {
    sc_http_conn *c = r->conn;
    if (r->step == SC_STEP_LAST) return;
    atomic_store_explicit(&c->phase, r->step == SC_STEP_LINGER ? SC_PHASE_LINGER : SC_PHASE_BODY,
                          memory_order_release);
}

static void restart_window(sc_http_request *r) {
    sc_http_conn *c = r->conn;
    atomic_store_explicit(&c->window_us, sc_server_now_us(sc_request_server(r)),
                          memory_order_relaxed);
    atomic_store_explicit(&c->window_bytes,
                          atomic_load_explicit(&c->received, memory_order_relaxed),
                          memory_order_relaxed);
}

/* The reply is there and the body is not wanted any more. */
static void discard(sc_http_request *r) {
    sc_body_drop(r);
    r->step = SC_STEP_DISCARD;
}

static void linger(sc_http_request *r) {
    if (!sc_reply_send_raw(r, r->conn->fd)) return; /* goes on discarding */
    shutdown(r->conn->fd, SHUT_WR);
    r->step = SC_STEP_LINGER;
    atomic_store_explicit(&r->conn->since_us, sc_server_now_us(sc_request_server(r)),
                          memory_order_relaxed);
}

static enum MHD_Result step_head(sc_http_request *r, const char *method, const char *version) {
    sc_http_server *s = sc_request_server(r);
    sc_err err;
    atomic_fetch_add(&r->shard->in_flight,
                     1); /* before the look at closing: see sc_http_server_close */
    r->counted = true;
    atomic_fetch_add_explicit(&r->shard->requests, 1, memory_order_relaxed);
    if (atomic_load(&s->closing)) return MHD_NO;
    if (sc_request_read_head(r, method, version, &err)) {
        r->refuse_more = true;
        sc_reply_error(r, &err);
        return sc_reply_queue(r);
    }
    r->met = true;
    s->handler.head(s->handler.self, r);
    if (!r->has_body) {
        r->step = SC_STEP_LAST;
        return MHD_YES;
    }
    if (!sc_http_replied(r) && sc_body_open(r, &err)) sc_reply_error(r, &err);
    r->step = SC_STEP_BODY;
    if (sc_http_replied(r)) {
        if (r->expect && !r->http10) return sc_reply_queue(r); /* the body is not even sent */
        discard(r);
        if (r->content_length > SC_HTTP_SWALLOW_BYTES) linger(r);
    }
    atomic_store_explicit(&r->conn->received, 0, memory_order_relaxed);
    restart_window(r);
    await_body(r);
    return MHD_YES;
}

/* After a pause: suspends, unless the resume or a reply has come already. */
static bool suspend_paused(sc_http_request *r) {
    pthread_mutex_lock(&r->lock);
    bool wait = !r->wake && !sc_http_replied(r);
    r->wake = false;
    if (wait) {
        sc_shard_suspend(r);
        r->suspended = true;
    }
    pthread_mutex_unlock(&r->lock);
    return wait;
}

static enum MHD_Result throw_away(sc_http_request *r, size_t *size) {
    r->discarded += *size;
    *size = 0;
    if (r->step == SC_STEP_DISCARD && r->discarded > SC_HTTP_SWALLOW_BYTES) linger(r);
    if (r->discarded > SC_HTTP_LINGER_BYTES) return MHD_NO;
    await_body(r);
    return MHD_YES;
}

static enum MHD_Result step_body(sc_http_request *r, const char *data, size_t *size) {
    sc_err err;
    sc_str in = {data, *size};
    bool was_paused = r->paused;
    while (r->step == SC_STEP_BODY && in.n) {
        if (sc_http_replied(r)) {
            discard(r);
        } else if (sc_body_feed(r, &in, &err)) {
            sc_reply_error(r, &err);
        } else if (r->paused && suspend_paused(r)) {
            *size = in.n;
            return MHD_YES; /* in phase BUSY: the client is not to blame for this wait */
        }
    }
    atomic_fetch_add_explicit(&r->conn->received, (int64_t)*size, memory_order_relaxed);
    if (was_paused) restart_window(r);
    if (r->step != SC_STEP_BODY) return throw_away(r, size);
    *size = 0;
    await_body(r);
    return MHD_YES;
}

/* The reply goes out now, or the connection sleeps until it comes. */
static enum MHD_Result settle(sc_http_request *r) {
    pthread_mutex_lock(&r->lock);
    bool ready = sc_http_replied(r);
    if (!ready) {
        sc_shard_suspend(r);
        r->suspended = true;
    }
    pthread_mutex_unlock(&r->lock);
    return ready ? sc_reply_queue(r) : MHD_YES;
}

static enum MHD_Result step_last(sc_http_request *r) {
    const sc_http_handler *h = &sc_request_server(r)->handler;
    sc_err err;
    if (r->step == SC_STEP_LINGER) return MHD_NO; /* replied already; ends the connection */
    if (r->step == SC_STEP_BODY && !sc_http_replied(r) && sc_body_end(r, &err))
        sc_reply_error(r, &err);
    if (r->step != SC_STEP_WAIT) {
        r->step = SC_STEP_WAIT;
        if (!sc_http_replied(r)) h->done(h->self, r);
    }
    return settle(r);
}

enum MHD_Result sc_exchange_step(void *cls, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *size, void **request) {
    (void)cls, (void)mhd, (void)url;
    sc_http_request *r = *request;
    if (!r || !claim(r->conn)) return MHD_NO;
    r->shard->busy = true;
    sc_shard_went_on(r);
    if (r->step == SC_STEP_LINE) return step_head(r, method, version);
    return *size ? step_body(r, data, size) : step_last(r);
}

/* Like claim, for the end: the watch may still be writing to a connection that it cut off. */
static bool claim_to_end(sc_http_conn *c) {
    sc_http_server *s = c->shard->server;
    if (claim(c)) return true;
    pthread_mutex_lock(&s->lock);
    while (!c->cut_done) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return false;
}

void sc_exchange_end(void *cls, struct MHD_Connection *mhd, void **request,
                     enum MHD_RequestTerminationCode why) {
    sc_http_shard *shard = cls;
    sc_http_server *s = shard->server;
    sc_http_request *r = *request;
    if (!r) return;
    *request = NULL;
    sc_http_conn *c = r->conn;
    bool ours = claim_to_end(c);
    if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK) sc_shard_see_off(shard, mhd);
    pthread_mutex_lock(&r->lock); /* whoever replied or wrote last is out of it after this */
    r->gone = true;
    pthread_mutex_unlock(&r->lock);
    if (r->met) s->handler.closed(s->handler.self, r);
    bool counted = r->counted;
    sc_request_give_back(r);
    atomic_fetch_add_explicit(&c->n_requests, 1, memory_order_relaxed);
    atomic_store_explicit(&c->line_seen, false, memory_order_relaxed);
    atomic_store_explicit(&c->since_us, sc_server_now_us(s), memory_order_relaxed);
    if (ours) atomic_store_explicit(&c->phase, SC_PHASE_WAIT, memory_order_release);
    if (counted) atomic_fetch_sub(&shard->in_flight, 1);
    if (atomic_load(&s->draining)) shutdown(c->fd, SHUT_RD);
    sc_server_tell_of_end(s);
}

static void unlink_conn(sc_http_conn **list, sc_http_conn *c) {
    if (c->prev)
        c->prev->next = c->next;
    else
        *list = c->next;
    if (c->next) c->next->prev = c->prev;
}

static sc_http_conn *start(sc_http_shard *shard) {
    sc_http_conn *c = shard->adding;
    shard->adding = NULL;
    sc_shard_watch_conn(shard, c);
    pthread_mutex_lock(&shard->lock);
    c->next = shard->conns;
    if (c->next) c->next->prev = c;
    shard->conns = c;
    pthread_mutex_unlock(&shard->lock);
    if (atomic_load(&shard->server->draining)) shutdown(c->fd, SHUT_RD);
    return c;
}

void sc_exchange_connection(void *cls, struct MHD_Connection *mhd, void **conn,
                            enum MHD_ConnectionNotificationCode what) {
    (void)mhd;
    sc_http_shard *shard = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *conn = start(shard);
        return;
    }
    sc_http_conn *c = *conn;
    claim_to_end(c);
    sc_shard_unwatch_conn(shard, c);
    pthread_mutex_lock(&shard->lock);
    unlink_conn(&shard->conns, c);
    pthread_mutex_unlock(&shard->lock);
    sc_shard_forget(shard, c);
}
