#include "stores/cursor.h"

enum { BYTES = 1 + 8 + 8 + 4, MAX_LIMIT = 1000 };
static const uint64_t check_seed = 0x736f756c63757273;

static void put64(unsigned char *p, uint64_t v) {
    for (int i = 0; i < 8; i++) p[i] = (unsigned char)(v >> (56 - 8 * i));
}

static uint64_t get64(const unsigned char *p) {
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v = v << 8 | p[i];
    return v;
}

static uint32_t check_of(const unsigned char *body, const sc_id *project) {
    uint64_t seed =
        project ? sc_hash64(project->text, strlen(project->text), check_seed) : check_seed;
    return (uint32_t)sc_hash64(body, BYTES - 4, seed);
}

sc_rc sc_cursor_write(uint8_t list, const sc_id *project, sc_cursor c, sc_arena *arena, sc_str *ret,
                      sc_err *err) {
    unsigned char b[BYTES];
    b[0] = list;
    put64(b + 1, (uint64_t)c.key);
    put64(b + 9, (uint64_t)c.seq);
    uint32_t check = check_of(b, project);
    for (int i = 0; i < 4; i++) b[17 + i] = (unsigned char)(check >> (24 - 8 * i));
    char *text = sc_arena_take(arena, 2 * BYTES + 1);
    if (!text) return sc_fail(err, SC_NOMEM, "the answer is over its memory budget");
    sc_hex_encode(b, BYTES, text);
    *ret = (sc_str){text, 2 * BYTES};
    return SC_OK;
}

sc_rc sc_cursor_read(sc_str text, uint8_t list, const sc_id *project, sc_cursor *ret, sc_err *err) {
    unsigned char b[BYTES];
    bool ok = text.n == 2 * BYTES && sc_hex_decode(text, b, BYTES) && b[0] == list;
    if (ok) {
        uint32_t check =
            (uint32_t)b[17] << 24 | (uint32_t)b[18] << 16 | (uint32_t)b[19] << 8 | b[20];
        ok = check == check_of(b, project);
    }
    if (!ok)
        return sc_fail_field(err, SC_INVALID, "cursor",
                             "not a cursor of this list; take next_cursor from its last page");
    *ret = (sc_cursor){(int64_t)get64(b + 1), (int64_t)get64(b + 9)};
    return SC_OK;
}

sc_rc sc_cursor_check_limit(size_t limit, sc_err *err) {
    if (limit >= 1 && limit <= MAX_LIMIT) return SC_OK;
    return sc_fail_field(err, SC_INVALID, "limit", "must be 1 to %d", MAX_LIMIT);
}
