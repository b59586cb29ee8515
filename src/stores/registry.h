/* The stores that this program has, by name. Only this registry and cmd/serve name backends.
 * Threads: constant data; an sc_store may be shared by threads, opening and closing it may not. */
#ifndef SC_STORES_REGISTRY_H
#define SC_STORES_REGISTRY_H

#include "ports/store.h"

extern const sc_store_ops *const sc_stores[];
extern const size_t sc_stores_n;

/* NULL when there is no such backend. */
const sc_store_ops *sc_store_find(sc_str name);

/* Makes an instance and opens it with its own conf struct (filled from ops->opts). *ret is the
 * caller's until sc_store_close. Errors as ops->open. */
sc_rc sc_store_open(const sc_store_ops *ops, const void *conf, sc_store *ret, sc_err *err);
/* Closes and frees; nothing may be running in it. A zeroed sc_store is fine. */
void sc_store_close(sc_store *s);

#endif
