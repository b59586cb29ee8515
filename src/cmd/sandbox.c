/* soulcaster sandbox: see, try and be inside the sandbox that agents run in. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tree.h"
#include "cmd/cmd.h"
#include "runners/local/relay.h"
#include "runners/registry.h"

typedef struct sandbox_conf {
    const char *work, *socket;
    sc_opt_list binds, env;
    int64_t port, wall_ms, memory, pids, disk, output;
} sandbox_conf;

/* What `plan` and `run` have in hand. */
typedef struct box {
    sc_call *c;
    sc_runner runner;
    sc_arena arena;
    sc_runner_spec spec;
    char work[PATH_MAX], top[64], state[80];
} box;

static _Atomic bool stop;
static void on_signal(int signal) {
    (void)signal;
    stop = true;
}

/* "HOST:INSIDE", or one path for both. */
static sc_rc take_binds(box *b, const sandbox_conf *o, sc_err *err) {
    sc_runner_bind *binds = sc_arena_take_array(&b->arena, o->binds.n + 1, sizeof *binds);
    for (size_t i = 0; binds && i < o->binds.n; i++) {
        const char *v = o->binds.v[i], *colon = strchr(v, ':');
        binds[i].host = colon ? sc_arena_copy(&b->arena, v, (size_t)(colon - v)) : v;
        binds[i].inside = colon ? colon + 1 : v;
        if (!binds[i].host) binds = NULL;
    }
    b->spec.binds = binds;
    b->spec.n_binds = o->binds.n;
    return binds ? SC_OK : sc_fail(err, SC_NOMEM, "no memory for the binds");
}

/* The command is what follows; the environment is what --env says. Both NULL-terminated. */
static const char *const *list_of(box *b, const char *const *from, size_t n) {
    const char **v = sc_arena_take_array(&b->arena, n + 1, sizeof *v);
    if (v && n) memcpy(v, from, n * sizeof *v);
    return v;
}

static sc_rc take_spec(box *b, sc_err *err) {
    const sandbox_conf *o = b->c->conf;
    if (!realpath(o->work ? o->work : ".", b->work))
        return sc_fail(err, SC_NOT_FOUND, "no folder %s", o->work ? o->work : ".");
    snprintf(b->top, sizeof b->top, "/tmp/soulcaster-sandbox-%ld", (long)getpid());
    snprintf(b->state, sizeof b->state, "%s/state", b->top);
    b->spec = (sc_runner_spec){
        .id = "by-hand",
        .work_dir = b->work,
        .state_dir = b->state,
        .argv = list_of(b, b->c->words + 1, b->c->n_words - 1),
        .env = list_of(b, o->env.v, o->env.n),
        .limits = {.wall_ms = o->wall_ms,
                   .memory_bytes = o->memory,
                   .pids = o->pids,
                   .disk_bytes = o->disk,
                   .output_bytes = o->output},
    };
    if (!b->spec.argv || !b->spec.env) return sc_fail(err, SC_NOMEM, "no memory for the command");
    return take_binds(b, o, err);
}

static sc_rc show_plan(box *b, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, 4 << 20);
    sc_rc rc = b->runner.ops->plan(b->runner.self, &b->spec, b->c->common.json, &out, err);
    if (rc) return rc;
    fwrite(out.p, 1, out.n, stdout);
    if (b->c->common.json) putchar('\n');
    return SC_OK;
}

static void show_output(void *at, int stream, sc_str bytes) {
    (void)at;
    fwrite(bytes.p, 1, bytes.n, stream == 1 ? stdout : stderr);
    fflush(stream == 1 ? stdout : stderr);
}

static sc_rc run_it(box *b, int *ret_exit, sc_err *err) {
    sc_runner_end end;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (mkdir(b->top, 0700)) return sc_fail(err, SC_IO, "%s can not be made", b->top);
    sc_rc rc = b->runner.ops->run(b->runner.self, &b->spec, show_output, NULL, &stop, &end, err);
    sc_rc removed = sc_tree_remove(b->top, rc ? NULL : err);
    if (rc || removed) return rc ? rc : removed;
    if (end.killed_for) sc_cmd_fail(b->c, 0, "ended: %s", end.killed_for);
    *ret_exit = end.exit;
    return SC_OK;
}

static int plan_or_run(sc_call *c, bool run) {
    box b = {.c = c, .runner = {.ops = sc_runner_find(SC_STR("local"))}};
    sc_err err = {0};
    int exit = SC_EXIT_OK;
    if (c->n_words < 2) return sc_cmd_words_wrong(c, 2, SIZE_MAX) ? SC_EXIT_USAGE : SC_EXIT_FAILED;
    sc_arena_init(&b.arena, 4 << 20);
    b.runner.self = sc_alloc(b.runner.ops->size);
    sc_rc rc = b.runner.self ? b.runner.ops->open(b.runner.self, NULL, &err)
                             : sc_fail(&err, SC_NOMEM, "no memory");
    if (!rc) rc = take_spec(&b, &err);
    if (!rc) rc = run ? run_it(&b, &exit, &err) : show_plan(&b, &err);
    sc_free(b.runner.self);
    sc_arena_done(&b.arena);
    return rc ? sc_cmd_fail_err(c, &err) : exit;
}

static int forward(sc_call *c) {
    const sandbox_conf *o = c->conf;
    sc_err err = {0};
    int exit = SC_EXIT_FAILED;
    if (!o->port || !o->socket)
        return sc_cmd_fail(c, SC_EXIT_USAGE, "forward wants --port and --socket");
    const char **argv = sc_alloc_array(c->n_words, sizeof *argv);
    if (!argv) return sc_cmd_fail(c, SC_EXIT_FAILED, "no memory");
    memcpy(argv, c->words + 1, (c->n_words - 1) * sizeof *argv);
    sc_rc rc = sc_relay_run((int)o->port, o->socket, argv, &exit, &err);
    sc_free(argv);
    if (!rc) return exit;
    sc_cmd_fail_err(c, &err);
    return rc == SC_NOT_FOUND ? 127 : SC_EXIT_FAILED;
}

static int sandbox(sc_call *c) {
    if (c->n_words < 2) return sc_cmd_words_wrong(c, 2, SIZE_MAX) ? SC_EXIT_USAGE : SC_EXIT_FAILED;
    if (!strcmp(c->words[0], "plan")) return plan_or_run(c, false);
    if (!strcmp(c->words[0], "run")) return plan_or_run(c, true);
    if (!strcmp(c->words[0], "forward")) return forward(c);
    return sc_cmd_fail(c, SC_EXIT_USAGE, "'%s': it is plan, run or forward", c->words[0]);
}

#define AT(member) offsetof(sandbox_conf, member)
static const sc_opt rows[] = {
    {.name = "work",
     .type = SC_OPT_STR,
     .offset = AT(work),
     .arg = "DIR",
     .no_env = true,
     .help = "the work tree, the only folder that can be written; without it the current one"},
    {.name = "bind",
     .type = SC_OPT_LIST,
     .offset = AT(binds),
     .arg = "HOST:INSIDE",
     .help = "show a file or folder as well, read-only; may be given again"},
    {.name = "env",
     .type = SC_OPT_LIST,
     .offset = AT(env),
     .arg = "NAME=VALUE",
     .help = "a variable for the program; may be given again"},
    {.name = "wall-ms",
     .type = SC_OPT_INT,
     .offset = AT(wall_ms),
     .arg = "MS",
     .no_env = true,
     .min = 0,
     .max = 86400000,
     .help = "how long it may run; 0 is 30 minutes"},
    {.name = "memory",
     .type = SC_OPT_BYTES,
     .offset = AT(memory),
     .arg = "BYTES",
     .no_env = true,
     .help = "for all its processes; 0 is 4 GiB"},
    {.name = "pids",
     .type = SC_OPT_INT,
     .offset = AT(pids),
     .arg = "N",
     .no_env = true,
     .min = 0,
     .max = 100000,
     .help = "processes and threads at once; 0 is 512"},
    {.name = "disk",
     .type = SC_OPT_BYTES,
     .offset = AT(disk),
     .arg = "BYTES",
     .no_env = true,
     .help = "how much the work tree may grow; 0 is 2 GiB"},
    {.name = "output",
     .type = SC_OPT_BYTES,
     .offset = AT(output),
     .arg = "BYTES",
     .no_env = true,
     .help = "how much it may print; 0 is 64 MiB"},
    {.name = "port",
     .type = SC_OPT_INT,
     .offset = AT(port),
     .arg = "N",
     .no_env = true,
     .min = 0,
     .max = 65535,
     .help = "forward: the loopback port"},
    {.name = "socket",
     .type = SC_OPT_STR,
     .offset = AT(socket),
     .arg = "PATH",
     .no_env = true,
     .help = "forward: the unix socket that it leads to"},
};

const sc_verb sc_verb_sandbox = {
    .name = "sandbox",
    .group = SC_GROUP_KEEP,
    .summary = "see or try the sandbox that coding agents run in",
    .synopsis = "plan|run|forward [OPTIONS] -- COMMAND [ARGUMENT]...",
    .about = "plan prints what would be done, step by step: namespaces, every mount, every "
             "variable, every limit. "
             "run does it: the command sees the system read-only, an empty home, the work tree as "
             "/workspace, and no "
             "network. Nothing of it is left at the end.\n\n"
             "forward is for inside: it listens on a loopback port, starts the command, and relays "
             "to a unix socket.",
    .examples = "# what a test command would see\nsoulcaster sandbox plan -- make test\n"
                "# run it there, with a toolchain from /opt\nsoulcaster sandbox run --bind /opt/go "
                "--env PATH=/opt/go/bin:/usr/bin:/bin -- go test ./...\n",
    .exits = "of run and forward: the command's own; 128 + N when signal N ended it",
    .sets = SC_OPTS_OUT,
    .opts = rows,
    .n_opts = SC_LEN(rows),
    .conf_size = sizeof(sandbox_conf),
    .run = sandbox,
};
