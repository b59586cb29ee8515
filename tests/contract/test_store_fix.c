/* Every backend keeps the port's word: fixes, their logs and patches, plans. */
#include "app/budget.h"
#include "fix_lists.h"

typedef struct world {
    sc_id cluster, other;
} world;

static sc_cluster cluster_of(sc_fx *f, const sc_id *project) {
    return (sc_cluster){.id = fx_id(f),
                        .project_id = *project,
                        .title = SC_STR("t"),
                        .count = 1,
                        .keywords = SC_STR("[]"),
                        .first_seen_ms = f->clock_ms,
                        .last_seen_ms = f->clock_ms,
                        .created_at_ms = f->clock_ms,
                        .updated_at_ms = f->clock_ms};
}

static world make_world(sc_fx *f) {
    sc_cluster c[2] = {cluster_of(f, &f->a), cluster_of(f, &f->a)};
    int64_t version = 0;
    sc_group_write w = {
        .project_id = f->a, .clusters = c, .n_clusters = 2, .model = "m", .now_ms = f->clock_ms};
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    return (world){c[0].id, c[1].id};
}

static sc_id start(sc_fx *f, const sc_id *cluster, bool expect_new) {
    char key[64];
    snprintf(key, sizeof key, "fix:%s", cluster->text);
    sc_job job = {.id = fx_id(f),
                  .project_id = f->a,
                  .kind = SC_STR("fix"),
                  .unique_key = sc_str_of(key),
                  .max_attempts = 3,
                  .run_at_ms = f->clock_ms,
                  .created_at_ms = f->clock_ms};
    sc_fix fix = {.cluster_id = *cluster,
                  .by = SC_STR("ann"),
                  .agent = SC_STR("builtin"),
                  .branch = SC_STR("soulcaster/x")};
    sc_id id;
    bool fresh = !expect_new;
    fx_ok(f, f->ops->fix_start(f->s, &job, &fix, &id, &fresh, &f->err));
    assert_int_equal(fresh, expect_new);
    return id;
}

static sc_fix get(sc_fx *f, const sc_id *id) {
    sc_fix fix;
    fx_ok(f, f->ops->fix_get(f->s, &f->a, id, &f->arena, &fix, &f->err));
    return fix;
}

static sc_job claim(sc_fx *f) {
    static const sc_str kinds[] = {{"fix", 3}};
    sc_job job;
    fx_ok(f, f->ops->job_claim(f->s, kinds, 1, SC_STR("me"), MINUTE, f->clock_ms, &f->arena, &job,
                               &f->err));
    return job;
}

static sc_rc save(sc_fx *f, const sc_fix *fix, int64_t fence, const sc_str *patch) {
    sc_fix_write w = {.fix = fix, .job_fence = fence, .patch = patch, .now_ms = f->clock_ms};
    return f->ops->fix_save(f->s, &w, &f->err);
}

static void one_fix_of_an_issue_is_under_way_at_a_time(void **state) {
    sc_fx *f = *state;
    world w = make_world(f);
    sc_id missing = fx_id(f), first = start(f, &w.cluster, true);
    assert_string_equal(start(f, &w.cluster, false).text, first.text);
    start(f, &w.other, true);
    sc_job job = claim(f);
    assert_string_equal(job.id.text, first.text);
    assert_string_equal(start(f, &w.cluster, false).text, first.text);
    /* Asking while it runs does not make it go round again. */
    sc_job_end end = {.id = job.id,
                      .fence = job.fence,
                      .event = SC_JOB_EV_FAIL,
                      .error = SC_STR("no"),
                      .now_ms = f->clock_ms};
    fx_ok(f, f->ops->job_end(f->s, &end, &f->err));
    assert_int_equal(get(f, &first).status, SC_JOB_failed);
    assert_true(sc_str_is(get(f, &first).error, "no"));
    sc_id second = start(f, &w.cluster, true);
    assert_string_not_equal(second.text, first.text);
    sc_fix fix;
    fx_rc(f, f->ops->fix_get(f->s, &f->b, &first, &f->arena, &fix, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->fix_get(f->s, &f->a, &missing, &f->arena, &fix, &f->err), SC_NOT_FOUND);
    sc_job foreign = {.id = fx_id(f), .project_id = f->a, .kind = SC_STR("fix")};
    bool fresh;
    fx_rc(f,
          f->ops->fix_start(f->s, &foreign, &(sc_fix){.cluster_id = missing}, &missing, &fresh,
                            &f->err),
          SC_NOT_FOUND);
}

/* What a fix needs must not go between the look whether there is one and the write. */
static void a_step_that_a_fix_forbids_is_refused_from_its_start_to_its_end(void **state) {
    sc_fx *f = *state;
    world w = make_world(f);
    char key[64];
    int64_t version;
    snprintf(key, sizeof key, "fix:%s", w.cluster.text);
    sc_cluster c = cluster_of(f, &f->a);
    sc_group_write step = {.project_id = f->a,
                           .expect_version = 1,
                           .unless_job = sc_str_of(key),
                           .clusters = &c,
                           .n_clusters = 1,
                           .model = "m",
                           .now_ms = f->clock_ms};
    start(f, &w.other, true); /* another issue's forbids nothing */
    fx_ok(f, f->ops->group_write(f->s, &step, &version, &f->err));
    step.expect_version = version;
    c = cluster_of(f, &f->a);
    sc_id id = start(f, &w.cluster, true);
    fx_rc(f, f->ops->group_write(f->s, &step, &version, &f->err), SC_CONFLICT);
    for (int i = 0; i < 2; i++) claim(f);
    fx_rc(f, f->ops->group_write(f->s, &step, &version, &f->err), SC_CONFLICT);
    fx_rc(f, f->ops->cluster_get(f->s, &f->a, &c.id, &f->arena, &c, &f->err), SC_NOT_FOUND);
    assert_int_equal(fx_version(f, &f->a), step.expect_version);
    step.project_id = f->b; /* nor does one of another project */
    step.expect_version = 0;
    c = cluster_of(f, &f->b);
    fx_ok(f, f->ops->group_write(f->s, &step, &version, &f->err));
    fx_ok(f, f->ops->job_act(f->s, &f->a, &id, SC_JOB_EV_CANCEL, f->clock_ms, &f->err));
    step.project_id = f->a;
    step.expect_version = fx_version(f, &f->a);
    c = cluster_of(f, &f->a);
    fx_ok(f, f->ops->group_write(f->s, &step, &version, &f->err));
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void what_is_saved_is_there_and_only_the_holder_saves(void **state) {
    sc_fx *f = *state;
    world w = make_world(f);
    sc_id id = start(f, &w.cluster, true);
    sc_job job = claim(f);
    sc_fix fix = get(f, &id);
    assert_int_equal(fix.version, 1);
    assert_int_equal(fix.step, SC_FIX_queued);
    assert_true(sc_str_is(fix.by, "ann") && sc_str_is(fix.branch, "soulcaster/x"));
    fix.step = SC_FIX_agent;
    fix.head_commit = SC_STR("abc");
    fix.tests = SC_STR("{\"base\":{}}");
    fix.cost = (sc_fix_cost){1, 2, 3, 4};
    fix.patch_bytes = 5;
    sc_str patch = SC_STR("diff");
    fx_rc(f, save(f, &fix, job.fence + 1, &patch), SC_FENCED);
    fx_ok(f, save(f, &fix, job.fence, &patch));
    fx_rc(f, save(f, &fix, job.fence, NULL), SC_CONFLICT); /* the version is an old one now */
    fx_reopen(f);
    sc_fix got = get(f, &id);
    assert_int_equal(got.version, 2);
    assert_int_equal(got.step, SC_FIX_agent);
    assert_true(sc_str_is(got.head_commit, "abc") && sc_str_is(got.tests, "{\"base\":{}}"));
    assert_int_equal(got.cost.micro_usd, 4);
    fx_ok(f, f->ops->fix_patch(f->s, &f->a, &id, &f->arena, &patch, &f->err));
    assert_true(sc_str_is(patch, "diff"));
    /* Cancelled: whoever worked on it learns of it with the next write. */
    fx_ok(f, f->ops->job_act(f->s, &f->a, &id, SC_JOB_EV_CANCEL, f->clock_ms, &f->err));
    fx_rc(f, save(f, &got, job.fence, NULL), SC_FENCED);
    fx_ok(f, save(f, &got, 0, NULL));
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void an_ended_fix_goes_round_again_unless_another_one_is_under_way(void **state) {
    sc_fx *f = *state;
    world w = make_world(f);
    sc_id id = start(f, &w.cluster, true);
    fx_rc(f, f->ops->fix_retry(f->s, &f->a, &id, SC_FIX_pushing, f->clock_ms, &f->err),
          SC_CONFLICT); /* it waits anyway */
    sc_job job = claim(f);
    sc_job_end end = {.id = id,
                      .fence = job.fence,
                      .event = SC_JOB_EV_TIMEOUT,
                      .error = SC_STR("late"),
                      .now_ms = f->clock_ms};
    fx_ok(f, f->ops->job_end(f->s, &end, &f->err));
    assert_int_equal(get(f, &id).status, SC_JOB_timed_out);
    sc_id other = start(f, &w.cluster, true);
    fx_rc(f, f->ops->fix_retry(f->s, &f->a, &id, SC_FIX_pushing, f->clock_ms, &f->err),
          SC_CONFLICT);
    fx_ok(f, f->ops->job_act(f->s, &f->a, &other, SC_JOB_EV_CANCEL, f->clock_ms, &f->err));
    fx_ok(f, f->ops->fix_retry(f->s, &f->a, &id, SC_FIX_pushing, f->clock_ms, &f->err));
    sc_fix fix = get(f, &id);
    assert_int_equal(fix.status, SC_JOB_pending);
    assert_int_equal(fix.step, SC_FIX_pushing);
    assert_int_equal(fix.attempts, 0);
    assert_int_equal(fix.error.n, 0);
    assert_string_equal(claim(f).id.text, id.text);
}

static void a_log_is_read_from_where_one_was_and_ends_at_its_cap(void **state) {
    sc_fx *f = *state;
    world w = make_world(f);
    sc_id id = start(f, &w.cluster, true);
    sc_fix_log rows[] = {{.stream = SC_STR("step"), .text = SC_STR("one\n"), .at_ms = 1},
                         {.stream = SC_STR("agent"), .text = SC_STR("two\n"), .at_ms = 2},
                         {.stream = SC_STR("agent"), .text = SC_STR("three\n"), .at_ms = 3}};
    fx_ok(f, f->ops->fix_log_put(f->s, &id, rows, 3, 10, &f->err));
    fx_ok(f, f->ops->fix_log_put(f->s, &id, rows, 3, 10, &f->err));
    sc_fix_log *got;
    size_t n;
    fx_ok(f, f->ops->fix_log_get(f->s, &f->a, &id, 0, 0, 100, &f->arena, &got, &n, &f->err));
    assert_int_equal(n, 3); /* two, and once that it is full */
    assert_true(sc_str_is(got[1].text, "two\n") && sc_str_is(got[1].stream, "agent"));
    assert_int_equal(got[2].seq, 3);
    assert_true(sc_str_starts(got[2].text, "(the log is full"));
    fx_ok(f, f->ops->fix_log_get(f->s, &f->a, &id, 1, 0, 1, &f->arena, &got, &n, &f->err));
    assert_true(n == 1 && got[0].seq == 2 && got[0].at_ms == 2);
    /* A higher cap still takes rows: ours come after those of programs. */
    fx_ok(f, f->ops->fix_log_put(f->s, &id, rows, 1, 1000, &f->err));
    fx_ok(f, f->ops->fix_log_get(f->s, &f->a, &id, 3, 0, 100, &f->arena, &got, &n, &f->err));
    assert_true(n == 1 && sc_str_is(got[0].text, "one\n"));
    fx_rc(f, f->ops->fix_log_get(f->s, &f->b, &id, 0, 0, 100, &f->arena, &got, &n, &f->err),
          SC_NOT_FOUND);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void a_log_is_read_from_its_end_backwards(void **state) {
    static const struct {
        int64_t after, before;
        size_t limit, n;
        int64_t first;
    } want[] = {{0, INT64_MAX, 2, 2, 4}, {0, 4, 2, 2, 2},         {0, 2, 2, 1, 1},
                {0, 1, 2, 0, 0},         {2, 5, 10, 2, 3},        {4, 5, 10, 0, 0},
                {0, 3, 10, 2, 1},        {INT64_MAX, 0, 10, 0, 0}};
    sc_fx *f = *state;
    world w = make_world(f);
    sc_id id = start(f, &w.cluster, true);
    sc_fix_log row = {.stream = SC_STR("step"), .text = SC_STR("line\n"), .at_ms = 1}, *got;
    size_t n;
    for (int i = 0; i < 5; i++) fx_ok(f, f->ops->fix_log_put(f->s, &id, &row, 1, 1000, &f->err));
    for (size_t i = 0; i < SC_LEN(want); i++) {
        fx_ok(f, f->ops->fix_log_get(f->s, &f->a, &id, want[i].after, want[i].before, want[i].limit,
                                     &f->arena, &got, &n, &f->err));
        assert_int_equal(n, want[i].n);
        for (size_t k = 0; k < n; k++) assert_int_equal(got[k].seq, want[i].first + (int64_t)k);
    }
}

static void lists_filter_and_page(void **state) {
    sc_fx *f = *state;
    world w = make_world(f);
    sc_id one = start(f, &w.cluster, true), two = start(f, &w.other, true);
    sc_job job = claim(f);
    sc_fix fix = get(f, &one);
    fix.pull = SC_FIX_PULL_merged;
    fix.step = SC_FIX_opened;
    fix.watch_until_ms = f->clock_ms + DAY;
    fx_ok(f, save(f, &fix, job.fence, NULL));
    sc_fix_list list;
    sc_fix_filter all = {.project_id = f->a};
    sc_fix_filter watched = {.project_id = f->a, .watched = true, .now_ms = f->clock_ms};
    fx_ok(f, f->ops->fix_list(f->s, &watched, &(sc_page){.limit = 9}, &f->arena, &list, &f->err));
    assert_int_equal(list.n, 0); /* its job still runs */
    sc_job_end end = {.id = one, .fence = job.fence, .now_ms = f->clock_ms};
    end.event = SC_JOB_EV_FINISH;
    fx_ok(f, f->ops->job_end(f->s, &end, &f->err));
    fx_ok(f, f->ops->fix_list(f->s, &watched, &(sc_page){.limit = 9}, &f->arena, &list, &f->err));
    assert_int_equal(list.n, 1);
    watched.now_ms += 2 * DAY;
    fx_ok(f, f->ops->fix_list(f->s, &watched, &(sc_page){.limit = 9}, &f->arena, &list, &f->err));
    assert_int_equal(list.n, 0);
    /* An open pull request is watched however its fix ended. */
    job = claim(f);
    fix = get(f, &two);
    fix.pull = SC_FIX_PULL_open;
    fx_ok(f, save(f, &fix, job.fence, NULL));
    fx_ok(f, f->ops->job_act(f->s, &f->a, &two, SC_JOB_EV_CANCEL, f->clock_ms, &f->err));
    fx_ok(f, f->ops->fix_list(f->s, &watched, &(sc_page){.limit = 9}, &f->arena, &list, &f->err));
    assert_true(list.n == 1 && sc_id_eq(&list.items[0].id, &two));
    fx_ok(f, f->ops->fix_list(f->s, &all, &(sc_page){.limit = 1}, &f->arena, &list, &f->err));
    assert_true(list.n == 1 && list.total == 2 && sc_id_eq(&list.items[0].id, &two));
    sc_page next = {.limit = 1, .cursor = list.next_cursor};
    fx_ok(f, f->ops->fix_list(f->s, &all, &next, &f->arena, &list, &f->err));
    assert_true(list.n == 1 && sc_id_eq(&list.items[0].id, &one) && !list.next_cursor.n);
    sc_fix_filter of = {
        .project_id = f->a, .cluster_id = w.other, .by_state = true, .state = SC_JOB_cancelled};
    fx_ok(f, f->ops->fix_list(f->s, &of, &(sc_page){.limit = 9}, &f->arena, &list, &f->err));
    assert_true(list.n == 1 && sc_id_eq(&list.items[0].id, &two));
    sc_fix_filter pull = {.project_id = f->b, .by_pull = true, .pull = SC_FIX_PULL_merged};
    fx_ok(f, f->ops->fix_list(f->s, &pull, &(sc_page){.limit = 9}, &f->arena, &list, &f->err));
    assert_int_equal(list.n, 0);
    /* Ended fixes are history: they are not cleared away with other jobs. */
    int64_t gone;
    fx_ok(f, f->ops->prune(f->s, f->clock_ms + DAY, 1, 100, &gone, &f->err));
    assert_int_equal(get(f, &one).status, SC_JOB_success);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void lists_are_what_the_fixes_are_whatever_happens_to_them(void **state) {
    fix_lists l;
    fl_make(&l, *state);
    fl_check(&l);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 120; i++) fl_change(&l);
        fl_check(&l);
    }
    assert_true(l.n > 30);
    fx_ok(l.f, l.f->ops->verify(l.f->s, NULL, NULL, &l.f->err));
}

static void plans_are_versions(void **state) {
    sc_fx *f = *state;
    world w = make_world(f);
    sc_plan got, p = {.id = fx_id(f),
                      .project_id = f->a,
                      .cluster_id = w.cluster,
                      .version = 1,
                      .problem = SC_STR("p"),
                      .by = SC_STR("template"),
                      .created_at_ms = 7};
    fx_rc(f, f->ops->plan_get(f->s, &f->a, &w.cluster, 0, &f->arena, &got, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->plan_put(f->s, &p, &f->err));
    fx_rc(f, f->ops->plan_put(f->s, &p, &f->err), SC_CONFLICT);
    p.version = 2;
    p.id = fx_id(f);
    p.problem = SC_STR("edited");
    fx_ok(f, f->ops->plan_put(f->s, &p, &f->err));
    fx_reopen(f);
    fx_ok(f, f->ops->plan_get(f->s, &f->a, &w.cluster, 0, &f->arena, &got, &f->err));
    assert_true(got.version == 2 && sc_str_is(got.problem, "edited"));
    fx_ok(f, f->ops->plan_get(f->s, &f->a, &w.cluster, 1, &f->arena, &got, &f->err));
    assert_true(got.version == 1 && sc_str_is(got.problem, "p") && got.created_at_ms == 7);
    fx_rc(f, f->ops->plan_get(f->s, &f->b, &w.cluster, 0, &f->arena, &got, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

/* What a project's fixes spend in a day is a setting that all processes change by comparing first. */
static void a_days_books_hold_for_all_who_write_in_them(void **state) {
    sc_fx *f = *state;
    enum { PRICE = 10, CAP = 50 };
    const sc_store store = {f->ops, f->s};
    const sc_budget_use cap = {.micro_usd = CAP}, booked = {1, 1, PRICE}, real = {1, 1, 4};
    sc_budget one, two, other;
    sc_budget_use use;
    sc_budget_init(&one, &store, &f->a, "fix.use", &cap);
    sc_budget_init(&two, &store, &f->a, "fix.use", &cap);
    sc_budget_init(&other, &store, &f->b, "fix.use", &cap);
    for (int i = 0; i < CAP / PRICE; i++)
        fx_ok(f, sc_budget_book(i % 2 ? &one : &two, f->clock_ms, 1, PRICE, &f->err));
    fx_rc(f, sc_budget_book(&one, f->clock_ms, 1, PRICE, &f->err), SC_LIMITED);
    fx_rc(f, sc_budget_book(&two, f->clock_ms, 1, PRICE, &f->err), SC_LIMITED);
    fx_ok(f, sc_budget_book(&other, f->clock_ms, 1, PRICE, &f->err));
    sc_budget_correct(&one, &booked, &real);
    sc_budget_flush(&one, f->clock_ms);
    fx_ok(f, sc_budget_read(&two, f->clock_ms, &use, &f->err));
    assert_int_equal(use.micro_usd, CAP - PRICE + 4);
    /* A new day begins with nothing, also for what is put right only then. */
    const int64_t tomorrow = f->clock_ms + DAY;
    sc_budget_correct(&two, &booked, &real);
    sc_budget_flush(&two, tomorrow);
    fx_ok(f, sc_budget_read(&one, tomorrow, &use, &f->err));
    assert_int_equal(use.micro_usd, 0);
    fx_ok(f, sc_budget_book(&one, tomorrow, 1, PRICE, &f->err));
    fx_reopen(f);
    const sc_store again = {f->ops, f->s};
    sc_budget_init(&one, &again, &f->a, "fix.use", &cap);
    fx_ok(f, sc_budget_read(&one, tomorrow, &use, &f->err));
    assert_int_equal(use.micro_usd, PRICE);
}

static void a_fix_that_ended_elsewhere_is_kept_as_it_was(void **state) {
    sc_fx *f = *state;
    world w = make_world(f);
    char key[64];
    snprintf(key, sizeof key, "fix:%s", w.cluster.text);
    sc_job job = {.id = fx_id(f),
                  .project_id = f->a,
                  .kind = SC_STR("fix"),
                  .unique_key = sc_str_of(key),
                  .state = SC_JOB_failed,
                  .attempts = 2,
                  .max_attempts = 3,
                  .fence = 7,
                  .created_at_ms = T0 - 9,
                  .updated_at_ms = T0 - 5,
                  .ended_at_ms = T0 - 5,
                  .error = SC_STR("no"),
                  .request_id = SC_STR("req")};
    sc_fix fix = {.cluster_id = w.cluster,
                  .follows = fx_id(f),
                  .by = SC_STR("ann"),
                  .instructions = SC_STR("soon"),
                  .step = SC_FIX_patched_tests,
                  .reason = SC_FIX_REASON_tests_failed,
                  .started_at_ms = T0 - 8,
                  .head_commit = SC_STR("abc"),
                  .cost = {1, 2, 3, 4},
                  .pull = SC_FIX_PULL_merged,
                  .pull_number = 12,
                  .watch_until_ms = T0 + 9,
                  .seen_comments = 3,
                  .patch_bytes = 3};
    sc_str patch = {"a\0b", 3}, got_patch;
    sc_job running = job, other = job;
    running.state = SC_JOB_running;
    other.kind = SC_STR("group");
    fx_rc(f, f->ops->fix_keep(f->s, &running, &fix, NULL, &f->err), SC_INVALID);
    fx_rc(f, f->ops->fix_keep(f->s, &other, &fix, NULL, &f->err), SC_INVALID);
    fx_ok(f, f->ops->fix_keep(f->s, &job, &fix, &patch, &f->err));
    fx_rc(f, f->ops->fix_keep(f->s, &job, &fix, &patch, &f->err), SC_CONFLICT);
    fx_reopen(f);
    sc_fix got = get(f, &job.id);
    assert_true(got.status == SC_JOB_failed && got.attempts == 2 && got.step == fix.step &&
                got.reason == fix.reason && got.pull == fix.pull && got.pull_number == 12);
    assert_true(got.created_at_ms == T0 - 9 && got.updated_at_ms == T0 - 5 &&
                got.ended_at_ms == T0 - 5 && got.started_at_ms == T0 - 8 &&
                got.watch_until_ms == T0 + 9 && got.seen_comments == 3);
    assert_true(sc_str_is(got.error, "no") && sc_str_is(got.instructions, "soon") &&
                sc_id_eq(&got.follows, &fix.follows) && got.cost.micro_usd == 4);
    fx_ok(f, f->ops->fix_patch(f->s, &f->a, &job.id, &f->arena, &got_patch, &f->err));
    assert_true(sc_str_eq(got_patch, patch));
    /* It is history like any other: it goes round again, and only one at a time. */
    fx_ok(f, f->ops->fix_retry(f->s, &f->a, &job.id, SC_FIX_preparing, f->clock_ms, &f->err));
    assert_string_equal(start(f, &w.cluster, false).text, job.id.text);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(one_fix_of_an_issue_is_under_way_at_a_time),
        fx_test(a_step_that_a_fix_forbids_is_refused_from_its_start_to_its_end),
        fx_test(what_is_saved_is_there_and_only_the_holder_saves),
        fx_test(an_ended_fix_goes_round_again_unless_another_one_is_under_way),
        fx_test(a_log_is_read_from_where_one_was_and_ends_at_its_cap),
        fx_test(a_log_is_read_from_its_end_backwards),
        fx_test(a_fix_that_ended_elsewhere_is_kept_as_it_was),
        fx_test(lists_filter_and_page),
        fx_test(lists_are_what_the_fixes_are_whatever_happens_to_them),
        fx_test(plans_are_versions),
        fx_test(a_days_books_hold_for_all_who_write_in_them),
    };
    return fx_run(tests);
}
