#include "sources/posthog_text.h"

#include "sources/frames.h"
#include "sources/raised.h"
#include "sources/shape.h"

enum { MAX_EXCEPTIONS = 10 };

static sc_str copied(sc_fields *r, const sc_buf *b) {
    char *text = b->failed ? NULL : sc_arena_copy(r->arena, b->p, b->n);
    if (!text) sc_fields_nomem(r);
    return (sc_str){text, text ? b->n : 0};
}

/* What was raised comes first, so the first entry with frames is where the fault surfaced. */
static sc_str stack_of(sc_fields *r, const json_t *list, sc_str platform) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *frames = sc_json_at(json_array_get(list, i), "stacktrace.frames");
        sc_str text = sc_frames_text(r, frames, platform);
        if (text.n) return text;
    }
    return SC_STR_NONE;
}

void sc_posthog_read_raised(sc_fields *r, const json_t *props, const json_t *raised, const char *at,
                            sc_posthog_text *ret) {
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, (size_t)64 << 20); /* shape.h clips to the real limit and says so */
    const char *inner = raised == props ? at : sc_shape_printf(r, "%s.exception_props", at);
    const json_t *list = sc_fields_list(r, raised, inner, "$exception_list");
    sc_str name = sc_shape_line(r, sc_fields_str(r, props, at, "name"));
    sc_str description = sc_fields_str(r, props, at, "description");
    ret->title = sc_shape_line(r, sc_raised_words(r, json_array_get(list, 0)));
    /* An issue's name and description are its first exception's type and value. */
    if (!ret->title.n && name.n && description.n)
        name = sc_shape_line(
            r, sc_str_of(sc_shape_printf(r, "%.*s: %.*s", SC_FMT(name), SC_FMT(description))));
    if (!ret->title.n) ret->title = name;
    for (size_t i = 0; i < json_array_size(list) && i < MAX_EXCEPTIONS; i++)
        sc_raised_put_line(&b, i ? "Caused by: " : "", sc_raised_words(r, json_array_get(list, i)),
                           ret->title);
    if (sc_str_find(ret->title, sc_str_trim(description)) == SIZE_MAX)
        sc_raised_put_line(&b, "", description, ret->title);
    ret->body = copied(r, &b);
    ret->stack = stack_of(r, list, sc_json_str_at(raised, "$platform"));
}

/* ---- Surveys ---------------------------------------------------------------------------------------- */

static bool has_letter(sc_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80) return true;
    }
    return false;
}

/* An answer is a text, a number (a rating; also as text), or a list of the choices that were made. Some libraries
 * send an answer twice, by its question's number and by its id. */
static void put_answer(sc_fields *r, sc_buf *b, json_t *meta, const json_t *v) {
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *one = json_array_get(v, i);
        if (!json_is_array(one)) put_answer(r, b, meta, one);
    }
    if (json_is_integer(v)) sc_shape_put_int(r, meta, "rating", v);
    if (!json_is_string(v)) return;
    sc_str s = {json_string_value(v), json_string_length(v)};
    if (has_letter(s))
        sc_raised_put_line(b, "", s, SC_STR_NONE);
    else
        sc_shape_put(r, meta, "rating", s);
}

void sc_posthog_read_survey(sc_fields *r, const json_t *props, json_t *meta, sc_posthog_text *ret) {
    static const char prefix[] = "$survey_response";
    SC_AUTO(sc_buf_done) sc_buf b;
    const char *key;
    json_t *v;
    sc_buf_init(&b, (size_t)64 << 20);
    json_object_foreach((json_t *)props, key, v) {
        if (strncmp(key, prefix, sizeof prefix - 1) == 0) put_answer(r, &b, meta, v);
    }
    ret->body = copied(r, &b);
}
