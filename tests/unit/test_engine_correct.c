/* What a person decides: refused when it makes no sense, obeyed for ever otherwise; and taking back. */
#include "test_group_support.h"

static int setup(void **state) {
    static sc_arena a;
    sc_arena_init(&a, 1 << 26);
    *state = &a;
    return 0;
}

static int teardown(void **state) {
    sc_arena_done(*state);
    return 0;
}

/* `topics` topics of `each` items, keys from 1, topic after topic in turn. */
static sc_engine *filled(sc_arena *a, unsigned topics, unsigned each, double spread) {
    sc_engine *e = made_engine();
    uint64_t seed = 11;
    for (unsigned i = 0; i < topics * each; i++) {
        made m;
        made_item(&m, i % topics, spread, &seed);
        made_place(e, a, (int64_t)i + 1, &m);
    }
    return e;
}

static void senseless_corrections_are_refused_and_change_nothing(void **state) {
    sc_engine *e = filled(*state, 2, 3, 0.1);
    sc_id a = made_home(e, 1), b = made_home(e, 2), to;
    sc_id bad = {"nonsense"};
    sc_change c;
    sc_err err;
    uint64_t before = digest(e);
    const int64_t foreign[] = {1, 2}, all[] = {1, 3, 5}, twice[] = {1, 1, 1};
    assert_int_equal(sc_engine_merge(e, &a, &a, 1, *state, &c, &err), SC_UNPROCESSABLE);
    assert_int_equal(sc_engine_merge(e, &bad, &b, 1, *state, &c, &err), SC_NOT_FOUND);
    assert_int_equal(sc_engine_split(e, &a, foreign, 2, *state, &to, &c, &err), SC_UNPROCESSABLE);
    assert_int_equal(sc_engine_split(e, &a, all, 3, *state, &to, &c, &err), SC_UNPROCESSABLE);
    assert_int_equal(sc_engine_split(e, &a, all, 0, *state, &to, &c, &err), SC_UNPROCESSABLE);
    assert_int_equal(sc_engine_move(e, 1, &a, *state, &to, &c, &err), SC_UNPROCESSABLE);
    const sc_correction worse = {.kind = SC_CORRECTION_apart, .cluster_id = a, .other_id = bad};
    assert_int_equal(sc_engine_set_corrections(e, &worse, 1, &err), SC_INVALID);
    assert_true(digest(e) == before);
    /* Named three times is named once. */
    assert_int_equal(sc_engine_split(e, &a, twice, 3, *state, &to, &c, &err), SC_OK);
    assert_int_equal(c.n_moves, 1);
    sc_engine_free(e);
}

static void a_merge_a_split_and_a_move_do_what_they_say(void **state) {
    sc_engine *e = filled(*state, 3, 3, 0.1);
    sc_id a = made_home(e, 1), others[] = {made_home(e, 2), made_home(e, 3)}, to;
    sc_change c;
    ok(sc_engine_merge(e, &a, others, 2, *state, &c, &err));
    assert_int_equal(c.n_moves, 6);
    assert_int_equal(c.moves[0].reason, SC_REASON_person_merged);
    assert_int_equal(c.n_emptied, 2);
    assert_true(sc_id_eq(&c.emptied[0].into, &a));
    assert_int_equal(c.n_touched, 1);
    for (int64_t k = 2; k <= 9; k++) assert_true(made_together(e, 1, k));
    const int64_t keys[] = {2, 5};
    ok(sc_engine_split(e, &a, keys, 2, *state, &to, &c, &err));
    assert_int_equal(c.n_opened, 1);
    assert_true(sc_id_eq(&c.opened[0], &to));
    assert_true(made_together(e, 2, 5));
    assert_false(made_together(e, 2, 8));
    sc_id fresh;
    ok(sc_engine_move(e, 2, NULL, *state, &fresh, &c, &err));
    assert_false(made_together(e, 2, 5));
    ok(sc_engine_move(e, 2, &a, *state, &fresh, &c, &err));
    assert_true(sc_id_eq(&fresh, &a));
    assert_int_equal(c.moves[0].reason, SC_REASON_person_moved);
    assert_true(made_together(e, 1, 2));
    sc_engine_free(e);
}

static void what_a_person_merged_or_split_stays_so(void **state) {
    sc_engine *e = filled(*state, 2, 4, 0.1);
    sc_id a = made_home(e, 1), b = made_home(e, 2), half;
    sc_change c;
    sc_correction rules[16];
    size_t n = 0;
    ok(sc_engine_merge(e, &a, &b, 1, *state, &c, &err)); /* unlike each other */
    for (int64_t k = 1; k <= 8; k++)
        rules[n++] = (sc_correction){.kind = SC_CORRECTION_pin, .feedback_seq = k, .cluster_id = a};
    ok(sc_engine_set_corrections(e, rules, n, &err));
    ok(sc_engine_consolidate(e, 0, *state, &c, &err));
    assert_int_equal(c.n_moves, 0);
    uint64_t seed = 99;
    for (int64_t k = 20; k < 24; k++) {
        made m;
        made_item(&m, (unsigned)k % 2, 0.1, &seed);
        made_place(e, *state, k, &m);
    }
    for (int64_t k = 2; k <= 8; k++) assert_true(made_together(e, 1, k));
    /* And a split of two that are as like as can be. */
    const int64_t keys[] = {1, 3};
    ok(sc_engine_split(e, &a, keys, 2, *state, &half, &c, &err));
    n = 0;
    rules[n++] = (sc_correction){.kind = SC_CORRECTION_apart, .cluster_id = a, .other_id = half};
    ok(sc_engine_set_corrections(e, rules, n, &err));
    ok(sc_engine_consolidate(e, 0, *state, &c, &err));
    for (int64_t k = 30; k < 36; k++) {
        made m;
        made_item(&m, 0, 0.1, &seed);
        made_place(e, *state, k, &m);
    }
    ok(sc_engine_consolidate(e, 0, *state, &c, &err));
    assert_true(made_together(e, 1, 3));
    assert_false(made_together(e, 1, 5));
    sc_engine_free(e);
}

/* ---- Taking back ---------------------------------------------------------------------------------- */

static void every_change_can_be_taken_back_last_one_first(void **state) {
    sc_engine *e = filled(*state, 6, 8, 0.4);
    sc_change c[5];
    uint64_t before[5], seed = 7;
    made m[4];
    sc_engine_item items[4];
    for (int i = 0; i < 4; i++) {
        made_item(&m[i], (unsigned)i, 0.4, &seed);
        items[i] = (sc_engine_item){.key = 100 + i, .repr = &m[i].repr};
    }
    before[0] = digest(e);
    ok(sc_engine_place(e, items, 4, *state, &c[0], &err));
    before[1] = digest(e);
    sc_id a = made_home(e, 1), b = made_home(e, 2), to;
    ok(sc_engine_merge(e, &a, &b, 1, *state, &c[1], &err));
    before[2] = digest(e);
    ok(sc_engine_consolidate(e, 0, *state, &c[2], &err));
    before[3] = digest(e);
    ok(sc_engine_move(e, 100, NULL, *state, &to, &c[3], &err));
    before[4] = digest(e);
    sc_id home = made_home(e, 3);
    sc_cluster_view v;
    ok(sc_engine_view(e, &home, &v, &err));
    const int64_t one[] = {v.representatives[0]};
    ok(sc_engine_split(e, &home, one, 1, *state, &to, &c[4], &err));
    for (int i = 5; i-- > 0;) {
        sc_engine_revert(e, &c[i]);
        assert_true(digest(e) == before[i]);
    }
    sc_engine_free(e);
}

static void what_was_taken_back_leaves_no_trace_in_what_comes_after(void **state) {
    sc_engine *e[2];
    for (int turn = 0; turn < 2; turn++) {
        e[turn] = filled(*state, 5, 8, 0.45);
        uint64_t seed = 21;
        for (int64_t k = 100; k < 160; k++) {
            made m, extra;
            uint64_t other = (uint64_t)k;
            if (turn) { /* something comes and goes between any two */
                made_item(&extra, (unsigned)k % 7, 0.3, &other);
                sc_change c = made_place(e[1], *state, 1000, &extra);
                sc_engine_revert(e[1], &c);
            }
            made_item(&m, (unsigned)k % 5, 0.45, &seed);
            made_place(e[turn], *state, k, &m);
        }
    }
    for (int64_t i = 100; i < 160; i++)
        for (int64_t k = 100; k < i; k++)
            assert_int_equal(made_together(e[0], i, k), made_together(e[1], i, k));
    sc_engine_free(e[0]);
    sc_engine_free(e[1]);
}

/* ---- A thousand random operations against a simple model ------------------------------------------ */

enum { MAX_KEYS = 700, MAX_RULES = 3000 };

typedef struct model {
    sc_engine *e;
    sc_arena *a;
    uint64_t seed;
    int64_t n_keys; /* keys 1..n_keys were placed */
    bool gone[MAX_KEYS + 1];
    sc_id home[MAX_KEYS + 1]; /* by what the changes said */
    sc_correction rules[MAX_RULES];
    size_t n_rules;
} model;

static int64_t any_key(model *m) {
    for (;;) {
        int64_t k = 1 + (int64_t)(rnd(&m->seed) % (uint64_t)m->n_keys);
        if (!m->gone[k]) return k;
    }
}

static void add_rule(model *m, sc_correction c) {
    if (m->n_rules < MAX_RULES) m->rules[m->n_rules++] = c;
}

/* A change as the machine made it must break no rule. */
static void check_machine(model *m, const sc_change *c) {
    for (size_t i = 0; i < c->n_moves; i++)
        for (size_t r = 0; r < m->n_rules; r++) {
            const sc_correction *x = &m->rules[r];
            const sc_move *v = &c->moves[i];
            if (x->kind == SC_CORRECTION_pin && x->feedback_seq == v->key)
                fail_msg("a pinned report moved");
            if (x->kind == SC_CORRECTION_never && x->feedback_seq == v->key &&
                sc_id_eq(&x->cluster_id, &v->to))
                fail_msg("a report went where it must never be");
            if (x->kind == SC_CORRECTION_apart &&
                ((sc_id_eq(&x->cluster_id, &v->from) && sc_id_eq(&x->other_id, &v->to)) ||
                 (sc_id_eq(&x->cluster_id, &v->to) && sc_id_eq(&x->other_id, &v->from))))
                fail_msg("a report crossed over to a cluster kept apart");
        }
}

static void apply(model *m, const sc_change *c) {
    for (size_t i = 0; i < c->n_moves; i++) {
        assert_true(sc_id_eq(&m->home[c->moves[i].key], &c->moves[i].from));
        m->home[c->moves[i].key] = c->moves[i].to;
    }
}

/* As the app does it: who was moved by a person is pinned; old pins and nevers of it end. */
static void pin(model *m, int64_t key, const sc_id *cluster) {
    size_t kept = 0;
    for (size_t i = 0; i < m->n_rules; i++)
        if (m->rules[i].kind == SC_CORRECTION_apart || m->rules[i].feedback_seq != key)
            m->rules[kept++] = m->rules[i];
    m->n_rules = kept;
    add_rule(
        m, (sc_correction){.kind = SC_CORRECTION_pin, .feedback_seq = key, .cluster_id = *cluster});
}

static void op_place(model *m, sc_change *c) {
    made x;
    int64_t key = ++m->n_keys;
    made_item(&x, (unsigned)(rnd(&m->seed) % 20), 0.45, &m->seed);
    x.repr.fp_text = rnd(&m->seed) % 4 ? 0 : 1 + rnd(&m->seed) % 10;
    *c = made_place(m->e, m->a, key, &x);
    check_machine(m, c);
}

static bool op_person(model *m, sc_change *c) {
    int64_t x = any_key(m), y = any_key(m);
    sc_id to, from = m->home[x];
    switch (rnd(&m->seed) % 3) {
    case 0:
        if (sc_id_eq(&m->home[x], &m->home[y])) return false;
        ok(sc_engine_merge(m->e, &m->home[x], &m->home[y], 1, m->a, c, &err));
        break;
    case 1: {
        sc_cluster_view v;
        ok(sc_engine_view(m->e, &m->home[x], &v, &err));
        if (v.count < 2) return false;
        ok(sc_engine_split(m->e, &m->home[x], &x, 1, m->a, &to, c, &err));
        add_rule(m,
                 (sc_correction){.kind = SC_CORRECTION_apart, .cluster_id = from, .other_id = to});
        break;
    }
    default:
        if (sc_id_eq(&m->home[x], &m->home[y])) return false;
        ok(sc_engine_move(m->e, x, &m->home[y], m->a, &to, c, &err));
        break;
    }
    for (size_t i = 0; i < c->n_moves; i++) pin(m, c->moves[i].key, &c->moves[i].to);
    if (c->n_moves == 1 && c->moves[0].reason == SC_REASON_person_moved)
        add_rule(
            m, (sc_correction){.kind = SC_CORRECTION_never, .feedback_seq = x, .cluster_id = from});
    ok(sc_engine_set_corrections(m->e, m->rules, m->n_rules, &err));
    return true;
}

static void check_state(model *m) {
    digest(m->e); /* its own consistency */
    for (int64_t k = 1; k <= m->n_keys; k++) {
        assert_int_equal(sc_engine_has(m->e, k), !m->gone[k]);
        if (m->gone[k]) continue;
        sc_id home = made_home(m->e, k);
        assert_true(sc_id_eq(&home, &m->home[k]));
    }
}

static void a_thousand_random_operations_break_no_correction(void **state) {
    static model m;
    m = (model){.e = made_engine(), .a = *state, .seed = 2024};
    sc_change c;
    for (int i = 0; i < 30; i++) {
        op_place(&m, &c);
        apply(&m, &c);
    }
    for (int i = 0; i < 1000; i++) {
        uint64_t dice = rnd(&m.seed) % 100;
        if (dice < 60) {
            uint64_t before = digest(m.e);
            op_place(&m, &c);
            if (dice < 6) { /* the store said no */
                sc_engine_revert(m.e, &c);
                assert_true(digest(m.e) == before);
                m.n_keys--;
            } else {
                apply(&m, &c);
            }
        } else if (dice < 72) {
            if (op_person(&m, &c)) apply(&m, &c);
        } else if (dice < 76) {
            ok(sc_engine_consolidate(m.e, rnd(&m.seed) % 2 ? 0 : 60, m.a, &c, &err));
            check_machine(&m, &c);
            apply(&m, &c);
        } else if (dice < 90) {
            sc_id home = m.home[any_key(&m)];
            sc_cluster_status s = (sc_cluster_status)(rnd(&m.seed) % SC_CLUSTER_STATUS_COUNT);
            ok(sc_engine_set_status(m.e, &home, s, &err));
        } else {
            int64_t k = any_key(&m);
            sc_engine_remove(m.e, k);
            m.gone[k] = true;
        }
        if (i % 50 == 0) check_state(&m);
        sc_arena_reset(m.a);
    }
    check_state(&m);
    sc_engine_free(m.e);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(senseless_corrections_are_refused_and_change_nothing),
        test(a_merge_a_split_and_a_move_do_what_they_say),
        test(what_a_person_merged_or_split_stays_so),
        test(every_change_can_be_taken_back_last_one_first),
        test(what_was_taken_back_leaves_no_trace_in_what_comes_after),
        test(a_thousand_random_operations_break_no_correction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
