/* The built-in agent: asks a chat model what to do next, does it, tells it what came of it, until it says that it is
 * done, runs out of steps, or goes round in circles. A text for people goes to `say`, line by line.
 *
 * It sees to its own end: a model that repeats itself, changes nothing or makes the same mistake again is told so
 * once, and is given up the next time. What the service says that waiting may mend is tried again a few times.
 * Threads: one. */
#ifndef SC_AGENTS_LOOP_H
#define SC_AGENTS_LOOP_H

#include "agents/tools.h"

typedef struct sc_loop_conf {
    sc_dialog_conf model; /* its system and tools are the loop's */
    sc_tool_box box;
    const char *system;
    sc_str task;
    int64_t max_steps;
    int64_t ask_ms;   /* for one reply                              */
    int64_t retry_ms; /* before the second try; doubled each time   */
    void (*say)(void *self, const char *line);
    void *self;
} sc_loop_conf;

typedef enum sc_loop_outcome { SC_LOOP_DONE, SC_LOOP_GAVE_UP } sc_loop_outcome;
typedef struct sc_loop_end {
    sc_loop_outcome outcome;
    char why[512]; /* its summary, or why it was given up */
    int64_t steps, edits, tokens_in, tokens_out;
} sc_loop_end;

/* An error: the service could not be asked (ret is set all the same). */
sc_rc sc_loop_run(const sc_loop_conf *conf, sc_loop_end *ret, sc_err *err);

#endif
