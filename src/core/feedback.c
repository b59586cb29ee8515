#include "core/feedback.h"

static const char *const sources[] = {
#define X(name) #name,
    SC_FEEDBACK_SOURCES(X)
#undef X
};

const char *sc_feedback_source_name(sc_feedback_source s) {
    return (unsigned)s < SC_SOURCE_COUNT ? sources[s] : "unknown";
}

bool sc_feedback_source_parse(sc_str name, sc_feedback_source *ret) {
    for (unsigned i = 0; i < SC_SOURCE_COUNT; i++) {
        if (!sc_str_is(name, sources[i])) continue;
        *ret = (sc_feedback_source)i;
        return true;
    }
    return false;
}

static const char *const states[] = {
#define X(name) #name,
    SC_FEEDBACK_STATES(X)
#undef X
};

const char *sc_feedback_state_name(sc_feedback_state s) {
    return (unsigned)s < SC_FEEDBACK_STATE_COUNT ? states[s] : "unknown";
}

bool sc_feedback_state_parse(sc_str name, sc_feedback_state *ret) {
    for (unsigned i = 0; i < SC_FEEDBACK_STATE_COUNT; i++) {
        if (!sc_str_is(name, states[i])) continue;
        *ret = (sc_feedback_state)i;
        return true;
    }
    return false;
}

/* ---- Normalising ------------------------------------------------------------------------------- */

enum {
    DERIVED_TITLE = 200, /* a first line may be the whole text: people read no further */
    MAX_STACK = 64 * 1024,
    MAX_URL = 8 * 1024,
    MAX_SHORT = 500,
};

static const struct {
    const char *field;
    size_t offset, max;
} limits[] = {
    {"external_id", offsetof(sc_feedback, external_id), SC_FEEDBACK_MAX_EXTERNAL_ID},
    {"title", offsetof(sc_feedback, title), SC_FEEDBACK_MAX_TITLE},
    {"body", offsetof(sc_feedback, body), SC_FEEDBACK_MAX_BODY},
    {"stack", offsetof(sc_feedback, stack), MAX_STACK},
    {"metadata", offsetof(sc_feedback, metadata), SC_FEEDBACK_MAX_METADATA},
    {"repo", offsetof(sc_feedback, repo), MAX_SHORT},
    {"url", offsetof(sc_feedback, url), MAX_URL},
    {"status", offsetof(sc_feedback, status), MAX_SHORT},
    {"request_id", offsetof(sc_feedback, request_id), MAX_SHORT},
};

static sc_rc check_text(sc_str *s, const char *field, size_t max, sc_err *err) {
    if (!s->p) *s = SC_STR("");
    if (s->n > max)
        return sc_fail_field(err, SC_UNPROCESSABLE, field, "has %zu bytes, at most %zu are taken",
                             s->n, max);
    if (s->n && memchr(s->p, 0, s->n))
        return sc_fail_field(err, SC_UNPROCESSABLE, field, "holds a NUL character");
    if (!sc_utf8_valid(*s)) return sc_fail_field(err, SC_UNPROCESSABLE, field, "is not UTF-8");
    return SC_OK;
}

/* The first line with anything on it. */
static sc_str first_line(sc_str text) {
    sc_str line, rest = sc_str_trim(text);
    return sc_str_next(&rest, '\n', &line) ? sc_str_trim(line) : SC_STR("");
}

sc_rc sc_feedback_normalise(sc_feedback *f, sc_err *err) {
    if ((unsigned)f->source >= SC_SOURCE_COUNT)
        return sc_fail_field(err, SC_UNPROCESSABLE, "source", "is none that we know");
    for (size_t i = 0; i < SC_LEN(limits); i++) {
        sc_str *s = (sc_str *)(void *)((char *)f + limits[i].offset);
        sc_rc rc = check_text(s, limits[i].field, limits[i].max, err);
        if (rc) return rc;
    }
    if (sc_str_trim(f->external_id).n == 0)
        return sc_fail_field(err, SC_UNPROCESSABLE, "external_id", "must not be empty");
    f->title = sc_str_trim(f->title);
    if (f->title.n == 0) f->title = sc_str_trim(sc_str_clip(first_line(f->body), DERIVED_TITLE));
    if (f->title.n == 0)
        return sc_fail_field(err, SC_UNPROCESSABLE, "title", "title and body are both empty");
    f->metadata = sc_str_trim(f->metadata);
    if (f->metadata.n == 0) f->metadata = SC_STR("{}");
    if (f->metadata.n < 2 || f->metadata.p[0] != '{' || f->metadata.p[f->metadata.n - 1] != '}')
        return sc_fail_field(err, SC_UNPROCESSABLE, "metadata", "must be a JSON object");
    if (f->issue_number < 0)
        return sc_fail_field(err, SC_UNPROCESSABLE, "issue_number", "must not be negative");
    if (f->created_at_ms == 0) f->created_at_ms = f->received_at_ms;
    return SC_OK;
}
