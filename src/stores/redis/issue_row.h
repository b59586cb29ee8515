/* An issue as it is stored: its row, and the facts that lists look at (scripts/issues.lua). */
#ifndef SC_STORES_REDIS_ISSUE_ROW_H
#define SC_STORES_REDIS_ISSUE_ROW_H

#include "core/cluster.h"
#include "stores/redis/pack.h"

/* As an argument of `group`. `row` is scratch. */
sc_rc sc_rd_pack_issue(sc_buf *b, const sc_cluster *k, sc_buf *row, sc_err *err);
/* Back again. */
void sc_rd_issue_of(sc_str facts, sc_str row, const sc_id *project, sc_arena *arena,
                    sc_cluster *ret, bool *bad, bool *nomem);
/* Number, version, status and count alone. */
void sc_rd_issue_facts(sc_str facts, sc_cluster *ret, unsigned *ret_sources, bool *bad);

#endif
