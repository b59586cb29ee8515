/* Port: a source turns what a vendor sends into normalised feedback items.
 *
 * A backend is constant ops. It is a pure function of bytes, headers and settings: no I/O, no
 * clock of its own, no threads. Formats follow the vendor's own documentation (named in each file). */
#ifndef SC_PORTS_SOURCE_H
#define SC_PORTS_SOURCE_H

#include <jansson.h>

#include "base/mem.h"
#include "core/feedback.h"

typedef struct sc_source_header {
    sc_str name, value;
} sc_source_header;

/* What a webhook request looks like to a source. */
typedef struct sc_source_request {
    sc_str body;                     /* raw bytes, as signed */
    const sc_source_header *headers; /* as received */
    size_t n_headers;
    sc_str token;           /* the address's parameter `token`, for who can send no header */
    const json_t *settings; /* of this source in this project: {"secret": ..., ...}; may be NULL */
    int64_t now_ms;
} sc_source_request;

/* Case-insensitive header look-up; none when absent. */
sc_str sc_source_header_get(const sc_source_request *r, const char *name);

typedef enum sc_item_verdict {
    SC_ITEM_OK,
    SC_ITEM_FILTERED, /* fine, but the settings say not to take it; `why` says which one */
} sc_item_verdict;

typedef struct sc_source_item {
    sc_feedback feedback; /* source, external_id, title, body, stack, metadata, repo, url, ... */
    sc_item_verdict verdict;
    const char *why; /* static text, or in the arena */
    /* Another external_id for the same report, or empty: what to store it under when external_id is known
     * already and the cluster of that report was resolved before feedback.created_at_ms. Then it is a
     * recurrence, which must not be swallowed as a duplicate. */
    sc_str again_id;
} sc_source_item;

/* A pull request that people did something to. */
typedef struct sc_source_pull {
    sc_str repo;    /* owner/name */
    int64_t number; /* 0: none    */
} sc_source_pull;

/* A setting that a project can give a source: enough to check it, and to make a form of it. */
typedef enum sc_setting_type {
    SC_SETTING_SECRET,  /* text of 8-1024 bytes, no white space at its ends */
    SC_SETTING_SECRETS, /* 1-8 of them                                      */
    SC_SETTING_BOOL,
    SC_SETTING_INT,
    SC_SETTING_NAMES,   /* up to 100 texts of 1-200 bytes                   */
    SC_SETTING_CHOICE,  /* one of `choices`                                 */
    SC_SETTING_CHOICES, /* a list of them                                   */
} sc_setting_type;

typedef struct sc_setting {
    const char *key;
    sc_setting_type type;
    const char *choices; /* "a|b|c" */
    const char *help;
} sc_setting;

/* A delivery as the vendor would make it, but made by us: to try the whole way with. */
enum { SC_SAMPLE_HEADERS = 4 };
typedef struct sc_source_sample {
    sc_str body; /* of a webhook; without one, an object for `item` */
    sc_source_header headers[SC_SAMPLE_HEADERS];
    size_t n_headers;
    sc_str token;
} sc_source_sample;

typedef struct sc_source_ops {
    const char *name; /* as in core/feedback.h */
    const char *summary;
    /* Optional: present for sources that have webhooks. Checks the signature over the raw body against
     * settings' "secret", or that the sender knows the secret where the vendor does not sign. No secret: SC_FORBIDDEN with how to set one. Wrong or missing signature:
     * SC_UNAUTHORIZED. Comparison in constant time. Several secrets ("secrets": [...]) allow rotation. */
    sc_rc (*verify)(const sc_source_request *r, sc_err *err);
    /* Optional: present with verify. Turns a verified payload into items (0 or more: a ping gives none).
     * *ret_items is an arena array. SC_UNPROCESSABLE names the field. */
    sc_rc (*webhook)(const sc_source_request *r, sc_arena *arena, sc_source_item **ret_items,
                     size_t *ret_n, sc_err *err);
    /* Optional: present where the vendor is also a forge. The pull request that a verified payload tells of (closed,
     * merged, spoken of), number 0 when it is about something else. It is a hint to look at the forge, never a fact.
     * Views point into the arena. SC_UNPROCESSABLE names the field. */
    sc_rc (*pull)(const sc_source_request *r, sc_arena *arena, sc_source_pull *ret, sc_err *err);
    /* Required. One object in the vendor's own item shape (a Reddit listing child or its data, a GitHub
     * issue, a Sentry event) or in our plain shape {"external_id", "title", "body", ...}. */
    sc_rc (*item)(const json_t *obj, const json_t *settings, int64_t now_ms, sc_arena *arena,
                  sc_source_item *ret, sc_err *err);
    /* Required. Makes a sample in the arena; a webhook's is signed with the project's first secret. Where the settings
     * let nothing in (no secret, say), it is SC_FORBIDDEN with what to do. `mark` (letters, digits, hyphens) is another one each time and
     * becomes part of the external_id. */
    sc_rc (*sample)(const json_t *settings, sc_str mark, int64_t now_ms, sc_arena *arena,
                    sc_source_sample *ret, sc_err *err);
    /* Optional: checks settings before they are stored; SC_UNPROCESSABLE names the field. */
    sc_rc (*check_settings)(const json_t *settings, sc_err *err);
    const sc_setting *settings; /* what it checks, for forms */
    size_t n_settings;
    bool secret_in_address; /* the vendor neither signs nor sends headers: it is `token` */
} sc_source_ops;

#endif
