/* Stack frames of a Sentry or PostHog event as text for grouping: one "function (file)" a line, most recent call
 * first. Line numbers are left out: they differ between two releases of one fault.
 *
 * Format: https://develop.sentry.dev/sdk/data-model/event-payloads/stacktrace/ (frames are ordered
 * from oldest to most recent call; in_app tells the application's frames). The REST API's spelling
 * (inApp, absPath) is read too, and that of PostHog's resolved frames (resolved_name, source). Threads: pure. */
#ifndef SC_SOURCES_FRAMES_H
#define SC_SOURCES_FRAMES_H

#include "sources/fields.h"

enum { SC_FRAMES_MAX = 50 };

/* In-app frames; all frames when none is in-app; empty when there are no frames. At most SC_FRAMES_MAX
 * lines. `frames` may be any JSON value (not an array = none), entries that are no frame are skipped. */
sc_str sc_frames_text(sc_fields *r, const json_t *frames, sc_str platform);

#endif
