#include "group/metrics.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

typedef struct pair {
    int32_t truth, found;
} pair;

static int by_truth(const void *a, const void *b) {
    const pair *x = a, *y = b;
    if (x->truth != y->truth) return x->truth < y->truth ? -1 : 1;
    return (x->found > y->found) - (x->found < y->found);
}

static int by_found(const void *a, const void *b) {
    const pair *x = a, *y = b;
    return (x->found > y->found) - (x->found < y->found);
}

static double pairs_of(double n) { return n * (n - 1) / 2; }

/* Totals over the runs of equal values: pairs within, and sum of n ln n. */
typedef struct total {
    int64_t groups;
    double pairs, n_log_n;
} total;

static void take(total *t, size_t n) {
    t->groups++;
    t->pairs += pairs_of((double)n);
    t->n_log_n += (double)n * log((double)n);
}

static total runs(const pair *v, size_t n, int (*order)(const void *, const void *)) {
    total t = {0};
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && !order(&v[i], &v[k]);) k++;
        take(&t, k - i);
    }
    return t;
}

static total truth_runs(const pair *v, size_t n) {
    total t = {0};
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && v[i].truth == v[k].truth;) k++;
        take(&t, k - i);
    }
    return t;
}

static double ratio(double a, double b, double none) { return b > 0 ? a / b : none; }

/* With H(C) = ln n - (1/n) sum n_c ln n_c, H(C|K) = (1/n) (sum n_k ln n_k - sum n_ck ln n_ck). */
static void entropy(sc_metrics *m, double n, const total *c, const total *k, const total *both) {
    double h_c = log(n) - c->n_log_n / n, h_k = log(n) - k->n_log_n / n;
    double h_c_k = (k->n_log_n - both->n_log_n) / n, h_k_c = (c->n_log_n - both->n_log_n) / n;
    m->homogeneity = h_c > 1e-12 ? 1 - h_c_k / h_c : 1;
    m->completeness = h_k > 1e-12 ? 1 - h_k_c / h_k : 1;
    m->v_measure = ratio(2 * m->homogeneity * m->completeness, m->homogeneity + m->completeness, 0);
}

sc_rc sc_metrics_compare(const int32_t *truth, const int32_t *found, size_t n, sc_metrics *ret,
                         sc_err *err) {
    if (!n) return sc_fail(err, SC_INVALID, "nothing to compare");
    SC_AUTO(sc_auto_free) pair *v = sc_alloc_array(n, sizeof *v);
    if (!v) return sc_fail(err, SC_NOMEM, "no memory to compare %zu items", n);
    for (size_t i = 0; i < n; i++) {
        if (truth[i] < 0 || found[i] < 0)
            return sc_fail(err, SC_INVALID, "item %zu has a negative group number", i);
        v[i] = (pair){truth[i], found[i]};
    }
    qsort(v, n, sizeof *v, by_truth);
    const total both = runs(v, n, by_truth), c = truth_runs(v, n);
    qsort(v, n, sizeof *v, by_found);
    const total k = runs(v, n, by_found);

    sc_metrics m = {.items = (int64_t)n,
                    .true_groups = c.groups,
                    .found_groups = k.groups,
                    .true_pairs = (int64_t)c.pairs,
                    .found_pairs = (int64_t)k.pairs,
                    .common_pairs = (int64_t)both.pairs};
    /* No pair claimed, none wrong; no pair to find, none missed. */
    m.pair_precision = ratio(both.pairs, k.pairs, 1);
    m.pair_recall = ratio(both.pairs, c.pairs, 1);
    m.pair_f1 = ratio(2 * both.pairs, k.pairs + c.pairs, 1);
    double all = pairs_of((double)n), expected = all > 0 ? c.pairs * k.pairs / all : 0;
    double most = (c.pairs + k.pairs) / 2;
    m.ari = most - expected > 1e-12 ? (both.pairs - expected) / (most - expected) : 1;
    entropy(&m, (double)n, &c, &k, &both);
    *ret = m;
    return SC_OK;
}
