#include "toy_llm.h"

#include <pthread.h>
#include <stdio.h>

#include "base/str.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *answer_to(toy_llm *t, const sc_llm_question *q, int turn) {
    if (!strcmp(q->name, "canary")) return "{\"ok\":true}";
    int n = 0;
    while (n < (int)SC_LEN(t->says) && t->says[n]) n++;
    if (n) return t->says[SC_MIN(turn, n - 1)];
    return !strcmp(q->name, "same") ? t->same : t->issue;
}

static sc_rc ask(void *self, const sc_llm_question *q, int64_t deadline_ms, sc_arena *arena,
                 sc_llm_answer *ret, sc_err *err) {
    (void)deadline_ms;
    toy_llm *t = self;
    const bool canary = !strcmp(q->name, "canary");
    if (t->on_ask && !canary) t->on_ask(t->on_self);
    pthread_mutex_lock(&lock);
    int turn = atomic_fetch_add(canary ? &t->canaries : &t->calls, 1);
    char *last = strcmp(q->name, "same") ? t->last : t->last_same;
    if (!canary) snprintf(last, sizeof t->last, "%.*s", SC_FMT(q->content));
    const char *text = answer_to(t, q, turn);
    pthread_mutex_unlock(&lock);
    int left = atomic_load(&t->fail_times);
    if (t->fails.rc && left) {
        if (left > 0) atomic_fetch_sub(&t->fail_times, 1);
        *err = t->fails;
        return err->rc;
    }
    if (t->poison && sc_str_find(q->content, sc_str_of(t->poison)) != SIZE_MAX)
        return sc_fail(err, t->poison_rc, "I do not read such words");
    char *copy = sc_arena_copy(arena, text ? text : "", text ? strlen(text) : 0);
    if (!copy) return sc_fail(err, SC_NOMEM, "no memory");
    *ret = (sc_llm_answer){.text = sc_str_of(copy),
                           .why = *copy ? NULL : t->why,
                           .tokens_in = t->tokens_in,
                           .tokens_out = t->tokens_out};
    return SC_OK;
}

void toy_llm_asked(toy_llm *t, bool same, char ret[TOY_LLM_ASKED]) {
    pthread_mutex_lock(&lock);
    memcpy(ret, same ? t->last_same : t->last, TOY_LLM_ASKED);
    pthread_mutex_unlock(&lock);
}

static const char *model(const void *self) {
    (void)self;
    return "toy/1";
}
static sc_llm_price price(const void *self) { return ((const toy_llm *)self)->price; }

static const sc_llm_ops ops = {
    .name = "toy", .summary = "For tests.", .ask = ask, .model = model, .price = price};

sc_llm toy_llm_of(toy_llm *t) { return (sc_llm){&ops, t}; }
