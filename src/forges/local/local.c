#include "forges/local/local.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "forges/conf.h"
#include "forges/local/pulls.h"
#include "git/git.h"
#include "proc/proc.h"

enum { MAX_PARTS = 4, MAX_LABELS = 20, MAX_TITLE = 1000, MAX_BODY = 1 << 20 };

typedef struct local {
    char root[SC_PULLS_PATH], home[SC_PULLS_PATH], git[SC_PULLS_PATH];
} local;

static const sc_opt rows[] = {
    {.name = "repositories",
     .type = SC_OPT_STR,
     .offset = offsetof(sc_forge_conf, root),
     .arg = "DIR",
     .help = "where the bare repositories of the local forge are; without it, repositories/ in the "
             "data "
             "folder"},
    {.name = "git",
     .type = SC_OPT_STR,
     .offset = offsetof(sc_forge_conf, git),
     .arg = "FILE",
     .help = "the git program; without it, the one on PATH"},
};

static const sc_git_person us = {SC_STR("Soulcaster"), SC_STR("soulcaster@localhost")};

/* ---- Opening ------------------------------------------------------------------------------------------------- */

static sc_rc make_folder(const char *path, sc_err *err) {
    return mkdir(path, 0700) && errno != EEXIST
               ? sc_fail_sys(err, SC_IO, errno, "make the folder %s", path)
               : SC_OK;
}

static sc_rc local_open(void *self, const void *conf, sc_err *err) {
    local *l = self;
    const sc_forge_conf *c = conf;
    if (!c->root || c->root[0] != '/' || strlen(c->root) + 256 > sizeof l->root)
        return sc_fail(
            err, SC_INVALID,
            "the local forge needs an absolute path of its repositories: --repositories");
    snprintf(l->root, sizeof l->root, "%s", c->root);
    snprintf(l->home, sizeof l->home, "%s/.home", c->root); /* git's, and no repository's name */
    sc_rc rc = make_folder(l->root, err);
    if (!rc) rc = make_folder(l->home, err);
    return rc ? rc : sc_proc_find(c->git ? c->git : "git", l->git, sizeof l->git, err);
}

static void local_close(void *self) { (void)self; }

/* Parts of letters, digits and . _ -, none of which begins with a dot or a dash. */
static bool local_repo_ok(const void *self, sc_str repo) {
    (void)self;
    sc_str rest = repo, part;
    size_t parts = 0;
    if (!repo.n || repo.n > 200) return false;
    while (sc_str_next(&rest, '/', &part)) {
        if (!part.n || part.p[0] == '.' || part.p[0] == '-' || ++parts > MAX_PARTS) return false;
        for (size_t i = 0; i < part.n; i++) {
            char c = part.p[i];
            bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!plain && (!c || !strchr("._-", c))) return false;
        }
    }
    return true;
}

/* One call: where, with which git, and the pull requests locked where they are wanted. */
typedef struct job {
    const local *l;
    const sc_forge_call *c;
    char dir[SC_PULLS_PATH + 256];
    sc_git git;
    sc_pulls pulls;
} job;

static void job_done(job *j) { sc_pulls_close(&j->pulls); }

static sc_rc begin(const local *l, const sc_forge_call *c, const char *kind, job *j, sc_err *err) {
    struct stat st;
    *j = (job){.l = l, .c = c, .pulls.lock = -1};
    int64_t left = c->deadline_ms - sc_now_ms(&sc_clock_system);
    if (left <= 0) return sc_fail(err, SC_TIMEOUT, "no time left");
    if (c->stop && *c->stop) return sc_fail(err, SC_CANCELLED, "given up");
    if (!local_repo_ok(l, c->repo))
        return sc_fail(err, SC_INVALID, "that is no name of a repository");
    snprintf(j->dir, sizeof j->dir, "%s/%.*s", l->root, SC_FMT(c->repo));
    size_t n = strlen(j->dir);
    memcpy(j->dir + n, "/HEAD", sizeof "/HEAD");
    bool there = stat(j->dir, &st) == 0;
    j->dir[n] = 0;
    if (!there)
        return sc_fail(err, SC_NOT_FOUND, "there is no bare repository %.*s in %s", SC_FMT(c->repo),
                       l->root);
    j->git = (sc_git){.program = l->git, .home = l->home, .stop = c->stop, .timeout_ms = left};
    return kind ? sc_pulls_open(&j->pulls, j->dir, kind, err) : SC_OK;
}

static sc_rc no_memory(sc_err *err) { return sc_fail(err, SC_NOMEM, "no memory for the answer"); }

static sc_rc keep(const job *j, sc_str s, sc_str *ret, sc_err *err) {
    char *copy = sc_arena_copy(j->c->arena, s.p ? s.p : "", s.n);
    if (!copy) return no_memory(err);
    *ret = (sc_str){copy, s.n};
    return SC_OK;
}

/* ---- The repository ------------------------------------------------------------------------------------------ */

static sc_rc local_check(void *self, const sc_forge_call *c, sc_forge_repo *ret, sc_err *err) {
    SC_AUTO(job_done) job j;
    sc_forge_repo repo = {.is_private = true};
    sc_rc rc = begin(self, c, NULL, &j, err);
    if (!rc) rc = sc_git_head_name(&j.git, j.dir, c->arena, &repo.default_branch, err);
    if (rc) return rc;
    repo.may_push = access(j.dir, W_OK) == 0;
    *ret = repo;
    return SC_OK;
}

static sc_rc local_remote(void *self, const sc_forge_call *c, sc_forge_remote *ret, sc_err *err) {
    SC_AUTO(job_done) job j;
    SC_AUTO(sc_buf_done) sc_buf url;
    sc_buf_init(&url, 8192);
    sc_rc rc = begin(self, c, NULL, &j, err);
    if (rc) return rc;
    sc_buf_puts(&url, "file://");
    for (const char *p = j.dir; *p; p++) {
        unsigned char ch = (unsigned char)*p;
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                     (ch >= '0' && ch <= '9') || strchr("/._-~", ch);
        if (plain)
            sc_buf_putc(&url, *p);
        else
            sc_buf_putf(&url, "%%%02X", ch);
    }
    *ret = (sc_forge_remote){.may_be_file = true};
    return keep(&j, sc_buf_str(&url), &ret->url, err);
}

/* ---- Pull requests as JSON ----------------------------------------------------------------------------------- */

static const char *const states[] = {
    [SC_FORGE_OPEN] = "open", [SC_FORGE_MERGED] = "merged", [SC_FORGE_CLOSED] = "closed"};

static int64_t time_of(const json_t *v, const char *key) {
    return (int64_t)json_integer_value(json_object_get(v, key));
}

static sc_rc pr_of(const job *j, const json_t *v, sc_forge_pr *ret, sc_err *err) {
    sc_forge_pr pr = {.number = time_of(v, "number"),
                      .draft = json_is_true(json_object_get(v, "draft")),
                      .url = SC_STR(""),
                      .created_at_ms = time_of(v, "created_at_ms"),
                      .updated_at_ms = time_of(v, "updated_at_ms"),
                      .merged_at_ms = time_of(v, "merged_at_ms"),
                      .closed_at_ms = time_of(v, "closed_at_ms")};
    sc_str state = sc_json_str_at(v, "state");
    while (pr.state < SC_FORGE_CLOSED && !sc_str_is(state, states[pr.state])) pr.state++;
    const struct {
        const char *key;
        sc_str *into;
    } texts[] = {{"title", &pr.title},
                 {"body", &pr.body},
                 {"branch", &pr.branch},
                 {"base", &pr.base},
                 {"head_commit", &pr.head_commit},
                 {"merge_commit", &pr.merge_commit}};
    sc_rc rc = SC_OK;
    for (size_t i = 0; i < SC_LEN(texts) && !rc; i++)
        rc = keep(j, sc_json_str_at(v, texts[i].key), texts[i].into, err);
    if (!rc) *ret = pr;
    return rc;
}

static bool set_state(json_t *v, sc_forge_state state, int64_t now) {
    return !json_object_set_new(v, "state", json_string(states[state])) &&
           !json_object_set_new(v, "updated_at_ms", json_integer(now)) &&
           (state != SC_FORGE_MERGED ||
            !json_object_set_new(v, "merged_at_ms", json_integer(now))) &&
           !json_object_set_new(v, "closed_at_ms", json_integer(now));
}

/* Where branch and base are now. */
static sc_rc heads(const job *j, const json_t *v, sc_git_id *ret_head, sc_git_id *ret_base,
                   sc_err *err) {
    sc_rc rc = sc_git_branch(&j->git, j->dir, sc_json_str_at(v, "branch"), ret_head, err);
    return rc ? rc : sc_git_branch(&j->git, j->dir, sc_json_str_at(v, "base"), ret_base, err);
}

/* Brings an open one up to what happened in the repository: a new head, or a merge by other means. */
static sc_rc catch_up(const job *j, json_t *v, sc_err *err) {
    if (!sc_str_is(sc_json_str_at(v, "state"), states[SC_FORGE_OPEN])) return SC_OK;
    sc_git_id head, base, was = sc_git_id_of(sc_json_str_at(v, "head_commit"));
    sc_rc rc = heads(j, v, &head, &base, err);
    if (rc) return rc;
    if (!sc_git_id_is_set(&head)) head = was; /* the branch was removed, perhaps after a merge */
    bool merged = false, moved = strcmp(head.text, was.text) != 0;
    if (sc_git_id_is_set(&base) && sc_git_id_is_set(&head))
        rc = sc_git_contains(&j->git, j->dir, &base, &head, &merged, err);
    if (rc || (!merged && !moved)) return rc;
    int64_t now = sc_now_ms(&sc_clock_system);
    bool good = !json_object_set_new(v, "head_commit", json_string(head.text)) &&
                !json_object_set_new(v, "updated_at_ms", json_integer(now)) &&
                (!merged || (set_state(v, SC_FORGE_MERGED, now) &&
                             !json_object_set_new(v, "merge_commit", json_string(base.text))));
    return good ? sc_pulls_write(&j->pulls, time_of(v, "number"), v, err) : no_memory(err);
}

static sc_rc load(const job *j, int64_t number, json_t **ret, sc_err *err) {
    json_t *v = NULL;
    sc_rc rc = sc_pulls_read(&j->pulls, number, &v, err);
    if (!rc) rc = catch_up(j, v, err);
    if (rc)
        json_decref(v);
    else
        *ret = v;
    return rc;
}

/* ---- Pull requests ------------------------------------------------------------------------------------------- */

static sc_rc local_pr_get(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                          sc_err *err) {
    SC_AUTO(job_done) job j;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = begin(self, c, SC_PULLS, &j, err);
    if (!rc) rc = load(&j, number, &v, err);
    return rc ? rc : pr_of(&j, v, ret, err);
}

/* The newest of the branch; NULL: none. */
static sc_rc newest(const job *j, sc_str branch, json_t **ret, sc_err *err) {
    int64_t n;
    sc_rc rc = sc_pulls_last(&j->pulls, &n, err);
    for (; !rc && n > 0; n--) {
        json_t *v = NULL;
        rc = sc_pulls_read(&j->pulls, n, &v, err);
        if (!rc && sc_str_eq(sc_json_str_at(v, "branch"), branch)) {
            *ret = v;
            return SC_OK;
        }
        json_decref(v);
        if (rc == SC_NOT_FOUND) rc = SC_OK;
    }
    return rc;
}

static sc_rc local_pr_find(void *self, const sc_forge_call *c, sc_str branch, sc_forge_pr *ret,
                           sc_err *err) {
    SC_AUTO(job_done) job j;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = begin(self, c, SC_PULLS, &j, err);
    if (!rc) rc = newest(&j, branch, &v, err);
    if (!rc && v) rc = catch_up(&j, v, err);
    if (rc) return rc;
    if (v) return pr_of(&j, v, ret, err);
    *ret = (sc_forge_pr){.number = 0};
    return SC_OK;
}

static sc_rc check_text(sc_str title, sc_str body, size_t n_labels, sc_err *err) {
    if (!title.n || title.n > MAX_TITLE || body.n > MAX_BODY || n_labels > MAX_LABELS)
        return sc_fail(err, SC_UNPROCESSABLE, "a title has 1 to %d bytes", MAX_TITLE);
    return sc_utf8_valid(title) && sc_utf8_valid(body)
               ? SC_OK
               : sc_fail(err, SC_UNPROCESSABLE, "a title or text is not UTF-8");
}

static json_t *fresh(sc_str title, sc_str body, const sc_str *labels, size_t n_labels) {
    json_t *v = json_object(), *list = json_array();
    int64_t now = sc_now_ms(&sc_clock_system);
    bool good = v && list && sc_json_set_str(v, "title", title) &&
                sc_json_set_str(v, "body", body) &&
                !json_object_set_new(v, "state", json_string(states[SC_FORGE_OPEN])) &&
                !json_object_set_new(v, "created_at_ms", json_integer(now)) &&
                !json_object_set_new(v, "updated_at_ms", json_integer(now)) &&
                !json_object_set_new(v, "comments", json_array());
    for (size_t i = 0; good && i < n_labels; i++)
        good = !json_array_append_new(list, json_stringn(labels[i].p, labels[i].n));
    good = good && !json_object_set(v, "labels", list);
    json_decref(list);
    if (good) return v;
    json_decref(v);
    return NULL;
}

/* What GitHub refuses, too: a branch that is not there, or brings nothing. */
static sc_rc check_branches(const job *j, const json_t *v, sc_git_id *ret_head, sc_err *err) {
    sc_git_id base;
    sc_rc rc = heads(j, v, ret_head, &base, err);
    if (rc) return rc;
    if (!sc_git_id_is_set(ret_head) || !sc_git_id_is_set(&base))
        return sc_fail(err, SC_UNPROCESSABLE, "there is no such branch to pull from or into");
    bool nothing = false;
    rc = sc_git_contains(&j->git, j->dir, &base, ret_head, &nothing, err);
    if (!rc && nothing) return sc_fail(err, SC_UNPROCESSABLE, "the branch brings no commit");
    return rc;
}

static sc_rc local_pr_create(void *self, const sc_forge_call *c, const sc_forge_pr_new *pr,
                             sc_forge_pr *ret, sc_err *err) {
    SC_AUTO(job_done) job j;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_json_auto) json_t *old = NULL;
    sc_git_id head;
    int64_t number;
    sc_rc rc = begin(self, c, SC_PULLS, &j, err);
    if (!rc) rc = check_text(pr->title, pr->body, pr->n_labels, err);
    if (!rc) rc = newest(&j, pr->branch, &old, err);
    if (!rc && old) rc = catch_up(&j, old, err);
    if (rc) return rc;
    if (old && sc_str_is(sc_json_str_at(old, "state"), states[SC_FORGE_OPEN]))
        return sc_fail(err, SC_CONFLICT, "there is an open pull request of that branch");
    v = fresh(pr->title, pr->body, pr->labels, pr->n_labels);
    if (!v || !sc_json_set_str(v, "branch", pr->branch) || !sc_json_set_str(v, "base", pr->base) ||
        json_object_set_new(v, "draft", json_boolean(pr->draft)))
        return no_memory(err);
    rc = check_branches(&j, v, &head, err);
    if (!rc && json_object_set_new(v, "head_commit", json_string(head.text))) rc = no_memory(err);
    if (!rc) rc = sc_pulls_add(&j.pulls, v, &number, err);
    return rc ? rc : pr_of(&j, v, ret, err);
}

static sc_rc local_pr_update(void *self, const sc_forge_call *c, int64_t number,
                             const sc_forge_pr_change *change, sc_forge_pr *ret, sc_err *err) {
    SC_AUTO(job_done) job j;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = begin(self, c, SC_PULLS, &j, err);
    if (!rc) rc = load(&j, number, &v, err);
    if (!rc) rc = check_text(change->title.p ? change->title : SC_STR("x"), change->body, 0, err);
    if (rc) return rc;
    if ((change->title.p && !sc_json_set_str(v, "title", change->title)) ||
        (change->body.p && !sc_json_set_str(v, "body", change->body)) ||
        json_object_set_new(v, "updated_at_ms", json_integer(sc_now_ms(&sc_clock_system))))
        return no_memory(err);
    rc = sc_pulls_write(&j.pulls, number, v, err);
    return rc ? rc : pr_of(&j, v, ret, err);
}

static sc_rc local_pr_merge(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                            sc_err *err) {
    SC_AUTO(job_done) job j;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_git_id head, base, merge;
    sc_rc rc = begin(self, c, SC_PULLS, &j, err);
    if (!rc) rc = load(&j, number, &v, err);
    if (rc) return rc;
    if (sc_str_is(sc_json_str_at(v, "state"), states[SC_FORGE_MERGED]))
        return pr_of(&j, v, ret, err);
    if (!sc_str_is(sc_json_str_at(v, "state"), states[SC_FORGE_OPEN]))
        return sc_fail(err, SC_CONFLICT, "the pull request is closed");
    rc = check_branches(&j, v, &head, err);
    if (!rc) rc = heads(&j, v, &head, &base, err);
    if (rc) return rc;
    int64_t now = sc_now_ms(&sc_clock_system);
    sc_str branch = sc_json_str_at(v, "branch");
    const char *words = sc_arena_printf(c->arena, "Merge pull request %lld from %.*s\n",
                                        (long long)number, SC_FMT(branch));
    if (!words) return no_memory(err);
    rc = sc_git_merge(&j.git, j.dir, &base, &head, &us, now, sc_str_of(words), &merge, err);
    /* a crash behind this is made good by catch_up */
    if (!rc) rc = sc_git_branch_move(&j.git, j.dir, sc_json_str_at(v, "base"), &merge, &base, err);
    if (!rc && (!set_state(v, SC_FORGE_MERGED, now) ||
                json_object_set_new(v, "head_commit", json_string(head.text)) ||
                json_object_set_new(v, "merge_commit", json_string(merge.text))))
        rc = no_memory(err);
    if (!rc) rc = sc_pulls_write(&j.pulls, number, v, err);
    return rc ? rc : pr_of(&j, v, ret, err);
}

static sc_rc local_pr_close(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                            sc_err *err) {
    SC_AUTO(job_done) job j;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = begin(self, c, SC_PULLS, &j, err);
    if (!rc) rc = load(&j, number, &v, err);
    if (rc) return rc;
    if (sc_str_is(sc_json_str_at(v, "state"), states[SC_FORGE_MERGED]))
        return sc_fail(err, SC_CONFLICT, "the pull request is merged");
    if (!set_state(v, SC_FORGE_CLOSED, sc_now_ms(&sc_clock_system))) return no_memory(err);
    rc = sc_pulls_write(&j.pulls, number, v, err);
    return rc ? rc : pr_of(&j, v, ret, err);
}

/* ---- Words --------------------------------------------------------------------------------------------------- */

static sc_rc comment_of(const job *j, const json_t *v, sc_forge_comment *ret, sc_err *err) {
    *ret = (sc_forge_comment){.url = SC_STR(""),
                              .by_bot = json_is_true(json_object_get(v, "by_bot")),
                              .may_write = true, /* who can write here owns the disk */
                              .created_at_ms = time_of(v, "at_ms"),
                              .updated_at_ms = time_of(v, "at_ms")};
    sc_rc rc = keep(j, sc_json_str_at(v, "id"), &ret->id, err);
    if (!rc) rc = keep(j, sc_json_str_at(v, "author"), &ret->author, err);
    return rc ? rc : keep(j, sc_json_str_at(v, "body"), &ret->body, err);
}

static sc_rc local_comments(void *self, const sc_forge_call *c, int64_t number, int64_t since_ms,
                            sc_forge_comments *ret, sc_err *err) {
    SC_AUTO(job_done) job j;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = begin(self, c, SC_PULLS, &j, err);
    if (!rc) rc = load(&j, number, &v, err);
    if (rc) return rc;
    const json_t *list = json_object_get(v, "comments");
    sc_forge_comments out = {.n = 0};
    out.v = sc_arena_take_array(c->arena, json_array_size(list) + 1, sizeof *out.v);
    if (!out.v) return no_memory(err);
    for (size_t i = 0; i < json_array_size(list) && !rc; i++) {
        const json_t *item = json_array_get(list, i);
        if (time_of(item, "at_ms") >= since_ms) rc = comment_of(&j, item, &out.v[out.n++], err);
    }
    if (!rc) *ret = out;
    return rc;
}

static sc_rc add_comment(void *self, const sc_forge_call *c, int64_t number, sc_str author,
                         bool by_bot, sc_str body, sc_err *err) {
    SC_AUTO(job_done) job j;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = begin(self, c, SC_PULLS, &j, err);
    if (!rc) rc = load(&j, number, &v, err);
    if (!rc) rc = check_text(author, body, 0, err);
    if (rc) return rc;
    int64_t now = sc_now_ms(&sc_clock_system);
    sc_id id = sc_id_new(&sc_clock_system);
    json_t *one =
        json_pack("{s:s, s:b, s:I}", "id", id.text, "by_bot", by_bot, "at_ms", (json_int_t)now);
    if (!one || !sc_json_set_str(one, "author", author) || !sc_json_set_str(one, "body", body) ||
        json_array_append(json_object_get(v, "comments"), one) ||
        json_object_set_new(v, "updated_at_ms", json_integer(now)))
        rc = no_memory(err);
    json_decref(one);
    return rc ? rc : sc_pulls_write(&j.pulls, number, v, err);
}

static sc_rc local_comment(void *self, const sc_forge_call *c, int64_t number, sc_str body,
                           sc_err *err) {
    return add_comment(self, c, number, SC_STR("soulcaster"), true, body, err);
}

static sc_rc local_pr_say(void *self, const sc_forge_call *c, int64_t number, sc_str author,
                          sc_str body, sc_err *err) {
    return add_comment(self, c, number, author, false, body, err);
}

static sc_rc local_issue_create(void *self, const sc_forge_call *c, const sc_forge_issue_new *issue,
                                sc_forge_issue *ret, sc_err *err) {
    SC_AUTO(job_done) job j;
    sc_rc rc = begin(self, c, SC_PULLS_ISSUES, &j, err);
    if (!rc) rc = check_text(issue->title, issue->body, issue->n_labels, err);
    if (rc) return rc;
    SC_AUTO(sc_json_auto)
    json_t *v = fresh(issue->title, issue->body, issue->labels, issue->n_labels);
    if (!v) return no_memory(err);
    ret->url = SC_STR("");
    return sc_pulls_add(&j.pulls, v, &ret->number, err);
}

static sc_rc local_issue_find(void *self, const sc_forge_call *c, sc_str mark, int64_t since_ms,
                              sc_forge_issue *ret, sc_err *err) {
    SC_AUTO(job_done) job j;
    int64_t n = 0;
    bool found = false;
    sc_rc rc = begin(self, c, SC_PULLS_ISSUES, &j, err);
    if (!rc) rc = sc_pulls_last(&j.pulls, &n, err);
    for (; !rc && !found && n > 0; n--) {
        SC_AUTO(sc_json_auto) json_t *v = NULL;
        rc = sc_pulls_read(&j.pulls, n, &v, err);
        if (rc == SC_NOT_FOUND) rc = SC_OK;
        if (v && time_of(v, "created_at_ms") < since_ms) break;
        found = v && sc_str_find(sc_json_str_at(v, "body"), mark) != SIZE_MAX;
        if (found) break;
    }
    if (rc) return rc;
    *ret = (sc_forge_issue){found ? n : 0, SC_STR("")};
    return SC_OK;
}

const sc_forge_ops sc_forge_local = {
    .name = "local",
    .summary = "Bare repositories on this machine; pull requests are pages of ours.",
    .opts = rows,
    .n_opts = SC_LEN(rows),
    .size = sizeof(local),
    .open = local_open,
    .close = local_close,
    .repo_ok = local_repo_ok,
    .check = local_check,
    .remote = local_remote,
    .pr_find = local_pr_find,
    .pr_create = local_pr_create,
    .pr_update = local_pr_update,
    .pr_get = local_pr_get,
    .comments = local_comments,
    .comment = local_comment,
    .issue_create = local_issue_create,
    .issue_find = local_issue_find,
    .pr_merge = local_pr_merge,
    .pr_close = local_pr_close,
    .pr_say = local_pr_say,
};
