/* The head of an HTTP/1.1 request (RFC 9112), read strictly: one way to read each byte or none, so that nobody
 * behind us can read it otherwise. Threads: plain functions. */
#ifndef SC_PROXY_HEAD_H
#define SC_PROXY_HEAD_H

#include "base/str.h"

enum { SC_HEAD_MAX_FIELDS = 64, SC_HEAD_MAX_BYTES = 16 << 10 };

typedef struct sc_head {
    sc_str method, target; /* views of what was parsed */
    struct {
        sc_str name, value;
    } fields[SC_HEAD_MAX_FIELDS];
    size_t n_fields, bytes;             /* bytes: of the head, its blank line too */
    int64_t length;                     /* Content-Length; 0 without one           */
    bool chunked, closes, expects, old; /* old: HTTP/1.0 */
} sc_head;

/* SC_NOT_FOUND: no whole head yet. SC_INVALID: a bare LF or CR, a folded line, a name that is no token, a control
 * character, a length that is no number or stands there twice, a length and a transfer coding, another coding than
 * chunked, another version. SC_TOO_LARGE: over SC_HEAD_MAX_BYTES or SC_HEAD_MAX_FIELDS. */
sc_rc sc_head_parse(sc_str in, sc_head *ret, sc_err *err);
/* The first of that name; none when absent. */
sc_str sc_head_get(const sc_head *h, const char *name);

/* The size line of a chunk, without its CRLF. Extensions are skipped. SC_INVALID. */
sc_rc sc_head_chunk_size(sc_str line, size_t max, size_t *ret, sc_err *err);

/* "host:port" of a CONNECT (RFC 9110, 9.3.6), "[v6]:port" too; the host in lower case without a final dot.
 * SC_INVALID. */
enum { SC_HEAD_MAX_HOST = 256 };
sc_rc sc_head_authority(sc_str target, char ret_host[SC_HEAD_MAX_HOST], int *ret_port, sc_err *err);

#endif
