/* Opening the Redis store at an address, and doing with it what every kind of connection must be able to do. */
#ifndef SC_TESTS_REDIS_USE_H
#define SC_TESTS_REDIS_USE_H

#include "store_fixture.h"

static inline sc_rc redis_open_at(const char *url, const char *ca, sc_store *ret, sc_err *err) {
    const sc_redis_conf conf = {.url = url, .ca_file = ca, .timeout_ms = 5000};
    return sc_store_open(&sc_store_redis, &conf, ret, err);
}

static inline void redis_must(sc_rc rc, const sc_err *err) {
    if (rc) print_error("%s: %s\n", sc_rc_name(rc), err->msg);
    assert_int_equal(rc, SC_OK);
}

/* A project, a report and its grouping job: what every kind of connection must be able to do. */
static inline void redis_use(sc_store *s) {
    sc_err err = {0};
    sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_project p = {.id = sc_id_new(&sc_clock_system), .created_at_ms = T0};
    p.name = sc_str_of(sc_arena_printf(&arena, "%s", p.id.text));
    redis_must(s->ops->project_put(s->self, &p, &err), &err);
    sc_feedback f = {.id = sc_id_new(&sc_clock_system),
                     .project_id = p.id,
                     .external_id = SC_STR("e"),
                     .title = SC_STR("t"),
                     .metadata = SC_STR("{}"),
                     .created_at_ms = T0,
                     .received_at_ms = T0};
    sc_id job = sc_id_new(&sc_clock_system);
    sc_put_result put;
    redis_must(s->ops->feedback_put(s->self, &f, &job, 1, &put, &err), &err);
    sc_feedback got;
    redis_must(s->ops->feedback_get(s->self, &p.id, &f.id, &arena, &got, &err), &err);
    const sc_str kind = SC_STR("group");
    sc_job claimed = {.fence = 0};
    redis_must(s->ops->job_claim(s->self, &kind, 1, SC_STR("w"), 1000, T0, &arena, &claimed, &err),
               &err);
    const sc_job_end end = {
        .id = claimed.id, .fence = claimed.fence, .event = SC_JOB_EV_FINISH, .now_ms = T0};
    redis_must(s->ops->job_end(s->self, &end, &err), &err);
    redis_must(s->ops->verify(s->self, NULL, NULL, &err), &err);
    sc_arena_done(&arena);
}

#endif
