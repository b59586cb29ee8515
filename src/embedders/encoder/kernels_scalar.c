#include "embedders/encoder/lanes_scalar.h"

#include "embedders/encoder/kernels.h"

static void tile(const uint8_t *a, size_t stride, size_t rows, const int8_t *w, size_t k,
                 const int8_t *ahead, size_t n_ahead, int32_t *ret) {
    (void)ahead; /* this one is too slow to wait for memory */
    (void)n_ahead;
    for (size_t r = 0; r < rows; r++) {
        int32_t *to = ret + r * SC_ENC_TILE_COLS;
        memset(to, 0, SC_ENC_TILE_COLS * sizeof *to);
        for (size_t i = 0; i < k; i += 4) {
            const uint8_t *x = a + r * stride + i;
            const int8_t *g = w + i * SC_ENC_TILE_COLS;
            for (size_t j = 0; j < SC_ENC_TILE_COLS; j++, g += 4)
                to[j] += x[0] * g[0] + x[1] * g[1] + x[2] * g[2] + x[3] * g[3];
        }
    }
}

enum { DEPTH_ROWS = 1, DEPTH_COLS = 16 };
#include "embedders/encoder/kernel_body.h"

const sc_enc_kernel sc_enc_kernel_scalar = SC_ENC_KERNEL("scalar");
