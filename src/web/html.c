#include "web/html.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>

/* The dashboard's colours (dashboard/src/styles/tokens.css), as much of them as a form needs. */
static const char style[] =
    ":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--line:#dfe2e8;--edge:#868c98;"
    "--text:#191c22;--dim:#5b616e;--accent:#4a51c4;--on:#fff}"
    "@media(prefers-color-scheme:dark){:root{--bg:#0f1115;--card:#171a20;--line:#2a2f39;--edge:#"
    "747b8a;"
    "--text:#e6e8ee;--dim:#a0a7b6;--accent:#a5abff;--on:#14151f}}"
    "*{box-sizing:border-box}"
    "body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;margin:0;min-height:"
    "100vh;"
    "display:grid;place-items:center;padding:1rem;background:var(--bg);color:var(--text)}"
    "main{width:min(25rem,100%);background:var(--card);border:1px solid "
    "var(--line);border-radius:12px;"
    "padding:1.75rem}h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:0 0 "
    "1rem;overflow-wrap:anywhere}"
    ".brand{display:block;font-weight:600;text-decoration:none;color:var(--dim);margin-bottom:1."
    "25rem}"
    ".m{color:var(--dim);font-size:.8125rem;margin:1rem 0 0}a{color:var(--accent)}"
    "label{display:block;font-weight:600;margin-bottom:.375rem}"
    "input,button{font:inherit;width:100%;padding:.5rem .75rem;border-radius:8px;min-height:2.5rem}"
    "input{border:1px solid var(--edge);background:var(--bg);color:inherit;margin-bottom:.75rem}"
    "button{border:0;background:var(--accent);color:var(--on);font-weight:600;cursor:pointer}"
    "code{font-size:.875em}"
    ":focus-visible{outline:2px solid var(--accent);outline-offset:2px}";

/* The style sheet stands in the page; the policy allows it by its hash and nothing else. */
static char policy[256];
static pthread_once_t policy_once = PTHREAD_ONCE_INIT;

static void make_policy(void) {
    unsigned char hash[32], text[48];
    SHA256((const unsigned char *)style, sizeof style - 1, hash);
    EVP_EncodeBlock(text, hash, sizeof hash);
    snprintf(policy, sizeof policy,
             "default-src 'none'; style-src 'sha256-%s'; img-src data:; form-action 'self'; "
             "base-uri 'none'; frame-ancestors 'none'",
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

void sc_html_open(sc_buf *b, sc_str title) {
    sc_buf_puts(b, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                   "<link rel=\"icon\" href=\"data:,\"><title>");
    sc_html_text(b, title);
    sc_buf_puts(b, " - Soulcaster</title><style>");
    sc_buf_puts(b, style);
    sc_buf_puts(b, "</style></head><body><main><a class=\"brand\" href=\"/\">Soulcaster</a><h1>");
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
    /* Not no-referrer: with it, a browser sends the form with "Origin: null". */
    sc_http_reply_header(q->http, "Referrer-Policy", "same-origin");
    sc_http_reply(q->http, status, "text/html; charset=utf-8", sc_buf_str(b));
    return SC_OK;
}

void sc_html_login_form(sc_buf *b, sc_str next) {
    sc_buf_puts(b, "<p>With an API key, or with a one-time link: the terminal that runs Soulcaster "
                   "shows one, and <code>soulcaster keys login</code> makes another.</p>"
                   "<form method=\"post\" action=\"/login");
    if (next.n) sc_buf_puts(b, "?next=");
    for (size_t i = 0; i < next.n; i++) sc_buf_putf(b, "%%%02X", (unsigned char)next.p[i]);
    sc_buf_puts(
        b, "\"><label for=\"token\">API key or token</label><input id=\"token\" name=\"token\" "
           "type=\"password\" autocomplete=\"current-password\" required autofocus>"
           "<button>Sign in</button></form>"
           "<p class=\"m\">Just used a link? <a href=\"/\">Go on to the dashboard</a>.</p>");
}

static void put_failure(sc_req *q, sc_buf *b, const sc_err *err) {
    sc_buf_puts(b, "<p>");
    sc_html_text(b, sc_str_of(err->msg));
    sc_buf_puts(b, ".</p><p><a href=\"/\">To the dashboard</a></p><p class=\"m\">Request ");
    sc_html_text(b, sc_http_request_id(q->http));
    sc_buf_puts(b, "</p>");
}

void sc_page_fail(sc_req *q, const sc_err *err) {
    int status = sc_rc_http(err->rc);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 65536);
    bool sign_in = err->rc == SC_UNAUTHORIZED;
    sc_html_open(&b, sign_in ? SC_STR("Sign in") : SC_STR("That did not work"));
    if (sign_in) {
        sc_buf_puts(&b, "<p role=\"alert\">This key or token is not known, was used already, or is "
                        "too old.</p>");
        sc_html_login_form(&b, sc_req_param(q, "next"));
    } else {
        put_failure(q, &b, err);
    }
    sc_html_close(&b);
    sc_err again;
    if (sc_html_reply(q, status, &b, &again)) sc_problem_reply(q->http, err, status);
}
