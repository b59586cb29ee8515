/* From a public checkpoint of a BERT encoder to the encoder's own file, once.
 *
 * A checkpoint is a folder as Hugging Face and sentence-transformers lay it out: model.safetensors (or
 * an .onnx file), config.json, vocab.txt or tokenizer.json, and where they are there tokenizer_config.json,
 * sentence_bert_config.json, modules.json, 1_Pooling/config.json. All of it is foreign: every length,
 * shape and number is checked, and what the encoder cannot run is refused with the reason.
 *
 * Weights become s8 with a scale for each output (symmetric; of 21 scales the one with the least squared
 * error), word vectors s8 with a scale a word, the rest stays fp32. Same input, same bytes.
 * Threads: functions of their arguments. */
#ifndef SC_EMBEDDERS_ENCODER_CONVERT_H
#define SC_EMBEDDERS_ENCODER_CONVERT_H

#include "embedders/encoder/model_file.h"
#include "embedders/encoder/weights.h"

typedef struct sc_convert_result {
    sc_model_dims dims;
    char sha256[65];  /* of the file that was written, as it says itself */
    char source[512]; /* the weights that were read                       */
} sc_convert_result;

/* `from`: a folder, or the file of weights with the rest beside it (or in the folder above). `name` as in
 * sc_model_dims, or NULL: made of the folder's name. Writes `to` atomically, so that there is a whole
 * file or none. SC_NOT_FOUND names the file that is missing; SC_INVALID, SC_IO, SC_NOMEM. */
sc_rc sc_convert(const char *from, const char *name, const char *to, sc_convert_result *ret,
                 sc_err *err);

/* The same in memory (for tests and fuzzing): seals and checks the image. */
sc_rc sc_convert_weights(const sc_weights *w, const sc_model_dims *d, sc_str vocab,
                         sc_model_image *ret, sc_err *err);

/* What the JSON files say; texts that are empty were not there. config is required. `vocab` gets the
 * lines that vocab_txt or tokenizer.json hold, in the arena. */
typedef struct sc_convert_texts {
    sc_str config, tokenizer, tokenizer_config, sentence_config, modules, pooling, vocab_txt;
} sc_convert_texts;
sc_rc sc_convert_dims(const sc_convert_texts *t, sc_arena *arena, sc_model_dims *ret,
                      sc_str *ret_vocab, sc_err *err);

#endif
