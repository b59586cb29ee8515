/* What the built-in agent's tools do in a folder, and what they refuse. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agents/tools.h"
#include "agents/walk.h"
#include "base/json.h"

typedef struct place {
    char around[64], work[80];
    sc_tool_box box;
    sc_buf out;
} place;

static void put(const char *folder, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int place_new(void **state) {
    place *p = sc_alloc(sizeof *p);
    char path[128];
    static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    snprintf(p->around, sizeof p->around, "/tmp/sc-tools-XXXXXX");
    if (!mkdtemp(p->around)) return -1;
    snprintf(p->work, sizeof p->work, "%s/work", p->around);
    mkdir(p->work, 0700);
    snprintf(path, sizeof path, "%s/src", p->work);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.git", p->work);
    mkdir(path, 0700);
    put(p->around, "secret.txt", "canary");
    put(p->work, "src/sum.sh", "# adds\necho $(($1 - $2))\n");
    put(p->work, ".git/config", "canary");
    snprintf(path, sizeof path, "%s/out", p->work);
    if (symlink("../secret.txt", path)) return -1;
    snprintf(path, sizeof path, "%s/away", p->work);
    if (symlink("/etc", path)) return -1;
    p->box = (sc_tool_box){.work = p->work, .env = env, .run_ms = 5000};
    sc_buf_init(&p->out, 8 << 20);
    *state = p;
    return 0;
}

static int place_free(void **state) {
    place *p = *state;
    char *command = NULL;
    if (asprintf(&command, "{\"command\":\"rm -r ../../%s\"}", p->around + 5) < 0) return -1;
    json_t *args = json_loads(command, 0, NULL);
    sc_tool_call(&p->box, "run", args, &p->out);
    json_decref(args);
    free(command);
    sc_buf_done(&p->out);
    int left = access(p->around, F_OK) == 0;
    sc_free(p);
    return left;
}

static sc_tool_end call(place *p, const char *name, const char *args) {
    json_t *v = json_loads(args, 0, NULL);
    if (!v) fail_msg("%s", args);
    sc_buf_reset(&p->out);
    sc_tool_end end = sc_tool_call(&p->box, name, v, &p->out);
    json_decref(v);
    return end;
}

static void expect(place *p, const char *name, const char *args, sc_tool_end end,
                   const char *text) {
    sc_tool_end got = call(p, name, args);
    if (got != end || !strstr(p->out.p ? p->out.p : "", text))
        fail_msg("%s %s: %d, %s", name, args, got, p->out.p);
}

static void paths_stay_in_the_folder(void **state) {
    place *p = *state;
    static const char *const tools[] = {"read", "edit"};
    static const char *const wrong[] = {"../secret.txt",   "src/../../secret.txt",
                                        "/etc/passwd",     "out",
                                        "away/passwd",     "",
                                        ".git/config",     "src/../.git/config",
                                        "x/../y",          "./.git/hooks/x",
                                        "src/.GIT/config", "/"};
    char args[256];
    for (size_t t = 0; t < SC_LEN(tools); t++)
        for (size_t i = 0; i < SC_LEN(wrong); i++) {
            snprintf(args, sizeof args, "{\"path\":\"%s\",\"old\":\"canary\",\"new\":\"x\"}",
                     wrong[i]);
            expect(p, tools[t], args, SC_TOOL_FAILED, "error: ");
            assert_null(strstr(p->out.p, "canary"));
        }
    expect(p, "edit", "{\"path\":\"away/new\",\"old\":\"\",\"new\":\"x\"}", SC_TOOL_FAILED,
           "leads out");
    expect(p, "search", "{\"pattern\":\"canary\"}", SC_TOOL_FINE, "[not found]");
    expect(p, "search", "{\"pattern\":\"root\",\"path\":\"away\"}", SC_TOOL_FAILED, "leads out");
    expect(p, "list", "{}", SC_TOOL_FINE, "src/\nsrc/sum.sh\n");
    assert_null(strstr(p->out.p, ".git"));
}

static void wrong_arguments_are_told(void **state) {
    place *p = *state;
    sc_buf_reset(&p->out);
    assert_int_equal(sc_tool_call(&p->box, "read", NULL, &p->out), SC_TOOL_FAILED);
    expect(p, "fly", "{}", SC_TOOL_FAILED, "no such tool");
    expect(p, "read", "{}", SC_TOOL_FAILED, "path is missing");
    expect(p, "read", "{\"path\":7}", SC_TOOL_FAILED, "error: ");
    expect(p, "read", "{\"path\":\"none\"}", SC_TOOL_FAILED, "open none");
    expect(p, "read", "{\"path\":\"src\"}", SC_TOOL_FAILED, "no file");
    expect(p, "search", "{\"pattern\":\"(\"}", SC_TOOL_FAILED, "error: ");
    expect(p, "search", "{}", SC_TOOL_FAILED, "pattern is missing");
    expect(p, "run", "{}", SC_TOOL_FAILED, "command is missing");
    expect(p, "done", "{}", SC_TOOL_FAILED, "summary is missing");
}

static void reading_and_searching_give_line_numbers(void **state) {
    place *p = *state;
    expect(p, "read", "{\"path\":\"./src//sum.sh\"}", SC_TOOL_FINE, "     1\t# adds\n     2\techo");
    expect(p, "read", "{\"path\":\"src/sum.sh\",\"from\":2,\"lines\":1}", SC_TOOL_FINE,
           "     2\techo");
    assert_null(strstr(p->out.p, "# adds"));
    expect(p, "read", "{\"path\":\"src/sum.sh\",\"from\":9}", SC_TOOL_FINE,
           "[the file has 2 lines]");
    expect(p, "search", "{\"pattern\":\"ech[op] .*-\"}", SC_TOOL_FINE, "src/sum.sh:2: echo");
    expect(p, "search", "{\"pattern\":\"adds\",\"path\":\"src/sum.sh\"}", SC_TOOL_FINE,
           "src/sum.sh:1:");
    char args[256];
    snprintf(args, sizeof args, "{\"path\":\"%s/src/sum.sh\"}",
             p->work); /* as the model may say it */
    expect(p, "read", args, SC_TOOL_FINE, "# adds");
    put(p->work, "long.txt", "x\n");
    expect(
        p, "run",
        "{\"command\":\"yes 0123456789 | head -c 3000000 | tr -d '\\\\n' > long.txt; yes a | head "
        "-n 1000 >> long.txt; printf 'a\\\\0b' > bin\"}",
        SC_TOOL_FINE, "[exit status 0]");
    expect(p, "read", "{\"path\":\"long.txt\"}", SC_TOOL_FINE, "[the line goes on]");
    assert_true(p->out.n < 16 << 10);
    expect(p, "read", "{\"path\":\"bin\"}", SC_TOOL_FAILED, "no text");
    expect(p, "search", "{\"pattern\":\"a\"}", SC_TOOL_FINE, "[there is more;");
}

static void an_edit_is_exact(void **state) {
    place *p = *state;
    expect(p, "edit", "{\"path\":\"src/sum.sh\",\"old\":\"$2\",\"new\":\"$2\"}", SC_TOOL_FAILED,
           "the same");
    expect(p, "edit", "{\"path\":\"src/sum.sh\",\"old\":\"minus\",\"new\":\"x\"}", SC_TOOL_FAILED,
           "does not stand");
    expect(p, "edit", "{\"path\":\"src/sum.sh\",\"old\":\"$\",\"new\":\"x\"}", SC_TOOL_FAILED,
           "more than once");
    expect(p, "edit", "{\"path\":\"src/sum.sh\",\"old\":\"\",\"new\":\"x\"}", SC_TOOL_FAILED,
           "there already");
    expect(p, "edit", "{\"path\":\"src/sum.sh\",\"old\":\"$1 - $2\",\"new\":\"$1 + $2\"}",
           SC_TOOL_EDITED, "is written");
    expect(p, "run", "{\"command\":\"sh src/sum.sh 2 3\"}", SC_TOOL_FINE, "5\n[exit status 0]");
    expect(p, "edit", "{\"path\":\"a/b/new.txt\",\"old\":\"\",\"new\":\"line\\n\"}", SC_TOOL_EDITED,
           "");
    expect(p, "read", "{\"path\":\"a/b/new.txt\"}", SC_TOOL_FINE, "     1\tline\n");
}

static void a_run_is_ended_and_cut(void **state) {
    place *p = *state;
    expect(p, "run", "{\"command\":\"echo a; exit 3\"}", SC_TOOL_FINE, "a\n[exit status 3]");
    expect(p, "run", "{\"command\":\"kill -9 $$\"}", SC_TOOL_FINE, "[ended by signal 9]");
    expect(p, "run", "{\"command\":\"exec sleep 60\",\"timeout_s\":1}", SC_TOOL_FINE,
           "[ended: timeout]");
    expect(p, "run", "{\"command\":\"yes | head -c 1000000; echo THE END >&2\"}", SC_TOOL_FINE,
           "THE END");
    assert_true(p->out.n < 20 << 10);
    expect(p, "run", "{\"command\":\"cat; echo $HOME\"}", SC_TOOL_FINE,
           "[exit status 0]"); /* no stdin */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_new, place_free)

int main(void) {
    sc_json_setup();
    const struct CMUnitTest tests[] = {
        TEST(paths_stay_in_the_folder),
        TEST(wrong_arguments_are_told),
        TEST(reading_and_searching_give_line_numbers),
        TEST(an_edit_is_exact),
        TEST(a_run_is_ended_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
