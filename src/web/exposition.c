/* What /metrics answers, and what is exported as metrics: counters and gauges of all rooms in Prometheus' text format. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "app/dead.h"
#include "app/fix.h"
#include "core/work.h"
#include "web/guard.h"
#include "web/handlers.h"

int64_t sc_metrics_resident_bytes(void) {
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

/* What waits, and for how long, of each kind of work. A store that cannot answer now leaves its lines out; the scrape tells the rest. */
static void put_jobs(sc_buf *b, sc_web *w) {
    const sc_store *s = sc_app_store(w->conf.app);
    SC_AUTO(sc_buf_done) sc_buf ages;
    sc_id all = {{0}};
    int64_t now = sc_now_ms(sc_app_clock(w->conf.app));
    sc_buf_init(&ages, 64 << 10);
    sc_metrics_family(&ages, "soulcaster_jobs_oldest_pending_seconds", "gauge",
                      "Age of the oldest job that is ready.");
    sc_metrics_family(b, "soulcaster_jobs", "gauge", "Jobs by kind and state.");
    for (size_t k = 0; k < sc_works_n; k++) {
        sc_job_counts jobs;
        const char *kind = sc_works[k].kind;
        if (s->ops->job_counts(s->self, &all, sc_str_of(kind), &jobs, NULL)) return;
        for (size_t i = 0; i < SC_JOB_STATE_COUNT; i++)
            sc_buf_putf(b, "soulcaster_jobs{kind=\"%s\",state=\"%s\"} %lld\n", kind,
                        sc_job_state_name((sc_job_state)i), (long long)jobs.by_state[i]);
        int64_t oldest = jobs.oldest_pending_ms;
        sc_buf_putf(&ages, "soulcaster_jobs_oldest_pending_seconds{kind=\"%s\"} %.3f\n", kind,
                    oldest && oldest < now ? (double)(now - oldest) / 1e3 : 0);
    }
    sc_buf_put_str(b, sc_buf_str(&ages));
}

static void put_store(sc_buf *b, sc_web *w) {
    const sc_store *s = sc_app_store(w->conf.app);
    sc_store_info info;
    if (s->ops->info(s->self, &info, NULL)) return;
    gauge(b, "soulcaster_store_bytes", "gauge", "Size of the store on disk.", (double)info.bytes);
    if (info.free_bytes >= 0)
        gauge(b, "soulcaster_store_free_bytes", "gauge", "What is left for it where it is.",
              (double)info.free_bytes);
}

static void put_fixes(sc_buf *b, const sc_app_stats *s) {
    const sc_fix_stats *f = &s->fixes;
    sc_metrics_family(b, "soulcaster_fixes_ended_total", "counter",
                      "Fixes that ended, by reason; none: well.");
    for (size_t i = 0; i < SC_FIX_REASON_COUNT; i++)
        sc_buf_putf(b, "soulcaster_fixes_ended_total{reason=\"%s\"} %lld\n",
                    sc_fix_reason_name((sc_fix_reason)i), (long long)f->ended[i]);
    gauge(b, "soulcaster_fixes_model_calls_total", "counter", "Model calls of agents.",
          (double)f->calls);
    gauge(b, "soulcaster_fixes_tokens_total", "counter", "Tokens of those.", (double)f->tokens);
    gauge(b, "soulcaster_fixes_usd_total", "counter", "Dollars spent on those.",
          (double)f->micro_usd / 1e6);
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
          (double)sc_metrics_resident_bytes());
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
    put_fixes(out, &s);
    put_jobs(out, w);
    put_dead(out, w);
    put_store(out, w);
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
