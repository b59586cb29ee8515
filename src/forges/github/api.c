#include "forges/github/api.h"

#include <stdio.h>

#include "net/service.h"

enum {
    MAX_REPLY = 16 << 20,
    MAX_WORDS = 140,
    SECONDARY_WAIT_MS = 60000,
    DAY_MS = 24 * 3600 * 1000
};

static sc_rc code_of(int status) {
    switch (status) {
    case 400: return SC_INVALID;
    case 401: return SC_UNAUTHORIZED;
    case 403:
    case 451: return SC_FORBIDDEN;
    case 301: /* renamed */
    case 302:
    case 307:
    case 308:
    case 404:
    case 405: return SC_NOT_FOUND;
    case 408:
    case 504: return SC_TIMEOUT;
    case 409: return SC_CONFLICT;
    case 410: /* switched off, such as issues */
    case 422: return SC_UNPROCESSABLE;
    case 413: return SC_TOO_LARGE;
    case 429: return SC_LIMITED;
    default: return SC_UPSTREAM;
    }
}

/* "Best practices for using the REST API": Retry-After, else the reset when nothing remains, else a minute. */
static int64_t limit_wait_ms(const sc_http_answer *a, sc_str words) {
    int64_t now = sc_now_ms(&sc_clock_system), reset = 0;
    int64_t wait = sc_service_retry_after_ms(a->retry_after, now);
    if (wait) return wait;
    if (sc_str_is(a->rate_remaining, "0") &&
        sc_num_i64(a->rate_reset, 0, INT32_MAX * 4LL, &reset, NULL) == SC_OK)
        return SC_MIN(SC_MAX(reset * 1000 - now, (int64_t)1000), (int64_t)DAY_MS);
    return sc_str_find(words, SC_STR("rate limit")) != SIZE_MAX ? SECONDARY_WAIT_MS : 0;
}

/* {"message": "Validation Failed", "errors": [{"message": "A pull request already exists for o:b."}]}; an error may be
 * a string, or a code with the field at fault. */
static void put_words(sc_buf *b, const json_t *reply) {
    sc_buf_put_str(b, sc_json_str_at(reply, "message"));
    const json_t *errors = sc_json_at(reply, "errors");
    for (size_t i = 0; i < json_array_size(errors) && i < 3; i++) {
        const json_t *e = json_array_get(errors, i);
        const char *plain = json_string_value(e);
        sc_str words = plain ? sc_str_of(plain) : sc_json_str_at(e, "message");
        sc_str field = sc_json_str_at(e, "field"), code = sc_json_str_at(e, "code");
        if (words.n)
            sc_buf_putf(b, ": %.*s", SC_FMT(words));
        else if (code.n)
            sc_buf_putf(b, ": %.*s %.*s", SC_FMT(field), SC_FMT(code));
    }
}

static sc_rc explain(const sc_http_answer *a, const char *token, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    SC_AUTO(sc_buf_done) sc_buf words;
    sc_buf_init(&words, 64 << 10);
    if (sc_json_parse(a->body, &reply, NULL)) reply = NULL;
    put_words(&words, reply);
    sc_rc rc = code_of(a->status);
    int64_t wait = a->status == 403 || a->status == 429 ? limit_wait_ms(a, sc_buf_str(&words)) : 0;
    if (wait) rc = SC_LIMITED;
    if (a->status == 422 &&
        sc_str_find(sc_buf_str(&words), SC_STR("pull request already exists")) != SIZE_MAX)
        rc = SC_CONFLICT;
    sc_str told = sc_str_clip(sc_buf_str(&words), MAX_WORDS);
    if (sc_str_find(told, sc_str_of(token)) != SIZE_MAX) told = SC_STR_NONE;
    for (size_t i = 0; i < told.n; i++)
        if ((unsigned char)words.p[i] < ' ') words.p[i] = ' ';
    bool moved = a->status >= 301 && a->status <= 308;
    sc_fail(err, rc, "GitHub answered %d%s%.*s%s", a->status, told.n ? ": " : "", SC_FMT(told),
            moved ? ": the repository was renamed or moved" : "");
    if (err) err->retry_after_ms = wait;
    return rc;
}

static sc_rc send(sc_github *g, const sc_forge_call *c, const sc_github_call *call,
                  const char *token, sc_http_answer *ret, sc_err *err) {
    char url[2 * SC_GITHUB_MAX_URL], auth[SC_GITHUB_MAX_TOKEN + 32];
    int64_t left = c->deadline_ms - sc_now_ms(&sc_clock_system);
    if (left <= 0) return sc_fail(err, SC_TIMEOUT, "no time left to ask GitHub");
    int n = snprintf(url, sizeof url, "%s%s", g->api, call->path);
    int k = snprintf(auth, sizeof auth, "Authorization: Bearer %s", token);
    if (n >= (int)sizeof url || k >= (int)sizeof auth)
        return sc_fail(err, SC_INVALID, "the call does not fit");
    SC_AUTO(sc_buf_done) sc_buf body;
    sc_buf_init(&body, 4 << 20);
    if (call->body && !sc_json_dump(call->body, &body))
        return sc_buf_check(&body, "what is sent to GitHub", err);
    const char *const headers[] = {auth, "Accept: application/vnd.github+json",
                                   "X-GitHub-Api-Version: 2022-11-28",
                                   "Content-Type: application/json"};
    const sc_http_call http = {.method = call->method,
                               .url = url,
                               .headers = headers,
                               .n_headers = call->body ? 4 : 3,
                               .body = sc_buf_str(&body),
                               .stop = c->stop,
                               .timeout_ms = left,
                               .once = !strcmp(call->method, "POST"),
                               .max_reply_bytes = MAX_REPLY};
    sc_rc rc = sc_http_pool_do(&g->pool, &http, c->arena, ret, err);
    explicit_bzero(auth, sizeof auth);
    if (rc == SC_TOO_LARGE) return sc_fail(err, SC_UPSTREAM, "GitHub's answer is too large");
    return rc;
}

sc_rc sc_github_do(sc_github *g, const sc_forge_call *c, const sc_github_call *call, json_t **ret,
                   sc_err *err) {
    const char *token = call->token;
    sc_http_answer a = {.status = 0};
    sc_rc rc = token ? SC_OK : sc_github_token(g, c, &token, err);
    if (!rc) rc = send(g, c, call, token, &a, err);
    if (rc) return rc;
    if (a.status < 200 || a.status > 299) {
        if (a.status == 401 && !call->token) sc_github_forget(g, c->repo);
        return explain(&a, token, err);
    }
    *ret = NULL;
    if (!a.body.n) return SC_OK;
    return sc_json_parse(a.body, ret, NULL)
               ? sc_fail(err, SC_UPSTREAM, "GitHub answered what is no JSON")
               : SC_OK;
}
