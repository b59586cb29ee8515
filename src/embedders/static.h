/* The semantic half of the builtin embedder: one vector for each piece of a word, learnt once.
 *
 * A text's vector is the sum of its WordPiece tokens' vectors (title, then body), brought to unit length. The table was
 * distilled from a neural encoder by tools/train/distill.py: pooled, its rows point where the encoder points for the whole
 * text (models/README.md; the idea is model2vec's and tokenlearn's). A token that says little has a short row: no other
 * weighting is needed.
 *
 * All arithmetic is on integers in a fixed order, so every machine makes the same vector.
 *
 * Table (models/static.bin, little-endian): char magic[8] "SCSTATIC", u32 format, u32 rows, u32 dim, u32 bytes of the
 * vocabulary, u64 checksum (sc_hash64, seed 0, of all that follows the header), u8 zero[32]; then, each part padded with
 * zeros to 64 bytes: the vocabulary ('\n'-separated, row by row), u16 scale[rows] (at most 4095), i8 row[rows][dim]. */
#ifndef SC_EMBEDDERS_STATIC_H
#define SC_EMBEDDERS_STATIC_H

#include "text/prepare.h"
#include "text/wordpiece.h"

enum {
    SC_STATIC_FORMAT = 1,
    SC_STATIC_HEADER = 64,
    SC_STATIC_MAX_DIM = 512,
    SC_STATIC_MAX_ROWS = 1 << 18,
    SC_STATIC_MAX_SCALE = 4095,
    SC_STATIC_MAX_TOKENS = 512, /* of a text; so no sum leaves 32 bits */
};

/* Views into a table; the bytes must outlive it. */
typedef struct sc_static {
    uint32_t rows, dim;
    sc_str vocab;
    const unsigned char *scale; /* rows little-endian u16 */
    const int8_t *row;          /* rows x dim             */
} sc_static;

/* Checks every length, and the scales. SC_INVALID for anything that is not such a table. */
sc_rc sc_static_load(sc_static *t, const void *table, size_t n, sc_err *err);
/* True when the checksum of a loaded table's bytes is right; reads all of it. */
bool sc_static_verify(const void *table, size_t n);

/* The text as dim values of a vector of length `length`; false and all zero for a text without a known token. `w` is a
 * tokenizer of the table's vocabulary. Thread-safe. */
bool sc_static_project(const sc_static *t, const sc_wordpiece *w, const sc_prepared *text,
                       double length, int32_t *ret);

#endif
