/* Addresses: "127.0.0.1:8080" to a listening socket, a peer's address to text and to a key.
 * Names are not resolved (but for "localhost"): what is listened on stands in the configuration.
 * Threads: plain functions. */
#ifndef SC_NET_LISTEN_H
#define SC_NET_LISTEN_H

#include <sys/socket.h>

#include "base/str.h"

#define SC_LISTEN_URL_BYTES 80
#define SC_LISTEN_PEER_BYTES 46 /* INET6_ADDRSTRLEN */

/* "ADDR:PORT", "[ADDR6]:PORT", "localhost:PORT" or "*:PORT" (every IPv4 address); port 0 = any free one.
 * SC_INVALID names what is wrong with the text. */
sc_rc sc_listen_parse(const char *text, struct sockaddr_storage *ret_addr, socklen_t *ret_n,
                      sc_err *err);

/* A bound, listening, non-blocking socket and its address as "http://127.0.0.1:41573". "[::]" takes
 * IPv4 clients too. SC_INVALID for the text, SC_CONFLICT when the address is in use, else SC_IO. */
sc_rc sc_listen_open(const char *text, int *ret_fd, char ret_url[SC_LISTEN_URL_BYTES], sc_err *err);

/* The address without its port; an IPv4 address mapped into IPv6 is written as IPv4. */
void sc_listen_peer(const struct sockaddr *addr, char ret_text[SC_LISTEN_PEER_BYTES]);

/* Whom a connection counts for: an IPv4 address, or an IPv6 /64 (one customer has that many). */
typedef struct sc_listen_key {
    unsigned char bytes[16];
} sc_listen_key;
sc_listen_key sc_listen_key_of(const struct sockaddr *addr);

#endif
