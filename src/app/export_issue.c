/* Lines of issues, each once, and before any line that names it: an issue that was made after they were listed is written when
 * the first line names it. */
#include "app/export.h"

enum { FIRST = 1024, MAX_ISSUE = 4 << 20 };

/* ---- Which are written ---------------------------------------------------------------------------- */

/* Its place: where it is, or where it would be. cap is a power of two, and some places are free. */
static size_t place_of(const sc_export_ids *s, const sc_id *id) {
    size_t at = sc_hash64(id->text, SC_ID_TEXT - 1, 1) & (s->cap - 1);
    while (sc_id_is_set(&s->at[at]) && !sc_id_eq(&s->at[at], id)) at = (at + 1) & (s->cap - 1);
    return at;
}

static bool has(const sc_export_ids *s, const sc_id *id) {
    return s->cap && sc_id_is_set(&s->at[place_of(s, id)]);
}

static bool grow(sc_export_ids *s) {
    sc_export_ids more = {.cap = s->cap ? 2 * s->cap : FIRST, .n = s->n};
    more.at = sc_alloc_array(more.cap, sizeof *more.at);
    if (!more.at) return false;
    for (size_t i = 0; i < s->cap; i++)
        if (sc_id_is_set(&s->at[i])) more.at[place_of(&more, &s->at[i])] = s->at[i];
    sc_free(s->at);
    *s = more;
    return true;
}

static sc_rc add(sc_export_ids *s, const sc_id *id, sc_err *err) {
    if (2 * s->n >= s->cap && !grow(s)) return sc_fail(err, SC_NOMEM, "no memory for the issues");
    s->at[place_of(s, id)] = *id;
    s->n++;
    return SC_OK;
}

void sc_export_issues_done(sc_exporter *x) {
    sc_free(x->issues.at);
    x->issues = (sc_export_ids){.n = 0};
}

/* ---- Lines ---------------------------------------------------------------------------------------- */

static sc_rc put_issue(sc_exporter *x, const sc_cluster *c, sc_err *err) {
    sc_buf *b = &x->line;
    sc_buf_putf(b, "{\"kind\":\"cluster\",\"id\":\"%s\",\"project_id\":\"%s\",\"status\":\"%s\"",
                c->id.text, c->project_id.text, sc_cluster_status_name(c->status));
    sc_export_str(b, "title", c->title);
    sc_export_str(b, "summary", c->summary);
    if (c->title_locked) sc_buf_puts(b, ",\"title_locked\":true");
    if (c->title_told) sc_buf_puts(b, ",\"title_told\":true");
    if (c->summary_told) sc_buf_puts(b, ",\"summary_told\":true");
    sc_export_int(b, "told", c->told);
    sc_export_int(b, "count", c->count);
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
    sc_export_real(b, "cohesion_mean", c->cohesion_mean);
    sc_export_real(b, "cohesion_min", c->cohesion_min);
    sc_export_int(b, "trend_day", c->trend_day);
    sc_export_int(b, "first_seen_ms", c->first_seen_ms);
    sc_export_int(b, "last_seen_ms", c->last_seen_ms);
    sc_export_int(b, "created_at_ms", c->created_at_ms);
    sc_export_int(b, "updated_at_ms", c->updated_at_ms);
    sc_export_int(b, "snooze_until_ms", c->snooze_until_ms);
    sc_export_id(b, "merged_into", &c->merged_into);
    sc_export_str(b, "repo_url", c->repo_url);
    sc_export_str(b, "branch", c->branch);
    sc_export_str(b, "pr_url", c->pr_url);
    sc_export_str(b, "issue_title", c->issue_title);
    sc_export_str(b, "issue_description", c->issue_description);
    sc_export_str(b, "error_message", c->error_message);
    sc_export_int(b, "version", c->version);
    sc_buf_putc(b, '}');
    x->counts->clusters++;
    return sc_export_line(x, err);
}

sc_rc sc_export_issue(sc_exporter *x, const sc_id *project, const sc_id *id, sc_err *err) {
    sc_id next = *id;
    while (sc_id_is_set(&next) && !has(&x->issues, &next)) { /* then the one it was merged into */
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, MAX_ISSUE);
        sc_cluster c;
        sc_rc rc = STORE(x->app)->cluster_get(SELF(x->app), project, &next, &arena, &c, err);
        if (!rc) rc = add(&x->issues, &next, err);
        if (!rc) rc = put_issue(x, &c, err);
        if (rc) return rc;
        next = c.merged_into;
    }
    return SC_OK;
}

sc_rc sc_export_issues(sc_exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, (size_t)1 << 30);
    sc_cluster *list;
    size_t n;
    sc_export_issues_done(x); /* another project's */
    sc_rc rc = STORE(x->app)->clusters_since(SELF(x->app), project, 0, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = sc_export_issue(x, project, &list[i].id, err);
    return rc;
}
