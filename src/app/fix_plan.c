/* Plans: what an agent is told about an issue. Reports are quoted as data; a language model may word the rest. */
#include <stdio.h>

#include "app/advise.h"
#include "app/fix_internal.h"
#include "app/fix_text.h"
#include "assets.h"
#include "base/json.h"
#include "base/log.h"
#include "text/quote.h"

enum {
    REPORTS = 6,
    TITLE_BYTES = 300,
    BODY_BYTES = 2500,
    STACK_BYTES = 1500,
    PART_BYTES = 8000,
    EVIDENCE_BYTES = 20000,
    ARENA_BYTES = 64 << 20,
};

/* ---- Evidence ----------------------------------------------------------------------------------- */

static sc_rc quote_report(const sc_feedback *f, size_t i, sc_buf *out, sc_err *err) {
    char at[SC_TIME_TEXT];
    sc_time_format(f->created_at_ms, at);
    sc_buf_putf(out, "%sReport %zu, from %s, written %s:\n\n", i ? "\n" : "", i + 1,
                sc_feedback_source_name(f->source), at);
    sc_rc rc = sc_quote_block(out, f->title, TITLE_BYTES, err);
    if (!rc && f->body.n && !sc_str_eq(f->body, f->title))
        rc = sc_quote_block(out, f->body, BODY_BYTES, err);
    if (!rc && f->stack.n) rc = sc_quote_block(out, f->stack, STACK_BYTES, err);
    return rc;
}

static sc_rc evidence_of(sc_app *app, const sc_cluster *c, sc_arena *arena, sc_buf *out,
                         sc_err *err) {
    size_t n = 0;
    sc_feedback *reports = sc_arena_take_array(arena, REPORTS, sizeof *reports);
    if (!reports) return sc_fail(err, SC_NOMEM, "no memory for the reports");
    sc_rc rc = sc_advise_reports(app, c, REPORTS, arena, reports, &n, err);
    for (size_t i = 0; !rc && i < n; i++) {
        const size_t before = out->n;
        rc = quote_report(&reports[i], i, out, err);
        if (!rc && out->n > EVIDENCE_BYTES) { /* whole reports, or none of it */
            out->n = before;
            out->p[before] = 0;
            break;
        }
    }
    if (!rc && (size_t)c->count > n)
        sc_buf_putf(out, "\n%lld more reports say the same in other words.\n",
                    (long long)c->count - (long long)n);
    return rc;
}

/* ---- Without a language model ------------------------------------------------------------------- */

static sc_rc plain_line(sc_str text, size_t max, sc_buf *out, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf quoted;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_buf_init(&quoted, 1 << 20);
    sc_rc rc = sc_quote(&quoted, text, max, err);
    if (!rc) rc = sc_json_parse(sc_buf_str(&quoted), &v, err);
    if (!rc) sc_buf_put_str(out, (sc_str){json_string_value(v), json_string_length(v)});
    return rc;
}

static sc_rc template_of(const sc_cluster *c, sc_buf *problem, sc_buf *expected, sc_buf *acceptance,
                         sc_err *err) {
    sc_rc rc = plain_line(c->title, TITLE_BYTES, problem, err);
    if (!rc && c->summary.n && !sc_str_eq(c->summary, c->title)) {
        sc_buf_puts(problem, "\n\n");
        rc = plain_line(c->summary, BODY_BYTES, problem, err);
    }
    sc_buf_putf(problem, "\n\n%lld report%s.", (long long)c->count, c->count == 1 ? "" : "s");
    sc_buf_puts(expected, "What the people who wrote the reports expected; see the evidence.");
    sc_buf_puts(acceptance, "What the reports describe does not happen any more. The program's "
                            "tests pass, and one of them would have failed before.");
    return rc;
}

/* ---- With one ----------------------------------------------------------------------------------- */

static sc_rc content_of(sc_app *app, const sc_cluster *c, sc_buf *out, sc_err *err) {
    sc_buf_puts(out, "{\"title\":");
    sc_rc rc = sc_quote(out, c->title, TITLE_BYTES, err);
    sc_buf_puts(out, ",\"summary\":");
    if (!rc) rc = sc_quote(out, c->summary, BODY_BYTES, err);
    sc_buf_putf(out, ",\"count\":%lld,\"reports\":", (long long)c->count);
    if (!rc) rc = sc_advise_quote(app, c, REPORTS, out, err);
    sc_buf_putc(out, '}');
    return rc ? rc : sc_buf_check(out, "what a language model is asked", err);
}

static sc_rc no_beat(void *self, int64_t ms, sc_err *err) {
    (void)self;
    (void)ms;
    (void)err;
    return SC_OK;
}

/* *ret stays NULL when there is no model, or it has no answer now: the template is always there. SC_CANCELLED: nobody knows
 * whether it would have had one, since the process ends. */
static sc_rc ask_model(sc_app *app, const sc_cluster *c, json_t **ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf content;
    sc_err why = {0};
    sc_buf_init(&content, 1 << 20);
    if (!app->ask) return SC_OK;
    sc_rc rc = content_of(app, c, &content, &why);
    if (!rc)
        rc = sc_ask_for(app->ask, SC_PROMPT_plan, sc_buf_str(&content), no_beat, NULL, ret, &why);
    if (rc == SC_CANCELLED) return sc_fail(err, rc, "the plan was given up: %s", why.msg);
    if (rc) sc_log_err(SC_LOG_WARN, "no plan by the language model", &why);
    return SC_OK;
}

/* ---- Storing ------------------------------------------------------------------------------------ */

sc_rc sc_fix_copy(sc_arena *arena, sc_str s, sc_str *ret, sc_err *err) {
    char *p = sc_arena_copy(arena, s.n ? s.p : "", s.n);
    if (!p) return sc_fail(err, SC_NOMEM, "no memory for a fix");
    *ret = (sc_str){p, s.n};
    return SC_OK;
}

/* 0: there is none yet. */
static sc_rc newest(sc_app *app, const sc_id *project, const sc_id *cluster, sc_arena *arena,
                    sc_plan *ret, sc_err *err) {
    sc_rc rc = STORE(app)->plan_get(SELF(app), project, cluster, 0, arena, ret, err);
    if (rc != SC_NOT_FOUND) return rc;
    *ret = (sc_plan){.project_id = *project, .cluster_id = *cluster};
    return SC_OK;
}

static sc_rc store_next(sc_app *app, sc_plan *p, sc_err *err) {
    p->id = sc_id_new(app->conf.clock);
    p->created_at_ms = sc_now_ms(app->conf.clock);
    p->version++;
    return STORE(app)->plan_put(SELF(app), p, err);
}

/* The parts of a plan, on their way into an arena. */
typedef struct draft {
    sc_buf problem, expected, acceptance, evidence;
} draft;

static void draft_init(draft *d) {
    sc_buf *const all[] = {&d->problem, &d->expected, &d->acceptance, &d->evidence};
    for (size_t i = 0; i < SC_LEN(all); i++) sc_buf_init(all[i], 256 << 10);
}

static void draft_done(draft *d) {
    sc_buf *const all[] = {&d->problem, &d->expected, &d->acceptance, &d->evidence};
    for (size_t i = 0; i < SC_LEN(all); i++) sc_buf_done(all[i]);
}

static sc_rc take_draft(const draft *d, sc_arena *arena, sc_plan *p, sc_err *err) {
    sc_str *const to[] = {&p->problem, &p->expected, &p->acceptance, &p->evidence};
    const sc_buf *const from[] = {&d->problem, &d->expected, &d->acceptance, &d->evidence};
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < SC_LEN(to); i++) {
        rc = sc_buf_check(from[i], "a plan", err);
        if (!rc) rc = sc_fix_copy(arena, sc_buf_str(from[i]), to[i], err);
    }
    return rc;
}

sc_rc sc_fix_plan_make(sc_app *app, const sc_id *project, const sc_id *cluster, bool may_ask,
                       sc_arena *arena, sc_plan *ret, sc_err *err) {
    SC_AUTO(draft_done) draft d;
    SC_AUTO(sc_arena_done) sc_arena scratch;
    SC_AUTO(sc_json_auto) json_t *said = NULL;
    sc_cluster c;
    sc_plan p = {.version = 0};
    sc_arena_init(&scratch, ARENA_BYTES);
    draft_init(&d);
    sc_rc rc = sc_fix_cluster(app, project, cluster, &scratch, &c, err);
    if (!rc) rc = newest(app, project, &c.id, &scratch, &p, err);
    if (!rc) rc = evidence_of(app, &c, &scratch, &d.evidence, err);
    if (!rc && may_ask) rc = ask_model(app, &c, &said, err);
    if (rc) return rc;
    if (said) {
        sc_buf_put_str(&d.problem, sc_json_str_at(said, "problem"));
        sc_buf_put_str(&d.expected, sc_json_str_at(said, "expected"));
        sc_buf_put_str(&d.acceptance, sc_json_str_at(said, "acceptance"));
    } else {
        rc = template_of(&c, &d.problem, &d.expected, &d.acceptance, err);
    }
    if (!rc) rc = take_draft(&d, arena, &p, err);
    p.by = said ? SC_STR("llm") : SC_STR("template");
    if (!rc) rc = store_next(app, &p, err);
    if (!rc) *ret = p;
    return rc;
}

sc_rc sc_fix_plan_save(sc_app *app, const sc_id *project, const sc_id *cluster,
                       const sc_plan_edit *edit, sc_str by, sc_arena *arena, sc_plan *ret,
                       sc_err *err) {
    sc_cluster c;
    sc_plan p = {.version = 0};
    sc_rc rc = sc_fix_cluster(app, project, cluster, arena, &c, err);
    if (!rc) rc = newest(app, project, &c.id, arena, &p, err);
    if (!rc && !p.version) rc = sc_fix_plan_make(app, project, &c.id, false, arena, &p, err);
    if (!rc && edit->seen && edit->seen != p.version)
        rc = sc_fail(err, SC_CONFLICT, "the plan has changed since version %lld",
                     (long long)edit->seen);
    if (rc) return rc;
    if (edit->problem.p) p.problem = edit->problem;
    if (edit->expected.p) p.expected = edit->expected;
    if (edit->evidence.p) p.evidence = edit->evidence;
    if (edit->acceptance.p) p.acceptance = edit->acceptance;
    p.by = by;
    rc = store_next(app, &p, err);
    if (!rc) *ret = p;
    return rc;
}

/* ---- For the agent ------------------------------------------------------------------------------ */

static void section(const char *title, sc_str text, sc_buf *out) {
    if (!text.n) return;
    sc_buf_putf(out, "\n## %s\n\n", title);
    sc_buf_put_str(out, sc_str_trim(text));
    sc_buf_putc(out, '\n');
}

sc_rc sc_fix_prompt(const sc_plan *p, const sc_fix *f, sc_str tests, sc_buf *out, sc_err *err) {
    sc_buf_put(out, sc_asset_prompt_task, sc_asset_prompt_task_len);
    section("Problem", p->problem, out);
    section("Expected behaviour", p->expected, out);
    section("It is solved when", p->acceptance, out);
    if (tests.n) {
        sc_buf_puts(out, "\n## Tests\n\nThey are run with this command, and must pass:\n\n");
        sc_rc rc = sc_quote_block(out, tests, PART_BYTES, err);
        if (rc) return rc;
    }
    if (f->instructions.n) {
        sc_buf_puts(out, "\n## What was said about it\n\n");
        sc_rc rc = sc_quote_block(out, f->instructions, PART_BYTES, err);
        if (rc) return rc;
    }
    section("Evidence", p->evidence, out);
    return sc_buf_check(out, "the agent's task", err);
}
