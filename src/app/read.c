#include "app/read.h"

#include "app/describe.h"
#include "app/internal.h"

enum { QUERY_ARENA = 8 << 20, MAX_MATCHES = 1000 };

/* The words of q as index terms (no stop words, distinct). */
static sc_rc query_terms(sc_str q, sc_arena *arena, uint32_t **ret, size_t *ret_n, sc_err *err) {
    sc_prepared p;
    sc_rc rc = sc_prepare(q, SC_STR_NONE, SC_STR_NONE, arena, &p, err);
    if (rc) return rc;
    uint32_t *v = sc_arena_take_array(arena, p.n_tokens + 1, sizeof *v);
    if (!v) return sc_fail(err, SC_NOMEM, "no memory for the query");
    size_t n = 0;
    for (size_t i = 0; i < p.n_tokens; i++) {
        bool seen = p.tokens[i].stop;
        for (size_t k = 0; k < n && !seen; k++) seen = v[k] == p.tokens[i].hash;
        if (!seen) v[n++] = p.tokens[i].hash;
    }
    *ret = v;
    *ret_n = n;
    return SC_OK;
}

/* ---- Feedback by words ---------------------------------------------------------------------------- */

/* Which of the matching seqs also fit the filter: read page by page from the newest down. */
typedef struct match_scan {
    sc_app *app;
    sc_space *space;
    const sc_feedback_filter *filter;
    const uint32_t *terms;
    size_t n_terms;
} match_scan;

static sc_rc match_seqs(const match_scan *m, int64_t before, size_t limit, sc_arena *arena,
                        int64_t **ret, size_t *ret_n, size_t *ret_total, sc_err *err) {
    pthread_rwlock_rdlock(&m->space->lock);
    sc_rc rc = sc_engine_match(m->space->engine, m->terms, m->n_terms, before, limit, arena, ret,
                               ret_n, ret_total, err);
    pthread_rwlock_unlock(&m->space->lock);
    return rc;
}

static bool only_words(const sc_feedback_filter *f) {
    return !f->by_source && !f->by_state && !f->unclustered && !sc_id_is_set(&f->cluster_id) &&
           !f->status.n && !f->since_ms && !f->until_ms;
}

static bool fits(const sc_feedback_filter *f, const sc_feedback *i) {
    return (!f->by_source || i->source == f->source) && (!f->by_state || i->state == f->state) &&
           (!f->unclustered || !sc_id_is_set(&i->cluster_id)) &&
           (!sc_id_is_set(&f->cluster_id) || sc_id_eq(&i->cluster_id, &f->cluster_id)) &&
           (!f->status.n || sc_str_eq(i->status, f->status)) &&
           (!f->since_ms || i->created_at_ms >= f->since_ms) &&
           (!f->until_ms || i->created_at_ms < f->until_ms);
}

static sc_rc put_cursor(int64_t before, sc_arena *arena, sc_str *ret, sc_err *err) {
    char *text = sc_arena_printf(arena, "w%lld", (long long)before);
    if (!text) return sc_fail(err, SC_NOMEM, "no memory for the cursor");
    *ret = sc_str_of(text);
    return SC_OK;
}

static sc_rc get_cursor(sc_str cursor, int64_t *ret_before, sc_err *err) {
    *ret_before = 0;
    if (!cursor.n) return SC_OK;
    sc_str number = {cursor.p + 1, cursor.n - 1};
    if (cursor.p[0] != 'w' || sc_num_i64(number, 1, INT64_MAX, ret_before, NULL))
        return sc_fail_field(err, SC_INVALID, "cursor", "not a cursor of this list");
    return SC_OK;
}

static sc_rc list_by_words(const match_scan *m, const sc_page *page, sc_arena *arena,
                           sc_feedback_list *ret, sc_err *err) {
    int64_t before;
    sc_rc rc = get_cursor(page->cursor, &before, err);
    sc_feedback *out = sc_arena_take_array(arena, page->limit + 1, sizeof *out);
    if (!rc && !out) rc = sc_fail(err, SC_NOMEM, "no memory for the list");
    *ret = (sc_feedback_list){.items = out, .total = -1};
    size_t total = 0, scanned = 0;
    bool more = true;
    while (!rc && more && ret->n < page->limit && scanned < 20 * MAX_MATCHES) {
        int64_t *seqs;
        size_t n;
        sc_feedback *got;
        rc = match_seqs(m, before, SC_MIN((size_t)MAX_MATCHES, page->limit + 1), arena, &seqs, &n,
                        &total, err);
        if (!rc) rc = sc_describe_fetch(m->app, &m->space->project_id, seqs, n, arena, &got, err);
        if (rc) break;
        more = n == SC_MIN((size_t)MAX_MATCHES, page->limit + 1);
        scanned += n;
        for (size_t i = 0; i < n; i++) {
            if (ret->n == page->limit) {
                more = true;
                break;
            }
            before = seqs[i];
            if (fits(m->filter, &got[i])) out[ret->n++] = got[i];
        }
    }
    if (!rc && only_words(m->filter)) ret->total = (int64_t)total;
    if (!rc && more) rc = put_cursor(before, arena, &ret->next_cursor, err);
    return rc;
}

sc_rc sc_read_feedback(sc_app *app, const sc_feedback_filter *f, sc_str q, const sc_page *page,
                       sc_arena *arena, sc_feedback_list *ret, sc_err *err) {
    match_scan m = {.app = app, .filter = f};
    uint32_t *terms = NULL;
    sc_rc rc = q.n ? query_terms(q, arena, &terms, &m.n_terms, err) : SC_OK;
    if (rc) return rc;
    if (!q.n) return STORE(app)->feedback_list(SELF(app), f, page, arena, ret, err);
    if (!m.n_terms) { /* only stop words: nothing to look for */
        *ret = (sc_feedback_list){.total = 0};
        return SC_OK;
    }
    m.terms = terms;
    rc = sc_space_get(app, &f->project_id, &m.space, err);
    return rc ? rc : list_by_words(&m, page, arena, ret, err);
}

/* ---- Search --------------------------------------------------------------------------------------- */

static sc_rc find_hits(sc_app *app, const sc_id *project, sc_str query, size_t limit,
                       sc_arena *arena, sc_hit **ret, size_t *ret_n, const char **ret_model,
                       sc_err *err) {
    sc_space *s;
    sc_rc rc = sc_space_get(app, project, &s, err);
    return rc ? rc : sc_space_search(s, query, limit, arena, ret, ret_n, ret_model, err);
}

/* Where a hit is. */
typedef struct place {
    sc_id cluster;
    double score;
} place;

typedef struct places {
    place *v; /* best first */
    size_t n;
    size_t *hits; /* of each, beside v */
} places;

/* The distinct clusters among n places: a cluster's score is its best hit's. */
static sc_rc distinct(const place *v, size_t n, sc_arena *arena, places *ret, sc_err *err) {
    ret->n = 0;
    ret->v = sc_arena_take_array(arena, n + 1, sizeof *ret->v);
    ret->hits = sc_arena_take_array(arena, n + 1, sizeof *ret->hits);
    if (!ret->v || !ret->hits) return sc_fail(err, SC_NOMEM, "no memory for the result");
    for (size_t i = 0; i < n; i++) {
        if (!sc_id_is_set(&v[i].cluster)) continue;
        size_t k = 0;
        while (k < ret->n && !sc_id_eq(&ret->v[k].cluster, &v[i].cluster)) k++;
        if (k == ret->n) {
            ret->v[ret->n++] = v[i];
            ret->hits[k] = 0;
        }
        ret->hits[k]++;
    }
    return SC_OK;
}

/* The rows of the first n; fewer when one vanished meanwhile. */
static sc_rc rows_of(sc_app *app, const sc_id *project, const places *p, size_t n, sc_arena *arena,
                     sc_cluster_list *ret, sc_err *err) {
    *ret = (sc_cluster_list){.items = NULL};
    if (!n) return SC_OK;
    sc_id *ids = sc_arena_take_array(arena, n, sizeof *ids);
    if (!ids) return sc_fail(err, SC_NOMEM, "no memory for the result");
    for (size_t i = 0; i < n; i++) ids[i] = p->v[i].cluster;
    sc_cluster_filter f = {.project_id = *project, .by_ids = true, .ids = ids, .n_ids = n};
    return STORE(app)->cluster_list(SELF(app), &f, &(sc_page){.limit = n},
                                    sc_now_ms(app->conf.clock), arena, ret, err);
}

static sc_rc hit_clusters(sc_app *app, const sc_id *project, sc_search_result *r, sc_arena *arena,
                          sc_err *err) {
    places p;
    sc_cluster_list list;
    place *at_hit = sc_arena_take_array(arena, r->n + 1, sizeof *at_hit);
    r->clusters = sc_arena_take_array(arena, r->n + 1, sizeof *r->clusters);
    if (!at_hit || !r->clusters) return sc_fail(err, SC_NOMEM, "no memory for the result");
    for (size_t i = 0; i < r->n; i++)
        at_hit[i] = (place){r->hits[i].feedback.cluster_id, r->hits[i].score};
    sc_rc rc = distinct(at_hit, r->n, arena, &p, err);
    if (!rc) rc = rows_of(app, project, &p, p.n, arena, &list, err);
    if (rc) return rc;
    for (size_t k = 0; k < p.n && r->n_clusters < list.n; k++) /* the same order */
        if (sc_id_eq(&list.items[r->n_clusters].id, &p.v[k].cluster)) {
            r->clusters[r->n_clusters].cluster = list.items[r->n_clusters];
            r->clusters[r->n_clusters].score = p.v[k].score;
            r->clusters[r->n_clusters++].hits = p.hits[k];
        }
    return SC_OK;
}

sc_rc sc_read_search(sc_app *app, const sc_id *project, sc_str query, size_t limit, sc_arena *arena,
                     sc_search_result *ret, sc_err *err) {
    int64_t start = sc_mono_us(app->conf.clock);
    sc_hit *hits;
    size_t n;
    *ret = (sc_search_result){.model = ""};
    sc_rc rc = find_hits(app, project, query, limit, arena, &hits, &n, &ret->model, err);
    if (rc) return rc;
    int64_t *seqs = sc_arena_take_array(arena, n + 1, sizeof *seqs);
    ret->hits = sc_arena_take_array(arena, n + 1, sizeof *ret->hits);
    if (!seqs || !ret->hits) return sc_fail(err, SC_NOMEM, "no memory for the result");
    for (size_t i = 0; i < n; i++) seqs[i] = hits[i].key;
    sc_feedback *got;
    rc = sc_describe_fetch(app, project, seqs, n, arena, &got, err);
    if (rc) return rc;
    for (size_t i = 0; i < n; i++)
        ret->hits[i] = (sc_search_hit){.feedback = got[i],
                                       .score = (double)hits[i].score,
                                       .semantic = (double)hits[i].semantic,
                                       .lexical = (double)hits[i].lexical};
    ret->n = n;
    rc = hit_clusters(app, project, ret, arena, err);
    ret->took_us = sc_mono_us(app->conf.clock) - start;
    return rc;
}

/* ---- Clusters ------------------------------------------------------------------------------------- */

static bool cluster_fits(const sc_cluster_filter *f, const sc_cluster *c) {
    return (!f->statuses || (f->statuses >> c->status & 1)) &&
           (!f->by_source || c->source_counts[f->source]) &&
           (!f->since_ms || c->last_seen_ms >= f->since_ms) &&
           (!f->until_ms || c->last_seen_ms < f->until_ms) && c->count >= f->min_count;
}

static bool any_fits(const sc_cluster_filter *f) {
    return !f->statuses && !f->by_source && !f->since_ms && !f->until_ms && f->min_count <= 1;
}

/* With words: the clusters of the best hits. One page, at most 100. The reports themselves are not read. */
sc_rc sc_read_clusters(sc_app *app, const sc_cluster_filter *f, sc_str q, const sc_page *page,
                       sc_arena *arena, sc_cluster_list *ret, sc_err *err) {
    enum { HITS = 100 };
    if (!q.n)
        return STORE(app)->cluster_list(SELF(app), f, page, sc_now_ms(app->conf.clock), arena, ret,
                                        err);
    if (page->cursor.n)
        return sc_fail_field(err, SC_INVALID, "cursor", "a list with q has one page");
    sc_hit *hits;
    place at_hit[HITS];
    places p;
    size_t n;
    sc_cluster_list list;
    const char *model;
    sc_rc rc = find_hits(app, &f->project_id, q, HITS, arena, &hits, &n, &model, err);
    if (rc) return rc;
    for (size_t i = 0; i < n; i++) at_hit[i] = (place){hits[i].cluster, (double)hits[i].score};
    rc = distinct(at_hit, n, arena, &p, err);
    bool all = any_fits(f);
    if (!rc)
        rc = rows_of(app, &f->project_id, &p, all ? SC_MIN(p.n, page->limit) : p.n, arena, &list,
                     err);
    if (rc) return rc;
    *ret = (sc_cluster_list){.items = list.items, .total = all ? (int64_t)p.n : 0};
    for (size_t i = 0; i < list.n; i++) {
        if (!cluster_fits(f, &list.items[i])) continue;
        ret->total += !all;
        if (ret->n < page->limit) ret->items[ret->n++] = list.items[i];
    }
    return SC_OK;
}

sc_rc sc_read_cluster(sc_app *app, const sc_id *project, const sc_id *id, sc_arena *arena,
                      sc_cluster *ret, bool *ret_moved, sc_err *err) {
    sc_id at = *id;
    *ret_moved = false;
    for (int hops = 0; hops < 32; hops++) {
        sc_rc rc = STORE(app)->cluster_get(SELF(app), project, &at, arena, ret, err);
        if (rc || !sc_id_is_set(&ret->merged_into) || sc_cluster_deserted(ret)) return rc;
        at = ret->merged_into;
        *ret_moved = true;
    }
    return sc_fail(err, SC_INTERNAL, "the issue's merges go round in a circle");
}

sc_rc sc_read_candidates(sc_app *app, const sc_id *project, const sc_id *cluster, size_t limit,
                         sc_arena *arena, sc_merge_candidate **ret, size_t *ret_n, sc_err *err) {
    sc_space *s;
    sc_neighbour *near;
    size_t n;
    sc_cluster own;
    sc_rc rc = STORE(app)->cluster_get(SELF(app), project, cluster, arena, &own, err);
    if (!rc) rc = sc_space_get(app, project, &s, err);
    if (rc) return rc;
    pthread_rwlock_rdlock(&s->lock);
    rc = sc_engine_neighbours(s->engine, cluster, limit, arena, &near, &n, err);
    pthread_rwlock_unlock(&s->lock);
    if (rc) return rc;
    sc_merge_candidate *out = sc_arena_take_array(arena, n + 1, sizeof *out);
    if (!out) return sc_fail(err, SC_NOMEM, "no memory for the candidates");
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        sc_err gone = {0};
        rc = STORE(app)->cluster_get(SELF(app), project, &near[i].cluster, arena,
                                     &out[kept].cluster, &gone);
        if (rc == SC_NOT_FOUND) continue; /* not written yet, or merged away meanwhile */
        if (rc) {
            if (err) *err = gone;
            return rc;
        }
        out[kept].evidence = near[i].evidence;
        out[kept++].apart = near[i].apart;
    }
    *ret = out;
    *ret_n = kept;
    return SC_OK;
}

static sc_rc read_llm(sc_app *app, const sc_id *project, sc_arena *arena, sc_grouping_status *ret,
                      sc_err *err) {
    sc_cluster_filter due = {.project_id = *project, .due = true};
    sc_cluster_list list = {0};
    if (!app->ask) return SC_OK;
    sc_rc rc = STORE(app)->cluster_list(SELF(app), &due, &(sc_page){.limit = 1},
                                        sc_now_ms(app->conf.clock), arena, &list, err);
    ret->llm = sc_ask_model(app->ask);
    ret->due = list.n > 0;
    sc_ask_stats_get(app->ask, &ret->ask);
    return rc;
}

sc_rc sc_read_grouping(sc_app *app, const sc_id *project, sc_arena *arena, sc_grouping_status *ret,
                       sc_err *err) {
    *ret = (sc_grouping_status){0};
    sc_store_stats stats;
    sc_rc rc = STORE(app)->stats(SELF(app), project, sc_now_ms(app->conf.clock), &stats, err);
    sc_job_filter f = {.project_id = *project, .kind = SC_STR("group")};
    sc_page page = {.limit = 1};
    sc_job_list jobs = {0};
    if (!rc) rc = STORE(app)->job_list(SELF(app), &f, &page, arena, &jobs, err);
    sc_space *s;
    if (!rc) rc = sc_space_get(app, project, &s, err);
    if (rc) return rc;
    ret->pending = stats.pending;
    ret->parked = stats.parked;
    if (jobs.n) ret->last_job = jobs.items[0];
    ret->running = jobs.n && jobs.items[0].state == SC_JOB_running;
    sc_engine_stats es;
    pthread_rwlock_rdlock(&s->lock);
    sc_engine_stats_get(s->engine, &es);
    pthread_rwlock_unlock(&s->lock);
    ret->indexed_items = es.items;
    ret->indexed_clusters = es.clusters;
    ret->remote = app->embed != NULL;
    ret->bare = atomic_load(&s->bare.count);
    if (app->embed) sc_embed_stats_get(app->embed, &ret->embed);
    return read_llm(app, project, arena, ret, err);
}
