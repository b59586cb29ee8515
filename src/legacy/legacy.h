/* Reads the system that came before this one out of its Redis, as the lines that import takes (app/transfer.h): projects,
 * issues with their reports and the runs of agents on them, the other reports, Reddit's setting. Nothing is written there. What is read twice gives the same
 * lines: ids are kept where they are UUIDs, else made of the old ones.
 *
 * Held in memory: the names of all keys (about 150 bytes each), one issue's members, and some rows. Threads: one. */
#ifndef SC_LEGACY_LEGACY_H
#define SC_LEGACY_LEGACY_H

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

/* Why something is not taken, in words for people. `lost`: somebody should look at it. */
#define SC_LEGACY_LEFT(X)                                                             \
    X(broken, true, "could not be read or taken")                                     \
    X(emptied, true, "issues none of whose reports is there")                         \
    X(elsewhere, true, "places in an issue of another project, or in a second issue") \
    X(older, false, "older copies of what has the same id")                           \
    X(jobs, false, "jobs of coding agents, of issues that are not there")             \
    X(ends, false, "ends of agents' logs: the first 1 MiB of each is taken")          \
    X(plans, false, "plans: agents are told only what was written here")              \
    X(runs, false, "runs of the old grouping")                                        \
    X(settings, false, "settings of webhooks: they hold secrets, set them up anew")   \
    X(users, false, "users: make keys for them")                                      \
    X(indexes, false, "indexes: made anew")                                           \
    X(foreign, false, "keys of other programs")

typedef enum sc_legacy_left {
#define X(name, lost, words) SC_LEGACY_LEFT_##name,
    SC_LEGACY_LEFT(X)
#undef X
        SC_LEGACY_LEFT_COUNT
} sc_legacy_left;

const char *sc_legacy_left_name(sc_legacy_left l);
const char *sc_legacy_left_words(sc_legacy_left l);
bool sc_legacy_left_lost(sc_legacy_left l);

typedef struct sc_legacy_conf {
    const char *token; /* of a REST address that holds none; NULL: none */
    const char *url, *ca_file;
    int64_t timeout_ms;
    const char *project; /* a name for what names no project */
    const sc_clock *clock;
    void *self; /* of the functions below */
    /* One line without its end; `key` is where it comes from. An error ends the reading. */
    sc_rc (*line)(void *self, sc_str line, sc_str key, sc_err *err);
    void (*left)(void *self, sc_legacy_left what, sc_str key, const char *why);
    void (*progress)(void *self, int64_t done, int64_t total); /* reports */
} sc_legacy_conf;

sc_rc sc_legacy_read(const sc_legacy_conf *conf, sc_err *err);

#endif
