/* The public feedback form of a project, and the widget's script. No key: what comes in is held back by the
 * opt-in, the mark, the honeypot, the counts and the limits of size. No cookie is looked at or set. */
#include "app/ingest.h"

#include <stdio.h>

#include "assets.h"
#include "web/auth.h"
#include "web/form_guard.h"
#include "web/form_page.h"
#include "web/handlers.h"
#include "web/html.h"

typedef struct form_call {
    sc_ingest in;
    sc_feedback report;
    sc_put_result result;
    sc_req *q;
    json_t *settings;
    sc_form_page page;
    sc_buf sorry;            /* the form again, made before the wait: nothing there may fail */
    char mark[SC_FORM_MARK]; /* of the page that is answered with; empty: a new one is made */
    char where[160];
} form_call;

static sc_rc not_here(sc_err *err) {
    return sc_fail(err, SC_NOT_FOUND, "there is no form at this address");
}

/* The project that the address names, if it has a form; else the same words as for no project. The settings are
 * freed with the request. */
static sc_rc find_form(sc_req *q, form_call *c, sc_err *err) {
    const sc_store *s = sc_req_store(q);
    const sc_source_ops *form = sc_app_source(sc_req_app(q), SC_STR("form"));
    sc_project p;
    sc_err why = {0};
    if (!form) return not_here(err);
    sc_rc rc = s->ops->project_get(s->self, sc_req_param(q, "project"), sc_req_arena(q), &p, &why);
    if (rc == SC_NOT_FOUND) return not_here(err);
    if (!rc) rc = sc_settings_get(sc_req_app(q), &p.id, form, &c->settings, &why);
    if (rc) {
        if (err) *err = why;
        return rc;
    }
    json_decref(q->body); /* it is this request's to free */
    q->body = c->settings;
    if (!json_is_true(json_object_get(c->settings, "enabled"))) return not_here(err);
    q->project = p.id;
    c->q = q;
    c->page.project = p.name;
    c->page.ask_contact = json_is_true(json_object_get(c->settings, "ask_contact"));
    return SC_OK;
}

static void send_page(const form_call *c, int status, sc_str text) {
    sc_form_headers(c->q, json_object_get(c->settings, "origins"));
    c->q->reply_bytes = text.n;
    sc_http_reply(c->q->http, status, "text/html; charset=utf-8", text);
}

static sc_rc write_form(form_call *c, sc_buf *b, sc_err *err) {
    sc_req *q = c->q;
    sc_rc rc = c->mark[0] ? SC_OK
                          : sc_form_mark(&q->web->form_guard, sc_req_store(q), &q->project,
                                         sc_req_now_ms(q), c->mark, err);
    if (rc) return rc;
    c->page.mark = c->mark;
    sc_form_page_write(&c->page, b);
    return sc_buf_check(b, "the page", err);
}

static sc_rc reply_form(form_call *c, int status, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_rc rc = write_form(c, &b, err);
    if (!rc) send_page(c, status, sc_buf_str(&b));
    return rc;
}

/* The form with what was typed, and what is wrong with it. */
static sc_rc again(form_call *c, int status, const char *field, const char *problem, sc_err *err) {
    c->page.field = field;
    c->page.problem = problem;
    const sc_err why = {.rc = status == 429 ? SC_LIMITED : SC_UNPROCESSABLE};
    sc_err told = why;
    snprintf(told.msg, sizeof told.msg, "%s", problem);
    sc_source_refused(c->q, &told);
    if (status == 429) sc_http_reply_header(c->q->http, "Retry-After", "600");
    return reply_form(c, status, err);
}

sc_rc sc_on_formPage(sc_req *q, sc_err *err) {
    form_call c = {.q = q};
    sc_rc rc = find_form(q, &c, err);
    if (rc) return rc;
    if (!sc_req_bool(q, "sent")) {
        c.page.page = sc_req_param(q, "page");
        return reply_form(&c, 200, err);
    }
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 65536);
    sc_form_thanks_write(c.page.project, &b);
    rc = sc_buf_check(&b, "the page", err);
    if (!rc) send_page(&c, 200, sc_buf_str(&b));
    return rc;
}

/* ---- Sending ------------------------------------------------------------------------------------ */

static void thank(const form_call *c) {
    sc_form_headers(c->q, json_object_get(c->settings, "origins"));
    sc_http_reply_header(c->q->http, "Location", c->where);
    c->q->reply_bytes = 0;
    sc_http_reply(c->q->http, 303, "text/plain", SC_STR_NONE);
}

/* The form as it was sent. Its mark too: one that may have been stored must not become a second report. */
static void hand_back(const form_call *c, const sc_err *err) {
    sc_buf sorry = c->sorry; /* once it is answered, the request and c with it may be gone */
    sc_source_refused(c->q, err);
    c->q->failed = *err;
    sc_problem_headers(c->q->http, err);
    send_page(c, sc_rc_http(err->rc), sc_buf_str(&sorry));
    sc_buf_done(&sorry);
}

static void on_durable(sc_ingest *in, const sc_err *err) {
    form_call *c = in->self;
    if (err->rc) {
        hand_back(c, err);
    } else {
        sc_buf_done(&c->sorry);
        thank(c);
    }
}

/* Why it cannot be taken as it is, or NULL. */
static const char *wrong(const form_call *c, const char **ret_field) {
    *ret_field = "message";
    if (!sc_str_trim(c->page.message).n) return "Please write what happened.";
    if (c->page.message.n > SC_FORM_MAX_MESSAGE) return "This is too long: please shorten it.";
    *ret_field = "subject";
    if (c->page.subject.n > SC_FORM_MAX_LINE) return "The one line is too long.";
    *ret_field = "contact";
    return c->page.contact.n > SC_FORM_MAX_LINE ? "This address is too long." : NULL;
}

static const char *unwelcome(sc_form_verdict v) {
    switch (v) {
    case SC_FORM_FAST: return "That was quick. Please look at it once more and send it again.";
    case SC_FORM_STALE: return "This page was open for long. Please send it again.";
    case SC_FORM_FORGED: return "This page is not valid any more. Please send it again.";
    case SC_FORM_FINE: break;
    }
    return NULL;
}

/* What was typed as a report in the plain shape. */
static sc_rc report_of(const form_call *c, sc_str nonce, json_t **ret, sc_err *err) {
    json_t *v = json_object(), *meta = json_object();
    char id[16 + SC_FORM_NONCE];
    snprintf(id, sizeof id, "form-%.*s", SC_FMT(nonce));
    bool ok = v && meta && sc_json_set_str(v, "body", c->page.message) &&
              sc_json_set_str(v, "external_id", sc_str_of(id));
    if (ok && sc_str_trim(c->page.subject).n) ok = sc_json_set_str(v, "title", c->page.subject);
    if (ok && c->page.page.n) ok = sc_json_set_str(meta, "page", c->page.page);
    if (ok && c->page.ask_contact && c->page.contact.n)
        ok = sc_json_set_str(meta, "contact", c->page.contact);
    ok = json_object_set_new(v, "metadata", meta) == 0 && ok;
    if (!ok) {
        json_decref(v);
        return sc_fail(err, SC_NOMEM, "no memory for the report");
    }
    *ret = v;
    return SC_OK;
}

static sc_rc store(form_call *c, sc_str mark, sc_str nonce, sc_err *err) {
    sc_req *q = c->q;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_source_item item;
    const sc_source_ops *form = sc_app_source(sc_req_app(q), SC_STR("form"));
    sc_rc rc = report_of(c, nonce, &v, err);
    if (!rc) rc = sc_ingest_item(sc_req_app(q), &q->project, form, v, sc_req_arena(q), &item, err);
    if (rc) return rc;
    item.feedback.request_id = sc_http_cause(q->http);
    c->report = item.feedback;
    c->in = (sc_ingest){
        .items = &c->report, .n = 1, .results = &c->result, .done = on_durable, .self = c};
    c->page.problem = "It could not be stored just now. Please send it again in a moment.";
    c->page.field = "";
    snprintf(c->mark, sizeof c->mark, "%.*s", SC_FMT(mark));
    sc_buf_init(&c->sorry, 1 << 20);
    rc = write_form(c, &c->sorry, err);
    if (rc) {
        sc_buf_done(&c->sorry);
        return rc;
    }
    sc_err why = {.rc = SC_OK};
    if (sc_ingest_submit(sc_req_app(q), &c->in, sc_req_arena(q), &why)) hand_back(c, &why);
    return SC_OK;
}

static sc_str field(const sc_target *form, const char *name) {
    for (size_t i = 0; i < form->n_params; i++)
        if (sc_str_is(form->params[i].name, name)) return form->params[i].value;
    return SC_STR_NONE;
}

/* Only an address that is one: it is shown to people. */
static sc_str page_of(const sc_target *form) {
    const sc_str page = field(form, "page");
    const bool fine = page.n <= SC_FORM_MAX_PAGE && sc_format_find("uri")->holds(page);
    return fine ? page : SC_STR_NONE;
}

sc_rc sc_on_submitForm(sc_req *q, sc_err *err) {
    form_call *c = sc_arena_take(sc_req_arena(q), sizeof *c);
    sc_target form;
    const char *about, *problem;
    sc_form_verdict verdict;
    sc_str nonce = SC_STR_NONE;
    if (!c) return sc_fail(err, SC_NOMEM, "no memory for the form");
    sc_rc rc = find_form(q, c, err);
    if (!rc) rc = sc_auth_origin(q, err);
    if (!rc) rc = sc_req_form(q, &form, err);
    if (rc) return rc;
    snprintf(c->where, sizeof c->where, "/f/%.*s?sent=true", SC_FMT(c->page.project));
    c->page.message = field(&form, "message");
    c->page.subject = field(&form, "subject");
    c->page.contact = field(&form, "contact");
    c->page.page = page_of(&form);
    if (field(&form, "website").n) { /* a program: let it think that it was heard */
        thank(c);
        return SC_OK;
    }
    if ((problem = wrong(c, &about))) return again(c, 422, about, problem, err);
    rc = sc_form_check(&q->web->form_guard, sc_req_store(q), &q->project, field(&form, "mark"),
                       sc_req_now_ms(q), &verdict, &nonce, err);
    if (rc) return rc;
    /* Its age goes on, or somebody who is quick each time would never be heard. */
    if (verdict == SC_FORM_FAST)
        snprintf(c->mark, sizeof c->mark, "%.*s", SC_FMT(field(&form, "mark")));
    if ((problem = unwelcome(verdict))) return again(c, 422, "", problem, err);
    if (!sc_form_admit(&q->web->form_guard, &q->project, sc_http_peer(q->http),
                       sc_mono_us(sc_app_clock(sc_req_app(q)))))
        return again(c, 429, "", "Much has been sent from here. Please wait ten minutes.", err);
    return store(c, field(&form, "mark"), nonce, err);
}

sc_rc sc_on_widget(sc_req *q, sc_err *err) {
    (void)err;
    sc_http_reply_header(q->http, "Cache-Control", "public, max-age=3600");
    sc_http_reply_header(q->http, "Cross-Origin-Resource-Policy", "cross-origin");
    sc_req_reply(q, 200, "text/javascript; charset=utf-8",
                 (sc_str){(const char *)sc_asset_widget_js, sc_asset_widget_js_len});
    return SC_OK;
}
