/* The branch and the pull request. Finding comes before making, every time: an answer may have been lost. */
#include <stdio.h>

#include "app/fix.h"
#include "app/fix_log.h"
#include "app/fix_steps.h"
#include "app/fix_text.h"
#include "base/log.h"

enum {
    CALL_MS = 60000,
    BODY_BYTES = 60000,
    MAX_LABELS = 10,
    LAST_MS = 10000,
    SKEW_MS = 10 * 60000, /* a forge's clock may be so far behind ours */
};

sc_forge_call sc_fix_call(sc_fix_run *r) {
    return (sc_forge_call){.repo = r->set.repository,
                           .deadline_ms = sc_now_ms(r->app->conf.clock) + CALL_MS,
                           .stop = &r->stop,
                           .arena = &r->arena};
}

sc_rc sc_fix_remote(sc_fix_run *r, sc_git_remote *ret, sc_err *err) {
    sc_forge_call call = sc_fix_call(r);
    sc_forge_remote remote;
    sc_rc rc = r->forge.ops->remote(r->forge.self, &call, &remote, err);
    if (!rc && remote.token.n >= SC_REDACT_MIN) rc = sc_redact_add(r->redact, remote.token, err);
    if (rc) return rc;
    *ret = (sc_git_remote){.url = remote.url,
                           .user = remote.user,
                           .token = remote.token,
                           .may_be_file = remote.may_be_file};
    return SC_OK;
}

/* ---- The branch --------------------------------------------------------------------------------- */

sc_rc sc_fix_push(sc_fix_run *r, sc_err *err) {
    const sc_git_id head = sc_git_id_of(r->fix.head_commit);
    sc_git_remote remote;
    sc_git_id there;
    sc_rc rc = sc_fix_remote(r, &remote, err);
    if (!rc) rc = sc_git_remote_head(&r->git, &remote, r->fix.branch, &there, err);
    if (rc) return rc;
    bool ours = !sc_git_id_is_set(&there) || !strcmp(there.text, head.text) ||
                (sc_id_is_set(&r->fix.follows) && sc_str_is(r->fix.base_commit, there.text));
    if (!ours)
        return sc_fix_refuse(r, SC_FIX_REASON_forge, err,
                             "the branch %.*s has commits that are not ours",
                             SC_FMT(sc_str_clip(r->fix.branch, 80)));
    sc_fix_say(r, "pushing the branch %.*s", SC_FMT(r->fix.branch));
    return sc_git_push(&r->git, r->mirror, &remote, &head, r->fix.branch, &there, err);
}

/* ---- The pull request --------------------------------------------------------------------------- */

static sc_rc texts_of(sc_fix_run *r, sc_str patch, sc_buf *title, sc_buf *body, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf plain;
    sc_buf_init(&plain, BODY_BYTES + (4 << 20));
    sc_fix_body b = {.cluster = &r->cluster,
                     .fix = &r->fix,
                     .plan = &r->plan,
                     .patch = patch,
                     .public_url = r->app->conf.fix.public_url,
                     .scripted = sc_str_is(r->fix.agent, "scripted")};
    r->fix.cost = r->cost;
    sc_rc rc = sc_fix_title(r->cluster.title, title, err);
    if (!rc) rc = sc_fix_body_write(&b, &plain, err);
    if (!rc && !sc_redact_text(r->redact, sc_buf_str(&plain), body))
        rc = sc_fail(err, SC_NOMEM, "no memory for the pull request's text");
    return rc;
}

/* The comments of a branch are read by its newest fix. It says so first: in between both may read them, and a crash loses
 * no mark. */
static sc_rc take_over(sc_fix_run *r, sc_err *err) {
    sc_app *app = r->app;
    sc_fix before;
    sc_rc rc = SC_CONFLICT;
    if (!sc_id_is_set(&r->fix.follows)) return SC_OK;
    for (int i = 0; rc == SC_CONFLICT && i < 3; i++) {
        rc = STORE(app)->fix_get(SELF(app), &r->fix.project_id, &r->fix.follows, &r->arena, &before,
                                 err);
        if (rc || before.seen_comments == INT64_MAX) return rc;
        r->fix.seen_comments = before.seen_comments;
        rc = sc_fix_keep(r, NULL, err);
        if (rc) return rc;
        before.seen_comments = INT64_MAX;
        rc = sc_fix_keep_ended(app, &before, err);
    }
    return rc;
}

static void take_pull(sc_fix_run *r, const sc_forge_pr *pr) {
    r->fix.pull = SC_FIX_PULL_open;
    r->fix.pull_number = pr->number;
    r->fix.pull_url = pr->url;
    r->fix.opened_at_ms = sc_now_ms(r->app->conf.clock);
    if (!r->fix.seen_comments) r->fix.seen_comments = pr->created_at_ms;
}

static sc_rc make_pull(sc_fix_run *r, sc_str title, sc_str body, sc_err *err) {
    sc_forge_call call = sc_fix_call(r);
    sc_forge_pr pr = {.number = 0};
    sc_str labels[MAX_LABELS];
    size_t n = SC_MIN(r->set.labels.n, (size_t)MAX_LABELS);
    for (size_t i = 0; i < n; i++) labels[i] = r->set.labels.v[i];
    sc_rc rc = r->forge.ops->pr_find(r->forge.self, &call, r->fix.branch, &pr, err);
    if (!rc && pr.number && pr.state == SC_FORGE_OPEN) {
        sc_fix_say(r, "pull request %lld is there already", (long long)pr.number);
        sc_forge_pr_change change = {.title = SC_STR_NONE, .body = body};
        rc = r->forge.ops->pr_update(r->forge.self, &call, pr.number, &change, &pr, err);
    } else if (!rc) {
        sc_forge_pr_new fresh = {.branch = r->fix.branch,
                                 .base = r->fix.base_branch,
                                 .title = title,
                                 .body = body,
                                 .labels = labels,
                                 .n_labels = n,
                                 .draft = r->set.draft};
        rc = r->forge.ops->pr_create(r->forge.self, &call, &fresh, &pr, err);
    }
    if (rc) return rc;
    take_pull(r, &pr);
    rc = take_over(r, err);
    if (rc) return rc;
    sc_fix_say(r, "pull request %lld is open%s%.*s", (long long)pr.number, pr.url.n ? ": " : "",
               SC_FMT(pr.url));
    return SC_OK;
}

/* What the forge has not done for sure; after anything else it may have. */
static bool was_refused(sc_rc rc) {
    return rc == SC_INVALID || rc == SC_UNPROCESSABLE || rc == SC_CONFLICT || rc == SC_LIMITED ||
           rc == SC_UNAUTHORIZED || rc == SC_FORBIDDEN || rc == SC_NOT_FOUND;
}

/* An issue without a number: it is about to be filed, and may be there. */
static sc_rc intend_issue(sc_fix_run *r, sc_err *err) {
    r->fix.pull = SC_FIX_PULL_issue;
    r->fix.opened_at_ms = sc_now_ms(r->app->conf.clock);
    return sc_fix_keep(r, NULL, err);
}

static sc_rc find_issue(sc_fix_run *r, sc_forge_issue *ret, sc_err *err) {
    char mark[SC_FIX_MARK];
    sc_forge_call call = sc_fix_call(r);
    sc_fix_mark(&r->fix.id, mark);
    sc_rc rc = r->forge.ops->issue_find(r->forge.self, &call, sc_str_of(mark),
                                        r->fix.opened_at_ms - SKEW_MS, ret, err);
    return rc ? sc_wrap(err, "look for the issue, which may be filed already") : SC_OK;
}

static sc_rc file_issue(sc_fix_run *r, sc_str title, sc_str body, sc_err *err) {
    sc_forge_call call = sc_fix_call(r);
    sc_forge_issue issue = {.number = 0};
    sc_forge_issue_new fresh = {.title = title,
                                .body = body,
                                .labels = r->set.labels.v,
                                .n_labels = SC_MIN(r->set.labels.n, (size_t)MAX_LABELS)};
    const bool again = r->fix.pull == SC_FIX_PULL_issue;
    sc_rc rc = again ? find_issue(r, &issue, err) : intend_issue(r, err);
    if (!rc && !issue.number) {
        rc = r->forge.ops->issue_create(r->forge.self, &call, &fresh, &issue, err);
        if (was_refused(rc)) r->fix.pull = SC_FIX_PULL_none;
    }
    if (rc) return rc;
    r->fix.pull_number = issue.number;
    r->fix.pull_url = issue.url;
    sc_fix_say(r, "issue %lld is filed", (long long)issue.number);
    return SC_OK;
}

/* A follow-up's is known by the fix before it. */
void sc_fix_last_look(sc_fix_run *r, sc_rc rc) {
    sc_forge_pr pr = {.number = 0};
    sc_forge_call call = sc_fix_call(r);
    call.deadline_ms = sc_now_ms(r->app->conf.clock) + LAST_MS;
    call.stop = NULL;
    if (!r->forge.ops || r->fix.step != SC_FIX_pushing || r->fix.pull != SC_FIX_PULL_none ||
        was_refused(rc) || sc_id_is_set(&r->fix.follows) || sc_str_is(r->set.output, "issue"))
        return;
    sc_err err = {0};
    rc = r->forge.ops->pr_find(r->forge.self, &call, r->fix.branch, &pr, &err);
    if (rc) sc_log_err(SC_LOG_WARN, "whether a fix has a pull request is not known", &err);
    if (rc || !pr.number || pr.state != SC_FORGE_OPEN) return;
    take_pull(r, &pr);
    sc_fix_say(r, "pull request %lld is there", (long long)pr.number);
}

sc_rc sc_fix_open_pull(sc_fix_run *r, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf title;
    SC_AUTO(sc_buf_done) sc_buf body;
    sc_str patch = SC_STR_NONE;
    sc_buf_init(&title, 4096);
    sc_buf_init(&body, BODY_BYTES + (4 << 20));
    const bool as_issue = sc_str_is(r->set.output, "issue");
    sc_rc rc = SC_OK;
    if (as_issue && r->fix.pull_number) return SC_OK;
    if (as_issue)
        rc = STORE(r->app)->fix_patch(SELF(r->app), &r->fix.project_id, &r->fix.id, &r->arena,
                                      &patch, err);
    if (!rc) rc = texts_of(r, patch, &title, &body, err);
    if (rc) return rc;
    return as_issue ? file_issue(r, sc_buf_str(&title), sc_buf_str(&body), err)
                    : make_pull(r, sc_buf_str(&title), sc_buf_str(&body), err);
}

/* ---- Our page of it ----------------------------------------------------------------------------- */

static sc_rc find(sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                  sc_fix *ret_fix, sc_forge *ret_forge, sc_forge_call *ret_call, sc_err *err) {
    sc_fix_settings s;
    sc_rc rc = STORE(app)->fix_get(SELF(app), project, id, arena, ret_fix, err);
    if (!rc) rc = sc_fix_settings_get(app, project, arena, &s, err);
    if (rc) return rc;
    const sc_forge *f = sc_fix_forge(app, s.forge);
    if (ret_fix->pull == SC_FIX_PULL_none || ret_fix->pull == SC_FIX_PULL_issue)
        return sc_fail(err, SC_NOT_FOUND, "this fix has no pull request");
    if (!f) return sc_fail(err, SC_CONFLICT, "this server has no such forge any more");
    *ret_forge = *f;
    *ret_call = (sc_forge_call){.repo = ret_fix->repository,
                                .deadline_ms = sc_now_ms(app->conf.clock) + CALL_MS,
                                .stop = &app->ending.now,
                                .arena = arena};
    return SC_OK;
}

/* What we know by ourselves: a forge elsewhere has its own page, and whoever asks us must not wait for it. */
static sc_rc known_view(sc_app *app, const sc_fix *fix, sc_arena *arena, sc_fix_pull_view *ret,
                        sc_err *err) {
    static const sc_forge_state states[SC_FIX_PULL_COUNT] = {
        [SC_FIX_PULL_merged] = SC_FORGE_MERGED, [SC_FIX_PULL_closed] = SC_FORGE_CLOSED};
    SC_AUTO(sc_buf_done) sc_buf title;
    sc_cluster c;
    sc_buf_init(&title, 4096);
    sc_rc rc = sc_fix_cluster(app, &fix->project_id, &fix->cluster_id, arena, &c, err);
    if (!rc) rc = sc_fix_title(c.title, &title, err);
    if (rc) return rc;
    *ret = (sc_fix_pull_view){.pr = {.number = fix->pull_number,
                                     .state = states[fix->pull],
                                     .url = fix->pull_url,
                                     .branch = fix->branch,
                                     .base = fix->base_branch,
                                     .head_commit = fix->head_commit,
                                     .body = SC_STR("")}};
    return sc_fix_copy(arena, sc_buf_str(&title), &ret->pr.title, err);
}

static sc_rc view(const sc_forge *f, const sc_forge_call *call, const sc_fix *fix,
                  sc_fix_pull_view *ret, sc_err *err) {
    sc_fix_pull_view v = {.may_merge = false};
    sc_rc rc = f->ops->pr_get(f->self, call, fix->pull_number, &v.pr, err);
    if (!rc) rc = f->ops->comments(f->self, call, fix->pull_number, 0, &v.comments, err);
    if (rc) return rc;
    v.may_merge = v.pr.state == SC_FORGE_OPEN;
    v.may_close = f->ops->pr_close && v.pr.state == SC_FORGE_OPEN;
    v.may_comment = f->ops->pr_say != NULL;
    *ret = v;
    return SC_OK;
}

sc_rc sc_fix_pull_get(sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                      sc_fix_pull_view *ret, sc_err *err) {
    sc_fix fix;
    sc_forge f = {NULL, NULL};
    sc_forge_call call;
    sc_rc rc = find(app, project, id, arena, &fix, &f, &call, err);
    if (rc || !f.ops) return rc;
    return f.ops->pr_merge ? view(&f, &call, &fix, ret, err)
                           : known_view(app, &fix, arena, ret, err);
}

sc_rc sc_fix_pull_act(sc_app *app, const sc_id *project, const sc_id *id, sc_fix_act act, sc_str by,
                      sc_str body, sc_arena *arena, sc_fix_pull_view *ret, sc_err *err) {
    sc_fix fix;
    sc_forge f = {NULL, NULL};
    sc_forge_call call;
    sc_fix_pull_view v;
    sc_rc rc = find(app, project, id, arena, &fix, &f, &call, err);
    if (rc || !f.ops) return rc;
    if (!f.ops->pr_merge) return sc_fail(err, SC_CONFLICT, "that is done on the forge's own page");
    rc = view(&f, &call, &fix, &v, err);
    if (rc) return rc;
    const bool may = act == SC_FIX_MERGE   ? v.may_merge
                     : act == SC_FIX_CLOSE ? v.may_close
                                           : v.may_comment;
    if (!may) return sc_fail(err, SC_CONFLICT, "the pull request is over");
    if (act == SC_FIX_MERGE)
        rc = f.ops->pr_merge(f.self, &call, fix.pull_number, &v.pr, err);
    else if (act == SC_FIX_CLOSE)
        rc = f.ops->pr_close(f.self, &call, fix.pull_number, &v.pr, err);
    else
        rc = f.ops->pr_say(f.self, &call, fix.pull_number, by, body, err);
    if (rc) return rc;
    rc = sc_fix_watch_one(app, project, id, err); /* what it means for the issue, at once */
    if (rc == SC_CONFLICT) rc = SC_OK;            /* the watcher was faster */
    return rc ? rc : sc_fix_pull_get(app, project, id, arena, ret, err);
}
