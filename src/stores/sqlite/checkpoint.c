#include "stores/sqlite/query.h"

/* One pass that waits for nobody: moves what no reader's snapshot still needs out of the WAL.
 * *ret_left: pages that stay. */
static bool pass(sc_sq *s, int *ret_left) {
    sc_sq_conn *c = s->checkpointer;
    int in_wal = 0, moved = 0;
    int code = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &moved);
    *ret_left = SC_MAX(in_wal - moved, 0);
    return code == SQLITE_OK;
}

/* Two passes: the first, the long one, runs beside writers; what they added meanwhile is moved by
 * the second one while no step of ours writes. Only a WAL that is moved wholly starts over from its
 * beginning, so without the second pass it would grow for as long as writers keep busy. */
static void move(sc_sq *s) {
    int left = 0;
    bool ok = pass(s, &left);
    if (ok && left > 0) {
        sc_sq_conn *w;
        if (sc_sq_write_begin(s, &w, NULL)) return;
        ok = pass(s, &left);
        /* Nothing was written, so this ends without a sync. */
        sc_sq_write_end(w, SC_OK, NULL);
    }
    if (!ok) {
        sc_sq_conn_close(s->checkpointer);
        s->checkpointer = NULL;
    }
    /* A reader's old snapshot may hold it up: not again at every commit. */
    if (!ok || left > 0)
        atomic_store(&s->checkpoint_at, atomic_load(&s->wal_pages) + SC_SQ_CHECKPOINT_SOFT);
    else
        atomic_store(&s->wal_pages, 0);
}

void sc_sq_checkpoint(sc_sq *s, int pages) {
    int now = atomic_load(&s->wal_pages);
    if (now < pages || now < atomic_load(&s->checkpoint_at)) return;
    if (pthread_mutex_trylock(&s->checkpoint_lock)) return;
    pthread_mutex_lock(&s->lock);
    uint64_t generation = s->generation;
    pthread_mutex_unlock(&s->lock);
    if (s->checkpointer && s->checkpointer->generation != generation) {
        sc_sq_conn_close(s->checkpointer);
        s->checkpointer = NULL;
    }
    if (s->checkpointer || !sc_sq_conn_open(s, SC_SQ_READER_CACHE_KIB, &s->checkpointer, NULL))
        move(s);
    pthread_mutex_unlock(&s->checkpoint_lock);
}
