/* soulcaster doctor: is everything as it should be, and what to do if not. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agents/agents.h"
#include "app/dead.h"
#include "app/ingest.h"
#include "cmd/cmd.h"
#include "runners/registry.h"
#include "sources/registry.h"
#include "vec/kernels.h"

typedef enum verdict { GOOD, NOTE, BAD } verdict;

typedef struct exam {
    sc_call *c;
    const char *data;
    json_t *checks;
    sc_stack *stack; /* opened by the store's check; NULL when it could not be */
    bool stored;     /* there is a database          */
    bool served;     /* a server runs on it          */
    sc_running running;
    bool bad;
} exam;

/* One line of the result; `what` says what is, and what to do about it. */
static void say(exam *e, verdict v, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void say(exam *e, verdict v, const char *name, const char *fmt, ...) {
    static const struct {
        const char *word;
        sc_style style;
    } faces[] = {{"ok", SC_GREEN}, {"note", SC_YELLOW}, {"BAD", SC_RED}};
    char text[700];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    e->bad = e->bad || v == BAD;
    if (e->c->common.json) {
        json_array_append_new(e->checks,
                              json_pack("{s:s, s:s, s:s}", "check", name, "result",
                                        v == BAD ? "bad" : faces[v].word, "words", text));
        return;
    }
    sc_out_styled(faces[v].style, "%-5s", faces[v].word);
    printf(" %-12s %s\n", name, text);
    fflush(stdout);
}

/* ---- The data folder ----------------------------------------------------------------------------- */

static const char *file_system(const char *path, verdict *ret) {
    static const struct {
        unsigned long magic;
        const char *name;
        verdict v;
    } known[] = {
        {0xEF53, "ext4", GOOD},      {0x58465342, "xfs", GOOD},   {0x9123683E, "btrfs", GOOD},
        {0x2FC12FC1, "zfs", GOOD},   {0xF2F52010, "f2fs", GOOD},  {0x794C7630, "overlay", GOOD},
        {0x01021994, "tmpfs", NOTE}, {0x858458F6, "ramfs", NOTE}, {0x6969, "NFS", BAD},
        {0xFF534D42, "CIFS", BAD},   {0xFE534D42, "SMB2", BAD},   {0x65735546, "FUSE", NOTE},
        {0x01021997, "9p", NOTE}};
    struct statfs s;
    *ret = GOOD;
    if (statfs(path, &s)) return "unknown";
    for (size_t i = 0; i < SC_LEN(known); i++) {
        if ((unsigned long)s.f_type != known[i].magic) continue;
        *ret = known[i].v;
        return known[i].name;
    }
    return "of a kind we do not know";
}

static void check_folder(exam *e) {
    struct stat st;
    if (stat(e->data, &st)) {
        say(e, errno == ENOENT ? NOTE : BAD, "folder", "%s: %s; `soulcaster serve` makes it",
            e->data, strerror(errno));
        return;
    }
    if (!S_ISDIR(st.st_mode)) {
        say(e, BAD, "folder", "%s is not a folder", e->data);
        return;
    }
    if (access(e->data, R_OK | W_OK | X_OK))
        say(e, BAD, "folder",
            "%s cannot be written by this user (%s): chown it, or run as its owner", e->data,
            strerror(errno));
    else if (st.st_mode & 077)
        say(e, NOTE, "folder", "%s may be read by others: chmod 700 %s", e->data, e->data);
    else
        say(e, GOOD, "folder", "%s", e->data);
    verdict v;
    const char *name = file_system(e->data, &v);
    say(e, v, "file system", "%s%s", name,
        v == BAD    ? ": locks and fsync cannot be relied on over a network; choose a local disk"
        : v == NOTE ? ": check that it survives a restart and that fsync means what it says"
                    : "");
    struct statvfs vfs;
    if (statvfs(e->data, &vfs)) return;
    double free_gib = (double)vfs.f_bavail * (double)vfs.f_frsize / (1024.0 * 1024 * 1024);
    say(e,
        free_gib < 0.1 ? BAD
        : free_gib < 1 ? NOTE
                       : GOOD,
        "space", "%.1f GiB free%s", free_gib,
        free_gib < 1 ? ": make room, or new reports will be refused with 503" : "");
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void check_fsync(exam *e) {
    enum { ROUNDS = 9 };
    char path[4096], block[4096] = {0};
    int64_t took[ROUNDS];
    snprintf(path, sizeof path, "%s/.doctor-XXXXXX", e->data);
    SC_AUTO(sc_auto_close) int fd = mkstemp(path);
    if (fd < 0) return; /* the folder's check has said why */
    unlink(path);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t at = sc_mono_us(&sc_clock_system);
        if (write(fd, block, sizeof block) != sizeof block || fsync(fd)) {
            say(e, BAD, "fsync", "writing to %s fails: %s", e->data, strerror(errno));
            return;
        }
        took[i] = sc_mono_us(&sc_clock_system) - at;
    }
    qsort(took, ROUNDS, sizeof *took, by_size);
    double ms = (double)took[ROUNDS / 2] / 1000;
    say(e, ms > 50 ? NOTE : GOOD, "fsync", "%.2f ms a write%s", ms,
        ms > 50 ? ": slow disk; single reports wait that long, batches do not" : "");
}

/* ---- The store ----------------------------------------------------------------------------------- */

static void check_risks(exam *e, const sc_store *s) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_str *words = NULL;
    size_t n = 0;
    sc_err err = {0};
    sc_arena_init(&arena, 1 << 20);
    if (!s->ops->risks) return;
    if (s->ops->risks(s->self, &arena, &words, &n, &err)) say(e, BAD, "durability", "%s", err.msg);
    for (size_t i = 0; i < n; i++) say(e, BAD, "durability", "%.*s", SC_FMT(words[i]));
    if (!err.rc && !n) say(e, GOOD, "durability", "what it acknowledges is on its disk");
}

static void check_store(exam *e) {
    sc_err err = {0};
    e->stored = sc_stack_is_stored(e->c);
    if (!e->stored) {
        say(e, GOOD, "store", "nothing is stored yet");
        return;
    }
    if (sc_stack_open(e->c, SC_STACK_APP, NULL, &e->stack, &err)) {
        say(e, BAD, "store", "%s", err.msg);
        return;
    }
    const sc_store *s = sc_stack_store(e->stack);
    sc_store_info info = {0};
    if (s->ops->info(s->self, &info, &err) == SC_OK)
        say(e, GOOD, "store", "%s, schema %lld, %.1f MiB", info.backend,
            (long long)info.schema_version, (double)info.bytes / 1048576);
    check_risks(e, s);
    int64_t at = sc_mono_us(&sc_clock_system);
    if (s->ops->probe(s->self, sc_now_ms(&sc_clock_system), &err))
        say(e, BAD, "write", "%s", err.msg);
    else
        say(e, GOOD, "write", "a durable write took %.1f ms",
            (double)(sc_mono_us(&sc_clock_system) - at) / 1000);
    at = sc_mono_us(&sc_clock_system);
    if (s->ops->verify(s->self, NULL, NULL, &err))
        say(e, BAD, "integrity", "%s; restore a backup: soulcaster restore FILE --force", err.msg);
    else
        say(e, GOOD, "integrity", "checked in %.1f s",
            (double)(sc_mono_us(&sc_clock_system) - at) / 1e6);
}

static void check_jobs(exam *e) {
    if (!e->stack) return;
    sc_err err = {0};
    sc_id all = {""};
    sc_job_counts n = {0};
    const sc_store *s = sc_stack_store(e->stack);
    if (s->ops->job_counts(s->self, &all, SC_STR_NONE, &n, &err)) return;
    int64_t dead = n.by_state[SC_JOB_dead];
    say(e, dead ? NOTE : GOOD, "jobs", "%lld pending, %lld running, %lld dead letters%s",
        (long long)n.by_state[SC_JOB_pending], (long long)n.by_state[SC_JOB_running],
        (long long)dead, dead ? ": soulcaster jobs dead" : "");
    sc_dead seen;
    if (sc_dead_get(sc_stack_app(e->stack), &seen, &err)) {
        say(e, BAD, "dead letters", "%s", err.msg);
    } else if (sc_dead_level_of(&seen) != SC_DEAD_ok) {
        say(e, NOTE, "dead letters",
            "%.0f %% of what a project keeps (project %s); %lld were dropped so far: read them "
            "(soulcaster jobs dead), retry or drop them",
            100 * seen.fullness, seen.project.text, (long long)seen.dropped);
    }
}

/* Adds a name to a list in words. */
static void name_one(char *list, size_t room, const char *name) {
    const size_t n = strlen(list);
    snprintf(list + n, room - n, "%s%s", n ? ", " : "", name);
}

/* Webhooks of a source without a secret are refused: that is meant so, but should be known. */
static void check_webhooks_of(exam *e, const sc_project *project) {
    char set[256] = "", unset[256] = "";
    for (size_t k = 0; k < SC_SOURCE_COUNT; k++) {
        const sc_source_ops *source = sc_source_registry[k];
        SC_AUTO(sc_json_auto) json_t *v = NULL;
        if (!source->verify ||
            sc_settings_get(sc_stack_app(e->stack), &project->id, source, &v, NULL))
            continue;
        if (json_object_get(v, "secret") || json_object_get(v, "secrets"))
            name_one(set, sizeof set, source->name);
        else
            name_one(unset, sizeof unset, source->name);
    }
    if (*set) say(e, GOOD, "webhooks", "project %.*s: %s: secret set", SC_FMT(project->name), set);
    if (*unset)
        say(e, GOOD, "webhooks", "project %.*s: %s: no secret, so refused (PUT /api/config/...)",
            SC_FMT(project->name), unset);
}

static void check_webhooks(exam *e) {
    if (!e->stack) return;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 16 << 20);
    sc_project *projects = NULL;
    size_t n = 0;
    const sc_store *s = sc_stack_store(e->stack);
    if (s->ops->project_list(s->self, &arena, &projects, &n, NULL)) return;
    for (size_t i = 0; i < n; i++) check_webhooks_of(e, &projects[i]);
}

/* ---- The machine --------------------------------------------------------------------------------- */

static void check_clock(exam *e) {
    char text[SC_TIME_TEXT];
    int64_t now = sc_now_ms(&sc_clock_system);
    sc_time_format(now, text);
    bool odd = now < INT64_C(1735689600000); /* before 2025: this program is younger than that */
    say(e, odd ? BAD : GOOD, "clock", "%s%s", text,
        odd ? ": wrong; set it (timedatectl set-ntp true)" : "");
}

static void check_limits(exam *e) {
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l)) return;
    bool low = l.rlim_max != RLIM_INFINITY && l.rlim_max < 4096;
    say(e, low ? NOTE : GOOD, "open files", "%llu at most%s", (unsigned long long)l.rlim_max,
        low ? ": few for a server; raise it (LimitNOFILE=, ulimit -Hn)" : "");
}

static void check_embedder(exam *e) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    sc_err err = {0};
    sc_embedder em = {NULL, NULL};
    sc_prepared p;
    int8_t vec[SC_REPR_MAX_DIM];
    int64_t at = 0;
    const char *hint;
    sc_rc rc = sc_stack_open_embedder(e->c, &em, &hint, &err);
    if (rc == SC_OK)
        rc = sc_prepare(SC_STR("Export fails"), SC_STR("Saving as PDF ends in an error."),
                        SC_STR_NONE, &arena, &p, &err);
    if (rc == SC_OK) {
        at = sc_mono_us(&sc_clock_system);
        rc = em.ops->embed(em.self, &p, 1, sc_now_ms(&sc_clock_system) + 30000, vec, &err);
        at = sc_mono_us(&sc_clock_system) - at;
    }
    if (rc)
        say(e, BAD, "embedder", "%s", err.msg);
    else
        say(e, GOOD, "embedder", "%s, %u dimensions, %.2f ms", em.ops->model(em.self),
            (unsigned)em.ops->dim(em.self), (double)at / 1000);
    if (*hint) say(e, NOTE, "model", "%s", hint);
    sc_stack_close_embedder(&em);
    say(e, GOOD, "kernels", "%s", sc_kernels_get()->name);
}

/* One small question, outside the day's books; a service that wants another form of it gets that. */
static sc_rc ask_llm(const sc_llm *llm, sc_arena *arena, sc_llm_answer *ret, sc_err *err) {
    static const sc_llm_field fields[] = {{"ok", SC_LLM_FLAG, "true"}};
    const sc_llm_question q = {.name = "doctor",
                               .system = SC_STR("Answer with {\"ok\": true} and nothing else."),
                               .content = SC_STR("{}"),
                               .fields = fields,
                               .n_fields = SC_LEN(fields),
                               .max_tokens = 512};
    sc_rc rc = SC_CONFLICT;
    for (int i = 0; rc == SC_CONFLICT && i < 3; i++)
        rc = llm->ops->ask(llm->self, &q, sc_now_ms(&sc_clock_system) + 60000, arena, ret, err);
    return rc;
}

static void check_llm(exam *e) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_llm llm;
    SC_AUTO(sc_json_auto) json_t *said = NULL;
    sc_llm_answer a = {.why = NULL};
    sc_app_conf conf = {.llm_tasks = 0};
    sc_prompts prompts = {.texts = {NULL}};
    sc_err err = {0};
    sc_rc rc = sc_stack_open_llm(e->c, &llm, &err);
    if (!rc && !llm.ops) {
        say(e, GOOD, "llm", "none (--llm): titles and summaries are taken from the reports");
        return;
    }
    const int64_t at = sc_mono_us(&sc_clock_system);
    if (!rc) rc = sc_stack_llm_conf(e->c, &prompts, &conf, &err);
    if (!rc) rc = ask_llm(&llm, &arena, &a, &err);
    if (rc)
        say(e, BAD, "llm", "%s", err.msg);
    else if (sc_json_parse(a.text, &said, NULL) || !json_is_object(said))
        say(e, NOTE, "llm", "%s answers, but not with a JSON object%s%s", llm.ops->model(llm.self),
            a.why ? ": " : "", a.why ? a.why : "");
    else
        say(e, GOOD, "llm", "%s, %.0f ms; at most $%.2f a day", llm.ops->model(llm.self),
            (double)(sc_mono_us(&sc_clock_system) - at) / 1000,
            (double)conf.llm_cap.micro_usd / 1e6);
    sc_prompts_done(&prompts);
    sc_stack_close_llm(&llm);
}

/* None has to be here: the built-in one always is. */
static void check_agents(exam *e) {
    SC_AUTO(sc_buf_done) sc_buf none;
    sc_buf_init(&none, 512);
    for (size_t i = 0; i < sc_agents_n; i++) {
        const sc_agent *a = &sc_agents[i];
        char found[32];
        sc_err err = {0};
        if (!a->program) continue;
        sc_rc rc = sc_agent_installed(a, found, &err);
        if (rc == SC_NOT_FOUND)
            sc_buf_putf(&none, "%s%s", none.n ? ", " : "", a->name);
        else if (rc)
            say(e, NOTE, "agent", "%s", err.msg);
        else
            say(e, GOOD, "agent", "%s %s", a->name, found);
    }
    say(e, GOOD, "agents", "builtin%s%s", none.n ? "; not installed: " : "", none.n ? none.p : "");
}

/* Without one nothing but fixes is missing: never BAD. */
static void check_sandbox(exam *e) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_runner_check *rows = NULL;
    size_t n = 0;
    sc_err err = {0};
    const sc_runner_ops *ops = sc_runner_find(SC_STR("local"));
    SC_AUTO(sc_auto_free) void *self = sc_alloc(ops->size);
    sc_rc rc = self ? ops->open(self, NULL, &err) : sc_fail(&err, SC_NOMEM, "no memory");
    if (!rc) rc = ops->check(self, &arena, &rows, &n, &err);
    if (rc) say(e, NOTE, "sandbox", "%s; so no agent is run", err.msg);
    for (size_t i = 0; i < n; i++)
        say(e, rows[i].is == SC_RUNNER_GOOD ? GOOD : NOTE, rows[i].what, "%s%s", rows[i].words,
            rows[i].is == SC_RUNNER_BAD ? "; so no agent is run" : "");
}

static void check_port(exam *e) {
    e->served = sc_running_find(e->data, &e->running, NULL) == SC_OK;
    if (e->served) {
        say(e, GOOD, "server", "runs at %s (process %ld)", e->running.url, e->running.pid);
        return;
    }
    char host[256];
    snprintf(host, sizeof host, "%s", e->c->common.listen);
    char *colon = strrchr(host, ':');
    if (!colon) {
        say(e, BAD, "port", "--listen %s: say ADDR:PORT", host);
        return;
    }
    *colon = 0;
    const char *name = host[0] == '[' ? host + 1 : host;
    host[strcspn(host, "]")] = 0;
    struct addrinfo want = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM},
                    *at = NULL;
    if (getaddrinfo(*name ? name : NULL, colon + 1, &want, &at)) {
        say(e, BAD, "port", "--listen %s: no such address", e->c->common.listen);
        return;
    }
    SC_AUTO(sc_auto_close) int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, at->ai_addr, at->ai_addrlen))
        say(e, BAD, "port", "%s: %s; choose another with --listen", e->c->common.listen,
            strerror(errno));
    else
        say(e, GOOD, "port", "%s is free", e->c->common.listen);
    freeaddrinfo(at);
}

static void check_environment(exam *e) {
    const char *key = getenv("SOULCASTER_BOOTSTRAP_KEY");
    if (key && *key && strlen(key) < 16)
        say(e, BAD, "bootstrap", "SOULCASTER_BOOTSTRAP_KEY has fewer than 16 characters");
    static const char *const redis[] = {"REDIS_URL", "UPSTASH_REDIS_REST_URL"};
    for (size_t i = 0; i < SC_LEN(redis); i++) {
        const char *url = getenv(redis[i]);
        if (!url || !*url) continue;
        say(e, NOTE, redis[i], "is set: everything is kept there, not in %s", e->data);
        break;
    }
}

static int doctor(sc_call *c) {
    static void (*const checks[])(exam *) = {
        check_folder, check_fsync,  check_store,      check_jobs, check_webhooks,
        check_clock,  check_limits, check_embedder,   check_llm,  check_sandbox,
        check_agents, check_port,   check_environment};
    if (sc_cmd_words_wrong(c, 0, 0)) return SC_EXIT_USAGE;
    exam e = {.c = c, .data = c->common.data, .checks = json_array()};
    sc_log_from(c, "error");
    for (size_t i = 0; i < SC_LEN(checks); i++) checks[i](&e);
    sc_stack_close(e.stack);
    if (c->common.json) {
        SC_AUTO(sc_json_auto) json_t *v = json_pack("{s:b, s:O}", "ok", !e.bad, "checks", e.checks);
        sc_print_json(c, v);
    } else {
        puts(e.bad ? "Something has to be done; see the lines marked BAD." : "All is well.");
    }
    json_decref(e.checks);
    return e.bad ? SC_EXIT_FAILED : SC_EXIT_OK;
}

const sc_verb sc_verb_doctor = {
    .name = "doctor",
    .group = SC_GROUP_KEEP,
    .summary = "check the installation for real, and say what to do",
    .synopsis = "[--data DIR] [--listen ADDR:PORT] [--json]",
    .about =
        "Looks at the data folder, disk, store (open, write, integrity), jobs, webhook "
        "secrets, clock, limits, embedder, language model, sandbox, coding agents and port. Exit "
        "status 1 when something is wrong; each line says what to do.",
    .examples =
        "# before going live\nsoulcaster doctor --data /srv/soulcaster --listen 0.0.0.0:8080\n",
    .sets = SC_OPTS_DATA | SC_OPTS_OUT | SC_OPTS_STACK | SC_OPTS_SERVE,
    .run = doctor,
};
