/* The whole way of one report, from the request that brought it to the issue it is in, with reasons. */
#include "app/describe.h"
#include "app/internal.h"
#include "app/read.h"

enum { FIXES = 10 }; /* of an issue, the newest ones */

typedef struct way {
    sc_app *app;
    const sc_id *project;
    sc_arena *arena;
    sc_trace *out;
    size_t cap;
} way;

static sc_trace_step *step(way *w, int64_t at_ms, const char *name, sc_str words) {
    sc_trace_step *s = &w->out->steps[w->out->n++];
    *s = (sc_trace_step){.at_ms = at_ms, .step = name, .words = words};
    return s;
}

/* Title and id of the nearest report, title of the cluster: what a person needs to judge a decision. */
static sc_rc fill_names(way *w, const sc_decision *d, sc_trace_step *s, sc_err *err) {
    sc_err gone = {0};
    s->cluster_id = d->cluster_id;
    sc_cluster c;
    sc_rc rc =
        STORE(w->app)->cluster_get(SELF(w->app), w->project, &d->cluster_id, w->arena, &c, &gone);
    if (!rc) s->cluster_title = c.title;
    if (d->nearest_seq && (!rc || rc == SC_NOT_FOUND)) {
        sc_feedback *near;
        rc = sc_describe_fetch(w->app, w->project, &d->nearest_seq, 1, w->arena, &near, &gone);
        if (!rc) {
            s->nearest_id = near->id;
            s->nearest_title = near->title;
        }
    }
    if (rc == SC_NOT_FOUND)
        return SC_OK; /* merged away since: the decision still says which it was */
    if (rc && err) *err = gone;
    return rc;
}

static sc_rc decision_words(way *w, const sc_decision *d, sc_str *ret, sc_err *err) {
    const char *why = sc_decision_reason_words(d->reason);
    const sc_evidence *e = &d->evidence;
    char *text = e->probability > 0 && e->probability <= 1
                     ? sc_arena_printf(w->arena,
                                       "%s (%.0f %% sure: similarity to its reports %.2f on "
                                       "average, %.2f to the nearest)",
                                       why, 100 * e->probability, e->mean, e->best)
                     : sc_arena_printf(w->arena, "%s", why);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the trace");
    if (d->note.n) text = sc_arena_printf(w->arena, "%s. %.*s", text, SC_FMT(d->note));
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the trace");
    text[0] = (char)(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 32 : text[0]);
    *ret = sc_str_of(text);
    return SC_OK;
}

/* The action that put the report there and is still in force: what an undo takes. */
static sc_id action_of(const sc_correction *c, size_t n, const sc_decision *d) {
    for (size_t i = 0; i < n; i++)
        if (c[i].kind == SC_CORRECTION_pin && c[i].feedback_seq == d->feedback_seq &&
            c[i].at_ms == d->at_ms && sc_id_eq(&c[i].cluster_id, &d->cluster_id))
            return c[i].action_id;
    return (sc_id){{0}};
}

static sc_rc decision_steps(way *w, const sc_decision *d, size_t n, sc_err *err) {
    sc_correction *corrections;
    size_t n_corrections;
    sc_rc got = STORE(w->app)->corrections(SELF(w->app), w->project, w->arena, &corrections,
                                           &n_corrections, err);
    if (got) return got;
    for (size_t i = 0; i < n; i++) {
        sc_str words = SC_STR_NONE;
        sc_rc rc = decision_words(w, &d[i], &words, err);
        if (rc) return rc;
        sc_trace_step *s =
            step(w, d[i].at_ms, sc_id_is_set(&d[i].from_id) ? "moved" : "grouped", words);
        s->decision = &d[i];
        s->job_id = d[i].job_id;
        s->action_id = action_of(corrections, n_corrections, &d[i]);
        if ((rc = fill_names(w, &d[i], s, err))) return rc;
    }
    return SC_OK;
}

static sc_rc now_evidence(way *w, sc_err *err) {
    const sc_feedback *f = &w->out->feedback;
    if (!sc_id_is_set(&f->cluster_id)) return SC_OK;
    sc_space *s;
    sc_rc rc = sc_space_get(w->app, w->project, &s, err);
    if (rc) return rc;
    sc_move m;
    pthread_rwlock_rdlock(&s->lock);
    rc = sc_engine_explain(s->engine, f->seq, &m, NULL);
    pthread_rwlock_unlock(&s->lock);
    /* Alone in its issue, or not followed yet: nothing to compare it with. */
    w->out->has_now = !rc && m.reason != SC_REASON_first;
    if (w->out->has_now) w->out->now = m.evidence;
    return SC_OK;
}

/* ---- Fixes of its issue -------------------------------------------------------------------------- */

static sc_rc pull_steps(way *w, const sc_fix *f, sc_err *err) {
    static const char *const words[SC_FIX_PULL_merged + 1] = {
        [SC_FIX_PULL_open] = "opened", [SC_FIX_PULL_merged] = "merged"};
    const int64_t at_ms[SC_LEN(words)] = {
        [SC_FIX_PULL_open] = f->opened_at_ms, [SC_FIX_PULL_merged] = f->merged_at_ms};
    for (size_t i = 0; i < SC_LEN(words); i++) {
        if (!at_ms[i]) continue;
        const char *what = f->pull == SC_FIX_PULL_issue ? "Issue" : "Pull request";
        const char *text =
            sc_arena_printf(w->arena, "%s #%lld was %s", what, (long long)f->pull_number, words[i]);
        if (!text) return sc_fail(err, SC_NOMEM, "no memory for the trace");
        sc_trace_step *s =
            step(w, at_ms[i], i == SC_FIX_PULL_open ? "pull_request" : "merged", sc_str_of(text));
        s->job_id = f->id;
        s->url = f->pull_url;
    }
    return SC_OK;
}

static sc_rc fix_steps(way *w, const sc_fix *f, sc_err *err) {
    sc_job job;
    sc_rc rc = STORE(w->app)->job_get(SELF(w->app), w->project, &f->id, w->arena, &job, err);
    if (rc) return rc;
    const char *text = sc_arena_printf(w->arena, "A fix was asked for by %.*s, with the agent %.*s",
                                       SC_FMT(f->by), SC_FMT(f->agent));
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the trace");
    sc_trace_step *s = step(w, f->created_at_ms, "fix", sc_str_of(text));
    s->job_id = f->id;
    s->cluster_id = f->cluster_id;
    s->request_id = job.request_id;
    if (f->ended_at_ms && f->reason != SC_FIX_REASON_none) {
        text = sc_arena_printf(w->arena, "The fix ended: %s", sc_fix_reason_words(f->reason));
        if (!text) return sc_fail(err, SC_NOMEM, "no memory for the trace");
        step(w, f->ended_at_ms, "fix_ended", sc_str_of(text))->job_id = f->id;
    }
    return pull_steps(w, f, err);
}

/* What is stored after the report is told in the order in which it happened. */
static void sort_steps(sc_trace_step *s, size_t from, size_t n) {
    for (size_t i = from + 1; i < n; i++)
        for (size_t j = i; j > from && s[j].at_ms < s[j - 1].at_ms; j--) {
            sc_trace_step t = s[j];
            s[j] = s[j - 1];
            s[j - 1] = t;
        }
}

sc_rc sc_read_trace(sc_app *app, const sc_id *project, const sc_id *feedback, sc_arena *arena,
                    sc_trace *ret, sc_err *err) {
    way w = {.app = app, .project = project, .arena = arena, .out = ret};
    *ret = (sc_trace){.n = 0};
    sc_rc rc = STORE(app)->feedback_get(SELF(app), project, feedback, arena, &ret->feedback, err);
    sc_decision *d = NULL;
    size_t n = 0;
    if (!rc) rc = STORE(app)->decisions(SELF(app), project, ret->feedback.seq, arena, &d, &n, err);
    const sc_fix_filter of_issue = {.project_id = *project, .cluster_id = ret->feedback.cluster_id};
    sc_fix_list fixes = {.n = 0};
    if (!rc && sc_id_is_set(&of_issue.cluster_id))
        rc = STORE(app)->fix_list(SELF(app), &of_issue, &(sc_page){.limit = FIXES}, arena, &fixes,
                                  err);
    if (rc) return rc;
    ret->steps = sc_arena_take_array(arena, n + 4 + 4 * fixes.n, sizeof *ret->steps);
    if (!ret->steps) return sc_fail(err, SC_NOMEM, "no memory for the trace");
    const sc_feedback *f = &ret->feedback;
    step(&w, f->created_at_ms, "written", SC_STR("Written at the source"));
    sc_trace_step *got =
        step(&w, f->received_at_ms, "stored", SC_STR("Received and stored durably"));
    got->request_id = f->request_id;
    unsigned char trace[16];
    sc_span_trace_of(f->request_id, trace);
    sc_span_trace_text(trace, ret->trace_id);
    rc = decision_steps(&w, d, n, err);
    for (size_t i = fixes.n; !rc && i--;) rc = fix_steps(&w, &fixes.items[i], err);
    if (!rc) sort_steps(ret->steps, 2, ret->n);
    if (!rc && f->state == SC_FEEDBACK_pending)
        step(&w, sc_now_ms(app->conf.clock), "pending", SC_STR("Waits to be grouped"));
    if (!rc && f->state == SC_FEEDBACK_parked)
        step(&w, sc_now_ms(app->conf.clock), "parked",
             SC_STR("Grouping failed; a job of its own tries it again (see the dead letters)"));
    return rc ? rc : now_evidence(&w, err);
}
