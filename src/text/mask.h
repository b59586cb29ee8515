/* Masks: what differs between two reports of one thing (ids, numbers, times, addresses, paths) as a
 * kind; the tokeniser writes one token for it. Threads: pure functions. */
#ifndef SC_TEXT_MASK_H
#define SC_TEXT_MASK_H

#include "base/str.h"

typedef enum sc_mask {
    SC_MASK_NONE,    /* words */
    SC_MASK_NUM,     /* 12, 3.5, 10ms, 50% */
    SC_MASK_VERSION, /* 3.1.2, v2.0-rc1 */
    SC_MASK_TIME,    /* 12:34:56, 2021-02-03 */
    SC_MASK_IP,
    SC_MASK_EMAIL,
    SC_MASK_URL,
    SC_MASK_PATH,
    SC_MASK_UUID,
    SC_MASK_HEX,  /* digests, colours */
    SC_MASK_ADDR, /* 0x7ffc01d0 */
    SC_MASK_ID,   /* random-looking letters and digits; words too long to be any */
    SC_MASK_COUNT
} sc_mask;

/* "<num>" and so on; empty for SC_MASK_NONE. */
sc_str sc_mask_token(sc_mask m);

/* What `chunk` is, as a whole. It has no white space and no joining characters at its ends. */
sc_mask sc_mask_of(sc_str chunk);

/* True for what names a fault and is the same in each report of it: errno names, ERR_*, SIG*, EXC_*,
 * ORA-00942, TS2322, HRESULTs, exception types. Case matters. */
bool sc_mask_is_code(sc_str chunk);

#endif
