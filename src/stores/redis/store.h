/* Inside the Redis store: the instance, its connections, and how a script is run. */
#ifndef SC_STORES_REDIS_STORE_H
#define SC_STORES_REDIS_STORE_H

#include <pthread.h>

#include "stores/redis/link.h"
#include "stores/redis/pack.h"
#include "stores/redis/redis.h"
#include "stores/redis/script.h"

enum {
    SC_RD_LINKS = 16,    /* connections to one server                              */
    SC_RD_NODES = 64,    /* servers of a cluster                                   */
    SC_RD_SLOTS = 16384, /* hash slots of a cluster                                */
    SC_RD_HOMES = 256,   /* jobs whose project is remembered                       */
    SC_RD_NUMBERS = 64,  /* numbers that are fetched for jobs at a time            */
    SC_RD_SCHEMA = 2,    /* of the layout of the keys                              */
};

typedef struct sc_rd_node {
    sc_rd_address address;
    sc_rd_link *idle[SC_RD_LINKS];
    size_t n_idle, n_used;
} sc_rd_node;

typedef struct sc_rd_home {
    sc_id job, project;
} sc_rd_home;

typedef struct sc_rd {
    bool ready;
    int64_t look_ms;      /* between two looks at others' work */
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t link_free;
    sc_rd_node *nodes; /* the first one is what the URL says */
    size_t n_nodes;
    uint8_t slots[SC_RD_SLOTS]; /* which node has it, as far as known */
    sc_rd_home homes[SC_RD_HOMES];
    sc_id known[SC_RD_HOMES]; /* projects that are there; none ever goes */
    int64_t next_number, last_number;
    int64_t swept_ms;
    _Atomic bool
        whole; /* one script may touch all keys: found out when it is opened, until Redis says otherwise */
} sc_rd;

/* ---- Connections (pool.c) ------------------------------------------------------------------------ */

sc_rc sc_rd_pool_open(sc_rd *s, const sc_redis_conf *conf, sc_err *err);
void sc_rd_pool_close(sc_rd *s);

/* One command on the server that has `key`'s slot (NULL: the first server), MOVED and ASK followed. An answer that is an
 * error is an answer. `again`: it may be sent a second time when the connection ends before the answer. The reply is
 * the caller's. */
sc_rc sc_rd_command(sc_rd *s, const char *key, int argc, const char **argv, const size_t *lens,
                    bool again, redisReply **ret, sc_err *err);
/* What Redis said instead of doing it, in our words. SC_TOO_LARGE: it may take less of it. */
sc_rc sc_rd_refused(sc_str said, sc_err *err);

/* Finds out whether one script may touch keys of two slots: not in a cluster, nor behind what divides keys like one, nor where
 * nothing can be written now. */
sc_rc sc_rd_look_whole(sc_rd *s, sc_err *err);

/* ---- Scripts (run.c) ------------------------------------------------------------------------------ */

/* One run of a script: `args` is filled first, `body` read after. */
typedef struct sc_rd_run {
    sc_buf args;
    sc_unpack body;
    redisReply *reply;
    enum {
        SC_RD_ANY_WAY,
        SC_RD_APART,
        SC_RD_WHOLE
    } way;          /* of sc_rd_write: what the arguments are made for */
    sc_unpack told; /* of a whole script: what `after` answered */
    sc_str hints;
    int64_t first_event;
} sc_rd_run;

void sc_rd_run_init(sc_rd_run *r, size_t n); /* args: an array of n */
void sc_rd_run_done(sc_rd_run *r);
/* One that ends with its scope, whether it was begun or not. */
#define SC_RD_RUN(r) SC_AUTO(sc_rd_run_done) sc_rd_run r = {.first_event = 0}
/* Reads: on the project's slot, or the installation's (NULL or none). SC_STORE also when the answer is none of ours. */
sc_rc sc_rd_ask(sc_rd *s, sc_rd_script which, const sc_id *project, sc_rd_run *r, sc_err *err);
/* Changes something of the installation alone; the script itself moves the change token. */
sc_rc sc_rd_put(sc_rd *s, sc_rd_script which, sc_rd_run *r, sc_err *err);
/* Writes in a project (none: the installation's own), and tells the installation: what jobs are due, `events` of
 * the given number (NULL: none). In one step where one script may touch all keys, else in two. */
sc_rc sc_rd_write(sc_rd *s, sc_rd_script which, const sc_id *project, const sc_event *events,
                  size_t n_events, sc_rd_run *r, sc_err *err);
/* After reading: SC_STORE when the answer was not as expected, SC_NOMEM. */
sc_rc sc_rd_read_check(const sc_unpack *u, bool nomem, sc_err *err);
/* Events as the last argument of a script. */
void sc_rd_pack_events(sc_buf *b, const sc_event *events, size_t n);
/* Brings to the installation what a process that died left untold, at most every few seconds. One project that fails keeps no
 * other from it. */
sc_rc sc_rd_sweep(sc_rd *s, int64_t now_ms, sc_err *err);

/* A counter of the installation; 0 before it was counted. */
sc_rc sc_rd_read_number(sc_rd *s, const char *key, int64_t *ret, sc_err *err);
/* Numbers for n reports, growing. */
sc_rc sc_rd_numbers(sc_rd *s, size_t n, int64_t *ret_first, sc_err *err);
/* One number for a job, out of a handful that was fetched before. */
sc_rc sc_rd_number(sc_rd *s, int64_t *ret, sc_err *err);

/* SC_NOT_FOUND when it is unknown or none. */
sc_rc sc_rd_known(sc_rd *s, const sc_id *project, sc_err *err);
/* The same, but none is fine: the installation, or any project. */
sc_rc sc_rd_known_any(sc_rd *s, const sc_id *project, sc_err *err);
/* The ids of all projects, in the arena. */
sc_rc sc_rd_projects(sc_rd *s, sc_arena *arena, sc_id **ret, size_t *ret_n, sc_err *err);
/* The project of a job (none: the installation). SC_NOT_FOUND. */
sc_rc sc_rd_home_of(sc_rd *s, const sc_id *job, sc_id *ret, sc_err *err);
void sc_rd_home_note(sc_rd *s, const sc_id *job, const sc_id *project);

void *sc_rd_grow(sc_arena *arena, void *items, size_t n, size_t *cap, size_t size);
sc_rc sc_rd_no_memory(sc_err *err);

#endif
