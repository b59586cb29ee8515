/* Which reports are similar enough to be of one issue: the graph that consolidation works on.
 *
 * Two clusters can only be joined at a mean similarity of `cut` if some pair of their reports reaches
 * it, so the pairs that do are all that need be known. Exact while a report has no more such
 * neighbours among the older ones than are kept; above that its best are kept.
 *
 * Memory: 8 bytes an edge and 8 a report; at most EDGES (graph.c) or 32 a report, whichever is more.
 * Threads: plain data; scanning reads the engine. */
#ifndef SC_GROUP_GRAPH_H
#define SC_GROUP_GRAPH_H

#include "group/state.h"

/* Reports that are compared with all others at once (many.h). */
enum { SC_GRAPH_BATCH = SC_MANY };

typedef struct sc_edge {
    uint32_t slot; /* below the slot whose edge it is */
    float raw;     /* similarity less the conflict    */
} sc_edge;

typedef struct sc_graph {
    uint32_t n, cap; /* slots 0..n-1 were looked at */
    size_t *from;    /* first edge of each slot; n + 1 */
    sc_edge *edges;
    size_t n_edges, cap_edges;
    uint32_t capped; /* slots of which only the best were kept */
    sc_edge *batch;  /* the best of each of a batch */
    size_t cap_batch;
    sc_many many;
} sc_graph;

/* Looks at the next slots of the engine, a batch of them. The engine's epoch and slots must be those of the calls
 * before. SC_NOMEM leaves the graph as it was. */
sc_rc sc_graph_scan(sc_graph *g, const sc_engine *e, sc_err *err);
/* Begins anew: the epoch or the slots have changed. */
void sc_graph_clear(sc_graph *g);
size_t sc_graph_bytes(const sc_graph *g);
void sc_graph_done(sc_graph *g);

#endif
