#include "forges/local/pulls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"

enum { MAX_FILE = 4 << 20, MAX_NUMBER = 1000000000, TRIES = 100 };

void sc_pulls_close(sc_pulls *p) {
    if (p->lock >= 0) close(p->lock);
    p->lock = -1;
}

sc_rc sc_pulls_open(sc_pulls *p, const char *repo, const char *kind, sc_err *err) {
    p->lock = -1;
    int n = snprintf(p->dir, sizeof p->dir, "%s/%s", repo, kind);
    if (n < 0 || n + 64 >= (int)sizeof p->dir)
        return sc_fail(err, SC_INVALID, "the repository's path is too long");
    if (mkdir(p->dir, 0700) && errno != EEXIST)
        return sc_fail_sys(err, SC_IO, errno, "the folder of the pull requests");
    p->lock = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->lock < 0) return sc_fail_sys(err, SC_IO, errno, "the folder of the pull requests");
    while (flock(p->lock, LOCK_EX))
        if (errno != EINTR)
            return sc_fail_sys(err, SC_IO, errno, "lock the folder of the pull requests");
    return SC_OK;
}

sc_rc sc_pulls_last(const sc_pulls *p, int64_t *ret, sc_err *err) {
    DIR *d = opendir(p->dir);
    if (!d) return sc_fail_sys(err, SC_IO, errno, "the folder of the pull requests");
    int64_t last = 0, n;
    for (const struct dirent *e; (e = readdir(d));) {
        sc_str name = sc_str_of(e->d_name);
        if (!sc_str_ends(name, ".json")) continue;
        name.n -= 5;
        if (sc_num_i64(name, 1, MAX_NUMBER, &n, NULL) == SC_OK) last = SC_MAX(last, n);
    }
    closedir(d);
    *ret = last;
    return SC_OK;
}

static void path_of(const sc_pulls *p, int64_t number, char ret[SC_PULLS_PATH + 64]) {
    snprintf(ret, SC_PULLS_PATH + 64, "%s/%lld.json", p->dir, (long long)number);
}

sc_rc sc_pulls_read(const sc_pulls *p, int64_t number, json_t **ret, sc_err *err) {
    char path[SC_PULLS_PATH + 64], step[16 << 10];
    path_of(p, number, path);
    SC_AUTO(sc_auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT
                   ? sc_fail(err, SC_NOT_FOUND, "there is no number %lld here", (long long)number)
                   : sc_fail_sys(err, SC_IO, errno, "read a pull request");
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_buf_init(&text, MAX_FILE);
    for (ssize_t n; (n = read(fd, step, sizeof step)) != 0;) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return sc_fail_sys(err, SC_IO, errno, "read a pull request");
        if (!sc_buf_put(&text, step, (size_t)n)) return sc_buf_check(&text, "a pull request", err);
    }
    json_t *v = NULL;
    if (sc_json_parse(sc_buf_str(&text), &v, err) || !json_is_object(v)) {
        json_decref(v);
        return sc_fail(err, SC_STORE, "the file of number %lld is damaged", (long long)number);
    }
    *ret = v;
    return SC_OK;
}

/* v in a file of the folder that nobody else looks at, on disk. */
static sc_rc write_part(const sc_pulls *p, const json_t *v, char part[SC_PULLS_PATH + 64],
                        sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf text;
    sc_buf_init(&text, MAX_FILE);
    if (!sc_json_dump(v, &text)) return sc_buf_check(&text, "a pull request", err);
    sc_id id = sc_id_new(&sc_clock_system);
    snprintf(part, SC_PULLS_PATH + 64, "%s/%s.part", p->dir, id.text);
    SC_AUTO(sc_auto_close) int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return sc_fail_sys(err, SC_IO, errno, "write a pull request");
    for (size_t at = 0; at < text.n;) {
        ssize_t n = write(fd, text.p + at, text.n - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return sc_fail_sys(err, SC_IO, errno, "write a pull request");
        at += (size_t)n;
    }
    return fsync(fd) ? sc_fail_sys(err, SC_IO, errno, "write a pull request") : SC_OK;
}

sc_rc sc_pulls_write(const sc_pulls *p, int64_t number, const json_t *v, sc_err *err) {
    char part[SC_PULLS_PATH + 64] = "", path[SC_PULLS_PATH + 64];
    sc_rc rc = write_part(p, v, part, err);
    path_of(p, number, path);
    if (!rc && rename(part, path))
        rc = sc_fail_sys(err, SC_IO, errno, "put a pull request in its place");
    if (rc && *part) unlink(part);
    return rc;
}

sc_rc sc_pulls_add(const sc_pulls *p, json_t *v, int64_t *ret_number, sc_err *err) {
    int64_t last = 0;
    sc_rc rc = sc_pulls_last(p, &last, err);
    for (int i = 1; !rc && i <= TRIES; i++) {
        char part[SC_PULLS_PATH + 64] = "", path[SC_PULLS_PATH + 64];
        path_of(p, last + i, path);
        if (json_object_set_new(v, "number", json_integer(last + i)))
            return sc_fail(err, SC_NOMEM, "no memory for a pull request");
        rc = write_part(p, v, part, err);
        bool taken = !rc && link(part, path);
        int why = errno;
        if (*part) unlink(part);
        if (!rc && !taken) {
            *ret_number = last + i;
            return SC_OK;
        }
        if (!rc && why != EEXIST)
            return sc_fail_sys(err, SC_IO, why, "put a pull request in its place");
    }
    return rc ? rc : sc_fail(err, SC_CONFLICT, "no number is free");
}
