/* Errors and lists of models as the vendors' own services write them, so that agents show them and their client
 * libraries do not choke. https://platform.openai.com/docs/guides/error-codes,
 * https://docs.anthropic.com/en/api/errors, https://ai.google.dev/gemini-api/docs/troubleshooting */
#include <stdio.h>

#include "proxy/conn.h"

typedef struct wording {
    sc_rc rc;
    int status;
    const char *openai, *anthropic, *google;
} wording;

/* A cap gives 402: 429 would be tried again, for nothing. */
static const wording wordings[] = {
    {SC_INVALID, 400, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    {SC_LIMITED, 402, "insufficient_quota", "billing_error", "FAILED_PRECONDITION"},
    {SC_FORBIDDEN, 403, "permission_denied", "permission_error", "PERMISSION_DENIED"},
    {SC_NOT_FOUND, 404, "not_found", "not_found_error", "NOT_FOUND"},
    {SC_METHOD, 405, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    {SC_TOO_LARGE, 413, "invalid_request_error", "request_too_large", "INVALID_ARGUMENT"},
    {SC_MEDIA_TYPE, 415, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    {SC_TIMEOUT, 504, "timeout", "timeout_error", "DEADLINE_EXCEEDED"},
    {SC_UPSTREAM, 502, "server_error", "api_error", "UNAVAILABLE"},
    {SC_CANCELLED, 503, "server_error", "overloaded_error", "UNAVAILABLE"},
};

static const wording *words_for(sc_rc rc) {
    static const wording other = {SC_INTERNAL, 500, "server_error", "api_error", "INTERNAL"};
    for (size_t i = 0; i < SC_LEN(wordings); i++)
        if (wordings[i].rc == rc) return &wordings[i];
    return &other;
}

static void put_error(sc_proxy_shape shape, const wording *w, sc_str words, sc_buf *b) {
    if (shape == SC_PROXY_OPENAI) {
        sc_buf_puts(b, "{\"error\":{\"message\":");
        sc_buf_put_json(b, words);
        sc_buf_putf(b, ",\"type\":\"%s\",\"param\":null,\"code\":\"%s\"}}", w->openai, w->openai);
    } else if (shape == SC_PROXY_ANTHROPIC) {
        sc_buf_putf(b, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":", w->anthropic);
        sc_buf_put_json(b, words);
        sc_buf_puts(b, "}}");
    } else {
        sc_buf_putf(b, "{\"error\":{\"code\":%d,\"status\":\"%s\",\"message\":", w->status,
                    w->google);
        sc_buf_put_json(b, words);
        sc_buf_puts(b, "}}");
    }
}

bool sc_proxy_refuse(sc_proxy_conn *c, const sc_proxy_request *r, sc_proxy_shape shape,
                     const sc_err *why) {
    const wording *w = words_for(why->rc);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 16 << 10);
    put_error(shape, w, sc_str_of(why->msg), &b);
    /* A body that was not read would be taken for the next request. */
    bool unread = r->head.chunked || r->head.length > 0;
    bool closes = unread || r->head.closes;
    bool again = w->status >= 500;
    bool ok = sc_wire_reply(&c->wire, w->status, "application/json",
                            again ? NULL : "x-should-retry: false\r\n", sc_buf_str(&b), closes,
                            sc_str_is(r->head.method, "HEAD"));
    return ok && !closes;
}

bool sc_proxy_list(sc_proxy_conn *c, const sc_proxy_request *r, sc_proxy_shape shape) {
    const sc_proxy_upstream *u = sc_proxy_upstream_of(c->proxy, shape);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_buf_puts(&b, shape == SC_PROXY_GEMINI   ? "{\"models\":["
                    : shape == SC_PROXY_OPENAI ? "{\"object\":\"list\",\"data\":["
                                               : "{\"has_more\":false,\"data\":[");
    for (size_t i = 0; u && i < u->n_models; i++) {
        const char *name = u->models[i].name;
        if (i) sc_buf_putc(&b, ',');
        if (shape == SC_PROXY_GEMINI)
            sc_buf_putf(&b,
                        "{\"name\":\"models/%s\",\"supportedGenerationMethods\":"
                        "[\"generateContent\",\"countTokens\"]}",
                        name);
        else if (shape == SC_PROXY_OPENAI)
            sc_buf_putf(&b, "{\"id\":\"%s\",\"object\":\"model\",\"created\":0,\"owned_by\":\"-\"}",
                        name);
        else
            sc_buf_putf(&b,
                        "{\"type\":\"model\",\"id\":\"%s\",\"display_name\":\"%s\","
                        "\"created_at\":\"1970-01-01T00:00:00Z\"}",
                        name, name);
    }
    sc_buf_puts(&b, "]}");
    return sc_wire_reply(&c->wire, 200, "application/json", NULL, sc_buf_str(&b), r->head.closes,
                         false) &&
           !r->head.closes;
}
