#include "agents/agents.h"

#include <stdio.h>
#include <stdlib.h>

#include "proc/proc.h"

enum { MAX_TEXT = 64 << 10, VERSION_BYTES = 4096, VERSION_MS = 15000 };

/* What a custom command gets: it may speak any of the three. */
static const sc_agent_pair any_env[] = {
    {"OPENAI_BASE_URL", "{url}/v1"},      {"OPENAI_API_BASE", "{url}/v1"},
    {"OPENAI_API_KEY", "{key}"},          {"ANTHROPIC_BASE_URL", "{url}"},
    {"ANTHROPIC_API_KEY", "{key}"},       {"GOOGLE_GEMINI_BASE_URL", "{url}"},
    {"GEMINI_API_KEY", "{key}"},          {"SOULCASTER_MODEL", "{model}"},
    {"SOULCASTER_TASK", "{prompt_file}"},
};

/* Every one: package managers and whatever else looks for a proxy find the list of hosts there, and what is not on
 * it is seen to have been asked for. The models answer over plain HTTP on the loopback interface. */
static const sc_agent_pair way_env[] = {
    {"HTTPS_PROXY", "{url}"},
    {"https_proxy", "{url}"},
    {"NO_PROXY", "127.0.0.1,localhost"},
    {"no_proxy", "127.0.0.1,localhost"},
};

const sc_agent *sc_agent_find(sc_str name) {
    for (size_t i = 0; i < sc_agents_n; i++)
        if (sc_str_is(name, sc_agents[i].name)) return &sc_agents[i];
    return NULL;
}

/* ---- Words in braces ----------------------------------------------------------------------------- */

static bool put_word(sc_str name, const sc_agent_words *w, sc_buf *b) {
    const struct {
        const char *name, *value;
    } words[] = {
        {"prompt_file", w->prompt_file},
        {"work", w->work},
        {"home", w->home},
        {"model", w->model},
        {"url", w->url},
        {"self", w->self},
        {"key", "no-key-needed-here"}, /* the proxy puts the real one in its place */
        {"shape", w->shape < SC_PROXY_SHAPES ? sc_proxy_shape_name(w->shape) : NULL},
    };
    for (size_t i = 0; i < SC_LEN(words); i++)
        if (sc_str_is(name, words[i].name)) return words[i].value && sc_buf_puts(b, words[i].value);
    if (sc_str_is(name, "steps")) return sc_buf_put_int(b, w->steps);
    if (!sc_str_is(name, "task") || !w->prompt_file) return false;
    return sc_buf_putf(b,
                       "Read the file %s: it describes a problem of the code in the folder you are "
                       "in. Do what it says, by changing files here, and nothing else.",
                       w->prompt_file);
}

/* The length of a word and its braces at the start of s; 0: there is none (JSON has braces too). */
static size_t braced(sc_str s) {
    size_t n = 1;
    while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || s.p[n] == '_')) n++;
    return s.p[0] == '{' && n > 1 && n < s.n && s.p[n] == '}' ? n + 1 : 0;
}

static sc_rc fill(const char *text, const sc_agent_words *w, sc_arena *arena, sc_str *ret,
                  sc_err *err) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, MAX_TEXT);
    sc_str rest = sc_str_of(text);
    while (rest.n) {
        size_t n = braced(rest), step = n ? n : 1;
        if (!n)
            sc_buf_putc(&b, rest.p[0]);
        else if (!put_word((sc_str){rest.p + 1, n - 2}, w, &b) && !b.failed)
            return sc_fail(err, SC_INVALID, "an agent's command: nothing stands for %.*s",
                           SC_FMT(sc_str_clip((sc_str){rest.p, n}, 60)));
        rest = (sc_str){rest.p + step, rest.n - step};
    }
    sc_rc rc = sc_buf_check(&b, "a word of an agent's command", err);
    char *copy = rc ? NULL : sc_arena_copy(arena, b.p ? b.p : "", b.n);
    if (!rc && !copy) return sc_fail(err, SC_NOMEM, "no memory for an agent's command");
    *ret = (sc_str){copy, b.n};
    return rc;
}

size_t sc_agent_argc(const sc_agent *a) {
    size_t n = 0;
    while (a->argv[n]) n++;
    return n;
}

sc_rc sc_agent_argv(const char *const *words, size_t n, const sc_agent_words *w, sc_arena *arena,
                    const char *const **ret, sc_err *err) {
    if (!n || n > SC_AGENT_MAX_ARGS || !words[0] || !words[0][0])
        return sc_fail(err, SC_INVALID, "an agent's command has 1 to %d words", SC_AGENT_MAX_ARGS);
    const char **argv = sc_arena_take_array(arena, n + 1, sizeof *argv);
    if (!argv) return sc_fail(err, SC_NOMEM, "no memory for an agent's command");
    for (size_t i = 0; i < n; i++) {
        sc_str one;
        sc_rc rc = fill(words[i], w, arena, &one, err);
        if (rc) return rc;
        argv[i] = one.p;
    }
    *ret = argv;
    return SC_OK;
}

static sc_rc fill_pairs(const sc_agent_pair *rows, size_t n, const sc_agent_words *w,
                        sc_arena *arena, sc_agent_pair *to, sc_err *err) {
    for (size_t i = 0; i < n; i++) {
        sc_str value;
        sc_rc rc = fill(rows[i].value, w, arena, &value, err);
        if (rc) return rc;
        to[i] = (sc_agent_pair){rows[i].name, value.p};
    }
    return SC_OK;
}

sc_rc sc_agent_env(const sc_agent *a, const sc_agent_words *w, sc_arena *arena,
                   const sc_agent_pair **ret, size_t *ret_n, sc_err *err) {
    const sc_agent_pair *rows = a ? a->env : any_env;
    size_t n = a ? a->n_env : SC_LEN(any_env);
    sc_agent_pair *pairs = sc_arena_take_array(arena, n + SC_LEN(way_env), sizeof *pairs);
    if (!pairs) return sc_fail(err, SC_NOMEM, "no memory for an agent's environment");
    sc_rc rc = fill_pairs(rows, n, w, arena, pairs, err);
    if (!rc) rc = fill_pairs(way_env, SC_LEN(way_env), w, arena, pairs + n, err);
    *ret = pairs;
    *ret_n = n + SC_LEN(way_env);
    return rc;
}

sc_rc sc_agent_way(const sc_agent_words *w, sc_arena *arena, const sc_agent_pair **ret,
                   size_t *ret_n, sc_err *err) {
    sc_agent_pair *pairs = sc_arena_take_array(arena, SC_LEN(way_env), sizeof *pairs);
    if (!pairs) return sc_fail(err, SC_NOMEM, "no memory for a command's environment");
    *ret = pairs;
    *ret_n = SC_LEN(way_env);
    return fill_pairs(way_env, SC_LEN(way_env), w, arena, pairs, err);
}

sc_rc sc_agent_file(const sc_agent *a, const sc_agent_words *w, sc_arena *arena, sc_str *ret,
                    sc_err *err) {
    *ret = SC_STR_NONE;
    return a->file ? fill(a->file_text, w, arena, ret, err) : SC_OK;
}

/* ---- Versions ------------------------------------------------------------------------------------ */

/* "N.N" or "N.N.N" at the start of s. */
static bool read_version(sc_str s, int ret[3]) {
    int parts[3] = {0}, n = 0;
    for (size_t i = 0; n < 3; n++) {
        size_t from = i;
        while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && i - from < 6)
            parts[n] = parts[n] * 10 + (s.p[i++] - '0');
        if (i == from) break;
        if (i >= s.n || s.p[i] != '.') {
            n++;
            break;
        }
        i++;
    }
    memcpy(ret, parts, sizeof parts);
    return n >= 2;
}

sc_rc sc_agent_version_ok(const sc_agent *a, sc_str printed, char ret_found[32], sc_err *err) {
    int found[3];
    bool has = false;
    for (size_t i = 0; i < printed.n && !has; i++) {
        bool starts = printed.p[i] >= '0' && printed.p[i] <= '9' &&
                      (!i || printed.p[i - 1] < '0' || printed.p[i - 1] > '9');
        has = starts && read_version((sc_str){printed.p + i, printed.n - i}, found);
    }
    if (!has) return sc_fail(err, SC_INVALID, "%s says no version", a->name);
    if (ret_found) snprintf(ret_found, 32, "%d.%d.%d", found[0], found[1], found[2]);
    for (int i = 0; i < 3; i++) {
        if (found[i] > a->needs[i]) return SC_OK;
        if (found[i] < a->needs[i])
            return sc_fail(err, SC_UNPROCESSABLE, "%s is %d.%d.%d; at least %d.%d.%d is needed",
                           a->name, found[0], found[1], found[2], a->needs[0], a->needs[1],
                           a->needs[2]);
    }
    return SC_OK;
}

static void keep_output(void *self, sc_proc_stream stream, sc_str bytes) {
    if (stream == SC_PROC_OUT) sc_buf_put(self, bytes.p, bytes.n);
}

sc_rc sc_agent_installed(const sc_agent *a, char ret_found[32], sc_err *err) {
    char path[512];
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, VERSION_BYTES);
    char search[4096];
    const char *ours = getenv("PATH"); /* a script's interpreter is looked for there */
    snprintf(search, sizeof search, "PATH=%s", ours ? ours : "/usr/local/bin:/usr/bin:/bin");
    const char *const env[] = {search, "HOME=/nonexistent", "LANG=C.UTF-8", NULL};
    const sc_proc_spec spec = {.argv = a->version,
                               .env = env,
                               .output = keep_output,
                               .self = &out,
                               .timeout_ms = VERSION_MS,
                               .max_output_bytes = VERSION_BYTES};
    sc_proc_end end;
    if (!a->version) return sc_fail(err, SC_INVALID, "%s is a part of this program", a->name);
    sc_rc rc = sc_proc_find(a->version[0], path, sizeof path, err);
    if (!rc) rc = sc_proc_run(&spec, &end, err);
    if (rc) return rc;
    if (end.exit)
        return sc_fail(err, SC_INVALID, "%s --version ended with %s %d", a->program,
                       end.exit < 0 ? "signal" : "status", end.exit < 0 ? end.signal : end.exit);
    return sc_agent_version_ok(a, sc_buf_str(&out), ret_found, err);
}
