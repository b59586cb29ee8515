/* One connection to one server: bytes there, replies back; a REST address is spoken to in the same way (rest.h). It waits no
 * longer than its timeout, retries nothing, and is good for nothing any more once a step failed. Threads: one at a time. */
#ifndef SC_STORES_REDIS_LINK_H
#define SC_STORES_REDIS_LINK_H

#include <hiredis/hiredis.h>

#include "base/err.h"
#include "base/str.h"

/* Where a server is and how it wants to be spoken to. */
typedef struct sc_rd_address {
    bool tls, local; /* local: `host` is the path of a socket */
    bool rest;       /* HTTP instead of Redis' own protocol; `password` is the token */
    char host[256];
    int port, database;
    char user[128], password[256];
    char ca_file[512]; /* empty: the system's */
    int timeout_ms;
} sc_rd_address;

/* redis://[[user]:password@]host[:port][/database], rediss:// for TLS, unix://[[user]:password@]/path[?db=N]; of a REST address
 * https://[:TOKEN@]host[:port], and http:// on this machine; `token` is for one that holds none (NULL or empty: nothing).
 * SC_INVALID says what is wrong and never shows the password. */
sc_rc sc_rd_address_parse(sc_str url, const char *token, sc_rd_address *ret, sc_err *err);

typedef struct sc_rd_link sc_rd_link;

/* Connects, and introduces itself. SC_STORE. */
sc_rc sc_rd_link_open(const sc_rd_address *to, sc_rd_link **ret, sc_err *err);
void sc_rd_link_close(sc_rd_link *l);
/* False when the other side has ended it while nobody looked. */
bool sc_rd_link_fresh(sc_rd_link *l);
/* Sends all of it. On SC_STORE the server has not got a whole command. */
sc_rc sc_rd_link_send(sc_rd_link *l, const char *p, size_t n, sc_err *err);
/* The next reply, the caller's (freeReplyObject). SC_STORE; SC_TIMEOUT. */
sc_rc sc_rd_link_reply(sc_rd_link *l, redisReply **ret, sc_err *err);

#endif
