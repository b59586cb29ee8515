#include "app/keep.h"

#include "app/internal.h"
#include "base/log.h"

enum { ARENA_BYTES = 64 << 20, BLOB_BYTES = 64 * 1024 };

void sc_keep_init(sc_keep *k, sc_app *app, const sc_id *project, const char *model) {
    *k = (sc_keep){.app = app, .project = project, .model = model};
    sc_arena_init(&k->arena, ARENA_BYTES);
}

void sc_keep_add(sc_keep *k, int64_t seq, int64_t version, const sc_repr *repr) {
    SC_AUTO(sc_buf_done) sc_buf blob;
    sc_buf_init(&blob, BLOB_BYTES);
    if (k->n == SC_KEEP_BATCH) sc_keep_flush(k);
    if (k->off) return;
    char *p = sc_repr_encode(repr, &blob) ? sc_arena_copy(&k->arena, blob.p, blob.n) : NULL;
    if (p) /* without memory the next load makes it again */
        k->items[k->n++] = (sc_side_item){.seq = seq, .version = version, .repr = {p, blob.n}};
}

void sc_keep_flush(sc_keep *k) {
    sc_err err = {0};
    size_t stored;
    sc_side_write w = {.project_id = *k->project,
                       .model = k->model,
                       .items = k->items,
                       .n = k->n,
                       .now_ms = sc_now_ms(k->app->conf.clock)};
    if (k->n && STORE(k->app)->side_put(SELF(k->app), &w, &stored, &err)) {
        sc_log_err(SC_LOG_WARN, "what a load made is not kept; the next one makes it again", &err);
        k->off = true;
    }
    k->n = 0;
    sc_arena_reset(&k->arena);
}

void sc_keep_done(sc_keep *k) { sc_arena_done(&k->arena); }
