/* Which project a request is about. Names and ids that were found are remembered for two seconds, so
 * that a stream of reports costs no look-ups. Projects are never renamed or removed, so what is
 * remembered cannot become wrong, only "the only project" can. Threads: thread-safe. */
#ifndef SC_WEB_PROJECT_OF_H
#define SC_WEB_PROJECT_OF_H

#include <pthread.h>

#include "app/access.h"

enum { SC_PROJECTS_CACHE = 32 };
typedef struct sc_projects {
    pthread_rwlock_t lock;
    struct {
        char name[104];
        sc_id id;
    } entries[SC_PROJECTS_CACHE];
    size_t next;
    sc_id fallback; /* the project meant when none is named */
    int64_t fallback_until_us;
} sc_projects;

void sc_projects_init(sc_projects *p);
void sc_projects_done(sc_projects *p);
/* `named` none: the principal's project, else the only one, else "default". SC_NOT_FOUND for a
 * project that does not exist and for one that the principal may not see, in the same words;
 * SC_INVALID when a name is needed. */
sc_rc sc_projects_resolve(sc_projects *p, sc_app *app, const sc_id *bound_to, sc_str named,
                          sc_id *ret, sc_err *err);

#endif
