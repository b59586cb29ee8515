#include "app/budget.h"

#include <stdio.h>

#include "base/json.h"

enum { DAY_MS = 24 * 3600 * 1000, LAZY_MS = 30000 };

static const sc_id everywhere;

void sc_budget_init(sc_budget *b, const sc_store *store, const sc_budget_use *cap, int64_t price) {
    *b = (sc_budget){.store = store, .cap = *cap, .price = price, .day = -1};
}

static int64_t cost(const sc_budget *b, int64_t tokens) {
    __extension__ __int128 c = (__int128)tokens * b->price / 1000000;
    return c > INT64_MAX ? INT64_MAX : (int64_t)c;
}

static int64_t at_least_0(int64_t v) { return SC_MAX(v, (int64_t)0); }

/* What the store says of this day; books of another day count nothing. */
static sc_rc load(sc_budget *b, int64_t day, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_arena_init(&arena, 64 << 10);
    sc_str text;
    sc_rc rc = b->store->ops->setting_get(b->store->self, &everywhere, SC_STR("embedder.use"),
                                          &arena, &text, err);
    if (rc) return rc;
    int64_t stored = -1;
    sc_budget_use u = {0};
    if (text.n && !sc_json_parse(text, &v, NULL)) { /* what is unreadable is written anew */
        sc_json_int(v, "day", -1, &stored, NULL);
        sc_json_int(v, "requests", 0, &u.requests, NULL);
        sc_json_int(v, "tokens", 0, &u.tokens, NULL);
        sc_json_int(v, "micro_usd", 0, &u.micro_usd, NULL);
    }
    if (stored != day) u = (sc_budget_use){0};
    if (b->day != day) { /* a new day, or the first look */
        b->owed = (sc_budget_use){0};
        b->written_ms = 0;
    }
    b->day = day;
    b->use = (sc_budget_use){at_least_0(u.requests), at_least_0(u.tokens), at_least_0(u.micro_usd)};
    return SC_OK;
}

static sc_rc passed(const sc_budget *b, const sc_budget_use *u, int64_t now_ms, sc_err *err) {
    const char *what = b->cap.requests && u->requests > b->cap.requests      ? "requests"
                       : b->cap.tokens && u->tokens > b->cap.tokens          ? "tokens"
                       : b->cap.micro_usd && u->micro_usd > b->cap.micro_usd ? "money"
                                                                             : NULL;
    if (!what) return SC_OK;
    sc_fail(err, SC_LIMITED, "the day's cap on %s is reached; it begins anew at midnight UTC",
            what);
    if (err) err->retry_after_ms = DAY_MS - now_ms % DAY_MS;
    return SC_LIMITED;
}

static sc_budget_use sum(const sc_budget *b) {
    return (sc_budget_use){at_least_0(b->use.requests + b->owed.requests),
                           at_least_0(b->use.tokens + b->owed.tokens),
                           at_least_0(b->use.micro_usd + b->owed.micro_usd)};
}

static sc_rc save(sc_budget *b, sc_budget_use u, int64_t now_ms, sc_err *err) {
    char text[160];
    int n = snprintf(
        text, sizeof text, "{\"day\":%lld,\"requests\":%lld,\"tokens\":%lld,\"micro_usd\":%lld}",
        (long long)b->day, (long long)u.requests, (long long)u.tokens, (long long)u.micro_usd);
    sc_rc rc = b->store->ops->setting_put(b->store->self, &everywhere, SC_STR("embedder.use"),
                                          (sc_str){text, (size_t)n}, now_ms, err);
    if (rc) return rc;
    b->use = u;
    b->owed = (sc_budget_use){0};
    b->written_ms = now_ms;
    return SC_OK;
}

sc_rc sc_budget_book(sc_budget *b, int64_t now_ms, int64_t tokens, sc_err *err) {
    const sc_budget_use one = {1, tokens, cost(b, tokens)};
    bool any_cap = b->cap.requests || b->cap.tokens || b->cap.micro_usd;
    if (!any_cap && b->day == now_ms / DAY_MS && now_ms - b->written_ms < LAZY_MS) {
        b->owed.requests += one.requests;
        b->owed.tokens += one.tokens;
        b->owed.micro_usd += one.micro_usd;
        return SC_OK;
    }
    sc_rc rc = load(b, now_ms / DAY_MS, err);
    if (rc) return rc;
    sc_budget_use u = sum(b);
    u.requests += one.requests;
    u.tokens += one.tokens;
    u.micro_usd += one.micro_usd;
    rc = passed(b, &u, now_ms, err);
    return rc ? rc : save(b, u, now_ms, err);
}

void sc_budget_flush(sc_budget *b, int64_t now_ms) {
    bool any = b->owed.requests || b->owed.tokens || b->owed.micro_usd;
    if (any && b->day == now_ms / DAY_MS && !load(b, b->day, NULL)) save(b, sum(b), now_ms, NULL);
}

void sc_budget_correct(sc_budget *b, int64_t estimate, int64_t real) {
    if (real <= 0) return; /* it did not say: the estimate stands */
    b->owed.tokens += real - estimate;
    b->owed.micro_usd += cost(b, real) - cost(b, estimate);
}

sc_rc sc_budget_read(sc_budget *b, int64_t now_ms, sc_budget_use *ret, sc_err *err) {
    sc_rc rc = load(b, now_ms / DAY_MS, err);
    if (rc) return rc;
    *ret = sum(b);
    return SC_OK;
}
