/* What fixes need of this machine and of the options: runner, forges, git, the agents' models. */

#include <errno.h>
#include <stdlib.h>

#include "app/fix.h"
#include "cmd/cmd.h"
#include "forges/registry.h"
#include "proc/proc.h"
#include "runners/trial.h"

enum { SC_FIX_MODELS = 64, SC_FIX_FORGES = 4, SC_FIX_SECRETS = 8 };

struct sc_fix_stack {
    sc_runner_trial trial;
    sc_forge forges[SC_FIX_FORGES];
    size_t n_forges;
    char git[4096], dir[4096], data[4096], repositories[4096 + 16];
    sc_proxy_upstream upstreams[SC_PROXY_SHAPES];
    sc_proxy_model models[SC_PROXY_SHAPES][SC_FIX_MODELS];
    char names[8192]; /* of the models */
    const char *keys[SC_PROXY_SHAPES];
    sc_str secrets[SC_FIX_SECRETS];
    size_t n_secrets;
};

typedef struct options {
    int64_t workers, watch_ms, max_ms;
    const char *dir, *runner, *public_url, *models;
    const char *urls[SC_PROXY_SHAPES], *keys[SC_PROXY_SHAPES];
} options;

#define AT(member) offsetof(options, member)

const sc_opt sc_fix_opts[] = {
    {.name = "fix-workers",
     .type = SC_OPT_INT,
     .offset = AT(workers),
     .fallback = "1",
     .arg = "N",
     .min = 0,
     .max = 8,
     .help = "fixes at once in this process; 0 leaves them to others"},
    {.name = "fix-dir",
     .type = SC_OPT_STR,
     .offset = AT(dir),
     .arg = "DIR",
     .help = "where fixes keep their work trees; without it DATA/fix"},
    {.name = "fix-runner",
     .type = SC_OPT_STR,
     .offset = AT(runner),
     .fallback = "local",
     .arg = "NAME",
     .help = "what agents are run in: local (a sandbox on this machine) or none (no agent is run). "
             "no-sandbox takes every protection away: whoever writes a report may come to read "
             "your files and "
             "keys, use your network, and change or delete anything that this user can"},
    {.name = "fix-watch-ms",
     .type = SC_OPT_INT,
     .offset = AT(watch_ms),
     .fallback = "60000",
     .arg = "MS",
     .min = 100,
     .max = 86400000,
     .help = "how often open pull requests are looked at"},
    {.name = "fix-max-ms",
     .type = SC_OPT_INT,
     .offset = AT(max_ms),
     .fallback = "43200000",
     .arg = "MS",
     .min = 100,
     .max = 43200000,
     .help = "how long a fix may take at most, whatever its project says"},
    {.name = "public-url",
     .type = SC_OPT_STR,
     .offset = AT(public_url),
     .arg = "URL",
     .help = "where people reach this server, for links in pull requests"},
    {.name = "agent-models",
     .type = SC_OPT_STR,
     .offset = AT(models),
     .fallback = "",
     .arg = "LIST",
     .help = "models that agents may use, with their price in dollars for a million tokens in/out: "
             "openai:NAME=1.25/10,anthropic:NAME=3/15,gemini:NAME=0/0"},
    {.name = "agent-openai-key",
     .type = SC_OPT_STR,
     .offset = AT(keys[SC_PROXY_OPENAI]),
     .arg = "KEY",
     .secret = true,
     .help = "for agents' models; it never enters the sandbox; OPENAI_API_KEY is read too"},
    {.name = "agent-anthropic-key",
     .type = SC_OPT_STR,
     .offset = AT(keys[SC_PROXY_ANTHROPIC]),
     .arg = "KEY",
     .secret = true,
     .help = "the same; ANTHROPIC_API_KEY is read too"},
    {.name = "agent-gemini-key",
     .type = SC_OPT_STR,
     .offset = AT(keys[SC_PROXY_GEMINI]),
     .arg = "KEY",
     .secret = true,
     .help = "the same; GEMINI_API_KEY is read too"},
    {.name = "agent-openai-url",
     .type = SC_OPT_STR,
     .offset = AT(urls[SC_PROXY_OPENAI]),
     .fallback = "https://api.openai.com/v1",
     .arg = "URL",
     .help = "where models of that shape answer"},
    {.name = "agent-anthropic-url",
     .type = SC_OPT_STR,
     .offset = AT(urls[SC_PROXY_ANTHROPIC]),
     .fallback = "https://api.anthropic.com",
     .arg = "URL",
     .help = "the same"},
    {.name = "agent-gemini-url",
     .type = SC_OPT_STR,
     .offset = AT(urls[SC_PROXY_GEMINI]),
     .fallback = "https://generativelanguage.googleapis.com",
     .arg = "URL",
     .help = "the same"},
};
const size_t sc_fix_opts_n = SC_LEN(sc_fix_opts);

/* ---- Models ------------------------------------------------------------------------------------- */

static sc_rc bad_models(sc_str entry, sc_err *err) {
    return sc_fail(err, SC_INVALID,
                   "--agent-models: \"%.*s\" is not SHAPE:NAME=IN/OUT (openai, anthropic, gemini; "
                   "dollars for a million tokens)",
                   SC_FMT(sc_str_clip(entry, 80)));
}

static bool cut(sc_str *rest, const char *at, sc_str *ret) {
    size_t i = sc_str_find(*rest, sc_str_of(at));
    if (i == SIZE_MAX) return false;
    *ret = (sc_str){rest->p, i};
    *rest = (sc_str){rest->p + i + 1, rest->n - i - 1};
    return true;
}

/* A name may hold ':' and '/', so the price is cut off at the last '='. */
static sc_rc add_model(sc_fix_stack *s, sc_str entry, size_t *used, sc_err *err) {
    sc_str rest = entry, shape, name, in;
    double price[2];
    size_t eq = entry.n;
    unsigned k = 0;
    while (eq && entry.p[eq - 1] != '=') eq--;
    if (!eq || !cut(&rest, ":", &shape)) return bad_models(entry, err);
    name = (sc_str){rest.p, (size_t)(entry.p + eq - 1 - rest.p)};
    rest = (sc_str){entry.p + eq, entry.n - eq};
    while (k < SC_PROXY_SHAPES && !sc_str_is(shape, sc_proxy_shape_name((sc_proxy_shape)k))) k++;
    if (k == SC_PROXY_SHAPES || !name.n || !cut(&rest, "/", &in) ||
        sc_num_f64(in, 0, 1e6, &price[0], NULL) || sc_num_f64(rest, 0, 1e6, &price[1], NULL))
        return bad_models(entry, err);
    sc_proxy_upstream *u = &s->upstreams[k];
    if (u->n_models == SC_FIX_MODELS || *used + name.n + 1 > sizeof s->names)
        return sc_fail(err, SC_INVALID, "--agent-models: too many");
    memcpy(s->names + *used, name.p, name.n);
    s->models[k][u->n_models++] = (sc_proxy_model){.name = s->names + *used,
                                                   .price_in = (int64_t)(price[0] * 1e6),
                                                   .price_out = (int64_t)(price[1] * 1e6)};
    *used += name.n + 1;
    return SC_OK;
}

static sc_rc open_models(const options *o, sc_fix_stack *s, sc_err *err) {
    static const char *const variables[SC_PROXY_SHAPES] = {[SC_PROXY_OPENAI] = "OPENAI_API_KEY",
                                                           [SC_PROXY_ANTHROPIC] =
                                                               "ANTHROPIC_API_KEY",
                                                           [SC_PROXY_GEMINI] = "GEMINI_API_KEY"};
    sc_str rest = sc_str_of(o->models), entry;
    size_t used = 0;
    sc_rc rc = SC_OK;
    for (unsigned k = 0; k < SC_PROXY_SHAPES; k++) {
        s->upstreams[k] = (sc_proxy_upstream){
            .shape = (sc_proxy_shape)k, .base = o->urls[k], .models = s->models[k]};
        s->keys[k] = o->keys[k] && *o->keys[k] ? o->keys[k] : getenv(variables[k]);
        if (s->keys[k] && *s->keys[k]) s->secrets[s->n_secrets++] = sc_str_of(s->keys[k]);
    }
    while (!rc && rest.n && sc_str_next(&rest, ',', &entry))
        rc = add_model(s, sc_str_trim(entry), &used, err);
    return rc;
}

static sc_rc key_of(void *self, sc_proxy_shape shape, sc_buf *ret, sc_err *err) {
    const sc_fix_stack *s = self;
    if (s->keys[shape]) sc_buf_puts(ret, s->keys[shape]);
    return sc_buf_check(ret, "a key", err);
}

/* Those with a model and a key (or a place of their own) first; the others are left out. */
static size_t usable(sc_fix_stack *s) {
    size_t n = 0;
    for (size_t k = 0; k < SC_PROXY_SHAPES; k++)
        if (s->upstreams[k].n_models) s->upstreams[n++] = s->upstreams[k];
    return n;
}

/* ---- Forges ------------------------------------------------------------------------------------- */

static bool is_set(const char *option, const char *variable) {
    const char *v = variable ? getenv(variable) : NULL;
    return (option && *option) || (v && *v);
}

/* Without a token GitHub is simply not there; with one, what is wrong with it is said. */
static sc_rc open_forges(const sc_forge_conf *given, sc_fix_stack *s, sc_err *err) {
    sc_forge_conf conf = *given;
    const bool github = is_set(conf.token, "GITHUB_TOKEN") || is_set(conf.app_id, NULL);
    snprintf(s->repositories, sizeof s->repositories, "%s/repositories", s->data);
    if (!conf.root || !*conf.root) conf.root = s->repositories;
    for (size_t i = 0; i < sc_forges_n && s->n_forges < SC_FIX_FORGES; i++) {
        const sc_forge_ops *ops = sc_forges[i];
        if (!github && !strcmp(ops->name, "github")) continue;
        void *self = sc_alloc(ops->size);
        if (!self) return sc_fail(err, SC_NOMEM, "out of memory");
        sc_rc rc = ops->open(self, &conf, err);
        if (!rc) {
            s->forges[s->n_forges++] = (sc_forge){ops, self};
            continue;
        }
        sc_free(self);
        if (rc != SC_NOT_FOUND)
            return rc; /* no git: what is missing is told where it is asked for */
    }
    const char *token = is_set(conf.token, NULL) ? conf.token : getenv("GITHUB_TOKEN");
    if (token && *token) s->secrets[s->n_secrets++] = sc_str_of(token);
    return SC_OK;
}

sc_rc sc_fix_stack_open(const sc_call *c, bool works, sc_fix_stack **ret, sc_fix_conf *ret_conf,
                        sc_err *err) {
    const options *o = c->fix_conf;
    sc_fix_stack *s = sc_alloc(sizeof *s);
    if (!s) return sc_fail(err, SC_NOMEM, "out of memory");
    *ret = s;
    sc_fix_conf_default(ret_conf);
    sc_rc rc = sc_runner_trial_open(&s->trial, o->runner, works, err);
    if (rc) return rc;
    if (!realpath(c->common.data, s->data)) /* git and the sandbox want absolute paths */
        return sc_fail_sys(err, SC_IO, errno, "find the folder %.150s", c->common.data);
    if (o->dir && *o->dir)
        snprintf(s->dir, sizeof s->dir, "%s", o->dir);
    else
        snprintf(s->dir, sizeof s->dir, "%.4000s/fix", s->data);
    rc = open_models(o, s, err);
    if (!rc) rc = open_forges(c->forge_conf, s, err);
    if (rc) return rc;
    ret_conf->workers = works ? (unsigned)o->workers : 0;
    ret_conf->dir = s->dir;
    ret_conf->data_dir = s->data;
    ret_conf->git = sc_proc_find("git", s->git, sizeof s->git, NULL) ? NULL : s->git;
    ret_conf->runner = sc_runner_trial_known;
    ret_conf->runner_self = &s->trial;
    ret_conf->forges = s->forges;
    ret_conf->n_forges = s->n_forges;
    ret_conf->n_upstreams = usable(s);
    ret_conf->upstreams = s->upstreams;
    ret_conf->key = key_of;
    ret_conf->key_self = s;
    ret_conf->secrets = s->secrets;
    ret_conf->n_secrets = s->n_secrets;
    ret_conf->public_url = o->public_url && *o->public_url ? o->public_url : NULL;
    ret_conf->watch_ms = o->watch_ms;
    ret_conf->max_ms = o->max_ms;
    return SC_OK;
}

void sc_fix_stack_close(sc_fix_stack *s) {
    if (!s) return;
    sc_runner_trial_close(&s->trial);
    for (size_t i = 0; i < s->n_forges; i++) {
        if (s->forges[i].ops->close) s->forges[i].ops->close(s->forges[i].self);
        sc_free(s->forges[i].self);
    }
    sc_free(s);
}
