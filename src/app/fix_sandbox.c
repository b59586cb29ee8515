/* What runs in the sandbox for a fix: the project's commands, and the agent with its way to a model. */
#include <stdio.h>
#include <unistd.h>

#include "agents/agents.h"
#include "agents/place.h"
#include "app/fix_log.h"
#include "app/fix_steps.h"
#include "base/log.h"

#define TASK_FILE SC_RUNNER_OURS "/task.md"
#define SOCKET_INSIDE SC_RUNNER_OURS "/model.sock"
#define URL "http://127.0.0.1:8079" /* inside, where nothing else listens */

enum {
    PORT = 8079,
    MAX_HOSTS = 32,
    MAX_ENV = SC_AGENT_MAX_ENV + 4,
    SOCKET_ROOM = 100,
    CLOSE_MS = 1000, /* a run's limit lies so much before the fix's own end */
};

/* ---- Runs --------------------------------------------------------------------------------------- */

static void on_output(void *at, int stream, sc_str bytes) {
    (void)stream;
    sc_fix_sink_put(&((sc_fix_run *)at)->sink, bytes);
}

static sc_rc run_inside(sc_fix_run *r, sc_runner_spec *spec, const char *stream, sc_fix_ran *ret,
                        sc_err *err) {
    const sc_fix_conf *c = &r->app->conf.fix;
    char state[SC_FIX_PATH];
    snprintf(state, sizeof state, "%.900s/state", c->dir);
    const char *const hidden[] = {c->data_dir, NULL};
    const int64_t left = r->deadline_ms - sc_now_ms(r->app->conf.clock);
    spec->id = r->name;
    spec->state_dir = state;
    spec->remove_dir = r->dir;
    spec->hidden = hidden;
    spec->limits.wall_ms = SC_MAX(left - CLOSE_MS, (int64_t)1);
    sc_runner_end end = {0};
    sc_fix_sink_turn(&r->sink, stream);
    const sc_runner runner = sc_fix_runner(r->app, NULL);
    sc_rc rc = runner.ops->run(runner.self, spec, on_output, r, &r->stop, &end, err);
    sc_fix_sink_turn(&r->sink, "step");
    if (rc) return rc;
    *ret = (sc_fix_ran){end.exit, end.wall_us / 1000, end.killed_for};
    if (end.killed_for && !strcmp(end.killed_for, SC_RUNNER_TIMEOUT)) { /* the fix's own time */
        int none = SC_FIX_GO_ON;
        atomic_compare_exchange_strong(&r->why, &none, SC_FIX_STOP_TIME);
        return sc_fail(err, SC_CANCELLED, "the fix's time is over");
    }
    if (end.killed_for && !strcmp(end.killed_for, SC_RUNNER_STOPPED))
        return sc_fail(err, SC_CANCELLED, "the fix is stopped");
    return SC_OK;
}

/* ---- Money -------------------------------------------------------------------------------------- */

static sc_rc on_key(void *self, sc_proxy_shape shape, sc_buf *ret, sc_err *err) {
    const sc_fix_conf *c = &((sc_fix_run *)self)->app->conf.fix;
    return c->key(c->key_self, shape, ret, err);
}

static sc_budget_use use_of(const sc_proxy_use *u) {
    return (sc_budget_use){1, u->tokens_in + u->tokens_out, u->micro_usd};
}

static sc_rc on_may_spend(void *self, const sc_proxy_call *call, sc_err *err) {
    sc_fix_run *r = self;
    const sc_fix_settings *s = &r->set;
    const sc_budget_use e = use_of(&call->estimate);
    pthread_mutex_lock(&r->spend_lock);
    const int64_t usd = r->cost.micro_usd + r->set_aside_micro_usd + e.micro_usd;
    const int64_t tokens = r->cost.tokens_in + r->cost.tokens_out + r->set_aside_tokens + e.tokens;
    const bool over = (s->max_usd > 0 && (double)usd > s->max_usd * 1e6) ||
                      (s->max_tokens && tokens > s->max_tokens);
    sc_rc rc =
        over ? sc_fail(err, SC_LIMITED, "the cap in money or tokens of this work is reached")
             : sc_budget_book(&r->day, sc_now_ms(r->app->conf.clock), e.tokens, e.micro_usd, err);
    if (rc == SC_LIMITED) r->capped = true;
    if (!rc) {
        r->set_aside_micro_usd += e.micro_usd;
        r->set_aside_tokens += e.tokens;
    }
    pthread_mutex_unlock(&r->spend_lock);
    return rc;
}

static void on_spent(void *self, const sc_proxy_call *call, const sc_proxy_use *took,
                     bool counted) {
    sc_fix_run *r = self;
    (void)counted;
    const sc_budget_use booked = use_of(&call->estimate), real = use_of(took);
    pthread_mutex_lock(&r->spend_lock);
    r->set_aside_micro_usd -= booked.micro_usd;
    r->set_aside_tokens -= booked.tokens;
    r->cost.calls++;
    r->cost.tokens_in += took->tokens_in;
    r->cost.tokens_out += took->tokens_out;
    r->cost.micro_usd += took->micro_usd;
    sc_budget_correct(&r->day, &booked, &real);
    sc_budget_flush(&r->day, sc_now_ms(r->app->conf.clock));
    pthread_mutex_unlock(&r->spend_lock);
    atomic_fetch_add(&r->app->fix_calls, 1);
    atomic_fetch_add(&r->app->fix_tokens, took->tokens_in + took->tokens_out);
    atomic_fetch_add(&r->app->fix_micro_usd, took->micro_usd);
    sc_err err = {0}; /* so that a crash forgets no call */
    if (sc_fix_keep(r, NULL, &err)) sc_log_err(SC_LOG_WARN, "a fix's cost is not kept", &err);
}

static void on_blocked(void *self, sc_str host, int port, const char *why) {
    sc_fix_run *r = self;
    char name[sizeof r->blocked[0]];
    snprintf(name, sizeof name, "%.*s:%d", SC_FMT(sc_str_clip(host, 100)), port);
    pthread_mutex_lock(&r->spend_lock);
    bool known = false;
    for (size_t i = 0; i < r->n_blocked && !known; i++) known = !strcmp(r->blocked[i], name);
    bool fits = !known && r->n_blocked < SC_LEN(r->blocked);
    if (fits) memcpy(r->blocked[r->n_blocked++], name, sizeof name);
    pthread_mutex_unlock(&r->spend_lock);
    if (fits) sc_fix_say(r, "not let out: %s (%s)", name, why);
}

/* ---- The way out -------------------------------------------------------------------------------- */

static sc_rc host_of(sc_fix_run *r, sc_str words, sc_proxy_host *ret, sc_err *err) {
    size_t colon = sc_str_find(words, SC_STR(":"));
    sc_str name = {words.p, colon == SIZE_MAX ? words.n : colon};
    int64_t port = 0;
    if (colon != SIZE_MAX &&
        sc_num_i64((sc_str){words.p + colon + 1, words.n - colon - 1}, 1, 65535, &port, NULL))
        return sc_fix_refuse(r, SC_FIX_REASON_no_agent, err, "hosts: a port is no number");
    sc_str copy;
    sc_rc rc = sc_fix_copy(&r->arena, name, &copy, err);
    if (!rc) *ret = (sc_proxy_host){.name = copy.p, .port = (int)port};
    return rc;
}

/* The way out of one run: a proxy of its own on a socket, and inside a port that leads there. */
typedef struct way {
    char socket[SOCKET_ROOM];
    sc_runner_socket inside;
    sc_proxy *proxy;
} way;

static void way_close(way *w) { sc_proxy_stop(w->proxy); }

/* Into the spec. To the hosts that the project names, and with `models` to the models. */
static sc_rc way_open(sc_fix_run *r, bool models, way *w, sc_runner_spec *spec, sc_err *err) {
    const sc_fix_conf *c = &r->app->conf.fix;
    sc_proxy_host hosts[MAX_HOSTS];
    sc_proxy_conf conf;
    const size_t n = SC_MIN(r->set.hosts.n, (size_t)MAX_HOSTS);
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++) rc = host_of(r, r->set.hosts.v[i], &hosts[i], err);
    if (rc) return rc;
    sc_fix_books(r->app, &r->fix.project_id, &r->set, &r->day);
    int len = snprintf(w->socket, SOCKET_ROOM, "%s/s/%s", c->dir, r->name + SC_FIX_SHORT_FROM);
    if (len >= SOCKET_ROOM)
        return sc_fix_refuse(r, SC_FIX_REASON_no_sandbox, err,
                             "the path of the data folder is too long for a socket");
    unlink(w->socket); /* of a run that died */
    sc_proxy_conf_default(&conf);
    conf.socket_path = w->socket;
    conf.upstreams = c->upstreams;
    conf.n_upstreams = models ? c->n_upstreams : 0;
    conf.hosts = hosts;
    conf.n_hosts = n;
    conf.clock = r->app->conf.clock;
    conf.self = r;
    conf.key = on_key;
    conf.may_spend = on_may_spend;
    conf.spent = on_spent;
    conf.blocked = on_blocked;
    w->inside = (sc_runner_socket){w->socket, SOCKET_INSIDE};
    spec->sockets = &w->inside;
    spec->n_sockets = 1;
    spec->forward = (sc_runner_forward){PORT, SOCKET_INSIDE};
    return sc_proxy_start(&conf, &w->proxy, err);
}

/* "NAME=value" of each, NULL-terminated; `to` has MAX_ENV. */
static sc_rc put_env(sc_fix_run *r, const sc_agent_pair *pairs, size_t n, const char **to,
                     sc_err *err) {
    size_t at = 0;
    for (; at < n && at < MAX_ENV - 3; at++) {
        char pair[1200];
        int len = snprintf(pair, sizeof pair, "%s=%s", pairs[at].name, pairs[at].value);
        to[at] = sc_arena_copy(&r->arena, pair, SC_MIN((size_t)len, sizeof pair - 1));
        if (!to[at]) return sc_fail(err, SC_NOMEM, "no memory for a fix");
    }
#ifdef __SANITIZE_ADDRESS__ /* leaks are looked for by tracing oneself: the sandbox does not allow it */
    to[at++] = "ASAN_OPTIONS=detect_leaks=0";
#endif
    to[at] = NULL;
    return SC_OK;
}

/* ---- The project's commands --------------------------------------------------------------------- */

sc_rc sc_fix_shell(sc_fix_run *r, const char *dir, sc_str command, const char *stream, bool hosts,
                   sc_fix_ran *ret, sc_err *err) {
    SC_AUTO(way_close) way w = {.proxy = NULL};
    const char *env[MAX_ENV] = {NULL};
    const sc_agent_words words = {.url = URL};
    const sc_agent_pair *pairs = NULL;
    size_t n = 0;
    const char *text = sc_arena_copy(&r->arena, command.p, command.n);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for a fix");
    const char *const argv[] = {"/bin/sh", "-c", text, NULL};
    sc_runner_spec spec = {.work_dir = dir, .argv = argv, .env = env};
    sc_rc rc = hosts ? sc_agent_way(&words, &r->arena, &pairs, &n, err) : SC_OK;
    if (!rc) rc = put_env(r, pairs, n, env, err);
    n = 0;
    while (env[n]) n++;
    env[n] = "CI=1"; /* put_env leaves room for one more */
    if (!rc && hosts) rc = way_open(r, false, &w, &spec, err);
    return rc ? rc : run_inside(r, &spec, stream, ret, err);
}

/* ---- The agent ---------------------------------------------------------------------------------- */

static sc_rc argv_of(sc_fix_run *r, const sc_agent *a, const sc_agent_words *w,
                     const char *const **ret, sc_err *err) {
    const char *words[SC_AGENT_MAX_ARGS];
    size_t n = 0;
    if (a) {
        while (a->argv[n]) n++;
        return sc_agent_argv(a->argv, n, w, &r->arena, ret, err);
    }
    for (; n < r->set.command.n && n < SC_LEN(words); n++) words[n] = r->set.command.v[n].p;
    return sc_agent_argv(words, n, w, &r->arena, ret, err);
}

/* An agent that speaks all of them gets what there is. */
static sc_proxy_shape shape_of(const sc_fix_run *r, const sc_agent *a) {
    const sc_fix_conf *c = &r->app->conf.fix;
    if (a && a->shape != SC_PROXY_SHAPES) return a->shape;
    return c->n_upstreams ? c->upstreams[0].shape : SC_PROXY_OPENAI;
}

/* What the project says, else the first one of that shape. */
static const char *model_of(const sc_fix_run *r, sc_proxy_shape shape) {
    const sc_fix_conf *c = &r->app->conf.fix;
    if (r->set.model.n) return r->set.model.p;
    for (size_t i = 0; i < c->n_upstreams; i++)
        if (c->upstreams[i].shape == shape && c->upstreams[i].n_models)
            return c->upstreams[i].models[0].name;
    return "";
}

/* A program that is installed outside the system's folders is shown where it lies; what of it may not be shown the runner
 * says. A path of the sandbox's own is none of ours. */
static sc_rc place(sc_fix_run *r, sc_runner_spec *spec, const char **env, sc_err *err) {
    const sc_runner_ops *runner = sc_fix_runner(r->app, NULL).ops;
    const char **argv = (const char **)spec->argv, *name = argv[0];
    bool inside = strchr(name, '/') &&
                  (name[0] != '/' || sc_str_starts(sc_str_of(name), SC_RUNNER_OURS "/") ||
                   sc_str_starts(sc_str_of(name), SC_RUNNER_WORK "/"));
    if (!runner->sandbox || inside) return SC_OK;
    sc_agent_place at;
    sc_rc rc = sc_agent_find_place(name, NULL, &r->arena, &at, err);
    sc_runner_bind *binds = sc_arena_take_array(&r->arena, SC_AGENT_MAX_PLACES, sizeof *binds);
    if (rc || !binds) return rc ? rc : sc_fail(err, SC_NOMEM, "no memory for a fix");
    for (size_t i = 0; i < at.n; i++) binds[i] = (sc_runner_bind){at.paths[i], at.paths[i]};
    argv[0] = at.program;
    spec->binds = binds;
    spec->n_binds = at.n;
    if (!*at.search) return SC_OK;
    while (*env) env++;
    *env = sc_arena_printf(&r->arena, "PATH=%s" SC_RUNNER_PATH, at.search);
    return *env ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for a fix");
}

/* Not the agent's work, but that it could not begin. */
static bool is_not_there(sc_rc rc, const sc_runner_spec *spec) {
    return rc == SC_NOT_FOUND || (rc == SC_INVALID && spec->n_binds);
}

sc_rc sc_fix_agent_run(sc_fix_run *r, const char *dir, sc_str task, sc_fix_ran *ret, sc_err *err) {
    SC_AUTO(way_close) way w = {.proxy = NULL};
    const sc_agent *a = sc_agent_find(r->fix.agent);
    const char *env[MAX_ENV] = {NULL};
    const sc_agent_pair *pairs = NULL;
    size_t n = 0;
    const sc_proxy_shape shape = shape_of(r, a);
    const sc_agent_words words = {.prompt_file = TASK_FILE,
                                  .work = SC_RUNNER_WORK,
                                  .home = SC_RUNNER_HOME,
                                  .model = model_of(r, shape),
                                  .url = URL,
                                  .self = SC_RUNNER_SELF,
                                  .shape = shape,
                                  .steps = r->set.steps};
    sc_runner_file files[2] = {{TASK_FILE, task}};
    sc_runner_spec spec = {.work_dir = dir, .env = env, .files = files, .n_files = 1};
    sc_rc rc = argv_of(r, a, &words, &spec.argv, err);
    if (!rc) rc = sc_agent_env(a, &words, &r->arena, &pairs, &n, err);
    if (!rc) rc = put_env(r, pairs, n, env, err);
    if (!rc && a && a->file) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", SC_RUNNER_HOME, a->file);
        files[1].inside = sc_arena_copy(&r->arena, path, strlen(path));
        rc = sc_agent_file(a, &words, &r->arena, &files[1].bytes, err);
        spec.n_files = 2;
    }
    if (!rc) rc = place(r, &spec, env, err);
    if (!rc) rc = way_open(r, true, &w, &spec, err);
    if (!rc) rc = run_inside(r, &spec, "agent", ret, err);
    if (!is_not_there(rc, &spec)) return rc;
    const sc_err why = *err;
    return sc_fix_refuse(r, SC_FIX_REASON_no_agent, err, "%.150s", why.msg);
}
