/* The map: every report of a project as a point in the plane, near others that are like it.
 *
 * Drawn by the worker in idle time (layout/layout.h), kept in the store, and read from memory. What is drawn
 * stays where it is: a new report is placed among the others, and moves none. All is laid out anew when
 * the reports that came or went since are more than a quarter of those laid out then, or the project's
 * model is another one; the new picture begins at the old places and is turned, mirrored, scaled and shifted so that
 * it fits them best. Of more than SC_CHART_BASE_MAX reports only so many are laid out (chosen by a hash of
 * their numbers); the others are placed among these. */
#ifndef SC_APP_CHART_H
#define SC_APP_CHART_H

#include "app/chart_data.h"
#include "app/space.h"
#include "core/cluster.h"
#include "core/job.h"

enum { SC_CHART_BASE_MAX = 10000 };

/* ---- Drawing: the worker's thread alone ------------------------------------------------------------- */

/* Any thread: asks for a "chart" job when something was placed since the last one and this process has none waiting. */
sc_rc sc_chart_ask(sc_space *s, sc_err *err);
/* Works on one; *ret_later_ms as in tidy.h. */
sc_rc sc_chart_work(struct sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err);
/* Forgets work under way and what is in memory. */
void sc_chart_forget(sc_space *s);

/* ---- Reading: any thread ---------------------------------------------------------------------------- */

typedef struct sc_chart_filter {
    unsigned statuses; /* bit set of cluster statuses; 0 = any */
    unsigned sources;  /* bit set: issues with a report of one of these; 0 = any */
    int64_t since_ms;  /* written at this time or later; 0 = any */
    size_t limit;      /* the newest so many */
} sc_chart_filter;

typedef struct sc_chart_group {
    sc_id id;
    sc_str title;
    sc_cluster_status status;
    int64_t count;  /* reports in all */
    uint32_t shown; /* of them, here  */
    int64_t sum_x, sum_y;
} sc_chart_group;

typedef struct sc_chart_view {
    struct sc_chart_shown {
        unsigned char id[16];
        int16_t x, y;
        uint32_t group; /* index into groups */
    } * points;         /* newest first */
    size_t n, total;    /* total: those that match, beyond the limit too */
    sc_chart_group *groups;
    size_t n_groups;
    int64_t laid_ms; /* 0: nothing was drawn yet */
    size_t undrawn;  /* reports that are not drawn yet */
    bool draws;      /* this process draws maps */
} sc_chart_view;

/* Everything lives in the arena. */
sc_rc sc_chart_read(struct sc_app *app, const sc_id *project, const sc_chart_filter *f,
                    sc_arena *arena, sc_chart_view *ret, sc_err *err);
/* With s->chart_lock held: takes the stored chart where it is another one than that in memory. */
sc_rc sc_chart_follow(sc_space *s, sc_err *err);

#endif
