/* Projects and their settings. A project's name and birth belong to the installation, its version and model to itself. */
#include <stdlib.h>

#include "stores/redis/steps.h"

/* ---- Projects ------------------------------------------------------------------------------------ */

/* Its rows first, then the name: a project that is known is whole. */
sc_rc sc_rd_project_put(void *self, const sc_project *p, sc_err *err) {
    unsigned char b[16];
    if (!sc_id_to_bytes(&p->id, b)) return sc_fail_field(err, SC_INVALID, "id", "not an id");
    SC_RD_RUN(make);
    SC_RD_RUN(claim);
    sc_rd_run_init(&make, 0);
    sc_rd_run_init(&claim, 3);
    sc_pack_id_text(&claim.args, &p->id);
    sc_pack_str(&claim.args, p->name);
    sc_pack_int(&claim.args, p->created_at_ms);
    sc_rc rc = sc_rd_ask(self, SC_RD_project_make, &p->id, &make, err);
    if (!rc) rc = sc_rd_put(self, SC_RD_project_claim, &claim, err);
    if (rc == SC_CONFLICT)
        return sc_fail_field(err, SC_CONFLICT, "name", "a project named %.*s exists already",
                             SC_FMT(sc_str_clip(p->name, 100)));
    return rc;
}

/* id, name, created */
static sc_rc read_row(sc_unpack *u, sc_arena *arena, sc_project *ret, sc_err *err) {
    bool nomem = false;
    sc_project p = {.id = sc_unpack_id_text(u)};
    p.name = sc_unpack_text(u, arena, &nomem);
    p.created_at_ms = sc_unpack_int(u);
    sc_rc rc = sc_rd_read_check(u, nomem, err);
    if (!rc) *ret = p;
    return rc;
}

static sc_rc read_state(sc_rd *s, sc_arena *arena, sc_project *p, sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rd_run_init(&r, 0);
    sc_rc rc = sc_rd_ask(s, SC_RD_project_state, &p->id, &r, err);
    if (rc) return rc;
    p->group_version = sc_unpack_int(&r.body);
    p->model = sc_unpack_text(&r.body, arena, &nomem);
    return sc_rd_read_check(&r.body, nomem, err);
}

/* A UUID is a legal name too: the id wins. */
sc_rc sc_rd_project_get(void *self, sc_str id_or_name, sc_arena *arena, sc_project *ret,
                        sc_err *err) {
    SC_RD_RUN(r);
    sc_id id = sc_id_of(id_or_name);
    sc_project p;
    sc_rd_run_init(&r, 2);
    sc_pack_id_text(&r.args, &id);
    sc_pack_str(&r.args, id_or_name);
    sc_rc rc = sc_rd_ask(self, SC_RD_project_find, NULL, &r, err);
    if (!rc) rc = read_row(&r.body, arena, &p, err);
    if (!rc) rc = read_state(self, arena, &p, err);
    if (!rc) *ret = p;
    return rc;
}

static int by_name(const void *a, const void *b) {
    return sc_str_cmp(((const sc_project *)a)->name, ((const sc_project *)b)->name);
}

sc_rc sc_rd_project_list(void *self, sc_arena *arena, sc_project **ret, size_t *ret_n,
                         sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 0);
    sc_rc rc = sc_rd_ask(self, SC_RD_project_all, NULL, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    sc_project *items = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *items);
    if (!items) return sc_rd_no_memory(err);
    for (size_t i = 0; !rc && i < n; i++) {
        sc_unpack_array(&r.body);
        rc = read_row(&r.body, arena, &items[i], err);
        if (!rc) rc = read_state(self, arena, &items[i], err);
    }
    if (rc) return rc;
    qsort(items, n, sizeof *items, by_name);
    *ret = items;
    *ret_n = n;
    return SC_OK;
}

/* ---- Settings ------------------------------------------------------------------------------------ */

sc_rc sc_rd_setting_get(void *self, const sc_id *project, sc_str name, sc_arena *arena, sc_str *ret,
                        sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rd_run_init(&r, 1);
    sc_pack_str(&r.args, name);
    sc_rc rc = sc_rd_ask(self, SC_RD_setting_get, project, &r, err);
    if (rc) return rc;
    sc_str value = sc_unpack_text(&r.body, arena, &nomem);
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (!rc) *ret = value;
    return rc;
}

static sc_rc write_setting(sc_rd *s, const sc_id *project, sc_str name, sc_str value,
                           int64_t now_ms, const sc_str *was, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 5);
    sc_pack_str(&r.args, name);
    sc_pack_str(&r.args, value);
    sc_pack_int(&r.args, now_ms);
    sc_pack_int(&r.args, was != NULL);
    sc_pack_str(&r.args, was ? *was : SC_STR_NONE);
    return sc_rd_write(s, SC_RD_setting_put, project, NULL, 0, &r, err);
}

sc_rc sc_rd_setting_put(void *self, const sc_id *project, sc_str name, sc_str value, int64_t now_ms,
                        sc_err *err) {
    return write_setting(self, project, name, value, now_ms, NULL, err);
}

sc_rc sc_rd_setting_swap(void *self, const sc_id *project, sc_str name, sc_str was, sc_str value,
                         int64_t now_ms, sc_err *err) {
    return write_setting(self, project, name, value, now_ms, &was, err);
}

sc_rc sc_rd_setting_list(void *self, const sc_id *project, sc_str prefix, sc_arena *arena,
                         sc_setting_row **ret, size_t *ret_n, sc_err *err) {
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rd_run_init(&r, 1);
    sc_pack_str(&r.args, prefix);
    sc_rc rc = sc_rd_ask(self, SC_RD_setting_list, project, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    sc_setting_row *rows = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *rows);
    if (!rows) return sc_rd_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        sc_unpack_array(&r.body);
        rows[i].name = sc_unpack_text(&r.body, arena, &nomem);
        rows[i].value = sc_unpack_text(&r.body, arena, &nomem);
        rows[i].updated_at_ms = sc_unpack_int(&r.body);
    }
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (rc) return rc;
    *ret = rows;
    *ret_n = n;
    return SC_OK;
}
