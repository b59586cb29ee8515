/* Representation blobs from a store that somebody else wrote to. What decodes must encode to the same
 * bytes again. */
#include <stdlib.h>

#include "core/repr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sc_arena a;
    sc_repr r;
    sc_err err;
    sc_arena_init(&a, 1 << 20);
    const sc_str blob = {(const char *)data, size};
    if (!sc_repr_decode(blob, &a, &r, &err)) {
        SC_AUTO(sc_buf_done) sc_buf b;
        sc_buf_init(&b, 1 << 20);
        if (!sc_repr_encode(&r, &b) || !sc_str_eq(sc_buf_str(&b), blob)) abort();
    }
    sc_arena_done(&a);
    return 0;
}
