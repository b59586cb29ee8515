#include "stores/redis/pack.h"

#include <math.h>

/* Later times and larger numbers than these are stored, but sort as these do. */
static const int64_t time_zero = INT64_C(1) << 52, time_most = INT64_C(1) << 51;

/* ---- Writing ----------------------------------------------------------------------------------- */

static void put_be(sc_buf *b, unsigned char tag, uint64_t v, int bytes) {
    unsigned char out[9] = {tag};
    for (int i = 0; i < bytes; i++) out[1 + i] = (unsigned char)(v >> (8 * (bytes - 1 - i)));
    sc_buf_put(b, out, (size_t)bytes + 1);
}

void sc_pack_array(sc_buf *b, size_t n) {
    if (n < 16)
        sc_buf_putc(b, (char)(0x90 | n));
    else
        put_be(b, 0xdd, n, 4);
}

void sc_pack_int(sc_buf *b, int64_t v) {
    if (v >= 0 && v < 128)
        sc_buf_putc(b, (char)v);
    else
        put_be(b, 0xd3, (uint64_t)v, 8);
}

void sc_pack_real(sc_buf *b, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_be(b, 0xcb, bits, 8);
}

void sc_pack_str(sc_buf *b, sc_str s) {
    if (s.n < 32)
        sc_buf_putc(b, (char)(0xa0 | s.n));
    else
        put_be(b, 0xdb, s.n, 4);
    sc_buf_put(b, s.p ? s.p : "", s.n);
}

void sc_pack_id(sc_buf *b, const sc_id *id) {
    unsigned char bytes[16];
    if (id && sc_id_to_bytes(id, bytes))
        sc_pack_str(b, (sc_str){(const char *)bytes, sizeof bytes});
    else
        sc_pack_str(b, SC_STR_NONE);
}

void sc_pack_id_text(sc_buf *b, const sc_id *id) {
    sc_pack_str(b, id ? sc_id_str(id) : SC_STR_NONE);
}

static void put_bytes(unsigned char *ret, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) ret[i] = (unsigned char)(v >> (8 * (bytes - 1 - i)));
}

static int64_t get_bytes(const unsigned char *p, int bytes) {
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++) v = v << 8 | p[i];
    return (int64_t)v;
}

void sc_rd_put_no(unsigned char ret[SC_RD_NO], int64_t seq) {
    put_bytes(ret, (uint64_t)SC_MIN(SC_MAX(seq, 0), (INT64_C(1) << 40) - 1), SC_RD_NO);
}

void sc_rd_put_time(unsigned char ret[SC_RD_TIME], int64_t v) {
    put_bytes(ret, (uint64_t)(SC_MIN(SC_MAX(v, -time_most), time_most) + time_zero), SC_RD_TIME);
}

int64_t sc_rd_get_no(const unsigned char *p) { return get_bytes(p, SC_RD_NO); }
int64_t sc_rd_get_time(const unsigned char *p) { return get_bytes(p, SC_RD_TIME) - time_zero; }

void sc_pack_no(sc_buf *b, int64_t seq) {
    unsigned char no[SC_RD_NO];
    sc_rd_put_no(no, seq);
    sc_pack_str(b, seq ? (sc_str){(const char *)no, sizeof no} : SC_STR_NONE);
}

void sc_pack_time(sc_buf *b, int64_t v) {
    unsigned char t[SC_RD_TIME];
    sc_rd_put_time(t, v);
    sc_pack_str(b, (sc_str){(const char *)t, sizeof t});
}

/* ---- Reading ----------------------------------------------------------------------------------- */

sc_unpack sc_unpack_of(sc_str s) {
    const unsigned char *p = (const unsigned char *)(s.p ? s.p : "");
    return (sc_unpack){.p = p, .end = p + s.n};
}

static uint64_t take(sc_unpack *u, size_t bytes) {
    if (u->bad || (size_t)(u->end - u->p) < bytes) {
        u->bad = true;
        u->p = u->end;
        return 0;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++) v = v << 8 | *u->p++;
    return v;
}

static size_t wrong(sc_unpack *u) {
    u->bad = true;
    u->p = u->end;
    return 0;
}

/* An empty Lua table may come as an empty map. */
size_t sc_unpack_array(sc_unpack *u) {
    unsigned tag = (unsigned)take(u, 1);
    size_t n = (tag & 0xf0) == 0x90 ? tag & 15
               : tag == 0xdc        ? take(u, 2)
               : tag == 0xdd        ? take(u, 4)
               : tag == 0x80        ? 0
                                    : wrong(u);
    return n > (size_t)(u->end - u->p) ? wrong(u) : n;
}

static double real_of(uint64_t bits, bool wide) {
    double d;
    float f;
    uint32_t narrow = (uint32_t)bits;
    memcpy(&d, &bits, sizeof d);
    memcpy(&f, &narrow, sizeof f);
    return wide ? d : (double)f;
}

int64_t sc_unpack_int(sc_unpack *u) {
    unsigned tag = (unsigned)take(u, 1);
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return (int8_t)tag;
    switch (tag) {
    case 0xcc: return (int64_t)take(u, 1);
    case 0xcd: return (int64_t)take(u, 2);
    case 0xce: return (int64_t)take(u, 4);
    case 0xcf:
    case 0xd3: return (int64_t)take(u, 8);
    case 0xd0: return (int8_t)take(u, 1);
    case 0xd1: return (int16_t)take(u, 2);
    case 0xd2: return (int32_t)take(u, 4);
    case 0xca:
    case 0xcb: {
        double d = real_of(take(u, tag == 0xcb ? 8 : 4), tag == 0xcb);
        if (d >= -9.2e18 && d <= 9.2e18) return (int64_t)d;
        break;
    }
    default: break;
    }
    return (int64_t)wrong(u);
}

int64_t sc_unpack_enum(sc_unpack *u, int64_t count) {
    int64_t v = sc_unpack_int(u);
    return v >= 0 && v < count ? v : (int64_t)wrong(u);
}

double sc_unpack_real(sc_unpack *u) {
    if (u->p < u->end && (*u->p == 0xca || *u->p == 0xcb)) {
        bool wide = take(u, 1) == 0xcb;
        return real_of(take(u, wide ? 8 : 4), wide);
    }
    return (double)sc_unpack_int(u);
}

sc_str sc_unpack_str(sc_unpack *u) {
    unsigned tag = (unsigned)take(u, 1);
    size_t n = (tag & 0xe0) == 0xa0         ? tag & 31
               : tag == 0xd9 || tag == 0xc4 ? take(u, 1)
               : tag == 0xda || tag == 0xc5 ? take(u, 2)
               : tag == 0xdb || tag == 0xc6 ? take(u, 4)
                                            : wrong(u);
    if (u->bad || n > (size_t)(u->end - u->p)) {
        wrong(u);
        return SC_STR("");
    }
    sc_str s = {(const char *)u->p, n};
    u->p += n;
    return s;
}

sc_str sc_unpack_text(sc_unpack *u, sc_arena *a, bool *nomem) {
    sc_str v = sc_unpack_str(u);
    if (v.n == 0) return SC_STR("");
    char *p = sc_arena_copy(a, v.p, v.n);
    if (p) return (sc_str){p, v.n};
    *nomem = true;
    return SC_STR("");
}

sc_id sc_unpack_id(sc_unpack *u) {
    static const char none[16];
    sc_str v = sc_unpack_str(u);
    if (v.n == 16 && memcmp(v.p, none, 16) != 0)
        return sc_id_from_bytes((const unsigned char *)v.p);
    if (v.n && v.n != 16) wrong(u);
    return (sc_id){{0}};
}

sc_id sc_unpack_id_text(sc_unpack *u) { return sc_id_of(sc_unpack_str(u)); }

int64_t sc_unpack_no(sc_unpack *u) {
    sc_str v = sc_unpack_str(u);
    return v.n == SC_RD_NO ? sc_rd_get_no((const unsigned char *)v.p) : (int64_t)wrong(u);
}

sc_str sc_unpack_raw(sc_unpack *u) {
    const unsigned char *from = u->p;
    size_t left = 1;
    while (left-- && !u->bad) {
        if (u->p == u->end) wrong(u);
        if (u->bad) break;
        unsigned tag = *u->p;
        if ((tag & 0xf0) == 0x90 || tag == 0xdc || tag == 0xdd || tag == 0x80)
            left += sc_unpack_array(u);
        else if ((tag & 0xe0) == 0xa0 || (tag >= 0xd9 && tag <= 0xdb) ||
                 (tag >= 0xc4 && tag <= 0xc6))
            sc_unpack_str(u);
        else
            sc_unpack_real(u);
    }
    return (sc_str){(const char *)from, (size_t)(u->p - from)};
}
