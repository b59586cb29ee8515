/* What is too old to be kept: seeing it, and letting it go. */
#include "app/retention.h"

#include "app/quota.h"
#include "web/handlers.h"

enum { STEP_US = 500000, ARENA_BYTES = 256 << 20 };

/* The parameter, else the project's own. */
static sc_rc days_of(sc_req *q, int64_t *ret, sc_err *err) {
    sc_quota own = {0};
    *ret = sc_req_int(q, "keep_days", 0);
    sc_rc rc = *ret ? SC_OK : sc_quota_look(sc_req_app(q), &q->project, &own, err);
    if (!rc && !*ret) *ret = own.keep_days;
    return rc;
}

static void put_issue(sc_buf *b, const sc_cluster *c) {
    sc_render_comma(b);
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &c->id);
    sc_render_str(b, "title", c->title);
    sc_render_str(b, "status", sc_str_of(sc_cluster_status_name(c->status)));
    sc_render_int(b, "count", c->count);
    sc_render_time(b, "last_seen", c->last_seen_ms);
    sc_buf_putc(b, '}');
}

sc_rc sc_on_getRetention(sc_req *q, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, ARENA_BYTES);
    int64_t days;
    sc_retention r;
    sc_rc rc = days_of(q, &days, err);
    if (!rc) rc = sc_retention_plan(sc_req_app(q), &q->project, days, &arena, &r, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_buf_putc(&b, '{');
    sc_render_int(&b, "keep_days", days);
    sc_render_time(&b, "before", r.before_ms);
    sc_render_int(&b, "issues", r.issues);
    sc_render_int(&b, "reports", r.reports);
    sc_render_time(&b, "oldest", r.oldest_ms);
    sc_render_time(&b, "newest", r.newest_ms);
    sc_buf_putf(&b, ",\"kept\":{\"changed\":%lld,\"fixed\":%lld,\"tied\":%lld},\"items\":[",
                (long long)r.kept_changed, (long long)r.kept_fixed, (long long)r.kept_tied);
    for (size_t i = 0; i < r.n_items; i++) put_issue(&b, &r.items[i]);
    sc_buf_puts(&b, "]}");
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_applyRetention(sc_req *q, sc_err *err) {
    sc_quota own;
    sc_retention_turn t;
    sc_rc rc = sc_quota_look(sc_req_app(q), &q->project, &own, err);
    if (!rc && !own.keep_days)
        rc = sc_fail_field(err, SC_UNPROCESSABLE, "keep_days",
                           "the project keeps its reports for ever; PUT /api/config/limits first");
    if (!rc)
        rc = sc_retention_work(sc_req_app(q), &q->project, own.keep_days, STEP_US,
                               sc_req_param(q, "cursor"), sc_req_arena(q), &t, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_putc(&b, '{');
    sc_render_int(&b, "reports", t.reports);
    sc_render_int(&b, "issues", t.issues);
    sc_render_bool(&b, "more", t.more);
    sc_render_str_or_null(&b, "next_cursor", t.at);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}
