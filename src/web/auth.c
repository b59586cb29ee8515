#include "web/auth.h"

#include "core/key.h"

static sc_str bearer(const sc_http_request *r) {
    sc_str h = sc_http_header(r, "Authorization");
    if (h.n < 7 || !sc_str_ieq((sc_str){h.p, 7}, SC_STR("Bearer "))) return SC_STR_NONE;
    return sc_str_trim((sc_str){h.p + 7, h.n - 7});
}

/* The browser's own word where it gives one (Fetch Metadata: not on plain HTTP from afar), else
 * "https://host:port" against the Host header. */
static bool same_origin(const sc_http_request *r) {
    sc_str site = sc_http_header(r, "Sec-Fetch-Site");
    if (site.p) return sc_str_is(site, "same-origin") || sc_str_is(site, "none");
    sc_str origin = sc_http_header(r, "Origin");
    if (!origin.p) return true; /* not a browser, or a same-origin GET */
    size_t at = sc_str_find(origin, SC_STR("://"));
    if (at == SIZE_MAX) return false;
    return sc_str_ieq((sc_str){origin.p + at + 3, origin.n - at - 3}, sc_http_header(r, "Host"));
}

sc_rc sc_auth_origin(const sc_req *q, sc_err *err) {
    if (same_origin(q->http)) return SC_OK;
    return sc_fail(err, SC_FORBIDDEN, "this change comes from a foreign page");
}

static sc_rc check_forgery(const sc_req *q, sc_err *err) {
    if (q->op->method == SC_GET) return SC_OK;
    sc_rc rc = sc_auth_origin(q, err);
    if (rc) return rc;
    if (!sc_str_ieq(sc_http_header(q->http, "X-Requested-With"), SC_STR("soulcaster")))
        return sc_fail(err, SC_FORBIDDEN,
                       "a change by cookie needs the header X-Requested-With: soulcaster");
    return SC_OK;
}

static sc_rc identify(sc_req *q, sc_err *err) {
    sc_str key = sc_http_header(q->http, "X-API-Key");
    if (!key.p) key = bearer(q->http);
    if (key.p) return sc_access_check_key(sc_req_app(q), key, &q->who, err);
    sc_str cookie = sc_http_cookie(q->http, "sc_session");
    if (!cookie.p) return sc_fail(err, SC_UNAUTHORIZED, "send an API key in the X-API-Key header");
    q->by_session = true;
    sc_rc rc = sc_access_check_session(sc_req_app(q), cookie, &q->who, err);
    return rc ? rc : check_forgery(q, err);
}

sc_rc sc_auth_check(sc_req *q, sc_err *err) {
    if (q->op->access != SC_ACCESS_KEY) return SC_OK;
    sc_rc rc = identify(q, err);
    if (rc) return rc;
    q->known = true;
    if (sc_key_allows(q->who.scopes, q->op->scope)) return SC_OK;
    SC_AUTO(sc_buf_done) sc_buf need;
    sc_buf_init(&need, 64);
    sc_key_scopes_format(q->op->scope, &need);
    return sc_fail(err, SC_FORBIDDEN, "this key lacks the scope '%s'", need.p ? need.p : "?");
}

bool sc_auth_holds(const sc_req *q) {
    sc_req again = *q;
    sc_err err = {0};
    sc_rc rc = identify(&again, &err);
    return rc != SC_UNAUTHORIZED && rc != SC_FORBIDDEN;
}

sc_rc sc_auth_project(sc_req *q, sc_err *err) {
    if (!q->op->has_project) return SC_OK;
    return sc_projects_resolve(&q->web->projects, sc_req_app(q), &q->who.project_id,
                               sc_req_param(q, "project_id"), &q->project, err);
}
