#include "forges/github/github.h"

#include <stdio.h>
#include <stdlib.h>

#include "forges/conf.h"
#include "forges/github/api.h"
#include "git/git.h"
#include "net/service.h"

enum { MAX_OWNER = 60, MAX_NAME = 100, MAX_PAGES = 10 };

static const sc_opt rows[] = {
    {.name = "github-token",
     .type = SC_OPT_STR,
     .offset = offsetof(sc_forge_conf, token),
     .arg = "TOKEN",
     .secret = true,
     .help = "GitHub token that pushes branches and opens pull requests; GITHUB_TOKEN is read too"},
    {.name = "github-api",
     .type = SC_OPT_STR,
     .offset = offsetof(sc_forge_conf, api),
     .arg = "URL",
     .help = "where GitHub's API is, such as https://github.example.org/api/v3; GITHUB_API_URL is "
             "read too"},
    {.name = "github-app",
     .type = SC_OPT_STR,
     .offset = offsetof(sc_forge_conf, app_id),
     .arg = "ID",
     .help = "a GitHub App instead of a token: its id or client id"},
    {.name = "github-app-key",
     .type = SC_OPT_STR,
     .offset = offsetof(sc_forge_conf, app_key),
     .arg = "FILE",
     .help = "the GitHub App's private key (PEM)"},
    {.name = "github-installation",
     .type = SC_OPT_INT,
     .offset = offsetof(sc_forge_conf, app_installation),
     .arg = "ID",
     .help = "the GitHub App's installation; without it, it is asked for"},
};

/* ---- Opening ------------------------------------------------------------------------------------------------- */

/* api.github.com -> github.com, api.X.ghe.com -> X.ghe.com, X/api/v3 -> X; else the API's own place. */
static void host_of(const char *api, char *ret, size_t room) {
    sc_str s = sc_str_of(api), prefix = SC_STR("https://api.");
    if (sc_str_starts(s, prefix.p) &&
        (sc_str_is(s, "https://api.github.com") || sc_str_ends(s, ".ghe.com")))
        snprintf(ret, room, "https://%s", api + prefix.n);
    else if (sc_str_ends(s, "/api/v3"))
        snprintf(ret, room, "%.*s", (int)(s.n - 7), api);
    else
        snprintf(ret, room, "%s", api);
}

static sc_rc set_api(sc_github *g, const char *given, sc_err *err) {
    static const char *const variables[] = {"GITHUB_API_URL", NULL};
    const char *api = sc_service_given(given, variables);
    sc_str s = sc_str_of(api ? api : "https://api.github.com");
    while (s.n && s.p[s.n - 1] == '/') s.n--;
    char probe[SC_GITHUB_MAX_URL + 8];
    snprintf(probe, sizeof probe, "%.*s/x", SC_FMT(s));
    const sc_git_remote remote = {.url = sc_str_of(probe)};
    if (s.n >= sizeof g->api || sc_git_url_check(&remote, NULL))
        return sc_fail(err, SC_INVALID, "--github-api (GITHUB_API_URL) must begin with https://");
    snprintf(g->api, sizeof g->api, "%.*s", SC_FMT(s));
    host_of(g->api, g->host, sizeof g->host);
    return SC_OK;
}

static bool plain(const char *s) {
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 127 || strchr("\"\\", *s))
            return false;
    return true;
}

static sc_rc set_who(sc_github *g, const sc_forge_conf *c, sc_err *err) {
    static const char *const variables[] = {"GITHUB_TOKEN", NULL};
    if (c->app_id && *c->app_id) {
        if (strlen(c->app_id) >= sizeof g->app_id || !plain(c->app_id))
            return sc_fail(err, SC_INVALID, "--github-app is not an App's id");
        if (!c->app_key) return sc_fail(err, SC_INVALID, "--github-app needs --github-app-key");
        snprintf(g->app_id, sizeof g->app_id, "%s", c->app_id);
        g->installation = c->app_installation;
        return sc_github_key(c->app_key, &g->key, err);
    }
    const char *token = sc_service_given(c->token, variables);
    if (!token)
        return sc_fail(err, SC_INVALID,
                       "GitHub needs --github-token (SOULCASTER_GITHUB_TOKEN), or --github-app");
    if (strlen(token) >= sizeof g->token || !plain(token))
        return sc_fail(err, SC_INVALID, "--github-token holds what no token can hold");
    snprintf(g->token, sizeof g->token, "%s", token);
    return SC_OK;
}

static sc_rc github_open(void *self, const void *conf, sc_err *err) {
    sc_github *g = self;
    const sc_forge_conf *c = conf;
    sc_rc rc = set_api(g, c->api, err);
    if (!rc) rc = set_who(g, c, err);
    if (rc) return rc;
    pthread_mutex_init(&g->lock, NULL);
    sc_http_pool_init(&g->pool);
    return SC_OK;
}

static void github_close(void *self) {
    sc_github *g = self;
    EVP_PKEY_free(g->key);
    sc_http_pool_done(&g->pool);
    pthread_mutex_destroy(&g->lock);
    explicit_bzero(g->token, sizeof g->token);
    explicit_bzero(g->kept, sizeof g->kept);
}

static bool word(sc_str s, const char *also, size_t most) {
    if (!s.n || s.n > most || s.p[0] == '-') return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (!c || !strchr(also, c))) return false;
    }
    return true;
}

static bool github_repo_ok(const void *self, sc_str repo) {
    (void)self;
    sc_str owner = SC_STR_NONE, name = repo;
    return sc_str_next(&name, '/', &owner) && word(owner, "-_", MAX_OWNER) &&
           word(name, "-_.", MAX_NAME) && !sc_str_is(name, ".") && !sc_str_is(name, "..") &&
           !sc_str_ends(name, ".git");
}

/* ---- Calls --------------------------------------------------------------------------------------------------- */

static sc_rc no_memory(sc_err *err) { return sc_fail(err, SC_NOMEM, "no memory for a call"); }

/* "/repos/OWNER/NAME" and what follows. */
static sc_rc ask(sc_github *g, const sc_forge_call *c, const char *method, const char *rest,
                 const json_t *body, json_t **ret, sc_err *err) {
    if (!github_repo_ok(g, c->repo))
        return sc_fail(err, SC_INVALID, "that is no name of a GitHub repository: owner/name");
    const char *path =
        rest ? sc_arena_printf(c->arena, "/repos/%.*s%s", SC_FMT(c->repo), rest) : NULL;
    if (!path) return no_memory(err);
    const sc_github_call call = {.method = method, .path = path, .body = body};
    return sc_github_do(g, c, &call, ret, err);
}

static sc_rc keep(const sc_forge_call *c, sc_str s, sc_str *ret, sc_err *err) {
    char *copy = sc_arena_copy(c->arena, s.p ? s.p : "", s.n);
    if (!copy) return no_memory(err);
    *ret = (sc_str){copy, s.n};
    return SC_OK;
}

static int64_t time_at(const json_t *v, const char *path) {
    int64_t ms = 0;
    return sc_time_parse(sc_json_str_at(v, path), &ms, NULL) ? 0 : ms;
}

static sc_rc github_check(void *self, const sc_forge_call *c, sc_forge_repo *ret, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = ask(self, c, "GET", "", NULL, &v, err);
    if (rc) return rc;
    const json_t *push = sc_json_at(v, "permissions.push");
    sc_forge_repo repo = {.is_private = json_is_true(json_object_get(v, "private")),
                          .archived = json_is_true(json_object_get(v, "archived")),
                          .may_push = !push || json_is_true(push)}; /* an App is told by its 403 */
    if (!sc_json_str_at(v, "default_branch").n)
        return sc_fail(err, SC_UPSTREAM, "GitHub describes no repository");
    rc = keep(c, sc_json_str_at(v, "default_branch"), &repo.default_branch, err);
    if (!rc) rc = keep(c, sc_json_str_at(v, "html_url"), &repo.web_url, err);
    if (!rc) *ret = repo;
    return rc;
}

static sc_rc github_remote(void *self, const sc_forge_call *c, sc_forge_remote *ret, sc_err *err) {
    sc_github *g = self;
    const char *token;
    if (!github_repo_ok(g, c->repo))
        return sc_fail(err, SC_INVALID, "that is no name of a GitHub repository: owner/name");
    sc_rc rc = sc_github_token(g, c, &token, err);
    if (rc) return rc;
    const char *url = sc_arena_printf(c->arena, "%s/%.*s.git", g->host, SC_FMT(c->repo));
    if (!url) return no_memory(err);
    *ret = (sc_forge_remote){.url = sc_str_of(url), .user = SC_STR("x-access-token")};
    return keep(c, sc_str_of(token), &ret->token, err);
}

/* ---- Pull requests ------------------------------------------------------------------------------------------- */

static sc_rc pr_of(const sc_forge_call *c, const json_t *v, sc_forge_pr *ret, sc_err *err) {
    sc_forge_pr pr = {.number = (int64_t)json_integer_value(json_object_get(v, "number")),
                      .draft = json_is_true(json_object_get(v, "draft")),
                      .created_at_ms = time_at(v, "created_at"),
                      .updated_at_ms = time_at(v, "updated_at"),
                      .merged_at_ms = time_at(v, "merged_at"),
                      .closed_at_ms = time_at(v, "closed_at")};
    sc_str state = sc_json_str_at(v, "state");
    if (pr.number <= 0 || (!sc_str_is(state, "open") && !sc_str_is(state, "closed")))
        return sc_fail(err, SC_UPSTREAM, "GitHub describes no pull request");
    pr.state = pr.merged_at_ms              ? SC_FORGE_MERGED
               : sc_str_is(state, "closed") ? SC_FORGE_CLOSED
                                            : SC_FORGE_OPEN;
    const struct {
        const char *path;
        sc_str *into;
        bool wanted;
    } texts[] = {{"html_url", &pr.url, true},
                 {"title", &pr.title, true},
                 {"body", &pr.body, true},
                 {"head.ref", &pr.branch, true},
                 {"base.ref", &pr.base, true},
                 {"head.sha", &pr.head_commit, true},
                 {"merge_commit_sha", &pr.merge_commit, pr.state == SC_FORGE_MERGED}};
    sc_rc rc = SC_OK;
    for (size_t i = 0; i < SC_LEN(texts) && !rc; i++)
        rc = keep(c, texts[i].wanted ? sc_json_str_at(v, texts[i].path) : SC_STR_NONE,
                  texts[i].into, err);
    if (!rc) *ret = pr;
    return rc;
}

static const char *numbered(const sc_forge_call *c, const char *fmt, int64_t number) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 256);
    for (; *fmt; fmt++)
        if (*fmt == '#')
            sc_buf_put_int(&b, number);
        else
            sc_buf_putc(&b, *fmt);
    return b.failed ? NULL : sc_arena_copy(c->arena, b.p, b.n);
}

static sc_rc github_pr_get(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                           sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = ask(self, c, "GET", numbered(c, "/pulls/#", number), NULL, &v, err);
    return rc ? rc : pr_of(c, v, ret, err);
}

/* A branch in a query: git's names hold '+' and '%' and '&' now and then. */
static void put_query(sc_buf *b, sc_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
            (ch && strchr("-._~/", ch)))
            sc_buf_putc(b, (char)ch);
        else
            sc_buf_putf(b, "%%%02X", ch);
    }
}

/* A head that it cannot read makes GitHub list all of them: so each is looked at. */
static sc_rc github_pr_find(void *self, const sc_forge_call *c, sc_str branch, sc_forge_pr *ret,
                            sc_err *err) {
    sc_str owner = SC_STR_NONE, name = c->repo;
    sc_str_next(&name, '/', &owner);
    SC_AUTO(sc_buf_done) sc_buf path;
    sc_buf_init(&path, SC_GITHUB_MAX_URL);
    sc_buf_putf(&path, "/pulls?state=all&sort=created&direction=desc&per_page=%d&head=%.*s:",
                SC_GITHUB_PAGE, SC_FMT(owner));
    put_query(&path, branch);
    sc_rc rc = sc_buf_check(&path, "the branch's name", err);
    SC_AUTO(sc_json_auto) json_t *list = NULL;
    if (!rc) rc = ask(self, c, "GET", path.p, NULL, &list, err);
    if (rc) return rc;
    if (!json_is_array(list)) return sc_fail(err, SC_UPSTREAM, "GitHub lists no pull requests");
    const char *label = sc_arena_printf(c->arena, "%.*s:%.*s", SC_FMT(owner), SC_FMT(branch));
    if (!label) return no_memory(err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        if (sc_str_ieq(sc_json_str_at(v, "head.label"), sc_str_of(label)) &&
            sc_str_eq(sc_json_str_at(v, "head.ref"), branch))
            return pr_of(c, v, ret, err);
    }
    *ret = (sc_forge_pr){.number = 0};
    return SC_OK;
}

static json_t *labels_of(const sc_str *labels, size_t n, bool draft) {
    json_t *list = json_array();
    bool good = list != NULL;
    for (size_t i = 0; good && i < n; i++)
        good = !json_array_append_new(list, json_stringn(labels[i].p, labels[i].n));
    if (good && draft) good = !json_array_append_new(list, json_string("draft"));
    if (good) return list;
    json_decref(list);
    return NULL;
}

/* A label that is not there is made by GitHub. Without the right to it the pull request stays as it is: the
 * port promises no more, and it must not look as if it had not been made. */
static void put_labels(sc_github *g, const sc_forge_call *c, int64_t number,
                       const sc_forge_pr_new *pr, bool draft) {
    if (!pr->n_labels && !draft) return;
    SC_AUTO(sc_json_auto) json_t *body = json_object();
    SC_AUTO(sc_json_auto) json_t *reply = NULL;
    json_t *list = labels_of(pr->labels, pr->n_labels, draft);
    if (list && !json_object_set_new(body, "labels", list))
        ask(g, c, "POST", numbered(c, "/issues/#/labels", number), body, &reply, NULL);
}

static sc_rc create(sc_github *g, const sc_forge_call *c, const sc_forge_pr_new *pr, bool draft,
                    sc_forge_pr *ret, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *body = json_object();
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (!body || !sc_json_set_str(body, "title", pr->title) ||
        !sc_json_set_str(body, "head", pr->branch) || !sc_json_set_str(body, "base", pr->base) ||
        !sc_json_set_str(body, "body", pr->body) ||
        json_object_set_new(body, "draft", json_boolean(draft)) ||
        json_object_set_new(body, "maintainer_can_modify", json_true()))
        return no_memory(err);
    sc_rc rc = ask(g, c, "POST", "/pulls", body, &v, err);
    return rc ? rc : pr_of(c, v, ret, err);
}

static sc_rc github_pr_create(void *self, const sc_forge_call *c, const sc_forge_pr_new *pr,
                              sc_forge_pr *ret, sc_err *err) {
    sc_err why = {.rc = SC_OK};
    bool refused = false;
    sc_rc rc = create(self, c, pr, pr->draft, ret, &why);
    /* "Draft pull requests are not supported in this repository." */
    if (rc == SC_UNPROCESSABLE && pr->draft && strstr(why.msg, "raft pull requests are not")) {
        refused = true;
        rc = create(self, c, pr, false, ret, &why);
    }
    if (!rc)
        put_labels(self, c, ret->number, pr, refused);
    else if (err)
        *err = why;
    return rc;
}

static sc_rc github_pr_update(void *self, const sc_forge_call *c, int64_t number,
                              const sc_forge_pr_change *change, sc_forge_pr *ret, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *body = json_object();
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (!body || (change->title.p && !sc_json_set_str(body, "title", change->title)) ||
        (change->body.p && !sc_json_set_str(body, "body", change->body)))
        return no_memory(err);
    sc_rc rc = ask(self, c, "PATCH", numbered(c, "/pulls/#", number), body, &v, err);
    return rc ? rc : pr_of(c, v, ret, err);
}

/* ---- Words --------------------------------------------------------------------------------------------------- */

/* The three places where people write, with their own names for the same things. */
static const struct comment_place {
    const char *path, *at, *changed;
    char letter; /* before the id: their numbers are counted apart */
    bool since;  /* knows the parameter */
} places[] = {
    {"/issues/#/comments?per_page=100", "created_at", "updated_at", 'c', true},
    {"/pulls/#/comments?per_page=100&sort=updated&direction=asc", "created_at", "updated_at", 'r',
     true},
    {"/pulls/#/reviews?per_page=100", "submitted_at", "submitted_at", 'v', false},
};

static bool may_write(sc_str association) {
    return sc_str_is(association, "OWNER") || sc_str_is(association, "MEMBER") ||
           sc_str_is(association, "COLLABORATOR");
}

static sc_rc comment_of(const sc_forge_call *c, const json_t *v, size_t place,
                        sc_forge_comment *ret, sc_err *err) {
    sc_str id = sc_str_of(sc_arena_printf(c->arena, "%c%lld", places[place].letter,
                                          (long long)json_integer_value(json_object_get(v, "id"))));
    *ret = (sc_forge_comment){.id = id,
                              .by_bot = sc_str_is(sc_json_str_at(v, "user.type"), "Bot"),
                              .may_write = may_write(sc_json_str_at(v, "author_association")),
                              .created_at_ms = time_at(v, places[place].at),
                              .updated_at_ms = time_at(v, places[place].changed)};
    sc_rc rc = id.p ? keep(c, sc_json_str_at(v, "user.login"), &ret->author, err) : no_memory(err);
    if (!rc) rc = keep(c, sc_json_str_at(v, "body"), &ret->body, err);
    return rc ? rc : keep(c, sc_json_str_at(v, "html_url"), &ret->url, err);
}

static int by_time(const void *a, const void *b) {
    const sc_forge_comment *x = a, *y = b;
    if (x->updated_at_ms != y->updated_at_ms) return x->updated_at_ms < y->updated_at_ms ? -1 : 1;
    return sc_str_cmp(x->id, y->id);
}

static sc_rc read_page(sc_github *g, const sc_forge_call *c, int64_t since_ms, size_t place,
                       const char *path, sc_forge_comments *into, size_t *ret_n, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *list = NULL;
    sc_rc rc = ask(g, c, "GET", path, NULL, &list, err);
    if (rc) return rc;
    if (!json_is_array(list)) return sc_fail(err, SC_UPSTREAM, "GitHub lists no comments");
    size_t n = json_array_size(list);
    sc_forge_comment *v = sc_arena_take_array(c->arena, into->n + n + 1, sizeof *v);
    if (!v) return no_memory(err);
    if (into->n) memcpy(v, into->v, into->n * sizeof *v);
    into->v = v;
    for (size_t i = 0; i < n && !rc; i++) {
        const json_t *item = json_array_get(list, i);
        bool late = time_at(item, places[place].changed) >= since_ms;
        if (late && sc_json_str_at(item, "body").n) /* a review without words is none */
            rc = comment_of(c, item, place, &v[into->n++], err);
    }
    *ret_n = n;
    return rc;
}

static sc_rc read_place(sc_github *g, const sc_forge_call *c, int64_t number, int64_t since_ms,
                        size_t place, sc_forge_comments *into, sc_err *err) {
    char since[SC_TIME_TEXT + 16] = "", at[SC_TIME_TEXT];
    if (since_ms > 0 && places[place].since) {
        sc_time_format(since_ms, at);
        snprintf(since, sizeof since, "&since=%.19sZ", at); /* whole seconds */
    }
    const char *start = numbered(c, places[place].path, number);
    for (int page = 1; page <= MAX_PAGES; page++) {
        size_t n = 0;
        const char *path =
            start ? sc_arena_printf(c->arena, "%s%s&page=%d", start, since, page) : NULL;
        sc_rc rc = path ? read_page(g, c, since_ms, place, path, into, &n, err) : no_memory(err);
        if (rc || n < SC_GITHUB_PAGE) return rc;
    }
    into->more = true;
    return SC_OK;
}

static sc_rc github_comments(void *self, const sc_forge_call *c, int64_t number, int64_t since_ms,
                             sc_forge_comments *ret, sc_err *err) {
    sc_forge_comments out = {.n = 0};
    sc_rc rc = SC_OK;
    for (size_t i = 0; i < SC_LEN(places) && !rc; i++)
        rc = read_place(self, c, number, since_ms, i, &out, err);
    if (rc) return rc;
    if (out.n) qsort(out.v, out.n, sizeof *out.v, by_time);
    *ret = out;
    return SC_OK;
}

static sc_rc github_comment(void *self, const sc_forge_call *c, int64_t number, sc_str text,
                            sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *body = json_object();
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (!body || !sc_json_set_str(body, "body", text)) return no_memory(err);
    return ask(self, c, "POST", numbered(c, "/issues/#/comments", number), body, &v, err);
}

static sc_rc issue_of(const sc_forge_call *c, const json_t *v, sc_forge_issue *ret, sc_err *err) {
    const int64_t number = (int64_t)json_integer_value(json_object_get(v, "number"));
    if (number <= 0) return sc_fail(err, SC_UPSTREAM, "GitHub describes no issue");
    ret->number = number;
    return keep(c, sc_json_str_at(v, "html_url"), &ret->url, err);
}

static sc_rc github_issue_create(void *self, const sc_forge_call *c,
                                 const sc_forge_issue_new *issue, sc_forge_issue *ret,
                                 sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *body = json_object();
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    json_t *list = labels_of(issue->labels, issue->n_labels, false);
    if (!list || json_object_set_new(body, "labels", list) ||
        !sc_json_set_str(body, "title", issue->title) ||
        !sc_json_set_str(body, "body", issue->body))
        return no_memory(err);
    sc_rc rc = ask(self, c, "POST", "/issues", body, &v, err);
    if (rc) return rc;
    return issue_of(c, v, ret, err);
}

/* One page; *ret_last: what follows is older, or there is no more. To GitHub a pull request is an issue, too. */
static sc_rc find_on_page(sc_github *g, const sc_forge_call *c, const char *path, sc_str mark,
                          int64_t since_ms, sc_forge_issue *ret, bool *ret_last, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *list = NULL;
    sc_rc rc = ask(g, c, "GET", path, NULL, &list, err);
    if (rc) return rc;
    if (!json_is_array(list)) return sc_fail(err, SC_UPSTREAM, "GitHub lists no issues");
    const size_t n = json_array_size(list);
    *ret_last = n < SC_GITHUB_PAGE;
    for (size_t i = 0; i < n && !ret->number; i++) {
        const json_t *v = json_array_get(list, i);
        if (time_at(v, "created_at") < since_ms) *ret_last = true;
        if (!json_object_get(v, "pull_request") &&
            sc_str_find(sc_json_str_at(v, "body"), mark) != SIZE_MAX)
            return issue_of(c, v, ret, err);
    }
    return SC_OK;
}

static sc_rc github_issue_find(void *self, const sc_forge_call *c, sc_str mark, int64_t since_ms,
                               sc_forge_issue *ret, sc_err *err) {
    char at[SC_TIME_TEXT];
    sc_forge_issue found = {.number = 0};
    bool last = false;
    sc_time_format(since_ms, at);
    since_ms -= since_ms % 1000; /* GitHub counts whole seconds */
    for (int page = 1; page <= MAX_PAGES && !last && !found.number; page++) {
        const char *path = sc_arena_printf(
            c->arena,
            "/issues?state=all&sort=created&direction=desc&since=%.19sZ&per_page=%d&page=%d", at,
            SC_GITHUB_PAGE, page);
        sc_rc rc =
            path ? find_on_page(self, c, path, mark, since_ms, &found, &last, err) : no_memory(err);
        if (rc) return rc;
    }
    if (!found.number && !last)
        return sc_fail(err, SC_UPSTREAM, "there are too many new issues to look through");
    *ret = found;
    return SC_OK;
}

const sc_forge_ops sc_forge_github = {
    .name = "github",
    .summary = "GitHub and GitHub Enterprise.",
    .opts = rows,
    .n_opts = SC_LEN(rows),
    .size = sizeof(sc_github),
    .open = github_open,
    .close = github_close,
    .repo_ok = github_repo_ok,
    .check = github_check,
    .remote = github_remote,
    .pr_find = github_pr_find,
    .pr_create = github_pr_create,
    .pr_update = github_pr_update,
    .pr_get = github_pr_get,
    .comments = github_comments,
    .comment = github_comment,
    .issue_create = github_issue_create,
    .issue_find = github_issue_find,
};
