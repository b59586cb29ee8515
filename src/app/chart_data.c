#include "app/chart_data.h"

/* Little-endian: "SCC1", n, laid_ms, unit, length of the model's name, the name; then the points: key, id, x,
 * y, flags. */
enum { MAGIC = 0x31434353, HEAD_BYTES = 4 + 4 + 8 + 4 + 2, POINT_BYTES = 8 + 16 + 2 + 2 + 1 };

sc_chart_point *sc_chart_find(const sc_chart *c, int64_t key) {
    uint32_t lo = 0, hi = c->n;
    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (c->points[mid].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->n && c->points[lo].key == key ? &c->points[lo] : NULL;
}

static unsigned char *put(unsigned char *to, uint64_t v, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(v >> (8 * i));
    return to + bytes;
}

static uint64_t get(const unsigned char **from, size_t bytes) {
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++) v |= (uint64_t)(*from)[i] << (8 * i);
    *from += bytes;
    return v;
}

sc_rc sc_chart_encode(const sc_chart *c, sc_buf *out, sc_err *err) {
    const size_t name = strlen(c->model);
    unsigned char piece[HEAD_BYTES], *to;
    uint32_t unit;
    memcpy(&unit, &c->unit, sizeof unit);
    sc_buf_reserve(out, HEAD_BYTES + name + (size_t)c->n * POINT_BYTES);
    to = put(piece, MAGIC, 4);
    to = put(to, c->n, 4);
    to = put(to, (uint64_t)c->laid_ms, 8);
    to = put(to, unit, 4);
    put(to, name, 2);
    sc_buf_put(out, piece, HEAD_BYTES);
    sc_buf_put(out, c->model, name);
    for (uint32_t i = 0; i < c->n; i++) {
        const sc_chart_point *p = &c->points[i];
        unsigned char row[POINT_BYTES];
        to = put(row, (uint64_t)p->key, 8);
        memcpy(to, p->id, sizeof p->id);
        to = put(to + sizeof p->id, (uint16_t)p->x, 2);
        to = put(to, (uint16_t)p->y, 2);
        put(to, p->flags, 1);
        sc_buf_put(out, row, sizeof row);
    }
    return sc_buf_check(out, "the map", err);
}

static sc_rc damaged(sc_err *err) { return sc_fail(err, SC_INVALID, "the stored map is damaged"); }

static sc_rc read_points(const unsigned char *from, sc_chart *c, sc_err *err) {
    c->points = sc_alloc_array((size_t)c->n + 1, sizeof *c->points);
    if (!c->points) return sc_fail(err, SC_NOMEM, "no memory for a map of %u reports", c->n);
    for (uint32_t i = 0; i < c->n; i++) {
        sc_chart_point *p = &c->points[i];
        p->key = (int64_t)get(&from, 8);
        memcpy(p->id, from, sizeof p->id);
        from += sizeof p->id;
        p->x = (int16_t)(uint16_t)get(&from, 2);
        p->y = (int16_t)(uint16_t)get(&from, 2);
        p->flags = (uint8_t)get(&from, 1);
        if (i && p->key <= p[-1].key) return damaged(err);
    }
    return SC_OK;
}

sc_rc sc_chart_decode(sc_str blob, sc_chart *ret, sc_err *err) {
    const unsigned char *from = (const unsigned char *)blob.p;
    sc_chart c = {.n = 0};
    if (blob.n < HEAD_BYTES || get(&from, 4) != MAGIC) return damaged(err);
    c.n = (uint32_t)get(&from, 4);
    c.laid_ms = (int64_t)get(&from, 8);
    const uint32_t unit = (uint32_t)get(&from, 4);
    const size_t name = get(&from, 2);
    memcpy(&c.unit, &unit, sizeof unit);
    if (name >= sizeof c.model || blob.n != HEAD_BYTES + name + (size_t)c.n * POINT_BYTES ||
        !(c.unit > 0))
        return damaged(err);
    memcpy(c.model, from, name);
    sc_rc rc = read_points(from + name, &c, err);
    if (rc) {
        sc_chart_done(&c);
        return rc;
    }
    *ret = c;
    return SC_OK;
}

void sc_chart_done(sc_chart *c) {
    sc_free(c->points);
    *c = (sc_chart){.n = 0};
}
