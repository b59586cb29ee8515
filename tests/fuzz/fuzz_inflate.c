/* The decompressor on any bytes. The first byte chooses the coding and how the input is cut up. */
#include <stdlib.h>

#include "net/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { MAX = 3 << 20 };
    static char out[4096];
    if (!size) return 0;
    sc_coding coding = data[0] & 1 ? SC_CODING_GZIP : SC_CODING_ZSTD;
    size_t piece = data[0] & 2 ? 3 : size, room = data[0] & 4 ? 7 : sizeof out, total = 0;
    sc_inflate *z = NULL;
    if (sc_inflate_new(coding, MAX, &z, NULL)) return 0;
    sc_rc rc = SC_OK;
    for (size_t at = 1; at < size && !rc; at += piece) {
        sc_str in = {(const char *)data + at, SC_MIN(piece, size - at)};
        for (size_t n = 1; n && !rc;) {
            rc = sc_inflate_step(z, &in, out, room, &n, NULL);
            if (!rc) total += n;
            if (!rc && n > room) abort();
        }
        if (!rc && in.n) abort();
    }
    if (total > MAX) abort();
    if (total > SC_INFLATE_FREE_BYTES + sizeof out + SC_INFLATE_MAX_RATIO * size) abort();
    if (!rc) sc_inflate_end(z, NULL);
    sc_inflate_free(z);
    return 0;
}
