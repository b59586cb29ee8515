/* Every embedder of this machine keeps the port's word (those behind a network: unit/test_embedder_remote.c). The
 * encoder runs on a tiny model of random weights. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "core/repr.h"
#include "embedders/encoder/encoder.h"
#include "embedders/registry.h"
#include "encoder_fixture.h"

enum { TEXTS = 40, ONE_MINUTE = 60000 };

static sc_arena arena;
static sc_prepared texts[TEXTS];
static char path[] = "/tmp/soulcaster-embedder-XXXXXX";
static sc_embedder embedder;

static sc_prepared prepare(const char *title, const char *body) {
    sc_prepared p;
    assert_int_equal(sc_prepare(sc_str_of(title), sc_str_of(body), SC_STR_NONE, &arena, &p, NULL),
                     SC_OK);
    return p;
}

static int setup(void **state) {
    (void)state;
    static const char *const words[] = {"crash", "on", "login", "the",
                                        "app",   "is", "slow",  "crashing"};
    uint64_t seed = 5;
    char text[512];
    int fd = mkstemp(path);
    if (fd < 0 || close(fd)) return -1;
    fixture_model(path, 7);
    sc_arena_init(&arena, 64 << 20);
    for (size_t i = 0; i < TEXTS; i++) {
        size_t n = 0, want = 1 + fixture_next(&seed) % (i % 8 ? 6 : 60);
        for (size_t k = 0; k < want; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s ",
                                  words[fixture_next(&seed) % SC_LEN(words)]);
        texts[i] = prepare(text, i % 3 ? "and a body" : "");
    }
    texts[TEXTS / 2] = prepare("", "");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sc_arena_done(&arena);
    return unlink(path);
}

static sc_rc open_one(const sc_embedder_ops *ops, int64_t threads, sc_embedder *ret) {
    const sc_encoder_conf conf = {.model = path, .threads = threads, .batch = 48};
    void *self = sc_alloc(ops->size);
    if (!self) return SC_NOMEM;
    sc_rc rc = ops->open(self, ops->n_opts ? &conf : NULL, NULL);
    *ret = (sc_embedder){ops, self};
    if (rc) sc_free(self);
    return rc;
}

static void close_one(sc_embedder *e) {
    if (e->ops->close) e->ops->close(e->self);
    sc_free(e->self);
}

static int8_t *embed(const sc_embedder *e, const sc_prepared *t, size_t n) {
    int8_t *v = sc_alloc_array(n, e->ops->dim(e->self));
    const int64_t deadline = sc_now_ms(&sc_clock_system) + ONE_MINUTE;
    assert_int_equal(e->ops->embed(e->self, t, n, deadline, v, NULL), SC_OK);
    return v;
}

static void names_and_sizes(const sc_embedder *e) {
    assert_true(e->ops->name && *e->ops->name && e->ops->summary && *e->ops->summary);
    assert_ptr_equal(sc_embedder_find(sc_str_of(e->ops->name)), e->ops);
    assert_in_range(e->ops->dim(e->self), 8, SC_REPR_MAX_DIM);
    assert_true(sc_str_starts(sc_str_of(e->ops->model(e->self)), e->ops->name));
    assert_true(strlen(e->ops->model(e->self)) < 160);
}

static void vectors_have_length_127_or_0(const sc_embedder *e) {
    const size_t dim = e->ops->dim(e->self);
    int8_t *v = embed(e, texts, TEXTS);
    for (size_t i = 0; i < TEXTS; i++) {
        double sum = 0;
        for (size_t k = 0; k < dim; k++) sum += v[i * dim + k] * v[i * dim + k];
        if (i == TEXTS / 2)
            assert_true(sum == 0); /* it says nothing */
        else
            assert_true(fabs(sqrt(sum) - 127) < 8);
    }
    sc_free(v);
}

static void a_text_alone_is_as_in_a_batch(const sc_embedder *e) {
    const size_t dim = e->ops->dim(e->self);
    int8_t *v = embed(e, texts, TEXTS);
    for (size_t i = 0; i < TEXTS; i++) {
        int8_t *one = embed(e, &texts[i], 1);
        assert_memory_equal(one, v + i * dim, dim);
        sc_free(one);
    }
    sc_free(embed(e, texts, 0));
    sc_free(v);
}

typedef struct caller {
    const sc_embedder *e;
    int8_t *v;
} caller;

static void *call(void *self) {
    caller *c = self;
    for (int i = 0; i < 5; i++) {
        sc_free(c->v);
        c->v = embed(c->e, texts, TEXTS);
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(const sc_embedder *e) {
    enum { CALLERS = 4 };
    pthread_t threads[CALLERS];
    caller callers[CALLERS];
    int8_t *want = embed(e, texts, TEXTS);
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (caller){e, NULL};
        assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        assert_memory_equal(callers[i].v, want, TEXTS * (size_t)e->ops->dim(e->self));
        sc_free(callers[i].v);
    }
    sc_free(want);
}

/* One that takes long may give up; one that is quick may not care. */
static void a_deadline_that_passed_is_a_timeout_or_no_matter(const sc_embedder *e) {
    int8_t *v = sc_alloc_array(TEXTS, e->ops->dim(e->self));
    sc_rc rc = e->ops->embed(e->self, texts, TEXTS, 1, v, NULL);
    assert_true(rc == SC_OK || rc == SC_TIMEOUT);
    sc_free(v);
}

static void failing_memory_is_an_error_and_no_more(const sc_embedder *e) {
    int8_t *v = sc_alloc_array(TEXTS, e->ops->dim(e->self));
    const int64_t deadline = sc_now_ms(&sc_clock_system) + ONE_MINUTE;
    for (uint64_t nth = 1; nth <= 30; nth++) {
        sc_mem_fail_after(nth);
        sc_rc rc = e->ops->embed(e->self, texts, TEXTS, deadline, v, NULL);
        sc_mem_fail_after(0);
        assert_true(rc == SC_OK || rc == SC_NOMEM);
    }
    sc_free(v);
}

static void every_embedder(void (*check)(const sc_embedder *e)) {
    for (size_t i = 0; i < sc_embedders_n && !sc_embedders[i]->remote; i++)
        for (int64_t threads = 1; threads <= 3; threads += 2) {
            assert_int_equal(open_one(sc_embedders[i], threads, &embedder), SC_OK);
            check(&embedder);
            close_one(&embedder);
        }
}

#define TEST(name)                          \
    static void test_##name(void **state) { \
        (void)state;                        \
        every_embedder(name);               \
    }
TEST(names_and_sizes)
TEST(vectors_have_length_127_or_0)
TEST(a_text_alone_is_as_in_a_batch)
TEST(threads_do_not_disturb_each_other)
TEST(a_deadline_that_passed_is_a_timeout_or_no_matter)
TEST(failing_memory_is_an_error_and_no_more)

static void open_fails_cleanly_without_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < sc_embedders_n && !sc_embedders[i]->remote; i++) {
        uint64_t n;
        sc_mem_fail_after(0);
        assert_int_equal(open_one(sc_embedders[i], 2, &embedder), SC_OK);
        n = sc_mem_fail_after(0);
        close_one(&embedder);
        for (uint64_t nth = 1; nth <= n; nth++) {
            sc_mem_fail_after(nth);
            sc_rc rc = open_one(sc_embedders[i], 2, &embedder);
            assert_true(rc == SC_NOMEM || rc == SC_OK); /* a smaller block may do as well */
            if (!rc) close_one(&embedder);
        }
        sc_mem_fail_after(0);
    }
}

static void an_encoder_without_a_model_says_what_to_do(void **state) {
    (void)state;
    static const char *const bad[] = {NULL, "", "/nonexistent/m.bin", "CMakeLists.txt"};
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        const sc_encoder_conf conf = {.model = bad[i]};
        sc_err err = {0};
        void *self = sc_alloc(sc_embedder_encoder.size);
        sc_rc rc = sc_embedder_encoder.open(self, &conf, &err);
        assert_true(rc == SC_INVALID || rc == SC_NOT_FOUND);
        assert_true(err.msg[0] != 0);
        sc_free(self);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_sizes),
        cmocka_unit_test(test_vectors_have_length_127_or_0),
        cmocka_unit_test(test_a_text_alone_is_as_in_a_batch),
        cmocka_unit_test(test_threads_do_not_disturb_each_other),
        cmocka_unit_test(test_a_deadline_that_passed_is_a_timeout_or_no_matter),
        cmocka_unit_test(test_failing_memory_is_an_error_and_no_more),
        cmocka_unit_test(open_fails_cleanly_without_memory),
        cmocka_unit_test(an_encoder_without_a_model_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
