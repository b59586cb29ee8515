/* Two pages until the dashboard is there: the issues, and one issue with its reports. They use what
 * the API uses; everything foreign goes through sc_html_text. */
#include "web/handlers.h"
#include "web/html.h"

enum { ROWS = 100, REPORTS = 20, BODY_SHOWN = 2000 };

static void put_next(sc_req *q, sc_buf *b, sc_str path, sc_str cursor) {
    if (!cursor.n) return;
    sc_buf_puts(b, "<p><a href=\"");
    sc_html_text(b, path);
    sc_buf_putf(b, "?project_id=%s&amp;cursor=", q->project.text);
    for (size_t i = 0; i < cursor.n; i++) sc_buf_putf(b, "%%%02X", (unsigned char)cursor.p[i]);
    sc_buf_puts(b, "\">More</a></p>");
}

static void put_sources(sc_buf *b, const sc_cluster *c) {
    const char *sep = "";
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        if (c->source_counts[i]) {
            sc_buf_putf(b, "%s%s %lld", sep, sc_feedback_source_name((sc_feedback_source)i),
                        (long long)c->source_counts[i]);
            sep = ", ";
        }
}

static void put_row(sc_buf *b, const sc_cluster *c, int64_t now) {
    sc_buf_putf(b, "<tr><td class=\"n\">%lld</td><td><a href=\"/issues/%s?project_id=%s\">",
                (long long)c->count, c->id.text, c->project_id.text);
    sc_html_text(b, c->title);
    sc_buf_putf(b, "</a></td><td class=\"m s\">%s</td><td class=\"m\">",
                sc_cluster_status_name(c->status));
    put_sources(b, c);
    sc_buf_puts(b, "</td><td class=\"m s\">");
    sc_html_time(b, c->last_seen_ms, now);
    sc_buf_puts(b, "</td></tr>");
}

/* Links to the projects that this caller may see, where there are several. */
static sc_rc put_projects(sc_req *q, sc_buf *b, sc_err *err) {
    if (sc_id_is_set(&q->who.project_id)) return SC_OK; /* a key of one project */
    sc_project *list = NULL;
    size_t n = 0;
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->project_list(s->self, sc_req_arena(q), &list, &n, err);
    if (rc || n < 2) return rc;
    sc_buf_puts(b, "<p class=\"m\">Project: ");
    for (size_t i = 0; i < n; i++) {
        bool here = sc_id_eq(&list[i].id, &q->project);
        if (i) sc_buf_puts(b, " &middot; ");
        if (here)
            sc_buf_puts(b, "<b>");
        else
            sc_buf_putf(b, "<a href=\"/?project_id=%s\">", list[i].id.text);
        sc_html_text(b, list[i].name);
        sc_buf_puts(b, here ? "</b>" : "</a>");
    }
    sc_buf_puts(b, "</p>");
    return SC_OK;
}

/* Nobody said which project: when the default one is empty, the first that has issues. */
static sc_rc choose_project(sc_req *q, sc_err *err) {
    if (sc_req_param(q, "project_id").n || sc_id_is_set(&q->who.project_id)) return SC_OK;
    sc_project *list = NULL;
    size_t n = 0;
    const sc_store *s = sc_req_store(q);
    sc_store_stats stats;
    sc_rc rc = s->ops->stats(s->self, &q->project, sc_req_now_ms(q), &stats, err);
    if (!rc && stats.clusters) return SC_OK;
    if (!rc) rc = s->ops->project_list(s->self, sc_req_arena(q), &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = s->ops->stats(s->self, &list[i].id, sc_req_now_ms(q), &stats, err);
        if (rc || !stats.clusters) continue;
        q->project = list[i].id;
        break;
    }
    return rc;
}

sc_rc sc_on_homePage(sc_req *q, sc_err *err) {
    sc_rc rc = choose_project(q, err);
    if (rc) return rc;
    sc_cluster_filter f = {.project_id = q->project, .sort = SC_SORT_SIZE};
    sc_page page = {.limit = ROWS, .cursor = sc_req_param(q, "cursor")};
    sc_cluster_list list;
    rc = sc_read_clusters(sc_req_app(q), &f, SC_STR_NONE, &page, sc_req_arena(q), &list, err);
    if (rc) return rc;
    int64_t now = sc_req_now_ms(q);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_html_open(&b, SC_STR("Issues"), true);
    rc = put_projects(q, &b, err);
    if (rc) return rc;
    if (!list.n) {
        sc_buf_puts(
            &b, "<p>Nothing here yet. Send a first report to <code>/api/ingest/manual</code>.</p>");
    } else {
        if (list.total >= 0)
            sc_buf_putf(&b, "<p class=\"m\">%lld in all</p>", (long long)list.total);
        sc_buf_puts(&b,
                    "<table><thead><tr><th class=\"n\">Reports</th><th>Issue</th><th>Status</th>"
                    "<th>Sources</th><th>Last seen</th></tr></thead><tbody>");
        for (size_t i = 0; i < list.n; i++) put_row(&b, &list.items[i], now);
        sc_buf_puts(&b, "</tbody></table>");
        put_next(q, &b, SC_STR("/"), list.next_cursor);
    }
    sc_html_close(&b);
    return sc_html_reply(q, 200, &b, err);
}

/* ---- One issue ---------------------------------------------------------------------------------- */

/* The latest decision, in words. What cannot be read is left out: the page is worth more than it. */
static void put_why(sc_req *q, sc_buf *b, const sc_feedback *f) {
    sc_decision *list;
    size_t n;
    const sc_store *s = sc_req_store(q);
    if (s->ops->decisions(s->self, &q->project, f->seq, sc_req_arena(q), &list, &n, NULL) || !n)
        return;
    const sc_decision *d = &list[n - 1];
    sc_buf_puts(b, "<p class=\"m\">Why here: ");
    sc_html_text(b, sc_str_of(sc_decision_reason_words(d->reason)));
    if (d->evidence.probability >= 0 && d->evidence.probability <= 1)
        sc_buf_putf(b, " (%.0f %%)", d->evidence.probability * 100);
    SC_AUTO(sc_json_auto) json_t *terms = NULL;
    if (d->shared_terms.n && !sc_json_parse(d->shared_terms, &terms, NULL) &&
        json_array_size(terms)) {
        sc_buf_puts(b, "; shared words: ");
        for (size_t i = 0; i < json_array_size(terms) && i < 8; i++) {
            const json_t *t = json_array_get(terms, i);
            if (i) sc_buf_puts(b, ", ");
            sc_html_text(b, (sc_str){json_string_value(t), json_string_length(t)});
        }
    }
    sc_buf_puts(b, "</p>");
}

static void put_report(sc_req *q, sc_buf *b, const sc_feedback *f, int64_t now) {
    sc_buf_puts(b, "<article><h2>");
    sc_html_text(b, f->title);
    sc_buf_putf(b, "</h2><p class=\"m\">%s, ", sc_feedback_source_name(f->source));
    sc_html_time(b, f->created_at_ms, now);
    if (sc_str_starts(f->url, "https://") || sc_str_starts(f->url, "http://")) {
        sc_buf_puts(b, ", <a rel=\"noreferrer noopener\" href=\"");
        sc_html_text(b, f->url);
        sc_buf_puts(b, "\">original</a>");
    }
    sc_buf_puts(b, "</p><p>");
    sc_str body = sc_str_clip(f->body, BODY_SHOWN);
    sc_html_text(b, body);
    if (body.n < f->body.n) sc_buf_puts(b, " ...");
    sc_buf_puts(b, "</p>");
    put_why(q, b, f);
    sc_buf_puts(b, "</article>");
}

static sc_rc put_reports(sc_req *q, sc_buf *b, const sc_cluster *c, sc_err *err) {
    sc_feedback_filter f = {.project_id = q->project, .cluster_id = c->id};
    sc_page page = {.limit = REPORTS, .cursor = sc_req_param(q, "cursor")};
    sc_feedback_list list;
    const sc_store *s = sc_req_store(q);
    sc_rc rc = s->ops->feedback_list(s->self, &f, &page, sc_req_arena(q), &list, err);
    if (rc) return rc;
    for (size_t i = 0; i < list.n; i++) put_report(q, b, &list.items[i], sc_req_now_ms(q));
    char path[80] = "/issues/";
    memcpy(path + 8, c->id.text, sizeof c->id.text);
    put_next(q, b, sc_str_of(path), list.next_cursor);
    return SC_OK;
}

sc_rc sc_on_issuePage(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_cluster c;
    bool moved = false;
    sc_rc rc = sc_read_cluster(sc_req_app(q), &q->project, &id, sc_req_arena(q), &c, &moved, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_html_open(&b, c.title, true);
    if (moved)
        sc_buf_puts(&b, "<p class=\"m\">The issue you asked for was merged into this one.</p>");
    sc_buf_putf(&b, "<p class=\"m\">%s, %lld report%s: ", sc_cluster_status_name(c.status),
                (long long)c.count, c.count == 1 ? "" : "s");
    put_sources(&b, &c);
    sc_buf_puts(&b, "; last seen ");
    sc_html_time(&b, c.last_seen_ms, sc_req_now_ms(q));
    sc_buf_puts(&b, "</p><p>");
    sc_html_text(&b, c.summary);
    sc_buf_puts(&b, "</p>");
    rc = put_reports(q, &b, &c, err);
    if (rc) return rc;
    sc_html_close(&b);
    return sc_html_reply(q, 200, &b, err);
}
