/* The check in depth: SQLite's own, then what no schema can say. */
#include <stdio.h>

#include "stores/sqlite/steps.h"

/* Each query gives one row for each thing that is wrong; one is enough to know. */
static const struct {
    const char *sql, *what;
} invariants[] = {
    {"SELECT 1 FROM tally t WHERE t.what < 100 AND t.n <> (SELECT count(*) FROM feedback f"
     " WHERE f.project_no = t.project_no AND f.source = t.what) LIMIT 1",
     "the counters by source differ from the reports"},
    {"SELECT 1 FROM tally t WHERE t.what BETWEEN 100 AND 199 AND t.n <> (SELECT count(*) FROM "
     "feedback f"
     " WHERE f.project_no = t.project_no AND f.state = t.what - 100) LIMIT 1",
     "the counters by state differ from the reports"},
    {"SELECT 1 FROM tally t WHERE t.what BETWEEN 200 AND 299 AND t.n <> (SELECT count(*) FROM "
     "cluster k"
     " WHERE k.project_no = t.project_no AND k.merged_into IS NULL AND k.status = t.what - 200) "
     "LIMIT 1",
     "the counters by status differ from the issues"},
    {"SELECT 1 FROM tally t WHERE t.what = 302 AND t.n <> (SELECT count(*) FROM item i"
     " WHERE i.project_no = t.project_no AND i.cluster_no > 0) LIMIT 1",
     "the counter of grouped reports differs from the reports"},
    {"SELECT 1 FROM feedback f WHERE f.project_no > 0 AND (NOT EXISTS (SELECT 1 FROM tally t WHERE "
     "t.project_no = f.project_no"
     " AND t.what = f.source) OR NOT EXISTS (SELECT 1 FROM tally t WHERE t.project_no = "
     "f.project_no"
     " AND t.what = 100 + f.state)) LIMIT 1",
     "a report that no counter counts"},
    {"SELECT 1 FROM feedback f LEFT JOIN project p ON p.project_no = f.project_no"
     " WHERE p.project_no IS NULL AND f.project_no > 0 LIMIT 1",
     "a report without its project"},
    {"SELECT 1 FROM feedback f LEFT JOIN item i ON i.seq = f.seq WHERE f.project_no = 0"
     " AND (f.title || f.body || f.stack <> '' OR coalesce(i.cluster_no, 0) > 0) LIMIT 1",
     "a report that was removed and is still there"},
    {"SELECT 1 FROM item i LEFT JOIN feedback f ON f.seq = i.seq WHERE f.seq IS NULL OR f.id <> "
     "i.id"
     " OR (f.project_no <> i.project_no AND f.project_no > 0) OR f.created_at <> i.created_at "
     "LIMIT 1",
     "a placement without its report"},
    {"SELECT 1 FROM item i LEFT JOIN cluster k ON k.cluster_no = i.cluster_no WHERE i.cluster_no > "
     "0"
     " AND (k.cluster_no IS NULL OR k.project_no <> i.project_no) LIMIT 1",
     "a grouped report without its issue"},
    {"SELECT 1 FROM item i JOIN cluster k ON k.cluster_no = i.cluster_no WHERE k.merged_into IS "
     "NOT NULL"
     " LIMIT 1",
     "a report in an issue that was merged away"},
    {"SELECT 1 FROM feedback f LEFT JOIN item i ON i.seq = f.seq WHERE (f.state = 1"
     " AND coalesce(i.cluster_no, 0) = 0) OR (f.state = 2 AND coalesce(i.cluster_no, 0) > 0) LIMIT "
     "1",
     "a report whose state differs from its place"},
    {"SELECT 1 FROM cluster k WHERE k.merged_into IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
     "cluster o"
     " WHERE o.id = k.merged_into AND o.project_no = k.project_no) LIMIT 1",
     "an issue merged into none"},
    {"SELECT 1 FROM decision d LEFT JOIN feedback f ON f.seq = d.seq WHERE f.seq IS NULL LIMIT 1",
     "a decision without its report"},
    {"SELECT 1 FROM item i JOIN project p ON p.project_no = i.project_no WHERE i.version > "
     "p.group_version"
     " LIMIT 1",
     "a placement newer than its project"},
    {"SELECT 1 FROM pair p LEFT JOIN cluster a ON a.cluster_no = p.a_no LEFT JOIN cluster b"
     " ON b.cluster_no = p.b_no WHERE a.project_no IS NOT p.project_no"
     " OR b.project_no IS NOT p.project_no OR p.a_no >= p.b_no LIMIT 1",
     "a pair without its issues"},
    {"SELECT 1 FROM side s LEFT JOIN item i ON i.seq = s.seq WHERE i.seq IS NULL"
     " OR i.project_no <> s.project_no LIMIT 1",
     "a representation without its report"},
    {"SELECT 1 FROM project p LEFT JOIN model m ON m.model_no = p.model_no"
     " WHERE p.model_no > 0 AND m.model_no IS NULL LIMIT 1",
     "a project without its model"},
    {"SELECT 1 FROM fix f LEFT JOIN job j ON j.seq = f.fix_no WHERE j.seq IS NULL OR j.kind <> "
     "'fix'"
     " OR j.project_no <> f.project_no LIMIT 1",
     "a fix without its job"},
    {"SELECT 1 FROM job j LEFT JOIN fix f ON f.fix_no = j.seq WHERE j.kind = 'fix' AND f.fix_no IS "
     "NULL LIMIT 1",
     "a job that is a fix and has none"},
    {"SELECT 1 FROM fix f LEFT JOIN cluster k ON k.cluster_no = f.cluster_no"
     " WHERE k.project_no IS NOT f.project_no LIMIT 1",
     "a fix without its issue"},
    {"SELECT 1 FROM fix_patch p LEFT JOIN fix f ON f.fix_no = p.fix_no WHERE f.fix_no IS NULL "
     "LIMIT 1",
     "a patch without its fix"},
    {"SELECT 1 FROM fix f WHERE f.log_seq <> (SELECT coalesce(max(l.seq), 0) FROM fix_log l"
     " WHERE l.fix_no = f.fix_no) LIMIT 1",
     "a fix that does not know where its log ends"},
    {"SELECT 1 FROM fix_log l LEFT JOIN fix f ON f.fix_no = l.fix_no WHERE f.fix_no IS NULL LIMIT "
     "1",
     "a log without its fix"},
    {"SELECT 1 FROM plan p LEFT JOIN cluster k ON k.cluster_no = p.cluster_no WHERE k.cluster_no "
     "IS "
     "NULL LIMIT 1",
     "a plan without its issue"},
};

enum { STEPS = SC_LEN(invariants) + 1, OPS_A_CALL = 20000 };

typedef struct verify_step {
    sc_progress_fn progress;
    void *progress_self;
    int64_t done;
    bool stopped;
} verify_step;

static int on_progress(void *self) {
    verify_step *v = self;
    if (v->progress && !v->progress(v->progress_self, v->done, STEPS)) v->stopped = true;
    return v->stopped;
}

static sc_rc wrong(sc_sq_conn *c, const char *what, sc_err *err) {
    return sc_fail(err, SC_STORE, "the database under %.60s is damaged: %.100s; restore a backup",
                   c->store->dir, what);
}

static sc_rc check_file(sc_sq_conn *c, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "PRAGMA integrity_check(1)");
    char what[128];
    bool row;
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    sc_str said = row ? sc_query_get_view(&q) : SC_STR("no answer");
    if (sc_str_is(said, "ok")) return SC_OK;
    /* It tells a page that could not be had for want of memory as a finding too. */
    if (sc_str_find(said, SC_STR("error code=7")) != SIZE_MAX)
        return sc_sq_fail(c, SQLITE_NOMEM, err);
    snprintf(what, sizeof what, "%.*s", SC_FMT(sc_str_clip(said, 100)));
    sc_sq_printable(what);
    return wrong(c, what, err);
}

static sc_rc check_invariant(sc_sq_conn *c, size_t i, sc_err *err) {
    int64_t found = 0;
    sc_rc rc = sc_query_scalar(c, invariants[i].sql, 0, &found, err);
    return rc || !found ? rc : wrong(c, invariants[i].what, err);
}

static sc_rc check_all(sc_sq_conn *c, verify_step *v, sc_err *err) {
    sc_rc rc = on_progress(v) ? SC_CANCELLED : check_file(c, err);
    for (size_t i = 0; !rc && i < SC_LEN(invariants); i++) {
        v->done++;
        rc = on_progress(v) ? SC_CANCELLED : check_invariant(c, i, err);
    }
    v->done++;
    if (!rc) on_progress(v);
    return v->stopped && rc ? sc_fail(err, SC_CANCELLED, "the check was stopped") : rc;
}

sc_rc sc_sq_verify(void *self, sc_progress_fn progress, void *progress_self, sc_err *err) {
    verify_step v = {.progress = progress, .progress_self = progress_self};
    sc_sq_conn *c;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    if (rc) return rc;
    sqlite3_progress_handler(c->db, OPS_A_CALL, on_progress, &v);
    rc = check_all(c, &v, err);
    sqlite3_progress_handler(c->db, 0, NULL, NULL);
    return sc_sq_read_end(c, rc);
}
