/* Jobs: looking at them, counting them, clearing old ones away. What is asked of any project is asked of each. */
#include "stores/redis/newest.h"
#include "stores/redis/steps.h"

enum { CURSOR_LIST = 'j' };

sc_rc sc_rd_scope_of(sc_rd *s, const sc_id *project, sc_arena *arena, sc_id **ret, size_t *ret_n,
                     sc_err *err) {
    sc_id *all = NULL;
    size_t n = 0;
    bool one = project && sc_id_is_set(project);
    sc_rc rc = one ? sc_rd_known(s, project, err) : sc_rd_projects(s, arena, &all, &n, err);
    if (rc) return rc;
    sc_id *ids = sc_arena_take_array(arena, n + 1, sizeof *ids);
    if (!ids) return sc_rd_no_memory(err);
    if (n) memcpy(ids, all, n * sizeof *ids);
    if (one) ids[0] = *project;
    *ret = ids;
    *ret_n = n + 1;
    return SC_OK;
}

/* ---- A page -------------------------------------------------------------------------------------- */

static sc_rc list_in(sc_rd *s, const sc_id *project, const sc_job_filter *f, sc_rd_newest *p,
                     int64_t *total, sc_err *err) {
    SC_RD_RUN(r);
    bool bad = false, nomem = false;
    sc_rd_run_init(&r, 4);
    sc_pack_str(&r.args, f->kind);
    sc_pack_int(&r.args, f->by_state ? (int64_t)f->state : -1);
    sc_pack_str(&r.args, p->below);
    sc_pack_int(&r.args, (int64_t)p->page->limit);
    sc_rc rc = sc_rd_ask(s, SC_RD_job_list, project, &r, err);
    if (rc) return rc;
    *total += sc_unpack_int(&r.body);
    size_t n = sc_unpack_array(&r.body);
    for (size_t i = 0; i < n; i++) {
        sc_rd_newest_row *row = sc_rd_newest_add(p, sizeof(sc_job));
        if (!row) return sc_rd_no_memory(err);
        *(sc_job *)row->item =
            sc_rd_job_row(sc_unpack_str(&r.body), p->arena, &row->seq, &bad, &nomem);
    }
    r.body.bad |= bad;
    return sc_rd_read_check(&r.body, nomem, err);
}

sc_rc sc_rd_job_list(void *self, const sc_job_filter *f, const sc_page *page, sc_arena *arena,
                     sc_job_list *ret, sc_err *err) {
    sc_job_list out = {.n = 0};
    sc_rd_newest p;
    sc_id *ids;
    size_t n;
    sc_rc rc = sc_rd_newest_begin(&p, CURSOR_LIST, page, &f->project_id, arena, err);
    if (!rc && f->by_state && (unsigned)f->state >= SC_JOB_STATE_COUNT)
        rc = sc_fail_field(err, SC_INVALID, "state", "not one of ours");
    if (!rc) rc = sc_rd_scope_of(self, &f->project_id, arena, &ids, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = list_in(self, &ids[i], f, &p, &out.total, err);
    if (!rc) rc = sc_rd_newest_end(&p, &out.n, &out.next_cursor, err);
    if (rc) return rc;
    out.items = sc_arena_take_array(arena, page->limit, sizeof *out.items);
    if (!out.items) return sc_rd_no_memory(err);
    for (size_t i = 0; i < out.n; i++) out.items[i] = *(const sc_job *)p.rows[i].item;
    *ret = out;
    return SC_OK;
}

/* ---- Counting ------------------------------------------------------------------------------------ */

static sc_rc count_in(sc_rd *s, const sc_id *project, sc_str kind, sc_job_counts *out,
                      sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 1);
    sc_pack_str(&r.args, kind);
    sc_rc rc = sc_rd_ask(s, SC_RD_job_counts, project, &r, err);
    if (rc) return rc;
    for (size_t i = 0; i < SC_JOB_STATE_COUNT; i++) out->by_state[i] += sc_unpack_int(&r.body);
    int64_t oldest = sc_unpack_int(&r.body);
    if (oldest && (!out->oldest_pending_ms || oldest < out->oldest_pending_ms))
        out->oldest_pending_ms = oldest;
    return sc_rd_read_check(&r.body, false, err);
}

sc_rc sc_rd_job_counts(void *self, const sc_id *project, sc_str kind, sc_job_counts *ret,
                       sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_job_counts out = {.oldest_pending_ms = 0};
    sc_id *ids;
    size_t n;
    sc_arena_init(&arena, 64 << 20);
    sc_rc rc = sc_rd_scope_of(self, project, &arena, &ids, &n, err);
    for (size_t i = 0; !rc && i < n; i++) rc = count_in(self, &ids[i], kind, &out, err);
    if (!rc) *ret = out;
    return rc;
}

/* ---- Clearing away ------------------------------------------------------------------------------- */

static sc_rc prune_in(sc_rd *s, const sc_id *project, int64_t before_ms, int64_t limit, int64_t *n,
                      sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 2);
    sc_pack_int(&r.args, before_ms);
    sc_pack_int(&r.args, limit);
    sc_rc rc = sc_rd_write(s, SC_RD_job_prune, project, NULL, 0, &r, err);
    if (!rc) *n += sc_unpack_int(&r.body);
    return rc ? rc : sc_rd_read_check(&r.body, false, err);
}

static sc_rc prune_events(sc_rd *s, int64_t before_ms, size_t limit, int64_t *n, sc_err *err) {
    SC_RD_RUN(r);
    sc_rd_run_init(&r, 2);
    sc_pack_int(&r.args, before_ms);
    sc_pack_int(&r.args, (int64_t)limit);
    sc_rc rc = sc_rd_put(s, SC_RD_event_prune, &r, err);
    if (!rc) *n += sc_unpack_int(&r.body);
    return rc ? rc : sc_rd_read_check(&r.body, false, err);
}

sc_rc sc_rd_prune(void *self, int64_t jobs_before_ms, int64_t events_before_ms, size_t limit,
                  int64_t *ret_n, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_id *ids;
    size_t n;
    int64_t jobs = 0, events = 0;
    sc_arena_init(&arena, 64 << 20);
    sc_rc rc = sc_rd_scope_of(self, NULL, &arena, &ids, &n, err);
    for (size_t i = 0; !rc && i < n && jobs < (int64_t)limit; i++)
        rc = prune_in(self, &ids[i], jobs_before_ms, (int64_t)limit - jobs, &jobs, err);
    if (!rc) rc = prune_events(self, events_before_ms, limit, &events, err);
    if (!rc) *ret_n = jobs + events;
    return rc;
}

/* ---- Decisions ----------------------------------------------------------------------------------- */

enum { HISTORY = 256 /* decisions of one report that are looked at at a time; the others wait */ };

/* One report's decisions: which go, as an argument of `forget`. */
static void pack_verdict(sc_buf *b, sc_str no, sc_str reasons, size_t newest) {
    sc_decision_reason list[HISTORY];
    bool keep[HISTORY];
    char letters[HISTORY];
    size_t n = SC_MIN(reasons.n, (size_t)HISTORY);
    for (size_t i = 0; i < n; i++) list[i] = (sc_decision_reason)(unsigned char)reasons.p[i];
    sc_decision_keep(list, n, newest, keep);
    for (size_t i = 0; i < n; i++) letters[i] = keep[i] ? 'k' : 'x';
    sc_pack_array(b, 3);
    sc_pack_str(b, no);
    sc_pack_str(b, (sc_str){reasons.p, n});
    sc_pack_str(b, (sc_str){letters, n});
}

static sc_rc prune_histories(sc_rd *s, const sc_id *project, int64_t after, int64_t until,
                             size_t newest, int64_t *n_gone, sc_err *err) {
    SC_RD_RUN(look);
    SC_RD_RUN(drop);
    sc_rd_run_init(&look, 4);
    unsigned char from[SC_RD_NO], to[SC_RD_NO];
    sc_rd_put_no(from, after);
    sc_rd_put_no(to, until);
    sc_pack_str(&look.args, (sc_str){(const char *)from, sizeof from});
    sc_pack_str(&look.args, (sc_str){(const char *)to, sizeof to});
    sc_pack_int(&look.args, (int64_t)newest + 1);
    sc_pack_int(&look.args, HISTORY);
    sc_rc rc = sc_rd_ask(s, SC_RD_histories, project, &look, err);
    if (rc) return rc;
    size_t n = sc_unpack_array(&look.body);
    if (!n) return sc_rd_read_check(&look.body, false, err);
    sc_rd_run_init(&drop, n);
    for (size_t i = 0; i < n; i++) {
        sc_unpack_array(&look.body);
        sc_str no = sc_unpack_str(&look.body);
        pack_verdict(&drop.args, no, sc_unpack_str(&look.body), newest);
    }
    rc = sc_rd_read_check(&look.body, false, err);
    if (!rc) rc = sc_rd_write(s, SC_RD_forget, project, NULL, 0, &drop, err);
    if (!rc) *n_gone += sc_unpack_int(&drop.body);
    return rc ? rc : sc_rd_read_check(&drop.body, false, err);
}

sc_rc sc_rd_decision_prune(void *self, int64_t after_seq, size_t reports, size_t newest,
                           int64_t *ret_next, int64_t *ret_n, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    const int64_t until = after_seq + (int64_t)reports;
    int64_t last, gone = 0;
    sc_id *ids;
    size_t n;
    sc_arena_init(&arena, 64 << 20);
    sc_rc rc = sc_rd_read_number(self, "sc:{i}:seq", &last, err);
    if (!rc) rc = sc_rd_projects(self, &arena, &ids, &n, err);
    for (size_t i = 0; !rc && i < n; i++)
        rc = prune_histories(self, &ids[i], after_seq, until, newest, &gone, err);
    if (rc) return rc;
    *ret_n = gone;
    *ret_next = until < last ? until : 0;
    return SC_OK;
}
