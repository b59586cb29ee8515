/* What every store keeps of the decisions about a report, and for how long. */
#include "store_fixture.h"

#define F SC_REASON_first
#define M SC_REASON_linkage
#define P SC_REASON_person_moved

/* Writes one decision after the other about a report; their times number them. */
static void decide(sc_fx *f, const sc_id *project, int64_t seq, const sc_id *cluster,
                   const sc_decision_reason *reasons, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sc_decision d = {.feedback_seq = seq,
                         .cluster_id = *cluster,
                         .reason = reasons[i],
                         .model = SC_STR("m"),
                         .actor = SC_STR("worker"),
                         .shared_terms = SC_STR("[]"),
                         .at_ms = (int64_t)i};
        sc_group_write w = {.project_id = *project,
                            .expect_version = fx_version(f, project),
                            .decisions = &d,
                            .n_decisions = 1,
                            .now_ms = f->clock_ms};
        int64_t version;
        fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    }
}

static sc_id cluster_of(sc_fx *f, const sc_id *project) {
    sc_cluster k = fx_cluster(f, project, "k");
    sc_group_write w = {.project_id = *project,
                        .expect_version = fx_version(f, project),
                        .clusters = &k,
                        .n_clusters = 1,
                        .now_ms = f->clock_ms};
    int64_t version;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    return k.id;
}

/* The numbers of those that are left, as bits. */
static unsigned left(sc_fx *f, const sc_id *project, int64_t seq) {
    sc_decision *l;
    size_t n;
    unsigned bits = 0;
    fx_ok(f, f->ops->decisions(f->s, project, seq, &f->arena, &l, &n, &f->err));
    for (size_t i = 0; i < n; i++) bits |= 1u << l[i].at_ms;
    return bits;
}

static void decisions_that_nobody_asks_for_go(void **state) {
    sc_fx *f = *state;
    const sc_decision_reason machine[] = {F, M, M, M, M}, person[] = {F, M, M, P, M, M, M};
    int64_t a[2], b[1], next, gone;
    fx_put_n(f, &f->a, 2, a);
    fx_put_n(f, &f->b, 1, b);
    const sc_id ka = cluster_of(f, &f->a), kb = cluster_of(f, &f->b);
    decide(f, &f->a, a[0], &ka, machine, 5);
    decide(f, &f->a, a[1], &ka, person, 7);
    decide(f, &f->b, b[0], &kb, machine, 2);
    fx_ok(f, f->ops->decision_prune(f->s, 0, 100, 2, &next, &gone, &f->err));
    assert_int_equal(next, 0);
    assert_int_equal(gone, 2 + 2);
    assert_int_equal(left(f, &f->a, a[0]), 1 << 0 | 1 << 3 | 1 << 4);
    assert_int_equal(left(f, &f->a, a[1]), 1 << 0 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6);
    assert_int_equal(left(f, &f->b, b[0]), 3);
    fx_ok(f, f->ops->decision_prune(f->s, 0, 100, 2, &next, &gone, &f->err));
    assert_int_equal(gone, 0);
    fx_reopen(f);
    assert_int_equal(left(f, &f->a, a[0]), 1 << 0 | 1 << 3 | 1 << 4);
}

static void a_stretch_at_a_time_is_looked_at(void **state) {
    sc_fx *f = *state;
    const sc_decision_reason machine[] = {F, M, M, M};
    int64_t seqs[5], next = 0, gone, total = 0;
    fx_put_n(f, &f->a, 5, seqs);
    const sc_id k = cluster_of(f, &f->a);
    for (int i = 0; i < 5; i++) decide(f, &f->a, seqs[i], &k, machine, 4);
    int steps = 0;
    do {
        fx_ok(f, f->ops->decision_prune(f->s, next, 2, 1, &next, &gone, &f->err));
        assert_true(gone <= 2 * 2);
        total += gone;
    } while (next && ++steps < 10);
    assert_int_equal(steps, 2);
    assert_int_equal(total, 5 * 2);
    for (int i = 0; i < 5; i++) assert_int_equal(left(f, &f->a, seqs[i]), 1 << 0 | 1 << 3);
}

static void an_empty_store_has_none_to_prune(void **state) {
    sc_fx *f = *state;
    int64_t next = 7, gone = 7;
    fx_ok(f, f->ops->decision_prune(f->s, 0, 10, 1, &next, &gone, &f->err));
    assert_int_equal(next, 0);
    assert_int_equal(gone, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(decisions_that_nobody_asks_for_go),
        fx_test(a_stretch_at_a_time_is_looked_at),
        fx_test(an_empty_store_has_none_to_prune),
    };
    return fx_run(tests);
}
