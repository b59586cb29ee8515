/* soulcaster ingest: files of reports go in, each line once. */
#include <errno.h>
#include <unistd.h>

#include "cmd/cmd.h"

typedef struct ingest_conf {
    const char *source, *format, *rejects;
    sc_opt_list map;
    bool wait;
} ingest_conf;

typedef struct run {
    sc_call *c;
    const ingest_conf *conf;
    sc_api *api;
    sc_feed *feed;
    const char *name; /* of the file being read, for people   */
    char rejects_path[4096];
    FILE *rejects;         /* opened with the first rejected line  */
    int64_t rejected_told; /* reasons printed so far               */
    bool rejects_failed;
    sc_progress progress;
    sc_buf told; /* what was mapped                      */
} run;

/* ---- Rejected lines ------------------------------------------------------------------------------ */

static void keep_reject(void *self, int64_t line, const char *field, const char *reason,
                        sc_str raw) {
    enum { TELL = 5 };
    run *r = self;
    if (!r->rejects && !r->rejects_failed) {
        r->rejects = fopen(r->rejects_path, "ae");
        r->rejects_failed = !r->rejects;
        if (r->rejects_failed)
            fprintf(stderr, "soulcaster ingest: %s: %s\n", r->rejects_path, strerror(errno));
    }
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, (size_t)64 << 20);
    sc_buf_puts(&b, "{\"file\":");
    sc_buf_put_json(&b, sc_str_of(r->name));
    sc_buf_putf(&b, ",\"line\":%lld,\"reason\":", (long long)line);
    sc_buf_put_json(&b, sc_str_of(reason));
    if (field && *field) {
        sc_buf_puts(&b, ",\"field\":");
        sc_buf_put_json(&b, sc_str_of(field));
    }
    sc_buf_puts(&b, ",\"input\":");
    sc_buf_put_json(&b, raw);
    sc_buf_puts(&b, "}\n");
    if (r->rejects && (b.failed || fwrite(b.p, 1, b.n, r->rejects) != b.n))
        r->rejects_failed = true;
    if (r->rejected_told++ >= TELL) return;
    sc_progress_end(&r->progress);
    SC_AUTO(sc_buf_done) sc_buf clean;
    sc_buf_init(&clean, 4096);
    sc_out_clean(&clean, sc_str_of(reason));
    fprintf(stderr, "soulcaster ingest: %s:%lld: %s%s%s\n", r->name, (long long)line,
            field ? field : "", field && *field ? ": " : "", clean.p ? clean.p : "");
}

static void choose_rejects(run *r, const char *path) {
    if (r->rejects) fclose(r->rejects);
    r->rejects = NULL;
    if (r->conf->rejects)
        snprintf(r->rejects_path, sizeof r->rejects_path, "%s", r->conf->rejects);
    else
        snprintf(r->rejects_path, sizeof r->rejects_path, "%s.rejects.jsonl",
                 strcmp(path, "-") ? path : "stdin");
}

/* ---- One file ------------------------------------------------------------------------------------ */

static void tell_mapping(run *r, const sc_records *records, const sc_mapping *m) {
    SC_AUTO(sc_buf_done) sc_buf now;
    sc_buf_init(&now, 8192);
    sc_mapping_tell(m, &now);
    if (sc_str_eq(sc_buf_str(&now), sc_buf_str(&r->told))) return;
    sc_buf_reset(&r->told);
    sc_buf_put_str(&r->told, sc_buf_str(&now));
    sc_progress_end(&r->progress);
    fprintf(stderr, "%s: %s; %s\n", r->name, sc_records_format(records), now.p ? now.p : "");
}

/* One record; errors that come back are the whole run's. */
static sc_rc one(run *r, sc_records *records, sc_mapping *m, bool *ret_ended, sc_err *err) {
    sc_record record;
    sc_err e = {0};
    SC_AUTO(sc_json_auto) json_t *report = NULL;
    sc_rc rc = sc_records_next(records, &record, &e);
    if (rc == SC_OK) rc = sc_mapping_apply(m, &record, &report, &e);
    if (rc == SC_OK) return sc_feed_put(r->feed, record.line, record.raw, report, err);
    if (rc == SC_INVALID || rc == SC_TOO_LARGE) {
        sc_feed_count_reject(r->feed);
        keep_reject(r, record.line, e.field[0] ? e.field : NULL, e.msg, record.raw);
        return SC_OK;
    }
    *ret_ended = rc == SC_NOT_FOUND;
    if (*ret_ended) return SC_OK;
    if (err) *err = e;
    return rc;
}

static sc_rc one_file(run *r, const char *path, sc_err *err) {
    enum { LOOK_AT = 200 };
    sc_records *records = NULL;
    sc_mapping *m = NULL;
    r->name = strcmp(path, "-") ? path : "standard input";
    r->rejected_told = 0;
    choose_rejects(r, path);
    sc_rc rc = sc_mapping_new(&r->conf->map, r->conf->source, &m, err);
    if (rc) return rc;
    rc = sc_records_open(path, r->conf->format, &records, err);
    bool ended = false;
    for (int64_t n = 0; rc == SC_OK && !ended; n++) {
        rc = one(r, records, m, &ended, err);
        if (n + 1 == LOOK_AT || (ended && n < LOOK_AT)) tell_mapping(r, records, m);
        sc_progress_tell(&r->progress, sc_feed_counts_get(r->feed)->lines, 0);
    }
    if (rc == SC_OK) rc = sc_feed_flush(r->feed, err);
    sc_records_close(records);
    sc_mapping_free(m);
    if (rc) sc_wrap(err, "%s", r->name);
    return rc;
}

/* ---- The summary --------------------------------------------------------------------------------- */

static void summary(const run *r, double seconds) {
    const sc_feed_counts *n = sc_feed_counts_get(r->feed);
    double rate = seconds > 0 ? (double)n->lines / seconds : 0;
    if (r->c->common.json) {
        printf(
            "{\"lines\":%lld,\"new\":%lld,\"duplicate\":%lld,\"filtered\":%lld,\"rejected\":%lld,"
            "\"seconds\":%.3f,\"per_second\":%.0f}\n",
            (long long)n->lines, (long long)n->fresh, (long long)n->duplicate,
            (long long)n->filtered, (long long)n->rejected, seconds, rate);
        return;
    }
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_out_number(&b, n->fresh);
    sc_buf_puts(&b, " new, ");
    sc_out_number(&b, n->duplicate);
    sc_buf_puts(&b, " duplicate, ");
    if (n->filtered) {
        sc_out_number(&b, n->filtered);
        sc_buf_puts(&b, " filtered, ");
    }
    sc_out_number(&b, n->rejected);
    printf("%s rejected in %.1f s (%.0f lines/s)\n", b.p ? b.p : "", seconds, rate);
    if (n->rejected) printf("The rejected lines and their reasons: %s\n", r->rejects_path);
}

static int finish(run *r, sc_rc rc, sc_err *err, int64_t started_us) {
    sc_progress_end(&r->progress);
    double seconds = (double)(sc_mono_us(&sc_clock_system) - started_us) / 1e6;
    if (r->rejects && fclose(r->rejects)) r->rejects_failed = true;
    summary(r, seconds);
    if (rc == SC_OK && (r->conf->wait || sc_api_is_own(r->api)))
        rc = sc_api_wait_grouped(r->api, err);
    if (rc) {
        sc_cmd_fail_err(r->c, err);
        if (rc == SC_INVALID) return SC_EXIT_USAGE;
        fprintf(stderr,
                "What was acknowledged is stored; run the same command again for the rest.\n");
        return SC_EXIT_FAILED;
    }
    if (r->rejects_failed)
        return sc_cmd_fail(r->c, SC_EXIT_FAILED, "%s could not be written", r->rejects_path);
    return sc_feed_counts_get(r->feed)->rejected ? SC_EXIT_REJECTED : SC_EXIT_OK;
}

static bool format_wrong(const char *f) {
    return f && strcmp(f, "jsonl") && strcmp(f, "json") && strcmp(f, "csv");
}

static int ingest(sc_call *c) {
    run r = {.c = c, .conf = c->conf};
    int code;
    if (format_wrong(r.conf->format))
        return sc_cmd_fail(c, SC_EXIT_USAGE, "--format: jsonl, json or csv");
    if (c->n_words == 0 && isatty(STDIN_FILENO))
        return sc_cmd_fail(c, SC_EXIT_USAGE, "name a file, or pipe reports in");
    sc_mapping *check = NULL; /* what is wrong with --map is said before anything starts */
    sc_err err = {0};
    sc_rc rc = sc_mapping_new(&r.conf->map, r.conf->source, &check, &err);
    sc_mapping_free(check);
    for (size_t i = 0; rc == SC_OK && i < c->n_words; i++)
        if (strcmp(c->words[i], "-") && access(c->words[i], R_OK))
            rc = sc_fail_sys(&err, SC_IO, errno, "%s", c->words[i]);
    if (rc) return sc_cmd_fail_err(c, &err);
    if (!sc_api_ready(c, SC_API_GROUPS, &r.api, &code)) return code;
    sc_buf_init(&r.told, 8192);
    rc = sc_feed_new(r.api, keep_reject, &r, &r.feed, &err);
    int64_t started = sc_mono_us(&sc_clock_system);
    sc_progress_start(&r.progress, "ingest");
    static const char *const standard[] = {"-"};
    const char *const *files = c->n_words ? c->words : standard;
    for (size_t i = 0; rc == SC_OK && i < SC_MAX(c->n_words, (size_t)1); i++)
        rc = one_file(&r, files[i], &err);
    code = r.feed ? finish(&r, rc, &err, started) : sc_cmd_fail_err(c, &err);
    sc_feed_free(r.feed);
    sc_buf_done(&r.told);
    sc_api_close(r.api);
    return code;
}

#define AT(member) offsetof(ingest_conf, member)
static const sc_opt opts[] = {
    {.name = "source",
     .type = SC_OPT_STR,
     .offset = AT(source),
     .arg = "NAME",
     .no_env = true,
     .help = "where the reports are from: manual, reddit, sentry, github, datadog, posthog, "
             "splunk, generic; without it, "
             "what a line says itself, else generic"},
    {.name = "map",
     .type = SC_OPT_LIST,
     .offset = AT(map),
     .arg = "FIELD=COLUMN,...",
     .help = "which column is which field (external_id, title, body, created_at, url, stack, "
             "status, repo, metadata.NAME); "
             "COLUMN= leaves a column out"},
    {.name = "format",
     .type = SC_OPT_STR,
     .offset = AT(format),
     .arg = "NAME",
     .no_env = true,
     .help = "jsonl, json or csv; without it, by the content"},
    {.name = "rejects",
     .type = SC_OPT_STR,
     .offset = AT(rejects),
     .arg = "FILE",
     .no_env = true,
     .help = "where rejected lines go with their reasons; without it FILE.rejects.jsonl"},
    {.name = "wait",
     .type = SC_OPT_BOOL,
     .offset = AT(wait),
     .no_env = true,
     .help = "wait until the reports are grouped (done anyway when no server runs)"},
};

const sc_verb sc_verb_ingest = {
    .name = "ingest",
    .group = SC_GROUP_FEED,
    .summary = "put files of reports in: JSONL, JSON, CSV, gzip, zstd",
    .synopsis = "[FILE|-]... [--map FIELD=COLUMN,...] [--source NAME] [--rejects FILE]",
    .about = "Reads reports from files or standard input: one JSON object a line, a JSON array (or "
             "an object with \"items\"), or CSV "
             "with a header row; compressed or not. Columns with the usual names are recognised "
             "(id, key; title, summary, subject; body, "
             "description, text; created, date, ...); --map says it for others. What is no field "
             "becomes metadata. What was mapped "
             "is told on standard error.\n\n"
             "It can be run again safely: a line's id (or, without one, its content) is its "
             "external id, and a report that is stored "
             "already counts as a duplicate. When the server has too much to do, it waits and "
             "tries again.\n\n"
             "A line that cannot be taken costs itself alone: it is appended to the rejects file "
             "with its number and the reason, "
             "and the exit status is 3.\n\n"
             "When no server runs on the data folder, the reports are stored and grouped in this "
             "process.",
    .examples = "# a stream of reports\nsoulcaster ingest reports.jsonl\n"
                "# a ticket system's export\nsoulcaster ingest --map title=Summary,body=\"Issue "
                "text\",external_id=Key tickets.csv\n"
                "# from another program\nzcat reviews.json.gz | soulcaster ingest -\n",
    .exits = "3  some lines were rejected; they are in the rejects file",
    .sets = SC_OPTS_API,
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .conf_size = sizeof(ingest_conf),
    .run = ingest,
};
