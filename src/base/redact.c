#include "base/redact.h"

typedef struct form {
    char *p;
    size_t n;
} form;

struct sc_redact {
    form *forms;
    size_t n, cap;
    bool starts[256]; /* some form begins with that byte */
    size_t longest;
};

sc_rc sc_redact_new(sc_redact **ret, sc_err *err) {
    sc_redact *r = sc_alloc(sizeof *r);
    if (!r) return sc_fail(err, SC_NOMEM, "no memory for a set of secrets");
    *ret = r;
    return SC_OK;
}

/* The compiler must not take it for a dead store: what is freed here was a secret. */
static void wipe_free(char *p, size_t n) {
    if (p) explicit_bzero(p, n);
    sc_free(p);
}

void sc_redact_free(sc_redact *r) {
    if (!r) return;
    for (size_t i = 0; i < r->n; i++) wipe_free(r->forms[i].p, r->forms[i].n);
    sc_free(r->forms);
    sc_free(r);
}

static bool add_form(sc_redact *r, sc_str s) {
    if (s.n < SC_REDACT_MIN) return true;
    for (size_t i = 0; i < r->n; i++)
        if (sc_str_eq((sc_str){r->forms[i].p, r->forms[i].n}, s)) return true;
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 16;
        form *more = sc_realloc_array(r->forms, cap, sizeof *more);
        if (!more) return false;
        r->forms = more;
        r->cap = cap;
    }
    char *copy = sc_alloc(s.n);
    if (!copy) return false;
    memcpy(copy, s.p, s.n);
    r->forms[r->n++] = (form){copy, s.n};
    r->starts[(unsigned char)s.p[0]] = true;
    r->longest = SC_MAX(r->longest, s.n);
    return true;
}

/* ---- Forms --------------------------------------------------------------------------------------- */

/* RFC 4648. `lead` unknown bytes come before the secret, and others after it: the characters that depend on
 * them are left out. */
static void put_base64(sc_str s, size_t lead, const char last[2], sc_buf *b) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t from = (lead * 8 + 5) / 6, until = (lead + s.n) * 8 / 6;
    for (size_t i = from; i < until; i++) {
        unsigned v = 0;
        for (size_t bit = i * 6; bit < i * 6 + 6; bit++) {
            size_t at = bit / 8 - lead;
            v = v << 1 | ((unsigned char)s.p[at] >> (7 - bit % 8) & 1);
        }
        sc_buf_putc(b, v < 62 ? plain[v] : last[v - 62]);
    }
}

static void put_hex(sc_str s, bool upper, sc_buf *b) {
    for (size_t i = 0; i < s.n; i++)
        sc_buf_putf(b, upper ? "%02X" : "%02x", (unsigned)(unsigned char)s.p[i]);
}

/* RFC 3986, 2.3: all but the unreserved characters. */
static void put_percent(sc_str s, bool upper, sc_buf *b) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                     (c && strchr("-._~", c));
        if (plain)
            sc_buf_putc(b, (char)c);
        else
            sc_buf_putf(b, upper ? "%%%02X" : "%%%02x", (unsigned)c);
    }
}

/* In a JSON string; `slashes`: as those write it who escape '/' too. */
static void put_json(sc_str s, bool slashes, sc_buf *b) {
    SC_AUTO(sc_buf_done) sc_buf quoted;
    sc_buf_init(&quoted, SC_REDACT_MAX * 6 + 2);
    if (!sc_buf_put_json(&quoted, s)) b->failed = true;
    for (size_t i = 1; i + 1 < quoted.n; i++) {
        if (slashes && quoted.p[i] == '/') sc_buf_putc(b, '\\');
        sc_buf_putc(b, quoted.p[i]);
    }
    if (quoted.p) explicit_bzero(quoted.p, quoted.n);
}

enum { N_FORMS = 13 };

static void put_form(sc_str s, int which, sc_buf *b) {
    switch (which) {
    case 0: sc_buf_put_str(b, s); break;
    case 1:
    case 2:
    case 3: put_base64(s, (size_t)which - 1, "+/", b); break;
    case 4:
    case 5:
    case 6: put_base64(s, (size_t)which - 4, "-_", b); break;
    case 7:
    case 8: put_hex(s, which == 8, b); break;
    case 9:
    case 10: put_percent(s, which == 10, b); break;
    default: put_json(s, which == 12, b); break;
    }
}

sc_rc sc_redact_add(sc_redact *r, sc_str secret, sc_err *err) {
    if (secret.n < SC_REDACT_MIN || secret.n > SC_REDACT_MAX)
        return sc_fail(err, SC_INVALID, "a secret of %zu bytes cannot be looked for (%d to %d)",
                       secret.n, SC_REDACT_MIN, SC_REDACT_MAX);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REDACT_MAX * 12);
    bool ok = true;
    for (int i = 0; i < N_FORMS && ok; i++) {
        sc_buf_reset(&b);
        put_form(secret, i, &b);
        ok = !b.failed && add_form(r, sc_buf_str(&b));
    }
    if (b.p) explicit_bzero(b.p, b.cap);
    return ok ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for a set of secrets");
}

/* ---- The stream ---------------------------------------------------------------------------------- */

void sc_redact_start(sc_redact_stream *s, const sc_redact *set) {
    *s = (sc_redact_stream){.set = set};
    sc_buf_init(&s->held, SIZE_MAX / 2);
}

void sc_redact_done(sc_redact_stream *s) {
    if (s->held.p) explicit_bzero(s->held.p, s->held.cap);
    sc_buf_done(&s->held);
}

/* The longest form that `rest` begins with; *ret_open: it is the beginning of a longer one. */
static size_t match(const sc_redact *set, sc_str rest, bool *ret_open) {
    size_t longest = 0;
    *ret_open = false;
    if (!set->starts[(unsigned char)rest.p[0]]) return 0;
    for (size_t i = 0; i < set->n; i++) {
        const form *f = &set->forms[i];
        size_t n = SC_MIN(f->n, rest.n);
        if (memcmp(f->p, rest.p, n) != 0) continue;
        if (n < f->n)
            *ret_open = true;
        else
            longest = SC_MAX(longest, n);
    }
    return longest;
}

static void drop(sc_buf *b, size_t n) {
    if (!n) return;
    memmove(b->p, b->p + n, b->n - n + 1); /* the NUL too */
    b->n -= n;
}

/* Bytes from `from` to `to` are no secret's. */
static bool pass(const sc_buf *held, size_t from, size_t to, sc_buf *out) {
    return to <= from || sc_buf_put(out, held->p + from, to - from);
}

static bool run(sc_redact_stream *s, bool last, sc_buf *out) {
    size_t i = 0, plain = s->covered, end = s->covered; /* end: of what is covered so far */
    bool ok = true;
    for (; i < s->held.n && ok; i++) {
        bool open;
        size_t n = match(s->set, (sc_str){s->held.p + i, s->held.n - i}, &open);
        if (open && !last) break;
        if (!n) continue;
        if (i >= end) { /* the first of those that overlap */
            ok = pass(&s->held, plain, i, out) && sc_buf_puts(out, SC_REDACTED);
            s->n_found++;
        }
        end = SC_MAX(end, i + n);
        plain = end;
    }
    ok = ok && pass(&s->held, plain, i, out);
    s->covered = end > i ? end - i : 0;
    drop(&s->held, i);
    return ok;
}

bool sc_redact_put(sc_redact_stream *s, sc_str bytes, sc_buf *out) {
    if (!s->set || !s->set->n) return sc_buf_put_str(out, bytes);
    return sc_buf_put_str(&s->held, bytes) && run(s, false, out);
}

bool sc_redact_end(sc_redact_stream *s, sc_buf *out) {
    bool ok = !s->set || !s->held.n || run(s, true, out);
    sc_buf_reset(&s->held);
    s->covered = 0;
    return ok;
}

bool sc_redact_text(const sc_redact *set, sc_str text, sc_buf *out) {
    sc_redact_stream s;
    sc_redact_start(&s, set);
    bool ok = sc_redact_put(&s, text, out) && sc_redact_end(&s, out);
    sc_redact_done(&s);
    return ok;
}
