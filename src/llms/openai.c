/* POST {base}/chat/completions as OpenAI defined it, and as Ollama (/v1), vLLM, llama.cpp's server,
 * LM Studio and many gateways speak it too.
 * https://platform.openai.com/docs/api-reference/chat/create,
 * https://platform.openai.com/docs/guides/structured-outputs (strict: every member required, no others).
 *
 * Not all take the same. "response_format": json_schema is refused by some (DeepSeek, older vLLM and
 * llama.cpp): then json_object is sent, and the instructions alone say what the object holds. OpenAI's
 * newer models refuse "max_tokens", older servers do not know "max_completion_tokens". No temperature is
 * sent: reasoning models refuse any but their own. */
#include "llms/openai.h"

#include "base/json.h"
#include "llms/chat.h"

static void put_format(const sc_llm_question *q, bool schema, sc_buf *b) {
    if (!schema) {
        sc_buf_puts(b, ",\"response_format\":{\"type\":\"json_object\"}");
        return;
    }
    sc_buf_putf(b,
                ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"%s\","
                "\"strict\":true,\"schema\":",
                q->name);
    sc_chat_put_schema(q, false, b);
    sc_buf_puts(b, "}}");
}

/* {"model", "messages": [{"role", "content"}], "max_tokens", "response_format"} */
static void put(const sc_chat *c, unsigned learned, const sc_llm_question *q, sc_buf *b) {
    sc_buf_puts(b, "{\"model\":");
    sc_buf_put_json(b, sc_str_of(c->name));
    sc_buf_puts(b, ",\"messages\":[{\"role\":\"system\",\"content\":");
    sc_buf_put_json(b, q->system);
    sc_buf_puts(b, "},{\"role\":\"user\",\"content\":");
    sc_buf_put_json(b, q->content);
    bool other = (learned & SC_CHAT_OTHER_MAX) != 0;
    sc_buf_putf(b, "}],\"%s\":%lld", c->own != other ? "max_completion_tokens" : "max_tokens",
                (long long)q->max_tokens);
    put_format(q, !(learned & SC_CHAT_NO_SCHEMA), b);
    sc_buf_putc(b, '}');
}

/* {"choices": [{"message": {"content", "refusal"}, "finish_reason"}], "usage", "model"} */
static sc_rc take(const json_t *reply, const sc_llm_question *q, sc_arena *arena,
                  sc_llm_answer *ret, sc_err *err) {
    (void)q;
    const json_t *message = sc_json_at(reply, "choices.0.message");
    sc_str end = sc_json_str_at(reply, "choices.0.finish_reason");
    sc_str text = sc_json_str_at(message, "content");
    if (!json_is_object(message))
        return sc_fail(err, SC_UPSTREAM, "the service's reply holds no message");
    ret->tokens_in = sc_chat_tokens(reply, "usage.prompt_tokens");
    ret->tokens_out = sc_chat_tokens(reply, "usage.completion_tokens");
    ret->why = sc_str_is(end, "length")               ? "its answer was cut off"
               : sc_str_is(end, "content_filter")     ? "a filter of the service refused"
               : sc_json_str_at(message, "refusal").n ? "it refused"
               : !text.n                              ? "it said nothing"
                                                      : NULL;
    sc_rc rc = sc_chat_keep(sc_json_str_at(reply, "model"), arena, &ret->model, err);
    return rc || ret->why ? rc : sc_chat_keep(text, arena, &ret->text, err);
}

static bool names(const sc_err *err, const char *word) {
    return sc_str_find(sc_str_of(err->msg), sc_str_of(word)) != SIZE_MAX;
}

/* A server may also fail over what it does not know (llama.cpp answers 500 to a schema). */
static unsigned learn(const sc_err *err) {
    if (err->rc != SC_INVALID && err->rc != SC_UNPROCESSABLE && err->rc != SC_UPSTREAM) return 0;
    if (names(err, "max_tokens") || names(err, "max_completion_tokens")) return SC_CHAT_OTHER_MAX;
    return names(err, "response_format") || names(err, "json_schema") || names(err, "grammar")
               ? SC_CHAT_NO_SCHEMA
               : 0;
}

static const char *const keys[] = {"OPENAI_API_KEY", NULL};
static const char *const bases[] = {"OPENAI_BASE_URL", NULL};
static const sc_chat_price prices[] = {
    {"gpt-5.4-mini", "0.75", "4.50"}, {"gpt-5-mini", "0.25", "2.00"},
    {"gpt-5-nano", "0.05", "0.40"},   {"gpt-4.1-mini", "0.40", "1.60"},
    {"gpt-4.1-nano", "0.10", "0.40"}, {"gpt-4o-mini", "0.15", "0.60"}};
static const sc_chat_vendor vendor = {.name = "openai",
                                      .own_base = "https://api.openai.com/v1",
                                      .own_model = "gpt-5.4-mini",
                                      .path = "/chat/completions",
                                      .auth = "Authorization: Bearer ",
                                      .keys = keys,
                                      .bases = bases,
                                      .prices = prices,
                                      .n_prices = SC_LEN(prices),
                                      .put = put,
                                      .take = take,
                                      .learn = learn};

static sc_rc open_openai(void *self, const void *conf, sc_err *err) {
    return sc_chat_open(self, &vendor, conf, err);
}

const sc_llm_ops sc_llm_openai = {
    .name = "openai",
    .summary = "OpenAI, or any service that speaks its /v1/chat/completions: Ollama, vLLM, "
               "llama.cpp, LM Studio.",
    .opts = sc_chat_opts,
    .n_opts = SC_CHAT_N_OPTS,
    .size = sizeof(sc_chat),
    .open = open_openai,
    .ask = sc_chat_ask,
    .model = sc_chat_model,
    .price = sc_chat_price_of,
    .close = sc_chat_close,
};
