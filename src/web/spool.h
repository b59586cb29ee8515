/* Output of unknown length: in memory while it is short, then in an unlinked file, so that a long
 * answer costs no memory. Threads: one at a time. */
#ifndef SC_WEB_SPOOL_H
#define SC_WEB_SPOOL_H

#include "base/str.h"

enum { SC_SPOOL_MEMORY = 256 * 1024 };

typedef struct sc_spool {
    sc_buf buf;   /* append here, then sc_spool_settle now and then */
    int fd;       /* -1 while all of it is in buf */
    int64_t size; /* bytes in the file */
    bool failed;
} sc_spool;

void sc_spool_init(sc_spool *s);
/* Moves what is in buf into the file when it is much; `all`: when there is a file at all. */
void sc_spool_settle(sc_spool *s, bool all);
/* The file, now the caller's, or -1. */
int sc_spool_take_fd(sc_spool *s);
void sc_spool_done(sc_spool *s);

#endif
