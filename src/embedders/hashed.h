/* The lexical half of the builtin embedder: words and parts of words, hashed.
 *
 * A text is a bag of features: stems of its words and the character 3-5-grams of its words (typos,
 * inflections, compounds, other languages), and the frames of its stack. Each feature adds its
 * weight (inverse document frequency from a shipped table, sublinear in its count, more in a title,
 * less in code) with pseudo-random signs to some components of the vector: a sparse random
 * projection (Achlioptas 2003; feature hashing, Weinberger et al. 2009). The sum is brought to unit
 * length, the mean of ordinary texts is taken off, and the rest is brought to unit length again.
 *
 * All arithmetic is on integers in a fixed order, so every machine makes the same vector.
 *
 * Table (models/hashed.bin, little-endian; made by tools/make_hashed.c):
 *   char magic[8] "SCBUILTN", u32 format, u32 prepare version, u32 dim, u32 buckets (a power of
 *   two), u64 texts counted, u64 checksum (sc_hash64, seed 0, of all that follows the header),
 *   u8 zero[24]; then u8 idf[buckets] in sixteenths, i16 mean[dim] in 1/16384. */
#ifndef SC_EMBEDDERS_HASHED_H
#define SC_EMBEDDERS_HASHED_H

#include "text/prepare.h"

enum {
    SC_HASHED_FORMAT = 1,
    SC_HASHED_HEADER = 64,
    SC_HASHED_MAX_DIM = 512,
    SC_HASHED_MAX_BUCKETS = 1 << 20,
    SC_HASHED_ONE = 16384, /* 1.0 in the mean vector */
};

/* Views into a checked table; the bytes must outlive it. */
typedef struct sc_hashed {
    uint32_t dim, buckets;
    uint64_t n_texts;
    const unsigned char *idf;  /* buckets values in sixteenths */
    const unsigned char *mean; /* dim little-endian i16        */
} sc_hashed;

/* Checks every field and the checksum. SC_INVALID for anything that is not such a table of this
 * format and SC_PREPARE_VERSION. */
sc_rc sc_hashed_load(sc_hashed *b, const void *table, size_t n, sc_err *err);

/* The projection before the mean is taken off: dim values of a vector of length SC_HASHED_ONE, all
 * zero (and false) for a text without features. For sc_hashed_centred and for the tool that makes the mean. */
bool sc_hashed_project(const sc_hashed *b, const sc_prepared *text, int32_t *ret);

/* Calls see(self, bucket) once for each distinct feature bucket of the text: what the tool counts. */
void sc_hashed_features(uint32_t buckets, const sc_prepared *text,
                        void (*see)(void *self, uint32_t bucket), void *self);

/* The same with the mean taken off, brought to `length`: dim values; false and all zero for a text that says nothing. */
bool sc_hashed_centred(const sc_hashed *b, const sc_prepared *text, double length, int32_t *ret);

#endif
