/* Average linkage of some reports from nothing: what their groups are, whatever clusters they are in
 * now and in whatever order they came.
 *
 * The nearest-neighbour chain (linkage.h) over lists of near nodes instead of a matrix. Average linkage
 * is reducible: two nodes that become one are no nearer to a third than the nearer of them was. So a
 * pair that has not got the mean `cut` now never gets it but through a part that has, and a node need
 * only know the others that it could be joined with now. What such a list lacks when two nodes become
 * one is computed from the reports themselves. Exact when the graph is, but for contradictions between
 * large nodes (an even sample of pairs) and nodes of over 4,096 reports (an even sample of those).
 *
 * What a person fixed is one node; so are reports that share a fingerprint. Pairs that a correction
 * forbids are never joined. Memory: 8 bytes a pair of near nodes, twice. Threads: plain data; the engine
 * is only read. */
#ifndef SC_GROUP_AVERAGE_H
#define SC_GROUP_AVERAGE_H

#include "group/graph.h"
#include "group/linkage.h"

typedef struct sc_average_near {
    uint32_t node;
    float sum; /* of the similarities of all pairs */
} sc_average_near;

typedef struct sc_average_node {
    sc_average_near *v; /* ascending by node */
    uint32_t n, cap;
    uint32_t size, first, last; /* items, linked by next */
    uint32_t head;
    uint32_t touched; /* the cluster in it that a person has had a hand in, or SC_GROUP_NONE */
    bool nevers, facets, chained, ended;
} sc_average_node;

typedef struct sc_average {
    const sc_engine *e;
    uint32_t n, n_nodes;
    uint32_t *slots; /* n */
    uint32_t *head;  /* n: out: item -> node that stands for its group */
    uint32_t *next;  /* n */
    sc_average_node *nodes;
    uint32_t *chain, n_chain, seed;
    uint32_t *scratch; /* n: slots that the sum holds */
    sc_accum *accum;   /* empty between calls */
} sc_average;

/* Takes the members of `groups` (none frozen). `item_of` (room for every slot of the engine) and
 * `accum` are the caller's scratch; SC_NOMEM leaves something that sc_average_done ends. */
sc_rc sc_average_init(sc_average *a, const sc_engine *e, const sc_graph *g, const uint32_t *groups,
                      size_t n, uint32_t *item_of, sc_accum *accum, sc_err *err);
/* Goes on for about `budget_us` (0 = to the end); *ret_done: head is filled. */
sc_rc sc_average_run(sc_average *a, int64_t budget_us, bool *ret_done, sc_err *err);
void sc_average_done(sc_average *a);

#endif
