/* Operations: the contract itself, health, the installation in numbers, metrics. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "app/dead.h"
#include "app/fix.h"
#include "web/guard.h"
#include "web/handlers.h"

enum { PROBE_EVERY_US = 1000000, PROBE_STUCK_US = 5000000 };

sc_rc sc_on_getContract(sc_req *q, sc_err *err) {
    (void)err;
    sc_req_reply(q, 200, "application/json", q->web->contract->text);
    return SC_OK;
}

/* ---- Health ------------------------------------------------------------------------------------- */

static void probe(sc_web *w, int64_t now_us) {
    sc_health *h = &w->health;
    sc_err err = {0};
    const sc_store *s = sc_app_store(w->conf.app);
    atomic_store(&h->probing_us, now_us);
    s->ops->probe(s->self, sc_now_ms(sc_app_clock(w->conf.app)), &err);
    sc_dead dead;
    const bool seen = !sc_dead_get(w->conf.app, &dead, NULL);
    pthread_mutex_lock(&h->text_lock);
    h->last = err;
    if (seen) h->dead = dead;
    pthread_mutex_unlock(&h->text_lock);
    atomic_store(&h->checked_us, sc_mono_us(sc_app_clock(w->conf.app)));
    atomic_store(&h->probing_us, 0);
}

/* Whoever finds the answer older than a second makes a new one; the others take the old one, and
 * only the very first ones wait. A probe that does not come back is an answer too. */
static void check(sc_web *w, sc_err *ret) {
    sc_health *h = &w->health;
    int64_t now = sc_mono_us(sc_app_clock(w->conf.app)), checked = atomic_load(&h->checked_us);
    if (!checked) {
        pthread_mutex_lock(&h->lock);
        if (!atomic_load(&h->checked_us)) probe(w, now);
        pthread_mutex_unlock(&h->lock);
    } else if (now - checked > PROBE_EVERY_US && pthread_mutex_trylock(&h->lock) == 0) {
        if (atomic_load(&h->checked_us) == checked) probe(w, now);
        pthread_mutex_unlock(&h->lock);
    }
    pthread_mutex_lock(&h->text_lock);
    *ret = h->last;
    pthread_mutex_unlock(&h->text_lock);
    int64_t probing = atomic_load(&h->probing_us);
    if (probing && now - probing > PROBE_STUCK_US)
        sc_fail(ret, SC_STORE, "the store has not answered for %lld s",
                (long long)((now - probing) / 1000000));
}

static sc_dead_level dead_level(sc_web *w) {
    pthread_mutex_lock(&w->health.text_lock);
    const sc_dead_level level = sc_dead_level_of(&w->health.dead);
    pthread_mutex_unlock(&w->health.text_lock);
    return level;
}

/* Of all forges together: each is in the metrics. */
static void put_forges(sc_buf *b, sc_web *w) {
    sc_forge_guard_state f[SC_FIX_MAX_FORGES];
    const size_t n = sc_fix_forges_look(w->conf.app, f);
    bool degraded = false;
    for (size_t i = 0; i < n; i++) degraded |= f[i].breaker != SC_BREAKER_closed;
    if (n) sc_render_str(b, "forges", degraded ? SC_STR("degraded") : SC_STR("ok"));
}

sc_rc sc_on_getHealth(sc_req *q, sc_err *err) {
    sc_web *w = q->web;
    bool draining = atomic_load(&w->draining);
    sc_err store = {0};
    check(w, &store);
    bool ok = !store.rc && !draining;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_putc(&b, '{');
    sc_render_str(&b, "status",
                  ok         ? SC_STR("ok")
                  : draining ? SC_STR("draining")
                             : SC_STR("unavailable"));
    sc_render_str(&b, "store", store.rc ? SC_STR("error") : SC_STR("ok"));
    if (store.rc) sc_render_str(&b, "detail", sc_str_of(store.msg));
    bool degraded;
    if (sc_app_remote(w->conf.app, &degraded))
        sc_render_str(&b, "embedder", degraded ? SC_STR("degraded") : SC_STR("ok"));
    if (sc_app_llm(w->conf.app, &degraded))
        sc_render_str(&b, "llm", degraded ? SC_STR("degraded") : SC_STR("ok"));
    put_forges(&b, w);
    sc_render_str(&b, "dead_letters", sc_str_of(sc_dead_level_name(dead_level(w))));
    sc_render_str(&b, "version", sc_str_of(w->conf.version ? w->conf.version : ""));
    sc_render_int(&b, "uptime_s",
                  (sc_mono_us(sc_app_clock(w->conf.app)) - w->started_us) / 1000000);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, ok ? 200 : 503, &b, err);
}

sc_rc sc_on_getApiHealth(sc_req *q, sc_err *err) { return sc_on_getHealth(q, err); }

/* ---- The installation in numbers ---------------------------------------------------------------- */

static int64_t resident_bytes(void) {
    int64_t pages = 0;
    char line[128] = "";
    FILE *f = fopen("/proc/self/statm", "re");
    if (f) {
        sc_str rest = sc_str_of(fgets(line, sizeof line, f)), word;
        sc_str_next(&rest, ' ', &word);
        if (sc_str_next(&rest, ' ', &word) && sc_num_i64(word, 0, INT64_MAX, &pages, NULL))
            pages = 0;
        fclose(f);
    }
    return pages * sysconf(_SC_PAGESIZE);
}

static sc_rc put_store_info(sc_buf *b, const sc_store *s, sc_err *err) {
    sc_store_info info;
    sc_rc rc = s->ops->info(s->self, &info, err);
    if (rc) return rc;
    sc_render_name(b, "store");
    sc_buf_putc(b, '{');
    sc_render_str(b, "backend", sc_str_of(info.backend));
    sc_render_int(b, "schema_version", info.schema_version);
    sc_render_int(b, "bytes", info.bytes);
    sc_render_int(b, "free_bytes", info.free_bytes);
    sc_buf_putc(b, '}');
    return SC_OK;
}

static void put_roles(sc_buf *b, const sc_app_stats *s) {
    sc_render_name(b, "roles");
    sc_buf_putc(b, '{');
    sc_render_name(b, "queues");
    sc_buf_putc(b, '[');
    for (unsigned q = 0; q < SC_QUEUE_COUNT; q++) {
        if (!(s->queues & 1u << q)) continue;
        sc_render_comma(b);
        sc_buf_put_json(b, sc_str_of(sc_queue_name((sc_queue)q)));
    }
    sc_buf_putc(b, ']');
    sc_render_str(b, "scheduler",
                  s->leads       ? SC_STR("leads")
                  : s->schedules ? SC_STR("ready")
                                 : SC_STR("none"));
    sc_buf_putc(b, '}');
}

sc_rc sc_on_getSystem(sc_req *q, sc_err *err) {
    sc_web *w = q->web;
    sc_app_stats s;
    int64_t up_ms = (sc_mono_us(sc_app_clock(w->conf.app)) - w->started_us) / 1000;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_buf_putc(&b, '{');
    sc_render_str(&b, "version", sc_str_of(w->conf.version ? w->conf.version : ""));
    sc_render_time(&b, "started_at", sc_req_now_ms(q) - up_ms);
    sc_rc rc = put_store_info(&b, sc_req_store(q), err);
    if (rc) return rc;
    sc_app_stats_get(w->conf.app, &s);
    sc_render_name(&b, "index");
    sc_buf_putc(&b, '{');
    sc_render_int(&b, "projects", s.spaces);
    sc_render_int(&b, "reports", s.items);
    sc_render_int(&b, "clusters", s.clusters);
    sc_render_int(&b, "bytes", s.index_bytes);
    sc_buf_putc(&b, '}');
    sc_render_int(&b, "memory_bytes", resident_bytes());
    put_roles(&b, &s);
    sc_buf_putc(&b, '}');
    return sc_req_reply_buf(q, 200, &b, err);
}

/* ---- Metrics ------------------------------------------------------------------------------------ */

static void gauge(sc_buf *b, const char *name, const char *type, const char *help, double v) {
    sc_metrics_family(b, name, type, help);
    sc_buf_putf(b, "%s %.17g\n", name, v);
}

static void put_app(sc_buf *b, const sc_app_stats *s) {
    const struct {
        const char *name, *type, *help;
        double v;
    } rows[] = {
        {"soulcaster_ingest_commits_total", "counter", "Group commits.", (double)s->commits},
        {"soulcaster_ingest_reports_total", "counter", "Reports stored.", (double)s->committed},
        {"soulcaster_ingest_duplicates_total", "counter", "Reports that were stored before.",
         (double)s->duplicates},
        {"soulcaster_ingest_refused_total", "counter", "Reports refused because too much waited.",
         (double)s->refused},
        {"soulcaster_ingest_commit_seconds_total", "counter", "Time in group commits.",
         (double)s->commit_us_total / 1e6},
        {"soulcaster_ingest_queued_bytes", "gauge", "Reports that wait for their commit.",
         (double)s->queued_bytes},
        {"soulcaster_grouping_reports_total", "counter", "Reports grouped.", (double)s->grouped},
        {"soulcaster_grouping_errors_total", "counter", "Grouping steps that failed.",
         (double)s->group_errors},
        {"soulcaster_grouping_conflicts_total", "counter",
         "Grouping steps redone because the project changed.", (double)s->conflicts},
        {"soulcaster_grouping_regressions_total", "counter",
         "Resolved issues reopened by a report.", (double)s->regressions},
        {"soulcaster_grouping_passes_total", "counter",
         "Passes over all reports of a project, in idle time.", (double)s->tidied},
        {"soulcaster_grouping_passes_moved_total", "counter", "Reports that those moved.",
         (double)s->tidy_moves},
        {"soulcaster_grouping_seconds_total", "counter", "Time spent grouping.",
         (double)s->group_us_total / 1e6},
        {"soulcaster_index_projects", "gauge", "Projects whose index is loaded.",
         (double)s->spaces},
        {"soulcaster_index_reports", "gauge", "Reports in loaded indexes.", (double)s->items},
        {"soulcaster_index_clusters", "gauge", "Clusters in loaded indexes.", (double)s->clusters},
        {"soulcaster_index_bytes", "gauge", "Memory of loaded indexes.", (double)s->index_bytes},
        {"soulcaster_retention_reports_total", "counter",
         "Reports of long closed issues that were removed.", (double)s->expired},
        {"soulcaster_limited_alone_total", "counter",
         "Requests counted by this process alone because the store did not answer.",
         (double)s->limited_alone},
        {"soulcaster_event_subscribers", "gauge", "Open event streams.", (double)s->subscribers},
        {"soulcaster_scheduler_leads", "gauge",
         "Whether this process does the installation's periodic work.", (double)s->leads},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        gauge(b, rows[i].name, rows[i].type, rows[i].help, rows[i].v);
}

static void put_limits(sc_buf *b, const sc_app_stats *s) {
    const struct {
        const char *limit;
        int64_t n;
    } rows[] = {{"requests_of_key", s->limited_keys},
                {"requests_of_address", s->limited_addresses},
                {"max_reports", s->limited_reports},
                {"max_fixes_a_day", s->limited_fixes}};
    sc_metrics_family(b, "soulcaster_limited_total", "counter",
                      "Requests, reports and fixes refused by a limit.");
    for (size_t i = 0; i < SC_LEN(rows); i++)
        sc_buf_putf(b, "soulcaster_limited_total{limit=\"%s\"} %lld\n", rows[i].limit,
                    (long long)rows[i].n);
}

static void put_embedder(sc_buf *b, const sc_app_stats *s) {
    const sc_embed_stats *e = &s->embed;
    if (!s->remote) return;
    const struct {
        const char *name, *type, *help;
        double v;
    } rows[] = {
        {"soulcaster_embedder_texts_total", "counter", "Texts embedded.", (double)e->texts},
        {"soulcaster_embedder_tokens_total", "counter", "Their tokens.", (double)e->tokens},
        {"soulcaster_embedder_remembered_total", "counter", "Texts that were not asked for again.",
         (double)e->remembered},
        {"soulcaster_embedder_refused_total", "counter", "Texts that it does not take.",
         (double)e->refused},
        {"soulcaster_embedder_without_vector", "gauge",
         "Reports of loaded projects grouped without a vector, to be mended.", (double)s->bare},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        gauge(b, rows[i].name, rows[i].type, rows[i].help, rows[i].v);
    sc_metrics_guard(b, "embedder", "the remote embedder", &e->guard);
}

static void put_llm(sc_buf *b, const sc_app_stats *s) {
    const sc_ask_stats *a = &s->ask;
    if (!s->llm) return;
    const struct {
        const char *name, *type, *help;
        double v;
    } rows[] = {
        {"soulcaster_llm_answers_total", "counter", "Answers that could be used.",
         (double)a->answers},
        {"soulcaster_llm_remembered_total", "counter", "Questions answered from the store.",
         (double)a->remembered},
        {"soulcaster_llm_refused_total", "counter", "Questions without a fit answer.",
         (double)a->refused},
        {"soulcaster_llm_tokens_in_total", "counter", "Tokens that it read.", (double)a->tokens_in},
        {"soulcaster_llm_tokens_out_total", "counter", "Tokens that it wrote.",
         (double)a->tokens_out},
        {"soulcaster_llm_merges_total", "counter", "Pairs of issues that it found to be one.",
         (double)s->judged_one},
        {"soulcaster_llm_no_merges_total", "counter", "Pairs of issues that it found to be two.",
         (double)s->judged_two},
        {"soulcaster_llm_titles_total", "counter", "Issues that got a title or summary by it.",
         (double)s->told},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        gauge(b, rows[i].name, rows[i].type, rows[i].help, rows[i].v);
    sc_metrics_guard(b, "llm", "the language model", &a->guard);
}

static void put_forge_metrics(sc_buf *b, sc_web *w) {
    sc_forge_guard_state f[SC_FIX_MAX_FORGES];
    const size_t n = sc_fix_forges_look(w->conf.app, f);
    if (!n) return;
    sc_metrics_family(b, "soulcaster_forge_requests_total", "counter", "Requests to a forge.");
    for (size_t i = 0; i < n; i++)
        sc_buf_putf(b, "soulcaster_forge_requests_total{forge=\"%s\"} %lld\n", f[i].name,
                    (long long)f[i].requests);
    sc_metrics_family(b, "soulcaster_forge_failures_total", "counter",
                      "Requests to a forge without a whole answer.");
    for (size_t i = 0; i < n; i++)
        sc_buf_putf(b, "soulcaster_forge_failures_total{forge=\"%s\"} %lld\n", f[i].name,
                    (long long)f[i].failures);
    sc_metrics_family(b, "soulcaster_forge_breaker", "gauge", "The circuit breaker's state.");
    for (size_t i = 0; i < n; i++)
        for (sc_breaker_state k = SC_BREAKER_closed; k <= SC_BREAKER_half_open; k++)
            sc_buf_putf(b, "soulcaster_forge_breaker{forge=\"%s\",state=\"%s\"} %d\n", f[i].name,
                        sc_breaker_state_name(k), f[i].breaker == k);
}

static void put_dead(sc_buf *b, sc_web *w) {
    sc_dead d;
    if (sc_dead_get(w->conf.app, &d, NULL)) return;
    gauge(b, "soulcaster_dead_letters", "gauge",
          "Jobs given up that wait for a person, as the scheduler saw them.", (double)d.n);
    gauge(b, "soulcaster_dead_letters_bytes", "gauge", "Their payloads and reasons.",
          (double)d.bytes);
    gauge(b, "soulcaster_dead_letters_fullness", "gauge",
          "How near the fullest project is to its bound, 0 to 1; from 1 on the oldest are dropped.",
          d.fullness);
    gauge(b, "soulcaster_dead_letters_dropped_total", "counter",
          "Dead letters dropped because there were too many.", (double)d.dropped);
}

/* A store that cannot answer now leaves its lines out; the scrape tells the rest. */
static void put_store(sc_buf *b, sc_web *w) {
    const sc_store *s = sc_app_store(w->conf.app);
    sc_job_counts jobs;
    sc_id all = {{0}};
    if (!s->ops->job_counts(s->self, &all, SC_STR("group"), &jobs, NULL)) {
        sc_metrics_family(b, "soulcaster_jobs", "gauge", "Grouping jobs by state.");
        for (size_t i = 0; i < SC_JOB_STATE_COUNT; i++)
            sc_buf_putf(b, "soulcaster_jobs{state=\"%s\"} %lld\n",
                        sc_job_state_name((sc_job_state)i), (long long)jobs.by_state[i]);
        int64_t now = sc_now_ms(sc_app_clock(w->conf.app)), oldest = jobs.oldest_pending_ms;
        gauge(b, "soulcaster_jobs_oldest_pending_seconds", "gauge",
              "Age of the oldest job that is ready.",
              oldest && oldest < now ? (double)(now - oldest) / 1e3 : 0);
    }
    sc_store_info info;
    if (!s->ops->info(s->self, &info, NULL))
        gauge(b, "soulcaster_store_bytes", "gauge", "Size of the store on disk.",
              (double)info.bytes);
}

static void put_http(sc_buf *b, sc_web *w) {
    sc_http_server *server = atomic_load(&w->server);
    if (!server) return;
    sc_http_stats s;
    sc_http_server_stats(server, &s);
    gauge(b, "soulcaster_http_connections", "gauge", "Open connections.", (double)s.connections);
    gauge(b, "soulcaster_http_in_flight", "gauge", "Requests under way.", (double)s.in_flight);
    gauge(b, "soulcaster_http_buffered_bytes", "gauge", "Memory of request bodies.",
          (double)s.buffered_bytes);
    gauge(b, "soulcaster_http_refused_total", "counter",
          "Connections and requests refused by limits.", (double)s.refused);
}

static void put_process(sc_buf *b, sc_web *w) {
    gauge(b, "process_resident_memory_bytes", "gauge", "Resident memory.",
          (double)resident_bytes());
    DIR *d = opendir("/proc/self/fd");
    int fds = -3; /* ".", "..", and the one that reads */
    while (d && readdir(d)) fds++;
    if (d) {
        closedir(d);
        gauge(b, "process_open_fds", "gauge", "Open file descriptors.", fds);
    }
    gauge(b, "soulcaster_uptime_seconds", "gauge", "Since the start.",
          (double)(sc_mono_us(sc_app_clock(w->conf.app)) - w->started_us) / 1e6);
    sc_metrics_family(b, "soulcaster_build_info", "gauge", "The version.");
    sc_buf_putf(b, "soulcaster_build_info{version=\"%s\"} 1\n",
                w->conf.version ? w->conf.version : "");
}

void sc_web_write_metrics(sc_web *w, sc_buf *out) {
    sc_app_stats s;
    sc_app_stats_get(w->conf.app, &s);
    sc_metrics_write(w->metrics, w->contract, out);
    put_http(out, w);
    put_app(out, &s);
    put_limits(out, &s);
    gauge(out, "soulcaster_audit_lost_total", "counter",
          "Changes that could not be put into the audit log.", (double)atomic_load(&w->audit_lost));
    put_embedder(out, &s);
    put_llm(out, &s);
    put_forge_metrics(out, w);
    put_store(out, w);
    put_dead(out, w);
    put_process(out, w);
    if (w->conf.more_metrics) w->conf.more_metrics(w->conf.more_self, out);
}

sc_rc sc_on_getMetrics(sc_req *q, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4 << 20);
    sc_web_write_metrics(q->web, &b);
    sc_rc rc = sc_buf_check(&b, "the metrics", err);
    if (rc) return rc;
    sc_req_reply(q, 200, "text/plain; version=0.0.4; charset=utf-8", sc_buf_str(&b));
    return SC_OK;
}
