#include "embedders/encoder/encoder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "embedders/encoder/forward.h"
#include "embedders/encoder/team.h"
#include "text/wordpiece.h"

enum {
    WINDOW = 512,   /* texts that are looked at together                     */
    MIN_BATCH = 32, /* tokens; less is not worth another thread               */
    MAX_TOKENS = SC_ENC_MAX_TOKENS,
    WINDOW_BYTES = 4 << 20,
};

/* Working memory of threads that are idle. */
typedef struct spare {
    struct spare *next;
    sc_forward *forward;
} spare;

typedef struct encoder {
    sc_model *model;
    sc_wordpiece *words;
    sc_wordpiece_special special;
    sc_team *team;
    pthread_mutex_t lock; /* of spares */
    bool has_lock;
    spare *spares;
    size_t max_tokens, batch, threads;
    char name[160];
} encoder;

/* ---- Working memory ------------------------------------------------------------------------------- */

static spare *take_spare(encoder *e) {
    pthread_mutex_lock(&e->lock);
    spare *s = e->spares;
    if (s) e->spares = s->next;
    pthread_mutex_unlock(&e->lock);
    if (s) return s;
    s = sc_alloc(sizeof *s);
    if (s && sc_forward_new(e->model, NULL, SC_MAX(e->batch, e->max_tokens), &s->forward, NULL)) {
        sc_free(s);
        s = NULL;
    }
    return s;
}

static void put_spare(encoder *e, spare *s) {
    pthread_mutex_lock(&e->lock);
    s->next = e->spares;
    e->spares = s;
    pthread_mutex_unlock(&e->lock);
}

/* ---- One window of texts ----------------------------------------------------------------------------- */

typedef struct batch {
    size_t first, n, ids; /* texts in the order of `order`; where their ids begin */
} batch;

typedef struct window {
    encoder *e;
    int64_t deadline_ms;
    _Atomic int rc;
    size_t n;          /* texts that say something                  */
    uint32_t *ids;     /* packed, in the order of `order`            */
    uint32_t *lengths; /* likewise                                  */
    uint32_t *order;   /* which text: the longest first              */
    int8_t *vecs;      /* likewise                                  */
    batch *batches;
    size_t n_batches;
} window;

static void run_batch(void *self, size_t i) {
    window *w = self;
    const batch *b = &w->batches[i];
    if (atomic_load(&w->rc)) return;
    if (sc_now_ms(&sc_clock_system) > w->deadline_ms) {
        atomic_store(&w->rc, SC_TIMEOUT);
        return;
    }
    spare *s = take_spare(w->e);
    if (!s) {
        atomic_store(&w->rc, SC_NOMEM);
        return;
    }
    sc_forward_run(s->forward, w->ids + b->ids, w->lengths + b->first, b->n,
                   w->vecs + b->first * w->e->model->dims.hidden);
    put_spare(w->e, s);
}

/* [CLS] title body [SEP] */
static uint32_t tokenise(const encoder *e, const sc_prepared *text, uint32_t *ret_ids) {
    size_t n = 1, room = e->max_tokens - 1;
    ret_ids[0] = e->special.cls;
    n = sc_wordpiece_append(e->words, text->title, ret_ids, n, room);
    n = sc_wordpiece_append(e->words, text->body, ret_ids, n, room);
    ret_ids[n++] = e->special.sep;
    return (uint32_t)n;
}

/* Batches of about the same size, so that no thread waits long for another. */
static void cut_batches(window *w, size_t tokens) {
    size_t share = (tokens + w->e->threads - 1) / w->e->threads;
    size_t most = SC_MAX(SC_MIN(share, w->e->batch), (size_t)MIN_BATCH);
    size_t held = 0, ids = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (w->n_batches == 0 || held + w->lengths[i] > most) {
            w->batches[w->n_batches++] = (batch){.first = i, .ids = ids};
            held = 0;
        }
        w->batches[w->n_batches - 1].n++;
        held += w->lengths[i];
        ids += w->lengths[i];
    }
}

/* Tokens of all texts, then packed by length (counting sort). */
static sc_rc fill(window *w, const sc_prepared *texts, size_t n, sc_arena *a) {
    const encoder *e = w->e;
    uint32_t *raw = sc_arena_take_array(a, n * e->max_tokens, sizeof *raw);
    uint32_t *length = sc_arena_take_array(a, n, sizeof *length);
    w->order = sc_arena_take_array(a, n, sizeof *w->order);
    w->lengths = sc_arena_take_array(a, n, sizeof *w->lengths);
    w->batches = sc_arena_take_array(a, n, sizeof *w->batches);
    w->vecs = sc_arena_take_array(a, n, e->model->dims.hidden);
    if (!raw || !length || !w->order || !w->lengths || !w->batches || !w->vecs) return SC_NOMEM;
    size_t tokens = 0, of_length[MAX_TOKENS + 2] = {0};
    for (size_t i = 0; i < n; i++) {
        length[i] = tokenise(e, &texts[i], raw + i * e->max_tokens);
        if (length[i] <= 2) continue;
        of_length[length[i]]++;
        tokens += length[i];
        w->n++;
    }
    w->ids = sc_arena_take_array(a, tokens + 1, sizeof *w->ids);
    if (!w->ids) return SC_NOMEM;
    for (size_t at = 0, l = MAX_TOKENS + 1; l-- > 0;) { /* to where texts of that length begin */
        size_t count = of_length[l];
        of_length[l] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++)
        if (length[i] > 2) w->order[of_length[length[i]]++] = (uint32_t)i;
    for (size_t i = 0, at = 0; i < w->n; at += w->lengths[i++]) {
        w->lengths[i] = length[w->order[i]];
        memcpy(w->ids + at, raw + w->order[i] * e->max_tokens, w->lengths[i] * sizeof *raw);
    }
    cut_batches(w, tokens);
    return SC_OK;
}

static sc_rc embed_window(encoder *e, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                          sc_arena *a, int8_t *ret_vecs, sc_err *err) {
    const size_t h = e->model->dims.hidden;
    window w = {.e = e, .deadline_ms = deadline_ms};
    sc_rc rc = fill(&w, texts, n, a);
    if (!rc) sc_team_run(e->team, run_batch, &w, w.n_batches);
    if (!rc) rc = (sc_rc)atomic_load(&w.rc);
    if (rc == SC_TIMEOUT) return sc_fail(err, rc, "the texts took longer than they may");
    if (rc) return sc_fail(err, rc, "no memory for a batch of texts");
    memset(ret_vecs, 0, n * h);
    for (size_t i = 0; i < w.n; i++) memcpy(ret_vecs + w.order[i] * h, w.vecs + i * h, h);
    return SC_OK;
}

static sc_rc embed_encoder(void *self, const sc_prepared *texts, size_t n, int64_t deadline_ms,
                           int8_t *ret_vecs, sc_err *err) {
    encoder *e = self;
    sc_arena a;
    sc_rc rc = SC_OK;
    sc_arena_init(&a, WINDOW_BYTES);
    for (size_t i = 0; i < n && !rc; i += WINDOW) {
        sc_arena_reset(&a);
        rc = embed_window(e, texts + i, SC_MIN(n - i, (size_t)WINDOW), deadline_ms, &a,
                          ret_vecs + i * e->model->dims.hidden, err);
    }
    sc_arena_done(&a);
    return rc;
}

/* ---- Port -------------------------------------------------------------------------------------------- */

static void close_encoder(void *self) {
    encoder *e = self;
    sc_team_free(e->team);
    while (e->spares) {
        spare *s = e->spares;
        e->spares = s->next;
        sc_forward_free(s->forward);
        sc_free(s);
    }
    if (e->has_lock) pthread_mutex_destroy(&e->lock);
    sc_wordpiece_free(e->words);
    sc_model_close(e->model);
    memset(e, 0, sizeof *e);
}

static void set_sizes(encoder *e, const sc_encoder_conf *c) {
    const size_t own = e->model->dims.max_tokens;
    const int64_t wanted = c->max_tokens > 0 ? c->max_tokens : SC_ENCODER_DEFAULT_TOKENS;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    e->max_tokens = SC_MIN(own, (size_t)SC_MAX(wanted, 8));
    e->threads = c->threads > 0 ? (size_t)c->threads : cores > 0 ? (size_t)cores : 1;
    e->threads = SC_MIN(e->threads, (size_t)SC_TEAM_MAX);
    e->batch = c->batch > 0 ? (size_t)SC_MIN(c->batch, 65536) : SC_ENCODER_DEFAULT_BATCH;
    snprintf(e->name, sizeof e->name, "encoder-1/%s-%.12s/tokens-%zu/prepare-%d",
             e->model->dims.name, e->model->sha256, e->max_tokens, SC_PREPARE_VERSION);
}

static sc_rc open_encoder(void *self, const void *conf, sc_err *err) {
    const sc_encoder_conf *c = conf;
    encoder *e = self;
    if (!c || !c->model || !*c->model)
        return sc_fail(err, SC_INVALID,
                       "the encoder has no model file; `soulcaster model install` makes one");
    sc_rc rc = sc_model_open(c->model, &e->model, err);
    if (!rc) rc = sc_wordpiece_new(e->model->vocab, e->model->dims.lower_case, &e->words, err);
    if (!rc && sc_wordpiece_size(e->words) > e->model->dims.vocab)
        rc = sc_fail(err, SC_INVALID, "the model's vocabulary has more lines than it has words");
    if (!rc) {
        e->special = sc_wordpiece_get_special(e->words);
        set_sizes(e, c);
        e->has_lock = pthread_mutex_init(&e->lock, NULL) == 0;
        if (!e->has_lock) rc = sc_fail(err, SC_NOMEM, "no memory for the encoder");
    }
    if (!rc) rc = sc_team_new(e->threads - 1, &e->team, err);
    if (rc) close_encoder(e);
    return rc;
}

static uint16_t dim_encoder(const void *self) {
    return (uint16_t)((const encoder *)self)->model->dims.hidden;
}

static const char *model_encoder(const void *self) { return ((const encoder *)self)->name; }

#define AT(member) offsetof(sc_encoder_conf, member)
static const sc_opt opts[] = {
    {.name = "encoder-model",
     .type = SC_OPT_STR,
     .offset = AT(model),
     .arg = "FILE",
     .help = "the encoder's weights, made by `soulcaster model install`"},
    {.name = "encoder-tokens",
     .type = SC_OPT_INT,
     .offset = AT(max_tokens),
     .fallback = "256",
     .arg = "N",
     .min = 8,
     .max = SC_ENC_MAX_TOKENS,
     .help = "how much of a text the encoder reads"},
    {.name = "encoder-threads",
     .type = SC_OPT_INT,
     .offset = AT(threads),
     .fallback = "0",
     .arg = "N",
     .min = 0,
     .max = SC_TEAM_MAX,
     .help = "threads that embed; 0 takes one for each core"},
    {.name = "encoder-batch",
     .type = SC_OPT_INT,
     .offset = AT(batch),
     .fallback = "0",
     .arg = "TOKENS",
     .min = 0,
     .max = 65536,
     .help = "tokens that go through the encoder together; 0 chooses"},
};

const sc_embedder_ops sc_embedder_encoder = {
    .name = "encoder",
    .summary = "A neural encoder (MiniLM) in int8 on the CPU; needs an installed model.",
    .opts = opts,
    .n_opts = SC_LEN(opts),
    .size = sizeof(encoder),
    .open = open_encoder,
    .embed = embed_encoder,
    .dim = dim_encoder,
    .model = model_encoder,
    .close = close_encoder,
    .together = true,
};
