/* From a report to what grouping knows of it: prepare, embed, pack. */
#ifndef SC_APP_REPRESENT_H
#define SC_APP_REPRESENT_H

#include "core/feedback.h"
#include "core/repr.h"
#include "ports/embedder.h"

/* Title, body and stack of `f` to a representation in the arena (about 100 KB for a long report).
 * ret_prepared may be NULL. Errors of the preparation or of the embedder come back as they are. */
sc_rc sc_represent(const sc_embedder *embedder, const sc_feedback *f, int64_t deadline_ms,
                   sc_arena *arena, sc_repr *ret, sc_prepared *ret_prepared, sc_err *err);
/* The last step alone: what is prepared, with a vector of dim values (0: none). */
sc_rc sc_represent_pack(const sc_prepared *p, const int8_t *vec, uint16_t dim, sc_arena *arena,
                        sc_repr *ret, sc_err *err);

#endif
