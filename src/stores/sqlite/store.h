/* Inside the SQLite store: the instance, its connections, and how a step takes one.
 *
 * One connection writes, taken in turn (first come, first served), each step one transaction that
 * begins IMMEDIATE. A few connections read, each in a snapshot of its own; in WAL mode neither side
 * waits for the other. A connection that met an I/O error is closed and opened afresh before its
 * next use, since what SQLite holds of the file may no longer be what the file holds. */
#ifndef SC_STORES_SQLITE_STORE_H
#define SC_STORES_SQLITE_STORE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "ports/store.h"

enum {
    SC_SQ_READERS = 8,      /* connections for reading, opened when first needed */
    SC_SQ_STATEMENTS = 128, /* slots of a connection's statement cache           */
    SC_SQ_WRITER_CACHE_KIB = 8192,
    SC_SQ_READER_CACHE_KIB = 1024,
    /* WAL pages (4 KiB) at which a caller who is in no hurry moves them into the database, and at
     * which a writer does so itself after its commit. */
    SC_SQ_CHECKPOINT_SOFT = 1000,
    SC_SQ_CHECKPOINT_HARD = 4000,
};

typedef struct sc_sq sc_sq;

typedef struct sc_sq_conn {
    sqlite3 *db;
    sc_sq *store;
    struct sc_sq_conn *next;
    uint64_t generation; /* of the store when it was opened           */
    bool suspect;        /* met an I/O error: open afresh             */
    struct {
        const char *sql; /* the literal's address is the key          */
        sqlite3_stmt *st;
    } cache[SC_SQ_STATEMENTS];
} sc_sq_conn;

typedef struct sc_sq_waiter {
    pthread_cond_t turn;
    bool granted;
    struct sc_sq_waiter *next;
} sc_sq_waiter;

struct sc_sq {
    char *dir, *path;
    int busy_timeout_ms;
    bool locks_ready;

    pthread_mutex_t lock;       /* guards what follows, to `generation` */
    bool writing;               /* someone has the writer               */
    sc_sq_waiter *first, *last; /* who waits for it, oldest first       */
    sc_sq_conn *idle;           /* readers nobody uses                  */
    size_t n_readers;           /* open ones, used or not               */
    pthread_cond_t reader_free;
    uint64_t generation; /* raised by an I/O error: every older connection is renewed */

    sc_sq_conn *writer; /* whoever has the turn owns it */

    pthread_mutex_t watch_lock; /* guards watch */
    sc_sq_conn *watch;          /* for change_token: its numbers compare on one connection only */

    pthread_mutex_t lead_lock; /* guards the two below */
    char leader[128];          /* who in this process has the lead; empty: nobody */
    int lead_fd;               /* open only while there is one */

    pthread_mutex_t checkpoint_lock;
    sc_sq_conn *checkpointer;
    atomic_int wal_pages;     /* in the WAL after the last commit of ours */
    atomic_int checkpoint_at; /* not before so many (put off by one that could not finish) */
};

/* ---- Connections (pool.c) ------------------------------------------------------------------- */

sc_rc sc_sq_pool_open(sc_sq *s, sc_err *err);
void sc_sq_pool_close(sc_sq *s);

/* Begins a step that writes: waits for the turn, then BEGIN IMMEDIATE. *ret is this thread's until
 * sc_sq_write_end. SC_STORE when the database cannot be had. */
sc_rc sc_sq_write_begin(sc_sq *s, sc_sq_conn **ret, sc_err *err);
/* Commits when rc is SC_OK, else rolls back; hands the turn on. Returns rc or what the commit met. */
sc_rc sc_sq_write_end(sc_sq_conn *c, sc_rc rc, sc_err *err);

/* Begins a step that reads one snapshot, and ends it. end returns rc. */
sc_rc sc_sq_read_begin(sc_sq *s, sc_sq_conn **ret, sc_err *err);
sc_rc sc_sq_read_end(sc_sq_conn *c, sc_rc rc);

/* A connection of the caller's own, set up like the others; cache_kib bounds its pages. */
sc_rc sc_sq_conn_open(sc_sq *s, int cache_kib, sc_sq_conn **ret, sc_err *err);
void sc_sq_conn_close(sc_sq_conn *c);
/* The SQL functions of our own (cluster.c); every connection has them. */
sc_rc sc_sq_add_functions(sc_sq_conn *c, sc_err *err);
/* Runs SQL without parameters or rows. */
sc_rc sc_sq_exec(sc_sq_conn *c, const char *sql, sc_err *err);

/* ---- Errors (errors.c) ---------------------------------------------------------------------- */

/* The one place where SQLite's codes become ours, in words that say what to do. */
sc_rc sc_sq_fail(sc_sq_conn *c, int code, sc_err *err);
/* The same before there is a connection. */
sc_rc sc_sq_fail_at(sc_sq *s, int code, int sys, const char *detail, sc_err *err);
/* A stored value that no version of ours wrote. */
sc_rc sc_sq_damaged(sc_sq_conn *c, const char *what, sc_err *err);
/* Words of SQLite, made fit to be printed: what is no text becomes '?'. */
void sc_sq_printable(char *text);

/* ---- The WAL (checkpoint.c) ------------------------------------------------------------------ */

/* Moves WAL pages into the database when there are at least `pages`. Only one thread at a time
 * does it and nobody waits for it; a failure costs nothing but a longer WAL. */
void sc_sq_checkpoint(sc_sq *s, int pages);

/* ---- The lead (lead.c) ------------------------------------------------------------------------ */

/* Whoever of this process has it gives it up. */
void sc_sq_lead_close(sc_sq *s);

/* ---- Schema (schema.c) ------------------------------------------------------------------------ */

int64_t sc_sq_schema_version(void);
/* The SQL that makes version `version` out of the one before; 1..sc_sq_schema_version(). */
const char *sc_sq_schema_step(int64_t version);
/* On the writer, outside a transaction. SC_STORE: not ours, made by a newer version, damaged. */
sc_rc sc_sq_schema_migrate(sc_sq_conn *c, sc_err *err);
/* SC_STORE unless the file is ours and of this version. */
sc_rc sc_sq_schema_check(sc_sq_conn *c, sc_err *err);

#endif
