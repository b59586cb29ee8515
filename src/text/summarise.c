#include "text/summarise.h"

#include <math.h>

#include "text/chars.h"
#include "text/title.h"
#include "text/tokens.h"

enum {
    MAX_REPORTS = 32, /* the central ones speak for the rest          */
    MAX_REPORT_TOKENS = 256,
    MAX_SENTENCES = 96,
    MAX_OF_REPORT = 8, /* sentences; later ones go into detail         */
    MAX_SENTENCE_TERMS = 40,
    MIN_SENTENCE = 20,
    MAX_SENTENCE = 220,
    MAX_TEXT = 400,
    MAX_PICKED = 3,
    MIN_KEYWORD = 3,
};

/* How much sameness costs against relevance; Carbonell and Goldstein's lambda is 1 - this. */
static const float redundancy = 0.5f;

typedef struct term {
    uint32_t hash; /* 0 = free slot */
    uint32_t last; /* number of the report it was last seen in */
    float df, weight;
    sc_str text;
} term;

typedef struct table {
    term *v;
    size_t mask;
    size_t n;
} table;

typedef struct sentence {
    sc_str text;
    const term *terms[MAX_SENTENCE_TERMS];
    size_t n;
    float score, norm;
    bool picked;
} sentence;

static term *slot(table *t, uint32_t hash) {
    size_t i = hash & t->mask;
    while (t->v[i].hash && t->v[i].hash != hash) i = (i + 1) & t->mask;
    return &t->v[i];
}

static bool build_terms(table *t, const sc_prepared *r, size_t n,
                        float (*idf)(void *self, uint32_t hash), void *self, sc_arena *arena) {
    size_t total = 0, size = 64;
    for (size_t i = 0; i < n; i++) total += SC_MIN(r[i].n_tokens, (size_t)MAX_REPORT_TOKENS);
    while (size < 2 * total) size *= 2;
    *t = (table){.v = sc_arena_take_array(arena, size, sizeof *t->v), .mask = size - 1};
    if (!t->v) return false;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < SC_MIN(r[i].n_tokens, (size_t)MAX_REPORT_TOKENS); k++) {
            const sc_token *token = &r[i].tokens[k];
            if (token->stop) continue;
            term *x = slot(t, token->hash);
            if (!x->hash) *x = (term){.hash = token->hash, .text = token->text};
            if (x->last == i + 1) continue;
            x->last = (uint32_t)i + 1;
            /* A title says more than a line of a log. */
            x->df += token->place == SC_TOKEN_TITLE  ? 1.5f
                     : token->place == SC_TOKEN_BODY ? 1.0f
                                                     : 0.4f;
        }
    }
    for (size_t i = 0; i < size; i++)
        if (t->v[i].hash) t->v[i].weight = t->v[i].df / (float)n * idf(self, t->v[i].hash);
    return true;
}

/* ---- Title ---------------------------------------------------------------------------------- */

/* The first line of a body, up to the end of its first sentence. */
static sc_str first_sentence(sc_str body) {
    sc_str rest = body, line;
    while (sc_str_next(&rest, '\n', &line)) {
        sc_str core = sc_title_core(line);
        if (!core.n) continue;
        for (size_t i = SC_TITLE_MIN; i + 1 < core.n; i++)
            if (strchr(".!?", core.p[i]) && core.p[i + 1] == ' ') return (sc_str){core.p, i};
        return core;
    }
    return SC_STR_NONE;
}

static bool take_title(const sc_prepared *r, size_t n, sc_arena *arena, sc_str *ret) {
    sc_str best = SC_STR_NONE;
    for (size_t i = 0; i < n && !best.n; i++) best = sc_title_core(r[i].title);
    for (size_t i = 0; i < n && !best.n; i++) best = first_sentence(r[i].body);
    if (!best.n) best = SC_STR("Untitled report");
    while (best.n > SC_TITLE_MIN && strchr(" .,;:", best.p[best.n - 1])) best.n--;
    *ret = sc_title_shorten(best, SC_TITLE_MAX, arena);
    return ret->p != NULL;
}

/* ---- Text ----------------------------------------------------------------------------------- */

/* Prose: mostly letters and spaces, several words. Code, logs and tables are not quoted. */
static bool is_prose(sc_str s) {
    size_t letters = 0, words = 0;
    for (size_t i = 0; i < s.n; i++) {
        letters += sc_chars_is(s.p[i], SC_CHARS_ALPHA | SC_CHARS_SPACE | SC_CHARS_HIGH);
        words += sc_chars_is(s.p[i], SC_CHARS_SPACE);
    }
    bool ends_in_code = s.n && strchr("{};", s.p[s.n - 1]);
    return letters * 100 >= s.n * 82 && (words >= 3 || sc_chars_is(s.p[0], SC_CHARS_HIGH)) &&
           !ends_in_code;
}

/* Without the number of a list: "2. Open the cart" -> "Open the cart". */
static sc_str unnumbered(sc_str s) {
    size_t n = sc_chars_span(s, SC_CHARS_DIGIT);
    bool marked = n > 0 && n < 3 && n + 1 < s.n && (s.p[n] == '.' || s.p[n] == ')');
    if (!marked || sc_chars_is(s.p[n + 1], SC_CHARS_DIGIT)) return s;
    return sc_str_trim(sc_chars_from(s, n + 1));
}

/* Cuts the next sentence off *rest: a line's end, or . ! ? before a space. */
static bool next_sentence(sc_str *rest, sc_str *ret) {
    if (rest->n == 0) return false;
    size_t i = 0;
    for (; i < rest->n && rest->p[i] != '\n'; i++)
        if (strchr(".!?", rest->p[i]) && i >= MIN_SENTENCE &&
            (i + 1 == rest->n || rest->p[i + 1] == ' ')) {
            i++;
            break;
        }
    *ret = unnumbered(sc_str_trim((sc_str){rest->p, i}));
    *rest = sc_chars_from(*rest, SC_MAX(i, (size_t)1));
    return true;
}

static bool rate(sentence *s, table *t, sc_arena *arena) {
    sc_tokens tokens;
    sc_tokens_init(&tokens, arena, s->text.n);
    if (!sc_tokens_add(&tokens, s->text, SC_TOKEN_BODY)) return false;
    float sum = 0, squares = 0;
    for (size_t i = 0; i < tokens.n && s->n < MAX_SENTENCE_TERMS; i++) {
        const term *x = tokens.v[i].stop ? NULL : slot(t, tokens.v[i].hash);
        for (size_t k = 0; x && k < s->n; k++)
            if (s->terms[k] == x) x = NULL;
        if (!x || !x->hash) continue;
        s->terms[s->n++] = x;
        sum += x->weight;
        squares += x->weight * x->weight;
    }
    s->norm = sqrtf(squares);
    s->score = sum / sqrtf((float)s->n + 4.0f); /* long sentences win, but not by length alone */
    return true;
}

static float similarity(const sentence *a, const sentence *b) {
    float dot = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (a->terms[i] == b->terms[k]) dot += a->terms[i]->weight * a->terms[i]->weight;
    return a->norm > 0 && b->norm > 0 ? dot / (a->norm * b->norm) : 0;
}

static bool collect(const sc_prepared *r, size_t n, table *t, sc_arena *arena, sentence *v,
                    size_t *ret_n) {
    size_t count = 0;
    for (size_t i = 0; i < n && count < MAX_SENTENCES; i++) {
        sc_str rest = r[i].body, text;
        for (size_t k = 0;
             k < MAX_OF_REPORT && count < MAX_SENTENCES && next_sentence(&rest, &text);) {
            if (text.n < MIN_SENTENCE || text.n > MAX_SENTENCE || !is_prose(text)) continue;
            if (sc_title_core(text).p != text.p) continue; /* a label or time first: a log's line */
            v[count] = (sentence){.text = text};
            if (!rate(&v[count], t, arena)) return false;
            v[count].score *= 1.0f - 0.05f * (float)k; /* people say first what matters */
            k++;
            count++;
        }
    }
    *ret_n = count;
    return true;
}

static sentence *best_of(sentence *v, size_t n, size_t room) {
    sentence *best = NULL;
    float best_score = 0;
    for (size_t i = 0; i < n; i++) {
        if (v[i].picked || v[i].text.n > room) continue;
        float same = 0;
        for (size_t k = 0; k < n; k++)
            if (v[k].picked) same = SC_MAX(same, similarity(&v[i], &v[k]));
        if (same > 0.6f) continue;
        float score = v[i].score * (1.0f - redundancy * same);
        if (score > best_score) best = &v[i], best_score = score;
    }
    return best;
}

static bool take_text(const sc_prepared *r, size_t n, table *t, sc_arena *arena, sc_str *ret) {
    size_t count, out = 0;
    sentence *v = sc_arena_take_array(arena, MAX_SENTENCES, sizeof *v);
    char *p = sc_arena_take(arena, MAX_TEXT + 1);
    if (!v || !p || !collect(r, n, t, arena, v, &count)) return false;
    float first = 0;
    for (int k = 0; k < MAX_PICKED; k++) {
        size_t room = MAX_TEXT - out - (out > 0);
        sentence *best = best_of(v, count, room);
        if (!best || best->score < 0.3f * first) break;
        first = SC_MAX(first, best->score);
        best->picked = true;
        if (out) p[out++] = ' ';
        memcpy(p + out, best->text.p, best->text.n);
        out += best->text.n;
        if (!strchr(".!?:", p[out - 1]) && out < MAX_TEXT) p[out++] = '.';
        if (MAX_TEXT - out < MIN_SENTENCE) break;
    }
    *ret = (sc_str){p, out};
    if (out) return true;
    /* Nothing in prose: the start of the most central report that has a body. */
    for (size_t i = 0; i < n && ret->n == 0; i++)
        if (r[i].body.n)
            *ret = sc_title_shorten(sc_str_clip(r[i].body, MAX_TEXT), MAX_TEXT / 4, arena);
    return ret->p != NULL;
}

/* ---- Keywords ------------------------------------------------------------------------------- */

static bool good_keyword(const term *x) {
    if (x->text.n < MIN_KEYWORD || x->text.n > 32) return false;
    for (size_t i = 0; i < x->text.n; i++)
        if (sc_chars_is(x->text.p[i], SC_CHARS_ALPHA | SC_CHARS_HIGH)) return true;
    return false;
}

/* Cart beside cartview adds nothing: of two where one holds the other the longer one stays, unless
 * it is much rarer. */
static void add_keyword(sc_summary *s, float *weights, const term *x) {
    for (size_t k = 0; k < s->n_keywords; k++) {
        if (sc_str_find(s->keywords[k], x->text) != SIZE_MAX) return;
        if (sc_str_find(x->text, s->keywords[k]) == SIZE_MAX) continue;
        if (x->weight >= 0.8f * weights[k]) s->keywords[k] = x->text;
        return;
    }
    weights[s->n_keywords] = x->weight;
    s->keywords[s->n_keywords++] = x->text;
}

static void take_keywords(const table *t, sc_summary *s) {
    float last = INFINITY, weights[SC_LEN(s->keywords)];
    uint32_t last_hash = 0;
    for (size_t tries = 0; s->n_keywords < SC_LEN(s->keywords) && tries < 4 * SC_LEN(s->keywords);
         tries++) {
        const term *best = NULL;
        for (size_t i = 0; i <= t->mask; i++) {
            const term *x = &t->v[i];
            /* below what was looked at last; ties in the order of the hash */
            if (!x->hash || x->weight > last || (x->weight == last && x->hash <= last_hash))
                continue;
            if (!best || x->weight > best->weight ||
                (x->weight == best->weight && x->hash < best->hash))
                best = x;
        }
        if (!best || best->weight <= 0) return;
        last = best->weight;
        last_hash = best->hash;
        if (good_keyword(best)) add_keyword(s, weights, best);
    }
}

sc_rc sc_summarise(const sc_prepared *reports, size_t n, float (*idf)(void *self, uint32_t hash),
                   void *self, sc_arena *arena, sc_summary *ret, sc_err *err) {
    sc_summary s = {0};
    table terms;
    if (n == 0) return sc_fail(err, SC_INVALID, "a summary needs at least one report");
    n = SC_MIN(n, (size_t)MAX_REPORTS);
    if (!build_terms(&terms, reports, n, idf, self, arena) ||
        !take_title(reports, n, arena, &s.title) || !take_text(reports, n, &terms, arena, &s.text))
        return sc_fail(err, SC_NOMEM, "the summary does not fit the memory budget");
    take_keywords(&terms, &s);
    *ret = s;
    return SC_OK;
}
