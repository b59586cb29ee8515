/* One piece of feedback: a report as a source handed it over, and where it stands.
 *
 * Strings are views; whoever fills the struct says who owns the bytes (usually a request's or a
 * reader's arena). No I/O, no clock. */
#ifndef SC_CORE_FEEDBACK_H
#define SC_CORE_FEEDBACK_H

#include "base/id.h"
#include "base/str.h"

/* Sources that a report can come from; the name is what stands in JSON and in the store. */
#define SC_FEEDBACK_SOURCES(X) \
    X(manual) X(reddit) X(sentry) X(github) X(datadog) X(posthog) X(splunk) X(generic) X(form)

typedef enum sc_feedback_source {
#define X(name) SC_SOURCE_##name,
    SC_FEEDBACK_SOURCES(X)
#undef X
        SC_SOURCE_COUNT
} sc_feedback_source;

const char *sc_feedback_source_name(sc_feedback_source s);
bool sc_feedback_source_parse(sc_str name, sc_feedback_source *ret);

/* Where a report stands on its way into an issue. */
#define SC_FEEDBACK_STATES(X)                                              \
    X(pending) /* stored, not grouped yet                               */ \
    X(grouped) /* in a cluster                                          */ \
    X(parked)  /* grouping gave up on it; the reason is a dead letter   */

typedef enum sc_feedback_state {
#define X(name) SC_FEEDBACK_##name,
    SC_FEEDBACK_STATES(X)
#undef X
        SC_FEEDBACK_STATE_COUNT
} sc_feedback_state;

const char *sc_feedback_state_name(sc_feedback_state s);
bool sc_feedback_state_parse(sc_str name, sc_feedback_state *ret);

/* Limits the contract states too (bytes of UTF-8). */
enum {
    SC_FEEDBACK_MAX_TITLE = 1000,
    SC_FEEDBACK_MAX_BODY = 256 * 1024,
    SC_FEEDBACK_MAX_METADATA = 64 * 1024,
    SC_FEEDBACK_MAX_EXTERNAL_ID = 500,
};

typedef struct sc_feedback {
    int64_t seq; /* the store's number, growing in order of arrival; 0 = not stored  */
    sc_id id;
    sc_id project_id;
    sc_feedback_source source;
    sc_feedback_state state;
    sc_str external_id;     /* unique within (project, source)                                  */
    sc_str title;           /* never empty once normalised                                      */
    sc_str body;            /* may be empty                                                     */
    sc_str stack;           /* in-app stack frames, one "function (file)" a line, or empty      */
    sc_str metadata;        /* a JSON object as compact text; "{}" when none                    */
    sc_str repo;            /* "owner/name" for GitHub, else empty                              */
    sc_str url;             /* where people can see the original, or empty                      */
    sc_str status;          /* the source's own status ("open", "closed"), or empty             */
    int64_t issue_number;   /* GitHub issue number, else 0                                      */
    int64_t created_at_ms;  /* when it was written, as the source says                          */
    int64_t received_at_ms; /* when it reached us                                               */
    sc_id cluster_id;       /* empty until grouped                                              */
    sc_str request_id;      /* of the request that brought it                                   */
} sc_feedback;

/* Checks limits, UTF-8, NUL and required fields, and fills what can be derived: a missing title from
 * the body's first line, a missing body as empty, clamps nothing. SC_UNPROCESSABLE names the
 * field. */
sc_rc sc_feedback_normalise(sc_feedback *f, sc_err *err);

#endif
