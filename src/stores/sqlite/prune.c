/* Clearing away what nobody needs any more, in small steps: each is one short write. */
#include "stores/sqlite/steps.h"

/* ---- Jobs and events ----------------------------------------------------------------------------- */

static sc_rc remove_before(sc_sq_conn *c, const char *sql, int64_t before_ms, size_t limit,
                           int64_t *n, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, sql);
    sc_query_int(&q, before_ms);
    sc_query_int(&q, (int64_t)limit);
    sc_rc rc = sc_query_run(&q, err);
    if (!rc) *n += sc_query_changes(&q);
    return rc;
}

sc_rc sc_sq_prune(void *self, int64_t jobs_before_ms, int64_t events_before_ms, size_t limit,
                  int64_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    int64_t n = 0;
    sc_rc rc = sc_sq_write_begin(self, &c, err);
    if (rc) return rc;
    rc = remove_before(c,
                       "DELETE FROM job WHERE seq IN (SELECT seq FROM job INDEXED BY job_ended"
                       " WHERE ended_at > 0 AND ended_at < ? AND state BETWEEN 2 AND 5"
                       " AND kind <> 'fix' LIMIT ?)",
                       jobs_before_ms, limit, &n, err);
    if (!rc)
        rc = remove_before(c,
                           "DELETE FROM event WHERE event_id IN (SELECT event_id FROM event"
                           " INDEXED BY event_at WHERE at < ? LIMIT ?)",
                           events_before_ms, limit, &n, err);
    rc = sc_sq_write_end(c, rc, err);
    if (!rc) *ret_n = n;
    return rc;
}

/* ---- Decisions ----------------------------------------------------------------------------------- */

enum { HISTORY = 256 /* decisions of one report that are looked at at a time; the others wait */ };

/* The reports of a stretch that have more decisions than are kept anyway. */
static sc_rc long_histories(sc_sq_conn *c, int64_t after, size_t reports, size_t newest,
                            int64_t *ret_seqs, size_t *ret_n, int64_t *ret_last, sc_err *err) {
    bool row;
    {
        SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "SELECT max(seq) FROM feedback");
        sc_rc rc = sc_query_next(&q, &row, err);
        if (rc) return rc;
        *ret_last = row ? sc_query_get_int(&q) : 0;
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
    }
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT seq FROM decision INDEXED BY decision_seq"
                                " WHERE seq > ?1 AND seq <= ?1 + ?2 GROUP BY seq"
                                " HAVING count(*) > ?3 + 1 ORDER BY seq");
    sc_query_int(&q, after);
    sc_query_int(&q, (int64_t)reports);
    sc_query_int(&q, (int64_t)newest);
    sc_rc rc;
    *ret_n = 0;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        ret_seqs[(*ret_n)++] = sc_query_get_int(&q);
        if ((rc = sc_query_row_check(&q, err))) return rc;
    }
    return rc;
}

/* The oldest HISTORY of them: what is newer than those is kept this time. */
static sc_rc read_history(sc_sq_conn *c, int64_t seq, int64_t *ret_nos,
                          sc_decision_reason *ret_reasons, size_t *ret_n, sc_err *err) {
    bool row;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "SELECT decision_no, reason FROM decision WHERE seq = ? ORDER BY decision_no LIMIT ?");
    sc_query_int(&q, seq);
    sc_query_int(&q, HISTORY);
    sc_rc rc;
    *ret_n = 0;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        ret_nos[*ret_n] = sc_query_get_int(&q);
        ret_reasons[(*ret_n)++] = (sc_decision_reason)sc_query_get_enum(&q, SC_REASON_COUNT);
        if ((rc = sc_query_row_check(&q, err))) return rc;
    }
    return rc;
}

static sc_rc prune_history(sc_sq_conn *c, int64_t seq, size_t newest, int64_t *n_gone,
                           sc_err *err) {
    int64_t nos[HISTORY];
    sc_decision_reason reasons[HISTORY];
    bool keep[HISTORY];
    size_t n;
    sc_rc rc = read_history(c, seq, nos, reasons, &n, err);
    if (rc) return rc;
    sc_decision_keep(reasons, n, newest, keep);
    for (size_t i = 0; !rc && i < n; i++) {
        if (keep[i]) continue;
        SC_AUTO(sc_query_done)
        sc_query q = sc_query_of(c, "DELETE FROM decision WHERE decision_no = ?");
        sc_query_int(&q, nos[i]);
        rc = sc_query_run(&q, err);
        *n_gone += sc_query_changes(&q);
    }
    return rc;
}

static sc_rc prune_histories(sc_sq *s, const int64_t *seqs, size_t n, size_t newest,
                             int64_t *n_gone, sc_err *err) {
    sc_sq_conn *c;
    sc_rc rc = sc_sq_write_begin(s, &c, err);
    if (rc) return rc;
    for (size_t i = 0; !rc && i < n; i++) rc = prune_history(c, seqs[i], newest, n_gone, err);
    return sc_sq_write_end(c, rc, err);
}

/* Found by reading, so that looking takes nobody's turn to write. */
sc_rc sc_sq_decision_prune(void *self, int64_t after_seq, size_t reports, size_t newest,
                           int64_t *ret_next, int64_t *ret_n, sc_err *err) {
    sc_sq_conn *c;
    int64_t last = 0, gone = 0;
    size_t n = 0;
    SC_AUTO(sc_auto_free) int64_t *seqs = sc_alloc_array(reports, sizeof *seqs);
    if (!seqs) return sc_sq_no_memory(err);
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    if (!rc)
        rc = sc_sq_read_end(c, long_histories(c, after_seq, reports, newest, seqs, &n, &last, err));
    if (!rc && n) rc = prune_histories(self, seqs, n, newest, &gone, err);
    if (rc) return rc;
    *ret_n = gone;
    *ret_next = after_seq + (int64_t)reports < last ? after_seq + (int64_t)reports : 0;
    return SC_OK;
}
