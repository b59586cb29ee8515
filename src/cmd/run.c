/* One command line: find the verb, read its options, run it. */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "version.h"

int sc_cmd_fail(const sc_call *c, int code, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fflush(stdout);
    fprintf(stderr, "soulcaster %s: ", c->verb->name);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    if (code == SC_EXIT_USAGE) fprintf(stderr, "See `soulcaster help %s`.\n", c->verb->name);
    return code;
}

int sc_cmd_fail_err(const sc_call *c, const sc_err *err) {
    return sc_cmd_fail(c, err->rc == SC_INVALID ? SC_EXIT_USAGE : SC_EXIT_FAILED, "%s", err->msg);
}

bool sc_cmd_words_wrong(const sc_call *c, size_t min, size_t max) {
    if (c->n_words >= min && c->n_words <= max) return false;
    if (c->n_words > max)
        sc_cmd_fail(c, SC_EXIT_USAGE, "'%s' is too much", c->words[max]);
    else
        sc_cmd_fail(c, SC_EXIT_USAGE, "something is missing: soulcaster %s %s", c->verb->name,
                    c->verb->synopsis);
    return true;
}

static const sc_verb *find(const sc_verb *const *verbs, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(verbs[i]->name, name)) return verbs[i];
    return NULL;
}

static bool asks_help(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
    return false;
}

static int unknown(const sc_verb *const *verbs, size_t n, const char *name) {
    const sc_verb *near = sc_help_nearest(verbs, n, name);
    fprintf(stderr, "soulcaster: no verb '%s'", name);
    if (near) fprintf(stderr, "; did you mean '%s'?", near->name);
    fputs("\nSee `soulcaster --help`.\n", stderr);
    return SC_EXIT_USAGE;
}

static int run_verb(sc_call *c, int argc, char **argv) {
    SC_AUTO(sc_buf_done) sc_buf problems;
    sc_buf_init(&problems, 16 << 10);
    sc_rc rc = sc_options_parse(c, argc, argv, &problems);
    const char *color = c->common.color;
    if (rc == SC_OK && color && strcmp(color, "auto") && strcmp(color, "always") &&
        strcmp(color, "never")) {
        sc_buf_puts(&problems, "--color: auto, always or never\n");
        rc = SC_INVALID;
    }
    int code;
    if (rc) {
        if (rc == SC_NOMEM) sc_buf_puts(&problems, "out of memory\n");
        code = SC_EXIT_USAGE;
        sc_str rest = sc_buf_str(&problems), line;
        while (sc_str_next(&rest, '\n', &line))
            if (line.n) fprintf(stderr, "soulcaster %s: %.*s\n", c->verb->name, SC_FMT(line));
        fprintf(stderr, "See `soulcaster help %s`.\n", c->verb->name);
    } else {
        sc_out_setup(color);
        code = sc_out_end(c->verb->run(c));
    }
    sc_options_done(c);
    return code;
}

int sc_cmd_run(const sc_verb *const *verbs, size_t n_verbs, int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    sc_json_setup();
    sc_out_setup(NULL);
    const char *name = argc > 1 ? argv[1] : "--help";
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
        sc_help_overview(verbs, n_verbs, argc > 1 ? stdout : stderr);
        return argc > 1 ? sc_out_end(SC_EXIT_OK) : SC_EXIT_USAGE;
    }
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
        printf("soulcaster %s\n", SC_VERSION);
        return sc_out_end(SC_EXIT_OK);
    }
    const sc_verb *verb = find(verbs, n_verbs, name);
    if (!verb) return unknown(verbs, n_verbs, name);
    if (asks_help(argc - 1, argv + 1)) {
        sc_help_verb(verb, stdout);
        return sc_out_end(SC_EXIT_OK);
    }
    sc_call c = {.verb = verb, .verbs = verbs, .n_verbs = n_verbs};
    return run_verb(&c, argc - 1, argv + 1);
}
