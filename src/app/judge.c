/* The grey band: pairs of issues that may be one. A language model is asked whether one specific pull request would
 * resolve the reports of both. Yes, with a specific title and a stated cause: they are merged as a person would merge them, to
 * be undone the same way. Anything else: they stay two, and are not asked about again until one has grown.
 *
 * Over-grouping is the worse error. So people's constraints come first; reports that were put where they are (by
 * people, or by a verdict before) are not moved; issues that somebody works on are left alone; and a pair
 * is marked as judged before it is merged, so that what a person takes back is never done again. */
#include <stdio.h>

#include "app/advise.h"
#include "app/describe.h"
#include "app/internal.h"
#include "app/triage.h"
#include "base/json.h"
#include "base/log.h"
#include "group/review.h"

enum { A_TURN = 8, REPORTS = 4, MIN_TITLE = 12, MIN_CAUSE = 20, ACTOR_BYTES = 200 };

typedef struct judging {
    sc_app *app;
    const sc_job *job;
    sc_space *space;
    sc_arena *arena;
    sc_pair pair;
    sc_cluster a, b;
    sc_review_item now; /* the evidence as it is */
} judging;

static sc_rc put(judging *j, sc_pair_state state, sc_str why, bool drop, sc_err *err) {
    sc_app *app = j->app;
    sc_pair_write w = {.project_id = j->job->project_id,
                       .job_id = j->job->id,
                       .job_fence = j->job->fence,
                       .pair = j->pair,
                       .drop = drop};
    w.pair.state = state;
    w.pair.a_count = j->a.count;
    w.pair.b_count = j->b.count;
    w.pair.model = sc_str_of(sc_ask_model(app->ask));
    w.pair.why = why;
    w.pair.at_ms = sc_now_ms(app->conf.clock);
    return STORE(app)->pair_put(SELF(app), &w, err);
}

/* ---- Is it a question at all? -------------------------------------------------------------------- */

static bool is_open_to_merges(const sc_cluster *c) {
    return c->count > 0 && !sc_id_is_set(&c->merged_into) &&
           (c->status == SC_CLUSTER_new || c->status == SC_CLUSTER_triaged ||
            c->status == SC_CLUSTER_regressed || c->status == SC_CLUSTER_snoozed);
}

/* *ret false: it does not suggest itself any more, or people have spoken. */
static sc_rc look(judging *j, bool *ret, sc_err *err) {
    sc_app *app = j->app;
    const sc_id *project = &j->job->project_id;
    size_t n = 0;
    *ret = false;
    sc_rc rc = STORE(app)->cluster_get(SELF(app), project, &j->pair.a, j->arena, &j->a, err);
    if (!rc) rc = STORE(app)->cluster_get(SELF(app), project, &j->pair.b, j->arena, &j->b, err);
    if (rc) return rc == SC_NOT_FOUND ? SC_OK : rc;
    if (!is_open_to_merges(&j->a) || !is_open_to_merges(&j->b)) return SC_OK;
    rc = sc_space_get(app, project, &j->space, err);
    if (rc) return rc;
    pthread_rwlock_rdlock(&j->space->lock);
    rc = sc_review_pair(j->space->engine, &j->pair.a, &j->pair.b, j->arena, &j->now, &n, err);
    pthread_rwlock_unlock(&j->space->lock);
    if (rc) return rc == SC_NOT_FOUND ? SC_OK : rc;
    *ret = n && !(j->now.pinned && j->now.other_pinned);
    return SC_OK;
}

/* ---- The question -------------------------------------------------------------------------------- */

static sc_rc put_group(judging *j, const char *name, const sc_cluster *c, sc_buf *out,
                       sc_err *err) {
    sc_buf_putf(out, "\"%s\":{\"count\":%lld,\"words\":", name, (long long)c->count);
    sc_buf_put_str(out, c->keywords.n ? c->keywords : SC_STR("[]"));
    sc_buf_puts(out, ",\"reports\":");
    sc_rc rc = sc_advise_quote(j->app, c, REPORTS, out, err);
    sc_buf_putc(out, '}');
    return rc;
}

/* {"a": {"count", "words", "reports"}, "b": ...} */
static sc_rc content_of(judging *j, sc_buf *out, sc_err *err) {
    sc_buf_putc(out, '{');
    sc_rc rc = put_group(j, "a", &j->a, out, err);
    sc_buf_putc(out, ',');
    if (!rc) rc = put_group(j, "b", &j->b, out, err);
    sc_buf_putc(out, '}');
    return rc ? rc : sc_buf_check(out, "what a language model is asked", err);
}

/* A yes counts only with a title that says something and a cause that is stated. */
static bool is_specific(const json_t *answer) {
    sc_str title = sc_json_str_at(answer, "title");
    size_t words = 1;
    for (size_t i = 0; i < title.n; i++) words += title.p[i] == ' ';
    return json_is_true(json_object_get(answer, "same")) && title.n >= MIN_TITLE && words >= 3 &&
           sc_json_str_at(answer, "cause").n >= MIN_CAUSE;
}

/* ---- The verdict --------------------------------------------------------------------------------- */

static bool is_refusal(sc_rc rc) {
    return rc == SC_NOT_FOUND || rc == SC_CONFLICT || rc == SC_UNPROCESSABLE;
}

static sc_rc merge(judging *j, const json_t *answer, sc_err *err) {
    char actor[ACTOR_BYTES];
    const bool turn = j->now.other_pinned > 0; /* what was put where it is stays there */
    const sc_id into = turn ? j->now.other : j->now.cluster,
                from = turn ? j->now.cluster : j->now.other;
    sc_str cause = sc_json_str_at(answer, "cause");
    const char *note = sc_arena_printf(j->arena, "\"%.*s\": %.*s",
                                       SC_FMT(sc_json_str_at(answer, "title")), SC_FMT(cause));
    if (!note) return sc_fail(err, SC_NOMEM, "no memory for a verdict");
    sc_rc rc = put(j, SC_PAIR_one, sc_str_of(note), false, err);
    if (rc) return rc;
    snprintf(actor, sizeof actor, SC_ACTOR_LLM "%s", sc_ask_model(j->app->ask));
    const sc_advice advice = {.note = sc_str_of(note),
                              .evidence = j->now.evidence,
                              .shared = j->now.shared,
                              .nearest = turn ? j->now.there : j->now.here,
                              .into_count = sc_id_eq(&into, &j->a.id) ? j->a.count : j->b.count,
                              .from_count = sc_id_eq(&into, &j->a.id) ? j->b.count : j->a.count,
                              .job = j->job};
    sc_triage_result done;
    sc_err why = {0};
    rc = sc_triage_merge_advised(j->app, &j->job->project_id, &into, &from, &advice,
                                 sc_str_of(actor), &done, &why);
    if (!rc) {
        atomic_fetch_add(&j->app->judged_one, 1);
        sc_log(SC_LOG_INFO, "issues merged by the language model",
               SC_F_TXT("project", j->job->project_id.text), SC_F_TXT("into", into.text),
               SC_F_TXT("from", from.text), SC_F_TXT("action", done.action_id.text),
               SC_F_INT("reports", done.moved), SC_F_TXT("why", note));
        return SC_OK;
    }
    if (!is_refusal(rc)) {
        if (err) *err = why;
        return rc;
    }
    sc_log_err(SC_LOG_INFO, "issues not merged after all", &why);
    return put(j, SC_PAIR_open, SC_STR_NONE, true,
               err); /* it comes again when it suggests itself */
}

static sc_rc judge(judging *j, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf content;
    SC_AUTO(sc_json_auto) json_t *answer = NULL;
    sc_buf_init(&content, 1 << 20);
    sc_pulse pulse = {&j->app->advisor, j->app};
    bool open;
    sc_err why = {0};
    sc_rc rc = look(j, &open, err);
    if (rc) return rc;
    if (!open) return put(j, SC_PAIR_open, SC_STR_NONE, true, err);
    rc = content_of(j, &content, err);
    if (rc) return rc;
    rc = sc_ask_for(j->app->ask, SC_PROMPT_same, sc_buf_str(&content), sc_pulse_beat, &pulse,
                    &answer, &why);
    if (rc && rc != SC_UNPROCESSABLE) {
        if (err) *err = why;
        return rc;
    }
    if (!rc && is_specific(answer)) return merge(j, answer, err);
    if (rc) sc_log_err(SC_LOG_WARN, "no verdict by the language model", &why);
    rc = put(j, SC_PAIR_two, rc ? SC_STR("it had no fit answer") : sc_json_str_at(answer, "cause"),
             false, err);
    if (!rc) atomic_fetch_add(&j->app->judged_two, 1);
    return rc;
}

sc_rc sc_judge_work(sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err) {
    for (int i = 0; i < A_TURN && !atomic_load(&app->advisor.stop); i++) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, 16 << 20);
        judging j = {.app = app, .job = job, .arena = &arena};
        size_t n = 0;
        sc_rc rc = STORE(app)->pairs_open(SELF(app), &job->project_id, 1, &arena, &j.pair, &n, err);
        if (rc || !n) return rc;
        rc = judge(&j, err);
        if (rc) return rc;
    }
    *ret_later_ms = sc_now_ms(app->conf.clock);
    return SC_OK;
}
