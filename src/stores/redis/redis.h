/* The store in Redis (or Valkey): one server, a server with TLS, a cluster, or one behind Upstash's REST protocol.
 *
 * Every operation that changes something in a project is one Lua script on that project's hash slot, so it happens
 * whole or not at all. What belongs to no project lives under the tag {i}. docs/schema-redis.md has the layout. */
#ifndef SC_STORES_REDIS_REDIS_H
#define SC_STORES_REDIS_REDIS_H

#include "ports/store.h"

typedef struct sc_redis_conf {
    const char *url;   /* redis://, rediss://, unix://, https:// */
    const char *token; /* of an https:// URL that holds none; NULL: none */
    const char
        *ca_file; /* certificates to trust instead of the system's; NULL or empty: the system's */
    int64_t look_ms;    /* between two looks at others' work; 0 chooses */
    int64_t timeout_ms; /* of a connection, of a command's way there and of its answer */
} sc_redis_conf;

extern const sc_store_ops sc_store_redis;

#endif
