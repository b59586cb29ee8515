/*
 * Quality of preparation and builtin embedder on labelled texts: eval_embed TABLE.bin FILE.jsonl ...
 *
 * For each file: recall of a report of the same group among the 1 and 5 nearest, by the embedder's
 * cosine, by the sparse lexical cosine of the terms (idf of the file itself), and by their sum; pair
 * average precision by both; how many pairs share a fingerprint and how many of those are of one
 * group; milliseconds. Files over MAX_ITEMS texts: every k-th. Labels "one:..." stand alone.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "embedders/hashed.h"

enum { MAX_ITEMS = 3200, MAX_LINE = 1 << 22, BINS = 20001 };

typedef struct item {
    uint64_t label;
    uint64_t fp_text, fp_stack;
    int8_t vec[SC_HASHED_MAX_DIM];
    uint32_t *terms;
    float *weights;
    size_t n_terms;
    char id[40];
} item;

static item items[MAX_ITEMS];
static size_t n_items;
static sc_hashed model;
static double prepare_s, embed_s;
static size_t n_bytes;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void take(const json_t *v, sc_arena *arena) {
    sc_str text = sc_json_str_at(v, "text"), label = sc_json_str_at(v, "label"),
           id = sc_json_str_at(v, "id");
    size_t cut = sc_str_find(text, SC_STR("\n\n"));
    sc_str title = cut == SIZE_MAX ? SC_STR_NONE : (sc_str){text.p, cut};
    sc_str body = cut == SIZE_MAX ? text : (sc_str){text.p + cut, text.n - cut};
    sc_prepared p;
    item *x = &items[n_items];
    uint32_t *terms;
    uint8_t *tfs;
    memset(x, 0, sizeof *x);
    n_bytes += text.n;
    double t0 = now();
    if (sc_prepare(title, body, SC_STR_NONE, arena, &p, NULL)) return;
    int32_t whole[SC_HASHED_MAX_DIM];
    double t1 = now();
    sc_hashed_centred(&model, &p, 127, whole);
    for (uint32_t i = 0; i < model.dim; i++) x->vec[i] = (int8_t)whole[i];
    embed_s += now() - t1;
    prepare_s += t1 - t0;
    if (sc_prepare_terms(&p, arena, &terms, &tfs, &x->n_terms, NULL)) return;
    x->terms = sc_alloc_array(x->n_terms, sizeof *x->terms);
    x->weights = sc_alloc_array(x->n_terms, sizeof *x->weights);
    memcpy(x->terms, terms, x->n_terms * sizeof *terms);
    for (size_t i = 0; i < x->n_terms; i++) x->weights[i] = 1 + logf((float)tfs[i]);
    x->label = sc_hash64(label.p, label.n, 0);
    x->fp_text = p.fp_text;
    x->fp_stack = p.fp_stack;
    snprintf(x->id, sizeof x->id, "%.*s", SC_FMT(id));
    n_items++;
}

static size_t lines_of(FILE *f) {
    size_t n = 0;
    for (int c; (c = getc(f)) != EOF;) n += c == '\n';
    rewind(f);
    return n;
}

static int load(const char *path) {
    FILE *f = fopen(path, "r");
    static char line[MAX_LINE];
    if (!f) return fprintf(stderr, "eval_embed: cannot read %s\n", path), 1;
    size_t every = lines_of(f) / MAX_ITEMS + 1, k = 0;
    sc_arena arena;
    sc_arena_init(&arena, 16 << 20);
    n_items = n_bytes = 0;
    prepare_s = embed_s = 0;
    while (n_items < MAX_ITEMS && fgets(line, sizeof line, f)) {
        if (k++ % every) continue;
        json_t *v = json_loads(line, 0, NULL);
        take(v, &arena);
        json_decref(v);
        sc_arena_reset(&arena);
    }
    sc_arena_done(&arena);
    fclose(f);
    return 0;
}

/* ---- Lexical weights ------------------------------------------------------------------------ */

static int by_u32(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void weigh(void) {
    size_t n = 0;
    for (size_t i = 0; i < n_items; i++) n += items[i].n_terms;
    uint32_t *all = sc_alloc_array(n + 1, sizeof *all);
    n = 0;
    for (size_t i = 0; i < n_items; i++)
        for (size_t k = 0; k < items[i].n_terms; k++) all[n++] = items[i].terms[k];
    qsort(all, n, sizeof *all, by_u32);
    for (size_t i = 0; i < n_items; i++) {
        double sum = 0;
        for (size_t k = 0; k < items[i].n_terms; k++) {
            size_t lo = 0, hi = n, df;
            while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (all[mid] < items[i].terms[k])
                    lo = mid + 1;
                else
                    hi = mid;
            }
            for (df = 0; lo + df < n && all[lo + df] == items[i].terms[k];) df++;
            items[i].weights[k] *= logf((1.0f + (float)n_items) / (1.0f + (float)df)) + 0.2f;
            sum += (double)(items[i].weights[k] * items[i].weights[k]);
        }
        for (size_t k = 0; k < items[i].n_terms; k++)
            items[i].weights[k] /= sum > 0 ? (float)sqrt(sum) : 1;
    }
    sc_free(all);
}

static float lexical(const item *a, const item *b) {
    float dot = 0;
    for (size_t i = 0, k = 0; i < a->n_terms && k < b->n_terms;) {
        if (a->terms[i] == b->terms[k])
            dot += a->weights[i++] * b->weights[k++];
        else if (a->terms[i] < b->terms[k])
            i++;
        else
            k++;
    }
    return dot;
}

static float cosine(const item *a, const item *b) {
    int32_t dot = 0;
    for (uint32_t i = 0; i < model.dim; i++) dot += a->vec[i] * b->vec[i];
    return (float)dot / (127 * 127);
}

/* ---- Measures ------------------------------------------------------------------------------- */

typedef struct measure {
    const char *name;
    size_t hit1, hit5;
    uint64_t same[BINS], all[BINS];
} measure;

static void see_pair(measure *m, float s, bool same) {
    int bin = (int)((s + 2) * (BINS - 1) / 4);
    bin = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
    m->all[bin]++;
    m->same[bin] += same;
}

static double average_precision(const measure *m) {
    double hits = 0, seen = 0, sum = 0, total = 0;
    for (int i = 0; i < BINS; i++) total += (double)m->same[i];
    for (int i = BINS - 1; i >= 0; i--) {
        hits += (double)m->same[i];
        seen += (double)m->all[i];
        if (m->same[i]) sum += (double)m->same[i] * hits / seen;
    }
    return total > 0 ? sum / total : 0;
}

static void nearest(measure *m, const float *score, size_t self) {
    size_t better = SIZE_MAX; /* items nearer than the nearest of the group */
    float best = -9;
    for (size_t j = 0; j < n_items; j++)
        if (j != self && items[j].label == items[self].label && score[j] > best) best = score[j];
    if (best > -9) {
        better = 0;
        for (size_t j = 0; j < n_items; j++) better += j != self && score[j] > best;
    }
    m->hit1 += better < 1;
    m->hit5 += better < 5;
}

static void fingerprints(void) {
    size_t text = 0, text_ok = 0, stack = 0, stack_ok = 0, with = 0, pairs = 0;
    for (size_t i = 0; i < n_items; i++) {
        with += items[i].fp_stack != 0;
        for (size_t j = 0; j < i; j++) {
            bool same = items[i].label == items[j].label;
            bool t = items[i].fp_text && items[i].fp_text == items[j].fp_text;
            bool s = items[i].fp_stack && items[i].fp_stack == items[j].fp_stack;
            pairs += same;
            text += t;
            text_ok += t && same;
            stack += s;
            stack_ok += s && same;
            if (getenv("EVAL_SHOW") && (t || s) && !same)
                printf("  %s %s %s\n", t ? "text" : "stack", items[i].id, items[j].id);
        }
    }
    printf("  fingerprints: %zu texts have a stack; same text %zu pairs (%zu of one group), same "
           "stack %zu (%zu); %zu true pairs\n",
           with, text, text_ok, stack, stack_ok, pairs);
}

static void evaluate(const char *path) {
    static measure m[3];
    static float score[3][MAX_ITEMS];
    memset(m, 0, sizeof m);
    m[0].name = "vector", m[1].name = "lexical", m[2].name = "sum";
    size_t queries = 0;
    weigh();
    for (size_t i = 0; i < n_items; i++) {
        bool grouped = false;
        for (size_t j = 0; j < n_items; j++) {
            bool same = items[i].label == items[j].label;
            grouped |= j != i && same;
            score[0][j] = cosine(&items[i], &items[j]);
            score[1][j] = lexical(&items[i], &items[j]);
            score[2][j] = score[0][j] + score[1][j];
            for (int k = 0; j < i && k < 3; k++) see_pair(&m[k], score[k][j], same);
        }
        if (!grouped) continue;
        queries++;
        for (int k = 0; k < 3; k++) nearest(&m[k], score[k], i);
    }
    const char *slash = strrchr(path, '/');
    printf("%s: %zu texts, %zu of groups; prepare %.1f us, embed %.1f us, %zu bytes a text\n",
           slash ? slash + 1 : path, n_items, queries, prepare_s * 1e6 / (double)n_items,
           embed_s * 1e6 / (double)n_items, n_bytes / n_items);
    for (int k = 0; k < 3; k++)
        printf("  %-8s R@1 %.3f  R@5 %.3f  pair AP %.3f\n", m[k].name,
               (double)m[k].hit1 / (double)queries, (double)m[k].hit5 / (double)queries,
               average_precision(&m[k]));
    fingerprints();
    for (size_t i = 0; i < n_items; i++) {
        sc_free(items[i].terms);
        sc_free(items[i].weights);
    }
}

int main(int argc, char **argv) {
    static unsigned char table[1 << 21];
    FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
    sc_err err;
    if (argc < 3 || !f) return fprintf(stderr, "usage: eval_embed TABLE.bin FILE.jsonl ...\n"), 2;
    size_t n = fread(table, 1, sizeof table, f);
    fclose(f);
    if (sc_hashed_load(&model, table, n, &err))
        return fprintf(stderr, "eval_embed: %s\n", err.msg), 1;
    for (int i = 2; i < argc; i++)
        if (!load(argv[i])) evaluate(argv[i]);
    return 0;
}
