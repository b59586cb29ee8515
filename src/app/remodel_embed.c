#include "app/remodel_internal.h"
#include "app/represent.h"

enum {
    STEP_US = 100000, /* a batch, about: reports to be grouped may wait that long */
    EMBED_MS = 60000,
    TELL_US = 1000000,
    COUNT_US = 10000000, /* between two counts: one looks at all reports */
    ARENA_BYTES = 512 << 20,
};

static sc_rc pack_one(const sc_prepared *p, const int8_t *vec, uint16_t dim, sc_arena *arena,
                      sc_str *ret, sc_err *err) {
    sc_repr repr;
    SC_AUTO(sc_buf_done) sc_buf blob;
    sc_buf_init(&blob, 64 * 1024);
    sc_rc rc = sc_represent_pack(p, vec, dim, arena, &repr, err);
    if (rc) return rc;
    char *kept = sc_repr_encode(&repr, &blob) ? sc_arena_copy(arena, blob.p, blob.n) : NULL;
    if (!kept) return sc_fail(err, SC_NOMEM, "no memory to represent a report");
    *ret = (sc_str){kept, blob.n};
    return SC_OK;
}

/* While a remote embedder cannot be asked, the change waits. */
static sc_rc ask_remote(sc_remodel *r, const sc_prepared *texts, size_t n, sc_err *err) {
    int64_t again = 0, now = sc_now_ms(r->app->conf.clock);
    sc_pulse pulse = {&r->app->worker, r->app};
    sc_rc rc = sc_embed_fetch(r->app->embed, texts, n, sc_pulse_beat, &pulse, err);
    if (!rc && !sc_embed_available(r->app->embed, &again, NULL))
        r->later_ms = SC_MAX(again, now + 1000);
    return rc;
}

/* False: not now. A text that the service does not take goes on without a vector. */
static bool look_up(sc_remodel *r, const sc_prepared *text, int8_t *vec, uint16_t *ret_dim) {
    sc_err why = {0};
    sc_embed_state st = sc_embed_look(r->app->embed, text, vec, &why);
    if (st == SC_EMBED_REFUSED) *ret_dim = 0;
    return st == SC_EMBED_READY || st == SC_EMBED_REFUSED;
}

/* The texts of n items, all in one call of the embedder. Items whose report is gone stay empty. */
static sc_rc represent(sc_remodel *r, sc_side_item *items, size_t n, sc_arena *arena, sc_err *err) {
    sc_app *app = r->app;
    const sc_embedder *em = &r->lens->em;
    uint16_t dim = em->ops->dim(em->self);
    int64_t *seqs = sc_arena_take_array(arena, n, sizeof *seqs);
    sc_prepared *texts = sc_arena_take_array(arena, n, sizeof *texts);
    int8_t *vecs = sc_arena_take_array(arena, n, dim);
    if (!seqs || !texts || !vecs) return sc_fail(err, SC_NOMEM, "no memory to represent reports");
    for (size_t i = 0; i < n; i++) seqs[i] = items[i].seq;
    sc_feedback_filter f = {
        .project_id = r->project_id, .by_seqs = true, .seqs = seqs, .n_seqs = n};
    sc_feedback_list list;
    sc_rc rc = STORE(app)->feedback_list(SELF(app), &f, &(sc_page){.limit = n}, arena, &list, err);
    for (size_t i = 0; !rc && i < list.n; i++)
        rc = sc_prepare(list.items[i].title, list.items[i].body, list.items[i].stack, arena,
                        &texts[i], err);
    if (!rc && list.n) {
        rc = em->ops->remote ? ask_remote(r, texts, list.n, err)
                             : em->ops->embed(em->self, texts, list.n,
                                              sc_now_ms(app->conf.clock) + EMBED_MS, vecs, err);
        if (rc) return sc_wrap(err, "embed with %s", em->ops->name);
    }
    for (size_t i = 0, k = 0; !rc && i < list.n; i++) { /* the same order, without those gone */
        uint16_t mine = dim;
        while (k < n && items[k].seq != list.items[i].seq) k++;
        if (k == n) break;
        if (em->ops->remote && !look_up(r, &texts[i], vecs + i * dim, &mine)) continue;
        rc = pack_one(&texts[i], vecs + i * dim, mine, arena, &items[k].repr, err);
    }
    return rc;
}

static sc_rc progress_event(sc_remodel *r, sc_arena *arena, sc_event *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_puts(&b, "{\"model\":");
    sc_buf_put_json(&b, sc_str_of(r->lens->model));
    sc_buf_putf(&b, ",\"done\":%lld,\"total\":%lld}", (long long)r->done, (long long)r->total);
    char *text = b.failed ? NULL : sc_arena_copy(arena, b.p, b.n);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for an event");
    *ret = (sc_event){.project_id = r->project_id,
                      .kind = SC_STR("model.progress"),
                      .data = {text, b.n},
                      .at_ms = sc_now_ms(r->app->conf.clock)};
    return SC_OK;
}

/* These are more than there were: others came meanwhile. */
static sc_rc count_again(sc_remodel *r, sc_err *err) {
    const int64_t now = sc_mono_us(r->app->conf.clock);
    if (r->counted_us && now - r->counted_us < COUNT_US) return SC_OK;
    r->counted_us = now;
    r->told_us = 0;
    return sc_remodel_count(r, err);
}

/* Stores a batch of representations, and how far it is. */
static sc_rc store_some(sc_remodel *r, const sc_job *job, sc_side_item *items, size_t n,
                        sc_arena *arena, sc_err *err) {
    size_t kept = 0, stored = 0;
    sc_event event;
    for (size_t i = 0; i < n; i++)
        if (items[i].repr.n) items[kept++] = items[i];
    sc_rc rc = r->done + (int64_t)kept > r->total ? count_again(r, err) : SC_OK;
    if (rc) return rc;
    r->done = SC_MIN(r->done + (int64_t)kept, r->total);
    rc = progress_event(r, arena, &event, err);
    if (rc) return rc;
    int64_t now = sc_mono_us(r->app->conf.clock);
    bool tell = !r->told_us || now - r->told_us > TELL_US;
    if (tell) r->told_us = now;
    sc_side_write w = {.project_id = r->project_id,
                       .job_id = job->id,
                       .job_fence = job->fence,
                       .model = r->lens->model,
                       .items = items,
                       .n = kept,
                       .done = r->done,
                       .total = r->total,
                       .events = &event,
                       .n_events = tell,
                       .now_ms = event.at_ms};
    rc = STORE(r->app)->side_put(SELF(r->app), &w, &stored, err);
    r->stored += stored;
    return rc;
}

sc_rc sc_remodel_embed_some(sc_remodel *r, const sc_job *job, size_t most, size_t *ret_n,
                            sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_side_item items[SC_REMODEL_BATCH];
    sc_rc rc = STORE(r->app)->items_without(SELF(r->app), &r->project_id, r->lens->model,
                                            r->after_seq, most, items, ret_n, err);
    if (rc || !*ret_n) return rc;
    rc = represent(r, items, *ret_n, &arena, err);
    int64_t last = items[*ret_n - 1].seq;
    if (!rc) rc = store_some(r, job, items, *ret_n, &arena, err);
    if (!rc) r->after_seq = last;
    return rc;
}

sc_rc sc_remodel_step_embed(sc_remodel *r, const sc_job *job, bool *ret_stuck, sc_err *err) {
    size_t n = 0, most = r->batch;
    int64_t start = sc_mono_us(r->app->conf.clock);
    sc_rc rc = sc_remodel_embed_some(r, job, most, &n, err);
    if (rc) return rc;
    int64_t each = (sc_mono_us(r->app->conf.clock) - start) / (int64_t)SC_MAX(n, (size_t)1);
    r->batch =
        (size_t)SC_MAX(SC_MIN(STEP_US / SC_MAX(each, (int64_t)1), (int64_t)SC_REMODEL_BATCH), 1);
    if (n == most) return SC_OK;
    /* The end of the reports: were those before all done? */
    if (n == 0 && !r->after_seq) {
        r->stage = r->engine ? SC_REMODEL_SWITCH : SC_REMODEL_FILL;
    } else {
        *ret_stuck = !r->stored && n;
        r->stored = 0;
        r->after_seq = 0;
    }
    return SC_OK;
}
