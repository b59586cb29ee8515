#include "web/ticker.h"

#include <time.h>

static int64_t now_us(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* The armed tick that is due first; NULL when there is none. */
static sc_tick *first(const sc_ticker *t) {
    sc_tick *best = t->armed;
    for (sc_tick *k = best; k; k = k->next)
        if (k->due_us < best->due_us) best = k;
    return best;
}

static void take_off(sc_ticker *t, sc_tick *k) {
    for (sc_tick **at = &t->armed; *at; at = &(*at)->next)
        if (*at == k) {
            *at = k->next;
            break;
        }
    k->armed = false;
}

static void wait_until(sc_ticker *t, int64_t due_us) {
    struct timespec ts = {.tv_sec = due_us / 1000000, .tv_nsec = due_us % 1000000 * 1000};
    pthread_cond_timedwait(&t->wake, &t->lock, &ts);
}

static void *run(void *arg) {
    sc_ticker *t = arg;
    pthread_mutex_lock(&t->lock);
    while (!t->stop) {
        sc_tick *k = first(t);
        if (!k) {
            pthread_cond_wait(&t->wake, &t->lock);
        } else if (k->due_us > now_us()) {
            wait_until(t, k->due_us);
        } else {
            take_off(t, k);
            t->running = k;
            pthread_mutex_unlock(&t->lock);
            k->fn(k->self); /* k may be gone afterwards */
            pthread_mutex_lock(&t->lock);
            t->running = NULL;
            pthread_cond_broadcast(&t->idle);
        }
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

sc_rc sc_ticker_start(sc_ticker *t, sc_err *err) {
    pthread_condattr_t attr;
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->wake, &attr);
    pthread_cond_init(&t->idle, NULL);
    pthread_condattr_destroy(&attr);
    int e = pthread_create(&t->thread, NULL, run, t);
    if (e) return sc_fail_sys(err, SC_NOMEM, e, "start the ticker thread");
    pthread_setname_np(t->thread, "ticker");
    t->started = true;
    return SC_OK;
}

void sc_ticker_stop(sc_ticker *t) {
    if (!t->started) return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    t->started = false;
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    pthread_cond_destroy(&t->idle);
}

void sc_ticker_arm(sc_ticker *t, sc_tick *k, int64_t delay_ms) {
    int64_t due = now_us() + delay_ms * 1000;
    pthread_mutex_lock(&t->lock);
    if (!k->cancelled && (!k->armed || due < k->due_us)) {
        k->due_us = due;
        if (!k->armed) {
            k->armed = true;
            k->next = t->armed;
            t->armed = k;
        }
        pthread_cond_signal(&t->wake);
    }
    pthread_mutex_unlock(&t->lock);
}

void sc_ticker_cancel(sc_ticker *t, sc_tick *k) {
    pthread_mutex_lock(&t->lock);
    if (k->armed) take_off(t, k);
    k->cancelled = true;
    if (!pthread_equal(pthread_self(), t->thread))
        while (t->running == k) pthread_cond_wait(&t->idle, &t->lock);
    pthread_mutex_unlock(&t->lock);
}
