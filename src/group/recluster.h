/* Exact re-clustering of neighbourhoods: what keeps grouping independent of the order of arrival. */
#ifndef SC_GROUP_RECLUSTER_H
#define SC_GROUP_RECLUSTER_H

#include "group/linkage.h"
#include "group/state.h"

/* Re-clusters the members of `groups` exactly and applies what gains more than the margin. `fresh` is
 * an item that was placed just now (it moves freely), or SC_GROUP_NONE. Frozen groups must not be
 * among them. */
sc_rc sc_recluster_groups(sc_journal *j, const uint32_t *groups, size_t n, uint32_t fresh,
                          sc_err *err);
/* After an insert: the item's cluster and the nearest ones (best first), within the work budget. */
sc_rc sc_recluster_around(sc_journal *j, uint32_t slot, const uint32_t *near, size_t n_near,
                          sc_err *err);
/* Makes two clusters one; the fixed one, else the oldest, keeps its id. Does nothing where a never
 * forbids it. */
sc_rc sc_recluster_merge(sc_journal *j, uint32_t a, uint32_t b, sc_err *err);

#endif
