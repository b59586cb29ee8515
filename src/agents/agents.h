/* Coding agents as command templates: a table, and how a row becomes what a runner starts.
 *
 * An agent gets its task as a file, a work tree, a loopback address where models answer (the proxy's), and a
 * dummy key; it hands back what it changed in the tree. Nothing here starts an agent. Threads: constants. */
#ifndef SC_AGENTS_AGENTS_H
#define SC_AGENTS_AGENTS_H

#include "base/str.h"
#include "proxy/proxy.h"

enum { SC_AGENT_MAX_ARGS = 32, SC_AGENT_MAX_ENV = 16 };

typedef struct sc_agent_pair {
    const char *name, *value;
} sc_agent_pair;

/* In argv and env stand, in braces: {task} "Read FILE and do what it says", {prompt_file}, {work}, {home}, {model},
 * {url} (http://127.0.0.1:PORT), {key} (a dummy), {self} (our own program), {shape} and {steps}. */
typedef struct sc_agent {
    const char *name;        /* "claude" */
    const char *summary;     /* "Claude Code, Anthropic's" */
    const char *program;     /* what is looked for on PATH; NULL: our own */
    const char *const *argv; /* NULL ends it */
    const sc_agent_pair *env;
    size_t n_env;
    const char *const *version;   /* argv that prints one; NULL ends it; NULL: none */
    const char *file, *file_text; /* one that it wants to find, below {home}; NULL: none */
    sc_proxy_shape shape;         /* SC_PROXY_SHAPES: any  */
    int needs[3];                 /* at least that version */
} sc_agent;

extern const sc_agent sc_agents[];
extern const size_t sc_agents_n;
/* NULL: there is none of that name. "custom" is not in the table: its argv is the project's (sc_agent_argv). */
const sc_agent *sc_agent_find(sc_str name);

/* What stands for the words in braces, as seen from inside the sandbox. */
typedef struct sc_agent_words {
    const char *prompt_file, *work, *home, *model, *url, *self;
    sc_proxy_shape shape;
    int64_t steps;
} sc_agent_words;

/* How many words a row's argv has. */
size_t sc_agent_argc(const sc_agent *a);
/* The argv of a row, or of a custom command's words, with the braces filled; NULL ends it; all in the arena.
 * SC_INVALID: no words, too many, an unknown word in braces, or a NUL. */
sc_rc sc_agent_argv(const char *const *words, size_t n, const sc_agent_words *w, sc_arena *arena,
                    const char *const **ret, sc_err *err);
/* The environment of an agent (what a custom one gets: agent NULL: every shape's usual variables). */
sc_rc sc_agent_env(const sc_agent *a, const sc_agent_words *w, sc_arena *arena,
                   const sc_agent_pair **ret, size_t *ret_n, sc_err *err);
/* Of that only what leads to the named hosts: for commands that are no agents. */
sc_rc sc_agent_way(const sc_agent_words *w, sc_arena *arena, const sc_agent_pair **ret,
                   size_t *ret_n, sc_err *err);
/* The text of the row's file; empty: it wants none. */
sc_rc sc_agent_file(const sc_agent *a, const sc_agent_words *w, sc_arena *arena, sc_str *ret,
                    sc_err *err);
/* Is what `program --version` printed new enough? SC_UNPROCESSABLE says which is needed; SC_INVALID: no
 * version is in it. ret_found ("1.2.3") may be NULL. */
sc_rc sc_agent_version_ok(const sc_agent *a, sc_str printed, char ret_found[32], sc_err *err);

/* Runs the program that is installed here for its version (at most 15 s). SC_NOT_FOUND: it is not here. Else as above. */
sc_rc sc_agent_installed(const sc_agent *a, char ret_found[32], sc_err *err);

#endif
