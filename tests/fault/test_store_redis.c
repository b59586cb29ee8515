/* The Redis store where Redis, or the way there, fails: addresses, TLS, scripts forgotten, connections cut. */
#include "cutter.h"
#include "redis_use.h"

#include "stores/redis/link.h"

/* ---- Addresses ---------------------------------------------------------------------------------- */

static void what_is_no_address_is_refused_and_its_password_never_told(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "http://h",
                                      "redis:/h",
                                      "redis://:secret@h:port",
                                      "redis://:secret@h:70000",
                                      "redis://:secret@h/x",
                                      "redis://:sec%zzret@h",
                                      "redis://:sec%0",
                                      "redis://:secret%00@h",
                                      "redis://[::1",
                                      "redis://:secret@[::1]x",
                                      "unix://relative",
                                      "unix:///s?database=1",
                                      "https://example.org",
                                      "https://secret@example.org",
                                      "https://me:secret@example.org",
                                      "https://:secret@example.org/path",
                                      "https://:secret@example.org:0x",
                                      "https://:secret%0d%0aX-Evil:1@example.org",
                                      "http://:secret@example.org",
                                      "http://:secret@10.0.0.1",
                                      "http://:secret@localhost.example.org"};
    sc_rd_address a;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_err err = {0};
        assert_int_equal(sc_rd_address_parse(sc_str_of(bad[i]), NULL, &a, &err), SC_INVALID);
        assert_int_equal(sc_str_find(sc_str_of(err.msg), SC_STR("secret")), SIZE_MAX);
    }
}

static void an_address_is_read_part_by_part(void **state) {
    (void)state;
    sc_rd_address a;
    assert_int_equal(
        sc_rd_address_parse(SC_STR("rediss://me:p%40ss@example.org:7000/3"), NULL, &a, NULL),
        SC_OK);
    assert_true(a.tls && !a.local && a.port == 7000 && a.database == 3);
    assert_string_equal(a.host, "example.org");
    assert_string_equal(a.user, "me");
    assert_string_equal(a.password, "p@ss");
    assert_int_equal(sc_rd_address_parse(SC_STR("redis://[::1]"), NULL, &a, NULL), SC_OK);
    assert_true(!a.tls && a.port == 6379 && !strcmp(a.host, "::1"));
    assert_int_equal(sc_rd_address_parse(SC_STR("unix:///run/r?db=2"), NULL, &a, NULL), SC_OK);
    assert_true(a.local && a.database == 2 && !strcmp(a.host, "/run/r"));
    assert_int_equal(
        sc_rd_address_parse(SC_STR("https://:AX%3D%3D@eu1-a.upstash.io/"), NULL, &a, NULL), SC_OK);
    assert_true(a.rest && a.tls && a.port == 443 && !strcmp(a.host, "eu1-a.upstash.io"));
    assert_string_equal(a.password, "AX==");
    assert_int_equal(sc_rd_address_parse(SC_STR("https://h:8443"), "T=", &a, NULL), SC_OK);
    assert_true(a.port == 8443 && !strcmp(a.password, "T="));
    assert_int_equal(sc_rd_address_parse(SC_STR("https://:own@h"), "T=", &a, NULL), SC_OK);
    assert_string_equal(a.password, "own");
    assert_int_equal(sc_rd_address_parse(SC_STR("redis://h"), "T=", &a, NULL), SC_OK);
    assert_string_equal(a.password, "");
    assert_int_equal(sc_rd_address_parse(SC_STR("http://:t@[::1]:8079"), NULL, &a, NULL), SC_OK);
    assert_true(a.rest && !a.tls && a.port == 8079 && !strcmp(a.host, "::1"));
}

/* ---- TLS and login ------------------------------------------------------------------------------- */

static void tls_is_spoken_and_only_to_a_server_that_proves_its_name(void **state) {
    (void)state;
    char dir[128], key[160], cert[160], port[16], url[64];
    fx_make_dir(dir, sizeof dir);
    snprintf(key, sizeof key, "%s/k.pem", dir);
    snprintf(cert, sizeof cert, "%s/c.pem", dir);
    redis_certificate(key, cert);
    snprintf(port, sizeof port, "%d", redis_free_port());
    const char *const options[] = {"--tls-port",
                                   port,
                                   "--tls-cert-file",
                                   cert,
                                   "--tls-key-file",
                                   key,
                                   "--tls-ca-cert-file",
                                   cert,
                                   "--tls-auth-clients",
                                   "no",
                                   "--requirepass",
                                   "open sesame",
                                   "--bind",
                                   "127.0.0.1",
                                   NULL};
    redis_server *server = redis_server_start(options);
    assert_non_null(server);
    sc_store s = {NULL, NULL};
    sc_err err = {0};
    snprintf(url, sizeof url, "rediss://:open%%20sesame@localhost:%s", port);
    assert_int_equal(redis_open_at(url, NULL, &s, &err), SC_STORE); /* nobody vouches for it */
    assert_int_equal(redis_open_at(url, "/no/such/file", &s, &err), SC_STORE);
    redis_must(redis_open_at(url, cert, &s, &err), &err);
    redis_use(&s);
    sc_store_close(&s);
    snprintf(url, sizeof url, "rediss://:open%%20sesame@127.0.0.1:%s", port);
    assert_int_equal(redis_open_at(url, cert, &s, &err),
                     SC_STORE); /* the certificate is another name's */
    snprintf(url, sizeof url, "redis://:open%%20sesame@127.0.0.1:%s", port);
    assert_int_equal(redis_open_at(url, NULL, &s, &err), SC_STORE); /* no TLS where TLS is wanted */
    snprintf(url, sizeof url, "rediss://:wrong@localhost:%s", port);
    assert_int_equal(redis_open_at(url, cert, &s, &err), SC_STORE);
    assert_int_equal(sc_str_find(sc_str_of(err.msg), SC_STR("wrong@")), SIZE_MAX);
    redis_server_end(server);
    unlink(key);
    unlink(cert);
    rmdir(dir);
}

/* ---- Forgotten, newer, replaced ------------------------------------------------------------------- */

static void scripts_that_redis_forgot_are_sent_again(void **state) {
    sc_fx *f = *state;
    const char *const flush[] = {"SCRIPT", "FLUSH"};
    int64_t seqs[3];
    fx_put_n(f, &f->a, 1, seqs);
    assert_int_equal(redis_server_say(redis_server_shared(), 2, flush), 0);
    fx_put_n(f, &f->a, 1, seqs + 1);
    fx_group(f, &f->a, seqs, 2);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void data_of_a_newer_version_are_refused_in_words(void **state) {
    sc_fx *f = *state;
    const char *const set[] = {"HSET", "sc:{i}:p", "schema", "99"};
    sc_store s;
    redis_server_say(redis_server_shared(), 4, set);
    fx_rc(f, redis_open_at(f->redis.url, NULL, &s, &f->err), SC_STORE);
    assert_true(sc_str_find(sc_str_of(f->err.msg), SC_STR("newer version")) != SIZE_MAX);
}

static void a_replica_and_a_full_server_are_told_and_heal(void **state) {
    sc_fx *f = *state;
    redis_server *r = redis_server_shared();
    const char *const follow[] = {"REPLICAOF", "127.0.0.1", "1"}, *const lead[] = {"REPLICAOF",
                                                                                   "NO", "ONE"};
    const char *const full[] = {"CONFIG", "SET", "maxmemory", "1"}, *const room[] = {
                                                                        "CONFIG", "SET",
                                                                        "maxmemory", "0"};
    redis_server_say(r, 4, full);
    fx_rc(f, f->ops->probe(f->s, T0, &f->err), SC_STORE);
    redis_server_say(r, 4, room);
    fx_ok(f, f->ops->probe(f->s, T0, &f->err));
    redis_server_say(r, 3, follow);
    fx_rc(f, f->ops->probe(f->s, T0, &f->err), SC_STORE);
    sc_str *words;
    size_t n;
    fx_ok(f, f->ops->risks(f->s, &f->arena, &words, &n, &f->err));
    assert_true(n == 1 && sc_str_find(words[0], SC_STR("replica")) != SIZE_MAX);
    redis_server_say(r, 3, lead);
    fx_ok(f, f->ops->probe(f->s, T0, &f->err));
    fx_ok(f, f->ops->risks(f->s, &f->arena, &words, &n, &f->err));
    assert_int_equal(n, 0);
}

/* How often a script was run since the last CONFIG RESETSTAT. */
static int scripts_run(redis_server *r) {
    static char text[64 << 10];
    const char *const ask[] = {"INFO", "commandstats"};
    int n = 0;
    assert_true(redis_server_ask(r, 2, ask, text, sizeof text));
    const char *at = strstr(text, "cmdstat_evalsha:calls=");
    if (at) n = (int)strtol(at + strlen("cmdstat_evalsha:calls="), NULL, 10);
    return n;
}

static void a_commit_of_reports_is_one_command_on_a_single_server(void **state) {
    sc_fx *f = *state;
    redis_server *r = redis_server_shared();
    const char *const zero[] = {"CONFIG", "RESETSTAT"};
    sc_feedback one = fx_feedback(f, &f->a), more[3];
    fx_put(f, &one); /* by now Redis knows the script, and we a handful of numbers */
    sc_id jobs[3];
    sc_put_result got[3];
    for (int i = 0; i < 3; i++) {
        more[i] = fx_feedback(f, &f->a);
        jobs[i] = fx_id(f);
    }
    redis_server_say(r, 2, zero);
    fx_ok(f, f->ops->feedback_put(f->s, more, jobs, 3, got, &f->err));
    assert_int_equal(scripts_run(r), 1);
    assert_true(got[0].seq < got[1].seq && got[1].seq < got[2].seq);
}

static void what_cannot_be_told_is_done_and_told_later(void **state) {
    sc_fx *f = *state;
    redis_server *r = redis_server_shared();
    const char *const spoil[] = {"SET", "sc:{i}:e", "no stream"}, *const mend[] = {"DEL",
                                                                                   "sc:{i}:e"};
    const sc_str kind = SC_STR("none");
    const sc_event event = {
        .project_id = f->a, .kind = SC_STR("cluster.updated"), .data = SC_STR("{}"), .at_ms = T0};
    sc_store fresh;
    sc_event *events;
    sc_job j;
    size_t n;
    int64_t version, before = fx_version(f, &f->a);
    sc_group_write w = fx_step(f, &f->a);
    w.events = &event;
    w.n_events = 1;
    redis_server_say(r, 3, spoil);
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
    assert_int_equal(version, before + 1);
    fx_ok(f, redis_open_at(f->redis.url, NULL, &fresh, &f->err)); /* looks at once */
    fx_rc(f, fresh.ops->job_claim(fresh.self, &kind, 1, SC_STR("w"), 1, T0, &f->arena, &j, &f->err),
          SC_STORE);
    assert_true(sc_str_find(sc_str_of(f->err.msg), SC_STR("could not be told")) != SIZE_MAX);
    sc_store_close(&fresh);
    redis_server_say(r, 2, mend);
    fx_ok(f, redis_open_at(f->redis.url, NULL, &fresh, &f->err));
    fx_rc(f, fresh.ops->job_claim(fresh.self, &kind, 1, SC_STR("w"), 1, T0, &f->arena, &j, &f->err),
          SC_NOT_FOUND);
    sc_store_close(&fresh);
    fx_ok(f, f->ops->events(f->s, &f->a, 0, 10, &f->arena, &events, &n, &f->err));
    assert_int_equal(n, 1);
}

static void a_report_that_found_no_room_can_be_sent_again(void **state) {
    sc_fx *f = *state;
    redis_server *r = redis_server_shared();
    char key[64];
    snprintf(key, sizeof key, "sc:{%s}:f", f->a.text);
    const char *const spoil[] = {"SET", key, "no room"}, *const mend[] = {"DEL", key};
    sc_feedback report = fx_feedback(f, &f->a);
    const sc_id job = fx_id(f);
    sc_put_result got;
    redis_server_say(r, 3, spoil);
    fx_rc(f, f->ops->feedback_put(f->s, &report, &job, 1, &got, &f->err), SC_STORE);
    redis_server_say(r, 2, mend);
    fx_ok(f, f->ops->feedback_put(f->s, &report, &job, 1, &got, &f->err));
    assert_int_equal(got.status, SC_PUT_NEW);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

static void a_restart_in_between_costs_nothing_that_was_acknowledged(void **state) {
    sc_fx *f = *state;
    redis_server *r = redis_server_shared();
    int64_t seqs[4];
    fx_put_n(f, &f->a, 2, seqs);
    redis_server_kill(r);
    sc_feedback lost = fx_feedback(f, &f->a), got;
    sc_put_result out;
    sc_id job = fx_id(f);
    fx_rc(f, f->ops->feedback_put(f->s, &lost, &job, 1, &out, &f->err), SC_STORE);
    assert_true(redis_server_again(r));
    fx_put_n(f, &f->a, 2, seqs + 2);
    fx_rc(f, f->ops->feedback_get(f->s, &f->a, &lost.id, &f->arena, &got, &f->err), SC_NOT_FOUND);
    fx_group(f, &f->a, seqs, 4);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

/* ---- Cut off -------------------------------------------------------------------------------------- */

/* One report put, grouped, with its event; whatever of it failed is tried again as the program would. */
static void one_round(sc_fx *f, sc_store *s, int i) {
    sc_feedback r = fx_feedback(f, &f->a);
    sc_put_result out;
    sc_id job = fx_id(f);
    sc_rc rc = SC_STORE;
    for (int turn = 0; rc && turn < 9; turn++) {
        rc = s->ops->feedback_put(s->self, &r, &job, 1, &out, &f->err);
        if (rc) assert_int_equal(rc, SC_STORE);
    }
    assert_int_equal(rc, SC_OK);
    sc_cluster k = fx_cluster(f, &f->a, "k");
    sc_assign as = {out.seq, k.id, SC_STR("r")};
    sc_event e = {.kind = SC_STR("x"), .data = SC_STR("{}"), .at_ms = T0 + i};
    int64_t version;
    rc = SC_STORE;
    for (int turn = 0; rc && turn < 9; turn++) {
        sc_group_write w = {.project_id = f->a,
                            .expect_version =
                                fx_version(f, &f->a), /* over the way that is not cut */
                            .model = "m",
                            .clusters = &k,
                            .n_clusters = 1,
                            .assigns = &as,
                            .n_assigns = 1,
                            .events = &e,
                            .n_events = 1,
                            .now_ms = T0};
        if (turn) { /* what is there by now is not written twice */
            sc_feedback got;
            fx_ok(f, f->ops->feedback_get(f->s, &f->a, &out.id, &f->arena, &got, &f->err));
            if (got.state == SC_FEEDBACK_grouped) return;
        }
        rc = s->ops->group_write(s->self, &w, &version, &f->err);
        if (rc && turn && rc == SC_CONFLICT) continue; /* the one before it came late */
        if (rc) assert_int_equal(rc, SC_STORE);
    }
    assert_int_equal(rc, SC_OK);
}

static void a_connection_cut_at_any_command_leaves_all_or_nothing(void **state) {
    sc_fx *f = *state;
    enum { MOST = 14 };
    cutter c;
    char url[200], socket[160];
    sc_store s;
    int rounds = 0;
    rest_server *rest = NULL;
    if (fx_redis_by == FX_REST) {
        snprintf(socket, sizeof socket, "%s/rest", f->dir);
        const char *const options[] = {"--socket", socket, NULL};
        rest = rest_server_start(redis_server_socket(redis_server_shared()), options);
        cutter_start(&c, NULL, socket);
        snprintf(url, sizeof url, "http://:" REST_TOKEN "@127.0.0.1:%d", c.port);
    } else {
        cutter_start(&c, f->dir, redis_server_socket(redis_server_shared()));
        snprintf(url, sizeof url, "unix://%s", c.path);
    }
    fx_ok(f, redis_open_at(url, NULL, &s, &f->err));
    for (int after = 0; after < 2; after++)
        for (int nth = 1; nth <= (fx_redis_by == FX_REST ? 2 * MOST : MOST);
             nth++) { /* head and body */
            atomic_store(&c.after, after);
            atomic_store(&c.left, nth);
            one_round(f, &s, ++rounds);
            atomic_store(&c.left, -1);
            fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
        }
    sc_store_close(&s);
    cutter_end(&c);
    rest_server_end(rest);
    if (fx_redis_by == FX_REST) unlink(socket);
    /* Every report once, every event once, whatever was left untold: the next one who looks for work tells it. */
    sc_store fresh;
    sc_job j;
    sc_event *events;
    size_t n;
    sc_store_stats stats;
    const sc_str kind = SC_STR("none");
    fx_ok(f, redis_open_at(f->redis.url, NULL, &fresh, &f->err));
    fx_rc(f, fresh.ops->job_claim(fresh.self, &kind, 1, SC_STR("w"), 1, T0, &f->arena, &j, &f->err),
          SC_NOT_FOUND);
    sc_store_close(&fresh);
    fx_ok(f, f->ops->stats(f->s, &f->a, T0, &stats, &f->err));
    assert_int_equal(stats.feedback, rounds);
    fx_ok(f, f->ops->events(f->s, &f->a, 0, 1000, &f->arena, &events, &n, &f->err));
    assert_int_equal(n, rounds);
    for (size_t i = 0; i < n; i++) assert_int_equal(events[i].at_ms, T0 + (int64_t)i + 1);
}

int main(void) {
    const struct CMUnitTest addresses[] = {
        cmocka_unit_test(what_is_no_address_is_refused_and_its_password_never_told),
        cmocka_unit_test(an_address_is_read_part_by_part),
        cmocka_unit_test(tls_is_spoken_and_only_to_a_server_that_proves_its_name),
    };
    const struct CMUnitTest tests[] = {
        fx_test(scripts_that_redis_forgot_are_sent_again),
        fx_test(data_of_a_newer_version_are_refused_in_words),
        fx_test(a_replica_and_a_full_server_are_told_and_heal),
        fx_test(a_commit_of_reports_is_one_command_on_a_single_server),
        fx_test(what_cannot_be_told_is_done_and_told_later),
        fx_test(a_report_that_found_no_room_can_be_sent_again),
        fx_test(a_restart_in_between_costs_nothing_that_was_acknowledged),
        fx_test(a_connection_cut_at_any_command_leaves_all_or_nothing),
    };
    fx_backend = &sc_store_redis;
    if (!redis_server_url()) return 0; /* said by it */
    int failed = cmocka_run_group_tests(addresses, NULL, NULL);
    failed += cmocka_run_group_tests_name("redis", tests, NULL, NULL);
    fx_redis_by = FX_REST;
    return failed + cmocka_run_group_tests_name("redis over REST", tests, NULL, NULL);
}
