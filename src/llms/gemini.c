/* Google's Gemini API: models.generateContent with responseMimeType and responseSchema.
 * https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/structured-output
 * A schema is a part of OpenAPI 3.0's: any other member ("additionalProperties", "maxLength") is refused.
 * What the model thinks to itself is billed as output and counts against maxOutputTokens. */
#include "llms/gemini.h"

#include "base/json.h"
#include "llms/chat.h"

/* {"systemInstruction", "contents": [{"role", "parts": [{"text"}]}], "generationConfig"} */
static void put(const sc_chat *c, unsigned learned, const sc_llm_question *q, sc_buf *b) {
    (void)c;
    (void)learned;
    sc_buf_puts(b, "{\"systemInstruction\":{\"parts\":[{\"text\":");
    sc_buf_put_json(b, q->system);
    sc_buf_puts(b, "}]},\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":");
    sc_buf_put_json(b, q->content);
    sc_buf_putf(b,
                "}]}],\"generationConfig\":{\"maxOutputTokens\":%lld,"
                "\"responseMimeType\":\"application/json\",\"responseSchema\":",
                (long long)q->max_tokens);
    sc_chat_put_schema(q, true, b);
    sc_buf_puts(b, "}}");
}

/* All the parts that are no thoughts. */
static sc_rc join(const json_t *parts, sc_arena *arena, sc_str *ret, sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 1 << 20);
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        if (!json_is_true(json_object_get(part, "thought")))
            sc_buf_put_str(&b, sc_json_str_at(part, "text"));
    }
    sc_rc rc = sc_buf_check(&b, "the model's answer", err);
    return rc ? rc : sc_chat_keep(sc_buf_str(&b), arena, ret, err);
}

/* {"candidates": [{"content": {"parts": [{"text"}]}, "finishReason"}], "promptFeedback",
 *  "usageMetadata", "modelVersion"} */
static sc_rc take(const json_t *reply, const sc_llm_question *q, sc_arena *arena,
                  sc_llm_answer *ret, sc_err *err) {
    (void)q;
    const json_t *first = sc_json_at(reply, "candidates.0");
    sc_str end = sc_json_str_at(first, "finishReason");
    bool blocked = sc_json_str_at(reply, "promptFeedback.blockReason").n > 0;
    if (!json_is_object(first) && !blocked)
        return sc_fail(err, SC_UPSTREAM, "the service's reply holds no candidate");
    ret->tokens_in = sc_chat_tokens(reply, "usageMetadata.promptTokenCount");
    ret->tokens_out = sc_chat_tokens(reply, "usageMetadata.candidatesTokenCount") +
                      sc_chat_tokens(reply, "usageMetadata.thoughtsTokenCount");
    sc_rc rc = sc_chat_keep(sc_json_str_at(reply, "modelVersion"), arena, &ret->model, err);
    if (rc) return rc;
    if (!blocked && sc_str_is(end, "STOP"))
        rc = join(sc_json_at(first, "content.parts"), arena, &ret->text, err);
    if (!ret->text.n)
        ret->why = sc_str_is(end, "MAX_TOKENS") ? "its answer was cut off"
                   : sc_str_is(end, "STOP")     ? "it said nothing"
                                                : "a filter of the service refused";
    return rc;
}

static const char *const keys[] = {"GEMINI_API_KEY", "GOOGLE_API_KEY", NULL};
static const sc_chat_price prices[] = {{"gemini-3.1-flash-lite", "0.25", "1.50"},
                                       {"gemini-3-flash-preview", "0.50", "3.00"},
                                       {"gemini-2.5-flash-lite", "0.10", "0.40"},
                                       {"gemini-2.5-flash", "0.30", "2.50"}};
static const sc_chat_vendor vendor = {.name = "gemini",
                                      .own_base = "https://generativelanguage.googleapis.com",
                                      .own_model = "gemini-3.1-flash-lite",
                                      .path = "/v1beta/models/%s:generateContent",
                                      .auth = "x-goog-api-key: ",
                                      .keys = keys,
                                      .prices = prices,
                                      .n_prices = SC_LEN(prices),
                                      .put = put,
                                      .take = take};

static sc_rc open_gemini(void *self, const void *conf, sc_err *err) {
    return sc_chat_open(self, &vendor, conf, err);
}

const sc_llm_ops sc_llm_gemini = {
    .name = "gemini",
    .summary = "Google's Gemini API: costs money, and the reports' text goes there.",
    .opts = sc_chat_opts,
    .n_opts = SC_CHAT_N_OPTS,
    .size = sizeof(sc_chat),
    .open = open_gemini,
    .ask = sc_chat_ask,
    .model = sc_chat_model,
    .price = sc_chat_price_of,
    .close = sc_chat_close,
};
