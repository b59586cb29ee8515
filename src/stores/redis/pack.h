/* MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), as far as scripts speak it: what a script is
 * asked for, what it answers, and the rows in between. Numbers are Lua's: whole ones are exact up to 2^53.
 * Threads: plain data. */
#ifndef SC_STORES_REDIS_PACK_H
#define SC_STORES_REDIS_PACK_H

#include "base/id.h"
#include "base/mem.h"
#include "base/str.h"

enum { SC_RD_NO = 5, SC_RD_TIME = 7, SC_RD_KEY = SC_RD_TIME + SC_RD_NO };

/* Writing: failures stay in the buffer. */
void sc_pack_array(sc_buf *b, size_t n);
void sc_pack_int(sc_buf *b, int64_t v);
void sc_pack_real(sc_buf *b, double v);
void sc_pack_str(sc_buf *b, sc_str s);
void sc_pack_id(sc_buf *b, const sc_id *id);      /* 16 bytes; none or NULL: empty */
void sc_pack_id_text(sc_buf *b, const sc_id *id); /* 36 letters; none or NULL: empty */
/* A report's number as 5 bytes that sort as it does; 0: empty. */
void sc_pack_no(sc_buf *b, int64_t seq);
/* A time or a count as 7 bytes that sort as it does. */
void sc_pack_time(sc_buf *b, int64_t v);
void sc_rd_put_no(unsigned char ret[SC_RD_NO], int64_t seq);
void sc_rd_put_time(unsigned char ret[SC_RD_TIME], int64_t v);
int64_t sc_rd_get_no(const unsigned char *p);
int64_t sc_rd_get_time(const unsigned char *p);

/* Reading, left to right. What is not of the asked kind sets `bad`, and gives nothing. Strings are views. */
typedef struct sc_unpack {
    const unsigned char *p, *end;
    bool bad;
} sc_unpack;

sc_unpack sc_unpack_of(sc_str s);
size_t sc_unpack_array(sc_unpack *u);
int64_t sc_unpack_int(sc_unpack *u);
int64_t sc_unpack_enum(sc_unpack *u, int64_t count); /* 0 .. count - 1 */
double sc_unpack_real(sc_unpack *u);
sc_str sc_unpack_str(sc_unpack *u);
sc_str sc_unpack_text(sc_unpack *u, sc_arena *a, bool *nomem); /* copied */
sc_id sc_unpack_id(sc_unpack *u);
sc_id sc_unpack_id_text(sc_unpack *u);
int64_t sc_unpack_no(sc_unpack *u);
/* The bytes of the next value, whatever it is. */
sc_str sc_unpack_raw(sc_unpack *u);

#endif
