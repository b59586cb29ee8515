/* The reader of a TLS connection's first words. A name that it gives is one, and more bytes change nothing of it. */
#include <stdlib.h>

#include "proxy/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char name[SC_HELLO_MAX_NAME], again[SC_HELLO_MAX_NAME];
    sc_str in = {(const char *)data, size};
    if (sc_hello_look(in, name) != SC_HELLO_NAMED) return 0;
    if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != strlen(name)) abort();
    sc_buf b;
    sc_buf_init(&b, size + 16);
    sc_buf_put_str(&b, in);
    sc_buf_puts(&b, "more");
    if (sc_hello_look(sc_buf_str(&b), again) != SC_HELLO_NAMED || strcmp(name, again) != 0) abort();
    sc_buf_done(&b);
    return 0;
}
