/* The tokenizer of BERT encoders: text to the ids of a WordPiece vocabulary (uncased or cased).
 *
 * Gives the ids that the reference gives (the Rust library `tokenizers`: BertNormalizer,
 * BertPreTokenizer, WordPiece with "##", at most 100 characters a word), with one rule of our own:
 * text never yields a special token. "[SEP]" in a text is three words, "[", "sep" and "]", where the
 * reference would let a user write the real one. Ill-formed UTF-8 is U+FFFD, which is dropped; the
 * reference takes no such text.
 *
 * Words are looked up in a trie, byte by byte while they are read; measured a third faster than whole
 * words in a hash table. Making a tokenizer of 30,522 tokens takes about 15 ms and 0.9 MB; nothing else
 * allocates, and work is linear in the text until the ids are full. Threads: a tokenizer is constant
 * once made; any number may use it at once. */
#ifndef SC_TEXT_WORDPIECE_H
#define SC_TEXT_WORDPIECE_H

#include "base/err.h"
#include "base/str.h"

typedef struct sc_wordpiece sc_wordpiece;

typedef struct sc_wordpiece_special {
    uint32_t unk, cls, sep, pad;
} sc_wordpiece_special;

/* `vocab`: the bytes of a vocab.txt: tokens separated by '\n', id = line number from 0 (a last '\n'
 * makes no token; a '\r' before it is no part of one; an empty line has an id that no text gets; of
 * equal lines the last counts). Only read during this call. `lower_case`: fold case and strip
 * accents, as uncased models want.
 * SC_INVALID when [UNK], [CLS], [SEP] or [PAD] is missing, a token is not UTF-8 or holds U+0000, or
 * there are more than SC_WORDPIECE_MAX_TOKENS; SC_NOMEM. */
enum { SC_WORDPIECE_MAX_TOKENS = 1 << 22 };
sc_rc sc_wordpiece_new(sc_str vocab, bool lower_case, sc_wordpiece **ret, sc_err *err);
void sc_wordpiece_free(sc_wordpiece *w);

/* Ids are below this number: the lines of the vocabulary. */
size_t sc_wordpiece_size(const sc_wordpiece *w);
sc_wordpiece_special sc_wordpiece_get_special(const sc_wordpiece *w);

/* [CLS], the ids of text (any bytes), [SEP]: at most max_ids altogether in ret_ids. Truncation keeps
 * the front, and [SEP] last; a word may be cut between its pieces. Returns how many were written: at
 * least 2, or 0 when max_ids is below 2. */
size_t sc_wordpiece_encode(const sc_wordpiece *w, sc_str text, uint32_t *ret_ids, size_t max_ids);

/* Appends the ids of text, without special tokens, to the n of ids[max_ids]; what does not fit is
 * left out. Returns the new n, for joining segments: encode "a b" = [CLS], append a, append b, [SEP]. */
size_t sc_wordpiece_append(const sc_wordpiece *w, sc_str text, uint32_t *ids, size_t n,
                           size_t max_ids);

#endif
