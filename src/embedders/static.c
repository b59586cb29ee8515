#include "embedders/static.h"

#include "embedders/unit.h"
#include "vec/kernels.h"

static uint32_t u32_at(const unsigned char *p) {
    uint32_t v;
    memcpy(&v, p, 4); /* little-endian hosts only, as sc_hash64 */
    return v;
}

static uint16_t u16_at(const unsigned char *p) {
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}

static size_t padded(size_t n) { return (n + 63) & ~(size_t)63; }

sc_rc sc_static_load(sc_static *t, const void *table, size_t n, sc_err *err) {
    const unsigned char *p = table;
    if (n < SC_STATIC_HEADER || memcmp(p, "SCSTATIC", 8) != 0)
        return sc_fail(err, SC_INVALID, "not a table of token vectors");
    if (u32_at(p + 8) != SC_STATIC_FORMAT)
        return sc_fail(err, SC_INVALID,
                       "the table of token vectors is of format %u, this program reads %d",
                       u32_at(p + 8), SC_STATIC_FORMAT);
    uint32_t rows = u32_at(p + 12), dim = u32_at(p + 16), bytes = u32_at(p + 20);
    bool sizes = rows && rows <= SC_STATIC_MAX_ROWS && dim >= 8 && dim <= SC_STATIC_MAX_DIM;
    size_t scale_at = SC_STATIC_HEADER + padded(bytes),
           row_at = scale_at + padded(2 * (size_t)rows);
    if (!sizes || n != row_at + padded((size_t)rows * dim))
        return sc_fail(err, SC_INVALID,
                       "the sizes of the token vectors do not fit their length of %zu bytes", n);
    for (uint32_t i = 0; i < rows; i++)
        if (u16_at(p + scale_at + 2 * (size_t)i) > SC_STATIC_MAX_SCALE)
            return sc_fail(err, SC_INVALID, "the scale of token vector %u is over %d", i,
                           SC_STATIC_MAX_SCALE);
    *t = (sc_static){.rows = rows,
                     .dim = dim,
                     .vocab = {(const char *)p + SC_STATIC_HEADER, bytes},
                     .scale = p + scale_at,
                     .row = (const int8_t *)p + row_at};
    return SC_OK;
}

bool sc_static_verify(const void *table, size_t n) {
    uint64_t sum;
    memcpy(&sum, (const unsigned char *)table + 24, 8);
    const unsigned char *p = table;
    return sc_hash64(p + SC_STATIC_HEADER, n - SC_STATIC_HEADER, 0) == sum;
}

bool sc_static_project(const sc_static *t, const sc_wordpiece *w, const sc_prepared *text,
                       double length, int32_t *ret) {
    uint32_t ids[SC_STATIC_MAX_TOKENS];
    size_t n = sc_wordpiece_append(w, text->title, ids, 0, SC_STATIC_MAX_TOKENS);
    n = sc_wordpiece_append(w, text->body, ids, n, SC_STATIC_MAX_TOKENS);
    memset(ret, 0, t->dim * sizeof *ret);
    const sc_vec_kernel *k = sc_kernels_get();
    for (size_t i = 0; i < n; i++) /* the table is larger than the inner caches */
        for (size_t b = 0; ids[i] < t->rows && b < t->dim; b += 64)
            __builtin_prefetch(t->row + (size_t)ids[i] * t->dim + b);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < t->rows)
            k->add(ret, t->row + (size_t)ids[i] * t->dim, u16_at(t->scale + 2 * (size_t)ids[i]),
                   t->dim);
    return sc_unit_scale(ret, t->dim, length);
}
