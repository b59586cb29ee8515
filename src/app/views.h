/* Saved views: a name and a query of the issue list, of a project, seen by all who may read it.
 *
 * Each is a setting of its own ("view." and the name), so two people who save at once lose nothing,
 * and a name is there once. Bounded in number and in size. Threads: any. */
#ifndef SC_APP_VIEWS_H
#define SC_APP_VIEWS_H

#include "app/app.h"

enum { SC_VIEWS_MAX = 100, SC_VIEW_MAX_NAME = 100, SC_VIEW_MAX_QUERY = 4096 };

typedef struct sc_view {
    sc_id id;
    sc_str name;
    sc_str query; /* a JSON object: parameters of GET /api/clusters, checked by the contract */
    sc_str by;    /* who saved it */
    int64_t saved_at_ms;
} sc_view;

/* By name. */
sc_rc sc_views_list(sc_app *app, const sc_id *project, sc_arena *arena, sc_view **ret,
                    size_t *ret_n, sc_err *err);
/* Saves one; a view of the same name is replaced and keeps its id (*ret_replaced). SC_CONFLICT when there
 * are SC_VIEWS_MAX already, SC_UNPROCESSABLE names what is too long. */
sc_rc sc_views_save(sc_app *app, const sc_id *project, sc_str name, const json_t *query, sc_str by,
                    sc_arena *arena, sc_view *ret, bool *ret_replaced, sc_err *err);
sc_rc sc_views_drop(sc_app *app, const sc_id *project, const sc_id *id, sc_err *err);

#endif
