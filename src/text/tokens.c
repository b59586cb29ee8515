#include "text/tokens.h"

#include "text/chars.h"
#include "text/fold.h"
#include "text/mask.h"
#include "text/stem.h"
#include "text/stop.h"

enum {
    SEED = 0x70c5,
    MAX_CHUNK = 512, /* bytes; what is longer is looked at in pieces                */
    MAX_WORD = 48,   /* bytes of a folded word; the rest of a longer one is cut off */
    MAX_PARTS = 12,  /* of one chunk                                                */
    TEXT_BLOCK = 1024,
};

/* Sub-word pieces do not count for the fingerprint: the whole already does. */
typedef enum role { WHOLE, PART } role;

void sc_tokens_init(sc_tokens *t, sc_arena *arena, size_t bytes) {
    *t = (sc_tokens){.arena = arena, .fp = SEED};
    t->cap = SC_MIN(bytes / 4 + 16, (size_t)SC_TOKENS_MAX);
    t->v = sc_arena_take_array(arena, t->cap, sizeof *t->v);
    t->text_cap = SC_MIN(bytes + 64, (size_t)TEXT_BLOCK * 16);
    t->text = sc_arena_take(arena, t->text_cap);
    t->nomem = !t->v || !t->text;
}

static bool room_for_token(sc_tokens *t) {
    if (t->nomem || t->n >= SC_TOKENS_MAX) return false;
    if (t->n < t->cap) return true;
    size_t cap = SC_MIN(t->cap * 2, (size_t)SC_TOKENS_MAX);
    sc_token *v = sc_arena_take_array(t->arena, cap, sizeof *v);
    if (!v) {
        t->nomem = true;
        return false;
    }
    memcpy(v, t->v, t->n * sizeof *v);
    t->v = v;
    t->cap = cap;
    return true;
}

/* Room for n bytes of folded text; NULL when the arena is full. */
static char *room_for_text(sc_tokens *t, size_t n) {
    if (t->text_cap - t->text_n >= n) return t->text + t->text_n;
    t->text_cap = SC_MAX(n, (size_t)TEXT_BLOCK);
    t->text_n = 0;
    t->text = sc_arena_take(t->arena, t->text_cap);
    if (!t->text) t->nomem = true, t->text_cap = 0;
    return t->text;
}

static uint32_t short_hash(uint64_t h) { return (uint32_t)(h >> 32) ? (uint32_t)(h >> 32) : 1; }

static void push(sc_tokens *t, sc_str text, uint64_t hash, bool stop, role as) {
    if (!room_for_token(t)) return;
    t->v[t->n++] = (sc_token){
        .text = text, .hash = short_hash(hash), .place = (uint8_t)t->place, .stop = stop};
    if (as == PART) return;
    uint64_t own = sc_hash64(text.p, text.n, SEED);
    t->fp = sc_hash64(&own, sizeof own, t->fp);
    t->n_informative += !stop;
}

static void push_mask(sc_tokens *t, sc_mask mask) {
    sc_str text = sc_mask_token(mask);
    push(t, text, sc_hash64(text.p, text.n, SEED), true, WHOLE);
}

/* One word, already folded and in the arena. */
static void push_word(sc_tokens *t, sc_str word, role as) {
    char stem[MAX_WORD + 8];
    if (word.n == 0) return;
    bool stop = word.n == 1 || sc_stop_word(word);
    size_t n = stop ? word.n : sc_stem_word(word, stem);
    push(t, word, sc_hash64(stop ? word.p : stem, n, SEED), stop, as);
}

/* Folds a raw word into the arena, without apostrophes (don't -> dont) and a possessive 's. */
static sc_str fold(sc_tokens *t, sc_str raw) {
    if (raw.n > 2 && sc_chars_lower(raw.p[raw.n - 1]) == 's' && raw.p[raw.n - 2] == '\'')
        raw.n -= 2;
    char *dst = room_for_text(t, MAX_WORD + 4);
    if (!dst) return SC_STR_NONE;
    size_t n = sc_fold_case(raw, dst, MAX_WORD), out = 0;
    for (size_t i = 0; i < n; i++)
        if (dst[i] != '\'') dst[out++] = dst[i];
    t->text_n += out;
    return (sc_str){dst, out};
}

static void word(sc_tokens *t, sc_str raw, role as) {
    sc_str folded = fold(t, raw);
    if (folded.n) push_word(t, folded, as);
}

/* ---- Names and their parts ------------------------------------------------------------------ */

/* A capital at s[i], i > 0, begins a word: fooBar, utf8Reader, HTTPServer. */
static bool hump(sc_str s, size_t i) {
    if (!sc_chars_is(s.p[i], SC_CHARS_UPPER)) return false;
    if (sc_chars_is(s.p[i - 1], SC_CHARS_LOWER | SC_CHARS_DIGIT)) return true;
    if (i + 2 == s.n && s.p[i + 1] == 's') return false; /* URLs */
    return sc_chars_is(s.p[i - 1], SC_CHARS_UPPER) && i + 1 < s.n &&
           sc_chars_is(s.p[i + 1], SC_CHARS_LOWER);
}

/* Cuts the next part off a name: at . _ - and other joints, before a capital (fooBar, HTTPServer),
 * and between letters and digits where digits follow at least three letters (ios14). */
static bool next_part(sc_str *rest, sc_str *ret) {
    size_t i = 0;
    while (i < rest->n && sc_chars_is(rest->p[i], SC_CHARS_JOIN)) i++;
    size_t start = i;
    for (; i < rest->n && !sc_chars_is(rest->p[i], SC_CHARS_JOIN); i++) {
        if (i == start) continue;
        if (hump(*rest, i) && (i - start >= 2 || !sc_chars_is(rest->p[i - 1], SC_CHARS_UPPER)))
            break;
        bool digit = sc_chars_is(rest->p[i], SC_CHARS_DIGIT),
             was_digit = sc_chars_is(rest->p[i - 1], SC_CHARS_DIGIT);
        if (digit && !was_digit && i - start >= 3) break;
        if (was_digit && !digit && sc_chars_is(rest->p[start], SC_CHARS_DIGIT)) break;
    }
    *ret = (sc_str){rest->p + start, i - start};
    *rest = sc_chars_from(*rest, i);
    return ret->n > 0;
}

/* Letters of s without its joints, as one word: e-mail -> email. */
static sc_str joined(sc_tokens *t, sc_str raw) {
    sc_str s = fold(t, raw);
    char *p = (char *)(uintptr_t)s.p;
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (p[i] != '-') p[n++] = p[i];
    return (sc_str){p, n};
}

static void parts(sc_tokens *t, sc_str raw) {
    sc_str rest = raw, part;
    for (size_t k = 0; k < MAX_PARTS && next_part(&rest, &part); k++) {
        if (k == 0 && part.n == 1 && raw.n > 1 && sc_chars_is(raw.p[1], SC_CHARS_UPPER))
            return; /* iOS, eBay */
        if (part.n > 1 && part.n != raw.n && !sc_chars_all(part, SC_CHARS_DIGIT))
            word(t, part, PART);
    }
}

/* A name of code: java.util.List, on_click, fooBar, utf8, thread-12. The number that ends it goes. */
static void name(sc_tokens *t, sc_str raw) {
    size_t end = raw.n;
    while (end > 0 && sc_chars_is(raw.p[end - 1], SC_CHARS_DIGIT)) end--;
    bool numbered = end > 0 && raw.n - end > 4; /* user12345 */
    numbered |= end > 1 && end < raw.n && strchr("-_.", raw.p[end - 1]);
    if (numbered) {
        sc_str stem = {raw.p, end};
        while (stem.n && sc_chars_is(stem.p[stem.n - 1], SC_CHARS_JOIN)) stem.n--;
        if (stem.n) name(t, stem);
        push_mask(t, SC_MASK_NUM);
        return;
    }
    bool hyphens = sc_chars_find(raw, '-') != SIZE_MAX;
    sc_str whole = hyphens ? joined(t, raw) : fold(t, raw);
    push_word(t, whole, WHOLE);
    parts(t, raw);
}

/* Between slashes, colons and the like stand words of their own right. */
static bool hard_joint(char c) { return strchr("/\\:@#+%~$", c) && c; }

static void chunk(sc_tokens *t, sc_str raw);

static void split_hard(sc_tokens *t, sc_str raw) {
    size_t i = 0;
    while (i < raw.n) {
        size_t start = i;
        while (i < raw.n && !hard_joint(raw.p[i])) i++;
        if (i > start) chunk(t, (sc_str){raw.p + start, i - start});
        i++;
    }
}

/* ---- Masks ---------------------------------------------------------------------------------- */

/* The last part of a path without ":12" behind it. */
static void path_tail(sc_tokens *t, sc_str raw) {
    while (raw.n && (raw.p[raw.n - 1] == '/' || raw.p[raw.n - 1] == '\\')) raw.n--;
    size_t slash = sc_chars_rfind(raw, '/'), back = sc_chars_rfind(raw, '\\');
    if (back != SIZE_MAX && (slash == SIZE_MAX || back > slash)) slash = back;
    sc_str tail = slash == SIZE_MAX ? raw : sc_chars_from(raw, slash + 1);
    size_t colon = sc_chars_find(tail, ':');
    if (colon != SIZE_MAX) tail.n = colon;
    push_mask(t, SC_MASK_PATH);
    if (tail.n && sc_mask_of(tail) == SC_MASK_NONE) name(t, tail);
}

/* Host and plain words of the path stay; ids, queries and fragments go. */
static void url(sc_tokens *t, sc_str raw) {
    push_mask(t, SC_MASK_URL);
    size_t scheme = sc_str_find(raw, SC_STR("://"));
    sc_str rest = scheme == SIZE_MAX ? raw : sc_chars_from(raw, scheme + 3), part;
    rest.n = SC_MIN(rest.n, SC_MIN(sc_chars_find(rest, '?'), sc_chars_find(rest, '#')));
    size_t at = sc_chars_find(rest, '@');
    if (at != SIZE_MAX) rest = sc_chars_from(rest, at + 1); /* user:password@ */
    bool host = true;
    for (size_t k = 0; k < 8 && sc_str_next(&rest, '/', &part); k++, host = false) {
        if (host) part.n = SC_MIN(part.n, sc_chars_find(part, ':'));
        if (host && sc_chars_istarts(part, "www.")) part = sc_chars_from(part, 4);
        bool plain = sc_chars_all(part, SC_CHARS_ALPHA | SC_CHARS_JOIN) || host;
        if (part.n < 2 || part.n > MAX_WORD || !plain || sc_mask_of(part) != SC_MASK_NONE) continue;
        word(t, part, WHOLE);
    }
}

/* ---- Chunks --------------------------------------------------------------------------------- */

static sc_str trimmed(sc_str s) {
    while (s.n && sc_chars_is(s.p[s.n - 1], SC_CHARS_JOIN) && s.p[s.n - 1] != '%' &&
           !(s.p[s.n - 1] == '+' && s.n > 2 && s.p[s.n - 2] == '+'))
        s.n--;
    while (s.n && sc_chars_is(s.p[0], SC_CHARS_JOIN) && !strchr("/~.\\#", s.p[0]))
        s = sc_chars_from(s, 1);
    if (s.n && s.p[0] == '.' && (s.n < 3 || !strchr("./\\", s.p[1]))) s = sc_chars_from(s, 1);
    if (s.n && s.p[0] == '#' && sc_chars_find(s, '/') != SIZE_MAX) s = sc_chars_from(s, 1);
    return s;
}

static void chunk(sc_tokens *t, sc_str raw) {
    bool plain = sc_chars_all(raw, SC_CHARS_ALPHA | SC_CHARS_HIGH);
    bool code = sc_mask_is_code(raw);
    sc_mask mask = (plain && raw.n <= MAX_WORD) || code ? SC_MASK_NONE : sc_mask_of(raw);
    char folded[MAX_WORD];
    size_t folded_n = sc_fold_case(raw, folded, sizeof folded);
    if (sc_facets_see(&t->facets, raw, (sc_str){folded, folded_n}, mask, code)) {
        word(t, raw, WHOLE); /* the number of an error */
        return;
    }
    if (mask == SC_MASK_PATH) {
        path_tail(t, raw);
        return;
    }
    if (mask != SC_MASK_NONE) {
        push_mask(t, mask);
        return;
    }
    if (plain) {
        bool camel = false;
        for (size_t i = 1; i < raw.n && !camel; i++) camel = hump(raw, i);
        word(t, raw, WHOLE);
        if (camel) parts(t, raw);
        return;
    }
    if (code) {
        word(t, raw, WHOLE);
        if (raw.p[0] != '0') parts(t, raw);
        return;
    }
    for (size_t i = 0; i < raw.n; i++)
        if (hard_joint(raw.p[i])) {
            split_hard(t, raw);
            return;
        }
    raw = trimmed(raw);
    if (raw.n == 0) return;
    if (raw.n > 64)
        parts(t, raw);
    else if (sc_chars_all(raw, SC_CHARS_ALPHA | SC_CHARS_HIGH) ||
             sc_chars_find(raw, '\'') != SIZE_MAX)
        word(t, raw, WHOLE);
    else
        name(t, raw);
}

/* Bigrams of a run of an unspaced script that starts at s[i]; a single character alone. */
static size_t bigrams(sc_tokens *t, sc_str s, size_t i) {
    size_t previous = SIZE_MAX, count = 0;
    while (i < s.n && (unsigned char)s.p[i] >= 0x80) {
        size_t next = i;
        if (sc_chars_kind_of(sc_utf8_next(s, &next)) != SC_CHARS_CJK) break;
        if (previous != SIZE_MAX) word(t, (sc_str){s.p + previous, next - previous}, WHOLE);
        previous = i;
        i = next;
        count++;
    }
    if (count == 1) word(t, (sc_str){s.p + previous, i - previous}, WHOLE);
    return i;
}

/* The end of the URL whose "://" was seen: white space, brackets and quotes end it. */
static size_t url_end(sc_str s, size_t i) {
    while (i < s.n && !sc_chars_is(s.p[i], SC_CHARS_SPACE) && !strchr("<>\"`|(){}[]", s.p[i])) i++;
    return i;
}

/* The end of the chunk that starts at s[i]; *ret_cjk: an unspaced script follows there. */
static size_t chunk_end(sc_str s, size_t i, bool *ret_url) {
    size_t start = i, end = SC_MIN(s.n, i + MAX_CHUNK);
    *ret_url = false;
    while (i < end) {
        if (sc_chars_is(s.p[i], SC_CHARS_ALNUM | SC_CHARS_JOIN)) {
            bool scheme = s.p[i] == ':' && i > start + 1 && i - start < 12 && i + 3 < s.n &&
                          s.p[i + 1] == '/' && s.p[i + 2] == '/';
            if (scheme && sc_chars_is(s.p[start], SC_CHARS_ALPHA)) {
                *ret_url = true;
                return url_end(s, i);
            }
            i++;
            continue;
        }
        if (!sc_chars_is(s.p[i], SC_CHARS_HIGH)) break;
        size_t next = i;
        if (sc_chars_kind_of(sc_utf8_next(s, &next)) != SC_CHARS_WORD) break;
        i = next;
    }
    return SC_MIN(i, s.n);
}

bool sc_tokens_add(sc_tokens *t, sc_str text, sc_token_place place) {
    sc_str s;
    t->place = place;
    if (t->nomem || !sc_fold_nfkc(text, t->arena, &s)) {
        t->nomem = true;
        return false;
    }
    for (size_t i = 0; i < s.n && t->n < SC_TOKENS_MAX && !t->nomem;) {
        bool is_url;
        size_t end = chunk_end(s, i, &is_url);
        if (end == i) { /* no chunk: punctuation, an emoji, or an unspaced script */
            size_t next = i;
            uint32_t cp = sc_utf8_next(s, &next);
            bool cjk = cp >= 0x80 && sc_chars_kind_of(cp) == SC_CHARS_CJK;
            i = cjk ? bigrams(t, s, i) : next;
            continue;
        }
        sc_str raw = {s.p + i, end - i};
        if (is_url)
            url(t, raw);
        else if ((raw = trimmed(raw)).n)
            chunk(t, raw);
        i = end;
    }
    return !t->nomem;
}
