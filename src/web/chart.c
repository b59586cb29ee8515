/* The map of a project's reports. */
#include "app/chart.h"

#include "web/handlers.h"

enum { LIMIT = 20000, TITLE_BYTES = 120 };

static void put_points(sc_buf *b, const sc_chart_view *v) {
    sc_buf_puts(b, "{\"points\":{\"id\":[");
    for (size_t i = 0; i < v->n; i++) {
        const sc_id id = sc_id_from_bytes(v->points[i].id);
        sc_buf_puts(b, i ? ",\"" : "\"");
        sc_buf_put_str(b, sc_id_str(&id));
        sc_buf_putc(b, '"');
    }
    static const char *const heads[] = {"],\"x\":[", "],\"y\":[", "],\"cluster\":["};
    for (size_t column = 0; column < SC_LEN(heads); column++) {
        sc_buf_puts(b, heads[column]);
        for (size_t i = 0; i < v->n; i++) {
            if (i) sc_buf_putc(b, ',');
            sc_buf_put_int(b, column == 0   ? v->points[i].x
                              : column == 1 ? v->points[i].y
                                            : (int64_t)v->points[i].group);
        }
    }
    sc_buf_puts(b, "]}");
}

/* All of them, in the order of their numbers; one without a point here has no centre. */
static void put_clusters(sc_buf *b, const sc_chart_view *v) {
    sc_render_name(b, "clusters");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < v->n_groups; i++) {
        const sc_chart_group *g = &v->groups[i];
        const int64_t n = SC_MAX((int64_t)g->shown, (int64_t)1);
        sc_render_comma(b);
        sc_buf_putc(b, '{');
        sc_render_id(b, "id", &g->id);
        sc_render_str(b, "title", sc_str_clip(g->title, TITLE_BYTES));
        sc_render_str(b, "status", sc_str_of(sc_cluster_status_name(g->status)));
        sc_render_int(b, "count", g->count);
        sc_render_int(b, "shown", g->shown);
        sc_render_int(b, "x", g->sum_x / n);
        sc_render_int(b, "y", g->sum_y / n);
        sc_buf_putc(b, '}');
    }
    sc_buf_putc(b, ']');
}

sc_rc sc_on_getMap(sc_req *q, sc_err *err) {
    sc_feedback_source source;
    const bool by_source = sc_feedback_source_parse(sc_req_param(q, "source"), &source);
    const sc_chart_filter f = {.statuses = sc_req_statuses(q),
                               .sources = by_source ? 1u << source : 0,
                               .since_ms = sc_req_time(q, "since"),
                               .limit = (size_t)sc_req_int(q, "limit", LIMIT)};
    sc_chart_view v;
    sc_rc rc = sc_chart_read(sc_req_app(q), &q->project, &f, sc_req_arena(q), &v, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    put_points(&b, &v);
    put_clusters(&b, &v);
    sc_render_int(&b, "total", (int64_t)v.total);
    sc_render_int(&b, "undrawn", (int64_t)v.undrawn);
    sc_render_time(&b, "laid_at", v.laid_ms);
    sc_render_bool(&b, "draws", v.draws);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}
