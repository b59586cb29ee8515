#include "group/rules.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_never(const void *a, const void *b) {
    const sc_rule_never *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return memcmp(x->cluster, y->cluster, 16);
}

static int by_apart(const void *a, const void *b) { return memcmp(a, b, sizeof(sc_rule_apart)); }

static sc_rc add(sc_rules *r, const sc_correction *c, sc_err *err) {
    unsigned char a[16], b[16];
    if (!sc_id_to_bytes(&c->cluster_id, a) ||
        (c->kind == SC_CORRECTION_apart && !sc_id_to_bytes(&c->other_id, b)))
        return sc_fail(err, SC_INVALID, "a correction names no proper cluster id");
    switch (c->kind) {
    case SC_CORRECTION_pin:
        r->pins[r->n_pins++] = c->feedback_seq;
        if (sc_correction_by_person(c)) r->lessons[r->n_lessons++] = c->feedback_seq;
        break;
    case SC_CORRECTION_never: {
        sc_rule_never *x = &r->nevers[r->n_nevers++];
        x->key = c->feedback_seq;
        memcpy(x->cluster, a, 16);
        break;
    }
    case SC_CORRECTION_apart:
        for (int turn = 0; turn < 2; turn++) {
            sc_rule_apart *x = &r->aparts[r->n_aparts++];
            memcpy(x->a, turn ? b : a, 16);
            memcpy(x->b, turn ? a : b, 16);
        }
        break;
    default: return sc_fail(err, SC_INVALID, "a correction of an unknown kind");
    }
    return SC_OK;
}

sc_rc sc_rules_set(sc_rules *r, const sc_correction *c, size_t n, sc_items *items,
                   sc_groups *groups, sc_err *err) {
    sc_rules to = {0};
    to.pins = sc_alloc_array(n, sizeof *to.pins);
    to.lessons = sc_alloc_array(n, sizeof *to.lessons);
    to.nevers = sc_alloc_array(n, sizeof *to.nevers);
    to.aparts = sc_alloc_array(n, 2 * sizeof *to.aparts);
    sc_rc rc = to.pins && to.lessons && to.nevers && to.aparts
                   ? SC_OK
                   : sc_fail(err, SC_NOMEM, "no memory for %zu corrections", n);
    for (size_t i = 0; !rc && i < n; i++) rc = add(&to, &c[i], err);
    if (rc) {
        sc_rules_done(&to);
        return rc;
    }
    qsort(to.pins, to.n_pins, sizeof *to.pins, by_key);
    qsort(to.lessons, to.n_lessons, sizeof *to.lessons, by_key);
    qsort(to.nevers, to.n_nevers, sizeof *to.nevers, by_never);
    qsort(to.aparts, to.n_aparts, sizeof *to.aparts, by_apart);
    sc_rules_done(r);
    *r = to;
    for (uint32_t i = 0; i < items->n; i++) sc_rules_mark_item(r, &items->v[i]);
    for (uint32_t g = 0; g < groups->n; g++) {
        sc_group *x = &groups->v[g];
        if (!x->used) continue;
        sc_rules_mark_group(r, x);
        x->n_pinned = 0;
        for (uint32_t i = 0; i < x->n; i++) x->n_pinned += items->v[x->members[i]].pinned;
    }
    return SC_OK;
}

static bool key_has_never(const sc_rules *r, int64_t key) {
    size_t lo = 0, hi = r->n_nevers;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->nevers[mid].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < r->n_nevers && r->nevers[lo].key == key;
}

static bool has_key(const int64_t *keys, size_t n, int64_t key) {
    return n && bsearch(&key, keys, n, sizeof *keys, by_key);
}

void sc_rules_mark_item(const sc_rules *r, sc_item *x) {
    x->pinned = has_key(r->pins, r->n_pins, x->key);
    x->lesson = has_key(r->lessons, r->n_lessons, x->key);
    x->has_never = r->n_nevers && key_has_never(r, x->key);
}

void sc_rules_mark_group(const sc_rules *r, sc_group *g) {
    g->ruled = false;
    for (size_t i = 0; i < r->n_nevers && !g->ruled; i++)
        g->ruled = !memcmp(r->nevers[i].cluster, g->id, 16);
    size_t lo = 0, hi = r->n_aparts;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (memcmp(r->aparts[mid].a, g->id, 16) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < r->n_aparts && !memcmp(r->aparts[lo].a, g->id, 16)) g->ruled = true;
}

bool sc_rules_never(const sc_rules *r, const sc_item *x, const sc_group *g) {
    if (!x->has_never || !g->ruled) return false;
    sc_rule_never want = {.key = x->key};
    memcpy(want.cluster, g->id, 16);
    return bsearch(&want, r->nevers, r->n_nevers, sizeof want, by_never) != NULL;
}

bool sc_rules_apart(const sc_rules *r, const sc_group *a, const sc_group *b) {
    if (!a->ruled || !b->ruled || !r->n_aparts) return false;
    sc_rule_apart want;
    memcpy(want.a, a->id, 16);
    memcpy(want.b, b->id, 16);
    return bsearch(&want, r->aparts, r->n_aparts, sizeof want, by_apart) != NULL;
}

void sc_rules_done(sc_rules *r) {
    sc_free(r->pins);
    sc_free(r->lessons);
    sc_free(r->nevers);
    sc_free(r->aparts);
    *r = (sc_rules){0};
}
