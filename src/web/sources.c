/* Sources: their state, and test reports. */
#include "app/sources.h"

#include "web/handlers.h"

static void put_refusal(sc_buf *b, const sc_refusal *r) {
    sc_render_name(b, "refused");
    if (!r->at_ms) {
        sc_buf_puts(b, "null");
        return;
    }
    char code[32];
    sc_problem_code(r->rc, code);
    sc_buf_putc(b, '{');
    sc_render_time(b, "at", r->at_ms);
    sc_render_int(b, "status", sc_rc_http(r->rc));
    sc_render_str(b, "code", sc_str_of(code));
    sc_render_str(b, "detail", sc_str_of(r->detail));
    sc_buf_putc(b, '}');
}

/* The operations by which a source alone comes in; of a batch each line has its own answer. */
static const struct {
    const char *operation, *source;
} ways[] = {
    {"ingestManual", "manual"},          {"ingestReddit", "reddit"},
    {"ingestSentry", "sentry"},          {"ingestGithubWebhook", "github"},
    {"ingestDatadogWebhook", "datadog"}, {"ingestPosthogWebhook", "posthog"},
    {"ingestSplunkWebhook", "splunk"},   {"submitForm", "form"},
};

/* None when nobody calls for it. */
static sc_str webhook_path(const sc_contract *c, const sc_source_ops *source) {
    for (size_t i = 0; source->webhook && i < SC_LEN(ways); i++)
        if (!strcmp(ways[i].source, source->name))
            return sc_str_of(sc_contract_operation(c, ways[i].operation)->path);
    return SC_STR_NONE;
}

static void put_setting(sc_buf *b, const sc_setting *row) {
    static const char *const types[] = {
        [SC_SETTING_SECRET] = "secret",   [SC_SETTING_SECRETS] = "secrets",
        [SC_SETTING_BOOL] = "bool",       [SC_SETTING_INT] = "int",
        [SC_SETTING_NAMES] = "names",     [SC_SETTING_CHOICE] = "choice",
        [SC_SETTING_CHOICES] = "choices",
    };
    sc_str rest = sc_str_of(row->choices), choice;
    sc_buf_putc(b, '{');
    sc_render_str(b, "key", sc_str_of(row->key));
    sc_render_str(b, "type", sc_str_of(types[row->type]));
    sc_render_name(b, "choices");
    sc_buf_putc(b, '[');
    while (row->choices && sc_str_next(&rest, '|', &choice)) {
        sc_render_comma(b);
        sc_buf_put_json(b, choice);
    }
    sc_buf_putc(b, ']');
    sc_render_str(b, "help", sc_str_of(row->help));
    sc_buf_putc(b, '}');
}

static void put_settings(sc_buf *b, const sc_source_ops *source) {
    sc_render_name(b, "settings");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < source->n_settings; i++) {
        sc_render_comma(b);
        put_setting(b, &source->settings[i]);
    }
    sc_buf_putc(b, ']');
}

static void put_source(sc_buf *b, const sc_contract *c, const sc_source_state *s) {
    sc_buf_putc(b, '{');
    sc_render_str(b, "source", sc_str_of(s->source->name));
    sc_render_str(b, "summary", sc_str_of(s->source->summary));
    sc_render_bool(b, "webhook", s->source->webhook != NULL);
    sc_render_str_or_null(b, "webhook_path", webhook_path(c, s->source));
    sc_render_bool(b, "webhook_token", s->source->secret_in_address);
    put_settings(b, s->source);
    sc_render_bool(b, "configured", !s->missing);
    sc_render_str_or_null(b, "missing", sc_str_of(s->missing));
    sc_render_int(b, "received", s->received);
    sc_render_int(b, "received_24h", s->received_24h);
    sc_render_time(b, "last_received_at", s->last_received_ms);
    put_refusal(b, &s->refused);
    sc_buf_putc(b, '}');
}

sc_rc sc_on_listSources(sc_req *q, sc_err *err) {
    sc_source_state *list;
    size_t n;
    sc_rc rc = sc_sources_list(sc_req_app(q), &q->project, sc_req_arena(q), &list, &n, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; i < n; i++) {
        sc_render_comma(&b);
        put_source(&b, q->web->contract, &list[i]);
    }
    sc_render_list_close(&b, (int64_t)n, SC_STR_NONE);
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_testSource(sc_req *q, sc_err *err) {
    const sc_source_ops *source = sc_app_source(sc_req_app(q), sc_req_param(q, "source"));
    sc_source_item *items;
    size_t n;
    if (!source)
        return sc_fail_field(err, SC_NOT_FOUND, "source", "this server has no such source");
    sc_rc rc =
        sc_sources_sample(sc_req_app(q), &q->project, source, sc_req_arena(q), &items, &n, err);
    return rc ? rc : sc_reply_ingested(q, items, n, err);
}

void sc_source_refused(const sc_req *q, const sc_err *why) {
    if (!q->op || !sc_id_is_set(&q->project)) return;
    for (size_t i = 0; i < SC_LEN(ways); i++) {
        if (strcmp(q->op->id, ways[i].operation) != 0) continue;
        const sc_source_ops *source = sc_app_source(sc_req_app(q), sc_str_of(ways[i].source));
        if (source) sc_refusal_note(sc_req_app(q), &q->project, source, why);
    }
}
