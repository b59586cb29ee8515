/* Import of an export. Lines are collected and written in groups: reports first (durably, deduplicated), then
 * one grouping write with their places, decisions and clusters. */
#include "app/internal.h"
#include "app/transfer.h"
#include "base/json.h"

enum { GROUP = 500, MAX_PROJECTS = 1000, LINE_MAX_BYTES = 4 << 20 };

typedef struct project_map {
    sc_id theirs, ours;
} project_map;

struct sc_import {
    sc_app *app;
    bool started;
    project_map *projects;
    size_t n_projects;
    sc_id project;  /* ours, of the group under way */
    sc_arena arena; /* of the group under way */
    sc_feedback *reports;
    sc_id *clusters_of; /* where reports[i] belongs */
    size_t n_reports;
    sc_cluster *clusters;
    size_t n_clusters;
    sc_decision *decisions;
    sc_id *decided; /* report of decisions[i] */
    size_t n_decisions;
    sc_correction *corrections;
    sc_id *corrected; /* report of corrections[i], or empty */
    size_t n_corrections;
    sc_audit *audits;
    size_t n_audits;
    sc_transfer_counts counts;
};

static sc_rc fresh_group(sc_import *im, sc_err *err) {
    sc_arena_done(&im->arena);
    sc_arena_init(&im->arena, (size_t)1 << 30);
    im->n_reports = im->n_clusters = im->n_decisions = im->n_corrections = im->n_audits = 0;
    im->audits = sc_arena_take_array(&im->arena, GROUP, sizeof *im->audits);
    im->reports = sc_arena_take_array(&im->arena, GROUP, sizeof *im->reports);
    im->clusters_of = sc_arena_take_array(&im->arena, GROUP, sizeof *im->clusters_of);
    im->clusters = sc_arena_take_array(&im->arena, GROUP, sizeof *im->clusters);
    im->decisions = sc_arena_take_array(&im->arena, GROUP, sizeof *im->decisions);
    im->decided = sc_arena_take_array(&im->arena, GROUP, sizeof *im->decided);
    im->corrections = sc_arena_take_array(&im->arena, GROUP, sizeof *im->corrections);
    im->corrected = sc_arena_take_array(&im->arena, GROUP, sizeof *im->corrected);
    bool ok = im->reports && im->clusters_of && im->clusters && im->decisions && im->decided &&
              im->corrections && im->corrected && im->audits;
    return ok ? SC_OK : sc_fail(err, SC_NOMEM, "no memory to import");
}

sc_rc sc_import_begin(sc_app *app, sc_import **ret, sc_err *err) {
    sc_import *im = sc_alloc(sizeof *im);
    if (!im) return sc_fail(err, SC_NOMEM, "no memory to import");
    im->app = app;
    sc_arena_init(&im->arena, 0);
    im->projects = sc_alloc_array(MAX_PROJECTS, sizeof *im->projects);
    sc_rc rc = im->projects ? fresh_group(im, err) : sc_fail(err, SC_NOMEM, "no memory to import");
    if (rc) {
        sc_arena_done(&im->arena);
        sc_free(im->projects);
        sc_free(im);
        return rc;
    }
    *ret = im;
    return SC_OK;
}

/* ---- Reading lines -------------------------------------------------------------------------------- */

static sc_str copy(sc_import *im, const json_t *o, const char *key) {
    sc_str v = sc_json_str_at(o, key);
    char *p = v.n ? sc_arena_copy(&im->arena, v.p, v.n) : NULL;
    return p ? (sc_str){p, v.n} : SC_STR_NONE;
}

static int64_t number(const json_t *o, const char *key) {
    return json_integer_value(json_object_get(o, key));
}

static double real(const json_t *o, const char *key) {
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : __builtin_nan("");
}

static sc_id id_at(const json_t *o, const char *key) { return sc_id_of(sc_json_str_at(o, key)); }

static sc_str dumped(sc_import *im, const json_t *v, const char *fallback) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, SC_FEEDBACK_MAX_METADATA);
    if (!v || !sc_json_dump(v, &b)) return sc_str_of(fallback);
    char *p = sc_arena_copy(&im->arena, b.p, b.n);
    return p ? (sc_str){p, b.n} : sc_str_of(fallback);
}

static sc_rc need_id(const json_t *o, const char *key, sc_id *ret, sc_err *err) {
    *ret = id_at(o, key);
    return sc_id_is_set(ret) ? SC_OK : sc_fail_field(err, SC_UNPROCESSABLE, key, "expected an id");
}

static sc_rc take_project(sc_import *im, const json_t *o, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_project p = {.name = sc_json_str_at(o, "name"), .created_at_ms = number(o, "created_at_ms")},
               have;
    sc_rc rc = need_id(o, "id", &p.id, err);
    if (!rc) rc = sc_project_check_name(p.name, err);
    if (!rc && im->n_projects == MAX_PROJECTS)
        rc = sc_fail(err, SC_TOO_LARGE, "more than %d projects", MAX_PROJECTS);
    if (rc) return rc;
    const sc_store_ops *st = STORE(im->app);
    rc = st->project_get(SELF(im->app), sc_id_str(&p.id), &arena, &have, err);
    if (rc == SC_NOT_FOUND) rc = st->project_get(SELF(im->app), p.name, &arena, &have, err);
    if (rc == SC_NOT_FOUND) {
        rc = st->project_put(SELF(im->app), &p, err);
        have = p;
        im->counts.projects += !rc;
    }
    if (!rc) im->projects[im->n_projects++] = (project_map){.theirs = p.id, .ours = have.id};
    return rc;
}

static sc_rc take_cluster(sc_import *im, const json_t *o, sc_err *err) {
    sc_cluster c = {.project_id = im->project,
                    .title = copy(im, o, "title"),
                    .summary = copy(im, o, "summary"),
                    .title_locked = json_is_true(json_object_get(o, "title_locked")),
                    .title_told = json_is_true(json_object_get(o, "title_told")),
                    .summary_told = json_is_true(json_object_get(o, "summary_told")),
                    .told = number(o, "told"),
                    .count = number(o, "count"),
                    .keywords = dumped(im, json_object_get(o, "keywords"), "[]"),
                    .cohesion_mean = real(o, "cohesion_mean"),
                    .cohesion_min = real(o, "cohesion_min"),
                    .trend_day = number(o, "trend_day"),
                    .first_seen_ms = number(o, "first_seen_ms"),
                    .last_seen_ms = number(o, "last_seen_ms"),
                    .created_at_ms = number(o, "created_at_ms"),
                    .updated_at_ms = number(o, "updated_at_ms"),
                    .snooze_until_ms = number(o, "snooze_until_ms"),
                    .merged_into = id_at(o, "merged_into"),
                    .repo_url = copy(im, o, "repo_url"),
                    .branch = copy(im, o, "branch"),
                    .pr_url = copy(im, o, "pr_url"),
                    .issue_title = copy(im, o, "issue_title"),
                    .issue_description = copy(im, o, "issue_description"),
                    .error_message = copy(im, o, "error_message"),
                    .version = number(o, "version")};
    sc_rc rc = need_id(o, "id", &c.id, err);
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
    rc = STORE(im->app)->cluster_get(SELF(im->app), &im->project, &c.id, &arena, &have, err);
    if (!rc) im->counts.skipped++; /* here already: what is here is newer */
    if (rc != SC_NOT_FOUND) return rc;
    im->clusters[im->n_clusters++] = c;
    im->counts.clusters++;
    return SC_OK;
}

static sc_rc take_feedback(sc_import *im, const json_t *o, sc_err *err) {
    sc_feedback f = {.project_id = im->project,
                     .external_id = copy(im, o, "external_id"),
                     .title = copy(im, o, "title"),
                     .body = copy(im, o, "body"),
                     .stack = copy(im, o, "stack"),
                     .metadata = dumped(im, json_object_get(o, "metadata"), "{}"),
                     .repo = copy(im, o, "repo"),
                     .url = copy(im, o, "url"),
                     .status = copy(im, o, "status"),
                     .issue_number = number(o, "issue_number"),
                     .created_at_ms = number(o, "created_at_ms"),
                     .received_at_ms = number(o, "received_at_ms"),
                     .request_id = copy(im, o, "request_id")};
    sc_rc rc = need_id(o, "id", &f.id, err);
    if (!rc && !sc_feedback_source_parse(sc_json_str_at(o, "source"), &f.source))
        rc = sc_fail_field(err, SC_UNPROCESSABLE, "source", "not a source");
    if (!rc) rc = sc_feedback_normalise(&f, err);
    if (rc) return rc;
    im->clusters_of[im->n_reports] = id_at(o, "cluster_id");
    im->reports[im->n_reports++] = f;
    return SC_OK;
}

static sc_rc take_decision(sc_import *im, const json_t *o, sc_err *err) {
    sc_decision d = {.cluster_id = id_at(o, "cluster_id"),
                     .from_id = id_at(o, "from_id"),
                     .evidence = {.probability = real(o, "probability"),
                                  .mean = real(o, "mean"),
                                  .best = real(o, "best"),
                                  .worst = real(o, "worst"),
                                  .semantic = real(o, "semantic"),
                                  .lexical = real(o, "lexical"),
                                  .title = real(o, "title"),
                                  .stack = real(o, "stack"),
                                  .conflict = json_is_true(json_object_get(o, "conflict"))},
                     .shared_terms = dumped(im, json_object_get(o, "shared_terms"), "[]"),
                     .model = copy(im, o, "model"),
                     .actor = copy(im, o, "actor"),
                     .note = copy(im, o, "note"),
                     .job_id = id_at(o, "job_id"),
                     .at_ms = number(o, "at_ms")};
    if (!sc_decision_reason_parse(sc_json_str_at(o, "reason"), &d.reason))
        return sc_fail_field(err, SC_UNPROCESSABLE, "reason", "not a reason for a decision");
    sc_rc rc = need_id(o, "feedback_id", &im->decided[im->n_decisions], err);
    if (!rc) im->decisions[im->n_decisions++] = d;
    return rc;
}

static sc_rc take_correction(sc_import *im, const json_t *o, sc_err *err) {
    sc_correction c = {.id = id_at(o, "id"),
                       .action_id = id_at(o, "action_id"),
                       .cluster_id = id_at(o, "cluster_id"),
                       .other_id = id_at(o, "other_id"),
                       .actor = copy(im, o, "actor"),
                       .at_ms = number(o, "at_ms")};
    if (!sc_correction_kind_parse(sc_json_str_at(o, "what"), &c.kind))
        return sc_fail_field(err, SC_UNPROCESSABLE, "what", "not a kind of correction");
    im->corrected[im->n_corrections] = id_at(o, "feedback_id");
    im->corrections[im->n_corrections++] = c;
    return SC_OK;
}

static const sc_id *ours_of(const sc_import *im, const sc_id *theirs) {
    for (size_t k = 0; k < im->n_projects; k++)
        if (sc_id_eq(&im->projects[k].theirs, theirs)) return &im->projects[k].ours;
    return NULL;
}

static sc_rc no_such_project(sc_err *err) {
    return sc_fail_field(err, SC_UNPROCESSABLE, "project_id",
                         "no line before this one names that project");
}

/* Handed out as JSON one day, so it must be some. */
static sc_rc object_text(sc_import *im, const json_t *o, const char *key, sc_str *ret,
                         sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    *ret = copy(im, o, key);
    if (ret->n && (sc_json_parse(*ret, &v, NULL) || !json_is_object(v)))
        return sc_fail_field(err, SC_UNPROCESSABLE, key, "expected a JSON object as text");
    return SC_OK;
}

static sc_rc take_audit(sc_import *im, const json_t *o, sc_err *err) {
    sc_audit a = {.at_ms = number(o, "at_ms"),
                  .key_id = id_at(o, "key_id"),
                  .actor = copy(im, o, "actor"),
                  .action = copy(im, o, "action"),
                  .target = copy(im, o, "target"),
                  .request_id = copy(im, o, "request_id")};
    sc_id theirs = id_at(o, "project_id");
    const sc_id *ours = sc_id_is_set(&theirs) ? ours_of(im, &theirs) : &theirs;
    sc_rc rc = need_id(o, "id", &a.id, err);
    if (!rc && !ours) rc = no_such_project(err);
    if (!rc) rc = object_text(im, o, "before", &a.before, err);
    if (!rc) rc = object_text(im, o, "after", &a.after, err);
    if (!rc) rc = object_text(im, o, "asked", &a.asked, err);
    if (rc) return rc;
    a.project_id = *ours;
    im->audits[im->n_audits++] = a;
    im->counts.audits++;
    return SC_OK;
}

/* ---- Writing a group ------------------------------------------------------------------------------ */

static sc_rc put_reports(sc_import *im, sc_assign *assigns, size_t *ret_n, sc_err *err) {
    size_t n = im->n_reports;
    sc_put_result *put = sc_arena_take_array(&im->arena, n + 1, sizeof *put);
    sc_id *jobs = sc_arena_take_array(&im->arena, n + 1, sizeof *jobs);
    if (!put || !jobs) return sc_fail(err, SC_NOMEM, "no memory to import");
    sc_id job = sc_id_new(im->app->conf.clock);
    for (size_t i = 0; i < n; i++) jobs[i] = job;
    sc_rc rc = STORE(im->app)->feedback_put(SELF(im->app), im->reports, jobs, n, put, err);
    if (rc) return rc;
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (put[i].status == SC_PUT_DUPLICATE && !sc_id_eq(&put[i].id, &im->reports[i].id))
            return sc_fail(
                err, SC_CONFLICT,
                "report %s is here already under another id (%s): import into an empty project",
                im->reports[i].id.text, put[i].id.text);
        if (put[i].status == SC_PUT_DUPLICATE) {
            im->counts.skipped++;
            continue;
        }
        im->counts.feedback++;
        if (sc_id_is_set(&im->clusters_of[i]))
            assigns[(*ret_n)++] = (sc_assign){.seq = put[i].seq, .cluster_id = im->clusters_of[i]};
    }
    return SC_OK;
}

static bool was_new(const sc_assign *a, size_t n, int64_t seq) {
    for (size_t i = 0; i < n; i++)
        if (a[i].seq == seq) return true;
    return false;
}

static sc_rc seq_of(sc_import *im, const sc_id *id, int64_t *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_feedback f;
    sc_rc rc = STORE(im->app)->feedback_get(SELF(im->app), &im->project, id, &arena, &f, err);
    if (!rc) *ret = f.seq;
    return rc;
}

/* Only decisions about reports that came with this group: a second import adds nothing. */
static sc_rc keep_decisions(sc_import *im, const sc_assign *assigns, size_t n, sc_err *err) {
    size_t kept = 0;
    for (size_t i = 0; i < im->n_decisions; i++) {
        int64_t seq;
        sc_rc rc = seq_of(im, &im->decided[i], &seq, err);
        if (rc) return rc;
        if (!was_new(assigns, n, seq)) continue;
        im->decisions[kept] = im->decisions[i];
        im->decisions[kept++].feedback_seq = seq;
    }
    im->n_decisions = kept;
    im->counts.decisions += (int64_t)kept;
    return SC_OK;
}

static sc_rc keep_corrections(sc_import *im, sc_err *err) {
    if (!im->n_corrections) return SC_OK;
    sc_correction *have;
    size_t n, kept = 0;
    sc_rc rc = STORE(im->app)->corrections(SELF(im->app), &im->project, &im->arena, &have, &n, err);
    for (size_t i = 0; !rc && i < im->n_corrections; i++) {
        bool known = false;
        for (size_t k = 0; k < n && !known; k++)
            known = sc_id_eq(&have[k].id, &im->corrections[i].id);
        if (known) continue;
        if (sc_id_is_set(&im->corrected[i]))
            rc = seq_of(im, &im->corrected[i], &im->corrections[i].feedback_seq, err);
        if (!rc) im->corrections[kept++] = im->corrections[i];
    }
    im->n_corrections = kept;
    im->counts.corrections += (int64_t)kept;
    return rc;
}

static sc_rc flush_audits(sc_import *im, sc_err *err) {
    size_t n = im->n_audits;
    im->n_audits = 0;
    return n ? STORE(im->app)->audit_put(SELF(im->app), im->audits, n, err) : SC_OK;
}

static sc_rc flush(sc_import *im, sc_err *err) {
    sc_rc done = flush_audits(im, err);
    if (done) return done;
    if (!im->n_reports && !im->n_clusters && !im->n_decisions && !im->n_corrections) return SC_OK;
    SC_AUTO(sc_arena_done) sc_arena tmp;
    sc_arena_init(&tmp, 1 << 16);
    sc_project p;
    sc_assign *assigns = sc_arena_take_array(&im->arena, im->n_reports + 1, sizeof *assigns);
    size_t n = 0;
    sc_rc rc = assigns ? SC_OK : sc_fail(err, SC_NOMEM, "no memory to import");
    if (!rc && im->n_reports) rc = put_reports(im, assigns, &n, err);
    if (!rc) rc = keep_decisions(im, assigns, n, err);
    if (!rc) rc = keep_corrections(im, err);
    if (!rc)
        rc = STORE(im->app)->project_get(SELF(im->app), sc_id_str(&im->project), &tmp, &p, err);
    sc_group_write gw = {.project_id = im->project,
                         .model = "",
                         .assigns = assigns,
                         .n_assigns = n,
                         .clusters = im->clusters,
                         .n_clusters = im->n_clusters,
                         .decisions = im->decisions,
                         .n_decisions = im->n_decisions,
                         .corrections = im->corrections,
                         .n_corrections = im->n_corrections,
                         .now_ms = sc_now_ms(im->app->conf.clock)};
    int64_t version;
    if (!rc) gw.expect_version = p.group_version;
    if (!rc && (n || gw.n_clusters || gw.n_decisions || gw.n_corrections))
        rc = STORE(im->app)->group_write(SELF(im->app), &gw, &version, err);
    return rc ? rc : fresh_group(im, err);
}

/* A report and its decisions go in one group: only a new report or another kind of line may start a new one. */
static bool must_flush(const sc_import *im, sc_str kind, const sc_id *project) {
    if (!sc_id_eq(&im->project, project)) return true;
    if (sc_str_is(kind, "feedback"))
        return im->n_reports >= GROUP - 1 || im->n_decisions >= GROUP / 2 || im->n_clusters;
    if (sc_str_is(kind, "cluster")) return im->n_clusters >= GROUP - 1;
    if (sc_str_is(kind, "correction")) return im->n_corrections >= GROUP - 1 || im->n_reports;
    return im->n_decisions >= GROUP - 1;
}

static sc_rc take_line(sc_import *im, sc_str kind, const json_t *o, sc_err *err) {
    if (sc_str_is(kind, "project")) return take_project(im, o, err);
    if (sc_str_is(kind, "audit")) {
        sc_rc rc = im->n_audits == GROUP ? flush_audits(im, err) : SC_OK;
        return rc ? rc : take_audit(im, o, err);
    }
    static const struct {
        const char *kind;
        sc_rc (*take)(sc_import *, const json_t *, sc_err *);
    } kinds[] = {{"cluster", take_cluster},
                 {"feedback", take_feedback},
                 {"decision", take_decision},
                 {"correction", take_correction}};
    for (size_t i = 0; i < SC_LEN(kinds); i++) {
        if (!sc_str_is(kind, kinds[i].kind)) continue;
        sc_id theirs = id_at(o, "project_id");
        const sc_id *ours = ours_of(im, &theirs);
        if (!ours) return no_such_project(err);
        if (must_flush(im, kind, ours)) {
            sc_rc rc = flush(im, err);
            if (rc) return rc;
        }
        im->project = *ours;
        return kinds[i].take(im, o, err);
    }
    return sc_fail_field(err, SC_UNPROCESSABLE, "kind", "unknown kind of line");
}

sc_rc sc_import_line(sc_import *im, sc_str line, int64_t line_no, sc_err *err) {
    if (!sc_str_trim(line).n) return SC_OK;
    SC_AUTO(sc_json_auto) json_t *o = NULL;
    sc_rc rc = line.n > LINE_MAX_BYTES ? sc_fail(err, SC_TOO_LARGE, "over %d bytes", LINE_MAX_BYTES)
                                       : sc_json_parse(line, &o, err);
    sc_str kind = rc ? SC_STR_NONE : sc_json_str_at(o, "kind");
    if (!rc && !im->started) {
        if (!sc_str_is(kind, "soulcaster-export"))
            rc = sc_fail(err, SC_UNPROCESSABLE,
                         "not an export of Soulcaster (its first line says so)");
        else if (number(o, "version") != 1)
            rc =
                sc_fail(err, SC_UNPROCESSABLE, "made by a newer version: this one reads version 1");
        im->started = !rc;
    } else if (!rc) {
        rc = take_line(im, kind, o, err);
    }
    return rc ? sc_wrap(err, "line %lld", (long long)line_no) : SC_OK;
}

sc_rc sc_import_end(sc_import *im, sc_transfer_counts *ret, sc_err *err) {
    sc_rc rc = im->started ? flush(im, err) : sc_fail(err, SC_UNPROCESSABLE, "the export is empty");
    *ret = im->counts;
    sc_arena_done(&im->arena);
    sc_free(im->projects);
    sc_free(im);
    return rc;
}
