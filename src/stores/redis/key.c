/* Keys and sessions: of the installation, whichever project they open. */
#include "stores/redis/steps.h"

/* ---- Keys ---------------------------------------------------------------------------------------- */

sc_rc sc_rd_key_put(void *self, const sc_key *k, sc_err *err) {
    unsigned char b[16];
    if (!sc_id_to_bytes(&k->id, b)) return sc_fail_field(err, SC_INVALID, "id", "not an id");
    SC_RD_RUN(r);
    SC_AUTO(sc_buf_done) sc_buf row;
    sc_buf_init(&row, 1 << 20);
    sc_pack_array(&row, 4);
    sc_pack_str(&row, k->name);
    sc_pack_str(&row, k->prefix);
    sc_pack_int(&row, k->scopes);
    sc_pack_int(&row, k->created_at_ms);
    sc_rc rc = sc_buf_check(&row, "the key", err);
    if (rc) return rc;
    sc_rd_run_init(&r, 7);
    sc_pack_id(&r.args, &k->id);
    sc_pack_id_text(&r.args, &k->project_id);
    sc_pack_str(&r.args, (sc_str){(const char *)k->hash, sizeof k->hash});
    sc_pack_str(&r.args, sc_buf_str(&row));
    sc_pack_int(&r.args, k->last_used_ms);
    sc_pack_int(&r.args, k->expires_at_ms);
    sc_pack_int(&r.args, k->revoked_at_ms);
    return sc_rd_put(self, SC_RD_key_put, &r, err);
}

static sc_rc read_key(sc_str stored, sc_arena *arena, sc_key *ret, sc_err *err) {
    sc_unpack u = sc_unpack_of(stored);
    bool nomem = false;
    sc_unpack_array(&u);
    sc_key k = {.id = sc_unpack_id(&u)};
    k.project_id = sc_unpack_id_text(&u);
    sc_str hash = sc_unpack_str(&u);
    sc_unpack row = sc_unpack_of(sc_unpack_str(&u));
    k.last_used_ms = sc_unpack_int(&u);
    k.expires_at_ms = sc_unpack_int(&u);
    k.revoked_at_ms = sc_unpack_int(&u);
    sc_unpack_array(&row);
    k.name = sc_unpack_text(&row, arena, &nomem);
    k.prefix = sc_unpack_text(&row, arena, &nomem);
    k.scopes = (unsigned)sc_unpack_int(&row);
    k.created_at_ms = sc_unpack_int(&row);
    if (hash.n == sizeof k.hash)
        memcpy(k.hash, hash.p, hash.n);
    else
        u.bad = true;
    u.bad |= row.bad;
    sc_rc rc = sc_rd_read_check(&u, nomem, err);
    if (!rc) *ret = k;
    return rc;
}

sc_rc sc_rd_key_find(void *self, const unsigned char hash[32], sc_arena *arena, sc_key *ret,
                     sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 1);
    sc_pack_str(&r.args, (sc_str){(const char *)hash, 32});
    sc_rc rc = sc_rd_ask(self, SC_RD_key_find, NULL, &r, err);
    return rc ? rc : read_key(sc_unpack_str(&r.body), arena, ret, err);
}

sc_rc sc_rd_key_list(void *self, const sc_id *project, sc_arena *arena, sc_key **ret, size_t *ret_n,
                     sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 1);
    sc_pack_id_text(&r.args, project);
    sc_rc rc = sc_rd_ask(self, SC_RD_key_list, NULL, &r, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&r.body);
    sc_key *items = sc_arena_take_array(arena, SC_MAX(n, 1u), sizeof *items);
    if (!items) return sc_rd_no_memory(err);
    for (size_t i = 0; !rc && i < n; i++)
        rc = read_key(sc_unpack_str(&r.body), arena, &items[i], err);
    if (rc) return rc;
    *ret = items;
    *ret_n = n;
    return SC_OK;
}

/* Revoking again keeps the first time. */
static sc_rc change(sc_rd *s, const sc_id *project, const sc_id *id, int64_t revoked_ms,
                    int64_t used_ms, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 4);
    sc_pack_id_text(&r.args, project);
    sc_pack_id(&r.args, id);
    sc_pack_int(&r.args, revoked_ms);
    sc_pack_int(&r.args, used_ms);
    return sc_rd_put(s, SC_RD_key_change, &r, err);
}

sc_rc sc_rd_key_revoke(void *self, const sc_id *project, const sc_id *id, int64_t now_ms,
                       sc_err *err) {
    return change(self, project, id, SC_MAX(now_ms, 1), 0, err);
}

sc_rc sc_rd_key_touch(void *self, const sc_id *id, int64_t now_ms, sc_err *err) {
    return change(self, NULL, id, 0, now_ms, err);
}

/* ---- Sessions ------------------------------------------------------------------------------------ */

sc_rc sc_rd_session_put(void *self, const sc_session *s, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 7);
    sc_pack_str(&r.args, (sc_str){(const char *)s->hash, sizeof s->hash});
    sc_pack_int(&r.args, s->login);
    sc_pack_id_text(&r.args, &s->project_id);
    sc_pack_id(&r.args, &s->key_id);
    sc_pack_int(&r.args, s->scopes);
    sc_pack_int(&r.args, s->created_at_ms);
    sc_pack_int(&r.args, s->expires_at_ms);
    return sc_rd_put(self, SC_RD_session_put, &r, err);
}

static sc_rc find(sc_rd *s, const unsigned char hash[32], bool login, int64_t now_ms,
                  sc_session *ret, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 4);
    sc_pack_str(&r.args, (sc_str){(const char *)hash, 32});
    sc_pack_int(&r.args, login);
    sc_pack_int(&r.args, now_ms);
    sc_pack_int(&r.args, login); /* a login link is taken, once */
    sc_rc rc = login ? sc_rd_put(s, SC_RD_session_get, &r, err)
                     : sc_rd_ask(s, SC_RD_session_get, NULL, &r, err);
    if (rc) return rc;
    sc_unpack u = sc_unpack_of(sc_unpack_str(&r.body));
    sc_unpack_array(&u);
    sc_unpack_str(&u);
    sc_session out = {.login = sc_unpack_int(&u) != 0};
    memcpy(out.hash, hash, sizeof out.hash);
    out.project_id = sc_unpack_id_text(&u);
    out.key_id = sc_unpack_id(&u);
    out.scopes = (unsigned)sc_unpack_int(&u);
    out.created_at_ms = sc_unpack_int(&u);
    out.expires_at_ms = sc_unpack_int(&u);
    rc = sc_rd_read_check(&u, false, err);
    if (!rc) *ret = out;
    return rc;
}

sc_rc sc_rd_session_take(void *self, const unsigned char hash[32], int64_t now_ms, sc_session *ret,
                         sc_err *err) {
    return find(self, hash, true, now_ms, ret, err);
}

sc_rc sc_rd_session_get(void *self, const unsigned char hash[32], int64_t now_ms, sc_session *ret,
                        sc_err *err) {
    return find(self, hash, false, now_ms, ret, err);
}

sc_rc sc_rd_session_drop(void *self, const unsigned char hash[32], sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 1);
    sc_pack_str(&r.args, (sc_str){(const char *)hash, 32});
    return sc_rd_put(self, SC_RD_session_drop, &r, err);
}
