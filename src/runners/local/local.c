#include "runners/local/local.h"

#include <stdio.h>

#include "runners/local/facts.h"
#include "runners/local/launch.h"
#include "runners/local/probe.h"
#include "runners/local/record.h"

typedef struct local {
    sc_local_found found;
    sc_cgroups groups;
} local;

/* A missing bubblewrap is told by check and by run: a server without fixes needs none. */
static sc_rc open_local(void *self, const void *conf, sc_err *err) {
    local *l = self;
    (void)conf;
    sc_rc rc = sc_local_find(&l->found, err);
    if (rc && rc != SC_NOT_FOUND) return rc;
    sc_cgroups_find(&l->groups);
    l->found.facts.cgroup = l->groups.version > 0;
    return SC_OK;
}

static sc_rc plan(const void *self, const sc_runner_spec *spec, bool as_json, sc_buf *out,
                  sc_err *err) {
    const local *l = self;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    sc_plan p;
    sc_rc rc = sc_plan_make(spec, &l->found.facts, &arena, &p, err);
    if (!rc) rc = sc_plan_check(&p, spec->work_dir, err);
    if (rc) return rc;
    if (as_json)
        sc_plan_json(&p, out);
    else
        sc_plan_text(&p, out);
    return sc_buf_check(out, "the sandbox's plan", err);
}

static sc_rc run(void *self, const sc_runner_spec *spec,
                 void (*output)(void *at, int stream, sc_str bytes), void *at,
                 const _Atomic bool *stop, sc_runner_end *ret, sc_err *err) {
    const local *l = self;
    return sc_launch(spec, &l->found.facts, &l->groups, output, at, stop, ret, err);
}

static sc_rc sweep(void *self, const char *state_dir, size_t *ret_n, sc_err *err) {
    (void)self;
    return sc_record_sweep(state_dir, ret_n, err);
}

static sc_rc check(const void *self, sc_arena *arena, sc_runner_check **ret, size_t *ret_n,
                   sc_err *err) {
    const local *l = self;
    return sc_local_probe(&l->found.facts, &l->groups, arena, ret, ret_n, err);
}

const sc_runner_ops sc_runner_local = {
    .name = "local",
    .summary = "On this machine, in namespaces of its own (bubblewrap).",
    .size = sizeof(local),
    .sandbox = true,
    .open = open_local,
    .plan = plan,
    .run = run,
    .sweep = sweep,
    .check = check,
};
