#include "web/aside.h"

enum { RETRY_MS = 1000 };

static sc_errand *take(sc_aside *a) {
    sc_errand *e = a->first;
    a->first = e->next;
    if (!a->first) a->last = &a->first;
    a->n_waiting--;
    return e;
}

static void *run(void *arg) {
    sc_aside *a = arg;
    pthread_mutex_lock(&a->lock);
    for (;;) {
        while (!a->first && !a->stop) pthread_cond_wait(&a->wake, &a->lock);
        if (a->stop) break;
        sc_errand *e = take(a);
        pthread_mutex_unlock(&a->lock);
        e->fn(e->self); /* e may be gone afterwards */
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

sc_rc sc_aside_start(sc_aside *a, sc_err *err) {
    *a = (sc_aside){.last = &a->first};
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->wake, NULL);
    while (a->n_threads < SC_ASIDE_THREADS) {
        int e = pthread_create(&a->threads[a->n_threads], NULL, run, a);
        if (e) {
            sc_aside_done(a);
            return sc_fail_sys(err, SC_NOMEM, e, "start a thread for what waits");
        }
        pthread_setname_np(a->threads[a->n_threads++], "aside");
    }
    return SC_OK;
}

void sc_aside_end(sc_aside *a) {
    if (!a->last) return; /* was never started */
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_broadcast(&a->wake);
    while (a->first) {
        sc_errand *e = take(a);
        pthread_mutex_unlock(&a->lock);
        e->late(e->self); /* e may be gone afterwards */
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
}

void sc_aside_stop(sc_aside *a) {
    sc_aside_end(a);
    while (a->n_threads) pthread_join(a->threads[--a->n_threads], NULL);
}

void sc_aside_done(sc_aside *a) {
    if (!a->last) return;
    sc_aside_stop(a);
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->wake);
    a->last = NULL;
}

sc_rc sc_aside_put(sc_aside *a, sc_errand *e, sc_err *err) {
    pthread_mutex_lock(&a->lock);
    const bool stop = a->stop, room = !stop && a->n_waiting < SC_ASIDE_MOST;
    if (room) {
        e->next = NULL;
        *a->last = e;
        a->last = &e->next;
        a->n_waiting++;
        pthread_cond_signal(&a->wake);
    }
    pthread_mutex_unlock(&a->lock);
    if (room) return SC_OK;
    if (stop) return sc_fail(err, SC_CANCELLED, "the server is shutting down");
    sc_fail(err, SC_LIMITED, "too many requests wait for other services");
    if (err) err->retry_after_ms = RETRY_MS;
    return SC_LIMITED;
}
