/* Issues: list, one, its members, what may be the same. */
#include "web/handlers.h"

enum { DETAIL_IDS = 200, DETAIL_ITEMS = 20 };

unsigned sc_req_statuses(const sc_req *q) {
    sc_str rest = sc_req_param(q, "status"), part;
    unsigned bits = 0;
    sc_cluster_status s;
    while (sc_str_next(&rest, ',', &part))
        if (sc_cluster_status_parse(part, &s)) bits |= 1u << s;
    return bits;
}

static sc_cluster_sort sort_of(const sc_req *q) {
    static const char *const names[] = {[SC_SORT_RECENT] = "recent",
                                        [SC_SORT_SIZE] = "size",
                                        [SC_SORT_TREND] = "trend",
                                        [SC_SORT_CREATED] = "created"};
    for (size_t i = 0; i < SC_LEN(names); i++)
        if (sc_str_is(sc_req_param(q, "sort"), names[i])) return (sc_cluster_sort)i;
    return SC_SORT_RECENT;
}

sc_rc sc_on_listClusters(sc_req *q, sc_err *err) {
    sc_cluster_filter f = {
        .project_id = q->project,
        .statuses = sc_req_statuses(q),
        .since_ms = sc_req_time(q, "since"),
        .until_ms = sc_req_time(q, "until"),
        .min_count = sc_req_int(q, "min_count", 0),
        .sort = sort_of(q),
    };
    f.by_source = sc_feedback_source_parse(sc_req_param(q, "source"), &f.source);
    sc_page page = sc_req_page(q);
    sc_cluster_list list;
    sc_rc rc = sc_read_clusters(sc_req_app(q), &f, sc_req_param(q, "q"), &page, sc_req_arena(q),
                                &list, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; i < list.n; i++) {
        sc_render_comma(&b);
        sc_render_cluster(&b, &list.items[i]);
    }
    sc_render_list_close(&b, list.total, list.next_cursor);
    return sc_req_reply_buf(q, 200, &b, err);
}

static sc_rc members(const sc_req *q, const sc_id *cluster, const sc_page *page,
                     sc_feedback_list *ret, sc_err *err) {
    sc_feedback_filter f = {.project_id = q->project, .cluster_id = *cluster};
    const sc_store *s = sc_req_store(q);
    return s->ops->feedback_list(s->self, &f, page, sc_req_arena(q), ret, err);
}

/* A cluster with its newest members. asked_for: the id in the address, when it differs. */
static sc_rc reply_detail(sc_req *q, const sc_cluster *c, const sc_id *asked_for, sc_err *err) {
    sc_feedback_list list;
    sc_page page = {.limit = DETAIL_IDS};
    sc_rc rc = members(q, &c->id, &page, &list, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_cluster_open(&b, c);
    sc_buf_puts(&b, ",\"feedback_ids\":[");
    for (size_t i = 0; i < list.n; i++) {
        sc_render_comma(&b);
        sc_buf_put_json(&b, sc_id_str(&list.items[i].id));
    }
    sc_buf_puts(&b, "],\"feedback_items\":[");
    for (size_t i = 0; i < SC_MIN(list.n, (size_t)DETAIL_ITEMS); i++) {
        sc_render_comma(&b);
        sc_render_feedback(&b, &list.items[i]);
    }
    sc_buf_putc(&b, ']');
    if (asked_for) sc_render_id(&b, "moved_from", asked_for);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}

sc_rc sc_on_getCluster(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_cluster c;
    bool moved = false;
    sc_rc rc = sc_read_cluster(sc_req_app(q), &q->project, &id, sc_req_arena(q), &c, &moved, err);
    return rc ? rc : reply_detail(q, &c, moved ? &id : NULL, err);
}

sc_rc sc_on_listClusterFeedback(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_cluster c;
    bool moved = false;
    sc_rc rc = sc_read_cluster(sc_req_app(q), &q->project, &id, sc_req_arena(q), &c, &moved, err);
    if (rc) return rc;
    sc_page page = sc_req_page(q);
    sc_feedback_list list;
    rc = members(q, &c.id, &page, &list, err);
    if (rc) return rc;
    if (list.total < 0) list.total = c.count;
    return sc_reply_feedback_list(q, &list, err);
}

sc_rc sc_on_listMergeCandidates(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_merge_candidate *list;
    size_t n;
    sc_rc rc =
        sc_read_candidates(sc_req_app(q), &q->project, &id, (size_t)sc_req_int(q, "limit", 10),
                           sc_req_arena(q), &list, &n, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_render_list_open(&b);
    for (size_t i = 0; i < n; i++) {
        sc_render_comma(&b);
        sc_buf_putc(&b, '{');
        sc_render_name(&b, "cluster");
        sc_render_cluster(&b, &list[i].cluster);
        sc_render_name(&b, "evidence");
        sc_render_evidence(&b, &list[i].evidence);
        sc_render_bool(&b, "apart", list[i].apart);
        sc_buf_putc(&b, '}');
    }
    sc_render_list_close(&b, (int64_t)n, SC_STR_NONE);
    return sc_req_reply_buf(q, 200, &b, err);
}

/* ---- PATCH -------------------------------------------------------------------------------------- */

static bool event_of(sc_str status, sc_cluster_event *ret) {
    static const struct {
        const char *name;
        sc_cluster_event event;
    } rows[] = {
        {"new", SC_CLUSTER_EV_REOPEN},       {"triaged", SC_CLUSTER_EV_TRIAGE},
        {"resolved", SC_CLUSTER_EV_RESOLVE}, {"ignored", SC_CLUSTER_EV_IGNORE},
        {"snoozed", SC_CLUSTER_EV_SNOOZE},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        if (sc_str_is(status, rows[i].name)) {
            *ret = rows[i].event;
            return true;
        }
    return false;
}

static sc_rc read_patch(const sc_req *q, sc_cluster_patch *p, sc_err *err) {
    *p = (sc_cluster_patch){
        .has_title = json_object_get(q->body, "title") != NULL,
        .title = sc_req_text(q, "title"),
        .has_repo_url = json_object_get(q->body, "github_repo_url") != NULL,
        .repo_url = sc_req_text(q, "github_repo_url"),
        .if_version = json_integer_value(json_object_get(q->body, "version")),
    };
    p->has_event = event_of(sc_req_text(q, "status"), &p->event);
    p->has_restore = sc_cluster_status_parse(sc_req_text(q, "restore"), &p->restore);
    if (p->has_event && p->has_restore)
        return sc_fail_field(err, SC_UNPROCESSABLE, "restore", "goes without status");
    sc_str until = sc_req_text(q, "snooze_until");
    if (!until.p) return SC_OK;
    sc_rc rc = sc_time_parse(until, &p->snooze_until_ms, NULL);
    if (rc || p->snooze_until_ms <= sc_req_now_ms(q))
        return sc_fail_field(err, SC_UNPROCESSABLE, "snooze_until", "give a time in the future");
    bool snooze = p->has_restore ? p->restore == SC_CLUSTER_snoozed
                                 : !p->has_event || p->event == SC_CLUSTER_EV_SNOOZE;
    if (!p->has_restore) p->event = SC_CLUSTER_EV_SNOOZE;
    p->has_event = !p->has_restore;
    return snooze ? SC_OK
                  : sc_fail_field(err, SC_UNPROCESSABLE, "snooze_until",
                                  "goes with status snoozed only");
}

sc_rc sc_on_patchCluster(sc_req *q, sc_err *err) {
    sc_id id = sc_req_id(q, "id");
    sc_cluster_patch patch;
    sc_cluster c;
    sc_rc rc = read_patch(q, &patch, err);
    if (!rc)
        rc = sc_triage_patch(sc_req_app(q), &q->project, &id, &patch, sc_req_actor(q),
                             sc_req_arena(q), &c, err);
    return rc ? rc : reply_detail(q, &c, NULL, err);
}
