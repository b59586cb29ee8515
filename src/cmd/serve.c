/* soulcaster serve, soulcaster worker, soulcaster scheduler: the processes that stay. */
#include <unistd.h>

#include "app/access.h"
#include "base/log.h"
#include "cmd/cmd.h"

/* What scripts wait for: one JSON line once the server listens. */
static void print_line(const char *url, const char *data, const char *login) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 64 << 10);
    sc_buf_puts(&b, "{\"url\":");
    sc_buf_put_json(&b, sc_str_of(url));
    sc_buf_putf(&b, ",\"pid\":%ld,\"data\":", (long)getpid());
    sc_buf_put_json(&b, sc_str_of(data));
    if (*login) {
        sc_buf_puts(&b, ",\"login_url\":");
        sc_buf_put_json(&b, sc_str_of(login));
    }
    sc_buf_puts(&b, "}\n");
    fwrite(b.p, 1, b.n, stdout);
    fflush(stdout);
}

static sc_rc announce(sc_call *c, sc_stack *s, sc_err *err) {
    enum { LOGIN_MS = 3600 * 1000 };
    const char *data = c->common.data, *url = sc_stack_url(s);
    sc_secret secret;
    sc_running me = {.pid = (long)getpid()}, other;
    sc_access_local(sc_stack_app(s), &secret);
    snprintf(me.url, sizeof me.url, "%s", url);
    snprintf(me.key, sizeof me.key, "%s", secret.text);
    if (sc_running_find(data, &other, NULL) == SC_OK) {
        sc_log(SC_LOG_WARN,
               "another server runs on this data folder; the command line goes on using it",
               SC_F_TXT("url", other.url), SC_F_INT("pid", other.pid));
    } else {
        sc_rc rc = sc_running_write(data, &me, err);
        if (rc) return rc;
    }
    char login[256] = "";
    if (c->common.login_link || sc_out_terminal()) {
        sc_secret token;
        sc_rc rc = sc_access_login_token(sc_stack_app(s), LOGIN_MS, &token, err);
        if (rc) return rc;
        snprintf(login, sizeof login, "%s/login?token=%s", url, token.text);
    }
    print_line(url, data, login);
    return SC_OK;
}

static int serve(sc_call *c) {
    if (sc_cmd_words_wrong(c, 0, 0)) return SC_EXIT_USAGE;
    sc_err err = {0};
    sc_stack *s = NULL;
    sc_signals_block();
    sc_log_from(c, "info");
    unsigned parts = SC_STACK_STAYS | SC_STACK_SERVER |
                     (c->common.no_worker ? 0 : SC_STACK_WORKER) |
                     (c->common.no_scheduler ? 0 : SC_STACK_SCHEDULER);
    sc_rc rc = sc_stack_open(c, parts, NULL, &s, &err);
    if (rc) return sc_cmd_fail_err(c, &err);
    rc = announce(c, s, &err);
    if (rc == SC_OK) {
        sc_log(SC_LOG_INFO, "serving", SC_F_TXT("url", sc_stack_url(s)),
               SC_F_TXT("data", c->common.data));
        int sig = sc_signals_wait();
        sc_log(SC_LOG_INFO, "stopping", SC_F_INT("signal", sig));
    }
    sc_running_remove(c->common.data);
    sc_stack_close(s);
    if (rc) return sc_cmd_fail_err(c, &err);
    sc_log(SC_LOG_INFO, "stopped");
    return SC_EXIT_OK;
}

/* What works in the background until it is told to stop. */
static int stay(sc_call *c, unsigned parts, const char *words) {
    if (sc_cmd_words_wrong(c, 0, 0)) return SC_EXIT_USAGE;
    sc_err err = {0};
    sc_stack *s = NULL;
    sc_signals_block();
    sc_log_from(c, "info");
    if (sc_stack_open(c, parts, NULL, &s, &err)) return sc_cmd_fail_err(c, &err);
    sc_log(SC_LOG_INFO, words, SC_F_TXT("data", c->common.data));
    int sig = sc_signals_wait();
    sc_log(SC_LOG_INFO, "stopping", SC_F_INT("signal", sig));
    sc_stack_close(s);
    sc_log(SC_LOG_INFO, "stopped");
    return SC_EXIT_OK;
}

static int worker(sc_call *c) {
    return stay(
        c, SC_STACK_STAYS | SC_STACK_WORKER | (c->common.no_scheduler ? 0 : SC_STACK_SCHEDULER),
        "working");
}

static int scheduler(sc_call *c) {
    return stay(c, SC_STACK_STAYS | SC_STACK_SCHEDULER, "scheduling");
}

const sc_verb sc_verb_serve = {
    .name = "serve",
    .group = SC_GROUP_RUN,
    .summary = "serve the API, and group what comes in",
    .synopsis = "[OPTION]...",
    .about =
        "Serves the API (see /api/openapi.json) and the web pages, and groups reports as they "
        "arrive. Once it listens it "
        "prints one line of JSON on standard output: url, pid, data, and login_url where a login "
        "link was asked for. "
        "Logs go to standard error, as JSON, or as text on a terminal.\n\n"
        "A 2xx answer to a write means that it is on disk. SIGTERM and SIGINT end it in good "
        "order: requests under way "
        "are finished (at most --drain-ms; a language model or a forge that has not answered by "
        "then is left, and what was not asked yet is refused with 503 at once), "
        "what was accepted is committed, leases are given back. "
        "A second signal "
        "ends it at once; nothing that was acknowledged is lost either way.\n\n"
        "While it runs, DIR/serve.json (readable by you alone) tells the other verbs where it is.",
    .examples = "# on this machine, in ./data\nsoulcaster serve\n"
                "# on any free port, for a script\nsoulcaster serve --data /srv/soulcaster "
                "--listen 127.0.0.1:0\n"
                "# with a first admin key of your choice\n"
                "SOULCASTER_BOOTSTRAP_KEY=at-least-16-characters soulcaster serve\n",
    .sets = SC_OPTS_DATA | SC_OPTS_STACK | SC_OPTS_SERVE | SC_OPTS_ROLES,
    .run = serve,
};

const sc_verb sc_verb_worker = {
    .name = "worker",
    .group = SC_GROUP_RUN,
    .summary = "work beside a `serve --no-worker` on the same data",
    .synopsis = "[--queues LIST] [OPTION]...",
    .about = "Takes jobs of its queues from the store and works on them until it is told to stop "
             "(SIGTERM, "
             "SIGINT). Any number may run, with Redis on any number of machines. A project's "
             "grouping is one "
             "worker's at a time; a job that a worker leaves behind is taken by another one when "
             "its lease "
             "(--lease-ms) has run out, or at once by one that starts on the same machine.",
    .examples =
        "# two processes instead of one\nsoulcaster serve --no-worker &\nsoulcaster worker\n"
        "# fixes on a machine of their own, grouping on another\n"
        "soulcaster worker --redis rediss://... --queues fix,poll,verify\n"
        "soulcaster worker --redis rediss://... --queues group,summarise\n",
    .sets = SC_OPTS_DATA | SC_OPTS_STACK | SC_OPTS_ROLES,
    .run = worker,
};

const sc_verb sc_verb_scheduler = {
    .name = "scheduler",
    .group = SC_GROUP_RUN,
    .summary = "do what is to be done every so often, and nothing else",
    .synopsis = "[OPTION]...",
    .about =
        "Clears away old jobs, events and decisions, wakes snoozed issues, finds reports that "
        "nobody "
        "groups, and asks for looks at pull requests. One process of an installation does so at a "
        "time: "
        "any number may stand ready, and another one leads when that one ends, or is silent for "
        "--lease-ms. Every `serve` and `worker` stands ready, too, unless it has --no-scheduler.",
    .examples = "# two of them, on two machines; one leads\n"
                "soulcaster scheduler --redis rediss://...\n",
    .sets = SC_OPTS_DATA | SC_OPTS_STACK,
    .run = scheduler,
};
