#include "app/access.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "app/internal.h"

enum { CACHE_US = 2000000, TOUCH_EVERY_MS = 60000 };
static const int64_t SESSION_MS = 30 * 24 * 3600 * 1000LL;

void sc_access_init(sc_access_cache *c) { pthread_rwlock_init(&c->lock, NULL); }

void sc_access_done(sc_access_cache *c) {
    OPENSSL_cleanse(c->local_hash, sizeof c->local_hash);
    pthread_rwlock_destroy(&c->lock);
}

static void hash_of(sc_str secret, unsigned char ret[32]) {
    SHA256((const unsigned char *)(secret.p ? secret.p : ""), secret.n, ret);
}

static void make_secret(sc_secret *s) {
    unsigned char raw[24];
    sc_random(raw, sizeof raw);
    memcpy(s->text, "sc_", 3);
    sc_hex_encode(raw, sizeof raw, s->text + 3);
    OPENSSL_cleanse(raw, sizeof raw);
}

static void name_principal(sc_principal *p, sc_str name) {
    name = sc_str_clip(name, sizeof p->name - 1);
    memcpy(p->name, name.p ? name.p : "", name.n);
    p->name[name.n] = 0;
}

static sc_access_entry *slot_of(sc_access_cache *c, const unsigned char hash[32]) {
    return &c->entries[hash[0] % SC_ACCESS_CACHE];
}

/* ret_turn: for remember(), of a miss. */
static bool cached(sc_app *app, const unsigned char hash[32], sc_principal *ret,
                   uint64_t *ret_turn) {
    sc_access_cache *c = &app->access;
    int64_t now = sc_mono_us(app->conf.clock);
    pthread_rwlock_rdlock(&c->lock);
    const sc_access_entry *e = slot_of(c, hash);
    bool hit = e->until_us > now && sc_mem_eq_const(e->hash, hash, 32);
    if (hit) *ret = e->who;
    *ret_turn = c->turn;
    pthread_rwlock_unlock(&c->lock);
    return hit;
}

/* What was read before something was forgotten may be what was forgotten: it is used once, and not kept. */
static void remember(sc_app *app, const unsigned char hash[32], const sc_principal *who,
                     uint64_t turn) {
    sc_access_cache *c = &app->access;
    pthread_rwlock_wrlock(&c->lock);
    if (c->turn == turn) {
        sc_access_entry *e = slot_of(c, hash);
        memcpy(e->hash, hash, 32);
        e->who = *who;
        e->until_us = sc_mono_us(app->conf.clock) + CACHE_US;
    }
    pthread_rwlock_unlock(&c->lock);
}

static void forget_all(sc_app *app) {
    sc_access_cache *c = &app->access;
    pthread_rwlock_wrlock(&c->lock);
    for (size_t i = 0; i < SC_ACCESS_CACHE; i++) c->entries[i].until_us = 0;
    c->turn++;
    pthread_rwlock_unlock(&c->lock);
}

static bool is_local(sc_app *app, const unsigned char hash[32]) {
    sc_access_cache *c = &app->access;
    pthread_rwlock_rdlock(&c->lock);
    bool yes = c->has_local && sc_mem_eq_const(c->local_hash, hash, 32);
    pthread_rwlock_unlock(&c->lock);
    return yes;
}

sc_rc sc_access_check_key(sc_app *app, sc_str secret, sc_principal *ret, sc_err *err) {
    unsigned char hash[32];
    uint64_t turn;
    hash_of(secret, hash);
    if (cached(app, hash, ret, &turn)) return SC_OK;
    if (is_local(app, hash)) {
        *ret = (sc_principal){.scopes = SC_SCOPE_admin};
        name_principal(ret, SC_STR("local"));
        remember(app, hash, ret, turn);
        return SC_OK;
    }
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_key key;
    sc_rc rc = STORE(app)->key_find(SELF(app), hash, &arena, &key, err);
    int64_t now = sc_now_ms(app->conf.clock);
    if (rc == SC_NOT_FOUND ||
        (!rc && (key.revoked_at_ms || (key.expires_at_ms && key.expires_at_ms <= now))))
        return sc_fail(err, SC_UNAUTHORIZED,
                       "this API key is not known here, was revoked, or has expired");
    if (rc) return rc;
    *ret = (sc_principal){.project_id = key.project_id, .scopes = key.scopes, .key_id = key.id};
    name_principal(ret, key.name);
    remember(app, hash, ret, turn);
    /* "last used" is for people: a minute's precision is enough, and a store that cannot take a write
     * must not refuse a read. */
    if (now - key.last_used_ms > TOUCH_EVERY_MS)
        (void)STORE(app)->key_touch(SELF(app), &key.id, now, NULL);
    return SC_OK;
}

sc_rc sc_access_check_session(sc_app *app, sc_str cookie, sc_principal *ret, sc_err *err) {
    unsigned char hash[32];
    uint64_t turn;
    hash_of(cookie, hash);
    if (cached(app, hash, ret, &turn)) return SC_OK;
    sc_session s;
    sc_rc rc = STORE(app)->session_get(SELF(app), hash, sc_now_ms(app->conf.clock), &s, err);
    if (rc == SC_NOT_FOUND || (!rc && s.login))
        return sc_fail(err, SC_UNAUTHORIZED, "the session has ended; sign in again");
    if (rc) return rc;
    *ret = (sc_principal){.project_id = s.project_id, .scopes = s.scopes, .key_id = s.key_id};
    name_principal(ret, SC_STR("session"));
    remember(app, hash, ret, turn);
    return SC_OK;
}

sc_rc sc_access_create_key(sc_app *app, const sc_id *project, sc_str name, unsigned scopes,
                           int64_t expires_at_ms, sc_arena *arena, sc_key *ret,
                           sc_secret *ret_secret, sc_err *err) {
    bool everywhere = !project || !sc_id_is_set(project);
    if (!scopes)
        return sc_fail_field(err, SC_UNPROCESSABLE, "scopes", "a key needs at least one scope");
    if (everywhere && !(scopes & SC_SCOPE_admin))
        return sc_fail_field(err, SC_UNPROCESSABLE, "project_id",
                             "a key without the admin scope belongs to one project");
    make_secret(ret_secret);
    sc_key k = {.id = sc_id_new(app->conf.clock),
                .scopes = scopes,
                .expires_at_ms = expires_at_ms,
                .created_at_ms = sc_now_ms(app->conf.clock)};
    if (!everywhere) k.project_id = *project;
    char *kept = sc_arena_copy(arena, name.p, name.n),
         *prefix = sc_arena_copy(arena, ret_secret->text, 9);
    if (!kept || !prefix) return sc_fail(err, SC_NOMEM, "no memory for the key");
    k.name = (sc_str){kept, name.n};
    k.prefix = sc_str_of(prefix);
    hash_of(sc_str_of(ret_secret->text), k.hash);
    sc_rc rc = STORE(app)->key_put(SELF(app), &k, err);
    if (!rc) *ret = k;
    return rc;
}

sc_rc sc_access_revoke_key(sc_app *app, const sc_id *project, const sc_id *id, sc_err *err) {
    sc_rc rc = STORE(app)->key_revoke(SELF(app), project, id, sc_now_ms(app->conf.clock), err);
    forget_all(app); /* after an error too: it may have reached the store all the same */
    return rc;
}

sc_rc sc_access_bootstrap(sc_app *app, sc_str secret, sc_err *err) {
    if (secret.n < 16)
        return sc_fail_field(err, SC_INVALID, "SOULCASTER_BOOTSTRAP_KEY",
                             "must have at least 16 characters");
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_key k;
    unsigned char hash[32];
    hash_of(secret, hash);
    sc_rc rc = STORE(app)->key_find(SELF(app), hash, &arena, &k, err);
    if (rc != SC_NOT_FOUND) return rc;
    k = (sc_key){.id = sc_id_new(app->conf.clock),
                 .name = SC_STR("bootstrap"),
                 .scopes = SC_SCOPE_admin,
                 .prefix = sc_str_clip(secret, 4),
                 .created_at_ms = sc_now_ms(app->conf.clock)};
    memcpy(k.hash, hash, 32);
    rc = STORE(app)->key_put(SELF(app), &k, err);
    return rc == SC_CONFLICT ? SC_OK : rc; /* another process was first */
}

void sc_access_local(sc_app *app, sc_secret *ret_secret) {
    make_secret(ret_secret);
    sc_access_cache *c = &app->access;
    pthread_rwlock_wrlock(&c->lock);
    hash_of(sc_str_of(ret_secret->text), c->local_hash);
    c->has_local = true;
    pthread_rwlock_unlock(&c->lock);
}

static sc_rc put_session(sc_app *app, bool login, const sc_principal *who, int64_t ttl_ms,
                         sc_secret *ret, sc_err *err) {
    make_secret(ret);
    int64_t now = sc_now_ms(app->conf.clock);
    sc_session s = {.login = login,
                    .project_id = who->project_id,
                    .key_id = who->key_id,
                    .scopes = who->scopes,
                    .created_at_ms = now,
                    .expires_at_ms = now + ttl_ms};
    hash_of(sc_str_of(ret->text), s.hash);
    return STORE(app)->session_put(SELF(app), &s, err);
}

static const sc_principal owner = {.scopes = SC_SCOPE_admin};

sc_rc sc_access_login_token(sc_app *app, int64_t ttl_ms, sc_secret *ret, sc_err *err) {
    return put_session(app, true, &owner, ttl_ms, ret, err);
}

sc_rc sc_access_login(sc_app *app, sc_str secret, sc_secret *ret_cookie, sc_err *err) {
    unsigned char hash[32];
    hash_of(secret, hash);
    sc_session s;
    sc_principal who = owner;
    sc_rc rc = STORE(app)->session_take(SELF(app), hash, sc_now_ms(app->conf.clock), &s, err);
    if (rc == SC_NOT_FOUND) rc = sc_access_check_key(app, secret, &who, err);
    if (rc == SC_UNAUTHORIZED)
        return sc_fail(err, SC_UNAUTHORIZED,
                       "this is no API key, and no login link that can still be used; "
                       "`soulcaster keys login` prints a new one");
    return rc ? rc : put_session(app, false, &who, SESSION_MS, ret_cookie, err);
}

sc_rc sc_access_logout(sc_app *app, sc_str cookie, sc_err *err) {
    unsigned char hash[32];
    hash_of(cookie, hash);
    sc_rc rc = STORE(app)->session_drop(SELF(app), hash, err);
    forget_all(app);
    return rc;
}
