/* A tiny BERT of random weights, as a checkpoint and as the encoder's file, and its forward pass in double
 * precision: what the encoder is measured against. Nothing is downloaded. */
#ifndef SC_TESTS_ENCODER_FIXTURE_H
#define SC_TESTS_ENCODER_FIXTURE_H

#include "embedders/encoder/convert.h"

enum { FIXTURE_HIDDEN = 64, FIXTURE_FFN = 128, FIXTURE_WORDS = 60, FIXTURE_POSITIONS = 64 };

/* 2 layers, 2 heads of 32, 64 wide, 60 words, mean pooling. */
sc_model_dims fixture_dims(void);
/* '\n'-separated: [PAD] [UNK] [CLS] [SEP] [MASK], letters, their continuations, some words. */
sc_str fixture_vocab(void);
/* fp32 tensors under PyTorch's names. The same seed gives the same weights. */
void fixture_weights(const sc_model_dims *d, uint64_t seed, sc_arena *arena, sc_weights *ret);
/* The weights as the bytes of a safetensors file. */
void fixture_safetensors(const sc_weights *w, sc_buf *out);
/* The checkpoint's folder (made): model.safetensors, config.json, vocab.txt. */
void fixture_folder(const char *path, uint64_t seed);
/* A converted model file. */
void fixture_model(const char *path, uint64_t seed);
/* One text's pooled vector of unit length (d->hidden values). */
void fixture_forward(const sc_weights *w, const sc_model_dims *d, const uint32_t *ids, size_t n,
                     double *ret);
/* Random bits (splitmix64). */
uint64_t fixture_next(uint64_t *seed);

#endif
