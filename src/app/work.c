#include "app/work.h"

#include <stdio.h>

#include "app/internal.h"

static sc_rc ask(sc_app *app, const char *kind, const sc_id *project, const sc_id *of,
                 sc_str payload, int64_t run_at_ms, sc_err *err) {
    const int64_t now = sc_now_ms(app->conf.clock);
    char unique[24 + SC_ID_TEXT];
    snprintf(unique, sizeof unique, "%s:%s", kind, of->text);
    sc_job job = {.id = sc_id_new(app->conf.clock),
                  .project_id = *project,
                  .kind = sc_str_of(kind),
                  .unique_key = sc_str_of(unique),
                  .payload = payload.n ? payload : SC_STR("{}"),
                  .max_attempts = sc_work_find(sc_str_of(kind))->attempts,
                  .run_at_ms = run_at_ms,
                  .created_at_ms = now,
                  .updated_at_ms = now};
    sc_id id;
    return STORE(app)->job_enqueue(SELF(app), &job, &id, err);
}

sc_rc sc_work_ask(sc_app *app, const char *kind, const sc_id *project, sc_str payload,
                  int64_t run_at_ms, sc_err *err) {
    return ask(app, kind, project, project, payload, run_at_ms, err);
}

sc_rc sc_work_ask_report(sc_app *app, const char *kind, const sc_id *project, const sc_id *report,
                         int64_t run_at_ms, sc_err *err) {
    char payload[64 + SC_ID_TEXT];
    snprintf(payload, sizeof payload, "{\"feedback_id\":\"%s\"}", report->text);
    return ask(app, kind, project, report, sc_str_of(payload), run_at_ms, err);
}
