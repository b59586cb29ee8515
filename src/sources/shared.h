/* Shared secrets, for vendors that do not sign what they send: the secret itself comes with each delivery, in the
 * header SC_SHARED_HEADER, or as the parameter `token` of the address where the vendor can set no header.
 * Weaker than a signature: whoever sees one delivery can make others. Threads: pure. */
#ifndef SC_SOURCES_SHARED_H
#define SC_SOURCES_SHARED_H

#include "ports/source.h"
#include "sources/fields.h"

#define SC_SHARED_HEADER "X-Soulcaster-Secret"

/* For `verify` of the port. Words never hold what was sent. */
sc_rc sc_shared_verify_header(const sc_source_request *r, const char *source, sc_err *err);
sc_rc sc_shared_verify_token(const sc_source_request *r, const char *source, sc_err *err);

/* Puts the first secret into a sample, which borrows it. */
sc_rc sc_shared_sample_header(const json_t *settings, const char *source, sc_source_sample *s,
                              sc_err *err);
sc_rc sc_shared_sample_token(const json_t *settings, const char *source, sc_source_sample *s,
                             sc_err *err);

/* For `webhook` of the port, where a body is one report: parses it and lets `build` make the item. */
sc_rc sc_shared_webhook(const sc_source_request *rq,
                        sc_rc (*build)(sc_fields *r, const json_t *root, const json_t *settings,
                                       int64_t now_ms, sc_source_item *ret),
                        sc_arena *arena, sc_source_item **ret_items, size_t *ret_n, sc_err *err);

#endif
