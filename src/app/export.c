#include "app/export.h"

enum { PAGE = 500 };

sc_rc sc_export_line(sc_exporter *x, sc_err *err) {
    sc_buf_putc(&x->line, '\n');
    sc_rc rc = sc_buf_check(&x->line, "a line of the export", err);
    if (!rc && !x->write(x->self, sc_buf_str(&x->line)))
        rc = sc_fail(err, SC_IO, "the export could not be written");
    sc_buf_reset(&x->line);
    return rc;
}

void sc_export_str(sc_buf *b, const char *key, sc_str v) {
    if (!v.n) return;
    sc_buf_putf(b, ",\"%s\":", key);
    sc_buf_put_json(b, v);
}

void sc_export_id(sc_buf *b, const char *key, const sc_id *id) {
    if (sc_id_is_set(id)) sc_buf_putf(b, ",\"%s\":\"%s\"", key, id->text);
}

void sc_export_int(sc_buf *b, const char *key, int64_t v) {
    if (v) sc_buf_putf(b, ",\"%s\":%lld", key, (long long)v);
}

/* What was not measured (NAN) is left out. */
void sc_export_real(sc_buf *b, const char *key, double v) {
    if (v == v) sc_buf_putf(b, ",\"%s\":%.17g", key, v);
}

/* One that was made after the projects were listed has no line. */
bool sc_export_has_project(const sc_exporter *x, const sc_id *id) {
    bool has = !sc_id_is_set(id);
    for (size_t i = 0; i < x->n_projects && !has; i++) has = sc_id_eq(&x->projects[i].id, id);
    return has;
}

static sc_rc put_feedback(sc_exporter *x, const sc_feedback *f, sc_err *err) {
    sc_buf *b = &x->line;
    sc_rc rc = sc_export_issue(x, &f->project_id, &f->cluster_id, err);
    if (rc) return rc;
    sc_buf_putf(b, "{\"kind\":\"feedback\",\"id\":\"%s\",\"project_id\":\"%s\",\"source\":\"%s\"",
                f->id.text, f->project_id.text, sc_feedback_source_name(f->source));
    sc_export_str(b, "external_id", f->external_id);
    sc_export_str(b, "title", f->title);
    sc_export_str(b, "body", f->body);
    sc_export_str(b, "stack", f->stack);
    sc_buf_puts(b, ",\"metadata\":");
    sc_buf_put_str(b, f->metadata.n ? f->metadata : SC_STR("{}"));
    sc_export_str(b, "repo", f->repo);
    sc_export_str(b, "url", f->url);
    sc_export_str(b, "status", f->status);
    sc_export_int(b, "issue_number", f->issue_number);
    sc_export_int(b, "created_at_ms", f->created_at_ms);
    sc_export_int(b, "received_at_ms", f->received_at_ms);
    sc_export_id(b, "cluster_id", &f->cluster_id);
    sc_export_str(b, "request_id", f->request_id);
    sc_buf_putc(b, '}');
    x->counts->feedback++;
    return sc_export_line(x, err);
}

static sc_rc all_feedback(sc_exporter *x, const sc_id *project, sc_err *err) {
    char cursor[256] = "";
    do {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, (size_t)512 << 20);
        sc_feedback_filter f = {.project_id = *project};
        sc_page page = {.limit = PAGE, .cursor = sc_str_of(cursor)};
        sc_feedback_list list;
        sc_rc rc = STORE(x->app)->feedback_list(SELF(x->app), &f, &page, &arena, &list, err);
        for (size_t i = 0; !rc && i < list.n; i++) rc = put_feedback(x, &list.items[i], err);
        if (!rc && x->progress && !x->progress(x->progress_self, x->counts->feedback, x->total))
            rc = sc_fail(err, SC_CANCELLED, "the export was stopped");
        if (!rc && list.next_cursor.n >= sizeof cursor)
            rc = sc_fail(err, SC_INTERNAL, "the cursor is too long");
        if (rc) return rc;
        if (list.next_cursor.n) memcpy(cursor, list.next_cursor.p, list.next_cursor.n);
        cursor[list.next_cursor.n] = 0;
    } while (cursor[0]);
    return SC_OK;
}

/* ---- Decisions -------------------------------------------------------------------------------------- */

/* Reports by number: a decision names its own and the nearest one by id, since numbers are the store's own. */
typedef struct place {
    int64_t seq;
    sc_id id;
} place;

typedef struct places {
    place *list;
    size_t n, cap;
    bool failed;
} places;

static bool add_place(void *self, const sc_stored_item *item) {
    places *p = self;
    if (!sc_id_is_set(&item->id)) return true; /* removed */
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 1024;
        place *more = sc_realloc_array(p->list, cap, sizeof *more);
        p->failed = !more;
        if (!more) return false;
        p->list = more;
        p->cap = cap;
    }
    p->list[p->n++] = (place){item->seq, item->id};
    return true;
}

static const place *place_of(const places *p, int64_t seq) {
    size_t low = 0, high = p->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (p->list[mid].seq < seq)
            low = mid + 1;
        else
            high = mid;
    }
    return low < p->n && p->list[low].seq == seq ? &p->list[low] : NULL;
}

static sc_rc put_decision(sc_exporter *x, const sc_id *project, const places *all, const place *of,
                          const sc_decision *d, sc_err *err) {
    sc_buf *b = &x->line;
    const sc_evidence *e = &d->evidence;
    sc_rc rc = sc_export_issue(x, project, &d->cluster_id, err);
    if (!rc) rc = sc_export_issue(x, project, &d->from_id, err);
    if (rc) return rc;
    sc_buf_putf(
        b, "{\"kind\":\"decision\",\"feedback_id\":\"%s\",\"project_id\":\"%s\",\"reason\":\"%s\"",
        of->id.text, project->text, sc_decision_reason_name(d->reason));
    sc_export_id(b, "cluster_id", &d->cluster_id);
    sc_export_id(b, "from_id", &d->from_id);
    const struct {
        const char *key;
        double v;
    } parts[] = {{"probability", e->probability},
                 {"mean", e->mean},
                 {"best", e->best},
                 {"worst", e->worst},
                 {"semantic", e->semantic},
                 {"lexical", e->lexical},
                 {"title", e->title},
                 {"stack", e->stack}};
    for (size_t i = 0; i < SC_LEN(parts); i++) sc_export_real(b, parts[i].key, parts[i].v);
    if (e->conflict) sc_buf_puts(b, ",\"conflict\":true");
    const place *nearest = place_of(all, d->nearest_seq);
    if (nearest) sc_export_id(b, "nearest_id", &nearest->id);
    sc_buf_puts(b, ",\"shared_terms\":");
    sc_buf_put_str(b, d->shared_terms.n ? d->shared_terms : SC_STR("[]"));
    sc_export_str(b, "model", d->model);
    sc_export_str(b, "actor", d->actor);
    sc_export_str(b, "note", d->note);
    sc_export_id(b, "job_id", &d->job_id);
    sc_export_int(b, "at_ms", d->at_ms);
    sc_buf_putc(b, '}');
    x->counts->decisions++;
    return sc_export_line(x, err);
}

static sc_rc decisions_of(sc_exporter *x, const sc_id *project, const places *all, const place *of,
                          sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 64 << 20);
    sc_decision *d;
    size_t n = 0;
    sc_rc rc = STORE(x->app)->decisions(SELF(x->app), project, of->seq, &arena, &d, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = put_decision(x, project, all, of, &d[i], err);
    return rc == SC_NOT_FOUND ? SC_OK : rc; /* it was removed meanwhile */
}

/* After all reports, so that each names only what is there. */
static sc_rc all_decisions(sc_exporter *x, const sc_id *project, sc_err *err) {
    places all = {.n = 0};
    int64_t version;
    sc_rc rc =
        STORE(x->app)->items_since(SELF(x->app), project, 0, "", add_place, &all, &version, err);
    if (all.failed) rc = sc_fail(err, SC_NOMEM, "no memory for the decisions");
    for (size_t i = 0; !rc && i < all.n; i++)
        rc = decisions_of(x, project, &all, &all.list[i], err);
    sc_free(all.list);
    return rc;
}

/* A correction names its report by id: seqs are the store's own. */
static sc_rc put_correction(sc_exporter *x, const sc_id *project, const sc_correction *c,
                            sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_buf *b = &x->line;
    sc_rc rc = sc_export_issue(x, project, &c->cluster_id, err);
    if (!rc) rc = sc_export_issue(x, project, &c->other_id, err);
    if (rc) return rc;
    sc_buf_putf(b,
                "{\"kind\":\"correction\",\"id\":\"%s\",\"action_id\":\"%s\",\"project_id\":\"%s\","
                "\"what\":\"%s\"",
                c->id.text, c->action_id.text, project->text, sc_correction_kind_name(c->kind));
    if (c->feedback_seq) {
        sc_feedback_filter f = {
            .project_id = *project, .by_seqs = true, .seqs = &c->feedback_seq, .n_seqs = 1};
        sc_page page = {.limit = 1};
        sc_feedback_list list;
        rc = STORE(x->app)->feedback_list(SELF(x->app), &f, &page, &arena, &list, err);
        if (rc) return rc;
        if (list.n) sc_export_id(b, "feedback_id", &list.items[0].id);
    }
    sc_export_id(b, "cluster_id", &c->cluster_id);
    sc_export_id(b, "other_id", &c->other_id);
    sc_export_str(b, "actor", c->actor);
    sc_export_int(b, "at_ms", c->at_ms);
    sc_buf_putc(b, '}');
    x->counts->corrections++;
    return sc_export_line(x, err);
}

static sc_rc all_corrections(sc_exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, (size_t)512 << 20);
    sc_correction *list;
    size_t n;
    sc_rc rc = STORE(x->app)->corrections(SELF(x->app), project, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = put_correction(x, project, &list[i], err);
    return rc;
}

/* ---- The audit log ------------------------------------------------------------------------------- */

static sc_rc put_audit(sc_exporter *x, const sc_audit *a, sc_err *err) {
    sc_buf *b = &x->line;
    sc_buf_putf(b, "{\"kind\":\"audit\",\"id\":\"%s\"", a->id.text);
    sc_export_id(b, "project_id", &a->project_id);
    sc_export_int(b, "at_ms", a->at_ms);
    sc_export_str(b, "actor", a->actor);
    sc_export_id(b, "key_id", &a->key_id);
    sc_export_str(b, "action", a->action);
    sc_export_str(b, "target", a->target);
    sc_export_str(b, "before", a->before);
    sc_export_str(b, "after", a->after);
    sc_export_str(b, "asked", a->asked);
    sc_export_str(b, "request_id", a->request_id);
    sc_buf_putc(b, '}');
    x->counts->audits++;
    return sc_export_line(x, err);
}

/* Oldest first, so that an import numbers them as they came. Rows are few: people make them. */
static sc_rc all_audits(sc_exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, (size_t)1 << 30);
    sc_audit_filter f = {.actor = SC_STR_NONE};
    sc_audit_list list = {.n = 0}, *pages = NULL;
    size_t n = 0;
    if (project) f.project_id = *project;
    do {
        sc_page page = {.limit = PAGE, .cursor = list.next_cursor};
        sc_rc rc = STORE(x->app)->audit_list(SELF(x->app), &f, &page, &arena, &list, err);
        sc_audit_list *more = rc ? NULL : sc_arena_take_array(&arena, n + 1, sizeof *more);
        if (!more) return rc ? rc : sc_fail(err, SC_NOMEM, "no memory for the audit log");
        if (n) memcpy(more, pages, n * sizeof *more);
        pages = more;
        pages[n++] = list;
    } while (list.next_cursor.n);
    sc_rc rc = SC_OK;
    while (!rc && n--)
        for (size_t i = pages[n].n; !rc && i--;)
            if (sc_export_has_project(x, &pages[n].items[i].project_id))
                rc = put_audit(x, &pages[n].items[i], err);
    return rc;
}

static sc_rc one_project(sc_exporter *x, const sc_project *p, sc_err *err) {
    sc_store_stats stats;
    sc_rc rc =
        STORE(x->app)->stats(SELF(x->app), &p->id, sc_now_ms(x->app->conf.clock), &stats, err);
    if (rc) return rc;
    x->total += stats.feedback;
    sc_buf_putf(&x->line, "{\"kind\":\"project\",\"id\":\"%s\",\"name\":", p->id.text);
    sc_buf_put_json(&x->line, p->name);
    sc_export_int(&x->line, "created_at_ms", p->created_at_ms);
    sc_buf_putc(&x->line, '}');
    x->counts->projects++;
    rc = sc_export_line(x, err);
    if (!rc) rc = sc_export_settings(x, &p->id, err);
    if (!rc) rc = sc_export_issues(x, &p->id, err);
    if (!rc) rc = all_feedback(x, &p->id, err);
    if (!rc) rc = all_decisions(x, &p->id, err);
    if (!rc) rc = all_corrections(x, &p->id, err);
    return rc ? rc : sc_export_work(x, &p->id, err);
}

sc_rc sc_export(sc_app *app, const sc_id *project, sc_write_fn write, void *self,
                sc_progress_fn progress, void *progress_self, sc_transfer_counts *ret,
                sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    *ret = (sc_transfer_counts){0};
    sc_exporter x = {.app = app,
                     .write = write,
                     .self = self,
                     .progress = progress,
                     .progress_self = progress_self,
                     .counts = ret};
    sc_buf_init(&x.line, SC_TRANSFER_MAX_LINE);
    char now[SC_TIME_TEXT];
    sc_time_format(sc_now_ms(app->conf.clock), now);
    sc_buf_putf(&x.line, "{\"kind\":\"soulcaster-export\",\"version\":%d,\"at\":\"%s\"}",
                SC_TRANSFER_VERSION, now);
    sc_rc rc = sc_export_line(&x, err);
    sc_project *list = NULL;
    size_t n = 0;
    if (!rc) rc = STORE(app)->project_list(SELF(app), &arena, &list, &n, err);
    x.projects = list;
    x.n_projects = n;
    for (size_t i = 0; !rc && i < n; i++)
        if (!project || sc_id_eq(&list[i].id, project)) rc = one_project(&x, &list[i], err);
    if (!rc && !project) rc = sc_export_settings(&x, NULL, err);
    if (!rc) rc = sc_export_keys(&x, project, err);
    if (!rc) rc = all_audits(&x, project, err);
    sc_export_issues_done(&x);
    sc_buf_done(&x.line);
    return rc;
}
