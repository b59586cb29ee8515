#include "llms/chat.h"

#include <stdio.h>

#include "base/json.h"

enum { MAX_REPLY = 1 << 20, BODY_BYTES = 4 << 20 };

#define AT(member) offsetof(sc_llm_conf, member)
const sc_opt sc_chat_opts[SC_CHAT_N_OPTS] = {
    {.name = "llm-key",
     .type = SC_OPT_STR,
     .offset = AT(key),
     .arg = "KEY",
     .secret = true,
     .help = "key of the language model's service; GEMINI_API_KEY, OPENAI_API_KEY or "
             "ANTHROPIC_API_KEY is read too"},
    {.name = "llm-base",
     .type = SC_OPT_STR,
     .offset = AT(base),
     .arg = "URL",
     .help =
         "where it is, such as http://127.0.0.1:11434/v1 for Ollama; without it the vendor's own"},
    {.name = "llm-model",
     .type = SC_OPT_STR,
     .offset = AT(model),
     .arg = "NAME",
     .help = "the model; without it gemini-3.1-flash-lite, gpt-5.4-mini or claude-haiku-4-5"},
    {.name = "llm-usd-in",
     .type = SC_OPT_STR,
     .offset = AT(usd_in),
     .arg = "USD",
     .help = "price of a million tokens that it reads; known for the vendors' usual models"},
    {.name = "llm-usd-out",
     .type = SC_OPT_STR,
     .offset = AT(usd_out),
     .arg = "USD",
     .help = "price of a million tokens that it writes"},
};

/* ---- Opening ----------------------------------------------------------------------------------- */

/* "claude-haiku-4-5-20251001" is a "claude-haiku-4-5". */
static bool same_model(const char *name, const char *known) {
    size_t n = strlen(known);
    return !strncmp(name, known, n) && (!name[n] || !strncmp(name + n, "-20", 3));
}

static sc_rc choose_price(sc_chat *c, const sc_chat_vendor *v, const sc_llm_conf *conf,
                          sc_err *err) {
    const char *in = conf->usd_in, *out = conf->usd_out;
    bool said = in && *in && out && *out, known = false;
    for (size_t i = 0; !said && i < v->n_prices && !known; i++) {
        if (!same_model(c->name, v->prices[i].model)) continue;
        known = true;
        if (!in || !*in) in = v->prices[i].in;
        if (!out || !*out) out = v->prices[i].out;
    }
    if (!said && !known && c->own)
        return sc_fail(err, SC_INVALID,
                       "what %.60s costs is not known: say --llm-usd-in and --llm-usd-out, or the "
                       "cap on money would be blind",
                       c->name);
    sc_rc rc = sc_service_price(in && *in ? in : "0", &c->price.in, err);
    return rc ? rc : sc_service_price(out && *out ? out : "0", &c->price.out, err);
}

sc_rc sc_chat_open(sc_chat *c, const sc_chat_vendor *v, const sc_llm_conf *conf, sc_err *err) {
    const char *key = sc_service_given(conf->key, v->keys), *base = conf->base;
    const char *name = conf->model && *conf->model ? conf->model : v->own_model;
    char path[SC_SERVICE_MAX_NAME + 64];
    if (v->bases) base = sc_service_given(base, v->bases);
    *c = (sc_chat){.vendor = v, .own = !base || !*base || !strcmp(base, v->own_base)};
    if (c->own) base = v->own_base;
    if (!key && c->own)
        return sc_fail(
            err, SC_INVALID,
            "--llm %s needs a key: set SOULCASTER_LLM_KEY (or %s), or say --llm-base for "
            "another service",
            v->name, v->keys[0]);
    sc_rc rc = sc_service_name("llm-model", name, err);
    if (!rc && !strncmp(name, "models/", 7)) name += 7; /* as Google's own lists say it */
    if (!rc && strstr(v->path, "%s") && strchr(name, '/'))
        rc = sc_fail(err, SC_INVALID, "--llm-model is not the name of a model");
    if (rc) return rc;
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->model, sizeof c->model, "%s/%s", v->name, name);
    sc_str before = sc_str_of(v->path), mark = SC_STR("%s");
    size_t at = sc_str_find(before, mark);
    if (at == SIZE_MAX)
        snprintf(path, sizeof path, "%s", v->path);
    else
        snprintf(path, sizeof path, "%.*s%s%s", (int)at, v->path, name, v->path + at + mark.n);
    rc = sc_service_set_url(&c->service, base, path, err);
    if (!rc) rc = sc_service_set_auth(&c->service, v->auth, key, err);
    if (!rc) rc = choose_price(c, v, conf, err);
    if (rc) return rc;
    c->service.header = v->header;
    c->service.max_reply_bytes = MAX_REPLY;
    sc_service_start(&c->service);
    return SC_OK;
}

void sc_chat_close(void *self) { sc_service_done(&((sc_chat *)self)->service); }
const char *sc_chat_model(const void *self) { return ((const sc_chat *)self)->model; }
sc_llm_price sc_chat_price_of(const void *self) { return ((const sc_chat *)self)->price; }

/* ---- Asking ------------------------------------------------------------------------------------ */

void sc_chat_put_schema(const sc_llm_question *q, bool google, sc_buf *b) {
    sc_buf_putf(b, "{\"type\":\"%s\",\"properties\":{", google ? "OBJECT" : "object");
    for (size_t i = 0; i < q->n_fields; i++) {
        const sc_llm_field *f = &q->fields[i];
        const char *type = f->kind == SC_LLM_FLAG ? (google ? "BOOLEAN" : "boolean")
                                                  : (google ? "STRING" : "string");
        sc_buf_putf(b, "%s\"%s\":{\"type\":\"%s\",\"description\":", i ? "," : "", f->name, type);
        sc_buf_put_json(b, sc_str_of(f->words));
        sc_buf_putc(b, '}');
    }
    const char *const lists[] = {"required", google ? "propertyOrdering" : NULL};
    sc_buf_putc(b, '}');
    for (size_t k = 0; k < SC_LEN(lists) && lists[k]; k++) {
        sc_buf_putf(b, ",\"%s\":[", lists[k]);
        for (size_t i = 0; i < q->n_fields; i++)
            sc_buf_putf(b, "%s\"%s\"", i ? "," : "", q->fields[i].name);
        sc_buf_putc(b, ']');
    }
    sc_buf_puts(b, google ? "}" : ",\"additionalProperties\":false}");
}

sc_rc sc_chat_keep(sc_str text, sc_arena *arena, sc_str *ret, sc_err *err) {
    const char *p = sc_arena_copy(arena, text.p ? text.p : "", text.n);
    if (!p) return sc_fail(err, SC_NOMEM, "no memory for the model's answer");
    *ret = (sc_str){p, text.n};
    return SC_OK;
}

int64_t sc_chat_tokens(const json_t *reply, const char *path) {
    const json_t *v = sc_json_at(reply, path);
    return json_is_integer(v) ? SC_MAX((int64_t)json_integer_value(v), (int64_t)0) : 0;
}

sc_rc sc_chat_ask(void *self, const sc_llm_question *q, int64_t deadline_ms, sc_arena *arena,
                  sc_llm_answer *ret, sc_err *err) {
    sc_chat *c = self;
    const sc_chat_vendor *v = c->vendor;
    SC_AUTO(sc_buf_done) sc_buf b;
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    sc_err why = {0};
    sc_str body = SC_STR_NONE;
    const unsigned learned = atomic_load(&c->learned);
    sc_buf_init(&b, BODY_BYTES);
    v->put(c, learned, q, &b);
    sc_rc rc = sc_buf_check(&b, "the question", &why);
    if (!rc)
        rc = sc_service_post(&c->service, sc_buf_str(&b), deadline_ms, q->stop, arena, &body, &why);
    unsigned lesson = rc && v->learn ? v->learn(&why) : 0;
    if (lesson & ~learned) {
        atomic_fetch_or(&c->learned, lesson);
        rc = SC_CONFLICT;
    }
    if (!rc && sc_json_parse(body, &reply, NULL))
        rc = sc_fail(&why, SC_UPSTREAM, "the service's reply is not JSON, or was cut off");
    sc_llm_answer a = {.text = SC_STR_NONE};
    if (!rc) rc = v->take(reply, q, arena, &a, &why);
    if (!rc)
        *ret = a;
    else if (err) {
        *err = why;
        err->rc = rc;
    }
    return rc;
}
