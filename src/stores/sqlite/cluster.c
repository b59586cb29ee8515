/* Issues going out: one, a page, what changed. */
#include "stores/sqlite/cluster_row.h"

sc_rc sc_sq_cluster_no(sc_sq_conn *c, int64_t project_no, const sc_id *id, int64_t *ret,
                       sc_err *err) {
    if (!sc_id_is_set(id)) {
        *ret = 0;
        return SC_OK;
    }
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT cluster_no FROM cluster WHERE id = ? AND project_no = ?");
    bool row;
    sc_query_id(&q, id);
    sc_query_int(&q, project_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (!row) return sc_fail(err, SC_NOT_FOUND, "no such issue");
    *ret = sc_query_get_int(&q);
    return SC_OK;
}

/* ---- One --------------------------------------------------------------------------------------- */

static sc_rc get(sc_sq_conn *c, const sc_id *project, const sc_id *id, sc_arena *arena,
                 sc_cluster *ret, sc_err *err) {
    int64_t no;
    bool row;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT " SC_SQ_CLUSTER_COLUMNS
                                " FROM cluster k WHERE k.id = ? AND k.project_no = ?");
    sc_query_id(&q, id);
    sc_query_int(&q, no);
    rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (!row) return sc_fail(err, SC_NOT_FOUND, "no such issue");
    return sc_sq_cluster_row(&q, project, arena, ret, err);
}

sc_rc sc_sq_cluster_get(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                        sc_cluster *ret, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, get(c, project, id, arena, ret, err));
}

/* ---- What changed ------------------------------------------------------------------------------ */

static sc_rc since(sc_sq_conn *c, const sc_id *project, int64_t version, sc_arena *arena,
                   sc_cluster **ret, size_t *ret_n, sc_err *err) {
    int64_t no;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "SELECT cluster_no, id, version, status, count, merged_into FROM cluster"
                       " INDEXED BY cluster_version WHERE project_no = ? AND version > ?"
                       " ORDER BY version, cluster_no");
    sc_query_int(&q, no);
    sc_query_int(&q, version);
    sc_cluster *items = NULL;
    size_t n = 0, cap = 0;
    bool row;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        items = sc_sq_grow(arena, items, n, &cap, sizeof *items);
        if (!items) return sc_sq_no_memory(err);
        sc_cluster *k = &items[n++];
        *k = (sc_cluster){.project_id = *project};
        k->seq = sc_query_get_int(&q);
        k->id = sc_query_get_id(&q);
        k->version = sc_query_get_int(&q);
        k->status = (sc_cluster_status)sc_query_get_enum(&q, SC_CLUSTER_STATUS_COUNT);
        k->count = sc_query_get_int(&q);
        k->merged_into = sc_query_get_id(&q);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
    }
    if (rc) return rc;
    *ret = items;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_clusters_since(void *self, const sc_id *project, int64_t version, sc_arena *arena,
                           sc_cluster **ret, size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, since(c, project, version, arena, ret, ret_n, err));
}

/* ---- A page ------------------------------------------------------------------------------------ */

enum { CURSOR_IDS = 'i', CURSOR_SORT = 'A' /* + sort */, SORTS = SC_SORT_CREATED + 1 };

typedef struct list_step {
    sc_sq_conn *c;
    const sc_cluster_filter *f;
    const sc_page *page;
    sc_arena *arena;
    int64_t project_no, today;
    sc_cluster_list *out;
} list_step;

/* The same numbered parameters for every sort: 1 project, 2-3 below (key, cluster_no), 4-5 last_seen
 * in [4, 5), 6 least count, 7 statuses or 0, 8 source or -1, 9 rows at most, 10 today (trend). */
#define FILTERS                                                     \
    " AND k.last_seen >= ?4 AND k.last_seen < ?5 AND k.count >= ?6" \
    " AND (?7 = 0 OR (?7 >> k.status) & 1) AND (?8 < 0 OR (k.sources >> ?8) & 1)"
#define SORTED(index, key)                                                       \
    "SELECT " SC_SQ_CLUSTER_COLUMNS ", " key " FROM cluster k INDEXED BY " index \
    " WHERE k.project_no = ?1 AND k.merged_into IS NULL"                         \
    " AND (" key ", k.cluster_no) < (?2, ?3)" FILTERS " AND ?10 IS NOT NULL"     \
    " ORDER BY " key " DESC, k.cluster_no DESC LIMIT ?9"

/* The trend depends on today, so no index has it: every living issue of the project is looked at. */
#define TREND_KEY "sc_trend(k.trend, k.trend_day, ?10)"

static const char *const list_sql[SORTS] = {
    [SC_SORT_RECENT] = SORTED("cluster_recent", "k.last_seen"),
    [SC_SORT_SIZE] = SORTED("cluster_size", "k.count"),
    [SC_SORT_TREND] = SORTED("cluster_recent", TREND_KEY),
    [SC_SORT_CREATED] = SORTED("cluster_created", "k.created_at"),
};

static const char count_sql[] =
    "SELECT count(*) FROM cluster k INDEXED BY cluster_recent"
    " WHERE k.project_no = ?1 AND k.merged_into IS NULL AND ?2 = ?3" FILTERS;

static void bind_filter(sc_query *q, const list_step *s, sc_cursor below) {
    const sc_cluster_filter *f = s->f;
    sc_query_int(q, s->project_no);
    sc_query_int(q, below.key);
    sc_query_int(q, below.seq);
    sc_query_int(q, f->since_ms ? f->since_ms : INT64_MIN);
    sc_query_int(q, f->until_ms ? f->until_ms : INT64_MAX);
    sc_query_int(q, f->min_count ? f->min_count : INT64_MIN);
    sc_query_int(q, f->statuses);
    sc_query_int(q, f->by_source ? (int64_t)f->source : -1);
}

/* sc_cluster_trend_score for SQL. */
static void trend_score(sqlite3_context *x, int argc, sqlite3_value **argv) {
    (void)argc;
    sc_cluster k = {.trend_day = sqlite3_value_int64(argv[1])};
    const char *text = (const char *)sqlite3_value_text(argv[0]);
    sc_str list = {text, (size_t)sqlite3_value_bytes(argv[0])};
    if (!text || !sc_sq_numbers_parse(list, k.trend, SC_CLUSTER_TREND_DAYS))
        sqlite3_result_int64(x, 0);
    else
        sqlite3_result_int64(x, sc_cluster_trend_score(&k, sqlite3_value_int64(argv[2])));
}

sc_rc sc_sq_add_functions(sc_sq_conn *c, sc_err *err) {
    int code = sqlite3_create_function_v2(c->db, "sc_trend", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                          NULL, trend_score, NULL, NULL, NULL);
    return code ? sc_sq_fail(c, code, err) : SC_OK;
}

static sc_rc walk(list_step *s, sc_err *err) {
    sc_cluster_list *out = s->out;
    uint8_t list = (uint8_t)(CURSOR_SORT + s->f->sort);
    sc_cursor below = {INT64_MAX, INT64_MAX};
    int64_t key = 0;
    bool row;
    sc_rc rc = SC_OK;
    if (s->page->cursor.n)
        rc = sc_cursor_read(s->page->cursor, list, &s->f->project_id, &below, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(s->c, list_sql[s->f->sort]);
    bind_filter(&q, s, below);
    sc_query_int(&q, (int64_t)s->page->limit + 1);
    sc_query_int(&q, s->today);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        if (out->n == s->page->limit)
            return sc_cursor_write(list, &s->f->project_id,
                                   (sc_cursor){key, out->items[out->n - 1].seq}, s->arena,
                                   &out->next_cursor, err);
        rc = sc_sq_cluster_row(&q, &s->f->project_id, s->arena, &out->items[out->n++], err);
        if (rc) return rc;
        key = sc_query_get_int(&q);
    }
    return rc;
}

static sc_rc count(list_step *s, sc_err *err) {
    const sc_cluster_filter *f = s->f;
    if (!f->by_source && !f->since_ms && !f->until_ms && !f->min_count) {
        int64_t n[SC_CLUSTER_STATUS_COUNT];
        sc_rc rc =
            sc_sq_tally_read(s->c, s->project_no, SC_TALLY_STATUS, n, SC_CLUSTER_STATUS_COUNT, err);
        s->out->total = 0;
        for (size_t i = 0; i < SC_CLUSTER_STATUS_COUNT; i++)
            if (!f->statuses || f->statuses >> i & 1) s->out->total += n[i];
        return rc;
    }
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(s->c, count_sql);
    bool row;
    bind_filter(&q, s, (sc_cursor){0, 0});
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) s->out->total = sc_query_get_int(&q);
    return rc;
}

static bool matches(const sc_cluster_filter *f, const sc_cluster *k) {
    return !sc_id_is_set(&k->merged_into) && (!f->statuses || f->statuses >> k->status & 1) &&
           (!f->by_source || k->source_counts[f->source] > 0) && k->count >= f->min_count &&
           (!f->since_ms || k->last_seen_ms >= f->since_ms) &&
           (!f->until_ms || k->last_seen_ms < f->until_ms);
}

/* As for feedback: a place in the caller's list is the cursor. */
static sc_rc by_ids(list_step *s, sc_err *err) {
    sc_cluster_list *out = s->out;
    sc_cursor at = {0, 0};
    sc_rc rc = SC_OK;
    if (s->page->cursor.n)
        rc = sc_cursor_read(s->page->cursor, CURSOR_IDS, &s->f->project_id, &at, err);
    if (rc) return rc;
    size_t i = at.key < 0 ? 0 : (size_t)at.key;
    for (; i < s->f->n_ids; i++) {
        sc_cluster k;
        rc = get(s->c, &s->f->project_id, &s->f->ids[i], s->arena, &k, err);
        if (rc == SC_NOT_FOUND || (!rc && !matches(s->f, &k))) continue;
        if (rc) return rc;
        if (out->n == s->page->limit)
            return sc_cursor_write(CURSOR_IDS, &s->f->project_id, (sc_cursor){(int64_t)i, 0},
                                   s->arena, &out->next_cursor, err);
        out->items[out->n++] = k;
    }
    if (s->page->cursor.n == 0 && !s->f->uncounted) out->total = (int64_t)out->n;
    return SC_OK;
}

static sc_rc due(list_step *s, sc_err *err) {
    bool row;
    sc_rc rc;
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(s->c, "SELECT " SC_SQ_CLUSTER_COLUMNS " FROM cluster k INDEXED BY cluster_due"
                          " WHERE k.project_no = ? AND k.due = 1 AND k.merged_into IS NULL"
                          " ORDER BY k.last_seen DESC, k.cluster_no DESC LIMIT ?");
    sc_query_int(&q, s->project_no);
    sc_query_int(&q, (int64_t)s->page->limit);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        rc = sc_sq_cluster_row(&q, &s->f->project_id, s->arena, &s->out->items[s->out->n++], err);
        if (rc) return rc;
    }
    return rc;
}

static sc_rc list(list_step *s, sc_err *err) {
    sc_rc rc = sc_sq_project_no(s->c, &s->f->project_id, &s->project_no, err);
    if (rc) return rc;
    size_t room = s->f->by_ids ? SC_MIN(s->page->limit, s->f->n_ids) : s->page->limit;
    s->out->items = sc_arena_take_array(s->arena, SC_MAX(room, 1u), sizeof *s->out->items);
    if (!s->out->items) return sc_sq_no_memory(err);
    if (s->f->by_ids) return by_ids(s, err);
    if (s->f->due) return due(s, err);
    rc = walk(s, err);
    return rc || s->f->uncounted ? rc : count(s, err);
}

sc_rc sc_sq_cluster_list(void *self, const sc_cluster_filter *f, const sc_page *page,
                         int64_t now_ms, sc_arena *arena, sc_cluster_list *ret, sc_err *err) {
    sc_cluster_list out = {.total = -1};
    list_step s = {.f = f, .page = page, .arena = arena, .today = now_ms / 86400000, .out = &out};
    sc_rc rc = sc_cursor_check_limit(page->limit, err);
    if (!rc && (unsigned)f->sort >= SORTS)
        rc = sc_fail_field(err, SC_INVALID, "sort", "not one of ours");
    if (!rc && f->by_source && (unsigned)f->source >= SC_SOURCE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "source", "not one of ours");
    if (!rc) rc = sc_sq_read_begin(self, &s.c, err);
    if (rc) return rc;
    rc = sc_sq_read_end(s.c, list(&s, err));
    if (!rc) *ret = out;
    return rc;
}
