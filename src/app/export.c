#include "app/internal.h"
#include "app/transfer.h"
#include "base/json.h"

enum { PAGE = 500, LINE_MAX_BYTES = 4 << 20 };

typedef struct exporter {
    sc_app *app;
    sc_write_fn write;
    void *self;
    sc_progress_fn progress;
    void *progress_self;
    int64_t total;
    sc_transfer_counts *counts;
    sc_buf line;
} exporter;

static sc_rc put_line(exporter *x, sc_err *err) {
    sc_buf_putc(&x->line, '\n');
    sc_rc rc = sc_buf_check(&x->line, "a line of the export", err);
    if (!rc && !x->write(x->self, sc_buf_str(&x->line)))
        rc = sc_fail(err, SC_IO, "the export could not be written");
    sc_buf_reset(&x->line);
    return rc;
}

static void put_str(sc_buf *b, const char *key, sc_str v) {
    if (!v.n) return;
    sc_buf_putf(b, ",\"%s\":", key);
    sc_buf_put_json(b, v);
}

static void put_id(sc_buf *b, const char *key, const sc_id *id) {
    if (sc_id_is_set(id)) sc_buf_putf(b, ",\"%s\":\"%s\"", key, id->text);
}

static void put_int(sc_buf *b, const char *key, int64_t v) {
    if (v) sc_buf_putf(b, ",\"%s\":%lld", key, (long long)v);
}

/* What was not measured (NAN) is left out. */
static void put_real(sc_buf *b, const char *key, double v) {
    if (v == v) sc_buf_putf(b, ",\"%s\":%.17g", key, v);
}

static sc_rc put_cluster(exporter *x, const sc_cluster *c, sc_err *err) {
    sc_buf *b = &x->line;
    sc_buf_putf(b, "{\"kind\":\"cluster\",\"id\":\"%s\",\"project_id\":\"%s\",\"status\":\"%s\"",
                c->id.text, c->project_id.text, sc_cluster_status_name(c->status));
    put_str(b, "title", c->title);
    put_str(b, "summary", c->summary);
    if (c->title_locked) sc_buf_puts(b, ",\"title_locked\":true");
    if (c->title_told) sc_buf_puts(b, ",\"title_told\":true");
    if (c->summary_told) sc_buf_puts(b, ",\"summary_told\":true");
    put_int(b, "told", c->told);
    put_int(b, "count", c->count);
    sc_buf_puts(b, ",\"source_counts\":[");
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        sc_buf_putf(b, "%s%lld", i ? "," : "", (long long)c->source_counts[i]);
    sc_buf_puts(b, "],\"trend\":[");
    for (size_t i = 0; i < SC_CLUSTER_TREND_DAYS; i++)
        sc_buf_putf(b, "%s%lld", i ? "," : "", (long long)c->trend[i]);
    sc_buf_puts(b, "],\"representative_ids\":[");
    for (size_t i = 0; i < SC_CLUSTER_REPRESENTATIVES && sc_id_is_set(&c->representative_ids[i]);
         i++)
        sc_buf_putf(b, "%s\"%s\"", i ? "," : "", c->representative_ids[i].text);
    sc_buf_puts(b, "],\"keywords\":");
    sc_buf_put_str(b, c->keywords.n ? c->keywords : SC_STR("[]"));
    put_real(b, "cohesion_mean", c->cohesion_mean);
    put_real(b, "cohesion_min", c->cohesion_min);
    put_int(b, "trend_day", c->trend_day);
    put_int(b, "first_seen_ms", c->first_seen_ms);
    put_int(b, "last_seen_ms", c->last_seen_ms);
    put_int(b, "created_at_ms", c->created_at_ms);
    put_int(b, "updated_at_ms", c->updated_at_ms);
    put_int(b, "snooze_until_ms", c->snooze_until_ms);
    put_id(b, "merged_into", &c->merged_into);
    put_str(b, "repo_url", c->repo_url);
    put_str(b, "branch", c->branch);
    put_str(b, "pr_url", c->pr_url);
    put_str(b, "issue_title", c->issue_title);
    put_str(b, "issue_description", c->issue_description);
    put_str(b, "error_message", c->error_message);
    put_int(b, "version", c->version);
    sc_buf_putc(b, '}');
    x->counts->clusters++;
    return put_line(x, err);
}

static sc_rc put_feedback(exporter *x, const sc_feedback *f, sc_err *err) {
    sc_buf *b = &x->line;
    sc_buf_putf(b, "{\"kind\":\"feedback\",\"id\":\"%s\",\"project_id\":\"%s\",\"source\":\"%s\"",
                f->id.text, f->project_id.text, sc_feedback_source_name(f->source));
    put_str(b, "external_id", f->external_id);
    put_str(b, "title", f->title);
    put_str(b, "body", f->body);
    put_str(b, "stack", f->stack);
    sc_buf_puts(b, ",\"metadata\":");
    sc_buf_put_str(b, f->metadata.n ? f->metadata : SC_STR("{}"));
    put_str(b, "repo", f->repo);
    put_str(b, "url", f->url);
    put_str(b, "status", f->status);
    put_int(b, "issue_number", f->issue_number);
    put_int(b, "created_at_ms", f->created_at_ms);
    put_int(b, "received_at_ms", f->received_at_ms);
    put_id(b, "cluster_id", &f->cluster_id);
    put_str(b, "request_id", f->request_id);
    sc_buf_putc(b, '}');
    x->counts->feedback++;
    return put_line(x, err);
}

static sc_rc put_decision(exporter *x, const sc_feedback *f, const sc_decision *d, sc_err *err) {
    sc_buf *b = &x->line;
    const sc_evidence *e = &d->evidence;
    sc_buf_putf(
        b, "{\"kind\":\"decision\",\"feedback_id\":\"%s\",\"project_id\":\"%s\",\"reason\":\"%s\"",
        f->id.text, f->project_id.text, sc_decision_reason_name(d->reason));
    put_id(b, "cluster_id", &d->cluster_id);
    put_id(b, "from_id", &d->from_id);
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
    for (size_t i = 0; i < SC_LEN(parts); i++) put_real(b, parts[i].key, parts[i].v);
    if (e->conflict) sc_buf_puts(b, ",\"conflict\":true");
    sc_buf_puts(b, ",\"shared_terms\":");
    sc_buf_put_str(b, d->shared_terms.n ? d->shared_terms : SC_STR("[]"));
    put_str(b, "model", d->model);
    put_str(b, "actor", d->actor);
    put_str(b, "note", d->note);
    put_id(b, "job_id", &d->job_id);
    put_int(b, "at_ms", d->at_ms);
    sc_buf_putc(b, '}');
    x->counts->decisions++;
    return put_line(x, err);
}

static sc_rc all_clusters(exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, (size_t)1 << 30);
    sc_cluster *list;
    size_t n;
    sc_rc rc = STORE(x->app)->clusters_since(SELF(x->app), project, 0, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) {
        SC_AUTO(sc_arena_done) sc_arena one;
        sc_arena_init(&one, 4 << 20);
        sc_cluster c;
        rc = STORE(x->app)->cluster_get(SELF(x->app), project, &list[i].id, &one, &c, err);
        if (!rc) rc = put_cluster(x, &c, err);
    }
    return rc;
}

static sc_rc one_report(exporter *x, const sc_id *project, const sc_feedback *f, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 64 << 20);
    sc_decision *d;
    size_t n = 0;
    sc_rc rc = put_feedback(x, f, err);
    if (!rc) rc = STORE(x->app)->decisions(SELF(x->app), project, f->seq, &arena, &d, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = put_decision(x, f, &d[i], err);
    return rc;
}

static sc_rc all_feedback(exporter *x, const sc_id *project, sc_err *err) {
    char cursor[256] = "";
    do {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, (size_t)512 << 20);
        sc_feedback_filter f = {.project_id = *project};
        sc_page page = {.limit = PAGE, .cursor = sc_str_of(cursor)};
        sc_feedback_list list;
        sc_rc rc = STORE(x->app)->feedback_list(SELF(x->app), &f, &page, &arena, &list, err);
        for (size_t i = 0; !rc && i < list.n; i++) rc = one_report(x, project, &list.items[i], err);
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

/* A correction names its report by id: seqs are the store's own. */
static sc_rc put_correction(exporter *x, const sc_id *project, const sc_correction *c,
                            sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_buf *b = &x->line;
    sc_buf_putf(b,
                "{\"kind\":\"correction\",\"id\":\"%s\",\"action_id\":\"%s\",\"project_id\":\"%s\","
                "\"what\":\"%s\"",
                c->id.text, c->action_id.text, project->text, sc_correction_kind_name(c->kind));
    if (c->feedback_seq) {
        sc_feedback_filter f = {
            .project_id = *project, .by_seqs = true, .seqs = &c->feedback_seq, .n_seqs = 1};
        sc_page page = {.limit = 1};
        sc_feedback_list list;
        sc_rc rc = STORE(x->app)->feedback_list(SELF(x->app), &f, &page, &arena, &list, err);
        if (rc) return rc;
        if (list.n) put_id(b, "feedback_id", &list.items[0].id);
    }
    put_id(b, "cluster_id", &c->cluster_id);
    put_id(b, "other_id", &c->other_id);
    put_str(b, "actor", c->actor);
    put_int(b, "at_ms", c->at_ms);
    sc_buf_putc(b, '}');
    x->counts->corrections++;
    return put_line(x, err);
}

static sc_rc all_corrections(exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, (size_t)512 << 20);
    sc_correction *list;
    size_t n;
    sc_rc rc = STORE(x->app)->corrections(SELF(x->app), project, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = put_correction(x, project, &list[i], err);
    return rc;
}

/* ---- The audit log ------------------------------------------------------------------------------- */

static sc_rc put_audit(exporter *x, const sc_audit *a, sc_err *err) {
    sc_buf *b = &x->line;
    sc_buf_putf(b, "{\"kind\":\"audit\",\"id\":\"%s\"", a->id.text);
    put_id(b, "project_id", &a->project_id);
    put_int(b, "at_ms", a->at_ms);
    put_str(b, "actor", a->actor);
    put_id(b, "key_id", &a->key_id);
    put_str(b, "action", a->action);
    put_str(b, "target", a->target);
    put_str(b, "before", a->before);
    put_str(b, "after", a->after);
    put_str(b, "asked", a->asked);
    put_str(b, "request_id", a->request_id);
    sc_buf_putc(b, '}');
    x->counts->audits++;
    return put_line(x, err);
}

/* Oldest first, so that an import numbers them as they came. Rows are few: people make them. */
static sc_rc all_audits(exporter *x, const sc_id *project, sc_err *err) {
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
        for (size_t i = pages[n].n; !rc && i--;) rc = put_audit(x, &pages[n].items[i], err);
    return rc;
}

static sc_rc one_project(exporter *x, const sc_project *p, sc_err *err) {
    sc_store_stats stats;
    sc_rc rc =
        STORE(x->app)->stats(SELF(x->app), &p->id, sc_now_ms(x->app->conf.clock), &stats, err);
    if (rc) return rc;
    x->total += stats.feedback;
    sc_buf_putf(&x->line, "{\"kind\":\"project\",\"id\":\"%s\",\"name\":", p->id.text);
    sc_buf_put_json(&x->line, p->name);
    put_int(&x->line, "created_at_ms", p->created_at_ms);
    sc_buf_putc(&x->line, '}');
    x->counts->projects++;
    rc = put_line(x, err);
    if (!rc) rc = all_clusters(x, &p->id, err);
    if (!rc) rc = all_feedback(x, &p->id, err);
    return rc ? rc : all_corrections(x, &p->id, err);
}

sc_rc sc_export(sc_app *app, const sc_id *project, sc_write_fn write, void *self,
                sc_progress_fn progress, void *progress_self, sc_transfer_counts *ret,
                sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    *ret = (sc_transfer_counts){0};
    exporter x = {.app = app,
                  .write = write,
                  .self = self,
                  .progress = progress,
                  .progress_self = progress_self,
                  .counts = ret};
    sc_buf_init(&x.line, LINE_MAX_BYTES);
    char now[SC_TIME_TEXT];
    sc_time_format(sc_now_ms(app->conf.clock), now);
    sc_buf_putf(&x.line, "{\"kind\":\"soulcaster-export\",\"version\":1,\"at\":\"%s\"}", now);
    sc_rc rc = put_line(&x, err);
    sc_project *list;
    size_t n = 0;
    if (!rc) rc = STORE(app)->project_list(SELF(app), &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++)
        if (!project || sc_id_eq(&list[i].id, project)) rc = one_project(&x, &list[i], err);
    if (!rc) rc = all_audits(&x, project, err);
    sc_buf_done(&x.line);
    return rc;
}
