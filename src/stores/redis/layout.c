#include "stores/redis/layout.h"

sc_rc sc_rd_layout_open(sc_rd *s, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 1);
    sc_pack_int(&r.args, SC_RD_SCHEMA);
    sc_rc rc = sc_rd_ask(s, SC_RD_schema, NULL, &r, err);
    if (rc) return rc;
    int64_t was = sc_unpack_int(&r.body);
    rc = sc_rd_read_check(&r.body, false, err);
    if (!rc && was > SC_RD_SCHEMA)
        rc = sc_fail(
            err, SC_STORE,
            "the data in this Redis were made by a newer version (schema %lld, this one knows %d): "
            "upgrade soulcaster",
            (long long)was, SC_RD_SCHEMA);
    return rc;
}

/* From 1 to 2: the lists of fixes by issue, state and pull request. */
static sc_rc index_fixes(sc_rd *s, const sc_id *project, size_t slice, bool *ret_whole,
                         sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 1);
    sc_pack_int(&r.args, (int64_t)slice);
    sc_rc rc = sc_rd_ask(s, SC_RD_fix_index, project, &r, err);
    if (!rc) *ret_whole = sc_unpack_int(&r.body) != 0;
    return rc ? rc : sc_rd_read_check(&r.body, false, err);
}

sc_rc sc_rd_layout_bring(sc_rd *s, const sc_id *project, size_t slice, size_t most, bool *ret_whole,
                         sc_err *err) {
    bool whole = false;
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && !whole && i < most; i++)
        rc = index_fixes(s, project, slice, &whole, err);
    *ret_whole = whole;
    return rc;
}
