/* A step of the schema that was released is never changed: databases that ran it are out there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <cmocka.h>

#include "stores/registry.h"
#include "stores/sqlite/sqlite.h"
#include "stores/sqlite/store.h"

/* SHA-256 of each step's SQL. A new step gets a new line here; a line is never changed. */
static const char *const released[] = {
    "eb322fa1075e368ba15cb5ef13e3283adf403a7373a2db567b6063c3ab31c367",
    "43bacd3892d30e81218d94c1d23340a0395188859abf7b9de24864eac85539d7",
    "8f7329da67aae06a9a2820e659f8c2129639f168f561a0d1c7e1bb18eb149a0a",
    "9974d5a5334bb4539eb76260cc29bb5a251439363ecc3db69ac4532db8723daf",
    "38849d61e33eec9786c5022d74cf7632c7599aa06bca5d36fff5ba4f4e76c1c8",
    "66aca5868b9b8814ba176c3b093ad0c48cffaf2beab4703c2868f44f55c82ed3",
    "951bc4f55ce4e8aebb317e0a75e865a0d24eb9a3249066974e5f5f9db669475b",
    "19de1a36433d140d28ead395e572f83eee0e0183e23977dc04ee99e7456717f2",
};

static void sha256(const char *text, char ret_hex[65]) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    assert_int_equal(EVP_Digest(text, strlen(text), hash, &n, EVP_sha256(), NULL), 1);
    assert_int_equal(n, 32);
    for (unsigned i = 0; i < n; i++) snprintf(ret_hex + 2 * i, 3, "%02x", hash[i]);
}

static void a_released_step_is_as_it_was(void **state) {
    (void)state;
    assert_int_equal(sc_sq_schema_version(), SC_LEN(released));
    for (int64_t i = 0; i < sc_sq_schema_version(); i++) {
        char hex[65];
        sha256(sc_sq_schema_step(i + 1), hex);
        if (strcmp(hex, released[i]) != 0)
            fail_msg("step %d was changed (%s): undo that and add a new step", (int)i + 1, hex);
    }
}

static void run(sqlite3 *db, const char *sql) {
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why)) fail_msg("%s", why);
}

/* Step 2: a project's model is the one that most of its reports were placed with. Step 3: issues of several reports
 * are due for a language model's words, but for those that are ignored or merged away. */
static void a_database_of_version_1_comes_along(void **state) {
    (void)state;
    char dir[] = "/tmp/soulcaster-test-XXXXXX", path[64];
    sqlite3 *db;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/soulcaster.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    run(db, sc_sq_schema_step(1));
    run(db,
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 1399813484; PRAGMA user_version = 1;"
        "INSERT INTO project (id, name, created_at) VALUES (randomblob(16), 'a', 1),"
        " (randomblob(16), 'b', 1);"
        "INSERT INTO model (name) VALUES ('old'), ('new');"
        "INSERT INTO item VALUES (1, 1, 0, 0, 1, x'01', 1, x'00'),"
        " (2, 1, 0, 0, 1, x'02', 2, x'00'), (3, 1, 0, 0, 1, x'03', 2, x'00'),"
        " (4, 1, 0, 0, 1, x'04', 0, x'');"
        "INSERT INTO cluster SELECT value, randomblob(16), 1, 1, iif(value = 4, 6, 0), value - 1, "
        "0,"
        " 1, value, 1, 1, 0, 0, iif(value = 5, x'00112233445566778899aabbccddeeff', NULL), 1, 1, 1,"
        " '0', '0', x'', '[]', 't', 's', '', '', '', '', '', '' FROM json_each('[1,2,3,4,5]')");
    sqlite3_close(db);
    sc_store store;
    sc_err err = {0};
    sc_arena arena;
    sc_project p;
    sc_sqlite_conf conf = {.dir = dir, .busy_timeout_ms = 1000};
    sc_arena_init(&arena, 1 << 20);
    if (sc_store_open(&sc_store_sqlite, &conf, &store, &err)) fail_msg("%s", err.msg);
    assert_int_equal(store.ops->project_get(store.self, SC_STR("a"), &arena, &p, &err), SC_OK);
    assert_true(sc_str_is(p.model, "new"));
    assert_int_equal(store.ops->project_get(store.self, SC_STR("b"), &arena, &p, &err), SC_OK);
    assert_int_equal(p.model.n, 0);
    assert_int_equal(store.ops->project_get(store.self, SC_STR("a"), &arena, &p, &err), SC_OK);
    sc_cluster_filter due = {.project_id = p.id, .due = true};
    sc_page page = {.limit = 10};
    sc_cluster_list list;
    if (store.ops->cluster_list(store.self, &due, &page, 0, &arena, &list, &err))
        fail_msg("%s", err.msg);
    assert_true(list.n == 1 && list.items[0].count == 2 && !list.items[0].title_told);
    sc_store_close(&store);
    sc_arena_done(&arena);
    static const char *const tails[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < SC_LEN(tails); i++) {
        snprintf(path, sizeof path, "%s/soulcaster.db%s", dir, tails[i]);
        unlink(path);
    }
    rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_released_step_is_as_it_was),
        cmocka_unit_test(a_database_of_version_1_comes_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
