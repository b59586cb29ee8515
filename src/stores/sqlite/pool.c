#include "stores/sqlite/query.h"

#include <stdio.h>

/* ---- One connection -------------------------------------------------------------------------- */

static sc_rc pragma_int(sc_sq_conn *c, const char *name, int value, sc_err *err) {
    char sql[64]; /* a pragma takes no parameters; name and value are our own */
    snprintf(sql, sizeof sql, "PRAGMA %s = %d", name, value);
    return sc_sq_exec(c, sql, err);
}

sc_rc sc_sq_exec(sc_sq_conn *c, const char *sql, sc_err *err) {
    int code = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return code ? sc_sq_fail(c, code, err) : SC_OK;
}

/* What every connection needs before its first statement. No memory mapping: a truncated file
 * would kill the process with SIGBUS instead of giving an error. */
static sc_rc set_up(sc_sq_conn *c, int cache_kib, sc_err *err) {
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, c->store->busy_timeout_ms);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sc_rc rc = sc_sq_exec(c,
                          "PRAGMA synchronous = FULL;"
                          "PRAGMA secure_delete = FAST;"
                          "PRAGMA cell_size_check = ON;"
                          "PRAGMA mmap_size = 0;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA wal_autocheckpoint = 0;"
                          "PRAGMA journal_size_limit = 16777216",
                          err);
    if (!rc) rc = pragma_int(c, "cache_size", -cache_kib, err);
    return rc ? rc : sc_sq_add_functions(c, err);
}

sc_rc sc_sq_conn_open(sc_sq *s, int cache_kib, sc_sq_conn **ret, sc_err *err) {
    sc_sq_conn *c = sc_alloc(sizeof *c);
    if (!c) return sc_fail(err, SC_NOMEM, "no memory for a database connection");
    c->store = s;
    pthread_mutex_lock(&s->lock);
    c->generation = s->generation;
    pthread_mutex_unlock(&s->lock);
    /* No CREATE: sc_sq_open made the file; one that has gone since must not be silently replaced. */
    int code = sqlite3_open_v2(s->path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    sc_rc rc = SC_OK;
    if (code)
        rc =
            c->db ? sc_sq_fail(c, code, err) : sc_sq_fail_at(s, code, 0, sqlite3_errstr(code), err);
    if (!rc) rc = set_up(c, cache_kib, err);
    if (rc) {
        sc_sq_conn_close(c);
        return rc;
    }
    *ret = c;
    return SC_OK;
}

void sc_sq_conn_close(sc_sq_conn *c) {
    if (!c) return;
    for (size_t i = 0; i < SC_SQ_STATEMENTS; i++) sqlite3_finalize(c->cache[i].st);
    sqlite3_close_v2(c->db);
    sc_free(c);
}

/* After an I/O error nobody goes on with what SQLite cached before it. */
static void renew_all(sc_sq *s) {
    pthread_mutex_lock(&s->lock);
    s->generation++;
    pthread_mutex_unlock(&s->lock);
}

static bool stale(sc_sq *s, const sc_sq_conn *c) {
    pthread_mutex_lock(&s->lock);
    bool old = c->generation != s->generation;
    pthread_mutex_unlock(&s->lock);
    return old || c->suspect;
}

/* A file that was moved or replaced under us would take writes that nobody finds again. */
static sc_rc check_place(sc_sq_conn *c, sc_err *err) {
    int moved = 0;
    sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (!moved) return SC_OK;
    c->suspect = true;
    return sc_fail(err, SC_STORE,
                   "soulcaster.db under %.80s was moved or replaced while in use: put it back or "
                   "restart",
                   c->store->dir);
}

/* ---- The writer ------------------------------------------------------------------------------- */

static void take_turn(sc_sq *s) {
    pthread_mutex_lock(&s->lock);
    if (!s->writing) {
        s->writing = true;
    } else {
        sc_sq_waiter w = {.turn = PTHREAD_COND_INITIALIZER};
        if (s->last)
            s->last->next = &w;
        else
            s->first = &w;
        s->last = &w;
        while (!w.granted) pthread_cond_wait(&w.turn, &s->lock);
        pthread_cond_destroy(&w.turn);
    }
    pthread_mutex_unlock(&s->lock);
}

/* Straight to the one who waited longest: `writing` stays set, so no newcomer gets in between. */
static void pass_turn(sc_sq *s) {
    pthread_mutex_lock(&s->lock);
    sc_sq_waiter *w = s->first;
    if (w) {
        s->first = w->next;
        if (!s->first) s->last = NULL;
        w->granted = true;
        pthread_cond_signal(&w->turn);
    } else {
        s->writing = false;
    }
    pthread_mutex_unlock(&s->lock);
}

static int on_commit(void *self, sqlite3 *db, const char *name, int pages) {
    (void)db;
    (void)name;
    sc_sq *s = self;
    atomic_store(&s->wal_pages, pages);
    if (pages < SC_SQ_CHECKPOINT_SOFT) atomic_store(&s->checkpoint_at, 0);
    return SQLITE_OK;
}

static void drop_writer(sc_sq *s) {
    sc_sq_conn_close(s->writer);
    s->writer = NULL;
}

static sc_rc ready_writer(sc_sq *s, sc_err *err) {
    if (s->writer && stale(s, s->writer)) drop_writer(s);
    if (!s->writer) {
        sc_rc rc = sc_sq_conn_open(s, SC_SQ_WRITER_CACHE_KIB, &s->writer, err);
        if (rc) return rc;
        sqlite3_wal_hook(s->writer->db, on_commit, s);
        rc = sc_sq_schema_check(s->writer, err);
        if (rc) {
            drop_writer(s);
            return rc;
        }
    }
    sc_rc rc = check_place(s->writer, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(s->writer, "BEGIN IMMEDIATE");
    return sc_query_run(&q, err);
}

sc_rc sc_sq_write_begin(sc_sq *s, sc_sq_conn **ret, sc_err *err) {
    take_turn(s);
    sc_rc rc = ready_writer(s, err);
    if (!rc) {
        *ret = s->writer;
        return SC_OK;
    }
    if (s->writer && s->writer->suspect) {
        drop_writer(s);
        renew_all(s);
    }
    pass_turn(s);
    return rc;
}

sc_rc sc_sq_write_end(sc_sq_conn *c, sc_rc rc, sc_err *err) {
    sc_sq *s = c->store;
    if (!rc) {
        SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "COMMIT");
        rc = sc_query_run(&q, err);
    }
    if (rc && !sqlite3_get_autocommit(c->db)) {
        int code = sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
        if (code && !sqlite3_get_autocommit(c->db)) c->suspect = true;
    }
    if (c->suspect) {
        drop_writer(s);
        renew_all(s);
    }
    pass_turn(s);
    if (!rc) sc_sq_checkpoint(s, SC_SQ_CHECKPOINT_HARD);
    return rc;
}

/* ---- Readers ---------------------------------------------------------------------------------- */

static sc_sq_conn *take_idle(sc_sq *s, bool *ret_may_open) {
    sc_sq_conn *c = NULL;
    *ret_may_open = false;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        c = s->idle;
        if (c) {
            s->idle = c->next;
            break;
        }
        if (s->n_readers < SC_SQ_READERS) {
            s->n_readers++;
            *ret_may_open = true;
            break;
        }
        pthread_cond_wait(&s->reader_free, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return c;
}

static void give_reader(sc_sq *s, sc_sq_conn *c) {
    if (c && stale(s, c)) {
        sc_sq_conn_close(c);
        c = NULL;
    }
    pthread_mutex_lock(&s->lock);
    if (c) {
        c->next = s->idle;
        s->idle = c;
    } else {
        s->n_readers--;
    }
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->lock);
}

sc_rc sc_sq_read_begin(sc_sq *s, sc_sq_conn **ret, sc_err *err) {
    bool may_open;
    sc_sq_conn *c = take_idle(s, &may_open);
    sc_rc rc = SC_OK;
    if (c && stale(s, c)) {
        sc_sq_conn_close(c);
        c = NULL;
    }
    if (!c) {
        rc = sc_sq_conn_open(s, SC_SQ_READER_CACHE_KIB, &c, err);
        if (!rc) rc = sc_sq_schema_check(c, err);
        if (!rc) rc = sc_sq_exec(c, "PRAGMA query_only = ON", err);
        if (rc && c) c->suspect = true;
    }
    if (!rc) {
        SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "BEGIN");
        rc = sc_query_run(&q, err);
    }
    if (rc) {
        give_reader(s, c);
        return rc;
    }
    *ret = c;
    return SC_OK;
}

sc_rc sc_sq_read_end(sc_sq_conn *c, sc_rc rc) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "COMMIT");
    if (sc_query_run(&q, NULL)) c->suspect = true; /* the answer stands: it was read already */
    sc_query_done(&q);
    give_reader(c->store, c);
    return rc;
}

/* ---- Life ------------------------------------------------------------------------------------- */

sc_rc sc_sq_pool_open(sc_sq *s, sc_err *err) {
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->watch_lock, NULL);
    pthread_mutex_init(&s->checkpoint_lock, NULL);
    pthread_mutex_init(&s->lead_lock, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    s->locks_ready = true;
    sc_rc rc = sc_sq_conn_open(s, SC_SQ_WRITER_CACHE_KIB, &s->writer, err);
    if (rc) return rc;
    sqlite3_wal_hook(s->writer->db, on_commit, s);
    return SC_OK;
}

void sc_sq_pool_close(sc_sq *s) {
    if (!s->locks_ready) return;
    while (s->idle) {
        sc_sq_conn *c = s->idle;
        s->idle = c->next;
        sc_sq_conn_close(c);
    }
    sc_sq_conn_close(s->watch);
    sc_sq_conn_close(s->checkpointer);
    drop_writer(s); /* the last one moves the WAL into the database */
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->watch_lock);
    pthread_mutex_destroy(&s->checkpoint_lock);
    sc_sq_lead_close(s);
    pthread_mutex_destroy(&s->lead_lock);
    pthread_cond_destroy(&s->reader_free);
    s->locks_ready = false;
}
