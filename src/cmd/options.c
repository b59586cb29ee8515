/* Options: the shared rows as a table, and putting a verb's rows together. */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "embedders/registry.h"
#include "forges/registry.h"
#include "llms/registry.h"
#include "stores/registry.h"

#define AT(member) offsetof(sc_common, member)

/* A row's `set` is the bit of the verbs that show it. */
static const struct {
    unsigned set;
    sc_opt opt;
} shared[] = {
    {SC_OPTS_DATA,
     {.name = "data",
      .type = SC_OPT_STR,
      .offset = AT(data),
      .fallback = "./data",
      .arg = "DIR",
      .help = "the data folder"}},
    {SC_OPTS_DATA,
     {.name = "env-file",
      .type = SC_OPT_STR,
      .offset = AT(env_file),
      .arg = "FILE",
      .help = "read NAME=value lines into the environment first; what is set already wins"}},
    {SC_OPTS_CLIENT,
     {.name = "server",
      .type = SC_OPT_STR,
      .offset = AT(server),
      .arg = "URL",
      .no_env = true,
      .help = "talk to this server instead of the one on the data folder (SOULCASTER_URL)"}},
    {SC_OPTS_CLIENT,
     {.name = "key",
      .type = SC_OPT_STR,
      .offset = AT(key),
      .arg = "KEY",
      .secret = true,
      .help = "API key for --server; better in the environment than on a command line"}},
    {SC_OPTS_CLIENT,
     {.name = "project",
      .type = SC_OPT_STR,
      .offset = AT(project),
      .arg = "NAME",
      .letter = 'p',
      .help = "name or id of the project; without it the key's own, or the first one"}},
    {SC_OPTS_OUT,
     {.name = "json",
      .type = SC_OPT_BOOL,
      .offset = AT(json),
      .no_env = true,
      .help = "print JSON as the API gives it"}},
    {SC_OPTS_OUT,
     {.name = "color",
      .type = SC_OPT_STR,
      .offset = AT(color),
      .fallback = "auto",
      .arg = "WHEN",
      .help = "auto, always or never; auto is only on a terminal and without NO_COLOR"}},
    {SC_OPTS_STACK,
     {.name = "log-level",
      .type = SC_OPT_STR,
      .offset = AT(log_level),
      .fallback = "info",
      .arg = "LEVEL",
      .help = "debug, info, warn, error or off"}},
    {SC_OPTS_STACK,
     {.name = "embedder",
      .type = SC_OPT_STR,
      .offset = AT(embedder),
      .fallback = "auto",
      .arg = "NAME",
      .help = "what turns texts into vectors: builtin, encoder, gemini or openai; auto is the "
              "encoder where a model of it is installed, else builtin"}},
    {SC_OPTS_STACK,
     {.name = "models",
      .type = SC_OPT_STR,
      .offset = AT(models),
      .arg = "DIR",
      .help = "where the encoder's models are kept; without it DATA/models"}},
    {SC_OPTS_STACK,
     {.name = "embed-timeout-ms",
      .type = SC_OPT_INT,
      .offset = AT(embed_timeout_ms),
      .fallback = "10000",
      .arg = "MS",
      .min = 100,
      .max = 120000,
      .help = "for one request to a remote embedder"}},
    {SC_OPTS_STACK,
     {.name = "embed-when-down",
      .type = SC_OPT_STR,
      .offset = AT(embed_when_down),
      .fallback = "local",
      .arg = "HOW",
      .help = "while a remote embedder cannot be asked: local (group by words and stacks, mend "
              "it later) or wait"}},
    {SC_OPTS_STACK,
     {.name = "embed-max-requests",
      .type = SC_OPT_INT,
      .offset = AT(embed_max_requests),
      .fallback = "0",
      .arg = "N",
      .min = 0,
      .max = INT64_MAX,
      .help = "to a remote embedder in a day (UTC); 0 is no cap"}},
    {SC_OPTS_STACK,
     {.name = "embed-max-tokens",
      .type = SC_OPT_INT,
      .offset = AT(embed_max_tokens),
      .fallback = "0",
      .arg = "N",
      .min = 0,
      .max = INT64_MAX,
      .help = "to a remote embedder in a day; 0 is no cap"}},
    {SC_OPTS_STACK,
     {.name = "embed-max-usd",
      .type = SC_OPT_STR,
      .offset = AT(embed_max_usd),
      .fallback = "0",
      .arg = "USD",
      .help = "what a remote embedder may cost in a day; 0 is no cap"}},
    {SC_OPTS_STACK,
     {.name = "llm",
      .type = SC_OPT_STR,
      .offset = AT(llm),
      .fallback = "none",
      .arg = "NAME",
      .help = "language model for titles, summaries and doubtful pairs of issues: gemini, openai, "
              "anthropic or none; it costs money, and the reports' text goes there"}},
    {SC_OPTS_STACK,
     {.name = "llm-tasks",
      .type = SC_OPT_STR,
      .offset = AT(llm_tasks),
      .fallback = "titles,merges",
      .arg = "LIST",
      .help = "what it is asked for: titles (and summaries), merges"}},
    {SC_OPTS_STACK,
     {.name = "llm-prompts",
      .type = SC_OPT_STR,
      .offset = AT(llm_prompts),
      .arg = "DIR",
      .help =
          "instructions of your own: issue.md, same.md; without one the shipped ones are used"}},
    {SC_OPTS_STACK,
     {.name = "llm-timeout-ms",
      .type = SC_OPT_INT,
      .offset = AT(llm_timeout_ms),
      .fallback = "60000",
      .arg = "MS",
      .min = 1000,
      .max = 600000,
      .help = "for one request to it"}},
    {SC_OPTS_STACK,
     {.name = "llm-settle-ms",
      .type = SC_OPT_INT,
      .offset = AT(llm_settle_ms),
      .fallback = "5000",
      .arg = "MS",
      .min = 0,
      .max = 3600000,
      .help = "how long a change waits for more of them before it is asked about"}},
    {SC_OPTS_STACK,
     {.name = "llm-max-requests",
      .type = SC_OPT_INT,
      .offset = AT(llm_max_requests),
      .fallback = "2000",
      .arg = "N",
      .min = 0,
      .max = INT64_MAX,
      .help = "to it in a day (UTC); 0 is no cap"}},
    {SC_OPTS_STACK,
     {.name = "llm-max-tokens",
      .type = SC_OPT_INT,
      .offset = AT(llm_max_tokens),
      .fallback = "10000000",
      .arg = "N",
      .min = 0,
      .max = INT64_MAX,
      .help = "read and written by it in a day; 0 is no cap"}},
    {SC_OPTS_STACK,
     {.name = "llm-max-usd",
      .type = SC_OPT_STR,
      .offset = AT(llm_max_usd),
      .fallback = "1",
      .arg = "USD",
      .help = "what it may cost in a day; 0 is no cap"}},
    {SC_OPTS_STACK,
     {.name = "max-queued",
      .type = SC_OPT_BYTES,
      .offset = AT(max_queued_bytes),
      .fallback = "64M",
      .arg = "BYTES",
      .help = "reports that may wait to be written; more get 429"}},
    {SC_OPTS_STACK,
     {.name = "max-dead-letters",
      .type = SC_OPT_INT,
      .offset = AT(max_dead_letters),
      .fallback = "1000",
      .arg = "N",
      .min = 1,
      .max = 100000,
      .help = "jobs given up that a project keeps; of more the oldest are dropped, and logged"}},
    {SC_OPTS_STACK,
     {.name = "max-dead-bytes",
      .type = SC_OPT_BYTES,
      .offset = AT(max_dead_bytes),
      .fallback = "16M",
      .arg = "BYTES",
      .help = "what their payloads and reasons may take"}},
    {SC_OPTS_STACK,
     {.name = "lease-ms",
      .type = SC_OPT_INT,
      .offset = AT(lease_ms),
      .fallback = "3000",
      .arg = "MS",
      .min = 1000,
      .max = 3600000,
      .help = "how long a worker, or the scheduler that leads, may be silent before another takes "
              "over"}},
    {SC_OPTS_STACK,
     {.name = "tidy-ms",
      .type = SC_OPT_INT,
      .offset = AT(tidy_ms),
      .fallback = "5000",
      .arg = "MS",
      .min = 0,
      .max = 86400000,
      .help =
          "how long grouping must have been quiet before all reports of a project are looked at "
          "together and the map is drawn; 0: neither is done"}},
    {SC_OPTS_ROLES,
     {.name = "queues",
      .type = SC_OPT_STR,
      .offset = AT(queues),
      .fallback = "group,summarise,fix,poll,verify",
      .arg = "LIST",
      .help = "what this process works on: group (reports into issues), summarise (what asks a "
              "language "
              "model), fix, poll (open pull requests), verify (merged ones)"}},
    {SC_OPTS_ROLES,
     {.name = "no-scheduler",
      .type = SC_OPT_BOOL,
      .offset = AT(no_scheduler),
      .help = "leave what is to be done every so often, once for all processes, to others"}},
    {SC_OPTS_SERVE,
     {.name = "listen",
      .type = SC_OPT_STR,
      .offset = AT(listen),
      .fallback = "127.0.0.1:8080",
      .arg = "ADDR:PORT",
      .letter = 'l',
      .help = "where to listen; port 0 takes any free one"}},
    {SC_OPTS_SERVE,
     {.name = "no-worker",
      .type = SC_OPT_BOOL,
      .offset = AT(no_worker),
      .help = "leave all queues to `soulcaster worker`"}},
    {SC_OPTS_SERVE,
     {.name = "login-link",
      .type = SC_OPT_BOOL,
      .offset = AT(login_link),
      .no_env = true,
      .help = "make a one-time login link and print it (on a terminal always)"}},
    {SC_OPTS_SERVE,
     {.name = "threads",
      .type = SC_OPT_INT,
      .offset = AT(threads),
      .fallback = "0",
      .arg = "N",
      .min = 0,
      .max = 256,
      .help = "threads that serve requests; 0 chooses"}},
    {SC_OPTS_SERVE,
     {.name = "max-connections",
      .type = SC_OPT_INT,
      .offset = AT(max_connections),
      .fallback = "0",
      .arg = "N",
      .min = 0,
      .max = 1000000,
      .help = "connections at once; 0 chooses"}},
    {SC_OPTS_SERVE,
     {.name = "max-connections-per-address",
      .type = SC_OPT_INT,
      .offset = AT(max_connections_per_address),
      .fallback = "0",
      .arg = "N",
      .min = 0,
      .max = 1000000,
      .help = "of one address; 0 chooses"}},
    {SC_OPTS_SERVE,
     {.name = "address-rate",
      .type = SC_OPT_INT,
      .offset = AT(address_rate),
      .fallback = "0",
      .arg = "N",
      .min = 0,
      .max = 1000000000,
      .help = "requests a minute of one address (an IPv6 /64 is one); more get 429; 0: no limit"}},
    {SC_OPTS_SERVE,
     {.name = "key-rate",
      .type = SC_OPT_INT,
      .offset = AT(key_rate),
      .fallback = "0",
      .arg = "N",
      .min = 0,
      .max = 1000000000,
      .help = "requests a minute of one API key, where its project names no limit; 0: no limit"}},
    {SC_OPTS_SERVE,
     {.name = "max-body",
      .type = SC_OPT_BYTES,
      .offset = AT(max_body_bytes),
      .fallback = "0",
      .arg = "BYTES",
      .help = "largest request body where the contract names no limit; 0 chooses"}},
    {SC_OPTS_SERVE,
     {.name = "max-buffered",
      .type = SC_OPT_BYTES,
      .offset = AT(max_buffered_bytes),
      .fallback = "0",
      .arg = "BYTES",
      .help = "all request bodies in memory together; over it 429; 0 chooses"}},
    {SC_OPTS_SERVE,
     {.name = "head-timeout-ms",
      .type = SC_OPT_INT,
      .offset = AT(head_timeout_ms),
      .fallback = "0",
      .arg = "MS",
      .min = 0,
      .max = 3600000,
      .help = "for a whole request head; 0 chooses"}},
    {SC_OPTS_SERVE,
     {.name = "idle-timeout-ms",
      .type = SC_OPT_INT,
      .offset = AT(idle_timeout_ms),
      .fallback = "0",
      .arg = "MS",
      .min = 0,
      .max = 3600000,
      .help = "for a connection without a request; 0 chooses"}},
    {SC_OPTS_SERVE,
     {.name = "min-body-rate",
      .type = SC_OPT_BYTES,
      .offset = AT(min_body_bytes_per_s),
      .fallback = "0",
      .arg = "BYTES",
      .help = "slower request bodies get 408, bytes a second; 0 chooses"}},
    {SC_OPTS_SERVE,
     {.name = "drain-ms",
      .type = SC_OPT_INT,
      .offset = AT(drain_ms),
      .fallback = "10000",
      .arg = "MS",
      .min = 0,
      .max = 600000,
      .help = "how long requests under way may take after SIGTERM"}},
};

/* Where a row's value lives; each embedder and each language model has a home of its own. */
enum {
    OF_VERB,
    OF_COMMON,
    OF_STORE,
    OF_EMBEDDER = OF_STORE + SC_MAX_STORES,
    MAX_EMBEDDERS = SC_MAX_EMBEDDERS,
    OF_LLM = OF_EMBEDDER + MAX_EMBEDDERS,
    OF_FIX = OF_LLM + SC_MAX_LLMS,
    OF_FORGE,
    HOMES
};
typedef unsigned home;
typedef struct row {
    sc_opt opt; /* offset within its home */
    home home;
    bool shown; /* a flag of this verb; the others are read from the environment alone */
    int same;   /* index of an earlier row of this name, or -1 */
} row;

typedef struct rows {
    row *v;
    size_t n;
} rows;

static size_t size_of(sc_opt_type t) {
    switch (t) {
    case SC_OPT_STR: return sizeof(char *);
    case SC_OPT_BOOL: return sizeof(bool);
    case SC_OPT_LIST: return sizeof(sc_opt_list);
    case SC_OPT_INT:
    case SC_OPT_BYTES: break;
    }
    return sizeof(int64_t);
}

/* The store calls its folder "dir"; on the command line it is --data. */
static const char *name_of(const sc_opt *o, home h) {
    return h == OF_STORE && !strcmp(o->name, "dir") ? "data" : o->name;
}

static void add(rows *r, const sc_opt *opts, size_t n, home h, bool shown) {
    for (size_t i = 0; i < n; i++) {
        row *next = &r->v[r->n++];
        *next = (row){.opt = opts[i], .home = h, .shown = shown, .same = -1};
        for (size_t k = 0; k + 1 < r->n && next->same < 0; k++)
            if (!strcmp(r->v[k].opt.name, name_of(&opts[i], h))) next->same = (int)k;
    }
}

/* What a verb shows, and what it reads besides: a client may have to start the stack itself. */
static sc_rc gather(const sc_verb *verb, rows *r, sc_err *err) {
    size_t n_embedders = SC_MIN(sc_embedders_n, (size_t)MAX_EMBEDDERS);
    size_t room = verb->n_opts + SC_LEN(shared) + sc_fix_opts_n;
    for (size_t i = 0; i < sc_stores_n && i < SC_MAX_STORES; i++) room += sc_stores[i]->n_opts;
    for (size_t i = 0; i < n_embedders; i++) room += sc_embedders[i]->n_opts;
    for (size_t i = 0; i < sc_llms_n; i++) room += sc_llms[i]->n_opts;
    for (size_t i = 0; i < sc_forges_n; i++) room += sc_forges[i]->n_opts;
    r->n = 0;
    r->v = sc_alloc_array(room, sizeof *r->v);
    if (!r->v) return sc_fail(err, SC_NOMEM, "out of memory");
    add(r, verb->opts, verb->n_opts, OF_VERB, true);
    for (size_t i = 0; i < SC_LEN(shared); i++)
        add(r, &shared[i].opt, 1, OF_COMMON, (verb->sets & shared[i].set) != 0);
    bool stack = (verb->sets & SC_OPTS_STACK) != 0;
    bool stores = stack || (verb->sets & SC_OPTS_STORE);
    for (size_t i = 0; i < sc_stores_n && i < SC_MAX_STORES; i++)
        add(r, sc_stores[i]->opts, sc_stores[i]->n_opts, OF_STORE + (home)i, i ? stores : stack);
    for (size_t i = 0; i < n_embedders; i++)
        add(r, sc_embedders[i]->opts, sc_embedders[i]->n_opts, OF_EMBEDDER + (home)i, stack);
    for (size_t i = 0; i < sc_llms_n && i < SC_MAX_LLMS; i++)
        add(r, sc_llms[i]->opts, sc_llms[i]->n_opts, OF_LLM + (home)i, stack);
    add(r, sc_fix_opts, sc_fix_opts_n, OF_FIX, stack);
    for (size_t i = 0; i < sc_forges_n; i++)
        add(r, sc_forges[i]->opts, sc_forges[i]->n_opts, OF_FORGE, stack);
    return SC_OK;
}

sc_rc sc_options_rows(const sc_verb *verb, sc_opt **ret, size_t *ret_n, sc_err *err) {
    rows r;
    sc_rc rc = gather(verb, &r, err);
    if (rc) return rc;
    sc_opt *v = sc_alloc_array(r.n, sizeof *v);
    size_t n = 0;
    for (size_t i = 0; v && i < r.n; i++)
        if (r.v[i].shown && r.v[i].same < 0) v[n++] = r.v[i].opt;
    sc_free(r.v);
    if (!v) return sc_fail(err, SC_NOMEM, "out of memory");
    *ret = v;
    *ret_n = n;
    return SC_OK;
}

/* All homes in one block: sc_conf_parse knows one struct. */
typedef struct block {
    size_t at[HOMES], bytes;
    char *p;
} block;

static sc_rc lay_out(const rows *r, size_t verb_bytes, block *b, sc_err *err) {
    size_t need[HOMES] = {[OF_VERB] = verb_bytes, [OF_COMMON] = sizeof(sc_common)};
    for (size_t i = 0; i < r->n; i++) {
        size_t end = r->v[i].opt.offset + size_of(r->v[i].opt.type);
        need[r->v[i].home] = SC_MAX(need[r->v[i].home], end);
    }
    b->bytes = 0;
    for (int h = 0; h < HOMES; h++) {
        b->at[h] = b->bytes;
        b->bytes += (need[h] + 79) / 16 * 16; /* backends may have members behind the last option */
    }
    b->p = sc_alloc(b->bytes);
    return b->p ? SC_OK : sc_fail(err, SC_NOMEM, "out of memory");
}

static sc_rc parse_rows(const rows *r, const block *b, bool shown, int argc, char **argv,
                        const char **words, size_t *n_words, sc_buf *problems) {
    SC_AUTO(sc_auto_free) sc_opt *v = sc_alloc_array(r->n + 1, sizeof *v);
    if (!v) return SC_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->v[i].shown != shown || r->v[i].same >= 0) continue;
        v[n] = r->v[i].opt;
        v[n++].offset += b->at[r->v[i].home];
    }
    return sc_conf_parse(v, n, b->p, argc, argv, words, n_words, problems);
}

/* --env-file has to be known before the environment is read. */
static void load_env_file(int argc, char **argv, sc_buf *problems) {
    const char *path = getenv("SOULCASTER_ENV_FILE");
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strncmp(argv[i], "--env-file=", 11)) path = argv[i] + 11;
        if (!strcmp(argv[i], "--env-file") && i + 1 < argc) path = argv[i + 1];
    }
    sc_err err;
    if (path && *path && sc_conf_load_env(path, &err))
        sc_buf_putf(problems, "--env-file: %s\n", err.msg);
}

sc_rc sc_options_parse(sc_call *c, int argc, char **argv, sc_buf *problems) {
    sc_err err;
    rows r;
    block b = {0};
    if (gather(c->verb, &r, &err)) return SC_NOMEM;
    c->words = sc_alloc_array((size_t)argc + 1, sizeof *c->words);
    sc_rc rc = c->words ? lay_out(&r, c->verb->conf_size, &b, &err) : SC_NOMEM;
    if (rc == SC_OK) {
        load_env_file(argc, argv, problems);
        size_t none;
        rc = parse_rows(&r, &b, true, argc, argv, c->words, &c->n_words, problems);
        sc_rc hidden = parse_rows(&r, &b, false, 1, argv, c->words + c->n_words, &none, problems);
        if (rc == SC_OK) rc = hidden;
        if (rc == SC_OK && problems->n) rc = SC_INVALID;
        for (size_t i = 0; i < r.n; i++) { /* two homes, one name: --data */
            if (r.v[i].same < 0) continue;
            const row *from = &r.v[r.v[i].same];
            memcpy(b.p + b.at[r.v[i].home] + r.v[i].opt.offset,
                   b.p + b.at[from->home] + from->opt.offset, size_of(r.v[i].opt.type));
        }
        memcpy(&c->common, b.p + b.at[OF_COMMON], sizeof c->common);
        const char *url = getenv("SOULCASTER_URL");
        if (!c->common.server && url && *url) c->common.server = url;
        c->conf = b.p + b.at[OF_VERB]; /* the block's first bytes: what sc_options_done frees */
        for (size_t i = 0; i < sc_stores_n && i < SC_MAX_STORES; i++)
            c->store_confs[i] = b.p + b.at[OF_STORE + i];
        for (size_t i = 0; i < sc_embedders_n && i < MAX_EMBEDDERS; i++)
            c->embedder_confs[i] = b.p + b.at[OF_EMBEDDER + i];
        for (size_t i = 0; i < sc_llms_n && i < SC_MAX_LLMS; i++)
            c->llm_confs[i] = b.p + b.at[OF_LLM + i];
        c->fix_conf = b.p + b.at[OF_FIX];
        c->forge_conf = b.p + b.at[OF_FORGE];
    }
    sc_free(r.v);
    return rc;
}

void sc_options_done(sc_call *c) {
    sc_free(c->conf);
    sc_free(c->words);
    c->conf = NULL;
    c->words = NULL;
}
