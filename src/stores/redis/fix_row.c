#include "stores/redis/fix_row.h"

#include "stores/redis/steps.h"

enum { MOST_BYTES = 16 << 20 };

sc_rc sc_rd_pack_fix_rest(sc_buf *b, const sc_fix *f, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf row;
    const sc_str texts[] = {f->agent,
                            f->runner,
                            f->repository,
                            f->base_branch,
                            f->base_commit,
                            f->head_commit,
                            f->branch,
                            f->pull_url,
                            f->tests.n ? f->tests : SC_STR("{}"),
                            f->findings.n ? f->findings : SC_STR("[]"),
                            f->blocked.n ? f->blocked : SC_STR("[]")};
    const int64_t numbers[] = {
        f->plan_version, f->cost.calls,   f->cost.tokens_in, f->cost.tokens_out, f->cost.micro_usd,
        f->pull_number,  f->opened_at_ms, f->merged_at_ms,   f->seen_comments,   f->patch_bytes,
        f->patch_files,  f->patch_added,  f->patch_removed};
    sc_buf_init(&row, MOST_BYTES);
    sc_pack_array(&row, SC_LEN(texts) + SC_LEN(numbers));
    for (size_t i = 0; i < SC_LEN(texts); i++) sc_pack_str(&row, texts[i]);
    for (size_t i = 0; i < SC_LEN(numbers); i++) sc_pack_int(&row, numbers[i]);
    sc_pack_str(b, sc_buf_str(&row));
    return sc_buf_check(&row, "a fix", err);
}

sc_rc sc_rd_pack_new_fix(sc_buf *b, const sc_fix *f, sc_err *err) {
    sc_fix fresh = {.cluster_id = f->cluster_id,
                    .follows = f->follows,
                    .by = f->by,
                    .instructions = f->instructions,
                    .step = f->step,
                    .agent = f->agent,
                    .runner = f->runner,
                    .branch = f->branch,
                    .plan_version = f->plan_version};
    return sc_rd_pack_whole_fix(b, &fresh, err);
}

sc_rc sc_rd_pack_whole_fix(sc_buf *b, const sc_fix *f, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf fixed;
    sc_buf_init(&fixed, MOST_BYTES);
    sc_pack_array(&fixed, 3);
    sc_pack_id(&fixed, &f->follows);
    sc_pack_str(&fixed, f->by);
    sc_pack_str(&fixed, f->instructions);
    sc_pack_array(b, 10);
    sc_pack_int(b, 1);
    sc_pack_int(b, f->step);
    sc_pack_int(b, f->reason);
    sc_pack_int(b, f->pull);
    sc_pack_int(b, f->watch_until_ms);
    sc_pack_id(b, &f->cluster_id);
    sc_pack_int(b, 0); /* bytes of the log */
    sc_pack_int(b, f->started_at_ms);
    sc_pack_str(b, sc_buf_str(&fixed));
    sc_rc rc = sc_buf_check(&fixed, "a fix", err);
    return rc ? rc : sc_rd_pack_fix_rest(b, f, err);
}

static void read_rest(sc_unpack u, sc_arena *arena, sc_fix *f, bool *bad, bool *nomem) {
    sc_str *const texts[] = {&f->agent,       &f->runner,      &f->repository, &f->base_branch,
                             &f->base_commit, &f->head_commit, &f->branch,     &f->pull_url,
                             &f->tests,       &f->findings,    &f->blocked};
    int64_t *const numbers[] = {&f->plan_version,    &f->cost.calls,     &f->cost.tokens_in,
                                &f->cost.tokens_out, &f->cost.micro_usd, &f->pull_number,
                                &f->opened_at_ms,    &f->merged_at_ms,   &f->seen_comments,
                                &f->patch_bytes,     &f->patch_files,    &f->patch_added,
                                &f->patch_removed};
    sc_unpack_array(&u);
    for (size_t i = 0; i < SC_LEN(texts); i++) *texts[i] = sc_unpack_text(&u, arena, nomem);
    for (size_t i = 0; i < SC_LEN(numbers); i++) *numbers[i] = sc_unpack_int(&u);
    *bad |= u.bad;
}

void sc_rd_fix_of(sc_str row, sc_str job, sc_arena *arena, sc_fix *ret, int64_t *ret_seq, bool *bad,
                  bool *nomem) {
    sc_unpack u = sc_unpack_of(row);
    const sc_job j = sc_rd_job_row(job, arena, ret_seq, bad, nomem);
    sc_fix f = {.id = j.id,
                .project_id = j.project_id,
                .status = j.state,
                .attempts = j.attempts,
                .max_attempts = j.max_attempts,
                .error = j.error,
                .created_at_ms = j.created_at_ms,
                .updated_at_ms = j.updated_at_ms,
                .ended_at_ms = j.ended_at_ms};
    sc_unpack_array(&u);
    f.version = sc_unpack_int(&u);
    f.step = (sc_fix_step)sc_unpack_enum(&u, SC_FIX_STEP_COUNT);
    f.reason = (sc_fix_reason)sc_unpack_enum(&u, SC_FIX_REASON_COUNT);
    f.pull = (sc_fix_pull)sc_unpack_enum(&u, SC_FIX_PULL_COUNT);
    f.watch_until_ms = sc_unpack_int(&u);
    f.cluster_id = sc_unpack_id(&u);
    f.log_bytes = sc_unpack_int(&u);
    f.started_at_ms = sc_unpack_int(&u);
    sc_unpack fixed = sc_unpack_of(sc_unpack_str(&u));
    sc_unpack_array(&fixed);
    f.follows = sc_unpack_id(&fixed);
    f.by = sc_unpack_text(&fixed, arena, nomem);
    f.instructions = sc_unpack_text(&fixed, arena, nomem);
    read_rest(sc_unpack_of(sc_unpack_str(&u)), arena, &f, bad, nomem);
    *bad |= u.bad || fixed.bad;
    *ret = f;
}
