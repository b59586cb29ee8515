/* Asking for fixes: starting, stopping, sending round again; what is ready, and what is not. */
#include "app/fix.h"

#include "agents/agents.h"
#include "app/fix_internal.h"
#include "app/triage.h"
#include "base/log.h"

#define SETTING SC_STR("fix")
#define SCRIPTED "scripted"

enum { MINUTE_MS = 60000, HOPS = 8 };

void sc_fix_conf_default(sc_fix_conf *c) {
    *c = (sc_fix_conf){.watch_ms = MINUTE_MS, .max_ms = 12 * 60 * MINUTE_MS};
}

sc_runner sc_fix_runner(const sc_app *app, const char **ret_why) {
    const sc_fix_conf *c = &app->conf.fix;
    sc_runner runner = {.ops = NULL};
    const char *why = NULL;
    if (c->runner) c->runner(c->runner_self, &runner, &why);
    if (ret_why) *ret_why = why ? why : "agents cannot be run safely on this machine";
    return runner;
}

/* ---- Settings ----------------------------------------------------------------------------------- */

sc_rc sc_fix_settings_get(sc_app *app, const sc_id *project, sc_arena *arena, sc_fix_settings *ret,
                          sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_str text;
    sc_rc rc = STORE(app)->setting_get(SELF(app), project, SETTING, arena, &text, err);
    if (!rc && text.n) rc = sc_json_parse(text, &v, err);
    return rc ? rc : sc_fix_settings_read(v, arena, ret, err);
}

static sc_rc check_forge(const sc_app *app, const sc_fix_settings *s, sc_err *err) {
    const sc_forge *f = sc_fix_forge(app, s->forge);
    if (!f)
        return sc_fail_field(err, SC_UNPROCESSABLE, "forge", "this server has no forge \"%.*s\"",
                             SC_FMT(s->forge));
    if (s->repository.n && !f->ops->repo_ok(f->self, s->repository))
        return sc_fail_field(err, SC_UNPROCESSABLE, "repository",
                             "not the name of a repository there");
    return SC_OK;
}

sc_rc sc_fix_settings_put(sc_app *app, const sc_id *project, const json_t *settings, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_fix_settings s;
    sc_arena_init(&arena, 1 << 20);
    sc_buf_init(&text, 256 << 10);
    sc_rc rc = sc_fix_settings_read(settings, &arena, &s, err);
    if (!rc && s.repository.n) rc = check_forge(app, &s, err);
    if (rc) return rc;
    if (!sc_json_dump(settings, &text)) return sc_fail(err, SC_NOMEM, "no memory for settings");
    return STORE(app)->setting_put(SELF(app), project, SETTING, sc_buf_str(&text),
                                   sc_now_ms(app->conf.clock), err);
}

/* ---- What is there ------------------------------------------------------------------------------ */

const sc_forge *sc_fix_forge(const sc_app *app, sc_str name) {
    const sc_fix_conf *c = &app->conf.fix;
    for (size_t i = 0; i < c->n_forges && i < SC_FIX_MAX_FORGES; i++)
        if (sc_str_is(name, c->forges[i].ops->name)) return &app->fixes->guards[i].forge;
    return NULL;
}

static bool has_model(const sc_app *app, const sc_fix_settings *s) {
    const sc_agent *a = sc_agent_find(s->agent);
    if (!a || sc_str_is(s->agent, SCRIPTED)) return true;
    if (a->shape == SC_PROXY_SHAPES) return app->conf.fix.n_upstreams > 0; /* any will do */
    for (size_t i = 0; i < app->conf.fix.n_upstreams; i++)
        if (app->conf.fix.upstreams[i].shape == a->shape) return true;
    return false;
}

size_t sc_fix_missing(const sc_app *app, const sc_fix_settings *s, const char *ret[8]) {
    const sc_fix_conf *c = &app->conf.fix;
    size_t n = 0;
    if (!s->enabled) ret[n++] = "fixes are switched off for this project (enabled)";
    if (!s->repository.n) ret[n++] = "which repository is to be changed? (repository)";
    if (s->repository.n && !sc_fix_forge(app, s->forge))
        ret[n++] = "this server has no such forge, or no token for it (forge)";
    if (!c->git) ret[n++] = "the program git is not installed on this machine";
    const char *why;
    if (!sc_fix_runner(app, &why).ops) ret[n++] = why;
    if (!has_model(app, s))
        ret[n++] = "the agent's model has no key on this server (see docs/fixes.md)";
    return n;
}

bool sc_fix_agent_at(size_t i, const char **ret_name, const char **ret_summary) {
    if (i > sc_agents_n) return false;
    *ret_name = i < sc_agents_n ? sc_agents[i].name : "custom";
    *ret_summary =
        i < sc_agents_n ? sc_agents[i].summary : "a command of the project's own (command)";
    return true;
}

sc_rc sc_fix_state_get(sc_app *app, const sc_id *project, sc_arena *arena, sc_fix_state *ret,
                       sc_err *err) {
    sc_fix_state st = {.running = 0};
    sc_job_counts n = {0};
    sc_fix_day day = {0};
    sc_fix_filter open = {.project_id = *project, .by_pull = true, .pull = SC_FIX_PULL_open};
    sc_fix_list list = {0};
    sc_rc rc = sc_fix_settings_get(app, project, arena, &st.settings, err);
    if (!rc) rc = STORE(app)->job_counts(SELF(app), project, SC_STR("fix"), &n, err);
    if (!rc) rc = sc_fix_day_read(app, project, &day, err);
    if (!rc) rc = STORE(app)->fix_list(SELF(app), &open, &(sc_page){.limit = 1}, arena, &list, err);
    if (rc) return rc;
    st.n_missing = sc_fix_missing(app, &st.settings, st.missing);
    const sc_runner_ops *runner = sc_fix_runner(app, NULL).ops;
    st.sandboxed = !runner || runner->sandbox; /* without one nothing runs at all */
    st.running = n.by_state[SC_JOB_running];
    st.waiting = n.by_state[SC_JOB_pending];
    st.open_pulls = list.total;
    st.started_today = day.started;
    st.by_policy_today = day.by_policy;
    st.micro_usd_today = day.micro_usd;
    *ret = st;
    return SC_OK;
}

/* ---- Issues ------------------------------------------------------------------------------------- */

sc_rc sc_fix_cluster(sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                     sc_cluster *ret, sc_err *err) {
    sc_id at = *id;
    for (int i = 0; i < HOPS; i++) {
        sc_rc rc = STORE(app)->cluster_get(SELF(app), project, &at, arena, ret, err);
        if (rc || !sc_id_is_set(&ret->merged_into) || sc_cluster_deserted(ret)) return rc;
        at = ret->merged_into;
    }
    return sc_fail(err, SC_CONFLICT, "the issue was merged too often to follow");
}

sc_cluster_event sc_fix_event_of(const sc_fix *f) {
    const bool open = f->pull == SC_FIX_PULL_open || sc_id_is_set(&f->follows);
    return open ? SC_CLUSTER_EV_PR : SC_CLUSTER_EV_PR_CLOSED;
}

sc_rc sc_fix_tell_cluster(sc_app *app, const sc_fix *f, sc_cluster_event ev, sc_str words,
                          sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    sc_cluster c;
    sc_cluster_status next;
    sc_rc rc = sc_fix_cluster(app, &f->project_id, &f->cluster_id, &arena, &c, err);
    if (rc) return rc == SC_NOT_FOUND ? SC_OK : rc;
    sc_cluster_patch p = {.has_fix = true,
                          .branch = f->branch,
                          .pr_url = f->pull_url,
                          .error_message = words,
                          .event = ev};
    p.has_event = sc_cluster_next(c.status, ev, &next, NULL) == SC_OK;
    if (sc_cluster_deserted(&c)) return SC_OK;
    return sc_triage_patch(app, &f->project_id, &c.id, &p, SC_STR("fix"), &arena, &c, err);
}

static sc_rc under_way(sc_app *app, const sc_cluster *c, sc_arena *arena, sc_id *ret, sc_err *err) {
    static const sc_job_state open[] = {SC_JOB_pending, SC_JOB_running};
    sc_rc rc = SC_OK;
    *ret = (sc_id){""};
    for (size_t i = 0; !rc && i < SC_LEN(open); i++) {
        sc_fix_filter f = {
            .project_id = c->project_id, .cluster_id = c->id, .by_state = true, .state = open[i]};
        sc_fix_list list = {0};
        rc = STORE(app)->fix_list(SELF(app), &f, &(sc_page){.limit = 1}, arena, &list, err);
        if (!rc && list.n) *ret = list.items[0].id;
    }
    return rc;
}

sc_rc sc_fix_tell_ended(sc_app *app, const sc_fix *f, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    sc_cluster c;
    sc_fix other;
    sc_id id;
    sc_rc rc = sc_fix_cluster(app, &f->project_id, &f->cluster_id, &arena, &c, err);
    if (rc) return rc == SC_NOT_FOUND ? SC_OK : rc;
    rc = under_way(app, &c, &arena, &id, err);
    if (!rc && sc_id_is_set(&id))
        rc = STORE(app)->fix_get(SELF(app), &f->project_id, &id, &arena, &other, err);
    if (rc) return rc;
    if (sc_id_is_set(&id))
        return sc_fix_tell_cluster(app, &other, SC_CLUSTER_EV_FIX, SC_STR_NONE, err);
    /* The store buries a lost one in its own words. */
    const bool lost = !f->reason || f->reason == SC_FIX_REASON_lost;
    const sc_str words = lost ? sc_str_of(sc_fix_reason_words(SC_FIX_REASON_lost)) : f->error;
    return sc_fix_tell_cluster(app, f, sc_fix_event_of(f), words, err);
}

sc_rc sc_fix_tell_begun(sc_app *app, const sc_fix *f, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    sc_fix now;
    sc_rc rc = sc_fix_tell_cluster(app, f, SC_CLUSTER_EV_FIX, SC_STR_NONE, err);
    if (!rc) rc = STORE(app)->fix_get(SELF(app), &f->project_id, &f->id, &arena, &now, err);
    const bool ended = !rc && sc_job_state_ended(now.status) && now.pull != SC_FIX_PULL_merged;
    return ended ? sc_fix_tell_ended(app, &now, err) : rc;
}

/* ---- Starting ----------------------------------------------------------------------------------- */

static sc_rc check_start(sc_app *app, const sc_fix_settings *s, const sc_cluster *c,
                         const sc_fix_ask *ask, sc_err *err) {
    const char *missing[8];
    sc_cluster_status next;
    sc_fix_day day = {0};
    if (sc_cluster_deserted(c))
        return sc_fail(err, SC_CONFLICT, "this issue has no reports any more");
    sc_rc rc = sc_cluster_next(c->status, SC_CLUSTER_EV_FIX, &next, err);
    if (rc) return rc;
    if (sc_fix_missing(app, s, missing))
        return sc_fail(err, SC_UNPROCESSABLE, "no fix can be started: %s", missing[0]);
    rc = sc_fix_day_read(app, &c->project_id, &day, err);
    if (!rc && s->max_day_usd > 0 && (double)day.micro_usd >= s->max_day_usd * 1e6)
        rc = sc_fail_field(err, SC_LIMITED, "max_day_usd", "today's cap for fixes is reached");
    if (!rc) rc = sc_quota_fixes(app, &c->project_id, day.started, err);
    if (!rc && !ask->force && !sc_id_is_set(&ask->follows)) rc = sc_fix_same_cause(app, c, err);
    return rc;
}

sc_rc sc_fix_new_branch(sc_app *app, const sc_cluster *c, sc_buf *out, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, SC_FIX_ARENA_BYTES);
    sc_fix_filter f = {.project_id = c->project_id, .cluster_id = c->id};
    sc_fix_list list;
    size_t used = 0;
    sc_rc rc = STORE(app)->fix_list(SELF(app), &f, &(sc_page){.limit = 100}, &arena, &list, err);
    for (size_t i = 0; !rc && i < list.n; i++)
        used += list.items[i].step >= SC_FIX_pushing && !sc_id_is_set(&list.items[i].follows);
    if (rc) return rc;
    sc_fix_branch(&c->id, c->title, out);
    if (used) sc_buf_putf(out, "-%zu", used + 1);
    return sc_buf_check(out, "a branch", err);
}

static sc_rc check_agent(sc_app *app, sc_fix_settings *s, const sc_fix_ask *ask, sc_err *err) {
    (void)app;
    if (!ask->agent.n) return SC_OK;
    bool custom = sc_str_is(ask->agent, "custom");
    if (custom ? !s->command.n : !sc_agent_find(ask->agent))
        return sc_fail_field(err, SC_UNPROCESSABLE, "agent", "there is no such agent");
    s->agent = ask->agent;
    return SC_OK;
}

static sc_rc store_start(sc_app *app, const sc_cluster *c, const sc_fix_settings *s,
                         const sc_fix_ask *ask, sc_str branch, sc_id *ret_id, bool *ret_new,
                         sc_err *err) {
    const int64_t now = sc_now_ms(app->conf.clock);
    char unique[SC_FIX_KEY];
    sc_fix_key(&c->id, unique);
    sc_job job = {.id = sc_id_new(app->conf.clock),
                  .project_id = c->project_id,
                  .kind = SC_STR("fix"),
                  .unique_key = sc_str_of(unique),
                  .payload = SC_STR("{}"),
                  .max_attempts = sc_work_find(SC_STR("fix"))->attempts,
                  .run_at_ms = now,
                  .created_at_ms = now,
                  .updated_at_ms = now,
                  .request_id = ask->request_id};
    const sc_runner_ops *runner = sc_fix_runner(app, NULL).ops;
    sc_fix fix = {.cluster_id = c->id,
                  .follows = ask->follows,
                  .by = ask->by,
                  .agent = s->agent,
                  .runner = runner ? sc_str_of(runner->name) : SC_STR_NONE,
                  .branch = branch,
                  .instructions = ask->instructions};
    return STORE(app)->fix_start(SELF(app), &job, &fix, ret_id, ret_new, err);
}

/* The job of the issue that is pending or running; an empty id: there is none. */
sc_rc sc_fix_start(sc_app *app, const sc_id *project, const sc_id *cluster, const sc_fix_ask *ask,
                   sc_arena *arena, sc_fix *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf branch;
    sc_fix_settings s;
    sc_cluster c;
    sc_id id;
    bool added = false;
    sc_buf_init(&branch, 200);
    sc_rc rc = sc_fix_cluster(app, project, cluster, arena, &c, err);
    if (!rc) rc = under_way(app, &c, arena, &id, err);
    if (rc) return rc;
    if (sc_id_is_set(&id)) return STORE(app)->fix_get(SELF(app), project, &id, arena, ret, err);
    rc = sc_fix_settings_get(app, project, arena, &s, err);
    if (!rc) rc = check_agent(app, &s, ask, err);
    if (!rc) rc = check_start(app, &s, &c, ask, err);
    sc_fix before;
    if (!rc && sc_id_is_set(&ask->follows)) {
        rc = STORE(app)->fix_get(SELF(app), project, &ask->follows, arena, &before, err);
        if (!rc) sc_buf_put_str(&branch, before.branch);
    } else if (!rc) {
        rc = sc_fix_new_branch(app, &c, &branch, err);
    }
    if (!rc) rc = store_start(app, &c, &s, ask, sc_buf_str(&branch), &id, &added, err);
    if (!rc) rc = STORE(app)->fix_get(SELF(app), project, &id, arena, ret, err);
    if (!rc && added) {
        sc_err late = {0}; /* the fix is stored; its worker tells the issue again */
        if (sc_fix_tell_begun(app, ret, &late))
            sc_log_err(SC_LOG_WARN, "an issue's fix is not shown with it yet", &late);
        sc_fixes_poke(app);
    }
    return rc;
}

/* ---- Stopping, again ---------------------------------------------------------------------------- */

sc_rc sc_fix_cancel(sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                    sc_fix *ret, sc_err *err) {
    sc_fix f;
    sc_rc rc = STORE(app)->fix_get(SELF(app), project, id, arena, &f, err);
    if (!rc)
        rc = STORE(app)->job_act(SELF(app), project, id, SC_JOB_EV_CANCEL,
                                 sc_now_ms(app->conf.clock), err);
    if (rc) return rc;
    if (app->fixes) sc_lane_poke(&app->fixes->beat); /* its heartbeat finds out */
    for (int i = 0; i < 3; i++) {                    /* its worker may just have stored a step */
        rc = STORE(app)->fix_get(SELF(app), project, id, arena, &f, err);
        f.reason = SC_FIX_REASON_cancelled;
        if (!rc) rc = sc_fix_keep_ended(app, &f, err);
        if (rc != SC_CONFLICT) break;
    }
    if (!rc) rc = sc_fix_tell_cluster(app, &f, sc_fix_event_of(&f), SC_STR_NONE, err);
    return rc ? rc : STORE(app)->fix_get(SELF(app), project, id, arena, ret, err);
}

sc_rc sc_fix_retry(sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena, sc_fix *ret,
                   sc_err *err) {
    sc_fix f;
    sc_fix_step step;
    sc_rc rc = STORE(app)->fix_get(SELF(app), project, id, arena, &f, err);
    if (!rc) rc = sc_fix_next(f.step, SC_FIX_EV_RETRY, &step, err);
    if (!rc)
        rc = STORE(app)->fix_retry(SELF(app), project, id, step, sc_now_ms(app->conf.clock), err);
    if (!rc) rc = sc_fix_tell_begun(app, &f, err);
    if (rc) return rc;
    sc_fixes_poke(app);
    return STORE(app)->fix_get(SELF(app), project, id, arena, ret, err);
}
