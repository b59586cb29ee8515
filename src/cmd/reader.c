/* Bytes of a file, plain or compressed. gzip (RFC 1952) and zstd (RFC 8878) are told by their magic;
 * several members or frames after each other are one stream, as gunzip and zstdcat have it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "cmd/cmd.h"

enum { RAW_BYTES = 128 << 10, OUT_STEP = 128 << 10 };

typedef enum packing { PLAIN, GZIP, ZSTD } packing;

struct sc_reader {
    int fd;
    packing packing;
    bool raw_ended, member_open; /* member_open: compressed data goes on */
    unsigned char *raw;          /* RAW_BYTES as read from the file      */
    size_t raw_at, raw_n;
    z_stream z;
    ZSTD_DStream *zstd;
    sc_buf out; /* unpacked, from `at` on not used up; for lines and peeks */
    size_t at;
    bool ended;
    char path[256]; /* for errors */
};

static sc_rc fill(sc_reader *r, sc_err *err) {
    if (r->raw_at < r->raw_n || r->raw_ended) return SC_OK;
    ssize_t n;
    do n = read(r->fd, r->raw, RAW_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0) return sc_fail_sys(err, SC_IO, errno, "read %s", r->path);
    r->raw_at = 0;
    r->raw_n = (size_t)n;
    r->raw_ended = n == 0;
    return SC_OK;
}

static sc_rc look_at_magic(sc_reader *r, sc_err *err) {
    sc_rc rc = fill(r, err);
    if (rc) return rc;
    if (r->raw_n >= 2 && r->raw[0] == 0x1f && r->raw[1] == 0x8b) {
        r->packing = GZIP;
        if (inflateInit2(&r->z, 15 + 16) != Z_OK) return sc_fail(err, SC_NOMEM, "out of memory");
    } else if (r->raw_n >= 4 && !memcmp(r->raw, "\x28\xb5\x2f\xfd", 4)) {
        r->packing = ZSTD;
        r->zstd = ZSTD_createDStream();
        if (!r->zstd) return sc_fail(err, SC_NOMEM, "out of memory");
    }
    return SC_OK;
}

sc_rc sc_reader_open(const char *path, sc_reader **ret, sc_err *err) {
    sc_reader *r = sc_alloc(sizeof *r);
    if (!r || !(r->raw = sc_alloc(RAW_BYTES))) {
        sc_free(r);
        return sc_fail(err, SC_NOMEM, "out of memory");
    }
    bool standard = !strcmp(path, "-");
    snprintf(r->path, sizeof r->path, "%s", standard ? "standard input" : path);
    sc_buf_init(&r->out, (size_t)1 << 30);
    r->fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    sc_rc rc = SC_OK;
    if (r->fd < 0)
        rc = sc_fail_sys(err, errno == ENOENT ? SC_NOT_FOUND : SC_IO, errno, "open %s", r->path);
    else if (fstat(r->fd, &st) == 0 && S_ISDIR(st.st_mode))
        rc = sc_fail(err, SC_INVALID, "%s is a folder", r->path);
    else
        rc = look_at_magic(r, err);
    if (rc)
        sc_reader_close(r);
    else
        *ret = r;
    return rc;
}

void sc_reader_close(sc_reader *r) {
    if (!r) return;
    if (r->fd >= 0) close(r->fd);
    if (r->packing == GZIP) inflateEnd(&r->z);
    ZSTD_freeDStream(r->zstd);
    sc_buf_done(&r->out);
    sc_free(r->raw);
    sc_free(r);
}

/* Each unpacks from raw into `into`, and moves raw_at; *ret_n may be 0 when more raw bytes are needed. */
static sc_rc unpack_gzip(sc_reader *r, char *into, size_t room, size_t *ret_n, sc_err *err) {
    r->z.next_in = r->raw + r->raw_at;
    r->z.avail_in = (uInt)(r->raw_n - r->raw_at);
    r->z.next_out = (Bytef *)into;
    r->z.avail_out = (uInt)SC_MIN(room, (size_t)1 << 30);
    int code = inflate(&r->z, Z_NO_FLUSH);
    r->raw_at = r->raw_n - r->z.avail_in;
    *ret_n = (size_t)((char *)r->z.next_out - into);
    r->member_open = code != Z_STREAM_END;
    if (code == Z_STREAM_END) code = inflateReset2(&r->z, 15 + 16);
    if (code == Z_OK || code == Z_BUF_ERROR) return SC_OK;
    return sc_fail(err, SC_IO, "%s: damaged gzip data%s%s", r->path, r->z.msg ? ": " : "",
                   r->z.msg ? r->z.msg : "");
}

static sc_rc unpack_zstd(sc_reader *r, char *into, size_t room, size_t *ret_n, sc_err *err) {
    ZSTD_inBuffer in = {r->raw, r->raw_n, r->raw_at};
    ZSTD_outBuffer out = {into, room, 0};
    size_t code = ZSTD_decompressStream(r->zstd, &out, &in);
    if (ZSTD_isError(code))
        return sc_fail(err, SC_IO, "%s: damaged zstd data: %s", r->path, ZSTD_getErrorName(code));
    r->raw_at = in.pos;
    r->member_open = code != 0;
    *ret_n = out.pos;
    return SC_OK;
}

/* From the file, past `out`. */
static sc_rc pull(sc_reader *r, char *into, size_t room, size_t *ret_n, sc_err *err) {
    *ret_n = 0;
    while (*ret_n == 0) {
        sc_rc rc = fill(r, err);
        if (rc) return rc;
        size_t have = r->raw_n - r->raw_at;
        if (have == 0 && !r->member_open) return SC_OK;
        if (r->packing == PLAIN) {
            *ret_n = SC_MIN(room, have);
            memcpy(into, r->raw + r->raw_at, *ret_n);
            r->raw_at += *ret_n;
            return SC_OK;
        }
        bool dry = have == 0 && r->raw_ended;
        rc = r->packing == GZIP ? unpack_gzip(r, into, room, ret_n, err)
                                : unpack_zstd(r, into, room, ret_n, err);
        if (rc) return rc;
        if (dry && *ret_n == 0)
            return sc_fail(err, SC_IO, "%s: the compressed data is cut short", r->path);
    }
    return SC_OK;
}

sc_rc sc_reader_read(sc_reader *r, char *into, size_t room, size_t *ret_n, sc_err *err) {
    size_t have = r->out.n - r->at;
    if (!have) return pull(r, into, room, ret_n, err);
    *ret_n = SC_MIN(room, have);
    memcpy(into, r->out.p + r->at, *ret_n);
    r->at += *ret_n;
    return SC_OK;
}

static sc_rc ahead(sc_reader *r, sc_err *err) {
    if (r->at && r->out.p) {
        memmove(r->out.p, r->out.p + r->at, r->out.n - r->at);
        r->out.n -= r->at;
        r->at = 0;
    }
    if (!sc_buf_reserve(&r->out, OUT_STEP)) return sc_buf_check(&r->out, "a read buffer", err);
    size_t n;
    sc_rc rc = pull(r, r->out.p + r->out.n, OUT_STEP, &n, err);
    if (rc) return rc;
    r->out.n += n;
    r->ended = n == 0;
    return SC_OK;
}

sc_rc sc_reader_peek(sc_reader *r, size_t want, sc_str *ret, sc_err *err) {
    while (r->out.n - r->at < want && !r->ended) {
        sc_rc rc = ahead(r, err);
        if (rc) return rc;
    }
    *ret = (sc_str){r->out.p + r->at, SC_MIN(want, r->out.n - r->at)};
    return SC_OK;
}

sc_rc sc_reader_line(sc_reader *r, size_t max_bytes, sc_str *ret, sc_err *err) {
    size_t seen = 0;
    bool skipping = false;
    for (;;) {
        const char *from = r->out.p ? r->out.p + r->at : "";
        size_t have = r->out.n - r->at;
        const char *nl = have > seen ? memchr(from + seen, '\n', have - seen) : NULL;
        if (nl || r->ended) {
            size_t n = nl ? (size_t)(nl - from) : have;
            if (!nl && have == 0 && !skipping) return sc_fail(err, SC_NOT_FOUND, "the end");
            r->at += nl ? n + 1 : n;
            if (skipping || n > max_bytes)
                return sc_fail(err, SC_TOO_LARGE, "a line of more than %zu bytes", max_bytes);
            if (n && from[n - 1] == '\r') n--;
            *ret = (sc_str){from, n};
            return SC_OK;
        }
        seen = have;
        if (have > max_bytes) { /* only its end matters now */
            skipping = true;
            r->at = r->out.n;
            seen = 0;
        }
        sc_rc rc = ahead(r, err);
        if (rc) return rc;
    }
}

sc_rc sc_reader_all(const char *path, sc_buf *ret, sc_err *err) {
    sc_reader *r = NULL;
    sc_rc rc = sc_reader_open(path, &r, err);
    if (rc || !r) return rc;
    for (size_t n = 1; !rc && n;) {
        char piece[16 << 10];
        rc = sc_reader_read(r, piece, sizeof piece, &n, err);
        if (!rc && !sc_buf_put(ret, piece, n)) rc = sc_buf_check(ret, path, err);
    }
    sc_reader_close(r);
    return rc;
}
