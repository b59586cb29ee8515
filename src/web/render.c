#include "web/render.h"

#include <math.h>

/* ---- Members ------------------------------------------------------------------------------------ */

void sc_render_comma(sc_buf *b) {
    char last = b->n ? b->p[b->n - 1] : '{';
    if (last != '{' && last != '[') sc_buf_putc(b, ',');
}

void sc_render_name(sc_buf *b, const char *name) {
    sc_render_comma(b);
    sc_buf_putc(b, '"');
    sc_buf_puts(b, name);
    sc_buf_put(b, "\":", 2);
}

void sc_render_str(sc_buf *b, const char *name, sc_str v) {
    sc_render_name(b, name);
    sc_buf_put_json(b, v);
}

void sc_render_str_or_null(sc_buf *b, const char *name, sc_str v) {
    sc_render_name(b, name);
    if (v.n)
        sc_buf_put_json(b, v);
    else
        sc_buf_puts(b, "null");
}

static void put_int(sc_buf *b, int64_t v) {
    char text[24];
    size_t at = sizeof text;
    uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do text[--at] = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0) text[--at] = '-';
    sc_buf_put(b, text + at, sizeof text - at);
}

void sc_render_int(sc_buf *b, const char *name, int64_t v) {
    sc_render_name(b, name);
    put_int(b, v);
}

void sc_render_bool(sc_buf *b, const char *name, bool v) {
    sc_render_name(b, name);
    sc_buf_puts(b, v ? "true" : "false");
}

void sc_render_num(sc_buf *b, const char *name, double v) {
    sc_render_name(b, name);
    if (isfinite(v))
        sc_buf_putf(b, "%.4f", v);
    else
        sc_buf_puts(b, "null");
}

void sc_render_time(sc_buf *b, const char *name, int64_t ms) {
    sc_render_name(b, name);
    if (!ms) {
        sc_buf_puts(b, "null");
        return;
    }
    char text[SC_TIME_TEXT];
    sc_time_format(ms, text);
    sc_buf_putc(b, '"');
    sc_buf_puts(b, text);
    sc_buf_putc(b, '"');
}

void sc_render_id(sc_buf *b, const char *name, const sc_id *id) {
    sc_render_str_or_null(b, name, sc_id_str(id));
}

void sc_render_raw(sc_buf *b, const char *name, sc_str json, const char *empty) {
    sc_render_name(b, name);
    if (json.n)
        sc_buf_put_str(b, json);
    else
        sc_buf_puts(b, empty);
}

/* ---- Lists -------------------------------------------------------------------------------------- */

void sc_render_list_open(sc_buf *b) { sc_buf_puts(b, "{\"items\":["); }

void sc_render_list_end(sc_buf *b, int64_t total, sc_str next_cursor) {
    sc_buf_putc(b, ']');
    sc_render_int(b, "total", total);
    sc_render_str_or_null(b, "next_cursor", next_cursor);
}

void sc_render_list_close(sc_buf *b, int64_t total, sc_str next_cursor) {
    sc_render_list_end(b, total, next_cursor);
    sc_buf_putc(b, '}');
}

/* ---- Feedback ----------------------------------------------------------------------------------- */

/* Title, blank line, body: one JSON string of two texts, without building a third one. */
static void put_raw_text(sc_buf *b, const sc_feedback *f) {
    sc_render_str(b, "raw_text", f->title);
    if (!f->body.n || b->failed) return;
    b->n--; /* the closing quote */
    sc_buf_puts(b, "\\n\\n");
    size_t at = b->n;
    if (!sc_buf_put_json(b, f->body)) return;
    memmove(b->p + at, b->p + at + 1, b->n - at - 1); /* the second opening quote */
    b->n--;
    b->p[b->n] = 0;
}

void sc_render_feedback(sc_buf *b, const sc_feedback *f) {
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &f->id);
    sc_render_id(b, "project_id", &f->project_id);
    sc_render_str(b, "source", sc_str_of(sc_feedback_source_name(f->source)));
    sc_render_str(b, "external_id", f->external_id);
    sc_render_str(b, "title", f->title);
    sc_render_str(b, "body", f->body);
    put_raw_text(b, f);
    sc_render_str_or_null(b, "stack", f->stack);
    sc_render_raw(b, "metadata", f->metadata, "{}");
    sc_render_str_or_null(b, "url", f->url);
    sc_render_str_or_null(b, "repo", f->repo);
    sc_render_name(b, "github_issue_number");
    if (f->issue_number)
        put_int(b, f->issue_number);
    else
        sc_buf_puts(b, "null");
    sc_render_str_or_null(b, "github_issue_url",
                          f->source == SC_SOURCE_github ? f->url : SC_STR_NONE);
    sc_render_str_or_null(b, "status", f->status);
    sc_render_str(b, "state", sc_str_of(sc_feedback_state_name(f->state)));
    sc_render_id(b, "cluster_id", &f->cluster_id);
    sc_render_time(b, "created_at", f->created_at_ms);
    sc_render_time(b, "received_at", f->received_at_ms);
    sc_render_str_or_null(b, "request_id", f->request_id);
    sc_buf_putc(b, '}');
}

/* ---- Clusters ----------------------------------------------------------------------------------- */

static void put_sources(sc_buf *b, const sc_cluster *c) {
    sc_render_name(b, "sources");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        if (c->source_counts[i]) {
            sc_render_comma(b);
            sc_buf_put_json(b, sc_str_of(sc_feedback_source_name((sc_feedback_source)i)));
        }
    sc_buf_putc(b, ']');
    sc_render_name(b, "source_counts");
    sc_buf_putc(b, '{');
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        if (c->source_counts[i])
            sc_render_int(b, sc_feedback_source_name((sc_feedback_source)i), c->source_counts[i]);
    sc_buf_putc(b, '}');
}

static void put_representatives(sc_buf *b, const sc_cluster *c) {
    sc_render_name(b, "representative_ids");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++)
        if (sc_id_is_set(&c->representative_ids[i])) {
            sc_render_comma(b);
            sc_buf_put_json(b, sc_id_str(&c->representative_ids[i]));
        }
    sc_buf_putc(b, ']');
}

static void put_trend(sc_buf *b, const sc_cluster *c) {
    sc_render_name(b, "trend");
    sc_buf_puts(b, "{\"days\":[");
    for (size_t i = 0; i < SC_CLUSTER_TREND_DAYS; i++) {
        sc_render_comma(b);
        put_int(b, c->trend[i]);
    }
    char day[SC_TIME_TEXT];
    sc_time_format(c->trend_day * 86400000, day);
    sc_buf_puts(b, "]");
    sc_render_str(b, "last_day", (sc_str){day, 10});
    sc_buf_putc(b, '}');
}

void sc_render_cluster_open(sc_buf *b, const sc_cluster *c) {
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &c->id);
    sc_render_id(b, "project_id", &c->project_id);
    sc_render_str(b, "title", c->title);
    sc_render_bool(b, "title_locked", c->title_locked);
    sc_render_str(b, "title_by", sc_str_of(sc_cluster_title_by(c)));
    sc_render_str(b, "summary", c->summary);
    sc_render_str(b, "summary_by", sc_str_of(sc_cluster_summary_by(c)));
    sc_render_str(b, "status", sc_str_of(sc_cluster_status_name(c->status)));
    sc_render_int(b, "count", c->count);
    put_sources(b, c);
    sc_render_raw(b, "keywords", c->keywords, "[]");
    put_representatives(b, c);
    sc_render_name(b, "cohesion");
    sc_buf_putc(b, '{');
    sc_render_num(b, "mean", c->cohesion_mean);
    sc_render_num(b, "min", c->cohesion_min);
    sc_render_str(b, "quality", sc_str_of(sc_cluster_quality(c)));
    sc_buf_putc(b, '}');
    sc_render_time(b, "first_seen", c->first_seen_ms);
    sc_render_time(b, "last_seen", c->last_seen_ms);
    put_trend(b, c);
    sc_render_time(b, "snooze_until", c->snooze_until_ms);
    sc_id none = {{0}};
    sc_render_id(b, "merged_into", sc_cluster_deserted(c) ? &none : &c->merged_into);
    sc_render_time(b, "created_at", c->created_at_ms);
    sc_render_time(b, "updated_at", c->updated_at_ms);
    sc_render_str_or_null(b, "github_repo_url", c->repo_url);
    sc_render_str_or_null(b, "github_branch", c->branch);
    sc_render_str_or_null(b, "github_pr_url", c->pr_url);
    sc_render_str_or_null(b, "issue_title", c->issue_title);
    sc_render_str_or_null(b, "issue_description", c->issue_description);
    sc_render_str_or_null(b, "error_message", c->error_message);
    sc_render_int(b, "version", c->version);
}

void sc_render_cluster(sc_buf *b, const sc_cluster *c) {
    sc_render_cluster_open(b, c);
    sc_buf_putc(b, '}');
}

/* ---- The rest ----------------------------------------------------------------------------------- */

void sc_render_job(sc_buf *b, const sc_job *j) {
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &j->id);
    sc_render_id(b, "project_id", &j->project_id);
    sc_render_str(b, "kind", j->kind);
    sc_render_str(b, "status", sc_str_of(sc_job_state_name(j->state)));
    sc_render_int(b, "attempt", j->attempts);
    sc_render_int(b, "max_attempts", j->max_attempts);
    sc_render_raw(b, "payload", j->payload, "{}");
    sc_render_str_or_null(b, "error", j->error);
    sc_render_time(b, "run_at", j->run_at_ms);
    sc_render_time(b, "created_at", j->created_at_ms);
    sc_render_time(b, "updated_at", j->updated_at_ms);
    sc_render_time(b, "ended_at", j->ended_at_ms);
    sc_render_str_or_null(b, "request_id", j->request_id);
    sc_render_str_or_null(b, "worker", j->lease_owner);
    sc_buf_putc(b, '}');
}

void sc_render_project(sc_buf *b, const sc_project *p) {
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &p->id);
    sc_render_str(b, "name", p->name);
    sc_render_time(b, "created_at", p->created_at_ms);
    sc_buf_putc(b, '}');
}

void sc_render_scopes(sc_buf *b, unsigned scopes) {
    static const struct {
        unsigned bit;
        const char *name;
    } rows[] = {
#define X(name, bit) {bit, #name},
        SC_KEY_SCOPES(X)
#undef X
    };
    sc_render_name(b, "scopes");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < SC_LEN(rows); i++)
        if (scopes & rows[i].bit) {
            sc_render_comma(b);
            sc_buf_put_json(b, sc_str_of(rows[i].name));
        }
    sc_buf_putc(b, ']');
}

void sc_render_key_open(sc_buf *b, const sc_key *k) {
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &k->id);
    sc_render_id(b, "project_id", &k->project_id);
    sc_render_str(b, "name", k->name);
    sc_render_str(b, "prefix", k->prefix);
    sc_render_scopes(b, k->scopes);
    sc_render_time(b, "created_at", k->created_at_ms);
    sc_render_time(b, "last_used_at", k->last_used_ms);
    sc_render_time(b, "expires_at", k->expires_at_ms);
    sc_render_time(b, "revoked_at", k->revoked_at_ms);
}

void sc_render_evidence(sc_buf *b, const sc_evidence *e) {
    sc_buf_putc(b, '{');
    sc_render_num(b, "probability", e->probability);
    sc_render_num(b, "mean", e->mean);
    sc_render_num(b, "best", e->best);
    sc_render_num(b, "worst", e->worst);
    sc_render_num(b, "semantic", e->semantic);
    sc_render_num(b, "lexical", e->lexical);
    sc_render_num(b, "title", e->title);
    sc_render_num(b, "stack", e->stack);
    sc_render_bool(b, "conflict", e->conflict);
    sc_buf_putc(b, '}');
}

static void put_decision(sc_buf *b, const sc_decision *d) {
    sc_render_name(b, "decision");
    if (!d) {
        sc_buf_puts(b, "null");
        return;
    }
    sc_buf_putc(b, '{');
    sc_render_str(b, "reason", sc_str_of(sc_decision_reason_name(d->reason)));
    sc_render_id(b, "from_id", &d->from_id);
    sc_render_str(b, "model", d->model);
    sc_render_str(b, "actor", d->actor);
    sc_render_str_or_null(b, "note", d->note);
    sc_render_raw(b, "shared_terms", d->shared_terms, "[]");
    sc_render_name(b, "evidence");
    sc_render_evidence(b, &d->evidence);
    sc_buf_putc(b, '}');
}

static void put_step(sc_buf *b, const sc_trace_step *s) {
    sc_render_comma(b);
    sc_buf_putc(b, '{');
    sc_render_time(b, "at", s->at_ms);
    sc_render_str(b, "step", sc_str_of(s->step));
    sc_render_str(b, "words", s->words);
    sc_render_str_or_null(b, "request_id", s->request_id);
    sc_render_id(b, "job_id", &s->job_id);
    sc_render_id(b, "action_id", &s->action_id);
    sc_render_id(b, "cluster_id", &s->cluster_id);
    sc_render_str_or_null(b, "cluster_title", s->cluster_title);
    sc_render_name(b, "nearest");
    if (sc_id_is_set(&s->nearest_id)) {
        sc_buf_putc(b, '{');
        sc_render_id(b, "id", &s->nearest_id);
        sc_render_str(b, "title", s->nearest_title);
        sc_buf_putc(b, '}');
    } else {
        sc_buf_puts(b, "null");
    }
    put_decision(b, s->decision);
    sc_render_str_or_null(b, "url", s->url);
    sc_buf_putc(b, '}');
}

void sc_render_trace(sc_buf *b, const sc_trace *t) {
    sc_buf_putc(b, '{');
    sc_render_name(b, "feedback");
    sc_render_feedback(b, &t->feedback);
    sc_render_str(b, "trace_id", sc_str_of(t->trace_id));
    sc_render_name(b, "steps");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < t->n; i++) put_step(b, &t->steps[i]);
    sc_buf_putc(b, ']');
    sc_render_name(b, "now");
    if (t->has_now)
        sc_render_evidence(b, &t->now);
    else
        sc_buf_puts(b, "null");
    sc_buf_putc(b, '}');
}

void sc_render_search(sc_buf *b, const sc_search_result *r) {
    sc_render_list_open(b);
    for (size_t i = 0; i < r->n; i++) {
        sc_render_comma(b);
        sc_buf_putc(b, '{');
        sc_render_num(b, "score", r->hits[i].score);
        sc_render_num(b, "semantic", r->hits[i].semantic);
        sc_render_num(b, "lexical", r->hits[i].lexical);
        sc_render_name(b, "feedback");
        sc_render_feedback(b, &r->hits[i].feedback);
        sc_buf_putc(b, '}');
    }
    sc_buf_puts(b, "],\"clusters\":[");
    for (size_t i = 0; i < r->n_clusters; i++) {
        sc_render_comma(b);
        sc_buf_putc(b, '{');
        sc_render_num(b, "score", r->clusters[i].score);
        sc_render_int(b, "hits", (int64_t)r->clusters[i].hits);
        sc_render_name(b, "cluster");
        sc_render_cluster(b, &r->clusters[i].cluster);
        sc_buf_putc(b, '}');
    }
    sc_buf_putc(b, ']');
    sc_render_int(b, "total", (int64_t)r->n);
    sc_buf_puts(b, ",\"next_cursor\":null");
    sc_render_str(b, "model", sc_str_of(r->model));
    sc_render_num(b, "took_ms", (double)r->took_us / 1000.0);
    sc_buf_putc(b, '}');
}

void sc_render_action(sc_buf *b, const sc_id *project, const sc_triage_result *r) {
    sc_buf_putc(b, '{');
    sc_render_id(b, "action_id", &r->action_id);
    sc_render_id(b, "cluster_id", &r->cluster_id);
    sc_render_int(b, "moved", r->moved);
    sc_render_id(b, "project_id", project);
    sc_buf_putc(b, '}');
}
