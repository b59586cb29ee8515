/* Paths as text. See plan.h. */
#include "runners/local/plan.h"

bool sc_path_plain(const char *path) {
    if (!path || path[0] != '/' || !path[1]) return false;
    sc_str rest = sc_str_of(path + 1), part;
    if (rest.n > 1000) return false;
    for (size_t i = 0; i < rest.n; i++)
        if ((unsigned char)rest.p[i] < 0x20 || rest.p[i] == 0x7f) return false;
    while (sc_str_next(&rest, '/', &part))
        if (!part.n || part.n > 255 || sc_str_is(part, ".") || sc_str_is(part, "..")) return false;
    return true;
}

bool sc_path_within(const char *path, const char *dir) {
    size_t n = strlen(dir);
    if (n == 1) return true;
    return !strncmp(path, dir, n) && (path[n] == 0 || path[n] == '/');
}
