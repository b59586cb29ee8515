/* Import of an export: line by line. */
#include <stdio.h>

#include "app/import.h"

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

static const sc_source_ops *source_of(const sc_import *im, sc_str setting) {
    for (size_t i = 0; im->app && i < im->app->conf.n_sources; i++) {
        char full[64];
        snprintf(full, sizeof full, "source.%s", im->app->conf.sources[i]->name);
        if (sc_str_is(setting, full)) return im->app->conf.sources[i];
    }
    return NULL;
}

/* A source's is checked as when a person sets it; what is set here stays. */
static sc_rc take_setting(sc_import *im, const sc_id *project, const json_t *o, sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_arena_init(&arena, 4 << 20);
    sc_buf_init(&text, 1 << 20);
    const json_t *value = json_object_get(o, "value");
    sc_str name = sc_json_str_at(o, "name"), have = SC_STR_NONE;
    const sc_source_ops *source = source_of(im, name);
    if (!sc_transfer_setting(name))
        return sc_fail_field(err, SC_UNPROCESSABLE, "name", "not a setting that travels");
    bool whole = value && sc_json_dump(value, &text);
    if (text.no_memory) return sc_fail(err, SC_NOMEM, "no memory for a setting");
    if (!whole) return sc_fail_field(err, SC_UNPROCESSABLE, "value", "missing, or over 1 MiB");
    const sc_store_ops *st = im->app ? STORE(im->app) : NULL;
    sc_rc rc = st ? st->setting_get(SELF(im->app), project, name, &arena, &have, err) : SC_OK;
    if (rc == SC_NOT_FOUND && im->conf.dry_run) rc = SC_OK; /* its project is new */
    if (!rc && have.n) {
        im->counts.skipped++;
        return SC_OK;
    }
    if (!rc && source && source->check_settings) rc = source->check_settings(value, err);
    int64_t at = sc_import_int(o, "updated_at_ms");
    if (!rc && st && !im->conf.dry_run)
        rc = st->setting_put(SELF(im->app), project, name, sc_buf_str(&text),
                             at ? at : sc_now_ms(im->app->conf.clock), err);
    im->counts.settings += !rc;
    return rc;
}

/* Named in the export, not in it. */
static sc_rc tell_behind(sc_import *im, sc_str what, const sc_id *project, const json_t *o,
                         sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 16);
    sc_project p;
    sc_str name = sc_json_str_at(o, "name");
    if (!im->conf.behind) return SC_OK;
    if (project) {
        sc_rc rc = sc_import_find_project(im, sc_id_str(project), &arena, &p, err);
        if (rc) return rc;
        name = sc_str_of(
            sc_arena_printf(&arena, "%.*s (%.*s)", SC_FMT(sc_str_clip(name, 200)), SC_FMT(p.name)));
    }
    im->conf.behind(im->conf.self, what, name);
    return SC_OK;
}

/* ---- Lines -------------------------------------------------------------------------------------------- */

/* A group is of one project, and bounded in rows and bytes: a store takes only so much in one write. A report's decisions go in
 * one group, behind the report in version 1: only another report, or another kind of line, may start a new one. */
static bool must_flush(const sc_import *im, sc_str kind, const json_t *o, const sc_id *project) {
    if (!sc_id_eq(&im->project, project)) return true;
    bool full = sc_import_is_full(im);
    if (sc_str_is(kind, "feedback"))
        return full || im->n_reports >= SC_IMPORT_GROUP - 1 ||
               im->n_decisions >= SC_IMPORT_GROUP / 2;
    if (sc_str_is(kind, "cluster")) return full || im->n_clusters >= SC_IMPORT_GROUP - 1;
    if (sc_str_is(kind, "correction"))
        return full || im->n_corrections >= SC_IMPORT_GROUP - 1 || im->n_reports;
    if (!sc_str_is(kind, "decision")) return true; /* written at once */
    if (!im->n_decisions) return full;
    sc_id of = sc_import_id(o, "feedback_id");
    return (full || im->n_decisions >= SC_IMPORT_GROUP) &&
           !sc_id_eq(&of, &im->decided[im->n_decisions - 1]);
}

/* Of a project, or of the installation. *ret NULL: the latter. */
static sc_rc project_or_none(const sc_import *im, const json_t *o, const sc_id **ret, sc_err *err) {
    sc_id theirs = sc_import_id(o, "project_id");
    *ret = sc_id_is_set(&theirs) ? sc_import_project_of(im, &theirs) : NULL;
    return *ret || !sc_id_is_set(&theirs) ? SC_OK : sc_import_no_project(err);
}

static sc_rc take_other(sc_import *im, sc_str kind, const json_t *o, sc_err *err) {
    const sc_id *project;
    sc_rc rc = project_or_none(im, o, &project, err);
    if (rc) return rc;
    if (sc_str_is(kind, "setting")) return take_setting(im, project, o, err);
    if (sc_str_is(kind, "key") || sc_str_is(kind, "secret"))
        return tell_behind(im, kind, project, o, err);
    return sc_fail_field(err, SC_UNPROCESSABLE, "kind", "unknown kind of line");
}

static sc_rc take_line(sc_import *im, sc_str kind, const json_t *o, sc_err *err) {
    if (sc_str_is(kind, "project")) return take_project(im, o, err);
    if (sc_str_is(kind, "audit")) {
        bool full = im->n_audits == SC_IMPORT_GROUP || sc_import_is_full(im);
        sc_rc rc = full ? sc_import_flush(im, err) : SC_OK;
        return rc ? rc : sc_import_audit(im, o, err);
    }
    static const struct {
        const char *kind;
        sc_rc (*take)(sc_import *, const json_t *, sc_err *);
    } kinds[] = {{"cluster", sc_import_cluster},   {"feedback", sc_import_feedback},
                 {"decision", sc_import_decision}, {"correction", sc_import_correction},
                 {"pair", sc_import_pair},         {"plan", sc_import_plan},
                 {"fix", sc_import_fix},           {"fix_log", sc_import_fix_log}};
    for (size_t i = 0; i < SC_LEN(kinds); i++) {
        if (!sc_str_is(kind, kinds[i].kind)) continue;
        sc_id theirs = sc_import_id(o, "project_id");
        const sc_id *ours = sc_import_project_of(im, &theirs);
        if (!ours) return sc_import_no_project(err);
        if (must_flush(im, kind, o, ours)) {
            sc_rc rc = sc_import_flush(im, err);
            if (rc) return rc;
        }
        im->project = *ours;
        return kinds[i].take(im, o, err);
    }
    return take_other(im, kind, o, err);
}

static sc_rc is_broken(const sc_import *im, sc_err *err) {
    if (err && im->broken.rc) *err = im->broken;
    return im->broken.rc;
}

sc_rc sc_import_line(sc_import *im, sc_str line, int64_t line_no, sc_err *err) {
    if (!sc_str_trim(line).n) return SC_OK;
    SC_AUTO(sc_json_auto) json_t *o = NULL;
    sc_rc rc = is_broken(im, err);
    if (!rc && line.n > SC_TRANSFER_MAX_LINE)
        rc = sc_fail(err, SC_TOO_LARGE, "over %d bytes", SC_TRANSFER_MAX_LINE);
    if (!rc) rc = sc_json_parse(line, &o, err);
    sc_str kind = rc ? SC_STR_NONE : sc_json_str_at(o, "kind");
    if (!rc && !im->started) {
        if (!sc_str_is(kind, "soulcaster-export"))
            rc = sc_fail(err, SC_UNPROCESSABLE,
                         "not an export of Soulcaster (its first line says so)");
        else if (sc_import_int(o, "version") < 1 ||
                 sc_import_int(o, "version") > SC_TRANSFER_VERSION)
            rc = sc_fail(err, SC_UNPROCESSABLE,
                         "made by a newer version: this one reads versions 1 to %d",
                         SC_TRANSFER_VERSION);
        im->started = !rc;
    } else if (!rc) {
        rc = take_line(im, kind, o, err);
        if (im->broken.rc) rc = is_broken(im, err);
    }
    return rc && line_no ? sc_wrap(err, "line %lld", (long long)line_no) : rc;
}

sc_rc sc_import_end(sc_import *im, sc_transfer_counts *ret, sc_err *err) {
    sc_rc rc =
        im->started ? is_broken(im, err) : sc_fail(err, SC_UNPROCESSABLE, "the export is empty");
    if (!rc) rc = sc_import_flush(im, err);
    *ret = im->counts;
    sc_arena_done(&im->arena);
    sc_free(im->projects);
    sc_free(im);
    return rc;
}
