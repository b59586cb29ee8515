/* Reports going out: one, a page, those that wait. */
#include "stores/sqlite/steps.h"

#define COLUMNS                                                                                   \
    "f.seq, f.id, f.source, f.state, f.created_at, f.received_at, f.issue_number, f.external_id," \
    " f.title, f.repo, f.url, f.status, f.request_id, f.stack, f.metadata, f.body, k.id"
#define PLACE \
    " LEFT JOIN item i ON i.seq = f.seq LEFT JOIN cluster k ON k.cluster_no = i.cluster_no"

static sc_rc read_row(sc_query *q, const sc_id *project, sc_arena *arena, sc_feedback *ret,
                      sc_err *err) {
    sc_feedback f = {.project_id = *project};
    f.seq = sc_query_get_int(q);
    f.id = sc_query_get_id(q);
    f.source = (sc_feedback_source)sc_query_get_enum(q, SC_SOURCE_COUNT);
    f.state = (sc_feedback_state)sc_query_get_enum(q, SC_FEEDBACK_STATE_COUNT);
    f.created_at_ms = sc_query_get_int(q);
    f.received_at_ms = sc_query_get_int(q);
    f.issue_number = sc_query_get_int(q);
    f.external_id = sc_query_get_text(q, arena);
    f.title = sc_query_get_text(q, arena);
    f.repo = sc_query_get_text(q, arena);
    f.url = sc_query_get_text(q, arena);
    f.status = sc_query_get_text(q, arena);
    f.request_id = sc_query_get_text(q, arena);
    f.stack = sc_query_get_text(q, arena);
    f.metadata = sc_query_get_text(q, arena);
    f.body = sc_query_get_text(q, arena);
    f.cluster_id = sc_query_get_id(q);
    sc_rc rc = sc_query_row_check(q, err);
    if (!rc) *ret = f;
    return rc;
}

/* ---- One --------------------------------------------------------------------------------------- */

static sc_rc get(sc_sq_conn *c, const sc_id *project, const sc_id *id, sc_arena *arena,
                 sc_feedback *ret, sc_err *err) {
    int64_t no;
    bool row;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT " COLUMNS " FROM feedback f" PLACE
                                " WHERE f.id = ? AND f.project_no = ?");
    sc_query_id(&q, id);
    sc_query_int(&q, no);
    rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    return row ? read_row(&q, project, arena, ret, err)
               : sc_fail(err, SC_NOT_FOUND, "no such report");
}

sc_rc sc_sq_feedback_get(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                         sc_feedback *ret, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, get(c, project, id, arena, ret, err));
}

/* ---- Those that wait --------------------------------------------------------------------------- */

static sc_rc pending(sc_sq_conn *c, const sc_id *project, int64_t after_seq, size_t limit,
                     sc_arena *arena, sc_feedback **ret, size_t *ret_n, sc_err *err) {
    int64_t no;
    sc_rc rc = sc_sq_project_no(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "SELECT " COLUMNS " FROM feedback f INDEXED BY feedback_open" PLACE
                       " WHERE f.project_no = ? AND f.state = 0 AND f.state <> 1 AND f.seq > ?"
                       " ORDER BY f.seq LIMIT ?");
    sc_query_int(&q, no);
    sc_query_int(&q, after_seq);
    sc_query_int(&q, (int64_t)SC_MIN(limit, (size_t)INT32_MAX));
    sc_feedback *items = NULL;
    size_t n = 0, cap = 0;
    bool row;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        items = sc_sq_grow(arena, items, n, &cap, sizeof *items);
        if (!items) return sc_sq_no_memory(err);
        rc = read_row(&q, project, arena, &items[n++], err);
        if (rc) return rc;
    }
    if (rc) return rc;
    *ret = items;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_feedback_pending(void *self, const sc_id *project, int64_t after_seq, size_t limit,
                             sc_arena *arena, sc_feedback **ret, size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc
              : sc_sq_read_end(c, pending(c, project, after_seq, limit, arena, ret, ret_n, err));
}

/* ---- A page ------------------------------------------------------------------------------------ */

enum {
    CURSOR_LIST = 'f', /* by time      */
    CURSOR_SEQS = 'q', /* by seqs given */
    /* Up to so many rows are read where no index counts; about 10 ms. */
    COUNT_ROWS = 20000,
    /* Up to so many open reports are sorted rather than looked for along the time index. */
    SORT_OPEN = 5000,
    /* A row found by its source costs about as much as so many steps along the time index. */
    SOURCE_ROW = 20,
    /* So few reports of a source are always sorted. */
    SORT_SOURCE = 200,
};

typedef struct list_step {
    sc_sq_conn *c;
    const sc_feedback_filter *f;
    const sc_page *page;
    sc_arena *arena;
    int64_t project_no, cluster_no;
    int64_t by_source[SC_SOURCE_COUNT], by_state[SC_FEEDBACK_STATE_COUNT], all, clustered;
    sc_feedback_list *out;
} list_step;

/* The same numbered parameters for every way to walk:
 * 1 project, 2-3 below (created_at, seq), 4 since, 5 source or -1, 6 state or -1, 7 status or empty,
 * 8 unclustered, 9 rows at most, 10 cluster. */
#define TAIL(t)                                                                     \
    " AND (" t ".created_at, " t ".seq) < (?2, ?3) AND " t ".created_at >= ?4"      \
    " AND (?5 < 0 OR f.source = ?5) AND (?6 < 0 OR f.state = ?6)"                   \
    " AND (?7 = '' OR f.status = ?7) AND (?8 = 0 OR coalesce(i.cluster_no, 0) = 0)" \
    " ORDER BY " t ".created_at DESC, " t ".seq DESC LIMIT ?9"

static const char by_time_sql[] =
    "SELECT " COLUMNS " FROM feedback f INDEXED BY feedback_created" PLACE
    " WHERE f.project_no = ?1 AND ?10 = 0" TAIL("f");
static const char by_open_sql[] =
    "SELECT " COLUMNS " FROM feedback f INDEXED BY feedback_open" PLACE
    " WHERE f.project_no = ?1 AND f.state <> 1 AND ?10 = 0" TAIL("f");
static const char by_status_sql[] =
    "SELECT " COLUMNS " FROM feedback f INDEXED BY feedback_status" PLACE
    " WHERE f.project_no = ?1 AND f.status = ?7 AND f.status <> '' AND ?10 = 0" TAIL("f");
/* The index of external ids is one of sources too. Which rows, first: bodies are read of those alone. */
static const char by_source_sql[] =
    "SELECT " COLUMNS " FROM (SELECT f.seq AS chosen FROM feedback f INDEXED BY feedback_external"
    " WHERE f.project_no = ?1 AND f.source = ?5 AND ?8 = 0 AND ?10 = 0"
    " AND (f.created_at, f.seq) < (?2, ?3) AND f.created_at >= ?4 AND (?6 < 0 OR f.state = ?6)"
    " AND (?7 = '' OR f.status = ?7) ORDER BY f.created_at DESC, f.seq DESC LIMIT ?9)"
    " CROSS JOIN feedback f ON f.seq = chosen" PLACE " ORDER BY f.created_at DESC, f.seq DESC";
static const char by_cluster_sql[] =
    "SELECT " COLUMNS " FROM item i INDEXED BY item_cluster CROSS JOIN feedback f ON f.seq = i.seq"
    " LEFT JOIN cluster k ON k.cluster_no = i.cluster_no"
    " WHERE i.cluster_no = ?10 AND i.cluster_no > 0 AND f.project_no = ?1" TAIL("i");

static bool only_open(const sc_feedback_filter *f) {
    return f->unclustered || (f->by_state && f->state != SC_FEEDBACK_grouped);
}

/* The time index holds a page of a source's reports within about (all / its reports) entries for each row; of a
 * rare source that is all of the index. */
static bool rare_source(const list_step *s) {
    if (!s->f->by_source || s->f->unclustered || s->cluster_no) return false;
    int64_t n = s->by_source[s->f->source], page = (int64_t)s->page->limit + 1;
    return n <= SORT_SOURCE || n * SOURCE_ROW <= s->all / n * page;
}

static const char *way_of(const list_step *s) {
    if (s->cluster_no) return by_cluster_sql;
    int64_t open = s->by_state[SC_FEEDBACK_pending] + s->by_state[SC_FEEDBACK_parked];
    if (only_open(s->f) && open <= SORT_OPEN) return by_open_sql;
    if (rare_source(s)) return by_source_sql;
    return s->f->status.n ? by_status_sql : by_time_sql;
}

static void bind_filter(sc_query *q, const list_step *s, sc_cursor below, int64_t limit) {
    const sc_feedback_filter *f = s->f;
    sc_query_int(q, s->project_no);
    sc_query_int(q, below.key);
    sc_query_int(q, below.seq);
    sc_query_int(q, f->since_ms ? f->since_ms : INT64_MIN);
    sc_query_int(q, f->by_source ? (int64_t)f->source : -1);
    sc_query_int(q, f->by_state ? (int64_t)f->state : -1);
    sc_query_text(q, f->status);
    sc_query_int(q, f->unclustered);
    sc_query_int(q, limit);
    sc_query_int(q, s->cluster_no);
}

static sc_cursor below_of(const list_step *s, sc_cursor from, bool first) {
    sc_cursor until = {s->f->until_ms ? s->f->until_ms : INT64_MAX, s->f->until_ms ? 0 : INT64_MAX};
    bool lower = from.key < until.key || (from.key == until.key && from.seq < until.seq);
    return !first && lower ? from : until;
}

static sc_rc walk(list_step *s, sc_err *err) {
    sc_feedback_list *out = s->out;
    size_t limit = s->page->limit;
    sc_cursor from = {0, 0};
    bool row, first = s->page->cursor.n == 0;
    sc_rc rc = SC_OK;
    if (!first) rc = sc_cursor_read(s->page->cursor, CURSOR_LIST, &s->f->project_id, &from, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(s->c, way_of(s));
    bind_filter(&q, s, below_of(s, from, first), (int64_t)limit + 1);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        if (out->n == limit) { /* there is more: the cursor is the last row handed out */
            const sc_feedback *last = &out->items[limit - 1];
            return sc_cursor_write(CURSOR_LIST, &s->f->project_id,
                                   (sc_cursor){last->created_at_ms, last->seq}, s->arena,
                                   &out->next_cursor, err);
        }
        rc = read_row(&q, &s->f->project_id, s->arena, &out->items[out->n++], err);
        if (rc) return rc;
    }
    return rc;
}

/* ---- How many ---------------------------------------------------------------------------------- */

/* Rows looked at, and those of them that fit; no more than ?6 are looked at. */
#define COUNT_TIMES(index, status)                                                   \
    "SELECT count(*), coalesce(sum(?4 < 0 OR source = ?4), 0) FROM (SELECT source"   \
    " FROM feedback INDEXED BY " index " WHERE project_no = ?1 AND created_at >= ?2" \
    " AND created_at < ?3 AND " status " LIMIT ?6)"
static const char count_times_sql[] = COUNT_TIMES("feedback_created", "?5 = ''");
static const char count_status_sql[] =
    COUNT_TIMES("feedback_status", "status = ?5 AND status <> ''");

/* A total over a long time would cost more than the page itself: it is then not told. */
static sc_rc count_times(list_step *s, sc_err *err) {
    enum { MOST = 10000 };
    const sc_feedback_filter *f = s->f;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(s->c, f->status.n ? count_status_sql : count_times_sql);
    bool row;
    sc_query_int(&q, s->project_no);
    sc_query_int(&q, f->since_ms ? f->since_ms : INT64_MIN);
    sc_query_int(&q, f->until_ms ? f->until_ms : INT64_MAX);
    sc_query_int(&q, f->by_source ? (int64_t)f->source : -1);
    sc_query_text(&q, f->status);
    sc_query_int(&q, MOST + 1);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    int64_t seen = sc_query_get_int(&q), fit = sc_query_get_int(&q);
    s->out->total = seen > MOST ? -1 : fit;
    return SC_OK;
}

static sc_rc count_members(list_step *s, int64_t *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(s->c, "SELECT count(*) FROM item INDEXED BY item_cluster"
                                   " WHERE cluster_no = ? AND cluster_no > 0");
    bool row;
    sc_query_int(&q, s->cluster_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) *ret = sc_query_get_int(&q);
    return rc;
}

#define COUNT_TAIL(t)                                                  \
    " AND " t ".created_at < ?2 AND ?3 = 0 AND " t ".created_at >= ?4" \
    " AND (?5 < 0 OR f.source = ?5) AND (?6 < 0 OR f.state = ?6)"      \
    " AND (?7 = '' OR f.status = ?7) AND (?8 = 0 OR coalesce(i.cluster_no, 0) = 0) LIMIT ?9"

static const char count_open_sql[] =
    "SELECT count(*) FROM feedback f INDEXED BY feedback_open LEFT JOIN item i ON i.seq = f.seq"
    " WHERE f.project_no = ?1 AND f.state <> 1 AND ?10 = 0" COUNT_TAIL("f");
static const char count_source_sql[] =
    "SELECT count(*) FROM feedback f INDEXED BY feedback_external LEFT JOIN item i ON i.seq = f.seq"
    " WHERE f.project_no = ?1 AND f.source = ?5 AND ?10 = 0" COUNT_TAIL("f");
static const char count_cluster_sql[] =
    "SELECT count(*) FROM item i INDEXED BY item_cluster CROSS JOIN feedback f ON f.seq = i.seq"
    " WHERE i.cluster_no = ?10 AND i.cluster_no > 0 AND f.project_no = ?1" COUNT_TAIL("i");
static const char count_rows_sql[] =
    "SELECT count(*) FROM feedback f INDEXED BY feedback_created LEFT JOIN item i ON i.seq = f.seq"
    " WHERE f.project_no = ?1 AND ?10 = 0" COUNT_TAIL("f");

static sc_rc count_rows(list_step *s, const char *sql, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(s->c, sql);
    bool row;
    int64_t until = s->f->until_ms ? s->f->until_ms : INT64_MAX;
    bind_filter(&q, s, (sc_cursor){until, 0}, 1);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) s->out->total = sc_query_get_int(&q);
    return rc;
}

/* From counters where they say it, from an index where that is cheap, by reading up to COUNT_ROWS
 * rows otherwise; -1 above that. */
static sc_rc count(list_step *s, sc_err *err) {
    const sc_feedback_filter *f = s->f;
    bool timed = f->since_ms || f->until_ms, plain = !timed && f->status.n == 0;
    int64_t members = 0;
    if (s->cluster_no) {
        sc_rc rc = count_members(s, &members, err);
        if (rc) return rc;
        s->out->total = members;
        if (plain && !f->by_source && !f->by_state && !f->unclustered) return SC_OK;
        if (members <= COUNT_ROWS) return count_rows(s, count_cluster_sql, err);
        s->out->total = -1;
        return SC_OK;
    }
    bool by = f->by_source, st = f->by_state, un = f->unclustered;
    if (plain && !st && !un) {
        s->out->total = by ? s->by_source[f->source] : s->all;
    } else if (plain && st && !by && !un) {
        s->out->total = s->by_state[f->state];
    } else if (plain && un && !by && !st) {
        s->out->total = s->all - s->clustered;
    } else if (rare_source(s)) {
        return count_rows(s, count_source_sql, err);
    } else if (!st && !un) {
        return count_times(s, err);
    } else if (only_open(f) && s->by_state[0] + s->by_state[2] <= COUNT_ROWS) {
        return count_rows(s, count_open_sql, err);
    } else if (s->all <= COUNT_ROWS) {
        return count_rows(s, count_rows_sql, err);
    } else {
        s->out->total = -1;
    }
    return SC_OK;
}

/* ---- By seqs ----------------------------------------------------------------------------------- */

static bool matches(const sc_feedback_filter *f, const sc_feedback *r, const sc_id *cluster) {
    return (!f->by_source || r->source == f->source) && (!f->by_state || r->state == f->state) &&
           (!f->unclustered || !sc_id_is_set(&r->cluster_id)) &&
           (!cluster || sc_id_eq(&r->cluster_id, cluster)) &&
           (f->status.n == 0 || sc_str_eq(r->status, f->status)) &&
           (!f->since_ms || r->created_at_ms >= f->since_ms) &&
           (!f->until_ms || r->created_at_ms < f->until_ms);
}

static sc_rc by_seq(list_step *s, int64_t seq, sc_feedback *ret, bool *ret_found, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(s->c, "SELECT " COLUMNS " FROM feedback f" PLACE
                                   " WHERE f.seq = ? AND f.project_no = ?");
    bool row;
    sc_query_int(&q, seq);
    sc_query_int(&q, s->project_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    *ret_found = false;
    if (rc || !row) return rc;
    rc = read_row(&q, &s->f->project_id, s->arena, ret, err);
    *ret_found = !rc && matches(s->f, ret, s->cluster_no ? &s->f->cluster_id : NULL);
    return rc;
}

/* The list is the caller's, so a place in it is the cursor. The total is known once all of it was
 * looked at, which is the case when it fits the page. */
static sc_rc by_seqs(list_step *s, sc_err *err) {
    sc_feedback_list *out = s->out;
    sc_cursor at = {0, 0};
    sc_rc rc = SC_OK;
    if (s->page->cursor.n)
        rc = sc_cursor_read(s->page->cursor, CURSOR_SEQS, &s->f->project_id, &at, err);
    if (rc) return rc;
    size_t i = at.key < 0 ? 0 : (size_t)at.key;
    for (; i < s->f->n_seqs; i++) {
        sc_feedback f;
        bool found;
        rc = by_seq(s, s->f->seqs[i], &f, &found, err);
        if (rc) return rc;
        if (!found) continue;
        if (out->n == s->page->limit)
            return sc_cursor_write(CURSOR_SEQS, &s->f->project_id, (sc_cursor){(int64_t)i, 0},
                                   s->arena, &out->next_cursor, err);
        out->items[out->n++] = f;
    }
    if (s->page->cursor.n == 0) out->total = (int64_t)out->n;
    return SC_OK;
}

/* ------------------------------------------------------------------------------------------------ */

static sc_rc read_tallies(list_step *s, sc_err *err) {
    sc_rc rc =
        sc_sq_tally_read(s->c, s->project_no, SC_TALLY_SOURCE, s->by_source, SC_SOURCE_COUNT, err);
    if (!rc)
        rc = sc_sq_tally_read(s->c, s->project_no, SC_TALLY_STATE, s->by_state,
                              SC_FEEDBACK_STATE_COUNT, err);
    if (!rc) rc = sc_sq_tally_read(s->c, s->project_no, SC_TALLY_CLUSTERED, &s->clustered, 1, err);
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++) s->all += s->by_source[i];
    return rc;
}

static sc_rc list(list_step *s, sc_err *err) {
    const sc_feedback_filter *f = s->f;
    sc_rc rc = sc_sq_project_no(s->c, &f->project_id, &s->project_no, err);
    if (!rc) rc = sc_sq_cluster_no(s->c, s->project_no, &f->cluster_id, &s->cluster_no, err);
    if (!rc) rc = read_tallies(s, err);
    if (rc) return rc;
    size_t room = f->by_seqs ? SC_MIN(s->page->limit, f->n_seqs) : s->page->limit;
    s->out->items = sc_arena_take_array(s->arena, SC_MAX(room, 1u), sizeof *s->out->items);
    if (!s->out->items) return sc_sq_no_memory(err);
    if (f->by_seqs) return by_seqs(s, err);
    /* The counters know when a walk would find nothing, however far it went. */
    if ((f->by_source && !s->by_source[f->source]) || (f->by_state && !s->by_state[f->state])) {
        s->out->total = 0;
        return SC_OK;
    }
    rc = walk(s, err);
    return rc ? rc : count(s, err);
}

sc_rc sc_sq_feedback_list(void *self, const sc_feedback_filter *f, const sc_page *page,
                          sc_arena *arena, sc_feedback_list *ret, sc_err *err) {
    sc_feedback_list out = {.total = -1};
    list_step s = {.f = f, .page = page, .arena = arena, .out = &out};
    sc_rc rc = sc_cursor_check_limit(page->limit, err);
    if (!rc && f->by_source && (unsigned)f->source >= SC_SOURCE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "source", "not one of ours");
    if (!rc && f->by_state && (unsigned)f->state >= SC_FEEDBACK_STATE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "state", "not one of ours");
    if (!rc) rc = sc_sq_read_begin(self, &s.c, err);
    if (rc) return rc;
    rc = sc_sq_read_end(s.c, list(&s, err));
    if (!rc) *ret = out;
    return rc;
}
