/* Any spec: what is accepted keeps the sandbox's invariants. The input is a list of strings, one a line, each led by a
 * letter that says which part of the spec it is. */
#include <stdio.h>
#include <stdlib.h>

#include "runners/local/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 24 };

typedef struct made {
    sc_runner_spec spec;
    sc_runner_bind binds[MOST];
    sc_runner_file files[MOST];
    sc_runner_socket sockets[MOST];
    const char *argv[MOST + 1], *env[MOST + 1], *hidden[MOST + 1];
    size_t n_argv, n_env, n_hidden;
} made;

/* "HOST>INSIDE" */
static const char *cut(char *text) {
    char *at = strchr(text, '>');
    if (!at) return text;
    *at = 0;
    return at + 1;
}

static void take(made *m, char *text) {
    sc_runner_spec *s = &m->spec;
    char *rest = text + 1;
    switch (text[0]) {
    case 'i': s->id = rest; break;
    case 'w': s->work_dir = rest; break;
    case 's': s->state_dir = rest; break;
    case 'r': s->remove_dir = rest; break;
    case 'b':
        if (s->n_binds < MOST) {
            m->binds[s->n_binds].inside = cut(rest);
            m->binds[s->n_binds++].host = rest;
        }
        break;
    case 'f':
        if (s->n_files < MOST) m->files[s->n_files++].inside = rest;
        break;
    case 'k':
        if (s->n_sockets < MOST) {
            m->sockets[s->n_sockets].inside = cut(rest);
            m->sockets[s->n_sockets++].host = rest;
        }
        break;
    case 'p':
        s->forward.inside = cut(rest);
        s->forward.port = (int)strtol(rest, NULL, 10);
        break;
    case 'l': s->limits.memory_bytes = strtoll(rest, NULL, 10); break;
    case 'e':
        if (m->n_env < MOST) m->env[m->n_env++] = rest;
        break;
    case 'h':
        if (m->n_hidden < MOST) m->hidden[m->n_hidden++] = rest;
        break;
    default:
        if (m->n_argv < MOST) m->argv[m->n_argv++] = rest;
    }
}

static void must(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

/* What the arguments say, read again from the outside: one writable mount, and nothing strange in between. */
static void read_again(const sc_plan *p, const made *m) {
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, 4 << 20);
    must(sc_plan_args(p, &out), "the arguments fit");
    size_t writable = 0, sealed = 0;
    sc_str rest = sc_buf_str(&out), word;
    while (sc_str_next(&rest, 0, &word)) {
        must(!sc_str_is(word, "--bind") && !sc_str_is(word, "--dev-bind") &&
                 !sc_str_is(word, "--share-net") && !sc_str_is(word, "--cap-add"),
             "nothing is opened");
        writable += sc_str_is(word, "--bind-fd");
        sealed += sc_str_is(word, "--remount-ro");
        if (sc_str_is(word, "--setenv")) { /* its operands may be any text */
            sc_str_next(&rest, 0, &word);
            sc_str_next(&rest, 0, &word);
        }
    }
    must(writable == 1 && sealed == 3, "one work tree, three seals");
    must(sc_path_plain(m->spec.work_dir) && strcmp(m->spec.work_dir, "/etc"), "a plain work tree");
    for (size_t i = 0; i < m->spec.n_binds; i++) {
        must(!sc_path_within("/home/service", m->binds[i].host), "the home is not shown");
        must(!sc_path_within(m->binds[i].host, "/etc") &&
                 !sc_path_within(m->binds[i].host, "/proc"),
             "nor the machine");
        must(!sc_path_within(m->binds[i].inside, "/usr") &&
                 !sc_path_within(m->binds[i].inside, SC_RUNNER_WORK),
             "nor covered");
        for (size_t k = 0; k < m->n_hidden; k++)
            must(!sc_path_within(m->hidden[k], m->binds[i].host) &&
                     !sc_path_within(m->binds[i].host, m->hidden[k]),
                 "what is hidden stays so");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const sc_local_facts facts = {.bwrap = "/usr/bin/bwrap",
                                         .self = "/opt/soulcaster/bin/soulcaster",
                                         .home = "/home/service",
                                         .top = {{"/bin", "usr/bin"}, {"/lib", NULL}},
                                         .n_top = 2};
    if (size > 1 << 16) return 0;
    SC_AUTO(sc_arena_done) sc_arena arena;
    sc_arena_init(&arena, 4 << 20);
    char *text = sc_arena_copy(&arena, (const char *)data, size);
    made *m = sc_arena_take(&arena, sizeof *m);
    if (!text || !m) return 0;
    m->spec = (sc_runner_spec){
        .id = "x", .work_dir = "/srv/data/jobs/1/work", .state_dir = "/srv/data/sandboxes"};
    for (char *line = text, *end; line < text + size; line = end + 1) {
        end = line + strcspn(line, "\n");
        *end = 0;
        if (*line) take(m, line);
    }
    if (!m->n_argv) m->argv[m->n_argv++] = "true";
    m->spec.binds = m->binds;
    m->spec.files = m->files;
    m->spec.sockets = m->sockets;
    m->spec.argv = m->argv;
    m->spec.env = m->env;
    m->spec.hidden = m->hidden;
    sc_plan p;
    sc_err err = {0};
    if (sc_plan_make(&m->spec, &facts, &arena, &p, &err)) {
        must(err.rc != SC_INTERNAL && err.msg[0], "a refusal says why");
        return 0;
    }
    if (sc_plan_check(&p, m->spec.work_dir, &err)) must(false, err.msg);
    read_again(&p, m);
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, 4 << 20);
    must(sc_plan_text(&p, &out) && sc_plan_json(&p, &out), "it is printed");
    return 0;
}
