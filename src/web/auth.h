/* Who asks, and may they? Works on the request's head alone, before any of the body is read.
 *
 * A key comes in X-API-Key or as a bearer token, a session in a cookie. Browsers send cookies on
 * their own, so a change by cookie also needs a header that a foreign page cannot set, and an Origin
 * (where there is one) that is ours. Threads: a request's own. */
#ifndef SC_WEB_AUTH_H
#define SC_WEB_AUTH_H

#include "web/request.h"

/* SC_UNAUTHORIZED without a good key or session, SC_FORBIDDEN without the scope or for a forged
 * change. Fills q->who. */
sc_rc sc_auth_check(sc_req *q, sc_err *err);
/* SC_FORBIDDEN when a browser sends this for a page that is not ours. What is no browser may pass. */
sc_rc sc_auth_origin(const sc_req *q, sc_err *err);
/* For replies that go on for long: is what let it in still good? A store that cannot answer is no reason to end. */
bool sc_auth_holds(const sc_req *q);
/* Fills q->project where the operation takes project_id. After sc_auth_check and the parameters. */
sc_rc sc_auth_project(sc_req *q, sc_err *err);

#endif
