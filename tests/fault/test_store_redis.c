/* The Redis store where Redis, or the way there, fails: addresses, TLS, scripts forgotten, connections cut, a cluster. */
#include "store_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

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
                                      "unix:///s?database=1"};
    sc_rd_address a;
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        sc_err err = {0};
        assert_int_equal(sc_rd_address_parse(sc_str_of(bad[i]), &a, &err), SC_INVALID);
        assert_int_equal(sc_str_find(sc_str_of(err.msg), SC_STR("secret")), SIZE_MAX);
    }
}

static void an_address_is_read_part_by_part(void **state) {
    (void)state;
    sc_rd_address a;
    assert_int_equal(sc_rd_address_parse(SC_STR("rediss://me:p%40ss@example.org:7000/3"), &a, NULL),
                     SC_OK);
    assert_true(a.tls && !a.local && a.port == 7000 && a.database == 3);
    assert_string_equal(a.host, "example.org");
    assert_string_equal(a.user, "me");
    assert_string_equal(a.password, "p@ss");
    assert_int_equal(sc_rd_address_parse(SC_STR("redis://[::1]"), &a, NULL), SC_OK);
    assert_true(!a.tls && a.port == 6379 && !strcmp(a.host, "::1"));
    assert_int_equal(sc_rd_address_parse(SC_STR("unix:///run/r?db=2"), &a, NULL), SC_OK);
    assert_true(a.local && a.database == 2 && !strcmp(a.host, "/run/r"));
}

/* ---- Servers ------------------------------------------------------------------------------------ */

static sc_rc open_at(const char *url, const char *ca, sc_store *ret, sc_err *err) {
    const sc_redis_conf conf = {.url = url, .ca_file = ca, .timeout_ms = 5000};
    return sc_store_open(&sc_store_redis, &conf, ret, err);
}

static void must(sc_rc rc, const sc_err *err) {
    if (rc) print_error("%s: %s\n", sc_rc_name(rc), err->msg);
    assert_int_equal(rc, SC_OK);
}

/* A project, a report and its grouping job: what every kind of connection must be able to do. */
static void use(sc_store *s) {
    sc_err err = {0};
    sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_project p = {.id = sc_id_new(&sc_clock_system), .created_at_ms = T0};
    p.name = sc_str_of(sc_arena_printf(&arena, "%s", p.id.text));
    must(s->ops->project_put(s->self, &p, &err), &err);
    sc_feedback f = {.id = sc_id_new(&sc_clock_system),
                     .project_id = p.id,
                     .external_id = SC_STR("e"),
                     .title = SC_STR("t"),
                     .metadata = SC_STR("{}"),
                     .created_at_ms = T0,
                     .received_at_ms = T0};
    sc_id job = sc_id_new(&sc_clock_system);
    sc_put_result put;
    must(s->ops->feedback_put(s->self, &f, &job, 1, &put, &err), &err);
    sc_feedback got;
    must(s->ops->feedback_get(s->self, &p.id, &f.id, &arena, &got, &err), &err);
    const sc_str kind = SC_STR("group");
    sc_job claimed = {.fence = 0};
    must(s->ops->job_claim(s->self, &kind, 1, SC_STR("w"), 1000, T0, &arena, &claimed, &err), &err);
    const sc_job_end end = {
        .id = claimed.id, .fence = claimed.fence, .event = SC_JOB_EV_FINISH, .now_ms = T0};
    must(s->ops->job_end(s->self, &end, &err), &err);
    must(s->ops->verify(s->self, NULL, NULL, &err), &err);
    sc_arena_done(&arena);
}

/* A port that nobody has now; the server takes it a moment later. */
static int free_port(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static bool run(const char *const *words) {
    pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout)) _exit(126);
        execvp(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    int status = 0;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* ---- TLS and login ------------------------------------------------------------------------------- */

static void tls_is_spoken_and_only_to_a_server_that_proves_its_name(void **state) {
    (void)state;
    char dir[128], key[160], cert[160], port[16], url[64];
    fx_make_dir(dir, sizeof dir);
    snprintf(key, sizeof key, "%s/k.pem", dir);
    snprintf(cert, sizeof cert, "%s/c.pem", dir);
    const char *const make[] = {"openssl",  "req",
                                "-x509",    "-newkey",
                                "rsa:2048", "-nodes",
                                "-days",    "2",
                                "-subj",    "/CN=localhost",
                                "-addext",  "subjectAltName=DNS:localhost",
                                "-keyout",  key,
                                "-out",     cert,
                                NULL};
    assert_true(run(make));
    snprintf(port, sizeof port, "%d", free_port());
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
    assert_int_equal(open_at(url, NULL, &s, &err), SC_STORE); /* nobody vouches for it */
    assert_int_equal(open_at(url, "/no/such/file", &s, &err), SC_STORE);
    must(open_at(url, cert, &s, &err), &err);
    use(&s);
    sc_store_close(&s);
    snprintf(url, sizeof url, "rediss://:open%%20sesame@127.0.0.1:%s", port);
    assert_int_equal(open_at(url, cert, &s, &err),
                     SC_STORE); /* the certificate is another name's */
    snprintf(url, sizeof url, "redis://:open%%20sesame@127.0.0.1:%s", port);
    assert_int_equal(open_at(url, NULL, &s, &err), SC_STORE); /* no TLS where TLS is wanted */
    snprintf(url, sizeof url, "rediss://:wrong@localhost:%s", port);
    assert_int_equal(open_at(url, cert, &s, &err), SC_STORE);
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
    fx_rc(f, open_at(f->redis.url, NULL, &s, &f->err), SC_STORE);
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

/* A way to Redis that ends the connection before or after it passed on the nth piece of what is sent there. */
typedef struct cutter {
    int listener;
    char path[160];
    const char *to;
    atomic_int left; /* pieces until the cut; below 0: none */
    atomic_bool after;
    pthread_t thread;
} cutter;

typedef struct pipe_ends {
    cutter *c;
    int here, there;
} pipe_ends;

static int join_to(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(a.sun_path, path, strlen(path));
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0) return fd;
    close(fd);
    return -1;
}

static void *back(void *p) {
    pipe_ends *e = p;
    char b[65536];
    ssize_t n;
    while ((n = read(e->there, b, sizeof b)) > 0)
        if (send(e->here, b, (size_t)n, MSG_NOSIGNAL) != n) break;
    shutdown(e->here, SHUT_RDWR);
    return NULL;
}

static void *forth(void *p) {
    pipe_ends *e = p;
    pthread_t t;
    char b[65536];
    ssize_t n;
    if (pthread_create(&t, NULL, back, e)) abort();
    while ((n = read(e->here, b, sizeof b)) > 0) {
        bool cut = atomic_fetch_sub(&e->c->left, 1) == 1;
        if (cut && !atomic_load(&e->c->after)) break;
        if (cut) shutdown(e->here, SHUT_RDWR); /* the answer finds nobody */
        if (send(e->there, b, (size_t)n, MSG_NOSIGNAL) != n || cut) break;
    }
    shutdown(e->here, SHUT_RDWR);
    shutdown(e->there, SHUT_WR);
    pthread_join(t, NULL);
    close(e->here);
    close(e->there);
    free(e);
    return NULL;
}

static void *accept_all(void *p) {
    cutter *c = p;
    int fd;
    while ((fd = accept(c->listener, NULL, NULL)) >= 0) {
        pipe_ends *e = malloc(sizeof *e);
        pthread_t t;
        if (!e) abort();
        *e = (pipe_ends){c, fd, join_to(c->to)};
        if (e->there < 0 || pthread_create(&t, NULL, forth, e)) abort();
        pthread_detach(t);
    }
    return NULL;
}

static void start_cutter(cutter *c, const char *dir) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(c->path, sizeof c->path, "%s/cut", dir);
    c->to = redis_server_socket(redis_server_shared());
    atomic_store(&c->left, -1);
    memcpy(a.sun_path, c->path, strlen(c->path));
    c->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(c->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(c->listener, 16), 0);
    assert_int_equal(pthread_create(&c->thread, NULL, accept_all, c), 0);
}

static void end_cutter(cutter *c) {
    shutdown(c->listener, SHUT_RDWR);
    pthread_join(c->thread, NULL);
    close(c->listener);
    unlink(c->path);
}

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
        if (rc) assert_int_equal(rc, SC_STORE);
    }
    assert_int_equal(rc, SC_OK);
}

static void a_connection_cut_at_any_command_leaves_all_or_nothing(void **state) {
    sc_fx *f = *state;
    enum { MOST = 14 };
    cutter c;
    char url[200];
    sc_store s;
    int rounds = 0;
    start_cutter(&c, f->dir);
    snprintf(url, sizeof url, "unix://%s", c.path);
    fx_ok(f, open_at(url, NULL, &s, &f->err));
    for (int after = 0; after < 2; after++)
        for (int nth = 1; nth <= MOST; nth++) {
            atomic_store(&c.after, after);
            atomic_store(&c.left, nth);
            one_round(f, &s, ++rounds);
            atomic_store(&c.left, -1);
            fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
        }
    sc_store_close(&s);
    end_cutter(&c);
    /* Every report once, every event once, whatever was left untold: the next one who looks for work tells it. */
    sc_store fresh;
    sc_job j;
    sc_event *events;
    size_t n;
    sc_store_stats stats;
    const sc_str kind = SC_STR("none");
    fx_ok(f, open_at(f->redis.url, NULL, &fresh, &f->err));
    fx_rc(f, fresh.ops->job_claim(fresh.self, &kind, 1, SC_STR("w"), 1, T0, &f->arena, &j, &f->err),
          SC_NOT_FOUND);
    sc_store_close(&fresh);
    fx_ok(f, f->ops->stats(f->s, &f->a, T0, &stats, &f->err));
    assert_int_equal(stats.feedback, rounds);
    fx_ok(f, f->ops->events(f->s, &f->a, 0, 1000, &f->arena, &events, &n, &f->err));
    assert_int_equal(n, rounds);
    for (size_t i = 0; i < n; i++) assert_int_equal(events[i].at_ms, T0 + (int64_t)i + 1);
}

/* ---- A cluster ------------------------------------------------------------------------------------ */

static void a_cluster_of_three_serves_all_projects(void **state) {
    (void)state;
    redis_server *nodes[3];
    char ports[3][16], buses[3][16], first[8], last[8], url[64];
    for (int i = 0; i < 3; i++) {
        snprintf(ports[i], sizeof ports[i], "%d", free_port());
        snprintf(buses[i], sizeof buses[i], "%d", free_port());
        const char *const options[] = {"--port",
                                       ports[i],
                                       "--bind",
                                       "127.0.0.1",
                                       "--cluster-enabled",
                                       "yes",
                                       "--cluster-port",
                                       buses[i],
                                       "--cluster-node-timeout",
                                       "2000",
                                       NULL};
        nodes[i] = redis_server_start(options);
        assert_non_null(nodes[i]);
        snprintf(first, sizeof first, "%d", i * 5462);
        snprintf(last, sizeof last, "%d", i == 2 ? 16383 : (i + 1) * 5462 - 1);
        const char *const add[] = {"CLUSTER", "ADDSLOTSRANGE", first, last};
        assert_int_equal(redis_server_say(nodes[i], 4, add), 0);
    }
    for (int i = 1; i < 3; i++) {
        const char *const meet[] = {"CLUSTER", "MEET", "127.0.0.1", ports[i], buses[i]};
        assert_int_equal(redis_server_say(nodes[0], 5, meet), 0);
    }
    /* Up once each of them takes a write for a slot of its own or knows who does. */
    sc_store s = {NULL, NULL};
    sc_err err = {0};
    snprintf(url, sizeof url, "redis://127.0.0.1:%s", ports[0]);
    sc_rc rc = SC_STORE;
    for (int turn = 0; rc && turn < 4000; turn++) {
        rc = open_at(url, NULL, &s, &err);
        if (rc) usleep(5000);
    }
    must(rc, &err);
    for (int i = 0; i < 12; i++) use(&s); /* projects fall into slots of all three */
    for (int i = 0; i < 3; i++) {
        const char *const size[] = {"DBSIZE"};
        assert_true(redis_server_say(nodes[i], 1, size) > 0);
    }
    sc_store_close(&s);
    for (int i = 0; i < 3; i++) redis_server_end(nodes[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_address_is_refused_and_its_password_never_told),
        cmocka_unit_test(an_address_is_read_part_by_part),
        cmocka_unit_test(tls_is_spoken_and_only_to_a_server_that_proves_its_name),
        cmocka_unit_test(a_cluster_of_three_serves_all_projects),
        fx_test(scripts_that_redis_forgot_are_sent_again),
        fx_test(data_of_a_newer_version_are_refused_in_words),
        fx_test(a_replica_and_a_full_server_are_told_and_heal),
        fx_test(a_restart_in_between_costs_nothing_that_was_acknowledged),
        fx_test(a_connection_cut_at_any_command_leaves_all_or_nothing),
    };
    fx_backend = &sc_store_redis;
    if (!redis_server_url()) return 0; /* said by it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
