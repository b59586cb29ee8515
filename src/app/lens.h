/* Lenses: what turns texts into vectors, by model. The configured embedder is one; others are opened
 * when a project is still grouped with their model, or is to be. One that cannot be opened here is
 * blind: what was stored with it is used, new texts get a vector that says nothing.
 *
 * Which model a project is to be grouped with is stored, so that all processes mean the same: a
 * project's own choice (a person's), else the installation's (of the server or worker that started
 * last), else what this process was configured with. Threads: all functions are thread-safe. */
#ifndef SC_APP_LENS_H
#define SC_APP_LENS_H

#include <pthread.h>

#include "app/memo.h"
#include "core/feedback.h"
#include "core/project.h"
#include "ports/embedder.h"

struct sc_app;

typedef struct sc_lens sc_lens;
struct sc_lens {
    sc_lens *next;
    sc_embedder em; /* ops NULL: blind */
    bool own;       /* opened by us, closed by us */
    char model[200];
    char name[64]; /* it was opened by, where that is another one; or empty */
    sc_err why;    /* blind: why it cannot be opened */
    /* Vectors of reports made ahead (ahead.h), by the texts as they came in; room 0: none are. */
    pthread_mutex_t memo_lock;
    sc_memo memo;
};

typedef struct sc_lenses {
    pthread_mutex_t lock;
    sc_lens *head; /* only ever added to; the configured one is the last */
} sc_lenses;

sc_rc sc_lenses_init(struct sc_app *app, sc_err *err);
void sc_lenses_done(struct sc_app *app);
/* Writes down that this process's embedder is the installation's (serve and worker, at their start). */
sc_rc sc_lenses_record(struct sc_app *app, sc_err *err);

/* The one of that model, which may be blind; an empty name: the configured one. Lives as long as the
 * app. */
sc_rc sc_lens_get(struct sc_app *app, sc_str model, sc_lens **ret, sc_err *err);
/* By an embedder's name ("builtin") or a model's; SC_UNPROCESSABLE when it cannot be opened. Once opened, a name means the same model
 * until the process ends, whatever is installed meanwhile. */
sc_rc sc_lens_choose(struct sc_app *app, sc_str name, sc_lens **ret, sc_err *err);
/* Is it worth while to embed reports ahead, many at once? */
bool sc_lens_embeds_together(const sc_lens *l);
/* A vector made ahead. */
void sc_lens_remember(sc_lens *l, const sc_feedback *f, const int8_t *vec);
/* Copies it (ret_vec may be NULL); false: there is none. */
bool sc_lens_recall(sc_lens *l, const sc_feedback *f, int8_t *ret_vec);
/* The one that the project is to be grouped with. */
sc_rc sc_lens_wanted(struct sc_app *app, const sc_id *project, sc_lens **ret, sc_err *err);
/* A person's choice as it is stored, in the arena; empty: none. */
sc_rc sc_lens_chosen(struct sc_app *app, const sc_id *project, sc_arena *arena, sc_str *ret,
                     sc_err *err);
/* A person's choice for a project: a name, "previous", or "auto" for none. SC_UNPROCESSABLE. */
sc_rc sc_lens_use(struct sc_app *app, const sc_id *project, sc_str name, sc_err *err);

#endif
