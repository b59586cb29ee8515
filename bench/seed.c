/* Fills a new store with N reports that are grouped as they truly are, without placing each:
 *
 *   seed DIR FILE N     FILE: reports of reports.py, `labelled`
 *
 * Through the store's port, with their representations: what a server that starts on DIR finds is what
 * it would have written, but for the decisions (one a report) and the words of the issues. */
#include "fed.h"
#include "group/map.h"
#include "stores/registry.h"
#include "stores/sqlite/sqlite.h"

enum { BATCH = 1000, EVERY_MS = 5000, FIRST_S = 1790000000 /* as in reports.py */ };

typedef struct seed {
    fed in;
    sc_store store;
    sc_project project;
    sc_map by_label;
    sc_cluster *clusters;
    size_t n_clusters, cap, done;
    int64_t version;
    sc_feedback reports[BATCH];
    sc_repr reprs[BATCH];
    sc_id jobs[BATCH];
    sc_put_result put[BATCH];
    sc_assign assigns[BATCH];
    sc_decision decisions[BATCH];
    sc_cluster opened[BATCH];
    size_t n_opened;
} seed;

static sc_cluster *cluster_of(seed *s, const sc_feedback *f) {
    const uint64_t key = sc_hash64(f->external_id.p, f->external_id.n, 0);
    uint32_t at = sc_map_get(&s->by_label, key);
    if (at != SC_MAP_NONE) return &s->clusters[at];
    if (s->n_clusters == s->cap) {
        s->cap = s->cap * 2 + 1024;
        s->clusters = sc_realloc_array(s->clusters, s->cap, sizeof *s->clusters);
    }
    if (!s->clusters || !sc_map_reserve(&s->by_label, 1)) exit(1);
    at = (uint32_t)s->n_clusters++;
    sc_map_set(&s->by_label, key, at);
    char *title = sc_alloc(f->title.n + 1);
    if (!title) exit(1);
    memcpy(title, f->title.p, f->title.n);
    s->clusters[at] = (sc_cluster){.id = sc_id_new(&sc_clock_system),
                                   .project_id = s->project.id,
                                   .title = {title, f->title.n},
                                   .summary = {title, f->title.n},
                                   .keywords = SC_STR("[]"),
                                   .cohesion_mean = 1,
                                   .cohesion_min = 1,
                                   .first_seen_ms = f->created_at_ms,
                                   .created_at_ms = f->created_at_ms,
                                   .trend_day = f->created_at_ms / 86400000,
                                   .version = 1};
    s->opened[s->n_opened++] = s->clusters[at];
    return &s->clusters[at];
}

static void count(sc_cluster *k, const sc_feedback *f) {
    if (k->count < SC_CLUSTER_REPRESENTATIVES) k->representative_ids[k->count] = f->id;
    k->count++;
    k->source_counts[f->source]++;
    k->last_seen_ms = k->updated_at_ms = f->created_at_ms;
}

static void prepare(seed *s, size_t n, char (*ids)[24]) {
    for (size_t i = 0; i < n; i++) {
        sc_feedback *f = &s->reports[i];
        const uint64_t no = s->done + i;
        f->id = sc_id_new(&sc_clock_system);
        f->project_id = s->project.id;
        f->source = SC_SOURCE_manual;
        f->created_at_ms = (int64_t)FIRST_S * 1000 + (int64_t)no * EVERY_MS;
        f->received_at_ms = f->created_at_ms;
        f->metadata = SC_STR("{}");
        sc_cluster *k = cluster_of(s, f);
        count(k, f);
        snprintf(ids[i], sizeof ids[i], "%016llx", (unsigned long long)sc_hash64(&no, 8, 1));
        f->external_id = sc_str_of(ids[i]);
        s->assigns[i].cluster_id = k->id;
        s->decisions[i] =
            (sc_decision){.cluster_id = k->id,
                          .reason = k->count > 1 ? SC_REASON_similar : SC_REASON_first,
                          .model = sc_str_of(s->in.em.ops->model(s->in.em.self)),
                          .actor = SC_STR("seed"),
                          .shared_terms = SC_STR("[]"),
                          .at_ms = f->created_at_ms};
        s->jobs[i] = sc_id_new(&sc_clock_system);
    }
}

static void store_group(seed *s, const sc_group_write *w) {
    sc_err err = {0};
    if (s->store.ops->group_write(s->store.self, w, &s->version, &err)) fed_die("group", &err);
}

static void store_batch(seed *s, size_t n) {
    sc_err err = {0};
    char ids[BATCH][24];
    s->n_opened = 0;
    prepare(s, n, ids);
    if (s->store.ops->feedback_put(s->store.self, s->reports, s->jobs, n, s->put, &err))
        fed_die("put", &err);
    for (size_t i = 0; i < n; i++) {
        SC_AUTO(sc_buf_done) sc_buf blob;
        sc_buf_init(&blob, 64 * 1024);
        s->assigns[i].seq = s->decisions[i].feedback_seq = s->put[i].seq;
        if (!sc_repr_encode(&s->reprs[i], &blob)) exit(1);
        s->assigns[i].repr = (sc_str){sc_arena_copy(&s->in.arena, blob.p, blob.n), blob.n};
        if (!s->assigns[i].repr.p) exit(1);
    }
    const sc_group_write w = {.project_id = s->project.id,
                              .expect_version = s->version,
                              .model = s->in.em.ops->model(s->in.em.self),
                              .assigns = s->assigns,
                              .n_assigns = n,
                              .clusters = s->opened,
                              .n_clusters = s->n_opened,
                              .decisions = s->decisions,
                              .n_decisions = n,
                              .now_ms = s->reports[n - 1].created_at_ms};
    store_group(s, &w);
    s->done += n;
}

/* The issues as they are in the end. */
static void store_clusters(seed *s) {
    for (size_t at = 0; at < s->n_clusters; at += BATCH) {
        const sc_group_write w = {.project_id = s->project.id,
                                  .expect_version = s->version,
                                  .clusters = s->clusters + at,
                                  .n_clusters = SC_MIN((size_t)BATCH, s->n_clusters - at),
                                  .now_ms = sc_now_ms(&sc_clock_system)};
        store_group(s, &w);
    }
}

int main(int argc, char **argv) {
    sc_err err = {0};
    const size_t n = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;
    seed *s = sc_alloc(sizeof *s);
    if (!n || !s) return 2;
    fed_open(&s->in, argv[2]);
    sc_sqlite_conf conf = {.dir = argv[1], .busy_timeout_ms = 5000};
    if (sc_store_open(&sc_store_sqlite, &conf, &s->store, &err)) fed_die("open", &err);
    s->project = (sc_project){
        .id = sc_id_new(&sc_clock_system), .name = SC_STR("default"), .created_at_ms = 1};
    if (s->store.ops->project_put(s->store.self, &s->project, &err)) fed_die("project", &err);
    for (size_t got; s->done < n && (got = fed_read(&s->in, SC_MIN((size_t)BATCH, n - s->done),
                                                    s->reports, s->reprs));)
        store_batch(s, got);
    store_clusters(s);
    printf("{\"reports\":%zu,\"clusters\":%zu}\n", s->done, s->n_clusters);
    for (size_t i = 0; i < s->n_clusters; i++) sc_free((void *)(uintptr_t)s->clusters[i].title.p);
    sc_free(s->clusters);
    sc_map_done(&s->by_label);
    sc_store_close(&s->store);
    fed_close(&s->in);
    sc_free(s);
    return 0;
}
