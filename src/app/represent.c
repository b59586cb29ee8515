#include "app/represent.h"

static void sort_distinct(uint32_t *v, size_t *n) {
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) { /* insertion sort: at most SC_REPR_MAX_TITLE_TERMS */
        uint32_t x = v[i];
        size_t at = kept;
        while (at && v[at - 1] > x) at--;
        if (at && v[at - 1] == x) continue;
        memmove(v + at + 1, v + at, (kept - at) * sizeof *v);
        v[at] = x;
        kept++;
    }
    *n = kept;
}

static sc_rc title_terms(const sc_prepared *p, sc_arena *arena, sc_repr *ret, sc_err *err) {
    uint32_t *v = sc_arena_take_array(arena, SC_REPR_MAX_TITLE_TERMS + 1, sizeof *v);
    if (!v) return sc_fail(err, SC_NOMEM, "no memory for the title's terms");
    size_t n = 0;
    for (size_t i = 0; i < p->n_title_tokens && n < SC_REPR_MAX_TITLE_TERMS; i++)
        if (!p->tokens[i].stop) v[n++] = p->tokens[i].hash;
    sort_distinct(v, &n);
    ret->title_terms = v;
    ret->n_title_terms = (uint16_t)n;
    return SC_OK;
}

sc_rc sc_represent_pack(const sc_prepared *p, const int8_t *vec, uint16_t dim, sc_arena *arena,
                        sc_repr *ret, sc_err *err) {
    sc_repr r = {.vec = vec, .dim = dim, .fp_text = p->fp_text, .fp_stack = p->fp_stack};
    uint32_t *terms;
    uint8_t *tfs;
    size_t n;
    sc_rc rc = sc_prepare_terms(p, arena, &terms, &tfs, &n, err);
    if (!rc) rc = title_terms(p, arena, &r, err);
    if (rc) return rc;
    r.terms = terms;
    r.tfs = tfs;
    r.n_terms = (uint16_t)n;
    r.frames = p->frames;
    r.n_frames = (uint16_t)SC_MIN(p->n_frames, (size_t)SC_REPR_MAX_FRAMES);
    r.facets = p->facets;
    r.n_facets = (uint8_t)SC_MIN(p->n_facets, (size_t)SC_REPR_MAX_FACETS);
    *ret = r;
    return SC_OK;
}

sc_rc sc_represent(const sc_embedder *em, const sc_feedback *f, int64_t deadline_ms,
                   sc_arena *arena, sc_repr *ret, sc_prepared *ret_prepared, sc_err *err) {
    sc_prepared p;
    sc_rc rc = sc_prepare(f->title, f->body, f->stack, arena, &p, err);
    if (rc) return rc;
    uint16_t dim = em->ops->dim(em->self);
    int8_t *vec = sc_arena_take(arena, dim);
    if (!vec) return sc_fail(err, SC_NOMEM, "no memory for the report's vector");
    rc = em->ops->embed(em->self, &p, 1, deadline_ms, vec, err);
    if (rc) return sc_wrap(err, "embed with %s", em->ops->name);
    rc = sc_represent_pack(&p, vec, dim, arena, ret, err);
    if (!rc && ret_prepared) *ret_prepared = p;
    return rc;
}
