/* Decompression of request bodies piece by piece: gzip (RFC 1952, all members) and zstd (RFC 8878,
 * all frames), with limits against bombs.
 *
 * Two limits hold before any byte over them is handed out: max_bytes of output, and 200 bytes of
 * output for one of input once the output is past 1 MiB (deflate's own maximum is about 1,030:1,
 * text is below 20:1). Threads: one thread at a time. */
#ifndef SC_NET_INFLATE_H
#define SC_NET_INFLATE_H

#include "base/str.h"

typedef enum sc_coding { SC_CODING_IDENTITY, SC_CODING_GZIP, SC_CODING_ZSTD } sc_coding;

enum { SC_INFLATE_MAX_RATIO = 200, SC_INFLATE_FREE_BYTES = 1 << 20 };

typedef struct sc_inflate sc_inflate;

/* The value of a Content-Encoding header; SC_MEDIA_TYPE for what we do not take (several codings too). */
sc_rc sc_coding_parse(sc_str header, sc_coding *ret, sc_err *err);

sc_rc sc_inflate_new(sc_coding coding, size_t max_bytes, sc_inflate **ret, sc_err *err);
void sc_inflate_free(sc_inflate *z);

/* Takes bytes off the front of *in and writes at most `room` bytes. All of *in is consumed and
 * nothing waits inside when *ret_n is 0. SC_INVALID: not that format, a bad checksum, or bytes after
 * the end. SC_TOO_LARGE: a limit. Nothing may follow an error. */
sc_rc sc_inflate_step(sc_inflate *z, sc_str *in, char *into, size_t room, size_t *ret_n,
                      sc_err *err);
/* No more input will come: SC_INVALID when the data stop in the middle. */
sc_rc sc_inflate_end(const sc_inflate *z, sc_err *err);
/* Bytes that the decoder itself holds (its window). */
size_t sc_inflate_memory(const sc_inflate *z);

#endif
