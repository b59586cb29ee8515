/* The scheduler: what has to be done every so often, once for the whole installation, however many processes it has.
 *
 * Any number of processes stand for it; the store gives one of them the lead (ports/store.h), which it takes anew three
 * times a lease. When it ends in good order another one leads at once, when it is killed as soon as the store sees that, or the
 * lease is over. One that was stopped for longer may do one more task before it learns that it was followed, so each task may be done twice:
 * it removes what is old, asks for jobs by their key, or writes what was read at its version. */
#ifndef SC_APP_SCHEDULE_H
#define SC_APP_SCHEDULE_H

#include "app/lane.h"

enum { SC_SCHEDULE_TASKS = 6 };

typedef struct sc_schedule {
    sc_lane lane;
    _Atomic bool leads;
    int64_t next_us[SC_SCHEDULE_TASKS], next_lead_us; /* monotonic */
    int64_t hold_until_us;
    int64_t seen_wall_ms, seen_mono_us; /* at the last look at the clock */
    int64_t pruned_seq;                 /* up to which decisions were looked at, this time round */
} sc_schedule;

void sc_schedule_init(sc_schedule *s);
void sc_schedule_done(sc_schedule *s);
sc_rc sc_schedule_start(struct sc_app *app, sc_err *err);
/* Gives the lead up. */
void sc_schedule_stop(struct sc_app *app);

#endif
