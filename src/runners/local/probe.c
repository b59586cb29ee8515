#include "runners/local/probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tree.h"
#include "runners/local/facts.h"
#include "runners/local/launch.h"

enum { MAX_ROWS = 8 };

typedef struct rows {
    sc_arena *arena;
    sc_runner_check *at;
    size_t n;
} rows;

static void say(rows *r, int is, const char *what, const char *words) {
    if (words && r->n < MAX_ROWS)
        r->at[r->n++] = (sc_runner_check){.what = what, .words = words, .is = is};
}

static void check_launcher(rows *r, const char *bwrap) {
    char version[64];
    sc_err err = {0};
    if (!bwrap)
        say(r, SC_RUNNER_BAD, "sandbox",
            "no bubblewrap with --bind-fd on PATH: apt-get install bubblewrap");
    else if (sc_local_bwrap_version(bwrap, version, sizeof version, &err))
        say(r, SC_RUNNER_BAD, "sandbox", sc_arena_printf(r->arena, "%s", err.msg));
    else
        say(r, SC_RUNNER_GOOD, "sandbox", sc_arena_printf(r->arena, "%s at %s", version, bwrap));
}

/* Settings of kernels and distributions that forbid namespaces to users; a file that is not there forbids nothing. */
static const char *forbidden_by(void) {
    static const struct {
        const char *path;
        char bad;
        const char *words;
    } settings[] = {
        {"/proc/sys/kernel/unprivileged_userns_clone", '0',
         "sysctl kernel.unprivileged_userns_clone=1"},
        {"/proc/sys/user/max_user_namespaces", '0', "sysctl user.max_user_namespaces=10000"},
        {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
         "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap"},
    };
    for (size_t i = 0; i < SC_LEN(settings); i++) {
        char first[2] = "";
        SC_AUTO(sc_auto_close) int fd = open(settings[i].path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, first, 2) > 0 && first[0] == settings[i].bad &&
            (first[1] == '\n' || !first[1]))
            return settings[i].words;
    }
    return NULL;
}

static void hear(void *at, int stream, sc_str bytes) {
    (void)stream;
    sc_buf_put_str(at, bytes);
}

/* A real one, whose program says what it sees. */
static sc_rc try_it(const sc_local_facts *facts, const sc_cgroups *groups, sc_buf *said,
                    sc_runner_end *end, sc_err *err) {
    char top[] = "/tmp/soulcaster-probe-XXXXXX", work[64], state[64];
    static const char *const argv[] = {
        "/bin/sh", "-c", "grep -E '^(Seccomp|NoNewPrivs|CapEff):' /proc/self/status", NULL};
    if (!mkdtemp(top)) return sc_fail(err, SC_IO, "no folder in /tmp to try it in");
    snprintf(work, sizeof work, "%s/work", top);
    snprintf(state, sizeof state, "%s/state", top);
    sc_rc rc = mkdir(work, 0700) ? sc_fail(err, SC_IO, "no folder in /tmp to try it in") : SC_OK;
    const sc_runner_spec spec = {.id = "probe",
                                 .work_dir = work,
                                 .state_dir = state,
                                 .argv = argv,
                                 .limits = {.wall_ms = 10000}};
    if (!rc) rc = sc_launch(&spec, facts, groups, hear, said, NULL, end, err);
    sc_tree_remove(top, NULL);
    return rc;
}

static void check_start(rows *r, const sc_local_facts *facts, const sc_cgroups *groups) {
    SC_AUTO(sc_buf_done) sc_buf said;
    sc_runner_end end = {.exit = -1};
    sc_err err = {0};
    sc_buf_init(&said, 4096);
    sc_rc rc = try_it(facts, groups, &said, &end, &err);
    sc_str text = sc_buf_str(&said);
    const char *remedy = forbidden_by();
    if (rc || end.exit)
        say(r, SC_RUNNER_BAD, "namespaces",
            sc_arena_printf(r->arena, "%s%s%s", rc ? err.msg : "the sandbox does not run",
                            remedy ? "; set " : "", remedy ? remedy : ""));
    else
        say(r, SC_RUNNER_GOOD, "namespaces",
            sc_arena_printf(r->arena, "a sandbox started and ended in %.0f ms",
                            (double)end.wall_us / 1000));
    if (rc || end.exit) return;
    bool filtered = sc_str_find(text, SC_STR("Seccomp:\t2")) != SIZE_MAX &&
                    sc_str_find(text, SC_STR("NoNewPrivs:\t1")) != SIZE_MAX &&
                    sc_str_find(text, SC_STR("CapEff:\t0000000000000000")) != SIZE_MAX;
    say(r, filtered ? SC_RUNNER_GOOD : SC_RUNNER_BAD, "system calls",
        filtered ? "filtered; no capability, no new privileges"
                 : "the kernel does not filter them (CONFIG_SECCOMP_FILTER)");
}

sc_rc sc_local_probe(const sc_local_facts *facts, const sc_cgroups *groups, sc_arena *arena,
                     sc_runner_check **ret, size_t *ret_n, sc_err *err) {
    rows r = {arena, sc_arena_take_array(arena, MAX_ROWS, sizeof *r.at), 0};
    if (!r.at) return sc_fail(err, SC_NOMEM, "no memory for the sandbox's check");
    check_launcher(&r, facts->bwrap);
    if (facts->bwrap) check_start(&r, facts, groups);
    if (groups->version)
        say(&r, SC_RUNNER_GOOD, "control groups",
            sc_arena_printf(arena, "version %d: memory and processes are limited by the kernel",
                            groups->version));
    else
        say(&r, SC_RUNNER_NOTE, "control groups",
            sc_arena_printf(arena,
                            "%s: memory and processes are looked at five times a second instead",
                            groups->why));
    *ret = r.at;
    *ret_n = r.n;
    return SC_OK;
}
