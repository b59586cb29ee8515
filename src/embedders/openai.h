/* POST {base}/embeddings as OpenAI defined it, and as Ollama (/v1), vLLM, llama.cpp's server, TEI and
 * many gateways speak it too. https://platform.openai.com/docs/api-reference/embeddings
 * "dimensions" is sent only where the model can cut its vectors (text-embedding-3-*, or on wish): the
 * others refuse it. A key is sent when there is one. */
#ifndef SC_EMBEDDERS_OPENAI_H
#define SC_EMBEDDERS_OPENAI_H

#include "ports/embedder.h"

typedef struct sc_openai_conf {
    const char *key;  /* else OPENAI_API_KEY of the environment  */
    const char *base; /* else OPENAI_BASE_URL, else OpenAI's own */
    const char *model, *prefix, *usd;
    int64_t dims, batch, max_text_bytes;
    bool ask_dims;
} sc_openai_conf;

extern const sc_embedder_ops sc_embedder_openai;

#endif
