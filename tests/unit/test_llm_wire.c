/* What each language model's service is sent, word for word, and how an OpenAI-compatible one that does not take
 * it is asked the next time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "fake_upstream.h"
#include "llms/anthropic.h"
#include "llms/chat.h"
#include "llms/gemini.h"
#include "llms/openai.h"

static const sc_llm_field fields[] = {{"title", SC_LLM_TEXT, "a \"title\""},
                                      {"sure", SC_LLM_FLAG, "yes or no"}};
static const sc_llm_question question = {.name = "issue",
                                         .system = {"Be brief.", 9},
                                         .content = {"Größe", 7},
                                         .fields = fields,
                                         .n_fields = 2,
                                         .max_tokens = 100};

typedef struct world {
    fake_upstream *up;
    sc_arena arena;
    sc_chat chat;
    sc_err err;
} world;

static int setup(void **state) {
    static world w;
    w = (world){.up = fake_upstream_new()};
    sc_json_setup();
    setenv("no_proxy", "127.0.0.1", 1);
    unsetenv("OPENAI_BASE_URL");
    sc_arena_init(&w.arena, 4 << 20);
    *state = &w;
    return 0;
}

static int teardown(void **state) {
    world *w = *state;
    sc_chat_close(&w->chat);
    sc_arena_done(&w->arena);
    fake_upstream_free(w->up);
    return 0;
}

static void begin(world *w, const sc_llm_ops *ops, bool own) {
    const sc_llm_conf conf = {.key = "k-1",
                              .base = fake_upstream_url(w->up),
                              .model = "toy",
                              .usd_in = "1",
                              .usd_out = "1"};
    if (ops->open(&w->chat, &conf, &w->err)) fail_msg("%s", w->err.msg);
    w->chat.own = own;
}

static sc_rc ask(world *w, int status, const char *body) {
    sc_llm_answer a;
    w->err = (sc_err){0};
    fake_upstream_answer(w->up, FAKE_WHOLE, status, "", body);
    return sc_chat_ask(&w->chat, &question, sc_now_ms(&sc_clock_system) + 20000, &w->arena, &a,
                       &w->err);
}

static void sent(world *w, const char *head, const char *want) {
    const char *all = fake_upstream_request(w->up), *body = strstr(all, "\r\n\r\n") + 4;
    if (!strstr(all, head)) fail_msg("no \"%s\" in: %s", head, all);
    assert_string_equal(body, want);
}

#define PROPERTIES                                                                         \
    "\"properties\":{\"title\":{\"type\":\"string\",\"description\":\"a \\\"title\\\"\"}," \
    "\"sure\":{\"type\":\"boolean\",\"description\":\"yes or no\"}}"
#define SCHEMA                                                               \
    "{\"type\":\"object\"," PROPERTIES ",\"required\":[\"title\",\"sure\"]," \
    "\"additionalProperties\":false}"

static void gemini(void **state) {
    world *w = *state;
    begin(w, &sc_llm_gemini, false);
    ask(w, 500, "");
    sent(
        w, "\r\nx-goog-api-key: k-1\r\n",
        "{\"systemInstruction\":{\"parts\":[{\"text\":\"Be brief.\"}]},\"contents\":[{\"role\":"
        "\"user\",\"parts\":[{\"text\":\"Größe\"}]}],\"generationConfig\":{\"maxOutputTokens\":100,"
        "\"responseMimeType\":\"application/json\",\"responseSchema\":{\"type\":\"OBJECT\","
        "\"properties\":{\"title\":{\"type\":\"STRING\",\"description\":\"a \\\"title\\\"\"},"
        "\"sure\":{\"type\":\"BOOLEAN\",\"description\":\"yes or no\"}},"
        "\"required\":[\"title\",\"sure\"],\"propertyOrdering\":[\"title\",\"sure\"]}}}");
}

static void anthropic(void **state) {
    world *w = *state;
    begin(w, &sc_llm_anthropic, false);
    ask(w, 500, "");
    sent(w, "\r\nx-api-key: k-1\r\nanthropic-version: 2023-06-01\r\n",
         "{\"model\":\"toy\",\"max_tokens\":100,\"system\":\"Be brief.\",\"messages\":[{\"role\":"
         "\"user\",\"content\":\"Größe\"}],\"tools\":[{\"name\":\"issue\",\"description\":"
         "\"Takes the answer.\",\"input_schema\":" SCHEMA
         "}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"issue\"}}");
}

#define OPENAI(max, format)                                                             \
    "{\"model\":\"toy\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}," \
    "{\"role\":\"user\",\"content\":\"Größe\"}],\"" max "\":100,\"response_format\":" format "}"
#define STRICT                                                                       \
    "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"issue\",\"strict\":true," \
    "\"schema\":" SCHEMA "}}"
#define OBJECT "{\"type\":\"json_object\"}"

static void openai(void **state) {
    world *w = *state;
    begin(w, &sc_llm_openai, true);
    ask(w, 500, "");
    sent(w, "\r\nAuthorization: Bearer k-1\r\n", OPENAI("max_completion_tokens", STRICT));
    w->chat.own = false; /* servers that speak the same do not all know the new name */
    ask(w, 500, "");
    sent(w, "POST /chat/completions HTTP/1.1", OPENAI("max_tokens", STRICT));
}

static void a_server_without_schemas_is_asked_for_an_object(void **state) {
    world *w = *state;
    static const char *const refusals[] = {
        "{\"error\":{\"message\":\"This response_format type is unavailable now\"}}",
        "{\"error\":\"'response_format.type' must be 'json_object' or 'text'\"}",
        "{\"error\":{\"message\":\"Either \\\"json_schema\\\" or \\\"grammar\\\" can be "
        "specified\"}}",
    };
    for (size_t i = 0; i < SC_LEN(refusals); i++) {
        begin(w, &sc_llm_openai, false);
        assert_int_equal(ask(w, 400, refusals[i]), SC_CONFLICT); /* ask again */
        sent(w, "POST", OPENAI("max_tokens", STRICT));
        ask(w, 500, "");
        sent(w, "POST", OPENAI("max_tokens", OBJECT));
        /* it refuses that as well: there is nothing more to learn */
        assert_int_equal(ask(w, 400, refusals[i]), SC_INVALID);
        if (i + 1 < SC_LEN(refusals)) sc_chat_close(&w->chat);
    }
}

static void the_other_name_of_the_limit_is_learned(void **state) {
    world *w = *state;
    begin(w, &sc_llm_openai, false);
    assert_int_equal(ask(w, 400,
                         "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not "
                         "supported with this model. Use 'max_completion_tokens' instead.\"}}"),
                     SC_CONFLICT);
    ask(w, 500, "");
    sent(w, "POST", OPENAI("max_completion_tokens", STRICT));
}

static void a_refusal_of_something_else_teaches_nothing(void **state) {
    world *w = *state;
    begin(w, &sc_llm_openai, false);
    assert_int_equal(ask(w, 400, "{\"error\":{\"message\":\"context is too long\"}}"), SC_INVALID);
    assert_int_equal(ask(w, 429, "{\"error\":{\"message\":\"response_format quota\"}}"),
                     SC_LIMITED);
    ask(w, 500, "");
    sent(w, "POST", OPENAI("max_tokens", STRICT));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_without_schemas_is_asked_for_an_object, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_other_name_of_the_limit_is_learned, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_of_something_else_teaches_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(gemini, setup, teardown),
        cmocka_unit_test_setup_teardown(openai, setup, teardown),
        cmocka_unit_test_setup_teardown(anthropic, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
