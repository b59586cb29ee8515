#include "web/fix_render.h"

static void put_cost(sc_buf *b, const sc_fix_cost *c) {
    sc_render_name(b, "cost");
    sc_buf_putc(b, '{');
    sc_render_num(b, "usd", (double)c->micro_usd / 1e6);
    sc_render_int(b, "calls", c->calls);
    sc_render_int(b, "tokens_in", c->tokens_in);
    sc_render_int(b, "tokens_out", c->tokens_out);
    sc_buf_putc(b, '}');
}

static void put_patch(sc_buf *b, const sc_fix *f) {
    sc_render_name(b, "patch");
    if (!f->patch_bytes) {
        sc_buf_puts(b, "null");
        return;
    }
    sc_buf_putc(b, '{');
    sc_render_int(b, "bytes", f->patch_bytes);
    sc_render_int(b, "files", f->patch_files);
    sc_render_int(b, "added", f->patch_added);
    sc_render_int(b, "removed", f->patch_removed);
    sc_buf_putc(b, '}');
}

static void int_or_null(sc_buf *b, const char *name, int64_t v) {
    if (v)
        sc_render_int(b, name, v);
    else
        sc_render_raw(b, name, SC_STR("null"), "null");
}

/* One that was given up by the store has no words of its own. */
static void put_reason(sc_buf *b, const sc_fix *f) {
    sc_fix_reason r = f->reason;
    if (!r && f->status == SC_JOB_dead) r = SC_FIX_REASON_lost;
    bool ended = sc_job_state_ended(f->status) && f->status != SC_JOB_success;
    sc_render_str_or_null(b, "reason", r ? sc_str_of(sc_fix_reason_name(r)) : SC_STR_NONE);
    sc_str words = f->error.n || !ended ? f->error : sc_str_of(sc_fix_reason_words(r));
    sc_render_str_or_null(b, "error", words);
}

void sc_render_fix(sc_buf *b, const sc_fix *f, sc_str title, const sc_id *plan_id) {
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &f->id);
    sc_render_id(b, "project_id", &f->project_id);
    sc_render_id(b, "cluster_id", &f->cluster_id);
    sc_render_str_or_null(b, "cluster_title", title);
    sc_render_str_or_null(b, "plan_id", plan_id ? sc_id_str(plan_id) : SC_STR_NONE);
    int_or_null(b, "plan_version", f->plan_version);
    sc_render_str_or_null(b, "runner", f->runner);
    sc_render_str(b, "agent", f->agent);
    sc_render_str(b, "status", sc_str_of(sc_job_state_name(f->status)));
    sc_render_str(b, "step", sc_str_of(sc_fix_step_name(f->step)));
    sc_render_int(b, "attempt", f->attempts);
    sc_render_int(b, "max_attempts", f->max_attempts);
    put_reason(b, f);
    put_cost(b, &f->cost);
    sc_render_raw(b, "tests", f->tests, "{}");
    sc_render_raw(b, "findings", f->findings, "[]");
    sc_render_raw(b, "blocked_hosts", f->blocked, "[]");
    put_patch(b, f);
    sc_render_str_or_null(b, "repository", f->repository);
    sc_render_str_or_null(b, "base_branch", f->base_branch);
    sc_render_str_or_null(b, "base_commit", f->base_commit);
    sc_render_str_or_null(b, "branch", f->branch);
    sc_render_str_or_null(b, "head_commit", f->head_commit);
    sc_render_str_or_null(b, "pr_url", f->pull_url);
    int_or_null(b, "pr_number", f->pull_number);
    sc_render_str(b, "pr_state", sc_str_of(sc_fix_pull_name(f->pull)));
    sc_render_id(b, "follows", &f->follows);
    sc_render_str(b, "asked_by", f->by);
    sc_render_str(b, "instructions", f->instructions);
    sc_render_time(b, "created_at", f->created_at_ms);
    sc_render_time(b, "started_at", f->started_at_ms);
    sc_render_time(b, "updated_at", f->updated_at_ms);
    sc_render_time(b, "ended_at", f->ended_at_ms);
    sc_render_time(b, "opened_at", f->opened_at_ms);
    sc_render_time(b, "merged_at", f->merged_at_ms);
    sc_render_time(b, "watch_until", f->watch_until_ms);
    sc_render_int(b, "version", f->version);
    sc_buf_putc(b, '}');
}

void sc_render_fix_log(sc_buf *b, const sc_fix_log *l) {
    sc_buf_putc(b, '{');
    sc_render_int(b, "seq", l->seq);
    sc_render_time(b, "at", l->at_ms);
    sc_render_str(b, "stream", l->stream);
    sc_render_str(b, "text", l->text);
    sc_buf_putc(b, '}');
}

void sc_render_plan(sc_buf *b, const sc_plan *p) {
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &p->id);
    sc_render_id(b, "project_id", &p->project_id);
    sc_render_id(b, "cluster_id", &p->cluster_id);
    sc_render_int(b, "version", p->version);
    sc_render_str(b, "problem", p->problem);
    sc_render_str(b, "expected", p->expected);
    sc_render_str(b, "evidence", p->evidence);
    sc_render_str(b, "acceptance", p->acceptance);
    sc_render_str(b, "by", p->by);
    sc_render_time(b, "created_at", p->created_at_ms);
    sc_buf_putc(b, '}');
}

static void put_actions(sc_buf *b, const sc_fix_pull_view *v) {
    sc_render_name(b, "actions");
    sc_buf_putc(b, '[');
    if (v->may_merge) sc_buf_puts(b, "\"merge\"");
    if (v->may_close) {
        sc_render_comma(b);
        sc_buf_puts(b, "\"close\"");
    }
    if (v->may_comment) {
        sc_render_comma(b);
        sc_buf_puts(b, "\"comment\"");
    }
    sc_buf_putc(b, ']');
}

void sc_render_pull(sc_buf *b, const sc_fix *f, const sc_fix_pull_view *v) {
    static const sc_fix_pull states[] = {[SC_FORGE_OPEN] = SC_FIX_PULL_open,
                                         [SC_FORGE_MERGED] = SC_FIX_PULL_merged,
                                         [SC_FORGE_CLOSED] = SC_FIX_PULL_closed};
    const sc_forge_pr *p = &v->pr;
    sc_buf_putc(b, '{');
    sc_render_int(b, "number", p->number);
    sc_render_str(b, "state", sc_str_of(sc_fix_pull_name(states[p->state])));
    sc_render_bool(b, "draft", p->draft);
    sc_render_str_or_null(b, "url", p->url.n ? p->url : f->pull_url);
    sc_render_str(b, "title", p->title);
    sc_render_str(b, "body", p->body);
    sc_render_str(b, "branch", p->branch);
    sc_render_str(b, "base", p->base);
    sc_render_str(b, "head_commit", p->head_commit);
    sc_render_str_or_null(b, "merge_commit", p->merge_commit);
    put_actions(b, v);
    sc_render_name(b, "comments");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < v->comments.n; i++) {
        const sc_forge_comment *c = &v->comments.v[i];
        sc_render_comma(b);
        sc_buf_putc(b, '{');
        sc_render_str(b, "author", c->author);
        sc_render_str(b, "body", c->body);
        sc_render_time(b, "at", c->created_at_ms);
        sc_buf_putc(b, '}');
    }
    sc_buf_puts(b, "]}");
}

static void put_agent(sc_buf *b, const char *name, const char *summary) {
    sc_render_comma(b);
    sc_buf_putc(b, '{');
    sc_render_str(b, "name", sc_str_of(name));
    sc_render_str(b, "summary", sc_str_of(summary));
    sc_buf_putc(b, '}');
}

void sc_render_fix_state(sc_buf *b, const sc_fix_state *s) {
    sc_buf_putc(b, '{');
    sc_render_bool(b, "ready", !s->n_missing);
    sc_render_name(b, "missing");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < s->n_missing; i++) {
        sc_render_comma(b);
        sc_buf_put_json(b, sc_str_of(s->missing[i]));
    }
    sc_buf_putc(b, ']');
    sc_render_bool(b, "sandboxed", s->sandboxed);
    sc_render_str_or_null(b, "forge", s->settings.repository.n ? s->settings.forge : SC_STR_NONE);
    sc_render_str_or_null(b, "repository", s->settings.repository);
    sc_render_str(b, "agent", s->settings.agent);
    sc_render_name(b, "agents");
    sc_buf_putc(b, '[');
    const char *name, *summary;
    for (size_t i = 0; sc_fix_agent_at(i, &name, &summary); i++) put_agent(b, name, summary);
    sc_buf_putc(b, ']');
    sc_render_int(b, "running", s->running);
    sc_render_int(b, "waiting", s->waiting);
    sc_render_int(b, "open_pulls", s->open_pulls);
    sc_render_name(b, "today");
    sc_buf_putc(b, '{');
    sc_render_int(b, "started", s->started_today);
    sc_render_int(b, "by_policy", s->by_policy_today);
    sc_render_num(b, "usd", (double)s->micro_usd_today / 1e6);
    sc_buf_puts(b, "}}");
}
