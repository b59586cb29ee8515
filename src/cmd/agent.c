/* soulcaster agent: the built-in coding agent. It runs inside the sandbox of a fix, as any other agent does. */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "agents/loop.h"
#include "assets.h"
#include "cmd/cmd.h"

enum { MAX_TASK = 512 << 10 };

typedef struct agent_conf {
    const char *work, *url, *socket, *protocol, *model;
    int64_t steps, max_tokens, context, run_s, ask_s, retry_ms;
} agent_conf;

static void print_line(void *self, const char *line) {
    (void)self;
    puts(line);
    fflush(stdout); /* somebody may be looking on */
}

static sc_rc protocol_of(const char *name, sc_proxy_shape *ret, sc_err *err) {
    for (int s = 0; s < SC_PROXY_SHAPES; s++)
        if (!strcmp(name, sc_proxy_shape_name(s))) {
            *ret = s;
            return SC_OK;
        }
    return sc_fail(err, SC_INVALID,
                   "--protocol: there are openai, anthropic and gemini, not \"%.40s\"", name);
}

static sc_rc read_task(const char *path, sc_buf *ret, sc_err *err) {
    sc_buf_puts(ret, "The task:\n\n");
    return sc_reader_all(path, ret, err);
}

static sc_rc fill_conf(const sc_call *c, char work[PATH_MAX], sc_loop_conf *ret, sc_err *err) {
    const agent_conf *o = c->conf;
    if (!realpath(o->work, work))
        return sc_fail(err, SC_INVALID, "--work: there is no folder %.100s", o->work);
    *ret = (sc_loop_conf){
        .model = {.url = o->url,
                  .unix_path = *o->socket ? o->socket : NULL,
                  .model = o->model,
                  .max_tokens = o->max_tokens,
                  .context_bytes = (size_t)o->context},
        .box = {.work = work, .env = (const char *const *)environ, .run_ms = o->run_s * 1000},
        .max_steps = o->steps,
        .ask_ms = o->ask_s * 1000,
        .retry_ms = o->retry_ms,
        .say = print_line,
    };
    return protocol_of(o->protocol, &ret->model.shape, err);
}

static int agent(sc_call *c) {
    char work[PATH_MAX];
    sc_loop_conf conf;
    sc_loop_end end = {0};
    sc_err err = {0};
    if (sc_cmd_words_wrong(c, 1, 1)) return SC_EXIT_USAGE;
    SC_AUTO(sc_buf_done) sc_buf task, system;
    sc_buf_init(&task, MAX_TASK);
    sc_buf_init(&system, MAX_TASK);
    sc_rc rc = fill_conf(c, work, &conf, &err);
    if (!rc) rc = read_task(c->words[0], &task, &err);
    if (rc) return sc_cmd_fail_err(c, &err);
    sc_buf_put(&system, sc_asset_prompt_agent, sc_asset_prompt_agent_len);
    conf.system = system.p;
    conf.task = sc_buf_str(&task);
    rc = sc_loop_run(&conf, &end, &err);
    if (!rc) printf("%s: %s\n", end.outcome == SC_LOOP_DONE ? "done" : "gave up", end.why);
    printf("%lld steps, %lld edits, %lld tokens in, %lld tokens out\n", (long long)end.steps,
           (long long)end.edits, (long long)end.tokens_in, (long long)end.tokens_out);
    if (rc) return sc_cmd_fail_err(c, &err);
    return end.outcome == SC_LOOP_DONE ? SC_EXIT_OK : SC_EXIT_REJECTED;
}

#define AT(member) .offset = offsetof(agent_conf, member), .no_env = true
static const sc_opt agent_opts[] = {
    {.name = "work",
     .type = SC_OPT_STR,
     AT(work),
     .fallback = ".",
     .arg = "DIR",
     .help = "the folder that it works in"},
    {.name = "url",
     .type = SC_OPT_STR,
     AT(url),
     .fallback = "http://127.0.0.1:8100",
     .arg = "URL",
     .help = "where models answer, without a path: the model proxy"},
    {.name = "socket",
     .type = SC_OPT_STR,
     AT(socket),
     .fallback = "",
     .arg = "PATH",
     .help = "ask through this unix socket instead"},
    {.name = "protocol",
     .type = SC_OPT_STR,
     AT(protocol),
     .fallback = "openai",
     .arg = "NAME",
     .help = "openai (chat completions), anthropic or gemini"},
    {.name = "model",
     .type = SC_OPT_STR,
     AT(model),
     .fallback = "",
     .arg = "NAME",
     .help = "the model to ask, as its service calls it"},
    {.name = "steps",
     .type = SC_OPT_INT,
     AT(steps),
     .fallback = "60",
     .arg = "N",
     .min = 1,
     .max = 1000,
     .help = "how often the model is asked at most"},
    {.name = "max-tokens",
     .type = SC_OPT_INT,
     AT(max_tokens),
     .fallback = "16384",
     .arg = "N",
     .min = 256,
     .max = 1000000,
     .help = "the longest reply"},
    {.name = "context",
     .type = SC_OPT_BYTES,
     AT(context),
     .fallback = "400k",
     .arg = "BYTES",
     .help = "of one request; over it the oldest results are shortened"},
    {.name = "run-s",
     .type = SC_OPT_INT,
     AT(run_s),
     .fallback = "600",
     .arg = "SECONDS",
     .min = 1,
     .max = 86400,
     .help = "the longest that one command may take"},
    {.name = "ask-s",
     .type = SC_OPT_INT,
     AT(ask_s),
     .fallback = "300",
     .arg = "SECONDS",
     .min = 1,
     .max = 3600,
     .help = "the longest that one reply may take"},
    {.name = "retry-ms",
     .type = SC_OPT_INT,
     AT(retry_ms),
     .fallback = "1000",
     .arg = "MS",
     .min = 1,
     .max = 60000,
     .help = "before a second try when the service fails; doubled each time"},
};

const sc_verb sc_verb_agent = {
    .name = "agent",
    .group = SC_GROUP_RUN,
    .summary = "the built-in coding agent: one task, one folder, one chat model",
    .synopsis = "TASK-FILE --model NAME [--work DIR] [--url URL]",
    .about = "Reads the task from a file and changes the folder's files until the model says that "
             "it is done. The model "
             "lists, reads, searches, edits and runs commands; each step is a line on stdout. It "
             "has no key and no "
             "confirmation: a fix starts it in a sandbox, where the model proxy answers.\n\n"
             "A model that goes round in circles is told so once, and given up the next time.",
    .examples =
        "# what a fix does inside its sandbox\n"
        "soulcaster agent task.md --work . --protocol anthropic --model claude-sonnet-4-5\n",
    .exits = "3  it gave up: no step left, or no progress",
    .opts = agent_opts,
    .n_opts = SC_LEN(agent_opts),
    .conf_size = sizeof(agent_conf),
    .run = agent,
};
