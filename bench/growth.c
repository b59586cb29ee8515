/* What each step of the store costs as what it holds grows:
 *
 *     growth DIR|REDIS-URL N [N...]     (N: how many reports are stored, growing; DIR: SQLite, an empty folder)
 *
 * Fills one project through the store's port, ten reports an issue, with a job, a representation and a decision each, and
 * measures every step at every N. One JSON line a step: the median and the 99th percentile in microseconds. */
#include <inttypes.h>

#include "base/clock.h"
#include "common.h"
#include "stores/redis/redis.h"
#include "stores/registry.h"
#include "stores/sqlite/sqlite.h"

enum { BATCH = 1000, PER_ISSUE = 10, REPR = 700, ROUNDS = 300 };

static char body[420], repr[REPR];

typedef struct growth {
    sc_store store;
    sc_id project;
    sc_arena arena;
    int64_t version, now_ms;
    uint64_t made;
    sc_feedback items[BATCH];
    sc_id jobs[BATCH];
    sc_put_result put[BATCH];
    sc_assign assigns[BATCH];
    sc_decision decisions[BATCH];
    sc_cluster clusters[BATCH / PER_ISSUE];
    char ext[BATCH][24], title[BATCH][64];
    sc_id *report_ids, *issue_ids; /* of all that were placed */
    size_t n_reports, n_issues;
} growth;

static void die(const char *what, const sc_err *err) {
    fprintf(stderr, "growth: %s: %s\n", what, err->msg);
    exit(1);
}

#define must(g, call)                \
    do {                             \
        sc_err err_ = {0};           \
        if (call) die(#call, &err_); \
        sc_arena_reset(&(g)->arena); \
    } while (0)

/* ---- What is stored ------------------------------------------------------------------------------ */

static void make(growth *g, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint64_t no = g->made++, mixed = sc_hash64(&no, sizeof no, 7);
        snprintf(g->ext[i], sizeof g->ext[i], "%016" PRIx64, mixed);
        snprintf(g->title[i], sizeof g->title[i], "The export fails with error %" PRIu64,
                 mixed % 100000);
        g->now_ms += 500;
        g->items[i] = (sc_feedback){.id = sc_id_new(&sc_clock_system),
                                    .project_id = g->project,
                                    .source = SC_SOURCE_sentry,
                                    .external_id = sc_str_of(g->ext[i]),
                                    .title = sc_str_of(g->title[i]),
                                    .body = {body, sizeof body},
                                    .metadata = SC_STR("{\"level\":\"error\"}"),
                                    .created_at_ms = g->now_ms,
                                    .received_at_ms = g->now_ms};
        g->jobs[i] = sc_id_new(&sc_clock_system);
    }
}

static void put(growth *g, size_t n) {
    must(g, g->store.ops->feedback_put(g->store.self, g->items, g->jobs, n, g->put, &err_));
}

static sc_cluster issue_of(const growth *g, const sc_feedback *f, int64_t count) {
    return (sc_cluster){.id = sc_id_new(&sc_clock_system),
                        .project_id = g->project,
                        .title = f->title,
                        .summary = f->title,
                        .keywords = SC_STR("[\"export\"]"),
                        .count = count,
                        .source_counts[SC_SOURCE_sentry] = count,
                        .representative_ids[0] = f->id,
                        .cohesion_mean = 1,
                        .cohesion_min = 1,
                        .first_seen_ms = f->created_at_ms,
                        .last_seen_ms = f->created_at_ms,
                        .created_at_ms = f->created_at_ms,
                        .updated_at_ms = f->created_at_ms,
                        .trend_day = f->created_at_ms / 86400000};
}

/* Places the last n that were put, the first n_issues issues of g->clusters with them. */
static void place(growth *g, size_t n, size_t n_issues, const char *reason_of) {
    for (size_t i = 0; i < n; i++) {
        const sc_id *to = &g->clusters[i % n_issues].id;
        g->assigns[i] = (sc_assign){g->put[i].seq, *to, {repr, sizeof repr}};
        g->decisions[i] = (sc_decision){.feedback_seq = g->put[i].seq,
                                        .cluster_id = *to,
                                        .reason = SC_REASON_similar,
                                        .model = SC_STR("m"),
                                        .actor = sc_str_of(reason_of),
                                        .shared_terms = SC_STR("[]"),
                                        .at_ms = g->now_ms};
    }
    const sc_group_write w = {.project_id = g->project,
                              .expect_version = g->version,
                              .model = "m",
                              .assigns = g->assigns,
                              .n_assigns = n,
                              .clusters = g->clusters,
                              .n_clusters = n_issues,
                              .decisions = g->decisions,
                              .n_decisions = n,
                              .now_ms = g->now_ms};
    must(g, g->store.ops->group_write(g->store.self, &w, &g->version, &err_));
}

static void fill(growth *g, size_t until) {
    while (g->n_reports < until) {
        const size_t n = SC_MIN((size_t)BATCH, until - g->n_reports),
                     n_issues = (n + PER_ISSUE - 1) / PER_ISSUE;
        make(g, n);
        put(g, n);
        for (size_t i = 0; i < n_issues; i++) {
            g->clusters[i] = issue_of(g, &g->items[i], PER_ISSUE);
            g->issue_ids[g->n_issues++] = g->clusters[i].id;
        }
        for (size_t i = 0; i < n; i++) g->report_ids[g->n_reports++] = g->put[i].id;
        place(g, n, n_issues, "seed");
    }
}

/* ---- The steps ----------------------------------------------------------------------------------- */

typedef struct step {
    const char *name;
    void (*before)(growth *g, size_t round); /* not measured */
    void (*run)(growth *g, size_t round);
} step;

static const sc_id *some(const sc_id *ids, size_t n, size_t round) {
    return &ids[sc_hash64(&round, sizeof round, 3) % n];
}

static void make_one(growth *g, size_t round) {
    (void)round;
    make(g, 1);
}

static void put_one(growth *g, size_t round) {
    (void)round;
    put(g, 1);
}

static void make_64(growth *g, size_t round) {
    (void)round;
    make(g, 64);
}

static void put_64(growth *g, size_t round) {
    (void)round;
    put(g, 64);
}

static void work(growth *g, size_t round) {
    (void)round;
    const sc_str kind = SC_STR("group");
    sc_job job;
    must(g, g->store.ops->job_claim(g->store.self, &kind, 1, SC_STR("bench"), 60000, g->now_ms,
                                    &g->arena, &job, &err_));
    const sc_job_end end = {
        .id = job.id, .fence = job.fence, .event = SC_JOB_EV_FINISH, .now_ms = g->now_ms};
    must(g, g->store.ops->job_end(g->store.self, &end, &err_));
}

static void put_one_made(growth *g, size_t round) {
    make_one(g, round);
    put(g, 1);
}

static void waiting(growth *g, size_t round) {
    (void)round;
    sc_feedback *list;
    size_t n;
    must(g, g->store.ops->feedback_pending(g->store.self, &g->project, 0, 64, &g->arena, &list, &n,
                                           &err_));
}

static void issue_that_is_there(growth *g, size_t round) {
    put_one_made(g, round);
    g->clusters[0] = issue_of(g, &g->items[0], PER_ISSUE + 1);
    g->clusters[0].id = *some(g->issue_ids, g->n_issues, round);
    sc_cluster was;
    must(g, g->store.ops->cluster_get(g->store.self, &g->project, &g->clusters[0].id, &g->arena,
                                      &was, &err_));
}

static void place_one(growth *g, size_t round) {
    (void)round;
    place(g, 1, 1, "bench");
}

static bool count_item(void *self, const sc_stored_item *item) {
    (void)item;
    ++*(size_t *)self;
    return true;
}

/* What another process reads to follow the last step. */
static void follow(growth *g, size_t round) {
    (void)round;
    int64_t version;
    size_t n = 0;
    must(g, g->store.ops->items_since(g->store.self, &g->project, g->version - 1, "m", count_item,
                                      &n, &version, &err_));
    if (n != 1) exit(1);
}

static void read_report(growth *g, size_t round) {
    sc_feedback f;
    must(g, g->store.ops->feedback_get(g->store.self, &g->project,
                                       some(g->report_ids, g->n_reports, round), &g->arena, &f,
                                       &err_));
}

static void list_reports(growth *g, size_t round) {
    (void)round;
    const sc_feedback_filter all = {.project_id = g->project};
    const sc_page page = {.limit = 50};
    sc_feedback_list list;
    must(g, g->store.ops->feedback_list(g->store.self, &all, &page, &g->arena, &list, &err_));
}

static void read_issue(growth *g, size_t round) {
    sc_cluster k;
    must(g,
         g->store.ops->cluster_get(g->store.self, &g->project,
                                   some(g->issue_ids, g->n_issues, round), &g->arena, &k, &err_));
}

static void list_issues(growth *g, size_t round) {
    (void)round;
    const sc_cluster_filter all = {.project_id = g->project};
    const sc_page page = {.limit = 50};
    sc_cluster_list list;
    must(g, g->store.ops->cluster_list(g->store.self, &all, &page, g->now_ms, &g->arena, &list,
                                       &err_));
}

static void read_stats(growth *g, size_t round) {
    (void)round;
    sc_store_stats stats;
    must(g, g->store.ops->stats(g->store.self, &g->project, g->now_ms, &stats, &err_));
}

static const step steps[] = {
    {"store a report", make_one, put_one},
    {"store 64 reports", make_64, put_64},
    {"claim and end a job", put_one_made, work},
    {"read 64 that wait", NULL, waiting},
    {"place a report", issue_that_is_there, place_one},
    {"follow a placement", NULL, follow},
    {"read a report", NULL, read_report},
    {"list 50 reports", NULL, list_reports},
    {"read an issue", NULL, read_issue},
    {"list 50 issues", NULL, list_issues},
    {"count a project", NULL, read_stats},
};

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(growth *g, const step *s, size_t stored) {
    static double us[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        if (s->before) s->before(g, i);
        const int64_t from = sc_mono_us(&sc_clock_system);
        s->run(g, i);
        us[i] = (double)(sc_mono_us(&sc_clock_system) - from);
    }
    qsort(us, ROUNDS, sizeof *us, by_value);
    printf("{\"stored\":%zu,\"step\":\"%s\",\"p50_us\":%.1f,\"p99_us\":%.1f}\n", stored, s->name,
           us[ROUNDS / 2], us[ROUNDS * 99 / 100]);
    fflush(stdout);
}

static void open_store(growth *g, const char *where) {
    const sc_sqlite_conf file = {.dir = where, .busy_timeout_ms = 5000};
    const sc_redis_conf redis = {.url = where, .timeout_ms = 60000};
    const bool remote = sc_str_find(sc_str_of(where), SC_STR("://")) != SIZE_MAX;
    must(g, remote ? sc_store_open(&sc_store_redis, &redis, &g->store, &err_)
                   : sc_store_open(&sc_store_sqlite, &file, &g->store, &err_));
    const sc_project p = {
        .id = sc_id_new(&sc_clock_system), .name = SC_STR("bench"), .created_at_ms = 1};
    must(g, g->store.ops->project_put(g->store.self, &p, &err_));
    g->project = p.id;
}

int main(int argc, char **argv) {
    growth *g = sc_alloc(sizeof *g);
    const size_t most = argc > 2 ? strtoull(argv[argc - 1], NULL, 10) + BATCH : 0;
    if (!most || !g) return 2;
    sc_arena_init(&g->arena, (size_t)1 << 28);
    g->report_ids = sc_realloc_array(NULL, most, sizeof *g->report_ids);
    g->issue_ids = sc_realloc_array(NULL, most, sizeof *g->issue_ids);
    if (!g->report_ids || !g->issue_ids) return 1;
    memset(body, 'x', sizeof body);
    for (size_t i = 0; i < sizeof body; i += 7) body[i] = ' ';
    for (size_t i = 0; i < sizeof repr; i++) repr[i] = (char)sc_hash64(&i, sizeof i, 1);
    g->now_ms = sc_now_ms(&sc_clock_system) - (int64_t)most * 500;
    open_store(g, argv[1]);
    for (int i = 2; i < argc; i++) {
        const size_t n = strtoull(argv[i], NULL, 10);
        fill(g, n);
        for (size_t s = 0; s < SC_LEN(steps); s++) measure(g, &steps[s], n);
    }
    sc_store_close(&g->store);
    sc_arena_done(&g->arena);
    sc_free(g->report_ids);
    sc_free(g->issue_ids);
    sc_free(g);
    return 0;
}
