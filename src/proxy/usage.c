/* Where the counts stand: OpenAI chat "usage" {prompt_tokens, completion_tokens, prompt_tokens_details.cached_tokens},
 * in a stream in its last chunk (stream_options.include_usage); OpenAI responses {input_tokens, output_tokens,
 * input_tokens_details.cached_tokens} in the last event's "response"; Anthropic "usage" {input_tokens,
 * cache_creation_input_tokens, cache_read_input_tokens, output_tokens} in message_start's "message" and, the output
 * growing, in message_delta (https://docs.anthropic.com/en/docs/build-with-claude/streaming); Gemini "usageMetadata"
 * {promptTokenCount, toolUsePromptTokenCount, cachedContentTokenCount, candidatesTokenCount, thoughtsTokenCount}
 * in every piece. */
#include "proxy/usage.h"

#include "base/json.h"

enum { MAX_KEPT = 8 << 20, MAX_COUNT = 1 << 30 };

void sc_usage_init(sc_usage *u, sc_proxy_shape shape, bool events) {
    *u = (sc_usage){.shape = shape, .events = events};
    sc_buf_init(&u->kept, MAX_KEPT);
}

void sc_usage_done(sc_usage *u) { sc_buf_done(&u->kept); }

int64_t sc_usage_estimate(size_t bytes) { return (int64_t)(bytes / 2) + 1; }

int64_t sc_usage_cost(int64_t tokens, int64_t price) {
    return (int64_t)(((__int128)tokens * price + 999999) / 1000000);
}

/* A count of tokens, where there is one. */
static bool read_count(const json_t *v, const char *path, int64_t *ret) {
    const json_t *n = sc_json_at(v, path);
    if (!json_is_integer(n) || json_integer_value(n) < 0) return false;
    *ret = SC_MIN((int64_t)json_integer_value(n), (int64_t)MAX_COUNT);
    return true;
}

static int64_t count(const json_t *v, const char *path) {
    int64_t n = 0;
    return read_count(v, path, &n) ? n : 0;
}

/* Counts only grow: what a service said once it has taken. */
static void note(int64_t *into, bool *has, int64_t n) {
    *into = SC_MAX(*into, n);
    *has = true;
}

static void read_openai(sc_usage *u, const json_t *v) {
    int64_t n;
    const json_t *use = json_object_get(v, "usage");
    if (!json_is_object(use)) use = sc_json_at(v, "response.usage");
    if (read_count(use, "prompt_tokens", &n) || read_count(use, "input_tokens", &n)) {
        note(&u->in, &u->has_in, n);
        /* Embeddings have no output. */
        if (!read_count(use, "completion_tokens", &n) && !read_count(use, "output_tokens", &n))
            n = 0;
        note(&u->out, &u->has_out, n);
    }
    u->cached = SC_MAX(u->cached, SC_MAX(count(use, "prompt_tokens_details.cached_tokens"),
                                         count(use, "input_tokens_details.cached_tokens")));
}

static void read_anthropic(sc_usage *u, const json_t *v) {
    int64_t n;
    bool start = sc_str_is(sc_json_str_at(v, "type"), "message_start");
    const json_t *use = start ? sc_json_at(v, "message.usage") : json_object_get(v, "usage");
    if (read_count(use, "input_tokens", &n)) {
        int64_t read = count(use, "cache_read_input_tokens");
        int64_t put = count(use, "cache_creation_input_tokens");
        u->cached = SC_MAX(u->cached, read);
        u->written = SC_MAX(u->written, put);
        u->written_long =
            SC_MAX(u->written_long, count(use, "cache_creation.ephemeral_1h_input_tokens"));
        note(&u->in, &u->has_in, n + read + put);
    }
    /* message_start says 1 or so: the answer has not begun. */
    if (!start && read_count(use, "output_tokens", &n)) note(&u->out, &u->has_out, n);
}

static void read_gemini(sc_usage *u, const json_t *v) {
    int64_t n;
    const json_t *use = json_object_get(v, "usageMetadata");
    if (!read_count(use, "promptTokenCount", &n)) return;
    note(&u->in, &u->has_in, n + count(use, "toolUsePromptTokenCount"));
    note(&u->out, &u->has_out,
         count(use, "candidatesTokenCount") + count(use, "thoughtsTokenCount"));
    u->cached = SC_MAX(u->cached, count(use, "cachedContentTokenCount"));
}

/* How much a model said in this piece of JSON, in bytes: for streams that end before they are counted. */
static size_t said(const json_t *v) {
    static const char *const keys[] = {"content",      "text",     "delta",     "arguments",
                                       "partial_json", "thinking", "reasoning", "reasoning_content",
                                       "refusal"};
    size_t n = 0, i;
    json_t *member;
    const char *key;
    if (json_is_array(v)) {
        json_array_foreach((json_t *)v, i, member) n += said(member);
        return n;
    }
    json_object_foreach((json_t *)v, key, member) {
        bool is_one = false;
        for (i = 0; i < SC_LEN(keys) && !is_one; i++) is_one = !strcmp(key, keys[i]);
        if (is_one && json_is_string(member)) n += json_string_length(member);
        n += said(member);
    }
    return n;
}

static void read_one(sc_usage *u, const json_t *v) {
    switch (u->shape) {
    case SC_PROXY_OPENAI: read_openai(u, v); break;
    case SC_PROXY_ANTHROPIC: read_anthropic(u, v); break;
    default: read_gemini(u, v); break;
    }
    u->text_bytes += (int64_t)said(v);
    u->n_events++;
}

static void read_json(sc_usage *u, sc_str text) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (sc_json_parse(text, &v, NULL)) { /* cut off, or no JSON */
        u->text_bytes += (int64_t)text.n;
        return;
    }
    if (!json_is_array(v)) {
        read_one(u, v);
        return;
    }
    for (size_t i = 0; i < json_array_size(v); i++) read_one(u, json_array_get(v, i));
}

static void read_line(sc_usage *u) {
    sc_str line = sc_str_trim(sc_buf_str(&u->kept));
    if (u->kept.failed) {
        u->lost = true;
    } else if (sc_str_starts(line, "data:")) {
        sc_str data = sc_str_trim((sc_str){line.p + 5, line.n - 5});
        if (data.n && !sc_str_is(data, "[DONE]")) read_json(u, data);
    }
    sc_buf_reset(&u->kept);
}

void sc_usage_put(sc_usage *u, sc_str bytes) {
    if (!u->events) {
        if (!sc_buf_put_str(&u->kept, bytes)) {
            u->lost = true;
            u->text_bytes += (int64_t)bytes.n;
        }
        return;
    }
    while (bytes.n) {
        const char *lf = memchr(bytes.p, '\n', bytes.n);
        size_t n = lf ? (size_t)(lf - bytes.p) + 1 : bytes.n;
        if (!sc_buf_put(&u->kept, bytes.p, n)) u->text_bytes += (int64_t)n;
        if (lf) read_line(u);
        bytes = (sc_str){bytes.p + n, bytes.n - n};
    }
}

void sc_usage_end(sc_usage *u) {
    if (u->events)
        read_line(u);
    else if (u->lost)
        u->text_bytes += (int64_t)u->kept.n;
    else if (u->kept.n)
        read_json(u, sc_buf_str(&u->kept));
    sc_buf_reset(&u->kept);
}

/* Anthropic's caches: a token put there costs 1.25 of a token, 2 where it stays for an hour
 * (https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching). */
static int64_t cost_in(const sc_usage *u, const sc_proxy_model *m, int64_t in) {
    int64_t cached = SC_MIN(u->cached, in), written = SC_MIN(u->written, in - cached);
    int64_t longer = SC_MIN(u->written_long, written);
    int64_t cached_price = m->price_cached ? m->price_cached : m->price_in;
    return sc_usage_cost(in - cached - written, m->price_in) + sc_usage_cost(cached, cached_price) +
           sc_usage_cost(written - longer, m->price_in + m->price_in / 4) +
           sc_usage_cost(longer, m->price_in * 2);
}

bool sc_usage_total(const sc_usage *u, const sc_proxy_model *m, int64_t est_in, sc_proxy_use *ret) {
    int64_t in = u->has_in ? u->in : est_in;
    int64_t seen = u->text_bytes || u->n_events
                       ? SC_MAX(sc_usage_estimate((size_t)u->text_bytes), u->n_events)
                       : 0;
    int64_t out = u->has_out ? u->out : seen;
    *ret = (sc_proxy_use){in, out, cost_in(u, m, in) + sc_usage_cost(out, m->price_out)};
    return u->has_in && u->has_out;
}
