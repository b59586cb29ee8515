#include "legacy/legacy.h"

#include <stdio.h>
#include <stdlib.h>

#include "legacy/key.h"
#include "legacy/row.h"

enum {
    MOST_NAMES = 1 << 30, /* bytes of names */
    MOST_PROJECTS = 1000,
    MOST_NAME = 1024,
    MOST_ROWS = 512 << 20, /* bytes of a batch's rows */
    MOST_LINE = 8 << 20,   /* a log whose every byte becomes six in JSON, and a little more */
};

typedef struct entry {
    sc_legacy_kind kind;
    bool used;  /* a report that has its line, or needs none */
    bool again; /* its id is taken by an entry before it     */
    sc_str name, project, id;
    const void *owner; /* the issue that has it               */
} entry;

typedef struct project {
    sc_str old;
    sc_id id;
} project;

/* A run of an agent, by the old id of its issue. */
typedef struct job_of {
    sc_str cluster;
    entry *e;
} job_of;

typedef struct walk {
    const sc_legacy_conf *conf;
    sc_legacy_source *from;
    sc_arena names;
    entry *entries;
    size_t n, cap;
    project *projects;
    size_t n_projects;
    job_of *jobs; /* by issue */
    size_t n_jobs;
    int64_t now_ms, done, total;
    sc_buf line;
} walk;

/* ---- Words --------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *words;
    bool lost;
} lefts[] = {
#define X(name, lost, words) {#name, words, lost},
    SC_LEGACY_LEFT(X)
#undef X
};

const char *sc_legacy_left_name(sc_legacy_left l) { return lefts[l].name; }
const char *sc_legacy_left_words(sc_legacy_left l) { return lefts[l].words; }
bool sc_legacy_left_lost(sc_legacy_left l) { return lefts[l].lost; }

/* Kinds of keys that are left out as they are. */
static const struct {
    sc_legacy_kind kind;
    sc_legacy_left left;
} whole[] = {
    {SC_LEGACY_PLAN, SC_LEGACY_LEFT_plans},       {SC_LEGACY_RUN, SC_LEGACY_LEFT_runs},
    {SC_LEGACY_SETTING, SC_LEGACY_LEFT_settings}, {SC_LEGACY_USER, SC_LEGACY_LEFT_users},
    {SC_LEGACY_INDEX, SC_LEGACY_LEFT_indexes},    {SC_LEGACY_FOREIGN, SC_LEGACY_LEFT_foreign},
};

static void left(walk *w, sc_legacy_left what, sc_str key, const char *why) {
    w->conf->left(w->conf->self, what, key, why);
}

/* ---- Names --------------------------------------------------------------------------------------- */

static bool add_name(void *self, sc_str name) {
    walk *w = self;
    if (name.n > MOST_NAME) { /* none of ours: an id is not as long as that */
        left(w, SC_LEGACY_LEFT_foreign, sc_str_clip(name, MOST_NAME), "its name is too long");
        return true;
    }
    if (w->n == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 4096;
        entry *more = sc_realloc_array(w->entries, cap, sizeof *more);
        if (!more) return false;
        w->entries = more;
        w->cap = cap;
    }
    char *p = sc_arena_copy(&w->names, name.p, name.n);
    if (!p) return false;
    sc_legacy_key k = sc_legacy_key_of((sc_str){p, name.n});
    w->entries[w->n++] =
        (entry){.kind = k.kind, .name = {p, name.n}, .project = k.project, .id = k.id};
    return true;
}

/* By kind and id; those with a project in their name first. */
static int compare(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    int c = sc_str_cmp(x->id, y->id);
    if (!c) c = (y->project.n > 0) - (x->project.n > 0);
    if (!c) c = sc_str_cmp(x->project, y->project);
    return c ? c : sc_str_cmp(x->name, y->name);
}

/* The same id again: an older copy, or, in another project, another thing. */
static void mark_copies(walk *w) {
    for (size_t i = 1; i < w->n; i++) {
        entry *e = &w->entries[i];
        const entry *before = &w->entries[i - 1];
        bool row = e->kind == SC_LEGACY_FEEDBACK || e->kind == SC_LEGACY_CLUSTER;
        if (!row || before->kind != e->kind || !sc_str_eq(before->id, e->id)) continue;
        if (e->project.n) {
            e->again = true;
            continue;
        }
        e->used = true;
        left(w, SC_LEGACY_LEFT_older, e->name, "the same id stands in a newer key");
    }
}

static sc_rc all_names(walk *w, sc_err *err) {
    sc_rc rc = sc_legacy_names(w->from, add_name, w, err);
    if (rc) return rc;
    if (w->n) qsort(w->entries, w->n, sizeof *w->entries, compare);
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++) /* SCAN may tell a name twice */
        if (!kept || !sc_str_eq(w->entries[kept - 1].name, w->entries[i].name))
            w->entries[kept++] = w->entries[i];
    w->n = kept;
    mark_copies(w);
    for (size_t i = 0; i < w->n; i++) {
        w->total += w->entries[i].kind == SC_LEGACY_FEEDBACK;
        for (size_t k = 0; k < SC_LEN(whole); k++)
            if (w->entries[i].kind == whole[k].kind)
                left(w, whole[k].left, w->entries[i].name,
                     whole[k].kind == SC_LEGACY_FOREIGN ? "its name is of no known form"
                                                        : lefts[whole[k].left].words);
    }
    return SC_OK;
}

/* The first entry of the kind and id; n: none. */
static size_t find(const walk *w, sc_legacy_kind kind, sc_str id) {
    size_t low = 0, high = w->n;
    entry want = {.kind = kind, .id = id};
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const entry *e = &w->entries[mid];
        int c = e->kind != want.kind ? (e->kind < want.kind ? -1 : 1) : sc_str_cmp(e->id, want.id);
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    bool hit = low < w->n && w->entries[low].kind == kind && sc_str_eq(w->entries[low].id, id);
    return hit ? low : w->n;
}

static bool same(const walk *w, size_t i, sc_legacy_kind kind, sc_str id) {
    return i < w->n && w->entries[i].kind == kind && sc_str_eq(w->entries[i].id, id);
}

/* The report of that id as seen from a project: the project's own, else one whose key names no project. */
static entry *report_of(walk *w, sc_str from, sc_str id) {
    entry *bare = NULL;
    for (size_t i = find(w, SC_LEGACY_FEEDBACK, id); same(w, i, SC_LEGACY_FEEDBACK, id); i++) {
        entry *e = &w->entries[i];
        if (e->project.n && sc_str_eq(e->project, from)) return e;
        if (!e->project.n) bare = e;
    }
    return bare;
}

/* ---- Lines --------------------------------------------------------------------------------------- */

static sc_rc put_line(walk *w, sc_str key, const char *why, sc_err *err) {
    sc_rc rc = SC_OK;
    if (w->line.no_memory)
        rc = sc_fail(err, SC_NOMEM, "no memory for a line");
    else if (why)
        left(w, SC_LEGACY_LEFT_broken, key, why);
    else if (w->line.n)
        rc = w->conf->line(w->conf->self, sc_buf_str(&w->line), key, err);
    sc_buf_reset(&w->line);
    return rc;
}

static sc_rc fetch_one(walk *w, sc_str key, sc_legacy_fields f, sc_arena *arena, sc_legacy_row *ret,
                       sc_err *err) {
    sc_legacy_value *v = sc_arena_take(arena, sizeof *v);
    if (!v) return sc_fail(err, SC_NOMEM, "no memory for a row");
    sc_rc rc = sc_legacy_fetch(w->from, &key, 1, f.names, f.n, arena, v, err);
    if (!rc) *ret = sc_legacy_row_of(v, f, arena);
    return rc;
}

/* Ours for an old project (none: what names none); its line comes with its first mention. */
static sc_rc project_of(walk *w, sc_str old, sc_id *ret, sc_err *err) {
    for (size_t i = 0; i < w->n_projects; i++)
        if (sc_str_eq(w->projects[i].old, old)) {
            *ret = w->projects[i].id;
            return SC_OK;
        }
    if (w->n_projects == MOST_PROJECTS)
        return sc_fail(err, SC_TOO_LARGE, "the old system has more than %d projects",
                       MOST_PROJECTS);
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MOST_ROWS);
    sc_str fallback = sc_str_of(w->conf->project), key = fallback;
    sc_legacy_row row = {.why = "none"};
    sc_legacy_place at = {.id =
                              sc_legacy_id("project", SC_STR_NONE, old.n ? old : fallback, !old.n),
                          .now_ms = w->now_ms};
    char *kept = sc_arena_copy(&w->names, old.n ? old.p : "", old.n);
    if (!kept || !sc_id_is_set(&at.id)) return sc_fail(err, SC_NOMEM, "no memory for a project");
    size_t i = old.n ? find(w, SC_LEGACY_PROJECT, old) : w->n;
    sc_rc rc = SC_OK;
    if (i < w->n) {
        key = w->entries[i].name;
        rc = fetch_one(w, key, sc_legacy_project_fields, &arena, &row, err);
    }
    if (rc) return rc;
    if (i < w->n && row.why) left(w, SC_LEGACY_LEFT_broken, key, row.why);
    char name[64];
    snprintf(name, sizeof name, "legacy-%.8s", at.id.text + SC_ID_TEXT - 9);
    w->projects[w->n_projects++] = (project){{kept, old.n}, at.id};
    *ret = at.id;
    const char *why =
        sc_legacy_project_line(&row, &at, old.n ? sc_str_of(name) : fallback, !old.n, &w->line);
    return put_line(w, key, why, err);
}

/* ---- Reports ------------------------------------------------------------------------------------- */

/* An issue whose reports are written; its own line goes before the first of them. */
typedef struct issue {
    const entry *e;
    const sc_legacy_row *row;
    sc_legacy_place at;
    sc_str project; /* the old one */
    int64_t members;
    bool told;
} issue;

static sc_rc tell_issue(walk *w, issue *k, sc_err *err) {
    if (k->told) return SC_OK;
    const char *why = sc_legacy_cluster_line(k->row, &k->at, k->members, &w->line);
    k->told = true;
    return put_line(w, k->e->name, why, err);
}

static sc_rc write_report(walk *w, entry *e, const sc_legacy_row *row, issue *k, sc_err *err) {
    sc_legacy_place at = {.now_ms = w->now_ms};
    sc_str own = e->project.n ? e->project : sc_legacy_field(row, "project_id");
    if (!own.n && k) own = k->project;
    if (k && !sc_str_eq(own, k->project)) {
        left(w, SC_LEGACY_LEFT_elsewhere, e->name, "its issue is of another project");
        k = NULL;
    }
    e->used = true;
    sc_rc rc = row->why ? SC_OK : project_of(w, own, &at.project_id, err);
    if (rc) return rc;
    at.id = sc_legacy_id("report", own, e->id, e->again);
    if (!sc_str_ieq(sc_id_str(&at.id), e->id)) at.old_id = e->id;
    if (k) at.cluster_id = k->at.id;
    const char *why = sc_legacy_feedback_line(row, &at, &w->line);
    if (why || !k) return put_line(w, e->name, why, err);
    SC_AUTO(sc_buf_done) sc_buf line = w->line; /* its issue's line goes before it */
    sc_buf_init(&w->line, MOST_LINE);
    rc = tell_issue(w, k, err);
    if (!rc) rc = w->conf->line(w->conf->self, sc_buf_str(&line), e->name, err);
    if (rc) return rc;
    sc_legacy_decision_line(
        row, &at, sc_str_ieq(sc_id_str(&k->at.id), k->e->id) ? SC_STR_NONE : k->e->id, &w->line);
    return put_line(w, e->name, NULL, err);
}

typedef struct member {
    entry *e;
} member;

static sc_rc write_batch(walk *w, const member *list, size_t n, issue *k, sc_err *err) {
    sc_str keys[SC_LEGACY_MOST_KEYS];
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MOST_ROWS);
    sc_legacy_fields f = sc_legacy_feedback_fields;
    sc_legacy_value *v = sc_arena_take_array(&arena, n, sizeof *v);
    if (!v) return sc_fail(err, SC_NOMEM, "no memory for rows");
    for (size_t i = 0; i < n; i++) keys[i] = list[i].e->name;
    sc_rc rc = sc_legacy_fetch(w->from, keys, n, f.names, f.n, &arena, v, err);
    for (size_t i = 0; !rc && i < n; i++) {
        sc_legacy_row row = sc_legacy_row_of(&v[i], f, &arena);
        rc = write_report(w, list[i].e, &row, k, err);
    }
    w->done += (int64_t)n;
    w->conf->progress(w->conf->self, w->done, w->total);
    return rc;
}

static sc_rc write_reports(walk *w, const member *list, size_t n, issue *k, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i += SC_LEGACY_MOST_KEYS)
        rc = write_batch(w, list + i, SC_MIN(n - i, (size_t)SC_LEGACY_MOST_KEYS), k, err);
    return rc;
}

/* ---- Issues -------------------------------------------------------------------------------------- */

typedef struct members {
    walk *w;
    const entry *issue;
    sc_str project;
    member *list;
    size_t n, cap;
} members;

static bool add_member(void *self, sc_str id) {
    members *m = self;
    entry *e = report_of(m->w, m->project, id);
    if (!e) return true;
    if (e->used) { /* told twice, or by two */
        if (e->owner != m->issue)
            left(m->w, SC_LEGACY_LEFT_elsewhere, e->name, "another issue has it, too");
        return true;
    }
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 64;
        member *more = sc_realloc_array(m->list, cap, sizeof *more);
        if (!more) return false;
        m->list = more;
        m->cap = cap;
    }
    e->used = true;
    e->owner = m->issue;
    m->list[m->n++].e = e;
    return true;
}

static int by_name(const void *a, const void *b) {
    return sc_str_cmp(((const member *)a)->e->name, ((const member *)b)->e->name);
}

/* Of the sets that are the issue's, and of the row where it is old enough to hold them itself. */
static sc_rc members_of(walk *w, const entry *e, const sc_legacy_row *row, members *m,
                        sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = find(w, SC_LEGACY_ITEMS, e->id); !rc && same(w, i, SC_LEGACY_ITEMS, e->id);
         i++) {
        const entry *set = &w->entries[i];
        if (set->project.n && !sc_str_eq(set->project, m->project)) continue;
        rc = sc_legacy_members(w->from, set->name, add_member, m, err);
        if (rc != SC_UNPROCESSABLE) continue;
        left(w, SC_LEGACY_LEFT_broken, set->name, "it is no set");
        rc = SC_OK;
    }
    SC_AUTO(sc_json_auto) json_t *ids = sc_legacy_literal(sc_legacy_field(row, "feedback_ids"));
    for (size_t i = 0; !rc && i < json_array_size(ids); i++) {
        const json_t *v = json_array_get(ids, i);
        if (json_is_string(v) &&
            !add_member(m, (sc_str){json_string_value(v), json_string_length(v)}))
            rc = sc_fail(err, SC_NOMEM, "no memory for an issue's reports");
    }
    if (m->n) qsort(m->list, m->n, sizeof *m->list, by_name);
    return rc;
}

static int by_issue(const void *a, const void *b) {
    const job_of *x = a, *y = b;
    int c = sc_str_cmp(x->cluster, y->cluster);
    return c ? c : sc_str_cmp(x->e->name, y->e->name);
}

/* Which issue each run was about. */
static sc_rc find_jobs(walk *w, sc_err *err) {
    static const char *const names[] = {"cluster_id"};
    size_t first = 0, n = 0;
    while (first < w->n && w->entries[first].kind != SC_LEGACY_JOB) first++;
    while (first + n < w->n && w->entries[first + n].kind == SC_LEGACY_JOB) n++;
    w->jobs = sc_alloc_array(n + 1, sizeof *w->jobs);
    if (!w->jobs) return sc_fail(err, SC_NOMEM, "no memory for jobs");
    for (size_t at = 0; at < n; at += SC_LEGACY_MOST_KEYS) {
        sc_str keys[SC_LEGACY_MOST_KEYS];
        size_t part = SC_MIN(n - at, (size_t)SC_LEGACY_MOST_KEYS);
        sc_legacy_value *v = sc_arena_take_array(&w->names, part, sizeof *v);
        if (!v) return sc_fail(err, SC_NOMEM, "no memory for jobs");
        for (size_t i = 0; i < part; i++) keys[i] = w->entries[first + at + i].name;
        sc_rc rc = sc_legacy_fetch(w->from, keys, part, names, 1, &w->names, v, err);
        if (rc) return rc;
        for (size_t i = 0; i < part; i++)
            if (!v[i].why && v[i].hash)
                w->jobs[w->n_jobs++] = (job_of){v[i].fields[0], &w->entries[first + at + i]};
    }
    if (w->n_jobs) qsort(w->jobs, w->n_jobs, sizeof *w->jobs, by_issue);
    return SC_OK;
}

/* A byte more than is taken shows that there is more. */
static sc_rc log_of(walk *w, sc_str name, sc_arena *arena, sc_str *ret, sc_err *err) {
    sc_err why = {0};
    sc_rc rc = sc_legacy_list(w->from, name, SC_LEGACY_MAX_LOG + 1, arena, ret, &why);
    if (rc == SC_UNPROCESSABLE) {
        left(w, SC_LEGACY_LEFT_broken, name, why.msg);
        return SC_OK;
    }
    if (rc && err) *err = why;
    return rc;
}

static sc_rc write_job(walk *w, entry *e, const issue *k, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MOST_ROWS);
    sc_legacy_row row = {.why = NULL};
    sc_str list = SC_STR_NONE;
    sc_legacy_place at = {.project_id = k->at.project_id,
                          .cluster_id = k->at.id,
                          .now_ms = w->now_ms,
                          .id = sc_legacy_id("job", SC_STR_NONE, e->id, false)};
    size_t log = find(w, SC_LEGACY_LOGS, e->id);
    sc_rc rc = fetch_one(w, e->name, sc_legacy_job_fields, &arena, &row, err);
    if (!rc && log < w->n) rc = log_of(w, w->entries[log].name, &arena, &list, err);
    if (rc) return rc;
    e->used = true;
    rc = put_line(w, e->name, sc_legacy_job_line(&row, &at, &w->line), err);
    if (rc || row.why) return rc;
    if (sc_legacy_log_line(&row, list, &at, &w->line))
        left(w, SC_LEGACY_LEFT_ends, list.n ? w->entries[log].name : e->name, "over 1 MiB");
    return put_line(w, e->name, NULL, err);
}

static sc_rc write_jobs(walk *w, const issue *k, sc_err *err) {
    size_t low = 0, high = w->n_jobs;
    sc_rc rc = SC_OK;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (sc_str_cmp(w->jobs[mid].cluster, k->e->id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; !rc && low < w->n_jobs && sc_str_eq(w->jobs[low].cluster, k->e->id); low++)
        if (!w->jobs[low].e->used) rc = write_job(w, w->jobs[low].e, k, err);
    return rc;
}

static sc_rc write_issue(walk *w, entry *e, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MOST_ROWS);
    sc_legacy_row row = {.why = NULL};
    sc_rc rc = fetch_one(w, e->name, sc_legacy_cluster_fields, &arena, &row, err);
    if (rc) return rc;
    if (row.why) {
        left(w, SC_LEGACY_LEFT_broken, e->name, row.why);
        return SC_OK; /* its reports are grouped anew */
    }
    issue k = {.e = e,
               .row = &row,
               .at = {.now_ms = w->now_ms},
               .project = e->project.n ? e->project : sc_legacy_field(&row, "project_id")};
    k.at.id = sc_legacy_id("issue", k.project, e->id, e->again);
    members m = {.w = w, .issue = e, .project = k.project};
    rc = members_of(w, e, &row, &m, err);
    k.members = (int64_t)m.n;
    if (!rc) rc = project_of(w, k.project, &k.at.project_id, err);
    if (!rc) rc = write_reports(w, m.list, m.n, &k, err);
    sc_free(m.list);
    if (!rc && k.told) rc = write_jobs(w, &k, err);
    if (!rc && !k.told) left(w, SC_LEGACY_LEFT_emptied, e->name, "no report of it is there");
    return rc;
}

static sc_rc write_subreddits(walk *w, const entry *e, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MOST_ROWS);
    sc_legacy_value v;
    sc_legacy_place at = {.now_ms = w->now_ms};
    sc_rc rc = sc_legacy_fetch(w->from, &e->name, 1, NULL, 0, &arena, &v, err);
    if (!rc && !v.why && v.hash) v.why = "it is no list";
    if (!rc && !v.why) rc = project_of(w, e->project, &at.project_id, err);
    if (rc) return rc;
    return put_line(w, e->name, v.why ? v.why : sc_legacy_subreddits_line(v.text, &at, &w->line),
                    err);
}

/* ---- All ----------------------------------------------------------------------------------------- */

static sc_rc each(walk *w, sc_legacy_kind kind, sc_rc (*fn)(walk *, entry *, sc_err *),
                  sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < w->n; i++)
        if (w->entries[i].kind == kind && !w->entries[i].used) rc = fn(w, &w->entries[i], err);
    return rc;
}

static sc_rc tell_project(walk *w, entry *e, sc_err *err) {
    sc_id id;
    return project_of(w, e->id, &id, err);
}

static sc_rc tell_subreddits(walk *w, entry *e, sc_err *err) { return write_subreddits(w, e, err); }

static sc_rc leave_job(walk *w, entry *e, sc_err *err) {
    (void)err;
    left(w, SC_LEGACY_LEFT_jobs, e->name, "its issue is not there");
    return SC_OK;
}

static sc_rc other_reports(walk *w, sc_err *err) {
    member batch[SC_LEGACY_MOST_KEYS];
    size_t n = 0;
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < w->n; i++) {
        if (w->entries[i].kind != SC_LEGACY_FEEDBACK || w->entries[i].used) continue;
        batch[n++].e = &w->entries[i];
        if (n < SC_LEGACY_MOST_KEYS) continue;
        rc = write_batch(w, batch, n, NULL, err);
        n = 0;
    }
    return rc || !n ? rc : write_batch(w, batch, n, NULL, err);
}

static sc_rc walk_all(walk *w, sc_err *err) {
    sc_buf_puts(&w->line, "{\"kind\":\"soulcaster-export\",\"version\":1}");
    sc_rc rc = put_line(w, SC_STR("(head)"), NULL, err);
    if (!rc) rc = all_names(w, err);
    if (!rc) rc = find_jobs(w, err);
    if (!rc) rc = each(w, SC_LEGACY_PROJECT, tell_project, err);
    if (!rc) rc = each(w, SC_LEGACY_CLUSTER, write_issue, err);
    if (!rc) rc = each(w, SC_LEGACY_JOB, leave_job, err);
    if (!rc) rc = other_reports(w, err);
    return rc ? rc : each(w, SC_LEGACY_SUBREDDITS, tell_subreddits, err);
}

sc_rc sc_legacy_read(const sc_legacy_conf *conf, sc_err *err) {
    walk w = {.conf = conf, .now_ms = sc_now_ms(conf->clock)};
    sc_arena_init(&w.names, MOST_NAMES);
    sc_buf_init(&w.line, MOST_LINE);
    w.projects = sc_alloc_array(MOST_PROJECTS, sizeof *w.projects);
    sc_rc rc = w.projects ? SC_OK : sc_fail(err, SC_NOMEM, "no memory to read the old system");
    if (!rc)
        rc = sc_legacy_open(conf->url, conf->token, conf->ca_file, conf->timeout_ms, &w.from, err);
    if (!rc) rc = walk_all(&w, err);
    sc_legacy_close(w.from);
    sc_buf_done(&w.line);
    sc_free(w.projects);
    sc_free(w.jobs);
    sc_free(w.entries);
    sc_arena_done(&w.names);
    return rc;
}
