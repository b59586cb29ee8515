#include "app/ahead.h"

enum {
    AHEAD = 128,       /* pending reports that are looked at                        */
    ENOUGH = 24,       /* so many ready ones keep a pass busy                       */
    FIRST = 4,         /* of a local batch, until it is known how long a text takes */
    BATCH_US = 60000,  /* then batches of about that long */
    AHEAD_US = 250000, /* after that, what is there is grouped                      */
    LOCAL_MS = 30000,
    ARENA_BYTES = 512 << 20,
};

/* ---- A remote embedder -------------------------------------------------------------------------- */

static sc_rc prepare(const sc_feedback *list, size_t n, sc_arena *arena, sc_prepared **ret,
                     sc_err *err) {
    sc_prepared *p = sc_arena_take_array(arena, n + 1, sizeof *p);
    if (!p) return sc_fail(err, SC_NOMEM, "no memory to embed %zu reports", n);
    for (size_t i = 0; i < n; i++) {
        sc_rc rc = sc_prepare(list[i].title, list[i].body, list[i].stack, arena, &p[i], err);
        if (rc) return rc;
    }
    *ret = p;
    return SC_OK;
}

sc_rc sc_ahead_ask(sc_app *app, const sc_feedback *list, size_t n, sc_arena *arena, sc_err *err) {
    sc_prepared *p;
    sc_rc rc = prepare(list, n, arena, &p, err);
    sc_pulse pulse = {&app->worker, app};
    return rc ? rc : sc_embed_fetch(app->embed, p, n, sc_pulse_beat, &pulse, err);
}

static int64_t wait_of(sc_app *app) {
    int64_t again;
    if (!app->conf.embed_wait || sc_embed_available(app->embed, &again, NULL)) return 0;
    return SC_MAX(again - sc_now_ms(app->conf.clock), (int64_t)1);
}

sc_rc sc_ahead_one(sc_app *app, sc_space *space, const sc_feedback *f, int64_t *ret_wait_ms,
                   sc_err *err) {
    *ret_wait_ms = 0;
    if (!sc_space_embed(space)) return SC_OK;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_rc rc = sc_ahead_ask(app, f, 1, &arena, err);
    if (!rc) *ret_wait_ms = wait_of(app);
    return rc;
}

/* ---- A local embedder --------------------------------------------------------------------------- */

bool sc_ahead_ready(const sc_space *space, const sc_feedback *f) {
    sc_lens *lens = space->lens;
    return sc_space_embed(space) || !sc_lens_embeds_together(lens) || sc_lens_recall(lens, f, NULL);
}

/* Where a batch fails, each text alone, so that one bad text has the failure to itself. */
static sc_rc embed_local(sc_app *app, sc_lens *lens, const sc_feedback *const *list, size_t n,
                         sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_feedback *reports = sc_arena_take_array(&arena, n, sizeof *reports);
    int8_t *vecs = sc_arena_take_array(&arena, n, lens->memo.dim);
    if (!reports || !vecs) return sc_fail(err, SC_NOMEM, "no memory to embed %zu reports", n);
    for (size_t i = 0; i < n; i++) reports[i] = *list[i];
    sc_prepared *p;
    const sc_embedder *em = &lens->em;
    const int64_t deadline_ms = sc_now_ms(app->conf.clock) + LOCAL_MS;
    if (prepare(reports, n, &arena, &p, NULL) ||
        em->ops->embed(em->self, p, n, deadline_ms, vecs, NULL)) {
        for (size_t i = 0; i < n && n > 1; i++) {
            sc_rc rc = embed_local(app, lens, list + i, 1, err);
            if (rc) return rc;
        }
        return SC_OK;
    }
    for (size_t i = 0; i < n; i++) sc_lens_remember(lens, &reports[i], vecs + i * lens->memo.dim);
    return SC_OK;
}

static sc_rc pending_local(sc_app *app, sc_lens *lens, const sc_feedback *list, size_t n,
                           sc_err *err) {
    const sc_feedback *todo[AHEAD];
    size_t ready = 0, m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!sc_lens_recall(lens, &list[i], NULL))
            todo[m++] = &list[i];
        else if (!m)
            ready++;
    }
    if (ready >= ENOUGH) return SC_OK;
    const int64_t start = sc_mono_us(app->conf.clock);
    int64_t spent = 0;
    size_t at = 0, size = FIRST;
    while (at < m && spent < AHEAD_US && !atomic_load(&app->worker.stop)) {
        size = SC_MIN(size, m - at);
        sc_rc rc = sc_lane_holds(&app->worker, app, err);
        if (!rc) rc = embed_local(app, lens, todo + at, size, err);
        if (rc) return rc;
        at += size;
        spent = sc_mono_us(app->conf.clock) - start;
        size = (size_t)(BATCH_US * (int64_t)at / SC_MAX(spent, (int64_t)1)) + 1;
    }
    return SC_OK;
}

sc_rc sc_ahead_pending(sc_app *app, sc_space *space, int64_t *ret_wait_ms, sc_err *err) {
    *ret_wait_ms = 0;
    sc_lens *lens = space->lens;
    const bool remote = sc_space_embed(space);
    if (!remote && !sc_lens_embeds_together(lens)) return SC_OK;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_feedback *list;
    size_t n;
    sc_rc rc = STORE(app)->feedback_pending(SELF(app), &space->project_id, 0, AHEAD, &arena, &list,
                                            &n, err);
    if (rc || !n) return rc;
    if (!remote) return pending_local(app, lens, list, n, err);
    rc = sc_ahead_ask(app, list, n, &arena, err);
    if (!rc) *ret_wait_ms = wait_of(app);
    return rc;
}
