#include "agents/dialog.h"

#include <stdio.h>

#include "base/json.h"

enum { MAX_REPLY_BYTES = 16 << 20, MAX_BODY_BYTES = 64 << 20, KEPT_RESULTS = 4 };

static const sc_dialog_vendor *const vendors[SC_PROXY_SHAPES] = {
    &sc_dialog_openai, &sc_dialog_anthropic, &sc_dialog_gemini};

sc_rc sc_dialog_open(const sc_dialog_conf *conf, sc_dialog **ret, sc_err *err) {
    char path[256];
    sc_dialog *d = sc_alloc(sizeof *d);
    if (!d) return sc_fail(err, SC_NOMEM, "no memory for a dialog");
    d->conf = *conf;
    d->vendor = vendors[conf->shape];
    d->service.unix_path = conf->unix_path;
    d->service.max_reply_bytes = MAX_REPLY_BYTES;
    sc_rc rc = sc_service_name("model", conf->model, err);
    /* The only word that a vendor's path holds is the model. */
    const char *gap = strstr(d->vendor->path, "%s");
    int n = gap ? snprintf(path, sizeof path, "%.*s%s%s", (int)(gap - d->vendor->path),
                           d->vendor->path, conf->model, gap + 2)
                : snprintf(path, sizeof path, "%s", d->vendor->path);
    if (!rc && (n < 0 || (size_t)n >= sizeof path))
        rc = sc_fail(err, SC_INVALID, "the model's name is too long");
    if (!rc) rc = sc_service_set_url(&d->service, conf->url, path, err);
    if (!rc && !(d->messages = json_array())) rc = sc_fail(err, SC_NOMEM, "no memory for a dialog");
    if (rc) {
        sc_free(d);
        return rc;
    }
    sc_service_start(&d->service);
    *ret = d;
    return SC_OK;
}

void sc_dialog_close(sc_dialog *d) {
    if (!d) return;
    json_decref(d->messages);
    sc_service_done(&d->service);
    sc_free(d);
}

/* As JSON can hold it: programs write anything. */
static sc_str clean(sc_str text, sc_buf *b) {
    bool plain = sc_utf8_valid(text) && (!text.n || !memchr(text.p, 0, text.n));
    if (plain) return text;
    for (size_t i = 0; i < text.n;) {
        uint32_t c = sc_utf8_next(text, &i);
        sc_buf_put_utf8(b, c ? c : 0xFFFD);
    }
    return sc_buf_str(b);
}

sc_rc sc_dialog_say(sc_dialog *d, sc_str text, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SIZE_MAX / 2);
    json_t *message = d->vendor->user(clean(text, &b));
    return message && !json_array_append_new(d->messages, message)
               ? SC_OK
               : sc_fail(err, SC_NOMEM, "no memory for a message");
}

void sc_dialog_turn_done(sc_dialog_turn *t) {
    for (size_t i = 0; i < t->n_calls; i++) json_decref(t->calls[i].args);
    t->n_calls = 0;
}

/* ---- The budget ---------------------------------------------------------------------------------- */

/* The oldest result that is still whole becomes a line. False: only the newest are left. */
static bool shorten_one(sc_dialog *d) {
    while (d->n_shortened + KEPT_RESULTS < d->n_results) {
        json_t *text = d->results[d->n_shortened++];
        char line[96];
        size_t n = json_string_length(text);
        int wrote = snprintf(line, sizeof line,
                             "[%zu bytes were here; ask for them again if you need them]", n);
        if (n > (size_t)wrote && !json_string_setn(text, line, (size_t)wrote)) return true;
    }
    return false;
}

static sc_rc write_body(sc_dialog *d, sc_buf *b, sc_err *err) {
    for (;;) {
        SC_AUTO(sc_json_auto) json_t *body = d->vendor->body(d);
        sc_buf_reset(b);
        if (!body) return sc_fail(err, SC_NOMEM, "no memory for a request");
        sc_json_dump(body, b);
        sc_rc rc = sc_buf_check(b, "a request", err);
        if (rc || b->n <= d->conf.context_bytes) return rc;
        /* A quarter more than needed: what the service has in its cache ends at the first change. */
        size_t over = b->n - d->conf.context_bytes + d->conf.context_bytes / 4, freed = 0;
        bool any = false;
        while (freed < over) {
            size_t before =
                d->n_shortened < d->n_results ? json_string_length(d->results[d->n_shortened]) : 0;
            if (!shorten_one(d)) break;
            any = true;
            freed += before;
        }
        if (!any) return SC_OK; /* the service may still take it */
    }
}

/* ---- Asking -------------------------------------------------------------------------------------- */

static sc_rc ask(sc_dialog *d, int64_t deadline_ms, sc_arena *arena, sc_dialog_turn *ret,
                 sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf body;
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    sc_buf_init(&body, MAX_BODY_BYTES);
    sc_str text;
    json_t *message = NULL;
    sc_dialog_turn turn = {.n_calls = 0};
    sc_rc rc = write_body(d, &body, err);
    if (!rc)
        rc = sc_service_post(&d->service, sc_buf_str(&body), deadline_ms, NULL, arena, &text, err);
    if (!rc && sc_json_parse(text, &reply, err))
        rc = sc_fail(err, SC_UPSTREAM, "the service's reply is no JSON");
    if (!rc) rc = d->vendor->take(d, reply, arena, &message, &turn, err);
    if (!rc && message && json_array_append(d->messages, message))
        rc = sc_fail(err, SC_NOMEM, "no memory for a message");
    json_decref(message);
    if (rc)
        sc_dialog_turn_done(&turn);
    else
        *ret = turn;
    return rc;
}

sc_rc sc_dialog_ask(sc_dialog *d, int64_t deadline_ms, sc_arena *arena, sc_dialog_turn *ret,
                    sc_err *err) {
    sc_err why = {0};
    sc_rc rc = ask(d, deadline_ms, arena, ret, &why);
    bool form = (rc == SC_INVALID || rc == SC_UNPROCESSABLE) && !d->no_limit &&
                strstr(why.msg, "max_completion_tokens");
    if (form) { /* no second try, but another way of asking */
        d->no_limit = true;
        rc = ask(d, deadline_ms, arena, ret, &why);
    }
    if (rc && err) *err = why;
    return rc;
}

sc_rc sc_dialog_results(sc_dialog *d, const sc_dialog_turn *t, const sc_str *texts, sc_err *err) {
    json_t *strings[SC_DIALOG_MAX_CALLS] = {0};
    if (!t->n_calls) return SC_OK;
    bool ok = d->n_results + t->n_calls <= SC_DIALOG_MAX_RESULTS;
    if (!ok) return sc_fail(err, SC_TOO_LARGE, "over %d calls", SC_DIALOG_MAX_RESULTS);
    for (size_t i = 0; i < t->n_calls && ok; i++) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, SIZE_MAX / 2);
        sc_str text = clean(texts[i], &b);
        ok = (strings[i] = json_stringn(text.p ? text.p : "", text.n)) != NULL;
    }
    ok = ok && d->vendor->results(d->messages, t, strings);
    for (size_t i = 0; i < t->n_calls; i++) {
        if (ok) d->results[d->n_results++] = strings[i]; /* the messages hold it now */
        json_decref(strings[i]);
    }
    return ok ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for a tool's result");
}
