/* What is done about issues: suggestions and verdicts, plans, fixes with their patches and logs. */
#include "app/export.h"
#include "app/transfer_fix.h"

enum { PAGE = 200, LOG_ROWS = 200, LOG_BYTES = 1 << 20, MAX_ARENA = 256 << 20 };

/* ---- Pairs, plans --------------------------------------------------------------------------------- */

static sc_rc put_pair(sc_exporter *x, const sc_id *project, const sc_pair *p, sc_err *err) {
    sc_buf *b = &x->line;
    sc_rc rc = sc_export_issue(x, project, &p->a, err);
    if (!rc) rc = sc_export_issue(x, project, &p->b, err);
    if (rc) return rc;
    sc_buf_putf(b, "{\"kind\":\"pair\",\"project_id\":\"%s\",\"state\":\"%s\"", project->text,
                sc_pair_state_name(p->state));
    sc_export_id(b, "a", &p->a);
    sc_export_id(b, "b", &p->b);
    sc_export_real(b, "probability", p->probability);
    sc_export_int(b, "a_count", p->a_count);
    sc_export_int(b, "b_count", p->b_count);
    sc_export_str(b, "model", p->model);
    sc_export_str(b, "why", p->why);
    sc_export_int(b, "at_ms", p->at_ms);
    sc_buf_putc(b, '}');
    x->counts->pairs++;
    return sc_export_line(x, err);
}

static sc_rc all_pairs(sc_exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MAX_ARENA);
    sc_pair *list;
    size_t n;
    sc_rc rc = STORE(x->app)->pair_list(SELF(x->app), project, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = put_pair(x, project, &list[i], err);
    return rc;
}

static sc_rc put_plan(sc_exporter *x, const sc_id *project, const sc_plan *p, sc_err *err) {
    sc_buf *b = &x->line;
    sc_buf_putf(b, "{\"kind\":\"plan\",\"id\":\"%s\",\"project_id\":\"%s\"", p->id.text,
                project->text);
    sc_export_id(b, "cluster_id", &p->cluster_id);
    sc_export_int(b, "version", p->version);
    sc_export_str(b, "problem", p->problem);
    sc_export_str(b, "expected", p->expected);
    sc_export_str(b, "evidence", p->evidence);
    sc_export_str(b, "acceptance", p->acceptance);
    sc_export_str(b, "by", p->by);
    sc_export_int(b, "created_at_ms", p->created_at_ms);
    sc_buf_putc(b, '}');
    x->counts->plans++;
    return sc_export_line(x, err);
}

static sc_rc plans_of(sc_exporter *x, const sc_id *project, const sc_id *cluster, sc_err *err) {
    int64_t newest = 0;
    sc_rc rc = SC_OK;
    for (int64_t v = 0; !rc && v <= newest; v++) { /* 0 asks for the newest: how many there are */
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, MAX_ARENA);
        sc_plan p;
        rc = STORE(x->app)->plan_get(SELF(x->app), project, cluster, v, &arena, &p, err);
        if (rc == SC_NOT_FOUND) return SC_OK;
        if (!rc && !v) rc = sc_export_issue(x, project, cluster, err);
        if (!rc && v) rc = put_plan(x, project, &p, err);
        if (!rc && !v) newest = p.version;
    }
    return rc;
}

static sc_rc all_plans(sc_exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, (size_t)1 << 30);
    sc_cluster *list;
    size_t n;
    sc_rc rc = STORE(x->app)->clusters_since(SELF(x->app), project, 0, &arena, &list, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = plans_of(x, project, &list[i].id, err);
    return rc;
}

/* ---- Fixes ---------------------------------------------------------------------------------------- */

/* A patch is bytes: as text where it is text, else in hex. */
static sc_rc put_patch(sc_buf *b, sc_str patch, sc_err *err) {
    if (!patch.n) return SC_OK;
    if (sc_utf8_valid(patch) && !memchr(patch.p, 0, patch.n)) {
        sc_export_str(b, "patch", patch);
        return SC_OK;
    }
    char *hex = sc_alloc(2 * patch.n + 1);
    if (!hex) return sc_fail(err, SC_NOMEM, "no memory for a patch");
    sc_hex_encode(patch.p, patch.n, hex);
    sc_export_str(b, "patch_hex", (sc_str){hex, 2 * patch.n});
    sc_free(hex);
    return SC_OK;
}

static void put_job(sc_buf *b, const sc_job *j) {
    sc_buf_putf(b, ",\"status\":\"%s\"", sc_job_state_name(j->state));
    sc_export_str(b, "unique_key", j->unique_key);
    sc_export_str(b, "payload", j->payload);
    sc_export_int(b, "attempts", j->attempts);
    sc_export_int(b, "max_attempts", j->max_attempts);
    sc_export_int(b, "fence", j->fence);
    sc_export_int(b, "run_at_ms", j->run_at_ms);
    sc_export_int(b, "created_at_ms", j->created_at_ms);
    sc_export_int(b, "updated_at_ms", j->updated_at_ms);
    sc_export_int(b, "ended_at_ms", j->ended_at_ms);
    sc_export_str(b, "error", j->error);
    sc_export_str(b, "request_id", j->request_id);
}

static void put_facts(sc_buf *b, const sc_fix *f) {
    sc_buf_putf(b, ",\"step\":\"%s\",\"reason\":\"%s\",\"pull\":\"%s\"", sc_fix_step_name(f->step),
                sc_fix_reason_name(f->reason), sc_fix_pull_name(f->pull));
#define X(type, key, member) sc_export_##type(b, key, f->member);
    SC_TRANSFER_FIX(X)
#undef X
}

static sc_rc put_fix(sc_exporter *x, const sc_id *project, const sc_id *id, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MAX_ARENA);
    const sc_store_ops *st = STORE(x->app);
    sc_job job;
    sc_fix f;
    sc_str patch;
    sc_rc rc = st->job_get(SELF(x->app), project, id, &arena, &job, err);
    if (!rc) rc = st->fix_get(SELF(x->app), project, id, &arena, &f, err);
    if (!rc) rc = st->fix_patch(SELF(x->app), project, id, &arena, &patch, err);
    if (!rc) rc = sc_export_issue(x, project, &f.cluster_id, err);
    if (rc) return rc;
    sc_buf *b = &x->line;
    sc_buf_putf(b, "{\"kind\":\"fix\",\"id\":\"%s\",\"project_id\":\"%s\"", id->text,
                project->text);
    sc_export_id(b, "cluster_id", &f.cluster_id);
    sc_export_id(b, "follows", &f.follows);
    put_job(b, &job);
    put_facts(b, &f);
    rc = put_patch(b, patch, err);
    if (rc) return rc;
    sc_buf_putc(b, '}');
    x->counts->fixes++;
    return sc_export_line(x, err);
}

/* As many rows a line as make a handy one. */
static sc_rc put_log(sc_exporter *x, const sc_id *project, const sc_id *id, const sc_fix_log *rows,
                     size_t n, size_t *ret_n, sc_err *err) {
    sc_buf *b = &x->line;
    size_t i = 0;
    sc_buf_putf(b, "{\"kind\":\"fix_log\",\"fix_id\":\"%s\",\"project_id\":\"%s\",\"seq\":%lld",
                id->text, project->text, (long long)rows[0].seq);
    sc_buf_puts(b, ",\"rows\":[");
    for (; i < n && b->n < LOG_BYTES; i++) {
        sc_buf_putf(b, "%s{\"at_ms\":%lld", i ? "," : "", (long long)rows[i].at_ms);
        sc_export_str(b, "stream", rows[i].stream);
        sc_export_str(b, "text", rows[i].text);
        sc_buf_putc(b, '}');
    }
    sc_buf_puts(b, "]}");
    *ret_n = i;
    return sc_export_line(x, err);
}

static sc_rc all_log(sc_exporter *x, const sc_id *project, const sc_id *id, sc_err *err) {
    int64_t after = 0;
    sc_rc rc = SC_OK;
    for (size_t n = 1; !rc && n;) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, MAX_ARENA);
        sc_fix_log *rows;
        rc = STORE(x->app)->fix_log_get(SELF(x->app), project, id, after, 0, LOG_ROWS, &arena,
                                        &rows, &n, err);
        for (size_t at = 0, wrote; !rc && at < n; at += wrote) {
            rc = put_log(x, project, id, rows + at, n - at, &wrote, err);
            after = rows[at + wrote - 1].seq;
        }
    }
    return rc;
}

typedef struct fixes {
    sc_id *ids;
    size_t n, cap;
} fixes;

static sc_rc add_fixes(fixes *all, const sc_fix_list *list, sc_arena *arena, sc_err *err) {
    if (all->n + list->n > all->cap) {
        size_t cap = SC_MAX(2 * all->cap, all->n + list->n);
        sc_id *more = sc_arena_take_array(arena, cap, sizeof *more);
        if (!more) return sc_fail(err, SC_NOMEM, "no memory for the fixes");
        if (all->n) memcpy(more, all->ids, all->n * sizeof *more);
        all->ids = more;
        all->cap = cap;
    }
    for (size_t i = 0; i < list->n; i++) all->ids[all->n++] = list->items[i].id;
    return SC_OK;
}

/* Listed newest first, written oldest first: an import numbers them as they come. */
static sc_rc all_fixes(sc_exporter *x, const sc_id *project, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, MAX_ARENA);
    fixes all = {.n = 0};
    char cursor[256] = "";
    sc_rc rc;
    do {
        SC_AUTO(sc_arena_done) sc_arena tmp;
        sc_arena_init(&tmp, MAX_ARENA);
        sc_fix_filter f = {.project_id = *project};
        sc_page page = {.limit = PAGE, .cursor = sc_str_of(cursor)};
        sc_fix_list list;
        rc = STORE(x->app)->fix_list(SELF(x->app), &f, &page, &tmp, &list, err);
        if (!rc) rc = add_fixes(&all, &list, &arena, err);
        if (!rc && list.next_cursor.n >= sizeof cursor)
            rc = sc_fail(err, SC_INTERNAL, "the cursor is too long");
        if (rc) return rc;
        if (list.next_cursor.n) memcpy(cursor, list.next_cursor.p, list.next_cursor.n);
        cursor[list.next_cursor.n] = 0;
    } while (cursor[0]);
    while (!rc && all.n--) {
        rc = put_fix(x, project, &all.ids[all.n], err);
        if (!rc) rc = all_log(x, project, &all.ids[all.n], err);
    }
    return rc;
}

sc_rc sc_export_work(sc_exporter *x, const sc_id *project, sc_err *err) {
    sc_rc rc = all_pairs(x, project, err);
    if (!rc) rc = all_plans(x, project, err);
    return rc ? rc : all_fixes(x, project, err);
}
