/* The first words of a TLS connection (ClientHello, RFC 8446 4.1.2), read for one thing: which name the client wants to
 * speak to (server_name, RFC 6066). One address serves thousands of names, so a tunnel to a named host is one only if the client
 * says that name there, too. Where the name would be hidden (encrypted ClientHello) it cannot be told, and is not let through.
 *
 * Threads: a plain function. */
#ifndef SC_PROXY_HELLO_H
#define SC_PROXY_HELLO_H

#include "base/str.h"

enum { SC_HELLO_MAX_NAME = 256 };

typedef enum sc_hello {
    SC_HELLO_MORE,    /* so far it may be one                                  */
    SC_HELLO_NONE,    /* this is no TLS                                        */
    SC_HELLO_NAMED,   /* it asks for ret_name                                  */
    SC_HELLO_NAMELESS /* TLS, but without a name, with a hidden one, or broken */
} sc_hello;

/* `in`: all bytes from the connection's beginning. ret_name: as it stands there, lower case. */
sc_hello sc_hello_look(sc_str in, char ret_name[SC_HELLO_MAX_NAME]);

#endif
