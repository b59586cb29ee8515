/* Upstash's REST protocol in the shape of a connection (https://upstash.com/docs/redis/features/restapi): the bytes that
 * link.h sends are commands; here they become HTTP requests, and the JSON answers become replies.
 *
 * A command of text is a JSON array. One with bytes in it stands in the path, its last argument in the body as it is; EVAL
 * with bytes is SCRIPT LOAD, then EVALSHA. Commands that are sent together go together (/pipeline). Nothing is sent
 * twice. Threads: one at a time. */
#ifndef SC_STORES_REDIS_REST_H
#define SC_STORES_REDIS_REST_H

#include "stores/redis/link.h"

typedef struct sc_rd_rest sc_rd_rest;

/* Asks nothing yet. SC_NOMEM, SC_INTERNAL. */
sc_rc sc_rd_rest_open(const sc_rd_address *to, sc_rd_rest **ret, sc_err *err);
void sc_rd_rest_close(sc_rd_rest *r);
/* As sc_rd_link_send: SC_STORE only when no command was sent. What failed later is told by sc_rd_rest_reply. */
sc_rc sc_rd_rest_send(sc_rd_rest *r, const char *p, size_t n, sc_err *err);
sc_rc sc_rd_rest_reply(sc_rd_rest *r, redisReply **ret, sc_err *err);

#endif
