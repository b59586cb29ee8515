#include "embedders/encoder/weights.h"

#include <math.h>

static bool is_named(sc_str name, sc_str wanted) {
    if (name.n < wanted.n || memcmp(name.p + name.n - wanted.n, wanted.p, wanted.n) != 0)
        return false;
    return name.n == wanted.n || name.p[name.n - wanted.n - 1] == '.';
}

sc_rc sc_weights_find(const sc_weights *w, const char *name, const sc_weight **ret, sc_err *err) {
    const sc_weight *found = NULL;
    for (size_t i = 0; i < w->n; i++) {
        if (!is_named(w->v[i].name, sc_str_of(name))) continue;
        if (found && found->data != w->v[i].data)
            return sc_fail(err, SC_INVALID, "two tensors could be %s: %.60s and %.60s", name,
                           found->name.p, w->v[i].name.p);
        found = &w->v[i];
    }
    if (!found) return sc_fail(err, SC_INVALID, "the file has no tensor %s", name);
    *ret = found;
    return SC_OK;
}

/* IEEE 754 half precision. */
static float of_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 0) return copysignf(ldexpf((float)fraction, -24), sign ? -1.0f : 1.0f);
    uint32_t bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

static float value_at(const sc_weight *w, size_t i) {
    uint32_t bits;
    uint16_t half;
    float x;
    if (w->type == SC_WEIGHT_F32) {
        memcpy(&x, w->data + 4 * i, 4); /* little-endian hosts only, as sc_hash64 */
        return x;
    }
    memcpy(&half, w->data + 2 * i, 2);
    if (w->type == SC_WEIGHT_F16) return of_f16(half);
    bits = (uint32_t)half << 16;
    memcpy(&x, &bits, 4);
    return x;
}

sc_rc sc_weight_read(const sc_weight *w, size_t rows, size_t cols, float *ret, sc_err *err) {
    if (w->type == SC_WEIGHT_OTHER)
        return sc_fail(err, SC_INVALID, "%.120s is not of fp32, fp16 or bf16", w->name.p);
    const uint64_t want[2] = {w->transposed ? cols : rows, w->transposed ? rows : cols};
    bool fits = w->rank == 2 && w->dims[0] == want[0] && w->dims[1] == want[1];
    if (cols == 1) fits |= w->rank == 1 && w->dims[0] == rows;
    if (rows == 1) fits |= w->rank == 1 && w->dims[0] == cols;
    if (!fits) return sc_fail(err, SC_INVALID, "%.100s is not %zu x %zu", w->name.p, rows, cols);
    bool finite = true;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) {
            float x = value_at(w, w->transposed && w->rank == 2 ? c * rows + r : r * cols + c);
            finite &= isfinite(x) != 0;
            ret[r * cols + c] = x;
        }
    if (!finite)
        return sc_fail(err, SC_INVALID, "%.120s has a value that is not a number", w->name.p);
    return SC_OK;
}
