#include "stores/redis/issue_row.h"

static unsigned sources_of(const sc_cluster *k) {
    unsigned bits = 0;
    for (int i = 0; i < SC_SOURCE_COUNT; i++) bits |= (unsigned)(k->source_counts[i] > 0) << i;
    return bits;
}

static void pack_row(sc_buf *b, const sc_cluster *k) {
    sc_pack_array(b, 27);
    sc_pack_id(b, &k->merged_into); /* first: clusters_since reads no further */
    sc_pack_id(b, &k->id);
    sc_pack_str(b, k->title);
    sc_pack_int(b, k->first_seen_ms);
    sc_pack_int(b, k->last_seen_ms);
    sc_pack_int(b, k->created_at_ms);
    sc_pack_int(b, k->updated_at_ms);
    sc_pack_int(b, k->snooze_until_ms);
    sc_pack_int(b, k->title_locked);
    sc_pack_int(b, k->title_told);
    sc_pack_int(b, k->summary_told);
    sc_pack_int(b, k->told);
    sc_pack_real(b, k->cohesion_mean);
    sc_pack_real(b, k->cohesion_min);
    sc_pack_int(b, k->trend_day);
    sc_pack_array(b, SC_CLUSTER_TREND_DAYS);
    for (int i = 0; i < SC_CLUSTER_TREND_DAYS; i++) sc_pack_int(b, k->trend[i]);
    sc_pack_array(b, SC_SOURCE_COUNT);
    for (int i = 0; i < SC_SOURCE_COUNT; i++) sc_pack_int(b, k->source_counts[i]);
    sc_pack_array(b, SC_CLUSTER_REPRESENTATIVES);
    for (int i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++) sc_pack_id(b, &k->representative_ids[i]);
    sc_pack_str(b, k->keywords);
    sc_pack_str(b, k->summary);
    sc_pack_str(b, k->repo_url);
    sc_pack_str(b, k->branch);
    sc_pack_str(b, k->pr_url);
    sc_pack_str(b, k->issue_title);
    sc_pack_str(b, k->issue_description);
    sc_pack_str(b, k->error_message);
    sc_pack_int(b, k->due);
}

sc_rc sc_rd_pack_issue(sc_buf *b, const sc_cluster *k, sc_buf *row, sc_err *err) {
    sc_buf_reset(row);
    pack_row(row, k);
    sc_pack_array(b, 11);
    sc_pack_id(b, &k->id);
    sc_pack_str(b, sc_buf_str(row));
    sc_pack_int(b, k->status);
    sc_pack_int(b, !sc_id_is_set(&k->merged_into));
    sc_pack_time(b, k->last_seen_ms);
    sc_pack_time(b, k->count);
    sc_pack_time(b, k->created_at_ms);
    sc_pack_int(b, k->count);
    sc_pack_int(b, sources_of(k));
    sc_pack_int(b, k->due);
    sc_pack_array(b, 1 + SC_CLUSTER_TREND_DAYS);
    sc_pack_int(b, k->trend_day);
    for (int i = 0; i < SC_CLUSTER_TREND_DAYS; i++) sc_pack_int(b, k->trend[i]);
    return sc_buf_check(row, "an issue", err);
}

void sc_rd_issue_facts(sc_str facts, sc_cluster *ret, unsigned *ret_sources, bool *bad) {
    sc_unpack u = sc_unpack_of(facts);
    sc_unpack_array(&u);
    ret->seq = sc_unpack_int(&u);
    ret->version = sc_unpack_int(&u);
    ret->status = (sc_cluster_status)sc_unpack_enum(&u, SC_CLUSTER_STATUS_COUNT);
    sc_unpack_int(&u);
    for (int i = 0; i < 3; i++) sc_unpack_str(&u);
    ret->count = sc_unpack_int(&u);
    *ret_sources = (unsigned)sc_unpack_int(&u);
    sc_unpack_int(&u);
    sc_unpack_array(&u);
    ret->trend_day = sc_unpack_int(&u);
    for (int i = 0; i < SC_CLUSTER_TREND_DAYS; i++) ret->trend[i] = sc_unpack_int(&u);
    *bad |= u.bad;
}

static void read_numbers(sc_unpack *u, int64_t *ret, size_t n) {
    size_t have = sc_unpack_array(u);
    for (size_t i = 0; i < have; i++) {
        int64_t v = sc_unpack_int(u);
        if (i < n) ret[i] = v;
    }
}

void sc_rd_issue_of(sc_str facts, sc_str row, const sc_id *project, sc_arena *arena,
                    sc_cluster *ret, bool *bad, bool *nomem) {
    unsigned sources;
    sc_unpack u = sc_unpack_of(row);
    sc_cluster k = {.project_id = *project};
    sc_rd_issue_facts(facts, &k, &sources, bad);
    sc_unpack_array(&u);
    k.merged_into = sc_unpack_id(&u);
    k.id = sc_unpack_id(&u);
    k.title = sc_unpack_text(&u, arena, nomem);
    k.first_seen_ms = sc_unpack_int(&u);
    k.last_seen_ms = sc_unpack_int(&u);
    k.created_at_ms = sc_unpack_int(&u);
    k.updated_at_ms = sc_unpack_int(&u);
    k.snooze_until_ms = sc_unpack_int(&u);
    k.title_locked = sc_unpack_int(&u) != 0;
    k.title_told = sc_unpack_int(&u) != 0;
    k.summary_told = sc_unpack_int(&u) != 0;
    k.told = sc_unpack_int(&u);
    k.cohesion_mean = sc_unpack_real(&u);
    k.cohesion_min = sc_unpack_real(&u);
    k.trend_day = sc_unpack_int(&u);
    read_numbers(&u, k.trend, SC_CLUSTER_TREND_DAYS);
    read_numbers(&u, k.source_counts, SC_SOURCE_COUNT);
    if (sc_unpack_array(&u) != SC_CLUSTER_REPRESENTATIVES) u.bad = true;
    for (int i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++) k.representative_ids[i] = sc_unpack_id(&u);
    k.keywords = sc_unpack_text(&u, arena, nomem);
    k.summary = sc_unpack_text(&u, arena, nomem);
    k.repo_url = sc_unpack_text(&u, arena, nomem);
    k.branch = sc_unpack_text(&u, arena, nomem);
    k.pr_url = sc_unpack_text(&u, arena, nomem);
    k.issue_title = sc_unpack_text(&u, arena, nomem);
    k.issue_description = sc_unpack_text(&u, arena, nomem);
    k.error_message = sc_unpack_text(&u, arena, nomem);
    k.due = sc_unpack_int(&u) != 0;
    *bad |= u.bad;
    *ret = k;
}
