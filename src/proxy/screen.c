/* Shapes: https://platform.openai.com/docs/api-reference/{chat,responses,embeddings},
 * https://docs.anthropic.com/en/api/messages, https://ai.google.dev/api/generate-content. */
#include "proxy/screen.h"

#include <stdio.h>

#include "base/json.h"

/* ---- Paths --------------------------------------------------------------------------------------- */

static const struct {
    const char *method, *path;
    sc_proxy_shape shape;
    sc_proxy_kind kind;
} routes[] = {
    {"POST", "/v1/chat/completions", SC_PROXY_OPENAI, SC_PROXY_CHAT},
    {"POST", "/v1/responses", SC_PROXY_OPENAI, SC_PROXY_RESPONSES},
    {"POST", "/v1/embeddings", SC_PROXY_OPENAI, SC_PROXY_EMBED},
    {"GET", "/v1/models", SC_PROXY_OPENAI, SC_PROXY_MODELS},
    {"POST", "/v1/messages", SC_PROXY_ANTHROPIC, SC_PROXY_MESSAGES},
    {"POST", "/v1/messages/count_tokens", SC_PROXY_ANTHROPIC, SC_PROXY_COUNT},
    {"GET", "/v1beta/models", SC_PROXY_GEMINI, SC_PROXY_MODELS},
};

static const struct {
    const char *verb;
    sc_proxy_kind kind;
    bool stream;
} google[] = {{":generateContent", SC_PROXY_GENERATE, false},
              {":streamGenerateContent", SC_PROXY_GENERATE, true},
              {":countTokens", SC_PROXY_COUNT, false}};

#define GOOGLE_MODELS "/v1beta/models/"

const char *sc_proxy_shape_name(sc_proxy_shape s) {
    static const char *const names[SC_PROXY_SHAPES] = {"openai", "anthropic", "gemini"};
    return names[s];
}

sc_proxy_shape sc_proxy_shape_of(sc_str target) {
    return sc_str_starts(target, "/v1beta/")       ? SC_PROXY_GEMINI
           : sc_str_starts(target, "/v1/messages") ? SC_PROXY_ANTHROPIC
                                                   : SC_PROXY_OPENAI;
}

/* Of the query only what changes the form of the answer goes on (a key may stand there too). */
static const char *query_of(sc_str query) {
    sc_str part;
    while (sc_str_next(&query, '&', &part)) {
        if (sc_str_is(part, "alt=sse")) return "?alt=sse";
        if (sc_str_is(part, "beta=true")) return "?beta=true";
    }
    return "";
}

static bool name_fits(sc_str name) {
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool ok = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' ||
                  c == '_' || c == '.';
        if (!ok) return false;
    }
    return name.n > 0;
}

static bool google_route(sc_str path, sc_proxy_route *r) {
    sc_str rest = {path.p + sizeof GOOGLE_MODELS - 1, path.n - (sizeof GOOGLE_MODELS - 1)};
    for (size_t i = 0; i < SC_LEN(google); i++) {
        if (!sc_str_ends(rest, google[i].verb)) continue;
        sc_str name = {rest.p, rest.n - strlen(google[i].verb)};
        if (!name_fits(name) || name.n >= sizeof r->model) return false;
        memcpy(r->model, name.p, name.n);
        r->model[name.n] = 0;
        r->shape = SC_PROXY_GEMINI;
        r->kind = google[i].kind;
        r->stream = google[i].stream;
        return true;
    }
    return false;
}

sc_rc sc_proxy_route_of(sc_str method, sc_str target, bool other, sc_proxy_route *ret,
                        sc_err *err) {
    sc_str query = target, path;
    sc_proxy_route r = {0};
    sc_str_next(&query, '?', &path);
    bool found = false, allowed = false;
    for (size_t i = 0; i < SC_LEN(routes) && !allowed; i++) {
        if (!sc_str_is(path, routes[i].path)) continue;
        found = true;
        allowed = sc_str_is(method, routes[i].method);
        r.shape = routes[i].shape;
        r.kind = routes[i].kind;
    }
    if (!found && sc_str_starts(path, GOOGLE_MODELS)) {
        found = google_route(path, &r);
        allowed = sc_str_is(method, "POST");
    }
    if (!found) return sc_fail(err, SC_NOT_FOUND, "the model proxy knows no such address");
    if (!allowed) return sc_fail(err, SC_METHOD, "this address takes another method");
    if (r.kind == SC_PROXY_MODELS && other) r.shape = SC_PROXY_ANTHROPIC;
    /* OpenAI's base holds the version already. */
    size_t skip = r.shape == SC_PROXY_OPENAI ? sizeof "/v1" - 1 : 0;
    int n = snprintf(r.path, sizeof r.path, "%.*s%s",
                     SC_FMT(((sc_str){path.p + skip, path.n - skip})), query_of(query));
    if (n < 0 || (size_t)n >= sizeof r.path)
        return sc_fail(err, SC_NOT_FOUND, "the model proxy knows no such address");
    *ret = r;
    return SC_OK;
}

/* ---- Ways out ------------------------------------------------------------------------------------ */

/* Types of tools that the client itself carries out; whole, or as a beginning where a date follows. */
static const char *const own_tools[] = {"function", "custom", "local_shell", "apply_patch", NULL};
static const char *const own_dated[] = {"bash_", "text_editor_", "computer_", "memory_", NULL};
/* Members of a whole request that make the service reach out, or run on with nobody counting. */
static const char *const outward[] = {
    "web_search_options", "mcp_servers",   "models",         "plugins",      "background", "prompt",
    "container",          "cachedContent", "cached_content", "conversation", NULL};
/* Dearer or unknown prices. */
static const char *const tiers[] = {"service_tier", "speed", "inference_geo", NULL};

static bool listed(const char *const *list, const char *word) {
    for (; *list; list++)
        if (!strcmp(*list, word)) return true;
    return false;
}

static bool tool_is_own(const json_t *tool, sc_proxy_shape shape) {
    if (!json_is_object(tool)) return false;
    if (shape == SC_PROXY_GEMINI) {
        const char *key;
        json_t *v;
        json_object_foreach((json_t *)tool, key, v) {
            if (strcmp(key, "functionDeclarations") != 0 &&
                strcmp(key, "function_declarations") != 0)
                return false;
        }
        return true;
    }
    const json_t *type = json_object_get(tool, "type");
    if (!type) return shape == SC_PROXY_ANTHROPIC;
    const char *name = json_is_string(type) ? json_string_value(type) : "";
    if (listed(own_tools, name)) return true;
    for (size_t i = 0; own_dated[i] && shape == SC_PROXY_ANTHROPIC; i++)
        if (sc_str_starts(sc_str_of(name), own_dated[i])) return true;
    return false;
}

static sc_rc check_tools(const json_t *body, sc_proxy_shape shape, sc_err *err) {
    const json_t *tools = json_object_get(body, "tools");
    if (!tools || json_is_null(tools)) return SC_OK;
    if (!json_is_array(tools)) return sc_fail(err, SC_INVALID, "tools is no list");
    for (size_t i = 0; i < json_array_size(tools); i++)
        if (!tool_is_own(json_array_get(tools, i), shape))
            return sc_fail(
                err, SC_FORBIDDEN,
                "tools[%zu] would be run by the model's service; only tools that the agent "
                "runs itself are allowed here",
                i);
    return SC_OK;
}

static bool is_text(const json_t *v, const char *start) {
    return json_is_string(v) && sc_str_starts(sc_str_of(json_string_value(v)), start);
}

/* Does this part of a message point at something that the service is to fetch? */
static bool fetches(const json_t *part) {
    const json_t *type = json_object_get(part, "type");
    const json_t *image = json_object_get(part, "image_url");
    const json_t *url = json_is_object(image) ? json_object_get(image, "url") : image;
    if (json_is_string(url) && !is_text(url, "data:")) return true;
    if (json_is_string(json_object_get(part, "file_url"))) return true;
    if (json_is_object(json_object_get(part, "fileData")) ||
        json_is_object(json_object_get(part, "file_data")))
        return true;
    return is_text(type, "url") && json_is_string(json_object_get(part, "url"));
}

/* What models and tools said: data, not parts of the protocol. */
static const char *const opaque[] = {"input_schema", "parameters",           "arguments", "args",
                                     "response",     "parametersJsonSchema", "schema",    NULL};

static bool any_fetches(const json_t *v) {
    if (json_is_array(v)) {
        for (size_t i = 0; i < json_array_size(v); i++)
            if (any_fetches(json_array_get(v, i))) return true;
        return false;
    }
    if (!json_is_object(v)) return false;
    if (fetches(v)) return true;
    bool call = is_text(json_object_get(v, "type"), "tool_use");
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)v, key, member) {
        if (listed(opaque, key) || (call && !strcmp(key, "input"))) continue;
        if (any_fetches(member)) return true;
    }
    return false;
}

/* ---- Reading it ---------------------------------------------------------------------------------- */

static int64_t count_at(const json_t *body, const char *path) {
    const json_t *v = sc_json_at(body, path);
    return json_is_integer(v) && json_integer_value(v) > 0
               ? SC_MIN((int64_t)json_integer_value(v), (int64_t)1 << 32)
               : 0;
}

static int64_t most_out(const json_t *body) {
    static const char *const limits[] = {"max_completion_tokens",
                                         "max_output_tokens",
                                         "max_tokens",
                                         "generationConfig.maxOutputTokens",
                                         "generation_config.max_output_tokens",
                                         "generationConfig.max_output_tokens",
                                         "generation_config.maxOutputTokens"};
    static const char *const answers[] = {"n", "generationConfig.candidateCount",
                                          "generation_config.candidate_count"};
    int64_t most = 0, times = 1;
    for (size_t i = 0; i < SC_LEN(limits); i++) most = SC_MAX(most, count_at(body, limits[i]));
    for (size_t i = 0; i < SC_LEN(answers); i++) times = SC_MAX(times, count_at(body, answers[i]));
    return most * SC_MIN(times, (int64_t)1024);
}

sc_rc sc_proxy_screen(const sc_proxy_route *r, json_t *body, sc_proxy_ask *ret, sc_err *err) {
    if (!json_is_object(body)) return sc_fail(err, SC_INVALID, "the body is no JSON object");
    for (size_t i = 0; outward[i]; i++) {
        const json_t *v = json_object_get(body, outward[i]);
        if (v && !json_is_null(v) && !json_is_false(v))
            return sc_fail(err, SC_FORBIDDEN, "%s is not allowed here", outward[i]);
    }
    sc_rc rc = check_tools(body, r->shape, err);
    if (rc) return rc;
    if (any_fetches(body))
        return sc_fail(err, SC_FORBIDDEN,
                       "a part of the request is an address that the model's service would fetch; "
                       "only data in the request itself is allowed here");
    for (size_t i = 0; tiers[i]; i++) json_object_del(body, tiers[i]);
    *ret = (sc_proxy_ask){.stream = r->stream || json_is_true(json_object_get(body, "stream")),
                          .max_out = most_out(body)};
    if (r->model[0]) {
        ret->model = sc_str_of(r->model);
        return SC_OK;
    }
    const json_t *model = json_object_get(body, "model");
    if (!json_is_string(model)) return sc_fail(err, SC_INVALID, "the request names no model");
    ret->model = (sc_str){json_string_value(model), json_string_length(model)};
    if (r->kind != SC_PROXY_CHAT || !ret->stream) return SC_OK;
    json_t *options = json_pack("{s:b}", "include_usage", 1);
    return options && !json_object_set_new(body, "stream_options", options)
               ? SC_OK
               : sc_fail(err, SC_NOMEM, "no memory for the request");
}
