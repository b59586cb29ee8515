/* Is an address one of the public internet's? What a name leads to must not be this machine, its network, or a
 * cloud's metadata service, where a name was chosen by somebody else (server-side request forgery).
 * Threads: plain functions. */
#ifndef SC_NET_ADDRESS_H
#define SC_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for what IANA's special-purpose registries (RFC 6890 and its updates) do not call globally reachable:
 * this host, loopback, private, shared, link-local, documentation, benchmarking, multicast, reserved; and for IPv6
 * addresses that carry an IPv4 one (mapped, translated, 6to4, Teredo), whatever that is. Unknown families too. */
bool sc_address_public(const struct sockaddr *a);

#endif
