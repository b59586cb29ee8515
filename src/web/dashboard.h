/* The dashboard's files as the build embedded them (tools/embed_web.py makes the table).
 * Threads: constant. */
#ifndef SC_WEB_DASHBOARD_H
#define SC_WEB_DASHBOARD_H

#include "base/str.h"

typedef struct sc_web_file {
    const char *name; /* "index.html", "assets/index-4f2a.js" */
    const char *type; /* Content-Type */
    const char *etag; /* of the content, without quotes */
    sc_str raw;
    sc_str gzip, brotli; /* the same compressed; none where that gains nothing */
} sc_web_file;

extern const sc_web_file sc_web_files[]; /* in the order of their names */
extern const size_t sc_web_files_n;

#endif
