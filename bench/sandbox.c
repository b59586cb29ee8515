/* How long `true` takes from the call to its return: in our sandbox, in a bare bubblewrap, and by fork and exec alone; in
 * turns, so that whatever else the machine does meets all three. sandbox FOLDER TIMES [KIBYTES-OF-MEMORY-HELD] */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json.h"
#include "proc/proc.h"
#include "runners/local/local.h"

typedef struct timed {
    const char *name;
    double *ms;
    size_t n;
} timed;

static void die(const char *what, const sc_err *err) {
    fprintf(stderr, "%s: %s\n", what, err->msg);
    exit(1);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void note(timed *t, int64_t began) {
    t->ms[t->n++] = (double)(sc_mono_us(&sc_clock_system) - began) / 1000;
}

static void run_plain(timed *t, const char *const *argv) {
    sc_err err = {0};
    sc_proc_end end;
    int64_t began = sc_mono_us(&sc_clock_system);
    if (sc_proc_run(&(sc_proc_spec){.argv = argv}, &end, &err)) die(t->name, &err);
    if (end.exit) die(t->name, &(sc_err){.msg = "it failed"});
    note(t, began);
}

static void run_boxed(timed *t, void *self, const sc_runner_spec *spec) {
    sc_err err = {0};
    sc_runner_end end;
    int64_t began = sc_mono_us(&sc_clock_system);
    if (sc_runner_local.run(self, spec, NULL, NULL, NULL, &end, &err)) die(t->name, &err);
    if (end.exit) die(t->name, &(sc_err){.msg = "it failed"});
    note(t, began);
}

int main(int argc, char **argv) {
    if (argc < 3) die("usage", &(sc_err){.msg = "sandbox FOLDER TIMES [KIBYTES]"});
    static const char *const command[] = {"/usr/bin/true", NULL};
    static const char *const bare[] = {
        "bwrap",         "--ro-bind", "/usr",          "/usr",
        "--symlink",     "usr/lib",   "/lib",          "--symlink",
        "usr/lib64",     "/lib64",    "--proc",        "/proc",
        "--dev",         "/dev",      "--unshare-all", "--die-with-parent",
        "/usr/bin/true", NULL};
    char work[1024], state[1024];
    size_t times = (size_t)strtoul(argv[2], NULL, 10),
           held = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) << 10 : 0;
    char *ballast = sc_alloc(held); /* a server is larger than this program */
    for (size_t i = 0; ballast && i < held; i += 4096) ballast[i] = 1;
    snprintf(work, sizeof work, "%s/work", argv[1]);
    snprintf(state, sizeof state, "%s/state", argv[1]);
    mkdir(work, 0755);
    sc_json_setup();
    sc_err err = {0};
    void *self = sc_alloc(sc_runner_local.size);
    if (!self || sc_runner_local.open(self, NULL, &err)) die("open", &err);
    const sc_runner_spec spec = {
        .id = "bench", .work_dir = work, .state_dir = state, .argv = command};
    timed rows[] = {{.name = "ours"}, {.name = "bwrap"}, {.name = "exec"}};
    for (size_t i = 0; i < SC_LEN(rows); i++) rows[i].ms = sc_alloc_array(times, sizeof(double));
    for (size_t i = 0; i < times; i++) {
        run_boxed(&rows[0], self, &spec);
        run_plain(&rows[1], bare);
        run_plain(&rows[2], command);
    }
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        qsort(rows[i].ms, rows[i].n, sizeof(double), by_value);
        printf("%s %.3f %.3f\n", rows[i].name, rows[i].ms[rows[i].n / 2],
               rows[i].ms[rows[i].n * 99 / 100]);
        sc_free(rows[i].ms);
    }
    sc_free(self);
    sc_free(ballast);
    return 0;
}
