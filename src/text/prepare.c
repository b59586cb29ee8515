#include "text/prepare.h"

#include "text/chars.h"
#include "text/fold.h"
#include "text/frames.h"
#include "text/markup.h"
#include "text/noise.h"
#include "text/tokens.h"

enum { PLAIN_SEED = 0x70 /* apart from the fingerprints of masked tokens */ };
enum {
    MAX_TITLE = 1024,
    MAX_BODY = 32 * 1024,
    MAX_TERMS = 256, /* SC_REPR_MAX_TERMS: core is not ours to include */
    MAX_FRAMES = 32, /* SC_REPR_MAX_FRAMES                             */
    TITLE_WEIGHT = 3,
    MIN_INFORMATIVE = 3, /* fewer words than that do not tell texts apart  */
};

typedef struct work {
    sc_arena *arena;
    sc_tokens tokens;
    sc_frames frames;
    char *body; /* cleaned, for people */
    size_t body_n;
} work;

static sc_rc full(sc_err *err) {
    return sc_fail(err, SC_NOMEM, "the text does not fit the memory budget");
}

/* Hygiene for one field: at most max_bytes of it, in the arena. */
static bool clean(sc_str in, size_t max_bytes, sc_arena *arena, sc_str *ret) {
    in = sc_str_clip(in, max_bytes);
    bool valid = sc_utf8_valid(in); /* else every byte may become three */
    char *p = sc_arena_take(arena, in.n * (valid ? 1 : 3) + 1);
    if (!p) return false;
    *ret = (sc_str){p, sc_fold_clean(in, p)};
    return true;
}

/* The title is one line; its markup goes the way of the body's. */
static bool take_title(work *w, sc_str in, sc_str *ret) {
    sc_str s;
    if (!clean(in, MAX_TITLE, w->arena, &s)) return false;
    char *line = sc_arena_take(w->arena, s.n + 1), *p = sc_arena_take(w->arena, s.n + 1);
    if (!line || !p) return false;
    for (size_t i = 0; i < s.n; i++) line[i] = sc_chars_is(s.p[i], SC_CHARS_SPACE) ? ' ' : s.p[i];
    sc_markup m;
    sc_markup_init(&m, SC_STR_NONE);
    size_t n = sc_markup_inline(&m, (sc_markup_line){.text = {line, s.n}}, p), out = 0;
    for (size_t i = 0; i < n; i++) /* one space where there were several */
        if (p[i] != ' ' || (out && p[out - 1] != ' ')) p[out++] = p[i];
    *ret = sc_str_trim((sc_str){p, out});
    return true;
}

static void put_newline(work *w) {
    /* at most one empty line, none at the start */
    if (w->body_n == 0 ||
        (w->body_n > 1 && w->body[w->body_n - 1] == '\n' && w->body[w->body_n - 2] == '\n'))
        return;
    w->body[w->body_n++] = '\n';
}

/* Cleans one line into the body and its tokens. */
static bool take_line(work *w, sc_markup *m, sc_markup_line line) {
    char *dst = w->body + w->body_n;
    sc_str text = {dst, sc_markup_inline(m, line, dst)};
    sc_str shown = sc_str_trim(text);
    if (!line.code && shown.n != text.n) {
        memmove(dst, shown.p, shown.n);
        text = (sc_str){dst, shown.n};
    }
    if (shown.n == 0) {
        put_newline(w);
        return true;
    }
    w->body_n += text.n;
    put_newline(w);
    return sc_tokens_add(&w->tokens, text, line.code ? SC_TOKEN_CODE : SC_TOKEN_BODY);
}

static bool take_body(work *w, sc_str in, sc_str *ret) {
    sc_str s;
    if (!clean(in, MAX_BODY, w->arena, &s)) return false;
    w->body = sc_arena_take(w->arena, s.n + 4); /* markup only shrinks; a newline a line */
    if (!w->body) return false;
    sc_markup m;
    sc_markup_line line;
    sc_markup_init(&m, s);
    while (sc_markup_next(&m, &line)) {
        size_t next_n = sc_chars_find(m.rest, '\n');
        sc_str next = {m.rest.p, next_n == SIZE_MAX ? m.rest.n : next_n};
        if (sc_frames_line(&w->frames, line.text, next)) continue;
        if (!line.code && sc_noise_ends(line.text, m.rest)) break;
        if (!line.code && sc_noise_line(line.text)) continue;
        if (!take_line(w, &m, line)) return false;
    }
    *ret = sc_str_trim((sc_str){w->body, w->body_n});
    return true;
}

/* What a source extracted itself counts before what stands in the body. */
static bool take_stack(sc_str in, sc_arena *arena, sc_frames *ret) {
    sc_str rest, line;
    if (!clean(in, MAX_BODY, arena, &rest)) return false;
    while (sc_str_next(&rest, '\n', &line)) {
        size_t n = rest.p ? sc_chars_find(rest, '\n') : SIZE_MAX;
        sc_frames_line(ret, line, (sc_str){rest.p, n == SIZE_MAX ? rest.n : n});
    }
    return true;
}

/* A text that says too little to be masked ("great app", "the 2nd") is the same as another one only when it is the
 * same to the letter, but for case, spaces and punctuation. *ret = 0 when there is nothing left of it. */
static bool plain_fingerprint(const sc_prepared *p, sc_arena *arena, uint64_t *ret) {
    const sc_str parts[] = {p->title, p->body};
    char *v = sc_arena_take(arena, p->title.n + p->body.n + 1);
    size_t n = 0;
    if (!v) return false;
    for (size_t k = 0; k < SC_LEN(parts); k++)
        for (size_t i = 0; i < parts[k].n; i++) {
            unsigned char c = (unsigned char)parts[k].p[i];
            if (c >= 'A' && c <= 'Z') c = (unsigned char)(c + 'a' - 'A');
            if (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) v[n++] = (char)c;
        }
    *ret = n ? sc_hash64(v, n, PLAIN_SEED) | 1 : 0;
    return true;
}

static bool take_results(work *w, sc_prepared *ret) {
    sc_tokens *t = &w->tokens;
    ret->tokens = t->v;
    ret->n_tokens = t->n;
    sc_facets_sort(&t->facets);
    ret->facets = sc_arena_take_array(w->arena, t->facets.n + 1, sizeof *ret->facets);
    ret->frames = sc_arena_take_array(w->arena, MAX_FRAMES, sizeof *ret->frames);
    if (!ret->facets || !ret->frames) return false;
    memcpy(ret->facets, t->facets.v, t->facets.n * sizeof *ret->facets);
    ret->n_facets = t->facets.n;
    ret->n_frames = sc_frames_in_app(&w->frames, ret->frames, MAX_FRAMES);
    ret->fp_stack = sc_frames_fingerprint(&w->frames);
    if (t->n_informative >= MIN_INFORMATIVE) {
        /* "It crashed" with two different traces are two texts. */
        uint64_t fp = w->frames.n ? sc_hash64(&w->frames.all, sizeof w->frames.all, t->fp) : t->fp;
        ret->fp_text = fp ? fp : 1;
        return true;
    }
    return w->frames.n || plain_fingerprint(ret, w->arena, &ret->fp_text);
}

sc_rc sc_prepare(sc_str title, sc_str body, sc_str stack, sc_arena *arena, sc_prepared *ret,
                 sc_err *err) {
    work w = {.arena = arena};
    sc_prepared p = {0};
    sc_frames own;
    sc_frames_init(&w.frames);
    sc_frames_init(&own);
    sc_tokens_init(&w.tokens, arena,
                   SC_MIN(title.n, (size_t)MAX_TITLE) + SC_MIN(body.n, (size_t)MAX_BODY));
    if (stack.n && !take_stack(stack, arena, &own)) return full(err);
    if (!take_title(&w, title, &p.title) || !sc_tokens_add(&w.tokens, p.title, SC_TOKEN_TITLE))
        return full(err);
    p.n_title_tokens = w.tokens.n;
    sc_frames_line(&w.frames, p.title, SC_STR_NONE); /* a title may name the exception */
    if (!take_body(&w, body, &p.body)) return full(err);
    if (own.n) {
        if (!own.outer) own.outer = w.frames.seen_type;
        w.frames = own;
    }
    if (!take_results(&w, &p) || w.tokens.nomem) return full(err);
    *ret = p;
    return SC_OK;
}

/* ---- Terms ---------------------------------------------------------------------------------- */

typedef struct term {
    uint32_t hash, tf;
} term;

/* Shell's method with Ciura's gaps: no memory, no recursion, fast for some hundreds. */
static void sort_terms(term *v, size_t n) {
    static const size_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < SC_LEN(gaps); g++)
        for (size_t gap = gaps[g], i = gap; i < n; i++) {
            term x = v[i];
            size_t k = i;
            for (; k >= gap && v[k - gap].hash > x.hash; k -= gap) v[k] = v[k - gap];
            v[k] = x;
        }
}

/* Keeps the `max` terms with the highest tf, in their order. */
static size_t most_frequent(term *v, size_t n, size_t max) {
    size_t of_tf[256] = {0}, kept = 0, out = 0;
    if (n <= max) return n;
    for (size_t i = 0; i < n; i++) of_tf[v[i].tf]++;
    uint32_t least = 255;
    while (least > 0 && kept + of_tf[least] <= max) kept += of_tf[least--];
    size_t ties = max - kept; /* of those with tf == least */
    for (size_t i = 0; i < n; i++) {
        if (v[i].tf < least || (v[i].tf == least && ties == 0)) continue;
        ties -= v[i].tf == least;
        v[out++] = v[i];
    }
    return out;
}

sc_rc sc_prepare_terms(const sc_prepared *p, sc_arena *arena, uint32_t **ret_terms,
                       uint8_t **ret_tfs, size_t *ret_n, sc_err *err) {
    term *v = sc_arena_take_array(arena, p->n_tokens + 1, sizeof *v);
    if (!v) return full(err);
    size_t n = 0, distinct = 0;
    for (size_t i = 0; i < p->n_tokens; i++)
        if (!p->tokens[i].stop)
            v[n++] =
                (term){p->tokens[i].hash, p->tokens[i].place == SC_TOKEN_TITLE ? TITLE_WEIGHT : 1};
    sort_terms(v, n);
    for (size_t i = 0; i < n; i++) {
        if (distinct && v[distinct - 1].hash == v[i].hash)
            v[distinct - 1].tf = SC_MIN(v[distinct - 1].tf + v[i].tf, 255u);
        else
            v[distinct++] = v[i];
    }
    distinct = most_frequent(v, distinct, MAX_TERMS);
    uint32_t *terms = sc_arena_take_array(arena, distinct + 1, sizeof *terms);
    uint8_t *tfs = sc_arena_take(arena, distinct + 1);
    if (!terms || !tfs) return full(err);
    for (size_t i = 0; i < distinct; i++) {
        terms[i] = v[i].hash;
        tfs[i] = (uint8_t)v[i].tf;
    }
    *ret_terms = terms;
    *ret_tfs = tfs;
    *ret_n = distinct;
    return SC_OK;
}
