#include "net/inflate.h"

#include <zlib.h>
#include <zstd.h>

/* RFC 8878 asks decoders to take windows of 8 MiB; larger ones would let a client choose our memory. */
enum { ZSTD_WINDOW_LOG = 23, GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 40 << 10 };

struct sc_inflate {
    sc_coding coding;
    size_t max_bytes;
    uint64_t in_bytes, out_bytes;
    bool inside; /* a member or frame has begun and not ended */
    bool any;    /* one has ended */
    z_stream gz;
    ZSTD_DStream *zs;
};

sc_rc sc_coding_parse(sc_str header, sc_coding *ret, sc_err *err) {
    sc_str s = sc_str_trim(header);
    if (!s.n || sc_str_ieq(s, SC_STR("identity")))
        *ret = SC_CODING_IDENTITY;
    else if (sc_str_ieq(s, SC_STR("gzip")) || sc_str_ieq(s, SC_STR("x-gzip")))
        *ret = SC_CODING_GZIP;
    else if (sc_str_ieq(s, SC_STR("zstd")))
        *ret = SC_CODING_ZSTD;
    else
        return sc_fail(err, SC_MEDIA_TYPE, "Content-Encoding may be gzip, zstd or identity");
    return SC_OK;
}

sc_rc sc_inflate_new(sc_coding coding, size_t max_bytes, sc_inflate **ret, sc_err *err) {
    sc_inflate *z = sc_alloc(sizeof *z);
    if (!z) return sc_fail(err, SC_NOMEM, "no memory for a decompressor");
    z->coding = coding;
    z->max_bytes = max_bytes;
    bool ok = true;
    if (coding == SC_CODING_GZIP) {
        ok = inflateInit2(&z->gz, GZIP_WINDOW) == Z_OK;
    } else if (coding == SC_CODING_ZSTD) {
        z->zs = ZSTD_createDStream();
        ok = z->zs &&
             !ZSTD_isError(ZSTD_DCtx_setParameter(z->zs, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
    }
    if (!ok) {
        sc_inflate_free(z);
        return sc_fail(err, SC_NOMEM, "no memory for a decompressor");
    }
    *ret = z;
    return SC_OK;
}

void sc_inflate_free(sc_inflate *z) {
    if (!z) return;
    if (z->coding == SC_CODING_GZIP) inflateEnd(&z->gz);
    ZSTD_freeDStream(z->zs);
    sc_free(z);
}

static sc_rc step_gzip(sc_inflate *z, sc_str *in, char *into, size_t room, size_t *ret_n,
                       sc_err *err) {
    *ret_n = 0;
    if (!z->inside && in->n) {
        /* A member that ended may be followed by another one and by nothing else. */
        if (z->any && inflateReset(&z->gz) != Z_OK)
            return sc_fail(err, SC_INTERNAL, "the gzip decoder cannot be reset");
        z->inside = true;
    }
    if (!z->inside) return SC_OK;
    z->gz.next_in = (Bytef *)(uintptr_t)in->p;
    z->gz.avail_in = (uInt)SC_MIN(in->n, (size_t)1 << 30);
    z->gz.next_out = (Bytef *)into;
    z->gz.avail_out = (uInt)SC_MIN(room, (size_t)1 << 30);
    uInt had_in = z->gz.avail_in, had_out = z->gz.avail_out;
    int got = inflate(&z->gz, Z_NO_FLUSH);
    size_t used = had_in - z->gz.avail_in;
    *in = (sc_str){in->p + used, in->n - used};
    *ret_n = had_out - z->gz.avail_out;
    z->in_bytes += used;
    if (got == Z_STREAM_END) {
        z->inside = false;
        z->any = true;
        return SC_OK;
    }
    if (got == Z_OK || got == Z_BUF_ERROR) return SC_OK;
    if (got == Z_MEM_ERROR) return sc_fail(err, SC_NOMEM, "no memory to decompress the body");
    return sc_fail(err, SC_INVALID,
                   z->any ? "bytes follow the end of the gzip data"
                          : "the body is not valid gzip data");
}

static sc_rc step_zstd(sc_inflate *z, sc_str *in, char *into, size_t room, size_t *ret_n,
                       sc_err *err) {
    *ret_n = 0;
    if (!z->inside && !in->n) return SC_OK;
    ZSTD_inBuffer from = {in->p, in->n, 0};
    ZSTD_outBuffer to = {into, room, 0};
    size_t left = ZSTD_decompressStream(z->zs, &to, &from);
    *in = (sc_str){in->p + from.pos, in->n - from.pos};
    *ret_n = to.pos;
    z->in_bytes += from.pos;
    if (ZSTD_isError(left))
        return sc_fail(err, SC_INVALID,
                       z->any && !z->inside ? "bytes follow the end of the zstd data"
                                            : "the body is not valid zstd data (%s)",
                       ZSTD_getErrorName(left));
    z->inside = left != 0;
    if (!left) z->any = true;
    return SC_OK;
}

static sc_rc step_identity(sc_inflate *z, sc_str *in, char *into, size_t room, size_t *ret_n) {
    size_t n = SC_MIN(in->n, room);
    if (n) memcpy(into, in->p, n);
    *in = (sc_str){in->p + n, in->n - n};
    *ret_n = n;
    z->in_bytes += n;
    z->any = true;
    return SC_OK;
}

static sc_rc check_limits(const sc_inflate *z, sc_err *err) {
    if (z->out_bytes > z->max_bytes)
        return sc_fail(err, SC_TOO_LARGE, "the body is over %zu bytes", z->max_bytes);
    if (z->out_bytes > SC_INFLATE_FREE_BYTES && z->out_bytes / SC_INFLATE_MAX_RATIO > z->in_bytes)
        return sc_fail(err, SC_TOO_LARGE, "the body decompresses to more than %d times its size",
                       SC_INFLATE_MAX_RATIO);
    return SC_OK;
}

sc_rc sc_inflate_step(sc_inflate *z, sc_str *in, char *into, size_t room, size_t *ret_n,
                      sc_err *err) {
    /* One byte over the limit is enough to know. */
    size_t left = z->max_bytes - (size_t)z->out_bytes;
    if (left < SIZE_MAX) room = SC_MIN(room, left + 1);
    size_t n = 0;
    sc_rc rc = SC_OK;
    do { /* headers and checksums take input without output: only "no output" may mean "no input" */
        rc = z->coding == SC_CODING_GZIP   ? step_gzip(z, in, into, room, &n, err)
             : z->coding == SC_CODING_ZSTD ? step_zstd(z, in, into, room, &n, err)
                                           : step_identity(z, in, into, room, &n);
    } while (!rc && !n && in->n && room);
    z->out_bytes += n;
    if (!rc) rc = check_limits(z, err);
    if (!rc) *ret_n = n;
    return rc;
}

sc_rc sc_inflate_end(const sc_inflate *z, sc_err *err) {
    if (z->inside || (!z->any && z->coding != SC_CODING_IDENTITY))
        return sc_fail(err, SC_INVALID, "the compressed body stops in the middle");
    return SC_OK;
}

size_t sc_inflate_memory(const sc_inflate *z) {
    return sizeof *z + (z->coding == SC_CODING_GZIP ? (size_t)GZIP_MEMORY : 0) +
           (z->zs ? ZSTD_sizeof_DStream(z->zs) : 0);
}
