/* The embedders behind a network: what must be refused first, every way a service can fail, then what they send
 * and take. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "embedders/gemini.h"
#include "embedders/openai.h"
#include "embedders/registry.h"
#include "embedders/remote.h"
#include "fake_upstream.h"

typedef struct world {
    fake_upstream *up;
    sc_arena arena;
    sc_prepared texts[4];
    char base[96];
    sc_err err;
    int8_t vecs[4 * 8];
    int64_t tokens;
} world;

static int setup(void **state) {
    static world w;
    static const char *const titles[] = {"Export fails", "Login code never comes", "",
                                         "Größe \"x\""};
    static const char *const bodies[] = {"Saving as PDF ends in an error.", "", "", "zu klein"};
    w = (world){.up = fake_upstream_new()};
    sc_json_setup();
    setenv("no_proxy", "127.0.0.1", 1);
    unsetenv("OPENAI_API_KEY");
    unsetenv("OPENAI_BASE_URL");
    unsetenv("GEMINI_API_KEY");
    unsetenv("GOOGLE_API_KEY");
    sc_arena_init(&w.arena, 16 << 20);
    for (size_t i = 0; i < SC_LEN(w.texts); i++)
        if (sc_prepare(sc_str_of(titles[i]), sc_str_of(bodies[i]), SC_STR_NONE, &w.arena,
                       &w.texts[i], NULL))
            return -1;
    *state = &w;
    return 0;
}

static int teardown(void **state) {
    world *w = *state;
    fake_upstream_free(w->up);
    sc_arena_done(&w->arena);
    return 0;
}

static sc_openai_conf openai_conf(world *w) {
    snprintf(w->base, sizeof w->base, "%s/v1/", fake_upstream_url(w->up));
    return (sc_openai_conf){.key = "sk-SECRET",
                            .base = w->base,
                            .model = "toy",
                            .dims = 4,
                            .batch = 32,
                            .max_text_bytes = 6000};
}

static sc_gemini_conf gemini_conf(world *w) {
    return (sc_gemini_conf){.key = "AIza-SECRET",
                            .base = fake_upstream_url(w->up),
                            .model = "gemini-embedding-001",
                            .usd = "0.15",
                            .dims = 4,
                            .batch = 100,
                            .max_text_bytes = 6000};
}

static sc_rc ask(world *w, const sc_embedder_ops *ops, const void *conf, size_t n, int64_t ms) {
    sc_remote r;
    w->err = (sc_err){0};
    if (ops->open(&r, conf, &w->err)) fail_msg("%s", w->err.msg);
    sc_rc rc = ops->remote->embed(&r, w->texts, n, sc_now_ms(&sc_clock_system) + ms, NULL, w->vecs,
                                  &w->tokens, &w->err);
    ops->close(&r);
    assert_null(strstr(w->err.msg, "SECRET"));
    return rc;
}

static sc_rc ask_openai(world *w, size_t n) {
    sc_openai_conf c = openai_conf(w);
    return ask(w, &sc_embedder_openai, &c, n, 20000);
}

/* ---- Set-up ------------------------------------------------------------------------------------- */

static void a_set_up_that_cannot_work_is_refused_and_names_the_fix(void **state) {
    world *w = *state;
    sc_remote r;
    sc_gemini_conf g = gemini_conf(w);
    g.key = NULL;
    assert_int_equal(sc_embedder_gemini.open(&r, &g, &w->err), SC_INVALID);
    assert_non_null(strstr(w->err.msg, "GEMINI_API_KEY"));
    g.key = "two words";
    assert_int_equal(sc_embedder_gemini.open(&r, &g, &w->err), SC_INVALID);
    assert_null(strstr(w->err.msg, "two words"));
    static const char *const models[] = {"", "a/b", "x?y", "a b"};
    for (size_t i = 0; i < SC_LEN(models); i++) {
        g = gemini_conf(w);
        g.model = models[i];
        assert_int_equal(sc_embedder_gemini.open(&r, &g, &w->err), SC_INVALID);
    }
    static const char *const bases[] = {"ftp://x", "127.0.0.1", "http://x/?key=1", "http://a b"};
    for (size_t i = 0; i < SC_LEN(bases); i++) {
        g = gemini_conf(w);
        g.base = bases[i];
        assert_int_equal(sc_embedder_gemini.open(&r, &g, &w->err), SC_INVALID);
    }
    sc_openai_conf o = openai_conf(w);
    o.dims = 0;
    assert_int_equal(sc_embedder_openai.open(&r, &o, &w->err), SC_INVALID);
    assert_non_null(strstr(w->err.msg, "--openai-dims"));
    o = openai_conf(w);
    o.usd = "cheap";
    assert_int_equal(sc_embedder_openai.open(&r, &o, &w->err), SC_INVALID);
    o = openai_conf(w);
    o.base = o.key = NULL;
    assert_int_equal(sc_embedder_openai.open(&r, &o, &w->err), SC_INVALID);
    assert_non_null(strstr(w->err.msg, "OPENAI_API_KEY"));
}

static void old_names_of_the_environment_keep_working(void **state) {
    world *w = *state;
    sc_remote r;
    sc_gemini_conf g = gemini_conf(w);
    g.key = NULL;
    setenv("GEMINI_API_KEY", "AIza-old", 1);
    assert_int_equal(sc_embedder_gemini.open(&r, &g, &w->err), SC_OK);
    assert_string_equal(r.service.auth, "x-goog-api-key: AIza-old");
    sc_embedder_gemini.close(&r);
    sc_openai_conf o = openai_conf(w);
    o.key = o.base = NULL;
    o.dims = 0;
    o.model = "text-embedding-3-small";
    setenv("OPENAI_API_KEY", "sk-old", 1);
    assert_int_equal(sc_embedder_openai.open(&r, &o, &w->err), SC_OK);
    assert_string_equal(r.service.url, "https://api.openai.com/v1/embeddings");
    assert_int_equal(sc_embedder_openai.dim(&r), 768);
    assert_int_equal(sc_embedder_openai.remote->price(&r), 20000);
    sc_embedder_openai.close(&r);
    setenv("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1/", 1);
    assert_int_equal(sc_embedder_openai.open(&r, &o, &w->err), SC_OK);
    assert_string_equal(r.service.url, "http://127.0.0.1:11434/v1/embeddings");
    sc_embedder_openai.close(&r);
}

/* ---- Replies ------------------------------------------------------------------------------------ */

#define V "[0.1,0.2,0.3,0.4]"

static void a_reply_that_is_not_exactly_the_vectors_asked_for_is_upstream(void **state) {
    world *w = *state;
    static const char *const bad[] = {
        "",
        "no json",
        "{}",
        "[]",
        "null",
        "{\"data\":{}}",
        "{\"data\":[]}",
        "{\"data\":[{\"index\":0,\"embedding\":" V "}]}", /* too few  */
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":" V "},{\"embedding\":" V "}]}", /* many */
        "{\"data\":[{\"index\":0,\"embedding\":" V "},{\"index\":0,\"embedding\":" V "}]}",
        "{\"data\":[{\"index\":0,\"embedding\":" V "},{\"index\":2,\"embedding\":" V "}]}",
        "{\"data\":[{\"index\":0,\"embedding\":" V "},{\"index\":-1,\"embedding\":" V "}]}",
        "{\"data\":[{\"index\":0,\"embedding\":" V "},{\"index\":\"1\",\"embedding\":" V "}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[0.1,0.2,0.3]}]}", /* dims     */
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[1,2,3,4,5]}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[]}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":null}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":\"aGVsbG8=\"}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[0.1,null,0.3,0.4]}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[0.1,\"NaN\",0.3,0.4]}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[0.1,NaN,0.3,0.4]}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[0.1,1e999,0.3,0.4]}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[1e300,1e300,1e300,1e300]}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[0,0,0,0]}]}",
        "{\"data\":[{\"embedding\":" V "},{\"embedding\":[[0.1,0.2,0.3,0.4]]}]}",
        "{\"data\":[{\"embedding\":" V "},17]}",
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        fake_upstream_answer(w->up, FAKE_WHOLE, 200, "", bad[i]);
        memset(w->vecs, 0x55, sizeof w->vecs);
        if (ask_openai(w, 2) != SC_UPSTREAM) fail_msg("taken: %s", bad[i]);
        for (size_t k = 0; k < sizeof w->vecs; k++) /* nothing of it reaches the caller */
            if (w->vecs[k] != 0x55) fail_msg("guessed from: %s", bad[i]);
    }
}

static void a_service_that_is_late_cut_or_gone_is_no_answer(void **state) {
    world *w = *state;
    const char *good = "{\"data\":[{\"embedding\":" V "}]}";
    sc_openai_conf c = openai_conf(w);
    fake_upstream_answer(w->up, FAKE_HANG, 200, "", good);
    assert_int_equal(ask(w, &sc_embedder_openai, &c, 1, 60), SC_TIMEOUT);
    fake_upstream_answer(w->up, FAKE_DRIP, 200, "", good);
    assert_int_equal(ask(w, &sc_embedder_openai, &c, 1, 60), SC_TIMEOUT);
    assert_int_equal(ask(w, &sc_embedder_openai, &c, 1, 0), SC_TIMEOUT);
    fake_upstream_answer(w->up, FAKE_CUT, 200, "", good);
    assert_int_equal(ask_openai(w, 1), SC_UPSTREAM);
    fake_upstream_answer(w->up, FAKE_SLAM, 200, "", good);
    assert_int_equal(ask_openai(w, 1), SC_UPSTREAM);
    c.base = "http://127.0.0.1:1/v1"; /* nobody there */
    assert_int_equal(ask(w, &sc_embedder_openai, &c, 1, 20000), SC_UPSTREAM);
}

static void each_status_says_what_to_do(void **state) {
    world *w = *state;
    static const struct {
        int status;
        const char *head, *body;
        sc_rc rc;
        int64_t wait_ms;
    } rows[] = {
        {400, "", "{\"error\":{\"message\":\"input is too long\"}}", SC_INVALID, 0},
        {401, "", "{\"error\":{\"message\":\"Incorrect API key: sk-SECRET\"}}", SC_UNAUTHORIZED, 0},
        {403, "", "", SC_FORBIDDEN, 0},
        {404, "", "not json", SC_NOT_FOUND, 0},
        {307, "Location: http://127.0.0.1:1/\r\n", "", SC_NOT_FOUND, 0},
        {413, "", "{\"error\":\"batch is over 32\"}", SC_TOO_LARGE, 0},
        {422, "", "", SC_UNPROCESSABLE, 0},
        {429, "Retry-After: 7\r\n", "{\"error\":\"overloaded\"}", SC_LIMITED, 7000},
        {429, "Retry-After: 1.5\r\n", "", SC_LIMITED, 1500},
        {429, "", "{\"error\":{\"details\":[{\"a\":1},{\"retryDelay\":\"46.5s\"}]}}", SC_LIMITED,
         46500},
        {429, "", "{\"error\":{\"code\":\"insufficient_quota\"}}", SC_LIMITED, 900000},
        {429, "Retry-After: soon\r\n", "", SC_LIMITED, 0},
        {500, "", "{\"error\":{\"message\":\"key sk-SECRET leaked\"}}", SC_UPSTREAM, 0},
        {502, "", "<html>", SC_UPSTREAM, 0},
        {503, "Retry-After: 30\r\n", "", SC_UPSTREAM, 30000},
        {504, "", "", SC_TIMEOUT, 0},
        {408, "", "", SC_TIMEOUT, 0},
        {418, "", "", SC_UPSTREAM, 0},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++) {
        fake_upstream_answer(w->up, FAKE_WHOLE, rows[i].status, rows[i].head, rows[i].body);
        sc_rc rc = ask_openai(w, 1);
        if (rc != rows[i].rc || w->err.retry_after_ms != rows[i].wait_ms)
            fail_msg("%d: %s, %lld ms: %s", rows[i].status, sc_rc_name(rc),
                     (long long)w->err.retry_after_ms, w->err.msg);
    }
}

static void retry_after_may_be_seconds_or_a_date(void **state) {
    (void)state;
    const int64_t now = INT64_C(784887151000); /* Tue, 15 Nov 1994 08:12:31 GMT */
    assert_int_equal(sc_service_retry_after_ms(SC_STR(" 120 "), now), 120000);
    assert_int_equal(sc_service_retry_after_ms(SC_STR("Tue, 15 Nov 1994 08:13:31 GMT"), now),
                     60000);
    assert_int_equal(sc_service_retry_after_ms(SC_STR("Tue, 15 Nov 1994 08:12:30 GMT"), now), 0);
    assert_int_equal(sc_service_retry_after_ms(SC_STR("99999999"), now), 24 * 3600 * 1000);
    assert_int_equal(sc_service_retry_after_ms(SC_STR("-5"), now), 0);
    assert_int_equal(sc_service_retry_after_ms(SC_STR("nan"), now), 0);
    assert_int_equal(sc_service_retry_after_ms(SC_STR_NONE, now), 0);
}

/* ---- What is sent and taken --------------------------------------------------------------------- */

static double length(const int8_t *v, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)v[i] * v[i];
    return sqrt(sum);
}

static void openai_sends_texts_and_takes_vectors_by_index(void **state) {
    world *w = *state;
    fake_upstream_answer(w->up, FAKE_WHOLE, 200, "",
                         "{\"object\":\"list\",\"data\":["
                         "{\"object\":\"embedding\",\"index\":2,\"embedding\":[0,0,-3,0]},"
                         "{\"object\":\"embedding\",\"index\":0,\"embedding\":[5,0,0,0]},"
                         "{\"object\":\"embedding\",\"index\":1,\"embedding\":[1,1,1,1.0]}],"
                         "\"usage\":{\"prompt_tokens\":17,\"total_tokens\":18}}");
    assert_int_equal(ask_openai(w, 4), SC_OK); /* the third text says nothing: it is not sent */
    static const int8_t want[] = {127, 0, 0, 0, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, -127, 0};
    assert_memory_equal(w->vecs, want, sizeof want);
    assert_int_equal(w->tokens, 17);
    const char *sent = fake_upstream_request(w->up);
    assert_non_null(strstr(sent, "POST /v1/embeddings HTTP/1.1"));
    assert_non_null(strstr(sent, "Authorization: Bearer sk-SECRET"));
    assert_non_null(strstr(sent, "{\"model\":\"toy\",\"encoding_format\":\"float\",\"input\":["
                                 "\"Export fails\\n\\nSaving as PDF ends in an error.\","
                                 "\"Login code never comes\",\"Größe \\\"x\\\"\\n\\nzu klein\"]}"));
}

static void gemini_asks_for_clustering_and_its_dimensions(void **state) {
    world *w = *state;
    sc_gemini_conf c = gemini_conf(w);
    fake_upstream_answer(w->up, FAKE_WHOLE, 200, "",
                         "{\"embeddings\":[{\"values\":[0.5,0.5,0.5,0.5]},"
                         "{\"values\":[0.001,0,0,0]}]}");
    assert_int_equal(ask(w, &sc_embedder_gemini, &c, 2, 20000), SC_OK);
    assert_int_equal(lrint(length(w->vecs, 4)), 128);
    assert_int_equal(w->vecs[4], 127);
    assert_int_equal(w->tokens, 0);
    const char *sent = fake_upstream_request(w->up);
    assert_non_null(strstr(sent, "POST /v1beta/models/gemini-embedding-001:batchEmbedContents "));
    assert_non_null(strstr(sent, "x-goog-api-key: AIza-SECRET"));
    assert_non_null(strstr(sent, "{\"model\":\"models/gemini-embedding-001\",\"content\":"
                                 "{\"parts\":[{\"text\":\"Login code never comes\"}]},"
                                 "\"taskType\":\"CLUSTERING\",\"outputDimensionality\":4}"));
    static const char *const bad[] = {
        "{\"embeddings\":[{\"values\":" V "}]}",
        "{\"embeddings\":[{\"values\":" V "},{\"values\":[1,2,3,null]}]}",
        "{\"embeddings\":[{\"values\":" V "},{}]}",
        "{\"embedding\":{\"values\":" V "}}",
    };
    for (size_t i = 0; i < SC_LEN(bad); i++) {
        fake_upstream_answer(w->up, FAKE_WHOLE, 200, "", bad[i]);
        assert_int_equal(ask(w, &sc_embedder_gemini, &c, 2, 20000), SC_UPSTREAM);
    }
}

static void texts_that_say_nothing_cost_no_request(void **state) {
    world *w = *state;
    sc_openai_conf c = openai_conf(w);
    sc_remote r;
    assert_int_equal(sc_embedder_openai.open(&r, &c, &w->err), SC_OK);
    assert_int_equal(sc_embedder_openai.embed(&r, &w->texts[2], 1,
                                              sc_now_ms(&sc_clock_system) + 20000, w->vecs,
                                              &w->err),
                     SC_OK);
    assert_int_equal(length(w->vecs, 4) > 0, 0);
    assert_int_equal(fake_upstream_count(w->up), 0);
    sc_embedder_openai.close(&r);
}

static void dimensions_and_a_prefix_are_sent_where_wished(void **state) {
    world *w = *state;
    sc_openai_conf c = openai_conf(w);
    c.ask_dims = true;
    c.prefix = "clustering: ";
    c.max_text_bytes = 64;
    c.key = NULL;
    fake_upstream_answer(w->up, FAKE_WHOLE, 200, "", "{\"data\":[{\"embedding\":" V "}]}");
    assert_int_equal(ask(w, &sc_embedder_openai, &c, 1, 20000), SC_OK);
    const char *sent = fake_upstream_request(w->up);
    assert_non_null(strstr(sent, "\"dimensions\":4"));
    assert_non_null(strstr(sent, "\"clustering: Export fails"));
    assert_null(strstr(sent, "Authorization"));
    sc_remote a, b;
    assert_int_equal(sc_embedder_openai.open(&a, &c, &w->err), SC_OK);
    c.prefix = NULL;
    assert_int_equal(sc_embedder_openai.open(&b, &c, &w->err), SC_OK);
    assert_string_not_equal(a.model, b.model); /* not to be compared with each other */
    sc_embedder_openai.close(&a);
    sc_embedder_openai.close(&b);
}

static void a_long_text_is_cut_at_a_character(void **state) {
    world *w = *state;
    sc_prepared p = {.title = SC_STR("ääää"), .body = SC_STR("öööö")};
    sc_str s;
    assert_int_equal(sc_remote_text(NULL, &p, 11, &w->arena, &s, &w->err), SC_OK);
    assert_true(sc_str_is(s, "ääää\n\nö"));
    p.title = p.body = SC_STR("  ");
    assert_int_equal(sc_remote_text("prefix ", &p, 11, &w->arena, &s, &w->err), SC_OK);
    assert_int_equal(s.n, 0);
}

static void the_registry_knows_them(void **state) {
    (void)state;
    assert_ptr_equal(sc_embedder_find(SC_STR("gemini")), &sc_embedder_gemini);
    assert_ptr_equal(sc_embedder_find(SC_STR("openai")), &sc_embedder_openai);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_set_up_that_cannot_work_is_refused_and_names_the_fix),
        T(old_names_of_the_environment_keep_working),
        T(a_reply_that_is_not_exactly_the_vectors_asked_for_is_upstream),
        T(a_service_that_is_late_cut_or_gone_is_no_answer),
        T(each_status_says_what_to_do),
        T(retry_after_may_be_seconds_or_a_date),
        T(openai_sends_texts_and_takes_vectors_by_index),
        T(gemini_asks_for_clustering_and_its_dimensions),
        T(texts_that_say_nothing_cost_no_request),
        T(dimensions_and_a_prefix_are_sent_where_wished),
        T(a_long_text_is_cut_at_a_character),
        T(the_registry_knows_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
