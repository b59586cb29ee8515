#include "app/ingest.h"

#include <stdio.h>

#include "app/fix.h"
#include "app/internal.h"
#include "base/json.h"

enum { DAY_MS = 86400000 };

static size_t item_bytes(const sc_feedback *f) {
    return sizeof *f + f->title.n + f->body.n + f->stack.n + f->metadata.n + f->external_id.n;
}

/* An id of ours; a report without an external_id of its sender's has ours as that too. */
static sc_rc name_item(sc_app *app, sc_feedback *f, sc_arena *arena, sc_err *err) {
    if (!sc_id_is_set(&f->id)) f->id = sc_id_new(app->conf.clock);
    if (f->external_id.n) return SC_OK;
    char *own = sc_arena_copy(arena, f->id.text, strlen(f->id.text));
    if (!own) return sc_fail(err, SC_NOMEM, "no memory for the report's id");
    f->external_id = sc_str_of(own);
    return SC_OK;
}

sc_rc sc_ingest_submit(sc_app *app, sc_ingest *in, sc_arena *arena, sc_err *err) {
    sc_committer *c = &app->committer;
    int64_t now = sc_now_ms(app->conf.clock);
    in->bytes = 0;
    for (size_t i = 0; i < in->n; i++) {
        sc_feedback *f = &in->items[i];
        sc_rc rc = name_item(app, f, arena, err);
        if (rc) return rc;
        f->received_at_ms = now;
        /* A clock far ahead of ours would keep its issue on top of every list. */
        if (!f->created_at_ms || f->created_at_ms > now + DAY_MS) f->created_at_ms = now;
        in->bytes += item_bytes(f);
    }
    sc_rc rc = in->n ? sc_quota_reports(app, &in->items[0].project_id, in->n, err) : SC_OK;
    if (rc) return rc;
    int64_t waiting = atomic_load(&c->queued_bytes);
    if (waiting && waiting + (int64_t)in->bytes > app->conf.max_queued_bytes) {
        atomic_fetch_add(&app->refused, (int64_t)in->n);
        sc_fail_field(err, SC_LIMITED, "queued_bytes",
                      "too many reports wait to be written; try again in a second");
        if (err) err->retry_after_ms = 1000;
        return SC_LIMITED;
    }
    in->next = NULL;
    pthread_mutex_lock(&c->lock);
    bool stopping = c->stop;
    if (!stopping) {
        atomic_fetch_add(&c->queued_bytes, (int64_t)in->bytes);
        bool idle = !c->head;
        *c->tail = in;
        c->tail = &in->next;
        if (idle) pthread_cond_signal(&c->wake);
    }
    pthread_mutex_unlock(&c->lock);
    return stopping ? sc_fail(err, SC_CANCELLED, "the server is shutting down") : SC_OK;
}

typedef struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
    sc_err err;
} waiter;

static void wake_waiter(sc_ingest *in, const sc_err *err) {
    waiter *w = in->self;
    pthread_mutex_lock(&w->lock);
    w->is_done = true;
    w->err = *err;
    pthread_cond_signal(&w->done);
    pthread_mutex_unlock(&w->lock);
}

sc_rc sc_ingest_now(sc_app *app, sc_feedback *items, size_t n, sc_put_result *results,
                    sc_arena *arena, sc_err *err) {
    waiter w = {.is_done = false};
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.done, NULL);
    sc_ingest in = {.items = items, .n = n, .results = results, .done = wake_waiter, .self = &w};
    sc_rc rc = sc_ingest_submit(app, &in, arena, err);
    if (!rc) {
        pthread_mutex_lock(&w.lock);
        while (!w.is_done) pthread_cond_wait(&w.done, &w.lock);
        pthread_mutex_unlock(&w.lock);
        rc = w.err.rc;
        if (rc && err) *err = w.err;
    }
    pthread_mutex_destroy(&w.lock);
    pthread_cond_destroy(&w.done);
    return rc;
}

static sc_rc finish_item(sc_app *app, const sc_id *project, sc_source_item *item, sc_arena *arena,
                         sc_err *err) {
    if (item->verdict != SC_ITEM_OK) return SC_OK;
    item->feedback.project_id = *project;
    sc_rc rc = name_item(app, &item->feedback, arena, err);
    return rc ? rc : sc_feedback_normalise(&item->feedback, err);
}

sc_rc sc_ingest_item(sc_app *app, const sc_id *project, const sc_source_ops *source,
                     const json_t *obj, sc_arena *arena, sc_source_item *ret, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *settings = NULL;
    sc_rc rc = sc_settings_look(app, project, source, &settings, err);
    if (!rc) rc = source->item(obj, settings, sc_now_ms(app->conf.clock), arena, ret, err);
    return rc ? rc : finish_item(app, project, ret, arena, err);
}

sc_rc sc_ingest_webhook(sc_app *app, const sc_id *project, const sc_source_ops *source,
                        const sc_source_request *sent, sc_arena *arena, sc_source_item **ret_items,
                        size_t *ret_n, sc_err *err) {
    if (!source->verify || !source->webhook)
        return sc_fail(err, SC_NOT_FOUND, "%s has no webhook", source->name);
    SC_AUTO(sc_json_auto) json_t *settings = NULL;
    sc_rc rc = sc_settings_look(app, project, source, &settings, err);
    if (rc) return rc;
    sc_source_request r = *sent;
    r.settings = settings;
    r.now_ms = sc_now_ms(app->conf.clock);
    rc = source->verify(&r, err);
    sc_source_item *items = NULL;
    size_t n = 0;
    if (!rc) rc = source->webhook(&r, arena, &items, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = finish_item(app, project, &items[i], arena, err);
    sc_source_pull pull = {.number = 0};
    if (!rc && source->pull) rc = source->pull(&r, arena, &pull, err);
    if (!rc && pull.number) rc = sc_fix_pull_hint(app, project, pull.repo, pull.number, err);
    if (rc) return rc;
    *ret_items = items;
    *ret_n = n;
    return SC_OK;
}
