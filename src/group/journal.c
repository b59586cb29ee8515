/* A change in the making: every step is applied at once and written down, so that it can be handed
 * out at the end or undone at any point without needing memory. */
#include "group/state.h"

void sc_journal_begin(sc_journal *j, sc_engine *e, sc_arena *arena) {
    *j = (sc_journal){.e = e, .arena = arena, .credit = e->credit, .cursor = e->cursor};
    e->generation++;
    if (e->generation % SC_KEPT_GENERATIONS == 0 && e->generation > SC_KEPT_GENERATIONS)
        sc_groups_sweep(&e->groups, e->generation - SC_KEPT_GENERATIONS);
}

/* One more element in an arena array. */
static bool reserve(sc_journal *j, void **p, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return true;
    size_t to = *cap ? *cap * 2 : 8;
    void *q = sc_arena_take_array(j->arena, to, size);
    if (!q) return false;
    if (n) memcpy(q, *p, n * size);
    *p = q;
    *cap = to;
    return true;
}

static bool reserve_move(sc_journal *j) {
    size_t cap = j->cap_moves;
    return reserve(j, (void **)&j->moved_from, j->n_moves, &cap, sizeof *j->moved_from) &&
           reserve(j, (void **)&j->moves, j->n_moves, &j->cap_moves, sizeof *j->moves);
}

sc_rc sc_journal_move(sc_journal *j, uint32_t slot, uint32_t g, const sc_why *why, sc_err *err) {
    sc_engine *e = j->e;
    if (!reserve_move(j) || !sc_groups_reserve(&e->groups, g, 1))
        return sc_fail(err, SC_NOMEM, "no memory to move a report");
    uint32_t from = e->items.group[slot];
    sc_move *m = &j->moves[j->n_moves];
    *m = (sc_move){.key = e->items.v[slot].key,
                   .from = sc_groups_id(&e->groups, from),
                   .to = sc_groups_id(&e->groups, g),
                   .reason = why->reason,
                   .evidence = why->evidence,
                   .nearest = why->nearest == SC_GROUP_NONE ? 0 : e->items.v[why->nearest].key};
    memcpy(m->shared, why->shared, sizeof m->shared);
    j->moved_from[j->n_moves++] = from;
    if (from != SC_GROUP_NONE) sc_groups_leave(&e->groups, &e->items, slot, e->generation);
    sc_groups_join(&e->groups, &e->items, g, slot);
    return SC_OK;
}

sc_rc sc_journal_open(sc_journal *j, uint32_t *ret_g, sc_err *err) {
    sc_engine *e = j->e;
    sc_id id = sc_id_new(e->clock);
    unsigned char bytes[16];
    if (!sc_id_to_bytes(&id, bytes)) return sc_fail(err, SC_INTERNAL, "a new id is malformed");
    if (!reserve(j, (void **)&j->opened, j->n_opened, &j->cap_opened, sizeof *j->opened))
        return sc_fail(err, SC_NOMEM, "no memory for a new issue");
    uint32_t g = sc_groups_open(&e->groups, bytes);
    if (g == SC_GROUP_NONE) return sc_fail(err, SC_NOMEM, "no memory for a new issue");
    e->groups.v[g].emptied_at = e->generation;
    sc_rules_mark_group(&e->rules, &e->groups.v[g]);
    j->opened[j->n_opened++] = g;
    *ret_g = g;
    return SC_OK;
}

sc_rc sc_journal_regressed(sc_journal *j, uint32_t g, sc_err *err) {
    for (size_t i = 0; i < j->n_regressed; i++)
        if (j->regressed[i] == g) return SC_OK;
    if (!reserve(j, (void **)&j->regressed, j->n_regressed, &j->cap_regressed,
                 sizeof *j->regressed))
        return sc_fail(err, SC_NOMEM, "no memory for a change");
    j->regressed[j->n_regressed++] = g;
    return SC_OK;
}

sc_rc sc_journal_suggest(sc_journal *j, const sc_suggestion *s, sc_err *err) {
    if (!reserve(j, (void **)&j->suggestions, j->n_suggestions, &j->cap_suggestions,
                 sizeof *j->suggestions))
        return sc_fail(err, SC_NOMEM, "no memory for a change");
    j->suggestions[j->n_suggestions++] = *s;
    return SC_OK;
}

/* ---- The end ------------------------------------------------------------------------------------ */

/* The groups that the moves name, each once, in order of first appearance. */
static uint32_t *named_groups(sc_journal *j, size_t *ret_n) {
    uint32_t *v = sc_arena_take_array(j->arena, 2 * j->n_moves + 1, sizeof *v);
    SC_AUTO(sc_map_done) sc_map seen = {0};
    if (!v || !sc_map_reserve(&seen, 2 * j->n_moves + 1)) return NULL;
    size_t n = 0;
    for (size_t i = 0; i < j->n_moves; i++) {
        uint32_t pair[2] = {j->moved_from[i], sc_groups_find_id(&j->e->groups, &j->moves[i].to)};
        for (int k = 0; k < 2; k++) {
            if (pair[k] == SC_GROUP_NONE || sc_map_get(&seen, pair[k]) != SC_MAP_NONE) continue;
            sc_map_set(&seen, pair[k], 1);
            v[n++] = pair[k];
        }
    }
    *ret_n = n;
    return v;
}

static bool was_opened(const sc_journal *j, uint32_t g) {
    for (size_t i = 0; i < j->n_opened; i++)
        if (j->opened[i] == g) return true;
    return false;
}

/* Where most of an emptied group's items are now: among its moves, the commonest present group. */
static uint32_t heir(const sc_journal *j, uint32_t gone) {
    uint32_t best = SC_GROUP_NONE;
    size_t most = 0;
    for (size_t i = 0; i < j->n_moves; i++) {
        if (j->moved_from[i] != gone) continue;
        const sc_items *t = &j->e->items;
        uint32_t g = t->group[sc_items_find(t, j->moves[i].key)];
        if (g == best) continue;
        size_t n = 0;
        for (size_t k = i; k < j->n_moves; k++)
            n += j->moved_from[k] == gone && t->group[sc_items_find(t, j->moves[k].key)] == g;
        if (n > most) {
            most = n;
            best = g;
        }
    }
    return best;
}

static sc_rc fill_groups(sc_journal *j, sc_change *c, sc_err *err) {
    const sc_groups *groups = &j->e->groups;
    size_t n = 0;
    uint32_t *named = named_groups(j, &n);
    if (!named) return sc_fail(err, SC_NOMEM, "no memory for a change");
    c->touched = sc_arena_take_array(j->arena, n + 1, sizeof *c->touched);
    c->emptied = sc_arena_take_array(j->arena, n + 1, sizeof *c->emptied);
    c->opened = sc_arena_take_array(j->arena, j->n_opened + 1, sizeof *c->opened);
    c->regressed = sc_arena_take_array(j->arena, j->n_regressed + 1, sizeof *c->regressed);
    if (!c->touched || !c->emptied || !c->opened || !c->regressed)
        return sc_fail(err, SC_NOMEM, "no memory for a change");
    for (size_t i = 0; i < n; i++) {
        if (groups->v[named[i]].n) {
            c->touched[c->n_touched++] = sc_groups_id(groups, named[i]);
        } else if (!was_opened(j, named[i])) { /* opened and emptied again: it never was */
            c->emptied[c->n_emptied].gone = sc_groups_id(groups, named[i]);
            c->emptied[c->n_emptied++].into = sc_groups_id(groups, heir(j, named[i]));
        }
    }
    for (size_t i = 0; i < j->n_opened; i++)
        if (groups->v[j->opened[i]].n)
            c->opened[c->n_opened++] = sc_groups_id(groups, j->opened[i]);
    for (size_t i = 0; i < j->n_regressed; i++)
        c->regressed[c->n_regressed++] = sc_groups_id(groups, j->regressed[i]);
    return SC_OK;
}

/* One move a report, from where it was before the change to where it is now: steps in between (a
 * cluster opened and absorbed within one batch) are nothing the store should see. */
static bool coalesce(sc_journal *j) {
    SC_AUTO(sc_map_done) sc_map last = {0};
    if (!sc_map_reserve(&last, j->n_moves)) return false;
    size_t n = 0;
    for (size_t i = 0; i < j->n_moves; i++) {
        uint32_t at = sc_map_get(&last, (uint64_t)j->moves[i].key);
        if (at == SC_MAP_NONE) {
            sc_map_set(&last, (uint64_t)j->moves[i].key, (uint32_t)n);
            j->moves[n] = j->moves[i];
            j->moved_from[n++] = j->moved_from[i];
        } else {
            sc_id from = j->moves[at].from;
            j->moves[at] = j->moves[i];
            j->moves[at].from = from;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (sc_id_eq(&j->moves[i].from, &j->moves[i].to)) continue; /* there and back again */
        j->moves[kept] = j->moves[i];
        j->moved_from[kept++] = j->moved_from[i];
    }
    j->n_moves = kept;
    return true;
}

sc_rc sc_journal_end(sc_journal *j, sc_change *ret, sc_err *err) {
    if (!coalesce(j)) return sc_fail(err, SC_NOMEM, "no memory for a change");
    sc_change c = {.moves = j->moves,
                   .n_moves = j->n_moves,
                   .suggestions = j->suggestions,
                   .n_suggestions = j->n_suggestions,
                   .own = {j->credit, j->cursor}};
    sc_rc rc = fill_groups(j, &c, err);
    if (!rc) *ret = c;
    return rc;
}

/* ---- Taking back -------------------------------------------------------------------------------- */

static bool by_person(sc_decision_reason r) {
    return r == SC_REASON_person_moved || r == SC_REASON_person_merged ||
           r == SC_REASON_person_split || r == SC_REASON_person_undid;
}

/* An item that came from nowhere was new, unless a person moved it: then it was known before. */
static void take_back(sc_engine *e, const sc_move *m) {
    uint32_t slot = sc_items_find(&e->items, m->key);
    if (slot == SC_MAP_NONE) return;
    uint32_t from = sc_groups_find_id(&e->groups, &m->from);
    if (e->items.group[slot] != SC_GROUP_NONE)
        sc_groups_leave(&e->groups, &e->items, slot, e->generation);
    if (from != SC_GROUP_NONE)
        sc_groups_join(&e->groups, &e->items, from, slot);
    else if (!by_person(m->reason))
        sc_state_forget(e, slot);
}

void sc_journal_undo(sc_journal *j) {
    sc_engine *e = j->e;
    for (size_t i = j->n_moves; i-- > 0;) take_back(e, &j->moves[i]);
    for (size_t i = 0; i < j->n_opened; i++)
        if (!e->groups.v[j->opened[i]].n) sc_groups_drop(&e->groups, j->opened[i]);
    e->credit = j->credit;
    e->cursor = j->cursor;
}

void sc_engine_revert(sc_engine *e, const sc_change *c) {
    for (size_t i = c->n_moves; i-- > 0;) take_back(e, &c->moves[i]);
    for (size_t i = 0; i < c->n_opened; i++) {
        uint32_t g = sc_groups_find_id(&e->groups, &c->opened[i]);
        if (g != SC_GROUP_NONE && !e->groups.v[g].n) sc_groups_drop(&e->groups, g);
    }
    e->credit = c->own[0];
    e->cursor = (uint32_t)c->own[1];
}
