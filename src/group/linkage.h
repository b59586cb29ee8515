/* Average linkage with a stop and with pairs that must not meet, exact, by the nearest-neighbour
 * chain (Murtagh 1983; Benzecri 1982): O(n^2) time on an n x n matrix.
 *
 * Average linkage is reducible (a merged pair is no nearer to a third than the nearer of the two
 * was), also with forbidden pairs, so the chain finds the same groups as always merging the most
 * similar pair. Threads: plain data. */
#ifndef SC_GROUP_LINKAGE_H
#define SC_GROUP_LINKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_LINKAGE_NEVER (-1e30f)

typedef struct sc_linkage {
    uint32_t n;  /* nodes */
    float *sum;  /* n x n: sum of similarities of the nodes' items; symmetric; NEVER = forbidden */
    float *size; /* n: items a node stands for */
    uint32_t *head; /* n: out: the node that stands for the group */
    uint32_t *work; /* 2 n: scratch */
    float *height;  /* n, or NULL: see below */
} sc_linkage;

/* Groups nodes as long as the mean similarity of two groups is at least `cut`. Destroys sum and size;
 * head[i] is afterwards the smallest node number of i's group; with `height`, the tree instead: the node
 * that i was merged into at the mean similarity height[i], or i itself. Heights never rise on the way up. */
void sc_linkage_run(sc_linkage *l, float cut);

#endif
