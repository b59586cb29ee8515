/* A fix as it is stored beside its job (scripts/fixes.lua). */
#ifndef SC_STORES_REDIS_FIX_ROW_H
#define SC_STORES_REDIS_FIX_ROW_H

#include "core/fix.h"
#include "stores/redis/pack.h"

/* A new one, as an argument of `fix_start`. */
sc_rc sc_rd_pack_new_fix(sc_buf *b, const sc_fix *f, sc_err *err);
/* One with all that is known of it but its log, as an argument of `fix_keep`. */
sc_rc sc_rd_pack_whole_fix(sc_buf *b, const sc_fix *f, sc_err *err);
/* What may change of it, as one string. */
sc_rc sc_rd_pack_fix_rest(sc_buf *b, const sc_fix *f, sc_err *err);
/* Back again, out of both rows; *ret_seq: number of the job. */
void sc_rd_fix_of(sc_str row, sc_str job, sc_arena *arena, sc_fix *ret, int64_t *ret_seq, bool *bad,
                  bool *nomem);

#endif
