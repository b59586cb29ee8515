/* Fixes: looking at them, their patches, plans. */
#include "stores/sqlite/steps.h"

#define FIX_COLUMNS                                                                                \
    "SELECT f.fix_no, j.id, p.id, j.state, j.attempts, j.max_attempts, j.error, j.created_at,"     \
    " j.updated_at, j.ended_at, k.id, f.follows, f.asked_by, f.instructions, f.agent, f.runner,"   \
    " f.plan_version, f.step, f.reason, f.started_at, f.repository, f.base_branch, f.base_commit," \
    " f.head_commit, f.branch, f.tests, f.findings, f.blocked, f.calls, f.tokens_in,"              \
    " f.tokens_out, f.micro_usd, f.pull, f.pull_number, f.pull_url, f.opened_at, f.merged_at,"     \
    " f.watch_until, f.seen_comments, f.patch_bytes, f.patch_files, f.patch_added,"                \
    " f.patch_removed, f.log_bytes, f.version"
#define FIX_FROM                                                                               \
    " FROM fix f JOIN job j ON j.seq = f.fix_no JOIN project p ON p.project_no = f.project_no" \
    " JOIN cluster k ON k.cluster_no = f.cluster_no"

static sc_rc read_fix(sc_query *q, sc_arena *arena, int64_t *ret_no, sc_fix *ret, sc_err *err) {
    *ret_no = sc_query_get_int(q);
    sc_fix f = {.id = sc_query_get_id(q)};
    f.project_id = sc_query_get_id(q);
    f.status = (sc_job_state)sc_query_get_enum(q, SC_JOB_STATE_COUNT);
    f.attempts = (int)sc_query_get_int(q);
    f.max_attempts = (int)sc_query_get_int(q);
    f.error = sc_query_get_text(q, arena);
    f.created_at_ms = sc_query_get_int(q);
    f.updated_at_ms = sc_query_get_int(q);
    f.ended_at_ms = sc_query_get_int(q);
    f.cluster_id = sc_query_get_id(q);
    f.follows = sc_query_get_id(q);
    sc_str *const who[] = {&f.by, &f.instructions, &f.agent, &f.runner};
    for (size_t i = 0; i < SC_LEN(who); i++) *who[i] = sc_query_get_text(q, arena);
    f.plan_version = sc_query_get_int(q);
    f.step = (sc_fix_step)sc_query_get_enum(q, SC_FIX_STEP_COUNT);
    f.reason = (sc_fix_reason)sc_query_get_enum(q, SC_FIX_REASON_COUNT);
    f.started_at_ms = sc_query_get_int(q);
    sc_str *const texts[] = {&f.repository, &f.base_branch, &f.base_commit, &f.head_commit,
                             &f.branch,     &f.tests,       &f.findings,    &f.blocked};
    for (size_t i = 0; i < SC_LEN(texts); i++) *texts[i] = sc_query_get_text(q, arena);
    f.cost.calls = sc_query_get_int(q);
    f.cost.tokens_in = sc_query_get_int(q);
    f.cost.tokens_out = sc_query_get_int(q);
    f.cost.micro_usd = sc_query_get_int(q);
    f.pull = (sc_fix_pull)sc_query_get_enum(q, SC_FIX_PULL_COUNT);
    f.pull_number = sc_query_get_int(q);
    f.pull_url = sc_query_get_text(q, arena);
    int64_t *const numbers[] = {
        &f.opened_at_ms, &f.merged_at_ms, &f.watch_until_ms, &f.seen_comments, &f.patch_bytes,
        &f.patch_files,  &f.patch_added,  &f.patch_removed,  &f.log_bytes,     &f.version};
    for (size_t i = 0; i < SC_LEN(numbers); i++) *numbers[i] = sc_query_get_int(q);
    sc_rc rc = sc_query_row_check(q, err);
    if (!rc) *ret = f;
    return rc;
}

static sc_rc get(sc_sq_conn *c, const sc_id *project, const sc_id *id, sc_arena *arena,
                 int64_t *ret_no, sc_fix *ret, sc_err *err) {
    int64_t no;
    bool row;
    sc_rc rc = sc_sq_project_any(c, project, &no, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, FIX_COLUMNS FIX_FROM " WHERE j.id = ?1 AND (?2 = 0 OR f.project_no = ?2)");
    sc_query_id(&q, id);
    sc_query_int(&q, no);
    rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    return row ? read_fix(&q, arena, ret_no, ret, err) : sc_fail(err, SC_NOT_FOUND, "no such fix");
}

sc_rc sc_sq_fix_get(void *self, const sc_id *project, const sc_id *id, sc_arena *arena, sc_fix *ret,
                    sc_err *err) {
    sc_sq_conn *c;
    int64_t no;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, get(c, project, id, arena, &no, ret, err));
}

/* ---- A page ------------------------------------------------------------------------------------ */

enum { CURSOR_LIST = 'F' };

#define FILTERS                                                              \
    " WHERE (?1 = 0 OR f.project_no = ?1) AND (?2 = 0 OR f.cluster_no = ?2)" \
    " AND (?3 < 0 OR j.state = ?3) AND (?4 < 0 OR f.pull = ?4)"              \
    " AND (?5 = 0 OR (f.pull <> 0 AND j.state >= 2 AND (f.pull = 1 OR f.watch_until > ?6)))"

typedef struct bound {
    int64_t project_no, cluster_no;
    const sc_fix_filter *f;
} bound;

static void bind_filter(sc_query *q, const bound *b) {
    sc_query_int(q, b->project_no);
    sc_query_int(q, b->cluster_no);
    sc_query_int(q, b->f->by_state ? (int64_t)b->f->state : -1);
    sc_query_int(q, b->f->by_pull ? (int64_t)b->f->pull : -1);
    sc_query_int(q, b->f->watched);
    sc_query_int(q, b->f->now_ms);
}

static sc_rc count(sc_sq_conn *c, const bound *b, int64_t *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "SELECT count(*) FROM fix f JOIN job j ON j.seq = f.fix_no" FILTERS);
    bool row;
    bind_filter(&q, b);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (!rc) *ret = sc_query_get_int(&q);
    return rc;
}

static sc_rc list(sc_sq_conn *c, const sc_fix_filter *f, const sc_page *page, sc_arena *arena,
                  sc_fix_list *ret, sc_err *err) {
    sc_fix_list out = {.total = -1};
    sc_cursor below = {INT64_MAX, 0};
    bound b = {.f = f};
    int64_t no = 0;
    bool row;
    sc_rc rc = sc_sq_project_any(c, &f->project_id, &b.project_no, err);
    if (!rc && sc_id_is_set(&f->cluster_id))
        rc = sc_sq_cluster_no(c, b.project_no, &f->cluster_id, &b.cluster_no, err);
    if (!rc && page->cursor.n)
        rc = sc_cursor_read(page->cursor, CURSOR_LIST, &f->project_id, &below, err);
    if (!rc) rc = count(c, &b, &out.total, err);
    if (rc) return rc;
    out.items = sc_arena_take_array(arena, page->limit, sizeof *out.items);
    if (!out.items) return sc_sq_no_memory(err);
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, FIX_COLUMNS FIX_FROM FILTERS
                             " AND f.fix_no < ?7 ORDER BY f.fix_no DESC LIMIT ?8");
    bind_filter(&q, &b);
    sc_query_int(&q, below.key);
    sc_query_int(&q, (int64_t)page->limit + 1);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        if (out.n == page->limit) {
            rc = sc_cursor_write(CURSOR_LIST, &f->project_id, (sc_cursor){no, 0}, arena,
                                 &out.next_cursor, err);
            break;
        }
        rc = read_fix(&q, arena, &no, &out.items[out.n++], err);
        if (rc) break;
    }
    if (!rc) *ret = out;
    return rc;
}

sc_rc sc_sq_fix_list(void *self, const sc_fix_filter *f, const sc_page *page, sc_arena *arena,
                     sc_fix_list *ret, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_cursor_check_limit(page->limit, err);
    if (!rc && f->by_state && (unsigned)f->state >= SC_JOB_STATE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "state", "not one of ours");
    if (!rc) rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, list(c, f, page, arena, ret, err));
}

/* ---- Patch -------------------------------------------------------------------------------------- */

static sc_rc patch(sc_sq_conn *c, const sc_id *project, const sc_id *id, sc_arena *arena,
                   sc_str *ret, sc_err *err) {
    int64_t project_no, seq;
    sc_job_state state;
    bool row;
    sc_rc rc = sc_sq_project_any(c, project, &project_no, err);
    if (!rc) rc = sc_sq_job_find(c, project_no, id, &seq, &state, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT patch FROM fix_patch WHERE fix_no = ?");
    sc_query_int(&q, seq);
    rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    sc_str text = row ? sc_query_get_text(&q, arena) : (sc_str){"", 0};
    rc = sc_query_row_check(&q, err);
    if (!rc) *ret = text;
    return rc;
}

sc_rc sc_sq_fix_patch(void *self, const sc_id *project, const sc_id *id, sc_arena *arena,
                      sc_str *ret, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    return rc ? rc : sc_sq_read_end(c, patch(c, project, id, arena, ret, err));
}
