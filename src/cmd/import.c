/* soulcaster import: what `export` wrote, or what the system before this one holds in its Redis. */
#include <errno.h>
#include <unistd.h>

#include "app/transfer.h"
#include "cmd/cmd.h"
#include "legacy/legacy.h"
#include "stores/redis/redis.h"
#include "stores/registry.h"

typedef struct import_conf {
    const char *from, *project, *rejects;
    bool dry_run;
} import_conf;

typedef struct run {
    sc_call *c;
    const import_conf *conf;
    sc_import *im;
    sc_progress progress;
    FILE *rejects;
    bool rejects_failed;
    int64_t told; /* reasons printed so far */
    int64_t left[SC_LEGACY_LEFT_COUNT];
    sc_transfer_counts counts;
    sc_buf keys, secrets; /* what stayed behind, by name */
} run;

/* ---- A file --------------------------------------------------------------------------------------- */

static sc_rc feed_file(run *r, sc_reader *in, sc_err *err) {
    for (int64_t line_no = 1;; line_no++) {
        sc_str line;
        sc_rc rc = sc_reader_line(in, SC_TRANSFER_MAX_LINE, &line, err);
        if (rc) return rc == SC_NOT_FOUND ? SC_OK : rc; /* its end */
        if (sc_str_trim(line).n) rc = sc_import_line(r->im, line, line_no, err);
        if (rc) return rc;
        sc_progress_tell(&r->progress, line_no, 0);
    }
}

/* ---- The old system -------------------------------------------------------------------------------- */

/* Keys and reasons are somebody else's text. */
static void tell_left(run *r, sc_str key, const char *why) {
    enum { TELL = 5 };
    if (r->told++ >= TELL) return;
    SC_AUTO(sc_buf_done) sc_buf clean;
    sc_buf_init(&clean, 8192);
    sc_out_clean(&clean, key);
    sc_buf_puts(&clean, ": ");
    sc_out_clean(&clean, sc_str_of(why));
    sc_progress_end(&r->progress);
    fprintf(stderr, "soulcaster import: %s\n", clean.p ? clean.p : "");
    if (r->told == TELL && !r->rejects)
        fprintf(stderr, "soulcaster import: --rejects FILE lists all that is left out\n");
}

static void keep_left(void *self, sc_legacy_left what, sc_str key, const char *why) {
    run *r = self;
    r->left[what]++;
    if (sc_legacy_left_lost(what)) tell_left(r, key, why);
    if (!r->rejects) return;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 16);
    sc_buf_puts(&b, "{\"key\":");
    sc_buf_put_json(&b, key);
    sc_buf_putf(&b, ",\"what\":\"%s\",\"reason\":", sc_legacy_left_name(what));
    sc_buf_put_json(&b, sc_str_of(why));
    sc_buf_puts(&b, "}\n");
    if (b.failed || fwrite(b.p, 1, b.n, r->rejects) != b.n) r->rejects_failed = true;
}

static void keep_refused(void *self, const sc_id *report, const char *why) {
    keep_left(self, SC_LEGACY_LEFT_broken, sc_id_str(report), why);
}

static void keep_behind(void *self, sc_str what, sc_str name) {
    run *r = self;
    sc_buf *b = sc_str_is(what, "key") ? &r->keys : &r->secrets;
    if (b->n) sc_buf_puts(b, ", ");
    sc_out_clean(b, name);
}

static sc_rc feed_line(void *self, sc_str line, sc_str key, sc_err *err) {
    run *r = self;
    sc_err why = {0};
    sc_rc rc = sc_import_line(r->im, line, 0, &why);
    if (rc == SC_UNPROCESSABLE || rc == SC_INVALID || rc == SC_TOO_LARGE) {
        keep_left(r, SC_LEGACY_LEFT_broken, key, why.msg);
        return SC_OK;
    }
    if (rc && err) *err = why;
    return rc;
}

static void tell_progress(void *self, int64_t done, int64_t total) {
    sc_progress_tell(&((run *)self)->progress, done, total);
}

static sc_rc feed_legacy(run *r, sc_err *err) {
    const sc_redis_conf *store = NULL; /* its options say whom to trust and how long to wait */
    for (size_t i = 0; i < sc_stores_n; i++)
        if (sc_stores[i] == &sc_store_redis) store = r->c->store_confs[i];
    if (!store) return sc_fail(err, SC_INTERNAL, "this program was built without Redis");
    sc_legacy_conf conf = {.url = r->conf->from,
                           .token = sc_stack_redis_token(r->conf->from),
                           .ca_file = store->ca_file,
                           .timeout_ms = store->timeout_ms,
                           .project = r->conf->project,
                           .clock = &sc_clock_system,
                           .self = r,
                           .line = feed_line,
                           .left = keep_left,
                           .progress = tell_progress};
    return sc_legacy_read(&conf, err);
}

/* ---- What came of it ------------------------------------------------------------------------------- */

static void print_left(const run *r) {
    for (int i = 0; i < SC_LEGACY_LEFT_COUNT; i++)
        if (r->left[i])
            printf("%s: %lld %s\n", sc_legacy_left_lost(i) ? "Left out" : "Not taken",
                   (long long)r->left[i], sc_legacy_left_words(i));
}

static void print_counts(const run *r) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 4096);
    sc_transfer_words(&r->counts, &b);
    printf("%s%s; %lld known already\n", r->conf->dry_run ? "Would be taken: " : "", b.p,
           (long long)r->counts.skipped);
    if (r->conf->from) print_left(r);
    if (r->keys.n) printf("Keys do not travel, make them anew: %s\n", r->keys.p);
    if (r->secrets.n) printf("Secrets do not travel, set them anew: %s\n", r->secrets.p);
}

static void print_json(const run *r) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_transfer_members(&r->counts, &b);
    sc_buf_puts(&b, ",\"left_out\":{");
    for (int i = 0, n = 0; i < SC_LEGACY_LEFT_COUNT; i++)
        if (r->left[i])
            sc_buf_putf(&b, "%s\"%s\":%lld", n++ ? "," : "", sc_legacy_left_name(i),
                        (long long)r->left[i]);
    sc_buf_puts(&b, "},\"keys\":");
    sc_buf_put_json(&b, sc_buf_str(&r->keys));
    sc_buf_puts(&b, ",\"secrets\":");
    sc_buf_put_json(&b, sc_buf_str(&r->secrets));
    printf("{\"dry_run\":%s,%s}\n", r->conf->dry_run ? "true" : "false", b.p ? b.p : "");
}

static int result_of(const run *r) {
    r->c->common.json ? print_json(r) : print_counts(r);
    for (int i = 0; i < SC_LEGACY_LEFT_COUNT; i++)
        if (r->left[i] && sc_legacy_left_lost(i)) return SC_EXIT_REJECTED;
    return SC_EXIT_OK;
}

/* ---- The verb -------------------------------------------------------------------------------------- */

/* A dry run on a folder that holds nothing makes nothing. */
static sc_rc feed(run *r, sc_reader *in, sc_err *err) {
    sc_stack *s = NULL;
    sc_err late = {0};
    sc_import_conf conf = {.dry_run = r->conf->dry_run,
                           .foreign = r->conf->from != NULL,
                           .self = r,
                           .refused = r->conf->from ? keep_refused : NULL,
                           .behind = keep_behind};
    bool none = conf.dry_run && !sc_stack_is_stored(r->c);
    sc_rc rc = none ? SC_OK : sc_stack_open(r->c, SC_STACK_APP, NULL, &s, err);
    if (!rc) rc = sc_import_begin(none ? NULL : sc_stack_app(s), &conf, &r->im, err);
    if (!rc) {
        sc_progress_start(&r->progress, "import");
        rc = in ? feed_file(r, in, err) : feed_legacy(r, err);
        sc_rc end = sc_import_end(r->im, &r->counts, &late);
        sc_progress_end(&r->progress);
        if (!rc && end) {
            *err = late;
            rc = end;
        }
    }
    sc_stack_close(s);
    return rc;
}

static bool wrong_words(sc_call *c) {
    const import_conf *o = c->conf;
    if (!o->from && (o->rejects || o->dry_run)) {
        sc_cmd_fail(c, SC_EXIT_USAGE, "--dry-run and --rejects go with --from-legacy");
        return true;
    }
    return sc_cmd_words_wrong(c, o->from ? 0 : 1, o->from ? 0 : 1);
}

static int import_verb(sc_call *c) {
    sc_err err = {0};
    sc_reader *in = NULL;
    run r = {.c = c, .conf = c->conf};
    sc_buf_init(&r.keys, 1 << 16);
    sc_buf_init(&r.secrets, 1 << 16);
    if (wrong_words(c)) return SC_EXIT_USAGE;
    if (!r.conf->from && sc_reader_open(c->words[0], &in, &err))
        return sc_cmd_fail(c, SC_EXIT_FAILED, "%s", err.msg);
    if (r.conf->rejects && !(r.rejects = fopen(r.conf->rejects, "we")))
        return sc_cmd_fail(c, SC_EXIT_FAILED, "%s: %s", r.conf->rejects, strerror(errno));
    sc_log_from(c, "warn");
    sc_rc rc = feed(&r, in, &err);
    sc_reader_close(in);
    if (r.rejects && (fclose(r.rejects) || r.rejects_failed) && !rc)
        rc = sc_fail(&err, SC_IO, "%s could not be written", r.conf->rejects);
    int code = rc ? sc_cmd_fail(c, SC_EXIT_FAILED, "%s", err.msg) : result_of(&r);
    sc_buf_done(&r.keys);
    sc_buf_done(&r.secrets);
    return code;
}

static const sc_opt opts[] = {
    {.name = "from-legacy",
     .type = SC_OPT_STR,
     .offset = offsetof(import_conf, from),
     .arg = "URL",
     .secret = true,
     .help =
         "take what the system before this one holds in that Redis: redis://, rediss://, unix:// "
         "or https://; it is only read"},
    {.name = "project",
     .type = SC_OPT_STR,
     .offset = offsetof(import_conf, project),
     .fallback = "default",
     .arg = "NAME",
     .letter = 'p',
     .help = "with --from-legacy: the project for what names none"},
    {.name = "dry-run",
     .type = SC_OPT_BOOL,
     .offset = offsetof(import_conf, dry_run),
     .no_env = true,
     .help = "with --from-legacy: write nothing, say what would be taken"},
    {.name = "rejects",
     .type = SC_OPT_STR,
     .offset = offsetof(import_conf, rejects),
     .arg = "FILE",
     .no_env = true,
     .help = "with --from-legacy: list each key that is left out, with the reason, as NDJSON"},
};

const sc_verb sc_verb_import = {
    .name = "import",
    .group = SC_GROUP_KEEP,
    .summary = "take in what `soulcaster export` wrote, or the old system's data",
    .synopsis =
        "FILE|- | --from-legacy URL [--project NAME] [--dry-run] [--rejects FILE] [--data DIR]",
    .about = "Ids are kept, so importing the same twice changes nothing the second time. For "
             "reports from elsewhere see ingest; for what the old system's data become, "
             "docs/migrating.md.",
    .examples = "# move a project to another machine\nsoulcaster export -p app | ssh other "
                "soulcaster import --data /srv/soulcaster -\n# what the old system holds, without "
                "taking it\nsoulcaster import --from-legacy rediss://default:TOKEN@HOST:6379 "
                "--dry-run --rejects left-out.ndjson\n",
    .exits = "3  something of the old system was left out that somebody should look at",
    .sets = SC_OPTS_DATA | SC_OPTS_OUT | SC_OPTS_STORE,
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .conf_size = sizeof(import_conf),
    .run = import_verb,
};
