#include "text/frames.h"

#include "text/chars.h"

enum {
    MAX_LINE = 600, /* no frame is longer                                            */
    NEAR_LINES = 6, /* an exception named so many lines before a frame belongs to it */
    MAX_NAME = 160,
    MAX_MESSAGE = 300,
    MESSAGE_WORDS = 12,
    MIN_LIB_FRAMES = 5, /* a trace of nothing but library frames is weak evidence               */
    SEED = 0x5f4d,
};

void sc_frames_init(sc_frames *f) { *f = (sc_frames){.all = SEED}; }

/* ---- Normal names --------------------------------------------------------------------------- */

/* A segment (a run of letters and digits) that a compiler or bundler numbers or hashes. */
static bool is_generated(sc_str s) {
    size_t digits = 0, turns = 0;
    bool hex = true;
    for (size_t i = 0; i < s.n; i++) {
        bool digit = sc_chars_is(s.p[i], SC_CHARS_DIGIT);
        digits += digit;
        hex &= sc_chars_is(s.p[i], SC_CHARS_HEX);
        turns += i > 0 && digit != sc_chars_is(s.p[i - 1], SC_CHARS_DIGIT);
    }
    if (digits == s.n) return true;
    if (s.n >= 6 && hex && digits >= 2) return true;
    if (s.n == 17 && s.p[0] == 'h' && digits >= 2) return true; /* Rust's h0123456789abcdef */
    return s.n >= 8 && digits >= 3 && turns >= 4;
}

/* Names that end in a running number: func1, lambda12, GeneratedMethodAccessor7, Proxy3. */
static size_t unnumbered(sc_str s) {
    static const char *const stems[] = {"func", "lambda", "accessor", "proxy", "closure",
                                        "anon", "fn",     "chunk",    "thunk"};
    size_t n = s.n;
    while (n > 0 && sc_chars_is(s.p[n - 1], SC_CHARS_DIGIT)) n--;
    if (n == s.n) return n;
    for (size_t i = 0; i < SC_LEN(stems); i++) {
        size_t m = strlen(stems[i]);
        if (n >= m && sc_chars_istarts((sc_str){s.p + n - m, m}, stems[i])) return n;
    }
    return s.n;
}

size_t sc_frames_normal(sc_str name, char *dst, size_t cap) {
    size_t n = 0;
    int depth = 0; /* template and generic arguments go: Map<K, V>::get */
    for (size_t i = 0; i < name.n && n < cap;) {
        char c = name.p[i];
        if (sc_chars_is(c, SC_CHARS_ALNUM | SC_CHARS_HIGH)) {
            size_t m = sc_chars_span(sc_chars_from(name, i), SC_CHARS_ALNUM | SC_CHARS_HIGH);
            sc_str segment = {name.p + i, m};
            i += m;
            if (depth > 0 || is_generated(segment)) continue;
            m = SC_MIN(unnumbered(segment), cap - n);
            memcpy(dst + n, segment.p, m);
            n += m;
            continue;
        }
        if (c == '<' && n > 0 && dst[n - 1] != '.' && dst[n - 1] != ':')
            depth++;
        else if (c == '>' && depth > 0)
            depth--;
        else if (depth == 0 && !sc_chars_is(c, SC_CHARS_SPACE) && c != '$' && c != '#' &&
                 c != '~' && c != '(' && c != ')' && c != '-' && c != '*')
            dst[n++] = c;
        i++;
    }
    return n;
}

static sc_str base_name(sc_str path) {
    size_t query = sc_chars_find(path, '?');
    if (query != SIZE_MAX) path.n = query;
    size_t slash = sc_chars_rfind(path, '/'), back = sc_chars_rfind(path, '\\');
    if (back != SIZE_MAX && (slash == SIZE_MAX || back > slash)) slash = back;
    return slash == SIZE_MAX ? path : sc_chars_from(path, slash + 1);
}

/* ---- Frames --------------------------------------------------------------------------------- */

static bool is_lib(const sc_frame_kind *kind, const sc_frame *frame) {
    sc_str path = frame->file.n ? frame->file : frame->module;
    sc_str base = base_name(path);
    for (size_t i = 0; kind->libs[i]; i++)
        if (sc_str_starts(frame->module, kind->libs[i]) || sc_str_starts(base, kind->libs[i]))
            return true;
    for (size_t i = 0; kind->lib_paths[i]; i++)
        if (sc_str_find(path, sc_str_of(kind->lib_paths[i])) != SIZE_MAX) return true;
    return false;
}

static uint64_t frame_hash(const sc_frame *frame) {
    char name[2 * MAX_NAME + 1];
    size_t n = sc_frames_normal(frame->function, name, MAX_NAME);
    name[n++] = '|';
    n += sc_frames_normal(base_name(frame->file), name + n, MAX_NAME);
    return sc_hash64(name, n, SEED);
}

static void add(sc_frames *f, uint64_t hash, bool in_app) {
    if (!hash) hash = 1;
    f->all = sc_hash64(&hash, sizeof hash, f->all);
    if (f->n == 0 && f->seen_type && f->line - f->seen_at <= NEAR_LINES) f->outer = f->seen_type;
    f->last_frame = f->line;
    if (f->n >= SC_FRAMES_MAX) return;
    f->hash[f->n] = (uint32_t)(hash >> 32) ? (uint32_t)(hash >> 32) : 1;
    f->in_app[f->n++] = in_app;
}

/* The row that knows this line, or NULL. */
static const sc_frame_kind *recognise(sc_str t, sc_frame *ret) {
    bool may = t.p[0] == '#' || sc_chars_is(t.p[0], SC_CHARS_DIGIT) || sc_str_starts(t, "at ") ||
               sc_str_starts(t, "File \"");
    may = may || sc_chars_find(t, ':') != SIZE_MAX || sc_chars_find(t, '(') != SIZE_MAX;
    if (!may) return NULL;
    for (size_t i = 0; i < sc_frame_kinds_n; i++) {
        *ret = (sc_frame){0};
        if (sc_frame_kinds[i].match(t, ret)) return &sc_frame_kinds[i];
    }
    return NULL;
}

/* ---- Exceptions ----------------------------------------------------------------------------- */

static bool type_name(sc_str s) {
    static const char *const ends[] = {"Exception", "Error", "Throwable",
                                       "Failure",   "Fault", "Interrupt"};
    if (sc_str_starts(s, "SIG") || sc_str_starts(s, "EXC_")) return s.n >= 6;
    size_t dot = sc_chars_rfind(s, '.');
    sc_str last = dot == SIZE_MAX ? s : sc_chars_from(s, dot + 1);
    if (!last.n || !sc_chars_is(last.p[0], SC_CHARS_UPPER)) return false;
    for (size_t i = 0; i < SC_LEN(ends); i++)
        if (sc_str_ends(last, ends[i])) return true;
    return false;
}

/* The words of a message that do not vary: no digits, of a path or class the last part. */
static uint64_t message_hash(sc_str s, uint64_t h) {
    size_t words = 0;
    s.n = SC_MIN(s.n, (size_t)MAX_MESSAGE);
    for (size_t i = 0; i < s.n && words < MESSAGE_WORDS;) {
        size_t start = i, n = 0;
        bool digit = false;
        for (;
             i < s.n && !sc_chars_is(s.p[i], SC_CHARS_SPACE) && !strchr("'\"`()[]{}<>,;=", s.p[i]);
             i++) {
            digit |= sc_chars_is(s.p[i], SC_CHARS_DIGIT);
            if (strchr("/\\.", s.p[i]) && i + 1 < s.n && sc_chars_is(s.p[i + 1], SC_CHARS_ALPHA))
                start = i + 1;
        }
        char lower[MAX_MESSAGE];
        for (size_t k = start; k < i; k++)
            if (sc_chars_is(s.p[k], SC_CHARS_ALPHA | SC_CHARS_HIGH))
                lower[n++] = sc_chars_lower(s.p[k]);
        if (n > 1 && !digit) {
            h = sc_hash64(lower, n, h);
            words++;
        }
        i += i == start;
        while (i < s.n &&
               (sc_chars_is(s.p[i], SC_CHARS_SPACE) || strchr("'\"`()[]{}<>,;=", s.p[i])))
            i++;
    }
    return h;
}

/* The first exception named in the line, its type and the message behind it as a hash; 0 when none. */
static uint64_t exception_of(sc_str t) {
    size_t panicked = sc_str_find(t, SC_STR("panicked at"));
    if (sc_str_starts(t, "panic:")) return message_hash(sc_chars_from(t, 6), SEED);
    if (panicked != SIZE_MAX) return message_hash(sc_chars_from(t, panicked), SEED);
    t.n = SC_MIN(t.n, (size_t)MAX_LINE);
    for (size_t i = 0; i < t.n;) {
        size_t m = 0;
        while (i + m < t.n &&
               (sc_chars_is(t.p[i + m], SC_CHARS_ALNUM) || strchr("._$", t.p[i + m])))
            m++;
        sc_str word = {t.p + i, m};
        while (word.n && word.p[word.n - 1] == '.') word.n--;
        if (m >= 5 && type_name(word)) {
            size_t dot = sc_chars_rfind(word, '.'); /* java.lang.X and X are one type */
            sc_str type = dot == SIZE_MAX ? word : sc_chars_from(word, dot + 1);
            return message_hash(sc_chars_from(t, i + m), sc_hash64(type.p, type.n, SEED));
        }
        i += m + 1;
    }
    return 0;
}

/* Lines that belong to a trace but are no frames. */
static bool trimming(const sc_frames *f, sc_str t) {
    static const char *const starts[] = {
        "Traceback (most recent call last)",
        "--- End of ",
        "stack backtrace:",
        "During handling of the above exception",
        "The above exception was the direct cause",
        "note: run with `RUST_BACKTRACE",
        "goroutine ",
        "Stack trace:",
    };
    if (sc_str_starts(t, "... ") && f->n) return true;
    for (size_t i = 0; i < SC_LEN(starts); i++)
        if (sc_str_starts(t, starts[i])) return i != 6 || sc_str_ends(t, "]:");
    if (!f->n || f->line - f->last_frame > 1) return false;
    /* what stands between frames: ^^^^ under Python source, Rust's "at" line, {main} */
    if (sc_str_starts(t, "~") || sc_str_starts(t, "^") || sc_str_ends(t, "{main}")) return true;
    return false;
}

static size_t indent_of(sc_str line) { return sc_chars_span(line, SC_CHARS_SPACE); }

/* Go: the function stands on the line before its file. */
static bool go_function(sc_frames *f, sc_str t, sc_str next) {
    sc_frame frame;
    if (!t.n || next.n > MAX_LINE || sc_str_find(next, SC_STR(".go:")) == SIZE_MAX ||
        !indent_of(next))
        return false;
    next = sc_str_trim(next);
    const sc_frame_kind *kind = next.n ? recognise(next, &frame) : NULL;
    if (!kind || !sc_str_is(sc_str_of(kind->name), "go")) return false;
    bool created = sc_str_starts(t, "created by ");
    if (!created && t.p[t.n - 1] != ')') return false;
    size_t end = created ? t.n : sc_chars_rfind(t, '(');
    sc_str name = {t.p, SC_MIN(end, t.n)};
    size_t in = sc_str_find(name, SC_STR(" in goroutine"));
    if (in != SIZE_MAX) name.n = in;
    static const char *const libs[] = {"runtime.", "net/http.", "testing.", "reflect.",
                                       "sync.",    "syscall.",  "panic"};
    frame = (sc_frame){.function = base_name(name)};
    f->function = frame_hash(&frame);
    f->function_lib = false;
    for (size_t i = 0; i < SC_LEN(libs); i++) f->function_lib |= sc_str_starts(name, libs[i]);
    f->has_function = true;
    return true;
}

static void take_frame(sc_frames *f, const sc_frame_kind *kind, const sc_frame *frame,
                       sc_str line) {
    uint64_t hash = frame_hash(frame);
    bool lib = is_lib(kind, frame);
    if (f->has_function) {
        hash = sc_hash64(&hash, sizeof hash, f->function);
        lib |= f->function_lib;
    }
    f->has_function = false;
    add(f, hash, !lib);
    if (sc_str_is(sc_str_of(kind->name), "python")) f->source_indent = indent_of(line) + 1;
}

bool sc_frames_line(sc_frames *f, sc_str line, sc_str next) {
    f->line++;
    sc_str t = sc_str_trim(line);
    size_t indent = f->source_indent;
    f->source_indent = 0;
    if (!t.n) return false;
    sc_frame frame;
    bool short_line = t.n <= MAX_LINE;
    const sc_frame_kind *kind = short_line ? recognise(t, &frame) : NULL;
    /* "at src/cart.rs:12:5" tells where the Rust frame above stands: /rustc/ and crates are libraries */
    bool rust_place =
        short_line && sc_str_starts(t, "at ") && sc_str_find(t, SC_STR(".rs:")) != SIZE_MAX;
    if (rust_place && f->n && f->line - f->last_frame == 1) {
        f->in_app[f->n - 1] &= sc_str_find(t, SC_STR("/rustc/")) == SIZE_MAX &&
                               sc_str_find(t, SC_STR(".cargo")) == SIZE_MAX;
        return true;
    }
    if (kind) {
        take_frame(f, kind, &frame, line);
        return true;
    }
    if (indent && indent_of(line) >= indent) { /* the source line under a Python frame */
        f->last_frame = f->line;
        return true;
    }
    if (short_line && (trimming(f, t) || go_function(f, t, next))) return true;
    uint64_t type = exception_of(t);
    if (type) {
        f->seen_type = type;
        f->seen_at = f->line;
        if (f->n && f->line - f->last_frame <= 2) { /* a cause, or Python's type after its frames */
            if (!f->outer)
                f->outer = type;
            else
                f->root = type;
        }
    }
    return false;
}

size_t sc_frames_in_app(const sc_frames *f, uint32_t *ret_hashes, size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < f->n && n < max; i++)
        if (f->in_app[i]) ret_hashes[n++] = f->hash[i];
    if (n) return n;
    for (size_t i = 0; i < f->n && n < max; i++) ret_hashes[n++] = f->hash[i];
    return n;
}

uint64_t sc_frames_fingerprint(const sc_frames *f) {
    uint32_t top[SC_FRAMES_TOP];
    size_t n = sc_frames_in_app(f, top, SC_FRAMES_TOP);
    bool own = false;
    for (size_t i = 0; i < f->n && !own; i++) own = f->in_app[i];
    /* One frame without an exception is a place, not a crash. */
    if (n == 0 || (n < 2 && !f->outer) || (!own && (n < MIN_LIB_FRAMES || !f->outer))) return 0;
    uint64_t h = sc_hash64(&f->outer, sizeof f->outer, SEED);
    h = sc_hash64(&f->root, sizeof f->root, h);
    h = sc_hash64(top, n * sizeof *top, h);
    return h ? h : 1;
}
