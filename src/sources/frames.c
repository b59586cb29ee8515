#include "sources/frames.h"

#include "sources/shape.h"

enum { MAX_FUNCTION = 200, MAX_FILE = 200 };

static sc_str first_of(const json_t *frame, const char *const *keys, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sc_str s = sc_str_trim(sc_json_str_at(frame, keys[i]));
        if (s.n) return s;
    }
    return SC_STR_NONE;
}

static bool in_app(const json_t *frame) {
    return json_is_true(json_object_get(frame, "in_app")) ||
           json_is_true(json_object_get(frame, "inApp"));
}

/* Java and C# name a method by its class; the file says little there. */
static bool by_class(sc_str platform) {
    return sc_str_is(platform, "java") || sc_str_is(platform, "csharp");
}

/* Parts of one line: control characters and line breaks would forge further frames. */
static void put(sc_fields *r, sc_buf *out, sc_str s, size_t max) {
    sc_buf_put_str(out, sc_str_clip(sc_shape_line(r, s), max));
}

static bool put_frame(sc_fields *r, sc_buf *out, const json_t *frame, sc_str platform) {
    static const char *const functions[] = {"function", "resolved_name", "mangled_name",
                                            "raw_function", "rawFunction"};
    static const char *const files[] = {"filename", "source",  "module",
                                        "abs_path", "absPath", "package"};
    sc_str function = first_of(frame, functions, SC_LEN(functions));
    sc_str file = first_of(frame, files, SC_LEN(files));
    sc_str module = sc_json_str_at(frame, "module");
    if (function.n == 0 && file.n == 0) return false;
    if (out->n) sc_buf_putc(out, '\n');
    if (function.n && module.n && by_class(platform)) {
        put(r, out, module, MAX_FUNCTION);
        sc_buf_putc(out, '.');
    }
    put(r, out, function.n ? function : SC_STR("?"), MAX_FUNCTION);
    if (file.n) {
        sc_buf_puts(out, " (");
        put(r, out, file, MAX_FILE);
        sc_buf_putc(out, ')');
    }
    return true;
}

sc_str sc_frames_text(sc_fields *r, const json_t *frames, sc_str platform) {
    SC_AUTO(sc_buf_done) sc_buf out;
    sc_buf_init(&out, (size_t)SC_FRAMES_MAX * (2 * MAX_FUNCTION + MAX_FILE + 8));
    size_t n = json_is_array(frames) ? json_array_size(frames) : 0, n_app = 0, taken = 0;
    for (size_t i = 0; i < n; i++) n_app += in_app(json_array_get(frames, i));
    for (size_t i = n; i-- > 0 && taken < SC_FRAMES_MAX && !r->rc;) {
        const json_t *frame = json_array_get(frames, i);
        if (!json_is_object(frame) || (n_app && !in_app(frame))) continue;
        taken += put_frame(r, &out, frame, platform);
    }
    char *text = out.failed ? NULL : sc_arena_copy(r->arena, out.p, out.n);
    if (!text) sc_fields_nomem(r);
    return (sc_str){text, text ? out.n : 0};
}
