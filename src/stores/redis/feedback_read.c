/* Reports going out: one, a page, those that wait. */
#include "stores/redis/feedback_row.h"
#include "stores/redis/steps.h"

enum {
    CURSOR_LIST = 'f',   /* by time      */
    CURSOR_SEQS = 'q',   /* by seqs given */
    MOST_LOOKED = 20000, /* reports that one step looks at, for a page or a total */
    BOUND = SC_RD_KEY + 1,
};

/* {facts, number, row}; *ret_found: there is one. */
static sc_rc read_report(sc_unpack *u, const sc_id *project, sc_arena *arena, sc_feedback *ret,
                         bool *ret_found, sc_err *err) {
    bool nomem = false;
    *ret_found = sc_unpack_array(u) == 3;
    if (!*ret_found) return sc_rd_read_check(u, false, err);
    sc_rd_facts x;
    sc_feedback f = {.project_id = *project};
    u->bad |= !sc_rd_facts_of(sc_unpack_str(u), &x);
    f.seq = sc_unpack_no(u);
    sc_unpack row = sc_unpack_of(sc_unpack_str(u));
    f.id = x.id;
    f.source = x.source;
    f.state = x.state;
    f.created_at_ms = x.created_ms;
    f.cluster_id = x.cluster_id;
    sc_unpack_array(&row);
    f.title = sc_unpack_text(&row, arena, &nomem);
    f.url = sc_unpack_text(&row, arena, &nomem);
    f.status = sc_unpack_text(&row, arena, &nomem);
    f.stack = sc_unpack_text(&row, arena, &nomem);
    f.metadata = sc_unpack_text(&row, arena, &nomem);
    f.body = sc_unpack_text(&row, arena, &nomem);
    f.external_id = sc_unpack_text(&row, arena, &nomem);
    f.repo = sc_unpack_text(&row, arena, &nomem);
    f.request_id = sc_unpack_text(&row, arena, &nomem);
    f.issue_number = sc_unpack_int(&row);
    f.received_at_ms = sc_unpack_int(&row);
    u->bad |= row.bad;
    sc_rc rc = sc_rd_read_check(u, nomem, err);
    if (!rc) *ret = f;
    return rc;
}

sc_rc sc_rd_feedback_get(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                         sc_feedback *ret, sc_err *err) {
    SC_RD_RUN(r);
    bool found = false;
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 2);
    sc_pack_str(&r.args, SC_STR("id"));
    sc_pack_id(&r.args, id);
    rc = sc_rd_ask(self, SC_RD_feedback_rows, project, &r, err);
    if (!rc && sc_unpack_array(&r.body))
        rc = read_report(&r.body, project, arena, ret, &found, err);
    return rc || found ? rc : sc_fail(err, SC_NOT_FOUND, "no such report");
}

sc_rc sc_rd_feedback_pending(void *self, const sc_id *project, int64_t after_seq, size_t limit,
                             sc_arena *arena, sc_feedback **ret, size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    unsigned char after[SC_RD_NO];
    sc_rc rc = sc_rd_known(self, project, err);
    if (rc) return rc;
    sc_rd_put_no(after, after_seq);
    sc_rd_run_init(&r, 3);
    sc_pack_str(&r.args, SC_STR("pending"));
    sc_pack_str(&r.args, (sc_str){(const char *)after, sizeof after});
    sc_pack_int(&r.args, (int64_t)SC_MIN(limit, (size_t)MOST_LOOKED));
    rc = sc_rd_ask(self, SC_RD_feedback_rows, project, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body), stored = 0;
    sc_feedback *items = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *items);
    if (!items) return sc_rd_no_memory(err);
    for (size_t i = 0; !rc && i < n; i++) {
        bool found;
        rc = read_report(&r.body, project, arena, &items[stored], &found, err);
        stored += found;
    }
    if (rc) return rc;
    *ret = items;
    *ret_n = stored;
    return SC_OK;
}

/* ---- A page -------------------------------------------------------------------------------------- */

typedef struct list_step {
    sc_rd *s;
    const sc_feedback_filter *f;
    const sc_page *page;
    sc_arena *arena;
    sc_feedback_list *out;
    char low[BOUND], high[BOUND], top[BOUND]; /* of the page; top: without the cursor */
    size_t low_n, high_n, top_n;
} list_step;

static bool only_open(const sc_feedback_filter *f) {
    return f->unclustered || (f->by_state && f->state != SC_FEEDBACK_grouped);
}

static size_t bound_of(char *ret, char how, int64_t time, const int64_t *seq) {
    ret[0] = how;
    sc_rd_put_time((unsigned char *)ret + 1, time);
    if (seq) sc_rd_put_no((unsigned char *)ret + 1 + SC_RD_TIME, *seq);
    return seq ? BOUND : 1 + SC_RD_TIME;
}

static sc_rc set_bounds(list_step *l, sc_err *err) {
    const sc_feedback_filter *f = l->f;
    sc_cursor from;
    l->low_n = l->top_n = 1;
    l->low[0] = '-';
    l->top[0] = '+';
    if (f->since_ms) l->low_n = bound_of(l->low, '[', f->since_ms, NULL);
    if (f->until_ms) l->top_n = bound_of(l->top, '(', f->until_ms, NULL);
    memcpy(l->high, l->top, sizeof l->top);
    l->high_n = l->top_n;
    if (!l->page->cursor.n) return SC_OK;
    sc_rc rc = sc_cursor_read(l->page->cursor, CURSOR_LIST, &f->project_id, &from, err);
    if (!rc && (!f->until_ms || from.key < f->until_ms))
        l->high_n = bound_of(l->high, '(', from.key, &from.seq);
    return rc;
}

static void pack_list(list_step *l, sc_buf *b, size_t want, bool count) {
    const sc_feedback_filter *f = l->f;
    sc_pack_id(b, &f->cluster_id);
    sc_pack_int(b, only_open(f));
    sc_pack_str(b, f->status);
    sc_pack_int(b, f->by_source ? (int64_t)f->source : -1);
    sc_pack_int(b, f->by_state ? (int64_t)f->state : -1);
    sc_pack_int(b, f->unclustered);
    sc_pack_str(b, (sc_str){l->low, l->low_n});
    sc_pack_str(b, (sc_str){l->high, l->high_n});
    sc_pack_int(b, (int64_t)want);
    sc_pack_int(b, MOST_LOOKED);
    sc_pack_int(b, count);
    sc_pack_str(b, (sc_str){l->low, l->low_n});
    sc_pack_str(b, (sc_str){l->top, l->top_n});
}

/* One row more than the page holds tells that there is another one. */
static sc_rc walk_some(list_step *l, bool first, bool *ret_more, sc_err *err) {
    SC_RD_RUN(r);
    sc_feedback_list *out = l->out;
    const size_t limit = l->page->limit, want = limit + 1 - out->n;
    sc_rd_run_init(&r, 13);
    pack_list(l, &r.args, want, first);
    sc_rc rc = sc_rd_ask(l->s, SC_RD_feedback_list, &l->f->project_id, &r, err);
    if (rc) return rc;
    int64_t total = sc_unpack_int(&r.body);
    if (first) out->total = total;
    sc_str rest = sc_unpack_str(&r.body);
    *ret_more = rest.n > 0;
    if (rest.n > BOUND) r.body.bad = true;
    if (rest.n && !r.body.bad) memcpy(l->high, rest.p, l->high_n = rest.n);
    size_t n = sc_unpack_array(&r.body);
    for (size_t i = 0; i < n; i++) {
        bool found;
        if (out->n == limit) { /* the cursor is the last row handed out */
            const sc_feedback *last = &out->items[limit - 1];
            *ret_more = false;
            return sc_cursor_write(CURSOR_LIST, &l->f->project_id,
                                   (sc_cursor){last->created_at_ms, last->seq}, l->arena,
                                   &out->next_cursor, err);
        }
        rc = read_report(&r.body, &l->f->project_id, l->arena, &out->items[out->n], &found, err);
        if (rc) return rc;
        out->n += found;
    }
    return sc_rd_read_check(&r.body, false, err);
}

/* ---- By seqs ------------------------------------------------------------------------------------- */

static bool matches(const sc_feedback_filter *f, const sc_feedback *r) {
    return (!f->by_source || r->source == f->source) && (!f->by_state || r->state == f->state) &&
           (!f->unclustered || !sc_id_is_set(&r->cluster_id)) &&
           (!sc_id_is_set(&f->cluster_id) || sc_id_eq(&r->cluster_id, &f->cluster_id)) &&
           (f->status.n == 0 || sc_str_eq(r->status, f->status)) &&
           (!f->since_ms || r->created_at_ms >= f->since_ms) &&
           (!f->until_ms || r->created_at_ms < f->until_ms);
}

/* Those from `at` on, at most n; *at moves past what was looked at. */
static sc_rc some_seqs(list_step *l, size_t n, size_t *at, sc_err *err) {
    SC_RD_RUN(r);
    const sc_feedback_filter *f = l->f;
    sc_feedback_list *out = l->out;
    sc_rd_run_init(&r, 2);
    sc_pack_str(&r.args, SC_STR("numbers"));
    sc_pack_array(&r.args, n);
    for (size_t i = 0; i < n; i++) {
        unsigned char no[SC_RD_NO];
        sc_rd_put_no(no, f->seqs[*at + i]);
        sc_pack_str(&r.args, (sc_str){(const char *)no, sizeof no});
    }
    sc_rc rc = sc_rd_ask(l->s, SC_RD_feedback_rows, &f->project_id, &r, err);
    if (!rc && sc_unpack_array(&r.body) != n) r.body.bad = true;
    for (size_t i = 0; !rc && i < n; i++, ++*at) {
        sc_feedback report;
        bool found;
        rc = read_report(&r.body, &f->project_id, l->arena, &report, &found, err);
        if (rc || !found || !matches(f, &report)) continue;
        if (out->n == l->page->limit)
            return sc_cursor_write(CURSOR_SEQS, &f->project_id, (sc_cursor){(int64_t)*at, 0},
                                   l->arena, &out->next_cursor, err);
        out->items[out->n++] = report;
    }
    return rc ? rc : sc_rd_read_check(&r.body, false, err);
}

/* The list is the caller's, so a place in it is the cursor. The total is known once all of it was looked at. */
static sc_rc by_seqs(list_step *l, sc_err *err) {
    sc_cursor from = {0, 0};
    sc_rc rc = SC_OK;
    if (l->page->cursor.n)
        rc = sc_cursor_read(l->page->cursor, CURSOR_SEQS, &l->f->project_id, &from, err);
    size_t at = from.key < 0 ? 0 : (size_t)from.key;
    while (!rc && at < l->f->n_seqs && !l->out->next_cursor.n)
        rc = some_seqs(l, SC_MIN(l->page->limit + 1 - l->out->n, l->f->n_seqs - at), &at, err);
    if (!rc && !l->page->cursor.n && !l->out->next_cursor.n) l->out->total = (int64_t)l->out->n;
    return rc;
}

sc_rc sc_rd_feedback_list(void *self, const sc_feedback_filter *f, const sc_page *page,
                          sc_arena *arena, sc_feedback_list *ret, sc_err *err) {
    sc_feedback_list out = {.total = -1};
    list_step l = {.s = self, .f = f, .page = page, .arena = arena, .out = &out};
    bool more = true;
    sc_rc rc = sc_cursor_check_limit(page->limit, err);
    if (!rc && f->by_source && (unsigned)f->source >= SC_SOURCE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "source", "not one of ours");
    if (!rc && f->by_state && (unsigned)f->state >= SC_FEEDBACK_STATE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "state", "not one of ours");
    if (!rc) rc = sc_rd_known(self, &f->project_id, err);
    if (!rc && !f->by_seqs) rc = set_bounds(&l, err);
    if (rc) return rc;
    size_t room = f->by_seqs ? SC_MIN(page->limit, f->n_seqs) : page->limit;
    out.items = sc_arena_take_array(arena, SC_MAX(room, 1u), sizeof *out.items);
    if (!out.items) return sc_rd_no_memory(err);
    if (f->by_seqs) rc = by_seqs(&l, err);
    for (bool first = true; !f->by_seqs && !rc && more; first = false)
        rc = walk_some(&l, first, &more, err);
    if (!rc) *ret = out;
    return rc;
}
