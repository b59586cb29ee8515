/* Options: rows that say name, type, fallback and help, so that flags, SOULCASTER_* environment
 * variables, --help and docs/config.md are all printed from one table.
 *
 * Row `name` "max-body" is the flag --max-body and the variable SOULCASTER_MAX_BODY. A flag wins
 * over the environment, the environment over the fallback. All problems are collected and told at
 * once. String values are borrowed from argv, the environment or the table (they live as long as
 * the process). Threads: parse before threads start; reading afterwards is safe. */
#ifndef SC_BASE_CONF_H
#define SC_BASE_CONF_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

typedef enum sc_opt_type {
    SC_OPT_STR,   /* const char *           */
    SC_OPT_INT,   /* int64_t, min..max      */
    SC_OPT_BYTES, /* int64_t, "64k"         */
    SC_OPT_BOOL,  /* bool; a flag needs no value, --no-NAME switches off */
    SC_OPT_LIST,  /* sc_opt_list: a repeatable flag; no environment form */
} sc_opt_type;

typedef struct sc_opt_list {
    const char *v[32];
    size_t n;
} sc_opt_list;

typedef struct sc_opt {
    const char *name; /* "listen"                                        */
    sc_opt_type type;
    char letter;          /* short form, or 0                                */
    bool secret;          /* never printed                                   */
    bool no_env;          /* flag only (per call, not per installation)      */
    size_t offset;        /* of the member in the conf struct                */
    const char *fallback; /* as the user would write it; NULL = unset/0/false */
    const char *arg;      /* placeholder in help ("ADDR:PORT"); NULL for BOOL */
    const char *help;     /* one sentence, no full stop                      */
    int64_t min, max;     /* SC_OPT_INT; both 0 = any                        */
} sc_opt;

/* Fills `conf` from fallbacks, environment and argv[1..]. What is not an option ends up in
 * ret_words (in order; room for argc pointers) with its count. "--" ends options. Problems are
 * written to `problems` one a line (bounded) and the call returns SC_INVALID. */
sc_rc sc_conf_parse(const sc_opt *rows, size_t n_rows, void *conf, int argc, char **argv,
                    const char **ret_words, size_t *ret_n_words, sc_buf *problems);

/* The rows as help text: two columns, wrapped at `width`. */
void sc_conf_help(const sc_opt *rows, size_t n_rows, size_t width, sc_buf *out);

/* Reads NAME=value lines (a .env file: '#' comments, optional quotes, optional "export ") into the
 * environment; variables that are set already win. Missing file: SC_NOT_FOUND. */
sc_rc sc_conf_load_env(const char *path, sc_err *err);

#endif
