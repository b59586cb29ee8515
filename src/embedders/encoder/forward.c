#include "embedders/encoder/forward.h"

#include <assert.h>

enum { LINE = 64, BUFFERS = 7 }; /* vectors that cross a cache line take twice the time */

struct sc_forward {
    const sc_model *model;
    const sc_enc_kernel *kernel;
    size_t max_tokens;
    float *x;         /* tokens x hidden: what goes from layer to layer            */
    float *wide;      /* tokens x max(3 hidden, ffn): queries, keys, values; between */
    float *mixed;     /* tokens x hidden: what attention gives                      */
    sc_enc_rows rows; /* the input of the next product                              */
    float *scratch;   /* of attention                                               */
    void *owned[BUFFERS];
    size_t n_owned;
};

/* NULL without memory, and once that happened. */
static void *take_lines(sc_forward *f, size_t count, size_t size) {
    if (f->n_owned && !f->owned[f->n_owned - 1]) return NULL;
    unsigned char *p = sc_alloc(count * size + LINE);
    f->owned[f->n_owned++] = p;
    return p ? p + (LINE - (uintptr_t)p % LINE) % LINE : NULL;
}

sc_rc sc_forward_new(const sc_model *model, const sc_enc_kernel *kernel, size_t max_tokens,
                     sc_forward **ret, sc_err *err) {
    const sc_model_dims *d = &model->dims;
    const size_t t = max_tokens, h = d->hidden, wide = SC_MAX(3 * h, (size_t)d->ffn);
    sc_forward *f = sc_alloc(sizeof *f);
    if (!f) return sc_fail(err, SC_NOMEM, "no memory for the encoder");
    f->model = model;
    f->kernel = kernel ? kernel : sc_enc_kernels_get();
    f->max_tokens = max_tokens;
    f->x = take_lines(f, t * h, sizeof(float));
    f->wide = take_lines(f, t * wide, sizeof(float));
    f->mixed = take_lines(f, t * h, sizeof(float));
    f->rows.q = take_lines(f, t, SC_MAX(h, (size_t)d->ffn));
    f->rows.scale = take_lines(f, t, sizeof(float));
    f->rows.zero = take_lines(f, t, sizeof(int32_t));
    f->scratch =
        take_lines(f, sc_enc_attend_floats(SC_ENC_MAX_TOKENS, h / d->heads), sizeof(float));
    if (!f->scratch) { /* the last one: NULL when any is */
        sc_forward_free(f);
        return sc_fail(err, SC_NOMEM, "no memory for the encoder");
    }
    *ret = f;
    return SC_OK;
}

void sc_forward_free(sc_forward *f) {
    if (!f) return;
    for (size_t i = 0; i < f->n_owned; i++) sc_free(f->owned[i]);
    sc_free(f);
}

static void product(sc_forward *f, const sc_enc_linear *l, const float *in, size_t tokens,
                    sc_enc_then then, float *out) {
    f->kernel->quantise(in, tokens, l->k, &f->rows);
    f->kernel->linear(l, &f->rows, tokens, then, out, l->n);
}

static void run_layer(sc_forward *f, const sc_model_layer *l, const uint32_t *lengths,
                      size_t n_texts, size_t tokens) {
    const sc_enc_kernel *k = f->kernel;
    const size_t h = f->model->dims.hidden;
    product(f, &l->qkv, f->x, tokens, SC_ENC_PLAIN, f->wide);
    for (size_t i = 0, at = 0; i < n_texts; at += lengths[i++])
        k->attend(f->wide + at * 3 * h, lengths[i], h, f->model->dims.heads, f->scratch,
                  f->mixed + at * h);
    product(f, &l->out, f->mixed, tokens, SC_ENC_ADD, f->x);
    k->norm(f->x, tokens, h, &l->after_attention);
    product(f, &l->up, f->x, tokens, SC_ENC_GELU, f->wide);
    product(f, &l->down, f->wide, tokens, SC_ENC_ADD, f->x);
    k->norm(f->x, tokens, h, &l->after_ffn);
}

void sc_forward_run(sc_forward *f, const uint32_t *ids, const uint32_t *lengths, size_t n_texts,
                    int8_t *ret_vecs) {
    const sc_model *m = f->model;
    const size_t h = m->dims.hidden;
    size_t tokens = 0;
    for (size_t i = 0; i < n_texts; i++) {
        assert(lengths[i] && lengths[i] <= m->dims.positions && lengths[i] <= SC_ENC_MAX_TOKENS);
        assert(tokens + lengths[i] <= f->max_tokens);
        for (uint32_t p = 0; p < lengths[i]; p++, tokens++) {
            assert(ids[tokens] < m->dims.vocab);
            f->kernel->embed(m->words + ids[tokens] * h, m->word_scale[ids[tokens]],
                             m->places + p * h, m->kind, h, f->x + tokens * h);
        }
    }
    f->kernel->norm(f->x, tokens, h, &m->after_embedding);
    for (uint32_t i = 0; i < m->dims.layers; i++)
        run_layer(f, &m->layer[i], lengths, n_texts, tokens);
    for (size_t i = 0, at = 0; i < n_texts; at += lengths[i++])
        f->kernel->pool(f->x + at * h, m->dims.pooling == SC_POOLING_CLS ? 1 : lengths[i], h,
                        ret_vecs + i * h);
}
