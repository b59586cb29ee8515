#include "embedders/unit.h"

#include <math.h>

/* The whole part of the square root. sqrt is exact to rounding in IEEE arithmetic; the steps after
 * it mend the rounding. */
uint32_t sc_unit_root(uint64_t x) {
    uint64_t r = (uint64_t)sqrt((double)x);
    while (r * r > x) r--;
    while ((r + 1) * (r + 1) <= x) r++;
    return (uint32_t)r;
}

bool sc_unit_scale(int32_t *v, uint32_t dim, double to) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < dim; i++) sum += (uint64_t)((int64_t)v[i] * v[i]);
    if (!sum) return false;
    const double by = to / sqrt((double)sum);
    for (uint32_t i = 0; i < dim; i++) {
        double x = v[i] * by;
        v[i] = (int32_t)(x + (x < 0 ? -0.5 : 0.5));
    }
    return true;
}
