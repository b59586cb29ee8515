/* HTML character references (HTML Living Standard, 13.2.5.72 on): numeric ones and the names that
 * occur in mail and issue text. Threads: pure functions. */
#ifndef SC_TEXT_ENTITY_H
#define SC_TEXT_ENTITY_H

#include "base/str.h"

/* s starts with '&'. Bytes of the reference, 0 when it is none; *ret_cp is the code point, 0 for one
 * that must not be shown. */
size_t sc_entity_parse(sc_str s, uint32_t *ret_cp);

#endif
