/* Checking values. Nothing is allocated: the path to a value is a chain of frames on the stack, and
 * becomes text only when there is an error to tell. */
#include <math.h>
#include <stdio.h>

#include "web/schema_impl.h"

typedef struct frame {
    const struct frame *up;
    const char *key; /* NULL: an index */
    size_t index;
} frame;

typedef struct walk {
    sc_err *err;
    int deepest; /* how deep the value at fault lies: the best error of several forms */
} walk;

static int depth_of(const frame *at) {
    int n = 0;
    for (; at; at = at->up) n++;
    return n;
}

/* Bytes of one step in the path, and the step itself into `out` (when not NULL). */
static size_t step(const frame *f, char *out, size_t room) {
    char text[48];
    int n = f->key ? snprintf(text, sizeof text, "%s%.40s", f->up ? "." : "", f->key)
                   : snprintf(text, sizeof text, "[%zu]", f->index);
    if (out && (size_t)n < room) memcpy(out, text, (size_t)n);
    return (size_t)n;
}

/* The path as text, its end when it is too long ("...[3].title"). Keys come from the client: what
 * does not fit is cut at a character's start. */
static void path_text(const frame *at, char *ret, size_t room) {
    size_t end = room - 1, start = end;
    ret[end] = 0;
    bool cut = false;
    for (const frame *f = at; f; f = f->up) {
        size_t n = step(f, NULL, 0);
        if (n + 3 > start) {
            cut = true;
            break;
        }
        start -= n;
        step(f, ret + start, n + 1);
    }
    if (cut) {
        start -= 3;
        memcpy(ret + start, "...", 3);
    }
    memmove(ret, ret + start, end - start + 1);
    sc_str clipped = {ret, strlen(ret)};
    for (size_t i = 0; i < clipped.n; i++)
        if ((unsigned char)ret[i] < ' ') ret[i] = '?';
    if (!sc_utf8_valid(clipped))
        for (size_t i = 0; i < clipped.n; i++)
            if ((unsigned char)ret[i] >= 0x80) ret[i] = '?';
}

__attribute__((format(printf, 3, 4))) static sc_rc bad(walk *w, const frame *at, const char *fmt,
                                                       ...) {
    int depth = depth_of(at);
    if (depth < w->deepest || !w->err) return SC_UNPROCESSABLE;
    w->deepest = depth;
    char msg[200], path[sizeof w->err->field];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    path_text(at, path, sizeof path);
    return sc_fail_field(w->err, SC_UNPROCESSABLE, path, "%s", msg);
}

static unsigned type_of(const json_t *v) {
    switch (json_typeof(v)) {
    case JSON_NULL: return SC_SCHEMA_NULL;
    case JSON_TRUE:
    case JSON_FALSE: return SC_SCHEMA_BOOLEAN;
    case JSON_INTEGER: return SC_SCHEMA_INTEGER | SC_SCHEMA_NUMBER;
    case JSON_REAL: /* 1.0 is an integer in JSON Schema */
        return json_real_value(v) == floor(json_real_value(v))
                   ? SC_SCHEMA_INTEGER | SC_SCHEMA_NUMBER
                   : SC_SCHEMA_NUMBER;
    case JSON_STRING: return SC_SCHEMA_STRING;
    case JSON_ARRAY: return SC_SCHEMA_ARRAY;
    case JSON_OBJECT: return SC_SCHEMA_OBJECT;
    default: return 0;
    }
}

static const char *type_words(unsigned types, char *room, size_t n) {
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {
        {SC_SCHEMA_STRING, "a string"}, {SC_SCHEMA_INTEGER, "a whole number"},
        {SC_SCHEMA_NUMBER, "a number"}, {SC_SCHEMA_BOOLEAN, "true or false"},
        {SC_SCHEMA_ARRAY, "an array"},  {SC_SCHEMA_OBJECT, "an object"},
        {SC_SCHEMA_NULL, "null"},
    };
    size_t at = 0;
    room[0] = 0;
    for (size_t i = 0; i < SC_LEN(words) && at < n; i++)
        if (types & words[i].bit)
            at += (size_t)snprintf(room + at, n - at, "%s%s", at ? " or " : "", words[i].word);
    return room;
}

static int64_t code_points(sc_str s) {
    int64_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

static sc_rc check_string(walk *w, const sc_schema *s, sc_str v, const frame *at) {
    if (s->max_length >= 0 && v.n > (size_t)s->max_length && code_points(v) > s->max_length)
        return bad(w, at, "longer than %lld characters", (long long)s->max_length);
    if (s->min_length > 0 && code_points(v) < s->min_length)
        return s->min_length == 1
                   ? bad(w, at, "may not be empty")
                   : bad(w, at, "shorter than %lld characters", (long long)s->min_length);
    if (s->format && !s->format->holds(v)) return bad(w, at, "expected %s", s->format->words);
    if (s->pattern && !s->pattern->holds(v)) return bad(w, at, "expected %s", s->pattern->words);
    return SC_OK;
}

static sc_rc check_number(walk *w, const sc_schema *s, double v, const frame *at) {
    if (s->has_min && v < s->min) return bad(w, at, "less than %.15g", s->min);
    if (s->has_max && v > s->max) return bad(w, at, "more than %.15g", s->max);
    return SC_OK;
}

static sc_rc check_choices(walk *w, const sc_schema *s, const json_t *v, const frame *at) {
    size_t i;
    json_t *choice;
    json_array_foreach((json_t *)s->choices, i, choice) {
        if (json_equal(choice, v)) return SC_OK;
    }
    char words[160] = "";
    size_t n = 0;
    json_array_foreach((json_t *)s->choices, i, choice) {
        if (json_is_string(choice) && n < sizeof words)
            n += (size_t)snprintf(words + n, sizeof words - n, "%s%s", n ? ", " : "",
                                  json_string_value(choice));
    }
    return bad(w, at, "expected one of: %s", words);
}

static sc_rc check(walk *w, const sc_schema *s, const json_t *v, const frame *at);

static sc_rc check_items(walk *w, const sc_schema *s, const json_t *v, const frame *at) {
    size_t n = json_array_size(v);
    if (s->max_items >= 0 && n > (size_t)s->max_items)
        return bad(w, at, "more than %lld items", (long long)s->max_items);
    if (n < (size_t)s->min_items)
        return bad(w, at, "fewer than %lld item%s", (long long)s->min_items,
                   s->min_items == 1 ? "" : "s");
    for (size_t i = 0; s->items && i < n; i++) {
        frame f = {.up = at, .index = i};
        sc_rc rc = check(w, s->items, json_array_get(v, i), &f);
        if (rc) return rc;
    }
    return SC_OK;
}

static const sc_schema *member(const sc_schema *s, const char *key) {
    size_t n = strlen(key);
    for (size_t i = 0; i < s->n_members; i++)
        if (s->members[i].key.n == n && memcmp(s->members[i].key.p, key, n) == 0)
            return s->members[i].schema;
    return NULL;
}

static sc_rc check_members(walk *w, const sc_schema *s, const json_t *v, const frame *at) {
    for (size_t i = 0; i < s->n_required; i++)
        if (!json_object_getn(v, s->required[i].p, s->required[i].n)) {
            frame f = {.up = at, .key = s->required[i].p};
            return bad(w, &f, "is missing");
        }
    if (!s->n_members && !s->closed && !s->others) return SC_OK;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)v, key, value) {
        frame f = {.up = at, .key = key};
        const sc_schema *m = member(s, key);
        sc_rc rc = SC_OK;
        if (m)
            rc = check(w, m, value, &f);
        else if (s->closed)
            rc = bad(w, &f, "is not a field of this object");
        else if (s->others)
            rc = check(w, s->others, value, &f);
        if (rc) return rc;
    }
    return SC_OK;
}

/* A list of forms that each only name a required member: say the members' names. */
static bool names_only(const sc_schema_list *forms, char *ret, size_t room) {
    size_t at = 0;
    for (size_t i = 0; i < forms->n; i++) {
        const sc_schema *f = forms->v[i];
        if (f->n_required != 1 || f->types || f->n_members || at >= room) return false;
        at +=
            (size_t)snprintf(ret + at, room - at, "%s%.*s", i ? ", " : "", SC_FMT(f->required[0]));
    }
    return true;
}

/* Of several forms none of which fits, the error that lies deepest is told: that is the form that
 * was meant. */
static sc_rc check_forms(walk *w, const sc_schema_list *forms, bool only_one, const json_t *v,
                         const frame *at) {
    size_t fits = 0;
    sc_err best = {0};
    walk inner = {.err = &best};
    for (size_t i = 0; i < forms->n; i++) {
        if (check(&inner, forms->v[i], v, at) == SC_OK) {
            fits++;
            if (!only_one) return SC_OK;
        }
    }
    if (fits == 1) return SC_OK;
    if (fits > 1) return bad(w, at, "fits more than one of the allowed forms");
    char names[120];
    if (names_only(forms, names, sizeof names))
        return bad(w, at, "needs at least one of: %s", names);
    if (inner.deepest > depth_of(at) && inner.deepest >= w->deepest && w->err) {
        w->deepest = inner.deepest;
        *w->err = best;
        return SC_UNPROCESSABLE;
    }
    return bad(w, at, "fits none of the allowed forms");
}

static sc_rc check_type(walk *w, const sc_schema *s, const json_t *v, const frame *at) {
    if (!s->types || (type_of(v) & s->types)) return SC_OK;
    char words[120];
    return bad(w, at, "expected %s", type_words(s->types, words, sizeof words));
}

static sc_rc check_here(walk *w, const sc_schema *s, const json_t *v, const frame *at) {
    sc_rc rc = s->ref ? check(w, s->ref, v, at) : SC_OK;
    if (!rc) rc = check_type(w, s, v, at);
    if (!rc && s->constant && !json_equal(s->constant, v))
        rc = json_is_string(s->constant) ? bad(w, at, "must be %s", json_string_value(s->constant))
                                         : bad(w, at, "is not the one value that is allowed");
    if (!rc && s->choices) rc = check_choices(w, s, v, at);
    if (rc) return rc;
    if (json_is_string(v))
        rc = check_string(w, s, (sc_str){json_string_value(v), json_string_length(v)}, at);
    else if (json_is_number(v))
        rc = check_number(w, s, json_number_value(v), at);
    else if (json_is_array(v))
        rc = check_items(w, s, v, at);
    else if (json_is_object(v))
        rc = check_members(w, s, v, at);
    return rc;
}

/* Whether the condition holds is no error by itself. */
static sc_rc check_branch(walk *w, const sc_schema *s, const json_t *v, const frame *at) {
    walk quiet = {.err = NULL};
    const sc_schema *branch = check(&quiet, s->condition, v, at) ? s->otherwise : s->then;
    return branch ? check(w, branch, v, at) : SC_OK;
}

static sc_rc check(walk *w, const sc_schema *s, const json_t *v, const frame *at) {
    sc_rc rc = check_here(w, s, v, at);
    if (!rc && s->condition) rc = check_branch(w, s, v, at);
    for (size_t i = 0; !rc && i < s->all_of.n; i++) rc = check(w, s->all_of.v[i], v, at);
    if (!rc && s->any_of.n) rc = check_forms(w, &s->any_of, false, v, at);
    if (!rc && s->one_of.n) rc = check_forms(w, &s->one_of, true, v, at);
    return rc;
}

sc_rc sc_schema_check(const sc_schema *s, const json_t *v, sc_err *err) {
    walk w = {.err = err};
    return check(&w, s, v, NULL);
}

/* ---- Text -------------------------------------------------------------------------------------- */

static sc_rc check_word(walk *w, const sc_schema *s, sc_str text, const frame *at) {
    while (s->ref) s = s->ref;
    int64_t i;
    double f;
    if (s->types & SC_SCHEMA_INTEGER)
        return sc_num_i64(text, INT64_MIN, INT64_MAX, &i, NULL)
                   ? bad(w, at, "expected a whole number")
                   : check_number(w, s, (double)i, at);
    if (s->types & SC_SCHEMA_NUMBER)
        return sc_num_f64(text, -1e300, 1e300, &f, NULL) ? bad(w, at, "expected a number")
                                                         : check_number(w, s, f, at);
    if (s->types & SC_SCHEMA_BOOLEAN)
        return sc_str_is(text, "true") || sc_str_is(text, "false")
                   ? SC_OK
                   : bad(w, at, "expected true or false");
    if (!sc_utf8_valid(text) || (text.n && memchr(text.p, 0, text.n)))
        return bad(w, at, "is not text in UTF-8");
    sc_rc rc = SC_OK;
    if (s->choices) {
        SC_AUTO(sc_json_auto) json_t *v = json_stringn(text.p ? text.p : "", text.n);
        rc = v ? check_choices(w, s, v, at) : bad(w, at, "no memory");
    }
    return rc ? rc : check_string(w, s, text, at);
}

static sc_rc check_words(walk *w, const sc_schema *s, sc_str text, const frame *at) {
    sc_str rest = text, part;
    int64_t n = 0;
    while (sc_str_next(&rest, ',', &part)) {
        n++;
        sc_rc rc = s->items ? check_word(w, s->items, part, at) : SC_OK;
        if (rc) return rc;
    }
    if (s->max_items >= 0 && n > s->max_items)
        return bad(w, at, "more than %lld items", (long long)s->max_items);
    return n < s->min_items ? bad(w, at, "names nothing") : SC_OK;
}

sc_rc sc_schema_check_text(const sc_schema *s, const char *name, sc_str text, sc_err *err) {
    while (s->ref) s = s->ref;
    walk w = {.err = err};
    frame at = {.key = name};
    sc_rc rc =
        s->types & SC_SCHEMA_ARRAY ? check_words(&w, s, text, &at) : check_word(&w, s, text, &at);
    if (!rc) return SC_OK;
    if (err) err->rc = SC_INVALID;
    return SC_INVALID;
}
