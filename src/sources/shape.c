#include "sources/shape.h"

#include <stdarg.h>
#include <stdio.h>

#define ELLIPSIS "\xE2\x80\xA6"

const char *sc_shape_printf(sc_fields *r, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : sc_arena_take(r->arena, (size_t)n + 1);
    if (!p) {
        sc_fields_nomem(r);
        return "";
    }
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

/* Bytes of the control character at s[i]; 0 when there is none. C1 is two bytes in UTF-8. */
static size_t control(sc_str s, size_t i) {
    unsigned char c = (unsigned char)s.p[i];
    if (c < 0x20 || c == 0x7F) return 1;
    if (c != 0xC2 || i + 1 >= s.n) return 0;
    unsigned char d = (unsigned char)s.p[i + 1];
    return d >= 0x80 && d <= 0x9F ? 2 : 0;
}

bool sc_shape_has_control(sc_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (control(s, i)) return true;
    return false;
}

static sc_str clean(sc_fields *r, sc_str s, bool one_line) {
    if (!sc_utf8_valid(s)) {
        sc_fields_fail(r, SC_UNPROCESSABLE, "", "", "a text is not UTF-8");
        s = SC_STR_NONE;
    }
    char *out = sc_arena_take(r->arena, s.n + 1);
    if (!out) {
        sc_fields_nomem(r);
        return SC_STR_NONE;
    }
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        size_t skip = control(s, i);
        char c = s.p[i];
        bool second = c == '\n' && i > 0 && s.p[i - 1] == '\r';
        if (skip == 0) {
            out[n++] = c;
            i++;
            continue;
        }
        if (skip == 1 && (c == '\n' || c == '\r' || c == '\t') && !second) {
            char mapped = one_line ? ' ' : c == '\t' ? c : '\n';
            if (!one_line || n == 0 || out[n - 1] != ' ') out[n++] = mapped;
        }
        i += skip;
    }
    return sc_str_trim((sc_str){out, n});
}

sc_str sc_shape_line(sc_fields *r, sc_str s) { return clean(r, s, true); }

sc_str sc_shape_block(sc_fields *r, sc_str s) { return clean(r, s, false); }

sc_str sc_shape_url(sc_fields *r, sc_str s) {
    sc_str url = sc_shape_line(r, s);
    if (url.n > SC_SHAPE_MAX_URL) return SC_STR_NONE;
    if (!sc_str_starts(url, "https://") && !sc_str_starts(url, "http://")) return SC_STR_NONE;
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] == ' ' || url.p[i] == '"' || url.p[i] == '<' || url.p[i] == '>')
            return SC_STR_NONE;
    return url;
}

void sc_shape_text(sc_fields *r, sc_feedback *f, json_t *meta, sc_str title, sc_str body) {
    title = sc_shape_line(r, title);
    body = sc_shape_block(r, body);
    if (title.n > SC_FEEDBACK_MAX_TITLE) {
        size_t all = title.n + 2 + body.n;
        char *joined = sc_arena_take(r->arena, all + 1);
        if (!joined) {
            sc_fields_nomem(r);
            return;
        }
        memcpy(joined, title.p, title.n);
        memcpy(joined + title.n, "\n\n", 2);
        if (body.n) memcpy(joined + title.n + 2, body.p, body.n);
        body = sc_str_trim((sc_str){joined, all});
        sc_str head = sc_str_clip(title, SC_FEEDBACK_MAX_TITLE - strlen(ELLIPSIS));
        title = sc_str_of(sc_shape_printf(r, "%.*s" ELLIPSIS, SC_FMT(head)));
    }
    if (body.n > SC_FEEDBACK_MAX_BODY) {
        body = sc_str_clip(body, SC_FEEDBACK_MAX_BODY);
        sc_shape_put_true(r, meta, "truncated");
    }
    f->title = title;
    f->body = body;
}

void sc_shape_external_id(sc_fields *r, sc_feedback *f, const char *at, const char *key,
                          sc_str id) {
    f->external_id = sc_shape_line(r, id);
    if (f->external_id.n > SC_FEEDBACK_MAX_EXTERNAL_ID)
        sc_fields_fail(r, SC_UNPROCESSABLE, at, key, "the id is over %d bytes long",
                       (int)SC_FEEDBACK_MAX_EXTERNAL_ID);
}

static void set(sc_fields *r, json_t *meta, const char *key, json_t *v) {
    if (json_object_set_new(meta, key, v) != 0) sc_fields_nomem(r); /* it drops v in any case */
}

void sc_shape_put(sc_fields *r, json_t *meta, const char *key, sc_str value) {
    char text[SC_SHAPE_MAX_META];
    size_t n = 0;
    value = sc_str_trim(value);
    for (size_t i = 0; i < value.n && n < sizeof text;) {
        size_t skip = control(value, i);
        if (skip == 0 || value.p[i] == '\n' || value.p[i] == '\t')
            text[n++] = skip ? ' ' : value.p[i];
        i += skip ? skip : 1;
    }
    /* A cut in the middle of a sequence is taken back to its start. */
    while (n && !sc_utf8_valid((sc_str){text, n})) n--;
    if (n) set(r, meta, key, json_stringn(text, n));
}

void sc_shape_put_int(sc_fields *r, json_t *meta, const char *key, const json_t *value) {
    if (json_is_integer(value)) set(r, meta, key, json_integer(json_integer_value(value)));
}

void sc_shape_put_true(sc_fields *r, json_t *meta, const char *key) {
    set(r, meta, key, json_true());
}

void sc_shape_metadata(sc_fields *r, sc_feedback *f, const json_t *meta, const char *at) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, (size_t)64 << 20); /* the payload was in memory: this only bounds a mistake */
    if (!meta || !sc_json_dump(meta, &b)) {
        sc_fields_nomem(r);
        return;
    }
    if (b.n > SC_FEEDBACK_MAX_METADATA) {
        sc_fields_fail(r, SC_UNPROCESSABLE, at, "metadata", "metadata is over %d bytes of JSON",
                       (int)SC_FEEDBACK_MAX_METADATA);
        return;
    }
    char *text = sc_arena_copy(r->arena, b.p, b.n);
    if (!text) sc_fields_nomem(r);
    f->metadata = (sc_str){text, text ? b.n : 0};
}
