#include "store_rows.h"

#include "app/transfer.h"

static void say(sc_buf *b, sc_str s) {
    sc_buf_put_json(b, s);
    sc_buf_putc(b, ' ');
}
static void num(sc_buf *b, int64_t v) { sc_buf_putf(b, "%lld ", (long long)v); }
static void real(sc_buf *b, double v) { sc_buf_putf(b, v == v ? "%.17g " : "- ", v); }
static void id(sc_buf *b, const sc_id *v) { sc_buf_putf(b, "%s ", v->text); }

static void dump_feedback(sc_fx *f, sc_buf *b, const sc_feedback *r) {
    id(b, &r->id);
    num(b, r->source);
    num(b, r->state);
    const sc_str texts[] = {r->external_id, r->title, r->body,   r->stack,     r->metadata,
                            r->repo,        r->url,   r->status, r->request_id};
    for (size_t i = 0; i < SC_LEN(texts); i++) say(b, texts[i]);
    num(b, r->issue_number);
    num(b, r->created_at_ms);
    num(b, r->received_at_ms);
    id(b, &r->cluster_id);
    sc_decision *d;
    size_t n;
    fx_ok(f, f->ops->decisions(f->s, &f->a, r->seq, &f->arena, &d, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        const sc_evidence *e = &d[i].evidence;
        sc_feedback_filter near = {
            .project_id = f->a, .by_seqs = true, .seqs = &d[i].nearest_seq, .n_seqs = 1};
        sc_page page = {.limit = 1};
        sc_feedback_list list;
        const double parts[] = {e->probability, e->mean,    e->best,  e->worst,
                                e->semantic,    e->lexical, e->title, e->stack};
        sc_buf_puts(b, "\n  decision ");
        num(b, d[i].reason);
        id(b, &d[i].cluster_id);
        id(b, &d[i].from_id);
        for (size_t k = 0; k < SC_LEN(parts); k++) real(b, parts[k]);
        num(b, e->conflict);
        fx_ok(f, f->ops->feedback_list(f->s, &near, &page, &f->arena, &list, &f->err));
        if (list.n) id(b, &list.items[0].id);
        say(b, d[i].shared_terms);
        say(b, d[i].model);
        say(b, d[i].actor);
        say(b, d[i].note);
        id(b, &d[i].job_id);
        num(b, d[i].at_ms);
    }
    sc_buf_putc(b, '\n');
}

static void dump_cluster(sc_buf *b, const sc_cluster *k) {
    id(b, &k->id);
    const sc_str texts[] = {k->title,        k->summary, k->keywords,    k->repo_url,
                            k->branch,       k->pr_url,  k->issue_title, k->issue_description,
                            k->error_message};
    for (size_t i = 0; i < SC_LEN(texts); i++) say(b, texts[i]);
    const int64_t numbers[] = {k->title_locked,  k->title_told,      k->summary_told,
                               k->told,          k->status,          k->count,
                               k->first_seen_ms, k->last_seen_ms,    k->created_at_ms,
                               k->updated_at_ms, k->snooze_until_ms, k->trend_day};
    for (size_t i = 0; i < SC_LEN(numbers); i++) num(b, numbers[i]);
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++) num(b, k->source_counts[i]);
    for (size_t i = 0; i < SC_CLUSTER_TREND_DAYS; i++) num(b, k->trend[i]);
    for (size_t i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++) id(b, &k->representative_ids[i]);
    real(b, k->cohesion_mean);
    real(b, k->cohesion_min);
    id(b, &k->merged_into);
    sc_buf_putc(b, '\n');
}

static void dump_grouping(sc_fx *f, sc_buf *b) {
    sc_feedback_filter filter = {.project_id = f->a};
    sc_page page = {.limit = 100};
    sc_feedback_list reports;
    fx_ok(f, f->ops->feedback_list(f->s, &filter, &page, &f->arena, &reports, &f->err));
    for (size_t i = 0; i < reports.n; i++) dump_feedback(f, b, &reports.items[i]);
    sc_cluster *k, one;
    sc_correction *c;
    sc_pair *p;
    size_t n;
    fx_ok(f, f->ops->clusters_since(f->s, &f->a, 0, &f->arena, &k, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        fx_ok(f, f->ops->cluster_get(f->s, &f->a, &k[i].id, &f->arena, &one, &f->err));
        dump_cluster(b, &one);
    }
    fx_ok(f, f->ops->corrections(f->s, &f->a, &f->arena, &c, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        const sc_id ids[] = {c[i].id, c[i].action_id, c[i].cluster_id, c[i].other_id};
        for (size_t j = 0; j < SC_LEN(ids); j++) id(b, &ids[j]);
        num(b, c[i].kind);
        num(b, c[i].feedback_seq != 0);
        say(b, c[i].actor);
        num(b, c[i].at_ms);
        sc_buf_putc(b, '\n');
    }
    fx_ok(f, f->ops->pair_list(f->s, &f->a, &f->arena, &p, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        id(b, &p[i].a);
        id(b, &p[i].b);
        const int64_t numbers[] = {p[i].state, p[i].a_count, p[i].b_count, p[i].at_ms};
        for (size_t j = 0; j < SC_LEN(numbers); j++) num(b, numbers[j]);
        real(b, p[i].probability);
        say(b, p[i].model);
        say(b, p[i].why);
        sc_buf_putc(b, '\n');
    }
}

static void dump_fix(sc_fx *f, sc_buf *b, const sc_id *of) {
    sc_job j;
    sc_fix x;
    sc_str patch;
    fx_ok(f, f->ops->job_get(f->s, &f->a, of, &f->arena, &j, &f->err));
    fx_ok(f, f->ops->fix_get(f->s, &f->a, of, &f->arena, &x, &f->err));
    fx_ok(f, f->ops->fix_patch(f->s, &f->a, of, &f->arena, &patch, &f->err));
    id(b, &x.id);
    id(b, &x.cluster_id);
    id(b, &x.follows);
    const int64_t numbers[] = {
        j.state,          j.attempts,      j.max_attempts, j.fence,          j.run_at_ms,
        j.created_at_ms,  j.updated_at_ms, j.ended_at_ms,  x.plan_version,   x.step,
        x.reason,         x.started_at_ms, x.cost.calls,   x.cost.tokens_in, x.cost.tokens_out,
        x.cost.micro_usd, x.pull,          x.pull_number,  x.opened_at_ms,   x.merged_at_ms,
        x.watch_until_ms, x.seen_comments, x.patch_bytes,  x.patch_files,    x.patch_added,
        x.patch_removed,  x.log_bytes};
    for (size_t i = 0; i < SC_LEN(numbers); i++) num(b, numbers[i]);
    const sc_str texts[] = {j.unique_key,   j.payload,     j.error,  j.request_id, x.by,
                            x.instructions, x.agent,       x.runner, x.repository, x.base_branch,
                            x.base_commit,  x.head_commit, x.branch, x.tests,      x.findings,
                            x.blocked,      x.pull_url};
    for (size_t i = 0; i < SC_LEN(texts); i++) say(b, texts[i]);
    for (size_t i = 0; i < patch.n; i++) sc_buf_putf(b, "%02x", (unsigned char)patch.p[i]);
    sc_fix_log *rows;
    size_t n;
    fx_ok(f, f->ops->fix_log_get(f->s, &f->a, of, 0, 0, 1000, &f->arena, &rows, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        num(b, rows[i].seq);
        num(b, rows[i].at_ms);
        say(b, rows[i].stream);
        say(b, rows[i].text);
    }
    sc_buf_putc(b, '\n');
}

static void dump_work(sc_fx *f, sc_buf *b) {
    sc_fix_filter filter = {.project_id = f->a};
    sc_page page = {.limit = 100};
    sc_fix_list list;
    fx_ok(f, f->ops->fix_list(f->s, &filter, &page, &f->arena, &list, &f->err));
    for (size_t i = 0; i < list.n; i++) dump_fix(f, b, &list.items[i].id);
    for (int64_t v = 1; list.n && v <= 2; v++) {
        sc_plan p;
        fx_ok(f,
              f->ops->plan_get(f->s, &f->a, &list.items[0].cluster_id, v, &f->arena, &p, &f->err));
        const sc_str texts[] = {p.problem, p.expected, p.evidence, p.acceptance, p.by};
        id(b, &p.id);
        num(b, p.version);
        num(b, p.created_at_ms);
        for (size_t i = 0; i < SC_LEN(texts); i++) say(b, texts[i]);
        sc_buf_putc(b, '\n');
    }
}

static void dump_rest(sc_fx *f, sc_buf *b) {
    const sc_id *const of[] = {&f->a, &f->b, NULL};
    sc_setting_row *rows;
    size_t n;
    for (size_t k = 0; k < SC_LEN(of); k++) {
        fx_ok(f, f->ops->setting_list(f->s, of[k], SC_STR_NONE, &f->arena, &rows, &n, &f->err));
        for (size_t i = 0; i < n; i++) {
            if (!sc_transfer_setting(rows[i].name)) continue;
            say(b, rows[i].name);
            if (!sc_str_is(rows[i].name, "source.sentry")) say(b, rows[i].value);
            num(b, rows[i].updated_at_ms);
        }
    }
    sc_audit_filter filter = {.actor = SC_STR_NONE};
    sc_page page = {.limit = 100};
    sc_audit_list list;
    fx_ok(f, f->ops->audit_list(f->s, &filter, &page, &f->arena, &list, &f->err));
    for (size_t i = 0; i < list.n; i++) {
        const sc_audit *a = &list.items[i];
        const sc_str texts[] = {a->actor, a->action, a->target,    a->before,
                                a->after, a->asked,  a->request_id};
        id(b, &a->id);
        id(b, &a->project_id);
        id(b, &a->key_id);
        num(b, a->at_ms);
        for (size_t j = 0; j < SC_LEN(texts); j++) say(b, texts[j]);
        sc_buf_putc(b, '\n');
    }
    sc_project *p;
    fx_ok(f, f->ops->project_list(f->s, &f->arena, &p, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        if (sc_str_is(p[i].name, "default")) continue; /* each has made its own */
        id(b, &p[i].id);
        say(b, p[i].name);
        num(b, p[i].created_at_ms);
    }
}

sc_buf store_rows(sc_fx *f) {
    sc_buf b;
    sc_buf_init(&b, 64 << 20);
    dump_grouping(f, &b);
    dump_work(f, &b);
    dump_rest(f, &b);
    return b;
}
