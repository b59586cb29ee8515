/* Agents as command templates. */
#include "agents/agents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/json.h"

static const sc_agent_words words = {.prompt_file = "/ours/task.md",
                                     .work = "/workspace",
                                     .home = "/home/agent",
                                     .model = "m-1",
                                     .url = "http://127.0.0.1:8100",
                                     .self = "/ours/soulcaster",
                                     .shape = SC_PROXY_GEMINI,
                                     .steps = 40};

static int arena_new(void **state) {
    sc_arena *a = sc_alloc(sizeof *a);
    sc_arena_init(a, 1 << 20);
    *state = a;
    return 0;
}
static int arena_free(void **state) {
    sc_arena_done(*state);
    sc_free(*state);
    return 0;
}

static void a_wrong_command_is_refused(void **state) {
    const char *const *argv;
    sc_err err = {0};
    static const char *const unknown[] = {"x", "{password}"};
    static const char *const empty[] = {""};
    assert_int_equal(sc_agent_argv(unknown, 2, &words, *state, &argv, &err), SC_INVALID);
    assert_non_null(strstr(err.msg, "{password}"));
    assert_int_equal(sc_agent_argv(unknown, 0, &words, *state, &argv, &err), SC_INVALID);
    assert_int_equal(sc_agent_argv(empty, 1, &words, *state, &argv, &err), SC_INVALID);
    const char *many[SC_AGENT_MAX_ARGS + 1];
    for (size_t i = 0; i < SC_LEN(many); i++) many[i] = "x";
    assert_int_equal(sc_agent_argv(many, SC_LEN(many), &words, *state, &argv, &err), SC_INVALID);
    sc_agent_words bare = {.prompt_file = "/p"};
    static const char *const model[] = {"x", "{model}"};
    assert_int_equal(sc_agent_argv(model, 2, &bare, *state, &argv, &err), SC_INVALID);
}

static void a_custom_command_is_filled_word_by_word(void **state) {
    const char *const *argv;
    sc_err err = {0};
    static const char *const mine[] = {"run", "--at={work}/{model}", "{\"a\":{}}", "$(id) {",
                                       "{Work}"};
    assert_int_equal(sc_agent_argv(mine, 5, &words, *state, &argv, &err), SC_OK);
    assert_string_equal(argv[1], "--at=/workspace/m-1");
    assert_string_equal(argv[2], "{\"a\":{}}"); /* JSON has braces */
    assert_string_equal(argv[3], "$(id) {");    /* no shell sees it */
    assert_string_equal(argv[4], "{Work}");
    assert_null(argv[5]);
    const sc_agent_pair *env;
    size_t n;
    assert_int_equal(sc_agent_env(NULL, &words, *state, &env, &n, &err), SC_OK);
    assert_string_equal(env[0].name, "OPENAI_BASE_URL");
    assert_string_equal(env[0].value, "http://127.0.0.1:8100/v1");
}

/* A name or a model that looks like a word in braces stays what it is. */
static void values_are_not_filled_again(void **state) {
    const char *const *argv;
    sc_agent_words w = words;
    w.model = "{self}{task}";
    static const char *const mine[] = {"x", "{model}"};
    assert_int_equal(sc_agent_argv(mine, 2, &w, *state, &argv, NULL), SC_OK);
    assert_string_equal(argv[1], "{self}{task}");
}

static void every_row_can_be_filled(void **state) {
    for (size_t i = 0; i < sc_agents_n; i++) {
        const sc_agent *a = &sc_agents[i];
        const char *const *argv;
        const sc_agent_pair *env;
        size_t n;
        sc_str file;
        sc_err err = {0};
        assert_ptr_equal(sc_agent_find(sc_str_of(a->name)), a);
        if (sc_agent_argv(a->argv, sc_agent_argc(a), &words, *state, &argv, &err) ||
            sc_agent_env(a, &words, *state, &env, &n, &err) ||
            sc_agent_file(a, &words, *state, &file, &err))
            fail_msg("%s: %s", a->name, err.msg);
        if (!strcmp(a->name, "scripted")) continue; /* asks no model */
        bool model = false, url = false, way = false;
        assert_true(n <= SC_AGENT_MAX_ENV);
        for (size_t k = 0; k < n; k++) way = way || !strcmp(env[k].name, "HTTPS_PROXY");
        assert_true(way);
        n -= 4; /* the way out is no sign that it asks its model there */
        for (size_t k = 0; argv[k]; k++) {
            model = model || strstr(argv[k], "m-1");
            url = url || strstr(argv[k], "http://127.0.0.1:8100");
            assert_null(strstr(argv[k], "{prompt_file}"));
        }
        for (size_t k = 0; k < n; k++) url = url || strstr(env[k].value, "http://127.0.0.1:8100");
        url = url || sc_str_find(file, SC_STR("http://127.0.0.1:8100")) != SIZE_MAX;
        if (!model || !url) fail_msg("%s asks elsewhere", a->name);
        if (a->program) assert_string_equal(a->program, argv[0]);
        for (size_t k = 0; k < n; k++) {
            if (env[k].value[0] != '{') continue;
            json_t *v = NULL;
            assert_int_equal(sc_json_parse(sc_str_of(env[k].value), &v, &err), SC_OK);
            json_decref(v);
        }
    }
    assert_null(sc_agent_find(SC_STR("custom")));
}

static void versions_are_compared_by_number(void **state) {
    (void)state;
    const sc_agent *a = sc_agent_find(SC_STR("codex")); /* 0.100.0 */
    char found[32];
    sc_err err = {0};
    assert_int_equal(sc_agent_version_ok(a, SC_STR("codex-cli 0.162.1\n"), found, &err), SC_OK);
    assert_string_equal(found, "0.162.1");
    assert_int_equal(sc_agent_version_ok(a, SC_STR("0.100.0"), NULL, &err), SC_OK);
    assert_int_equal(sc_agent_version_ok(a, SC_STR("v1.0"), NULL, &err), SC_OK);
    assert_int_equal(sc_agent_version_ok(a, SC_STR("0.99.9"), NULL, &err), SC_UNPROCESSABLE);
    assert_non_null(strstr(err.msg, "at least 0.100.0"));
    assert_int_equal(sc_agent_version_ok(a, SC_STR("command not found"), NULL, &err), SC_INVALID);
    assert_int_equal(sc_agent_version_ok(a, SC_STR("7"), NULL, &err), SC_INVALID);
    assert_int_equal(sc_agent_version_ok(a, SC_STR("99999999999999999999.1"), NULL, &err),
                     SC_INVALID);
}

static void what_is_installed_is_asked(void **state) {
    (void)state;
    static const char *const here[] = {"sh", "-c", "echo noise 3 >&2; echo sh 4.5", NULL};
    static const char *const broken[] = {"sh", "-c", "exit 7", NULL};
    static const char *const loud[] = {"sh", "-c", "yes 1.2", NULL};
    static const char *const missing[] = {"sc-no-such-program", NULL};
    sc_agent a = {.name = "x", .program = "sh", .version = here, .needs = {4, 5, 0}};
    char found[32];
    sc_err err = {0};
    assert_int_equal(sc_agent_installed(&a, found, &err), SC_OK);
    assert_string_equal(found, "4.5.0");
    a.needs[1] = 6;
    assert_int_equal(sc_agent_installed(&a, found, &err), SC_UNPROCESSABLE);
    a.version = broken;
    assert_int_equal(sc_agent_installed(&a, found, &err), SC_INVALID);
    assert_non_null(strstr(err.msg, "status 7"));
    a.version = loud;
    assert_int_equal(sc_agent_installed(&a, found, &err), SC_INVALID);
    a.version = missing;
    assert_int_equal(sc_agent_installed(&a, found, &err), SC_NOT_FOUND);
    assert_int_equal(sc_agent_installed(&sc_agents[0], found, &err), SC_INVALID); /* builtin */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, arena_new, arena_free)

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        TEST(a_wrong_command_is_refused),      TEST(a_custom_command_is_filled_word_by_word),
        TEST(values_are_not_filled_again),     TEST(every_row_can_be_filled),
        TEST(versions_are_compared_by_number), TEST(what_is_installed_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
