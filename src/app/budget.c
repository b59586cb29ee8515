#include "app/budget.h"

#include <stdio.h>

#include "base/json.h"

enum { DAY_MS = 24 * 3600 * 1000, LAZY_MS = 30000, MAX_TRIES = 100 };

void sc_budget_init(sc_budget *b, const sc_store *store, const sc_id *project, const char *name,
                    const sc_budget_use *cap) {
    *b = (sc_budget){.store = store, .name = name, .cap = *cap, .day = -1};
    if (project) b->project = *project;
}

int64_t sc_budget_cost(int64_t tokens, int64_t price) {
    __extension__ __int128 c = (__int128)tokens * price / 1000000;
    return c > INT64_MAX ? INT64_MAX : (int64_t)c;
}

static int64_t at_least_0(int64_t v) { return SC_MAX(v, (int64_t)0); }

/* What the store says of this day; books of another day count nothing. */
static sc_rc load(sc_budget *b, int64_t day, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_arena_init(&arena, 64 << 10);
    sc_str text;
    sc_rc rc = b->store->ops->setting_get(b->store->self, &b->project, sc_str_of(b->name), &arena,
                                          &text, err);
    if (rc) return rc;
    b->n_seen = SC_MIN(text.n, sizeof b->seen);
    if (text.n) memcpy(b->seen, text.p, b->n_seen);
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
    const sc_str books = {text, (size_t)n}, seen = {b->seen, b->n_seen};
    sc_rc rc = b->n_seen < sizeof b->seen
                   ? b->store->ops->setting_swap(b->store->self, &b->project, sc_str_of(b->name),
                                                 seen, books, now_ms, err)
                   : b->store->ops->setting_put(b->store->self, &b->project, sc_str_of(b->name),
                                                books, now_ms, err); /* no books of ours */
    if (rc) return rc;
    b->use = u;
    b->owed = (sc_budget_use){0};
    b->written_ms = now_ms;
    return SC_OK;
}

static void add(sc_budget_use *to, const sc_budget_use *more) {
    to->requests += more->requests;
    to->tokens += more->tokens;
    to->micro_usd += more->micro_usd;
}

/* One booking on the books as they are; SC_CONFLICT: another process wrote meanwhile. */
static sc_rc book_once(sc_budget *b, const sc_budget_use *one, int64_t now_ms, sc_err *err) {
    sc_rc rc = load(b, now_ms / DAY_MS, err);
    if (rc) return rc;
    sc_budget_use u = sum(b);
    add(&u, one);
    rc = one->requests ? passed(b, &u, now_ms, err) : SC_OK;
    return rc ? rc : save(b, u, now_ms, err);
}

static sc_rc book(sc_budget *b, const sc_budget_use *one, int64_t now_ms, sc_err *err) {
    sc_rc rc = SC_CONFLICT;
    for (int i = 0; rc == SC_CONFLICT && i < MAX_TRIES; i++) rc = book_once(b, one, now_ms, err);
    return rc == SC_CONFLICT ? sc_fail(err, SC_STORE, "the day's books are never at rest") : rc;
}

sc_rc sc_budget_book(sc_budget *b, int64_t now_ms, int64_t tokens, int64_t micro_usd, sc_err *err) {
    const sc_budget_use one = {1, tokens, micro_usd};
    bool any_cap = b->cap.requests || b->cap.tokens || b->cap.micro_usd;
    if (any_cap || b->day != now_ms / DAY_MS || now_ms - b->written_ms >= LAZY_MS)
        return book(b, &one, now_ms, err);
    add(&b->owed, &one);
    return SC_OK;
}

void sc_budget_flush(sc_budget *b, int64_t now_ms) {
    const sc_budget_use none = {0};
    bool any = b->owed.requests || b->owed.tokens || b->owed.micro_usd;
    if (any && b->day == now_ms / DAY_MS) book(b, &none, now_ms, NULL);
}

void sc_budget_correct(sc_budget *b, const sc_budget_use *booked, const sc_budget_use *real) {
    b->owed.tokens += real->tokens - booked->tokens;
    b->owed.micro_usd += real->micro_usd - booked->micro_usd;
}

sc_rc sc_budget_read(sc_budget *b, int64_t now_ms, sc_budget_use *ret, sc_err *err) {
    sc_rc rc = load(b, now_ms / DAY_MS, err);
    if (rc) return rc;
    *ret = sum(b);
    return SC_OK;
}
