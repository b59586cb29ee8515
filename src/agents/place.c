#include "agents/place.h"

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/proc.h"

enum { MAX_STEPS = 3, FIRST_LINE = 256 };

typedef struct finder {
    const char *home;
    sc_arena *arena;
    sc_agent_place *to;
    sc_err *err;
} finder;

static bool lies_in(sc_str path, sc_str dir) {
    return path.n >= dir.n && !memcmp(path.p, dir.p, dir.n) &&
           (path.n == dir.n || path.p[dir.n] == '/');
}

/* What every sandbox shows. */
static bool of_the_system(sc_str path) {
    static const char *const dirs[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"};
    for (size_t i = 0; i < SC_LEN(dirs); i++)
        if (lies_in(path, sc_str_of(dirs[i]))) return true;
    return false;
}

static sc_str parent_of(sc_str path) {
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
    return (sc_str){path.p, slash ? (size_t)(slash - path.p) : 0};
}

static sc_str last_of(sc_str path) {
    size_t n = parent_of(path).n;
    return n < path.n ? (sc_str){path.p + n + 1, path.n - n - 1} : SC_STR_NONE;
}

/* The home folder, what holds it, and what lies right below it (~/.local holds keyrings): too much to be shown. */
static bool is_wide(const finder *f, sc_str dir) {
    sc_str home = sc_str_of(f->home ? f->home : "");
    return !dir.n || (home.n && (lies_in(home, dir) || sc_str_eq(parent_of(dir), home)));
}

/* Into the list, where none holds another. */
static sc_rc show(finder *f, sc_str path) {
    sc_agent_place *to = f->to;
    size_t n = 0;
    for (size_t i = 0; i < to->n; i++) {
        sc_str one = sc_str_of(to->paths[i]);
        if (lies_in(path, one)) return SC_OK;
        if (!lies_in(one, path)) to->paths[n++] = to->paths[i];
    }
    to->n = n;
    if (n == SC_AGENT_MAX_PLACES)
        return sc_fail(f->err, SC_UNPROCESSABLE, "the agent's program lies in too many places");
    char *copy = sc_arena_copy(f->arena, path.p, path.n);
    if (!copy) return sc_fail(f->err, SC_NOMEM, "no memory for an agent's place");
    to->paths[to->n++] = copy;
    return SC_OK;
}

/* `name` in the folder, where it is, and is no link. */
static sc_rc show_in(finder *f, sc_str dir, const char *name) {
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%.*s/%s", SC_FMT(dir), name);
    bool is = n > 0 && n < (int)sizeof path && !lstat(path, &st) &&
              (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode));
    return is ? show(f, sc_str_of(path)) : SC_OK;
}

static bool has(sc_str dir, const char *name) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%.*s/%s", SC_FMT(dir), name);
    return n > 0 && n < (int)sizeof path && !access(path, F_OK);
}

/* What belongs to a program: npm's packages; a virtual environment; of other folders with a bin what programs are made of
 * (beside it may lie anything); else its own folder; or the file alone. */
static sc_rc show_what_belongs(finder *f, sc_str file) {
    sc_str dir = parent_of(file), above = parent_of(dir);
    for (sc_str up = dir; up.n; up = parent_of(up))
        if (sc_str_is(last_of(up), "node_modules")) return show(f, up);
    const bool bin = sc_str_is(last_of(dir), "bin");
    const bool holds_home = f->home && lies_in(sc_str_of(f->home), above);
    if (bin && above.n && !holds_home && has(above, "pyvenv.cfg")) return show(f, above);
    if (is_wide(f, bin ? above : dir)) return show(f, file);
    if (!bin) return show(f, dir);
    sc_rc rc = show(f, dir);
    static const char *const beside[] = {"lib", "lib64", "libexec"};
    for (size_t i = 0; !rc && i < SC_LEN(beside); i++) rc = show_in(f, above, beside[i]);
    return rc;
}

/* "#!" and what follows in the first line; empty: it is no script. */
static sc_str first_line(const char *path, char room[FIRST_LINE]) {
    SC_AUTO(sc_auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? 0 : read(fd, room, FIRST_LINE);
    sc_str rest = {room, n > 0 ? (size_t)n : 0}, line = SC_STR_NONE;
    if (!sc_str_starts(rest, "#!") || !sc_str_next(&rest, '\n', &line)) return SC_STR_NONE;
    return sc_str_trim((sc_str){line.p + 2, line.n - 2});
}

/* The program that the line names; with env the first word that is no option and no variable. */
static sc_str interpreter_of(sc_str line) {
    sc_str word = SC_STR_NONE, rest = line;
    sc_str_next(&rest, ' ', &word);
    if (!sc_str_is(last_of(word), "env")) return word;
    while (sc_str_next(&rest, ' ', &word))
        if (word.n && word.p[0] != '-' && sc_str_find(word, SC_STR("=")) == SIZE_MAX) return word;
    return SC_STR_NONE;
}

/* An interpreter is started by the path that its script names: a virtual environment's, which is a link. */
static sc_rc show_named(finder *f, const char *found) {
    char dir[PATH_MAX], real[PATH_MAX];
    sc_str own = parent_of(sc_str_of(found));
    snprintf(dir, sizeof dir, "%.*s", SC_FMT(own));
    bool is = !of_the_system(own) && !is_wide(f, parent_of(own)) && realpath(dir, real) &&
              !strcmp(dir, real);
    return is ? show_what_belongs(f, sc_str_of(found)) : SC_OK;
}

/* A version manager's shim (pyenv, asdf) looks for the program by files of its manager, which no sandbox shows: such folders
 * are passed over. */
static bool holds_programs(sc_str dir) {
    while (dir.n > 1 && dir.p[dir.n - 1] == '/') dir.n--;
    return !sc_str_is(last_of(dir), "shims");
}

static sc_rc find_program(const finder *f, const char *name, char *found, size_t room) {
    sc_rc rc = sc_proc_find_where(name, holds_programs, found, room, f->err);
    if (rc == SC_NOT_FOUND && !sc_proc_find(name, found, room, NULL))
        return sc_fail(f->err, SC_NOT_FOUND,
                       "%.100s is a version manager's shim: give the path of the program itself",
                       found);
    return rc;
}

/* A program, what it really is, and what runs it. *ret_path is what can be started inside. */
static sc_rc follow(finder *f, const char *name, int steps, const char **ret_path) {
    char found[PATH_MAX], real[PATH_MAX], line[FIRST_LINE];
    sc_rc rc = find_program(f, name, found, sizeof found);
    if (rc) return rc;
    if (!realpath(found, real) || access(real, X_OK))
        return sc_fail(f->err, SC_NOT_FOUND, "no program %.100s", found);
    sc_str is = sc_str_of(real);
    if (!of_the_system(is)) rc = show_what_belongs(f, is);
    if (!rc && steps < MAX_STEPS) rc = show_named(f, found);
    if (rc) return rc;
    *ret_path = sc_arena_copy(f->arena, real, is.n);
    if (!*ret_path) return sc_fail(f->err, SC_NOMEM, "no memory for an agent's place");
    sc_str by = interpreter_of(first_line(real, line));
    if (!by.n) return SC_OK;
    if (!steps) return sc_fail(f->err, SC_UNPROCESSABLE, "%.100s is a script of scripts", found);
    const char *inner = sc_arena_copy(f->arena, by.p, by.n), *path = NULL;
    if (!inner) return sc_fail(f->err, SC_NOMEM, "no memory for an agent's place");
    rc = follow(f, inner, steps - 1, &path);
    if (rc || of_the_system(sc_str_of(path))) return rc;
    sc_str dir = parent_of(sc_str_of(path));
    const char *search = sc_arena_printf(f->arena, "%s%.*s:", f->to->search, SC_FMT(dir));
    if (!search) return sc_fail(f->err, SC_NOMEM, "no memory for an agent's place");
    f->to->search = search;
    return SC_OK;
}

sc_rc sc_agent_find_place(const char *program, const char *home, sc_arena *arena,
                          sc_agent_place *ret, sc_err *err) {
    char room[4096];
    struct passwd pw, *found = NULL;
    sc_agent_place to = {.program = program, .search = ""};
    if (!home && !getpwuid_r(getuid(), &pw, room, sizeof room, &found) && found) home = pw.pw_dir;
    finder f = {home, arena, &to, err};
    const char *path = NULL;
    sc_rc rc = follow(&f, program, MAX_STEPS, &path);
    if (rc) return rc;
    if (to.n) to.program = path;
    *ret = to;
    return SC_OK;
}
