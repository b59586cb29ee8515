/* Dead letters are kept until somebody sends them round again or drops them, but not without end: beyond so many of a project, or
 * so many bytes (payloads and reasons), the oldest go. Each that goes is in the log, whole, and counted; from four
 * fifths of a bound on, /health, `doctor`, the metrics and the log say so. Fixes are history, and no dead letters here.
 *
 * The scheduler looks once a minute, and stores what it saw as the setting "dead_letters" of the installation, so that every
 * process can tell it. Threads: any. */
#ifndef SC_APP_DEAD_H
#define SC_APP_DEAD_H

#include "app/app.h"

typedef struct sc_dead {
    int64_t n, bytes; /* of all projects; what is left */
    double fullness;  /* of the fullest project, 0 to 1: the nearer bound */
    sc_id project;    /* that one */
    int64_t dropped;  /* ever */
    int64_t seen_at_ms;
} sc_dead;

#define SC_DEAD_LEVELS(X) X(ok) X(near) X(full)
typedef enum sc_dead_level {
#define X(name) SC_DEAD_##name,
    SC_DEAD_LEVELS(X)
#undef X
} sc_dead_level;

/* near: from four fifths of a bound on; full: at it, so the oldest go. */
sc_dead_level sc_dead_level_of(const sc_dead *d);
const char *sc_dead_level_name(sc_dead_level l);

/* The scheduler's. */
sc_rc sc_dead_look(sc_app *app, sc_err *err);
/* What the scheduler saw last; all zero before. */
sc_rc sc_dead_get(sc_app *app, sc_dead *ret, sc_err *err);

#endif
