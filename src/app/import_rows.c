/* Lines of an export as rows of the group under way. */
#include "app/import.h"

/* ---- Members of a line -------------------------------------------------------------------------------- */

static void no_memory(sc_import *im) {
    sc_err why = {0};
    sc_fail(&why, SC_NOMEM, "no memory for a row");
    sc_import_break(im, SC_NOMEM, &why);
}

static sc_str kept(sc_import *im, sc_str v) {
    char *p = v.n ? sc_arena_copy(&im->arena, v.p, v.n) : NULL;
    if (v.n && !p) no_memory(im);
    return p ? (sc_str){p, v.n} : SC_STR_NONE;
}

sc_str sc_import_str(sc_import *im, const json_t *o, const char *key) {
    return kept(im, sc_json_str_at(o, key));
}

int64_t sc_import_int(const json_t *o, const char *key) {
    return json_integer_value(json_object_get(o, key));
}

double sc_import_real(const json_t *o, const char *key) {
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : __builtin_nan("");
}

sc_id sc_import_id(const json_t *o, const char *key) { return sc_id_of(sc_json_str_at(o, key)); }

sc_str sc_import_json(sc_import *im, const json_t *v, const char *fallback) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_FEEDBACK_MAX_METADATA);
    if (v && sc_json_dump(v, &b)) return kept(im, sc_buf_str(&b));
    if (b.no_memory) no_memory(im);
    return sc_str_of(fallback);
}

sc_rc sc_import_need_id(const json_t *o, const char *key, sc_id *ret, sc_err *err) {
    *ret = sc_import_id(o, key);
    return sc_id_is_set(ret) ? SC_OK : sc_fail_field(err, SC_UNPROCESSABLE, key, "expected an id");
}

/* ---- What is here ------------------------------------------------------------------------------------- */

sc_rc sc_import_find_project(sc_import *im, sc_str id_or_name, sc_arena *arena, sc_project *ret,
                             sc_err *err) {
    if (!im->app) return SC_NOT_FOUND;
    return STORE(im->app)->project_get(SELF(im->app), id_or_name, arena, ret, err);
}

sc_rc sc_import_find_cluster(sc_import *im, const sc_id *id, sc_arena *arena, sc_cluster *ret,
                             sc_err *err) {
    if (!im->app) return SC_NOT_FOUND;
    return STORE(im->app)->cluster_get(SELF(im->app), &im->project, id, arena, ret, err);
}

sc_rc sc_import_find_report(sc_import *im, const sc_id *id, sc_arena *arena, sc_feedback *ret,
                            sc_err *err) {
    if (!im->app) return SC_NOT_FOUND;
    return STORE(im->app)->feedback_get(SELF(im->app), &im->project, id, arena, ret, err);
}

const sc_id *sc_import_project_of(const sc_import *im, const sc_id *theirs) {
    for (size_t k = 0; k < im->n_projects; k++)
        if (sc_id_eq(&im->projects[k].theirs, theirs)) return &im->projects[k].ours;
    return NULL;
}

sc_rc sc_import_no_project(sc_err *err) {
    return sc_fail_field(err, SC_UNPROCESSABLE, "project_id",
                         "no line before this one names that project");
}

/* ---- Rows --------------------------------------------------------------------------------------------- */

sc_rc sc_import_cluster(sc_import *im, const json_t *o, sc_err *err) {
    sc_cluster c = {.project_id = im->project,
                    .title = sc_import_str(im, o, "title"),
                    .summary = sc_import_str(im, o, "summary"),
                    .title_locked = json_is_true(json_object_get(o, "title_locked")),
                    .title_told = json_is_true(json_object_get(o, "title_told")),
                    .summary_told = json_is_true(json_object_get(o, "summary_told")),
                    .told = sc_import_int(o, "told"),
                    .count = sc_import_int(o, "count"),
                    .keywords = sc_import_json(im, json_object_get(o, "keywords"), "[]"),
                    .cohesion_mean = sc_import_real(o, "cohesion_mean"),
                    .cohesion_min = sc_import_real(o, "cohesion_min"),
                    .trend_day = sc_import_int(o, "trend_day"),
                    .first_seen_ms = sc_import_int(o, "first_seen_ms"),
                    .last_seen_ms = sc_import_int(o, "last_seen_ms"),
                    .created_at_ms = sc_import_int(o, "created_at_ms"),
                    .updated_at_ms = sc_import_int(o, "updated_at_ms"),
                    .snooze_until_ms = sc_import_int(o, "snooze_until_ms"),
                    .merged_into = sc_import_id(o, "merged_into"),
                    .repo_url = sc_import_str(im, o, "repo_url"),
                    .branch = sc_import_str(im, o, "branch"),
                    .pr_url = sc_import_str(im, o, "pr_url"),
                    .issue_title = sc_import_str(im, o, "issue_title"),
                    .issue_description = sc_import_str(im, o, "issue_description"),
                    .error_message = sc_import_str(im, o, "error_message"),
                    .version = sc_import_int(o, "version")};
    sc_rc rc = sc_import_need_id(o, "id", &c.id, err);
    if (!rc && !sc_cluster_status_parse(sc_json_str_at(o, "status"), &c.status))
        rc = sc_fail_field(err, SC_UNPROCESSABLE, "status", "not a status of an issue");
    if (rc) return rc;
    c.due = sc_cluster_wants_telling(&c, false);
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        c.source_counts[i] =
            json_integer_value(json_array_get(json_object_get(o, "source_counts"), i));
    for (size_t i = 0; i < SC_CLUSTER_TREND_DAYS; i++)
        c.trend[i] = json_integer_value(json_array_get(json_object_get(o, "trend"), i));
    for (size_t i = 0; i < SC_CLUSTER_REPRESENTATIVES; i++) {
        const json_t *r = json_array_get(json_object_get(o, "representative_ids"), i);
        if (json_is_string(r)) c.representative_ids[i] = sc_id_of(sc_str_of(json_string_value(r)));
    }
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_cluster have;
    rc = sc_import_find_cluster(im, &c.id, &arena, &have, err);
    if (!rc) im->counts.skipped++; /* here already: what is here is newer */
    if (rc != SC_NOT_FOUND) return rc;
    im->clusters[im->n_clusters++] = c;
    im->counts.clusters++;
    return SC_OK;
}

sc_rc sc_import_feedback(sc_import *im, const json_t *o, sc_err *err) {
    sc_feedback f = {.project_id = im->project,
                     .external_id = sc_import_str(im, o, "external_id"),
                     .title = sc_import_str(im, o, "title"),
                     .body = sc_import_str(im, o, "body"),
                     .stack = sc_import_str(im, o, "stack"),
                     .metadata = sc_import_json(im, json_object_get(o, "metadata"), "{}"),
                     .repo = sc_import_str(im, o, "repo"),
                     .url = sc_import_str(im, o, "url"),
                     .status = sc_import_str(im, o, "status"),
                     .issue_number = sc_import_int(o, "issue_number"),
                     .created_at_ms = sc_import_int(o, "created_at_ms"),
                     .received_at_ms = sc_import_int(o, "received_at_ms"),
                     .request_id = sc_import_str(im, o, "request_id")};
    sc_rc rc = sc_import_need_id(o, "id", &f.id, err);
    if (!rc && !sc_feedback_source_parse(sc_json_str_at(o, "source"), &f.source))
        rc = sc_fail_field(err, SC_UNPROCESSABLE, "source", "not a source");
    if (!rc) rc = sc_feedback_normalise(&f, err);
    if (rc) return rc;
    im->clusters_of[im->n_reports] = sc_import_id(o, "cluster_id");
    im->reports[im->n_reports++] = f;
    return SC_OK;
}

sc_rc sc_import_decision(sc_import *im, const json_t *o, sc_err *err) {
    sc_decision d = {.cluster_id = sc_import_id(o, "cluster_id"),
                     .from_id = sc_import_id(o, "from_id"),
                     .evidence = {.probability = sc_import_real(o, "probability"),
                                  .mean = sc_import_real(o, "mean"),
                                  .best = sc_import_real(o, "best"),
                                  .worst = sc_import_real(o, "worst"),
                                  .semantic = sc_import_real(o, "semantic"),
                                  .lexical = sc_import_real(o, "lexical"),
                                  .title = sc_import_real(o, "title"),
                                  .stack = sc_import_real(o, "stack"),
                                  .conflict = json_is_true(json_object_get(o, "conflict"))},
                     .shared_terms = sc_import_json(im, json_object_get(o, "shared_terms"), "[]"),
                     .model = sc_import_str(im, o, "model"),
                     .actor = sc_import_str(im, o, "actor"),
                     .note = sc_import_str(im, o, "note"),
                     .job_id = sc_import_id(o, "job_id"),
                     .at_ms = sc_import_int(o, "at_ms")};
    if (!sc_decision_reason_parse(sc_json_str_at(o, "reason"), &d.reason))
        return sc_fail_field(err, SC_UNPROCESSABLE, "reason", "not a reason for a decision");
    if (im->n_decisions == SC_IMPORT_DECISIONS)
        return sc_fail(err, SC_TOO_LARGE, "more than %d decisions about a report",
                       SC_IMPORT_DECISIONS);
    im->nearest[im->n_decisions] = sc_import_id(o, "nearest_id");
    sc_rc rc = sc_import_need_id(o, "feedback_id", &im->decided[im->n_decisions], err);
    if (!rc) im->decisions[im->n_decisions++] = d;
    return rc;
}

sc_rc sc_import_correction(sc_import *im, const json_t *o, sc_err *err) {
    sc_correction c = {.id = sc_import_id(o, "id"),
                       .action_id = sc_import_id(o, "action_id"),
                       .cluster_id = sc_import_id(o, "cluster_id"),
                       .other_id = sc_import_id(o, "other_id"),
                       .actor = sc_import_str(im, o, "actor"),
                       .at_ms = sc_import_int(o, "at_ms")};
    if (!sc_correction_kind_parse(sc_json_str_at(o, "what"), &c.kind))
        return sc_fail_field(err, SC_UNPROCESSABLE, "what", "not a kind of correction");
    im->corrected[im->n_corrections] = sc_import_id(o, "feedback_id");
    im->corrections[im->n_corrections++] = c;
    return SC_OK;
}

/* Handed out as JSON one day, so it must be some. */
static sc_rc object_text(sc_import *im, const json_t *o, const char *key, sc_str *ret,
                         sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    *ret = sc_import_str(im, o, key);
    if (ret->n && (sc_json_parse(*ret, &v, NULL) || !json_is_object(v)))
        return sc_fail_field(err, SC_UNPROCESSABLE, key, "expected a JSON object as text");
    return SC_OK;
}

sc_rc sc_import_audit(sc_import *im, const json_t *o, sc_err *err) {
    sc_audit a = {.at_ms = sc_import_int(o, "at_ms"),
                  .key_id = sc_import_id(o, "key_id"),
                  .actor = sc_import_str(im, o, "actor"),
                  .action = sc_import_str(im, o, "action"),
                  .target = sc_import_str(im, o, "target"),
                  .request_id = sc_import_str(im, o, "request_id")};
    sc_id theirs = sc_import_id(o, "project_id");
    const sc_id *ours = sc_id_is_set(&theirs) ? sc_import_project_of(im, &theirs) : &theirs;
    sc_rc rc = sc_import_need_id(o, "id", &a.id, err);
    if (!rc && !ours) rc = sc_import_no_project(err);
    if (!rc) rc = object_text(im, o, "before", &a.before, err);
    if (!rc) rc = object_text(im, o, "after", &a.after, err);
    if (!rc) rc = object_text(im, o, "asked", &a.asked, err);
    if (rc) return rc;
    a.project_id = *ours;
    im->audits[im->n_audits++] = a;
    return SC_OK;
}
