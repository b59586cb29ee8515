/* The dashboard: one page for all its addresses, and the files that the page asks for. */
#include "web/dashboard.h"

#include <stdio.h>

#include "web/handlers.h"

/* No script and no style but our files, no other server, no frame, nothing written into the page as HTML. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
    "data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static const sc_web_file *find(sc_str name) {
    size_t from = 0, to = sc_web_files_n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int order = sc_str_cmp(name, sc_str_of(sc_web_files[mid].name));
        if (!order) return &sc_web_files[mid];
        if (order < 0)
            to = mid;
        else
            from = mid + 1;
    }
    return NULL;
}

typedef struct form {
    sc_str bytes;
    const char *coding; /* NULL: as it is */
} form;

/* The smallest form that the client takes. */
static form best(const sc_web_file *f, sc_str accepts) {
    if (f->brotli.n && sc_http_accepts(accepts, "br")) return (form){f->brotli, "br"};
    if (f->gzip.n && sc_http_accepts(accepts, "gzip")) return (form){f->gzip, "gzip"};
    return (form){f->raw, NULL};
}

/* If-None-Match (RFC 9110, 13.1.2): weak comparison with each of the list. */
static bool has_it(sc_str header, sc_str etag) {
    sc_str one;
    while (sc_str_next(&header, ',', &one)) {
        one = sc_str_trim(one);
        if (sc_str_is(one, "*")) return true;
        if (sc_str_starts(one, "W/")) one = (sc_str){one.p + 2, one.n - 2};
        if (sc_str_eq(one, etag)) return true;
    }
    return false;
}

static void reply_file(sc_req *q, const sc_web_file *f, const char *cache) {
    form best_form = best(f, sc_http_header(q->http, "Accept-Encoding"));
    char etag[80];
    snprintf(etag, sizeof etag, "\"%s%s%s\"", f->etag, best_form.coding ? "-" : "",
             best_form.coding ? best_form.coding : "");
    sc_http_reply_header(q->http, "ETag", etag);
    sc_http_reply_header(q->http, "Cache-Control", cache);
    if (best_form.coding) sc_http_reply_header(q->http, "Vary", "Accept-Encoding");
    if (has_it(sc_http_header(q->http, "If-None-Match"), sc_str_of(etag))) {
        q->reply_bytes = 0;
        sc_http_reply(q->http, 304, NULL, SC_STR_NONE);
        return;
    }
    if (best_form.coding) sc_http_reply_header(q->http, "Content-Encoding", best_form.coding);
    q->reply_bytes = best_form.bytes.n;
    sc_http_reply(q->http, 200, f->type, best_form.bytes);
}

sc_rc sc_on_page(sc_req *q, sc_err *err) {
    const sc_web_file *f = find(SC_STR("index.html"));
    if (!f) return sc_fail(err, SC_INTERNAL, "the program was built without a page");
    sc_http_reply_header(q->http, "Content-Security-Policy", policy);
    sc_http_reply_header(q->http, "Cross-Origin-Opener-Policy", "same-origin");
    sc_http_reply_header(q->http, "Referrer-Policy", "same-origin");
    reply_file(q, f, "no-cache");
    return SC_OK;
}

sc_rc sc_on_getAsset(sc_req *q, sc_err *err) {
    char name[128];
    sc_str asked = sc_req_param(q, "name");
    int n = snprintf(name, sizeof name, "assets/%.*s", SC_FMT(asked));
    const sc_web_file *f = n < (int)sizeof name ? find((sc_str){name, (size_t)n}) : NULL;
    if (!f) return sc_fail(err, SC_NOT_FOUND, "there is no such file in this version");
    reply_file(q, f, "public, max-age=31536000, immutable");
    return SC_OK;
}
