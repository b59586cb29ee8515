/* The request target on any bytes: what is taken is decoded, UTF-8, without controls but those that
 * were percent-encoded, and never longer than it was. */
#include <stdlib.h>

#include "net/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    sc_target t;
    sc_str text = {(const char *)data, size};
    if (sc_target_parse(&arena, text, &t, NULL) == SC_OK) {
        size_t all = t.path.n;
        if (!t.path.n || t.path.p[0] != '/' || !sc_utf8_valid(t.path)) abort();
        if (memchr(t.path.p, 0, t.path.n)) abort();
        if (t.n_params > SC_TARGET_MAX_PARAMS) abort();
        for (size_t i = 0; i < t.n_params; i++) {
            sc_str name = t.params[i].name, value = t.params[i].value;
            if (!sc_utf8_valid(name) || !sc_utf8_valid(value)) abort();
            if ((name.n && memchr(name.p, 0, name.n)) || (value.n && memchr(value.p, 0, value.n)))
                abort();
            all += name.n + value.n;
        }
        if (all > size) abort();
    }
    sc_arena_done(&arena);
    return 0;
}
