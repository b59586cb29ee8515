/* Anthropic's Messages API with one tool that has to be used: its input is the answer.
 * https://docs.claude.com/en/api/messages, https://docs.claude.com/en/docs/agents-and-tools/tool-use
 * A forced tool works with every model as long as thinking is not asked for, which it is not; no
 * temperature is sent (newer models refuse it). */
#include "llms/anthropic.h"

#include "base/json.h"
#include "llms/chat.h"

/* {"model", "max_tokens", "system", "messages", "tools": [{"name", "input_schema"}], "tool_choice"} */
static void put(const sc_chat *c, unsigned learned, const sc_llm_question *q, sc_buf *b) {
    (void)learned;
    sc_buf_puts(b, "{\"model\":");
    sc_buf_put_json(b, sc_str_of(c->name));
    sc_buf_putf(b, ",\"max_tokens\":%lld,\"system\":", (long long)q->max_tokens);
    sc_buf_put_json(b, q->system);
    sc_buf_puts(b, ",\"messages\":[{\"role\":\"user\",\"content\":");
    sc_buf_put_json(b, q->content);
    sc_buf_putf(b,
                "}],\"tools\":[{\"name\":\"%s\",\"description\":\"Takes the answer.\","
                "\"input_schema\":",
                q->name);
    sc_chat_put_schema(q, false, b);
    sc_buf_putf(b, "}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"%s\"}}", q->name);
}

static const json_t *input_of(const json_t *content, const char *tool) {
    for (size_t i = 0; i < json_array_size(content); i++) {
        const json_t *block = json_array_get(content, i);
        if (sc_str_is(sc_json_str_at(block, "type"), "tool_use") &&
            sc_str_is(sc_json_str_at(block, "name"), tool))
            return json_object_get(block, "input");
    }
    return NULL;
}

/* {"content": [{"type": "tool_use", "name", "input": {...}}], "stop_reason", "usage", "model"} */
static sc_rc take(const json_t *reply, const sc_llm_question *q, sc_arena *arena,
                  sc_llm_answer *ret, sc_err *err) {
    const json_t *content = sc_json_at(reply, "content");
    sc_str end = sc_json_str_at(reply, "stop_reason");
    if (!json_is_array(content))
        return sc_fail(err, SC_UPSTREAM, "the service's reply holds no content");
    const json_t *input = input_of(content, q->name);
    ret->tokens_in = sc_chat_tokens(reply, "usage.input_tokens") +
                     sc_chat_tokens(reply, "usage.cache_creation_input_tokens") +
                     sc_chat_tokens(reply, "usage.cache_read_input_tokens");
    ret->tokens_out = sc_chat_tokens(reply, "usage.output_tokens");
    ret->why = sc_str_is(end, "max_tokens") ? "its answer was cut off"
               : sc_str_is(end, "refusal")  ? "it refused"
               : !input                     ? "it said nothing"
                                            : NULL;
    sc_rc rc = sc_chat_keep(sc_json_str_at(reply, "model"), arena, &ret->model, err);
    if (rc || ret->why) return rc;
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    sc_json_dump(input, &b);
    rc = sc_buf_check(&b, "the model's answer", err);
    return rc ? rc : sc_chat_keep(sc_buf_str(&b), arena, &ret->text, err);
}

static const char *const keys[] = {"ANTHROPIC_API_KEY", NULL};
static const sc_chat_price prices[] = {{"claude-haiku-4-5", "1", "5"},
                                       {"claude-sonnet-4-5", "3", "15"},
                                       {"claude-sonnet-4-6", "3", "15"}};
static const sc_chat_vendor vendor = {.name = "anthropic",
                                      .own_base = "https://api.anthropic.com",
                                      .own_model = "claude-haiku-4-5",
                                      .path = "/v1/messages",
                                      .auth = "x-api-key: ",
                                      .header = "anthropic-version: 2023-06-01",
                                      .keys = keys,
                                      .prices = prices,
                                      .n_prices = SC_LEN(prices),
                                      .put = put,
                                      .take = take};

static sc_rc open_anthropic(void *self, const void *conf, sc_err *err) {
    return sc_chat_open(self, &vendor, conf, err);
}

const sc_llm_ops sc_llm_anthropic = {
    .name = "anthropic",
    .summary = "Anthropic's Messages API: costs money, and the reports' text goes there.",
    .opts = sc_chat_opts,
    .n_opts = SC_CHAT_N_OPTS,
    .size = sizeof(sc_chat),
    .open = open_anthropic,
    .ask = sc_chat_ask,
    .model = sc_chat_model,
    .price = sc_chat_price_of,
    .close = sc_chat_close,
};
