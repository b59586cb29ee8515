/* The stack: which backends there are and how they are put together. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/access.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "net/http_server.h"
#include "sources/registry.h"
#include "stores/redis/redis.h"
#include "stores/registry.h"
#include "telemetry/otlp.h"
#include "version.h"
#include "web/web.h"

enum { TELEMETRY_MS = 3000 }; /* to send what waits, at the end */

struct sc_stack {
    sc_store store;
    sc_embedder embedder;
    sc_llm llm;
    sc_prompts prompts;
    sc_fix_stack *fix;
    sc_app *app;
    bool started;
    sc_web *web;
    sc_http_server *server;
    sc_otlp *otlp; /* NULL: nothing is exported */
    int64_t drain_ms;
    int folder; /* our share of the data folder */
};

const char *sc_stack_store_file(void) { return "soulcaster.db"; }
sc_app *sc_stack_app(sc_stack *s) { return s->app; }
const sc_store *sc_stack_store(const sc_stack *s) { return &s->store; }
const sc_embedder *sc_stack_embedder(const sc_stack *s) { return &s->embedder; }
const char *sc_stack_url(const sc_stack *s) {
    return s->server ? sc_http_server_url(s->server) : "";
}

void sc_stack_close_store(sc_store *s) { sc_store_close(s); }

/* "https://host:port" of it. */
static sc_str place_of(const char *url) {
    sc_str s = sc_str_of(url);
    size_t from = sc_str_find(s, SC_STR("://"));
    if (from == SIZE_MAX) return s;
    for (size_t i = from + 3; i < s.n; i++)
        if (s.p[i] == '/' || s.p[i] == '?') s.n = i;
    return s;
}

const char *sc_stack_redis_token(const char *url) {
    const char *of = getenv("UPSTASH_REDIS_REST_URL");
    const bool other = of && *of && url && !sc_str_ieq(place_of(of), place_of(url));
    return other ? NULL : getenv("UPSTASH_REDIS_REST_TOKEN");
}

/* What others call the address of a Redis; NULL: nobody says. */
static const char *usual_redis(void) {
    static const char *const names[] = {"REDIS_URL", "UPSTASH_REDIS_REST_URL"};
    for (size_t i = 0; i < SC_LEN(names); i++) {
        const char *url = getenv(names[i]);
        if (url && *url) return url;
    }
    return NULL;
}

/* A store that is reached by an address is chosen by giving one, with the option of its own name. Without one: the first, in
 * the data folder. */
static size_t chosen(const sc_call *c) {
    for (size_t i = 1; i < sc_stores_n && i < SC_MAX_STORES; i++) {
        const sc_store_ops *ops = sc_stores[i];
        for (size_t k = 0; k < ops->n_opts; k++) {
            if (strcmp(ops->opts[k].name, ops->name) != 0) continue;
            const char **url =
                (const char **)(void *)((char *)c->store_confs[i] + ops->opts[k].offset);
            if (ops == &sc_store_redis) {
                if (!*url) *url = usual_redis();
                ((sc_redis_conf *)c->store_confs[i])->token = sc_stack_redis_token(*url);
            }
            if (*url && **url) return i;
        }
    }
    return 0;
}

bool sc_stack_is_elsewhere(const sc_call *c) { return chosen(c) != 0; }

bool sc_stack_is_stored(const sc_call *c) {
    char db[4096];
    snprintf(db, sizeof db, "%s/%s", c->common.data, sc_stack_store_file());
    return sc_stack_is_elsewhere(c) || access(db, F_OK) == 0;
}

/* What might lose an acknowledged write is no reason to refuse to run, but to say so. */
static void warn_of_loss(const sc_store *s) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_str *words;
    size_t n;
    sc_arena_init(&arena, 1 << 20);
    if (!s->ops->risks || s->ops->risks(s->self, &arena, &words, &n, NULL)) return;
    for (size_t i = 0; i < n; i++)
        sc_log(SC_LOG_WARN, "the store may lose what it acknowledged", SC_F_STR("why", words[i]));
}

static sc_rc open_store(const sc_call *c, unsigned parts, sc_store *ret, sc_err *err) {
    size_t which = chosen(c);
    /* The folder still holds what belongs to this machine; elsewhere the store makes it. */
    if (which && mkdir(c->common.data, 0700) && errno != EEXIST)
        return sc_fail_sys(err, SC_IO, errno, "make the data folder %.100s", c->common.data);
    sc_rc rc = sc_store_open(sc_stores[which], c->store_confs[which], ret, err);
    if (rc == SC_OK && (parts & SC_STACK_STAYS)) warn_of_loss(ret);
    return rc;
}

/* The store's option that holds the data folder is the one named "dir". */
sc_rc sc_stack_open_store_at(const sc_call *c, const char *data, sc_store *ret, sc_err *err) {
    const sc_store_ops *ops = sc_stores[0];
    for (size_t i = 0; i < ops->n_opts; i++)
        if (!strcmp(ops->opts[i].name, "dir"))
            memcpy((char *)c->store_confs[0] + ops->opts[i].offset, &data, sizeof data);
    return sc_store_open(ops, c->store_confs[0], ret, err);
}

/* Thousands of idle connections need file numbers; the soft limit is the shell's, the hard one the system's. */
static void raise_limits(void) {
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l)) return;
    rlim_t want = l.rlim_max == RLIM_INFINITY ? 65536 : SC_MIN(l.rlim_max, (rlim_t)65536);
    if (l.rlim_cur >= want) return;
    l.rlim_cur = want;
    setrlimit(RLIMIT_NOFILE, &l);
}

static sc_rc embed_conf(const sc_call *c, sc_app_conf *conf, sc_err *err) {
    const sc_common *o = &c->common;
    int64_t micro_usd;
    sc_rc rc = sc_stack_usd("embed-max-usd", o->embed_max_usd, &micro_usd, err);
    if (rc) return rc;
    conf->embed_wait = !strcmp(o->embed_when_down, "wait");
    if (!conf->embed_wait && strcmp(o->embed_when_down, "local") != 0)
        return sc_fail(err, SC_INVALID, "--embed-when-down is local or wait, not \"%.40s\"",
                       o->embed_when_down);
    conf->embed_timeout_ms = o->embed_timeout_ms;
    conf->embed_cap = (sc_budget_use){o->embed_max_requests, o->embed_max_tokens, micro_usd};
    return SC_OK;
}

static sc_rc open_app(const sc_call *c, unsigned parts, sc_stack *s, sc_err *err) {
    sc_app_conf conf;
    sc_app_conf_default(&conf);
    sc_rc rc = sc_stack_open_embedder(c, &s->embedder, &conf.embedder_hint, err);
    if (rc) return sc_wrap(err, "open the embedder");
    sc_log(SC_LOG_INFO, "embedder", SC_F_TXT("model", s->embedder.ops->model(s->embedder.self)),
           SC_F_TXT("hint", conf.embedder_hint));
    conf.store = s->store;
    conf.embedder = s->embedder;
    conf.open_embedder = sc_stack_open_further;
    conf.close_embedder = sc_stack_close_embedder;
    conf.open_self = (void *)c;
    conf.serves = (parts & SC_STACK_SERVER) == SC_STACK_SERVER;
    conf.schedules = (parts & SC_STACK_SCHEDULER) == SC_STACK_SCHEDULER;
    conf.queues = 0;
    if ((parts & SC_STACK_WORKER) == SC_STACK_WORKER)
        rc = sc_queues_parse(sc_str_of(c->common.queues), &conf.queues, err);
    if (rc) return sc_wrap(err, "--queues");
    conf.decides = parts & SC_STACK_STAYS && (conf.serves || conf.queues & 1u << SC_QUEUE_group);
    conf.sources = sc_source_registry;
    conf.n_sources = SC_SOURCE_COUNT;
    conf.clock = &sc_clock_system;
    conf.max_queued_bytes = c->common.max_queued_bytes;
    conf.lease_ms = c->common.lease_ms;
    conf.max_dead_letters = c->common.max_dead_letters;
    conf.max_dead_bytes = SC_MAX(c->common.max_dead_bytes, (int64_t)1);
    conf.tidy_ms = c->common.tidy_ms;
    rc = embed_conf(c, &conf, err);
    if (rc == SC_OK) rc = sc_stack_open_llm(c, &s->llm, err);
    if (rc == SC_OK && s->llm.ops) {
        sc_log(SC_LOG_INFO, "language model", SC_F_TXT("model", s->llm.ops->model(s->llm.self)));
        conf.llm = s->llm;
        conf.prompts = &s->prompts;
        rc = sc_stack_llm_conf(c, &s->prompts, &conf, err);
    }
    const bool fixes = conf.queues & 1u << SC_QUEUE_fix;
    if (rc == SC_OK) rc = sc_fix_stack_open(c, fixes, &s->fix, &conf.fix, err);
    if (rc == SC_OK) rc = sc_app_new(&conf, &s->app, err);
    const char *key = getenv("SOULCASTER_BOOTSTRAP_KEY");
    if (rc == SC_OK && key && *key) {
        rc = sc_access_bootstrap(s->app, sc_str_of(key), err);
        if (rc) sc_wrap(err, "SOULCASTER_BOOTSTRAP_KEY");
    }
    return rc;
}

static void set_if(int64_t from, void *to, size_t size) {
    unsigned narrow = (unsigned)from;
    size_t wide = (size_t)from;
    if (from <= 0) return; /* 0: the server's own choice */
    if (size == sizeof narrow)
        memcpy(to, &narrow, size);
    else
        memcpy(to, &wide, size);
}
#define SET_IF(from, to) set_if(from, &(to), sizeof(to))

static void more_metrics(void *stack, sc_buf *out) {
    sc_otlp_write_stats(((const sc_stack *)stack)->otlp, out);
}

static void metrics(void *web, sc_buf *out) { sc_web_write_metrics(web, out); }

/* Without a server it only tells metrics. */
static sc_rc open_web(const sc_call *c, sc_stack *s, sc_err *err) {
    const sc_common *o = &c->common;
    sc_web_conf web = {.app = s->app,
                       .version = SC_VERSION,
                       .log_requests = true,
                       .max_subscribers = 1000,
                       .key_rate = o->key_rate,
                       .address_rate = o->address_rate,
                       .more_metrics = more_metrics,
                       .more_self = s};
    return sc_web_new(&web, &s->web, err);
}

static sc_rc open_server(const sc_call *c, const char *listen, sc_stack *s, sc_err *err) {
    const sc_common *o = &c->common;
    raise_limits();
    sc_rc rc = open_web(c, s, err);
    if (rc) return rc;
    sc_http_conf conf;
    sc_http_conf_default(&conf);
    conf.listen = listen ? listen : o->listen;
    conf.clock = &sc_clock_system;
    SET_IF(o->threads, conf.threads);
    SET_IF(o->max_connections, conf.max_connections);
    SET_IF(o->max_connections_per_address, conf.max_connections_per_address);
    SET_IF(o->max_body_bytes, conf.default_max_body_bytes);
    SET_IF(o->max_buffered_bytes, conf.max_buffered_bytes);
    SET_IF(o->head_timeout_ms, conf.head_timeout_ms);
    SET_IF(o->idle_timeout_ms, conf.idle_timeout_ms);
    SET_IF(o->min_body_bytes_per_s, conf.min_body_bytes_per_s);
    rc = sc_http_server_open(&conf, sc_web_handler(s->web), &s->server, err);
    if (rc) return rc;
    sc_web_set_server(s->web, s->server);
    return SC_OK;
}

sc_rc sc_stack_open(const sc_call *c, unsigned parts, const char *listen, sc_stack **ret,
                    sc_err *err) {
    sc_stack *s = sc_alloc(sizeof *s);
    if (!s) return sc_fail(err, SC_NOMEM, "out of memory");
    s->drain_ms = c->common.drain_ms;
    s->folder = -1;
    sc_rc rc = parts & SC_STACK_STAYS ? sc_otlp_start(SC_VERSION, &s->otlp, err) : SC_OK;
    if (rc == SC_OK) rc = sc_folder_share(c->common.data, &s->folder, err);
    if (rc == SC_OK) rc = open_store(c, parts, &s->store, err);
    if (rc == SC_OK && s->folder < 0) rc = sc_folder_share(c->common.data, &s->folder, err);
    if (rc == SC_OK && (parts & SC_STACK_APP) == SC_STACK_APP) rc = open_app(c, parts, s, err);
    const unsigned threads = SC_STACK_SERVER | SC_STACK_WORKER | SC_STACK_SCHEDULER;
    if (rc == SC_OK && (parts & threads & ~(unsigned)SC_STACK_APP)) {
        rc = sc_app_start(s->app, err);
        s->started = true; /* a half-started one is stopped too */
    }
    if (rc == SC_OK && (parts & SC_STACK_SERVER) == SC_STACK_SERVER)
        rc = open_server(c, listen, s, err);
    if (rc == SC_OK && s->otlp && s->app && !s->web) rc = open_web(c, s, err);
    if (rc == SC_OK && s->otlp) sc_otlp_set_metrics(s->otlp, metrics, s->web);
    if (rc)
        sc_stack_close(s);
    else
        *ret = s;
    return rc;
}

void sc_stack_close(sc_stack *s) {
    if (!s) return;
    if (s->web) sc_web_drain(s->web);
    if (s->server) {
        unsigned cut = sc_http_server_drain(s->server, s->drain_ms);
        if (cut) sc_log(SC_LOG_WARN, "requests cut off", SC_F_INT("requests", cut));
    }
    if (s->started) sc_app_stop(s->app);
    if (s->web) sc_web_stop(s->web);
    sc_otlp_set_metrics(s->otlp, NULL, NULL); /* the server goes, which is measured, too */
    if (s->web) sc_web_set_server(s->web, NULL);
    if (s->server) sc_http_server_close(s->server);
    if (s->web) sc_otlp_set_metrics(s->otlp, metrics, s->web);
    sc_otlp_stop(s->otlp, TELEMETRY_MS);
    if (s->web) sc_web_free(s->web);
    if (s->app) sc_app_free(s->app);
    sc_stack_close_embedder(&s->embedder);
    sc_stack_close_llm(&s->llm);
    sc_prompts_done(&s->prompts);
    sc_fix_stack_close(s->fix);
    sc_store_close(&s->store);
    if (s->folder >= 0) close(s->folder);
    sc_free(s);
}

/* ---- Signals and logs ---------------------------------------------------------------------------- */

static sigset_t end_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

void sc_signals_block(void) {
    sigset_t set = end_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* threads inherit it */
}

void sc_signals_unblock(void) {
    sigset_t set = end_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void at_once(int sig) { _exit(128 + sig); }

int sc_signals_wait(void) {
    sigset_t set = end_signals();
    int sig = 0;
    while (sigwait(&set, &sig) != 0) {
    }
    struct sigaction act = {.sa_handler = at_once};
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return sig;
}

void sc_log_from(const sc_call *c, const char *fallback) {
    bool own = (c->verb->sets & SC_OPTS_STACK) != 0;
    const char *name = own || getenv("SOULCASTER_LOG_LEVEL") ? c->common.log_level : fallback;
    sc_log_level level = SC_LOG_INFO;
    sc_log_level_parse(sc_str_of(name), &level, NULL);
    sc_log_setup(level, isatty(STDERR_FILENO));
}
