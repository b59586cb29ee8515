/* A fresh store of any backend for a test, and short ways to fill it.
 *
 * `sc_fx` is made before each test and gone after it; times and ids are the test's own. */
#ifndef SC_TESTS_STORE_FIXTURE_H
#define SC_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "redis_server.h"
#include "rest_server.h"
#include "stores/redis/redis.h"
#include "stores/registry.h"
#include "stores/sqlite/sqlite.h"

#define T0 INT64_C(1700000000000)
enum { MINUTE = 60000, HOUR = 3600000, DAY = 86400000 };

typedef struct sc_fx {
    const sc_store_ops *ops;
    sc_store store;
    void *s; /* store.self */
    char dir[128];
    sc_sqlite_conf sqlite;
    sc_redis_conf redis;
    sc_arena arena;
    sc_err err;
    sc_id a, b; /* two projects */
    int64_t clock_ms;
    unsigned made; /* reports made by fx_feedback */
} sc_fx;

static inline int64_t fx_wall(void *self) { return ((sc_fx *)self)->clock_ms; }

static inline sc_id fx_id(sc_fx *f) {
    sc_clock clock = {.wall_ms = fx_wall, .self = f};
    return sc_id_new(&clock);
}

#define fx_ok(f, call) fx_ok_at((f), (call), #call, __FILE__, __LINE__)
static inline void fx_ok_at(sc_fx *f, sc_rc rc, const char *what, const char *file, int line) {
    if (!rc) return;
    print_error("%s:%d: %s\n  %s: %s\n", file, line, what, sc_rc_name(rc), f->err.msg);
    _fail(file, line);
}
#define fx_rc(f, call, want) fx_rc_at((f), (call), (want), #call, __FILE__, __LINE__)
static inline void fx_rc_at(sc_fx *f, sc_rc rc, sc_rc want, const char *what, const char *file,
                            int line) {
    if (rc == want) return;
    print_error("%s:%d: %s\n  %s, not %s: %s\n", file, line, what, sc_rc_name(rc), sc_rc_name(want),
                rc ? f->err.msg : "");
    _fail(file, line);
}

static inline void fx_remove_dir(const char *dir) {
    static const char *const names[] = {"soulcaster.db", "soulcaster.db-wal", "soulcaster.db-shm",
                                        "copy.db",       "copy.db-wal",       "copy.db-shm",
                                        "scheduler.lock"};
    char path[256];
    for (size_t i = 0; i < SC_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

static inline void fx_make_dir(char *dir, size_t n) {
    const char *root = getenv("TMPDIR");
    struct stat st;
    if (!root)
        root = stat("/dev/shm", &st) == 0 && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(dir, n, "%s/sc-store-XXXXXX", root);
    if (!mkdtemp(dir)) abort();
}

/* The backend under test, and which Redis; set by fx_run. */
typedef enum fx_way { FX_SOCKET, FX_TLS, FX_CLUSTER, FX_REST, FX_WAYS } fx_way;
static const sc_store_ops *fx_backend;
static fx_way fx_redis_by;

static inline const char *fx_redis_url(void) {
    switch (fx_redis_by) {
    case FX_TLS: return redis_tls_url();
    case FX_CLUSTER: return redis_cluster_url();
    case FX_REST: return rest_server_url();
    default: return redis_server_url();
    }
}

/* What the backend opens; NULL when this machine has nothing to run it on. */
static inline const void *fx_conf(sc_fx *f) {
    f->sqlite = (sc_sqlite_conf){.dir = f->dir, .busy_timeout_ms = 2000};
    f->redis = (sc_redis_conf){.url = fx_redis_url(),
                               .ca_file = fx_redis_by == FX_TLS ? redis_tls_ca() : NULL,
                               .timeout_ms = 5000};
    if (sc_str_is(SC_STR("redis"), f->ops->name)) return f->redis.url ? &f->redis : NULL;
    return &f->sqlite;
}

static inline sc_id fx_project(sc_fx *f, const char *name) {
    sc_project p = {.id = fx_id(f), .name = sc_str_of(name), .created_at_ms = f->clock_ms};
    fx_ok(f, f->ops->project_put(f->s, &p, &f->err));
    return p.id;
}

static inline void fx_open(sc_fx *f) {
    fx_ok(f, sc_store_open(f->ops, fx_conf(f), &f->store, &f->err));
    f->s = f->store.self;
}

static inline void fx_reopen(sc_fx *f) {
    sc_store_close(&f->store);
    fx_open(f);
}

static inline int fx_setup(void **state) {
    sc_fx *f = calloc(1, sizeof *f);
    f->ops = fx_backend;
    f->clock_ms = T0;
    sc_arena_init(&f->arena, (size_t)64 << 20);
    fx_make_dir(f->dir, sizeof f->dir);
    if (f->ops == &sc_store_redis) redis_server_empty();
    fx_open(f);
    f->a = fx_project(f, "a");
    f->b = fx_project(f, "b");
    *state = f;
    return 0;
}

static inline int fx_teardown(void **state) {
    sc_fx *f = *state;
    sc_store_close(&f->store);
    sc_arena_done(&f->arena);
    fx_remove_dir(f->dir);
    free(f);
    return 0;
}

/* A report with its own id and external id; strings live in the arena. */
static inline sc_feedback fx_feedback(sc_fx *f, const sc_id *project) {
    unsigned n = ++f->made;
    sc_feedback r = {.id = fx_id(f), .project_id = *project, .source = SC_SOURCE_manual};
    r.external_id = sc_str_of(sc_arena_printf(&f->arena, "ext-%u", n));
    r.title = sc_str_of(sc_arena_printf(&f->arena, "title %u", n));
    r.body = SC_STR("the app crashes when I press save");
    r.metadata = SC_STR("{\"k\":1}");
    r.created_at_ms = f->clock_ms + n;
    r.received_at_ms = f->clock_ms + n;
    r.request_id = SC_STR("req-1");
    return r;
}

static inline sc_put_result fx_put(sc_fx *f, const sc_feedback *r) {
    sc_put_result out;
    sc_id job = fx_id(f);
    fx_ok(f, f->ops->feedback_put(f->s, r, &job, 1, &out, &f->err));
    return out;
}

/* n reports of the project; their seqs come back. */
static inline void fx_put_n(sc_fx *f, const sc_id *project, size_t n, int64_t *ret_seqs) {
    for (size_t i = 0; i < n; i++) {
        sc_feedback r = fx_feedback(f, project);
        ret_seqs[i] = fx_put(f, &r).seq;
    }
}

static inline sc_cluster fx_cluster(sc_fx *f, const sc_id *project, const char *title) {
    sc_cluster k = {.id = fx_id(f),
                    .project_id = *project,
                    .title = sc_str_of(title),
                    .summary = SC_STR("summary"),
                    .keywords = SC_STR("[\"save\"]"),
                    .count = 1,
                    .cohesion_mean = 0.9,
                    .cohesion_min = 0.8,
                    .first_seen_ms = f->clock_ms,
                    .last_seen_ms = f->clock_ms,
                    .created_at_ms = f->clock_ms,
                    .updated_at_ms = f->clock_ms,
                    .trend_day = f->clock_ms / DAY};
    k.source_counts[SC_SOURCE_manual] = 1;
    k.trend[SC_CLUSTER_TREND_DAYS - 1] = 1;
    return k;
}

/* The project's group_version. */
static inline int64_t fx_version(sc_fx *f, const sc_id *project) {
    sc_project p;
    fx_ok(f, f->ops->project_get(f->s, sc_id_str(project), &f->arena, &p, &f->err));
    return p.group_version;
}

/* Puts the reports into one new cluster; repr "r". */
static inline sc_id fx_group(sc_fx *f, const sc_id *project, const int64_t *seqs, size_t n) {
    sc_cluster k = fx_cluster(f, project, "cluster");
    sc_assign as[64];
    int64_t version;
    assert_true(n <= SC_LEN(as));
    k.count = (int64_t)n;
    for (size_t i = 0; i < n; i++) as[i] = (sc_assign){seqs[i], k.id, SC_STR("repr-bytes")};
    sc_group_write w = {.project_id = *project,
                        .expect_version = fx_version(f, project),
                        .model = "m1",
                        .assigns = as,
                        .n_assigns = n,
                        .clusters = &k,
                        .n_clusters = 1,
                        .now_ms = f->clock_ms};
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    return k.id;
}

/* A step of grouping on the project as it is; what it changes is to be added. */
static inline sc_group_write fx_step(sc_fx *f, const sc_id *project) {
    return (sc_group_write){.project_id = *project,
                            .expect_version = fx_version(f, project),
                            .model = "m1",
                            .now_ms = f->clock_ms};
}

/* The issue, of project a. */
static inline sc_cluster fx_cluster_get(sc_fx *f, const sc_id *id) {
    sc_cluster k;
    fx_ok(f, f->ops->cluster_get(f->s, &f->a, id, &f->arena, &k, &f->err));
    return k;
}

static inline void fx_path(const sc_fx *f, const char *name, char path[256]) {
    snprintf(path, 256, "%s/%s", f->dir, name);
}

static inline sc_job fx_job(sc_fx *f, const sc_id *project, const char *kind, const char *key) {
    return (sc_job){.id = fx_id(f),
                    .project_id = *project,
                    .kind = sc_str_of(kind),
                    .unique_key = sc_str_of(key),
                    .payload = SC_STR("{\"n\":1}"),
                    .max_attempts = 3,
                    .run_at_ms = f->clock_ms,
                    .created_at_ms = f->clock_ms,
                    .request_id = SC_STR("req-9")};
}

static inline sc_id fx_enqueue(sc_fx *f, const sc_job *job) {
    sc_id id;
    fx_ok(f, f->ops->job_enqueue(f->s, job, &id, &f->err));
    return id;
}

static inline sc_rc fx_claim(sc_fx *f, const char *kind, int64_t now_ms, sc_job *ret) {
    sc_str kinds[] = {sc_str_of(kind)};
    return f->ops->job_claim(f->s, kinds, 1, SC_STR("w1"), 1000, now_ms, &f->arena, ret, &f->err);
}

static inline sc_job fx_job_get(sc_fx *f, const sc_id *id) {
    sc_job j;
    fx_ok(f, f->ops->job_get(f->s, NULL, id, &f->arena, &j, &f->err));
    return j;
}

static inline sc_rc fx_end(sc_fx *f, const sc_job *j, sc_job_event ev, int64_t now_ms) {
    sc_job_end e = {.id = j->id,
                    .fence = j->fence,
                    .event = ev,
                    .run_at_ms = ev == SC_JOB_EV_RELEASE ? 0 : now_ms + 5000,
                    .error = SC_STR("it broke"),
                    .now_ms = now_ms};
    return f->ops->job_end(f->s, &e, &f->err);
}

#define fx_test(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

/* Every backend of the registry that this machine can run; Redis on a socket, over TLS, as a cluster and by its other protocol. */
#define fx_run(tests)                                                                     \
    ({                                                                                    \
        static const char *const by[] = {"redis", "redis over TLS", "redis cluster",      \
                                         "redis over REST"};                              \
        int failed = 0;                                                                   \
        for (size_t backend = 0; backend < sc_stores_n; backend++) {                      \
            fx_backend = sc_stores[backend];                                              \
            const fx_way ways = fx_backend == &sc_store_redis ? FX_WAYS : FX_TLS;         \
            for (fx_redis_by = FX_SOCKET; fx_redis_by < ways; fx_redis_by++) {            \
                sc_fx probe = {.ops = fx_backend};                                        \
                if (fx_conf(&probe))                                                      \
                    failed += _cmocka_run_group_tests(ways == FX_WAYS ? by[fx_redis_by]   \
                                                                      : fx_backend->name, \
                                                      tests, SC_LEN(tests), NULL, NULL);  \
            }                                                                             \
        }                                                                                 \
        failed;                                                                           \
    })

#endif
