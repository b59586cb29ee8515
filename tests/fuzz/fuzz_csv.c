/* CSV of strangers. Whatever the bytes are and however they are cut: records cover the input in order,
 * lines only grow, and it ends. */
#include <stdlib.h>

#include "cmd/cmd.h"

typedef struct input {
    const uint8_t *p;
    size_t n, step;
} input;

static sc_rc read_input(void *self, char *into, size_t room, size_t *ret_n, sc_err *err) {
    (void)err;
    input *in = self;
    *ret_n = SC_MIN(SC_MIN(room, in->step), in->n);
    if (*ret_n) memcpy(into, in->p, *ret_n);
    in->p += *ret_n;
    in->n -= *ret_n;
    return SC_OK;
}

static uint64_t read_all(const uint8_t *data, size_t size, size_t step) {
    input in = {data, size, step};
    sc_csv *c = sc_alloc(sizeof *c);
    if (!c) return 0;
    sc_err err;
    uint64_t hash = 0;
    int64_t line = 0;
    size_t covered = 0;
    sc_csv_init(c, read_input, &in, 0);
    for (sc_rc rc; (rc = sc_csv_next(c, &err)) != SC_NOT_FOUND;) {
        if (rc != SC_OK && rc != SC_INVALID) abort();
        if (c->raw_line < line) abort();
        line = c->raw_line;
        covered += c->raw.n;
        hash = sc_hash64(&rc, sizeof rc, hash);
        for (size_t i = 0; i < c->n_fields; i++)
            hash = sc_hash64(c->fields[i].p, c->fields[i].n, hash);
    }
    if (covered > size) abort();
    sc_csv_done(c);
    sc_free(c);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* The separator is chosen from what is there at first, so only whole and nearly whole reads agree. */
    if (read_all(data, size, SIZE_MAX) != read_all(data, size, 32 << 10)) abort();
    return 0;
}
