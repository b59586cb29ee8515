#include "app/describe.h"

#include "app/internal.h"
#include "text/summarise.h"

enum {
    PAGE = 500,
    DAY_MS = 86400000,
    SUMMARY_REPORTS = SC_CLUSTER_REPRESENTATIVES,
    SELDOM = 64,
    LONG_BYTES = 1200
};

/* ---- Reading rows --------------------------------------------------------------------------------- */

/* Lists leave out clusters without reports; an undo fills such a one again. */
static sc_rc load_gone(sc_space *s, sc_describe_row *row, sc_arena *arena, sc_err *err) {
    sc_cluster c;
    sc_rc rc =
        STORE(s->app)->cluster_get(SELF(s->app), &s->project_id, &row->cluster.id, arena, &c, err);
    if (!rc) *row = (sc_describe_row){.cluster = c, .stored = true};
    return rc == SC_NOT_FOUND ? SC_OK : rc;
}

static sc_rc load_page(sc_space *s, const sc_id *ids, size_t n, bool some_gone, int64_t now_ms,
                       sc_arena *arena, sc_describe_row *ret, sc_err *err) {
    sc_cluster_filter f = {.project_id = s->project_id, .by_ids = true, .ids = ids, .n_ids = n};
    sc_page page = {.limit = n};
    sc_cluster_list list;
    sc_rc rc = STORE(s->app)->cluster_list(SELF(s->app), &f, &page, now_ms, arena, &list, err);
    if (rc) return rc;
    size_t at = 0; /* the answer keeps our order and leaves out what is not stored */
    for (size_t i = 0; i < n; i++) {
        if (at < list.n && sc_id_eq(&list.items[at].id, &ids[i])) {
            ret[i] = (sc_describe_row){.cluster = list.items[at++], .stored = true};
            continue;
        }
        ret[i] = (sc_describe_row){.opened = true,
                                   .cluster = {.id = ids[i],
                                               .project_id = s->project_id,
                                               .status = SC_CLUSTER_new,
                                               .created_at_ms = now_ms,
                                               .trend_day = now_ms / DAY_MS,
                                               .keywords = SC_STR("[]")}};
        if (some_gone) rc = load_gone(s, &ret[i], arena, err);
        if (rc) return rc;
    }
    return SC_OK;
}

sc_rc sc_describe_load(sc_space *s, const sc_id *ids, size_t n, bool some_gone, int64_t now_ms,
                       sc_arena *arena, sc_describe_row *ret, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t at = 0; !rc && at < n; at += PAGE)
        rc = load_page(s, ids + at, SC_MIN(PAGE, n - at), some_gone, now_ms, arena, ret + at, err);
    return rc;
}

sc_rc sc_describe_fetch(sc_app *app, const sc_id *project, const int64_t *seqs, size_t n,
                        sc_arena *arena, sc_feedback **ret, sc_err *err) {
    sc_feedback *all = sc_arena_take_array(arena, n + 1, sizeof *all);
    if (!all) return sc_fail(err, SC_NOMEM, "no memory to read %zu reports", n);
    for (size_t at = 0; at < n; at += PAGE) {
        size_t part = SC_MIN(PAGE, n - at);
        sc_feedback_filter f = {
            .project_id = *project, .by_seqs = true, .seqs = seqs + at, .n_seqs = part};
        sc_page page = {.limit = part};
        sc_feedback_list list;
        sc_rc rc = STORE(app)->feedback_list(SELF(app), &f, &page, arena, &list, err);
        if (rc) return rc;
        if (list.n != part)
            return sc_fail(err, SC_NOT_FOUND, "a grouped report is not in the store");
        memcpy(all + at, list.items, part * sizeof *all);
    }
    *ret = all;
    return SC_OK;
}

/* ---- Counting ------------------------------------------------------------------------------------- */

static void shift_trend(sc_cluster *c, int64_t day) {
    int64_t by = day - c->trend_day;
    if (by <= 0) return;
    for (int64_t i = 0; i < SC_CLUSTER_TREND_DAYS; i++)
        c->trend[i] = i + by < SC_CLUSTER_TREND_DAYS ? c->trend[i + by] : 0;
    c->trend_day = day;
}

static void count_member(sc_cluster *c, const sc_feedback *f, int delta) {
    c->count += delta;
    c->source_counts[f->source] += delta;
    if (delta > 0 && c->first_seen_ms) {
        c->first_seen_ms = SC_MIN(c->first_seen_ms, f->created_at_ms);
        c->last_seen_ms = SC_MAX(c->last_seen_ms, f->created_at_ms);
    }
    int64_t back = c->trend_day - f->created_at_ms / DAY_MS;
    if (back < 0) back = 0; /* a clock ahead of ours: today */
    if (back < SC_CLUSTER_TREND_DAYS) c->trend[SC_CLUSTER_TREND_DAYS - 1 - back] += delta;
}

void sc_describe_count(sc_describe_row *row, const sc_feedback *f, int delta) {
    delta > 0 ? row->joined++ : row->left++;
    count_member(&row->cluster, f, delta);
}

void sc_describe_member(sc_cluster *c, const sc_feedback *f) {
    if (!c->first_seen_ms) c->first_seen_ms = c->last_seen_ms = f->created_at_ms;
    shift_trend(c, f->created_at_ms / DAY_MS);
    if (c->count < SC_CLUSTER_REPRESENTATIVES) c->representative_ids[c->count] = f->id;
    count_member(c, f, 1);
}

sc_rc sc_describe_report(sc_describe_row *row, sc_err *err) {
    sc_cluster_status next;
    sc_rc rc = sc_cluster_next(row->cluster.status, SC_CLUSTER_EV_REPORT, &next, err);
    if (rc) return rc;
    if (next != row->cluster.status) row->status_changed = true;
    row->cluster.status = next;
    return SC_OK;
}

/* ---- Title, summary, keywords --------------------------------------------------------------------- */

static const sc_prepared *prepared_of(const sc_write_item *items, size_t n, int64_t seq) {
    for (size_t i = 0; i < n; i++)
        if (items[i].feedback.seq == seq) return items[i].prepared;
    return NULL;
}

static sc_rc keywords_json(const sc_summary *s, sc_arena *arena, sc_str *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 16384);
    sc_buf_putc(&b, '[');
    for (size_t i = 0; i < s->n_keywords; i++) {
        if (i) sc_buf_putc(&b, ',');
        sc_buf_put_json(&b, s->keywords[i]);
    }
    sc_buf_putc(&b, ']');
    char *text = b.failed ? NULL : sc_arena_copy(arena, b.p, b.n);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the keywords");
    *ret = (sc_str){text, b.n};
    return SC_OK;
}

static sc_rc summarise(sc_space *s, sc_cluster *c, const sc_feedback *reps, size_t n,
                       const sc_write_item *items, size_t n_items, sc_arena *arena, sc_err *err) {
    sc_prepared texts[SUMMARY_REPORTS];
    for (size_t i = 0; i < n; i++) {
        const sc_prepared *have = prepared_of(items, n_items, reps[i].seq);
        sc_rc rc = SC_OK;
        if (have)
            texts[i] = *have;
        else
            rc = sc_prepare(reps[i].title, reps[i].body, reps[i].stack, arena, &texts[i], err);
        if (rc) return rc;
    }
    sc_summary sum;
    sc_rc rc = sc_summarise(texts, n, sc_engine_idf, s->engine, arena, &sum, err);
    if (rc) return rc;
    if (!c->title_locked && !c->title_told) c->title = sum.title;
    if (!c->summary_told)
        c->summary = sum.text.n ? sum.text : sum.title; /* reports that are a title alone */
    return keywords_json(&sum, arena, &c->keywords, err);
}

typedef struct wanted {
    int64_t seqs[SC_CLUSTER_REPRESENTATIVES];
    size_t n;
} wanted;

static bool same_representatives(const sc_cluster *c, const sc_feedback *reps, size_t n) {
    for (size_t i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++) {
        sc_id none = {{0}};
        const sc_id *now = i < n ? &reps[i].id : &none;
        if (!sc_id_eq(&c->representative_ids[i], now)) return false;
    }
    return true;
}

/* One report more says little about who is central to hundreds, and looking takes as long as there are
 * members: a large issue is looked at again when it has grown by a 64th. */
static bool much_as_before(const sc_describe_row *row) {
    const sc_cluster *c = &row->cluster;
    const int64_t before = c->count - row->joined, by = before / SELDOM;
    return row->stored && row->joined && !row->left && by > 1 && before / by == c->count / by &&
           sc_id_is_set(&c->representative_ids[0]) && c->summary.n;
}

static sc_rc view_row(sc_space *s, sc_describe_row *row, wanted *ret, sc_err *err) {
    sc_cluster_view v;
    sc_cluster *c = &row->cluster;
    *ret = (wanted){.n = 0};
    if (!c->count || much_as_before(row)) return SC_OK;
    sc_rc rc = sc_engine_view_mine(s->engine, &c->id, &v, err);
    if (rc) return rc;
    c->cohesion_mean = v.cohesion_mean;
    c->cohesion_min = v.cohesion_min;
    c->first_seen_ms = v.first_ms;
    c->last_seen_ms = v.last_ms;
    for (size_t i = 0; i < SC_CLUSTER_REPRESENTATIVES && v.representatives[i]; i++)
        ret->seqs[ret->n++] = v.representatives[i];
    return SC_OK;
}

static const sc_feedback *at_hand(const sc_write_item *items, size_t n, int64_t seq) {
    for (size_t i = 0; i < n; i++)
        if (items[i].feedback.seq == seq && !items[i].light) return &items[i].feedback;
    return NULL;
}

static sc_rc represent(sc_space *s, sc_describe_row *row, const sc_feedback *reps, size_t n,
                       bool edited, const sc_write_item *items, size_t n_items, sc_arena *arena,
                       sc_err *err) {
    sc_cluster *c = &row->cluster;
    bool retitle = (!c->title.n && !c->title_locked) || !c->summary.n;
    row->read = true;
    row->long_one = n == 1 && reps[0].body.n + reps[0].stack.n >= LONG_BYTES;
    if (same_representatives(c, reps, n) && !retitle && !edited) return SC_OK;
    for (size_t i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++)
        c->representative_ids[i] = i < n ? reps[i].id : (sc_id){{0}};
    return summarise(s, c, reps, n, items, n_items, arena, err);
}

/* The representatives of all rows: those that are not at hand are read at once. */
static sc_rc represent_all(sc_space *s, sc_describe_row *rows, const wanted *w, size_t n,
                           const sc_write_item *items, size_t n_items, sc_arena *arena,
                           sc_err *err) {
    size_t n_missing = 0, next = 0;
    int64_t *missing =
        sc_arena_take_array(arena, n * SC_CLUSTER_REPRESENTATIVES + 1, sizeof *missing);
    sc_feedback *got = NULL;
    if (!missing) return sc_fail(err, SC_NOMEM, "no memory to describe %zu clusters", n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < w[i].n; k++)
            if (!at_hand(items, n_items, w[i].seqs[k])) missing[n_missing++] = w[i].seqs[k];
    sc_rc rc = sc_describe_fetch(s->app, &s->project_id, missing, n_missing, arena, &got, err);
    for (size_t i = 0; !rc && i < n; i++) {
        sc_feedback reps[SC_CLUSTER_REPRESENTATIVES];
        bool edited = false; /* it was here before and has another text now */
        for (size_t k = 0; k < w[i].n; k++) {
            const sc_feedback *have = at_hand(items, n_items, w[i].seqs[k]);
            reps[k] = have ? *have : got[next++];
            edited |= have && sc_id_eq(&have->cluster_id, &rows[i].cluster.id);
        }
        if (w[i].n) rc = represent(s, &rows[i], reps, w[i].n, edited, items, n_items, arena, err);
    }
    return rc;
}

sc_rc sc_describe_finish(sc_space *s, sc_describe_row *rows, size_t n, const sc_write_item *items,
                         size_t n_items, int64_t now_ms, sc_arena *arena, sc_err *err) {
    wanted *w = sc_arena_take_array(arena, n + 1, sizeof *w);
    sc_rc rc = w ? SC_OK : sc_fail(err, SC_NOMEM, "no memory to describe %zu clusters", n);
    for (size_t i = 0; !rc && i < n; i++) {
        rows[i].cluster.updated_at_ms = now_ms;
        rows[i].cluster.version++;
        shift_trend(&rows[i].cluster, now_ms / DAY_MS);
        if (sc_cluster_outgrown(&rows[i].cluster)) sc_cluster_untell(&rows[i].cluster);
        rc = view_row(s, &rows[i], &w[i], err);
    }
    if (!rc) rc = represent_all(s, rows, w, n, items, n_items, arena, err);
    for (size_t i = 0; !rc && i < n; i++) {
        sc_cluster *c = &rows[i].cluster;
        c->due = sc_cluster_wants_telling(c, rows[i].read ? rows[i].long_one : c->due);
    }
    return rc;
}

/* ---- Words ---------------------------------------------------------------------------------------- */

sc_rc sc_describe_terms(const sc_write_item *item, const uint32_t *terms, size_t n, sc_arena *arena,
                        sc_str *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 8192);
    sc_buf_putc(&b, '[');
    sc_prepared own;
    const sc_prepared *p = item->prepared;
    for (size_t i = 0; i < n && terms[i]; i++) {
        if (!p) {
            sc_rc rc = sc_prepare(item->feedback.title, item->feedback.body, item->feedback.stack,
                                  arena, &own, err);
            if (rc) return rc;
            p = &own;
        }
        for (size_t t = 0; t < p->n_tokens; t++) {
            if (p->tokens[t].hash != terms[i]) continue;
            if (b.n > 1) sc_buf_putc(&b, ',');
            sc_buf_put_json(&b, p->tokens[t].text);
            break;
        }
    }
    sc_buf_putc(&b, ']');
    char *text = b.failed ? NULL : sc_arena_copy(arena, b.p, b.n);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the shared terms");
    *ret = (sc_str){text, b.n};
    return SC_OK;
}

static sc_rc make_event(const sc_id *project, const char *kind, sc_buf *data, int64_t now_ms,
                        sc_arena *arena, sc_event *ret, sc_err *err) {
    char *text = data->failed ? NULL : sc_arena_copy(arena, data->p, data->n);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for an event");
    *ret = (sc_event){
        .project_id = *project, .kind = sc_str_of(kind), .data = {text, data->n}, .at_ms = now_ms};
    return SC_OK;
}

sc_rc sc_describe_cluster_event(const sc_describe_row *row, int64_t now_ms, sc_arena *arena,
                                sc_event *ret, sc_err *err) {
    const sc_cluster *c = &row->cluster;
    const char *kind = !c->count     ? "cluster.gone"
                       : row->opened ? "cluster.opened"
                       : row->status_changed && c->status == SC_CLUSTER_regressed
                           ? "cluster.regressed"
                           : "cluster.updated";
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 16384);
    sc_buf_putf(&b, "{\"id\":\"%s\",\"count\":%lld,\"status\":\"%s\",\"title\":", c->id.text,
                (long long)c->count, sc_cluster_status_name(c->status));
    sc_buf_put_json(&b, c->title);
    if (sc_id_is_set(&c->merged_into))
        sc_buf_putf(&b, ",\"merged_into\":\"%s\"", c->merged_into.text);
    sc_buf_putc(&b, '}');
    return make_event(&c->project_id, kind, &b, now_ms, arena, ret, err);
}

sc_rc sc_describe_feedback_event(const sc_feedback *f, const sc_id *cluster,
                                 sc_decision_reason reason, int64_t now_ms, sc_arena *arena,
                                 sc_event *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1024);
    sc_buf_putf(&b, "{\"id\":\"%s\",\"cluster_id\":\"%s\",\"reason\":\"%s\"}", f->id.text,
                cluster->text, sc_decision_reason_name(reason));
    return make_event(&f->project_id, "feedback.grouped", &b, now_ms, arena, ret, err);
}

sc_rc sc_describe_parked_event(const sc_feedback *f, bool removed, int64_t now_ms, sc_arena *arena,
                               sc_event *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1024);
    sc_buf_putf(&b, "{\"feedback_id\":\"%s\"}", f->id.text);
    return make_event(&f->project_id, removed ? "feedback.removed" : "feedback.parked", &b, now_ms,
                      arena, ret, err);
}
