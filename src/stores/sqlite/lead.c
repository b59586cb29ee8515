/* The lead: a lock on a file beside the database. The kernel takes it away from a process that ends, however it ends, so
 * it needs no clock, and holding it writes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "stores/sqlite/steps.h"

static const char file_name[] = "scheduler.lock";

static sc_rc lock_file(const sc_sq *s, int *ret_fd, sc_err *err) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", s->dir, file_name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return sc_fail_sys(err, SC_STORE, errno, "open %.150s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return SC_OK;
    }
    const int sys = errno;
    close(fd);
    return sys == EWOULDBLOCK ? sc_fail(err, SC_CONFLICT, "another process has the lead")
                              : sc_fail_sys(err, SC_STORE, sys, "lock %.150s", path);
}

sc_rc sc_sq_lead_take(void *self, sc_str owner, int64_t lease_ms, sc_err *err) {
    sc_sq *s = self;
    if (!owner.n || owner.n >= sizeof s->leader)
        return sc_fail_field(err, SC_INVALID, "owner", "missing or too long");
    if (lease_ms <= 0) return sc_fail_field(err, SC_INVALID, "lease_ms", "must be above 0");
    pthread_mutex_lock(&s->lead_lock);
    sc_rc rc = SC_OK;
    if (!*s->leader) {
        rc = lock_file(s, &s->lead_fd, err);
        if (!rc) memcpy(s->leader, owner.p, owner.n); /* the rest is zero */
    } else if (!sc_str_is(owner, s->leader)) {
        rc = sc_fail(err, SC_CONFLICT, "another one of this process has the lead");
    }
    pthread_mutex_unlock(&s->lead_lock);
    return rc;
}

static void give_up(sc_sq *s) {
    if (*s->leader) close(s->lead_fd); /* the lock goes with it */
    memset(s->leader, 0, sizeof s->leader);
}

sc_rc sc_sq_lead_drop(void *self, sc_str owner, sc_err *err) {
    sc_sq *s = self;
    (void)err;
    pthread_mutex_lock(&s->lead_lock);
    if (sc_str_is(owner, s->leader)) give_up(s);
    pthread_mutex_unlock(&s->lead_lock);
    return SC_OK;
}

void sc_sq_lead_close(sc_sq *s) { give_up(s); }
