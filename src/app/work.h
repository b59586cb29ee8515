/* Asking for work: jobs by the table of core/work.h. While one with the same key is pending nothing is added; while one
 * runs, it is done once more. Threads: any. */
#ifndef SC_APP_WORK_H
#define SC_APP_WORK_H

#include "core/work.h"

struct sc_app;

/* One of the kind for the project; SC_STR_NONE: without a payload. */
sc_rc sc_work_ask(struct sc_app *app, const char *kind, const sc_id *project, sc_str payload,
                  int64_t run_at_ms, sc_err *err);
/* One for the report itself: {"feedback_id": ...}. */
sc_rc sc_work_ask_report(struct sc_app *app, const char *kind, const sc_id *project,
                         const sc_id *report, int64_t run_at_ms, sc_err *err);

#endif
