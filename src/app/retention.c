#include "app/retention.h"

#include <stdlib.h>

#include "app/internal.h"
#include "app/triage.h"
#include "base/log.h"

#define SETTING SC_STR("retention")

enum { PAGE = 200, SHOWN = 50, ARENA_BYTES = 256 << 20, LOOK_US = 300000 };
static const int64_t DAY_MS = 86400000;

typedef enum fate { GOES, CHANGED, FIXED, TIED } fate;

typedef struct keeper {
    sc_app *app;
    const sc_id *project;
    sc_arena *arena;
    int64_t before_ms;
    sc_id begun; /* an issue of which a part is gone already */
    sc_id *tied;
    size_t n_tied;
} keeper;

/* ---- What people tied to an open issue ----------------------------------------------------------- */

typedef struct tie {
    sc_id action, issue;
    bool open;
} tie;

static int by_action(const void *a, const void *b) {
    return strcmp(((const tie *)a)->action.text, ((const tie *)b)->action.text);
}

static int by_id(const void *a, const void *b) {
    return strcmp(((const sc_id *)a)->text, ((const sc_id *)b)->text);
}

static int by_name_id(const void *id, const void *name) {
    return strcmp(((const sc_id *)id)->text, ((const sc_cluster_name *)name)->id.text);
}

static bool is_closed(sc_cluster_status s) {
    return s == SC_CLUSTER_resolved || s == SC_CLUSTER_ignored;
}

/* The issues of the reports that corrections name, in the corrections' order (none: not in one). */
static sc_rc places_of(const keeper *k, const sc_correction *c, size_t n, sc_id *ret, sc_err *err) {
    for (size_t from = 0; from < n; from += PAGE) {
        int64_t seqs[PAGE];
        size_t end = SC_MIN(n, from + PAGE), m = 0;
        for (size_t i = from; i < end; i++)
            if (c[i].feedback_seq) seqs[m++] = c[i].feedback_seq;
        if (!m) continue;
        sc_feedback_filter f = {
            .project_id = *k->project, .by_seqs = true, .seqs = seqs, .n_seqs = m};
        sc_feedback_list list;
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, ARENA_BYTES);
        sc_rc rc = STORE(k->app)->feedback_list(SELF(k->app), &f, &(sc_page){.limit = PAGE}, &arena,
                                                &list, err);
        if (rc) return rc;
        for (size_t i = from; i < end; i++)
            for (size_t j = 0; j < list.n && c[i].feedback_seq; j++)
                if (list.items[j].seq == c[i].feedback_seq) ret[i] = list.items[j].cluster_id;
    }
    return SC_OK;
}

static size_t ties_of(const sc_correction *c, const sc_id *places, size_t n,
                      const sc_cluster_name *names, size_t n_names, tie *ret) {
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        const sc_id *const touched[] = {&c[i].cluster_id, &c[i].other_id, &places[i]};
        for (size_t j = 0; j < SC_LEN(touched); j++) {
            if (!sc_id_is_set(touched[j])) continue;
            const sc_cluster_name *name =
                bsearch(touched[j], names, n_names, sizeof *names, by_name_id);
            if (name) ret[m++] = (tie){c[i].action_id, name->id, !is_closed(name->status)};
        }
    }
    return m;
}

/* Of each action that touches an open issue: the closed ones that it touches. */
static void keep_tied(keeper *k, tie *t, size_t n) {
    if (n) qsort(t, n, sizeof *t, by_action);
    for (size_t from = 0, to; from < n; from = to) {
        bool open = false;
        for (to = from; to < n && sc_id_eq(&t[to].action, &t[from].action); to++)
            open |= t[to].open;
        for (size_t i = from; open && i < to; i++)
            if (!t[i].open) k->tied[k->n_tied++] = t[i].issue;
    }
    if (k->n_tied) qsort(k->tied, k->n_tied, sizeof *k->tied, by_id);
}

static sc_rc read_ties(keeper *k, sc_err *err) {
    sc_correction *c;
    sc_cluster_name *names;
    size_t n, n_names;
    sc_rc rc = STORE(k->app)->corrections(SELF(k->app), k->project, k->arena, &c, &n, err);
    if (rc || !n) return rc;
    rc = STORE(k->app)->cluster_names(SELF(k->app), k->project, k->arena, &names, &n_names, err);
    if (rc || !n_names) return rc;
    sc_id *places = sc_arena_take_array(k->arena, n, sizeof *places);
    tie *ties = sc_arena_take_array(k->arena, 3 * n, sizeof *ties);
    k->tied = sc_arena_take_array(k->arena, 3 * n, sizeof *k->tied);
    if (!places || !ties || !k->tied)
        return sc_fail(err, SC_NOMEM, "no memory for the corrections");
    memset(places, 0, n * sizeof *places);
    rc = places_of(k, c, n, places, err);
    if (!rc) keep_tied(k, ties, ties_of(c, places, n, names, n_names, ties));
    return rc;
}

/* ---- What goes ----------------------------------------------------------------------------------- */

static sc_rc open_keeper(sc_app *app, const sc_id *project, int64_t keep_days, sc_arena *arena,
                         keeper *k, sc_err *err) {
    sc_str begun;
    *k = (keeper){.app = app,
                  .project = project,
                  .arena = arena,
                  .before_ms = sc_now_ms(app->conf.clock) - keep_days * DAY_MS};
    sc_rc rc = STORE(app)->setting_get(SELF(app), project, SETTING, arena, &begun, err);
    if (rc) return rc;
    k->begun = sc_id_of(sc_str_trim(begun));
    return read_ties(k, err);
}

static sc_rc was_fixed(const keeper *k, const sc_cluster *c, bool *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_filter f = {.project_id = *k->project, .cluster_id = c->id};
    sc_fix_list list = {0};
    *ret = false;
    do {
        sc_page page = {.limit = PAGE, .cursor = list.next_cursor};
        sc_rc rc = STORE(k->app)->fix_list(SELF(k->app), &f, &page, &arena, &list, err);
        if (rc) return rc;
        for (size_t i = 0; i < list.n; i++)
            *ret |=
                list.items[i].pull != SC_FIX_PULL_none || !sc_job_state_ended(list.items[i].status);
    } while (list.next_cursor.n && !*ret);
    return SC_OK;
}

static sc_rc judge(const keeper *k, const sc_cluster *c, fate *ret, sc_err *err) {
    bool fixed = false;
    *ret = TIED;
    if (k->n_tied && bsearch(&c->id, k->tied, k->n_tied, sizeof *k->tied, by_id)) return SC_OK;
    sc_rc rc = was_fixed(k, c, &fixed, err);
    *ret = fixed                                                            ? FIXED
           : c->updated_at_ms < k->before_ms || sc_id_eq(&c->id, &k->begun) ? GOES
                                                                            : CHANGED;
    return rc;
}

/* Calls fn with every issue that is closed and old; false of it ends that. */
static sc_rc each(const keeper *k, bool (*fn)(void *self, const sc_cluster *c, fate f), void *self,
                  sc_err *err) {
    sc_cluster_filter f = {.project_id = *k->project,
                           .statuses = 1u << SC_CLUSTER_resolved | 1u << SC_CLUSTER_ignored,
                           .until_ms = k->before_ms,
                           .sort = SC_SORT_CREATED};
    sc_cluster_list list = {0};
    bool on = true;
    do {
        sc_page page = {.limit = PAGE, .cursor = list.next_cursor};
        sc_rc rc = STORE(k->app)->cluster_list(SELF(k->app), &f, &page,
                                               sc_now_ms(k->app->conf.clock), k->arena, &list, err);
        for (size_t i = 0; !rc && on && i < list.n; i++) {
            fate what;
            rc = judge(k, &list.items[i], &what, err);
            if (!rc) on = fn(self, &list.items[i], what);
        }
        if (rc) return rc;
    } while (on && list.next_cursor.n);
    return SC_OK;
}

static bool count(void *self, const sc_cluster *c, fate f) {
    sc_retention *r = self;
    r->kept_changed += f == CHANGED;
    r->kept_fixed += f == FIXED;
    r->kept_tied += f == TIED;
    if (f != GOES) return true;
    r->issues++;
    r->reports += c->count;
    r->oldest_ms = r->oldest_ms ? SC_MIN(r->oldest_ms, c->last_seen_ms) : c->last_seen_ms;
    r->newest_ms = SC_MAX(r->newest_ms, c->last_seen_ms);
    if (r->n_items < SHOWN) r->items[r->n_items++] = *c;
    return true;
}

sc_rc sc_retention_plan(sc_app *app, const sc_id *project, int64_t keep_days, sc_arena *arena,
                        sc_retention *ret, sc_err *err) {
    keeper k;
    sc_retention r = {.items = sc_arena_take_array(arena, SHOWN, sizeof *r.items)};
    if (!r.items) return sc_fail(err, SC_NOMEM, "no memory for the issues");
    sc_rc rc = SC_OK;
    if (keep_days > 0) {
        rc = open_keeper(app, project, keep_days, arena, &k, err);
        if (!rc) rc = each(&k, count, &r, err);
        r.before_ms = k.before_ms;
    }
    if (!rc) *ret = r;
    return rc;
}

/* ---- Removing ------------------------------------------------------------------------------------ */

typedef struct turn {
    keeper k;
    int64_t until_us, reports, issues;
    bool more;
    sc_err err;
} turn;

static sc_rc mark(const turn *t, const sc_id *issue, sc_err *err) {
    sc_app *app = t->k.app;
    return STORE(app)->setting_put(SELF(app), t->k.project, SETTING, sc_id_str(issue),
                                   sc_now_ms(app->conf.clock), err);
}

static bool over(const turn *t) { return sc_mono_us(t->k.app->conf.clock) >= t->until_us; }

/* The first page of an issue's reports. *ret_left: there are more. */
static sc_rc remove_some(turn *t, const sc_cluster *c, bool *ret_left, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_app *app = t->k.app;
    sc_feedback_filter f = {.project_id = *t->k.project, .cluster_id = c->id};
    sc_feedback_list list;
    sc_rc rc =
        STORE(app)->feedback_list(SELF(app), &f, &(sc_page){.limit = PAGE}, &arena, &list, err);
    *ret_left = !rc && list.next_cursor.n > 0;
    for (size_t i = 0; !rc && i < list.n; i++) {
        if (over(t) && t->reports) {
            *ret_left = true;
            return SC_OK;
        }
        rc = sc_triage_remove(app, t->k.project, &list.items[i].id, SC_STR("retention"), err);
        if (rc == SC_NOT_FOUND) rc = SC_OK; /* another process was faster */
        t->reports += !rc;
    }
    return rc;
}

static bool remove_issue(void *self, const sc_cluster *c, fate f) {
    turn *t = self;
    if (f != GOES) return true;
    bool left = true;
    if (over(t) && t->reports) {
        t->more = true;
        return false;
    }
    sc_rc rc = mark(t, &c->id, &t->err);
    while (!rc && left && !(over(t) && t->reports)) rc = remove_some(t, c, &left, &t->err);
    if (!rc && !left) rc = mark(t, &(sc_id){""}, &t->err);
    t->issues += !rc && !left;
    t->more = left;
    return !rc && !left;
}

sc_rc sc_retention_work(sc_app *app, const sc_id *project, int64_t keep_days, int64_t budget_us,
                        int64_t *ret_reports, int64_t *ret_issues, bool *ret_more, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    turn t = {.until_us = sc_mono_us(app->conf.clock) + budget_us};
    sc_rc rc = SC_OK;
    if (keep_days > 0) {
        rc = open_keeper(app, project, keep_days, &arena, &t.k, err);
        if (!rc) rc = each(&t.k, remove_issue, &t, err);
    }
    if (!rc && t.err.rc) {
        rc = t.err.rc;
        if (err) *err = t.err;
    }
    if (t.reports)
        sc_log(SC_LOG_INFO, "retention", SC_F_STR("project", sc_id_str(project)),
               SC_F_INT("reports", t.reports), SC_F_INT("issues", t.issues));
    atomic_fetch_add(&app->expired, t.reports);
    *ret_reports = t.reports;
    *ret_issues = t.issues;
    *ret_more = t.more;
    return rc;
}

sc_rc sc_retention_job(sc_app *app, const sc_job *job, sc_err *err) {
    sc_quota own;
    int64_t reports, issues;
    bool more;
    sc_rc rc = sc_quota_look(app, &job->project_id, &own, err);
    if (rc || !own.keep_days) return rc;
    return sc_retention_work(app, &job->project_id, own.keep_days, LOOK_US, &reports, &issues,
                             &more, err);
}

sc_rc sc_retention_ask(sc_app *app, const sc_id *project, sc_err *err) {
    sc_quota own;
    sc_rc rc = sc_quota_look(app, project, &own, err);
    if (rc || !own.keep_days) return rc;
    return sc_work_ask(app, "retention", project, SC_STR_NONE, sc_now_ms(app->conf.clock), err);
}
