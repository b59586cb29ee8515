#include "stores/sqlite/steps.h"

/* ---- Keys ------------------------------------------------------------------------------------- */

static sc_rc put(sc_sq_conn *c, const sc_key *k, sc_err *err) {
    int64_t project;
    sc_rc rc = sc_sq_project_any(c, &k->project_id, &project, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "INSERT INTO api_key (id, project_no, name, prefix, hash, scopes, created_at,"
           " last_used, expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sc_query_id(&q, &k->id);
    sc_query_int(&q, project);
    sc_query_text(&q, k->name);
    sc_query_text(&q, k->prefix);
    sc_query_blob(&q, k->hash, sizeof k->hash);
    sc_query_int(&q, k->scopes);
    sc_query_int(&q, k->created_at_ms);
    sc_query_int(&q, k->last_used_ms);
    sc_query_int(&q, k->expires_at_ms);
    sc_query_int(&q, k->revoked_at_ms);
    return sc_query_run(&q, err);
}

sc_rc sc_sq_key_put(void *self, const sc_key *k, sc_err *err) {
    unsigned char b[16];
    if (!sc_id_to_bytes(&k->id, b)) return sc_fail_field(err, SC_INVALID, "id", "not an id");
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, put(c, k, err), err);
}

#define KEY_COLUMNS                                                                            \
    "k.id, p.id, k.name, k.prefix, k.hash, k.scopes, k.created_at, k.last_used, k.expires_at," \
    " k.revoked_at FROM api_key k LEFT JOIN project p ON p.project_no = k.project_no"

static sc_rc read_row(sc_query *q, sc_arena *arena, sc_key *ret, sc_err *err) {
    sc_key k = {.id = sc_query_get_id(q)};
    k.project_id = sc_query_get_id(q);
    k.name = sc_query_get_text(q, arena);
    k.prefix = sc_query_get_text(q, arena);
    sc_query_get_hash(q, k.hash);
    k.scopes = (unsigned)sc_query_get_int(q);
    k.created_at_ms = sc_query_get_int(q);
    k.last_used_ms = sc_query_get_int(q);
    k.expires_at_ms = sc_query_get_int(q);
    k.revoked_at_ms = sc_query_get_int(q);
    sc_rc rc = sc_query_row_check(q, err);
    if (!rc) *ret = k;
    return rc;
}

static sc_rc find(sc_sq_conn *c, const unsigned char hash[32], sc_arena *arena, sc_key *ret,
                  sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "SELECT " KEY_COLUMNS " WHERE k.hash = ?");
    bool row;
    sc_query_blob(&q, hash, 32);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    return row ? read_row(&q, arena, ret, err) : sc_fail(err, SC_NOT_FOUND, "no such key");
}

sc_rc sc_sq_key_find(void *self, const unsigned char hash[32], sc_arena *arena, sc_key *ret,
                     sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, find(c, hash, arena, ret, err));
}

static sc_rc list(sc_sq_conn *c, const sc_id *project, sc_arena *arena, sc_key **ret, size_t *ret_n,
                  sc_err *err) {
    int64_t no;
    sc_rc rc = sc_sq_project_any(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT " KEY_COLUMNS
                                " WHERE ?1 = 0 OR k.project_no = ?1 ORDER BY k.key_no");
    sc_query_int(&q, no);
    sc_key *items = NULL;
    size_t n = 0, cap = 0;
    bool row;
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

sc_rc sc_sq_key_list(void *self, const sc_id *project, sc_arena *arena, sc_key **ret, size_t *ret_n,
                     sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, list(c, project, arena, ret, ret_n, err));
}

/* Revoking again keeps the first time. */
static sc_rc revoke(sc_sq_conn *c, const sc_id *project, const sc_id *id, int64_t now_ms,
                    sc_err *err) {
    int64_t no;
    sc_rc rc = sc_sq_project_any(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "UPDATE api_key SET revoked_at = CASE revoked_at WHEN 0 THEN ?1 ELSE revoked_at"
           " END WHERE id = ?2 AND (?3 = 0 OR project_no = ?3)");
    sc_query_int(&q, now_ms);
    sc_query_id(&q, id);
    sc_query_int(&q, no);
    rc = sc_query_run(&q, err);
    if (!rc && !sc_query_changes(&q)) return sc_fail(err, SC_NOT_FOUND, "no such key");
    return rc;
}

sc_rc sc_sq_key_revoke(void *self, const sc_id *project, const sc_id *id, int64_t now_ms,
                       sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, revoke(c, project, id, now_ms, err), err);
}

static sc_rc touch(sc_sq_conn *c, const sc_id *id, int64_t now_ms, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "UPDATE api_key SET last_used = max(last_used, ?) WHERE id = ?");
    sc_query_int(&q, now_ms);
    sc_query_id(&q, id);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc && !sc_query_changes(&q)) return sc_fail(err, SC_NOT_FOUND, "no such key");
    return rc;
}

sc_rc sc_sq_key_touch(void *self, const sc_id *id, int64_t now_ms, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, touch(c, id, now_ms, err), err);
}

/* ---- Sessions --------------------------------------------------------------------------------- */

static sc_rc drop_expired(sc_sq_conn *c, int64_t now_ms, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "DELETE FROM session WHERE expires_at <= ?");
    sc_query_int(&q, now_ms);
    return sc_query_run(&q, err);
}

/* Expired ones leave when new ones come, so the table stays as small as its use. */
static sc_rc session_put(sc_sq_conn *c, const sc_session *s, sc_err *err) {
    int64_t project;
    sc_rc rc = sc_sq_project_any(c, &s->project_id, &project, err);
    if (!rc) rc = drop_expired(c, s->created_at_ms, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "INSERT INTO session (hash, login, project_no, scopes, created_at, expires_at, key_id)"
           " VALUES (?, ?, ?, ?, ?, ?, ?)");
    sc_query_blob(&q, s->hash, sizeof s->hash);
    sc_query_int(&q, s->login);
    sc_query_int(&q, project);
    sc_query_int(&q, s->scopes);
    sc_query_int(&q, s->created_at_ms);
    sc_query_int(&q, s->expires_at_ms);
    if (sc_id_is_set(&s->key_id))
        sc_query_id(&q, &s->key_id);
    else
        sc_query_blob(&q, "", 0);
    return sc_query_run(&q, err);
}

sc_rc sc_sq_session_put(void *self, const sc_session *s, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, session_put(c, s, err), err);
}

static sc_rc session_find(sc_sq_conn *c, const unsigned char hash[32], bool login, int64_t now_ms,
                          sc_session *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "SELECT s.hash, s.login, p.id, k.id, s.scopes, s.created_at, s.expires_at"
                       " FROM session s LEFT JOIN project p ON p.project_no = s.project_no"
                       " LEFT JOIN api_key k ON k.id = s.key_id AND k.revoked_at = 0"
                       " AND (k.expires_at = 0 OR k.expires_at > ?3)"
                       " WHERE s.hash = ?1 AND s.login = ?2 AND s.expires_at > ?3"
                       " AND (s.key_id = x'' OR k.id IS NOT NULL)");
    bool row;
    sc_query_blob(&q, hash, 32);
    sc_query_int(&q, login);
    sc_query_int(&q, now_ms);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    if (!row) return sc_fail(err, SC_NOT_FOUND, "no such session, or it has expired");
    sc_session s = {.login = false};
    sc_query_get_hash(&q, s.hash);
    s.login = sc_query_get_int(&q) != 0;
    s.project_id = sc_query_get_id(&q);
    s.key_id = sc_query_get_id(&q);
    s.scopes = (unsigned)sc_query_get_int(&q);
    s.created_at_ms = sc_query_get_int(&q);
    s.expires_at_ms = sc_query_get_int(&q);
    rc = sc_query_row_check(&q, err);
    if (!rc) *ret = s;
    return rc;
}

static sc_rc session_remove(sc_sq_conn *c, const unsigned char hash[32], sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "DELETE FROM session WHERE hash = ?");
    sc_query_blob(&q, hash, 32);
    return sc_query_run(&q, err);
}

sc_rc sc_sq_session_take(void *self, const unsigned char hash[32], int64_t now_ms, sc_session *ret,
                         sc_err *err) {
    sc_sq_conn *c;
    sc_session found;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    if (rc) return rc;
    rc = session_find(c, hash, true, now_ms, &found, err);
    if (!rc) rc = session_remove(c, hash, err);
    rc = sc_sq_write_end(c, rc, err);
    if (!rc) *ret = found;
    return rc;
}

sc_rc sc_sq_session_get(void *self, const unsigned char hash[32], int64_t now_ms, sc_session *ret,
                        sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, session_find(c, hash, false, now_ms, ret, err));
}

sc_rc sc_sq_session_drop(void *self, const unsigned char hash[32], sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    return rc ? rc : sc_sq_write_end(c, session_remove(c, hash, err), err);
}
