#include "base/json.h"
#include "embedders/encoder/weights.h"

enum { MAX_HEADER = 16 << 20 };

static sc_rc type_of(const json_t *entry, sc_weight_type *ret, size_t *ret_bytes, sc_err *err) {
    sc_str name;
    *ret_bytes = 0;
    sc_rc rc = sc_json_str(entry, "dtype", &name, err);
    if (rc) return rc;
    *ret = sc_str_is(name, "F32")    ? SC_WEIGHT_F32
           : sc_str_is(name, "F16")  ? SC_WEIGHT_F16
           : sc_str_is(name, "BF16") ? SC_WEIGHT_BF16
                                     : SC_WEIGHT_OTHER;
    if (*ret != SC_WEIGHT_OTHER) *ret_bytes = *ret == SC_WEIGHT_F32 ? 4 : 2;
    return SC_OK;
}

static bool whole(const json_t *v, uint64_t max, uint64_t *ret) {
    if (!json_is_integer(v) || json_integer_value(v) < 0) return false;
    *ret = (uint64_t)json_integer_value(v);
    return *ret <= max;
}

static sc_rc read_entry(const char *name, const json_t *entry, sc_str data, sc_arena *arena,
                        sc_weight *ret, sc_err *err) {
    size_t each;
    sc_weight w = {0};
    sc_rc rc = type_of(entry, &w.type, &each, err);
    if (rc) {
        sc_wrap(err, "tensor %.80s", name);
        return rc;
    }
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *offsets = json_object_get(entry, "data_offsets");
    uint64_t from, to, values = 1;
    if (!json_is_array(shape) || json_array_size(shape) > SC_LEN(w.dims) ||
        json_array_size(offsets) != 2)
        return sc_fail(err, SC_INVALID, "tensor %.80s has no shape of up to 4 dims, or no place",
                       name);
    w.rank = (uint32_t)json_array_size(shape);
    for (uint32_t i = 0; i < w.rank; i++)
        if (!whole(json_array_get(shape, i), UINT32_MAX, &w.dims[i]) ||
            __builtin_mul_overflow(values, w.dims[i], &values) || values > UINT32_MAX)
            return sc_fail(err, SC_INVALID, "the shape of tensor %.80s is not possible", name);
    if (!whole(json_array_get(offsets, 0), data.n, &from) ||
        !whole(json_array_get(offsets, 1), data.n, &to) || from > to)
        return sc_fail(err, SC_INVALID, "tensor %.80s lies outside the file", name);
    if (each && to - from != values * each)
        return sc_fail(err, SC_INVALID, "the shape of tensor %.80s does not fit its %llu bytes",
                       name, (unsigned long long)(to - from));
    char *copy = sc_arena_copy(arena, name, strlen(name));
    if (!copy) return sc_fail(err, SC_NOMEM, "no memory for the tensors' names");
    w.name = sc_str_of(copy);
    w.data = (const unsigned char *)data.p + from;
    w.bytes = to - from;
    *ret = w;
    return SC_OK;
}

sc_rc sc_weights_safetensors(sc_str file, sc_arena *arena, sc_weights *ret, sc_err *err) {
    uint64_t header;
    if (file.n < 8)
        return sc_fail(err, SC_INVALID, "not a safetensors file: it has %zu bytes", file.n);
    memcpy(&header, file.p, 8);
    if (header > MAX_HEADER || header > file.n - 8)
        return sc_fail(err, SC_INVALID,
                       "not a safetensors file, or a cut one: its header has no end");
    const sc_str text = {file.p + 8, (size_t)header};
    const sc_str data = {file.p + 8 + header, file.n - 8 - (size_t)header};
    SC_AUTO(sc_json_auto) json_t *root = NULL;
    sc_rc rc = sc_json_parse(text, &root, err);
    if (rc) {
        sc_wrap(err, "the header of the safetensors file");
        return rc;
    }
    size_t n = json_object_size(root);
    if (!json_is_object(root) || n > SC_WEIGHTS_MAX)
        return sc_fail(err, SC_INVALID, "the header is not an object of at most %d tensors",
                       SC_WEIGHTS_MAX);
    *ret = (sc_weights){sc_arena_take_array(arena, n + 1, sizeof *ret->v), 0};
    if (!ret->v) return sc_fail(err, SC_NOMEM, "no memory for the tensors");
    const char *name;
    json_t *entry;
    json_object_foreach(root, name, entry) {
        if (!strcmp(name, "__metadata__")) continue;
        rc = read_entry(name, entry, data, arena, &ret->v[ret->n++], err);
        if (rc) return rc;
    }
    return SC_OK;
}
