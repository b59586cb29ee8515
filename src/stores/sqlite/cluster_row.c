#include "stores/sqlite/cluster_row.h"

#include <stdio.h>

enum { NUMBERS_TEXT = 21 * 16 }; /* room for the longer of the two lists */

_Static_assert(SC_CLUSTER_TREND_DAYS <= 16 && SC_SOURCE_COUNT <= 16, "NUMBERS_TEXT has no room");

/* ---- Lists of small numbers as text ------------------------------------------------------------ */

static sc_str write_numbers(const int64_t *v, size_t n, char text[NUMBERS_TEXT]) {
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, NUMBERS_TEXT - used, "%s%lld", i ? "," : "",
                                 (long long)v[i]);
    return (sc_str){text, used};
}

bool sc_sq_numbers_parse(sc_str text, int64_t *ret, size_t n) {
    sc_str part;
    size_t i = 0;
    memset(ret, 0, n * sizeof *ret);
    while (sc_str_next(&text, ',', &part)) {
        if (i == n || sc_num_i64(part, INT64_MIN, INT64_MAX, &ret[i], NULL)) return false;
        i++;
    }
    return true;
}

/* ---- Reading ----------------------------------------------------------------------------------- */

static void read_numbers(sc_query *q, int64_t *ret, size_t n) {
    if (!sc_sq_numbers_parse(sc_query_get_view(q), ret, n)) q->damaged = "a list of numbers";
}

static void read_representatives(sc_query *q, sc_cluster *k) {
    static const unsigned char none[16];
    sc_str v = sc_query_get_view(q);
    if (v.n % 16 || v.n > sizeof none * SC_CLUSTER_REPRESENTATIVES) {
        q->damaged = "a list of ids";
        return;
    }
    for (size_t i = 0; i < v.n / 16; i++)
        if (memcmp(v.p + 16 * i, none, 16))
            k->representative_ids[i] = sc_id_from_bytes((const unsigned char *)v.p + 16 * i);
}

sc_rc sc_sq_cluster_row(sc_query *q, const sc_id *project, sc_arena *arena, sc_cluster *ret,
                        sc_err *err) {
    sc_cluster k = {.project_id = *project};
    k.seq = sc_query_get_int(q);
    k.id = sc_query_get_id(q);
    k.version = sc_query_get_int(q);
    k.status = (sc_cluster_status)sc_query_get_enum(q, SC_CLUSTER_STATUS_COUNT);
    k.count = sc_query_get_int(q);
    k.first_seen_ms = sc_query_get_int(q);
    k.last_seen_ms = sc_query_get_int(q);
    k.created_at_ms = sc_query_get_int(q);
    k.updated_at_ms = sc_query_get_int(q);
    k.snooze_until_ms = sc_query_get_int(q);
    k.title_locked = sc_query_get_int(q) != 0;
    k.merged_into = sc_query_get_id(q);
    k.cohesion_mean = sc_query_get_real(q);
    k.cohesion_min = sc_query_get_real(q);
    k.trend_day = sc_query_get_int(q);
    read_numbers(q, k.trend, SC_CLUSTER_TREND_DAYS);
    read_numbers(q, k.source_counts, SC_SOURCE_COUNT);
    read_representatives(q, &k);
    k.keywords = sc_query_get_text(q, arena);
    k.title = sc_query_get_text(q, arena);
    k.summary = sc_query_get_text(q, arena);
    k.repo_url = sc_query_get_text(q, arena);
    k.branch = sc_query_get_text(q, arena);
    k.pr_url = sc_query_get_text(q, arena);
    k.issue_title = sc_query_get_text(q, arena);
    k.issue_description = sc_query_get_text(q, arena);
    k.error_message = sc_query_get_text(q, arena);
    k.title_told = sc_query_get_int(q) != 0;
    k.summary_told = sc_query_get_int(q) != 0;
    k.told = sc_query_get_int(q);
    k.due = sc_query_get_int(q) != 0;
    sc_rc rc = sc_query_row_check(q, err);
    if (!rc) *ret = k;
    return rc;
}

/* ---- Writing ----------------------------------------------------------------------------------- */

static const char put_sql[] =
    "INSERT INTO cluster (id, project_no, version, status, count, sources, first_seen, last_seen,"
    " created_at, updated_at, snooze_until, title_locked, merged_into, cohesion_mean, cohesion_min,"
    " trend_day, trend, source_counts, representatives, keywords, title, summary, repo_url, branch,"
    " pr_url, issue_title, issue_description, error_message, title_told, summary_told, told, due)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status,"
    " count = excluded.count, sources = excluded.sources, first_seen = excluded.first_seen,"
    " last_seen = excluded.last_seen, created_at = excluded.created_at,"
    " updated_at = excluded.updated_at, snooze_until = excluded.snooze_until,"
    " title_locked = excluded.title_locked, merged_into = excluded.merged_into,"
    " cohesion_mean = excluded.cohesion_mean, cohesion_min = excluded.cohesion_min,"
    " trend_day = excluded.trend_day, trend = excluded.trend,"
    " source_counts = excluded.source_counts, representatives = excluded.representatives,"
    " keywords = excluded.keywords, title = excluded.title, summary = excluded.summary,"
    " repo_url = excluded.repo_url, branch = excluded.branch, pr_url = excluded.pr_url,"
    " issue_title = excluded.issue_title, issue_description = excluded.issue_description,"
    " error_message = excluded.error_message, title_told = excluded.title_told,"
    " summary_told = excluded.summary_told, told = excluded.told, due = excluded.due WHERE "
    "project_no = excluded.project_no";

static void bind(sc_query *q, int64_t project_no, int64_t version, const sc_cluster *k,
                 char trend[NUMBERS_TEXT], char counts[NUMBERS_TEXT], const unsigned char *reps) {
    int64_t sources = 0;
    for (int i = 0; i < SC_SOURCE_COUNT; i++) sources |= (int64_t)(k->source_counts[i] > 0) << i;
    sc_query_id(q, &k->id);
    sc_query_int(q, project_no);
    sc_query_int(q, version);
    sc_query_int(q, k->status);
    sc_query_int(q, k->count);
    sc_query_int(q, sources);
    sc_query_int(q, k->first_seen_ms);
    sc_query_int(q, k->last_seen_ms);
    sc_query_int(q, k->created_at_ms);
    sc_query_int(q, k->updated_at_ms);
    sc_query_int(q, k->snooze_until_ms);
    sc_query_int(q, k->title_locked);
    sc_query_id(q, &k->merged_into);
    sc_query_real(q, k->cohesion_mean);
    sc_query_real(q, k->cohesion_min);
    sc_query_int(q, k->trend_day);
    sc_query_text(q, write_numbers(k->trend, SC_CLUSTER_TREND_DAYS, trend));
    sc_query_text(q, write_numbers(k->source_counts, SC_SOURCE_COUNT, counts));
    sc_query_blob(q, reps, 16 * SC_CLUSTER_REPRESENTATIVES);
    sc_query_text(q, k->keywords);
    sc_query_text(q, k->title);
    sc_query_text(q, k->summary);
    sc_query_text(q, k->repo_url);
    sc_query_text(q, k->branch);
    sc_query_text(q, k->pr_url);
    sc_query_text(q, k->issue_title);
    sc_query_text(q, k->issue_description);
    sc_query_text(q, k->error_message);
    sc_query_int(q, k->title_told);
    sc_query_int(q, k->summary_told);
    sc_query_int(q, k->told);
    sc_query_int(q, k->due);
}

/* What the counters say of the row so far: -1 when there is none, or it is merged away. */
static sc_rc counted_as(sc_sq_conn *c, int64_t project_no, const sc_id *id, int *ret, sc_err *err) {
    SC_AUTO(sc_query_done)
    sc_query q = sc_query_of(
        c, "SELECT status, merged_into IS NULL FROM cluster WHERE id = ? AND project_no = ?");
    bool row;
    sc_query_id(&q, id);
    sc_query_int(&q, project_no);
    sc_rc rc = sc_query_next(&q, &row, err);
    *ret = -1;
    if (rc || !row) return rc;
    int status = (int)sc_query_get_enum(&q, SC_CLUSTER_STATUS_COUNT);
    if (sc_query_get_int(&q)) *ret = status;
    return sc_query_row_check(&q, err);
}

static sc_rc check(const sc_cluster *k, sc_err *err) {
    unsigned char b[16];
    if (!sc_id_to_bytes(&k->id, b))
        return sc_fail_field(err, SC_INVALID, "clusters.id", "not an id");
    if ((unsigned)k->status >= SC_CLUSTER_STATUS_COUNT)
        return sc_fail_field(err, SC_INVALID, "clusters.status", "not one of ours");
    return SC_OK;
}

sc_rc sc_sq_cluster_put(sc_sq_conn *c, int64_t project_no, int64_t version, const sc_cluster *k,
                        sc_err *err) {
    char trend[NUMBERS_TEXT], counts[NUMBERS_TEXT];
    unsigned char reps[16 * SC_CLUSTER_REPRESENTATIVES] = {0};
    int before, after = sc_id_is_set(&k->merged_into) ? -1 : (int)k->status;
    sc_rc rc = check(k, err);
    if (!rc) rc = counted_as(c, project_no, &k->id, &before, err);
    if (rc) return rc;
    for (size_t i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++)
        sc_id_to_bytes(&k->representative_ids[i], reps + 16 * i); /* none stays zeros */
    SC_AUTO(sc_query_done) sc_query q = sc_query_of(c, put_sql);
    bind(&q, project_no, version, k, trend, counts, reps);
    rc = sc_query_run(&q, err);
    if (!rc && !sc_query_changes(&q)) return sc_fail(err, SC_NOT_FOUND, "no such issue");
    if (rc || before == after) return rc;
    if (before >= 0) rc = sc_sq_tally_add(c, project_no, SC_TALLY_STATUS + before, -1, err);
    if (!rc && after >= 0) rc = sc_sq_tally_add(c, project_no, SC_TALLY_STATUS + after, 1, err);
    return rc;
}
