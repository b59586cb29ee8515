#include "embedders/remote.h"

#include <curl/curl.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"

enum {
    MAX_WORDS = 120,
    MAX_REPLY = 64 << 20,
    BODY_BYTES = 32 << 20,
    ARENA_BYTES = 256 << 20,
    DAY_MS = 24 * 3600 * 1000,
    QUOTA_WAIT_MS = 15 * 60 * 1000,
};

void sc_remote_start(sc_remote *r) {
    pthread_mutex_init(&r->lock, NULL);
    r->n_idle = 0;
}

void sc_remote_close(void *self) {
    sc_remote *r = self;
    while (r->n_idle) sc_http_client_free(r->idle[--r->n_idle]);
    pthread_mutex_destroy(&r->lock);
}

static sc_rc take_client(sc_remote *r, sc_http_client **ret, sc_err *err) {
    *ret = NULL;
    pthread_mutex_lock(&r->lock);
    if (r->n_idle) *ret = r->idle[--r->n_idle];
    pthread_mutex_unlock(&r->lock);
    return *ret ? SC_OK : sc_http_client_new(ret, err);
}

static void put_client(sc_remote *r, sc_http_client *c) {
    pthread_mutex_lock(&r->lock);
    bool room = r->n_idle < SC_REMOTE_IDLE;
    if (room) r->idle[r->n_idle++] = c;
    pthread_mutex_unlock(&r->lock);
    if (!room) sc_http_client_free(c);
}

int64_t sc_remote_retry_after_ms(sc_str value, int64_t now_ms) {
    double s;
    char text[64];
    value = sc_str_trim(value);
    if (!value.n || value.n >= sizeof text) return 0;
    if (sc_num_f64(value, 0, 1e9, &s, NULL) == SC_OK)
        return (int64_t)(SC_MIN(s, (double)DAY_MS / 1000) * 1000);
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
            return sc_remote_retry_after_ms((sc_str){delay.p, delay.n - 1}, 0);
    }
    return 0;
}

/* {"error": {"message": ...}} (Google, OpenAI, vLLM, llama.cpp), {"error": "..."} (Ollama, TEI),
 * {"message": ...} (older vLLM), {"detail": ...} (proxies). */
static sc_str words_of(const json_t *reply) {
    static const char *const paths[] = {"error.message", "error", "message", "detail"};
    sc_str s = SC_STR_NONE;
    for (size_t i = 0; i < SC_LEN(paths) && !s.n; i++) s = sc_json_str_at(reply, paths[i]);
    return s;
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
static bool may_tell(const sc_remote *r, sc_rc rc, sc_str words) {
    if (!words.n || rc == SC_UNAUTHORIZED || rc == SC_FORBIDDEN) return false;
    return !r->secret || sc_str_find(words, sc_str_of(r->secret)) == SIZE_MAX;
}

static sc_rc explain(const sc_remote *r, const sc_http_answer *a, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    if (sc_json_parse(a->body, &reply, NULL)) reply = NULL;
    sc_rc rc = code_of(a->status);
    sc_str words = words_of(reply);
    if (may_tell(r, rc, words)) {
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
    int64_t wait = sc_remote_retry_after_ms(a->retry_after, sc_now_ms(&sc_clock_system));
    if (!wait) wait = retry_info_ms(reply);
    if (!wait && sc_str_is(sc_json_str_at(reply, "error.code"), "insufficient_quota"))
        wait = QUOTA_WAIT_MS; /* OpenAI: no money left; asking every second helps nobody */
    if (err) err->retry_after_ms = wait;
    return rc;
}

static sc_rc post(sc_remote *r, sc_str body, int64_t deadline_ms, sc_arena *arena, sc_str *ret,
                  sc_err *err) {
    int64_t left = deadline_ms - sc_now_ms(&sc_clock_system);
    if (left <= 0) return sc_fail(err, SC_TIMEOUT, "no time left to ask the service");
    sc_http_client *c;
    sc_rc rc = take_client(r, &c, err);
    if (rc) return rc;
    const char *const headers[] = {"Content-Type: application/json", r->auth};
    sc_http_call call = {.method = "POST",
                         .url = r->url,
                         .headers = headers,
                         .n_headers = *r->auth ? 2 : 1,
                         .body = body,
                         .timeout_ms = left,
                         .max_reply_bytes = MAX_REPLY};
    sc_http_answer a;
    rc = sc_http_client_do(c, &call, arena, &a, err);
    put_client(r, c);
    if (rc == SC_TOO_LARGE) /* the reply, not the texts */
        return sc_fail(err, SC_UPSTREAM, "the service's reply is over %d MiB", MAX_REPLY >> 20);
    if (rc) return rc;
    if (a.status < 200 || a.status > 299) return explain(r, &a, err);
    *ret = a.body;
    return SC_OK;
}

/* ---- Texts and vectors ------------------------------------------------------------------------- */

sc_rc sc_remote_text(const char *prefix, const sc_prepared *p, size_t max_bytes, sc_arena *arena,
                     sc_str *ret, sc_err *err) {
    sc_str title = sc_str_trim(p->title), body = sc_str_trim(p->body);
    *ret = SC_STR_NONE;
    if (!title.n && !body.n) return SC_OK;
    sc_str front = sc_str_of(prefix);
    title = sc_str_clip(title, max_bytes);
    body = sc_str_clip(body, max_bytes - title.n);
    size_t gap = title.n && body.n ? 2 : 0;
    char *s = sc_arena_take(arena, front.n + title.n + gap + body.n + 1);
    if (!s) return sc_fail(err, SC_NOMEM, "no memory for a text to embed");
    size_t n = 0;
    if (front.n) memcpy(s, front.p, front.n);
    n += front.n;
    if (title.n) memcpy(s + n, title.p, title.n);
    n += title.n;
    memcpy(s + n, "\n\n", gap);
    n += gap;
    if (body.n) memcpy(s + n, body.p, body.n);
    *ret = (sc_str){s, n + body.n};
    return SC_OK;
}

sc_rc sc_remote_vector(const json_t *values, uint16_t dim, int8_t *ret, sc_err *err) {
    if (!json_is_array(values))
        return sc_fail(err, SC_UPSTREAM, "the service's reply holds something that is no vector");
    if (json_array_size(values) != dim)
        return sc_fail(err, SC_UPSTREAM, "the service sent a vector of %zu numbers, not %u",
                       json_array_size(values), (unsigned)dim);
    double sum = 0;
    for (size_t i = 0; i < dim; i++) {
        const json_t *v = json_array_get(values, i);
        if (!json_is_number(v))
            return sc_fail(err, SC_UPSTREAM, "the service sent a vector with a hole in it");
        double x = json_number_value(v);
        sum += x * x;
    }
    if (!isfinite(sum) || sum <= 0)
        return sc_fail(err, SC_UPSTREAM, "the service sent a vector without a direction");
    double scale = 127 / sqrt(sum);
    for (size_t i = 0; i < dim; i++)
        ret[i] = (int8_t)lrint(json_number_value(json_array_get(values, i)) * scale);
    return SC_OK;
}

/* ---- The port ---------------------------------------------------------------------------------- */

static sc_rc text_of(const void *self, const sc_prepared *p, sc_arena *arena, sc_str *ret,
                     sc_err *err) {
    const sc_remote *r = self;
    return sc_remote_text(r->prefix, p, r->max_text_bytes, arena, ret, err);
}

static sc_rc ask(sc_remote *r, const sc_str *texts, size_t n, int64_t deadline_ms, sc_arena *arena,
                 int8_t *ret_vecs, int64_t *ret_tokens, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    sc_str body = SC_STR_NONE;
    sc_buf_init(&b, BODY_BYTES);
    sc_rc rc = r->put(r, texts, n, &b, err);
    if (!rc) rc = sc_buf_check(&b, "the texts to embed", err);
    if (!rc) rc = post(r, sc_buf_str(&b), deadline_ms, arena, &body, err);
    if (rc) return rc;
    if (sc_json_parse(body, &reply, NULL))
        return sc_fail(err, SC_UPSTREAM, "the service's reply is not JSON, or was cut off");
    return r->take(r, reply, n, ret_vecs, ret_tokens, err);
}

static sc_rc embed_counted(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                           int8_t *ret_vecs, int64_t *ret_tokens, sc_err *err) {
    sc_remote *r = self;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_str *send = sc_arena_take_array(&arena, n + 1, sizeof *send);
    size_t *where = sc_arena_take_array(&arena, n + 1, sizeof *where);
    int8_t *got = sc_arena_take_array(&arena, n + 1, r->dim);
    if (!send || !where || !got) return sc_fail(err, SC_NOMEM, "no memory to embed %zu texts", n);
    size_t m = 0;
    int64_t tokens = 0;
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        rc = text_of(r, &texts[i], &arena, &send[m], err);
        if (!rc && send[m].n) where[m++] = i;
    }
    if (!rc && m) rc = ask(r, send, m, deadline_ms, &arena, got, &tokens, err);
    if (rc) return rc;
    memset(ret_vecs, 0, n * r->dim);
    for (size_t i = 0; i < m; i++) memcpy(ret_vecs + where[i] * r->dim, got + i * r->dim, r->dim);
    *ret_tokens = tokens;
    return SC_OK;
}

sc_rc sc_remote_embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                      int8_t *ret_vecs, sc_err *err) {
    int64_t tokens;
    return embed_counted(self, texts, n, deadline_ms, ret_vecs, &tokens, err);
}

uint16_t sc_remote_dim(const void *self) { return ((const sc_remote *)self)->dim; }
const char *sc_remote_model(const void *self) { return ((const sc_remote *)self)->model; }
static size_t batch_of(const void *self) { return ((const sc_remote *)self)->batch; }
static int64_t price_of(const void *self) { return ((const sc_remote *)self)->price; }

const sc_embedder_remote sc_remote_ops = {
    .embed = embed_counted, .max_batch = batch_of, .text = text_of, .price = price_of};

/* ---- Options ----------------------------------------------------------------------------------- */

sc_rc sc_remote_price(const char *usd, int64_t *ret, sc_err *err) {
    double v;
    if (sc_num_f64(sc_str_of(usd), 0, 1e6, &v, NULL))
        return sc_fail(err, SC_INVALID, "\"%.40s\" is no price in dollars", usd);
    *ret = llrint(v * 1e6);
    return SC_OK;
}

sc_rc sc_remote_url(const char *base, const char *path, char ret[SC_REMOTE_MAX_URL], sc_err *err) {
    sc_str s = sc_str_of(base);
    while (s.n && s.p[s.n - 1] == '/') s.n--;
    if (!sc_str_starts(s, "http://") && !sc_str_starts(s, "https://"))
        return sc_fail(err, SC_INVALID, "the base URL must begin with http:// or https://");
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '?' || s.p[i] == '#')
            return sc_fail(err, SC_INVALID, "the base URL holds a space, a query or a fragment");
    int n = snprintf(ret, SC_REMOTE_MAX_URL, "%.*s%s", SC_FMT(s), path);
    if (n < 0 || n >= SC_REMOTE_MAX_URL)
        return sc_fail(err, SC_INVALID, "the base URL is too long");
    return SC_OK;
}

sc_rc sc_remote_auth(sc_remote *r, const char *start, const char *key, sc_err *err) {
    r->auth[0] = 0;
    r->secret = NULL;
    if (!key || !*key) return SC_OK;
    for (const char *p = key; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 127)
            return sc_fail(err, SC_INVALID, "the embedder's key holds what no key can hold");
    int n = snprintf(r->auth, sizeof r->auth, "%s%s", start, key);
    if (n < 0 || n >= (int)sizeof r->auth)
        return sc_fail(err, SC_INVALID, "the embedder's key is too long");
    r->secret = r->auth + strlen(start);
    return SC_OK;
}

sc_rc sc_remote_name(const char *option, const char *name, sc_err *err) {
    size_t n = name ? strlen(name) : 0;
    bool good = n && n <= SC_REMOTE_MAX_NAME;
    for (size_t i = 0; good && i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        good = c > ' ' && c < 127 && !strchr("?#\"\\%", c);
    }
    return good ? SC_OK : sc_fail(err, SC_INVALID, "--%s is not the name of a model", option);
}
