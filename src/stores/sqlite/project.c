#include "stores/sqlite/steps.h"

/* ---- Shared by every step --------------------------------------------------------------------- */

sc_rc sc_sq_no_memory(sc_err *err) {
    return sc_fail(err, SC_NOMEM, "the answer is over its memory budget");
}

void *sc_sq_grow(sc_arena *arena, void *items, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return items;
    size_t more = *cap ? *cap * 2 : 16;
    void *p = sc_arena_take_array(arena, more, size);
    if (!p) return NULL;
    if (n) memcpy(p, items, n * size);
    *cap = more;
    return p;
}

sc_rc sc_sq_project_no(sc_sq_conn *c, const sc_id *id, int64_t *ret, sc_err *err) {
    bool row = false;
    if (id && sc_id_is_set(id)) {
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(c, "SELECT project_no FROM project WHERE id = ?");
        sc_query_id(&q, id);
        sc_rc rc = sc_query_next(&q, &row, err);
        if (rc) return rc;
        if (row) *ret = sc_query_get_int(&q);
    }
    return row ? SC_OK : sc_fail(err, SC_NOT_FOUND, "no such project");
}

sc_rc sc_sq_project_any(sc_sq_conn *c, const sc_id *id, int64_t *ret, sc_err *err) {
    if (id && sc_id_is_set(id)) return sc_sq_project_no(c, id, ret, err);
    *ret = 0;
    return SC_OK;
}

/* ---- Projects --------------------------------------------------------------------------------- */

static sc_rc put(sc_sq_conn *c, const sc_project *p, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "INSERT INTO project (id, name, created_at) VALUES (?, ?, ?)"
                                " ON CONFLICT (id) DO UPDATE SET name = excluded.name");
    sc_query_id(&q, &p->id);
    sc_query_text(&q, p->name);
    sc_query_int(&q, p->created_at_ms);
    sc_rc rc = sc_query_run(&q, err);
    if (rc == SC_CONFLICT)
        return sc_fail_field(err, SC_CONFLICT, "name", "a project named %.*s exists already",
                             SC_FMT(sc_str_clip(p->name, 100)));
    return rc;
}

sc_rc sc_sq_project_put(void *self, const sc_project *p, sc_err *err) {
    unsigned char b[16];
    if (!sc_id_to_bytes(&p->id, b)) return sc_fail_field(err, SC_INVALID, "id", "not an id");
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, put(c, p, err), err);
}

#define PROJECT_COLUMNS                                                         \
    "SELECT p.id, p.name, p.created_at, p.group_version, m.name FROM project p" \
    " LEFT JOIN model m ON m.model_no = p.model_no"

static sc_rc read_row(sc_query *q, sc_arena *arena, sc_project *ret, sc_err *err) {
    sc_project p = {.id = sc_query_get_id(q)};
    p.name = sc_query_get_text(q, arena);
    p.created_at_ms = sc_query_get_int(q);
    p.group_version = sc_query_get_int(q);
    p.model = sc_query_get_text(q, arena);
    sc_rc rc = sc_query_row_check(q, err);
    if (!rc) *ret = p;
    return rc;
}

/* A UUID is a legal name too: the id wins. */
static sc_rc get(sc_sq_conn *c, sc_str id_or_name, sc_arena *arena, sc_project *ret, sc_err *err) {
    sc_id id = sc_id_of(id_or_name);
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, PROJECT_COLUMNS
                             " WHERE p.id = ?1 OR p.name = ?2 ORDER BY p.id = ?1 DESC LIMIT 1");
    bool row;
    sc_query_id(&q, &id);
    sc_query_text(&q, id_or_name);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    return row ? read_row(&q, arena, ret, err) : sc_fail(err, SC_NOT_FOUND, "no such project");
}

sc_rc sc_sq_project_get(void *self, sc_str id_or_name, sc_arena *arena, sc_project *ret,
                        sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, get(c, id_or_name, arena, ret, err));
}

static sc_rc list(sc_sq_conn *c, sc_arena *arena, sc_project **ret, size_t *ret_n, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, PROJECT_COLUMNS " ORDER BY p.name");
    sc_project *items = NULL;
    size_t n = 0, cap = 0;
    bool row;
    sc_rc rc;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        items = sc_sq_grow(arena, items, n, &cap, sizeof *items);
        if (!items) return sc_sq_no_memory(err);
        rc = read_row(&q, arena, &items[n++], err);
        if (rc) return rc;
    }
    if (rc) return rc;
    *ret = items;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_project_list(void *self, sc_arena *arena, sc_project **ret, size_t *ret_n,
                         sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, list(c, arena, ret, ret_n, err));
}

/* ---- Settings --------------------------------------------------------------------------------- */

static sc_rc setting_get(sc_sq_conn *c, const sc_id *project, sc_str name, sc_arena *arena,
                         sc_str *ret, sc_err *err) {
    int64_t no;
    bool row;
    sc_rc rc = sc_sq_project_any(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT value FROM setting WHERE project_no = ? AND name = ?");
    sc_query_int(&q, no);
    sc_query_text(&q, name);
    rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    sc_str value = row ? sc_query_get_text(&q, arena) : (sc_str){"", 0};
    rc = sc_query_row_check(&q, err);
    if (!rc) *ret = value;
    return rc;
}

sc_rc sc_sq_setting_get(void *self, const sc_id *project, sc_str name, sc_arena *arena, sc_str *ret,
                        sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, setting_get(c, project, name, arena, ret, err));
}

static sc_rc setting_put(sc_sq_conn *c, const sc_id *project, sc_str name, sc_str value,
                         int64_t now_ms, sc_err *err) {
    int64_t no;
    sc_rc rc = sc_sq_project_any(c, project, &no, err);
    if (rc) return rc;
    if (value.n == 0) {
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(c, "DELETE FROM setting WHERE project_no = ? AND name = ?");
        sc_query_int(&q, no);
        sc_query_text(&q, name);
        return sc_query_run(&q, err);
    }
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "INSERT INTO setting (project_no, name, value, updated_at) VALUES (?, ?, ?, ?)"
           " ON CONFLICT DO UPDATE SET value = excluded.value,"
           " updated_at = excluded.updated_at");
    sc_query_int(&q, no);
    sc_query_text(&q, name);
    sc_query_text(&q, value);
    sc_query_int(&q, now_ms);
    return sc_query_run(&q, err);
}

sc_rc sc_sq_setting_put(void *self, const sc_id *project, sc_str name, sc_str value, int64_t now_ms,
                        sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, setting_put(c, project, name, value, now_ms, err), err);
}

static sc_rc read_setting(sc_query *q, sc_arena *arena, sc_setting_row *ret, sc_err *err) {
    ret->name = sc_query_get_text(q, arena);
    ret->value = sc_query_get_text(q, arena);
    ret->updated_at_ms = sc_query_get_int(q);
    return sc_query_row_check(q, err);
}

static sc_rc setting_list(sc_sq_conn *c, const sc_id *project, sc_str prefix, sc_arena *arena,
                          sc_setting_row **ret, size_t *ret_n, sc_err *err) {
    int64_t no;
    sc_setting_row *rows = NULL;
    size_t n = 0, cap = 0;
    bool row;
    sc_rc rc = sc_sq_project_any(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT name, value, updated_at FROM setting WHERE project_no = ?1"
                                " AND name >= ?2 ORDER BY name");
    sc_query_int(&q, no);
    sc_query_text(&q, prefix);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        rows = sc_sq_grow(arena, rows, n, &cap, sizeof *rows);
        if (!rows) return sc_sq_no_memory(err);
        rc = read_setting(&q, arena, &rows[n], err);
        if (rc) return rc;
        if (rows[n].name.n < prefix.n || memcmp(rows[n].name.p, prefix.p, prefix.n) != 0) break;
        n++;
    }
    if (rc) return rc;
    *ret = rows;
    *ret_n = n;
    return SC_OK;
}

sc_rc sc_sq_setting_list(void *self, const sc_id *project, sc_str prefix, sc_arena *arena,
                         sc_setting_row **ret, size_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    if (!prefix.n) prefix = SC_STR("");
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, setting_list(c, project, prefix, arena, ret, ret_n, err));
}

static sc_rc setting_swap(sc_sq_conn *c, const sc_id *project, sc_str name, sc_str was,
                          sc_str value, int64_t now_ms, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 16 << 20);
    sc_str is;
    sc_rc rc = setting_get(c, project, name, &arena, &is, err);
    if (rc) return rc;
    if (!sc_str_eq(is, was)) return sc_fail(err, SC_CONFLICT, "the setting was changed meanwhile");
    return setting_put(c, project, name, value, now_ms, err);
}

sc_rc sc_sq_setting_swap(void *self, const sc_id *project, sc_str name, sc_str was, sc_str value,
                         int64_t now_ms, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc
              : sc_sq_write_end(c, setting_swap(c, project, name, was, value, now_ms, err), err);
}
