/* What fixes leave on disk, cleared away on a thread of its own: it may be much, and a heartbeat does not wait. Sandboxes and work
 * trees of dead workers, every minute; mirrors of repositories that no project names any more, and in the others what nobody
 * needs, every hour. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/fix_steps.h"
#include "app/turn.h"
#include "base/log.h"
#include "base/tree.h"

enum {
    SWEEP_MS = 60000,
    MIRRORS_EVERY = 60, /* sweeps */
    DAY_S = 24 * 3600,
    UNUSED_S = 2 * DAY_S, /* longer than any fix goes on */
    PACK_S = 7 * DAY_S,
    GIT_MS = 5 * 60000,
    PAGE = 200,
    MAX_NAME = 80,
    ARENA_BYTES = 64 << 20,
};

typedef struct names { /* of a folder's entries; in the arena */
    char (*v)[MAX_NAME];
    size_t n;
} names;

static sc_rc add_name(names *l, size_t *room, const char *name, sc_arena *arena, sc_err *err) {
    if (l->n == *room) {
        size_t more = *room ? 2 * *room : 64;
        char(*v)[MAX_NAME] = sc_arena_take_array(arena, more, sizeof *v);
        if (!v) return sc_fail(err, SC_NOMEM, "no memory for a folder's names");
        if (l->n) memcpy(v, l->v, l->n * sizeof *v);
        l->v = v;
        *room = more;
    }
    memcpy(l->v[l->n++], name, strlen(name) + 1);
    return SC_OK;
}

static sc_rc read_names(const char *dir, sc_arena *arena, names *ret, sc_err *err) {
    DIR *d = opendir(dir);
    size_t room = 0;
    *ret = (names){.n = 0};
    if (!d) return errno == ENOENT ? SC_OK : sc_fail_sys(err, SC_IO, errno, "read %s", dir);
    sc_rc rc = SC_OK;
    for (const struct dirent *e; !rc && (e = readdir(d));)
        if (e->d_name[0] != '.' && strlen(e->d_name) < MAX_NAME)
            rc = add_name(ret, &room, e->d_name, arena, err);
    closedir(d);
    return rc;
}

/* `from`: where in what is listed the name begins. */
static bool holds(const names *l, size_t from, const char *name) {
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->v[i] + from, name)) return true;
    return false;
}

/* ---- Work trees and sockets ---------------------------------------------------------------------- */

/* The folders of runs that go on, here or in another process: the job and its fence. */
static sc_rc running(sc_app *app, sc_arena *arena, names *ret, sc_err *err) {
    sc_job_filter f = {.kind = SC_STR("fix"), .by_state = true, .state = SC_JOB_running};
    sc_job_list list = {0};
    *ret = (names){.n = 0};
    do {
        sc_page page = {.limit = PAGE, .cursor = list.next_cursor};
        sc_rc rc = STORE(app)->job_list(SELF(app), &f, &page, arena, &list, err);
        if (rc) return rc;
        char(*more)[MAX_NAME] = sc_arena_take_array(arena, ret->n + list.n + 1, sizeof *more);
        if (!more) return sc_fail(err, SC_NOMEM, "no memory for running fixes");
        if (ret->n) memcpy(more, ret->v, ret->n * sizeof *more);
        ret->v = more;
        for (size_t i = 0; i < list.n; i++)
            snprintf(ret->v[ret->n++], MAX_NAME, "%s-%lld", list.items[i].id.text,
                     (long long)list.items[i].fence);
    } while (list.next_cursor.n);
    return SC_OK;
}

/* The names come first: who is there already, and does not run now, has ended. `from`: which part of a run's name is called so. */
static sc_rc clear_work(sc_app *app, const char *part, size_t from, sc_turn *turn, size_t *ret_n,
                        sc_err *err) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    char dir[SC_FIX_PATH], path[2 * SC_FIX_PATH];
    names there, run = {.n = 0};
    sc_arena_init(&arena, ARENA_BYTES);
    snprintf(dir, sizeof dir, "%.900s/%s", app->conf.fix.dir, part);
    sc_rc rc = read_names(dir, &arena, &there, err);
    if (!rc && there.n) rc = running(app, &arena, &run, err);
    for (size_t i = 0; !rc && i < there.n; i++) {
        if (holds(&run, from, there.v[i])) continue;
        snprintf(path, sizeof path, "%s/%s", dir, there.v[i]);
        sc_err one = {0};
        if (sc_tree_remove(path, &one))
            sc_turn_note(turn, NULL, &one);
        else
            ++*ret_n;
    }
    return rc;
}

static void sweep(sc_app *app) {
    const sc_fix_conf *c = &app->conf.fix;
    char state[SC_FIX_PATH];
    size_t n = 0, n_sockets = 0;
    sc_err err = {0};
    snprintf(state, sizeof state, "%.900s/state", c->dir);
    sc_turn turn = {.app = app, .failed = "what dead workers left is not cleared away"};
    const sc_runner runner = sc_fix_runner(app, NULL);
    if (runner.ops && runner.ops->sweep(runner.self, state, &n, &err))
        sc_turn_note(&turn, NULL, &err);
    err = (sc_err){0};
    if (clear_work(app, "jobs", 0, &turn, &n, &err)) sc_turn_note(&turn, NULL, &err);
    err = (sc_err){0};
    if (clear_work(app, "s", SC_FIX_SHORT_FROM, &turn, &n_sockets, &err))
        sc_turn_note(&turn, NULL, &err);
    sc_turn_end(&turn);
    if (n) sc_log(SC_LOG_INFO, "cleared away after dead workers", SC_F_INT("runs", (int64_t)n));
}

/* ---- Mirrors ------------------------------------------------------------------------------------- */

void sc_fix_mirror(const sc_fix_conf *c, sc_str forge, sc_str repository, char ret[SC_FIX_PATH]) {
    char key[400];
    int n = snprintf(key, sizeof key, "%.*s/%.*s", SC_FMT(forge), SC_FMT(repository));
    snprintf(ret, SC_FIX_PATH, "%.900s/mirrors/%016llx", c->dir,
             (unsigned long long)sc_hash64(key, SC_MIN((size_t)n, sizeof key - 1), 7));
}

/* Seconds since the mirror was packed; -1: it never was. */
static int64_t packed_s(const char *mirror, int64_t now_s) {
    char path[3 * SC_FIX_PATH];
    struct stat st;
    snprintf(path, sizeof path, "%s/" SC_GIT_PACKED, mirror);
    return stat(path, &st) ? -1 : now_s - (int64_t)st.st_mtime;
}

/* *ret_all: it is known of each project which one it names. */
static sc_rc named_mirrors(sc_app *app, sc_arena *arena, names *ret, bool *ret_all, sc_err *err) {
    sc_turn turn = {.app = app, .failed = "which repository a project names is not known"};
    sc_project *list;
    size_t n = 0;
    sc_rc rc = STORE(app)->project_list(SELF(app), arena, &list, &n, err);
    if (rc) return rc;
    *ret = (names){sc_arena_take_array(arena, n + 1, sizeof *ret->v), 0};
    if (!ret->v) return sc_fail(err, SC_NOMEM, "no memory for the projects' mirrors");
    for (size_t i = 0; !rc && i < n; i++) {
        sc_fix_settings s;
        sc_err one = {0};
        char path[SC_FIX_PATH];
        if (sc_fix_settings_get(app, &list[i].id, arena, &s, &one)) {
            rc = sc_turn_failed(&turn, &list[i].id, &one, err);
            continue;
        }
        sc_fix_mirror(&app->conf.fix, s.forge, s.repository, path);
        snprintf(ret->v[ret->n++], MAX_NAME, "%s", strrchr(path, '/') + 1);
    }
    sc_turn_end(&turn);
    *ret_all = !turn.n_failed;
    return rc;
}

static sc_rc tidy_mirror(sc_app *app, const char *path, bool named, sc_err *err) {
    char home[SC_FIX_PATH];
    const int64_t now_s = sc_now_ms(app->conf.clock) / 1000, used_s = sc_git_used_s(path),
                  unused_s = now_s - used_s, packed = packed_s(path, now_s);
    snprintf(home, sizeof home, "%.900s/home", app->conf.fix.dir);
    const sc_git g = {.program = app->conf.fix.git,
                      .home = home,
                      .stop = &app->fixes->tidy.stop,
                      .timeout_ms = GIT_MS};
    if (!named) {
        sc_rc rc = unused_s >= UNUSED_S ? sc_git_remove(&g, path, used_s, err) : SC_OK;
        return rc == SC_CONFLICT ? SC_OK : rc; /* a fix came meanwhile */
    }
    const bool due = packed < 0 ? unused_s >= DAY_S : packed >= PACK_S;
    return due ? sc_git_pack(&g, path, err) : SC_OK;
}

/* Who removed it was killed, or is at it. */
static bool is_rest_of_one(const char *name) { return sc_str_starts(sc_str_of(name), SC_GIT_GONE); }

static void tidy_mirrors(sc_app *app) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    char dir[SC_FIX_PATH], path[2 * SC_FIX_PATH];
    names there, named = {.n = 0};
    bool all = true;
    sc_err err = {0};
    sc_arena_init(&arena, ARENA_BYTES);
    snprintf(dir, sizeof dir, "%.900s/mirrors", app->conf.fix.dir);
    sc_rc rc = read_names(dir, &arena, &there, &err);
    if (!rc && there.n) rc = named_mirrors(app, &arena, &named, &all, &err);
    if (rc) sc_log_err(SC_LOG_WARN, "mirrors of repositories are not looked at", &err);
    for (size_t i = 0; !rc && i < there.n && !atomic_load(&app->fixes->tidy.stop); i++) {
        sc_err one = {0};
        const bool is_named = holds(&named, 0, there.v[i]), is_rest = is_rest_of_one(there.v[i]);
        /* it may be of one whose settings cannot be read now */
        if (!is_named && !is_rest && !all) continue;
        snprintf(path, sizeof path, "%s/%s", dir, there.v[i]);
        sc_rc got = is_rest ? sc_tree_remove(path, &one) : tidy_mirror(app, path, is_named, &one);
        if (got && got != SC_CANCELLED)
            sc_log_err(SC_LOG_WARN, "a mirror of a repository is not tidied up", &one);
    }
}

void *sc_fix_tidy_run(void *arg) {
    struct sc_fixes *x = arg;
    for (int64_t n = 0; !atomic_load(&x->tidy.stop); n++) {
        sweep(x->app);
        if (x->app->conf.fix.git && n % MIRRORS_EVERY == 0) tidy_mirrors(x->app);
        sc_lane_rest(&x->tidy, SWEEP_MS);
    }
    return NULL;
}
