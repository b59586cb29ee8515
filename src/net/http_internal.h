/* The HTTP server's own state; for the files of this room that make it up, nobody else.
 *
 * One shard is one libmicrohttpd daemon and the thread that runs it, with its connections. The watch
 * thread accepts connections, hands each to the shard with the fewest, and cuts off those that miss a
 * deadline. Whoever holds a request replies from any thread; the reply is kept in the request and
 * goes to libmicrohttpd on the shard's thread alone, so libmicrohttpd sees one thread a daemon.
 *
 * Locks, in the order in which they may be held together:
 *   shard->lock    its connection lists and its pool of requests
 *   request->lock  reply, suspension and stream; held for some instructions, and never by two for long
 * (then libmicrohttpd's own, inside MHD_suspend_connection). No handler step runs under either.
 * server->lock guards only shutting down and cutting off. */
#ifndef SC_NET_HTTP_INTERNAL_H
#define SC_NET_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "net/http_server.h"
#include "net/inflate.h"
#include "net/limits.h"
#include "net/listen.h"
#include "net/target.h"

enum {
    SC_HTTP_SWALLOW_BYTES = 256 << 10, /* of an unwanted body, read to keep the connection */
    SC_HTTP_LINGER_BYTES = 64 << 20, /* of an unwanted body, read to let the client see the reply */
    SC_HTTP_RAW_REPLY_BYTES = 16 << 10,
    SC_HTTP_SMALL_BODY_BYTES = 2048, /* bodies up to this live in the arena */
    SC_HTTP_SMALL_REPLY_BYTES = 256,
    SC_HTTP_COMPRESS_BYTES = 4096,
    SC_HTTP_POOLED_REQUESTS = 256,
    SC_HTTP_CLOSE_WAIT_MS = 10000,
};

typedef struct sc_http_shard sc_http_shard;
typedef struct sc_http_conn sc_http_conn;

/* Who may touch a connection now. The shard's thread moves between WAIT, BUSY, BODY and LINGER; the
 * watch moves any of the three waiting ones to CUT, and from then on the shard's thread only closes. */
typedef enum sc_http_phase {
    SC_PHASE_WAIT,   /* for a (whole) head                          */
    SC_PHASE_BUSY,   /* a handler, a reply or a pause: no deadline  */
    SC_PHASE_BODY,   /* for more of a body                          */
    SC_PHASE_LINGER, /* replied; reading what the client still sends */
    SC_PHASE_CUT,
} sc_http_phase;

struct sc_http_conn {
    sc_http_conn *prev, *next;
    sc_http_shard *shard;
    _Atomic(sc_http_request *) r; /* set on the shard's thread, cleared there under shard->lock */
    int fd;
    bool watched, ended, ending; /* for the end of its input; it came; is on shard->ending */
    sc_http_conn *next_ending;
    struct sockaddr_in6 addr; /* or an IPv4 one */
    socklen_t addr_n;
    sc_listen_key who;
    _Atomic int phase;
    _Atomic int64_t since_us;    /* WAIT: accepted, last reply or request line; LINGER: its start */
    _Atomic bool line_seen;      /* the request line is in */
    _Atomic unsigned n_requests; /* ended */
    /* The body's rate is measured over windows of head_timeout_ms. */
    _Atomic int64_t window_us, window_bytes, received;
    bool cut_done; /* cut_done: under server->lock */
    char peer[SC_LISTEN_PEER_BYTES];
};

struct sc_http_shard {
    sc_http_server *server;
    struct MHD_Daemon *mhd;
    pthread_t thread;
    bool running;
    int mhd_fd, epoll_fd, wake_fd;
    sc_http_conn *adding;             /* is being given to libmicrohttpd */
    _Atomic(sc_http_conn *) pending;  /* accepted */
    _Atomic(sc_http_request *) woken; /* to be resumed */
    _Atomic bool asleep, stop;
    bool busy;            /* in this turn something happened: the next one follows at once */
    sc_http_conn *ending; /* have said their last word, but libmicrohttpd may not know */
    pthread_mutex_t lock;
    sc_http_conn *conns;
    sc_http_request *pool;
    unsigned n_pooled;
    _Atomic unsigned n_conns;
    _Atomic int64_t requests, in_flight;
    char apart[64]; /* shards share no cache line */
};

struct sc_http_server {
    sc_http_conf conf;
    sc_http_handler handler;
    sc_limits limits;
    sc_http_shard *shards;
    unsigned n_shards;
    int listen_fd, wake_fd;
    pthread_t watch;
    bool watching;
    char url[SC_LISTEN_URL_BYTES];
    _Atomic int64_t connections, refused;
    _Atomic bool draining; /* no new connections, none kept alive */
    _Atomic bool closing;  /* no new requests */
    _Atomic bool stop;     /* the watch ends */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* while draining, an end; the listener is closed; a cut is done */
    bool listener_closed;
};

typedef enum sc_http_step {
    SC_STEP_LINE,    /* only the request line is known              */
    SC_STEP_BODY,    /* the body is coming                          */
    SC_STEP_DISCARD, /* replied; the body is read and thrown away   */
    SC_STEP_LINGER,  /* the reply is out; the body thrown away      */
    SC_STEP_LAST,    /* the whole request is in                     */
    SC_STEP_WAIT,    /* `done` was called                           */
} sc_http_step;

typedef enum sc_http_reply_kind { SC_REPLY_BODY, SC_REPLY_FD, SC_REPLY_STREAM } sc_http_reply_kind;

typedef struct sc_http_line {
    struct sc_http_line *next;
    const char *name, *value;
} sc_http_line;

typedef struct sc_http_bytes {
    char *p;
    size_t n, cap;
    size_t charged; /* to the budget of buffered bytes */
} sc_http_bytes;

struct sc_http_request {
    pthread_mutex_t lock; /* lives as long as the server: requests are pooled */
    sc_arena arena;
    sc_http_request *next_pooled, *next_woken;

    /* From here on zeroed for each use. */
    sc_http_shard *shard;
    sc_http_conn *conn;         /* NULL for a request that only carries an error */
    struct MHD_Connection *mhd; /* NULL when its headers may not be read */
    sc_http_step step;
    _Atomic bool counted; /* in in_flight */
    bool met;             /* a handler step was called: `closed` is owed */
    void *state;

    int64_t started_us;
    const char *line_end; /* where libmicrohttpd's version text must begin */
    sc_str uri;
    sc_target target;
    sc_http_method method;
    char id[65];
    sc_span_ctx *trace; /* in the arena; NULL: none came */
    char trace_text[SC_TRACE_TEXT];
    bool http10, expect, accept_gzip, has_body, chunked, refuse_more;
    int64_t content_length; /* -1 = not known */

    bool stream_body, keep_raw, skip, paused, apart;
    size_t max_body;
    sc_coding coding;
    sc_inflate *inflate;
    size_t inflate_charged;
    sc_http_bytes body, raw;
    size_t discarded, taken; /* taken: identity bytes of a streamed body */

    /* The reply: written once under lock, then read-only. */
    _Atomic int status;
    _Atomic bool replying;
    bool erring; /* the error step may lose a race against the handler's own reply */
    bool header_failed, has_cache_control, has_retry_after, has_encoding, gzip, vary;
    sc_http_reply_kind kind;
    const char *content_type;
    sc_http_line *lines, *last_line;
    char *reply_p;
    size_t reply_n;
    bool reply_heap;
    int fd;
    int64_t fd_size;
    char small[SC_HTTP_SMALL_REPLY_BYTES];

    /* Under lock. */
    bool suspended; /* in libmicrohttpd, and nobody has woken it */
    bool wake;      /* resumed before it was suspended */
    bool gone;      /* the connection is no longer ours */
    bool cut, ended;
    bool queued; /* libmicrohttpd has the reply */
    sc_buf out;  /* the stream's unsent bytes, from out_at on */
    size_t out_at, max_pending;
    sc_str ask;
};

/* ---- request.c ------------------------------------------------------------------------------- */
sc_http_request *sc_request_take(sc_http_shard *shard, sc_http_conn *conn);
void sc_request_give_back(sc_http_request *r);
void sc_request_free(sc_http_request *r);
/* The head is in: method, target, id and the headers that we act on. SC_INVALID: not to be trusted,
 * the connection must end. */
sc_rc sc_request_read_head(sc_http_request *r, const char *method, const char *version,
                           sc_err *err);
/* Lets a suspended request go on, or the next suspension not happen. Under r->lock. */
void sc_request_wake_locked(sc_http_request *r);

/* ---- body.c ---------------------------------------------------------------------------------- */
/* After `head`: checks length, coding and budget before anything is read. */
sc_rc sc_body_open(sc_http_request *r, sc_err *err);
/* Takes bytes off *in; some are left (and r->paused is set) when the handler paused. */
sc_rc sc_body_feed(sc_http_request *r, sc_str *in, sc_err *err);
sc_rc sc_body_end(sc_http_request *r, sc_err *err);
/* Forgets what was read, and gives its budget back. */
void sc_body_drop(sc_http_request *r);

/* ---- reply.c --------------------------------------------------------------------------------- */
/* Asks the handler for the reply to our own error. */
void sc_reply_error(sc_http_request *r, const sc_err *err);
/* Hands the reply to libmicrohttpd. On the shard's thread. */
enum MHD_Result sc_reply_queue(sc_http_request *r);
/* Writes the reply on the socket, past libmicrohttpd, where that cannot take it any more (in the middle
 * of a body) or knows of no request. False when it does not go out whole. */
bool sc_reply_send_raw(sc_http_request *r, int fd);
void sc_reply_done(sc_http_request *r);

/* ---- stream.c -------------------------------------------------------------------------------- */
struct MHD_Response *sc_stream_response(sc_http_request *r);
/* Ends a stream from our side. Under r->lock. */
void sc_stream_end_locked(sc_http_request *r);
void sc_stream_cut_locked(sc_http_request *r);
/* The client has ended its input: is it there? */
void sc_stream_ask_locked(sc_http_request *r);

/* ---- exchange.c: what libmicrohttpd calls ---------------------------------------------------- */
void *sc_exchange_line(void *shard, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result sc_exchange_step(void *shard, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *size, void **request);
void sc_exchange_end(void *shard, struct MHD_Connection *mhd, void **request,
                     enum MHD_RequestTerminationCode why);
void sc_exchange_connection(void *shard, struct MHD_Connection *mhd, void **conn,
                            enum MHD_ConnectionNotificationCode what);

/* ---- shard.c --------------------------------------------------------------------------------- */
void sc_shard_init(sc_http_shard *shard, sc_http_server *s);
sc_rc sc_shard_start(sc_http_shard *shard, sc_err *err);
/* After sc_shard_init, whatever became of the start. No request may be under way. */
void sc_shard_stop(sc_http_shard *shard);
/* From any thread: a connection that was accepted; a request whose suspension is over. */
void sc_shard_put_conn(sc_http_shard *shard, sc_http_conn *c);
void sc_shard_put_woken(sc_http_request *r);
/* A connection that is over, or that libmicrohttpd did not take. Frees it. */
void sc_shard_forget(sc_http_shard *shard, sc_http_conn *c);
/* The shard's thread is told when the client ends its input. */
void sc_shard_watch_conn(sc_http_shard *shard, sc_http_conn *c);
void sc_shard_unwatch_conn(sc_http_shard *shard, sc_http_conn *c);
/* After a request that ended badly. libmicrohttpd ends its connection in the next turn that looks at it,
 * but when a stream's end was the reason, no event would make it look. */
void sc_shard_see_off(sc_http_shard *shard, struct MHD_Connection *mhd);
/* Suspends a request for which the client waits; sc_shard_went_on comes with its next step.
 * After a suspension libmicrohttpd reads before it sends, and when the client has ended its input, it
 * drops the connection, reply and all. But connections with a timeout of their own go on before it
 * reads (it looks at each of them in every turn, so they must be few: those woken since the last). */
void sc_shard_suspend(sc_http_request *r);
void sc_shard_went_on(sc_http_request *r);

/* ---- server.c --------------------------------------------------------------------------------- */
/* After the end of a request or of a connection, when it is no longer counted. */
void sc_server_tell_of_end(sc_http_server *s);

/* ---- watch.c --------------------------------------------------------------------------------- */
void *sc_watch_run(void *server);
void sc_watch_wake(sc_http_server *s);

static inline sc_http_server *sc_request_server(const sc_http_request *r) {
    return r->shard->server;
}
static inline int64_t sc_server_now_us(const sc_http_server *s) {
    return sc_mono_us(s->conf.clock);
}

#endif
