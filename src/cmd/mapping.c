/* From a file's columns to a report's fields: what the user said, else what exports usually call them. */
#include <time.h>

#include "cmd/cmd.h"
#include "text/chars.h"

enum { MAX_RULES = 64, MAX_TOLD = 24 };

/* Names of columns, without case, spaces, '_' and '-'; the first that a record has wins. */
static const struct {
    const char *to;
    const char *names[12];
} guesses[] = {
    {"external_id",
     {"externalid", "id", "key", "issuekey", "reviewid", "ticketid", "guid", "uuid", "number"}},
    {"title", {"title", "summary", "subject", "headline"}},
    {"body",
     {"body", "description", "selftext", "content", "text", "message", "comment", "review",
      "feedback"}},
    {"created_at",
     {"createdat", "created", "createdutc", "date", "timestamp", "datetime", "time",
      "submittedat"}},
    {"url", {"url", "link", "permalink", "htmlurl"}},
    {"stack", {"stack", "stacktrace", "traceback"}},
    {"status", {"status", "state"}},
    {"repo", {"repo"}},
    {"source", {"source"}},
    {"metadata", {"metadata"}},
};
enum { TARGETS = SC_LEN(guesses) };

typedef struct rule {
    char from[128];
    int to; /* in guesses; -1 = metadata under `name`; -2 = left out */
    char name[64];
} rule;

struct sc_mapping {
    rule rules[MAX_RULES];
    size_t n_rules;
    const char *source;
    /* What was used, to tell the user. */
    char used[TARGETS][64];
    char told[MAX_TOLD][64];
    size_t n_told;
    bool more;
};

static int target_of(sc_str name) {
    for (size_t i = 0; i < TARGETS; i++)
        if (sc_str_is(name, guesses[i].to)) return (int)i;
    return -3;
}

static void copy_name(char *to, size_t room, sc_str from) {
    from = sc_str_clip(from, room - 1);
    memcpy(to, from.p ? from.p : "", from.n);
    to[from.n] = 0;
}

/* "title=summary": field title is column summary; "metadata.os=Platform"; "internal=": left out. */
static sc_rc add_rule(sc_mapping *m, sc_str pair, sc_err *err) {
    sc_str left, right = pair;
    bool two = sc_str_next(&right, '=', &left) && left.n < pair.n;
    left = sc_str_trim(left);
    right = sc_str_trim(right);
    if (!two || !left.n || left.n >= sizeof m->rules[0].from)
        return sc_fail(err, SC_INVALID, "--map %.*s: say field=column (title=summary)",
                       SC_FMT(pair));
    if (m->n_rules == MAX_RULES)
        return sc_fail(err, SC_INVALID, "--map: more than %d pairs", MAX_RULES);
    rule *r = &m->rules[m->n_rules++];
    int to = target_of(left);
    if (to >= 0 && right.n < sizeof r->from) {
        r->to = to;
        copy_name(r->from, sizeof r->from, right);
    } else if (sc_str_starts(left, "metadata.")) {
        r->to = -1;
        copy_name(r->name, sizeof r->name, (sc_str){left.p + 9, left.n - 9});
        copy_name(r->from, sizeof r->from, right);
    } else if (right.n == 0) {
        r->to = -2;
        copy_name(r->from, sizeof r->from, left);
    } else {
        return sc_fail(
            err, SC_INVALID,
            "--map %.*s: no field '%.*s'; there are external_id, title, body, created_at, url, "
            "stack, status, repo, source, metadata.NAME",
            SC_FMT(pair), SC_FMT(left));
    }
    return SC_OK;
}

sc_rc sc_mapping_new(const sc_opt_list *maps, const char *source, sc_mapping **ret, sc_err *err) {
    sc_mapping *m = sc_alloc(sizeof *m);
    if (!m) return sc_fail(err, SC_NOMEM, "out of memory");
    m->source = source;
    sc_rc rc = SC_OK;
    for (size_t i = 0; i < maps->n && rc == SC_OK; i++) {
        sc_str rest = sc_str_of(maps->v[i]), pair;
        while (rc == SC_OK && sc_str_next(&rest, ',', &pair))
            if (sc_str_trim(pair).n) rc = add_rule(m, sc_str_trim(pair), err);
    }
    sc_feedback_source known;
    if (rc == SC_OK && source && !sc_feedback_source_parse(sc_str_of(source), &known))
        rc = sc_fail(err, SC_INVALID, "--source %s: no such source", source);
    if (rc)
        sc_mapping_free(m);
    else
        *ret = m;
    return rc;
}

void sc_mapping_free(sc_mapping *m) { sc_free(m); }

static bool same_name(const char *column, const char *plain) {
    for (; *column; column++) {
        if (*column == '_' || *column == '-' || *column == ' ') continue;
        if (sc_chars_lower(*column) != *plain) return false;
        plain++;
    }
    return *plain == 0;
}

static const rule *rule_of(const sc_mapping *m, const char *column) {
    for (size_t i = 0; i < m->n_rules; i++)
        if (!strcmp(m->rules[i].from, column)) return &m->rules[i];
    return NULL;
}

static bool says_something(const json_t *v) {
    return v && !json_is_null(v) && !(json_is_string(v) && json_string_length(v) == 0);
}

/* The column that gives target t in this record, or NULL. */
static const char *column_of(const sc_mapping *m, const json_t *obj, size_t t) {
    bool told = false;
    for (size_t i = 0; i < m->n_rules; i++) {
        if (m->rules[i].to != (int)t) continue;
        told = true;
        if (says_something(json_object_get(obj, m->rules[i].from))) return m->rules[i].from;
    }
    if (told) return NULL;
    for (size_t k = 0; k < SC_LEN(guesses[t].names) && guesses[t].names[k]; k++) {
        const char *key;
        json_t *v;
        json_object_foreach((json_t *)obj, key, v) if (same_name(key, guesses[t].names[k]) &&
                                                       !rule_of(m, key) &&
                                                       says_something(v)) return key;
    }
    return NULL;
}

/* ---- Times --------------------------------------------------------------------------------------- */

static bool number_time(double n, int64_t *ret) {
    if (!(n > 0) || n > 4e12) return false;
    *ret = n < 1e11 ? (int64_t)(n * 1000) : (int64_t)n; /* seconds, or milliseconds since 1970 */
    return true;
}

/* What people's exports hold, beyond RFC 3339: always read as UTC unless an offset is named. */
static bool parse_time(const char *text, int64_t *ret) {
    static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S",
                                          "%Y-%m-%d %H:%M:%S",
                                          "%Y-%m-%d %H:%M",
                                          "%Y-%m-%d",
                                          "%Y/%m/%d %H:%M:%S",
                                          "%Y/%m/%d",
                                          "%b %d, %Y",
                                          "%d %b %Y",
                                          "%d.%m.%Y %H:%M",
                                          "%d.%m.%Y",
                                          "%a, %d %b %Y %H:%M:%S",
                                          "%a %b %d %H:%M:%S %Y"};
    double n;
    if (sc_num_f64(sc_str_of(text), 0, 1e15, &n, NULL) == SC_OK) return number_time(n, ret);
    if (sc_time_parse(sc_str_of(text), ret, NULL) == SC_OK) return true;
    for (size_t i = 0; i < SC_LEN(formats); i++) {
        struct tm tm = {0};
        const char *end = strptime(text, formats[i], &tm);
        if (!end) continue;
        int64_t ms = 0, offset = 0;
        if (*end == '.' || *end == ',') { /* a fraction */
            int64_t unit = 100;
            for (end++; sc_chars_is(*end, SC_CHARS_DIGIT); end++, unit /= 10)
                ms += (*end - '0') * unit;
        }
        end += strspn(end, " ");
        int h, min, used = 0;
        if ((*end == '+' || *end == '-') && sscanf(end + 1, "%2d%*1[:]%2d%n", &h, &min, &used) != 2)
            used = sscanf(end + 1, "%2d%2d%n", &h, &min, &used) == 2 ? used : 0;
        if (used) {
            offset = (h * 60 + min) * (*end == '-' ? -1 : 1);
            end += 1 + used;
        } else if (*end == 'Z' || !strcmp(end, "UTC") || !strcmp(end, "GMT")) {
            end += *end == 'Z' ? 1 : 3;
        }
        if (*end) continue;
        *ret = ((int64_t)timegm(&tm) - offset * 60) * 1000 + ms;
        return *ret >= 0; /* nobody reported a bug before 1970 */
    }
    return false;
}

static bool read_time(const json_t *v, int64_t *ret) {
    if (json_is_number(v)) return number_time(json_number_value(v), ret);
    return json_is_string(v) && parse_time(json_string_value(v), ret);
}

/* ---- One report ---------------------------------------------------------------------------------- */

/* A scalar as text; NULL for what has no plain text (a new reference). */
static json_t *as_text(const json_t *v) {
    if (json_is_string(v)) return json_incref((json_t *)v);
    if (json_is_integer(v)) return json_sprintf("%lld", (long long)json_integer_value(v));
    if (json_is_real(v)) return json_sprintf("%.17g", json_real_value(v));
    if (json_is_boolean(v)) return json_string(json_is_true(v) ? "true" : "false");
    return NULL;
}

/* "text" that only repeats "title" and "body" is not worth keeping. */
static bool repeats(const json_t *obj, const char *column, const char *title, const char *body) {
    if (!same_name(column, "text") || !title) return false;
    const char *text = json_string_value(json_object_get(obj, column));
    const char *t = json_string_value(json_object_get(obj, title));
    return text && t && (body || !strncmp(text, t, strlen(t)));
}

/* A body that begins with the title: the title goes from it. */
static json_t *body_without(const json_t *title, const json_t *body) {
    const char *t = json_string_value(title), *b = json_string_value(body);
    size_t n = t ? strlen(t) : 0;
    if (!b || !n || strncmp(b, t, n) || (b[n] != '\n' && b[n])) return json_incref((json_t *)body);
    return json_string(b + n + strspn(b + n, "\r\n"));
}

static void tell(sc_mapping *m, const char *column) {
    for (size_t i = 0; i < m->n_told; i++)
        if (!strncmp(m->told[i], column, sizeof m->told[i] - 1)) return;
    if (m->n_told == MAX_TOLD)
        m->more = true;
    else
        copy_name(m->told[m->n_told++], sizeof m->told[0], sc_str_of(column));
}

static int put_metadata(sc_mapping *m, const json_t *obj, const char *const *from, json_t *out) {
    SC_AUTO(sc_json_auto) json_t *meta = NULL;
    const json_t *given = from[TARGETS - 1] ? json_object_get(obj, from[TARGETS - 1]) : NULL;
    meta = json_is_object(given) ? json_copy((json_t *)given) : json_object();
    if (!meta) return -1;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)obj, key, v) {
        const rule *r = rule_of(m, key);
        bool used = r && (r->to == -2 || r->to >= 0);
        for (size_t t = 0; t < TARGETS && !used; t++)
            used = from[t] && !strcmp(from[t], key) && (t != TARGETS - 1 || json_is_object(given));
        if (used || !says_something(v) || repeats(obj, key, from[1], from[2])) continue;
        tell(m, key);
        if (json_object_set(meta, r && r->to == -1 ? r->name : key, v)) return -1;
    }
    return json_object_size(meta) ? json_object_set(out, "metadata", meta) : 0;
}

/* A line without an id is known by its content, so that the same line twice is a duplicate. */
static json_t *id_of_line(sc_str raw) {
    return json_sprintf("line-%016llx%016llx", (unsigned long long)sc_hash64(raw.p, raw.n, 1),
                        (unsigned long long)sc_hash64(raw.p, raw.n, 2));
}

static sc_rc put_fields(sc_mapping *m, const json_t *obj, const char **from, json_t *out,
                        sc_err *err) {
    for (size_t t = 0; t + 1 < TARGETS; t++) {
        const json_t *v = from[t] ? json_object_get(obj, from[t]) : NULL;
        if (!v) continue;
        SC_AUTO(sc_json_auto) json_t *text = as_text(v);
        const char *to = guesses[t].to;
        int64_t ms;
        if (!strcmp(to, "created_at")) {
            char stamp[SC_TIME_TEXT] = "";
            if (read_time(v, &ms)) sc_time_format(ms, stamp);
            json_decref(text);
            text = *stamp ? json_string(stamp) : NULL;
        }
        sc_feedback_source known;
        bool strange =
            !strcmp(to, "source") &&
            !sc_feedback_source_parse(sc_str_of(text ? json_string_value(text) : ""), &known);
        bool bad_url = !strcmp(to, "url") && text && strncmp(json_string_value(text), "http", 4);
        if (!text || strange || bad_url) {
            from[t] = NULL; /* into the metadata, then */
            continue;
        }
        if (!strcmp(to, "body")) {
            json_t *rest = body_without(json_object_get(out, "title"), text);
            json_decref(text);
            text = rest;
        }
        copy_name(m->used[t], sizeof m->used[t], sc_str_of(from[t]));
        if (json_object_set(out, to, text)) return sc_fail(err, SC_NOMEM, "out of memory");
    }
    return SC_OK;
}

/* A vendor's own item, which its source reads better than a mapping of names could. */
static bool is_vendors(const char *source, const json_t *obj) {
    if (!source) return false;
    if (!strcmp(source, "reddit"))
        return json_object_get(obj, "selftext") || json_is_object(json_object_get(obj, "data"));
    if (!strcmp(source, "github"))
        return json_object_get(obj, "html_url") && json_object_get(obj, "number");
    return !strcmp(source, "sentry") &&
           (json_object_get(obj, "event_id") || json_is_object(json_object_get(obj, "data")));
}

sc_rc sc_mapping_apply(sc_mapping *m, const sc_record *r, json_t **ret, sc_err *err) {
    if (m->n_rules == 0 && is_vendors(m->source, r->obj)) {
        *ret = json_pack("{s:s, s:O}", "source", m->source, "payload", r->obj);
        return *ret ? SC_OK : sc_fail(err, SC_NOMEM, "out of memory");
    }
    const char *from[TARGETS];
    for (size_t t = 0; t < TARGETS; t++) from[t] = column_of(m, r->obj, t);
    SC_AUTO(sc_json_auto) json_t *out = json_object();
    if (!out) return sc_fail(err, SC_NOMEM, "out of memory");
    sc_rc rc = put_fields(m, r->obj, from, out, err);
    if (rc) return rc;
    if (!json_object_get(out, "title") && !json_object_get(out, "body"))
        return sc_fail_field(err, SC_INVALID, "body",
                             "neither a title nor a body; --map says which columns they are");
    if (m->source)
        json_object_set_new(out, "source", json_string(m->source));
    else if (!json_object_get(out, "source"))
        json_object_set_new(out, "source", json_string("generic"));
    if (!json_object_get(out, "external_id"))
        json_object_set_new(out, "external_id", id_of_line(r->raw));
    if (put_metadata(m, r->obj, from, out)) return sc_fail(err, SC_NOMEM, "out of memory");
    *ret = json_incref(out);
    return SC_OK;
}

void sc_mapping_tell(const sc_mapping *m, sc_buf *out) {
    const char *comma = "";
    for (size_t t = 0; t < TARGETS; t++) {
        if (!m->used[t][0]) continue;
        sc_buf_putf(out, "%s%s <- ", comma, guesses[t].to);
        sc_out_clean(out, sc_str_of(m->used[t]));
        comma = ", ";
    }
    for (size_t i = 0; i < m->n_told; i++) {
        sc_buf_puts(out, i ? ", " : "; metadata <- ");
        sc_out_clean(out, sc_str_of(m->told[i]));
    }
    if (m->more) sc_buf_puts(out, ", ...");
}
