/* DIR/serve.json: how the command line finds the server that runs on a data folder. It holds a key of
 * that process (it ends with it), so it is readable by its owner alone, like the data. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "net/http_client.h"

enum { PATH_BYTES = 4096, HEALTH_MS = 2000 };

static void path_of(const char *data, const char *tail, char path[PATH_BYTES]) {
    snprintf(path, PATH_BYTES, "%s/serve.json%s", data, tail);
}

static sc_rc read_file(const char *data, sc_running *ret, sc_err *err) {
    char path[PATH_BYTES], text[1024];
    path_of(data, "", path);
    SC_AUTO(sc_auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (n <= 0) return sc_fail(err, SC_NOT_FOUND, "no server runs on %s", data);
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    int64_t pid = 0;
    sc_rc rc = sc_json_parse((sc_str){text, (size_t)n}, &v, err);
    if (rc == SC_OK) rc = sc_json_int(v, "pid", 0, &pid, err);
    if (rc) return rc;
    snprintf(ret->url, sizeof ret->url, "%.*s", SC_FMT(sc_json_str_at(v, "url")));
    snprintf(ret->key, sizeof ret->key, "%.*s", SC_FMT(sc_json_str_at(v, "key")));
    ret->pid = (long)pid;
    return SC_OK;
}

/* Any answer will do: a server that cannot write (503) can still be asked. */
static bool answers(const char *url) {
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    sc_http_client *http = NULL;
    if (sc_http_client_new(&http, NULL)) return false;
    char health[160];
    snprintf(health, sizeof health, "%s/health", url);
    sc_http_call call = {
        .method = "GET", .url = health, .timeout_ms = HEALTH_MS, .max_reply_bytes = 1 << 20};
    sc_http_answer answer = {0};
    sc_rc rc = sc_http_client_do(http, &call, &arena, &answer, NULL);
    sc_http_client_free(http);
    return rc == SC_OK && answer.status > 0;
}

sc_rc sc_running_find(const char *data, sc_running *ret, sc_err *err) {
    sc_running r = {0};
    sc_rc rc = read_file(data, &r, err);
    if (rc) return rc;
    bool alive = r.pid > 1 && (kill((pid_t)r.pid, 0) == 0 || errno == EPERM);
    if (!alive || !answers(r.url))
        return sc_fail(err, SC_NOT_FOUND, "the server on %s is gone", data);
    *ret = r;
    return SC_OK;
}

sc_rc sc_running_write(const char *data, const sc_running *r, sc_err *err) {
    char path[PATH_BYTES], fresh[PATH_BYTES], text[512];
    path_of(data, "", path);
    char tail[32]; /* two that start at once must not write one file */
    snprintf(tail, sizeof tail, ".new.%ld", (long)getpid());
    path_of(data, tail, fresh);
    int n = snprintf(text, sizeof text, "{\"url\":\"%s\",\"pid\":%ld,\"key\":\"%s\"}\n", r->url,
                     r->pid, r->key);
    unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && write(fd, text, (size_t)n) == n;
    if (fd >= 0) ok = close(fd) == 0 && ok;
    if (ok && !rename(fresh, path)) return SC_OK;
    sc_fail_sys(err, SC_IO, errno, "write %s", path);
    unlink(fresh);
    return SC_IO;
}

void sc_running_remove(const char *data) {
    sc_running r = {0};
    char path[PATH_BYTES];
    path_of(data, "", path);
    if (read_file(data, &r, NULL) == SC_OK && r.pid == (long)getpid()) unlink(path);
}

/* ---- Who is at work on a data folder -------------------------------------------------------------- */

/* The folder itself is locked, not a file in it: there is nothing to clean up, and the store's own files are not
 * touched. A file system without such locks goes without. */
static sc_rc lock_folder(const char *data, int how, const char *busy, int *ret_fd, sc_err *err) {
    int fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *ret_fd = -1;
    if (fd < 0) return SC_OK; /* opening the store will say why, or make it */
    if (flock(fd, how | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
        *ret_fd = fd;
        return SC_OK;
    }
    close(fd);
    return sc_fail(err, SC_STORE, "%.120s: %s", data, busy);
}

sc_rc sc_folder_share(const char *data, int *ret_fd, sc_err *err) {
    return lock_folder(data, LOCK_SH,
                       "a backup is being restored here; try again when that has ended", ret_fd,
                       err);
}

sc_rc sc_folder_own(const char *data, int *ret_fd, sc_err *err) {
    return lock_folder(data, LOCK_EX,
                       "a server, a worker or another command works here; end it first", ret_fd,
                       err);
}
