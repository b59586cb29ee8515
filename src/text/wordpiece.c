#include "text/wordpiece.h"

#include "text/bert_text.h"
#include "text/trie.h"

enum {
    MAX_WORD = 100,  /* characters; a longer word is unknown */
    QUICK = 0x3100,  /* code points below have an entry in quick[] */
    KIND_SHIFT = 24, /* quick[]: kind above, code point below */
    GONE = 8,        /* kinds of quick[] beside sc_bert_kind: nothing is left of it; */
    MANY = 9,        /* not one character without order: ask sc_bert_chars */
    MAX_UTF8 = 4,
};

struct sc_wordpiece {
    sc_trie trie; /* words and first pieces at SC_TRIE_ROOT, "##" pieces at SC_TRIE_ROOT_2 */
    size_t n_tokens;
    sc_wordpiece_special special;
    bool fold;
    unsigned char letter[256]; /* the folded letter or digit; 0 for every other byte */
    uint32_t quick[QUICK];
};

/* ---- Life ----------------------------------------------------------------------------------- */

static void make_quick(sc_wordpiece *w) {
    for (uint32_t cp = 0; cp < QUICK; cp++) {
        sc_bert_char c[SC_BERT_MAX_CHARS];
        size_t n = sc_bert_chars(cp, w->fold, c);
        uint32_t kind = MANY, one = 0;
        if (n == 0 || (n == 1 && c[0].kind == SC_BERT_MARK && c[0].order)) kind = GONE;
        while (n > 1 && c[n - 1].kind == SC_BERT_MARK) n--; /* a letter with accents */
        if (n == 1 && !c[0].order && c[0].kind != SC_BERT_MARK) kind = c[0].kind, one = c[0].cp;
        w->quick[cp] = kind << KIND_SHIFT | one;
        if (cp < 0x80 && kind == SC_BERT_PART) w->letter[cp] = (unsigned char)one;
    }
}

static bool takes_special(sc_wordpiece_special *s, sc_str token, uint32_t id) {
    if (sc_str_is(token, "[UNK]"))
        s->unk = id;
    else if (sc_str_is(token, "[CLS]"))
        s->cls = id;
    else if (sc_str_is(token, "[SEP]"))
        s->sep = id;
    else if (sc_str_is(token, "[PAD]"))
        s->pad = id;
    else
        return sc_str_is(token, "[MASK]");
    return true;
}

static sc_rc check_special(const sc_wordpiece_special *s, sc_err *err) {
    const char *missing = s->unk == SC_TRIE_NONE   ? "[UNK]"
                          : s->cls == SC_TRIE_NONE ? "[CLS]"
                          : s->sep == SC_TRIE_NONE ? "[SEP]"
                          : s->pad == SC_TRIE_NONE ? "[PAD]"
                                                   : NULL;
    return missing ? sc_fail(err, SC_INVALID, "the vocabulary has no %s", missing) : SC_OK;
}

/* The tokens that text may get, as keys (room for one a line). */
static sc_rc read_vocab(sc_wordpiece *w, sc_str vocab, sc_trie_key *keys, size_t *ret_n,
                        sc_err *err) {
    size_t n = 0;
    uint32_t id = 0;
    sc_str token;
    w->special = (sc_wordpiece_special){SC_TRIE_NONE, SC_TRIE_NONE, SC_TRIE_NONE, SC_TRIE_NONE};
    for (; vocab.n && sc_str_next(&vocab, '\n', &token); id++) {
        if (token.n && token.p[token.n - 1] == '\r') token.n--;
        if (!sc_utf8_valid(token) || (token.n && memchr(token.p, 0, token.n)))
            return sc_fail(err, SC_INVALID, "token %u of the vocabulary is not text", id);
        bool more = token.n > 2 && token.p[0] == '#' && token.p[1] == '#';
        if (token.n == 0 || takes_special(&w->special, token, id)) continue;
        keys[n++] = (sc_trie_key){more ? (sc_str){token.p + 2, token.n - 2} : token, id,
                                  more ? SC_TRIE_ROOT_2 : SC_TRIE_ROOT};
    }
    w->n_tokens = id;
    *ret_n = n;
    return check_special(&w->special, err);
}

static size_t lines_of(sc_str s) {
    size_t n = 1;
    for (size_t i = 0; i < s.n; i++) n += s.p[i] == '\n';
    return n;
}

sc_rc sc_wordpiece_new(sc_str vocab, bool lower_case, sc_wordpiece **ret, sc_err *err) {
    size_t n_lines = lines_of(vocab), n = 0;
    if (n_lines > (size_t)SC_WORDPIECE_MAX_TOKENS + 1)
        return sc_fail(err, SC_INVALID, "the vocabulary has too many tokens");
    SC_AUTO(sc_auto_free) sc_trie_key *keys = sc_alloc_array(n_lines, sizeof *keys);
    sc_wordpiece *w = sc_alloc(sizeof *w);
    if (!w || !keys) {
        sc_free(w);
        return sc_fail(err, SC_NOMEM, "no memory for a vocabulary of %zu tokens", n_lines);
    }
    w->fold = lower_case;
    sc_rc rc = read_vocab(w, vocab, keys, &n, err);
    if (!rc) rc = sc_trie_build(&w->trie, keys, n, err);
    if (rc) {
        sc_wordpiece_free(w);
        return rc;
    }
    make_quick(w);
    *ret = w;
    return SC_OK;
}

void sc_wordpiece_free(sc_wordpiece *w) {
    if (!w) return;
    sc_trie_done(&w->trie);
    sc_free(w);
}

size_t sc_wordpiece_size(const sc_wordpiece *w) { return w->n_tokens; }
sc_wordpiece_special sc_wordpiece_get_special(const sc_wordpiece *w) { return w->special; }

/* ---- Words to pieces ------------------------------------------------------------------------ */

/* One text on its way: the ids so far, the word being read, and characters waiting for their order. */
typedef struct run {
    const sc_wordpiece *w;
    uint32_t *ids;
    size_t n, max_ids;

    size_t n_bytes, n_chars; /* of the word; n_chars > MAX_WORD: it is not kept any more */
    uint32_t at;             /* where its bytes lead from SC_TRIE_ROOT                   */
    unsigned char word[MAX_WORD * MAX_UTF8];

    size_t n_waiting;
    sc_bert_char waiting[MAX_WORD + 1]; /* sorted by order; more of them make a word unknown */
} run;

static void put_id(run *r, uint32_t id) {
    if (r->n < r->max_ids) r->ids[r->n++] = id;
}

/* The longest token that begins at word[*i]; *i moves past it. Tokens are whole characters, so the
 * longest in bytes is the longest in characters. */
static uint32_t longest(const run *r, uint32_t root, size_t *i) {
    const sc_trie *t = &r->w->trie;
    uint32_t id = SC_TRIE_NONE, at = root;
    for (size_t k = *i; k < r->n_bytes;) {
        at = sc_trie_step(t, at, r->word[k++]);
        if (at == SC_TRIE_DEAD) break;
        if (t->cells[at].id != SC_TRIE_NONE) {
            id = t->cells[at].id;
            *i = k;
        }
    }
    return id;
}

static void put_pieces(run *r) {
    size_t n = r->n;
    for (size_t i = 0; i < r->n_bytes;) {
        uint32_t id = longest(r, i ? SC_TRIE_ROOT_2 : SC_TRIE_ROOT, &i);
        if (id == SC_TRIE_NONE) { /* then the whole word is unknown */
            r->n = n;
            put_id(r, r->w->special.unk);
            return;
        }
        put_id(r, id);
    }
}

static void end_word(run *r) {
    if (!r->n_chars) return;
    uint32_t id = r->w->trie.cells[r->at].id;
    if (r->n_chars > MAX_WORD)
        put_id(r, r->w->special.unk);
    else if (id != SC_TRIE_NONE)
        put_id(r, id);
    else
        put_pieces(r);
    r->n_bytes = r->n_chars = 0;
    r->at = SC_TRIE_ROOT;
}

static size_t utf8(uint32_t cp, unsigned char *ret) {
    if (cp < 0x80) {
        ret[0] = (unsigned char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, cp >>= 6) ret[i] = (unsigned char)(0x80 | (cp & 0x3F));
    ret[0] = (unsigned char)(0xF0 << (4 - n) | cp);
    return n;
}

static void add_part(run *r, uint32_t cp) {
    if (r->n_chars >= MAX_WORD) {
        r->n_chars = MAX_WORD + 1;
        return;
    }
    size_t n = utf8(cp, r->word + r->n_bytes);
    for (size_t i = 0; i < n; i++)
        r->at = sc_trie_step(&r->w->trie, r->at, r->word[r->n_bytes + i]);
    r->n_bytes += n;
    r->n_chars++;
}

/* ---- Text to words -------------------------------------------------------------------------- */

static void add_waiting(run *r) {
    for (size_t i = 0; i < r->n_waiting; i++) add_part(r, r->waiting[i].cp);
    r->n_waiting = 0;
}

static void wait_in_order(run *r, sc_bert_char c) {
    if (r->n_waiting == SC_LEN(r->waiting)) return;
    size_t i = r->n_waiting++;
    for (; i > 0 && r->waiting[i - 1].order > c.order; i--) r->waiting[i] = r->waiting[i - 1];
    r->waiting[i] = c;
}

static void add_kind(run *r, uint32_t kind, uint32_t cp) {
    if (kind == SC_BERT_PART) {
        add_part(r, cp);
        return;
    }
    if (kind == SC_BERT_MARK) return;
    end_word(r);
    if (kind == SC_BERT_SPACE) return;
    add_part(r, cp);
    end_word(r);
}

static void add_code_point(run *r, uint32_t cp) {
    uint32_t quick = cp < QUICK ? r->w->quick[cp] : (uint32_t)MANY << KIND_SHIFT;
    uint32_t kind = quick >> KIND_SHIFT;
    if (kind == GONE) return;
    if (kind != MANY) {
        add_waiting(r);
        add_kind(r, kind, quick & ((1u << KIND_SHIFT) - 1));
        return;
    }
    sc_bert_char c[SC_BERT_MAX_CHARS];
    size_t n = sc_bert_chars(cp, r->w->fold, c);
    for (size_t i = 0; i < n; i++) {
        if (c[i].order) {
            if (c[i].kind != SC_BERT_MARK) wait_in_order(r, c[i]);
            continue;
        }
        add_waiting(r);
        add_kind(r, c[i].kind, c[i].cp);
    }
}

/* ASCII letters and digits from text[i] on, as far as the word still has room; the way that nearly
 * every byte goes. Returns where it stopped. */
static size_t add_letters(run *r, sc_str text, size_t i) {
    const sc_trie *t = &r->w->trie;
    const unsigned char *letter = r->w->letter;
    size_t end = SC_MIN(text.n, i + (MAX_WORD - SC_MIN(r->n_chars, (size_t)MAX_WORD))), from = i;
    unsigned char *word = r->word + r->n_bytes, c;
    uint32_t at = r->at;
    for (; i < end && (c = letter[(unsigned char)text.p[i]]); i++) {
        *word++ = c;
        at = sc_trie_step(t, at, c);
    }
    r->at = at;
    r->n_bytes += i - from;
    r->n_chars += i - from;
    return i;
}

size_t sc_wordpiece_append(const sc_wordpiece *w, sc_str text, uint32_t *ids, size_t n,
                           size_t max_ids) {
    run r; /* word and waiting are written before they are read */
    r.w = w, r.ids = ids, r.n = n, r.max_ids = max_ids;
    r.n_bytes = r.n_chars = r.n_waiting = 0;
    r.at = SC_TRIE_ROOT;
    for (size_t i = 0; i < text.n && r.n < max_ids;) {
        unsigned char byte = (unsigned char)text.p[i];
        if (w->letter[byte] && !r.n_waiting && r.n_chars < MAX_WORD)
            i = add_letters(&r, text, i);
        else
            add_code_point(&r, sc_utf8_next(text, &i));
    }
    add_waiting(&r);
    end_word(&r);
    return r.n;
}

size_t sc_wordpiece_encode(const sc_wordpiece *w, sc_str text, uint32_t *ret_ids, size_t max_ids) {
    if (max_ids < 2) return 0;
    ret_ids[0] = w->special.cls;
    size_t n = sc_wordpiece_append(w, text, ret_ids, 1, max_ids - 1);
    ret_ids[n] = w->special.sep;
    return n + 1;
}
