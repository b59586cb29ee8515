/* Operations: the contract itself, health, the installation in numbers. */
#include "app/dead.h"
#include "app/fix.h"
#include "web/guard.h"
#include "web/handlers.h"

enum { PROBE_EVERY_US = 1000000, PROBE_STUCK_US = 5000000 };

sc_rc sc_on_getContract(sc_req *q, sc_err *err) {
    (void)err;
    sc_req_reply(q, 200, "application/json", q->web->contract->text);
    return SC_OK;
}

/* ---- Health ------------------------------------------------------------------------------------- */

static void probe(sc_web *w, int64_t now_us) {
    sc_health *h = &w->health;
    sc_err err = {0};
    const sc_store *s = sc_app_store(w->conf.app);
    atomic_store(&h->probing_us, now_us);
    s->ops->probe(s->self, sc_now_ms(sc_app_clock(w->conf.app)), &err);
    sc_dead dead;
    const bool seen = !sc_dead_get(w->conf.app, &dead, NULL);
    pthread_mutex_lock(&h->text_lock);
    h->last = err;
    if (seen) h->dead = dead;
    pthread_mutex_unlock(&h->text_lock);
    atomic_store(&h->checked_us, sc_mono_us(sc_app_clock(w->conf.app)));
    atomic_store(&h->probing_us, 0);
}

/* Whoever finds the answer older than a second makes a new one; the others take the old one, and
 * only the very first ones wait. A probe that does not come back is an answer too. */
static void check(sc_web *w, sc_err *ret) {
    sc_health *h = &w->health;
    int64_t now = sc_mono_us(sc_app_clock(w->conf.app)), checked = atomic_load(&h->checked_us);
    if (!checked) {
        pthread_mutex_lock(&h->lock);
        if (!atomic_load(&h->checked_us)) probe(w, now);
        pthread_mutex_unlock(&h->lock);
    } else if (now - checked > PROBE_EVERY_US && pthread_mutex_trylock(&h->lock) == 0) {
        if (atomic_load(&h->checked_us) == checked) probe(w, now);
        pthread_mutex_unlock(&h->lock);
    }
    pthread_mutex_lock(&h->text_lock);
    *ret = h->last;
    pthread_mutex_unlock(&h->text_lock);
    int64_t probing = atomic_load(&h->probing_us);
    if (probing && now - probing > PROBE_STUCK_US)
        sc_fail(ret, SC_STORE, "the store has not answered for %lld s",
                (long long)((now - probing) / 1000000));
}

static sc_dead_level dead_level(sc_web *w) {
    pthread_mutex_lock(&w->health.text_lock);
    const sc_dead_level level = sc_dead_level_of(&w->health.dead);
    pthread_mutex_unlock(&w->health.text_lock);
    return level;
}

/* Of all forges together: each is in the metrics. */
static void put_forges(sc_buf *b, sc_web *w) {
    sc_forge_guard_state f[SC_FIX_MAX_FORGES];
    const size_t n = sc_fix_forges_look(w->conf.app, f);
    bool degraded = false;
    for (size_t i = 0; i < n; i++) degraded |= f[i].breaker != SC_BREAKER_closed;
    if (n) sc_render_str(b, "forges", degraded ? SC_STR("degraded") : SC_STR("ok"));
}

sc_rc sc_on_getHealth(sc_req *q, sc_err *err) {
    sc_web *w = q->web;
    bool draining = atomic_load(&w->draining);
    sc_err store = {0};
    check(w, &store);
    bool ok = !store.rc && !draining;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_putc(&b, '{');
    sc_render_str(&b, "status",
                  ok         ? SC_STR("ok")
                  : draining ? SC_STR("draining")
                             : SC_STR("unavailable"));
    sc_render_str(&b, "store", store.rc ? SC_STR("error") : SC_STR("ok"));
    if (store.rc) sc_render_str(&b, "detail", sc_str_of(store.msg));
    bool degraded;
    if (sc_app_remote(w->conf.app, &degraded))
        sc_render_str(&b, "embedder", degraded ? SC_STR("degraded") : SC_STR("ok"));
    if (sc_app_llm(w->conf.app, &degraded))
        sc_render_str(&b, "llm", degraded ? SC_STR("degraded") : SC_STR("ok"));
    put_forges(&b, w);
    sc_render_str(&b, "dead_letters", sc_str_of(sc_dead_level_name(dead_level(w))));
    sc_render_str(&b, "version", sc_str_of(w->conf.version ? w->conf.version : ""));
    sc_render_int(&b, "uptime_s",
                  (sc_mono_us(sc_app_clock(w->conf.app)) - w->started_us) / 1000000);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, ok ? 200 : 503, &b, err);
}

sc_rc sc_on_getApiHealth(sc_req *q, sc_err *err) { return sc_on_getHealth(q, err); }

/* ---- The installation in numbers ---------------------------------------------------------------- */

static sc_rc put_store_info(sc_buf *b, const sc_store *s, sc_err *err) {
    sc_store_info info;
    sc_rc rc = s->ops->info(s->self, &info, err);
    if (rc) return rc;
    sc_render_name(b, "store");
    sc_buf_putc(b, '{');
    sc_render_str(b, "backend", sc_str_of(info.backend));
    sc_render_int(b, "schema_version", info.schema_version);
    sc_render_int(b, "bytes", info.bytes);
    sc_render_int(b, "free_bytes", info.free_bytes);
    sc_buf_putc(b, '}');
    return SC_OK;
}

static void put_roles(sc_buf *b, const sc_app_stats *s) {
    sc_render_name(b, "roles");
    sc_buf_putc(b, '{');
    sc_render_name(b, "queues");
    sc_buf_putc(b, '[');
    for (unsigned q = 0; q < SC_QUEUE_COUNT; q++) {
        if (!(s->queues & 1u << q)) continue;
        sc_render_comma(b);
        sc_buf_put_json(b, sc_str_of(sc_queue_name((sc_queue)q)));
    }
    sc_buf_putc(b, ']');
    sc_render_str(b, "scheduler",
                  s->leads       ? SC_STR("leads")
                  : s->schedules ? SC_STR("ready")
                                 : SC_STR("none"));
    sc_buf_putc(b, '}');
}

sc_rc sc_on_getSystem(sc_req *q, sc_err *err) {
    sc_web *w = q->web;
    sc_app_stats s;
    int64_t up_ms = (sc_mono_us(sc_app_clock(w->conf.app)) - w->started_us) / 1000;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_putc(&b, '{');
    sc_render_str(&b, "version", sc_str_of(w->conf.version ? w->conf.version : ""));
    sc_render_time(&b, "started_at", sc_req_now_ms(q) - up_ms);
    sc_rc rc = put_store_info(&b, sc_req_store(q), err);
    if (rc) return rc;
    sc_app_stats_get(w->conf.app, &s);
    sc_render_name(&b, "index");
    sc_buf_putc(&b, '{');
    sc_render_int(&b, "projects", s.spaces);
    sc_render_int(&b, "reports", s.items);
    sc_render_int(&b, "clusters", s.clusters);
    sc_render_int(&b, "bytes", s.index_bytes);
    sc_buf_putc(&b, '}');
    sc_render_int(&b, "memory_bytes", sc_metrics_resident_bytes());
    put_roles(&b, &s);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}
