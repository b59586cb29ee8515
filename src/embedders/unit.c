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

/* Brings v to length `to`; a zero vector stays zero. */
void sc_unit_scale(int32_t *v, uint32_t dim, int64_t to) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < dim; i++) sum += (uint64_t)((int64_t)v[i] * v[i]);
    int64_t norm = sc_unit_root(sum);
    for (uint32_t i = 0; i < dim; i++) {
        int64_t x = norm ? (int64_t)v[i] * to * 2 : 0;
        v[i] = norm ? (int32_t)((x + (x < 0 ? -norm : norm)) / (2 * norm)) : 0;
    }
}
