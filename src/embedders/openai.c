#include "embedders/openai.h"

#include <stdio.h>

#include "base/json.h"
#include "core/repr.h"
#include "embedders/remote.h"

enum { OWN_DIMS = 768 /* of OpenAI's models, which can be cut to any length */ };

static const char own_base[] = "https://api.openai.com/v1";

/* List prices, dollars a million tokens. */
static const struct {
    const char *name, *usd;
} prices[] = {{"text-embedding-3-small", "0.02"},
              {"text-embedding-3-large", "0.13"},
              {"text-embedding-ada-002", "0.10"}};

#define AT(member) offsetof(sc_openai_conf, member)
static const sc_opt opts[] = {
    {.name = "openai-key",
     .type = SC_OPT_STR,
     .offset = AT(key),
     .arg = "KEY",
     .secret = true,
     .help = "key of the service, where it wants one; OPENAI_API_KEY is read too"},
    {.name = "openai-base",
     .type = SC_OPT_STR,
     .offset = AT(base),
     .arg = "URL",
     .help = "where the service is, without /embeddings, such as http://127.0.0.1:11434/v1; "
             "OPENAI_BASE_URL is read too; without either it is OpenAI's own"},
    {.name = "openai-model",
     .type = SC_OPT_STR,
     .offset = AT(model),
     .fallback = "text-embedding-3-small",
     .arg = "NAME",
     .help = "its embedding model"},
    {.name = "openai-dims",
     .type = SC_OPT_INT,
     .offset = AT(dims),
     .fallback = "0",
     .arg = "N",
     .min = 0,
     .max = SC_REPR_MAX_DIM,
     .help = "dimensions of its vectors; 0 is 768 for OpenAI's models and must be said for others"},
    {.name = "openai-ask-dims",
     .type = SC_OPT_BOOL,
     .offset = AT(ask_dims),
     .help = "send the dimensions with the request; OpenAI's text-embedding-3 get them anyway"},
    {.name = "openai-prefix",
     .type = SC_OPT_STR,
     .offset = AT(prefix),
     .arg = "TEXT",
     .help = "put in front of every text, where the model was trained so (\"clustering: \")"},
    {.name = "openai-batch",
     .type = SC_OPT_INT,
     .offset = AT(batch),
     .fallback = "32",
     .arg = "N",
     .min = 1,
     .max = SC_REMOTE_MAX_BATCH,
     .help = "texts a request"},
    {.name = "openai-max-text",
     .type = SC_OPT_INT,
     .offset = AT(max_text_bytes),
     .fallback = "6000",
     .arg = "BYTES",
     .min = 64,
     .max = 65536,
     .help = "of a report that are sent; the rest is cut off"},
    {.name = "openai-usd-per-mtok",
     .type = SC_OPT_STR,
     .offset = AT(usd),
     .arg = "USD",
     .help = "price of a million tokens, for the cap on money; known for OpenAI's models, else 0"},
};

/* {"model", "input": [...], "encoding_format": "float", "dimensions"} */
static sc_rc put(const sc_remote *r, const sc_str *texts, size_t n, sc_buf *b, sc_err *err) {
    (void)err;
    sc_buf_puts(b, "{\"model\":");
    sc_buf_put_json(b, sc_str_of(r->name));
    sc_buf_puts(b, ",\"encoding_format\":\"float\"");
    if (r->ask_dims) sc_buf_putf(b, ",\"dimensions\":%u", (unsigned)r->dim);
    sc_buf_puts(b, ",\"input\":[");
    for (size_t i = 0; i < n; i++) {
        if (i) sc_buf_putc(b, ',');
        sc_buf_put_json(b, texts[i]);
    }
    sc_buf_puts(b, "]}");
    return SC_OK;
}

/* Where a vector belongs: its "index", or its place in the list where there is none. */
static sc_rc index_of(const json_t *entry, size_t at, size_t n, size_t *ret, sc_err *err) {
    const json_t *index = json_object_get(entry, "index");
    *ret = at;
    if (!index) return SC_OK;
    json_int_t i = json_is_integer(index) ? json_integer_value(index) : -1;
    if (i < 0 || (uint64_t)i >= n)
        return sc_fail(err, SC_UPSTREAM, "the service sent a vector for a text that it never got");
    *ret = (size_t)i;
    return SC_OK;
}

/* {"data": [{"index", "embedding": [...]}], "usage": {"prompt_tokens", "total_tokens"}} */
static sc_rc take(const sc_remote *r, const json_t *reply, size_t n, int8_t *ret_vecs,
                  int64_t *ret_tokens, sc_err *err) {
    const json_t *list = sc_json_at(reply, "data");
    bool seen[SC_REMOTE_MAX_BATCH] = {false};
    if (!json_is_array(list) || json_array_size(list) != n || n > SC_LEN(seen))
        return sc_fail(err, SC_UPSTREAM, "the service sent %zu vectors for %zu texts",
                       json_array_size(list), n);
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(list, i);
        size_t at;
        sc_rc rc = index_of(entry, i, n, &at, err);
        if (!rc && seen[at])
            rc = sc_fail(err, SC_UPSTREAM, "the service sent two vectors for one text");
        if (!rc)
            rc = sc_remote_vector(json_object_get(entry, "embedding"), r->dim,
                                  ret_vecs + at * r->dim, err);
        if (rc) return rc;
        seen[at] = true;
    }
    const json_t *tokens = sc_json_at(reply, "usage.prompt_tokens");
    if (!json_is_integer(tokens)) tokens = sc_json_at(reply, "usage.total_tokens");
    if (json_is_integer(tokens)) *ret_tokens = SC_MAX((int64_t)json_integer_value(tokens), 0);
    return SC_OK;
}

static sc_rc choose_dims(const sc_openai_conf *c, sc_remote *r, sc_err *err) {
    bool own = !strncmp(c->model, "text-embedding-3-", 17);
    r->dim = (uint16_t)(c->dims ? c->dims : own ? OWN_DIMS : 0);
    r->ask_dims = own || c->ask_dims;
    return r->dim ? SC_OK
                  : sc_fail(err, SC_INVALID,
                            "--openai-dims: say how many dimensions the vectors of %.60s have",
                            c->model);
}

static sc_rc choose_price(const sc_openai_conf *c, sc_remote *r, sc_err *err) {
    const char *usd = c->usd && *c->usd ? c->usd : "0";
    bool known = !c->usd || !*c->usd;
    for (size_t i = 0; known && i < SC_LEN(prices); i++)
        if (!strcmp(c->model, prices[i].name)) usd = prices[i].usd;
    return sc_service_price(usd, &r->price, err);
}

static sc_rc open_openai(void *self, const void *conf, sc_err *err) {
    const sc_openai_conf *c = conf;
    sc_remote *r = self;
    static const char *const bases[] = {"OPENAI_BASE_URL", NULL};
    static const char *const keys[] = {"OPENAI_API_KEY", NULL};
    const char *key = sc_service_given(c->key, keys), *base = sc_service_given(c->base, bases);
    if (!base) base = own_base;
    if (!key && !strcmp(base, own_base))
        return sc_fail(err, SC_INVALID,
                       "OpenAI needs a key: set SOULCASTER_OPENAI_KEY (or OPENAI_API_KEY), or "
                       "say --openai-base for another service");
    *r = (sc_remote){.service.max_reply_bytes = SC_REMOTE_MAX_REPLY,
                     .batch = (size_t)c->batch,
                     .max_text_bytes = (size_t)c->max_text_bytes,
                     .prefix = c->prefix,
                     .put = put,
                     .take = take};
    sc_rc rc = sc_service_name("openai-model", c->model, err);
    if (!rc) rc = choose_dims(c, r, err);
    if (!rc) rc = sc_service_set_url(&r->service, base, "/embeddings", err);
    if (!rc) rc = sc_service_set_auth(&r->service, "Authorization: Bearer ", key, err);
    if (!rc) rc = choose_price(c, r, err);
    if (rc) return rc;
    char prefix[24] = "";
    if (c->prefix && *c->prefix)
        snprintf(prefix, sizeof prefix, "/p%08x",
                 (unsigned)sc_hash64(c->prefix, strlen(c->prefix), 0));
    snprintf(r->name, sizeof r->name, "%s", c->model);
    snprintf(r->model, sizeof r->model, "openai/%s/%u%s/prepare-%d", c->model, (unsigned)r->dim,
             prefix, SC_PREPARE_VERSION);
    sc_service_start(&r->service);
    return SC_OK;
}

const sc_embedder_ops sc_embedder_openai = {
    .name = "openai",
    .summary =
        "OpenAI, or any service that speaks its /v1/embeddings: Ollama, vLLM, llama.cpp, TEI.",
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .size = sizeof(sc_remote),
    .open = open_openai,
    .embed = sc_remote_embed,
    .dim = sc_remote_dim,
    .model = sc_remote_model,
    .close = sc_remote_close,
    .remote = &sc_remote_ops,
};
