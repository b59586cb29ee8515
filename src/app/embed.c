#include "app/embed.h"

#include "app/memo.h"
#include "core/repr.h"

enum {
    REMEMBER = 1024, /* texts; more than a fetch may hold */
    MAX_FETCH = 256,
    ATTEMPTS = 3,
    QUERY_MS = 2500,
    BYTES_A_TOKEN = 4,
};

/* What is known of a text beside its vector. */
typedef struct entry {
    sc_embed_state state;
    sc_err why;
} entry;

struct sc_embed {
    sc_embed_conf conf;
    uint16_t dim;
    size_t batch;
    int64_t price;
    sc_guard guard;          /* its lock guards all below, too */
    sc_memo memo;            /* by what is sent */
    entry entries[REMEMBER]; /* beside its slots */
    sc_embed_stats stats;
    sc_arena canary_arena;
    sc_prepared canary;
};

/* One fetch on its way. */
typedef struct fetch {
    sc_embed *e;
    sc_prepared *texts; /* distinct, not remembered, each with something to say */
    sc_memo_key *keys;
    int64_t *tokens;
    int8_t *vecs; /* batch x dim */
    sc_embed_beat beat;
    void *beat_self;
} fetch;

sc_rc sc_embed_new(const sc_embed_conf *conf, sc_embed **ret, sc_err *err) {
    sc_embed *e = sc_alloc(sizeof *e);
    if (!e) return sc_fail(err, SC_NOMEM, "no memory for the embedder");
    const sc_embedder *em = &conf->embedder;
    e->conf = *conf;
    e->dim = em->ops->dim(em->self);
    e->batch = SC_MAX(SC_MIN(em->ops->remote->max_batch(em->self), (size_t)MAX_FETCH), (size_t)1);
    e->price = em->ops->remote->price(em->self);
    sc_guard_init(&e->guard, "embedder", "embedder.use", conf->store, &conf->cap, conf->clock);
    sc_arena_init(&e->canary_arena, 4 << 20);
    sc_rc rc = sc_memo_init(&e->memo, REMEMBER, e->dim, err);
    if (!rc)
        rc = sc_prepare(SC_STR("The export fails"), SC_STR_NONE, SC_STR_NONE, &e->canary_arena,
                        &e->canary, err);
    if (rc)
        sc_embed_free(e);
    else
        *ret = e;
    return rc;
}

void sc_embed_free(sc_embed *e) {
    if (!e) return;
    sc_guard_done(&e->guard);
    sc_arena_done(&e->canary_arena);
    sc_memo_done(&e->memo);
    sc_free(e);
}

/* ---- What is remembered ------------------------------------------------------------------------ */

static void remember(sc_embed *e, const sc_memo_key *key, sc_embed_state state, const int8_t *vec,
                     const sc_err *why) {
    size_t at = sc_memo_put(&e->memo, key);
    e->entries[at] = (entry){.state = state};
    if (why) e->entries[at].why = *why;
    if (vec) memcpy(sc_memo_vec(&e->memo, at), vec, e->dim);
}

/* Failures count for one fetch only. */
static void forget_failures(sc_embed *e) {
    for (size_t i = 0; i < REMEMBER; i++)
        if (e->entries[i].state != SC_EMBED_READY) {
            e->entries[i] = (entry){.state = SC_EMBED_READY};
            sc_memo_forget(&e->memo, i);
        }
}

/* *ret_tokens 0: the text says nothing. */
static sc_rc key_of(const sc_embed *e, const sc_prepared *p, sc_memo_key *ret, int64_t *ret_tokens,
                    sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_str s;
    sc_rc rc = e->conf.embedder.ops->remote->text(e->conf.embedder.self, p, &arena, &s, err);
    if (rc) return rc;
    *ret = sc_memo_key_of(&s, 1);
    *ret_tokens = s.n ? (int64_t)(s.n / BYTES_A_TOKEN) + 1 : 0;
    return SC_OK;
}

/* ---- One request -------------------------------------------------------------------------------- */

/* Books, asks, counts. ret_capped: nothing was sent. */
static sc_rc request(sc_embed *e, const sc_prepared *texts, size_t n, int64_t estimate,
                     int64_t timeout_ms, int8_t *vecs, bool *ret_capped, sc_err *err) {
    const sc_embedder *em = &e->conf.embedder;
    const sc_budget_use booked = {1, estimate, sc_budget_cost(estimate, e->price)};
    sc_rc rc = sc_guard_book(&e->guard, booked.tokens, booked.micro_usd, err);
    *ret_capped = rc == SC_LIMITED;
    if (rc) return rc;
    int64_t tokens = 0;
    sc_err why = {0};
    rc = em->ops->remote->embed(em->self, texts, n, sc_now_ms(e->conf.clock) + timeout_ms,
                                e->conf.stop, vecs, &tokens, &why);
    const sc_budget_use real = {1, tokens, sc_budget_cost(tokens, e->price)};
    sc_guard_count(&e->guard, rc, &booked, &real);
    if (!rc) {
        pthread_mutex_lock(&e->guard.lock);
        e->stats.texts += (int64_t)n;
        e->stats.tokens += tokens > 0 ? tokens : estimate;
        pthread_mutex_unlock(&e->guard.lock);
    }
    if (rc) {
        why.rc = rc;
        *err = why;
    }
    return rc;
}

bool sc_embed_degraded(sc_embed *e) { return sc_guard_degraded(&e->guard); }

bool sc_embed_available(sc_embed *e, int64_t *ret_again_ms, sc_err *ret_why) {
    return sc_guard_available(&e->guard, ret_again_ms, ret_why);
}

/* ---- A batch ------------------------------------------------------------------------------------ */

static void mark(fetch *f, size_t from, size_t n, sc_embed_state state, const sc_err *why) {
    sc_embed *e = f->e;
    pthread_mutex_lock(&e->guard.lock);
    for (size_t i = 0; i < n; i++)
        remember(e, &f->keys[from + i], state,
                 state == SC_EMBED_READY ? f->vecs + i * e->dim : NULL, why);
    if (state == SC_EMBED_REFUSED) e->stats.refused += (int64_t)n;
    pthread_mutex_unlock(&e->guard.lock);
}

static sc_rc beat(fetch *f, int64_t ms, sc_err *err) {
    return f->beat ? f->beat(f->beat_self, ms, err) : SC_OK;
}

static sc_rc pause_for(fetch *f, int64_t ms, sc_err *err) {
    const sc_embed_conf *c = &f->e->conf;
    if (!c->wait || c->wait(c->wait_self, ms)) return SC_OK;
    return sc_fail(err, SC_CANCELLED, "the process is ending");
}

/* One short text that any service takes: is it the service, or what it was asked? */
static sc_rc try_canary(fetch *f, sc_err *err) {
    sc_embed *e = f->e;
    bool capped = false;
    sc_rc rc = beat(f, e->conf.timeout_ms, err);
    if (!rc) rc = request(e, &e->canary, 1, 8, e->conf.timeout_ms, f->vecs, &capped, err);
    if (!rc)
        sc_guard_succeeded(&e->guard);
    else if (rc == SC_LIMITED && !capped)
        sc_guard_hold(&e->guard, err, err->retry_after_ms);
    else if (!sc_guard_ours(rc) && rc != SC_LIMITED)
        sc_guard_failed(&e->guard, err);
    return rc;
}

typedef enum verdict { DONE, GAVE_UP, THE_TEXTS } verdict;

/* Asks up to `attempts` times. DONE: vectors are remembered. GAVE_UP: bare for now. THE_TEXTS: it may
 * be what was asked. An error ends the fetch. */
static sc_rc attempt(fetch *f, size_t from, size_t n, int attempts, verdict *ret, sc_err *why,
                     sc_err *err) {
    sc_embed *e = f->e;
    int64_t tokens = 0;
    for (size_t i = 0; i < n; i++) tokens += f->tokens[from + i];
    *ret = GAVE_UP;
    for (int k = 1;; k++) {
        bool capped = false;
        sc_rc rc = beat(f, e->conf.timeout_ms, err);
        if (rc) return rc;
        rc = request(e, f->texts + from, n, tokens, e->conf.timeout_ms, f->vecs, &capped, why);
        if (!rc) {
            sc_guard_succeeded(&e->guard);
            mark(f, from, n, SC_EMBED_READY, NULL);
            *ret = DONE;
            return SC_OK;
        }
        if (sc_guard_ours(rc)) {
            if (err) *err = *why;
            return rc;
        }
        if (capped) return SC_OK;
        int64_t wait;
        sc_guard_next next = sc_guard_failure(&e->guard, why, k, attempts, &wait);
        if (next == SC_GUARD_BLAME) *ret = THE_TEXTS;
        if (next != SC_GUARD_AGAIN) return SC_OK;
        rc = pause_for(f, wait, err);
        if (rc) return rc;
    }
}

/* n texts from `from` on, at most a batch. */
static sc_rc fetch_batch(fetch *f, size_t from, size_t n, int attempts, sc_err *err) {
    sc_err why = {0};
    verdict v;
    sc_rc rc = pause_for(f, 0, err);
    if (rc) return rc;
    if (sc_guard_breaker(&f->e->guard) == SC_BREAKER_open) {
        mark(f, from, n, SC_EMBED_BARE, NULL);
        return SC_OK;
    }
    rc = attempt(f, from, n, attempts, &v, &why, err);
    if (rc || v == DONE) return rc;
    if (v == THE_TEXTS) {
        sc_err canary = {0};
        rc = try_canary(f, &canary);
        if (rc && sc_guard_ours(rc)) {
            if (err) *err = canary;
            return rc;
        }
        if (!rc && n > 1) {
            rc = fetch_batch(f, from, n / 2, n < 4 ? ATTEMPTS : 1, err);
            return rc ? rc : fetch_batch(f, from + n / 2, n - n / 2, n < 3 ? ATTEMPTS : 1, err);
        }
        if (!rc) {
            mark(f, from, n, SC_EMBED_REFUSED, &why);
            return SC_OK;
        }
    }
    mark(f, from, n, SC_EMBED_BARE, NULL);
    return SC_OK;
}

/* The texts that are to be asked for; returns how many. */
static sc_rc choose(fetch *f, const sc_prepared *texts, size_t n, size_t *ret, sc_err *err) {
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        sc_rc rc = key_of(f->e, &texts[i], &f->keys[m], &f->tokens[m], err);
        if (rc) return rc;
        if (!f->tokens[m]) continue;
        bool twice = false;
        for (size_t k = 0; k < m && !twice; k++) twice = sc_memo_key_eq(&f->keys[k], &f->keys[m]);
        pthread_mutex_lock(&f->e->guard.lock);
        bool known = !twice && sc_memo_find(&f->e->memo, &f->keys[m]) != SC_MEMO_NONE;
        f->e->stats.remembered += known || twice;
        pthread_mutex_unlock(&f->e->guard.lock);
        if (known || twice) continue;
        f->texts[m++] = texts[i];
    }
    *ret = m;
    return SC_OK;
}

sc_rc sc_embed_fetch(sc_embed *e, const sc_prepared *texts, size_t n, sc_embed_beat beat_fn,
                     void *beat_self, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 16 << 20);
    n = SC_MIN(n, (size_t)MAX_FETCH); /* the others stay unknown, and come with the next fetch */
    fetch f = {.e = e, .beat = beat_fn, .beat_self = beat_self};
    f.texts = sc_arena_take_array(&arena, n + 1, sizeof *f.texts);
    f.keys = sc_arena_take_array(&arena, n + 1, sizeof *f.keys);
    f.tokens = sc_arena_take_array(&arena, n + 1, sizeof *f.tokens);
    f.vecs = sc_arena_take_array(&arena, e->batch, e->dim);
    if (!f.texts || !f.keys || !f.tokens || !f.vecs)
        return sc_fail(err, SC_NOMEM, "no memory to embed %zu texts", n);
    pthread_mutex_lock(&e->guard.lock);
    forget_failures(e);
    pthread_mutex_unlock(&e->guard.lock);
    size_t m = 0;
    sc_rc rc = choose(&f, texts, n, &m, err);
    bool may = m && sc_embed_available(e, NULL, NULL);
    /* Half open: one short request finds out, not a hundred texts. */
    if (!rc && may && sc_guard_breaker(&e->guard) == SC_BREAKER_half_open) {
        sc_err why = {0};
        sc_rc canary = try_canary(&f, &why);
        may = !canary;
        if (canary && sc_guard_ours(canary)) {
            rc = canary;
            if (err) *err = why;
        }
    }
    if (!rc && !may) mark(&f, 0, m, SC_EMBED_BARE, NULL);
    for (size_t at = 0; !rc && may && at < m; at += e->batch)
        rc = fetch_batch(&f, at, SC_MIN(m - at, e->batch), ATTEMPTS, err);
    return rc;
}

/* ---- Asking ------------------------------------------------------------------------------------- */

sc_embed_state sc_embed_look(sc_embed *e, const sc_prepared *text, int8_t *ret_vec, sc_err *why) {
    sc_memo_key key;
    int64_t tokens;
    if (key_of(e, text, &key, &tokens, why)) return SC_EMBED_UNKNOWN;
    memset(ret_vec, 0, e->dim);
    if (!tokens) return SC_EMBED_READY;
    pthread_mutex_lock(&e->guard.lock);
    size_t at = sc_memo_find(&e->memo, &key);
    sc_embed_state state = at != SC_MEMO_NONE ? e->entries[at].state : SC_EMBED_UNKNOWN;
    if (state == SC_EMBED_READY) memcpy(ret_vec, sc_memo_vec(&e->memo, at), e->dim);
    if (state == SC_EMBED_REFUSED && why) *why = e->entries[at].why;
    pthread_mutex_unlock(&e->guard.lock);
    return state;
}

bool sc_embed_query(sc_embed *e, const sc_prepared *text, int8_t *ret_vec) {
    sc_memo_key key;
    int64_t tokens;
    bool capped = false;
    sc_err why = {0};
    sc_embed_state state = sc_embed_look(e, text, ret_vec, &why);
    if (state == SC_EMBED_READY) return true;
    if (state != SC_EMBED_UNKNOWN || !sc_embed_available(e, NULL, NULL) ||
        sc_guard_breaker(&e->guard) != SC_BREAKER_closed || key_of(e, text, &key, &tokens, NULL))
        return false;
    sc_rc rc = request(e, text, 1, tokens, SC_MIN((int64_t)QUERY_MS, e->conf.timeout_ms), ret_vec,
                       &capped, &why);
    if (!rc) {
        pthread_mutex_lock(&e->guard.lock);
        remember(e, &key, SC_EMBED_READY, ret_vec, NULL);
        pthread_mutex_unlock(&e->guard.lock);
    } else if (!capped && (rc == SC_UPSTREAM || sc_guard_setup(rc))) {
        sc_guard_failed(&e->guard, &why); /* a timeout says nothing: the worker has more patience */
    }
    return !rc;
}

void sc_embed_stats_get(sc_embed *e, sc_embed_stats *ret) {
    pthread_mutex_lock(&e->guard.lock);
    *ret = e->stats;
    pthread_mutex_unlock(&e->guard.lock);
    sc_guard_state_get(&e->guard, &ret->guard);
}
