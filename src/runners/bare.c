#include "runners/bare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tree.h"
#include "proc/proc.h"

#define WARNING                                                                               \
    "NO SANDBOX: the agent, and whatever its model was talked into, can read your files and " \
    "keys, "                                                                                  \
    "use your network, and change or delete anything that this user can"

/* The places inside, and the folders that stand for them. */
typedef struct places {
    char home[1200], ours[1200], self[1024];
} places;

typedef struct hearer {
    void (*output)(void *at, int stream, sc_str bytes);
    void *at;
} hearer;

static sc_rc open_bare(void *self, const void *conf, sc_err *err) {
    (void)conf;
    (void)err;
    (void)self;
    return SC_OK;
}

static sc_rc plan(const void *self, const sc_runner_spec *spec, bool as_json, sc_buf *out,
                  sc_err *err) {
    (void)self;
    sc_buf_puts(out, as_json ? "{\"steps\":[{\"step\":\"warning\",\"from\":\"" WARNING "\"}"
                             : WARNING "\n");
    for (size_t i = 0; spec->argv && spec->argv[i]; i++) {
        sc_buf_puts(out, as_json ? ",{\"step\":\"run\",\"from\":" : "run             ");
        sc_buf_put_json(out, sc_str_of(spec->argv[i]));
        sc_buf_puts(out, as_json ? "}" : "\n");
    }
    if (as_json) sc_buf_puts(out, "]}");
    return sc_buf_check(out, "the plan", err);
}

/* ---- The places ------------------------------------------------------------------------------------------------- */

static sc_rc make_folder(const char *path, sc_err *err) {
    return mkdir(path, 0700) && errno != EEXIST ? sc_fail_sys(err, SC_IO, errno, "make %s", path)
                                                : SC_OK;
}

/* `text` with the sandbox's paths turned into ours; in the arena. */
static const char *turn(const char *text, const sc_runner_spec *s, const places *p,
                        sc_arena *arena) {
    const struct {
        const char *inside, *here;
    } pairs[] = {{SC_RUNNER_SELF, p->self},
                 {SC_RUNNER_OURS, p->ours},
                 {SC_RUNNER_WORK, s->work_dir},
                 {SC_RUNNER_HOME, p->home}};
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, 1 << 20);
    for (size_t i; *text;) {
        for (i = 0;
             i < SC_LEN(pairs) && strncmp(text, pairs[i].inside, strlen(pairs[i].inside)) != 0;
             i++) {
        }
        if (i == SC_LEN(pairs)) {
            sc_buf_putc(&out, *text++);
            continue;
        }
        sc_buf_puts(&out, pairs[i].here);
        text += strlen(pairs[i].inside);
    }
    return out.failed ? NULL : sc_arena_copy(arena, out.p ? out.p : "", out.n);
}

/* A file with the folders above it. */
static sc_rc put_file(const char *path, sc_str bytes, sc_err *err) {
    char above[1400];
    if (snprintf(above, sizeof above, "%s", path) >= (int)sizeof above)
        return sc_fail(err, SC_INVALID, "the path is too long");
    for (char *at = strchr(above + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        sc_rc rc = make_folder(above, err);
        if (rc) return rc;
        *at = '/';
    }
    SC_AUTO(sc_auto_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n)
        return sc_fail_sys(err, SC_IO, errno, "write %s", path);
    return SC_OK;
}

static sc_rc furnish(const sc_runner_spec *s, const places *p, sc_arena *arena, sc_err *err) {
    sc_rc rc = make_folder(p->home, err);
    if (!rc) rc = make_folder(p->ours, err);
    for (size_t i = 0; !rc && i < s->n_files; i++) {
        const char *path = turn(s->files[i].inside, s, p, arena);
        rc = path ? put_file(path, s->files[i].bytes, err)
                  : sc_fail(err, SC_NOMEM, "no memory for a file");
    }
    for (size_t i = 0; !rc && i < s->n_sockets; i++) {
        const char *path = turn(s->sockets[i].inside, s, p, arena);
        if (!path || symlink(s->sockets[i].host, path))
            rc = sc_fail_sys(err, SC_IO, errno, "place a socket");
    }
    for (size_t i = 0; !rc && i < s->n_binds; i++)
        if (strcmp(s->binds[i].host, s->binds[i].inside) != 0)
            rc =
                sc_fail(err, SC_INVALID, "without a sandbox nothing can be shown elsewhere: %.100s",
                        s->binds[i].inside);
    return rc;
}

/* ---- Running ---------------------------------------------------------------------------------------------------- */

static const char *const *turn_all(const char *const *list, const char *const *first,
                                   const sc_runner_spec *s, const places *p, sc_arena *arena) {
    size_t n = 0, a = 0, b = 0;
    while (first && first[a]) a++;
    while (list && list[b]) b++;
    const char **v = sc_arena_take_array(arena, a + b + 1, sizeof *v);
    for (size_t i = 0; v && i < a; i++)
        if (!(v[n++] = turn(first[i], s, p, arena))) return NULL;
    for (size_t i = 0; v && i < b; i++)
        if (!(v[n++] = turn(list[i], s, p, arena))) return NULL;
    return v;
}

static void on_output(void *self, sc_proc_stream stream, sc_str bytes) {
    const hearer *h = self;
    if (h->output) h->output(h->at, (int)stream, bytes);
}

static sc_rc run_there(const sc_runner_spec *s, const places *p, sc_arena *arena, hearer *h,
                       const _Atomic bool *stop, sc_proc_end *end, sc_err *err) {
    char port[16];
    snprintf(port, sizeof port, "%d", s->forward.port);
    const char *const forward[] = {(SC_RUNNER_SELF), "sandbox",         "forward", "--port", port,
                                   "--socket",       s->forward.inside, "--",      NULL};
    static const char *const base[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
                                       ("HOME=" SC_RUNNER_HOME),
                                       "USER=agent",
                                       "LANG=C.UTF-8",
                                       "TMPDIR=/tmp",
                                       NULL};
    const char *const *argv = turn_all(s->argv, s->forward.port ? forward : NULL, s, p, arena);
    const char *const *env = turn_all(s->env, base, s, p, arena);
    if (!argv || !env) return sc_fail(err, SC_NOMEM, "no memory for the command");
    return sc_proc_run(
        &(sc_proc_spec){.argv = argv,
                        .env = env,
                        .cwd = s->work_dir,
                        .nice = 5,
                        .first_to_die = true,
                        .output = on_output,
                        .self = h,
                        .timeout_ms = s->limits.wall_ms ? s->limits.wall_ms : 30 * 60000,
                        .stop = stop,
                        .max_output_bytes =
                            s->limits.output_bytes ? s->limits.output_bytes : 64 << 20},
        end, err);
}

static sc_rc run(void *self, const sc_runner_spec *spec,
                 void (*output)(void *at, int stream, sc_str bytes), void *at,
                 const _Atomic bool *stop, sc_runner_end *ret, sc_err *err) {
    (void)self;
    places p;
    char top[1100];
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 8 << 20);
    if (!spec->argv || !spec->argv[0]) return sc_fail(err, SC_INVALID, "no program to run");
    ssize_t n = readlink("/proc/self/exe", p.self, sizeof p.self - 1);
    if (n <= 0) return sc_fail(err, SC_IO, "our own program can not be found: is /proc mounted?");
    p.self[n] = 0;
    if (snprintf(top, sizeof top, "%s/%s", spec->state_dir, spec->id) >= (int)sizeof top)
        return sc_fail(err, SC_INVALID, "the state's folder lies too deep");
    snprintf(p.home, sizeof p.home, "%s/home", top);
    snprintf(p.ours, sizeof p.ours, "%s/run", top);
    sc_rc rc = make_folder(spec->state_dir, err);
    if (rc) return rc;
    if (mkdir(top, 0700))
        return sc_fail_sys(err, errno == EEXIST ? SC_CONFLICT : SC_IO, errno, "make %s", top);
    hearer h = {output, at};
    sc_proc_end end = {.exit = -1};
    rc = furnish(spec, &p, &arena, err);
    if (!rc) rc = run_there(spec, &p, &arena, &h, stop, &end, err);
    sc_rc removed = sc_tree_remove(top, rc ? NULL : err);
    if (rc || removed) return rc ? rc : removed;
    *ret = (sc_runner_end){.exit = end.signal ? 128 + end.signal : end.exit,
                           .killed_for = end.ended_for,
                           .wall_us = end.wall_us,
                           .memory_peak_bytes = end.max_rss_bytes};
    return SC_OK;
}

/* Nothing is known of a dead owner's processes here; its folders are found by those who made them. */
static sc_rc sweep(void *self, const char *state_dir, size_t *ret_n, sc_err *err) {
    (void)self;
    (void)state_dir;
    (void)err;
    *ret_n = 0;
    return SC_OK;
}

static sc_rc check(const void *self, sc_arena *arena, sc_runner_check **ret, size_t *ret_n,
                   sc_err *err) {
    (void)self;
    sc_runner_check *row = sc_arena_take(arena, sizeof *row);
    if (!row) return sc_fail(err, SC_NOMEM, "no memory for the check");
    *row = (sc_runner_check){.what = "sandbox", .words = WARNING, .is = SC_RUNNER_NOTE};
    *ret = row;
    *ret_n = 1;
    return SC_OK;
}

const sc_runner_ops sc_runner_bare = {
    .name = "no-sandbox",
    .summary = WARNING ".",
    .size = 1,
    .open = open_bare,
    .plan = plan,
    .run = run,
    .sweep = sweep,
    .check = check,
};
