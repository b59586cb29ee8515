#include "core/repr.h"

enum { VERSION = 1, HEADER_BYTES = 28 };

static void put_u16(unsigned char *p, uint16_t v) {
    p[0] = (unsigned char)v;
    p[1] = (unsigned char)(v >> 8);
}

static void put_u64(unsigned char *p, uint64_t v) {
    for (int i = 0; i < 8; i++) p[i] = (unsigned char)(v >> (8 * i));
}

static uint16_t get_u16(const unsigned char *p) { return (uint16_t)(p[0] | p[1] << 8); }

static uint32_t get_u32(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get_u64(const unsigned char *p) {
    return (uint64_t)get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

static bool put_u32s(sc_buf *out, const uint32_t *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char b[4] = {(unsigned char)v[i], (unsigned char)(v[i] >> 8),
                              (unsigned char)(v[i] >> 16), (unsigned char)(v[i] >> 24)};
        if (!sc_buf_put(out, b, 4)) return false;
    }
    return true;
}

/* The layout stands in repr.h: header of 28 bytes, then the arrays. */
bool sc_repr_encode(const sc_repr *r, sc_buf *out) {
    unsigned char h[HEADER_BYTES] = {VERSION, r->n_facets};
    put_u16(h + 2, r->dim);
    put_u16(h + 4, r->n_terms);
    put_u16(h + 6, r->n_title_terms);
    put_u16(h + 8, r->n_frames);
    put_u64(h + 12, r->fp_text);
    put_u64(h + 20, r->fp_stack);
    return sc_buf_put(out, h, sizeof h) && put_u32s(out, r->facets, r->n_facets) &&
           put_u32s(out, r->terms, r->n_terms) && sc_buf_put(out, r->tfs, r->n_terms) &&
           put_u32s(out, r->title_terms, r->n_title_terms) &&
           put_u32s(out, r->frames, r->n_frames) && sc_buf_put(out, r->vec, r->dim);
}

/* n little-endian u32 at p as an aligned host array: in place when that is what p is already. */
static const uint32_t *take_u32s(const unsigned char *p, size_t n, sc_arena *arena) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if ((uintptr_t)p % _Alignof(uint32_t) == 0) return (const uint32_t *)(const void *)p;
#endif
    uint32_t *v = sc_arena_take_array(arena, n ? n : 1, sizeof *v);
    for (size_t i = 0; v && i < n; i++) v[i] = get_u32(p + 4 * i);
    return v;
}

static bool ascending(const uint32_t *v, size_t n, bool strictly) {
    for (size_t i = 1; i < n; i++)
        if (v[i] < v[i - 1] || (strictly && v[i] == v[i - 1])) return false;
    return true;
}

static sc_rc check_header(const sc_repr *r, const unsigned char *h, size_t n, sc_err *err) {
    if (h[0] != VERSION)
        return sc_fail(err, SC_INVALID, "representation: version %d is unknown", h[0]);
    if (get_u16(h + 10)) return sc_fail(err, SC_INVALID, "representation: reserved bytes are set");
    if (r->dim > SC_REPR_MAX_DIM || r->n_terms > SC_REPR_MAX_TERMS ||
        r->n_title_terms > SC_REPR_MAX_TITLE_TERMS || r->n_frames > SC_REPR_MAX_FRAMES ||
        r->n_facets > SC_REPR_MAX_FACETS)
        return sc_fail(err, SC_INVALID, "representation: a count is over its maximum");
    size_t want = HEADER_BYTES + 4u * r->n_facets + 5u * r->n_terms + 4u * r->n_title_terms +
                  4u * r->n_frames + r->dim;
    if (n != want)
        return sc_fail(err, SC_INVALID, "representation: %zu bytes where its counts ask for %zu", n,
                       want);
    return SC_OK;
}

static sc_rc check_arrays(const sc_repr *r, sc_err *err) {
    if (!ascending(r->terms, r->n_terms, true) ||
        !ascending(r->title_terms, r->n_title_terms, false))
        return sc_fail(err, SC_INVALID, "representation: terms are not in ascending order");
    for (size_t i = 0; i < r->n_terms; i++)
        if (!r->tfs[i]) return sc_fail(err, SC_INVALID, "representation: a term occurs zero times");
    return SC_OK;
}

sc_rc sc_repr_decode(sc_str blob, sc_arena *arena, sc_repr *ret, sc_err *err) {
    const unsigned char *p = (const unsigned char *)blob.p;
    if (blob.n < HEADER_BYTES) return sc_fail(err, SC_INVALID, "representation: too short");
    sc_repr r = {.n_facets = p[1],
                 .dim = get_u16(p + 2),
                 .n_terms = get_u16(p + 4),
                 .n_title_terms = get_u16(p + 6),
                 .n_frames = get_u16(p + 8),
                 .fp_text = get_u64(p + 12),
                 .fp_stack = get_u64(p + 20)};
    sc_rc rc = check_header(&r, p, blob.n, err);
    if (rc) return rc;
    p += HEADER_BYTES;
    r.facets = take_u32s(p, r.n_facets, arena);
    p += 4u * r.n_facets;
    r.terms = take_u32s(p, r.n_terms, arena);
    p += 4u * r.n_terms;
    r.tfs = p;
    p += r.n_terms;
    r.title_terms = take_u32s(p, r.n_title_terms, arena);
    p += 4u * r.n_title_terms;
    r.frames = take_u32s(p, r.n_frames, arena);
    p += 4u * r.n_frames;
    r.vec = (const int8_t *)p;
    if (!r.facets || !r.terms || !r.title_terms || !r.frames)
        return sc_fail(err, SC_NOMEM, "representation: no memory");
    if ((rc = check_arrays(&r, err))) return rc;
    *ret = r;
    return SC_OK;
}
