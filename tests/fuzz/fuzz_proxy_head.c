/* The proxy's reader of request heads, authorities and chunk sizes. What is accepted keeps its promises: views lie
 * inside what was read, and names, values and the target hold nothing that ends a line. */
#include <stdlib.h>

#include "proxy/head.h"
#include "proxy/screen.h"

static void inside(sc_str part, const uint8_t *data, size_t size) {
    const uint8_t *p = (const uint8_t *)part.p;
    if (part.n && (p < data || p + part.n > data + size)) abort();
    for (size_t i = 0; i < part.n; i++)
        if (part.p[i] == '\r' || part.p[i] == '\n' || !part.p[i]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sc_str in = {(const char *)data, size};
    sc_head h;
    char host[SC_HEAD_MAX_HOST];
    int port = 0;
    size_t n = 0;
    sc_proxy_route route;
    if (!sc_head_parse(in, &h, NULL)) {
        if (h.bytes > size || (h.chunked && h.length) || h.length < 0) abort();
        inside(h.method, data, size);
        inside(h.target, data, size);
        for (size_t i = 0; i < h.n_fields; i++) {
            inside(h.fields[i].name, data, size);
            inside(h.fields[i].value, data, size);
        }
        if (!sc_head_authority(h.target, host, &port, NULL) && (port < 1 || port > 65535)) abort();
        if (!sc_proxy_route_of(h.method, h.target, false, &route, NULL) && route.path[0] != '/')
            abort();
    }
    if (!sc_head_chunk_size(in, 1000, &n, NULL) && n > 1000) abort();
    if (!sc_head_authority(in, host, &port, NULL) && !host[0]) abort();
    return 0;
}
