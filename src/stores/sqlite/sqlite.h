/* The embedded store: one SQLite database in WAL mode in a data directory.
 *
 * `dir` is made with mode 0700 if need be and holds soulcaster.db (0600) with its -wal and -shm
 * files. Other processes (command line tools) may have it open at the same time. */
#ifndef SC_STORES_SQLITE_SQLITE_H
#define SC_STORES_SQLITE_SQLITE_H

#include "ports/store.h"

typedef struct sc_sqlite_conf {
    const char *dir;
    int64_t busy_timeout_ms; /* how long a write waits for another process's */
} sc_sqlite_conf;

extern const sc_store_ops sc_store_sqlite;

#endif
