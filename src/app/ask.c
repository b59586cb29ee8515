#include "app/ask.h"

#include <openssl/evp.h>

#include "base/json.h"
#include "base/log.h"

enum {
    ATTEMPTS = 3, /* of one request, while the service fails */
    SAYS = 2,     /* answers that are looked at, the first and another one */
    LEARNS = 2,   /* forms of asking that a backend may unlearn */
    KEEP = 20000, /* answers in the store */
    BYTES_A_TOKEN = 3,
    CANARY_TOKENS = 512,
};

struct sc_ask {
    sc_ask_conf conf;
    sc_llm_price price;
    sc_guard guard; /* its lock guards stats, too */
    sc_ask_stats stats;
};

sc_rc sc_ask_new(const sc_ask_conf *conf, sc_ask **ret, sc_err *err) {
    sc_ask *a = sc_alloc(sizeof *a);
    if (!a) return sc_fail(err, SC_NOMEM, "no memory for the language model");
    a->conf = *conf;
    a->price = conf->llm.ops->price(conf->llm.self);
    sc_guard_init(&a->guard, "language model", "llm.use", conf->store, &conf->cap, conf->clock);
    *ret = a;
    return SC_OK;
}

void sc_ask_free(sc_ask *a) {
    if (!a) return;
    sc_guard_done(&a->guard);
    sc_free(a);
}

const char *sc_ask_model(const sc_ask *a) { return a->conf.llm.ops->model(a->conf.llm.self); }
bool sc_ask_degraded(sc_ask *a) { return sc_guard_degraded(&a->guard); }
bool sc_ask_available(sc_ask *a, int64_t *ret_again_ms) {
    return sc_guard_available(&a->guard, ret_again_ms, NULL);
}

void sc_ask_stats_get(sc_ask *a, sc_ask_stats *ret) {
    pthread_mutex_lock(&a->guard.lock);
    *ret = a->stats;
    pthread_mutex_unlock(&a->guard.lock);
    sc_guard_state_get(&a->guard, &ret->guard);
}

static void count(sc_ask *a, int64_t *what, int64_t by) {
    pthread_mutex_lock(&a->guard.lock);
    *what += by;
    pthread_mutex_unlock(&a->guard.lock);
}

/* ---- What is remembered ------------------------------------------------------------------------- */

/* SHA-256: reports are foreign, and must not find another question's answer. */
static sc_rc key_of(const sc_ask *a, const sc_llm_question *q, unsigned char ret[32], sc_err *err) {
    const sc_str parts[] = {sc_str_of(sc_ask_model(a)), sc_str_of(q->name), q->system, q->content};
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 8 << 20);
    for (size_t i = 0; i < SC_LEN(parts); i++) {
        sc_buf_putf(&b, "%zu:", parts[i].n);
        sc_buf_put_str(&b, parts[i]);
    }
    sc_rc rc = sc_buf_check(&b, "the question", err);
    if (!rc && !EVP_Digest(b.p, b.n, ret, NULL, EVP_sha256(), NULL))
        rc = sc_fail(err, SC_INTERNAL, "libcrypto could not compute SHA-256");
    return rc;
}

/* *ret stays NULL when there is none that keeps the rules. */
static sc_rc remembered(sc_ask *a, const sc_prompt *p, const unsigned char key[32], json_t **ret,
                        sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    const sc_store *s = a->conf.store;
    sc_str text;
    sc_rc rc = s->ops->answer_get(s->self, key, &arena, &text, err);
    if (rc || !text.n || sc_prompt_check(p, text, ret, NULL)) return rc;
    count(a, &a->stats.remembered, 1);
    return SC_OK;
}

static sc_rc remember(sc_ask *a, const unsigned char key[32], const json_t *answer, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_json_dump(answer, &b);
    sc_rc rc = sc_buf_check(&b, "an answer", err);
    const sc_store *s = a->conf.store;
    return rc ? rc
              : s->ops->answer_put(s->self, key, sc_buf_str(&b), sc_now_ms(a->conf.clock), KEEP,
                                   err);
}

/* ---- One request -------------------------------------------------------------------------------- */

/* One question on its way. */
typedef struct asking {
    sc_ask *a;
    const sc_llm_question *q;
    sc_ask_beat beat;
    void *beat_self;
    sc_arena *arena;
    sc_llm_answer said;
} asking;

/* What it may cost at most, as far as bytes tell: booked before, put right after. */
static sc_budget_use at_most(const asking *x) {
    const sc_llm_question *q = x->q;
    size_t bytes = q->system.n + q->content.n;
    for (size_t i = 0; i < q->n_fields; i++) bytes += 2 * strlen(q->fields[i].words) + 64;
    const int64_t in = (int64_t)bytes / BYTES_A_TOKEN + 64;
    const sc_llm_price price = x->a->price;
    return (sc_budget_use){1, in + q->max_tokens,
                           sc_budget_cost(in, price.in) + sc_budget_cost(q->max_tokens, price.out)};
}

/* Books, asks, counts. *ret_capped: nothing was sent. */
static sc_rc request(asking *x, bool *ret_capped, sc_err *err) {
    sc_ask *a = x->a;
    const sc_budget_use booked = at_most(x);
    *ret_capped = false;
    sc_rc rc = x->beat ? x->beat(x->beat_self, a->conf.timeout_ms, err) : SC_OK;
    if (rc) return rc;
    rc = sc_guard_book(&a->guard, booked.tokens, booked.micro_usd, err);
    *ret_capped = rc == SC_LIMITED;
    if (rc) return rc;
    sc_err why = {0};
    x->said = (sc_llm_answer){.text = SC_STR_NONE};
    rc = a->conf.llm.ops->ask(a->conf.llm.self, x->q, sc_now_ms(a->conf.clock) + a->conf.timeout_ms,
                              x->arena, &x->said, &why);
    const int64_t in = x->said.tokens_in, out = x->said.tokens_out;
    const sc_budget_use real = {
        1, in + out, sc_budget_cost(in, a->price.in) + sc_budget_cost(out, a->price.out)};
    sc_guard_count(&a->guard, rc, &booked, &real);
    count(a, &a->stats.tokens_in, in);
    count(a, &a->stats.tokens_out, out);
    if (rc) {
        why.rc = rc;
        *err = why;
    }
    return rc;
}

static sc_rc pause_for(const sc_ask *a, int64_t ms, sc_err *err) {
    if (!a->conf.wait || a->conf.wait(a->conf.wait_self, ms)) return SC_OK;
    return sc_fail(err, SC_CANCELLED, "the process is ending");
}

/* Not now: when again? */
static sc_rc later(sc_ask *a, sc_err *err) {
    int64_t again;
    sc_err why = {0};
    if (sc_guard_available(&a->guard, &again, &why)) again = sc_now_ms(a->conf.clock) + 1000;
    sc_fail(err, SC_LIMITED, "the language model is not asked now: %.150s", why.msg);
    if (err) err->retry_after_ms = SC_MAX(again - sc_now_ms(a->conf.clock), (int64_t)1);
    return SC_LIMITED;
}

typedef enum verdict { SAID, LEFT, BLAMED } verdict;

/* Asks until the service says something (SAID), is left alone (LEFT), or may have stumbled over the question
 * (BLAMED; why is written). An error is ours. */
static sc_rc attempt(asking *x, int attempts, verdict *ret, sc_err *why, sc_err *err) {
    sc_ask *a = x->a;
    int learned = 0;
    for (int k = 1;; k++) {
        bool capped;
        sc_err e = {0};
        sc_rc rc = request(x, &capped, &e);
        if (!rc) {
            sc_guard_succeeded(&a->guard);
            *ret = SAID;
            return SC_OK;
        }
        if (sc_guard_ours(rc)) {
            if (err) *err = e;
            return rc;
        }
        *why = e;
        *ret = LEFT;
        if (capped) return SC_OK;
        if (rc == SC_CONFLICT && learned++ < LEARNS) { /* it will be asked in another form */
            k--;
            continue;
        }
        int64_t wait;
        sc_guard_next next = sc_guard_failure(&a->guard, &e, k, attempts, &wait);
        if (next == SC_GUARD_BLAME) *ret = BLAMED;
        if (next != SC_GUARD_AGAIN) return SC_OK;
        rc = pause_for(a, wait, err);
        if (rc) return rc;
    }
}

/* A question that any service answers: is it the service, or what it was asked? An error is ours, or SC_LIMITED. */
static sc_rc try_canary(const asking *from, sc_err *err) {
    static const sc_llm_field fields[] = {{"ok", SC_LLM_FLAG, "true"}};
    const sc_llm_question q = {
        .name = "canary",
        .system = {"Answer with the JSON object {\"ok\": true} and nothing else.", 59},
        .content = {"{}", 2},
        .fields = fields,
        .n_fields = SC_LEN(fields),
        .stop = from->a->conf.stop,
        .max_tokens = CANARY_TOKENS};
    asking x = *from;
    verdict v;
    sc_err why = {0};
    x.q = &q;
    sc_rc rc = attempt(&x, 1, &v, &why, err);
    if (rc || v == SAID) return rc;
    if (v == BLAMED && sc_guard_breaker(&x.a->guard) != SC_BREAKER_open)
        sc_guard_failed(&x.a->guard, &why);
    return later(x.a, err);
}

/* ---- A question --------------------------------------------------------------------------------- */

static sc_rc refuse(sc_ask *a, const sc_err *why, sc_err *err) {
    count(a, &a->stats.refused, 1);
    return sc_fail(err, SC_UNPROCESSABLE, "the language model has no answer to this: %.150s",
                   why->msg);
}

static sc_rc ask(asking *x, const sc_prompt *p, json_t **ret, sc_err *err) {
    sc_ask *a = x->a;
    sc_err why = {0};
    for (int says = 0; says < SAYS; says++) {
        verdict v;
        sc_rc rc = attempt(x, ATTEMPTS, &v, &why, err);
        if (rc) return rc;
        if (v == LEFT) return later(a, err);
        if (v == BLAMED) {
            rc = try_canary(x, err);
            return rc ? rc : refuse(a, &why, err);
        }
        if (!x->said.text.n)
            rc = sc_fail(&why, SC_UNPROCESSABLE, "%s", x->said.why ? x->said.why : "nothing");
        else
            rc = sc_prompt_check(p, x->said.text, ret, &why);
        if (rc != SC_UNPROCESSABLE) return rc ? sc_fail(err, rc, "%s", why.msg) : SC_OK;
    }
    return refuse(a, &why, err);
}

sc_rc sc_ask_for(sc_ask *a, sc_prompt_name what, sc_str content, sc_ask_beat beat, void *beat_self,
                 json_t **ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 16 << 20);
    const sc_prompt *p = &a->conf.prompts->v[what];
    const sc_llm_question q = {.name = p->name,
                               .system = p->instructions,
                               .content = content,
                               .fields = p->fields,
                               .n_fields = p->n_fields,
                               .stop = a->conf.stop,
                               .max_tokens = p->max_tokens};
    asking x = {.a = a, .q = &q, .beat = beat, .beat_self = beat_self, .arena = &arena};
    unsigned char key[32];
    json_t *answer = NULL;
    sc_rc rc = key_of(a, &q, key, err);
    if (!rc) rc = remembered(a, p, key, &answer, err);
    if (rc) return rc;
    if (answer) {
        *ret = answer;
        return SC_OK;
    }
    if (!sc_guard_available(&a->guard, NULL, NULL)) return later(a, err);
    if (sc_guard_breaker(&a->guard) == SC_BREAKER_half_open) rc = try_canary(&x, err);
    if (!rc) rc = ask(&x, p, &answer, err);
    if (rc) return rc;
    count(a, &a->stats.answers, 1);
    sc_err late = {0};
    if (remember(a, key, answer, &late)) /* it is paid for: use it all the same */
        sc_log_err(SC_LOG_WARN, "answer not remembered", &late);
    *ret = answer;
    return SC_OK;
}
