#include "stores/sqlite/steps.h"

static sc_rc change(sc_sq_conn *c, const char *sql, int64_t project_no, int what, int64_t n,
                    sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, sql);
    sc_query_int(&q, project_no);
    sc_query_int(&q, what);
    sc_query_int(&q, n);
    return sc_query_run(&q, err);
}

sc_rc sc_sq_tally_add(sc_sq_conn *c, int64_t project_no, int what, int64_t by, sc_err *err) {
    if (by == 0) return SC_OK;
    return change(c,
                  "INSERT INTO tally (project_no, what, n) VALUES (?, ?, ?)"
                  " ON CONFLICT DO UPDATE SET n = n + excluded.n",
                  project_no, what, by, err);
}

sc_rc sc_sq_tally_read(sc_sq_conn *c, int64_t project_no, int what, int64_t *ret, size_t n,
                       sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "SELECT what, n FROM tally WHERE project_no = ?1 AND what >= ?2 AND what < ?3");
    sc_query_int(&q, project_no);
    sc_query_int(&q, what);
    sc_query_int(&q, what + (int64_t)n);
    memset(ret, 0, n * sizeof *ret);
    bool row;
    sc_rc rc;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        int64_t at = sc_query_get_int(&q) - what;
        ret[at] = sc_query_get_int(&q);
    }
    return rc;
}

enum { HOUR_MS = 3600000 };

/* ---- Arrivals --------------------------------------------------------------------------------- */

static sc_rc count_reports(sc_sq_conn *c, int64_t project_no, int64_t *ret, sc_err *err) {
    int64_t by_source[SC_SOURCE_COUNT];
    sc_rc rc = sc_sq_tally_read(c, project_no, SC_TALLY_SOURCE, by_source, SC_SOURCE_COUNT, err);
    *ret = 0;
    for (size_t i = 0; !rc && i < SC_SOURCE_COUNT; i++) *ret += by_source[i];
    return rc;
}

static sc_rc new_minute(sc_sq_conn *c, int64_t project_no, int64_t minute, sc_err *err) {
    int64_t before;
    sc_rc rc = count_reports(c, project_no, &before, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "INSERT INTO arrival (project_no, slot, minute, before) VALUES (?, ?, ?, ?)"
           " ON CONFLICT DO UPDATE SET minute = excluded.minute, before = excluded.before");
    sc_query_int(&q, project_no);
    sc_query_int(&q, minute % SC_ARRIVAL_SLOTS);
    sc_query_int(&q, minute);
    sc_query_int(&q, before);
    return sc_query_run(&q, err);
}

static sc_rc set(sc_sq_conn *c, int64_t project_no, int what, int64_t n, sc_err *err) {
    return change(c,
                  "INSERT INTO tally (project_no, what, n) VALUES (?, ?, ?)"
                  " ON CONFLICT DO UPDATE SET n = excluded.n",
                  project_no, what, n, err);
}

sc_rc sc_sq_arrival_note(sc_sq_conn *c, int64_t project_no, int64_t first_ms, int64_t last_ms,
                         sc_err *err) {
    int64_t had[2]; /* first, last */
    sc_rc rc = sc_sq_tally_read(c, project_no, SC_TALLY_FIRST_MS, had, 2, err);
    if (!rc && last_ms / 60000 > had[1] / 60000)
        rc = new_minute(c, project_no, last_ms / 60000, err);
    if (!rc && (!had[0] || first_ms < had[0]))
        rc = set(c, project_no, SC_TALLY_FIRST_MS, first_ms, err);
    if (!rc && last_ms > had[1]) rc = set(c, project_no, SC_TALLY_LAST_MS, last_ms, err);
    return rc;
}

static sc_rc new_hour(sc_sq_conn *c, int64_t project_no, int source, int64_t hour, sc_err *err) {
    int64_t before;
    sc_rc rc = sc_sq_tally_read(c, project_no, SC_TALLY_SOURCE + source, &before, 1, err);
    if (rc) return rc;
    SC_AUTO(sc_query_done)
    sc_query q =
        sc_query_of(c, "INSERT INTO source_arrival (project_no, source, slot, hour, before)"
                       " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                       " hour = excluded.hour, before = excluded.before");
    sc_query_int(&q, project_no);
    sc_query_int(&q, source);
    sc_query_int(&q, hour % SC_SOURCE_SLOTS);
    sc_query_int(&q, hour);
    sc_query_int(&q, before);
    return sc_query_run(&q, err);
}

sc_rc sc_sq_source_note(sc_sq_conn *c, int64_t project_no, int source, int64_t last_ms,
                        sc_err *err) {
    int64_t had;
    sc_rc rc = sc_sq_tally_read(c, project_no, SC_TALLY_SOURCE_LAST_MS + source, &had, 1, err);
    if (!rc && last_ms / HOUR_MS > had / HOUR_MS)
        rc = new_hour(c, project_no, source, last_ms / HOUR_MS, err);
    if (!rc && last_ms > had)
        rc = set(c, project_no, SC_TALLY_SOURCE_LAST_MS + source, last_ms, err);
    return rc;
}

/* Adds what each source brought since then. */
static sc_rc count_sources(sc_sq_conn *c, int64_t project_no, int64_t since_ms, const int64_t *all,
                           int64_t *add_to, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(c, "SELECT source, min(hour), before FROM source_arrival"
                                " WHERE project_no = ? AND hour >= ? GROUP BY source");
    bool row;
    sc_rc rc;
    sc_query_int(&q, project_no);
    sc_query_int(&q, since_ms / HOUR_MS);
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        const int64_t source = sc_query_get_enum(&q, SC_SOURCE_COUNT);
        sc_query_get_int(&q);
        const int64_t before = sc_query_get_int(&q);
        rc = sc_query_row_check(&q, err);
        if (rc) return rc;
        /* Reports that were removed since are not counted before either. */
        add_to[source] += SC_MAX(all[source] - before, (int64_t)0);
    }
    return rc;
}

static sc_rc count_since(sc_sq_conn *c, int64_t project_no, int64_t since_ms, int64_t all,
                         int64_t *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c,
        "SELECT before FROM arrival WHERE project_no = ? AND minute >= ? ORDER BY minute LIMIT 1");
    bool row;
    sc_query_int(&q, project_no);
    sc_query_int(&q, since_ms / 60000);
    sc_rc rc = sc_query_next(&q, &row, err);
    if (rc) return rc;
    const int64_t recent = row ? all - sc_query_get_int(&q) : 0;
    *ret = SC_MAX(recent, (int64_t)0); /* removed since: not counted before either */
    return SC_OK;
}

/* ---- Stats ------------------------------------------------------------------------------------ */

static sc_rc add_project(sc_sq_conn *c, int64_t no, int64_t now_ms, sc_store_stats *s,
                         sc_err *err) {
    int64_t source[SC_SOURCE_COUNT], state[SC_FEEDBACK_STATE_COUNT],
        status[SC_CLUSTER_STATUS_COUNT];
    int64_t times[2], latest[SC_SOURCE_COUNT], recent = 0, all = 0;
    sc_rc rc = sc_sq_tally_read(c, no, SC_TALLY_SOURCE, source, SC_SOURCE_COUNT, err);
    if (!rc) rc = sc_sq_tally_read(c, no, SC_TALLY_STATE, state, SC_FEEDBACK_STATE_COUNT, err);
    if (!rc) rc = sc_sq_tally_read(c, no, SC_TALLY_STATUS, status, SC_CLUSTER_STATUS_COUNT, err);
    if (!rc) rc = sc_sq_tally_read(c, no, SC_TALLY_FIRST_MS, times, 2, err);
    if (!rc) rc = sc_sq_tally_read(c, no, SC_TALLY_SOURCE_LAST_MS, latest, SC_SOURCE_COUNT, err);
    for (size_t i = 0; !rc && i < SC_SOURCE_COUNT; i++) {
        s->by_source[i] += source[i];
        s->by_source_last_ms[i] = SC_MAX(s->by_source_last_ms[i], latest[i]);
        all += source[i];
    }
    if (!rc) rc = count_sources(c, no, now_ms - 24 * HOUR_MS, source, s->by_source_24h, err);
    if (!rc) rc = count_since(c, no, now_ms - 86400000, all, &recent, err);
    if (rc) return rc;
    for (size_t i = 0; i < SC_CLUSTER_STATUS_COUNT; i++) {
        s->by_status[i] += status[i];
        s->clusters += status[i];
    }
    s->feedback += all;
    s->pending += state[SC_FEEDBACK_pending];
    s->parked += state[SC_FEEDBACK_parked];
    s->last_24h += recent;
    if (times[0] && (!s->first_ms || times[0] < s->first_ms)) s->first_ms = times[0];
    s->last_ms = SC_MAX(s->last_ms, times[1]);
    return SC_OK;
}

static sc_rc add_all(sc_sq_conn *c, int64_t now_ms, sc_store_stats *s, sc_err *err) {
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, "SELECT project_no FROM project");
    bool row;
    sc_rc rc;
    while (!(rc = sc_query_next(&q, &row, err)) && row) {
        rc = add_project(c, sc_query_get_int(&q), now_ms, s, err);
        if (rc) return rc;
    }
    return rc;
}

sc_rc sc_sq_stats(void *self, const sc_id *project, int64_t now_ms, sc_store_stats *ret,
                  sc_err *err) {
    sc_sq_conn *c;
    sc_store_stats s = {.feedback = 0};
    int64_t no;
    sc_rc rc = sc_sq_read_begin(self, &c, err);
    if (rc) return rc;
    rc = sc_sq_project_any(c, project, &no, err);
    if (!rc) rc = no ? add_project(c, no, now_ms, &s, err) : add_all(c, now_ms, &s, err);
    rc = sc_sq_read_end(c, rc);
    if (!rc) *ret = s;
    return rc;
}
