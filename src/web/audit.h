/* The audit log as the contract's operations write it: each that a person or key changes something with (any method but GET, with
 * the scope triage, fix or admin) leaves one row, once it was done. */
#ifndef SC_WEB_AUDIT_H
#define SC_WEB_AUDIT_H

#include "web/request.h"

/* Before the handler: how it is now. */
void sc_audit_begin(sc_req *q);
/* After it, before the answer goes out; `reply` is its JSON. What cannot be stored is logged and counted: the change
 * itself is on disk by then, and must not be told as failed. */
void sc_audit_end(sc_req *q, int status, sc_str reply);

#endif
