#include "stores/sqlite/steps.h"

sc_rc sc_sq_event_add(sc_sq_conn *c, int64_t project_no, const sc_event *e, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "INSERT INTO event (project_no, at, kind, data) VALUES (?, ?, ?, ?)");
    sc_query_int(&q, project_no);
    sc_query_int(&q, e->at_ms);
    sc_query_text(&q, e->kind);
    sc_query_text(&q, e->data);
    return sc_query_run(&q, err);
}

static const char all_sql[] = "SELECT e.event_id, p.id, e.kind, e.data, e.at FROM event e"
                              " LEFT JOIN project p ON p.project_no = e.project_no"
                              " WHERE e.event_id > ?1 ORDER BY e.event_id LIMIT ?2";
static const char project_sql[] = "SELECT e.event_id, p.id, e.kind, e.data, e.at"
                                  " FROM event e INDEXED BY event_project"
                                  " LEFT JOIN project p ON p.project_no = e.project_no"
                                  " WHERE e.event_id > ?1 AND e.project_no = ?3"
                                  " ORDER BY e.event_id LIMIT ?2";

static sc_rc list(sc_sq_conn *c, const sc_id *project, int64_t after_id, size_t limit,
                  sc_arena *arena, sc_event **ret, size_t *ret_n, sc_err *err) {
    int64_t no;
    sc_rc rc = sc_sq_project_any(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, no ? project_sql : all_sql);
    sc_query_int(&q, after_id);
    sc_query_int(&q, (int64_t)SC_MIN(limit, (size_t)INT32_MAX));
    if (no) sc_query_int(&q, no);
    sc_event *items = NULL;
    size_t n = 0, cap = 0;
    bool row;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        items = sc_sq_grow(arena, items, n, &cap, sizeof *items);
        if (!items) return sc_sq_no_memory(err);
        sc_event *e = &items[n++];
        e->id = sc_query_get_int(&q);
        e->project_id = sc_query_get_id(&q);
        e->kind = sc_query_get_text(&q, arena);
        e->data = sc_query_get_text(&q, arena);
        e->at_ms = sc_query_get_int(&q);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
    }
    if (rc) return rc;
    *ret = items;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_events(void *self, const sc_id *project, int64_t after_id, size_t limit,
                   sc_arena *arena, sc_event **ret, size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, list(c, project, after_id, limit, arena, ret, ret_n, err));
}

/* AUTOINCREMENT remembers the last one even when it was pruned. */
sc_rc sc_sq_last_event(void *self, int64_t *ret_id, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    if (rc) return rc;
    return sc_sq_read_end(
        c,
        sc_query_scalar(c, "SELECT seq FROM sqlite_sequence WHERE name = 'event'", 0, ret_id, err));
}
