#include "web/form_page.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>

#include "web/html.h"

static const char style[] =
    ":root{color-scheme:light "
    "dark;--bg:#fff;--line:#868c98;--text:#191c22;--dim:#5b616e;--bad:#b3261e;"
    "--accent:#4a51c4;--on:#fff}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171d;--line:#747b8a;--text:#e6e8ee;--dim:#"
    "a0a7b6;"
    "--bad:#ff9a92;--accent:#a5abff;--on:#14151f}}"
    "*{box-sizing:border-box}"
    "body{font:16px/1.5 system-ui,-apple-system,'Segoe "
    "UI',Roboto,sans-serif;margin:0;padding:1.25rem;"
    "background:var(--bg);color:var(--text)}"
    "main{max-width:34rem;margin:0 auto}h1{font-size:1.25rem;margin:0 0 1rem}p{margin:0 0 1rem}"
    "label{display:block;font-weight:600;margin:0 0 .25rem}.m{color:var(--dim);font-weight:400}"
    "input,textarea,button{font:inherit;width:100%;padding:.5rem .75rem;border-radius:8px}"
    "input,textarea{border:1px solid "
    "var(--line);background:transparent;color:inherit;margin-bottom:"
    "1rem}"
    "textarea{min-height:8rem;resize:vertical}"
    "[aria-invalid]{border-color:var(--bad)}.bad{color:var(--bad)}"
    "button{border:0;background:var(--accent);color:var(--on);font-weight:600;min-height:2.75rem;"
    "cursor:pointer}"
    ".h{position:absolute;left:-9999px}"
    ":focus-visible{outline:2px solid var(--accent);outline-offset:2px}";

static char style_hash[64];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void make_hash(void) {
    unsigned char hash[32];
    SHA256((const unsigned char *)style, sizeof style - 1, hash);
    EVP_EncodeBlock((unsigned char *)style_hash, hash, sizeof hash);
}

void sc_form_headers(sc_req *q, const json_t *origins) {
    SC_AUTO(sc_buf_done) sc_buf b;
    size_t i;
    json_t *v;
    pthread_once(&hash_once, make_hash);
    sc_buf_init(&b, 16384);
    sc_buf_putf(&b,
                "default-src 'none'; style-src 'sha256-%s'; img-src data:; form-action 'self'; "
                "base-uri 'none'; frame-ancestors",
                style_hash);
    if (!json_array_size(origins)) sc_buf_puts(&b, " 'none'");
    json_array_foreach((json_t *)origins, i, v) sc_buf_putf(&b, " %s", json_string_value(v));
    sc_http_reply_header(q->http, "Content-Security-Policy",
                         b.failed || !b.p ? "default-src 'none'; frame-ancestors 'none'" : b.p);
    /* Not no-referrer: with it, a browser sends the form with "Origin: null". */
    sc_http_reply_header(q->http, "Referrer-Policy", "same-origin");
}

static void open_page(sc_buf *b, sc_str project, const char *title) {
    sc_buf_puts(b, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                   "<meta name=\"robots\" content=\"noindex\"><link rel=\"icon\" href=\"data:,\">"
                   "<title>");
    sc_buf_puts(b, title);
    sc_buf_puts(b, " - ");
    sc_html_text(b, project);
    sc_buf_puts(b, "</title><style>");
    sc_buf_puts(b, style);
    sc_buf_puts(b, "</style></head><body><main><h1>");
    sc_buf_puts(b, title);
    sc_buf_puts(b, "</h1>");
}

/* Attributes that tell which field the problem is about. */
static void put_state(const sc_form_page *p, sc_buf *b, const char *name) {
    if (p->problem && !strcmp(p->field, name))
        sc_buf_puts(b, " aria-invalid=\"true\" aria-describedby=\"problem\"");
}

static void put_line(const sc_form_page *p, sc_buf *b, const char *name, const char *label,
                     sc_str value) {
    sc_buf_putf(b, "<label for=\"%s\">%s <span class=\"m\">(optional)</span></label>", name, label);
    sc_buf_putf(b, "<input id=\"%s\" name=\"%s\" maxlength=\"%d\" autocomplete=\"%s\" value=\"",
                name, name, SC_FORM_MAX_LINE, strcmp(name, "contact") ? "off" : "email");
    sc_html_text(b, value);
    sc_buf_putc(b, '"');
    put_state(p, b, name);
    sc_buf_putc(b, '>');
}

static void put_hidden(sc_buf *b, const char *name, sc_str value) {
    sc_buf_putf(b, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    sc_html_text(b, value);
    sc_buf_puts(b, "\">");
}

void sc_form_page_write(const sc_form_page *p, sc_buf *b) {
    open_page(b, p->project, "Send feedback");
    if (p->problem) {
        sc_buf_puts(b, "<p id=\"problem\" class=\"bad\" role=\"alert\">");
        sc_html_text(b, sc_str_of(p->problem));
        sc_buf_puts(b, "</p>");
    }
    sc_buf_puts(b, "<form method=\"post\" action=\"/f/");
    sc_html_text(b, p->project);
    sc_buf_puts(b, "\"><label for=\"message\">What happened, or what do you wish for?</label>"
                   "<textarea id=\"message\" name=\"message\" required rows=\"6\"");
    sc_buf_putf(b, " maxlength=\"%d\"", SC_FORM_MAX_MESSAGE);
    put_state(p, b, "message");
    sc_buf_puts(b, ">\n"); /* HTML takes the first line end away */
    sc_html_text(b, p->message);
    sc_buf_puts(b, "</textarea>");
    put_line(p, b, "subject", "In one line", p->subject);
    if (p->ask_contact) put_line(p, b, "contact", "How can we answer you?", p->contact);
    /* People do not see it; programs fill it in. */
    sc_buf_puts(b, "<div class=\"h\" aria-hidden=\"true\"><label for=\"website\">Leave this empty"
                   "</label><input id=\"website\" name=\"website\" tabindex=\"-1\" "
                   "autocomplete=\"off\"></div>");
    if (p->page.n) put_hidden(b, "page", p->page);
    put_hidden(b, "mark", sc_str_of(p->mark));
    sc_buf_puts(b, "<button>Send</button></form></main></body></html>\n");
}

void sc_form_thanks_write(sc_str project, sc_buf *b) {
    open_page(b, project, "Thank you");
    sc_buf_puts(b, "<p role=\"status\">Your feedback has arrived.</p><p><a href=\"/f/");
    sc_html_text(b, project);
    sc_buf_puts(b, "\">Send another</a></p></main></body></html>\n");
}
