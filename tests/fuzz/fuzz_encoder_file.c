/* Foreign files that the encoder reads: its own model file, safetensors, ONNX, and a checkpoint's JSON. The
 * first byte says which; an own file gets its checksum set right, so that what lies behind it is reached. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/json.h"
#include "embedders/encoder/convert.h"
#include "embedders/encoder/forward.h"

static volatile unsigned char touched;

static void read_all(const sc_weights *w) {
    float v[64];
    const sc_weight *t;
    sc_err err;
    for (size_t i = 0; i < w->n; i++) {
        if (w->v[i].bytes) touched ^= w->v[i].data[0] ^ w->v[i].data[w->v[i].bytes - 1];
        uint64_t rows = w->v[i].dims[0], cols = w->v[i].rank > 1 ? w->v[i].dims[1] : 1;
        if (rows <= 8 && cols <= 8) sc_weight_read(&w->v[i], (size_t)rows, (size_t)cols, v, &err);
    }
    sc_weights_find(w, "embeddings.word_embeddings.weight", &t, &err);
}

static void model(const uint8_t *data, size_t size) {
    sc_model m;
    sc_err err;
    sc_forward *f;
    unsigned char *p = aligned_alloc(64, (size + 64) / 64 * 64);
    if (!p) abort();
    memcpy(p, data, size);
    if (size >= SC_MODEL_HEADER) {
        uint64_t n = size;
        memcpy(p + 16, &n, 8);
        EVP_Digest(p + 64, size - 64, p + 24, NULL, EVP_sha256(), NULL);
    }
    if (!sc_model_check(p, size, &m, &err) && !sc_forward_new(&m, NULL, 8, &f, &err)) {
        const uint32_t ids[] = {0, 1, 2, 3, m.dims.vocab - 1}, length = 5;
        int8_t vec[SC_MODEL_MAX_HIDDEN];
        sc_forward_run(f, ids, &length, 1, vec); /* whatever passes the check can be run */
        sc_forward_free(f);
    }
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool ready;
    sc_arena a;
    sc_weights w;
    sc_err err;
    if (!ready) sc_json_setup();
    ready = true;
    if (!size) return 0;
    sc_str rest = {(const char *)data + 1, size - 1};
    sc_arena_init(&a, 16 << 20);
    if (data[0] == 'm') model(data + 1, size - 1);
    if (data[0] == 's' && !sc_weights_safetensors(rest, &a, &w, &err)) read_all(&w);
    if (data[0] == 'o' && !sc_weights_onnx(rest, &a, &w, &err)) read_all(&w);
    if (data[0] == 'j') {
        sc_str part;
        sc_convert_texts t = {0};
        sc_model_dims d;
        sc_str *to[] = {&t.config,  &t.tokenizer, &t.tokenizer_config, &t.sentence_config,
                        &t.modules, &t.pooling,   &t.vocab_txt};
        for (size_t i = 0; i < SC_LEN(to) && sc_str_next(&rest, '\1', &part); i++) *to[i] = part;
        sc_convert_dims(&t, &a, &d, &part, &err);
    }
    sc_arena_done(&a);
    return 0;
}
