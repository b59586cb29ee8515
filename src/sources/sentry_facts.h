/* What a Sentry payload says, in one flat struct, whichever of Sentry's shapes said it.
 *
 * Shapes: the event of the event_alert and error webhooks
 * (https://docs.sentry.io/organization/integrations/integration-platform/webhooks/issue-alerts/ and
 * .../errors/), the REST API's event (eventID, groupID, entries, camelCase), the issue of the issue
 * webhook (.../webhooks/issues/) and of the REST API, and the old WebHooks plug-in
 * (sentry/plugins/sentry_webhooks: {"id", "project", "message", "culprit", "level", "url", "event"}).
 *
 * Strict (a wrong type is an error naming the path): ids, title, message, times, exception and its
 * values, links. Lenient (a wrong type is as absent): what only decorates or filters. Threads: pure. */
#ifndef SC_SOURCES_SENTRY_FACTS_H
#define SC_SOURCES_SENTRY_FACTS_H

#include "sources/fields.h"

typedef struct sc_sentry_facts {
    sc_str issue_id, event_id; /* at least one is set */
    sc_str title;              /* never empty         */
    sc_str body;               /* exceptions, message, culprit; may be empty */
    sc_str stack;              /* frames.h            */
    sc_str url;                /* for people, or empty */
    sc_str level, platform, environment, release, culprit, logger, short_id, status, substatus;
    sc_str project;          /* slug, or empty      */
    sc_str project_id;       /* number as text, or empty */
    const json_t *tags;      /* borrowed; an array of [key, value] or {"key", "value"} */
    const char *at, *id_key; /* where an id stands, for errors */
    int64_t created_at_ms;
} sc_sentry_facts;

/* Borrowed from the payload or in r's arena. Failures are in r->rc. */
void sc_sentry_read_event(sc_fields *r, const json_t *event, const char *at, int64_t now_ms,
                          sc_sentry_facts *ret);
void sc_sentry_read_issue(sc_fields *r, const json_t *issue, const char *at, int64_t now_ms,
                          sc_sentry_facts *ret);
void sc_sentry_read_plugin(sc_fields *r, const json_t *root, int64_t now_ms, sc_sentry_facts *ret);

/* Calls put(self, key, value) for each tag that has text; at most `max` of them. */
void sc_sentry_each_tag(const json_t *tags, size_t max,
                        void (*put)(void *self, sc_str key, sc_str value), void *self);

#endif
