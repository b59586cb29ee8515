/* Upstash's REST protocol in front of a Redis of the tests (tests/support/upstash.py), gone with the test. */
#ifndef SC_TESTS_REST_SERVER_H
#define SC_TESTS_REST_SERVER_H

#define REST_TOKEN "t0ken"

/* The URL of the one that this process shares, in front of its shared Redis; NULL where there is no redis-server. */
const char *rest_server_url(void);

typedef struct rest_server rest_server;
/* A further one, in front of the Redis at that socket. `options`: more words of its command line, ended by NULL. */
rest_server *rest_server_start(const char *redis_socket, const char *const *options);
void rest_server_end(rest_server *s);
int rest_server_port(const rest_server *s); /* 0 where it listens on a socket */

#endif
