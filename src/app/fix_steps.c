#include "app/fix_steps.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "app/fix_log.h"
#include "app/fix_text.h"
#include "base/json.h"
#include "base/log.h"
#include "base/tree.h"
#include "patch/rules.h"

enum {
    EARLIER = 16,
    GIT_MS = 5 * 60000,
    PATCH_MAX = 8 << 20,
    TASK_BYTES = 256 << 10,
    MAX_KEPT_ENTRIES = 500000
};

static const int64_t max_kept_bytes = INT64_C(4) << 30;

/* ---- Folders ------------------------------------------------------------------------------------ */

static sc_rc make_folder(const char *path, sc_err *err) {
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return SC_OK;
    return sc_fail_sys(err, SC_IO, errno, "make the folder %.150s", path);
}

/* The sandbox wants to know where a work tree really is; a link may lead there. */
static sc_rc find_folder(sc_app *app, sc_err *err) {
    struct sc_fixes *x = app->fixes;
    char real[PATH_MAX];
    if (!realpath(app->conf.fix.dir, real))
        return sc_fail_sys(err, SC_IO, errno, "find the folder %.150s", app->conf.fix.dir);
    if (strlen(real) >= sizeof x->dir)
        return sc_fail(err, SC_INVALID, "the path of the folder of fixes is too long");
    memcpy(x->dir, real, strlen(real) + 1);
    app->conf.fix.dir = x->dir;
    return SC_OK;
}

sc_rc sc_fix_folders(sc_app *app, sc_err *err) {
    static const char *const names[] = {"/jobs", "/mirrors", "/state", "/home", "/s"};
    sc_rc rc = make_folder(app->conf.fix.dir, err);
    if (!rc) rc = find_folder(app, err);
    for (size_t i = 0; !rc && i < SC_LEN(names); i++) {
        char path[SC_FIX_PATH];
        snprintf(path, sizeof path, "%s%s", app->conf.fix.dir, names[i]);
        rc = make_folder(path, err);
    }
    return rc;
}

void sc_fix_clear(sc_fix_run *r) {
    sc_err err = {0};
    if (sc_tree_remove(r->dir, &err))
        sc_log_err(SC_LOG_WARN, "a fix's folder is not removed", &err);
}

/* What earlier holders of the job left, who died outside a sandbox (the runner's sweep knows the others). */
static sc_rc clear_earlier(sc_fix_run *r, sc_err *err) {
    sc_rc rc = SC_OK;
    for (int64_t f = SC_MAX(r->job.fence - EARLIER, (int64_t)1); !rc && f < r->job.fence; f++) {
        char path[SC_FIX_PATH];
        snprintf(path, sizeof path, "%s/jobs/%s-%lld", r->app->conf.fix.dir, r->job.id.text,
                 (long long)f);
        rc = sc_tree_remove(path, err);
    }
    return rc;
}

static sc_rc fresh_folder(sc_fix_run *r, sc_err *err) {
    sc_rc rc = sc_tree_remove(r->dir, err);
    return rc ? rc : make_folder(r->dir, err);
}

sc_rc sc_fix_checkout(sc_fix_run *r, const char *name, sc_str commit, const char **ret_dir,
                      sc_err *err) {
    char path[SC_FIX_PATH];
    const sc_git_id id = sc_git_id_of(commit);
    snprintf(path, sizeof path, "%.900s/%s", r->dir, name);
    sc_rc rc = make_folder(r->dir, err);
    if (!rc) rc = sc_tree_remove(path, err);
    if (!rc) rc = make_folder(path, err);
    if (!rc) rc = sc_git_checkout(&r->git, r->mirror, &id, path, err);
    if (rc) return rc;
    *ret_dir = sc_arena_copy(&r->arena, path, strlen(path));
    return *ret_dir ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for a fix");
}

/* ---- Preparing ---------------------------------------------------------------------------------- */

/* Everything a step needs but the commits, also after somebody else's crash. */
static sc_rc set_up(sc_fix_run *r, sc_err *err) {
    const sc_fix_conf *c = &r->app->conf.fix;
    const char *missing[8], *why;
    const sc_forge *forge = sc_fix_forge(r->app, r->set.forge);
    r->set.agent = r->fix.agent;
    if (!r->set.repository.n) return sc_fix_refuse(r, SC_FIX_REASON_no_repository, err, "%s", "");
    if (!sc_fix_runner(r->app, &why).ops)
        return sc_fix_refuse(r, SC_FIX_REASON_no_sandbox, err, "%s", why);
    if (sc_fix_missing(r->app, &r->set, missing))
        return sc_fix_refuse(r, SC_FIX_REASON_no_agent, err, "%s", missing[0]);
    r->forge = *forge;
    sc_fix_mirror(c, r->set.forge, r->set.repository, r->mirror);
    char home[SC_FIX_PATH];
    snprintf(home, sizeof home, "%.900s/home", c->dir);
    const char *kept = sc_arena_copy(&r->arena, home, strlen(home));
    if (!kept) return sc_fail(err, SC_NOMEM, "no memory for a fix");
    r->git = (sc_git){.program = c->git, .home = kept, .stop = &r->stop, .timeout_ms = GIT_MS};
    return sc_fix_cluster(r->app, &r->fix.project_id, &r->fix.cluster_id, &r->arena, &r->cluster,
                          err);
}

static sc_rc load_plan(sc_fix_run *r, sc_err *err) {
    sc_app *app = r->app;
    sc_rc rc = STORE(app)->plan_get(SELF(app), &r->fix.project_id, &r->cluster.id,
                                    r->fix.plan_version, &r->arena, &r->plan, err);
    if (rc == SC_NOT_FOUND)
        rc = sc_fix_plan_make(app, &r->fix.project_id, &r->cluster.id, true, &r->arena, &r->plan,
                              err);
    if (!rc) r->fix.plan_version = r->plan.version;
    return rc;
}

static sc_rc fetch(sc_fix_run *r, sc_str branch, sc_str *ret_commit, sc_err *err) {
    sc_git_remote remote;
    sc_git_id commit;
    sc_rc rc = sc_fix_remote(r, &remote, err);
    if (rc) return rc;
    rc = sc_git_fetch(&r->git, r->mirror, &remote, branch, &commit, err);
    return rc ? rc : sc_fix_copy(&r->arena, sc_str_of(commit.text), ret_commit, err);
}

static sc_rc preparing(sc_fix_run *r, sc_err *err) {
    sc_forge_repo repo = {.default_branch = SC_STR_NONE};
    sc_forge_call call = sc_fix_call(r);
    sc_rc rc = fresh_folder(r, err);
    if (!rc) rc = load_plan(r, err);
    if (!rc) rc = sc_fix_tell_begun(r->app, &r->fix, err);
    if (!rc) rc = r->forge.ops->check(r->forge.self, &call, &repo, err);
    if (rc) return rc;
    if (repo.archived || !repo.may_push)
        return sc_fix_refuse(r, SC_FIX_REASON_repository, err,
                             "it is archived, or our token may not push to it");
    r->fix.repository = r->set.repository;
    r->fix.base_branch = r->set.base_branch.n ? r->set.base_branch : repo.default_branch;
    sc_str from = sc_id_is_set(&r->fix.follows) ? r->fix.branch : r->fix.base_branch;
    sc_fix_say(r, "fetching %.*s of %.*s", SC_FMT(from), SC_FMT(r->fix.repository));
    rc = fetch(r, from, &r->fix.base_commit, err);
    if (!rc) sc_fix_say(r, "the code as it is: commit %.*s", SC_FMT(r->fix.base_commit));
    return rc;
}

/* ---- Tests -------------------------------------------------------------------------------------- */

static sc_rc set_up_tree(sc_fix_run *r, const char *dir, sc_err *err) {
    sc_fix_ran ran;
    if (!r->set.setup_command.n) return SC_OK;
    sc_rc rc = sc_fix_shell(r, dir, r->set.setup_command, "setup", true, &ran, err);
    if (!rc && (ran.exit || ran.killed_for))
        rc = sc_fix_refuse(r, SC_FIX_REASON_setup, err, "it ended with %d%s%s", ran.exit,
                           ran.killed_for ? ", ended for " : "",
                           ran.killed_for ? ran.killed_for : "");
    return rc;
}

/* {"base": {...}, "patched": {...}}: `which` is replaced. */
static sc_rc note_tests(sc_fix_run *r, const char *which, const sc_fix_ran *ran, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_buf_init(&text, 4096);
    sc_rc rc = sc_json_parse(r->fix.tests, &v, err);
    if (rc) return rc;
    json_t *run = json_pack("{s:b,s:i,s:I}", "passed", !ran->exit && !ran->killed_for, "exit",
                            ran->exit, "ms", (json_int_t)ran->ms);
    if (run && ran->killed_for)
        json_object_set_new(run, "killed_for", json_string(ran->killed_for));
    if (!run || json_object_set_new(v, which, run) || !sc_json_dump(v, &text))
        return sc_fail(err, SC_NOMEM, "no memory for the tests' result");
    return sc_fix_copy(&r->arena, sc_buf_str(&text), &r->fix.tests, err);
}

/* The agent begins with the same commit: what set-up made of it is copied before the tests touch it. Where that does not
 * work it is only made again. The change is set up anew in any case: it may be what set-up works by. */
static sc_rc keep_for_agent(sc_fix_run *r, const char *dir, sc_err *err) {
    char path[SC_FIX_PATH];
    snprintf(path, sizeof path, "%.900s/work", r->dir);
    sc_err why = {0};
    sc_rc rc = sc_tree_copy(dir, path, max_kept_bytes, MAX_KEPT_ENTRIES, &r->stop, &why);
    if (rc == SC_CANCELLED) {
        *err = why;
        return rc;
    }
    r->set_up = !rc;
    return rc ? sc_tree_remove(path, err) : SC_OK;
}

/* The tree that the agent works in. */
static sc_rc agent_tree(sc_fix_run *r, const char **ret_dir, sc_err *err) {
    if (r->set_up) {
        r->set_up = false;
        *ret_dir = sc_arena_printf(&r->arena, "%.900s/work", r->dir);
        return *ret_dir ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for a fix");
    }
    sc_rc rc = sc_fix_checkout(r, "work", r->fix.base_commit, ret_dir, err);
    return rc ? rc : set_up_tree(r, *ret_dir, err);
}

static sc_rc run_tests(sc_fix_run *r, const char *which, sc_str commit, sc_fix_ran *ret,
                       sc_err *err) {
    const char *dir;
    const bool keeps = r->fix.step == SC_FIX_base_tests && r->set.setup_command.n;
    sc_rc rc = sc_fix_checkout(r, which, commit, &dir, err);
    if (!rc) rc = set_up_tree(r, dir, err);
    if (!rc && keeps) rc = keep_for_agent(r, dir, err);
    if (!rc) rc = sc_fix_shell(r, dir, r->set.test_command, "tests", r->set.test_hosts, ret, err);
    if (!rc) rc = note_tests(r, which, ret, err);
    if (!rc) rc = sc_tree_remove(dir, err);
    return rc;
}

static sc_rc base_tests(sc_fix_run *r, sc_err *err) {
    sc_fix_ran ran = {0};
    if (!r->set.test_command.n) {
        sc_fix_say(r, "the project has no test command");
        return SC_OK;
    }
    sc_fix_say(r, "running the tests on the code as it is");
    sc_rc rc = run_tests(r, "base", r->fix.base_commit, &ran, err);
    if (!rc) sc_fix_say(r, "they %s", ran.exit || ran.killed_for ? "fail already" : "pass");
    return rc;
}

static sc_rc patched_tests(sc_fix_run *r, sc_err *err) {
    sc_fix_ran ran = {0};
    if (!r->set.test_command.n) return SC_OK;
    sc_fix_say(r, "running the tests with the change");
    sc_rc rc = run_tests(r, "patched", r->fix.head_commit, &ran, err);
    if (!rc && ran.killed_for)
        rc = sc_fix_refuse(r, SC_FIX_REASON_tests_failed, err, "they were ended (%s)",
                           ran.killed_for);
    if (!rc && ran.exit)
        rc = sc_fix_refuse(r, SC_FIX_REASON_tests_failed, err, "they ended with %d", ran.exit);
    if (!rc) sc_fix_say(r, "they pass");
    return rc;
}

/* ---- The agent ---------------------------------------------------------------------------------- */

static sc_rc commit_tree(sc_fix_run *r, const char *dir, sc_err *err) {
    const sc_git_id base = sc_git_id_of(r->fix.base_commit);
    const sc_git_limits limits = {.max_entries = 200000,
                                  .max_changed = 5000,
                                  .max_file_bytes = PATCH_MAX,
                                  .max_bytes = 2 * PATCH_MAX};
    const sc_git_person who = {SC_STR("soulcaster"), SC_STR("soulcaster@localhost")};
    SC_AUTO(sc_buf_done) sc_buf message;
    sc_git_id tree, commit;
    sc_buf_init(&message, 4096);
    sc_rc rc = sc_git_snapshot(&r->git, r->mirror, &base, dir, &limits, &tree, err);
    if (rc == SC_UNPROCESSABLE || rc == SC_TOO_LARGE) {
        const sc_err why = *err;
        return sc_fix_refuse(r, SC_FIX_REASON_patch_refused, err, "%.150s", why.msg);
    }
    if (!rc) rc = sc_fix_title(r->cluster.title, &message, err);
    sc_buf_putf(&message, "\n\nWritten by the agent %.*s for the issue %s.\n", SC_FMT(r->fix.agent),
                r->cluster.id.text);
    if (!rc)
        rc = sc_git_commit(&r->git, r->mirror, &tree, &base, &who, r->fix.started_at_ms,
                           sc_buf_str(&message), &commit, err);
    return rc ? rc : sc_fix_copy(&r->arena, sc_str_of(commit.text), &r->fix.head_commit, err);
}

static sc_rc judge_run(sc_fix_run *r, const sc_fix_ran *ran, sc_err *err) {
    if (r->capped)
        return sc_fix_refuse(r, SC_FIX_REASON_budget, err, "%lld calls of the model",
                             (long long)r->cost.calls);
    if (ran->killed_for)
        return sc_fix_refuse(r, SC_FIX_REASON_agent_failed, err, "it was ended (%s)",
                             ran->killed_for);
    if (ran->exit)
        return sc_fix_refuse(r, SC_FIX_REASON_agent_failed, err, "it ended with %d", ran->exit);
    return SC_OK;
}

/* Hosts and paths are called what the agent has chosen: kept without our secrets. */
static sc_rc keep_clean(sc_fix_run *r, const sc_buf *text, sc_str *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf clean;
    sc_buf_init(&clean, 2 << 20);
    sc_rc rc = sc_buf_check(text, "what is to be kept of a fix", err);
    if (!rc && !sc_redact_text(r->redact, sc_buf_str(text), &clean))
        rc = sc_fail(err, SC_NOMEM, "no memory for a fix");
    return rc ? rc : sc_fix_copy(&r->arena, sc_buf_str(&clean), ret, err);
}

static sc_rc note_blocked(sc_fix_run *r, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 64 << 10);
    sc_buf_putc(&b, '[');
    for (size_t i = 0; i < r->n_blocked; i++) {
        if (i) sc_buf_putc(&b, ',');
        sc_buf_put_json(&b, sc_str_of(r->blocked[i]));
    }
    sc_buf_putc(&b, ']');
    return keep_clean(r, &b, &r->fix.blocked, err);
}

static sc_rc agent(sc_fix_run *r, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf task;
    sc_fix_ran ran;
    const char *dir;
    sc_buf_init(&task, TASK_BYTES);
    sc_rc rc = sc_fix_prompt(&r->plan, &r->fix, r->set.test_command, &task, err);
    if (!rc) rc = agent_tree(r, &dir, err);
    if (rc) return rc;
    sc_fix_say(r, "the agent %.*s begins", SC_FMT(r->fix.agent));
    rc = sc_fix_agent_run(r, dir, sc_buf_str(&task), &ran, err);
    if (!rc) rc = note_blocked(r, err);
    if (rc) return rc;
    sc_fix_say(r, "the agent ended after %lld ms", (long long)ran.ms);
    rc = judge_run(r, &ran, err);
    return rc ? rc : commit_tree(r, dir, err);
}

/* ---- Checking ----------------------------------------------------------------------------------- */

static uint32_t rules_off(const sc_fix_settings *s) {
    uint32_t off = 0;
    for (size_t i = 0; i < s->rules_off.n; i++)
        off |= SC_PATCH_OFF(sc_patch_rule_find(s->rules_off.v[i]));
    return off & sc_patch_may_be_off();
}

static sc_rc note_findings(sc_fix_run *r, const sc_patch_findings *f, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_buf_putc(&b, '[');
    for (size_t i = 0; i < f->n; i++) {
        sc_buf_putf(&b, "%s{\"rule\":\"%s\",\"path\":", i ? "," : "",
                    sc_patch_rule_name(f->v[i].rule));
        sc_buf_put_json(&b, f->v[i].path);
        sc_buf_putf(&b, ",\"line\":%lld,\"words\":", (long long)f->v[i].line);
        sc_buf_put_json(&b, f->v[i].words);
        sc_buf_putc(&b, '}');
    }
    sc_buf_putc(&b, ']');
    return keep_clean(r, &b, &r->fix.findings, err);
}

/* The patch as people may see it: a secret of ours in it (there should be none near the agent) is no patch of ours. */
static sc_rc keep_patch(sc_fix_run *r, const sc_buf *diff, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf shown;
    sc_buf_init(&shown, 2 * PATCH_MAX);
    if (!sc_redact_text(r->redact, sc_buf_str(diff), &shown))
        return sc_fail(err, SC_NOMEM, "no memory for the patch");
    sc_str text = sc_buf_str(&shown);
    sc_rc rc = sc_fix_keep(r, &text, err);
    if (!rc && !sc_str_eq(text, sc_buf_str(diff)))
        rc = sc_fix_refuse(r, SC_FIX_REASON_patch_refused, err, "it holds a secret");
    return rc;
}

static sc_rc check_rules(sc_fix_run *r, sc_str diff, const sc_patch *p, sc_err *err) {
    const sc_patch_limits limits = {.allow = r->set.allow.v,
                                    .n_allow = r->set.allow.n,
                                    .deny = r->set.deny.v,
                                    .n_deny = r->set.deny.n,
                                    .off = rules_off(&r->set),
                                    .max_files = (size_t)r->set.max_files,
                                    .max_bytes = (size_t)r->set.max_patch_bytes,
                                    .max_lines = r->set.max_lines};
    sc_patch_findings f;
    sc_rc rc = sc_patch_check(p, diff.n, &limits, &r->arena, &f, err);
    if (!rc) rc = note_findings(r, &f, err);
    if (rc || !f.n) return rc;
    for (size_t i = 0; i < f.n; i++)
        sc_fix_say(r, "refused: %.*s: %s (%.*s)", SC_FMT(sc_str_clip(f.v[i].path, 200)),
                   sc_patch_rule_words(f.v[i].rule), SC_FMT(sc_str_clip(f.v[i].words, 200)));
    return sc_fix_refuse(r, SC_FIX_REASON_patch_refused, err, "%s, %.*s",
                         sc_patch_rule_words(f.v[0].rule), SC_FMT(sc_str_clip(f.v[0].path, 100)));
}

static sc_rc checking(sc_fix_run *r, sc_err *err) {
    const sc_git_id base = sc_git_id_of(r->fix.base_commit),
                    head = sc_git_id_of(r->fix.head_commit);
    SC_AUTO(sc_buf_done) sc_buf diff;
    sc_patch p;
    sc_buf_init(&diff, PATCH_MAX);
    sc_rc rc = sc_git_diff(&r->git, r->mirror, &base, &head, &diff, err);
    if (rc == SC_TOO_LARGE)
        return sc_fix_refuse(r, SC_FIX_REASON_patch_refused, err, "it is larger than %d MiB",
                             PATCH_MAX >> 20);
    if (!rc && !diff.n) return sc_fix_refuse(r, SC_FIX_REASON_no_change, err, "%s", "");
    if (!rc) rc = sc_patch_parse(sc_buf_str(&diff), &r->arena, &p, err);
    if (rc) return rc;
    r->fix.patch_bytes = (int64_t)diff.n;
    r->fix.patch_files = (int64_t)p.n_files;
    r->fix.patch_added = p.added;
    r->fix.patch_removed = p.removed;
    sc_fix_say(r, "the change: %zu file%s, %lld lines more, %lld less", p.n_files,
               p.n_files == 1 ? "" : "s", (long long)p.added, (long long)p.removed);
    rc = keep_patch(r, &diff, err);
    return rc ? rc : check_rules(r, sc_buf_str(&diff), &p, err);
}

static sc_rc pushing(sc_fix_run *r, sc_err *err) {
    sc_rc rc = sc_str_is(r->set.output, "issue") ? SC_OK : sc_fix_push(r, err);
    return rc ? rc : sc_fix_open_pull(r, err);
}

/* ---- From step to step -------------------------------------------------------------------------- */

static sc_rc queued(sc_fix_run *r, sc_err *err) {
    (void)err;
    if (r->job.attempts > 1) sc_fix_say(r, "attempt %d", r->job.attempts);
    return SC_OK;
}

static sc_rc (*const steps[SC_FIX_STEP_COUNT])(sc_fix_run *r, sc_err *err) = {
    [SC_FIX_queued] = queued,         [SC_FIX_preparing] = preparing,
    [SC_FIX_base_tests] = base_tests, [SC_FIX_agent] = agent,
    [SC_FIX_checking] = checking,     [SC_FIX_patched_tests] = patched_tests,
    [SC_FIX_pushing] = pushing,
};

/* Our commit is gone here (another machine, a cleared folder), and may have been pushed: then it comes back from
 * there. A branch that is somebody else's by now stays as it is. */
static sc_rc look_for_pushed(sc_fix_run *r, bool *ret_there, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf branch;
    sc_git_remote remote;
    sc_git_id there;
    sc_str commit;
    sc_buf_init(&branch, 200);
    sc_rc rc = sc_fix_remote(r, &remote, err);
    if (!rc) rc = sc_git_remote_head(&r->git, &remote, r->fix.branch, &there, err);
    if (rc) return rc;
    *ret_there = sc_str_is(r->fix.head_commit, there.text);
    if (*ret_there) return fetch(r, r->fix.branch, &commit, err);
    if (!sc_git_id_is_set(&there) || sc_id_is_set(&r->fix.follows)) return SC_OK;
    rc = sc_fix_new_branch(r->app, &r->cluster, &branch, err);
    return rc ? rc : sc_fix_copy(&r->arena, sc_buf_str(&branch), &r->fix.branch, err);
}

/* Where it goes on: what was made here and is gone is made anew. */
static sc_rc resume(sc_fix_run *r, sc_err *err) {
    sc_fix_step at;
    sc_rc rc = sc_fix_next(r->fix.step, SC_FIX_EV_RESUME, &at, err);
    const sc_git_id head = sc_git_id_of(r->fix.head_commit);
    bool kept = true;
    if (!rc && at > SC_FIX_queued && at < SC_FIX_opened)
        rc = sc_git_has(&r->git, r->mirror, &head, &kept, err);
    if (!rc && !kept) {
        bool there = false;
        if (at == SC_FIX_pushing) rc = look_for_pushed(r, &there, err);
        if (!there) at = SC_FIX_queued;
    }
    if (!rc && at > SC_FIX_queued) rc = load_plan(r, err);
    if (!rc && at == SC_FIX_queued) {
        r->fix.tests = SC_STR("{}");
        r->fix.findings = SC_STR("[]");
        r->fix.head_commit = SC_STR_NONE;
        r->fix.plan_version = 0; /* the newest counts */
    }
    r->fix.step = at;
    r->fix.reason = SC_FIX_REASON_none;
    return rc;
}

sc_rc sc_fix_work(sc_fix_run *r, sc_err *err) {
    sc_rc rc = clear_earlier(r, err);
    if (!rc) rc = set_up(r, err);
    if (!rc) rc = resume(r, err);
    if (!rc) rc = sc_fix_keep(r, NULL, err);
    while (!rc && r->fix.step != SC_FIX_opened) {
        sc_fix_step next = r->fix.step;
        rc = steps[r->fix.step](r, err);
        /* What is at the forge is there: it is kept, whatever was to stop it. */
        if (!rc && r->fix.step != SC_FIX_pushing && atomic_load(&r->stop))
            rc = sc_fail(err, SC_CANCELLED, "the fix is stopped");
        if (!rc) rc = sc_fix_next(r->fix.step, SC_FIX_EV_DONE, &next, err);
        if (rc) break;
        r->fix.step = next;
        rc = sc_fix_keep(r, NULL, err);
    }
    if (!rc) rc = sc_fix_tell_cluster(r->app, &r->fix, SC_CLUSTER_EV_PR, SC_STR_NONE, err);
    return rc;
}
