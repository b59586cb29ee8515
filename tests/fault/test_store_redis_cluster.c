/* The Redis store in a real cluster: slots that move, servers that die, connections that end in between. */
#include "cutter.h"
#include "redis_use.h"

#include "stores/redis/store.h"

/* Three masters, the last of them behind a cutter, and a spare server. The last test kills one. */
enum { MASTERS = 3, NODES = 4, SHARE = SC_RD_SLOTS / MASTERS + 1, TURNS = 4000 };

static struct {
    redis_server *nodes[NODES];
    char ports[NODES][16], buses[NODES][16];
    cutter cut;
} c;

#define SAY(node, ...)                                                     \
    redis_server_say((node), (int)SC_LEN(((const char *[]){__VA_ARGS__})), \
                     (const char *const[]){__VA_ARGS__})
#define ASK(node, ret, ...)                                                \
    redis_server_ask((node), (int)SC_LEN(((const char *[]){__VA_ARGS__})), \
                     (const char *const[]){__VA_ARGS__}, (ret), sizeof(ret))

/* Until the node says all of it of itself. */
static void wait_for(redis_server *node, const char *section, const char *what) {
    char text[16384] = "";
    for (int turn = 0; turn < TURNS; turn++) {
        bool ok = !strcmp(section, "replication") ? ASK(node, text, "INFO", "replication")
                                                  : ASK(node, text, "CLUSTER", section);
        if (ok && strstr(text, what)) return;
        usleep(5000);
    }
    print_error("no %s in %s\n", what, text);
    fail();
}

static int start_cluster(void **state) {
    (void)state;
    char seen[16], known[32], first[8], last[8];
    cutter_start(&c.cut, NULL, "");
    for (int i = 0; i < NODES; i++) {
        snprintf(c.ports[i], sizeof c.ports[i], "%d", redis_free_port());
        snprintf(c.buses[i], sizeof c.buses[i], "%d", redis_free_port());
        snprintf(seen, sizeof seen, "%s", c.ports[i]);
        if (i == MASTERS - 1) snprintf(seen, sizeof seen, "%d", c.cut.port);
        const char *const options[] = {"--port",
                                       c.ports[i],
                                       "--bind",
                                       "127.0.0.1",
                                       "--cluster-enabled",
                                       "yes",
                                       "--cluster-port",
                                       c.buses[i],
                                       "--cluster-node-timeout",
                                       "2000",
                                       "--cluster-announce-port",
                                       seen,
                                       "--cluster-require-full-coverage",
                                       "no",
                                       NULL};
        c.nodes[i] = redis_server_start(options);
        assert_non_null(c.nodes[i]);
        if (i >= MASTERS) continue;
        snprintf(first, sizeof first, "%d", i * SHARE);
        snprintf(last, sizeof last, "%d", SC_MIN((i + 1) * SHARE, (int)SC_RD_SLOTS) - 1);
        assert_int_equal(SAY(c.nodes[i], "CLUSTER", "ADDSLOTSRANGE", first, last), 0);
    }
    snprintf(c.cut.to, sizeof c.cut.to, "%s", redis_server_socket(c.nodes[MASTERS - 1]));
    for (int i = 1; i < NODES; i++)
        assert_int_equal(SAY(c.nodes[0], "CLUSTER", "MEET", "127.0.0.1", c.ports[i], c.buses[i]),
                         0);
    snprintf(known, sizeof known, "cluster_known_nodes:%d", NODES);
    for (int i = 0; i < NODES; i++) {
        wait_for(c.nodes[i], "INFO", known);
        wait_for(c.nodes[i], "INFO", "cluster_state:ok");
        wait_for(c.nodes[i], "INFO", "cluster_slots_assigned:16384");
    }
    return 0;
}

static int end_cluster(void **state) {
    (void)state;
    for (int i = 0; i < NODES; i++) redis_server_end(c.nodes[i]);
    cutter_end(&c.cut);
    return 0;
}

static void open_pool(sc_rd *s) {
    char url[64];
    sc_err err = {0};
    *s = (sc_rd){.ready = false};
    snprintf(url, sizeof url, "redis://127.0.0.1:%s", c.ports[0]);
    const sc_redis_conf conf = {.url = url, .timeout_ms = 5000};
    redis_must(sc_rd_pool_open(s, &conf, &err), &err);
}

/* A key in a slot of the node, and its slot. */
static void key_of(const char *name, int node, char *key, size_t size, char *slot,
                   size_t slot_size) {
    for (int i = 0;; i++) {
        snprintf(key, size, "sc:{%d}:%s", i, name);
        int at = (int)SAY(c.nodes[0], "CLUSTER", "KEYSLOT", key);
        assert_true(at >= 0);
        snprintf(slot, slot_size, "%d", at);
        if (at / SHARE == node) return;
    }
}

/* The counter one higher, as a write that must not be done twice. */
static sc_rc count(sc_rd *s, const char *key, int64_t *ret, sc_err *err) {
    const char *argv[] = {"INCR", key};
    redisReply *reply = NULL;
    sc_rc rc = sc_rd_command(s, key, 2, argv, NULL, false, &reply, err);
    if (rc) return rc;
    if (reply->type == REDIS_REPLY_ERROR) rc = sc_rd_refused((sc_str){reply->str, reply->len}, err);
    *ret = reply->integer;
    freeReplyObject(reply);
    return rc;
}

static void counts(sc_rd *s, const char *key, int64_t want) {
    sc_err err = {0};
    int64_t got = 0;
    redis_must(count(s, key, &got, &err), &err);
    assert_int_equal(got, want);
}

/* A request that was cut off after it was sent is done when the server comes to it. */
static void wait_for_value(redis_server *node, const char *key, const char *want) {
    char value[16] = "";
    for (int turn = 0; turn < TURNS && strcmp(value, want) != 0; turn++) {
        if (turn) usleep(5000);
        assert_true(ASK(node, value, "GET", key));
    }
    assert_string_equal(value, want);
}

/* ---- Tests --------------------------------------------------------------------------------------- */

static void a_cluster_of_three_serves_all_projects(void **state) {
    (void)state;
    char url[64];
    sc_store s;
    sc_err err = {0};
    snprintf(url, sizeof url, "redis://127.0.0.1:%s", c.ports[0]);
    redis_must(redis_open_at(url, NULL, &s, &err), &err);
    for (int i = 0; i < 12; i++) redis_use(&s); /* projects fall into slots of all three */
    for (int i = 0; i < 3; i++) assert_true(SAY(c.nodes[i], "DBSIZE") > 0);
    sc_store_close(&s);
}

static void a_server_that_becomes_a_cluster_costs_one_write(void **state) {
    (void)state;
    char url[64];
    sc_store s;
    sc_err err = {0};
    const sc_project p = {
        .id = sc_id_new(&sc_clock_system), .name = SC_STR("became"), .created_at_ms = T0};
    const sc_feedback f = {.id = sc_id_new(&sc_clock_system),
                           .project_id = p.id,
                           .external_id = SC_STR("e"),
                           .metadata = SC_STR("{}"),
                           .created_at_ms = T0,
                           .received_at_ms = T0};
    const sc_id job = sc_id_new(&sc_clock_system);
    sc_put_result put;
    snprintf(url, sizeof url, "redis://127.0.0.1:%s", c.ports[0]);
    redis_must(redis_open_at(url, NULL, &s, &err), &err);
    assert_false(((sc_rd *)s.self)->whole);
    redis_must(s.ops->project_put(s.self, &p, &err), &err);
    ((sc_rd *)s.self)->whole = true; /* as it was found once */
    assert_int_equal(s.ops->feedback_put(s.self, &f, &job, 1, &put, &err), SC_STORE);
    redis_must(s.ops->feedback_put(s.self, &f, &job, 1, &put, &err), &err);
    assert_int_equal(put.status, SC_PUT_NEW);
    sc_store_close(&s);
}

static void a_write_that_may_have_been_done_is_not_sent_again(void **state) {
    (void)state;
    sc_rd s;
    sc_err err = {0};
    char key[32], slot[16];
    int64_t got;
    open_pool(&s);
    key_of("cut", 2, key, sizeof key, slot, sizeof slot);
    counts(&s, key, 1);
    for (int after = 0; after < 2; after++) {
        atomic_store(&c.cut.after, after);
        atomic_store(&c.cut.left, 1);
        assert_int_equal(count(&s, key, &got, &err), SC_STORE);
        assert_true(sc_str_find(sc_str_of(err.msg), SC_STR("not known")) != SIZE_MAX);
        wait_for_value(c.nodes[2], key, after ? "2" : "1");
    }
    counts(&s, key, 3);
    /* What may be done twice is. */
    const char *argv[] = {"GET", key};
    redisReply *reply = NULL;
    atomic_store(&c.cut.left, 1);
    redis_must(sc_rd_command(&s, key, 2, argv, NULL, true, &reply, &err), &err);
    assert_string_equal(reply->str, "3");
    freeReplyObject(reply);
    sc_rd_pool_close(&s);
}

static void a_slot_that_moves_is_followed(void **state) {
    (void)state;
    sc_rd s;
    char key[32], slot[16], ids[2][64];
    for (int i = 0; i < 2; i++) assert_true(ASK(c.nodes[i + 1], ids[i], "CLUSTER", "MYID"));
    /* A server that does not say where the other is means the address that it was reached by. */
    assert_int_equal(
        SAY(c.nodes[0], "CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint"), 0);
    open_pool(&s);
    key_of("moves", 1, key, sizeof key, slot, sizeof slot);
    counts(&s, key, 1);
    assert_int_equal(SAY(c.nodes[2], "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0]), 0);
    assert_int_equal(SAY(c.nodes[1], "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1]), 0);
    counts(&s, key, 2); /* still there */
    assert_int_equal(SAY(c.nodes[1], "MIGRATE", "127.0.0.1", c.ports[2], key, "0", "5000"), 0);
    counts(&s, key, 3); /* asked for there, this once */
    counts(&s, key, 4);
    assert_int_equal(SAY(c.nodes[2], "CLUSTER", "SETSLOT", slot, "NODE", ids[1]), 0);
    assert_int_equal(SAY(c.nodes[1], "CLUSTER", "SETSLOT", slot, "NODE", ids[1]), 0);
    counts(&s, key, 5);
    sc_rd_pool_close(&s);
}

static void a_replica_that_took_over_is_found_without_the_server_of_the_url(void **state) {
    (void)state;
    sc_rd s;
    sc_err err = {0};
    char keys[3][32], slot[16], id[64];
    int64_t got = 0;
    assert_true(ASK(c.nodes[0], id, "CLUSTER", "MYID"));
    assert_int_equal(SAY(c.nodes[3], "CLUSTER", "REPLICATE", id), 0);
    wait_for(c.nodes[3], "replication", "master_link_status:up");
    open_pool(&s);
    for (int i = 0; i < 3; i++) {
        key_of("dies", i, keys[i], sizeof keys[i], slot, sizeof slot);
        counts(&s, keys[i], 1);
    }
    const long long size = SAY(c.nodes[0], "DBSIZE");
    for (int turn = 0; turn < TURNS && SAY(c.nodes[3], "DBSIZE") < size; turn++) usleep(5000);
    redis_server_kill(c.nodes[0]);
    assert_int_equal(count(&s, keys[0], &got, &err), SC_STORE);
    assert_int_equal(SAY(c.nodes[3], "CLUSTER", "FAILOVER", "TAKEOVER"), 0);
    sc_rc rc = SC_STORE; /* the others hear of it */
    for (int turn = 0; rc && turn < TURNS / 4; turn++) {
        rc = count(&s, keys[0], &got, &err);
        if (rc) usleep(5000);
    }
    redis_must(rc, &err);
    assert_int_equal(got, 2);
    for (int i = 1; i < 3; i++) counts(&s, keys[i], 2);
    sc_rd_pool_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cluster_of_three_serves_all_projects),
        cmocka_unit_test(a_server_that_becomes_a_cluster_costs_one_write),
        cmocka_unit_test(a_write_that_may_have_been_done_is_not_sent_again),
        cmocka_unit_test(a_slot_that_moves_is_followed),
        cmocka_unit_test(a_replica_that_took_over_is_found_without_the_server_of_the_url),
    };
    if (!redis_server_url()) return 0; /* said by it */
    return cmocka_run_group_tests(tests, start_cluster, end_cluster);
}
