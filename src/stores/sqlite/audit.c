#include "stores/sqlite/steps.h"

enum { CURSOR_LIST = 'u' };

/* One that is there already stays as it is. */
static sc_rc add(sc_sq_conn *c, const sc_audit *a, size_t *n_new, sc_err *err) {
    int64_t no;
    sc_rc rc = sc_sq_project_any(c, &a->project_id, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "INSERT INTO audit (id, project_no, at, key_id, actor, action, target, was,"
                       " became, asked, request_id) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
                       " ON CONFLICT (id) DO NOTHING");
    sc_query_id(&q, &a->id);
    sc_query_int(&q, no);
    sc_query_int(&q, a->at_ms);
    sc_query_id(&q, &a->key_id);
    sc_query_text(&q, a->actor);
    sc_query_text(&q, a->action);
    sc_query_text(&q, a->target);
    sc_query_text(&q, a->before);
    sc_query_text(&q, a->after);
    sc_query_text(&q, a->asked);
    sc_query_text(&q, a->request_id);
    rc = sc_query_run(&q, err);
    *n_new += !rc && sc_query_changes(&q);
    return rc;
}

sc_rc sc_sq_audit_put(void *self, const sc_audit *rows, size_t n, size_t *ret_new, sc_err *err) {
    sc_sq_conn *c;
    size_t fresh = 0;
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++)
        if (!sc_id_is_set(&rows[i].id)) rc = sc_fail_field(err, SC_INVALID, "id", "not an id");
    if (!rc) rc = sc_sq_write_begin(self, &c, err);
    if (rc) return rc;
    for (size_t i = 0; !rc && i < n; i++) rc = add(c, &rows[i], &fresh, err);
    rc = sc_sq_write_end(c, rc, err);
    if (!rc) *ret_new = fresh;
    return rc;
}

static sc_rc read_row(sc_query *q, sc_arena *arena, sc_audit *ret, sc_err *err) {
    *ret = (sc_audit){.seq = sc_query_get_int(q)};
    ret->id = sc_query_get_id(q);
    ret->project_id = sc_query_get_id(q);
    ret->at_ms = sc_query_get_int(q);
    ret->key_id = sc_query_get_id(q);
    ret->actor = sc_query_get_text(q, arena);
    ret->action = sc_query_get_text(q, arena);
    ret->target = sc_query_get_text(q, arena);
    ret->before = sc_query_get_text(q, arena);
    ret->after = sc_query_get_text(q, arena);
    ret->asked = sc_query_get_text(q, arena);
    ret->request_id = sc_query_get_text(q, arena);
    return sc_query_row_check(q, err);
}

#define COLUMNS                                                                               \
    "SELECT a.seq, a.id, p.id, a.at, a.key_id, a.actor, a.action, a.target, a.was, a.became," \
    " a.asked, a.request_id FROM audit a"
#define REST                                                                                  \
    " LEFT JOIN project p ON p.project_no = a.project_no WHERE (?1 = 0 OR a.project_no = ?1)" \
    " AND (?2 = '' OR a.actor = ?2) AND (?3 = '' OR a.action = ?3)"                           \
    " AND (?4 = '' OR a.target = ?4) AND a.seq < ?5 ORDER BY a.seq DESC LIMIT ?6"

static sc_rc list(sc_sq_conn *c, const sc_audit_filter *f, const sc_page *page, sc_arena *arena,
                  sc_audit_list *ret, sc_err *err) {
    sc_audit_list out = {.n = 0};
    sc_cursor below = {INT64_MAX, 0};
    int64_t no;
    bool row;
    sc_rc rc = sc_sq_project_any(c, &f->project_id, &no, err);
    if (!rc && page->cursor.n)
        rc = sc_cursor_read(page->cursor, CURSOR_LIST, &f->project_id, &below, err);
    if (rc) return rc;
    out.items = sc_arena_take_array(arena, page->limit, sizeof *out.items);
    if (!out.items) return sc_sq_no_memory(err);
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, no ? COLUMNS " INDEXED BY audit_project" REST : COLUMNS REST);
    sc_query_int(&q, no);
    sc_query_text(&q, f->actor);
    sc_query_text(&q, f->action);
    sc_query_text(&q, f->target);
    sc_query_int(&q, below.key);
    sc_query_int(&q, (int64_t)page->limit + 1);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        if (out.n == page->limit) {
            sc_cursor last = {out.items[out.n - 1].seq, 0};
            rc = sc_cursor_write(CURSOR_LIST, &f->project_id, last, arena, &out.next_cursor, err);
            break;
        }
        rc = read_row(&q, arena, &out.items[out.n++], err);
        if (rc) break;
    }
    if (!rc) *ret = out;
    return rc;
}

sc_rc sc_sq_audit_list(void *self, const sc_audit_filter *f, const sc_page *page, sc_arena *arena,
                       sc_audit_list *ret, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_cursor_check_limit(page->limit, err);
    if (!rc) rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, list(c, f, page, arena, ret, err));
}
