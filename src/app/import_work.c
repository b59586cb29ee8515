/* Lines about what is done about issues: suggestions and verdicts, plans, fixes, their logs. Each is written at once; what
 * it is about was written before. */
#include "app/import.h"
#include "app/transfer_fix.h"

enum { MAX_ARENA = 64 << 20, LOG_ROWS = 10000 };
static const int64_t any_log_bytes = (int64_t)1 << 40; /* it was bounded where it was written */

/* What a look-up means: found is known already; SC_NOT_FOUND is to be written. */
static sc_rc known_or(sc_import *im, sc_rc found, bool *ret_write) {
    *ret_write = found == SC_NOT_FOUND;
    if (!found) im->counts.skipped++;
    return *ret_write ? SC_OK : found;
}

static bool writes(const sc_import *im) { return im->app && !im->conf.dry_run; }

static sc_rc unknown_word(const char *field, sc_err *err) {
    return sc_fail_field(err, SC_UNPROCESSABLE, field, "a word that is not ours");
}

/* ---- Pairs, plans --------------------------------------------------------------------------------- */

sc_rc sc_import_pair(sc_import *im, const json_t *o, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MAX_ARENA);
    sc_pair have;
    bool write;
    sc_pair_write w = {.project_id = im->project,
                       .pair = {.a = sc_import_id(o, "a"),
                                .b = sc_import_id(o, "b"),
                                .probability = sc_import_real(o, "probability"),
                                .a_count = sc_import_int(o, "a_count"),
                                .b_count = sc_import_int(o, "b_count"),
                                .model = sc_json_str_at(o, "model"),
                                .why = sc_json_str_at(o, "why"),
                                .at_ms = sc_import_int(o, "at_ms")}};
    if (!sc_pair_state_parse(sc_json_str_at(o, "state"), &w.pair.state))
        return unknown_word("state", err);
    sc_rc rc = im->app ? STORE(im->app)->pair_get(SELF(im->app), &im->project, &w.pair.a, &w.pair.b,
                                                  &arena, &have, err)
                       : SC_NOT_FOUND;
    rc = known_or(im, rc, &write);
    if (!rc && write && writes(im)) rc = STORE(im->app)->pair_put(SELF(im->app), &w, err);
    im->counts.pairs += !rc && write;
    return rc;
}

sc_rc sc_import_plan(sc_import *im, const json_t *o, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MAX_ARENA);
    bool write;
    sc_plan have, p = {.project_id = im->project,
                       .cluster_id = sc_import_id(o, "cluster_id"),
                       .version = sc_import_int(o, "version"),
                       .problem = sc_json_str_at(o, "problem"),
                       .expected = sc_json_str_at(o, "expected"),
                       .evidence = sc_json_str_at(o, "evidence"),
                       .acceptance = sc_json_str_at(o, "acceptance"),
                       .by = sc_json_str_at(o, "by"),
                       .created_at_ms = sc_import_int(o, "created_at_ms")};
    sc_rc rc = sc_import_need_id(o, "id", &p.id, err);
    if (!rc && p.version < 1) rc = unknown_word("version", err);
    if (rc) return rc;
    rc = im->app ? STORE(im->app)->plan_get(SELF(im->app), &im->project, &p.cluster_id, p.version,
                                            &arena, &have, err)
                 : SC_NOT_FOUND;
    rc = known_or(im, rc, &write);
    if (!rc && write && writes(im)) rc = STORE(im->app)->plan_put(SELF(im->app), &p, err);
    im->counts.plans += !rc && write;
    return rc;
}

/* ---- Fixes ---------------------------------------------------------------------------------------- */

static sc_rc read_job(const sc_import *im, const json_t *o, sc_job *ret, sc_err *err) {
    sc_job j = {.project_id = im->project,
                .kind = SC_STR("fix"),
                .unique_key = sc_json_str_at(o, "unique_key"),
                .payload = sc_json_str_at(o, "payload"),
                .attempts = (int)sc_import_int(o, "attempts"),
                .max_attempts = (int)sc_import_int(o, "max_attempts"),
                .fence = sc_import_int(o, "fence"),
                .run_at_ms = sc_import_int(o, "run_at_ms"),
                .created_at_ms = sc_import_int(o, "created_at_ms"),
                .updated_at_ms = sc_import_int(o, "updated_at_ms"),
                .ended_at_ms = sc_import_int(o, "ended_at_ms"),
                .error = sc_json_str_at(o, "error"),
                .request_id = sc_json_str_at(o, "request_id")};
    sc_rc rc = sc_import_need_id(o, "id", &j.id, err);
    if (!rc && !sc_job_state_parse(sc_json_str_at(o, "status"), &j.state))
        rc = unknown_word("status", err);
    if (rc) return rc;
    if (j.state <= SC_JOB_running) { /* it goes on where it came from, if anywhere */
        j.state = SC_JOB_cancelled;
        j.ended_at_ms = j.updated_at_ms;
        j.error = SC_STR("it was under way when it was exported");
    }
    *ret = j;
    return SC_OK;
}

static sc_rc read_fix(const json_t *o, sc_fix *ret, sc_err *err) {
    sc_fix f = {.cluster_id = sc_import_id(o, "cluster_id"), .follows = sc_import_id(o, "follows")};
#define SC_TAKE_str sc_json_str_at
#define SC_TAKE_int sc_import_int
#define X(type, key, member) f.member = SC_TAKE_##type(o, key);
    SC_TRANSFER_FIX(X)
#undef X
    if (!sc_fix_step_parse(sc_json_str_at(o, "step"), &f.step)) return unknown_word("step", err);
    if (!sc_fix_reason_parse(sc_json_str_at(o, "reason"), &f.reason))
        return unknown_word("reason", err);
    if (!sc_fix_pull_parse(sc_json_str_at(o, "pull"), &f.pull)) return unknown_word("pull", err);
    *ret = f;
    return SC_OK;
}

/* The patch as bytes, in the arena; empty: none. */
static sc_rc read_patch(const json_t *o, sc_arena *arena, sc_str *ret, sc_err *err) {
    sc_str hex = sc_json_str_at(o, "patch_hex");
    *ret = sc_json_str_at(o, "patch");
    if (!hex.n) return SC_OK;
    char *bytes = sc_arena_take(arena, hex.n / 2 + 1);
    if (!bytes) return sc_fail(err, SC_NOMEM, "no memory for a patch");
    if (hex.n % 2 || !sc_hex_decode(hex, bytes, hex.n / 2))
        return sc_fail_field(err, SC_UNPROCESSABLE, "patch_hex", "not hexadecimal");
    *ret = (sc_str){bytes, hex.n / 2};
    return SC_OK;
}

sc_rc sc_import_fix(sc_import *im, const json_t *o, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MAX_ARENA);
    sc_job job;
    sc_fix f, have;
    sc_str patch;
    bool write;
    sc_rc rc = read_job(im, o, &job, err);
    if (!rc) rc = read_fix(o, &f, err);
    if (!rc) rc = read_patch(o, &arena, &patch, err);
    if (rc) return rc;
    rc = im->app ? STORE(im->app)->fix_get(SELF(im->app), &im->project, &job.id, &arena, &have, err)
                 : SC_NOT_FOUND;
    rc = known_or(im, rc, &write);
    if (!rc && write && writes(im))
        rc = STORE(im->app)->fix_keep(SELF(im->app), &job, &f, patch.n ? &patch : NULL, err);
    im->counts.fixes += !rc && write;
    return rc;
}

/* The rows from `seq` on; nothing where there are some from there on. */
sc_rc sc_import_fix_log(sc_import *im, const json_t *o, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MAX_ARENA);
    const json_t *list = json_object_get(o, "rows");
    sc_id id;
    sc_fix_log *have, *rows = sc_arena_take_array(&arena, json_array_size(list) + 1, sizeof *rows);
    size_t n = json_array_size(list), had = 0;
    if (!rows) {
        sc_fail(err, SC_NOMEM, "no memory for a log");
        return SC_NOMEM;
    }
    sc_rc rc = sc_import_need_id(o, "fix_id", &id, err);
    if (!rc && n > LOG_ROWS)
        rc = sc_fail_field(err, SC_UNPROCESSABLE, "rows", "more than %d", LOG_ROWS);
    if (rc || !writes(im)) return rc;
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(list, i);
        rows[i] = (sc_fix_log){.stream = sc_json_str_at(row, "stream"),
                               .text = sc_json_str_at(row, "text"),
                               .at_ms = sc_import_int(row, "at_ms")};
    }
    const sc_store_ops *st = STORE(im->app);
    const int64_t before = SC_MAX(sc_import_int(o, "seq"), 1) - 1;
    rc = st->fix_log_get(SELF(im->app), &im->project, &id, before, 0, 1, &arena, &have, &had, err);
    return rc || had ? rc : st->fix_log_put(SELF(im->app), &id, rows, n, any_log_bytes, err);
}
