#include "base/span.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/id.h"
#include "base/mem.h"

enum { MEMBERS = 32, LONG_ENTRY = 128, SAMPLED = 1 };

static _Thread_local const sc_span_ctx *current;
static const sc_span_sink *_Atomic the_sink;

/* ---- traceparent -------------------------------------------------------------------------------- */

/* Lower-case hex only; not all zeros where `some`. */
static bool read_hex(sc_str s, unsigned char *ret, size_t n, bool some) {
    bool any = false;
    if (s.n != 2 * n) return false;
    for (size_t i = 0; i < s.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (!digit && !(s.p[i] >= 'a' && s.p[i] <= 'f')) return false;
        any |= s.p[i] != '0';
    }
    return (any || !some) && sc_hex_decode(s, ret, n);
}

bool sc_traceparent_parse(sc_str h, sc_span_ctx *ret) {
    unsigned char version;
    sc_span_ctx c = *ret;
    if (h.n < 55 || h.p[2] != '-' || h.p[35] != '-' || h.p[52] != '-') return false;
    if (!read_hex((sc_str){h.p, 2}, &version, 1, false) || version == 0xff) return false;
    /* Of a later version what is known is read, and nothing may stand right behind it. */
    if (version == 0 ? h.n != 55 : h.n > 55 && h.p[55] != '-') return false;
    if (!read_hex((sc_str){h.p + 3, 32}, c.trace, 16, true) ||
        !read_hex((sc_str){h.p + 36, 16}, c.span, 8, true) ||
        !read_hex((sc_str){h.p + 53, 2}, &c.flags, 1, false))
        return false;
    c.flags &= SAMPLED; /* the one bit that this version gives a meaning */
    *ret = c;
    return true;
}

void sc_traceparent_write(const sc_span_ctx *c, char ret[SC_TRACEPARENT_TEXT]) {
    char hex[SC_TRACE_TEXT];
    memcpy(ret, "00-", 3);
    sc_hex_encode(c->trace, 16, hex);
    memcpy(ret + 3, hex, 32);
    ret[35] = '-';
    sc_hex_encode(c->span, 8, hex);
    memcpy(ret + 36, hex, 16);
    ret[52] = '-';
    ret[53] = '0';
    ret[54] = c->flags & SAMPLED ? '1' : '0';
    ret[55] = 0;
}

/* ---- tracestate --------------------------------------------------------------------------------- */

static bool key_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' ||
           c == '/';
}

static bool key_part(sc_str s, size_t most, bool digit_first) {
    if (!s.n || s.n > most) return false;
    if (!(s.p[0] >= 'a' && s.p[0] <= 'z') && !(digit_first && s.p[0] >= '0' && s.p[0] <= '9'))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!key_char(s.p[i])) return false;
    return true;
}

static bool key_ok(sc_str key) {
    size_t at = sc_str_find(key, SC_STR("@"));
    if (at == SIZE_MAX) return key_part(key, 256, false);
    return key_part((sc_str){key.p, at}, 241, true) &&
           key_part((sc_str){key.p + at + 1, key.n - at - 1}, 14, false);
}

static bool value_ok(sc_str v) {
    if (!v.n || v.n > 256 || v.p[v.n - 1] == ' ') return false;
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < 0x20 || v.p[i] > 0x7e || v.p[i] == ',' || v.p[i] == '=') return false;
    return true;
}

static sc_str without_ows(sc_str s) {
    while (s.n && (*s.p == ' ' || *s.p == '\t')) s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

typedef struct members {
    sc_str v[MEMBERS], keys[MEMBERS];
    size_t n, bytes;
} members;

static bool read_members(sc_str header, members *m) {
    sc_str rest = header, item;
    while (sc_str_next(&rest, ',', &item)) {
        item = without_ows(item);
        if (!item.n) continue; /* empty ones are allowed */
        sc_str key = item;
        size_t at = sc_str_find(item, SC_STR("="));
        if (at == SIZE_MAX || m->n == MEMBERS) return false;
        key.n = at;
        if (!key_ok(key) || !value_ok((sc_str){item.p + at + 1, item.n - at - 1})) return false;
        for (size_t i = 0; i < m->n; i++)
            if (sc_str_eq(m->keys[i], key)) return false;
        m->keys[m->n] = key;
        m->v[m->n++] = item;
        m->bytes += item.n + 1;
    }
    return true;
}

static void leave_out(members *m, size_t i) {
    m->bytes -= m->v[i].n + 1;
    m->n--;
    memmove(&m->v[i], &m->v[i + 1], (m->n - i) * sizeof m->v[0]);
}

bool sc_tracestate_check(sc_str header, char ret[SC_TRACESTATE_MAX + 1]) {
    members m = {.n = 0};
    size_t at = 0;
    if (!read_members(header, &m)) return false;
    for (size_t i = m.n; i-- && m.bytes > SC_TRACESTATE_MAX + 1;)
        if (m.v[i].n > LONG_ENTRY) leave_out(&m, i);
    while (m.bytes > SC_TRACESTATE_MAX + 1) leave_out(&m, m.n - 1);
    for (size_t i = 0; i < m.n; i++) {
        if (i) ret[at++] = ',';
        memcpy(ret + at, m.v[i].p, m.v[i].n);
        at += m.v[i].n;
    }
    ret[at] = 0;
    return true;
}

/* ---- Contexts ----------------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014): ids have to differ, not to be secret, and a system call each would cost more than the rest. */
static uint64_t random64(void) {
    static _Thread_local uint64_t x;
    if (!x) sc_random(&x, sizeof x);
    uint64_t z = (x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void sc_span_new_id(unsigned char ret[8]) {
    uint64_t v = random64() | 1;
    memcpy(ret, &v, 8);
}

void sc_span_trace_of(sc_str request_id, unsigned char ret[16]) {
    char text[SC_ID_TEXT] = "";
    if (read_hex(request_id, ret, 16, true)) return;
    if (request_id.n == SC_ID_TEXT - 1) memcpy(text, request_id.p, request_id.n);
    sc_id id = {{0}};
    memcpy(id.text, text, sizeof text);
    if (text[0] && sc_id_valid(request_id) && sc_id_to_bytes(&id, ret)) return;
    uint64_t a = sc_hash64(request_id.p ? request_id.p : "", request_id.n, 1) | 1;
    uint64_t b = sc_hash64(request_id.p ? request_id.p : "", request_id.n, 2);
    memcpy(ret, &a, 8);
    memcpy(ret + 8, &b, 8);
}

void sc_span_trace_text(const unsigned char trace[16], char ret[SC_TRACE_TEXT]) {
    sc_hex_encode(trace, 16, ret);
}

sc_span_ctx sc_span_ctx_of(sc_str request_id) {
    sc_span_ctx c = {.flags = SAMPLED};
    sc_span_trace_of(request_id, c.trace);
    sc_span_new_id(c.span);
    return c;
}

void sc_span_enter(const sc_span_ctx *c) { current = c; }

const sc_span_ctx *sc_span_current(void) { return current; }

/* ---- Spans -------------------------------------------------------------------------------------- */

void sc_span_sink_set(const sc_span_sink *sink) { atomic_store(&the_sink, sink); }

bool sc_span_wanted(void) { return atomic_load_explicit(&the_sink, memory_order_relaxed) != NULL; }

int64_t sc_span_now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void begin(sc_span *s) {
    if (sc_span_wanted()) s->start_us = sc_span_now_us();
    s->outer = current;
    current = &s->ctx;
}

void sc_span_begin(sc_span *s, const char *name, sc_span_kind kind, sc_str request_id) {
    *s = (sc_span){.ctx = sc_span_ctx_of(request_id), .name = name, .kind = kind};
    begin(s);
}

void sc_span_begin_part(sc_span *s, const char *name, sc_span_kind kind) {
    *s = (sc_span){.name = name, .kind = kind};
    if (current) {
        s->ctx = *current;
        memcpy(s->parent, current->span, 8);
    } else {
        uint64_t v[2] = {random64(), random64() | 1};
        memcpy(s->ctx.trace, v, 16);
        s->ctx.flags = SAMPLED;
    }
    sc_span_new_id(s->ctx.span);
    begin(s);
}

static sc_span_attr *next_attr(sc_span *s, const char *key) {
    if (s->n_attrs == SC_SPAN_ATTRS) return NULL;
    s->attrs[s->n_attrs] = (sc_span_attr){.key = key};
    return &s->attrs[s->n_attrs++];
}

void sc_span_set_text(sc_span *s, const char *key, sc_str text) {
    sc_span_attr *a = text.n ? next_attr(s, key) : NULL;
    text = sc_str_clip(text, sizeof a->text - 1);
    if (a) memcpy(a->text, text.p, text.n);
}

void sc_span_set_int(sc_span *s, const char *key, int64_t n) {
    sc_span_attr *a = next_attr(s, key);
    if (a) a->number = n;
}

void sc_span_put(const sc_span *s) {
    const sc_span_sink *sink = atomic_load(&the_sink);
    if (sink && s->ctx.flags & SAMPLED && s->start_us) sink->put(sink->self, s);
}

void sc_span_end(sc_span *s, bool failed) {
    current = s->outer;
    if (!sc_span_wanted()) return;
    s->end_us = sc_span_now_us();
    s->failed = failed;
    sc_span_put(s);
}
