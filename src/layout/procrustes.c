/* Least squares similarity of two sets of points in the plane (Procrustes analysis): as complex numbers the
 * best factor is <from, to> / <from, from>, once for the points as they are and once mirrored. */
#include <math.h>

#include "layout/layout.h"

typedef struct sums {
    double n, fx, fy, tx, ty;
    double ff, re, im, mre, mim; /* |from|^2, <from, to>, <mirrored from, to> */
} sums;

static bool known(sc_point p) { return !isnan(p.x) && !isnan(p.y); }

static sums centre(const sc_point *from, const sc_point *to, uint32_t n) {
    sums s = {0};
    for (uint32_t i = 0; i < n; i++) {
        if (!known(from[i]) || !known(to[i])) continue;
        s.n++;
        s.fx += from[i].x;
        s.fy += from[i].y;
        s.tx += to[i].x;
        s.ty += to[i].y;
    }
    if (!s.n) return s;
    s.fx /= s.n;
    s.fy /= s.n;
    s.tx /= s.n;
    s.ty /= s.n;
    return s;
}

sc_fit sc_fit_points(const sc_point *from, const sc_point *to, uint32_t n) {
    sums s = centre(from, to, n);
    for (uint32_t i = 0; i < n; i++) {
        if (!known(from[i]) || !known(to[i])) continue;
        const double x = from[i].x - s.fx, y = from[i].y - s.fy;
        const double u = to[i].x - s.tx, v = to[i].y - s.ty;
        s.ff += x * x + y * y;
        s.re += x * u + y * v;
        s.im += x * v - y * u;
        s.mre += x * u - y * v;
        s.mim += x * v + y * u;
    }
    sc_fit f = {.a = 1, .mirror = 1};
    if (s.n < 2 || s.ff <= 0) return f;
    const bool mirrored = s.mre * s.mre + s.mim * s.mim > s.re * s.re + s.im * s.im;
    const double re = (mirrored ? s.mre : s.re) / s.ff, im = (mirrored ? s.mim : s.im) / s.ff;
    if (re * re + im * im <= 0) return f;
    f = (sc_fit){.a = re, .b = im, .mirror = mirrored ? -1 : 1};
    const sc_point c = sc_fit_apply(&f, (sc_point){(float)s.fx, (float)s.fy});
    f.dx = s.tx - c.x;
    f.dy = s.ty - c.y;
    return f;
}

sc_point sc_fit_apply(const sc_fit *f, sc_point p) {
    const double x = p.x, y = p.y * f->mirror;
    return (sc_point){(float)(f->a * x - f->b * y + f->dx), (float)(f->b * x + f->a * y + f->dy)};
}
