/* Import of an export: line by line. */
#include <stdio.h>

#include "app/import.h"

enum { LINE_MAX_BYTES = 4 << 20 };

sc_rc sc_import_begin(sc_app *app, const sc_import_conf *conf, sc_import **ret, sc_err *err) {
    sc_import *im = sc_alloc(sizeof *im);
    if (!im) return sc_fail(err, SC_NOMEM, "no memory to import");
    im->app = app;
    if (conf) im->conf = *conf;
    sc_arena_init(&im->arena, 0);
    im->projects = sc_alloc_array(SC_IMPORT_PROJECTS, sizeof *im->projects);
    sc_rc rc =
        im->projects ? sc_import_fresh(im, err) : sc_fail(err, SC_NOMEM, "no memory to import");
    if (rc) {
        sc_arena_done(&im->arena);
        sc_free(im->projects);
        sc_free(im);
        return rc;
    }
    *ret = im;
    return SC_OK;
}

/* ---- Projects and settings ---------------------------------------------------------------------------- */

/* A project that is not here: of a name that is free where it must be one of its own. */
static sc_rc make_project(sc_import *im, sc_project *p, sc_arena *arena, sc_err *err) {
    sc_project have;
    sc_rc rc =
        im->conf.foreign ? sc_import_find_project(im, p->name, arena, &have, err) : SC_NOT_FOUND;
    if (rc && rc != SC_NOT_FOUND) return rc;
    if (!rc) {
        char *name = sc_arena_printf(arena, "%.*s-%.8s", (int)SC_MIN(p->name.n, (size_t)80),
                                     p->name.p, p->id.text + SC_ID_TEXT - 9);
        if (!name) return sc_fail(err, SC_NOMEM, "no memory to import");
        p->name = sc_str_of(name);
    }
    im->counts.projects++;
    return im->conf.dry_run ? SC_OK : STORE(im->app)->project_put(SELF(im->app), p, err);
}

static sc_rc take_project(sc_import *im, const json_t *o, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_project p = {.name = sc_json_str_at(o, "name"),
                    .created_at_ms = sc_import_int(o, "created_at_ms")},
               have;
    sc_rc rc = sc_import_need_id(o, "id", &p.id, err);
    if (!rc) rc = sc_project_check_name(p.name, err);
    if (!rc && im->n_projects == SC_IMPORT_PROJECTS)
        rc = sc_fail(err, SC_CONFLICT, "more than %d projects", SC_IMPORT_PROJECTS);
    if (rc) return rc;
    bool by_name = !im->conf.foreign || json_is_true(json_object_get(o, "named"));
    rc = sc_import_find_project(im, sc_id_str(&p.id), &arena, &have, err);
    if (rc == SC_NOT_FOUND && by_name) rc = sc_import_find_project(im, p.name, &arena, &have, err);
    if (rc == SC_NOT_FOUND) {
        rc = make_project(im, &p, &arena, err);
        have = p;
    }
    if (!rc) im->projects[im->n_projects++] = (sc_import_project){.theirs = p.id, .ours = have.id};
    return rc;
}

/* Of a source, checked as when a person sets it; what is set here stays. */
static sc_rc take_setting(sc_import *im, const json_t *o, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *have = NULL;
    const json_t *value = json_object_get(o, "value");
    const sc_source_ops *source = NULL;
    sc_str name = sc_json_str_at(o, "name");
    for (size_t i = 0; im->app && i < im->app->conf.n_sources; i++) {
        char full[64];
        snprintf(full, sizeof full, "source.%s", im->app->conf.sources[i]->name);
        if (sc_str_is(name, full)) source = im->app->conf.sources[i];
    }
    if (im->app && !source)
        return sc_fail_field(err, SC_UNPROCESSABLE, "name", "not a setting that is imported");
    sc_rc rc = im->app ? sc_settings_get(im->app, &im->project, source, &have, err) : SC_OK;
    bool known = !rc && json_object_size(have) > 0;
    if (!rc && !known && source && source->check_settings) rc = source->check_settings(value, err);
    if (!rc && !known && !im->conf.dry_run)
        rc = sc_settings_put(im->app, &im->project, source, value, err);
    if (!rc) known ? im->counts.skipped++ : im->counts.settings++;
    return rc;
}

/* ---- Lines -------------------------------------------------------------------------------------------- */

/* A report and its decisions go in one group: only a new report or another kind of line may start a new one. */
static bool must_flush(const sc_import *im, sc_str kind, const sc_id *project) {
    if (!sc_id_eq(&im->project, project)) return true;
    if (sc_str_is(kind, "feedback"))
        return im->n_reports >= SC_IMPORT_GROUP - 1 || im->n_decisions >= SC_IMPORT_GROUP / 2;
    if (sc_str_is(kind, "setting")) return false;
    if (sc_str_is(kind, "cluster")) return im->n_clusters >= SC_IMPORT_GROUP - 1;
    if (sc_str_is(kind, "correction"))
        return im->n_corrections >= SC_IMPORT_GROUP - 1 || im->n_reports;
    return im->n_decisions >= SC_IMPORT_GROUP - 1;
}

static sc_rc take_line(sc_import *im, sc_str kind, const json_t *o, sc_err *err) {
    if (sc_str_is(kind, "project")) return take_project(im, o, err);
    if (sc_str_is(kind, "audit")) {
        sc_rc rc = im->n_audits == SC_IMPORT_GROUP ? sc_import_flush_audits(im, err) : SC_OK;
        return rc ? rc : sc_import_audit(im, o, err);
    }
    static const struct {
        const char *kind;
        sc_rc (*take)(sc_import *, const json_t *, sc_err *);
    } kinds[] = {{"cluster", sc_import_cluster},
                 {"feedback", sc_import_feedback},
                 {"decision", sc_import_decision},
                 {"correction", sc_import_correction},
                 {"setting", take_setting}};
    for (size_t i = 0; i < SC_LEN(kinds); i++) {
        if (!sc_str_is(kind, kinds[i].kind)) continue;
        sc_id theirs = sc_import_id(o, "project_id");
        const sc_id *ours = sc_import_project_of(im, &theirs);
        if (!ours) return sc_import_no_project(err);
        if (must_flush(im, kind, ours)) {
            sc_rc rc = sc_import_flush(im, err);
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
        else if (sc_import_int(o, "version") != 1)
            rc =
                sc_fail(err, SC_UNPROCESSABLE, "made by a newer version: this one reads version 1");
        im->started = !rc;
    } else if (!rc) {
        rc = take_line(im, kind, o, err);
    }
    return rc && line_no ? sc_wrap(err, "line %lld", (long long)line_no) : rc;
}

sc_rc sc_import_end(sc_import *im, sc_transfer_counts *ret, sc_err *err) {
    sc_rc rc = im->started ? sc_import_flush(im, err)
                           : sc_fail(err, SC_UNPROCESSABLE, "the export is empty");
    *ret = im->counts;
    sc_arena_done(&im->arena);
    sc_free(im->projects);
    sc_free(im);
    return rc;
}
