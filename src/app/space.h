/* A space: one project's grouping engine in this process, kept in step with the store.
 *
 * Two locks. `writer` is held by whoever computes a change and writes it (worker, triage, follower):
 * one change at a time. `lock` guards the engine's memory: readers share it, a change takes it only
 * while it alters the engine, not while the store commits. `version` is the store's group_version
 * that the engine reflects; a write computed on another version is refused by the store
 * (SC_CONFLICT) and computed again after following. */
#ifndef SC_APP_SPACE_H
#define SC_APP_SPACE_H

#include <pthread.h>

#include "app/bare.h"
#include "app/chart_data.h"
#include "app/lens.h"
#include "core/project.h"
#include "group/engine.h"
#include "text/prepare.h"

struct sc_app;

typedef struct sc_space sc_space;
struct sc_space {
    sc_space *next;
    struct sc_app *app;
    sc_id project_id;
    sc_engine *engine;
    sc_lens *_Atomic lens; /* its vectors are in the engine; changes with it */
    uint16_t dim;          /* of the engine's vectors                       */
    pthread_mutex_t writer;
    pthread_rwlock_t lock;
    sc_bare bare;       /* reports without a vector */
    int64_t version;    /* under writer */
    bool loaded;        /* under writer; false = must be rebuilt from the store */
    _Atomic bool ready; /* loaded once: readers need not take `writer` */
    /* Of the pass over everything in idle time (tidy.h); under writer. */
    struct sc_pass *pass;    /* under way, or NULL */
    int64_t changed;         /* reports placed since the last whole pass */
    int64_t place_us;        /* what placing one takes, lately; worker thread alone */
    _Atomic int64_t busy_us; /* monotonic time of the last placing       */
    _Atomic bool asked;      /* a job for it waits, by this process      */
    int64_t due_us; /* when the one that waits, or goes on, was asked for; worker's alone */
    /* The map (chart.h). */
    pthread_mutex_t chart_lock;
    sc_chart chart; /* under chart_lock; the worker alone replaces it by a new one */
    struct sc_chart_work *chart_work;  /* under way, or NULL; worker's alone */
    _Atomic bool undrawn, chart_asked; /* something came since; a job for it waits */
    int64_t chart_due_us;              /* as due_us */
};

typedef struct sc_spaces {
    pthread_mutex_t lock;
    sc_space *head;
} sc_spaces;

void sc_spaces_init(sc_spaces *s);
void sc_spaces_free(sc_spaces *s);

/* The project's space, made and loaded when needed. It lives as long as the app. */
sc_rc sc_space_get(struct sc_app *app, const sc_id *project, sc_space **ret, sc_err *err);
/* Takes `writer` and follows the store. On success the caller must sc_space_unlock. */
sc_rc sc_space_lock(sc_space *s, sc_err *err);
void sc_space_unlock(sc_space *s);
/* With `writer` held: brings the engine in step with the store. */
sc_rc sc_space_follow(sc_space *s, sc_err *err);
/* With `writer` held: the engine may be wrong (a revert failed): rebuild at the next use. */
void sc_space_forget(sc_space *s);
/* With `writer` and the write side of `lock` held: hands the corrections in force to the engine. */
sc_rc sc_space_load_corrections(sc_space *s, sc_err *err);
/* From an issue that was merged away to the one its reports are in now; any other id stays as it is. */
sc_rc sc_space_heir(sc_space *s, sc_id *id, sc_arena *arena, sc_err *err);
/* Follows other processes' writes in all loaded spaces. */
void sc_spaces_follow(struct sc_app *app);

/* Prepares, embeds and packs one report with the project's embedder, `writer` held. `prepared` may be
 * NULL. Everything lives in the arena. A remote embedder is not asked, only what it answered before is
 * looked up (sc_embed_fetch): a report that is bare for now gets a representation of 0 dimensions, as
 * it does where the embedder is blind; SC_CONFLICT when it was not asked for, or must wait; the
 * service's own error when that does not take it. */
sc_rc sc_space_represent(sc_space *s, const sc_feedback *f, sc_arena *arena, sc_repr *ret,
                         sc_prepared *ret_prepared, sc_err *err);
/* With `writer` held: gives a representation of 0 dimensions the vector that says nothing. */
void sc_space_stand_in(const sc_space *s, sc_repr *r);
/* Who is asked for vectors where the project's embedder is remote; else NULL. */
struct sc_embed *sc_space_embed(const sc_space *s);
/* The best hits for a query, with the engine and the embedder of one moment. No lock is held. */
sc_rc sc_space_search(sc_space *s, sc_str query, size_t limit, sc_arena *arena, sc_hit **ret,
                      size_t *ret_n, const char **ret_model, sc_err *err);

/* An empty engine for a lens's vectors. */
sc_rc sc_space_engine(sc_space *s, const sc_lens *lens, sc_engine **ret, sc_err *err);
/* With `writer` held: exchanges engine, lens and bare reports with those of a space that nobody else
 * sees; the version stays. */
void sc_space_exchange(sc_space *s, sc_space *with);
/* An engine has been told of reports: it weighs its words, and learns the statuses changed since and all
 * corrections. */
sc_rc sc_space_tell_rules(sc_space *s, sc_engine *e, int64_t since, sc_err *err);

#endif
