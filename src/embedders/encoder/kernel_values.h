/* Functions of values, over the lanes that the including file chose. */
#ifndef SC_EMBEDDERS_ENCODER_KERNEL_VALUES_H
#define SC_EMBEDDERS_ENCODER_KERNEL_VALUES_H

#include "embedders/encoder/kernels.h"

#define FORCED static inline __attribute__((always_inline))
/* A step for n values side by side; n is known where it is compiled. */
#define ALL(i, n) _Pragma("GCC unroll 8") for (int i = 0; i < n; i++)

/* GELU(x) = x Phi(x), of n values at once, so that none waits for its own steps. Phi(x) - 1/2 is x times a
 * polynomial of degree 8 in x^2, fitted at Chebyshev nodes over |x| <= 4 (t runs from -1 to 1); beyond, Phi
 * stays what it is at 4. Off by 3.2e-5 at most within, by 3.2e-5 |x| beyond: far below a step of the
 * quantisation that follows. */
FORCED void gelu(vf *x, int n) {
    static const float c[] = {1.759501642e-01f,  -8.430131655e-02f, 5.591522291e-02f,
                              -3.713346277e-02f, 2.266773498e-02f,  -1.154668287e-02f,
                              5.828486749e-03f,  -3.991263335e-03f, 1.605170928e-03f};
    vf near[SC_ENC_TILE_ROWS], t[SC_ENC_TILE_ROWS], r[SC_ENC_TILE_ROWS];
    ALL(i, n) near[i] = f_max(f_min(x[i], f_set(4.0f)), f_set(-4.0f));
    ALL(i, n) t[i] = f_fma(f_mul(near[i], near[i]), f_set(2.0f / (4.0f * 4.0f)), f_set(-1.0f));
    ALL(i, n) r[i] = f_fma(f_set(c[8]), t[i], f_set(c[7]));
    ALL(i, n) r[i] = f_fma(r[i], t[i], f_set(c[6]));
    ALL(i, n) r[i] = f_fma(r[i], t[i], f_set(c[5]));
    ALL(i, n) r[i] = f_fma(r[i], t[i], f_set(c[4]));
    ALL(i, n) r[i] = f_fma(r[i], t[i], f_set(c[3]));
    ALL(i, n) r[i] = f_fma(r[i], t[i], f_set(c[2]));
    ALL(i, n) r[i] = f_fma(r[i], t[i], f_set(c[1]));
    ALL(i, n) r[i] = f_fma(r[i], t[i], f_set(c[0]));
    ALL(i, n) x[i] = f_mul(x[i], f_fma(near[i], r[i], f_set(0.5f)));
}

/* 2^t of n values t <= 0; below -126 as at -126. Taylor series of 2^r, |r| <= 1/2: to 2e-7 of the value. */
FORCED void power_of_2(vf *t, int n) {
    vi whole[SC_ENC_TILE_ROWS];
    vf r[SC_ENC_TILE_ROWS], p[SC_ENC_TILE_ROWS];
    ALL(i, n) t[i] = f_max(t[i], f_set(-126.0f));
    ALL(i, n) whole[i] = i_round(t[i]);
    ALL(i, n) r[i] = f_sub(t[i], f_of_i(whole[i]));
    ALL(i, n) p[i] = f_fma(f_set(1.540353e-4f), r[i], f_set(1.3333558e-3f));
    ALL(i, n) p[i] = f_fma(p[i], r[i], f_set(9.6181291e-3f));
    ALL(i, n) p[i] = f_fma(p[i], r[i], f_set(5.5504109e-2f));
    ALL(i, n) p[i] = f_fma(p[i], r[i], f_set(2.4022651e-1f));
    ALL(i, n) p[i] = f_fma(p[i], r[i], f_set(6.9314718e-1f));
    ALL(i, n) p[i] = f_fma(p[i], r[i], f_set(1.0f));
    ALL(i, n) t[i] = f_mul(p[i], f_pow2(whole[i]));
}

#endif
