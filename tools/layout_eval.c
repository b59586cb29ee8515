/* How good the picture is on labelled text:
 *
 *   layout_eval [--embedder NAME] [--max N] [--base N] [--ungrouped] [--dump PREFIX] FILE.jsonl...
 *
 * Texts are embedded and grouped as the product does it, then laid out. Columns: of the 10 nearest points of a
 * report with company, the share of its own label (purity) and the share of its true company that is
 * among its 10 nearest (recall); the same for the principal components and for the vectors themselves. With
 * --base only so many are laid out, and the others placed among them.
 * --dump writes PREFIX.vecs (rows of int8), PREFIX.labels and PREFIX.points for bench/peers/tsne.py. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "group/evaluate.h"
#include "layout/start.h"
#include "tools/labelled.h"

enum { NEAR = 10 };

typedef struct quality {
    double purity, recall;
} quality;

static int by_float(const void *a, const void *b) {
    const float *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* Of the 10 nearest in the plane. */
static quality judge(const sc_point *p, const int32_t *labels, uint32_t n) {
    float(*d)[2] = sc_alloc_array(n, sizeof *d);
    quality q = {0, 0};
    double counted = 0;
    for (uint32_t i = 0; i < n; i++) {
        size_t m = 0;
        double company = 0, found = 0;
        for (uint32_t j = 0; j < n; j++) {
            if (j == i) continue;
            const float dx = p[i].x - p[j].x, dy = p[i].y - p[j].y;
            d[m][0] = dx * dx + dy * dy;
            d[m++][1] = labels[j] == labels[i];
            company += labels[j] == labels[i];
        }
        if (company == 0) continue;
        qsort(d, m, sizeof *d, by_float);
        for (size_t j = 0; j < NEAR && j < m; j++) found += d[j][1];
        q.purity += found / NEAR;
        q.recall += found / SC_MIN(company, (double)NEAR);
        counted++;
    }
    sc_free(d);
    return (quality){q.purity / counted, q.recall / counted};
}

static quality judge_vectors(const sc_knn_rows *rows, const int32_t *labels) {
    int32_t *dots = sc_alloc_array((size_t)rows->n * SC_KNN_BATCH, sizeof *dots);
    quality q = {0, 0};
    double counted = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        sc_near near[NEAR];
        double company = 0, found = 0;
        for (uint32_t j = 0; j < rows->n; j++) company += j != i && labels[j] == labels[i];
        if (company == 0) continue;
        sc_knn_find(rows, rows->v + (size_t)i * rows->dim, 1, i, NEAR, dots, near);
        for (size_t j = 0; j < NEAR; j++) found += labels[near[j].at] == labels[i];
        q.purity += found / NEAR;
        q.recall += found / SC_MIN(company, (double)NEAR);
        counted++;
    }
    sc_free(dots);
    return (quality){q.purity / counted, q.recall / counted};
}

static void dump(const char *prefix, const char *tail, const void *bytes, size_t n) {
    char path[512];
    snprintf(path, sizeof path, "%s.%s", prefix, tail);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f)) sc_tool_die("layout_eval", path, NULL);
}

/* Lays out all, or the first `base`, and places the rest. ret: n points; seconds of the processor. */
static double draw(sc_layout_in in, size_t base, const int8_t *vecs, sc_point *ret) {
    const clock_t cpu = clock();
    const uint32_t n = in.n;
    sc_layout *l;
    sc_err err = {0};
    bool done = false;
    in.n = (uint32_t)SC_MIN((size_t)n, base);
    if (sc_layout_new(&in, &l, &err)) sc_tool_die("layout_eval", "layout", &err);
    while (!done)
        if (sc_layout_step(l, &done, &err)) sc_tool_die("layout_eval", "layout", &err);
    memcpy(ret, sc_layout_points(l), in.n * sizeof *ret);
    const sc_layout_base at = {in.n, in.dim, in.vecs, sc_layout_points(l)};
    int32_t *scratch = sc_alloc_array((size_t)SC_KNN_BATCH * in.n, sizeof *scratch);
    for (uint32_t i = in.n; i < n; i += SC_KNN_BATCH)
        sc_layout_place(&at, vecs + (size_t)i * in.dim, SC_MIN(n - i, (uint32_t)SC_KNN_BATCH),
                        scratch, ret + i);
    sc_free(scratch);
    sc_layout_free(l);
    return (double)(clock() - cpu) / CLOCKS_PER_SEC;
}

static void one(const sc_embedder *em, const char *path, size_t max, size_t base_n, bool grouped,
                const char *prefix) {
    sc_labelled d;
    sc_err err = {0};
    sc_evaluation v;
    sc_labelled_load(&d, "layout_eval", em, path, max);
    const uint16_t dim = d.reprs[0].dim;
    const uint32_t n = (uint32_t)d.n;
    int8_t *vecs = sc_alloc_array(n, dim), *copy = sc_alloc_array(n, dim);
    for (uint32_t i = 0; i < n; i++) memcpy(vecs + (size_t)i * dim, d.reprs[i].vec, dim);
    memcpy(copy, vecs, (size_t)n * dim);
    int32_t *found = grouped ? sc_alloc_array(n, sizeof *found) : NULL;
    sc_evaluate_conf conf = {.clock = &sc_clock_system,
                             .profile = sc_profile_get(em->ops->model(em->self)),
                             .consolidate = true,
                             .skip_search = true};
    if (grouped && sc_evaluate_run(&conf, d.reprs, d.labels, d.n, found, &v, &err))
        sc_tool_die("layout_eval", path, &err);
    sc_knn_rows rows = {vecs, n, dim};
    const quality near = judge_vectors(&rows, d.labels);
    sc_start pca;
    sc_point *points = sc_alloc_array(n, sizeof *points);
    if (sc_start_init(&pca, &rows, &err)) sc_tool_die("layout_eval", path, &err);
    while (!sc_start_round(&pca, &rows)) {
    }
    sc_start_points(&pca, &rows, 10, points);
    sc_start_done(&pca);
    const quality plain = judge(points, d.labels, n);
    const double seconds =
        draw((sc_layout_in){.n = n, .dim = dim, .vecs = copy, .group = (uint32_t *)found}, base_n,
             vecs, points);
    const quality ours = judge(points, d.labels, n);
    if (prefix) {
        dump(prefix, "vecs", vecs, (size_t)n * dim);
        dump(prefix, "labels", d.labels, n * sizeof *d.labels);
        dump(prefix, "points", points, n * sizeof *points);
    }
    const char *slash = strrchr(path, '/');
    printf("%-26.26s %6u %6.3f %6.3f %6.3f %6.3f %6.3f %6.3f %7.2f\n", slash ? slash + 1 : path, n,
           ours.purity, ours.recall, plain.purity, plain.recall, near.purity, near.recall, seconds);
    fflush(stdout);
    sc_free(vecs);
    sc_free(points);
    sc_labelled_done(&d);
}

int main(int argc, char **argv) {
    const char *name = "builtin", *prefix = NULL;
    size_t max = SIZE_MAX, base = SIZE_MAX;
    bool grouped = true;
    sc_json_setup();
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], "--embedder")) name = argv[i + 1];
    sc_embedder em = sc_tool_embedder("layout_eval", name);
    puts("set                         items purity recall   PCA:  recall vectors recall      s "
         "step ms extent");
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--embedder") && i + 1 < argc)
            i++;
        else if (!strcmp(argv[i], "--max") && i + 1 < argc)
            max = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--base") && i + 1 < argc)
            base = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--dump") && i + 1 < argc)
            prefix = argv[++i];
        else if (!strcmp(argv[i], "--ungrouped"))
            grouped = false;
        else
            one(&em, argv[i], max, base, grouped, prefix);
    }
    sc_tool_embedder_close(&em);
    return 0;
}
