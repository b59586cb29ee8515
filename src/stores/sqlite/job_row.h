/* Jobs as rows, and the changes of state that job.c and job_read.c share. */
#ifndef SC_STORES_SQLITE_JOB_ROW_H
#define SC_STORES_SQLITE_JOB_ROW_H

#include "stores/sqlite/steps.h"

#define SC_SQ_JOB_COLUMNS                                                                       \
    "j.seq, j.id, p.id, j.kind, j.unique_key, j.payload, j.state, j.attempts, j.max_attempts,"  \
    " j.fence, j.lease_owner, j.lease_until, j.run_at, j.created_at, j.updated_at, j.ended_at," \
    " j.error, j.request_id, j.again"
#define SC_SQ_JOB_PROJECT " LEFT JOIN project p ON p.project_no = j.project_no"

sc_rc sc_sq_job_row(sc_query *q, sc_arena *arena, int64_t *ret_seq, sc_job *ret, sc_err *err);

#endif
