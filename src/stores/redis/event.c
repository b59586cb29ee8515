/* Events going out, and the numbers that say whether anything happened. */
#include "stores/redis/steps.h"

sc_rc sc_rd_events(void *self, const sc_id *project, int64_t after_id, size_t limit,
                   sc_arena *arena, sc_event **ret, size_t *ret_n, sc_err *err) {
    enum { MOST = 10000 };
    SC_RD_RUN(r);
    bool nomem = false;
    sc_rd_run_init(&r, 3);
    sc_pack_id_text(&r.args, project);
    sc_pack_int(&r.args, after_id);
    sc_pack_int(&r.args, (int64_t)SC_MIN(limit, (size_t)MOST));
    sc_rc rc = sc_rd_ask(self, SC_RD_events, NULL, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    sc_event *items = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *items);
    if (!items) return sc_rd_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        sc_unpack_array(&r.body);
        items[i].id = sc_unpack_int(&r.body);
        items[i].project_id = sc_unpack_id_text(&r.body);
        items[i].kind = sc_unpack_text(&r.body, arena, &nomem);
        items[i].data = sc_unpack_text(&r.body, arena, &nomem);
        items[i].at_ms = sc_unpack_int(&r.body);
    }
    rc = sc_rd_read_check(&r.body, nomem, err);
    if (rc) return rc;
    *ret = items;
    *ret_n = n;
    return SC_OK;
}
