/* What may be merged or split: the list, and doing it. */
#include "app/cleanup.h"
#include "web/handlers.h"

enum { LOOKED_AT = 50 };

static void put_report(sc_buf *b, const char *name, const sc_cleanup_report *f) {
    if (name)
        sc_render_name(b, name);
    else
        sc_render_comma(b);
    sc_buf_putc(b, '{');
    sc_render_id(b, "id", &f->id);
    sc_render_str(b, "title", f->title);
    sc_buf_putc(b, '}');
}

static void put_item(sc_buf *b, const sc_cleanup_item *it) {
    const sc_review_item *x = &it->found;
    const bool merge = x->kind == SC_REVIEW_MERGE;
    sc_render_comma(b);
    sc_buf_putc(b, '{');
    sc_render_str(b, "id", sc_str_of(it->id));
    sc_render_str(b, "action", merge ? SC_STR("merge") : SC_STR("split"));
    sc_render_id(b, "cluster_id", &x->cluster);
    sc_render_str(b, "title", it->title);
    sc_render_int(b, "count", (int64_t)x->count);
    if (merge) {
        sc_render_id(b, "other_id", &x->other);
        sc_render_str(b, "other_title", it->other_title);
    } else {
        sc_render_num(b, "cohesion", x->cohesion);
    }
    sc_render_int(b, "other_count", (int64_t)x->other_count);
    sc_render_str(b, "reason", it->words);
    sc_render_raw(b, "shared_terms", it->shared, "[]");
    put_report(b, "here", &it->here);
    put_report(b, "there", &it->there);
    sc_render_name(b, "evidence");
    sc_render_evidence(b, &x->evidence);
    sc_render_bool(b, "sure", sc_cleanup_is_sure(it));
    if (it->judged.at_ms) {
        sc_render_name(b, "judged");
        sc_buf_putc(b, '{');
        sc_render_bool(b, "same", false);
        sc_render_str(b, "model", it->judged.model);
        sc_render_str(b, "why", it->judged.why);
        sc_render_time(b, "at", it->judged.at_ms);
        sc_buf_putc(b, '}');
    }
    sc_render_name(b, "leaving");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < x->n_leaving; i++) put_report(b, NULL, &it->leaving[i]);
    sc_buf_puts(b, "]}");
}

static sc_rc list(sc_req *q, sc_str of, sc_str cursor, int64_t most, sc_cleanup *ret, sc_err *err) {
    const sc_cleanup_ask ask = {
        .of = sc_id_of(of), .after = sc_id_of(cursor), .most = (size_t)most};
    if (cursor.n && !sc_id_is_set(&ask.after))
        return sc_fail_field(err, SC_INVALID, "cursor", "this is no cursor of this list");
    return sc_cleanup_list(sc_req_app(q), &q->project, &ask, sc_req_arena(q), ret, err);
}

static void put_items(sc_buf *b, const char *name, const sc_cleanup *k) {
    sc_render_name(b, name);
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < k->n; i++) put_item(b, &k->items[i]);
    sc_buf_putc(b, ']');
}

sc_rc sc_on_analyzeClusters(sc_req *q, sc_err *err) {
    sc_cleanup k;
    sc_rc rc = list(q, sc_req_param(q, "cluster_id"), sc_req_param(q, "cursor"),
                    sc_req_int(q, "limit", LOOKED_AT), &k, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_buf_putc(&b, '{');
    put_items(&b, "items", &k);
    sc_render_str_or_null(&b, "next_cursor", sc_id_str(&k.next));
    sc_render_int(&b, "looked_at", (int64_t)k.looked);
    sc_render_int(&b, "clusters", (int64_t)k.sizes.clusters);
    sc_render_int(&b, "reports", (int64_t)k.sizes.items);
    sc_render_int(&b, "singletons", (int64_t)k.sizes.singletons);
    sc_render_int(&b, "largest", (int64_t)k.sizes.largest);
    sc_render_int(&b, "pending", k.pending);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}

/* The ids named, or those of the sure ones of the page. */
static sc_rc chosen(sc_req *q, const sc_cleanup *k, sc_str **ret, size_t *ret_n, sc_err *err) {
    const json_t *named = json_object_get(q->body, "ids");
    const size_t most = named ? json_array_size(named) : k->n;
    sc_str *ids = sc_arena_take_array(sc_req_arena(q), most + 1, sizeof *ids);
    if (!ids) return sc_fail(err, SC_NOMEM, "no memory for the suggestions");
    *ret_n = 0;
    for (size_t i = 0; i < most; i++) {
        if (named) {
            const json_t *v = json_array_get(named, i);
            ids[(*ret_n)++] = (sc_str){json_string_value(v), json_string_length(v)};
        } else if (sc_cleanup_is_sure(&k->items[i])) {
            ids[(*ret_n)++] = sc_str_of(k->items[i].id);
        }
    }
    *ret = ids;
    return SC_OK;
}

static void put_done(sc_buf *b, const sc_cleanup_done *d, size_t n, bool applied) {
    sc_render_name(b, applied ? "applied" : "skipped");
    sc_buf_putc(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (d[i].applied != applied) continue;
        sc_render_comma(b);
        sc_buf_putc(b, '{');
        sc_render_str(b, "id", d[i].id);
        if (applied) {
            sc_render_id(b, "action_id", &d[i].result.action_id);
            sc_render_id(b, "cluster_id", &d[i].result.cluster_id);
            sc_render_int(b, "moved", d[i].result.moved);
        } else {
            sc_render_str(b, "reason", d[i].why);
        }
        sc_buf_putc(b, '}');
    }
    sc_buf_putc(b, ']');
}

sc_rc sc_on_cleanupClusters(sc_req *q, sc_err *err) {
    sc_cleanup k = {.n = 0};
    sc_cleanup_done *done = NULL;
    sc_str *ids = NULL;
    size_t n = 0;
    const json_t *limit = json_object_get(q->body, "limit");
    const bool apply = json_is_true(json_object_get(q->body, "apply"));
    sc_rc rc = SC_OK;
    if (!apply || !json_object_get(q->body, "ids"))
        rc = list(q, SC_STR_NONE, sc_req_text(q, "cursor"),
                  limit ? json_integer_value(limit) : LOOKED_AT, &k, err);
    if (!rc && apply) rc = chosen(q, &k, &ids, &n, err);
    if (!rc && n && !(done = sc_arena_take_array(sc_req_arena(q), n, sizeof *done)))
        rc = sc_fail(err, SC_NOMEM, "no memory for the suggestions");
    if (!rc && n)
        rc = sc_cleanup_apply(sc_req_app(q), &q->project, ids, n, sc_req_actor(q), sc_req_arena(q),
                              done, err);
    if (rc) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_REPLY_MAX);
    sc_buf_putc(&b, '{');
    put_items(&b, "suggestions", &k);
    put_done(&b, done, n, true);
    put_done(&b, done, n, false);
    sc_render_str_or_null(&b, "next_cursor", sc_id_str(&k.next));
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}
