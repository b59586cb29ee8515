/* The model's forward pass over a packed batch: token ids of several texts, one after the other, to
 * one unit vector a text (BERT: Devlin et al. 2018; pooling: Reimers and Gurevych 2019).
 *
 * All matrix products are u8 x s8 (values quantised row by row as they come, weights at conversion),
 * everything else is fp32. Every set of kernels gives the same bits, and a text's vector does not
 * depend on what else is in the batch. Threads: one sc_forward belongs to one thread at a time; the
 * model is shared. */
#ifndef SC_EMBEDDERS_ENCODER_FORWARD_H
#define SC_EMBEDDERS_ENCODER_FORWARD_H

#include "embedders/encoder/model_file.h"

typedef struct sc_forward sc_forward;

/* Working memory for at most max_tokens tokens a batch: about 10 KiB a token of a 384-wide model.
 * `model` must outlive it. `kernel` NULL: the best one. SC_NOMEM. */
sc_rc sc_forward_new(const sc_model *model, const sc_enc_kernel *kernel, size_t max_tokens,
                     sc_forward **ret, sc_err *err);
void sc_forward_free(sc_forward *f);

/* ids: the texts' tokens ([CLS] and [SEP] included), text i has lengths[i] >= 1 of them, at most
 * SC_ENC_MAX_TOKENS and the model's positions; the lengths' sum is at most max_tokens; every id is less
 * than the model's vocab. ret_vecs: n_texts x hidden. Cannot fail; a breach of these rules is a bug. */
void sc_forward_run(sc_forward *f, const uint32_t *ids, const uint32_t *lengths, size_t n_texts,
                    int8_t *ret_vecs);

#endif
