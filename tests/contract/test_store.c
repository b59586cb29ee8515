/* Every backend keeps the port's word: projects, settings, keys, sessions, stats, copies. */
#include "store_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

/* ---- Projects and settings ------------------------------------------------------------------------ */

static void a_project_name_is_taken_once(void **state) {
    sc_fx *f = *state;
    sc_project p = {.id = fx_id(f), .name = SC_STR("a"), .created_at_ms = T0}, got;
    fx_rc(f, f->ops->project_put(f->s, &p, &f->err), SC_CONFLICT);
    p.id = f->b;
    fx_rc(f, f->ops->project_put(f->s, &p, &f->err), SC_CONFLICT);
    memcpy(p.id.text, "?", 2);
    fx_rc(f, f->ops->project_put(f->s, &p, &f->err), SC_INVALID);
    fx_ok(f, f->ops->project_get(f->s, SC_STR("b"), &f->arena, &got, &f->err));
    assert_true(sc_id_eq(&got.id, &f->b));
}

static void a_project_is_found_by_id_and_by_name(void **state) {
    sc_fx *f = *state;
    sc_project p, *l;
    size_t n;
    fx_ok(f, f->ops->project_get(f->s, SC_STR("a"), &f->arena, &p, &f->err));
    assert_true(sc_id_eq(&p.id, &f->a) && p.created_at_ms == T0 && p.group_version == 0);
    fx_ok(f, f->ops->project_get(f->s, sc_id_str(&f->b), &f->arena, &p, &f->err));
    assert_true(sc_str_is(p.name, "b"));
    fx_rc(f, f->ops->project_get(f->s, SC_STR("c"), &f->arena, &p, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->project_get(f->s, SC_STR_NONE, &f->arena, &p, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->project_get(f->s, SC_STR("' OR 1=1 --"), &f->arena, &p, &f->err),
          SC_NOT_FOUND);
    /* A project named like another's id does not stand in its way. */
    sc_project trap = {.id = fx_id(f), .name = sc_id_str(&f->a), .created_at_ms = T0};
    fx_ok(f, f->ops->project_put(f->s, &trap, &f->err));
    fx_ok(f, f->ops->project_get(f->s, sc_id_str(&f->a), &f->arena, &p, &f->err));
    assert_true(sc_str_is(p.name, "a"));
    fx_ok(f, f->ops->project_list(f->s, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 3);
}

static void settings_belong_to_their_project(void **state) {
    sc_fx *f = *state;
    sc_str v;
    sc_id nobody = fx_id(f);
    fx_rc(f, f->ops->setting_put(f->s, &nobody, SC_STR("x"), SC_STR("1"), T0, &f->err),
          SC_NOT_FOUND);
    fx_rc(f, f->ops->setting_get(f->s, &nobody, SC_STR("x"), &f->arena, &v, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->setting_get(f->s, &f->a, SC_STR("x"), &f->arena, &v, &f->err));
    assert_int_equal(v.n, 0);
    fx_ok(f, f->ops->setting_put(f->s, &f->a, SC_STR("x"), SC_STR("{\"a\":1}"), T0, &f->err));
    fx_ok(f, f->ops->setting_put(f->s, NULL, SC_STR("x"), SC_STR("{}"), T0, &f->err));
    fx_ok(f, f->ops->setting_get(f->s, &f->b, SC_STR("x"), &f->arena, &v, &f->err));
    assert_int_equal(v.n, 0);
    fx_ok(f, f->ops->setting_put(f->s, &f->a, SC_STR("x"), SC_STR("{\"a\":2}"), T0, &f->err));
    fx_reopen(f);
    fx_ok(f, f->ops->setting_get(f->s, &f->a, SC_STR("x"), &f->arena, &v, &f->err));
    assert_true(sc_str_is(v, "{\"a\":2}"));
    fx_ok(f, f->ops->setting_get(f->s, NULL, SC_STR("x"), &f->arena, &v, &f->err));
    assert_true(sc_str_is(v, "{}"));
    fx_ok(f, f->ops->setting_put(f->s, &f->a, SC_STR("x"), SC_STR_NONE, T0, &f->err));
    fx_ok(f, f->ops->setting_get(f->s, &f->a, SC_STR("x"), &f->arena, &v, &f->err));
    assert_int_equal(v.n, 0);
}

static void settings_are_listed_by_the_beginning_of_their_name(void **state) {
    sc_fx *f = *state;
    static const char *const names[] = {"view.b", "view", "viewer", "view.a", "View.c", "view/"};
    sc_setting_row *rows;
    size_t n;
    for (size_t i = 0; i < SC_LEN(names); i++)
        fx_ok(f, f->ops->setting_put(f->s, &f->a, sc_str_of(names[i]), sc_str_of(names[i]),
                                     T0 + (int64_t)i, &f->err));
    fx_ok(f, f->ops->setting_put(f->s, NULL, SC_STR("view.a"), SC_STR("1"), T0, &f->err));
    fx_ok(f, f->ops->setting_list(f->s, &f->a, SC_STR("view."), &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    assert_true(sc_str_is(rows[0].name, "view.a") && sc_str_is(rows[1].name, "view.b"));
    assert_true(sc_str_is(rows[0].value, "view.a"));
    assert_int_equal(rows[1].updated_at_ms, T0);
    fx_ok(f, f->ops->setting_list(f->s, &f->b, SC_STR("view."), &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 0);
    fx_ok(f, f->ops->setting_list(f->s, &f->a, SC_STR_NONE, &f->arena, &rows, &n, &f->err));
    assert_int_equal(n, SC_LEN(names));
    assert_true(sc_str_is(rows[0].name, "View.c"));
    sc_id nobody = fx_id(f);
    fx_rc(f, f->ops->setting_list(f->s, &nobody, SC_STR("v"), &f->arena, &rows, &n, &f->err),
          SC_NOT_FOUND);
}

/* ---- Keys and sessions ---------------------------------------------------------------------------- */

static sc_key key_of(sc_fx *f, const sc_id *project, unsigned char first) {
    sc_key k = {.id = fx_id(f),
                .name = SC_STR("ci"),
                .prefix = SC_STR("sc_12"),
                .scopes = SC_SCOPE_ingest | SC_SCOPE_read,
                .created_at_ms = T0,
                .expires_at_ms = T0 + DAY};
    if (project) k.project_id = *project;
    memset(k.hash, first, sizeof k.hash);
    return k;
}

static void keys_are_found_by_hash_and_listed_and_revoked_in_their_project(void **state) {
    sc_fx *f = *state;
    sc_key k = key_of(f, &f->a, 1), every = key_of(f, NULL, 2), got, *l;
    sc_id nobody = fx_id(f);
    size_t n;
    fx_ok(f, f->ops->key_put(f->s, &k, &f->err));
    fx_ok(f, f->ops->key_put(f->s, &every, &f->err));
    sc_key same = key_of(f, &f->b, 1);
    fx_rc(f, f->ops->key_put(f->s, &same, &f->err), SC_CONFLICT);
    same = key_of(f, &nobody, 9);
    fx_rc(f, f->ops->key_put(f->s, &same, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->key_find(f->s, same.hash, &f->arena, &got, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->key_find(f->s, k.hash, &f->arena, &got, &f->err));
    assert_true(sc_id_eq(&got.id, &k.id) && sc_id_eq(&got.project_id, &f->a));
    assert_true(sc_str_is(got.name, "ci") && sc_str_is(got.prefix, "sc_12"));
    assert_memory_equal(got.hash, k.hash, 32);
    assert_true(got.scopes == k.scopes && got.expires_at_ms == T0 + DAY && got.revoked_at_ms == 0);
    fx_ok(f, f->ops->key_find(f->s, every.hash, &f->arena, &got, &f->err));
    assert_false(sc_id_is_set(&got.project_id));
    fx_ok(f, f->ops->key_list(f->s, &f->a, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 1);
    fx_ok(f, f->ops->key_list(f->s, NULL, &f->arena, &l, &n, &f->err));
    assert_int_equal(n, 2);
    fx_rc(f, f->ops->key_revoke(f->s, &f->b, &k.id, T0 + 5, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->key_revoke(f->s, &f->a, &k.id, T0 + 5, &f->err));
    fx_ok(f, f->ops->key_revoke(f->s, &f->a, &k.id, T0 + 9, &f->err));
    fx_ok(f, f->ops->key_touch(f->s, &k.id, T0 + 7, &f->err));
    fx_ok(f, f->ops->key_touch(f->s, &k.id, T0 + 6, &f->err));
    fx_rc(f, f->ops->key_touch(f->s, &nobody, T0, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->key_find(f->s, k.hash, &f->arena, &got, &f->err));
    assert_int_equal(got.revoked_at_ms, T0 + 5);
    assert_int_equal(got.last_used_ms, T0 + 7);
}

static sc_session session_of(sc_fx *f, bool login, unsigned char first) {
    sc_session s = {.login = login,
                    .project_id = f->a,
                    .scopes = 3,
                    .created_at_ms = T0,
                    .expires_at_ms = T0 + HOUR};
    memset(s.hash, first, sizeof s.hash);
    return s;
}

static void a_login_link_works_once_and_a_session_until_it_expires(void **state) {
    sc_fx *f = *state;
    sc_session login = session_of(f, true, 1), cookie = session_of(f, false, 2), got;
    fx_ok(f, f->ops->session_put(f->s, &login, &f->err));
    fx_ok(f, f->ops->session_put(f->s, &cookie, &f->err));
    fx_rc(f, f->ops->session_get(f->s, login.hash, T0, &got, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->session_take(f->s, cookie.hash, T0, &got, &f->err), SC_NOT_FOUND);
    fx_rc(f, f->ops->session_take(f->s, login.hash, T0 + HOUR, &got, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->session_take(f->s, login.hash, T0 + 1, &got, &f->err));
    assert_true(got.login && got.scopes == 3 && sc_id_eq(&got.project_id, &f->a));
    fx_rc(f, f->ops->session_take(f->s, login.hash, T0 + 1, &got, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->session_get(f->s, cookie.hash, T0 + HOUR - 1, &got, &f->err));
    assert_int_equal(got.expires_at_ms, T0 + HOUR);
    fx_rc(f, f->ops->session_get(f->s, cookie.hash, T0 + HOUR, &got, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->session_drop(f->s, cookie.hash, &f->err));
    fx_rc(f, f->ops->session_get(f->s, cookie.hash, T0, &got, &f->err), SC_NOT_FOUND);
    fx_ok(f, f->ops->session_drop(f->s, cookie.hash, &f->err));
}

static void a_session_of_a_key_ends_with_the_key(void **state) {
    sc_fx *f = *state;
    sc_session got;
    sc_key keys[] = {{.name = SC_STR("stays")},
                     {.name = SC_STR("revoked")},
                     {.name = SC_STR("expires"), .expires_at_ms = T0 + 10}};
    for (unsigned char i = 0; i < 3; i++) {
        keys[i].id = sc_id_new(&sc_clock_system);
        keys[i].project_id = f->a;
        keys[i].prefix = SC_STR("sc_");
        keys[i].scopes = 1;
        memset(keys[i].hash, 50 + i, sizeof keys[i].hash);
        fx_ok(f, f->ops->key_put(f->s, &keys[i], &f->err));
        sc_session s = session_of(f, false, 10 + i);
        s.key_id = keys[i].id;
        fx_ok(f, f->ops->session_put(f->s, &s, &f->err));
        fx_ok(f, f->ops->session_get(f->s, s.hash, T0 + 5, &got, &f->err));
        assert_true(sc_id_eq(&got.key_id, &s.key_id));
    }
    fx_ok(f, f->ops->key_revoke(f->s, &f->a, &keys[1].id, T0 + 5, &f->err));
    for (unsigned char i = 0; i < 3; i++) {
        sc_session s = session_of(f, false, 10 + i);
        fx_rc(f, f->ops->session_get(f->s, s.hash, T0 + 10, &got, &f->err),
              i ? SC_NOT_FOUND : SC_OK);
    }
}

typedef struct taker {
    sc_fx *f;
    int took;
} taker;

static void *take_it(void *p) {
    taker *t = p;
    unsigned char hash[32];
    sc_session s;
    memset(hash, 1, sizeof hash);
    t->took = !t->f->ops->session_take(t->f->s, hash, T0, &s, NULL);
    return NULL;
}

static void of_eight_who_use_a_login_link_at_once_one_gets_in(void **state) {
    sc_fx *f = *state;
    taker who[8];
    pthread_t t[8];
    for (int round = 0; round < 10; round++) {
        sc_session login = session_of(f, true, 1);
        int took = 0;
        fx_ok(f, f->ops->session_put(f->s, &login, &f->err));
        for (int i = 0; i < 8; i++) {
            who[i] = (taker){.f = f};
            assert_int_equal(pthread_create(&t[i], NULL, take_it, &who[i]), 0);
        }
        for (int i = 0; i < 8; i++) pthread_join(t[i], NULL);
        for (int i = 0; i < 8; i++) took += who[i].took;
        assert_int_equal(took, 1);
    }
}

/* ---- The store as a whole -------------------------------------------------------------------------- */

static void the_change_token_moves_with_every_write_and_only_then(void **state) {
    sc_fx *f = *state;
    int64_t a, b;
    sc_store other = {NULL, NULL};
    fx_ok(f, f->ops->change_token(f->s, &a, &f->err));
    fx_ok(f, f->ops->change_token(f->s, &b, &f->err));
    assert_int_equal(a, b);
    sc_feedback r = fx_feedback(f, &f->a);
    fx_put(f, &r);
    fx_ok(f, f->ops->change_token(f->s, &b, &f->err));
    assert_int_not_equal(a, b);
    fx_ok(f, sc_store_open(f->ops, fx_conf(f), &other, &f->err)); /* as another process would */
    fx_ok(f, f->ops->change_token(f->s, &a, &f->err));
    r = fx_feedback(f, &f->a);
    sc_put_result out;
    sc_id job = fx_id(f);
    fx_ok(f, other.ops->feedback_put(other.self, &r, &job, 1, &out, &f->err));
    fx_ok(f, f->ops->change_token(f->s, &b, &f->err));
    assert_int_not_equal(a, b);
    sc_store_close(&other);
}

static void info_probe_and_verify_answer(void **state) {
    sc_fx *f = *state;
    sc_store_info i;
    fx_ok(f, f->ops->info(f->s, &i, &f->err));
    assert_string_equal(i.backend, f->ops->name);
    assert_true(i.schema_version >= 1 && i.bytes > 0);
    fx_ok(f, f->ops->probe(f->s, T0, &f->err));
    fx_ok(f, f->ops->probe(f->s, T0, &f->err));
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static bool stop_at_once(void *self, int64_t done, int64_t total) {
    (void)done;
    (void)total;
    ++*(int *)self;
    return false;
}

static bool go_on(void *self, int64_t done, int64_t total) {
    assert_true(done >= 0 && done <= total);
    ++*(int *)self;
    return true;
}

static void progress_is_told_and_can_stop_a_check_or_a_copy(void **state) {
    sc_fx *f = *state;
    int calls = 0;
    char path[256];
    snprintf(path, sizeof path, "%s/copy.db", f->dir);
    fx_rc(f, f->ops->verify(f->s, stop_at_once, &calls, &f->err), SC_CANCELLED);
    assert_true(calls > 0);
    fx_ok(f, f->ops->verify(f->s, go_on, &calls, &f->err));
    if (!f->ops->backup) return;
    int64_t seqs[300];
    fx_put_n(f, &f->a, 300, seqs);
    for (int i = 0; i < 10; i++) { /* enough pages for several steps */
        sc_feedback r = fx_feedback(f, &f->a);
        r.body = (sc_str){sc_arena_take(&f->arena, 200000), 200000};
        memset((char *)(uintptr_t)r.body.p, 'x', r.body.n);
        fx_put(f, &r);
    }
    calls = 0;
    fx_rc(f, f->ops->backup(f->s, path, stop_at_once, &calls, &f->err), SC_CANCELLED);
    assert_int_equal(access(path, F_OK), -1);
    fx_ok(f, f->ops->backup(f->s, path, go_on, &calls, &f->err));
    assert_true(calls > 2);
}

typedef struct writer {
    sc_fx *f;
    atomic_int stop;
    int made;
} writer;

static void *write_on(void *p) {
    writer *w = p;
    while (!atomic_load(&w->stop)) {
        char ext[32];
        sc_id id = fx_id(w->f), job = fx_id(w->f);
        sc_put_result out;
        snprintf(ext, sizeof ext, "bg-%d", w->made);
        sc_feedback r = {.id = id,
                         .project_id = w->f->a,
                         .title = SC_STR("t"),
                         .metadata = SC_STR("{}"),
                         .external_id = sc_str_of(ext),
                         .created_at_ms = T0,
                         .received_at_ms = T0};
        if (w->f->ops->feedback_put(w->f->s, &r, &job, 1, &out, NULL)) break;
        w->made++;
    }
    return NULL;
}

static void a_copy_made_while_others_write_is_whole_and_never_replaces_a_file(void **state) {
    sc_fx *f = *state;
    int64_t seqs[200];
    char path[256];
    pthread_t t;
    writer w = {.f = f};
    if (!f->ops->backup) return; /* it is copied where it lives */
    fx_put_n(f, &f->a, 200, seqs);
    assert_int_equal(pthread_create(&t, NULL, write_on, &w), 0);
    snprintf(path, sizeof path, "%s/copy.db", f->dir);
    fx_ok(f, f->ops->backup(f->s, path, NULL, NULL, &f->err));
    atomic_store(&w.stop, 1);
    pthread_join(t, NULL);
    fx_rc(f, f->ops->backup(f->s, path, NULL, NULL, &f->err), SC_CONFLICT);
    fx_rc(f, f->ops->backup(f->s, "/no/such/dir/copy.db", NULL, NULL, &f->err), SC_IO);
    /* Put in the store's place it is a store. */
    sc_store_close(&f->store);
    char db[256];
    snprintf(db, sizeof db, "%s/soulcaster.db", f->dir);
    assert_int_equal(rename(path, db), 0);
    fx_open(f);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
    sc_feedback_filter q = {.project_id = f->a, .seqs = seqs, .n_seqs = 200, .by_seqs = true};
    sc_page p = {200, SC_STR_NONE};
    sc_feedback_list l;
    fx_ok(f, f->ops->feedback_list(f->s, &q, &p, &f->arena, &l, &f->err));
    assert_int_equal(l.n, 200);
}

/* ---- Stats ------------------------------------------------------------------------------------------ */

static void stats_tell_the_last_day_to_the_minute(void **state) {
    sc_fx *f = *state;
    sc_store_stats s;
    const int64_t now = T0 + 3 * DAY;
    const int64_t at[] = {T0,         T0 + DAY, now - DAY - 2 * MINUTE, now - DAY + 2 * MINUTE,
                          now - HOUR, now};
    fx_ok(f, f->ops->stats(f->s, &f->a, now, &s, &f->err));
    assert_true(s.feedback == 0 && s.first_ms == 0 && s.last_ms == 0 && s.last_24h == 0);
    for (size_t i = 0; i < SC_LEN(at); i++)
        for (int j = 0; j < 3; j++) {
            sc_feedback r = fx_feedback(f, &f->a);
            r.received_at_ms = at[i];
            fx_put(f, &r);
        }
    fx_ok(f, f->ops->stats(f->s, &f->a, now, &s, &f->err));
    assert_int_equal(s.feedback, 18);
    assert_int_equal(s.last_24h, 9);
    assert_int_equal(s.first_ms, T0);
    assert_int_equal(s.last_ms, now);
    fx_ok(f, f->ops->stats(f->s, &f->a, now + 2 * DAY, &s, &f->err));
    assert_int_equal(s.last_24h, 0);
    fx_ok(f, f->ops->stats(f->s, &f->b, now, &s, &f->err));
    assert_int_equal(s.feedback, 0);
    fx_ok(f, f->ops->stats(f->s, NULL, now, &s, &f->err));
    assert_int_equal(s.feedback, 18);
    sc_id nobody = fx_id(f);
    fx_rc(f, f->ops->stats(f->s, &nobody, now, &s, &f->err), SC_NOT_FOUND);
}

static void stats_tell_what_each_source_brought(void **state) {
    sc_fx *f = *state;
    sc_store_stats s;
    const int64_t now = T0 + 3 * DAY;
    const struct {
        sc_feedback_source source;
        int64_t at;
    } sent[] = {{SC_SOURCE_sentry, T0},
                {SC_SOURCE_github, T0 + HOUR},
                {SC_SOURCE_sentry, now - 25 * HOUR},
                {SC_SOURCE_sentry, now - 3 * HOUR},
                {SC_SOURCE_sentry, now - 3 * HOUR + 1},
                {SC_SOURCE_reddit, now - HOUR},
                {SC_SOURCE_sentry, now}};
    for (size_t i = 0; i < SC_LEN(sent); i++) {
        sc_feedback r = fx_feedback(f, &f->a);
        r.source = sent[i].source;
        r.received_at_ms = sent[i].at;
        fx_put(f, &r);
    }
    fx_reopen(f);
    fx_ok(f, f->ops->stats(f->s, &f->a, now, &s, &f->err));
    assert_int_equal(s.by_source_24h[SC_SOURCE_sentry], 3);
    assert_int_equal(s.by_source_24h[SC_SOURCE_reddit], 1);
    assert_int_equal(s.by_source_24h[SC_SOURCE_github], 0);
    assert_int_equal(s.by_source_last_ms[SC_SOURCE_sentry], now);
    assert_int_equal(s.by_source_last_ms[SC_SOURCE_github], T0 + HOUR);
    assert_int_equal(s.by_source_last_ms[SC_SOURCE_manual], 0);
    fx_ok(f, f->ops->stats(f->s, &f->a, now + 2 * DAY, &s, &f->err));
    assert_int_equal(s.by_source_24h[SC_SOURCE_sentry], 0);
    assert_int_equal(s.by_source_last_ms[SC_SOURCE_sentry], now);
    fx_ok(f, f->ops->stats(f->s, &f->b, now, &s, &f->err));
    assert_int_equal(s.by_source_24h[SC_SOURCE_sentry], 0);
    assert_int_equal(s.by_source_last_ms[SC_SOURCE_sentry], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(a_project_name_is_taken_once),
        fx_test(a_project_is_found_by_id_and_by_name),
        fx_test(settings_belong_to_their_project),
        fx_test(settings_are_listed_by_the_beginning_of_their_name),
        fx_test(keys_are_found_by_hash_and_listed_and_revoked_in_their_project),
        fx_test(a_login_link_works_once_and_a_session_until_it_expires),
        fx_test(a_session_of_a_key_ends_with_the_key),
        fx_test(of_eight_who_use_a_login_link_at_once_one_gets_in),
        fx_test(the_change_token_moves_with_every_write_and_only_then),
        fx_test(info_probe_and_verify_answer),
        fx_test(progress_is_told_and_can_stop_a_check_or_a_copy),
        fx_test(a_copy_made_while_others_write_is_whole_and_never_replaces_a_file),
        fx_test(stats_tell_the_last_day_to_the_minute),
        fx_test(stats_tell_what_each_source_brought),
    };
    return fx_run(tests);
}
