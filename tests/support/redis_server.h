/* A Redis server of the test's own: in a folder of its own, on a socket of its own, gone with the test. */
#ifndef SC_TESTS_REDIS_SERVER_H
#define SC_TESTS_REDIS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct redis_server redis_server;

/* The URL of the one that this process shares, started when first asked for; NULL where there is no redis-server. */
const char *redis_server_url(void);
/* That one, for tests that do something to it. */
redis_server *redis_server_shared(void);
/* The same of a cluster that has this one server: no command may touch keys of two slots. */
const char *redis_cluster_url(void);
/* The same of one that is reached over TLS, and the certificate that vouches for it. */
const char *redis_tls_url(void);
const char *redis_tls_ca(void);
/* A key, and a certificate that speaks for `localhost` alone, in these files. */
void redis_certificate(const char *key, const char *cert);
/* All of them forget what they hold. */
void redis_server_empty(void);

/* Further ones. `options`: more words of the command line, ended by NULL. NULL: it did not start. */
redis_server *redis_server_start(const char *const *options);
/* kill -9; what it has on disk stays. */
void redis_server_kill(redis_server *s);
/* Starts it again on what it has on disk. */
bool redis_server_again(redis_server *s);
void redis_server_end(redis_server *s);
const char *redis_server_dir(const redis_server *s);
const char *redis_server_socket(const redis_server *s);
/* One command, words by words; its answer as an integer (0 where it is none), -1 for an error. */
long long redis_server_say(redis_server *s, int n, const char *const *words);

/* The same, its answer as text: "" for one that is none. False: an error. */
bool redis_server_ask(redis_server *s, int n, const char *const *words, char *ret, size_t size);
/* A port that nobody has now; a server takes it a moment later. */
int redis_free_port(void);

#endif
