/* The pages that work without the dashboard: signing in, and errors of addresses that people open. One
 * escape function, one frame, one style sheet, no script. Threads: a request's own. */
#ifndef SC_WEB_HTML_H
#define SC_WEB_HTML_H

#include "web/request.h"

/* Text for an element or a quoted attribute: & < > " ' become references, control characters spaces. */
void sc_html_text(sc_buf *b, sc_str s);
void sc_html_open(sc_buf *b, sc_str title);
void sc_html_close(sc_buf *b);
sc_rc sc_html_reply(sc_req *q, int status, sc_buf *b, sc_err *err);
/* An error as a page; without a session, the form to sign in. */
void sc_page_fail(sc_req *q, const sc_err *err);
/* next: where to go afterwards, as it came; may be none. */
void sc_html_login_form(sc_buf *b, sc_str next);

#endif
