/* The neural embedder: a BERT encoder (MiniLM and its like, 384 wide, 6 or 12 layers) run in int8 on the
 * CPU, from a weights file that `soulcaster model install` made. Milliseconds a text; meaning beyond
 * shared words.
 *
 * What it reads is the prepared text as people see it (sc_prepared.title and .body: cleaned, neither
 * masked nor stemmed), title first, cut at max_tokens. A text without a word gets zeros.
 *
 * Threads: this backend owns some. Its work is arithmetic alone, and a batch is worth sharing out, so it
 * keeps `threads` - 1 helpers (team.h) that sleep between batches; they end with close. embed is
 * thread-safe, and the vectors do not depend on threads, batches or the CPU. */
#ifndef SC_EMBEDDERS_ENCODER_ENCODER_H
#define SC_EMBEDDERS_ENCODER_ENCODER_H

#include "ports/embedder.h"

typedef struct sc_encoder_conf {
    const char *model;  /* path of the weights file; required    */
    int64_t max_tokens; /* of a text; 0: 256, or the model's own  */
    int64_t threads;    /* 0: one for each core                   */
    int64_t batch;      /* tokens that go through together; 0: 96 */
} sc_encoder_conf;

enum { SC_ENCODER_DEFAULT_TOKENS = 256, SC_ENCODER_DEFAULT_BATCH = 96 };

/* model() is "encoder-1/NAME-CHECKSUM/tokens-N/prepare-V": NAME and the first 12 digits of the SHA-256
 * are the file's. */
extern const sc_embedder_ops sc_embedder_encoder;

#endif
