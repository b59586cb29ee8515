#include "stores/redis/rest_answer.h"

#include "base/json.h"

static int digit_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648, with its padding and nothing else. */
static bool put_decoded(sc_buf *out, sc_str s) {
    size_t pad =
        s.n >= 4 ? (s.p[s.n - 1] == '=') + (s.p[s.n - 1] == '=' && s.p[s.n - 2] == '=') : 0;
    if (s.n % 4) return false;
    sc_buf_putf(out, "$%zu\r\n", s.n / 4 * 3 - pad);
    for (size_t i = 0; i < s.n; i += 4) {
        size_t some = i + 4 == s.n ? 4 - pad : 4;
        unsigned v = 0;
        for (size_t k = 0; k < 4; k++) {
            int d = k < some ? digit_of(s.p[i + k]) : 0;
            if (d < 0) return false;
            v = v << 6 | (unsigned)d;
        }
        const char three[3] = {(char)(v >> 16), (char)(v >> 8), (char)v};
        sc_buf_put(out, three, some - 1);
    }
    sc_buf_puts(out, "\r\n");
    return true;
}

/* Depth is bounded by the JSON reader's, and by hiredis afterwards. */
static bool put_value(sc_buf *out, const json_t *v) { // NOLINT(misc-no-recursion)
    if (json_is_null(v)) return sc_buf_puts(out, "$-1\r\n") || true;
    if (json_is_integer(v)) {
        sc_buf_putf(out, ":%lld\r\n", (long long)json_integer_value(v));
        return true;
    }
    if (json_is_string(v)) {
        sc_str s = {json_string_value(v), json_string_length(v)};
        return sc_str_is(s, "OK") ? sc_buf_puts(out, "+OK\r\n") || true : put_decoded(out, s);
    }
    if (!json_is_array(v)) return false;
    sc_buf_putf(out, "*%zu\r\n", json_array_size(v));
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!put_value(out, json_array_get(v, i))) return false;
    return true;
}

/* The end of an error's line: the one place of a reply of Redis where a time has room. */
#define AGAIN "; again in "
#define AGAIN_UNIT " ms"

static void end_error(sc_buf *out, int64_t wait_ms) {
    if (wait_ms > 0) sc_buf_putf(out, AGAIN "%lld" AGAIN_UNIT, (long long)wait_ms);
    sc_buf_puts(out, "\r\n");
}

int64_t sc_rd_rest_wait_ms(sc_str said) {
    int64_t ms;
    for (size_t at; (at = sc_str_find(said, SC_STR(AGAIN))) != SIZE_MAX;) {
        at += strlen(AGAIN);
        said = (sc_str){said.p + at, said.n - at};
    }
    if (!sc_str_ends(said, AGAIN_UNIT)) return 0;
    said.n -= strlen(AGAIN_UNIT);
    return sc_num_i64(said, 0, SC_RD_REST_MOST_WAIT_MS, &ms, NULL) ? 0 : ms;
}

/* One line of an error; what somebody else wrote may say anything, and the token back to us. */
static void put_error(sc_buf *out, sc_str said, int64_t wait_ms, sc_str secret) {
    if (secret.n && sc_str_find(said, secret) != SIZE_MAX)
        said = SC_STR("ERR the REST address answered with words that hold the token");
    sc_buf_putc(out, '-');
    for (size_t i = 0; i < said.n; i++)
        sc_buf_putc(out, (unsigned char)said.p[i] < 0x20 ? ' ' : said.p[i]);
    end_error(out, wait_ms);
}

static const json_t *error_of(const json_t *one) {
    const json_t *error = json_object_get(one, "error");
    return json_is_string(error) && json_string_length(error) ? error : NULL;
}

static bool put_one(sc_buf *out, const json_t *one, sc_str secret) {
    const json_t *error = error_of(one), *result = json_object_get(one, "result");
    if (error)
        put_error(out, (sc_str){json_string_value(error), json_string_length(error)}, 0, secret);
    return error || (result && put_value(out, result));
}

static bool put_all(sc_buf *out, const json_t *v, bool pipeline, size_t n, sc_str secret) {
    if (!pipeline) return put_one(out, v, secret);
    if (json_array_size(v) != n) return false;
    for (size_t i = 0; i < n; i++)
        if (!put_one(out, json_array_get(v, i), secret)) return false;
    return true;
}

sc_rc sc_rd_rest_answer(sc_str body, bool pipeline, size_t n, sc_str secret, sc_buf *out,
                        sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = sc_json_parse(body, &v, NULL);
    if (rc == SC_NOMEM) return sc_fail(err, SC_NOMEM, "no memory for an answer of Redis");
    if (rc || !put_all(out, v, pipeline, n, secret))
        return sc_fail(err, SC_STORE, "answered what is no answer of Redis over REST");
    return sc_buf_check(out, "an answer of Redis", err);
}

/* ---- Refusals ------------------------------------------------------------------------------------ */

static const struct {
    int status;
    const char *words;
} refusals[] = {
    {401, "it does not know the token (UPSTASH_REDIS_REST_TOKEN)"},
    {403, "the token may not do that"},
    {404, "is that the REST address?"},
    {405, "is that the REST address?"},
    {413, "the request is larger than it takes"},
    {429, "too many requests: its limit for this account is reached"},
};

void sc_rd_rest_refusal(int status, sc_str body, size_t n, int64_t wait_ms, sc_str secret,
                        sc_buf *out) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    const char *words = status < 400 ? "it leads elsewhere; name that address" : "it refuses";
    const json_t *said = sc_json_parse(body, &v, NULL) ? NULL : error_of(v);
    for (size_t i = 0; i < SC_LEN(refusals); i++)
        if (refusals[i].status == status) words = refusals[i].words;
    for (size_t i = 0; i < n; i++) {
        if (said) {
            put_error(out, (sc_str){json_string_value(said), json_string_length(said)}, wait_ms,
                      secret);
            continue;
        }
        sc_buf_putf(out, "-ERR the REST address answered %d: %s", status, words);
        end_error(out, wait_ms);
    }
}
