/*
 * The teacher's side of models/static.bin: teach MODEL.encoder OUT TEXTS.jsonl...
 *
 * Prepares each line's text as the program does, and writes beside each other
 *   OUT.ids         u32 count and the token ids (at most 128, without [CLS] and [SEP]) of each text,
 *   OUT.i8          the encoder's vector of each text,
 *   OUT.tokens.i8   the encoder's vector of each token alone,
 *   OUT.vocab.txt   the vocabulary.
 * A report gives its whole text, and up to four of its sentences (of 3 to 28 words): short texts are half of what people write.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "embedders/encoder/forward.h"
#include "text/prepare.h"
#include "text/wordpiece.h"

enum { TOKENS = 128, MAX_BYTES = 700, SENTENCES = 4, MIN_WORDS = 3, MAX_WORDS = 28 };

typedef struct teacher {
    sc_model *model;
    sc_wordpiece *tokenizer;
    sc_forward *forward;
    FILE *ids, *vectors;
    long n;
} teacher;

static void die(const char *what, const sc_err *err) {
    fprintf(stderr, "teach: %s: %s\n", what, err->msg);
    exit(1);
}

static FILE *create(const char *prefix, const char *suffix) {
    char path[4096];
    snprintf(path, sizeof path, "%s%s", prefix, suffix);
    FILE *f = fopen(path, "wb");
    if (f) return f;
    perror(path);
    exit(1);
}

static void run(teacher *t, const uint32_t *ids, uint32_t n, FILE *to) {
    int8_t vec[SC_MODEL_MAX_HIDDEN];
    sc_forward_run(t->forward, ids, &n, 1, vec);
    fwrite(vec, 1, t->model->dims.hidden, to);
}

static void teach(teacher *t, sc_str text) {
    const sc_wordpiece_special sp = sc_wordpiece_get_special(t->tokenizer);
    uint32_t ids[TOKENS + 2] = {sp.cls};
    uint32_t n = (uint32_t)sc_wordpiece_append(t->tokenizer, text, ids, 1, TOKENS + 1);
    if (n < 2) return;
    uint32_t count = n - 1;
    fwrite(&count, sizeof count, 1, t->ids);
    fwrite(ids + 1, sizeof *ids, count, t->ids);
    ids[n++] = sp.sep;
    run(t, ids, n, t->vectors);
    t->n++;
}

static size_t words_in(sc_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += s.p[i] != ' ' && (!i || s.p[i - 1] == ' ');
    return n;
}

/* Bytes to the end of the sentence that s begins with. */
static size_t sentence(sc_str s) {
    for (size_t i = 0; i < s.n; i++) {
        bool stop = s.p[i] == '.' || s.p[i] == '!' || s.p[i] == '?';
        if (s.p[i] == '\n' || (stop && (i + 1 == s.n || s.p[i + 1] == ' ' || s.p[i + 1] == '\n')))
            return i + 1;
    }
    return s.n;
}

static void teach_sentences(teacher *t, sc_str body) {
    for (int given = 0; body.n && given < SENTENCES;) {
        size_t n = sentence(body);
        sc_str s = sc_str_trim((sc_str){body.p, n});
        body = (sc_str){body.p + n, body.n - n};
        size_t words = words_in(s);
        if (words < MIN_WORDS || words > MAX_WORDS) continue;
        teach(t, s);
        given++;
    }
}

static void read_line(teacher *t, sc_str line, sc_arena *arena) {
    sc_err err;
    json_t *v;
    if (sc_json_parse(line, &v, &err)) die("a line", &err);
    sc_prepared p;
    sc_str title = sc_json_str_at(v, "title"), body = sc_json_str_at(v, "body");
    if (!body.p) body = sc_json_str_at(v, "text");
    if (sc_prepare(title, body, SC_STR_NONE, arena, &p, &err)) die("a text", &err);
    char *whole = sc_arena_printf(arena, "%.*s%s%.*s", SC_FMT(p.title), p.title.n ? ". " : "",
                                  SC_FMT(p.body));
    if (!whole) exit(1);
    teach(t, sc_str_clip(sc_str_of(whole), MAX_BYTES));
    if (p.title.n) teach(t, p.title);
    teach_sentences(t, p.body);
    json_decref(v);
}

static void read_file(teacher *t, const char *path) {
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    if (!f) {
        perror(path);
        exit(1);
    }
    for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
        SC_AUTO(sc_arena_done) sc_arena arena;
        sc_arena_init(&arena, 64 << 20);
        read_line(t, (sc_str){line, (size_t)n}, &arena);
    }
    free(line); // NOLINT: getline's
    fclose(f);
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fputs("usage: teach MODEL.encoder OUT TEXTS.jsonl...\n", stderr);
        return 2;
    }
    sc_err err;
    teacher t = {0};
    sc_json_setup();
    if (sc_model_open(argv[1], &t.model, &err)) die(argv[1], &err);
    if (sc_wordpiece_new(t.model->vocab, t.model->dims.lower_case, &t.tokenizer, &err) ||
        sc_forward_new(t.model, sc_enc_kernels_get(), TOKENS + 2, &t.forward, &err))
        die("begin", &err);
    t.ids = create(argv[2], ".ids");
    t.vectors = create(argv[2], ".i8");
    FILE *tokens = create(argv[2], ".tokens.i8"), *vocab = create(argv[2], ".vocab.txt");
    fwrite(t.model->vocab.p, 1, t.model->vocab.n, vocab);
    const sc_wordpiece_special sp = sc_wordpiece_get_special(t.tokenizer);
    for (uint32_t i = 0; i < t.model->dims.vocab; i++) {
        const uint32_t alone[] = {sp.cls, i, sp.sep};
        run(&t, alone, 3, tokens);
    }
    for (int i = 3; i < argc; i++) read_file(&t, argv[i]);
    bool failed = fclose(t.ids) | fclose(t.vectors) | fclose(tokens) | fclose(vocab);
    printf("%ld texts\n", t.n);
    sc_forward_free(t.forward);
    sc_wordpiece_free(t.tokenizer);
    sc_model_close(t.model);
    return failed;
}
