#include "app/retention.h"

#include <stdlib.h>

#include "app/internal.h"
#include "app/triage.h"
#include "base/log.h"

#define BEGUN_SETTING SC_STR("retention")
#define BEGUN_FORM SC_STR("gone") /* before the ids; those of a former version may be whole */
#define AT_SETTING SC_STR("retention.at")

enum {
    PAGE = 200,
    LOOKED = 100, /* issues before the clock is looked at */
    SHOWN = 50,
    BEGUN = 8,
    ARENA_BYTES = 256 << 20,
    PLACE_BYTES = 4096,
    LOOK_US = 300000
};
static const int64_t DAY_MS = 86400000;

typedef enum fate { GOES, CHANGED, FIXED, TIED } fate;

typedef struct keeper {
    sc_app *app;
    const sc_id *project;
    sc_arena *arena;
    int64_t before_ms;
    sc_id begun[BEGUN]; /* issues of which a part is gone already */
    size_t n_begun;
    sc_id *tied;
    size_t n_tied;
} keeper;

/* ---- What people tied to an open issue ----------------------------------------------------------- */

typedef struct tie {
    sc_id action, issue;
    bool open;
} tie;

/* The issues that corrections touch, by id. */
typedef struct touched {
    sc_id id;
    bool open;
} touched;

static int by_action(const void *a, const void *b) {
    return strcmp(((const tie *)a)->action.text, ((const tie *)b)->action.text);
}

static int by_id(const void *a, const void *b) {
    return strcmp(((const sc_id *)a)->text, ((const sc_id *)b)->text);
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

static size_t distinct(sc_id *ids, size_t n) {
    size_t m = 0;
    if (n) qsort(ids, n, sizeof *ids, by_id);
    for (size_t i = 0; i < n; i++)
        if (!m || !sc_id_eq(&ids[m - 1], &ids[i])) ids[m++] = ids[i];
    return m;
}

/* Those of the ids that are issues still; they alone are read, however many others there are. */
static sc_rc read_touched(const keeper *k, const sc_id *ids, size_t n, touched *ret, size_t *ret_n,
                          sc_err *err) {
    size_t m = 0;
    for (size_t from = 0; from < n; from += PAGE) {
        const sc_cluster_filter f = {.project_id = *k->project,
                                     .ids = ids + from,
                                     .n_ids = SC_MIN(n - from, (size_t)PAGE),
                                     .by_ids = true,
                                     .uncounted = true};
        sc_cluster_list list;
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, ARENA_BYTES);
        sc_rc rc = STORE(k->app)->cluster_list(SELF(k->app), &f, &(sc_page){.limit = PAGE},
                                               sc_now_ms(k->app->conf.clock), &arena, &list, err);
        if (rc) return rc;
        for (size_t i = 0; i < list.n; i++)
            ret[m++] = (touched){list.items[i].id, !is_closed(list.items[i].status)};
    }
    *ret_n = m;
    return SC_OK;
}

/* What the correction names; returns how many. */
static size_t ids_of(const sc_correction *c, const sc_id *place, sc_id ret[3]) {
    const sc_id *const all[] = {&c->cluster_id, &c->other_id, place};
    size_t n = 0;
    for (size_t i = 0; i < SC_LEN(all); i++)
        if (sc_id_is_set(all[i])) ret[n++] = *all[i];
    return n;
}

static int by_touched(const void *id, const void *t) {
    return strcmp(((const sc_id *)id)->text, ((const touched *)t)->id.text);
}

static size_t ties_of(const sc_correction *c, const sc_id *places, size_t n, const touched *t,
                      size_t n_t, tie *ret) {
    size_t m = 0;
    sc_id ids[3];
    for (size_t i = 0; i < n; i++) {
        size_t n_ids = ids_of(&c[i], &places[i], ids);
        for (size_t j = 0; j < n_ids; j++) {
            const touched *hit = n_t ? bsearch(&ids[j], t, n_t, sizeof *t, by_touched) : NULL;
            if (hit) ret[m++] = (tie){c[i].action_id, hit->id, hit->open};
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
    size_t n, n_ids = 0, n_t;
    sc_rc rc = STORE(k->app)->corrections(SELF(k->app), k->project, k->arena, &c, &n, err);
    if (rc || !n) return rc;
    sc_id *places = sc_arena_take_array(k->arena, n, sizeof *places);
    sc_id *ids = sc_arena_take_array(k->arena, 3 * n, sizeof *ids);
    touched *t = sc_arena_take_array(k->arena, 3 * n, sizeof *t);
    tie *ties = sc_arena_take_array(k->arena, 3 * n, sizeof *ties);
    k->tied = sc_arena_take_array(k->arena, 3 * n, sizeof *k->tied);
    if (!places || !ids || !t || !ties || !k->tied)
        return sc_fail(err, SC_NOMEM, "no memory for the corrections");
    rc = places_of(k, c, n, places, err);
    if (rc) return rc;
    for (size_t i = 0; i < n; i++) n_ids += ids_of(&c[i], &places[i], ids + n_ids);
    rc = read_touched(k, ids, distinct(ids, n_ids), t, &n_t, err);
    if (!rc) keep_tied(k, ties, ties_of(c, places, n, t, n_t, ties));
    return rc;
}

/* ---- What goes ----------------------------------------------------------------------------------- */

static sc_rc open_keeper(sc_app *app, const sc_id *project, int64_t keep_days, sc_arena *arena,
                         keeper *k, sc_err *err) {
    sc_str begun, id;
    *k = (keeper){.app = app,
                  .project = project,
                  .arena = arena,
                  .before_ms = sc_now_ms(app->conf.clock) - keep_days * DAY_MS};
    sc_rc rc = STORE(app)->setting_get(SELF(app), project, BEGUN_SETTING, arena, &begun, err);
    if (rc) return rc;
    const bool known = sc_str_next(&begun, ' ', &id) && sc_str_eq(id, BEGUN_FORM);
    while (known && k->n_begun < BEGUN && sc_str_next(&begun, ' ', &id))
        if (sc_id_valid(id)) k->begun[k->n_begun++] = sc_id_of(id);
    return read_ties(k, err);
}

static size_t find_begun(const keeper *k, const sc_id *issue) {
    size_t i = 0;
    while (i < k->n_begun && !sc_id_eq(&k->begun[i], issue)) i++;
    return i;
}

static bool is_begun(const keeper *k, const sc_id *issue) {
    return find_begun(k, issue) < k->n_begun;
}

/* Its reports' own age is all that is asked of it. */
static bool is_old(const keeper *k, const sc_cluster *c) {
    return is_closed(c->status) && c->last_seen_ms < k->before_ms && !sc_id_is_set(&c->merged_into);
}

static sc_rc was_fixed(const keeper *k, const sc_id *issue, bool *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_fix_filter f = {.project_id = *k->project, .cluster_id = *issue};
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

/* What costs nothing first: most of those that stay are decided by it. */
static sc_rc judge(const keeper *k, const sc_cluster *c, fate *ret, sc_err *err) {
    bool fixed = false;
    sc_rc rc = SC_OK;
    if (k->n_tied && bsearch(&c->id, k->tied, k->n_tied, sizeof *k->tied, by_id)) {
        *ret = TIED;
    } else if (c->updated_at_ms >= k->before_ms && !is_begun(k, &c->id)) {
        *ret = CHANGED;
    } else {
        rc = was_fixed(k, &c->id, &fixed, err);
        *ret = fixed ? FIXED : GOES;
    }
    return rc;
}

/* Is told of an issue that is closed and old; *ret_on false ends the walk. */
typedef sc_rc (*visit_fn)(void *self, const sc_cluster *c, fate f, bool *ret_on, sc_err *err);

static sc_rc visit_page(const keeper *k, const sc_cluster_list *list, visit_fn fn, void *self,
                        bool *ret_on, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && *ret_on && i < list->n; i++) {
        fate what;
        rc = judge(k, &list->items[i], &what, err);
        if (!rc) rc = fn(self, &list->items[i], what, ret_on, err);
    }
    return rc;
}

/* From the place `at` on, page by page until the time is over, but one page at least. *ret_more: it ended before the
 * end, and `at` is where to go on. */
static sc_rc each(const keeper *k, int64_t until_us, visit_fn fn, void *self, sc_buf *at,
                  bool *ret_more, sc_err *err) {
    const sc_cluster_filter f = {.project_id = *k->project,
                                 .statuses = 1u << SC_CLUSTER_resolved | 1u << SC_CLUSTER_ignored,
                                 .until_ms = k->before_ms,
                                 .uncounted = true,
                                 .sort = SC_SORT_CREATED};
    bool on = true, more = true;
    while (on && more) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, ARENA_BYTES);
        sc_page page = {.limit = LOOKED, .cursor = sc_buf_str(at)};
        sc_cluster_list list;
        sc_rc rc = STORE(k->app)->cluster_list(SELF(k->app), &f, &page,
                                               sc_now_ms(k->app->conf.clock), &arena, &list, err);
        if (!rc) rc = visit_page(k, &list, fn, self, &on, err);
        if (rc) return rc;
        if (!on) break; /* this page again */
        more = list.next_cursor.n > 0;
        sc_buf_reset(at);
        sc_buf_put_str(at, list.next_cursor);
        on = sc_mono_us(k->app->conf.clock) < until_us;
    }
    *ret_more = more;
    return sc_buf_check(at, "a place in a list", err);
}

typedef struct counter {
    sc_retention *r;
    sc_arena *arena;
} counter;

static sc_rc count(void *self, const sc_cluster *c, fate f, bool *ret_on, sc_err *err) {
    counter *n = self;
    sc_retention *r = n->r;
    (void)ret_on;
    r->kept_changed += f == CHANGED;
    r->kept_fixed += f == FIXED;
    r->kept_tied += f == TIED;
    if (f != GOES) return SC_OK;
    r->issues++;
    r->reports += c->count;
    r->oldest_ms = r->oldest_ms ? SC_MIN(r->oldest_ms, c->last_seen_ms) : c->last_seen_ms;
    r->newest_ms = SC_MAX(r->newest_ms, c->last_seen_ms);
    if (r->n_items == SHOWN) return SC_OK;
    const char *title = sc_arena_copy(n->arena, c->title.p, c->title.n);
    if (!title) return sc_fail(err, SC_NOMEM, "no memory for the issues");
    r->items[r->n_items++] = (sc_cluster){.id = c->id,
                                          .title = {title, c->title.n},
                                          .status = c->status,
                                          .count = c->count,
                                          .last_seen_ms = c->last_seen_ms};
    return SC_OK;
}

sc_rc sc_retention_plan(sc_app *app, const sc_id *project, int64_t keep_days, sc_arena *arena,
                        sc_retention *ret, sc_err *err) {
    keeper k;
    sc_retention r = {.items = sc_arena_take_array(arena, SHOWN, sizeof *r.items)};
    if (!r.items) return sc_fail(err, SC_NOMEM, "no memory for the issues");
    SC_AUTO(sc_buf_done) sc_buf at;
    counter n = {&r, arena};
    bool more;
    sc_buf_init(&at, PLACE_BYTES);
    sc_rc rc = SC_OK;
    if (keep_days > 0) {
        rc = open_keeper(app, project, keep_days, arena, &k, err);
        if (!rc) rc = each(&k, INT64_MAX, count, &n, &at, &more, err);
        r.before_ms = k.before_ms;
    }
    if (!rc) *ret = r;
    return rc;
}

/* ---- Removing ------------------------------------------------------------------------------------ */

typedef struct turn {
    keeper k;
    int64_t until_us, reports, issues;
    sc_id issue; /* of which reports go at the moment */
    bool begun;  /* one of them is gone */
} turn;

static sc_rc put_begun(const turn *t, sc_err *err) {
    sc_app *app = t->k.app;
    SC_AUTO(sc_buf_done) sc_buf ids;
    sc_buf_init(&ids, PLACE_BYTES);
    if (t->k.n_begun) sc_buf_put_str(&ids, BEGUN_FORM);
    for (size_t i = 0; i < t->k.n_begun; i++) sc_buf_putf(&ids, " %s", t->k.begun[i].text);
    sc_rc rc = sc_buf_check(&ids, "the issues begun", err);
    return rc ? rc
              : STORE(app)->setting_put(SELF(app), t->k.project, BEGUN_SETTING, sc_buf_str(&ids),
                                        sc_now_ms(app->conf.clock), err);
}

static sc_rc unmark(turn *t, const sc_id *issue, sc_err *err) {
    keeper *k = &t->k;
    size_t at = find_begun(k, issue);
    if (at == k->n_begun) return SC_OK;
    k->n_begun--;
    memmove(&k->begun[at], &k->begun[at + 1], (k->n_begun - at) * sizeof *k->begun);
    return put_begun(t, err);
}

/* Only once a report of it is gone: until then what a person changes must count. Where there are too many, the one that waits
 * longest is as any other again. */
static sc_rc mark(turn *t, const sc_id *issue, sc_err *err) {
    keeper *k = &t->k;
    if (is_begun(k, issue)) return SC_OK;
    if (k->n_begun == BEGUN) memmove(k->begun, k->begun + 1, --k->n_begun * sizeof *k->begun);
    k->begun[k->n_begun++] = *issue;
    return put_begun(t, err);
}

static bool over(const turn *t) { return sc_mono_us(t->k.app->conf.clock) >= t->until_us; }

/* Is the report still one that may go? What was read of its issue before is old by now. */
static sc_rc still_goes(void *self, const sc_feedback *f, sc_arena *arena, sc_err *err) {
    const turn *t = self;
    sc_cluster c;
    bool fixed = false;
    if (!sc_id_eq(&f->cluster_id, &t->issue) || f->state == SC_FEEDBACK_pending)
        return sc_fail(err, SC_CONFLICT, "the report was moved or edited");
    sc_rc rc =
        STORE(t->k.app)->cluster_get(SELF(t->k.app), t->k.project, &t->issue, arena, &c, err);
    if (rc) return rc;
    if (!is_old(&t->k, &c) || (!t->begun && c.updated_at_ms >= t->k.before_ms))
        return sc_fail(err, SC_CONFLICT, "the issue has changed");
    rc = was_fixed(&t->k, &t->issue, &fixed, err);
    return rc || !fixed ? rc : sc_fail(err, SC_CONFLICT, "the issue has a fix");
}

/* The first page of an issue's reports. *ret_left: there are more. */
static sc_rc remove_some(turn *t, bool *ret_left, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    sc_app *app = t->k.app;
    char fix[SC_FIX_KEY];
    sc_fix_key(&t->issue, fix);
    const sc_remove_if only = {still_goes, t, sc_str_of(fix)};
    sc_feedback_filter f = {.project_id = *t->k.project, .cluster_id = t->issue};
    sc_feedback_list list;
    sc_rc rc =
        STORE(app)->feedback_list(SELF(app), &f, &(sc_page){.limit = PAGE}, &arena, &list, err);
    *ret_left = !rc && list.next_cursor.n > 0;
    for (size_t i = 0; !rc && i < list.n; i++) {
        if (over(t) && t->reports) {
            *ret_left = true;
            return SC_OK;
        }
        rc = sc_triage_remove_if(app, t->k.project, &list.items[i].id, &only, SC_STR("retention"),
                                 err);
        t->begun |= !rc;
        t->reports += !rc;
        if (rc == SC_NOT_FOUND)
            rc = SC_OK; /* another process was faster */
        else if (!rc && (*ret_left || i + 1 < list.n))
            rc = mark(t, &t->issue, err);
    }
    return rc;
}

static sc_rc remove_issue(void *self, const sc_cluster *c, fate f, bool *ret_on, sc_err *err) {
    turn *t = self;
    bool left = true;
    *ret_on = f != GOES || !(over(t) && t->reports);
    if (f != GOES || !*ret_on) return SC_OK;
    t->issue = c->id;
    t->begun = is_begun(&t->k, &c->id);
    sc_rc rc = SC_OK;
    while (!rc && left && !(over(t) && t->reports)) rc = remove_some(t, &left, err);
    if (rc == SC_CONFLICT) return SC_OK; /* not this one, this time */
    if (!rc && !left) rc = unmark(t, &c->id, err);
    t->issues += !rc && !left;
    *ret_on = !left;
    return rc;
}

/* Before all others: the issues of which a part is gone, where what is left of them may go as well. */
static sc_rc go_on(turn *t, bool *ret_on, sc_err *err) {
    const keeper was = t->k;
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && *ret_on && i < was.n_begun; i++) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, ARENA_BYTES);
        sc_cluster c = {.status = SC_CLUSTER_new};
        fate what = CHANGED;
        rc =
            STORE(was.app)->cluster_get(SELF(was.app), was.project, &was.begun[i], &arena, &c, err);
        if (!rc && is_old(&was, &c)) rc = judge(&was, &c, &what, err);
        if (rc && rc != SC_NOT_FOUND) return rc;
        rc = what == GOES ? remove_issue(t, &c, what, ret_on, err) : unmark(t, &was.begun[i], err);
    }
    return rc;
}

sc_rc sc_retention_work(sc_app *app, const sc_id *project, int64_t keep_days, int64_t budget_us,
                        sc_str from, sc_arena *arena, sc_retention_turn *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena own;
    SC_AUTO(sc_buf_done) sc_buf at;
    sc_arena_init(&own, ARENA_BYTES);
    sc_buf_init(&at, PLACE_BYTES);
    sc_buf_put_str(&at, from);
    turn t = {.until_us = sc_mono_us(app->conf.clock) + budget_us};
    bool on = true, more = false;
    sc_rc rc = SC_OK;
    if (keep_days > 0) {
        rc = open_keeper(app, project, keep_days, &own, &t.k, err);
        if (!rc) rc = go_on(&t, &on, err);
        more = !on;
        if (!rc && on) rc = each(&t.k, t.until_us, remove_issue, &t, &at, &more, err);
    }
    if (t.reports)
        sc_log(SC_LOG_INFO, "retention", SC_F_STR("project", sc_id_str(project)),
               SC_F_INT("reports", t.reports), SC_F_INT("issues", t.issues));
    atomic_fetch_add(&app->expired, t.reports);
    if (rc) return rc;
    const char *place = more ? sc_arena_copy(arena, at.p, at.n) : "";
    if (!place) return sc_fail(err, SC_NOMEM, "no memory for a place in a list");
    *ret = (sc_retention_turn){t.reports, t.issues, more, {place, more ? at.n : 0}};
    return SC_OK;
}

sc_rc sc_retention_job(sc_app *app, const sc_job *job, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    const sc_id *project = &job->project_id;
    sc_quota own;
    sc_retention_turn done;
    sc_str from;
    sc_rc rc = sc_quota_look(app, project, &own, err);
    if (rc || !own.keep_days) return rc;
    rc = STORE(app)->setting_get(SELF(app), project, AT_SETTING, &arena, &from, err);
    if (rc) return rc;
    rc = sc_retention_work(app, project, own.keep_days, LOOK_US, from, &arena, &done, err);
    if (rc == SC_INVALID && from.n) /* such places were something else in another version */
        rc = sc_retention_work(app, project, own.keep_days, LOOK_US, SC_STR_NONE, &arena, &done,
                               err);
    if (rc || sc_str_eq(done.at, from)) return rc;
    return STORE(app)->setting_put(SELF(app), project, AT_SETTING, done.at,
                                   sc_now_ms(app->conf.clock), err);
}

sc_rc sc_retention_ask(sc_app *app, const sc_id *project, sc_err *err) {
    sc_quota own;
    sc_rc rc = sc_quota_look(app, project, &own, err);
    if (rc || !own.keep_days) return rc;
    return sc_work_ask(app, "retention", project, SC_STR_NONE, sc_now_ms(app->conf.clock), err);
}
