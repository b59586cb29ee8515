/* Which reports move as one, whatever their similarity: a cluster that a rule names (it is never taken
 * apart); of another the pinned ones; and what shares a fingerprint, because that joins at once. */
#ifndef SC_GROUP_BIND_H
#define SC_GROUP_BIND_H

#include "group/state.h"

/* ret_first[i] = the smallest number of a report that moves with report i (itself, if none does).
 * `fresh` is a slot that was placed just now, which a rule's name does not hold yet, or
 * SC_GROUP_NONE. false: out of memory. */
bool sc_bind(const sc_engine *e, const uint32_t *slots, uint32_t n, uint32_t fresh,
             uint32_t *ret_first);

#endif
