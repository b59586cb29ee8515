/* Inside the sandbox: a loopback port that leads to a unix socket, for programs that only speak to addresses. It starts the
 * program, relays until that ends, and ends as it did. Threads: one. */
#ifndef SC_RUNNERS_LOCAL_RELAY_H
#define SC_RUNNERS_LOCAL_RELAY_H

#include "base/err.h"

enum { SC_RELAY_MAX = 128 }; /* connections at once; more wait to be accepted */

/* Listens on 127.0.0.1:port before the program starts, so that its first call finds it. *ret_exit as a shell says it. A
 * socket that can not be reached closes the connection that wanted it. SC_NOT_FOUND: no such program; SC_IO. */
sc_rc sc_relay_run(int port, const char *socket_path, const char *const *argv, int *ret_exit,
                   sc_err *err);

#endif
