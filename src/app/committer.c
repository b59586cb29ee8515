/* The group commit: one thread takes all reports that wait and writes them with one fsync. */
#include "app/internal.h"
#include "base/log.h"

enum { MAX_ITEMS = 2000 };

typedef struct batch {
    sc_feedback *items;
    sc_id *job_ids;
    sc_put_result *results;
    size_t cap;
} batch;

static void *grown(void *old, size_t cap, size_t size) { return sc_realloc_array(old, cap, size); }

static bool room(batch *b, size_t n) {
    if (n <= b->cap) return true;
    size_t cap = SC_MAX(n, SC_MIN(b->cap ? b->cap * 2 : 64, (size_t)MAX_ITEMS));
    void *items = grown(b->items, cap, sizeof *b->items);
    if (items) b->items = items;
    void *ids = grown(b->job_ids, cap, sizeof *b->job_ids);
    if (ids) b->job_ids = ids;
    void *results = grown(b->results, cap, sizeof *b->results);
    if (results) b->results = results;
    if (!items || !ids || !results) return false;
    b->cap = cap;
    return true;
}

/* Takes waiting requests until MAX_ITEMS; at least one. Returns their list and count of items. */
static sc_ingest *take(sc_committer *c, size_t *ret_items) {
    sc_ingest *first = c->head, *last = NULL;
    size_t n = 0;
    while (c->head && (!last || n + c->head->n <= MAX_ITEMS)) {
        last = c->head;
        n += last->n;
        c->head = last->next;
    }
    if (!c->head) c->tail = &c->head;
    if (last) last->next = NULL;
    *ret_items = n;
    return first;
}

static void flatten(sc_app *app, batch *b, const sc_ingest *list) {
    size_t at = 0;
    sc_id job = {{0}};
    for (const sc_ingest *in = list; in; in = in->next) {
        for (size_t i = 0; i < in->n; i++, at++) {
            b->items[at] = in->items[i];
            if (!at || !sc_id_eq(&b->items[at].project_id, &b->items[at - 1].project_id))
                job = sc_id_new(app->conf.clock);
            b->job_ids[at] = job;
        }
    }
}

/* Gives each request its results; the counters are right before the first one is answered. */
static void hand_out(sc_app *app, const batch *b, const sc_ingest *list) {
    size_t at = 0;
    int64_t fresh = 0, dup = 0;
    for (const sc_ingest *in = list; in; in = in->next)
        for (size_t i = 0; i < in->n; i++, at++) {
            in->results[i] = b->results[at];
            if (!sc_id_is_set(&b->results[at].id)) continue; /* refused by itself */
            *(b->results[at].status == SC_PUT_NEW ? &fresh : &dup) += 1;
        }
    atomic_fetch_add(&app->committed, fresh);
    atomic_fetch_add(&app->duplicates, dup);
    if (fresh) sc_worker_poke(app);
}

static void answer(sc_app *app, const batch *b, sc_ingest *list, const sc_err *err) {
    if (!err->rc && b->results) hand_out(app, b, list); /* none: there was nothing to write */
    for (sc_ingest *in = list, *next; in; in = next) {
        next = in->next; /* `done` may end the request */
        atomic_fetch_sub(&app->committer.queued_bytes, (int64_t)in->bytes);
        in->done(in, err);
    }
}

/* Was the issue of the report that is here already resolved before this one was written? */
static bool recurs(sc_app *app, const sc_feedback *f, const sc_id *first) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_feedback have;
    sc_cluster c;
    const sc_store_ops *st = STORE(app);
    return !st->feedback_get(SELF(app), &f->project_id, first, &arena, &have, NULL) &&
           sc_id_is_set(&have.cluster_id) &&
           !st->cluster_get(SELF(app), &f->project_id, &have.cluster_id, &arena, &c, NULL) &&
           c.status == SC_CLUSTER_resolved && f->created_at_ms > c.updated_at_ms;
}

/* Duplicates that are recurrences are stored under their other id, in a commit of their own. */
static void store_again(sc_app *app, batch *b, const sc_ingest *list, sc_err *err) {
    size_t at = 0;
    for (const sc_ingest *in = list; in && !err->rc; in = in->next) {
        for (size_t i = 0; i < in->n && !err->rc; i++) {
            size_t k = at + i;
            if (!in->again_ids || !in->again_ids[i].n || b->results[k].status != SC_PUT_DUPLICATE)
                continue;
            if (!recurs(app, &b->items[k], &b->results[k].id)) continue;
            b->items[k].external_id = in->again_ids[i];
            sc_err why = {0};
            if (STORE(app)->feedback_put(SELF(app), &b->items[k], &b->job_ids[k], 1, &b->results[k],
                                         &why))
                *err = why;
        }
        at += in->n;
    }
}

/* What an earlier try stored before it failed (projects are stored one after the other in Redis) is no duplicate. */
static void own_is_new(batch *b, size_t from, size_t n) {
    for (size_t i = from; i < from + n; i++)
        if (sc_id_eq(&b->results[i].id, &b->items[i].id)) b->results[i].status = SC_PUT_NEW;
}

/* Halves one request's items until the one that the store does not take stands alone. */
static sc_rc put_apart(sc_app *app, batch *b, sc_ingest *in, size_t from, size_t n, sc_err *err) {
    sc_err why = {0};
    sc_rc rc = STORE(app)->feedback_put(SELF(app), b->items + from, b->job_ids + from, n,
                                        b->results + from, &why);
    if (!rc) {
        own_is_new(b, from, n);
        return SC_OK;
    }
    if (!sc_work_blames_input(rc)) {
        *err = why;
        return rc;
    }
    if (n == 1) {
        b->results[from] = (sc_put_result){.seq = 0};
        in->refused(in, from, &why);
        return SC_OK;
    }
    rc = put_apart(app, b, in, from, n / 2, err);
    return rc ? rc : put_apart(app, b, in, from + n / 2, n - n / 2, err);
}

/* The second half of the list; *n: items of the first. */
static sc_ingest *halve(sc_ingest *list, size_t *n) {
    sc_ingest *middle = list;
    for (sc_ingest *end = list->next; end && end->next; end = end->next->next)
        middle = middle->next;
    sc_ingest *second = middle->next;
    middle->next = NULL;
    *n = 0;
    for (const sc_ingest *in = list; in; in = in->next) *n += in->n;
    return second;
}

/* n: their items. `apart`: out of a bigger commit that failed. */
static void commit(sc_app *app, batch *b, sc_ingest *list, size_t n, bool apart) {
    sc_err err = {0};
    sc_rc rc = SC_OK;
    int64_t start = sc_mono_us(app->conf.clock);
    if (!room(b, n)) {
        sc_fail(&err, SC_NOMEM, "no memory to write %zu reports", n);
    } else if (n) {
        flatten(app, b, list);
        rc = STORE(app)->feedback_put(SELF(app), b->items, b->job_ids, n, b->results, &err);
        if (sc_work_blames_input(rc) && list->next) { /* one request must not fail the others */
            size_t first;
            sc_ingest *second = halve(list, &first);
            commit(app, b, list, first, true);
            commit(app, b, second, n - first, true);
            return;
        }
        if (!rc && apart) own_is_new(b, 0, n);
        if (sc_work_blames_input(rc) && list->refused && n > 1)
            rc = put_apart(app, b, list, 0, n, &err);
        if (!rc) {
            err = (sc_err){0};
            store_again(app, b, list, &err);
        }
    }
    if (err.rc) sc_log_err(SC_LOG_ERROR, "commit failed", &err);
    atomic_fetch_add(&app->commits, 1);
    atomic_fetch_add(&app->commit_us_total, sc_mono_us(app->conf.clock) - start);
    answer(app, b, list, &err);
}

static void *run(void *arg) {
    sc_app *app = arg;
    sc_committer *c = &app->committer;
    batch b = {0};
    pthread_mutex_lock(&c->lock);
    for (;;) {
        while (!c->head && !c->stop) pthread_cond_wait(&c->wake, &c->lock);
        if (!c->head) break;
        size_t n;
        sc_ingest *list = take(c, &n);
        pthread_mutex_unlock(&c->lock);
        commit(app, &b, list, n, false);
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    sc_free(b.items);
    sc_free(b.job_ids);
    sc_free(b.results);
    return NULL;
}

sc_rc sc_committer_start(sc_app *app, sc_err *err) {
    sc_rc rc = sc_thread_start(&app->committer.thread, run, app, "committer", err);
    app->committer.running = rc == SC_OK;
    return rc;
}

void sc_committer_stop(sc_app *app) {
    sc_committer *c = &app->committer;
    if (!c->running) return;
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    c->running = false;
}
