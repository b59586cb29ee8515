#include "embedders/remote.h"

#include <math.h>

#include "base/json.h"

enum { BODY_BYTES = 32 << 20, ARENA_BYTES = 256 << 20 };

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

static sc_rc ask(sc_remote *r, const sc_str *texts, size_t n, int64_t deadline_ms,
                 const _Atomic bool *stop, sc_arena *arena, int8_t *ret_vecs, int64_t *ret_tokens,
                 sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    sc_str body = SC_STR_NONE;
    sc_buf_init(&b, BODY_BYTES);
    sc_rc rc = r->put(r, texts, n, &b, err);
    if (!rc) rc = sc_buf_check(&b, "the texts to embed", err);
    if (!rc)
        rc = sc_service_post(&r->service, sc_buf_str(&b), deadline_ms, stop, arena, &body, err);
    if (rc) return rc;
    if (sc_json_parse(body, &reply, NULL))
        return sc_fail(err, SC_UPSTREAM, "the service's reply is not JSON, or was cut off");
    return r->take(r, reply, n, ret_vecs, ret_tokens, err);
}

static sc_rc embed_counted(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                           const _Atomic bool *stop, int8_t *ret_vecs, int64_t *ret_tokens,
                           sc_err *err) {
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
    if (!rc && m) rc = ask(r, send, m, deadline_ms, stop, &arena, got, &tokens, err);
    if (rc) return rc;
    memset(ret_vecs, 0, n * r->dim);
    for (size_t i = 0; i < m; i++) memcpy(ret_vecs + where[i] * r->dim, got + i * r->dim, r->dim);
    *ret_tokens = tokens;
    return SC_OK;
}

sc_rc sc_remote_embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                      int8_t *ret_vecs, sc_err *err) {
    int64_t tokens;
    return embed_counted(self, texts, n, deadline_ms, NULL, ret_vecs, &tokens, err);
}

uint16_t sc_remote_dim(const void *self) { return ((const sc_remote *)self)->dim; }
const char *sc_remote_model(const void *self) { return ((const sc_remote *)self)->model; }
void sc_remote_close(void *self) { sc_service_done(&((sc_remote *)self)->service); }
static size_t batch_of(const void *self) { return ((const sc_remote *)self)->batch; }
static int64_t price_of(const void *self) { return ((const sc_remote *)self)->price; }

const sc_embedder_remote sc_remote_ops = {
    .embed = embed_counted, .max_batch = batch_of, .text = text_of, .price = price_of};
