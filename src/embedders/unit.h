/* Vectors of whole numbers brought to a length, the same on every machine. */
#ifndef SC_EMBEDDERS_UNIT_H
#define SC_EMBEDDERS_UNIT_H

#include <stdbool.h>
#include <stdint.h>

/* The whole part of the square root. */
uint32_t sc_unit_root(uint64_t x);
/* Brings v to length `to`, rounding to nearest. False when v is zero, and stays zero. Components are below 2^30. Doubles
 * are multiplied and rounded in one fixed way (no contraction), so this too is the same everywhere. */
bool sc_unit_scale(int32_t *v, uint32_t dim, double to);

#endif
