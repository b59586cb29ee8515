/* Tensors of foreign checkpoints, by name: safetensors and ONNX files.
 *
 * A reader looks at every length, offset, shape and number before it believes it, and leaves views
 * into the file's bytes; nothing is copied but names. Threads: plain data.
 *
 * safetensors: https://github.com/huggingface/safetensors, "Format": u64 header length, JSON header,
 * data. ONNX: onnx.proto3 of https://github.com/onnx/onnx, in protobuf wire format; only what names and
 * holds weights is read. */
#ifndef SC_EMBEDDERS_ENCODER_WEIGHTS_H
#define SC_EMBEDDERS_ENCODER_WEIGHTS_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum { SC_WEIGHTS_MAX = 16384, SC_WEIGHTS_ARENA = 64 << 20 };

typedef enum sc_weight_type {
    SC_WEIGHT_F32,
    SC_WEIGHT_F16,
    SC_WEIGHT_BF16,
    SC_WEIGHT_OTHER, /* integers and the like: no weights of ours */
} sc_weight_type;

typedef struct sc_weight {
    sc_str name; /* "encoder.layer.0.attention.self.query.weight" */
    sc_weight_type type;
    bool transposed; /* stored inputs x outputs */
    uint32_t rank;   /* at most 4 */
    uint64_t dims[4];
    const unsigned char *data; /* any alignment */
    size_t bytes;              /* fits the shape, unless the type is other */
} sc_weight;

typedef struct sc_weights {
    sc_weight *v;
    size_t n;
} sc_weights;

/* Views into `file`, names and array in the arena. SC_INVALID with the reason, SC_NOMEM. */
sc_rc sc_weights_safetensors(sc_str file, sc_arena *arena, sc_weights *ret, sc_err *err);
/* Weights under generated names get those of PyTorch: from the bias that is added after the product, or
 * from the node's name. Refused with the reason: weights outside the file, quantised and fused models. */
sc_rc sc_weights_onnx(sc_str file, sc_arena *arena, sc_weights *ret, sc_err *err);

/* The tensor of that name, or of that name after a prefix and a dot ("bert.embeddings..."). SC_INVALID
 * when there is none, or several that differ. */
sc_rc sc_weights_find(const sc_weights *w, const char *name, const sc_weight **ret, sc_err *err);
/* Its rows x cols values as fp32 (cols = 1: also a vector). SC_INVALID: another shape or type, or a
 * value that is not finite. */
sc_rc sc_weight_read(const sc_weight *w, size_t rows, size_t cols, float *ret, sc_err *err);

#endif
