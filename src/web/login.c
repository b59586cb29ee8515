/* Signing in with a one-time token or an API key, and out again. */
#include <stdio.h>

#include "web/auth.h"
#include "web/handlers.h"
#include "web/html.h"

enum { COOKIE_SECONDS = 30 * 24 * 3600 };

static void set_cookie(sc_req *q, const char *value, int max_age) {
    /* Behind a proxy that speaks TLS the cookie must not travel without it. */
    bool tls = sc_str_ieq(sc_http_header(q->http, "X-Forwarded-Proto"), SC_STR("https"));
    char text[256];
    snprintf(text, sizeof text, "sc_session=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
             value, max_age, tls ? "; Secure" : "");
    sc_http_reply_header(q->http, "Set-Cookie", text);
}

static void go_to(sc_req *q, const char *where) {
    sc_http_reply_header(q->http, "Location", where);
    sc_http_reply_header(q->http, "Referrer-Policy", "no-referrer");
    q->reply_bytes = 0;
    sc_http_reply(q->http, 303, "text/plain", SC_STR_NONE);
}

/* Browsers take "//host" and "/\host" for another server, and cut tabs and line ends out first. */
static bool is_local(sc_str next) {
    if (next.n < 1 || next.p[0] != '/') return false;
    if (next.n > 1 && (next.p[1] == '/' || next.p[1] == '\\')) return false;
    for (size_t i = 0; i < next.n; i++)
        if ((unsigned char)next.p[i] <= ' ' || (unsigned char)next.p[i] >= 0x7F) return false;
    return true;
}

static sc_rc go_on(sc_req *q, sc_err *err) {
    sc_str next = sc_req_param(q, "next");
    if (!is_local(next)) next = SC_STR("/");
    const char *where = sc_arena_copy(sc_req_arena(q), next.p, next.n);
    if (!where) return sc_fail(err, SC_NOMEM, "no memory for the address");
    go_to(q, where);
    return SC_OK;
}

static sc_rc sign_in(sc_req *q, sc_str secret, sc_err *err) {
    sc_secret cookie;
    sc_rc rc = sc_access_login(sc_req_app(q), secret, &cookie, err);
    if (!rc) set_cookie(q, cookie.text, COOKIE_SECONDS);
    return rc;
}

static sc_rc reply_form(sc_req *q, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 65536);
    sc_html_open(&b, SC_STR("Sign in"));
    sc_html_login_form(&b, sc_req_param(q, "next"));
    sc_html_close(&b);
    return sc_html_reply(q, 200, &b, err);
}

sc_rc sc_on_loginPage(sc_req *q, sc_err *err) {
    sc_str token = sc_req_param(q, "token");
    /* Whoever only looks at a link (HEAD) must not use it up. */
    if (!token.p || sc_http_method_get(q->http) == SC_HEAD) return reply_form(q, err);
    sc_rc rc = sign_in(q, token, err);
    return rc ? rc : go_on(q, err);
}

static sc_rc form_value(sc_req *q, const char *name, sc_str *ret, sc_err *err) {
    sc_target form;
    sc_rc rc = sc_req_form(q, &form, err);
    for (size_t i = 0; !rc && i < form.n_params; i++) {
        if (!sc_str_is(form.params[i].name, name)) continue;
        *ret = form.params[i].value;
        break;
    }
    return rc;
}

sc_rc sc_on_login(sc_req *q, sc_err *err) {
    sc_str secret = sc_req_text(q, "token");
    sc_rc rc = sc_auth_origin(q, err);
    if (!rc && !q->body) rc = form_value(q, "token", &secret, err);
    if (rc) return rc;
    if (!secret.n) return sc_fail_field(err, SC_UNPROCESSABLE, "token", "is missing");
    rc = sign_in(q, secret, err);
    if (rc || !q->body) return rc ? rc : go_on(q, err);
    sc_req_reply(q, 200, "application/json", SC_STR("{\"status\":\"ok\"}"));
    return SC_OK;
}

sc_rc sc_on_logout(sc_req *q, sc_err *err) {
    sc_rc rc = sc_auth_origin(q, err);
    if (rc) return rc;
    sc_str cookie = sc_http_cookie(q->http, "sc_session");
    rc = cookie.n ? sc_access_logout(sc_req_app(q), cookie, err) : SC_OK;
    if (rc && rc != SC_NOT_FOUND && rc != SC_UNAUTHORIZED) return rc;
    set_cookie(q, "", 0);
    go_to(q, "/login");
    return SC_OK;
}
