/* A person's corrections as look-ups: pins by item, nevers by (item, cluster), aparts by cluster
 * pair. They hold for items and clusters that are not known yet, too. Threads: plain data. */
#ifndef SC_GROUP_RULES_H
#define SC_GROUP_RULES_H

#include "core/correction.h"
#include "group/groups.h"

typedef struct sc_rule_never {
    int64_t key;
    unsigned char cluster[16];
} sc_rule_never;

typedef struct sc_rule_apart {
    unsigned char a[16], b[16]; /* stored both ways round */
} sc_rule_apart;

typedef struct sc_rules {
    int64_t *pins;    /* sorted, as are the others */
    int64_t *lessons; /* pins by people            */
    sc_rule_never *nevers;
    sc_rule_apart *aparts;
    size_t n_pins, n_lessons, n_nevers, n_aparts;
} sc_rules;

/* Replaces all rules and marks items and clusters. SC_INVALID (a malformed id) and SC_NOMEM leave
 * the old ones. */
sc_rc sc_rules_set(sc_rules *r, const sc_correction *c, size_t n, sc_items *items,
                   sc_groups *groups, sc_err *err);
/* Marks one item, one cluster, that has just become known. */
void sc_rules_mark_item(const sc_rules *r, sc_item *x);
void sc_rules_mark_group(const sc_rules *r, sc_group *g);

bool sc_rules_never(const sc_rules *r, const sc_item *x, const sc_group *g);
bool sc_rules_apart(const sc_rules *r, const sc_group *a, const sc_group *b);
void sc_rules_done(sc_rules *r);

#endif
