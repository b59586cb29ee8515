#include "embedders/encoder/kernels.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool always(void) { return true; }

#if defined(__x86_64__)
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool has_avx512vnni(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
#endif

/* Best first. */
static const struct {
    const sc_enc_kernel *kernel;
    bool (*usable)(void);
} table[] = {
#if defined(__x86_64__)
    {&sc_enc_kernel_avx512vnni, has_avx512vnni},
    {&sc_enc_kernel_avx2, has_avx2},
#endif
    {&sc_enc_kernel_scalar, always},
};

size_t sc_enc_attend_floats(size_t n, size_t head) {
    size_t padded = (n + 15) / 16 * 16;
    return head * padded + n * head + SC_ENC_TILE_ROWS * padded;
}

const sc_enc_kernel *sc_enc_kernels_find(const char *name) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].kernel->name, name)) return table[i].usable() ? table[i].kernel : NULL;
    return NULL;
}

static const sc_enc_kernel *choose(void) {
    const char *forced = getenv("SOULCASTER_SIMD");
    if (forced && *forced) {
        const sc_enc_kernel *k = sc_enc_kernels_find(forced);
        return k ? k : &sc_enc_kernel_scalar;
    }
    size_t i = 0;
    while (!table[i].usable()) i++; /* the last row always is */
    return table[i].kernel;
}

const sc_enc_kernel *sc_enc_kernels_get(void) {
    static const sc_enc_kernel *_Atomic chosen; /* racing first calls store the same value */
    const sc_enc_kernel *k = atomic_load_explicit(&chosen, memory_order_acquire);
    if (!k) atomic_store_explicit(&chosen, k = choose(), memory_order_release);
    return k;
}
