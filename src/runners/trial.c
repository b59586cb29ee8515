#include "runners/trial.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "runners/registry.h"

enum { CHECKS = 3 };

static void open_runner(sc_runner_trial *t) {
    sc_err why = {0};
    void *self = sc_alloc(t->ops->size ? t->ops->size : 1);
    sc_rc rc =
        self ? t->ops->open(self, NULL, &why) : sc_fail(&why, SC_NOMEM, "no memory for a runner");
    if (rc) {
        sc_free(self);
        snprintf(t->why, sizeof t->why, "%s", why.msg);
        return;
    }
    t->runner = (sc_runner){t->ops, self};
    if (!t->ops->sandbox) sc_log(SC_LOG_WARN, "no sandbox", SC_F_TXT("words", t->ops->summary));
}

static void close_runner(sc_runner_trial *t) {
    if (!t->runner.ops) return;
    if (t->runner.ops->close) t->runner.ops->close(t->runner.self);
    sc_free(t->runner.self);
    t->runner = (sc_runner){NULL, NULL};
}

/* Why agents cannot be run; empty: they can. */
static void look_at_runner(sc_runner_trial *t) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_runner_check *rows;
    size_t n = 0;
    sc_err err = {0};
    const char *bad = NULL;
    if (t->runner.ops->check(t->runner.self, &arena, &rows, &n, &err)) bad = err.msg;
    for (size_t i = 0; i < n && !bad; i++)
        if (rows[i].is == SC_RUNNER_BAD) bad = rows[i].words;
    t->why[0] = 0;
    if (bad)
        snprintf(t->why, sizeof t->why, "agents cannot be run safely on this machine: %.180s", bad);
}

/* A machine without user namespaces refuses here, not in the middle of a fix. One that is merely too busy to answer in
 * time is asked again: the answer holds as long as this process. */
static void check_runner(sc_runner_trial *t) {
    if (!t->runner.ops || !t->works) return;
    look_at_runner(t);
    for (int i = 1; i < CHECKS && *t->why; i++) look_at_runner(t);
    if (*t->why) close_runner(t);
}

static void *run(void *arg) {
    sc_runner_trial *t = arg;
    open_runner(t);
    check_runner(t);
    pthread_mutex_lock(&t->lock);
    t->known = true;
    pthread_cond_broadcast(&t->told);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

sc_rc sc_runner_trial_open(sc_runner_trial *ret, const char *name, bool works, sc_err *err) {
    *ret = (sc_runner_trial){.works = works};
    pthread_mutex_init(&ret->lock, NULL);
    pthread_cond_init(&ret->told, NULL);
    if (!strcmp(name, "none")) {
        snprintf(ret->why, sizeof ret->why, "this server runs no agents (--fix-runner none)");
        ret->known = true;
        return SC_OK;
    }
    ret->ops = sc_runner_find(sc_str_of(name));
    if (!ret->ops) {
        ret->known = true;
        return sc_fail(err, SC_INVALID, "--fix-runner: there is no \"%.40s\"", name);
    }
    ret->started = !pthread_create(&ret->thread, NULL, run, ret);
    if (!ret->started) run(ret); /* no thread: here and now */
    return SC_OK;
}

void sc_runner_trial_known(void *self, sc_runner *ret, const char **ret_why) {
    sc_runner_trial *t = self;
    pthread_mutex_lock(&t->lock);
    while (!t->known) pthread_cond_wait(&t->told, &t->lock);
    pthread_mutex_unlock(&t->lock);
    *ret = t->runner;
    if (ret_why) *ret_why = *t->why ? t->why : NULL;
}

void sc_runner_trial_close(sc_runner_trial *t) {
    if (t->started) pthread_join(t->thread, NULL);
    close_runner(t);
    pthread_cond_destroy(&t->told);
    pthread_mutex_destroy(&t->lock);
}
