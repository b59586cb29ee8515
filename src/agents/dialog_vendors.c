/* Tool use in three protocols.
 * OpenAI: https://platform.openai.com/docs/guides/function-calling (chat completions: what most servers speak);
 * Anthropic: https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview, with prompt caching up to the newest
 * message; Gemini: https://ai.google.dev/gemini-api/docs/function-calling (a model's parts go back as they came:
 * they hold signatures of its thoughts). */
#include "agents/dialog.h"
#include "base/json.h"

enum { MAX_TEXT_BYTES = 1 << 20 };

/* ---- What they share ----------------------------------------------------------------------------- */

/* JSON schema of a tool's arguments. Google's dialect has its types in capitals. */
static json_t *schema(const sc_tool *t, bool google) {
    static const char *const google_types[][2] = {
        {"string", "STRING"}, {"integer", "INTEGER"}, {"boolean", "BOOLEAN"}};
    json_t *members = json_object(), *required = json_array();
    for (size_t i = 0; i < SC_TOOL_MAX_PARAMS && t->params[i].name; i++) {
        const sc_tool_param *p = &t->params[i];
        const char *type = p->type;
        for (size_t k = 0; google && k < SC_LEN(google_types); k++)
            if (!strcmp(type, google_types[k][0])) type = google_types[k][1];
        json_object_set_new(members, p->name,
                            json_pack("{s:s,s:s}", "type", type, "description", p->words));
        if (p->required) json_array_append_new(required, json_string(p->name));
    }
    return json_pack("{s:s,s:o,s:o}", "type", google ? "OBJECT" : "object", "properties", members,
                     "required", required);
}

static json_t *tools_of(const sc_dialog *d, json_t *(*one)(const sc_tool *t)) {
    json_t *list = json_array();
    for (size_t i = 0; i < d->conf.n_tools; i++)
        json_array_append_new(list, one(&d->conf.tools[i]));
    return list;
}

static const char *keep(sc_str s, sc_arena *arena) {
    const char *copy = sc_arena_copy(arena, s.p ? s.p : "", s.n);
    return copy ? copy : "";
}

static void add_call(sc_dialog_turn *t, sc_str id, sc_str name, json_t *args, sc_arena *arena) {
    if (t->n_calls == SC_DIALOG_MAX_CALLS) {
        json_decref(args);
        return;
    }
    if (args && !json_is_object(args)) {
        json_decref(args);
        args = NULL;
    }
    t->calls[t->n_calls++] = (sc_dialog_call){keep(id, arena), keep(name, arena), args};
}

static sc_rc no_memory(sc_err *err) { return sc_fail(err, SC_NOMEM, "no memory for a reply"); }

static void count(sc_dialog *d, const json_t *reply, const char *in, const char *out) {
    d->tokens_in += json_integer_value(sc_json_at(reply, in));
    d->tokens_out += json_integer_value(sc_json_at(reply, out));
}

static json_t *text_of(sc_str s) { return json_stringn(s.p ? s.p : "", s.n); }

/* ---- OpenAI -------------------------------------------------------------------------------------- */

static json_t *openai_user(sc_str text) {
    return json_pack("{s:s,s:o}", "role", "user", "content", text_of(text));
}

static json_t *openai_tool(const sc_tool *t) {
    return json_pack("{s:s,s:{s:s,s:s,s:o}}", "type", "function", "function", "name", t->name,
                     "description", t->words, "parameters", schema(t, false));
}

static json_t *openai_body(const sc_dialog *d) {
    json_t *messages = json_array();
    json_array_append_new(messages,
                          json_pack("{s:s,s:s}", "role", "system", "content", d->conf.system));
    json_array_extend(messages, d->messages);
    json_t *body = json_pack("{s:s,s:o,s:o}", "model", d->conf.model, "messages", messages, "tools",
                             tools_of(d, openai_tool));
    /* Without a limit the proxy has to set aside what a reply may cost at most. */
    if (body && !d->no_limit)
        json_object_set_new(body, "max_completion_tokens", json_integer(d->conf.max_tokens));
    return body;
}

static sc_rc openai_take(sc_dialog *d, const json_t *reply, sc_arena *arena, json_t **ret_message,
                         sc_dialog_turn *t, sc_err *err) {
    const json_t *message = sc_json_at(reply, "choices.0.message");
    const json_t *calls = json_object_get(message, "tool_calls");
    sc_str end = sc_json_str_at(reply, "choices.0.finish_reason");
    if (!json_is_object(message))
        return sc_fail(err, SC_UPSTREAM, "the service's reply holds no message");
    count(d, reply, "usage.prompt_tokens", "usage.completion_tokens");
    sc_str text = sc_json_str_at(message, "content");
    t->text = (sc_str){keep(text, arena), text.n};
    size_t n = SC_MIN(json_array_size(calls), (size_t)SC_DIALOG_MAX_CALLS);
    json_t *kept = json_array();
    for (size_t i = 0; i < n; i++) {
        const json_t *call = json_array_get(calls, i);
        json_t *args = NULL;
        sc_str given = sc_json_str_at(call, "function.arguments");
        if (sc_json_parse(given.n ? given : SC_STR("{}"), &args, NULL)) args = NULL;
        add_call(t, sc_json_str_at(call, "id"), sc_json_str_at(call, "function.name"), args, arena);
        json_array_append(kept, (json_t *)call);
    }
    t->why = n                                      ? NULL
             : sc_str_is(end, "length")             ? "its answer was cut off"
             : sc_str_is(end, "content_filter")     ? "a filter of the service refused"
             : sc_json_str_at(message, "refusal").n ? "it refused"
             : !text.n                              ? "it said nothing"
                                                    : NULL;
    *ret_message = json_pack("{s:s,s:o}", "role", "assistant", "content", text_of(text));
    if (n && kept) json_object_set(*ret_message, "tool_calls", kept);
    json_decref(kept);
    return *ret_message && kept ? SC_OK : no_memory(err);
}

static bool openai_results(json_t *messages, const sc_dialog_turn *t, json_t *const *texts) {
    for (size_t i = 0; i < t->n_calls; i++)
        if (json_array_append_new(messages,
                                  json_pack("{s:s,s:s,s:O}", "role", "tool", "tool_call_id",
                                            t->calls[i].id, "content", texts[i])))
            return false;
    return true;
}

const sc_dialog_vendor sc_dialog_openai = {.path = "/v1/chat/completions",
                                           .user = openai_user,
                                           .body = openai_body,
                                           .take = openai_take,
                                           .results = openai_results};

/* ---- Anthropic ----------------------------------------------------------------------------------- */

static json_t *anthropic_user(sc_str text) {
    return json_pack("{s:s,s:[{s:s,s:o}]}", "role", "user", "content", "type", "text", "text",
                     text_of(text));
}

static json_t *anthropic_tool(const sc_tool *t) {
    return json_pack("{s:s,s:s,s:o}", "name", t->name, "description", t->words, "input_schema",
                     schema(t, false));
}

static json_t *cached(void) { return json_pack("{s:s}", "type", "ephemeral"); }

/* The last message goes in as a copy with a mark up to where the service is to remember. */
static json_t *anthropic_messages(const sc_dialog *d) {
    size_t n = json_array_size(d->messages);
    json_t *all = json_copy(d->messages);
    json_t *last = json_deep_copy(json_array_get(d->messages, n - 1));
    json_t *content = json_object_get(last, "content");
    json_t *block = json_array_get(content, json_array_size(content) - 1);
    if (block) json_object_set_new(block, "cache_control", cached());
    if (last) json_array_set_new(all, n - 1, last);
    return all;
}

static json_t *anthropic_body(const sc_dialog *d) {
    return json_pack("{s:s,s:I,s:[{s:s,s:s,s:o}],s:o,s:o}", "model", d->conf.model, "max_tokens",
                     (json_int_t)d->conf.max_tokens, "system", "type", "text", "text",
                     d->conf.system, "cache_control", cached(), "messages", anthropic_messages(d),
                     "tools", tools_of(d, anthropic_tool));
}

static sc_rc anthropic_take(sc_dialog *d, const json_t *reply, sc_arena *arena,
                            json_t **ret_message, sc_dialog_turn *t, sc_err *err) {
    json_t *content = json_object_get(reply, "content");
    sc_str end = sc_json_str_at(reply, "stop_reason");
    if (!json_is_array(content))
        return sc_fail(err, SC_UPSTREAM, "the service's reply holds no content");
    count(d, reply, "usage.input_tokens", "usage.output_tokens");
    count(d, reply, "usage.cache_read_input_tokens", "-");
    count(d, reply, "usage.cache_creation_input_tokens", "-");
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, MAX_TEXT_BYTES);
    json_t *kept = json_array();
    for (size_t i = 0; i < json_array_size(content); i++) {
        json_t *block = json_array_get(content, i);
        bool call = sc_str_is(sc_json_str_at(block, "type"), "tool_use");
        if (call && t->n_calls == SC_DIALOG_MAX_CALLS) continue;
        sc_buf_put_str(&b, sc_json_str_at(block, "text"));
        if (call)
            add_call(t, sc_json_str_at(block, "id"), sc_json_str_at(block, "name"),
                     json_incref(json_object_get(block, "input")), arena);
        json_array_append(kept, block);
    }
    t->text = (sc_str){keep(sc_buf_str(&b), arena), b.n};
    t->why = t->n_calls                     ? NULL
             : sc_str_is(end, "max_tokens") ? "its answer was cut off"
             : sc_str_is(end, "refusal")    ? "it refused"
             : !b.n                         ? "it said nothing"
                                            : NULL;
    if (!json_array_size(kept)) { /* an empty message would be refused with the next request */
        json_decref(kept);
        return SC_OK;
    }
    *ret_message = json_pack("{s:s,s:o}", "role", "assistant", "content", kept);
    return *ret_message && !b.no_memory ? SC_OK : no_memory(err);
}

static bool anthropic_results(json_t *messages, const sc_dialog_turn *t, json_t *const *texts) {
    json_t *content = json_array();
    for (size_t i = 0; i < t->n_calls; i++)
        if (json_array_append_new(content,
                                  json_pack("{s:s,s:s,s:O}", "type", "tool_result", "tool_use_id",
                                            t->calls[i].id, "content", texts[i]))) {
            json_decref(content);
            return false;
        }
    return !json_array_append_new(messages,
                                  json_pack("{s:s,s:o}", "role", "user", "content", content));
}

const sc_dialog_vendor sc_dialog_anthropic = {.path = "/v1/messages",
                                              .user = anthropic_user,
                                              .body = anthropic_body,
                                              .take = anthropic_take,
                                              .results = anthropic_results};

/* ---- Gemini -------------------------------------------------------------------------------------- */

static json_t *gemini_user(sc_str text) {
    return json_pack("{s:s,s:[{s:o}]}", "role", "user", "parts", "text", text_of(text));
}

static json_t *gemini_tool(const sc_tool *t) {
    return json_pack("{s:s,s:s,s:o}", "name", t->name, "description", t->words, "parameters",
                     schema(t, true));
}

static json_t *gemini_body(const sc_dialog *d) {
    return json_pack("{s:{s:[{s:s}]},s:O,s:[{s:o}],s:{s:I}}", "systemInstruction", "parts", "text",
                     d->conf.system, "contents", d->messages, "tools", "functionDeclarations",
                     tools_of(d, gemini_tool), "generationConfig", "maxOutputTokens",
                     (json_int_t)d->conf.max_tokens);
}

static sc_rc gemini_take(sc_dialog *d, const json_t *reply, sc_arena *arena, json_t **ret_message,
                         sc_dialog_turn *t, sc_err *err) {
    const json_t *first = sc_json_at(reply, "candidates.0");
    const json_t *parts = sc_json_at(first, "content.parts");
    sc_str end = sc_json_str_at(first, "finishReason");
    bool blocked = sc_json_str_at(reply, "promptFeedback.blockReason").n > 0;
    if (!json_is_object(first) && !blocked)
        return sc_fail(err, SC_UPSTREAM, "the service's reply holds no candidate");
    count(d, reply, "usageMetadata.promptTokenCount", "usageMetadata.candidatesTokenCount");
    count(d, reply, "-", "usageMetadata.thoughtsTokenCount");
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, MAX_TEXT_BYTES);
    json_t *kept = json_array();
    for (size_t i = 0; i < json_array_size(parts); i++) {
        json_t *part = json_array_get(parts, i), *call = json_object_get(part, "functionCall");
        if (call && t->n_calls == SC_DIALOG_MAX_CALLS) continue;
        if (call)
            add_call(t, sc_json_str_at(call, "id"), sc_json_str_at(call, "name"),
                     json_incref(json_object_get(call, "args")), arena);
        else if (!json_is_true(json_object_get(part, "thought")))
            sc_buf_put_str(&b, sc_json_str_at(part, "text"));
        json_array_append(kept, part);
    }
    t->text = (sc_str){keep(sc_buf_str(&b), arena), b.n};
    t->why = t->n_calls                     ? NULL
             : sc_str_is(end, "MAX_TOKENS") ? "its answer was cut off"
             : blocked                      ? "a filter of the service refused"
             : !b.n                         ? "it said nothing"
                                            : NULL;
    if (!json_array_size(kept)) {
        json_decref(kept);
        return SC_OK;
    }
    *ret_message = json_pack("{s:s,s:o}", "role", "model", "parts", kept);
    return *ret_message && !b.no_memory ? SC_OK : no_memory(err);
}

static bool gemini_results(json_t *messages, const sc_dialog_turn *t, json_t *const *texts) {
    json_t *parts = json_array();
    for (size_t i = 0; i < t->n_calls; i++) {
        json_t *one =
            json_pack("{s:s,s:{s:O}}", "name", t->calls[i].name, "response", "output", texts[i]);
        if (*t->calls[i].id) json_object_set_new(one, "id", json_string(t->calls[i].id));
        if (json_array_append_new(parts, json_pack("{s:o}", "functionResponse", one))) {
            json_decref(parts);
            return false;
        }
    }
    return !json_array_append_new(messages, json_pack("{s:s,s:o}", "role", "user", "parts", parts));
}

const sc_dialog_vendor sc_dialog_gemini = {.path = "/v1beta/models/%s:generateContent",
                                           .user = gemini_user,
                                           .body = gemini_body,
                                           .take = gemini_take,
                                           .results = gemini_results};
