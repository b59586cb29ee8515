/* What a paid service may be asked for in a day (UTC): requests, tokens, money; of the installation, or of one project. The
 * day's use is kept in the store, so that a restart does not begin anew. It is booked before a request is sent, by an
 * estimate, and put right when the service has counted: after a crash the books say too much, never
 * too little. Without a cap nothing depends on them, and they are written every half minute.
 * Several processes share the books: a booking is written only where nobody wrote since it was
 * read, so a cap holds for all of them together. Threads: the caller locks. */
#ifndef SC_APP_BUDGET_H
#define SC_APP_BUDGET_H

#include "ports/store.h"

typedef struct sc_budget_use {
    int64_t requests, tokens, micro_usd;
} sc_budget_use;

typedef struct sc_budget {
    const sc_store *store;
    sc_id project;     /* empty: the installation's */
    const char *name;  /* of the setting that the books are kept in */
    sc_budget_use cap; /* 0 = none */
    int64_t day;       /* days since 1970 that `use` is of */
    sc_budget_use use; /* as last seen in the store, or written there */
    int64_t written_ms;
    sc_budget_use owed; /* known since, not written yet: counts in the next booking */
    char seen[200];     /* the books as last read, word for word */
    size_t n_seen;
} sc_budget;

/* What so many tokens cost at a price in millionths of a dollar for a million. */
int64_t sc_budget_cost(int64_t tokens, int64_t price);

/* `name` is static; `project` NULL: the installation's books. */
void sc_budget_init(sc_budget *b, const sc_store *store, const sc_id *project, const char *name,
                    const sc_budget_use *cap);
/* Books one request of about that many tokens and that cost. SC_LIMITED with retry_after_ms (midnight) when a cap
 * would be passed; nothing is booked then. Store errors as they are: nothing may be sent then. */
sc_rc sc_budget_book(sc_budget *b, int64_t now_ms, int64_t tokens, int64_t micro_usd, sc_err *err);
/* The request took `real` where `booked` was booked. After midnight what was booked stands. */
void sc_budget_correct(sc_budget *b, const sc_budget_use *booked, const sc_budget_use *real);
/* Writes what is known and not written yet. */
void sc_budget_flush(sc_budget *b, int64_t now_ms);
/* The day's use, all processes'. */
sc_rc sc_budget_read(sc_budget *b, int64_t now_ms, sc_budget_use *ret, sc_err *err);

#endif
