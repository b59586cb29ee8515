/* How many requests an address, and a key, may send. */
#ifndef SC_WEB_LIMIT_H
#define SC_WEB_LIMIT_H

#include "web/request.h"

/* Before anybody knows who it is: wrong keys count, too. Whether the server is well may always be asked. */
sc_rc sc_limit_address(const sc_req *q, sc_err *err);
/* A key, and the sessions that it opened; the project's own limit comes before the server's. The owner's session and the local
 * command line have no key. */
sc_rc sc_limit_key(const sc_req *q, sc_err *err);

#endif
