#include "embedders/unit.h"

#include <math.h>

#include "vec/kernels.h"

/* The whole part of the square root. sqrt is exact to rounding in IEEE arithmetic; the steps after
 * it mend the rounding. */
uint32_t sc_unit_root(uint64_t x) {
    uint64_t r = (uint64_t)sqrt((double)x);
    while (r * r > x) r--;
    while ((r + 1) * (r + 1) <= x) r++;
    return (uint32_t)r;
}

bool sc_unit_scale(int32_t *v, uint32_t dim, double to) {
    const sc_vec_kernel *k = sc_kernels_get();
    const uint64_t sum = k->squares(v, dim);
    if (sum) k->scale(v, to / sqrt((double)sum), dim);
    return sum;
}
