/* Names of the keys of the system that came before this one, and what each holds. Forms changed over time: with the
 * project in the name, and before that without. Threads: pure. */
#ifndef SC_LEGACY_KEY_H
#define SC_LEGACY_KEY_H

#include "base/str.h"

typedef enum sc_legacy_kind {
    SC_LEGACY_FEEDBACK,
    SC_LEGACY_CLUSTER,
    SC_LEGACY_ITEMS, /* the reports of a cluster                        */
    SC_LEGACY_JOB,   /* one run of a coding agent                       */
    SC_LEGACY_LOGS,  /* ... and what it printed                         */
    SC_LEGACY_PLAN,
    SC_LEGACY_SUBREDDITS,
    SC_LEGACY_PROJECT,
    SC_LEGACY_USER,
    SC_LEGACY_RUN,     /* one run of the old grouping                     */
    SC_LEGACY_SETTING, /* of a source; may be a secret                    */
    SC_LEGACY_INDEX,   /* says nothing that the rows do not say           */
    SC_LEGACY_FOREIGN, /* not of the old system                           */
    SC_LEGACY_KIND_COUNT
} sc_legacy_kind;

typedef struct sc_legacy_key {
    sc_legacy_kind kind;
    sc_str project, id; /* parts of the name; empty where it has none */
} sc_legacy_key;

sc_legacy_key sc_legacy_key_of(sc_str name);

#endif
