/* A name's addresses, looked up on a thread of its own: getaddrinfo cannot be given up, but a connection that waits for
 * it can. Whoever is last, the waiting one or the thread, clears up. Threads: any. */
#ifndef SC_PROXY_LOOKUP_H
#define SC_PROXY_LOOKUP_H

#include "proxy/conn.h"

enum { SC_LOOKUP_MS = 10000 };

/* Its addresses (freeaddrinfo); NULL: there are none, it took too long, or the proxy stops. */
struct addrinfo *sc_proxy_lookup(const sc_proxy *p, const char *host, int port);

#endif
