/* The demo's repository: a stream of git fast-import that is compiled in becomes a bare repository of the local forge. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "assets.h"
#include "base/tree.h"
#include "cmd/cmd.h"
#include "proc/proc.h"

enum { GIT_MS = 30000, PATH_ROOM = 4096 + 64 };

static const char *const env[] = {"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
                                  "HOME=/nonexistent", "LC_ALL=C", NULL};

static sc_rc run_git(const char *const *argv, sc_str input, sc_err *err) {
    sc_proc_end end;
    sc_proc_spec spec = {.argv = argv, .env = env, .input = input, .timeout_ms = GIT_MS};
    sc_rc rc = sc_proc_run(&spec, &end, err);
    if (!rc && end.exit)
        rc = sc_fail(err, SC_IO, "git could not make the demo's repository (%s, exit %d)", argv[1],
                     end.exit);
    return rc;
}

static sc_rc fill(const char *dir, sc_err *err) {
    char git_dir[PATH_ROOM + 64];
    snprintf(git_dir, sizeof git_dir, "--git-dir=%s", dir);
    const char *const init[] = {
        "git", "init", "--quiet", "--bare", "--template=", "-b", "main", dir, NULL};
    const char *const import[] = {"git", git_dir, "fast-import", "--quiet", "--done", NULL};
    sc_rc rc = run_git(init, SC_STR_NONE, err);
    return rc ? rc
              : run_git(import, (sc_str){(const char *)sc_asset_demo_repo, sc_asset_demo_repo_len},
                        err);
}

sc_rc sc_demo_repo_make(const char *data, sc_err *err) {
    char root[PATH_ROOM], dir[PATH_ROOM + 32], fresh[PATH_ROOM + 32];
    char whole[4096];
    struct stat st;
    if (!realpath(data, whole)) return sc_fail_sys(err, SC_IO, errno, "find the data folder");
    snprintf(root, sizeof root, "%s/repositories", whole);
    snprintf(dir, sizeof dir, "%s/larderlark", root);
    snprintf(fresh, sizeof fresh, "%s/.larderlark.new", root);
    if (stat(dir, &st) == 0) return SC_OK;
    if (mkdir(root, 0700) && errno != EEXIST)
        return sc_fail_sys(err, SC_IO, errno, "make the folder of the repositories");
    sc_rc rc = sc_tree_remove(fresh, err); /* of a start that was interrupted */
    if (!rc) rc = fill(fresh, err);
    if (!rc && rename(fresh, dir)) rc = sc_fail_sys(err, SC_IO, errno, "name the repository");
    return rc;
}
