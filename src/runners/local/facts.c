#include "runners/local/facts.h"

#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/proc.h"

static void keep(void *self, sc_proc_stream stream, sc_str bytes) {
    (void)stream;
    sc_proc_keep_put(self, bytes);
}

static sc_rc ask_bwrap(const char *bwrap, const char *option, sc_proc_keep *k, sc_err *err) {
    const char *const argv[] = {bwrap, option, NULL};
    sc_proc_end end;
    sc_rc rc = sc_proc_run(
        &(sc_proc_spec){.argv = argv, .output = keep, .self = k, .timeout_ms = 10000}, &end, err);
    if (!rc && end.exit) rc = sc_fail(err, SC_IO, "%s %s ended with %d", bwrap, option, end.exit);
    return rc;
}

sc_rc sc_local_bwrap_version(const char *bwrap, char *ret_text, size_t room, sc_err *err) {
    SC_AUTO(sc_proc_keep_done) sc_proc_keep version;
    sc_proc_keep_init(&version, 200);
    sc_rc rc = ask_bwrap(bwrap, "--version", &version, err);
    if (!rc) snprintf(ret_text, room, "%.*s", SC_FMT(sc_str_trim(sc_buf_str(&version.head))));
    return rc;
}

/* --bind-fd came with 0.8.0, Debian 12's. */
static sc_rc knows_bind_fd(const char *bwrap, sc_err *err) {
    char version[64];
    SC_AUTO(sc_proc_keep_done) sc_proc_keep help;
    sc_proc_keep_init(&help, 64 << 10);
    sc_rc rc = ask_bwrap(bwrap, "--help", &help, err);
    if (rc || sc_str_find(sc_buf_str(&help.head), SC_STR("--bind-fd")) != SIZE_MAX) return rc;
    rc = sc_local_bwrap_version(bwrap, version, sizeof version, err);
    return rc ? rc : sc_fail(err, SC_NOT_FOUND, "%s is too old: it has no --bind-fd", version);
}

/* /bin and the like: symlinks into /usr, or folders of their own. */
static void find_top(sc_local_found *f) {
    static const char *const names[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
    for (size_t i = 0; i < SC_LEN(names); i++) {
        struct stat st;
        if (lstat(names[i], &st)) continue;
        size_t at = f->facts.n_top++;
        f->facts.top[at].inside = names[i];
        ssize_t n = readlink(names[i], f->links[at], sizeof f->links[at] - 1);
        if (n <= 0) continue;
        f->links[at][n] = 0;
        f->facts.top[at].link = f->links[at];
    }
}

static void find_java(sc_local_found *f) {
    DIR *d = opendir("/etc");
    if (!d) return;
    for (struct dirent *e; (e = readdir(d)) && f->facts.n_java < SC_LEN(f->java);) {
        if (strncmp(e->d_name, "java", 4) != 0 || strlen(e->d_name) > 50) continue;
        char *to = f->java[f->facts.n_java];
        snprintf(to, sizeof f->java[0], "/etc/%.50s", e->d_name);
        if (sc_path_plain(to)) f->facts.java[f->facts.n_java++] = to;
    }
    closedir(d);
}

static void find_home(sc_local_found *f) {
    char room[4096];
    struct passwd pw, *found = NULL;
    if (getpwuid_r(getuid(), &pw, room, sizeof room, &found) || !found) return;
    snprintf(f->home, sizeof f->home, "%s", pw.pw_dir);
    if (sc_path_plain(f->home)) f->facts.home = f->home;
}

static sc_rc find_self(sc_local_found *f, sc_err *err) {
    ssize_t n = readlink("/proc/self/exe", f->self, sizeof f->self - 1);
    if (n <= 0) return sc_fail(err, SC_IO, "our own program can not be found: is /proc mounted?");
    f->self[n] = 0;
    f->facts.self = f->self;
    return sc_path_plain(f->self) ? SC_OK
                                  : sc_fail(err, SC_IO, "our own program is at %.100s", f->self);
}

sc_rc sc_local_find(sc_local_found *ret, sc_err *err) {
    *ret = (sc_local_found){.facts.bwrap = NULL};
    find_top(ret);
    find_java(ret);
    find_home(ret);
    sc_rc rc = find_self(ret, err);
    if (!rc && (rc = sc_proc_find("bwrap", ret->bwrap, sizeof ret->bwrap, err)) == SC_NOT_FOUND)
        return sc_wrap(err, "the package bubblewrap is needed");
    if (!rc) rc = knows_bind_fd(ret->bwrap, err);
    if (rc) return rc;
    ret->facts.bwrap = ret->bwrap;
    return SC_OK;
}
