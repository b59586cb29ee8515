#include "web/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void sc_spool_init(sc_spool *s) {
    *s = (sc_spool){.fd = -1};
    sc_buf_init(&s->buf, 16 << 20);
}

static int open_file(void) {
    const char *const dirs[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    for (size_t i = 0; i < SC_LEN(dirs); i++) {
        int fd = dirs[i] && *dirs[i] ? open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
        if (fd >= 0) return fd;
    }
    return memfd_create("soulcaster-batch", MFD_CLOEXEC);
}

static bool write_all(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t w = write(fd, p, n);
        if (w <= 0) return false;
        p += w;
        n -= (size_t)w;
    }
    return true;
}

void sc_spool_settle(sc_spool *s, bool all) {
    s->failed = s->failed || s->buf.failed;
    if (s->failed || !s->buf.n || (s->buf.n < SC_SPOOL_MEMORY && !(all && s->fd >= 0))) return;
    if (s->fd < 0) s->fd = open_file();
    if (s->fd < 0 || !write_all(s->fd, s->buf.p, s->buf.n)) {
        s->failed = true;
        return;
    }
    s->size += (int64_t)s->buf.n;
    sc_buf_reset(&s->buf);
}

int sc_spool_take_fd(sc_spool *s) {
    int fd = s->fd;
    s->fd = -1;
    return fd;
}

void sc_spool_done(sc_spool *s) {
    sc_auto_close(&s->fd);
    s->fd = -1;
    sc_buf_done(&s->buf);
}
