#include "embedders/encoder/team.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/mem.h"

/* One sc_team_run, on its caller's stack; in the list while it has pieces that nobody took. */
typedef struct task {
    struct task *next;
    void (*work)(void *self, size_t i);
    void *self;
    size_t n, taken, done;
} task;

struct sc_team {
    pthread_mutex_t lock;
    pthread_cond_t wanted;   /* a task came, or the end */
    pthread_cond_t finished; /* a task's last piece      */
    task *tasks;
    bool ends;
    size_t n;
    pthread_t threads[SC_TEAM_MAX];
};

/* The number of a piece of t; the task leaves the list with its last one. The lock is held. */
static size_t take(sc_team *team, task *t) {
    size_t i = t->taken++;
    if (t->taken == t->n)
        for (task **p = &team->tasks; *p; p = &(*p)->next)
            if (*p == t) {
                *p = t->next;
                break;
            }
    return i;
}

static void do_piece(sc_team *team, task *t) {
    size_t i = take(team, t);
    pthread_mutex_unlock(&team->lock);
    t->work(t->self, i);
    pthread_mutex_lock(&team->lock);
    if (++t->done == t->n) pthread_cond_broadcast(&team->finished);
}

static void *help(void *self) {
    sc_team *team = self;
    /* What is shared out is bulk; answering requests comes first. */
    if (nice(5) == -1) { /* -1 is also a valid niceness: nothing to tell */
    }
    pthread_mutex_lock(&team->lock);
    while (!team->ends) {
        if (team->tasks)
            do_piece(team, team->tasks);
        else
            pthread_cond_wait(&team->wanted, &team->lock);
    }
    pthread_mutex_unlock(&team->lock);
    return NULL;
}

sc_rc sc_team_new(size_t helpers, sc_team **ret, sc_err *err) {
    sc_team *t = sc_alloc(sizeof *t);
    if (!t) return sc_fail(err, SC_NOMEM, "no memory for the encoder's threads");
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wanted, NULL);
    pthread_cond_init(&t->finished, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    while (!failed && t->n < SC_MIN(helpers, (size_t)SC_TEAM_MAX)) {
        failed = pthread_create(&t->threads[t->n], NULL, help, t);
        if (!failed) pthread_setname_np(t->threads[t->n++], "encode");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        sc_team_free(t);
        return sc_fail_sys(err, SC_INTERNAL, failed, "start the encoder's threads");
    }
    *ret = t;
    return SC_OK;
}

void sc_team_free(sc_team *t) {
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->ends = true;
    pthread_cond_broadcast(&t->wanted);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->n; i++) pthread_join(t->threads[i], NULL);
    pthread_cond_destroy(&t->finished);
    pthread_cond_destroy(&t->wanted);
    pthread_mutex_destroy(&t->lock);
    sc_free(t);
}

void sc_team_run(sc_team *team, void (*work)(void *self, size_t i), void *self, size_t n) {
    task t = {.work = work, .self = self, .n = n};
    if (n <= 1 || team->n == 0) {
        for (size_t i = 0; i < n; i++) work(self, i);
        return;
    }
    pthread_mutex_lock(&team->lock);
    task **end = &team->tasks;
    while (*end) end = &(*end)->next;
    *end = &t;
    pthread_cond_broadcast(&team->wanted);
    while (t.taken < t.n) do_piece(team, &t);
    while (t.done < t.n) pthread_cond_wait(&team->finished, &team->lock);
    pthread_mutex_unlock(&team->lock);
}
