/* Two issues that may be one: the grey band, where neither text nor vectors say enough. A language model
 * is asked, once; a verdict of "two" is remembered until either issue has grown by half, "one" for good. */
#ifndef SC_CORE_PAIR_H
#define SC_CORE_PAIR_H

#include "base/id.h"
#include "base/str.h"

#define SC_PAIR_STATES(X)                             \
    X(open) /* nobody was asked yet                */ \
    X(one)  /* one issue: they were merged         */ \
    X(two)  /* two issues                          */

typedef enum sc_pair_state {
#define X(name) SC_PAIR_##name,
    SC_PAIR_STATES(X)
#undef X
        SC_PAIR_STATE_COUNT
} sc_pair_state;

typedef struct sc_pair {
    sc_id a, b; /* clusters, in either order                    */
    sc_pair_state state;
    double probability;       /* of one issue, as grouping measured it        */
    int64_t a_count, b_count; /* members when it was judged; 0 while open     */
    sc_str model;             /* who judged; empty while open                 */
    sc_str why;               /* its words                                    */
    int64_t at_ms;            /* of the verdict; of the suggestion while open */
} sc_pair;

const char *sc_pair_state_name(sc_pair_state s);
bool sc_pair_state_parse(sc_str name, sc_pair_state *ret);

#endif
