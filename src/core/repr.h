/* What grouping and search know of one report: its vector, its terms, its fingerprints. Made once
 * from the prepared text, stored as one blob beside the report, read back at start.
 *
 * Layout of the blob (little-endian), version 1:
 *   u8 version, u8 facets count, u16 dim, u16 n_terms, u16 n_title_terms, u16 n_frames, u16 zero,
 *   u64 fp_text, u64 fp_stack, then facets (u32 each), terms (u32 hash, u8 tf each: all hashes then
 *   all tfs), title terms (u32), frames (u32), vector (int8[dim]).
 * A change of layout is a new version number; readers refuse what they do not know. */
#ifndef SC_CORE_REPR_H
#define SC_CORE_REPR_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    SC_REPR_MAX_TERMS = 256,
    SC_REPR_MAX_TITLE_TERMS = 32,
    SC_REPR_MAX_FRAMES = 32,
    SC_REPR_MAX_FACETS = 16,
    SC_REPR_MAX_DIM = 1024
};

typedef struct sc_repr {
    const int8_t *vec; /* dim values: a unit vector scaled by 127 (cosine = dot / 127^2)  */
    uint16_t dim;
    uint16_t n_terms, n_title_terms, n_frames;
    uint8_t n_facets;
    const uint32_t *terms; /* distinct term hashes, ascending                                 */
    const uint8_t *tfs;    /* occurrences of each term, title counted more; 1..255            */
    const uint32_t *title_terms; /* ascending                                                   */
    const uint32_t *frames; /* masked in-app frames as hashes, top of the stack first          */
    const uint32_t *facets; /* platform, version, error-code facets: kind << 28 | value hash   */
    uint64_t fp_text;       /* of the masked text; 0 = too short to mean anything              */
    uint64_t fp_stack;      /* of the masked in-app frames; 0 = none                           */
} sc_repr;

/* Appends the blob to out. */
bool sc_repr_encode(const sc_repr *r, sc_buf *out);
/* Views into `blob` where alignment allows, otherwise copies in the arena. SC_INVALID for anything
 * that is not such a blob (foreign bytes: every length is checked). */
sc_rc sc_repr_decode(sc_str blob, sc_arena *arena, sc_repr *ret, sc_err *err);

#endif
