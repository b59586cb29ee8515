/* Titles and summaries by a language model. Those taken from the reports are there at once and stay when the model
 * has no answer; a title that a person wrote is never touched. */
#include "app/advise.h"
#include "app/describe.h"
#include "app/internal.h"
#include "base/json.h"
#include "base/log.h"

enum { A_TURN = 8, REPORTS = 5, ARENA_BYTES = 64 << 20, MAX_CONFLICTS = 5 };

/* {"count", "words", "reports": [{"title", "text", "stack"}]} */
static sc_rc content_of(sc_app *app, const sc_cluster *c, sc_buf *out, sc_err *err) {
    sc_buf_putf(out, "{\"count\":%lld,\"words\":", (long long)c->count);
    sc_buf_put_str(out, c->keywords.n ? c->keywords : SC_STR("[]"));
    sc_buf_puts(out, ",\"reports\":");
    sc_rc rc = sc_advise_quote(app, c, REPORTS, out, err);
    sc_buf_putc(out, '}');
    return rc ? rc : sc_buf_check(out, "what a language model is asked", err);
}

/* The answer, or NULL where the model has none, onto the row as it is now. */
static sc_rc write_once(sc_space *s, const sc_job *job, const sc_cluster *asked,
                        const json_t *answer, sc_arena *arena, sc_err *err) {
    sc_describe_row row = {.stored = true};
    sc_cluster *c = &row.cluster;
    sc_rc rc = STORE(s->app)->cluster_get(SELF(s->app), &s->project_id, &asked->id, arena, c, err);
    if (rc == SC_NOT_FOUND || (!rc && !c->due)) return SC_OK;
    if (rc) return rc;
    const int64_t now = sc_now_ms(s->app->conf.clock);
    c->told = asked->count;
    if (answer && !c->title_locked) {
        c->title = sc_json_str_at(answer, "title");
        c->title_told = true;
    }
    if (answer) {
        c->summary = sc_json_str_at(answer, "summary");
        c->summary_told = true;
    }
    c->due = sc_cluster_wants_telling(c, false); /* it may have grown while the model thought */
    c->updated_at_ms = now;
    c->version++;
    return sc_patch_write_row(s, &row, job, now, arena, err);
}

static sc_rc write_answer(sc_space *s, const sc_job *job, const sc_cluster *asked,
                          const json_t *answer, sc_err *err) {
    sc_rc rc = SC_CONFLICT;
    for (int i = 0; rc == SC_CONFLICT && i < MAX_CONFLICTS; i++) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, ARENA_BYTES);
        if ((rc = sc_space_lock(s, err))) return rc;
        rc = write_once(s, job, asked, answer, &arena, err);
        sc_space_unlock(s);
    }
    return rc;
}

static sc_rc tell(sc_app *app, const sc_job *job, const sc_cluster *c, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf content;
    SC_AUTO(sc_json_auto) json_t *answer = NULL;
    sc_buf_init(&content, 1 << 20);
    sc_pulse pulse = {&app->advisor, app};
    sc_space *s;
    sc_err why = {0};
    sc_rc rc = sc_space_get(app, &job->project_id, &s, err);
    if (!rc) rc = content_of(app, c, &content, err);
    if (rc) return rc;
    rc = sc_ask_for(app->ask, SC_PROMPT_issue, sc_buf_str(&content), sc_pulse_beat, &pulse, &answer,
                    &why);
    if (rc && rc != SC_UNPROCESSABLE) {
        if (err) *err = why;
        return rc;
    }
    if (rc) sc_log_err(SC_LOG_WARN, "no title by the language model", &why);
    rc = write_answer(s, job, c, answer, err);
    if (!rc && answer) atomic_fetch_add(&app->told, 1);
    return rc;
}

sc_rc sc_summarise_work(sc_app *app, const sc_job *job, int64_t *ret_later_ms, sc_err *err) {
    for (int i = 0; i < A_TURN && !atomic_load(&app->advisor.stop); i++) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, 4 << 20);
        sc_cluster_filter due = {.project_id = job->project_id, .due = true};
        sc_cluster_list list;
        sc_rc rc = STORE(app)->cluster_list(SELF(app), &due, &(sc_page){.limit = 1},
                                            sc_now_ms(app->conf.clock), &arena, &list, err);
        if (rc || !list.n) return rc;
        rc = tell(app, job, &list.items[0], err);
        if (rc) return rc;
    }
    *ret_later_ms = sc_now_ms(app->conf.clock); /* there is more, and others have jobs too */
    return SC_OK;
}
