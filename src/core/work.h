/* Kinds of work: one row a kind of job, with its queue, and what is done when it fails. The same rows stand in
 * docs/failure-policy.md; tests/unit/test_policy.c holds the two together, and each row to what happens. */
#ifndef SC_CORE_WORK_H
#define SC_CORE_WORK_H

#include "core/job.h"

/* What a worker may be told to take (`--queues`). */
#define SC_QUEUES(X) X(group) X(summarise) X(fix) X(poll) X(verify)

typedef enum sc_queue {
#define X(name) SC_QUEUE_##name,
    SC_QUEUES(X)
#undef X
        SC_QUEUE_COUNT
} sc_queue;

enum { SC_QUEUES_ALL = (1 << SC_QUEUE_COUNT) - 1 };

const char *sc_queue_name(sc_queue q);
/* "group,fix" as a set of bits 1 << sc_queue. SC_INVALID names the one that there is not. */
sc_rc sc_queues_parse(sc_str list, unsigned *ret, sc_err *err);

typedef struct sc_work {
    const char *kind;
    sc_queue queue;
    int attempts;
    int64_t base_ms, cap_ms;  /* back-off between two attempts (sc_job_backoff_ms) */
    bool periodic;            /* the scheduler asks for it again anyway: it leaves no dead letter */
    const char *about, *then; /* for people: what it does; what becomes of it when it is given up */
} sc_work;

extern const sc_work sc_works[];
extern const size_t sc_works_n;

/* NULL when there is no such kind. */
const sc_work *sc_work_find(sc_str kind);
/* May it be what was given, and not the store, a service or the machine? Then a batch is taken apart until what does it
 * stands alone. */
bool sc_work_blames_input(sc_rc rc);
/* The kinds of a set of queues, at most `room`; returns how many. */
size_t sc_work_kinds(unsigned queues, sc_str *ret, size_t room);

#endif
