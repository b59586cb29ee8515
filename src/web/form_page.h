/* The public form as HTML: no script, one style sheet, everything foreign escaped. Threads: a request's own. */
#ifndef SC_WEB_FORM_PAGE_H
#define SC_WEB_FORM_PAGE_H

#include "web/request.h"

enum { SC_FORM_MAX_MESSAGE = 20000, SC_FORM_MAX_LINE = 300, SC_FORM_MAX_PAGE = 2000 };

typedef struct sc_form_page {
    sc_str project; /* its name */
    bool ask_contact;
    sc_str subject, message, contact; /* what was typed */
    sc_str page;                      /* where the visitor was, or none */
    const char *mark;
    const char *problem; /* in words, or NULL */
    const char *field;   /* that it is about: "message", ...; "" for none */
} sc_form_page;

void sc_form_page_write(const sc_form_page *p, sc_buf *b);
void sc_form_thanks_write(sc_str project, sc_buf *b);
/* Sets the headers of a form's reply: who may show it, and that it loads nothing. `origins`: the setting's list. */
void sc_form_headers(sc_req *q, const json_t *origins);

#endif
