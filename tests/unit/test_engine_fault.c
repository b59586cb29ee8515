/* The first, second, ... nth allocation fails: the right code, no leak, nothing changed. */
#include "test_group_support.h"

enum { ITEMS = 30 };

typedef struct rig {
    sc_engine *e;
    made extra[3];
    sc_engine_item items[3];
    sc_id a, b;
} rig;

static rig rig_new(void) {
    rig r = {.e = made_engine()};
    uint64_t seed = 4;
    sc_arena arena;
    sc_arena_init(&arena, 1 << 24);
    for (int i = 0; i < ITEMS; i++) {
        made m;
        made_item(&m, (unsigned)i % 5, 0.2, &seed);
        made_place(r.e, &arena, i + 1, &m);
    }
    r.a = made_home(r.e, 1);
    r.b = made_home(r.e, 2);
    sc_arena_done(&arena);
    return r;
}

static void rig_items(rig *r) {
    uint64_t seed = 8;
    for (int i = 0; i < 3; i++) {
        made_item(&r->extra[i], (unsigned)i, 0.5, &seed);
        made_wire(&r->extra[i]);
        r->extra[i].repr.fp_stack = 9;
        r->items[i] = (sc_engine_item){.key = 500 + i, .repr = &r->extra[i].repr};
    }
}

typedef sc_rc (*step)(rig *r, sc_arena *a, sc_err *err);

static sc_rc place(rig *r, sc_arena *a, sc_err *err) {
    sc_change c;
    return sc_engine_place(r->e, r->items, 3, a, &c, err);
}

static sc_rc merge(rig *r, sc_arena *a, sc_err *err) {
    sc_change c;
    return sc_engine_merge(r->e, &r->a, &r->b, 1, a, &c, err);
}

static sc_rc split(rig *r, sc_arena *a, sc_err *err) {
    sc_change c;
    sc_id to;
    const int64_t key = 1;
    return sc_engine_split(r->e, &r->a, &key, 1, a, &to, &c, err);
}

static sc_rc move(rig *r, sc_arena *a, sc_err *err) {
    sc_change c;
    return sc_engine_move(r->e, 1, NULL, a, NULL, &c, err);
}

static sc_rc consolidate(rig *r, sc_arena *a, sc_err *err) {
    sc_change c;
    return sc_engine_consolidate(r->e, 0, a, &c, err);
}

static sc_rc correct(rig *r, sc_arena *a, sc_err *err) {
    (void)a;
    const sc_correction c[] = {{.kind = SC_CORRECTION_apart, .cluster_id = r->a, .other_id = r->b},
                               {.kind = SC_CORRECTION_pin, .feedback_seq = 3, .cluster_id = r->a}};
    return sc_engine_set_corrections(r->e, c, 2, err);
}

static sc_rc put_new(rig *r, sc_arena *a, sc_err *err) {
    (void)a;
    return sc_engine_put(r->e, &r->items[0], &r->a, err);
}

static sc_rc put_again(rig *r, sc_arena *a, sc_err *err) {
    (void)a;
    sc_engine_item item = r->items[1];
    item.key = 4;
    return sc_engine_put(r->e, &item, &r->b, err);
}

static sc_rc search(rig *r, sc_arena *a, sc_err *err) {
    sc_hit *hits;
    size_t n;
    return sc_engine_search(r->e, r->items[0].repr, 5, a, &hits, &n, err);
}

static sc_rc match(rig *r, sc_arena *a, sc_err *err) {
    int64_t *keys;
    size_t n, total;
    return sc_engine_match(r->e, r->items[0].repr->terms, 1, 0, 5, a, &keys, &n, &total, err);
}

static sc_rc view(rig *r, sc_arena *a, sc_err *err) {
    (void)a;
    sc_cluster_view v;
    return sc_engine_view(r->e, &r->a, &v, err);
}

static sc_rc neighbours(rig *r, sc_arena *a, sc_err *err) {
    sc_neighbour *near;
    size_t n;
    return sc_engine_neighbours(r->e, &r->a, 5, a, &near, &n, err);
}

/* A fresh engine for each n, so that scratch that has grown hides nothing. */
static void sweep(step run) {
    for (uint64_t nth = 1;; nth++) {
        rig r = rig_new();
        rig_items(&r);
        sc_arena a;
        sc_err err = {0};
        sc_arena_init(&a, 1 << 22);
        uint64_t before = digest(r.e);
        sc_mem_fail_after(nth);
        sc_rc rc = run(&r, &a, &err);
        uint64_t made_n = sc_mem_fail_after(0);
        if (rc) {
            assert_int_equal(rc, SC_NOMEM);
            assert_int_equal(err.rc, SC_NOMEM);
            assert_true(digest(r.e) == before);
            /* And it works when there is memory again. */
            assert_int_equal(run(&r, &a, &err), SC_OK);
        }
        sc_arena_done(&a);
        sc_engine_free(r.e);
        if (made_n < nth) {
            assert_int_equal(rc, SC_OK);
            assert_true(nth > 1);
            return;
        }
    }
}

#define SWEEP(name)                                                     \
    static void name##_survives_every_failed_allocation(void **state) { \
        (void)state;                                                    \
        sweep(name);                                                    \
    }
SWEEP(place)
SWEEP(merge)
SWEEP(split)
SWEEP(move)
SWEEP(consolidate)
SWEEP(correct)
SWEEP(put_new)
SWEEP(put_again)
SWEEP(search)
SWEEP(match)
SWEEP(view)
SWEEP(neighbours)

static void an_arena_over_its_budget_changes_nothing(void **state) {
    (void)state;
    rig r = rig_new();
    rig_items(&r);
    uint64_t before = digest(r.e);
    for (size_t budget = 0;; budget += 256) {
        sc_arena a;
        sc_err err;
        sc_arena_init(&a, budget);
        sc_rc rc = place(&r, &a, &err);
        sc_arena_done(&a);
        if (!rc) break;
        assert_int_equal(rc, SC_NOMEM);
        assert_true(digest(r.e) == before);
    }
    sc_engine_free(r.e);
}

static void an_engine_that_cannot_be_made_leaves_nothing(void **state) {
    (void)state;
    const sc_engine_conf conf = {.dim = MADE_DIM};
    for (uint64_t nth = 1; nth < 20; nth++) {
        sc_engine *e = NULL;
        sc_err err;
        sc_mem_fail_after(nth);
        sc_rc rc = sc_engine_new(&conf, &e, &err);
        sc_mem_fail_after(0);
        assert_true(rc == SC_NOMEM || rc == SC_OK);
        if (!rc) sc_engine_free(e);
    }
    sc_engine_free(NULL);
}

#define row(name) cmocka_unit_test(name##_survives_every_failed_allocation)

int main(void) {
    const struct CMUnitTest tests[] = {
        row(place),
        row(merge),
        row(split),
        row(move),
        row(consolidate),
        row(correct),
        row(put_new),
        row(put_again),
        row(search),
        row(match),
        row(view),
        row(neighbours),
        cmocka_unit_test(an_arena_over_its_budget_changes_nothing),
        cmocka_unit_test(an_engine_that_cannot_be_made_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
