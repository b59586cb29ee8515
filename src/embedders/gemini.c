#include "embedders/gemini.h"

#include <stdio.h>

#include "base/json.h"
#include "core/repr.h"
#include "embedders/remote.h"

enum { MAX_BATCH = 100 };

#define AT(member) offsetof(sc_gemini_conf, member)
static const sc_opt opts[] = {
    {.name = "gemini-key",
     .type = SC_OPT_STR,
     .offset = AT(key),
     .arg = "KEY",
     .secret = true,
     .help = "key of the Gemini API; GEMINI_API_KEY and GOOGLE_API_KEY are read too"},
    {.name = "gemini-model",
     .type = SC_OPT_STR,
     .offset = AT(model),
     .fallback = "gemini-embedding-001",
     .arg = "NAME",
     .help = "its embedding model"},
    {.name = "gemini-dims",
     .type = SC_OPT_INT,
     .offset = AT(dims),
     .fallback = "768",
     .arg = "N",
     .min = 8,
     .max = SC_REPR_MAX_DIM,
     .help = "dimensions asked for"},
    {.name = "gemini-base",
     .type = SC_OPT_STR,
     .offset = AT(base),
     .fallback = "https://generativelanguage.googleapis.com",
     .arg = "URL",
     .help = "where the API is"},
    {.name = "gemini-batch",
     .type = SC_OPT_INT,
     .offset = AT(batch),
     .fallback = "100",
     .arg = "N",
     .min = 1,
     .max = MAX_BATCH,
     .help = "texts a request"},
    {.name = "gemini-max-text",
     .type = SC_OPT_INT,
     .offset = AT(max_text_bytes),
     .fallback = "6000",
     .arg = "BYTES",
     .min = 64,
     .max = 65536,
     .help = "of a report that are sent; the rest is cut off"},
    {.name = "gemini-usd-per-mtok",
     .type = SC_OPT_STR,
     .offset = AT(usd),
     .fallback = "0.15",
     .arg = "USD",
     .help = "price of a million tokens, for the cap on money"},
};

/* {"requests": [{"model", "content": {"parts": [{"text"}]}, "taskType", "outputDimensionality"}]} */
static sc_rc put(const sc_remote *r, const sc_str *texts, size_t n, sc_buf *b, sc_err *err) {
    (void)err;
    sc_buf_puts(b, "{\"requests\":[");
    for (size_t i = 0; i < n; i++) {
        sc_buf_puts(b, i ? ",{\"model\":" : "{\"model\":");
        sc_buf_put_json(b, sc_str_of(r->name));
        sc_buf_puts(b, ",\"content\":{\"parts\":[{\"text\":");
        sc_buf_put_json(b, texts[i]);
        sc_buf_putf(b, "}]},\"taskType\":\"CLUSTERING\",\"outputDimensionality\":%u}",
                    (unsigned)r->dim);
    }
    sc_buf_puts(b, "]}");
    return SC_OK;
}

/* {"embeddings": [{"values": [...]}]} in the order of the requests. */
static sc_rc take(const sc_remote *r, const json_t *reply, size_t n, int8_t *ret_vecs,
                  int64_t *ret_tokens, sc_err *err) {
    const json_t *list = sc_json_at(reply, "embeddings");
    if (!json_is_array(list) || json_array_size(list) != n)
        return sc_fail(err, SC_UPSTREAM, "the service sent %zu vectors for %zu texts",
                       json_array_size(list), n);
    for (size_t i = 0; i < n; i++) {
        const json_t *values = sc_json_at(json_array_get(list, i), "values");
        sc_rc rc = sc_remote_vector(values, r->dim, ret_vecs + i * r->dim, err);
        if (rc) return rc;
    }
    const json_t *tokens = sc_json_at(reply, "usageMetadata.promptTokenCount");
    if (json_is_integer(tokens)) *ret_tokens = SC_MAX((int64_t)json_integer_value(tokens), 0);
    return SC_OK;
}

static sc_rc open_gemini(void *self, const void *conf, sc_err *err) {
    const sc_gemini_conf *c = conf;
    sc_remote *r = self;
    static const char *const variables[] = {"GEMINI_API_KEY", "GOOGLE_API_KEY", NULL};
    const char *key = sc_service_given(c->key, variables), *name = c->model;
    if (!key)
        return sc_fail(err, SC_INVALID,
                       "the gemini embedder needs a key: set SOULCASTER_GEMINI_KEY (or "
                       "GEMINI_API_KEY), or choose --embedder builtin");
    sc_rc rc = sc_service_name("gemini-model", name, err);
    if (!rc && !strncmp(name, "models/", 7)) name += 7;
    if (!rc && strchr(name, '/'))
        rc = sc_fail(err, SC_INVALID, "--gemini-model is not the name of a model");
    if (rc) return rc;
    *r = (sc_remote){.service.max_reply_bytes = SC_REMOTE_MAX_REPLY,
                     .dim = (uint16_t)c->dims,
                     .batch = (size_t)c->batch,
                     .max_text_bytes = (size_t)c->max_text_bytes,
                     .put = put,
                     .take = take};
    char path[SC_REMOTE_MAX_NAME + 64];
    snprintf(r->name, sizeof r->name, "models/%s", name);
    snprintf(r->model, sizeof r->model, "gemini/%s/%u/clustering/prepare-%d", name,
             (unsigned)r->dim, SC_PREPARE_VERSION);
    snprintf(path, sizeof path, "/v1beta/%s:batchEmbedContents", r->name);
    rc = sc_service_set_url(&r->service, c->base, path, err);
    if (!rc) rc = sc_service_set_auth(&r->service, "x-goog-api-key: ", key, err);
    if (!rc) rc = sc_service_price(c->usd, &r->price, err);
    if (!rc) sc_service_start(&r->service);
    return rc;
}

const sc_embedder_ops sc_embedder_gemini = {
    .name = "gemini",
    .summary = "Google's Gemini API: costs money, and the reports' text goes there.",
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .size = sizeof(sc_remote),
    .open = open_gemini,
    .embed = sc_remote_embed,
    .dim = sc_remote_dim,
    .model = sc_remote_model,
    .close = sc_remote_close,
    .remote = &sc_remote_ops,
};
