/* What a person does: merge, split, move. No similarity has a say here. */
#include <math.h>

#include "group/state.h"

static const sc_evidence no_evidence = {.mean = NAN,
                                        .best = NAN,
                                        .worst = NAN,
                                        .semantic = NAN,
                                        .lexical = NAN,
                                        .title = NAN,
                                        .stack = NAN};

static sc_why because(sc_decision_reason reason) {
    sc_why why = {.reason = reason, .evidence = no_evidence, .nearest = SC_GROUP_NONE};
    why.evidence.probability = 1;
    return why;
}

/* An existing cluster with members. */
static sc_rc known(const sc_engine *e, const sc_id *id, uint32_t *ret, sc_err *err) {
    *ret = sc_groups_find_id(&e->groups, id);
    if (*ret == SC_GROUP_NONE || !e->groups.v[*ret].n)
        return sc_fail(err, SC_NOT_FOUND, "issue %s is not known", id ? id->text : "(none)");
    return SC_OK;
}

static sc_rc finish(sc_journal *j, sc_rc rc, sc_change *ret, sc_err *err) {
    if (!rc) rc = sc_journal_end(j, ret, err);
    if (rc) sc_journal_undo(j);
    return rc;
}

static sc_rc move_all(sc_journal *j, uint32_t from, uint32_t to, const sc_why *why, sc_err *err) {
    const sc_groups *t = &j->e->groups;
    sc_rc rc = SC_OK;
    while (!rc && t->v[from].n) rc = sc_journal_move(j, t->v[from].members[0], to, why, err);
    return rc;
}

sc_rc sc_engine_merge(sc_engine *e, const sc_id *into, const sc_id *from, size_t n_from,
                      sc_arena *arena, sc_change *ret, sc_err *err) {
    uint32_t to, g;
    sc_rc rc = known(e, into, &to, err);
    for (size_t i = 0; !rc && i < n_from; i++) {
        rc = known(e, &from[i], &g, err);
        if (!rc && g == to)
            rc = sc_fail(err, SC_UNPROCESSABLE, "an issue cannot be merged into itself");
    }
    if (rc) return rc;
    const sc_why why = because(SC_REASON_person_merged);
    sc_journal j;
    sc_journal_begin(&j, e, arena);
    for (size_t i = 0; !rc && i < n_from; i++)
        rc = move_all(&j, sc_groups_find_id(&e->groups, &from[i]), to, &why, err);
    return finish(&j, rc, ret, err);
}

/* The named items are distinct members of g, and not all of them. */
static sc_rc check_split(const sc_engine *e, uint32_t g, const int64_t *keys, size_t n,
                         sc_err *err) {
    SC_AUTO(sc_map_done) sc_map seen = {0};
    if (!sc_map_reserve(&seen, n)) return sc_fail(err, SC_NOMEM, "no memory to split an issue");
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t slot = sc_items_find(&e->items, keys[i]);
        if (slot == SC_MAP_NONE || e->items.group[slot] != g)
            return sc_fail(err, SC_UNPROCESSABLE, "report %lld is not in this issue",
                           (long long)keys[i]);
        if (sc_map_get(&seen, slot) != SC_MAP_NONE) continue;
        sc_map_set(&seen, slot, 1);
        distinct++;
    }
    if (!distinct || distinct == e->groups.v[g].n)
        return sc_fail(err, SC_UNPROCESSABLE, "a split must take some reports and leave some");
    return SC_OK;
}

sc_rc sc_engine_split(sc_engine *e, const sc_id *cluster, const int64_t *keys, size_t n,
                      sc_arena *arena, sc_id *ret_new, sc_change *ret, sc_err *err) {
    uint32_t g, to = SC_GROUP_NONE;
    sc_rc rc = known(e, cluster, &g, err);
    if (!rc) rc = check_split(e, g, keys, n, err);
    if (rc) return rc;
    const sc_why why = because(SC_REASON_person_split);
    sc_journal j;
    sc_journal_begin(&j, e, arena);
    rc = sc_journal_open(&j, &to, err);
    for (size_t i = 0; !rc && i < n; i++) {
        uint32_t slot = sc_items_find(&e->items, keys[i]);
        if (e->items.group[slot] != to) rc = sc_journal_move(&j, slot, to, &why, err);
    }
    rc = finish(&j, rc, ret, err);
    if (!rc) *ret_new = sc_groups_id(&e->groups, to);
    return rc;
}

sc_rc sc_engine_move(sc_engine *e, int64_t key, const sc_id *to, sc_arena *arena, sc_id *ret_to,
                     sc_change *ret, sc_err *err) {
    uint32_t g = SC_GROUP_NONE, slot = sc_items_find(&e->items, key);
    if (slot == SC_MAP_NONE)
        return sc_fail(err, SC_NOT_FOUND, "report %lld is not known", (long long)key);
    sc_rc rc = to ? known(e, to, &g, err) : SC_OK;
    if (rc) return rc;
    if (to && e->items.group[slot] == g)
        return sc_fail(err, SC_UNPROCESSABLE, "report %lld is in this issue already",
                       (long long)key);
    const sc_why why = because(SC_REASON_person_moved);
    sc_journal j;
    sc_journal_begin(&j, e, arena);
    if (!to) rc = sc_journal_open(&j, &g, err);
    if (!rc) rc = sc_journal_move(&j, slot, g, &why, err);
    rc = finish(&j, rc, ret, err);
    if (!rc && ret_to) *ret_to = sc_groups_id(&e->groups, g);
    return rc;
}
