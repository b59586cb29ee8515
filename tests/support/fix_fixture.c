#include "fix_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/json.h"
#include "runners/bare.h"

/* ---- The forge ---------------------------------------------------------------------------------- */

static bool repo_ok(const void *self, sc_str repo) {
    (void)self;
    return sc_str_is(repo, "toy");
}

static sc_rc check(void *self, const sc_forge_call *c, sc_forge_repo *ret, sc_err *err) {
    (void)self, (void)c, (void)err;
    *ret = (sc_forge_repo){.default_branch = SC_STR("main"), .may_push = true};
    return SC_OK;
}

static sc_rc remote(void *self, const sc_forge_call *c, sc_forge_remote *ret, sc_err *err) {
    (void)err;
    const fix_fixture *f = self;
    const char *url = sc_arena_printf(c->arena, "file://%s", f->git.origin);
    *ret = (sc_forge_remote){.url = sc_str_of(url), .may_be_file = true};
    return SC_OK;
}

static void describe(const fix_fixture *f, size_t i, sc_arena *arena, sc_forge_pr *ret) {
    const toy_pull *p = &f->pulls[i];
    *ret = (sc_forge_pr){.number = (int64_t)i + 1,
                         .state = p->state,
                         .url = SC_STR(""),
                         .branch = sc_str_of(sc_arena_copy(arena, p->branch, strlen(p->branch))),
                         .base = SC_STR("main"),
                         .created_at_ms = 1,
                         .merged_at_ms = p->state == SC_FORGE_MERGED ? f->app.now_ms : 0};
}

static sc_rc is_down(const fix_fixture *f, sc_err *err) {
    return atomic_load(&f->down) ? sc_fail(err, SC_UPSTREAM, "the forge is down") : SC_OK;
}

static sc_rc pr_find(void *self, const sc_forge_call *c, sc_str branch, sc_forge_pr *ret,
                     sc_err *err) {
    fix_fixture *f = self;
    sc_rc rc = is_down(f, err);
    if (rc) return rc;
    *ret = (sc_forge_pr){.number = 0};
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->n_pulls; i++)
        if (sc_str_is(branch, f->pulls[i].branch)) describe(f, i, c->arena, ret);
    pthread_mutex_unlock(&f->lock);
    return SC_OK;
}

/* What happens between the deed and its answer. */
static sc_rc answer(fix_fixture *f, const sc_forge_call *c, sc_err *err) {
    sc_rc (*made)(fix_fixture *, const sc_forge_call *, sc_err *) = f->made;
    f->made = NULL;
    return made ? made(f, c, err) : SC_OK;
}

static sc_rc pr_create(void *self, const sc_forge_call *c, const sc_forge_pr_new *pr,
                       sc_forge_pr *ret, sc_err *err) {
    fix_fixture *f = self;
    sc_rc rc = is_down(f, err);
    if (rc) return rc;
    pthread_mutex_lock(&f->lock);
    toy_pull *p = &f->pulls[f->n_pulls++];
    snprintf(p->branch, sizeof p->branch, "%.*s", SC_FMT(pr->branch));
    snprintf(p->body, sizeof p->body, "%.*s", SC_FMT(pr->body));
    describe(f, f->n_pulls - 1, c->arena, ret);
    pthread_mutex_unlock(&f->lock);
    return answer(f, c, err);
}

static sc_rc pr_get(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                    sc_err *err) {
    fix_fixture *f = self;
    sc_rc rc = is_down(f, err);
    if (rc) return rc;
    pthread_mutex_lock(&f->lock);
    describe(f, (size_t)number - 1, c->arena, ret);
    pthread_mutex_unlock(&f->lock);
    return SC_OK;
}

static sc_rc pr_update(void *self, const sc_forge_call *c, int64_t number,
                       const sc_forge_pr_change *change, sc_forge_pr *ret, sc_err *err) {
    (void)change;
    return pr_get(self, c, number, ret, err);
}

static sc_rc comments(void *self, const sc_forge_call *c, int64_t number, int64_t since_ms,
                      sc_forge_comments *ret, sc_err *err) {
    (void)number, (void)err;
    fix_fixture *f = self;
    sc_forge_comments out = {.v = sc_arena_take_array(c->arena, TOY_MOST, sizeof *out.v)};
    assert_non_null(out.v);
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->n_comments; i++) {
        const int64_t at = 100 + (int64_t)i; /* one after the other */
        if (at < since_ms) continue;
        out.v[out.n++] = (sc_forge_comment){
            .id = SC_STR("x"),
            .author = SC_STR("ann"),
            .body = sc_str_of(sc_arena_copy(c->arena, f->comments[i], strlen(f->comments[i]))),
            .may_write = true,
            .created_at_ms = at,
            .updated_at_ms = at};
    }
    pthread_mutex_unlock(&f->lock);
    *ret = out;
    return SC_OK;
}

static sc_rc issue_create(void *self, const sc_forge_call *c, const sc_forge_issue_new *issue,
                          sc_forge_issue *ret, sc_err *err) {
    fix_fixture *f = self;
    pthread_mutex_lock(&f->lock);
    snprintf(f->issues[f->n_issues++], TOY_BODY, "%.*s", SC_FMT(issue->body));
    *ret = (sc_forge_issue){(int64_t)f->n_issues, SC_STR("")};
    pthread_mutex_unlock(&f->lock);
    return answer(f, c, err);
}

static sc_rc issue_find(void *self, const sc_forge_call *c, sc_str mark, int64_t since_ms,
                        sc_forge_issue *ret, sc_err *err) {
    (void)c, (void)since_ms;
    fix_fixture *f = self;
    sc_rc rc = is_down(f, err);
    if (rc) return rc;
    *ret = (sc_forge_issue){0, SC_STR("")};
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->n_issues; i++)
        if (sc_str_find(sc_str_of(f->issues[i]), mark) != SIZE_MAX) ret->number = (int64_t)i + 1;
    pthread_mutex_unlock(&f->lock);
    return SC_OK;
}

static const sc_forge_ops toy = {.name = "toy",
                                 .summary = "for tests",
                                 .repo_ok = repo_ok,
                                 .check = check,
                                 .remote = remote,
                                 .pr_find = pr_find,
                                 .pr_create = pr_create,
                                 .pr_update = pr_update,
                                 .pr_get = pr_get,
                                 .comments = comments,
                                 .issue_create = issue_create,
                                 .issue_find = issue_find};

/* ---- The runner --------------------------------------------------------------------------------- */

/* Without the forwarder, which would be this test's program: agents find the proxy's socket. */
static sc_rc run(void *self, const sc_runner_spec *spec,
                 void (*output)(void *at, int stream, sc_str bytes), void *at,
                 const _Atomic bool *stop, sc_runner_end *ret, sc_err *err) {
    sc_runner_spec s = *spec;
    s.forward = (sc_runner_forward){.port = 0};
    return sc_runner_bare.run(self, &s, output, at, stop, ret, err);
}

static void runner_of(void *self, sc_runner *ret, const char **ret_why) {
    const fix_fixture *f = self;
    *ret = (sc_runner){&f->runner, NULL};
    if (ret_why) *ret_why = NULL;
}

/* ---- The world ---------------------------------------------------------------------------------- */

void fix_settings(fix_fixture *f, const char *settings) {
    json_t *v = NULL;
    const char *text =
        sc_arena_printf(&f->app.arena, "{\"forge\":\"toy\",\"repository\":\"toy\",%s}", settings);
    fix_ok(f, sc_json_parse(sc_str_of(text), &v, &f->err));
    fix_ok(f, sc_fix_settings_put(f->app.app, &f->app.project.id, v, &f->err));
    json_decref(v);
}

void fix_fixture_open(fix_fixture *f, const char *settings) {
    memset(f, 0, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    git_fixture_init(&f->git);
    git_origin(&f->git);
    f->forge = (sc_forge){&toy, f};
    app_fixture_open(&f->app, NULL, false);
    sc_fix_conf *c = &f->app.fix;
    sc_fix_conf_default(c);
    c->workers = 2;
    c->dir = sc_arena_printf(&f->app.arena, "%s/fix", f->git.dir);
    c->data_dir = f->app.dir;
    c->git = f->git.program;
    f->runner = sc_runner_bare;
    f->runner.run = run;
    c->runner = runner_of;
    c->runner_self = f;
    c->forges = &f->forge;
    c->n_forges = 1;
    c->watch_ms = 3600000; /* people are looked after when a test says so */
    fix_restart(f);
    fix_settings(f, settings);
}

void fix_fixture_close(fix_fixture *f) {
    app_fixture_close(&f->app);
    git_fixture_done(&f->git);
    pthread_mutex_destroy(&f->lock);
}

void fix_restart(fix_fixture *f) { app_fixture_restart(&f->app, true); }

/* ---- Short ways --------------------------------------------------------------------------------- */

sc_id fix_issue(fix_fixture *f, const char *title) {
    sc_id report = app_put(&f->app, title, title, "");
    app_settle(&f->app);
    return app_get(&f->app, &report).cluster_id;
}

sc_id fix_start(fix_fixture *f, const sc_id *issue) {
    sc_fix fix;
    sc_fix_ask ask = {.by = SC_STR("ann")};
    fix_ok(f,
           sc_fix_start(f->app.app, &f->app.project.id, issue, &ask, &f->app.arena, &fix, &f->err));
    return fix.id;
}

sc_fix fix_get(fix_fixture *f, const sc_id *id) {
    sc_fix fix;
    fix_ok(f, f->app.store.ops->fix_get(f->app.store.self, &f->app.project.id, id, &f->app.arena,
                                        &fix, &f->err));
    return fix;
}

typedef struct waiting {
    fix_fixture *f;
    const sc_id *id;
    sc_fix_step step;
} waiting;

static bool is_over(void *self) {
    const waiting *w = self;
    return sc_job_state_ended(fix_get(w->f, w->id).status);
}

static bool is_at(void *self) {
    const waiting *w = self;
    return fix_get(w->f, w->id).step == w->step;
}

sc_fix fix_ended(fix_fixture *f, const sc_id *id) {
    waiting w = {f, id, SC_FIX_queued};
    app_wait(is_over, &w, "the end of a fix");
    return fix_get(f, id);
}

void fix_at(fix_fixture *f, const sc_id *id, sc_fix_step step) {
    waiting w = {f, id, step};
    app_wait(is_at, &w, "a fix to come so far");
}

void fix_keep(fix_fixture *f, const sc_fix *fix) {
    const sc_fix_write w = {.fix = fix, .now_ms = f->app.now_ms};
    fix_ok(f, f->app.store.ops->fix_save(f->app.store.self, &w, &f->err));
}
