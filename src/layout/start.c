#include "layout/start.h"

#include <math.h>

sc_rc sc_start_init(sc_start *s, const sc_knn_rows *rows, sc_err *err) {
    const size_t dim = rows->dim;
    *s = (sc_start){.mean = sc_alloc_array(5 * dim + 1, sizeof *s->mean)};
    if (!s->mean) return sc_fail(err, SC_NOMEM, "no memory for the picture's axes");
    s->axes = s->mean + dim;
    s->next = s->axes + 2 * dim;
    for (uint32_t i = 0; i < rows->n; i++)
        for (size_t k = 0; k < dim; k++) s->mean[k] += rows->v[i * dim + k];
    for (size_t k = 0; k < dim; k++) s->mean[k] /= SC_MAX(rows->n, 1u);
    /* Any two directions that are not the same; these are spread over all dimensions. */
    for (size_t k = 0; k < dim; k++) {
        s->axes[k] = cos(0.7 * (double)k) + 0.01;
        s->axes[dim + k] = sin(1.3 * (double)k + 0.5);
    }
    return SC_OK;
}

void sc_start_done(sc_start *s) {
    sc_free(s->mean);
    *s = (sc_start){0};
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double along(const int8_t *row, const double *axis, size_t dim) {
    double sum = 0;
    for (size_t k = 0; k < dim; k++) sum += row[k] * axis[k];
    return sum;
}

/* Makes the two axes perpendicular and of length 1. */
static void straighten(double *x, double *y, size_t dim) {
    const double lx = sqrt(dot(x, x, dim));
    for (size_t k = 0; k < dim && lx > 0; k++) x[k] /= lx;
    const double shared = dot(x, y, dim);
    for (size_t k = 0; k < dim; k++) y[k] -= shared * x[k];
    const double ly = sqrt(dot(y, y, dim));
    for (size_t k = 0; k < dim && ly > 0; k++) y[k] /= ly;
}

bool sc_start_round(sc_start *s, const sc_knn_rows *rows) {
    const size_t dim = rows->dim;
    double *x = s->axes, *y = s->axes + dim, *nx = s->next, *ny = s->next + dim;
    straighten(x, y, dim);
    const double mx = dot(s->mean, x, dim), my = dot(s->mean, y, dim);
    for (size_t k = 0; k < 2 * dim; k++) s->next[k] = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        const int8_t *row = rows->v + i * dim;
        const double px = along(row, x, dim) - mx, py = along(row, y, dim) - my;
        for (size_t k = 0; k < dim; k++) {
            const double c = row[k] - s->mean[k];
            nx[k] += px * c;
            ny[k] += py * c;
        }
    }
    s->axes = nx;
    s->next = x;
    straighten(nx, ny, dim);
    return ++s->round >= SC_START_ROUNDS;
}

void sc_start_points(const sc_start *s, const sc_knn_rows *rows, float extent, sc_point *ret) {
    const size_t dim = rows->dim;
    const double mx = dot(s->mean, s->axes, dim), my = dot(s->mean, s->axes + dim, dim);
    double widest = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        const double x = along(rows->v + i * dim, s->axes, dim) - mx;
        const double y = along(rows->v + i * dim, s->axes + dim, dim) - my;
        ret[i] = (sc_point){(float)x, (float)y};
        widest = SC_MAX(widest, sqrt(x * x + y * y));
    }
    const float by = widest > 0 ? extent / (float)widest : 1;
    for (uint32_t i = 0; i < rows->n; i++) {
        ret[i].x *= by;
        ret[i].y *= by;
    }
}

void sc_start_fill(const sc_near *near, uint32_t n, uint32_t k, sc_point *points) {
    for (uint32_t i = 0; i < n; i++) {
        if (!isnan(points[i].x)) continue;
        sc_point sum = {0, 0};
        float seen = 0;
        for (uint32_t j = 0; j < k && near[(size_t)i * k + j].at != UINT32_MAX; j++) {
            const sc_point p = points[near[(size_t)i * k + j].at];
            if (isnan(p.x)) continue;
            sum.x += p.x;
            sum.y += p.y;
            seen++;
        }
        points[i] = seen > 0 ? (sc_point){sum.x / seen, sum.y / seen} : (sc_point){0, 0};
    }
}
