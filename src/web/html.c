#include "web/html.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;color:#1c2430;background:#f7f8fa;margin:0}"
    "header,main{max-width:60rem;margin:0 auto;padding:1rem}"
    "header{display:flex;justify-content:space-between;align-items:center}"
    "h1{font-size:1.3rem;margin:.5rem "
    "0}a{color:#1b4f9c;text-decoration:none}a:hover{text-decoration:underline}"
    "table{width:100%;border-collapse:collapse;background:#fff;border:1px solid "
    "#dfe3e8;border-radius:6px}"
    "th,td{text-align:left;padding:.5rem .75rem;border-bottom:1px solid #eceff2;vertical-align:top}"
    "th{font-size:.8rem;color:#5a6472;font-weight:600}.n{text-align:right;font-variant-numeric:"
    "tabular-nums}"
    ".m{color:#5a6472;font-size:.875rem}.s{white-space:nowrap}article{background:#fff;border:1px "
    "solid #dfe3e8;"
    "border-radius:6px;padding:.75rem 1rem;margin:0 0 .75rem}article h2{font-size:1rem;margin:0}"
    "p{margin:.4rem 0;white-space:pre-wrap;overflow-wrap:anywhere}form{margin:0}"
    "button,input{font:inherit;padding:.35rem .7rem;border:1px solid "
    "#b9c1cb;border-radius:6px;background:#fff}"
    "input{width:24rem;max-width:100%}"
    "@media(prefers-color-scheme:dark){body{color:#dde3ea;background:#14181d}table,article,button,"
    "input"
    "{background:#1c2229;border-color:#333c47;color:inherit}th,td{border-color:#2a323b}a{color:#"
    "8ab6f5}"
    ".m,th{color:#97a3b1}}";

/* The style sheet stands in the page; the policy allows it by its hash and nothing else. */
static char policy[256];
static pthread_once_t policy_once = PTHREAD_ONCE_INIT;

static void make_policy(void) {
    unsigned char hash[32], text[48];
    SHA256((const unsigned char *)style, sizeof style - 1, hash);
    EVP_EncodeBlock(text, hash, sizeof hash);
    snprintf(policy, sizeof policy,
             "default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; "
             "frame-ancestors 'none'",
             (const char *)text);
}

void sc_html_text(sc_buf *b, sc_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        switch (c) {
        case '&': sc_buf_puts(b, "&amp;"); break;
        case '<': sc_buf_puts(b, "&lt;"); break;
        case '>': sc_buf_puts(b, "&gt;"); break;
        case '"': sc_buf_puts(b, "&quot;"); break;
        case '\'': sc_buf_puts(b, "&#39;"); break;
        default: sc_buf_putc(b, c < ' ' && c != '\n' && c != '\t' ? ' ' : (char)c);
        }
    }
}

static void put_ago(sc_buf *b, int64_t s) {
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {
        {86400, "day"},
        {3600, "hour"},
        {60, "minute"},
    };
    for (size_t i = 0; i < SC_LEN(units); i++) {
        int64_t n = s / units[i].seconds;
        if (n > 0) {
            sc_buf_putf(b, "%lld %s%s ago", (long long)n, units[i].unit, n == 1 ? "" : "s");
            return;
        }
    }
    sc_buf_puts(b, "just now");
}

void sc_html_time(sc_buf *b, int64_t ms, int64_t now_ms) {
    if (!ms) return;
    char text[SC_TIME_TEXT];
    sc_time_format(ms, text);
    sc_buf_putf(b, "<time title=\"%s\" datetime=\"%s\">", text, text);
    if (now_ms - ms < 30 * 86400000LL)
        put_ago(b, (now_ms - ms) / 1000);
    else
        sc_buf_put(b, text, 10);
    sc_buf_puts(b, "</time>");
}

void sc_html_open(sc_buf *b, sc_str title, bool signed_in) {
    sc_buf_puts(b,
                "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
    sc_html_text(b, title);
    sc_buf_puts(b, " - Soulcaster</title><style>");
    sc_buf_puts(b, style);
    sc_buf_puts(b, "</style></head><body><header><a href=\"/\"><b>Soulcaster</b></a>");
    if (signed_in)
        sc_buf_puts(b, "<form method=\"post\" action=\"/logout\"><button>Sign out</button></form>");
    sc_buf_puts(b, "</header><main><h1>");
    sc_html_text(b, title);
    sc_buf_puts(b, "</h1>");
}

void sc_html_close(sc_buf *b) { sc_buf_puts(b, "</main></body></html>\n"); }

sc_rc sc_html_reply(sc_req *q, int status, sc_buf *b, sc_err *err) {
    pthread_once(&policy_once, make_policy);
    sc_rc rc = sc_buf_check(b, "the page", err);
    if (rc) return rc;
    q->reply_bytes = b->n;
    sc_http_reply_header(q->http, "Content-Security-Policy", policy);
    sc_http_reply_header(q->http, "Referrer-Policy", "no-referrer");
    sc_http_reply(q->http, status, "text/html; charset=utf-8", sc_buf_str(b));
    return SC_OK;
}

void sc_html_login_form(sc_buf *b) {
    sc_buf_puts(
        b,
        "<p>Sign in with a one-time link. The terminal that runs Soulcaster shows one; "
        "if you have just used it, <a href=\"/\">go on</a>.</p>"
        "<form method=\"post\" action=\"/login\"><input name=\"token\" type=\"password\" "
        "autocomplete=\"off\" required placeholder=\"the token of the link\" aria-label=\"Token\"> "
        "<button>Sign in</button></form>");
}

void sc_page_fail(sc_req *q, const sc_err *err) {
    int status = sc_rc_http(err->rc);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 65536);
    bool sign_in = err->rc == SC_UNAUTHORIZED;
    sc_html_open(&b, sign_in ? SC_STR("Sign in") : SC_STR("That did not work"), q->known);
    if (sign_in && q->by_session) sc_buf_puts(&b, "<p>The session has ended.</p>");
    if (sign_in && !q->by_session && q->op && strcmp(q->op->id, "login") == 0)
        sc_buf_puts(&b, "<p>This token is not known, was used already, or is too old.</p>");
    if (sign_in) {
        sc_html_login_form(&b);
    } else {
        sc_buf_puts(&b, "<p>");
        sc_html_text(&b, sc_str_of(err->msg));
        sc_buf_puts(&b, "</p><p class=\"m\">");
        sc_html_text(&b, sc_http_request_id(q->http));
        sc_buf_puts(&b, "</p>");
    }
    sc_html_close(&b);
    sc_err again;
    if (sc_html_reply(q, status, &b, &again)) sc_problem_reply(q->http, err, status);
}
