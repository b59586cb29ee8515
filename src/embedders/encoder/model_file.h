/* The encoder's own weights file: one file with everything that an embedding depends on.
 *
 * Made once by convert.h out of a public checkpoint, mapped read-only, used as it lies: matrices are
 * stored in the order that the kernels read. Nothing is used before everything was looked at: the
 * checksum over all bytes, sizes against each other and against bounds, the tensors' places (there is
 * exactly one right place for each), and every number that is not a weight: finite and within bounds
 * that keep all later arithmetic finite. Threads: an open model is constant.
 *
 * Layout, little-endian:
 *   0    char magic[8] "SCENCODR"      8   u32 format          12  u32 zero
 *   16   u64 bytes of the file         24  u8 sha256[32] of all from byte 64 on       56  u64 zero
 *   64   u32 layers, hidden, heads, ffn, vocab, positions, pooling, flags, max tokens
 *   100  f32 epsilon                   104 u32 tensors         108 u32 zero
 *   112  char name[64], NUL-padded     176 zeros to 256
 *   256  a row for each tensor: u32 kind, layer, type, rows, columns, zero; u64 offset
 *   then the tensors in the rows' order, each at the next multiple of 64, zeros between. */
#ifndef SC_EMBEDDERS_ENCODER_MODEL_FILE_H
#define SC_EMBEDDERS_ENCODER_MODEL_FILE_H

#include "base/err.h"
#include "base/str.h"
#include "embedders/encoder/kernels.h"

enum {
    SC_MODEL_FORMAT = 1,
    SC_MODEL_HEADER = 256,
    SC_MODEL_ROW = 32,
    SC_MODEL_MAX_LAYERS = 24,
    SC_MODEL_MAX_HIDDEN = 1024, /* = SC_REPR_MAX_DIM */
    SC_MODEL_MAX_VOCAB = 1 << 18,
    SC_MODEL_MAX_VOCAB_BYTES = 1 << 24,
    SC_MODEL_MAX_POSITIONS = 4096,
    SC_MODEL_MAX_NUMBER = 1000, /* of biases, LayerNorms, positions                */
    SC_MODEL_MAX_SCALE = 10,    /* of a weight's step                               */
    SC_MODEL_NAME = 64,
};

typedef enum sc_pooling { SC_POOLING_MEAN, SC_POOLING_CLS } sc_pooling;

typedef struct sc_model_dims {
    uint32_t layers, hidden, heads, ffn, vocab, positions, max_tokens;
    sc_pooling pooling;
    bool lower_case;
    float eps;
    char name[SC_MODEL_NAME]; /* [a-z0-9._-], of the checkpoint */
} sc_model_dims;

typedef struct sc_model_layer {
    sc_enc_linear qkv, out, up, down;
    sc_enc_norm after_attention, after_ffn;
} sc_model_layer;

/* Views into the bytes of a checked file. */
typedef struct sc_model {
    sc_model_dims dims;
    char sha256[65];         /* as the file says it, hex */
    sc_str vocab;            /* '\n'-separated           */
    const int8_t *words;     /* vocab x hidden           */
    const float *word_scale; /* vocab                    */
    const float *places;     /* positions x hidden       */
    const float *kind;       /* hidden: of token type 0  */
    sc_enc_norm after_embedding;
    sc_model_layer layer[SC_MODEL_MAX_LAYERS];
    const void *map; /* of sc_model_open */
    size_t map_bytes;
} sc_model;

/* Checks n bytes and points `ret` into them; they must outlive it and be aligned to 64. SC_INVALID
 * with the reason for anything that is not a whole file of this format. */
sc_rc sc_model_check(const void *bytes, size_t n, sc_model *ret, sc_err *err);

/* Maps and checks a file. SC_NOT_FOUND when there is none, SC_IO, or as sc_model_check. A file that is
 * cut while it is mapped ends the process: replace files by renaming, as sc_model_save does. */
sc_rc sc_model_open(const char *path, sc_model **ret, sc_err *err);
void sc_model_close(sc_model *m);

/* ---- Making one ----------------------------------------------------------------------------------- */

/* What the rows and offsets of these dims are: SC_INVALID when a dim is out of bounds. */
sc_rc sc_model_dims_check(const sc_model_dims *d, sc_err *err);

/* A whole file in memory: header, table and vocabulary are written, all weights zero. The views of
 * `ret` lie in it and may be written through (cast) until sc_model_seal. SC_NOMEM, SC_INVALID. */
typedef struct sc_model_image {
    unsigned char *p; /* aligned to 64, inside `block` */
    size_t n;
    void *block; /* from sc_alloc */
    sc_model views;
} sc_model_image;
sc_rc sc_model_image_init(sc_model_image *im, const sc_model_dims *d, sc_str vocab, sc_err *err);
void sc_model_image_done(sc_model_image *im);
/* Writes the checksum, then checks the whole as a reader would. */
sc_rc sc_model_seal(sc_model_image *im, sc_err *err);
/* Writes beside `path`, syncs, renames over it. SC_IO. */
sc_rc sc_model_save(const sc_model_image *im, const char *path, sc_err *err);

#endif
