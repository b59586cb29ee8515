#include "stores/sqlite/query.h"

#include <stdio.h>

#include "stores/sqlite/schema.h"

/* "Soul": PRAGMA application_id of our files. */
enum { APPLICATION_ID = 0x536f756c };

/* Step n makes version n out of version n - 1. A step that was released is never changed: what
 * comes later is a new step. tests/unit/test_schema_steps.c holds a digest of each. */
static const char *const steps[] = {
    sc_sq_schema_1, sc_sq_schema_2, sc_sq_schema_3, sc_sq_schema_4,
    sc_sq_schema_5, sc_sq_schema_6, sc_sq_schema_7, sc_sq_schema_8,
};

int64_t sc_sq_schema_version(void) { return (int64_t)SC_LEN(steps); }

const char *sc_sq_schema_step(int64_t version) { return steps[version - 1]; }

static sc_rc refuse_foreign(sc_sq_conn *c, sc_err *err) {
    return sc_fail(err, SC_STORE,
                   "soulcaster.db under %.80s is a database of another program: choose another "
                   "directory",
                   c->store->dir);
}

static sc_rc refuse_newer(sc_sq_conn *c, int64_t version, sc_err *err) {
    return sc_fail(err, SC_STORE,
                   "the database under %.60s was made by a newer version (schema %lld, this one "
                   "knows %lld): upgrade soulcaster, or restore an older backup",
                   c->store->dir, (long long)version, (long long)sc_sq_schema_version());
}

sc_rc sc_sq_schema_check(sc_sq_conn *c, sc_err *err) {
    int64_t version = 0, application = 0;
    sc_rc rc = sc_query_scalar(c, "PRAGMA user_version", 0, &version, err);
    if (!rc) rc = sc_query_scalar(c, "PRAGMA application_id", 0, &application, err);
    if (rc) return rc;
    if (application != APPLICATION_ID) return refuse_foreign(c, err);
    if (version > sc_sq_schema_version()) return refuse_newer(c, version, err);
    if (version < sc_sq_schema_version())
        return sc_fail(err, SC_STORE,
                       "the database under %.80s was replaced by an older one: restart",
                       c->store->dir);
    return SC_OK;
}

/* An empty file is new; anything else must carry our mark. */
static sc_rc check_owner(sc_sq_conn *c, bool *ret_new, sc_err *err) {
    int64_t application = 0, tables = 0;
    sc_rc rc = sc_query_scalar(c, "PRAGMA application_id", 0, &application, err);
    if (!rc) rc = sc_query_scalar(c, "SELECT count(*) FROM sqlite_master", 0, &tables, err);
    if (rc) return rc;
    *ret_new = application == 0 && tables == 0;
    return *ret_new || application == APPLICATION_ID ? SC_OK : refuse_foreign(c, err);
}

static sc_rc run_steps(sc_sq_conn *c, sc_err *err) {
    char sql[80];
    bool fresh;
    int64_t version = 0;
    sc_rc rc = check_owner(c, &fresh, err); /* again: another process may have been faster */
    if (!rc) rc = sc_query_scalar(c, "PRAGMA user_version", 0, &version, err);
    if (rc) return rc;
    for (size_t i = (size_t)version; i < SC_LEN(steps); i++) {
        rc = sc_sq_exec(c, steps[i], err);
        if (rc) {
            sc_wrap(err, "bring the database to schema %zu", i + 1);
            return rc;
        }
    }
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, (int)SC_LEN(steps));
    return sc_sq_exec(c, sql, err);
}

sc_rc sc_sq_schema_migrate(sc_sq_conn *c, sc_err *err) {
    bool fresh;
    int64_t version = 0;
    sc_rc rc = check_owner(c, &fresh, err);
    if (!rc) rc = sc_query_scalar(c, "PRAGMA user_version", 0, &version, err);
    if (rc) return rc;
    if (version < 0 || (version == 0 && !fresh))
        return sc_sq_damaged(c, "its schema version is gone", err);
    if (version > sc_sq_schema_version()) return refuse_newer(c, version, err);
    if (version == sc_sq_schema_version()) return SC_OK;
    rc = sc_sq_exec(c, "BEGIN IMMEDIATE", err);
    if (rc) return rc;
    rc = run_steps(c, err);
    if (!rc) rc = sc_sq_exec(c, "COMMIT", err);
    if (rc && !sqlite3_get_autocommit(c->db)) sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}
