/* What the files of web/ share: a request on its way through the contract, how handlers read it and
 * how they answer, and the server's own state. */
#ifndef SC_WEB_REQUEST_H
#define SC_WEB_REQUEST_H

#include <stdatomic.h>

#include "app/access.h"
#include "app/dead.h"
#include "net/target.h"
#include "web/aside.h"
#include "web/contract.h"
#include "web/form_guard.h"
#include "web/metrics.h"
#include "web/project_of.h"
#include "web/ticker.h"
#include "web/web.h"

typedef struct sc_req sc_req;

/* One row an operation (handlers.c). `run` is called once the body is in (or there is none): it
 * replies, or leaves the reply to a callback, or returns an error, which is then the answer. */
typedef struct sc_op_handler {
    const char *id;
    sc_rc (*run)(sc_req *q, sc_err *err);
    /* For bodies that are read in pieces: both or none. begin is called before the first piece. */
    sc_rc (*begin)(sc_req *q, sc_err *err);
    sc_http_flow (*chunk)(sc_req *q, sc_str bytes);
    /* The request is over; only called when the handler's begin or run was. */
    void (*closed)(sc_req *q);
} sc_op_handler;

struct sc_req {
    sc_web *web;
    sc_http_request *http;
    const sc_operation *op;
    const sc_op_handler *row;
    sc_principal who;
    bool known; /* somebody: by key or by session */
    bool by_session;
    bool started;                      /* begin or run was called */
    sc_id project;                     /* where the operation takes project_id */
    sc_str params[SC_CONTRACT_PARAMS]; /* as in op->params; p NULL = absent */
    size_t media;                      /* which of op->media the body is */
    json_t *body;
    void *state;      /* the handler's own */
    sc_errand errand; /* of operations that wait */
    size_t reply_bytes;
    bool audited;     /* audit.h */
    sc_str before;    /* JSON, how it was */
    sc_span_ctx span; /* what this request does is in it */
    sc_err failed;    /* what the reply's problem was, for the log */
};

/* The probe of the store, made at most once a second. */
typedef struct sc_health {
    pthread_mutex_t lock;
    _Atomic int64_t checked_us; /* when the last probe ended; 0 = never */
    _Atomic int64_t probing_us; /* when the running one began; 0 = none */
    pthread_mutex_t text_lock;  /* guards `last` */
    sc_err last;
    sc_dead dead; /* what the scheduler saw, as of the last probe */
} sc_health;

struct sc_web {
    sc_web_conf conf;
    sc_http_handler handler;
    sc_contract *contract;
    const sc_schema *batch_line;
    const sc_op_handler **by_op;
    sc_metrics *metrics;
    sc_projects projects;
    sc_ticker ticker;
    sc_aside aside;
    sc_tick log_tick; /* writes the request log that waits */
    sc_health health;
    sc_form_guard form_guard;
    _Atomic(sc_http_server *) server;
    atomic_bool draining;
    _Atomic int64_t streams;
    _Atomic int64_t audit_lost;
    int64_t started_us;
};

extern const sc_op_handler sc_op_handlers[];
extern const size_t sc_op_handlers_n;

/* ---- Reading ------------------------------------------------------------------------------------ */

static inline sc_app *sc_req_app(const sc_req *q) { return q->web->conf.app; }
static inline const sc_store *sc_req_store(const sc_req *q) {
    return sc_app_store(q->web->conf.app);
}
static inline sc_arena *sc_req_arena(const sc_req *q) { return sc_http_arena(q->http); }
static inline int64_t sc_req_now_ms(const sc_req *q) {
    return sc_now_ms(sc_app_clock(q->web->conf.app));
}

/* A parameter of the contract (checked already); none when absent. */
sc_str sc_req_param(const sc_req *q, const char *name);
int64_t sc_req_int(const sc_req *q, const char *name, int64_t fallback);
bool sc_req_bool(const sc_req *q, const char *name);
int64_t sc_req_time(const sc_req *q, const char *name); /* 0 when absent */
sc_id sc_req_id(const sc_req *q, const char *name);
sc_page sc_req_page(const sc_req *q);
sc_str sc_req_actor(const sc_req *q);
/* A member of the JSON body: text (none when absent or null), and a list of ids in the arena. */
sc_str sc_req_text(const sc_req *q, const char *name);
sc_rc sc_req_ids(const sc_req *q, const char *name, sc_id **ret, size_t *ret_n, sc_err *err);

/* The body as an HTML form's; all is in the arena. */
sc_rc sc_req_form(sc_req *q, sc_target *ret, sc_err *err);

/* ---- Answering (once; nothing of the request may be touched afterwards) -------------------------- */

void sc_req_reply(sc_req *q, int status, const char *content_type, sc_str body);
/* JSON from a builder; when the builder failed, an error instead. */
sc_rc sc_req_reply_buf(sc_req *q, int status, const sc_buf *b, sc_err *err);
void sc_req_fail(sc_req *q, const sc_err *err);
/* Notes that a source's delivery was not taken, where the request is one. */
void sc_source_refused(const sc_req *q, const sc_err *why);
/* The problem's text, for requests that have no sc_req too. */
void sc_problem_write(sc_buf *out, const sc_err *err, int status, sc_str request_id);
/* What a problem says in headers, for replies that are no problem document. */
void sc_problem_headers(sc_http_request *r, const sc_err *err);
/* Replies with a problem where there is no sc_req, or with a status that is not the code's own. */
void sc_problem_reply(sc_http_request *r, const sc_err *err, int status);
/* "unprocessable" */
void sc_problem_code(sc_rc rc, char ret[32]);

enum { SC_REPLY_MAX = 64 << 20 };

#endif
