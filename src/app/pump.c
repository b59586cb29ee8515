/* The pump: hands the store's events to subscribers, follows what other processes wrote. */
#include "app/internal.h"
#include "app/turn.h"
#include "base/log.h"

enum { POLL_MS = 50, MAX_SUBSCRIBERS = 1000, PAGE = 500, NOTE_EVERY_US = 60 * 1000000 };
struct sc_subscriber {
    sc_subscriber *next;
    sc_id project_id;
    int64_t after; /* last event handed over */
    sc_event_fn fn;
    void *self;
    bool ended;
};

sc_rc sc_events_subscribe(sc_app *app, const sc_id *project, int64_t after_id, sc_event_fn fn,
                          void *self, sc_subscriber **ret, sc_err *err) {
    sc_pump *p = &app->pump;
    sc_subscriber *s = sc_alloc(sizeof *s);
    if (!s) return sc_fail(err, SC_NOMEM, "no memory for a subscriber");
    *s = (sc_subscriber){
        .project_id = project ? *project : (sc_id){{0}}, .after = after_id, .fn = fn, .self = self};
    int64_t newest;
    sc_rc rc = STORE(app)->last_event(SELF(app), &newest, err);
    if (!rc) {
        if (after_id == SC_EVENTS_NOW || after_id > newest) s->after = newest;
        pthread_mutex_lock(&p->lock);
        if (p->n_subscribers >= MAX_SUBSCRIBERS) {
            rc = sc_fail_field(err, SC_LIMITED, "event_streams",
                               "%d event streams are open already", MAX_SUBSCRIBERS);
            if (err) err->retry_after_ms = 5000;
        } else {
            s->next = p->subscribers;
            p->subscribers = s;
            p->n_subscribers++;
            p->poked = true; /* it may want events of before */
            if (s->after < p->last_event) p->last_event = s->after;
            pthread_cond_signal(&p->wake);
        }
        pthread_mutex_unlock(&p->lock);
    }
    if (rc) {
        sc_free(s);
        return rc;
    }
    *ret = s;
    return SC_OK;
}

void sc_events_unsubscribe(sc_app *app, sc_subscriber *s) {
    sc_pump *p = &app->pump;
    pthread_mutex_lock(&p->lock); /* callbacks run under this lock */
    for (sc_subscriber **at = &p->subscribers; *at; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            p->n_subscribers--;
            break;
        }
    pthread_mutex_unlock(&p->lock);
    sc_free(s);
}

void sc_pump_poke(sc_app *app) {
    pthread_mutex_lock(&app->pump.lock);
    app->pump.poked = true;
    pthread_cond_signal(&app->pump.wake);
    pthread_mutex_unlock(&app->pump.lock);
}

static void hand_out(sc_pump *p, const sc_event *e) {
    for (sc_subscriber *s = p->subscribers; s; s = s->next) {
        bool mine = !sc_id_is_set(&s->project_id) || sc_id_eq(&s->project_id, &e->project_id);
        if (s->ended || e->id <= s->after || !mine) continue;
        s->after = e->id;
        s->ended = !s->fn(s->self, e);
    }
}

/* Reads new events and hands them out; without subscribers only the position moves. */
static void pump_events(sc_app *app) {
    sc_pump *p = &app->pump;
    sc_err err = {0};
    for (;;) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, 64 << 20);
        sc_event *list;
        size_t n = 0;
        pthread_mutex_lock(&p->lock);
        int64_t from = p->last_event;
        bool anyone = p->n_subscribers > 0;
        pthread_mutex_unlock(&p->lock);
        sc_rc rc = anyone ? STORE(app)->events(SELF(app), NULL, from, PAGE, &arena, &list, &n, &err)
                          : STORE(app)->last_event(SELF(app), &from, &err);
        if (rc) {
            sc_log_err(SC_LOG_WARN, "events not read", &err);
            return;
        }
        pthread_mutex_lock(&p->lock);
        for (size_t i = 0; i < n; i++) hand_out(p, &list[i]);
        /* A subscriber may have asked for older ones meanwhile: then go back there. */
        if (n && p->last_event >= from)
            p->last_event = list[n - 1].id;
        else if (!anyone && !p->n_subscribers)
            p->last_event = from;
        pthread_mutex_unlock(&p->lock);
        if (n < PAGE) return;
    }
}

static sc_rc load(sc_app *app, const sc_project *p, sc_err *err) {
    sc_space *s;
    return sc_space_get(app, &p->id, &s, err);
}

/* Loads the index of every project that has reports, so that the first search need not. */
static void preload(sc_app *app) {
    const char *failed = "index not loaded";
    sc_err err = {0};
    sc_rc rc = sc_turn_projects(app, failed, &app->ending.now, load, &err);
    if (rc && rc != SC_CANCELLED) /* by the end of the process */
        sc_log_err(SC_LOG_WARN, failed, &err);
}

/* What this process refused is in its memory alone until then. */
static void note_refusals(sc_app *app) {
    sc_err err = {0};
    if (sc_refusals_store(app, &err)) sc_log_err(SC_LOG_WARN, "refusals not stored", &err);
}

static void *run(void *arg) {
    sc_app *app = arg;
    sc_pump *p = &app->pump;
    if (app->conf.serves || app->conf.queues & 1u << SC_QUEUE_group) preload(app);
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (!p->poked) sc_cond_wait_ms(&p->wake, &p->lock, sc_lane_look_ms(app, POLL_MS));
        bool poked = p->poked;
        p->poked = false;
        bool stop = p->stop;
        pthread_mutex_unlock(&p->lock);
        int64_t token = p->change_token, now = sc_mono_us(app->conf.clock);
        sc_err err = {0};
        if (!stop && STORE(app)->change_token(SELF(app), &token, &err)) token = p->change_token;
        if (!stop && (poked || token != p->change_token)) {
            p->change_token = token;
            sc_spaces_follow(app);
            pump_events(app);
            sc_worker_poke(app);
        }
        if (!stop && now >= p->next_note_us) {
            p->next_note_us = now + NOTE_EVERY_US;
            note_refusals(app);
        }
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

sc_rc sc_pump_start(sc_app *app, sc_err *err) {
    sc_pump *p = &app->pump;
    sc_rc rc = STORE(app)->last_event(SELF(app), &p->last_event, err);
    if (rc) return rc;
    p->next_note_us = sc_mono_us(app->conf.clock) + NOTE_EVERY_US;
    rc = sc_thread_start(&p->thread, run, app, "pump", err);
    p->running = rc == SC_OK;
    return rc;
}

void sc_pump_stop(sc_app *app) {
    sc_pump *p = &app->pump;
    if (!p->running) return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    p->running = false;
    note_refusals(app);
}
