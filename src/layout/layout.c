#include "layout/layout.h"

#include <math.h>

#include "layout/fuzzy.h"
#include "layout/pull.h"
#include "layout/start.h"

enum { ROWS_A_STEP = 128, EPOCHS = 300, EPOCHS_AGAIN = 120 };
#define EXTENT 10.0f
#define ACROSS 0.15f
#define RATE 1.0f
#define RATE_AGAIN 0.4f

typedef enum stage { NEAR, START, EDGES, PULL, DONE } stage;

struct sc_layout {
    sc_layout_in in;
    stage stage;
    sc_knn_rows rows;
    uint32_t k, next;
    float norm2;
    int32_t *dots;
    sc_near *near;
    float *weights;
    sc_start start;
    sc_point *points;
    sc_pull pull;
};

/* The mean squared length of the vectors. */
static float mean_norm2(const sc_knn_rows *rows) {
    double sum = 0;
    for (size_t i = 0; i < (size_t)rows->n * rows->dim; i++) sum += rows->v[i] * rows->v[i];
    return rows->n ? SC_MAX((float)(sum / rows->n), 1.0f) : 1.0f;
}

sc_rc sc_layout_new(const sc_layout_in *in, sc_layout **ret, sc_err *err) {
    sc_layout *l = sc_alloc(sizeof *l);
    if (!l) {
        sc_free(in->vecs);
        sc_free(in->group);
        sc_free(in->start);
        return sc_fail(err, SC_NOMEM, "no memory for a picture");
    }
    l->in = *in;
    l->rows = (sc_knn_rows){in->vecs, in->n, in->dim};
    l->k = SC_MIN((uint32_t)SC_LAYOUT_NEAR, in->n > 1 ? in->n - 1 : 1);
    l->norm2 = mean_norm2(&l->rows);
    const size_t pairs = (size_t)in->n * l->k + 1;
    l->dots = sc_alloc_array((size_t)in->n * SC_KNN_BATCH + 1, sizeof *l->dots);
    l->near = sc_alloc_array(pairs, sizeof *l->near);
    l->weights = sc_alloc_array(pairs, sizeof *l->weights);
    l->points = sc_alloc_array((size_t)in->n + 1, sizeof *l->points);
    sc_rc rc = l->dots && l->near && l->weights && l->points
                   ? sc_start_init(&l->start, &l->rows, err)
                   : sc_fail(err, SC_NOMEM, "no memory for a picture of %u reports", in->n);
    if (rc) {
        sc_layout_free(l);
        return rc;
    }
    *ret = l;
    return SC_OK;
}

void sc_layout_free(sc_layout *l) {
    if (!l) return;
    sc_free(l->in.vecs);
    sc_free(l->in.group);
    sc_free(l->in.start);
    sc_free(l->dots);
    sc_free(l->near);
    sc_free(l->weights);
    sc_free(l->points);
    sc_start_done(&l->start);
    sc_pull_done(&l->pull);
    sc_free(l);
}

static void step_near(sc_layout *l) {
    const uint32_t n = l->in.n, end = SC_MIN(l->next + ROWS_A_STEP, n), k = l->k;
    for (; l->next < end; l->next += SC_MIN(end - l->next, (uint32_t)SC_KNN_BATCH)) {
        const uint32_t m = SC_MIN(end - l->next, (uint32_t)SC_KNN_BATCH);
        sc_near *at = l->near + (size_t)l->next * k;
        sc_knn_find(&l->rows, l->in.vecs + (size_t)l->next * l->in.dim, m, l->next, k, l->dots, at);
        for (uint32_t i = 0; i < m; i++)
            sc_fuzzy_row(at + (size_t)i * k, k, l->norm2, l->weights + (size_t)(l->next + i) * k);
    }
    if (l->next == n) l->stage = START;
}

static void step_start(sc_layout *l) {
    if (l->in.start) {
        memcpy(l->points, l->in.start, l->in.n * sizeof *l->points);
        sc_start_fill(l->near, l->in.n, l->k, l->points);
        l->stage = EDGES;
    } else if (sc_start_round(&l->start, &l->rows)) {
        sc_start_points(&l->start, &l->rows, EXTENT, l->points);
        l->stage = EDGES;
    }
}

static sc_rc step_edges(sc_layout *l, sc_err *err) {
    sc_fuzzy_edge *edges;
    size_t n;
    sc_rc rc =
        sc_fuzzy_union(l->near, l->weights, l->in.n, l->k, l->in.group, ACROSS, &edges, &n, err);
    if (rc) return rc;
    const bool again = l->in.start != NULL;
    rc = sc_pull_init(&l->pull, edges, n, again ? EPOCHS_AGAIN : EPOCHS, again ? RATE_AGAIN : RATE,
                      err);
    if (!rc) l->stage = PULL;
    return rc;
}

sc_rc sc_layout_step(sc_layout *l, bool *ret_done, sc_err *err) {
    sc_rc rc = SC_OK;
    switch (l->stage) {
    case NEAR: step_near(l); break;
    case START: step_start(l); break;
    case EDGES: rc = step_edges(l, err); break;
    case PULL:
        if (sc_pull_epoch(&l->pull, l->points, l->in.n)) l->stage = DONE;
        break;
    case DONE: break;
    }
    *ret_done = l->stage == DONE;
    return rc;
}

const sc_point *sc_layout_points(const sc_layout *l) { return l->points; }
