/* Life of the engine, and following the store. */
#include "group/engine.h"

#include "group/learn.h"
#include "group/state.h"

sc_rc sc_engine_new(const sc_engine_conf *conf, sc_engine **ret, sc_err *err) {
    if (conf->dim > SC_REPR_MAX_DIM)
        return sc_fail(err, SC_INVALID, "vectors of %u dimensions: at most %d", conf->dim,
                       SC_REPR_MAX_DIM);
    sc_engine *e = sc_alloc(sizeof *e);
    if (!e) return sc_fail(err, SC_NOMEM, "no memory for a grouping engine");
    e->profile = conf->profile ? conf->profile : sc_profile_get(NULL);
    e->clock = conf->clock ? conf->clock : &sc_clock_system;
    e->local_items = conf->local_items ? conf->local_items : SC_LOCAL_ITEMS;
    e->items.dim = conf->dim;
    const sc_score s = sc_state_score(e);
    if (!sc_accum_init(&e->accum, &s)) {
        sc_engine_free(e);
        return sc_fail(err, SC_NOMEM, "no memory for a grouping engine");
    }
    sc_learn_refresh(e);
    *ret = e;
    return SC_OK;
}

void sc_engine_free(sc_engine *e) {
    if (!e) return;
    sc_items_done(&e->items);
    sc_terms_done(&e->terms);
    sc_groups_done(&e->groups);
    sc_rules_done(&e->rules);
    sc_accum_done(&e->accum);
    sc_lookup_done(&e->lookup);
    sc_renewal_done(&e->renewal);
    sc_free(e->dots);
    sc_free(e->raw);
    sc_free(e->sums);
    sc_free(e->mark);
    sc_free(e);
}

static bool grow(void **p, size_t *cap, size_t n, size_t size) {
    if (n <= *cap) return true;
    size_t to = n + n / 8 + 256;
    void *q = sc_realloc_array(*p, to, size);
    if (!q) return false;
    *p = q;
    *cap = to;
    return true;
}

bool sc_state_grow(sc_engine *e) {
    return grow((void **)&e->dots, &e->dots_cap, e->items.n, sizeof *e->dots) &&
           grow((void **)&e->raw, &e->raw_cap, e->items.n, sizeof *e->raw) &&
           grow((void **)&e->sums, &e->sums_cap, e->groups.n + 1u, sizeof *e->sums);
}

bool sc_state_grow_mark(sc_engine *e) {
    if (e->terms.n <= e->mark_cap) return true;
    size_t cap = e->terms.n + e->terms.n / 8 + 256;
    uint32_t *p = sc_realloc_array(e->mark, cap, sizeof *p);
    if (!p) return false;
    memset(p + e->mark_cap, 0, (cap - e->mark_cap) * sizeof *p);
    e->mark = p;
    e->mark_cap = cap;
    return true;
}

void sc_state_forget(sc_engine *e, uint32_t slot) {
    uint32_t from;
    e->layout++;
    if (e->items.group[slot] != SC_GROUP_NONE)
        sc_groups_leave(&e->groups, &e->items, slot, e->generation);
    sc_items_remove(&e->items, &e->terms, slot, &from);
    if (from != slot) sc_groups_renumber(&e->groups, &e->items, from, slot);
}

sc_rc sc_state_check(const sc_engine *e, const sc_engine_item *item, sc_err *err) {
    const sc_repr *r = item->repr;
    if (r->dim != e->items.dim)
        return sc_fail(err, SC_INVALID, "report %lld has a vector of %u dimensions, the project %u",
                       (long long)item->key, r->dim, e->items.dim);
    if (r->n_terms > SC_REPR_MAX_TERMS || r->n_title_terms > SC_REPR_MAX_TITLE_TERMS ||
        r->n_frames > SC_REPR_MAX_FRAMES || r->n_facets > SC_REPR_MAX_FACETS)
        return sc_fail(err, SC_INVALID, "report %lld has a representation over its maxima",
                       (long long)item->key);
    return SC_OK;
}

/* The group for an id that the store names; an empty id is none. */
static sc_rc open_named(sc_engine *e, const sc_id *id, uint32_t *ret, sc_err *err) {
    unsigned char bytes[16];
    *ret = SC_GROUP_NONE;
    if (!id || !sc_id_is_set(id)) return SC_OK;
    if (!sc_id_to_bytes(id, bytes))
        return sc_fail(err, SC_INVALID, "'%s' is no cluster id", id->text);
    uint32_t g = sc_groups_open(&e->groups, bytes);
    if (g == SC_GROUP_NONE || !sc_groups_reserve(&e->groups, g, 1))
        return sc_fail(err, SC_NOMEM, "no memory for an issue");
    sc_group *x = &e->groups.v[g];
    if (!x->n) {
        x->emptied_at = e->generation;
        sc_rules_mark_group(&e->rules, x);
    }
    *ret = g;
    return SC_OK;
}

static void put_into(sc_engine *e, uint32_t slot, uint32_t g) {
    if (e->items.group[slot] == g) return;
    if (e->items.group[slot] != SC_GROUP_NONE)
        sc_groups_leave(&e->groups, &e->items, slot, e->generation);
    if (g != SC_GROUP_NONE) sc_groups_join(&e->groups, &e->items, g, slot);
}

sc_rc sc_engine_put(sc_engine *e, const sc_engine_item *item, const sc_id *cluster, sc_err *err) {
    uint32_t g, slot = sc_items_find(&e->items, item->key);
    sc_rc rc = sc_state_check(e, item, err);
    if (!rc) rc = open_named(e, cluster, &g, err);
    if (rc) return rc;
    /* Put again (its text may have changed): the new one first, so that a failure loses nothing. */
    uint32_t old = slot;
    rc = sc_items_add(&e->items, &e->terms, item->key, item->created_ms, item->repr, &slot, err);
    if (rc) return rc;
    const sc_score s = sc_state_score(e);
    sc_score_set_norms(&s, &e->items, slot);
    sc_rules_mark_item(&e->rules, &e->items.v[slot]);
    if (old != SC_MAP_NONE) {
        sc_state_forget(e, old); /* the new one takes over its slot */
        slot = old;
        sc_map_set(&e->items.by_key, (uint64_t)item->key, slot);
    }
    put_into(e, slot, g);
    return SC_OK;
}

sc_rc sc_engine_set_cluster(sc_engine *e, int64_t key, const sc_id *cluster, sc_err *err) {
    uint32_t g, slot = sc_items_find(&e->items, key);
    if (slot == SC_MAP_NONE)
        return sc_fail(err, SC_NOT_FOUND, "report %lld is not known", (long long)key);
    sc_rc rc = open_named(e, cluster, &g, err);
    if (!rc) put_into(e, slot, g);
    return rc;
}

sc_rc sc_engine_set_status(sc_engine *e, const sc_id *cluster, sc_cluster_status status,
                           sc_err *err) {
    uint32_t g = sc_groups_find_id(&e->groups, cluster);
    if ((unsigned)status >= SC_CLUSTER_STATUS_COUNT)
        return sc_fail(err, SC_INVALID, "unknown cluster status");
    if (g == SC_GROUP_NONE)
        return sc_fail(err, SC_NOT_FOUND, "issue %s is not known", cluster->text);
    e->groups.v[g].status = (uint8_t)status;
    return SC_OK;
}

void sc_engine_remove(sc_engine *e, int64_t key) {
    uint32_t slot = sc_items_find(&e->items, key);
    if (slot != SC_MAP_NONE) sc_state_forget(e, slot);
}

sc_rc sc_engine_set_corrections(sc_engine *e, const sc_correction *c, size_t n, sc_err *err) {
    sc_rc rc = sc_rules_set(&e->rules, c, n, &e->items, &e->groups, err);
    if (!rc) sc_learn_cut(e);
    return rc;
}

void sc_engine_stats_get(const sc_engine *e, sc_engine_stats *ret) {
    *ret = (sc_engine_stats){
        .items = e->items.n,
        .clusters = e->groups.n_filled,
        .terms = e->terms.n,
        .bytes = sizeof *e + sc_items_bytes(&e->items) + sc_terms_bytes(&e->terms) +
                 sc_groups_bytes(&e->groups) + sc_lookup_bytes(&e->lookup) +
                 sc_renewal_bytes(&e->renewal) +
                 e->terms.n * sizeof(float) + /* the sums of `accum` */
                 (e->dots_cap + e->raw_cap + e->sums_cap + e->mark_cap) * 4,
    };
}

bool sc_engine_has(const sc_engine *e, int64_t key) {
    return sc_items_find(&e->items, key) != SC_MAP_NONE;
}

uint16_t sc_engine_dim(const sc_engine *e) { return e->items.dim; }

float sc_engine_idf(void *self, uint32_t term) {
    const sc_engine *e = self;
    const sc_score s = sc_state_score(e);
    uint32_t id = sc_terms_word(&e->terms, term);
    return id == SC_TERM_NONE ? e->epoch.idf_new : sc_score_idf(&s, id);
}
