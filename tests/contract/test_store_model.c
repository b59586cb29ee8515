/* Every backend against a model: after thousands of random steps what the store says equals what a
 * plain array says. */
#include "store_fixture.h"

enum { STEPS = 2000, MOST = 3000, CLUSTERS = 40 };

typedef struct model_report {
    int64_t seq;
    sc_id id;
    int project, source, state, cluster; /* cluster: index, -1 none */
    unsigned ext;
    bool placed; /* it was in a group_write before */
} model_report;

typedef struct model {
    sc_fx *f;
    uint64_t random;
    sc_id projects[2];
    model_report reports[MOST];
    size_t n;
    sc_cluster clusters[2][CLUSTERS];
    bool made[2][CLUSTERS], merged[2][CLUSTERS];
} model;

static uint64_t draw(model *m, uint64_t below) {
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (m->random >> 11) % below;
}

static void put_some(model *m) {
    sc_fx *f = m->f;
    sc_feedback r[8];
    sc_id jobs[8];
    sc_put_result out[8];
    char ext[8][24];
    unsigned exts[8];
    size_t n = 1 + draw(m, 8);
    for (size_t i = 0; i < n; i++) {
        exts[i] = (unsigned)draw(m, 1500);
        snprintf(ext[i], sizeof ext[i], "e%u", exts[i]);
        r[i] = (sc_feedback){.id = fx_id(f),
                             .project_id = m->projects[draw(m, 2)],
                             .source = (sc_feedback_source)draw(m, 2),
                             .external_id = sc_str_of(ext[i]),
                             .title = SC_STR("t"),
                             .metadata = SC_STR("{}"),
                             .created_at_ms = T0 + (int64_t)draw(m, 1000),
                             .received_at_ms = T0};
        jobs[i] = fx_id(f);
    }
    fx_ok(f, f->ops->feedback_put(f->s, r, jobs, n, out, &f->err));
    for (size_t i = 0; i < n; i++) {
        int project = sc_id_eq(&r[i].project_id, &m->projects[1]);
        model_report *had = NULL;
        for (size_t j = 0; j < m->n; j++)
            if (m->reports[j].project == project && m->reports[j].source == (int)r[i].source &&
                m->reports[j].ext == exts[i])
                had = &m->reports[j];
        assert_int_equal(out[i].status, had ? SC_PUT_DUPLICATE : SC_PUT_NEW);
        if (had) {
            assert_true(sc_id_eq(&out[i].id, &had->id) && out[i].seq == had->seq);
        } else if (m->n < MOST) {
            m->reports[m->n++] =
                (model_report){out[i].seq,          r[i].id, project, (int)r[i].source,
                               SC_FEEDBACK_pending, -1,      exts[i], false};
        }
    }
}

/* Moves some reports of one project into its clusters, or parks them. */
static void group_some(model *m) {
    sc_fx *f = m->f;
    int project = (int)draw(m, 2);
    sc_assign as[6];
    sc_cluster k[6];
    size_t n = 0;
    int64_t version;
    for (size_t tries = 0; tries < 6 && m->n; tries++) {
        model_report *r = &m->reports[draw(m, m->n)];
        int c = draw(m, 5) ? (int)draw(m, CLUSTERS) : -1;
        if (r->project != project || (c >= 0 && m->merged[project][c])) continue;
        k[n] = fx_cluster(f, &m->projects[project], "c");
        if (c >= 0) {
            if (m->made[project][c]) k[n].id = m->clusters[project][c].id;
            k[n].status = (sc_cluster_status)draw(m, SC_CLUSTER_STATUS_COUNT);
            m->clusters[project][c] = k[n];
            m->made[project][c] = true;
        }
        as[n] = (sc_assign){r->seq, c >= 0 ? k[n].id : (sc_id){{0}},
                            draw(m, 2) ? SC_STR("r") : SC_STR_NONE};
        /* Moved while its new text waits to be grouped: it still waits. */
        bool waits = c >= 0 && r->placed && !as[n].repr.n && r->state == SC_FEEDBACK_pending;
        r->cluster = c;
        r->placed = true;
        if (!waits) r->state = c >= 0 ? SC_FEEDBACK_grouped : SC_FEEDBACK_parked;
        n += 1;
    }
    sc_cluster write[6];
    size_t n_write = 0;
    for (size_t i = 0; i < n; i++)
        if (sc_id_is_set(&as[i].cluster_id)) write[n_write++] = k[i];
    sc_group_write w = {.project_id = m->projects[project],
                        .expect_version = fx_version(f, &m->projects[project]),
                        .model = "m",
                        .assigns = as,
                        .n_assigns = n,
                        .clusters = write,
                        .n_clusters = n_write,
                        .now_ms = T0};
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
}

static void merge_two(model *m) {
    sc_fx *f = m->f;
    int project = (int)draw(m, 2), from = (int)draw(m, CLUSTERS), into = (int)draw(m, CLUSTERS);
    int64_t version;
    sc_assign as[MOST];
    size_t n = 0;
    if (from == into || !m->made[project][from] || !m->made[project][into] ||
        m->merged[project][from] || m->merged[project][into])
        return;
    for (size_t i = 0; i < m->n; i++) {
        model_report *r = &m->reports[i];
        if (r->project != project || r->cluster != from) continue;
        as[n++] = (sc_assign){r->seq, m->clusters[project][into].id, SC_STR_NONE};
        r->cluster = into;
        if (r->state != SC_FEEDBACK_pending) r->state = SC_FEEDBACK_grouped;
    }
    m->merged[project][from] = true;
    m->clusters[project][from].merged_into = m->clusters[project][into].id;
    sc_group_write w = {.project_id = m->projects[project],
                        .expect_version = fx_version(f, &m->projects[project]),
                        .assigns = as,
                        .n_assigns = n,
                        .clusters = &m->clusters[project][from],
                        .n_clusters = 1,
                        .now_ms = T0};
    fx_ok(f, f->ops->group_write(f->s, &w, &version, &f->err));
}

static void regroup_one(model *m) {
    sc_fx *f = m->f;
    if (!m->n) return;
    model_report *r = &m->reports[draw(m, m->n)];
    sc_feedback u = {.id = r->id,
                     .project_id = m->projects[r->project],
                     .title = SC_STR("new"),
                     .metadata = SC_STR("{}")};
    sc_id job = fx_id(f);
    bool regroup = draw(m, 2);
    fx_ok(f, f->ops->feedback_update(f->s, &u, regroup, &job, T0, &f->err));
    if (regroup) r->state = SC_FEEDBACK_pending;
}

static void refuse_one(model *m) {
    sc_fx *f = m->f;
    int64_t version;
    sc_cluster k = fx_cluster(f, &m->projects[0], "never");
    sc_assign as = {INT64_MAX, k.id, SC_STR_NONE};
    sc_group_write w = {.project_id = m->projects[0],
                        .expect_version = fx_version(f, &m->projects[0]),
                        .assigns = &as,
                        .n_assigns = 1,
                        .clusters = &k,
                        .n_clusters = 1,
                        .now_ms = T0};
    fx_rc(f, f->ops->group_write(f->s, &w, &version, &f->err), SC_NOT_FOUND);
}

static void compare(model *m) {
    sc_fx *f = m->f;
    for (int p = 0; p < 2; p++) {
        sc_store_stats want = {.feedback = 0}, got;
        int64_t unclustered = 0, total;
        for (size_t i = 0; i < m->n; i++) {
            const model_report *r = &m->reports[i];
            if (r->project != p) continue;
            want.feedback++;
            want.by_source[r->source]++;
            want.pending += r->state == SC_FEEDBACK_pending;
            want.parked += r->state == SC_FEEDBACK_parked;
            unclustered += r->cluster < 0;
        }
        for (int c = 0; c < CLUSTERS; c++)
            if (m->made[p][c] && !m->merged[p][c]) {
                want.clusters++;
                want.by_status[m->clusters[p][c].status]++;
            }
        fx_ok(f, f->ops->stats(f->s, &m->projects[p], T0, &got, &f->err));
        assert_int_equal(got.feedback, want.feedback);
        assert_memory_equal(got.by_source, want.by_source, sizeof want.by_source);
        assert_int_equal(got.pending, want.pending);
        assert_int_equal(got.parked, want.parked);
        assert_int_equal(got.clusters, want.clusters);
        assert_memory_equal(got.by_status, want.by_status, sizeof want.by_status);
        sc_feedback_filter q = {.project_id = m->projects[p], .unclustered = true};
        sc_page page = {1, SC_STR_NONE};
        sc_feedback_list l;
        fx_ok(f, f->ops->feedback_list(f->s, &q, &page, &f->arena, &l, &f->err));
        assert_int_equal(l.total, unclustered);
        int c = (int)draw(m, CLUSTERS);
        if (!m->made[p][c]) continue;
        q = (sc_feedback_filter){.project_id = m->projects[p], .cluster_id = m->clusters[p][c].id};
        page.limit = 1000;
        total = 0;
        for (size_t i = 0; i < m->n; i++)
            total += m->reports[i].project == p && m->reports[i].cluster == c;
        fx_ok(f, f->ops->feedback_list(f->s, &q, &page, &f->arena, &l, &f->err));
        assert_int_equal(l.total, total);
        assert_int_equal(l.n, SC_MIN(total, 1000));
        sc_arena_reset(&f->arena);
    }
}

static void counters_equal_counts_after_thousands_of_random_steps(void **state) {
    static model m;
    sc_fx *f = *state;
    m = (model){.f = f, .random = 0x9E3779B97F4A7C15, .projects = {f->a, f->b}};
    for (int i = 0; i < STEPS; i++) {
        switch (draw(&m, 8)) {
        case 0:
        case 1: put_some(&m); break;
        case 2:
        case 3:
        case 4: group_some(&m); break;
        case 5: regroup_one(&m); break;
        case 6: refuse_one(&m); break;
        default:
            if (draw(&m, 10) == 0) merge_two(&m);
        }
        if (i % 50 == 0) compare(&m);
        if (i % 500 == 499) {
            fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
            fx_reopen(f);
        }
    }
    compare(&m);
    fx_ok(f, f->ops->verify(f->s, NULL, NULL, &f->err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        fx_test(counters_equal_counts_after_thousands_of_random_steps),
    };
    return fx_run(tests);
}
