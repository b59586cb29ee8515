#include "runners/local/plan.h"

#include <stdio.h>

#include "runners/local/refuse.h"

enum { INSIDE_ID = 1000, TEXT_ROOM = 256 };

typedef struct maker {
    sc_arena *arena;
    sc_plan_step *steps;
    size_t n, room;
    int next_fd;
    bool failed;
} maker;

static void add(maker *m, sc_plan_step step) {
    if (m->n == m->room) {
        size_t room = m->room ? m->room * 2 : 128;
        sc_plan_step *more = sc_arena_take_array(m->arena, room, sizeof *more);
        if (!more) {
            m->failed = true;
            return;
        }
        if (m->n) memcpy(more, m->steps, m->n * sizeof *more);
        m->steps = more;
        m->room = room;
    }
    m->steps[m->n++] = step;
}

static void add_paths(maker *m, sc_plan_kind kind, const char *a, const char *b) {
    add(m, (sc_plan_step){.kind = kind, .a = a, .b = b});
}

static void add_data(maker *m, const char *inside, sc_str bytes, int mode) {
    add(m, (sc_plan_step){.kind = SC_PLAN_DATA,
                          .b = inside,
                          .bytes = bytes,
                          .n = (int64_t)bytes.n,
                          .mode = mode,
                          .fd = m->next_fd++});
}

static void add_memory(maker *m, const char *inside, int64_t bytes) {
    add(m, (sc_plan_step){.kind = SC_PLAN_TMPFS, .b = inside, .n = bytes});
}

/* The system: what programs are made of, and of /etc only what they need to run at all. */
static void add_system(maker *m, const sc_local_facts *f) {
    static const char *const etc[] = {
        "/etc/alternatives",    "/etc/ld.so.cache",  "/etc/localtime", "/etc/mime.types",
        "/etc/protocols",       "/etc/python3",      "/etc/services",  "/etc/ssl/certs",
        "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs"};
    add_paths(m, SC_PLAN_RO, "/usr", "/usr");
    for (size_t i = 0; i < f->n_top; i++) {
        bool link = f->top[i].link != NULL;
        add_paths(m, link ? SC_PLAN_LINK : SC_PLAN_RO, link ? f->top[i].link : f->top[i].inside,
                  f->top[i].inside);
    }
    add_paths(m, SC_PLAN_DIR, NULL, "/etc");
    for (size_t i = 0; i < SC_LEN(etc); i++) add_paths(m, SC_PLAN_RO_TRY, etc[i], etc[i]);
    for (size_t i = 0; i < f->n_java; i++) add_paths(m, SC_PLAN_RO, f->java[i], f->java[i]);
    add_data(m, "/etc/passwd",
             SC_STR("root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n"
                    "agent:x:1000:1000:agent:" SC_RUNNER_HOME ":/bin/sh\n"
                    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"),
             0444);
    add_data(m, "/etc/group", SC_STR("root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n"), 0444);
    add_data(m, "/etc/hosts", SC_STR("127.0.0.1 localhost sandbox\n::1 localhost\n"), 0444);
    add_data(m, "/etc/nsswitch.conf", SC_STR("passwd: files\ngroup: files\nhosts: files\n"), 0444);
}

/* Memory's file systems are a part of the memory limit. */
static void add_fresh(maker *m, const sc_runner_limits *l) {
    int64_t part = SC_MIN(l->memory_bytes / 4, l->disk_bytes);
    add_paths(m, SC_PLAN_PROC, NULL, "/proc");
    add_paths(m, SC_PLAN_DEV, NULL, "/dev");
    add_memory(m, "/dev/shm", part / 2);
    add_memory(m, "/tmp", part);
    add_memory(m, SC_RUNNER_HOME, part);
    add_paths(m, SC_PLAN_DIR, NULL, "/var");
    add_paths(m, SC_PLAN_LINK, "/tmp", "/var/tmp");
    add_paths(m, SC_PLAN_DIR, NULL, SC_RUNNER_OURS);
}

static void add_spec(maker *m, const sc_runner_spec *s, const sc_local_facts *f) {
    for (size_t i = 0; i < s->n_binds; i++)
        add_paths(m, SC_PLAN_RO, s->binds[i].host, s->binds[i].inside);
    add(m, (sc_plan_step){
               .kind = SC_PLAN_WORK, .a = s->work_dir, .b = SC_RUNNER_WORK, .fd = SC_PLAN_FD_WORK});
    for (size_t i = 0; i < s->n_files; i++)
        add_data(m, s->files[i].inside, s->files[i].bytes,
                 sc_path_within(s->files[i].inside, SC_RUNNER_HOME) ? 0600 : 0444);
    for (size_t i = 0; i < s->n_sockets; i++)
        add_paths(m, SC_PLAN_SOCKET, s->sockets[i].host, s->sockets[i].inside);
    add_paths(m, SC_PLAN_RO, f->self, SC_RUNNER_SELF);
    /* Where we are root, /proc/sys would be the sandbox's to write: the kernel asks for the user, not for capabilities. */
    add_paths(m, SC_PLAN_SEAL, NULL, "/proc");
    add_paths(m, SC_PLAN_SEAL, NULL, "/dev");
    add_paths(m, SC_PLAN_SEAL, NULL, "/");
}

static void add_env(maker *m, const sc_runner_spec *s) {
    static const char *const base[][2] = {{"PATH", SC_RUNNER_PATH},
                                          {"HOME", SC_RUNNER_HOME},
                                          {"USER", "agent"},
                                          {"LANG", "C.UTF-8"},
                                          {"TMPDIR", "/tmp"},
                                          /* it traces its own process, which is refused */
                                          {"LSAN_OPTIONS", "detect_leaks=0"}};
    for (size_t i = 0; i < SC_LEN(base); i++) add_paths(m, SC_PLAN_ENV, base[i][0], base[i][1]);
    for (size_t i = 0; s->env && s->env[i]; i++) {
        const char *is = strchr(s->env[i], '=');
        add_paths(m, SC_PLAN_ENV, sc_arena_copy(m->arena, s->env[i], (size_t)(is - s->env[i])),
                  is + 1);
        m->failed = m->failed || !m->steps[m->n - 1].a;
    }
}

static void add_limits(maker *m, const sc_runner_limits *l) {
    const struct {
        const char *name;
        int64_t most;
    } rows[] = {{"wall_ms", l->wall_ms},           {"cpu_s", l->cpu_s},
                {"memory_bytes", l->memory_bytes}, {"pids", l->pids},
                {"disk_bytes", l->disk_bytes},     {"output_bytes", l->output_bytes}};
    for (size_t i = 0; i < SC_LEN(rows); i++)
        add(m, (sc_plan_step){.kind = SC_PLAN_LIMIT, .a = rows[i].name, .n = rows[i].most});
}

/* With a forwarded port our own program is the command, and starts the other. */
static void add_command(maker *m, const sc_runner_spec *s) {
    if (s->forward.port) {
        const char *const before[] = {(SC_RUNNER_SELF),
                                      "sandbox",
                                      "forward",
                                      "--port",
                                      sc_arena_printf(m->arena, "%d", s->forward.port),
                                      "--socket",
                                      s->forward.inside,
                                      "--"};
        m->failed = m->failed || !before[4];
        for (size_t i = 0; i < SC_LEN(before); i++) add_paths(m, SC_PLAN_RUN, before[i], NULL);
    }
    for (size_t i = 0; s->argv[i]; i++) add_paths(m, SC_PLAN_RUN, s->argv[i], NULL);
}

sc_rc sc_plan_make(const sc_runner_spec *spec, const sc_local_facts *facts, sc_arena *arena,
                   sc_plan *ret, sc_err *err) {
    maker m = {.arena = arena, .next_fd = SC_PLAN_FD_DATA};
    sc_plan p = {.bwrap = facts->bwrap};
    sc_rc rc = sc_local_refuse(spec, facts, err);
    if (!rc) rc = sc_local_limits(&spec->limits, &p.limits, err);
    if (rc) return rc;
    add_paths(&m, SC_PLAN_NAMESPACES, "user pid net mount ipc uts cgroup", NULL);
    add(&m, (sc_plan_step){.kind = SC_PLAN_USER, .n = INSIDE_ID});
    add_paths(&m, SC_PLAN_HOST, "sandbox", NULL);
    add_paths(&m, SC_PLAN_CAPS, "none", NULL);
    add_paths(&m, SC_PLAN_SESSION, "its own, dies with ours", NULL);
    add(&m, (sc_plan_step){.kind = SC_PLAN_FILTER, .a = "agent", .fd = SC_PLAN_FD_FILTER});
    add_system(&m, facts);
    add_fresh(&m, &p.limits);
    add_spec(&m, spec, facts);
    add_env(&m, spec);
    add_limits(&m, &p.limits);
    add_paths(&m, SC_PLAN_CHDIR, NULL, SC_RUNNER_WORK);
    add_command(&m, spec);
    if (m.failed) return sc_fail(err, SC_NOMEM, "no memory for the sandbox's plan");
    p.steps = m.steps;
    p.n = m.n;
    *ret = p;
    return SC_OK;
}
