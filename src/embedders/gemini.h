/* Google's Gemini API: models.batchEmbedContents with taskType CLUSTERING and outputDimensionality.
 * https://ai.google.dev/api/embeddings - at most 100 texts a call, 2,048 tokens a text (what is
 * longer we cut by bytes). Only full-length vectors come normalised; we bring all to unit length. */
#ifndef SC_EMBEDDERS_GEMINI_H
#define SC_EMBEDDERS_GEMINI_H

#include "ports/embedder.h"

typedef struct sc_gemini_conf {
    const char *key; /* else GEMINI_API_KEY or GOOGLE_API_KEY of the environment */
    const char *model, *base, *usd;
    int64_t dims, batch, max_text_bytes;
} sc_gemini_conf;

extern const sc_embedder_ops sc_embedder_gemini;

#endif
