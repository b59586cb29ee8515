/* Field numbers are those of onnx.proto3; the wire format is that of protobuf.dev/programming-guides/
 * encoding. Messages are walked in place: a field is a view, and unknown fields are stepped over. */
#include "embedders/encoder/weights.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
enum { MAX_NODES = 1 << 14, MAX_INPUTS = 3 };

typedef struct field {
    uint32_t number, wire;
    uint64_t value; /* of VARINT and the fixed ones */
    sc_str bytes;   /* of BYTES                     */
} field;

static bool varint(sc_str *s, uint64_t *ret) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && s->n; shift += 7) {
        unsigned char c = (unsigned char)*s->p++;
        s->n--;
        v |= (uint64_t)(c & 127) << shift;
        if (c < 128) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* The next field off the front of *s; false at the end. A broken message sets *ret_broken. */
static bool next_field(sc_str *s, field *f, bool *ret_broken) {
    uint64_t key, n = 0;
    if (s->n == 0) return false;
    *ret_broken = true;
    if (!varint(s, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX) return false;
    *f = (field){.number = (uint32_t)(key >> 3), .wire = key & 7};
    if (f->wire == VARINT) {
        if (!varint(s, &f->value)) return false;
    } else if (f->wire == BYTES) {
        if (!varint(s, &n) || n > s->n) return false;
        f->bytes = (sc_str){s->p, (size_t)n};
    } else if (f->wire == FIXED64 || f->wire == FIXED32) {
        n = f->wire == FIXED64 ? 8 : 4;
        if (n > s->n) return false;
        memcpy(&f->value, s->p, (size_t)n);
    } else {
        return false; /* groups are of protobuf 2 */
    }
    s->p += n;
    s->n -= (size_t)n;
    *ret_broken = false;
    return true;
}

static sc_rc broken(sc_err *err, const char *what) {
    return sc_fail(err, SC_INVALID, "not an ONNX file, or a cut one: a broken %s", what);
}

/* ---- Tensors --------------------------------------------------------------------------------------- */

enum { ONNX_FLOAT = 1, ONNX_FLOAT16 = 10, ONNX_BFLOAT16 = 16, AT_EXTERNAL = 1 };

typedef struct tensor {
    uint64_t dims[4], type, location;
    uint32_t rank;
    bool too_deep;
    sc_str name, raw, floats;
} tensor;

static void add_dim(tensor *t, uint64_t v) {
    if (t->rank == SC_LEN(t->dims))
        t->too_deep = true;
    else
        t->dims[t->rank++] = v;
}

static bool read_tensor(sc_str s, tensor *t) {
    field f;
    bool bad = false;
    *t = (tensor){0};
    while (next_field(&s, &f, &bad)) {
        if (f.number == 1 && f.wire == VARINT) add_dim(t, f.value);
        if (f.number == 1 && f.wire == BYTES) /* packed */
            for (uint64_t v; f.bytes.n;) {
                if (!varint(&f.bytes, &v)) return false;
                add_dim(t, v);
            }
        if (f.number == 2 && f.wire == VARINT) t->type = f.value;
        if (f.number == 4 && f.wire == BYTES) t->floats = f.bytes;
        if (f.number == 8 && f.wire == BYTES) t->name = f.bytes;
        if (f.number == 9 && f.wire == BYTES) t->raw = f.bytes;
        if (f.number == 14 && f.wire == VARINT) t->location = f.value;
    }
    return !bad;
}

typedef struct reader {
    sc_arena *arena;
    sc_weight *v;
    size_t n, cap;
    struct node *nodes;
    size_t n_nodes;
} reader;

static sc_rc add_weight(reader *r, sc_weight w, sc_str name, sc_err *err) {
    if (r->n == r->cap)
        return sc_fail(err, SC_INVALID, "the ONNX file has more than %d tensors", SC_WEIGHTS_MAX);
    char *copy = sc_arena_copy(r->arena, name.p ? name.p : "", name.n);
    if (!copy) return sc_fail(err, SC_NOMEM, "no memory for the tensors' names");
    w.name = (sc_str){copy, name.n};
    r->v[r->n++] = w;
    return SC_OK;
}

static sc_rc add_tensor(reader *r, sc_str bytes, const sc_str *name, sc_err *err) {
    tensor t;
    sc_weight w = {.type = SC_WEIGHT_OTHER};
    uint64_t values = 1;
    if (!read_tensor(bytes, &t)) return broken(err, "tensor");
    if (name) t.name = *name;
    if (t.location == AT_EXTERNAL)
        return sc_fail(
            err, SC_INVALID,
            "the ONNX file keeps its weights in another file (tensor %.*s); export it as one",
            (int)SC_MIN(t.name.n, (size_t)80), t.name.p ? t.name.p : "");
    for (uint32_t i = 0; i < t.rank; i++)
        if (__builtin_mul_overflow(values, t.dims[i], &values) || values > UINT32_MAX)
            t.too_deep = true;
    sc_str data = t.raw.n ? t.raw : t.floats;
    size_t each = t.type == ONNX_FLOAT ? 4 : 2;
    if (t.type == ONNX_FLOAT) w.type = SC_WEIGHT_F32;
    if (t.type == ONNX_FLOAT16) w.type = SC_WEIGHT_F16;
    if (t.type == ONNX_BFLOAT16) w.type = SC_WEIGHT_BF16;
    if (t.too_deep) w.type = SC_WEIGHT_OTHER;
    if (w.type != SC_WEIGHT_OTHER && data.n != values * each)
        return sc_fail(err, SC_INVALID, "the shape of tensor %.*s does not fit its %zu bytes",
                       (int)SC_MIN(t.name.n, (size_t)80), t.name.p ? t.name.p : "", data.n);
    w.rank = t.rank;
    memcpy(w.dims, t.dims, sizeof w.dims);
    w.data = (const unsigned char *)data.p;
    w.bytes = data.n;
    return add_weight(r, w, t.name, err);
}

/* ---- Nodes ----------------------------------------------------------------------------------------- */

typedef struct node {
    sc_str op, name, out, in[MAX_INPUTS];
    bool trans_b;
    sc_str value; /* a Constant's tensor */
} node;

static bool read_attribute(sc_str s, node *n) {
    field f;
    bool bad = false;
    sc_str name = SC_STR_NONE, t = SC_STR_NONE;
    uint64_t i = 0;
    while (next_field(&s, &f, &bad)) {
        if (f.number == 1 && f.wire == BYTES) name = f.bytes;
        if (f.number == 3 && f.wire == VARINT) i = f.value;
        if (f.number == 5 && f.wire == BYTES) t = f.bytes;
    }
    if (sc_str_is(name, "transB")) n->trans_b = i != 0;
    if (sc_str_is(name, "value")) n->value = t;
    return !bad;
}

static bool read_node(sc_str s, node *n) {
    field f;
    bool bad = false;
    size_t inputs = 0;
    *n = (node){0};
    while (next_field(&s, &f, &bad)) {
        if (f.wire != BYTES) continue;
        if (f.number == 1 && inputs < MAX_INPUTS) n->in[inputs++] = f.bytes;
        if (f.number == 2 && !n->out.n) n->out = f.bytes;
        if (f.number == 3) n->name = f.bytes;
        if (f.number == 4) n->op = f.bytes;
        if (f.number == 5 && !read_attribute(f.bytes, n)) return false;
    }
    return !bad;
}

static sc_rc refuse_op(sc_str op, sc_err *err) {
    static const char *const quantised[] = {
        "DequantizeLinear", "MatMulInteger",         "QLinearMatMul", "DynamicQuantizeLinear",
        "MatMulNBits",      "DynamicQuantizeMatMul", "QAttention"};
    static const char *const fused[] = {
        "Attention",   "MultiHeadAttention", "EmbedLayerNormalization", "SkipLayerNormalization",
        "FusedMatMul", "FusedGemm"};
    for (size_t i = 0; i < SC_LEN(quantised); i++)
        if (sc_str_is(op, quantised[i]))
            return sc_fail(err, SC_INVALID,
                           "the ONNX file is quantised already (%s); take the one in fp32",
                           quantised[i]);
    for (size_t i = 0; i < SC_LEN(fused); i++)
        if (sc_str_is(op, fused[i]))
            return sc_fail(err, SC_INVALID,
                           "the ONNX file is optimised (%s); take the export before that",
                           fused[i]);
    return SC_OK;
}

static const sc_weight *weight_of(const reader *r, sc_str name) {
    for (size_t i = 0; name.n && i < r->n; i++)
        if (sc_str_eq(r->v[i].name, name)) return &r->v[i];
    return NULL;
}

/* The bias that is added to `out`, or NULL. */
static const sc_weight *bias_after(const reader *r, sc_str out) {
    for (size_t i = 0; i < r->n_nodes; i++) {
        const node *n = &r->nodes[i];
        if (!sc_str_is(n->op, "Add")) continue;
        if (sc_str_eq(n->in[0], out)) return weight_of(r, n->in[1]);
        if (sc_str_eq(n->in[1], out)) return weight_of(r, n->in[0]);
    }
    return NULL;
}

/* "/encoder/layer.0/attention/self/query/MatMul" -> "encoder.layer.0.attention.self.query" */
static sc_str name_of_path(reader *r, sc_str path) {
    char *copy = sc_arena_copy(r->arena, path.p, path.n);
    if (!copy || path.n < 2 || path.p[0] != '/') return SC_STR_NONE;
    sc_str s = {copy + 1, path.n - 1};
    while (s.n && s.p[s.n - 1] != '/') s.n--;
    if (s.n) s.n--;
    for (size_t i = 1; i <= s.n; i++)
        if (copy[i] == '/') copy[i] = '.';
    return s;
}

/* A product with a stored matrix: gives the matrix the name that its layer has in PyTorch. */
static sc_rc name_product(reader *r, const node *n, sc_err *err) {
    bool gemm = sc_str_is(n->op, "Gemm");
    const sc_weight *w = weight_of(r, n->in[1]);
    if (!w || w->rank != 2) return SC_OK;
    const sc_weight *bias = gemm ? weight_of(r, n->in[2]) : bias_after(r, n->out);
    sc_str stem = name_of_path(r, n->name);
    if (bias && sc_str_ends(bias->name, ".bias"))
        stem = (sc_str){bias->name.p, bias->name.n - strlen(".bias")};
    if (!stem.n) return SC_OK;
    char *name = sc_arena_printf(r->arena, "%.*s.weight", SC_FMT(stem));
    if (!name) return sc_fail(err, SC_NOMEM, "no memory for the tensors' names");
    const bool transposed = gemm ? !n->trans_b : true;
    sc_weight *known = (sc_weight *)(uintptr_t)weight_of(r, sc_str_of(name));
    if (known && known->data == w->data) { /* the right name and another order */
        known->transposed = transposed;
        return SC_OK;
    }
    sc_weight named = *w;
    named.transposed = transposed;
    return known ? SC_OK : add_weight(r, named, sc_str_of(name), err);
}

static sc_rc name_weights(reader *r, sc_err *err) {
    sc_rc rc = SC_OK;
    for (size_t i = 0; i < r->n_nodes && !rc; i++) {
        const node *n = &r->nodes[i];
        rc = refuse_op(n->op, err);
        if (!rc && sc_str_is(n->op, "Constant") && n->value.n)
            rc = add_tensor(r, n->value, &n->out, err);
        const sc_weight *same = sc_str_is(n->op, "Identity") ? weight_of(r, n->in[0]) : NULL;
        if (!rc && same) rc = add_weight(r, *same, n->out, err); /* equal tensors, stored once */
    }
    for (size_t i = 0; i < r->n_nodes && !rc; i++) {
        const node *n = &r->nodes[i];
        if (sc_str_is(n->op, "MatMul") || sc_str_is(n->op, "Gemm")) rc = name_product(r, n, err);
    }
    return rc;
}

/* ---- The file --------------------------------------------------------------------------------------- */

static sc_rc count_nodes(sc_str graph, size_t *ret_nodes, sc_err *err) {
    field f;
    bool bad = false;
    *ret_nodes = 0;
    while (next_field(&graph, &f, &bad)) *ret_nodes += f.number == 1 && f.wire == BYTES;
    if (bad) return broken(err, "graph");
    if (*ret_nodes > MAX_NODES)
        return sc_fail(err, SC_INVALID, "the ONNX file has more than %d nodes", MAX_NODES);
    return SC_OK;
}

static sc_rc read_graph(reader *r, sc_str graph, sc_err *err) {
    field f;
    bool bad = false;
    size_t n;
    sc_rc rc = count_nodes(graph, &n, err);
    if (rc) return rc;
    r->nodes = sc_arena_take_array(r->arena, n + 1, sizeof *r->nodes);
    r->cap = SC_WEIGHTS_MAX;
    r->v = sc_arena_take_array(r->arena, r->cap, sizeof *r->v);
    if (!r->nodes || !r->v) return sc_fail(err, SC_NOMEM, "no memory for the tensors");
    while (!rc && next_field(&graph, &f, &bad)) {
        if (f.wire != BYTES) continue;
        if (f.number == 1 && !read_node(f.bytes, &r->nodes[r->n_nodes++]))
            return broken(err, "node");
        if (f.number == 5) rc = add_tensor(r, f.bytes, NULL, err);
    }
    return rc;
}

sc_rc sc_weights_onnx(sc_str file, sc_arena *arena, sc_weights *ret, sc_err *err) {
    field f;
    bool bad = false;
    sc_str graph = SC_STR_NONE;
    reader r = {.arena = arena};
    while (next_field(&file, &f, &bad))
        if (f.number == 7 && f.wire == BYTES) graph = f.bytes;
    if (bad) return broken(err, "model");
    if (!graph.p) return sc_fail(err, SC_INVALID, "not an ONNX file: it has no graph");
    sc_rc rc = read_graph(&r, graph, err);
    if (!rc) rc = name_weights(&r, err);
    if (!rc) *ret = (sc_weights){r.v, r.n};
    return rc;
}
