/* Signing in with a one-time token, and out again. */
#include <stdio.h>

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

static sc_rc sign_in(sc_req *q, sc_str token, sc_err *err) {
    sc_secret cookie;
    sc_rc rc = sc_access_login(sc_req_app(q), token, &cookie, err);
    if (!rc) set_cookie(q, cookie.text, COOKIE_SECONDS);
    return rc;
}

static sc_rc reply_form(sc_req *q, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 65536);
    sc_html_open(&b, SC_STR("Sign in"), false);
    sc_html_login_form(&b);
    sc_html_close(&b);
    return sc_html_reply(q, 200, &b, err);
}

sc_rc sc_on_loginPage(sc_req *q, sc_err *err) {
    sc_str token = sc_req_param(q, "token");
    /* Whoever only looks at a link (HEAD) must not use it up. */
    if (!token.p || sc_http_method_get(q->http) == SC_HEAD) return reply_form(q, err);
    sc_rc rc = sign_in(q, token, err);
    if (!rc) go_to(q, "/");
    return rc;
}

/* The value of `name` in a form body; tokens need no decoding. */
static sc_str form_value(sc_str body, const char *name) {
    sc_str part;
    size_t n = strlen(name);
    while (sc_str_next(&body, '&', &part))
        if (part.n > n && sc_str_starts(part, name) && part.p[n] == '=')
            return (sc_str){part.p + n + 1, part.n - n - 1};
    return SC_STR_NONE;
}

sc_rc sc_on_login(sc_req *q, sc_err *err) {
    sc_str token = q->body ? sc_req_text(q, "token") : form_value(sc_http_body(q->http), "token");
    if (!token.n) return sc_fail_field(err, SC_UNPROCESSABLE, "token", "is missing");
    sc_rc rc = sign_in(q, token, err);
    if (rc) return rc;
    if (q->body)
        sc_req_reply(q, 200, "application/json", SC_STR("{\"status\":\"ok\"}"));
    else
        go_to(q, "/");
    return SC_OK;
}

sc_rc sc_on_logout(sc_req *q, sc_err *err) {
    sc_str cookie = sc_http_cookie(q->http, "sc_session");
    sc_rc rc = cookie.n ? sc_access_logout(sc_req_app(q), cookie, err) : SC_OK;
    if (rc && rc != SC_NOT_FOUND && rc != SC_UNAUTHORIZED) return rc;
    set_cookie(q, "", 0);
    go_to(q, "/login");
    return SC_OK;
}
