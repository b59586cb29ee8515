/* The audit log: who changed what, when. Rows are added and never changed. */
#ifndef SC_CORE_AUDIT_H
#define SC_CORE_AUDIT_H

#include "base/id.h"
#include "base/str.h"

typedef struct sc_audit {
    int64_t seq; /* the store's number, growing                                     */
    sc_id id;
    sc_id project_id; /* empty: the installation                                    */
    int64_t at_ms;
    sc_str actor;         /* the key's name, "session" or "local"                   */
    sc_id key_id;         /* empty: no key (the owner's session, the command line)  */
    sc_str action;        /* operationId of the contract                            */
    sc_str target;        /* id or name of what was changed, or empty               */
    sc_str before, after; /* JSON objects: how it was, and is; empty: not known     */
    sc_str asked;         /* JSON: what was sent, without secrets; empty: nothing   */
    sc_str request_id;    /* as with reports and jobs                               */
} sc_audit;

enum { SC_AUDIT_MAX_JSON = 8 << 10 };

#endif
