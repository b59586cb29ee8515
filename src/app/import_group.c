/* Writing the group under way: reports first, then one grouping write. */
#include "app/describe.h"
#include "app/import.h"

enum { TRIES = 8 };

sc_rc sc_import_fresh(sc_import *im, sc_err *err) {
    sc_arena_done(&im->arena);
    sc_arena_init(&im->arena, (size_t)1 << 30);
    im->n_reports = im->n_clusters = im->n_decisions = im->n_corrections = im->n_audits = 0;
    im->audits = sc_arena_take_array(&im->arena, SC_IMPORT_GROUP, sizeof *im->audits);
    im->reports = sc_arena_take_array(&im->arena, SC_IMPORT_GROUP, sizeof *im->reports);
    im->clusters_of = sc_arena_take_array(&im->arena, SC_IMPORT_GROUP, sizeof *im->clusters_of);
    im->clusters =
        sc_arena_take_array(&im->arena, (size_t)2 * SC_IMPORT_GROUP, sizeof *im->clusters);
    im->placed = sc_arena_take_array(&im->arena, SC_IMPORT_GROUP, sizeof *im->placed);
    im->decisions = sc_arena_take_array(&im->arena, SC_IMPORT_DECISIONS, sizeof *im->decisions);
    im->decided = sc_arena_take_array(&im->arena, SC_IMPORT_DECISIONS, sizeof *im->decided);
    im->nearest = sc_arena_take_array(&im->arena, SC_IMPORT_DECISIONS, sizeof *im->nearest);
    im->corrections = sc_arena_take_array(&im->arena, SC_IMPORT_GROUP, sizeof *im->corrections);
    im->corrected = sc_arena_take_array(&im->arena, SC_IMPORT_GROUP, sizeof *im->corrected);
    bool ok = im->reports && im->clusters_of && im->placed && im->clusters && im->decisions &&
              im->decided && im->nearest && im->corrections && im->corrected && im->audits;
    return ok ? SC_OK : sc_fail(err, SC_NOMEM, "no memory to import");
}

static sc_rc put_in(sc_import *im, const sc_id *jobs, size_t from, size_t n, sc_put_result *put,
                    sc_err *err) {
    return STORE(im->app)->feedback_put(SELF(im->app), im->reports + from, jobs, n, put + from,
                                        err);
}

/* One by one where an id is taken by something else: the others are taken all the same. */
static sc_rc put_each(sc_import *im, const sc_id *jobs, sc_put_result *put, bool *refused,
                      sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < im->n_reports; i++) {
        sc_err why = {0};
        rc = put_in(im, jobs, i, 1, put, &why);
        refused[i] = rc == SC_CONFLICT;
        if (refused[i]) {
            im->conf.refused(im->conf.self, &im->reports[i].id, why.msg);
            rc = SC_OK;
        } else if (rc && err) {
            *err = why;
        }
    }
    return rc;
}

/* Whether a report that is here waits still for its place: an import may have ended between the two. */
static sc_rc waits(sc_import *im, const sc_id *id, bool *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_feedback f;
    sc_rc rc = sc_import_find_report(im, id, &arena, &f, err);
    if (!rc) *ret = f.state == SC_FEEDBACK_pending && !sc_id_is_set(&f.cluster_id);
    return rc;
}

/* What became of one report; it gets its place where it is new. */
static sc_rc take_put(sc_import *im, size_t i, const sc_put_result *put, sc_assign *assigns,
                      size_t *n, sc_err *err) {
    bool fresh = put->status == SC_PUT_NEW, same = sc_id_eq(&put->id, &im->reports[i].id);
    if (!fresh && !same && !im->conf.foreign)
        return sc_fail(
            err, SC_CONFLICT,
            "report %s is here already under another id (%s): import into an empty project",
            im->reports[i].id.text, put->id.text);
    fresh ? im->counts.feedback++ : im->counts.skipped++;
    bool place = fresh;
    sc_rc rc = !fresh && same && sc_id_is_set(&im->clusters_of[i])
                   ? waits(im, &put->id, &place, err)
                   : SC_OK;
    if (rc || !place || !sc_id_is_set(&im->clusters_of[i])) return rc;
    im->placed[*n] = i;
    assigns[(*n)++] = (sc_assign){.seq = put->seq, .cluster_id = im->clusters_of[i]};
    return SC_OK;
}

static sc_rc put_reports(sc_import *im, sc_assign *assigns, size_t *ret_n, sc_err *err) {
    size_t n = im->n_reports;
    sc_put_result *put = sc_arena_take_array(&im->arena, n + 1, sizeof *put);
    sc_id *jobs = sc_arena_take_array(&im->arena, n + 1, sizeof *jobs);
    bool *refused = sc_arena_take_array(&im->arena, n + 1, sizeof *refused);
    if (!put || !jobs || !refused) return sc_fail(err, SC_NOMEM, "no memory to import");
    sc_id job = sc_id_new(im->app->conf.clock);
    for (size_t i = 0; i < n; i++) jobs[i] = job;
    sc_rc rc = put_in(im, jobs, 0, n, put, err);
    if (rc == SC_CONFLICT && im->conf.refused) rc = put_each(im, jobs, put, refused, err);
    *ret_n = 0;
    for (size_t i = 0; !rc && i < n; i++)
        if (!refused[i]) rc = take_put(im, i, &put[i], assigns, ret_n, err);
    return rc;
}

static sc_rc seq_of(sc_import *im, const sc_id *id, int64_t *ret, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_feedback f;
    sc_rc rc = sc_import_find_report(im, id, &arena, &f, err);
    if (!rc) *ret = f.seq;
    return rc;
}

/* The number of a report whose decisions are to be written; 0: it has some, or is not here. Of one that came with this group it
 * is known without a look. */
static sc_rc undecided(sc_import *im, const sc_id *id, const sc_assign *assigns, size_t n,
                       int64_t *ret_seq, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 64 << 20);
    sc_decision *have;
    size_t had = 0;
    *ret_seq = 0;
    for (size_t i = 0; i < n; i++)
        if (sc_id_eq(&im->reports[im->placed[i]].id, id)) {
            *ret_seq = assigns[i].seq;
            return SC_OK;
        }
    int64_t seq = 0;
    sc_rc rc = seq_of(im, id, &seq, err);
    if (!rc)
        rc = STORE(im->app)->decisions(SELF(im->app), &im->project, seq, &arena, &have, &had, err);
    if (!rc && !had) *ret_seq = seq;
    return rc == SC_NOT_FOUND ? SC_OK : rc;
}

/* A second import adds nothing: a report's decisions are written where it has none. They stand together. */
static sc_rc keep_decisions(sc_import *im, const sc_assign *assigns, size_t n, sc_err *err) {
    size_t kept = 0;
    int64_t seq = 0;
    sc_id of = {{0}};
    for (size_t i = 0; i < im->n_decisions; i++) {
        sc_rc rc = SC_OK;
        if (!sc_id_eq(&of, &im->decided[i]))
            rc = undecided(im, &im->decided[i], assigns, n, &seq, err);
        of = im->decided[i];
        if (rc) return rc;
        if (!seq) continue;
        sc_decision *d = &im->decisions[kept++];
        *d = im->decisions[i];
        d->feedback_seq = seq;
        if (!sc_id_is_set(&im->nearest[i])) continue;
        rc = seq_of(im, &im->nearest[i], &d->nearest_seq, err);
        if (rc && rc != SC_NOT_FOUND) return rc; /* one that was removed is not named */
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
        if (rc == SC_NOT_FOUND) rc = SC_OK; /* its report came after the reports were listed */
    }
    im->n_corrections = kept;
    im->counts.corrections += (int64_t)kept;
    return rc;
}

static sc_rc put_audits(sc_import *im, sc_err *err) {
    size_t fresh = 0;
    sc_rc rc = im->n_audits
                   ? STORE(im->app)->audit_put(SELF(im->app), im->audits, im->n_audits, &fresh, err)
                   : SC_OK;
    if (rc) return rc;
    im->counts.audits += (int64_t)fresh;
    im->counts.skipped += (int64_t)(im->n_audits - fresh);
    return SC_OK;
}

/* The row of a cluster among those to write, read where it is here already; where it was merged away, of the one that has
 * its reports now. NULL: it has none any more. */
static sc_rc row_of(sc_import *im, sc_id id, sc_cluster **ret, sc_err *err) {
    *ret = NULL;
    for (;;) {
        for (size_t i = im->n_clusters; i-- > 0;)
            if (sc_id_eq(&im->clusters[i].id, &id)) {
                *ret = &im->clusters[i];
                return SC_OK;
            }
        sc_cluster c;
        sc_rc rc = sc_import_find_cluster(im, &id, &im->arena, &c, err);
        if (rc || sc_cluster_deserted(&c)) return rc;
        if (!sc_id_is_set(&c.merged_into)) {
            im->clusters[im->n_clusters++] = c;
            *ret = &im->clusters[im->n_clusters - 1];
            return SC_OK;
        }
        id = c.merged_into;
    }
}

/* Issues of elsewhere come without counts. */
static sc_rc count_places(sc_import *im, sc_assign *assigns, size_t *n, sc_err *err) {
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        sc_cluster *c;
        const sc_feedback *f = &im->reports[im->placed[i]];
        sc_rc rc = row_of(im, assigns[i].cluster_id, &c, err);
        if (rc) return rc;
        if (!c) continue; /* grouped as any new report */
        sc_describe_member(c, f);
        c->due = sc_cluster_wants_telling(c, false);
        assigns[kept] = assigns[i];
        im->placed[kept] = im->placed[i];
        assigns[kept++].cluster_id = c->id;
    }
    *n = kept;
    return SC_OK;
}

/* Another process may group meanwhile: the write is about places that this one alone gives, so it is tried again. */
static sc_rc write_group(sc_import *im, sc_group_write *gw, sc_err *err) {
    sc_rc rc = SC_CONFLICT;
    for (int i = 0; rc == SC_CONFLICT && i < TRIES; i++) {
        SC_AUTO(sc_arena_done) sc_arena tmp;
        sc_arena_init(&tmp, 1 << 16);
        sc_project p;
        int64_t version;
        rc = sc_import_find_project(im, sc_id_str(&im->project), &tmp, &p, err);
        if (rc) return rc;
        gw->expect_version = p.group_version;
        rc = STORE(im->app)->group_write(SELF(im->app), gw, &version, err);
    }
    return rc;
}

/* What a group would bring. */
static sc_rc count_group(sc_import *im, sc_err *err) {
    for (size_t i = 0; i < im->n_reports; i++) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, 4 << 20);
        sc_feedback f;
        sc_rc rc = sc_import_find_report(im, &im->reports[i].id, &arena, &f, err);
        if (rc && rc != SC_NOT_FOUND) return rc;
        rc ? im->counts.feedback++ : im->counts.skipped++;
    }
    im->counts.audits += (int64_t)im->n_audits;
    return sc_import_fresh(im, err);
}

static sc_rc put_rows(sc_import *im, sc_err *err) {
    sc_assign *assigns = sc_arena_take_array(&im->arena, im->n_reports + 1, sizeof *assigns);
    size_t n = 0;
    sc_rc rc = SC_OK;
    if (!assigns) {
        sc_fail(err, SC_NOMEM, "no memory to import");
        return SC_NOMEM;
    }
    if (im->n_reports) rc = put_reports(im, assigns, &n, err);
    if (!rc && im->conf.foreign) rc = count_places(im, assigns, &n, err);
    if (!rc) rc = keep_decisions(im, assigns, n, err);
    if (!rc) rc = keep_corrections(im, err);
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
    if (!rc && (n || gw.n_clusters || gw.n_decisions || gw.n_corrections))
        rc = write_group(im, &gw, err);
    return rc;
}

/* Known rows are in none of the lists, but what they said is in the arena. */
static sc_rc flush(sc_import *im, sc_err *err) {
    if (im->conf.dry_run) return count_group(im, err);
    bool rows = im->n_reports || im->n_clusters || im->n_decisions || im->n_corrections;
    if (!rows && !im->n_audits && !sc_import_is_full(im)) return SC_OK;
    sc_rc rc = put_audits(im, err);
    if (!rc && rows) rc = put_rows(im, err);
    return rc ? rc : sc_import_fresh(im, err);
}

sc_rc sc_import_break(sc_import *im, sc_rc rc, const sc_err *why) {
    bool again = sc_rc_retryable(rc) && rc != SC_CONFLICT;
    im->broken = *why;
    sc_wrap(&im->broken, again ? "the import stopped, run it again when this is mended"
                               : "the import stopped at rows that cannot be written");
    im->broken.rc =
        rc == SC_INVALID || rc == SC_TOO_LARGE || rc == SC_UNPROCESSABLE ? SC_STORE : rc;
    return im->broken.rc;
}

/* The rows changed on the way and may be written in part, so they are not tried again: the whole import is. Nor are they the
 * line's that happened to come next, whatever the store says about them. */
sc_rc sc_import_flush(sc_import *im, sc_err *err) {
    sc_err why = {0};
    sc_rc rc = flush(im, &why);
    if (!rc) return SC_OK;
    rc = sc_import_break(im, rc, &why);
    if (err) *err = im->broken;
    return rc;
}
