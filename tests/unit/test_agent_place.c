/* Programs outside the system's folders: what of them a sandbox has to show, and what it is never asked to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/place.h"

typedef struct world {
    char home[64];
    sc_arena arena;
    sc_err err;
} world;

static void sh(const world *w, const char *command) {
    char all[2000];
    snprintf(all, sizeof all, "cd %s && %s", w->home, command);
    assert_int_equal(system(all), 0); // NOLINT(cert-env33-c): a test's own words
}

static int setup(void **state) {
    world *w = calloc(1, sizeof *w);
    snprintf(w->home, sizeof w->home, "/tmp/place-XXXXXX");
    assert_non_null(mkdtemp(w->home));
    sc_arena_init(&w->arena, 1 << 20);
    setenv("PATH", "/usr/bin:/bin", 1);
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world *w = *state;
    sh(w, "rm -rf -- \"$PWD\"");
    sc_arena_done(&w->arena);
    free(w);
    return 0;
}

static char *at(world *w, const char *path) {
    return sc_arena_printf(&w->arena, "%s/%s", w->home, path);
}

static sc_agent_place find(world *w, const char *program) {
    sc_agent_place p;
    if (sc_agent_find_place(program, w->home, &w->arena, &p, &w->err)) fail_msg("%s", w->err.msg);
    return p;
}

static void what_is_not_there_is_named(void **state) {
    world *w = *state;
    sc_agent_place p;
    assert_int_equal(sc_agent_find_place("no-such-agent", w->home, &w->arena, &p, &w->err),
                     SC_NOT_FOUND);
    sh(w, "mkdir -p a/b; printf '#!/no/such/interpreter\n' >a/b/x; chmod +x a/b/x; ln -s nowhere "
          "a/b/y; touch a/b/z");
    static const char *const names[] = {"a/b/x", "a/b/y", "a/b/z"};
    for (size_t i = 0; i < SC_LEN(names); i++)
        assert_int_equal(sc_agent_find_place(at(w, names[i]), w->home, &w->arena, &p, &w->err),
                         SC_NOT_FOUND);
    sh(w, "for i in 1 2 3 4 5 6; do printf \"#!$PWD/a/b/s$((i+1))\n\" >a/b/s$i; chmod +x a/b/s$i; "
          "done");
    assert_int_equal(sc_agent_find_place(at(w, "a/b/s1"), w->home, &w->arena, &p, &w->err),
                     SC_UNPROCESSABLE);
}

static void the_systems_own_need_nothing(void **state) {
    sc_agent_place p = find(*state, "sh");
    assert_string_equal(p.program, "sh");
    assert_int_equal(p.n, 0);
    assert_string_equal(p.search, "");
}

static void shims_are_passed_over(void **state) {
    world *w = *state;
    sh(w, "mkdir -p .pyenv/shims; printf '#!/bin/sh\nexec pyenv exec x\n' >.pyenv/shims/sh; cp "
          ".pyenv/shims/sh .pyenv/shims/only; chmod +x .pyenv/shims/*");
    setenv("PATH", sc_arena_printf(&w->arena, "%s/:/usr/bin:/bin", at(w, ".pyenv/shims")), 1);
    sc_agent_place p = find(w, "sh");
    assert_string_equal(p.program, "sh");
    assert_int_equal(p.n, 0);
    assert_int_equal(sc_agent_find_place("only", w->home, &w->arena, &p, &w->err), SC_NOT_FOUND);
    assert_non_null(strstr(w->err.msg, "shim"));
}

/* ~/.nvm/versions/node/v1/bin/claude -> ../lib/node_modules/claude/cli.js, which node from beside it runs */
static void a_version_managers_folder_is_shown_whole(void **state) {
    world *w = *state;
    sh(w,
       "mkdir -p .nvm/v1/bin .nvm/v1/lib/node_modules/claude; cd .nvm/v1; cp /bin/true bin/node; "
       "printf '#!/usr/bin/env -S node --x\n' >lib/node_modules/claude/cli.js; chmod +x "
       "lib/node_modules/claude/cli.js; ln -s ../lib/node_modules/claude/cli.js bin/claude");
    setenv("PATH", sc_arena_printf(&w->arena, "%s:/usr/bin:/bin", at(w, ".nvm/v1/bin")), 1);
    sc_agent_place p = find(w, "claude");
    assert_string_equal(p.program, at(w, ".nvm/v1/lib/node_modules/claude/cli.js"));
    assert_int_equal(p.n, 2);
    assert_string_equal(p.paths[0], at(w, ".nvm/v1/bin"));
    assert_string_equal(p.paths[1], at(w, ".nvm/v1/lib"));
    assert_string_equal(p.search, at(w, ".nvm/v1/bin:"));
}

/* ~/.local/bin/aider -> ~/.local/pipx/venvs/aider/bin/aider, run by the environment's python, which is the system's */
static void a_virtual_environment_is_shown(void **state) {
    world *w = *state;
    sh(w, "mkdir -p .local/bin .local/share/keyrings .local/pipx/venvs/aider/bin; cd "
          ".local/pipx/venvs/aider/bin; "
          "ln -s /bin/true python; touch ../pyvenv.cfg; printf \"#!$PWD/python\nx\n\" >aider; "
          "chmod +x aider; "
          "ln -s ../pipx/venvs/aider/bin/aider ../../../../bin/aider");
    sc_agent_place p = find(w, at(w, ".local/bin/aider"));
    assert_string_equal(p.program, at(w, ".local/pipx/venvs/aider/bin/aider"));
    assert_int_equal(p.n, 1);
    assert_string_equal(p.paths[0], at(w, ".local/pipx/venvs/aider"));
    assert_string_equal(p.search, "");
    sh(w, "mkdir -p venv/bin; touch venv/pyvenv.cfg pyvenv.cfg; cp /bin/true venv/bin/x");
    p = find(w, at(w, "venv/bin/x"));
    assert_int_equal(p.n, 1);
    assert_string_equal(p.paths[0], at(w, "venv"));
}

static void what_lies_beside_a_bin_is_not_shown(void **state) {
    world *w = *state;
    sh(w,
       "mkdir -p a/tool/bin a/tool/lib a/tool/etc; touch a/tool/.env; cp /bin/true a/tool/bin/x");
    sc_agent_place p = find(w, at(w, "a/tool/bin/x"));
    assert_int_equal(p.n, 2);
    assert_string_equal(p.paths[0], at(w, "a/tool/bin"));
    assert_string_equal(p.paths[1], at(w, "a/tool/lib"));
}

static void a_home_is_never_shown_nor_what_is_right_below_it(void **state) {
    world *w = *state;
    sh(w, "mkdir -p .local/bin bin .opencode/bin; cp /bin/true .local/bin/one; cp /bin/true "
          "bin/two; cp /bin/true three; "
          "cp /bin/true .opencode/four");
    static const char *const names[] = {".local/bin/one", "bin/two", "three", ".opencode/four"};
    for (size_t i = 0; i < SC_LEN(names); i++) {
        sc_agent_place p = find(w, at(w, names[i]));
        assert_string_equal(p.program, at(w, names[i]));
        assert_int_equal(p.n, 1);
        assert_string_equal(p.paths[0], at(w, names[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(what_is_not_there_is_named),
        T(the_systems_own_need_nothing),
        T(shims_are_passed_over),
        T(a_version_managers_folder_is_shown_whole),
        T(a_virtual_environment_is_shown),
        T(what_lies_beside_a_bin_is_not_shown),
        T(a_home_is_never_shown_nor_what_is_right_below_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
