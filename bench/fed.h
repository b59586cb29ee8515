/* Reports from a file of reports.py (`labelled`), represented with the builtin embedder: for programs that
 * measure without a server. */
#ifndef SC_BENCH_FED_H
#define SC_BENCH_FED_H

#include <stdio.h>
#include <stdlib.h>

#include "app/represent.h"
#include "base/json.h"
#include "embedders/registry.h"

typedef struct fed {
    FILE *in;
    sc_embedder em;
    sc_arena arena; /* of the reports at hand */
    char *line;
    size_t line_cap;
} fed;

static inline void fed_die(const char *what, const sc_err *err) {
    fprintf(stderr, "%s: %s\n", what, err->msg);
    exit(1);
}

static inline void fed_open(fed *f, const char *path) {
    sc_err err = {0};
    *f = (fed){.in = fopen(path, "r"), .em = {.ops = sc_embedder_find(SC_STR("builtin"))}};
    if (!f->in) {
        perror(path);
        exit(1);
    }
    f->em.self = sc_alloc(f->em.ops->size);
    if (!f->em.self || f->em.ops->open(f->em.self, NULL, &err)) fed_die("embedder", &err);
    sc_arena_init(&f->arena, (size_t)1 << 30);
}

/* Up to n reports (label in external_id); what they hold lives until the next call. Returns how many. */
static inline size_t fed_read(fed *f, size_t n, sc_feedback *ret, sc_repr *ret_reprs) {
    sc_err err = {0};
    size_t got = 0;
    sc_arena_reset(&f->arena);
    for (ssize_t len; got < n && (len = getline(&f->line, &f->line_cap, f->in)) > 0; got++) {
        json_t *o;
        if (sc_json_parse((sc_str){f->line, (size_t)len}, &o, &err)) fed_die("read", &err);
        const char *keys[] = {"label", "title", "body"};
        sc_str v[3];
        for (int k = 0; k < 3; k++) {
            sc_str s = sc_json_str_at(o, keys[k]);
            v[k] = (sc_str){s.n ? sc_arena_copy(&f->arena, s.p, s.n) : "", s.n};
            if (!v[k].p) fed_die("read", &(sc_err){.msg = "out of memory"});
        }
        json_decref(o);
        ret[got] = (sc_feedback){.external_id = v[0], .title = v[1], .body = v[2]};
        if (sc_represent(&f->em, &ret[got], INT64_MAX, &f->arena, &ret_reprs[got], NULL, &err))
            fed_die("represent", &err);
    }
    return got;
}

static inline void fed_close(fed *f) {
    if (f->em.ops->close) f->em.ops->close(f->em.self);
    sc_free(f->em.self);
    sc_arena_done(&f->arena);
    free(f->line);
    fclose(f->in);
}

#endif
