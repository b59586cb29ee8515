/* The audit log: of the installation, whichever project a row is about. */
#include "stores/redis/steps.h"

enum { CURSOR_LIST = 'u', MOST_BYTES = 16 << 20 };

static void pack_row(sc_buf *b, const sc_audit *a) {
    sc_pack_array(b, 9);
    sc_pack_int(b, a->at_ms);
    sc_pack_id(b, &a->key_id);
    sc_pack_str(b, a->actor);
    sc_pack_str(b, a->action);
    sc_pack_str(b, a->target);
    sc_pack_str(b, a->before);
    sc_pack_str(b, a->after);
    sc_pack_str(b, a->asked);
    sc_pack_str(b, a->request_id);
}

sc_rc sc_rd_audit_put(void *self, const sc_audit *rows, size_t n, size_t *ret_new, sc_err *err) {
    unsigned char id[16];
    SC_RD_RUN(r);
    SC_AUTO(sc_buf_done) sc_buf row;
    sc_buf_init(&row, MOST_BYTES);
    sc_rd_run_init(&r, 1);
    sc_pack_array(&r.args, n);
    for (size_t i = 0; i < n; i++) {
        if (!sc_id_to_bytes(&rows[i].id, id))
            return sc_fail_field(err, SC_INVALID, "id", "not an id");
        sc_buf_reset(&row);
        pack_row(&row, &rows[i]);
        sc_rc rc = sc_buf_check(&row, "an audit row", err);
        if (rc) return rc;
        sc_pack_array(&r.args, 3);
        sc_pack_id(&r.args, &rows[i].id);
        sc_pack_id_text(&r.args, &rows[i].project_id);
        sc_pack_str(&r.args, sc_buf_str(&row));
    }
    sc_rc rc = sc_rd_put(self, SC_RD_audit_put, &r, err);
    if (rc) return rc;
    int64_t fresh = sc_unpack_int(&r.body);
    rc = sc_rd_read_check(&r.body, false, err);
    if (!rc) *ret_new = (size_t)fresh;
    return rc;
}

static sc_rc read_row(sc_str stored, sc_arena *arena, sc_audit *ret, sc_err *err) {
    sc_unpack u = sc_unpack_of(stored);
    bool nomem = false;
    sc_unpack_array(&u);
    *ret = (sc_audit){.seq = sc_unpack_int(&u)};
    ret->id = sc_unpack_id(&u);
    ret->project_id = sc_unpack_id_text(&u);
    sc_unpack row = sc_unpack_of(sc_unpack_str(&u));
    sc_unpack_array(&row);
    ret->at_ms = sc_unpack_int(&row);
    ret->key_id = sc_unpack_id(&row);
    sc_str *const texts[] = {&ret->actor, &ret->action, &ret->target,    &ret->before,
                             &ret->after, &ret->asked,  &ret->request_id};
    for (size_t i = 0; i < SC_LEN(texts); i++) *texts[i] = sc_unpack_text(&row, arena, &nomem);
    u.bad |= row.bad;
    return sc_rd_read_check(&u, nomem, err);
}

sc_rc sc_rd_audit_list(void *self, const sc_audit_filter *f, const sc_page *page, sc_arena *arena,
                       sc_audit_list *ret, sc_err *err) {
    sc_audit_list out = {.n = 0};
    sc_cursor below = {0, 0};
    SC_RD_RUN(r);
    sc_rc rc = sc_cursor_check_limit(page->limit, err);
    if (!rc && page->cursor.n)
        rc = sc_cursor_read(page->cursor, CURSOR_LIST, &f->project_id, &below, err);
    if (rc) return rc;
    sc_rd_run_init(&r, 6);
    sc_pack_id_text(&r.args, &f->project_id);
    sc_pack_str(&r.args, f->actor);
    sc_pack_str(&r.args, f->action);
    sc_pack_str(&r.args, f->target);
    sc_pack_int(&r.args, below.key);
    sc_pack_int(&r.args, (int64_t)page->limit + 1);
    rc = sc_rd_ask(self, SC_RD_audit_list, NULL, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    out.n = SC_MIN(n, page->limit);
    out.items = sc_arena_take_array(arena, page->limit, sizeof *out.items);
    if (!out.items) return sc_rd_no_memory(err);
    for (size_t i = 0; !rc && i < out.n; i++)
        rc = read_row(sc_unpack_str(&r.body), arena, &out.items[i], err);
    if (!rc && n > page->limit)
        rc = sc_cursor_write(CURSOR_LIST, &f->project_id, (sc_cursor){out.items[out.n - 1].seq, 0},
                             arena, &out.next_cursor, err);
    if (!rc) *ret = out;
    return rc;
}
