/* What a PostHog event says in words: of an exception, or of a survey that was filled in. Formats: posthog.c.
 * Strict (a wrong type is an error naming the path): the exception list, an issue's name and description.
 * Lenient: the rest. Threads: pure. */
#ifndef SC_SOURCES_POSTHOG_TEXT_H
#define SC_SOURCES_POSTHOG_TEXT_H

#include "sources/fields.h"

typedef struct sc_posthog_text {
    sc_str title, body, stack; /* any may be empty */
} sc_posthog_text;

/* `props` are the event's properties (an alert's name and description), `raised` the exception's, which for an
 * exception are the same. `at` is the path of props. */
void sc_posthog_read_raised(sc_fields *r, const json_t *props, const json_t *raised, const char *at,
                            sc_posthog_text *ret);

/* Answers in words become the body, without a title: what people wrote is what groups, not what they were
 * asked. A number (a rating) goes to meta. */
void sc_posthog_read_survey(sc_fields *r, const json_t *props, json_t *meta, sc_posthog_text *ret);

#endif
