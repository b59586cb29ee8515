/* A project's limits: what its keys may send, what it may store, how many fixes it may start, how long its reports are
 * kept. One JSON object in the store (setting "limits"), remembered for two seconds; a change made by this process
 * counts at once. Threads: any. */
#ifndef SC_APP_QUOTA_H
#define SC_APP_QUOTA_H

#include <pthread.h>

#include "app/app.h"
#include "base/json.h"

typedef struct sc_quota {
    int64_t requests_a_minute; /* of each of its keys; 0: what the server was started with */
    int64_t max_reports;       /* stored; 0: no limit                                       */
    int64_t max_fixes_a_day;   /* started in a UTC day; 0: no limit                         */
    int64_t keep_days;         /* of reports in closed issues (retention.h); 0: for ever    */
} sc_quota;

enum { SC_QUOTAS = 32 };
typedef struct sc_quotas {
    pthread_mutex_t lock;
    struct sc_quota_row {
        sc_id project; /* empty: free */
        int64_t until_us;
        sc_quota limits;
        int64_t stored,
            admitted; /* reports there at the last count; let in since, duplicates too */
        int64_t counted_until_us;
    } rows[SC_QUOTAS];
    _Atomic int64_t refused_reports, refused_fixes;
} sc_quotas;

void sc_quotas_init(sc_quotas *c);
void sc_quotas_done(sc_quotas *c);

/* As stored a moment ago. */
sc_rc sc_quota_look(sc_app *app, const sc_id *project, sc_quota *ret, sc_err *err);
/* Members that are left out: no limit. */
sc_rc sc_quota_put(sc_app *app, const sc_id *project, const json_t *v, sc_err *err);
void sc_quota_write(const sc_quota *l, sc_buf *out);

/* SC_LIMITED when n more reports are over the project's quota. The count is at most two seconds old, so with several
 * processes it may be passed by what they take in that time. */
sc_rc sc_quota_reports(sc_app *app, const sc_id *project, size_t n, sc_err *err);
/* SC_LIMITED when that many fixes were started today. */
sc_rc sc_quota_fixes(sc_app *app, const sc_id *project, int64_t started, sc_err *err);

#endif
