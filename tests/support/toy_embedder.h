/* What the tests' own embedders have in common: their name, and a vector that equal titles share. */
#ifndef TOY_EMBEDDER_H
#define TOY_EMBEDDER_H

#include <string.h>

#include "base/str.h"
#include "ports/embedder.h"

enum { TOY_DIM = 64 };

static inline uint16_t toy_dim(const void *self) {
    (void)self;
    return TOY_DIM;
}

static inline const char *toy_model(const void *self) {
    (void)self;
    return "toy/1";
}

/* TOY_DIM numbers, of which one is not 0. */
static inline void toy_vec(const sc_prepared *text, int8_t *ret_vec) {
    memset(ret_vec, 0, TOY_DIM);
    ret_vec[sc_hash64(text->title.p, text->title.n, 1) % TOY_DIM] = 127;
}

#endif
