#include "net/service.h"

#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"

enum { MAX_WORDS = 120, DAY_MS = 24 * 3600 * 1000, QUOTA_WAIT_MS = 15 * 60 * 1000 };

void sc_service_start(sc_service *s) { sc_http_pool_init(&s->pool); }

void sc_service_done(sc_service *s) { sc_http_pool_done(&s->pool); }

int64_t sc_service_retry_after_ms(sc_str value, int64_t now_ms) {
    double seconds;
    char text[64];
    value = sc_str_trim(value);
    if (!value.n || value.n >= sizeof text) return 0;
    if (sc_num_f64(value, 0, 1e9, &seconds, NULL) == SC_OK)
        return (int64_t)(SC_MIN(seconds, (double)DAY_MS / 1000) * 1000);
    memcpy(text, value.p, value.n);
    text[value.n] = 0;
    int64_t at = (int64_t)curl_getdate(text, NULL) * 1000;
    return at <= now_ms ? 0 : SC_MIN(at - now_ms, (int64_t)DAY_MS);
}

/* ---- What went wrong --------------------------------------------------------------------------- */

/* Google's google.rpc.RetryInfo: {"error": {"details": [{"retryDelay": "46s"}]}}. */
static int64_t retry_info_ms(const json_t *reply) {
    const json_t *details = sc_json_at(reply, "error.details");
    for (size_t i = 0; i < json_array_size(details); i++) {
        sc_str delay = sc_json_str_at(json_array_get(details, i), "retryDelay");
        if (delay.n > 1 && delay.p[delay.n - 1] == 's')
            return sc_service_retry_after_ms((sc_str){delay.p, delay.n - 1}, 0);
    }
    return 0;
}

/* Google says 400 to a key that it does not know: "reason": "API_KEY_INVALID". */
static bool blames_key(const json_t *reply) {
    const json_t *details = sc_json_at(reply, "error.details");
    for (size_t i = 0; i < json_array_size(details); i++)
        if (sc_str_is(sc_json_str_at(json_array_get(details, i), "reason"), "API_KEY_INVALID"))
            return true;
    return false;
}

/* No money left; asking every second helps nobody. OpenAI and Anthropic say 429 to that, too. */
static bool out_of_money(const json_t *reply) {
    return sc_str_is(sc_json_str_at(reply, "error.code"), "insufficient_quota") ||
           sc_str_is(sc_json_str_at(reply, "error.details.error_code"),
                     "enforced_spend_limit_reached");
}

/* {"error": {"message": ...}} (Google, OpenAI, vLLM, llama.cpp), {"error": "..."} (Ollama, TEI),
 * {"message": ...} (older vLLM), {"detail": ...} (proxies). */
static sc_str words_of(const json_t *reply) {
    static const char *const paths[] = {"error.message", "error", "message", "detail"};
    sc_str words = SC_STR_NONE;
    for (size_t i = 0; i < SC_LEN(paths) && !words.n; i++) words = sc_json_str_at(reply, paths[i]);
    return words;
}

static sc_rc code_of(int status) {
    switch (status) {
    case 400:
    case 422: return status == 400 ? SC_INVALID : SC_UNPROCESSABLE;
    case 401: return SC_UNAUTHORIZED;
    case 402: /* out of credit */
    case 403: return SC_FORBIDDEN;
    case 301: /* the base URL is not quite right, and a redirect would lose the body */
    case 302:
    case 307:
    case 308:
    case 404:
    case 405: return SC_NOT_FOUND;
    case 413: return SC_TOO_LARGE;
    case 429: return SC_LIMITED;
    case 408:
    case 504: return SC_TIMEOUT;
    default: return SC_UPSTREAM;
    }
}

/* The words may repeat a part of the key ("Incorrect API key provided: sk-..."): then none. */
static bool may_tell(const sc_service *s, sc_rc rc, sc_str words) {
    if (!words.n) return false;
    if (!s->secret) return true; /* nothing to repeat */
    return rc != SC_UNAUTHORIZED && rc != SC_FORBIDDEN &&
           sc_str_find(words, sc_str_of(s->secret)) == SIZE_MAX;
}

static sc_rc explain(const sc_service *s, const sc_http_answer *a, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    if (sc_json_parse(a->body, &reply, NULL)) reply = NULL;
    sc_rc rc = a->status == 400 && blames_key(reply) ? SC_UNAUTHORIZED : code_of(a->status);
    sc_str words = words_of(reply);
    if (may_tell(s, rc, words)) {
        char clean[MAX_WORDS + 1];
        words = sc_str_clip(words, MAX_WORDS);
        for (size_t i = 0; i < words.n; i++)
            clean[i] = (unsigned char)words.p[i] < ' ' ? ' ' : words.p[i];
        clean[words.n] = 0;
        sc_fail(err, rc, "the service answered %d: %s", a->status, clean);
    } else {
        sc_fail(err, rc, "the service answered %d%s", a->status,
                rc == SC_UNAUTHORIZED || rc == SC_FORBIDDEN ? ": it does not take the key"
                : rc == SC_NOT_FOUND ? ": no such model or path; look at the base URL"
                                     : "");
    }
    int64_t wait = sc_service_retry_after_ms(a->retry_after, sc_now_ms(&sc_clock_system));
    if (!wait) wait = retry_info_ms(reply);
    if (!wait && out_of_money(reply)) wait = QUOTA_WAIT_MS;
    if (err) err->retry_after_ms = wait;
    return rc;
}

sc_rc sc_service_post(sc_service *s, sc_str body, int64_t deadline_ms, const _Atomic bool *stop,
                      sc_arena *arena, sc_str *ret, sc_err *err) {
    int64_t left = deadline_ms - sc_now_ms(&sc_clock_system);
    if (left <= 0) return sc_fail(err, SC_TIMEOUT, "no time left to ask the service");
    const char *headers[3] = {"Content-Type: application/json"};
    size_t n_headers = 1;
    if (*s->auth) headers[n_headers++] = s->auth;
    if (s->header) headers[n_headers++] = s->header;
    sc_http_call call = {.method = "POST",
                         .url = s->url,
                         .unix_path = s->unix_path,
                         .headers = headers,
                         .n_headers = n_headers,
                         .body = body,
                         .stop = stop,
                         .timeout_ms = left,
                         .max_reply_bytes = s->max_reply_bytes};
    sc_http_answer a;
    sc_rc rc = sc_http_pool_do(&s->pool, &call, arena, &a, err);
    if (rc == SC_TOO_LARGE) /* the reply, not what was sent */
        return sc_fail(err, SC_UPSTREAM, "the service's reply is over %zu KiB",
                       s->max_reply_bytes >> 10);
    if (rc) return rc;
    if (a.status < 200 || a.status > 299) return explain(s, &a, err);
    *ret = a.body;
    return SC_OK;
}

/* ---- For a backend's open ---------------------------------------------------------------------- */

sc_rc sc_service_set_url(sc_service *s, const char *base, const char *path, sc_err *err) {
    sc_str b = sc_str_of(base);
    while (b.n && b.p[b.n - 1] == '/') b.n--;
    if (!sc_str_starts(b, "http://") && !sc_str_starts(b, "https://"))
        return sc_fail(err, SC_INVALID, "the base URL must begin with http:// or https://");
    for (size_t i = 0; i < b.n; i++)
        if ((unsigned char)b.p[i] <= ' ' || b.p[i] == '?' || b.p[i] == '#')
            return sc_fail(err, SC_INVALID, "the base URL holds a space, a query or a fragment");
    int n = snprintf(s->url, sizeof s->url, "%.*s%s", SC_FMT(b), path);
    if (n < 0 || n >= (int)sizeof s->url)
        return sc_fail(err, SC_INVALID, "the base URL is too long");
    return SC_OK;
}

sc_rc sc_service_set_auth(sc_service *s, const char *start, const char *key, sc_err *err) {
    s->auth[0] = 0;
    s->secret = NULL;
    if (!key || !*key) return SC_OK;
    for (const char *p = key; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 127)
            return sc_fail(err, SC_INVALID, "the key holds what no key can hold");
    int n = snprintf(s->auth, sizeof s->auth, "%s%s", start, key);
    if (n < 0 || n >= (int)sizeof s->auth) return sc_fail(err, SC_INVALID, "the key is too long");
    s->secret = s->auth + strlen(start);
    return SC_OK;
}

sc_rc sc_service_name(const char *option, const char *name, sc_err *err) {
    size_t n = name ? strlen(name) : 0;
    bool good = n && n <= SC_SERVICE_MAX_NAME;
    for (size_t i = 0; good && i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        good = c > ' ' && c < 127 && !strchr("?#\"\\%", c);
    }
    return good ? SC_OK : sc_fail(err, SC_INVALID, "--%s is not the name of a model", option);
}

sc_rc sc_service_price(const char *usd, int64_t *ret, sc_err *err) {
    double v;
    if (sc_num_f64(sc_str_of(usd), 0, 1e6, &v, NULL))
        return sc_fail(err, SC_INVALID, "\"%.40s\" is no price in dollars", usd);
    *ret = llrint(v * 1e6);
    return SC_OK;
}

const char *sc_service_given(const char *given, const char *const *variables) {
    if (given && *given) return given;
    for (; *variables; variables++) {
        const char *v = getenv(*variables);
        if (v && *v) return v;
    }
    return NULL;
}
