#include "app/forge_guard.h"

#include <stdio.h>

#include "base/id.h"
#include "base/log.h"

/* ---- Around a call ------------------------------------------------------------------------------ */

/* SC_LIMITED: it is left alone. */
static sc_rc enter(sc_forge_guard *g, sc_err *err) {
    const int64_t now = sc_now_ms(g->clock);
    sc_rc rc = SC_OK;
    pthread_mutex_lock(&g->lock);
    const sc_breaker_state s = sc_breaker_look(&g->breaker, now);
    if (s == SC_BREAKER_open || (s == SC_BREAKER_half_open && g->trying)) {
        const int64_t wait = SC_MAX(g->breaker.until_ms - now, (int64_t)1000);
        rc = sc_fail(err, SC_LIMITED, "%s is left alone for %lld s: %.150s", g->real->ops->name,
                     (long long)(wait / 1000), g->breaker.why.msg);
        if (err) err->retry_after_ms = wait;
    } else {
        g->requests++;
        g->trying = s == SC_BREAKER_half_open;
    }
    pthread_mutex_unlock(&g->lock);
    return rc;
}

/* Under the lock: the log tells of the first opening, and of the end. */
static void tell(sc_forge_guard *g) {
    const bool alone = g->breaker.state != SC_BREAKER_closed;
    if (alone == g->told) return;
    g->told = alone;
    if (alone)
        sc_log_err(SC_LOG_WARN, "forge left alone", &g->breaker.why);
    else
        sc_log(SC_LOG_INFO, "forge answers again", SC_F_TXT("forge", g->real->ops->name));
}

static sc_rc leave(sc_forge_guard *g, sc_rc rc, const sc_err *why, sc_err *err) {
    const int64_t now = sc_now_ms(g->clock);
    uint32_t random;
    sc_random(&random, sizeof random);
    if (rc && err) *err = *why;
    pthread_mutex_lock(&g->lock);
    g->trying = false;
    if (rc == SC_LIMITED) {
        g->limited++;
        sc_breaker_hold(&g->breaker, now + SC_MAX(why->retry_after_ms, (int64_t)1000), why);
    } else if (rc == SC_UPSTREAM || rc == SC_TIMEOUT) {
        g->failures++;
        sc_breaker_failure(&g->breaker, now, random, why);
    } else if (rc != SC_CANCELLED && rc != SC_NOMEM) {
        sc_breaker_success(&g->breaker);
    }
    tell(g);
    pthread_mutex_unlock(&g->lock);
    return rc;
}

/* Calls the real one, with its own error. */
#define CALL(op, ...)                                        \
    sc_forge_guard *g = self;                                \
    sc_err why = {0};                                        \
    sc_rc rc = enter(g, err);                                \
    if (rc) return rc;                                       \
    rc = g->real->ops->op(g->real->self, __VA_ARGS__, &why); \
    return leave(g, rc, &why, err)

static bool repo_ok(const void *self, sc_str repo) {
    const sc_forge_guard *g = self;
    return g->real->ops->repo_ok(g->real->self, repo);
}

static sc_rc check(void *self, const sc_forge_call *c, sc_forge_repo *ret, sc_err *err) {
    CALL(check, c, ret);
}

static sc_rc remote(void *self, const sc_forge_call *c, sc_forge_remote *ret, sc_err *err) {
    CALL(remote, c, ret);
}

static sc_rc pr_find(void *self, const sc_forge_call *c, sc_str branch, sc_forge_pr *ret,
                     sc_err *err) {
    CALL(pr_find, c, branch, ret);
}

static sc_rc pr_create(void *self, const sc_forge_call *c, const sc_forge_pr_new *pr,
                       sc_forge_pr *ret, sc_err *err) {
    CALL(pr_create, c, pr, ret);
}

static sc_rc pr_update(void *self, const sc_forge_call *c, int64_t number,
                       const sc_forge_pr_change *change, sc_forge_pr *ret, sc_err *err) {
    CALL(pr_update, c, number, change, ret);
}

static sc_rc pr_get(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                    sc_err *err) {
    CALL(pr_get, c, number, ret);
}

static sc_rc comments(void *self, const sc_forge_call *c, int64_t number, int64_t since_ms,
                      sc_forge_comments *ret, sc_err *err) {
    CALL(comments, c, number, since_ms, ret);
}

static sc_rc comment(void *self, const sc_forge_call *c, int64_t number, sc_str body, sc_err *err) {
    CALL(comment, c, number, body);
}

static sc_rc issue_create(void *self, const sc_forge_call *c, const sc_forge_issue_new *issue,
                          sc_forge_issue *ret, sc_err *err) {
    CALL(issue_create, c, issue, ret);
}

static sc_rc issue_find(void *self, const sc_forge_call *c, sc_str mark, int64_t since_ms,
                        sc_forge_issue *ret, sc_err *err) {
    CALL(issue_find, c, mark, since_ms, ret);
}

static sc_rc pr_merge(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                      sc_err *err) {
    CALL(pr_merge, c, number, ret);
}

static sc_rc pr_close(void *self, const sc_forge_call *c, int64_t number, sc_forge_pr *ret,
                      sc_err *err) {
    CALL(pr_close, c, number, ret);
}

static sc_rc pr_say(void *self, const sc_forge_call *c, int64_t number, sc_str author, sc_str body,
                    sc_err *err) {
    CALL(pr_say, c, number, author, body);
}

/* A call of the port that is not here would reach the real one with a stranger's instance. */
_Static_assert(sizeof(sc_forge_ops) == 21 * sizeof(void *), "the port has a new call: guard it");

/* ---- Life --------------------------------------------------------------------------------------- */

void sc_forge_guard_init(sc_forge_guard *g, const sc_forge *real, const sc_clock *clock) {
    *g = (sc_forge_guard){.real = real, .clock = clock, .ops = *real->ops};
    sc_forge_ops *o = &g->ops;
    o->repo_ok = repo_ok;
    o->check = check;
    o->remote = remote;
    o->pr_find = pr_find;
    o->pr_create = pr_create;
    o->pr_update = pr_update;
    o->pr_get = pr_get;
    o->comments = comments;
    o->comment = comment;
    o->issue_create = issue_create;
    o->issue_find = issue_find;
    if (o->pr_merge) o->pr_merge = pr_merge;
    if (o->pr_close) o->pr_close = pr_close;
    if (o->pr_say) o->pr_say = pr_say;
    g->forge = (sc_forge){&g->ops, g};
    pthread_mutex_init(&g->lock, NULL);
}

void sc_forge_guard_done(sc_forge_guard *g) { pthread_mutex_destroy(&g->lock); }

void sc_forge_guard_look(sc_forge_guard *g, sc_forge_guard_state *ret) {
    pthread_mutex_lock(&g->lock);
    const sc_breaker_state s = sc_breaker_look(&g->breaker, sc_now_ms(g->clock));
    *ret = (sc_forge_guard_state){.name = g->real->ops->name,
                                  .breaker = s,
                                  .requests = g->requests,
                                  .failures = g->failures,
                                  .limited = g->limited,
                                  .again_ms = s == SC_BREAKER_open ? g->breaker.until_ms : 0};
    pthread_mutex_unlock(&g->lock);
}
