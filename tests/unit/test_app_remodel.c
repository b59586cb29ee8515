/* Changing the model that a project is grouped with: in the background, once, and back again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/read.h"
#include "app/remodel.h"
#include "app/triage.h"
#include "app_fixture.h"
#include "app_ok.h"
#include "base/json.h"

/* ---- Two embedders of a few dimensions ------------------------------------------------------------ */

/* Alike is what has the same first (or last) word of the title: nothing else counts. */
enum { DIM = 64 };
typedef struct word_embedder {
    const char *model;
    bool last;
} word_embedder;

static struct {
    _Atomic int embedded;   /* texts, by the second one            */
    _Atomic int fails_from; /* it fails from so many texts on; 0: never */
    _Atomic int waits_at;   /* it waits there until it is let go   */
    _Atomic bool let_go;
    _Atomic bool gone; /* the first one cannot be opened any more */
    _Atomic int opened;
    _Atomic int64_t
        *slow; /* a text takes more than a slice of this clock, less than a turn; or NULL */
} world;

static sc_rc words_open(void *self, const void *conf, sc_err *err) {
    (void)self, (void)conf, (void)err;
    return SC_OK;
}

static bool may_go_on(void *self) {
    (void)self;
    return atomic_load(&world.let_go);
}

static sc_rc words_embed(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                         int8_t *ret, sc_err *err) {
    const word_embedder *w = self;
    (void)deadline_ms;
    memset(ret, 0, n * DIM);
    for (size_t i = 0; i < n; i++) {
        if (!texts[i].n_title_tokens) continue;
        size_t at = w->last ? texts[i].n_title_tokens - 1 : 0;
        ret[i * DIM + texts[i].tokens[at].hash % DIM] = 127;
        if (!w->last) continue;
        int count = atomic_fetch_add(&world.embedded, 1) + 1,
            fails = atomic_load(&world.fails_from);
        if (fails && count >= fails) return sc_fail(err, SC_UPSTREAM, "the new one is broken");
        if (world.slow) atomic_fetch_add(world.slow, 600000);
        if (count == atomic_load(&world.waits_at)) app_wait(may_go_on, NULL, "the test");
    }
    return SC_OK;
}

static uint16_t words_dim(const void *self) {
    (void)self;
    return DIM;
}
static const char *words_model(const void *self) { return ((const word_embedder *)self)->model; }

static const sc_embedder_ops first_ops = {.name = "first",
                                          .size = sizeof(word_embedder),
                                          .open = words_open,
                                          .embed = words_embed,
                                          .dim = words_dim,
                                          .model = words_model};
static const sc_embedder_ops last_ops = {.name = "last",
                                         .size = sizeof(word_embedder),
                                         .open = words_open,
                                         .embed = words_embed,
                                         .dim = words_dim,
                                         .model = words_model};
static word_embedder first_self = {"first-1/prepare-1", false},
                     last_self = {"last-1/prepare-1", true};
static const sc_embedder first = {&first_ops, &first_self}, last = {&last_ops, &last_self};

static sc_rc open_further(void *self, sc_str name, sc_embedder *ret, sc_err *err) {
    (void)self;
    atomic_fetch_add(&world.opened, 1);
    bool is_first = sc_str_is(name, "first") || sc_str_is(name, first_self.model);
    bool is_last = sc_str_is(name, "last") || sc_str_is(name, last_self.model);
    if ((is_first && atomic_load(&world.gone)) || (!is_first && !is_last))
        return sc_fail(err, SC_NOT_FOUND, "its file is gone");
    *ret = is_first ? first : last;
    return SC_OK;
}

static void close_further(sc_embedder *em) { *em = (sc_embedder){NULL, NULL}; }

/* ---- The world of a test --------------------------------------------------------------------------- */

static int setup(void **state) {
    app_fixture *f = calloc(1, sizeof *f);
    memset(&world, 0, sizeof world);
    app_fixture_open(f, &first, false);
    f->open_embedder = open_further;
    f->close_embedder = close_further;
    f->decides = true;
    app_fixture_restart(f, true);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    app_fixture *f = *state;
    atomic_store(&world.let_go, true);
    app_fixture_close(f);
    free(f);
    return 0;
}

static void restart_with(app_fixture *f, const sc_embedder *em, bool worker) {
    f->embedder = *em;
    app_fixture_restart(f, worker);
}

enum { N = 24 };

/* By the first word: alpha, beta, gamma; by the last: one of four. */
static void feed(app_fixture *f, sc_id *ids, int from, int to) {
    static const char *const heads[] = {"alpha", "beta", "gamma"};
    static const char *const tails[] = {"kiwi", "lemon", "mango", "olive"};
    for (int i = from; i < to; i++) {
        char key[16], title[80];
        snprintf(key, sizeof key, "k%d", i);
        snprintf(title, sizeof title, "%s word%d %s", heads[i % 3], i, tails[i / 3 % 4]);
        ids[i] = app_put(f, key, title, "");
    }
    app_settle(f);
}

static sc_remodel_status status(app_fixture *f) {
    sc_remodel_status s;
    ok(sc_remodel_status_get(f->app, &f->project.id, &f->arena, &s, &failure));
    return s;
}

static bool is_last(void *self) { return sc_str_is(status(self).model, last_self.model); }
static bool is_first(void *self) { return sc_str_is(status(self).model, first_self.model); }
static bool is_settled(void *self) { return status(self).state == SC_REMODEL_settled; }
static bool has_failed(void *self) { return status(self).state == SC_REMODEL_failed; }
/* Time goes on whenever the change waits for its next try, and at no other time. */
static bool has_failed_in_time(void *self) {
    app_fixture *f = self;
    const sc_id job = status(f).job_id;
    sc_job j;
    if (has_failed(f)) return true;
    if (sc_id_is_set(&job) &&
        !f->store.ops->job_get(f->store.self, &f->project.id, &job, &f->arena, &j, NULL) &&
        j.state == SC_JOB_pending && j.run_at_ms > atomic_load(&f->now_ms))
        atomic_store(&f->now_ms, j.run_at_ms);
    return false;
}

static bool is_waiting_inside(void *self) {
    (void)self;
    return atomic_load(&world.embedded) >= atomic_load(&world.waits_at);
}

typedef struct places {
    sc_id in[N + 8];
} places;

static places look(app_fixture *f, const sc_id *ids, int n) {
    places p = {.in = {{{0}}}};
    for (int i = 0; i < n; i++) {
        sc_feedback r = app_get(f, &ids[i]);
        p.in[i] = r.cluster_id;
        assert_true(sc_id_is_set(&p.in[i]));
    }
    return p;
}

static bool same(const places *a, const places *b, int n) {
    for (int i = 0; i < n; i++)
        if (!sc_id_eq(&a->in[i], &b->in[i])) return false;
    return true;
}

static size_t distinct(const places *p, int n) {
    size_t count = 0;
    for (int i = 0; i < n; i++) {
        bool seen = false;
        for (int k = 0; k < i && !seen; k++) seen = sc_id_eq(&p->in[i], &p->in[k]);
        count += !seen;
    }
    return count;
}

static void check_store(app_fixture *f) {
    ok(f->store.ops->verify(f->store.self, NULL, NULL, &failure));
}

static size_t found(app_fixture *f, const char *words) {
    sc_search_result r;
    ok(sc_read_search(f->app, &f->project.id, sc_str_of(words), 50, &f->arena, &r, &failure));
    return r.n;
}

/* ---- Tests -------------------------------------------------------------------------------------------- */

static void another_model_regroups_once_and_goes_back_exactly(void **state) {
    app_fixture *f = *state;
    sc_id ids[N];
    feed(f, ids, 0, N);
    places before = look(f, ids, N);
    assert_true(distinct(&before, N) == 3);
    restart_with(f, &last, true);
    app_wait(is_last, f, "the change");
    places after = look(f, ids, N);
    assert_int_equal(distinct(&after, N), 4);
    for (int i = 0; i < N; i++) assert_true(sc_id_eq(&after.in[i], &after.in[(i + 12) % N]));
    assert_int_equal(status(f).state, SC_REMODEL_settled);
    check_store(f);
    /* An issue keeps its id where it has the largest overlap. */
    size_t kept = 0;
    for (int i = 0; i < N; i++) kept += sc_id_eq(&before.in[i], &after.in[i]);
    assert_true(kept > 0);
    /* Why here? */
    for (int i = 0; i < N; i++) {
        sc_trace t;
        ok(sc_read_trace(f->app, &f->project.id, &ids[i], &f->arena, &t, &failure));
        if (!sc_id_eq(&before.in[i], &after.in[i]))
            assert_int_equal(t.steps[t.n - 1].decision->reason, SC_REASON_remodelled);
    }
    assert_true(found(f, "mango") > 0);
    ok(sc_lens_use(f->app, &f->project.id, SC_STR("previous"), &failure));
    sc_remodel_poke(f->app);
    app_wait(is_first, f, "the way back");
    places back = look(f, ids, N);
    assert_true(same(&before, &back, N));
    check_store(f);
    /* And after a restart it is loaded as it is; the choice holds. */
    app_fixture_restart(f, true);
    app_loaded(f);
    assert_true(is_first(f) && is_settled(f));
    back = look(f, ids, N);
    assert_true(same(&before, &back, N));
}

static void nothing_changes_until_it_is_done(void **state) {
    app_fixture *f = *state;
    sc_id ids[N + 6];
    feed(f, ids, 0, N);
    places before = look(f, ids, N);
    atomic_store(&world.waits_at, N / 2);
    restart_with(f, &last, true);
    app_wait(is_waiting_inside, f, "the middle");
    places now = look(f, ids, N);
    assert_true(same(&before, &now, N));
    assert_true(is_first(f));
    assert_true(status(f).state == SC_REMODEL_embedding || status(f).state == SC_REMODEL_waiting);
    assert_true(found(f, "alpha") > 0);
    atomic_store(&world.let_go, true);
    /* What comes meanwhile is grouped at once, and is there afterwards. */
    feed(f, ids, N, N + 6);
    app_wait(is_last, f, "the change");
    app_wait(is_settled, f, "the end");
    now = look(f, ids, N + 6);
    assert_true(distinct(&now, N) <= 5);
    check_store(f);
}

/* The newest total that progress was told of. */
static int64_t told_total(app_fixture *f) {
    sc_event *list;
    size_t n;
    int64_t total = 0;
    ok(f->store.ops->events(f->store.self, &f->project.id, 0, 1000, &f->arena, &list, &n,
                            &failure));
    for (size_t i = 0; i < n; i++) {
        SC_AUTO(sc_json_auto) json_t *v = NULL;
        if (!sc_str_is(list[i].kind, "model.progress")) continue;
        ok(sc_json_parse(list[i].data, &v, &failure));
        total = json_integer_value(json_object_get(v, "total"));
    }
    return total;
}

static void progress_counts_what_comes_meanwhile(void **state) {
    app_fixture *f = *state;
    sc_id ids[N];
    feed(f, ids, 0, N);
    atomic_store(&world.waits_at, N / 2);
    world.slow = &f->mono_ahead_us; /* reports are grouped between any two texts */
    restart_with(f, &last, true);
    app_wait(is_waiting_inside, f, "the middle");
    assert_int_equal(told_total(f), N);
    for (int i = 0; i < 9; i++) {
        char key[16];
        snprintf(key, sizeof key, "late%d", i);
        app_put(f, key, "alpha comes late kiwi", "");
    }
    atomic_store(&world.let_go, true);
    app_wait(is_last, f, "the change");
    assert_int_equal(told_total(f), N + 9);
    check_store(f);
}

static void a_name_is_opened_once(void **state) {
    app_fixture *f = *state;
    sc_id ids[N];
    feed(f, ids, 0, N);
    const int before = atomic_load(&world.opened);
    ok(sc_lens_use(f->app, &f->project.id, SC_STR("last"), &failure));
    sc_remodel_poke(f->app);
    app_wait(is_last, f, "the change");
    assert_true(is_settled(f));
    assert_int_equal(atomic_load(&world.opened) - before, 1);
}

static void what_people_fixed_holds(void **state) {
    app_fixture *f = *state;
    sc_id ids[N];
    feed(f, ids, 0, N);
    places before = look(f, ids, N);
    atomic_store(&world.waits_at, N / 2);
    restart_with(f, &last, true);
    app_wait(is_waiting_inside, f, "the middle");
    atomic_store(&world.let_go, true);
    sc_triage_result merged, moved;
    ok(sc_triage_merge(f->app, &f->project.id, &before.in[0], &before.in[1], 1, SC_STR("me"),
                       &merged, &failure));
    ok(sc_triage_move(f->app, &f->project.id, &ids[2], NULL, SC_STR("me"), &moved, &failure));
    app_wait(is_last, f, "the change");
    places now = look(f, ids, N);
    for (int i = 0; i < N; i++) /* all of alpha and beta stay in one issue */
        if (i % 3 != 2) assert_true(sc_id_eq(&now.in[i], &now.in[0]));
    for (int i = 0; i < N; i++)
        if (i != 2) assert_false(sc_id_eq(&now.in[i], &now.in[2]));
    check_store(f);
}

static void what_was_touched_since_stays_when_it_goes_back(void **state) {
    app_fixture *f = *state;
    sc_id ids[N + 3];
    feed(f, ids, 0, N);
    places before = look(f, ids, N);
    restart_with(f, &last, true);
    app_wait(is_last, f, "the change");
    places after = look(f, ids, N);
    int moved = 0;
    while (sc_id_eq(&before.in[moved], &after.in[moved])) moved++;
    sc_triage_result r;
    ok(sc_triage_move(f->app, &f->project.id, &ids[moved], NULL, SC_STR("me"), &r, &failure));
    sc_id own = app_get(f, &ids[moved]).cluster_id;
    feed(f, ids, N, N + 3); /* these have never been anywhere else */
    places late = look(f, ids, N + 3);
    ok(sc_lens_use(f->app, &f->project.id, SC_STR("first"), &failure));
    sc_remodel_poke(f->app);
    app_wait(is_first, f, "the way back");
    places back = look(f, ids, N + 3);
    for (int i = 0; i < N + 3; i++) {
        const sc_id *want = i == moved ? &own : i < N ? &before.in[i] : &late.in[i];
        assert_true(sc_id_eq(&back.in[i], want));
    }
    check_store(f);
}

static void a_broken_model_becomes_a_dead_letter_and_the_old_one_goes_on(void **state) {
    app_fixture *f = *state;
    sc_id ids[N + 3];
    feed(f, ids, 0, N);
    places before = look(f, ids, N);
    atomic_store(&world.fails_from, N / 2);
    restart_with(f, &last, true);
    app_wait(has_failed_in_time, f, "the change to be given up");
    sc_remodel_status s = status(f);
    assert_true(sc_str_find(s.reason, SC_STR("the new one is broken")) != SIZE_MAX);
    assert_true(sc_str_is(s.model, first_self.model));
    feed(f, ids, N, N + 3);
    places now = look(f, ids, N + 3);
    assert_true(same(&before, &now, N));
    assert_int_equal(distinct(&now, N + 3), 3);
    /* Tried again by a person, when it works again. */
    atomic_store(&world.fails_from, 0);
    ok(f->store.ops->job_act(f->store.self, &f->project.id, &s.job_id, SC_JOB_EV_REPLAY, f->now_ms,
                             &failure));
    app_wait(is_last, f, "the change");
    check_store(f);
}

static void a_model_that_is_gone_is_used_as_it_is_stored(void **state) {
    app_fixture *f = *state;
    sc_id ids[N + 3];
    feed(f, ids, 0, N);
    places before = look(f, ids, N);
    atomic_store(&world.gone, true);
    restart_with(f, &last, false);
    app_loaded(f);
    assert_true(is_first(f));
    assert_true(sc_str_find(status(f).reason, SC_STR("gone")) != SIZE_MAX ||
                sc_str_is(status(f).wanted, last_self.model));
    assert_true(found(f, "alpha word3 lemon") > 0); /* by words */
    places now = look(f, ids, N);
    assert_true(same(&before, &now, N));
    app_fixture_restart(f, true);
    feed(f, ids, N, N + 3);
    app_wait(is_last, f, "the change");
    now = look(f, ids, N + 3);
    check_store(f);
    sc_rc rc = sc_lens_use(f->app, &f->project.id, SC_STR("first"), &failure);
    assert_int_equal(rc, SC_UNPROCESSABLE);
    rc = sc_lens_use(f->app, &f->project.id, SC_STR("no such"), &failure);
    assert_int_equal(rc, SC_UNPROCESSABLE);
}

static void a_second_process_follows_the_change(void **state) {
    app_fixture *f = *state;
    sc_id ids[N];
    feed(f, ids, 0, N);
    sc_app_conf conf;
    sc_app_conf_default(&conf);
    conf.store = f->store;
    conf.embedder = first;
    conf.open_embedder = open_further;
    conf.close_embedder = close_further;
    conf.clock = &f->clock;
    conf.queues = 0;
    sc_app *other;
    ok(sc_app_new(&conf, &other, &failure));
    sc_search_result r;
    ok(sc_read_search(other, &f->project.id, SC_STR("alpha"), 50, &f->arena, &r, &failure));
    assert_string_equal(r.model, first_self.model);
    restart_with(f, &last, true);
    app_wait(is_last, f, "the change");
    sc_app_free(other); /* its store is that of the first life */
    conf.store = f->store;
    ok(sc_app_new(&conf, &other, &failure));
    ok(sc_read_search(other, &f->project.id, SC_STR("kiwi"), 50, &f->arena, &r, &failure));
    assert_string_equal(r.model, last_self.model);
    /* And while both live: the way back. */
    ok(sc_lens_use(f->app, &f->project.id, SC_STR("previous"), &failure));
    sc_remodel_poke(f->app);
    app_wait(is_first, f, "the way back");
    sc_spaces_follow(other);
    ok(sc_read_search(other, &f->project.id, SC_STR("alpha"), 50, &f->arena, &r, &failure));
    assert_string_equal(r.model, first_self.model);
    sc_app_free(other);
}

static void a_restart_in_the_middle_goes_on_where_it_was(void **state) {
    app_fixture *f = *state;
    sc_id ids[N];
    feed(f, ids, 0, N);
    atomic_store(&world.waits_at, N - 2);
    restart_with(f, &last, true);
    app_wait(is_waiting_inside, f, "the middle");
    atomic_store(&world.let_go, true);
    app_fixture_restart(f, true); /* at whatever point it is */
    app_wait(is_last, f, "the change");
    places now = look(f, ids, N);
    assert_int_equal(distinct(&now, N), 4);
    assert_true(atomic_load(&world.embedded) < 2 * N);
    check_store(f);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(another_model_regroups_once_and_goes_back_exactly),
        T(nothing_changes_until_it_is_done),
        T(progress_counts_what_comes_meanwhile),
        T(a_name_is_opened_once),
        T(what_people_fixed_holds),
        T(what_was_touched_since_stays_when_it_goes_back),
        T(a_broken_model_becomes_a_dead_letter_and_the_old_one_goes_on),
        T(a_model_that_is_gone_is_used_as_it_is_stored),
        T(a_second_process_follows_the_change),
        T(a_restart_in_the_middle_goes_on_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
