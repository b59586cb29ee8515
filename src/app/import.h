/* What the files of import share. Lines are collected and written in groups: reports first (durably, deduplicated), then one
 * grouping write with their places, decisions and clusters. */
#ifndef SC_APP_IMPORT_H
#define SC_APP_IMPORT_H

#include "app/internal.h"
#include "app/transfer.h"
#include "base/json.h"

enum {
    SC_IMPORT_DECISIONS = 2000,
    SC_IMPORT_GROUP = 500,
    SC_IMPORT_PROJECTS = 1000,
    /* Of a group's texts; a line more may come. A Redis may take no more than 10 MB at once (docs/schema-redis.md). */
    SC_IMPORT_BYTES = 8 << 20
};

typedef struct sc_import_project {
    sc_id theirs, ours;
} sc_import_project;

struct sc_import {
    sc_app *app; /* NULL: a dry run, and nothing is stored */
    sc_import_conf conf;
    bool started;
    sc_err broken; /* why nothing is taken any more; rc SC_OK: it is */
    sc_import_project *projects;
    size_t n_projects;
    sc_id project;  /* ours, of the group under way */
    sc_arena arena; /* of the group under way */
    sc_feedback *reports;
    sc_id *clusters_of; /* where reports[i] belongs */
    size_t *placed;     /* which report the i-th placement is of */
    size_t n_reports;
    sc_cluster *clusters;
    size_t n_clusters;
    sc_decision *decisions;
    sc_id *decided; /* report of decisions[i] */
    sc_id *nearest; /* report that it names as the nearest, or empty */
    size_t n_decisions;
    sc_correction *corrections;
    sc_id *corrected; /* report of corrections[i], or empty */
    size_t n_corrections;
    sc_audit *audits;
    size_t n_audits;
    sc_transfer_counts counts;
};

/* ---- Members of a line; texts live with the group, and one that finds no memory ends the import (import_rows.c) ---- */

sc_str sc_import_str(sc_import *im, const json_t *o, const char *key);
int64_t sc_import_int(const json_t *o, const char *key);
double sc_import_real(const json_t *o, const char *key); /* NAN: none */
sc_id sc_import_id(const json_t *o, const char *key);
sc_rc sc_import_need_id(const json_t *o, const char *key, sc_id *ret, sc_err *err);
/* A value as JSON text. */
sc_str sc_import_json(sc_import *im, const json_t *v, const char *fallback);

/* ---- What is here; SC_NOT_FOUND, too, where nothing is stored at all ---- */

sc_rc sc_import_find_project(sc_import *im, sc_str id_or_name, sc_arena *arena, sc_project *ret,
                             sc_err *err);
sc_rc sc_import_find_cluster(sc_import *im, const sc_id *id, sc_arena *arena, sc_cluster *ret,
                             sc_err *err);
sc_rc sc_import_find_report(sc_import *im, const sc_id *id, sc_arena *arena, sc_feedback *ret,
                            sc_err *err);
/* Ours for a project of the export; NULL: no line named it. */
const sc_id *sc_import_project_of(const sc_import *im, const sc_id *theirs);
sc_rc sc_import_no_project(sc_err *err);

/* ---- Lines into the group under way ---- */

sc_rc sc_import_cluster(sc_import *im, const json_t *o, sc_err *err);
sc_rc sc_import_feedback(sc_import *im, const json_t *o, sc_err *err);
sc_rc sc_import_decision(sc_import *im, const json_t *o, sc_err *err);
sc_rc sc_import_correction(sc_import *im, const json_t *o, sc_err *err);
sc_rc sc_import_audit(sc_import *im, const json_t *o, sc_err *err);

/* ---- Lines that are written at once (import_work.c) ---- */

sc_rc sc_import_pair(sc_import *im, const json_t *o, sc_err *err);
sc_rc sc_import_plan(sc_import *im, const json_t *o, sc_err *err);
sc_rc sc_import_fix(sc_import *im, const json_t *o, sc_err *err);
sc_rc sc_import_fix_log(sc_import *im, const json_t *o, sc_err *err);

/* ---- The group (import_group.c) ---- */

sc_rc sc_import_fresh(sc_import *im, sc_err *err);
/* What it could not write is half written: from then on it is `broken`. */
sc_rc sc_import_flush(sc_import *im, sc_err *err);
/* Keeps why nothing is taken any more, and returns what it is called from now on: no code that is about a line. */
sc_rc sc_import_break(sc_import *im, sc_rc rc, const sc_err *why);

static inline bool sc_import_is_full(const sc_import *im) {
    return im->arena.used_bytes >= SC_IMPORT_BYTES;
}

#endif
