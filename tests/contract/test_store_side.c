/* Every backend keeps the port's word: representations by further models, and the change to one. */
#include "store_fixture.h"

typedef struct seen {
    size_t n;
    size_t repr[16]; /* bytes, in seq order */
} seen;

static bool see(void *self, const sc_stored_item *it) {
    seen *s = self;
    s->repr[s->n++] = it->repr.n;
    return true;
}

static seen look(sc_fx *f, const char *model) {
    seen s = {.n = 0};
    int64_t v;
    fx_ok(f, f->ops->items_since(f->s, &f->a, 0, model, see, &s, &v, &f->err));
    return s;
}

static sc_model_state state_of(sc_fx *f) {
    sc_model_state s;
    fx_ok(f, f->ops->model_state(f->s, &f->a, &f->arena, &s, &f->err));
    return s;
}

static size_t without(sc_fx *f, const char *model, sc_side_item *ret) {
    size_t n;
    int64_t count;
    fx_ok(f, f->ops->items_without(f->s, &f->a, model, 0, 16, ret, &n, &f->err));
    fx_ok(f, f->ops->count_without(f->s, &f->a, model, &count, &f->err));
    assert_int_equal(count, n);
    return n;
}

static sc_job running_job(sc_fx *f) {
    sc_job asked = fx_job(f, &f->a, "remodel", ""), job;
    fx_enqueue(f, &asked);
    fx_ok(f, fx_claim(f, "remodel", f->clock_ms, &job));
    return job;
}

/* Gives n items a representation of 3 bytes by the model; returns how many were stored. */
static size_t put(sc_fx *f, const sc_job *job, const char *model, const sc_side_item *items,
                  size_t n) {
    sc_side_item mine[16];
    size_t stored;
    for (size_t i = 0; i < n; i++) {
        mine[i] = items[i];
        mine[i].repr = SC_STR("new");
    }
    sc_side_write w = {.project_id = f->a,
                       .job_id = job->id,
                       .job_fence = job->fence,
                       .model = model,
                       .items = mine,
                       .n = n,
                       .done = (int64_t)n,
                       .total = 9,
                       .now_ms = f->clock_ms};
    fx_ok(f, f->ops->side_put(f->s, &w, &stored, &f->err));
    return stored;
}

static sc_group_write change_to(sc_fx *f, const char *model) {
    return (sc_group_write){.project_id = f->a,
                            .expect_version = fx_version(f, &f->a),
                            .model = model,
                            .activate = true,
                            .now_ms = f->clock_ms};
}

static void a_worker_that_lost_its_job_stores_no_representation(void **state) {
    sc_fx *f = *state;
    int64_t seqs[2], version;
    sc_side_item todo[16];
    size_t stored;
    fx_put_n(f, &f->a, 2, seqs);
    fx_group(f, &f->a, seqs, 2);
    sc_job job = running_job(f);
    size_t n = without(f, "m2", todo);
    sc_side_write w = {.project_id = f->a,
                       .job_id = job.id,
                       .job_fence = job.fence + 1,
                       .model = "m2",
                       .items = todo,
                       .n = n};
    fx_rc(f, f->ops->side_put(f->s, &w, &stored, &f->err), SC_FENCED);
    w.job_fence = job.fence;
    w.model = "";
    fx_rc(f, f->ops->side_put(f->s, &w, &stored, &f->err), SC_INVALID);
    assert_int_equal(without(f, "m2", todo), 2);
    assert_int_equal(state_of(f).target.n, 0);
    sc_group_write g = change_to(f, NULL);
    fx_rc(f, f->ops->group_write(f->s, &g, &version, &f->err), SC_INVALID);
    g = change_to(f, "m2");
    g.expect_version--;
    fx_rc(f, f->ops->group_write(f->s, &g, &version, &f->err), SC_CONFLICT);
    assert_true(sc_str_is(state_of(f).active, "m1"));
}

static void a_project_takes_the_model_of_its_first_placement(void **state) {
    sc_fx *f = *state;
    int64_t seq;
    assert_int_equal(state_of(f).active.n, 0);
    fx_put_n(f, &f->a, 1, &seq);
    fx_group(f, &f->a, &seq, 1);
    assert_true(sc_str_is(state_of(f).active, "m1"));
    sc_project p;
    fx_ok(f, f->ops->project_get(f->s, SC_STR("a"), &f->arena, &p, &f->err));
    assert_true(sc_str_is(p.model, "m1"));
    fx_ok(f, f->ops->project_get(f->s, SC_STR("b"), &f->arena, &p, &f->err));
    assert_int_equal(p.model.n, 0);
}

static void a_change_takes_what_was_made_beside_and_goes_back(void **state) {
    sc_fx *f = *state;
    int64_t seqs[4], version;
    sc_side_item todo[16];
    fx_put_n(f, &f->a, 4, seqs);
    sc_id k1 = fx_group(f, &f->a, seqs, 2);
    sc_id k2 = fx_group(f, &f->a, seqs + 2, 2);
    assert_int_equal(without(f, "m1", todo), 0);
    assert_int_equal(without(f, "m2", todo), 4);
    sc_job job = running_job(f);
    assert_int_equal(put(f, &job, "m2", todo, 3), 3);
    sc_model_state s = state_of(f);
    assert_true(sc_str_is(s.active, "m1") && sc_str_is(s.target, "m2"));
    assert_true(s.done == 3 && s.total == 9);
    assert_int_equal(without(f, "m2", todo), 1);
    put(f, &job, "m2", todo, 1);
    seen both = look(f, "m1");
    assert_true(both.n == 4 && both.repr[0] == 10);
    both = look(f, "m2");
    assert_true(both.n == 4 && both.repr[0] == 3 && both.repr[3] == 3);
    sc_assign as = {seqs[0], k2, SC_STR_NONE};
    sc_decision d = {
        .feedback_seq = seqs[0], .cluster_id = k2, .from_id = k1, .reason = SC_REASON_consolidated};
    sc_group_write w = change_to(f, "m2");
    w.job_id = job.id;
    w.job_fence = job.fence;
    w.assigns = &as;
    w.decisions = &d;
    w.n_assigns = w.n_decisions = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    s = state_of(f);
    assert_true(sc_str_is(s.active, "m2") && sc_str_is(s.previous, "m1") && s.target.n == 0);
    assert_int_equal(s.switched_version, version);
    assert_int_equal(look(f, "m2").repr[0], 3);
    assert_int_equal(without(f, "m1", todo), 0);
    sc_moved_item *moved;
    size_t n;
    fx_ok(f, f->ops->moved_by_switch(f->s, &f->a, version, &f->arena, &moved, &n, &f->err));
    assert_int_equal(n, 1);
    assert_true(moved[0].seq == seqs[0] && sc_id_eq(&moved[0].was_in, &k1) &&
                sc_id_eq(&moved[0].is_in, &k2));
    /* What someone moved since is theirs. */
    int64_t switched = version;
    w = change_to(f, "m2");
    w.activate = false;
    w.assigns = &as;
    w.n_assigns = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    fx_ok(f, f->ops->moved_by_switch(f->s, &f->a, switched, &f->arena, &moved, &n, &f->err));
    assert_int_equal(n, 0);
    w = change_to(f, "m1");
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    s = state_of(f);
    assert_true(sc_str_is(s.active, "m1") && sc_str_is(s.previous, "m2"));
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void a_report_that_changed_meanwhile_is_made_again(void **state) {
    sc_fx *f = *state;
    int64_t seqs[3], version;
    sc_side_item todo[16], again[16];
    fx_put_n(f, &f->a, 3, seqs);
    sc_id k = fx_group(f, &f->a, seqs, 3);
    sc_job job = running_job(f);
    assert_int_equal(without(f, "m2", todo), 3);
    sc_assign as = {seqs[1], k, SC_STR("edited")};
    sc_group_write w = change_to(f, "m1");
    w.activate = false;
    w.assigns = &as;
    w.n_assigns = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    assert_int_equal(put(f, &job, "m2", todo, 3),
                     2); /* the text that was read is not the text now */
    assert_int_equal(without(f, "m2", again), 1);
    assert_int_equal(again[0].seq, seqs[1]);
    /* One that was made before the edit is forgotten with it; one that only moved is not. */
    sc_assign both[2] = {{seqs[0], k, SC_STR("edited")}, {seqs[2], k, SC_STR_NONE}};
    w.expect_version = version;
    w.assigns = both;
    w.n_assigns = 2;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    assert_int_equal(without(f, "m2", again), 2);
    /* A parked report needs none. */
    sc_assign parked = {seqs[0], {{0}}, SC_STR_NONE};
    w.expect_version = version;
    w.assigns = &parked;
    w.n_assigns = 1;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    assert_int_equal(without(f, "m2", again), 1);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void what_no_model_in_use_needs_is_removed_in_steps(void **state) {
    sc_fx *f = *state;
    int64_t seqs[4], version;
    sc_side_item todo[16];
    size_t n;
    fx_put_n(f, &f->a, 4, seqs);
    fx_group(f, &f->a, seqs, 4);
    sc_job job = running_job(f);
    size_t all = without(f, "m2", todo);
    put(f, &job, "m2", todo, all);
    put(f, &job, "m3", todo, all);
    sc_group_write w = change_to(f, "m2");
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    fx_ok(f, f->ops->side_prune(f->s, &f->a, "m3", 100, &n, &f->err));
    assert_int_equal(n, 0);
    fx_ok(f, f->ops->side_prune(f->s, &f->a, "m1", 3, &n, &f->err));
    assert_int_equal(n, 3);
    fx_ok(f, f->ops->side_prune(f->s, &f->a, "", 3, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(look(f, "m2").repr[2], 3);
    assert_int_equal(look(f, "m1").repr[2], 10);
    assert_int_equal(without(f, "m3", todo), 4);
}

static void removing_ends_only_when_nothing_is_left(void **state) {
    sc_fx *f = *state;
    enum { PARTS = 24, PART = 64, STEP = 7 };
    int64_t seqs[PART];
    sc_side_item todo[16];
    size_t n, removed = 0;
    for (int i = 0; i < PARTS; i++) {
        fx_put_n(f, &f->a, PART, seqs);
        fx_group(f, &f->a, seqs, PART);
    }
    sc_job job = running_job(f);
    do {
        fx_ok(f, f->ops->items_without(f->s, &f->a, "m2", 0, SC_LEN(todo), todo, &n, &f->err));
        put(f, &job, "m2", todo, n);
    } while (n == SC_LEN(todo));
    do {
        fx_ok(f, f->ops->side_prune(f->s, &f->a, "", STEP, &n, &f->err));
        removed += n;
    } while (n == STEP);
    assert_int_equal(removed, PARTS * PART);
}

static void another_project_is_not_touched(void **state) {
    sc_fx *f = *state;
    int64_t seq, foreign;
    sc_side_item todo[16];
    fx_put_n(f, &f->a, 1, &seq);
    fx_put_n(f, &f->b, 1, &foreign);
    fx_group(f, &f->a, &seq, 1);
    fx_group(f, &f->b, &foreign, 1);
    sc_job job = running_job(f);
    todo[0] = (sc_side_item){.seq = foreign, .version = 1};
    assert_int_equal(put(f, &job, "m2", todo, 1), 0);
    sc_id nobody = fx_id(f);
    sc_model_state s;
    size_t n;
    fx_rc(f, f->ops->model_state(f->s, &nobody, &f->arena, &s, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->items_without(f->s, &nobody, "m", 0, 16, todo, &n, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->side_prune(f->s, &nobody, "m", 16, &n, &f->err), SC_NOT_FOUND);
}

/* An import gives places and no representations: who loads the project writes what it had to make. */
static void what_a_placement_came_without_is_stored_without_a_job(void **state) {
    sc_fx *f = *state;
    int64_t seqs[4], version;
    sc_side_item todo[16], own = {.version = 1};
    fx_put_n(f, &f->a, 4, seqs);
    sc_id k = fx_group(f, &f->a, seqs, 1);
    sc_assign bare[3] = {{seqs[1], k, SC_STR_NONE}, {seqs[2], k, SC_STR_NONE}};
    bare[2] = (sc_assign){seqs[3], k, SC_STR_NONE};
    sc_group_write w = change_to(f, "");
    w.activate = false;
    w.assigns = bare;
    w.n_assigns = 3;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    assert_int_equal(without(f, "m1", todo), 3);
    static const sc_job nobody = {0};
    own.seq = seqs[0];
    assert_int_equal(put(f, &nobody, "m1", &own, 1), 0); /* it has its own */
    todo[2].version--;
    assert_int_equal(put(f, &nobody, "m1", todo, 3), 2); /* the last is another one by now */
    seen now = look(f, "m1");
    assert_true(now.n == 4 && now.repr[0] == 10 && now.repr[1] == 3 && now.repr[2] == 3);
    assert_int_equal(now.repr[3], 0);
    assert_int_equal(put(f, &nobody, "m1", todo, 2), 0); /* the same bytes are there */
    assert_int_equal(without(f, "m1", todo), 1);
    assert_int_equal(todo[0].seq, seqs[3]);
    /* It is no change of the model, and nobody has anything to follow. */
    assert_int_equal(state_of(f).target.n, 0);
    assert_int_equal(fx_version(f, &f->a), version);
    /* Grouped anew it has its own again, and a move alone takes nothing away. */
    sc_assign both[2] = {{seqs[1], k, SC_STR("anew")}, {seqs[2], k, SC_STR_NONE}};
    w = change_to(f, "m1");
    w.activate = false;
    w.assigns = both;
    w.n_assigns = 2;
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    now = look(f, "m1");
    assert_true(now.repr[1] == 4 && now.repr[2] == 3);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(a_worker_that_lost_its_job_stores_no_representation),
        fx_test(a_project_takes_the_model_of_its_first_placement),
        fx_test(a_change_takes_what_was_made_beside_and_goes_back),
        fx_test(a_report_that_changed_meanwhile_is_made_again),
        fx_test(what_no_model_in_use_needs_is_removed_in_steps),
        fx_test(removing_ends_only_when_nothing_is_left),
        fx_test(another_project_is_not_touched),
        fx_test(what_a_placement_came_without_is_stored_without_a_job),
    };
    return fx_run(tests);
}
