/* Our own plain shape, which every source takes and the manual and generic ones take only:
 *
 *   {"title"?, "body" or "text", "external_id"?, "created_at"?, "url"?, "stack"?, "status"?, "repo"?,
 *    "github_issue_number"?, "metadata"?}
 *
 * Whoever sends it wrote it for us, so what is wrong with it is said, not repaired: over-long or ill-typed
 * members are SC_UNPROCESSABLE. Only control characters are dropped. Without external_id it stays
 * empty (two people may write the same words; the app gives each report its own id). */
#ifndef SC_SOURCES_PLAIN_H
#define SC_SOURCES_PLAIN_H

#include "ports/source.h"

/* keep_unknown: members that are not named above go into metadata (an explicit metadata member of the same
 * name wins), else they are ignored. */
sc_rc sc_plain_item(const json_t *obj, sc_feedback_source source, bool keep_unknown, int64_t now_ms,
                    sc_arena *arena, sc_source_item *ret, sc_err *err);

#endif
