/* Reports out of files: JSONL, JSON and CSV look the same to whoever reads them. */
#include "cmd/cmd.h"

enum { MAX_LINE = 4 << 20, MAX_DOCUMENT = 256 << 20, BLOCK = 64 << 10 };

typedef enum shape { LINES, ARRAY, DOCUMENT, TABLE } shape;

struct sc_records {
    sc_reader *reader;
    shape shape;
    int64_t at;  /* number of the last line or element */
    json_t *obj; /* of the last record                 */
    sc_buf raw;
    json_t *document;    /* DOCUMENT: all of it        */
    const json_t *items; /* borrowed from it           */
    bool in_array, ended;
    char *block; /* ARRAY: bytes read ahead    */
    size_t block_at, block_n;
    sc_csv csv;
    json_t *head; /* TABLE: column names                */
};

/* ---- What is it? --------------------------------------------------------------------------------- */

static sc_str without_mark(sc_str s) {
    return sc_str_starts(s, "\xEF\xBB\xBF") ? (sc_str){s.p + 3, s.n - 3} : s;
}

/* A first line that is a whole object: JSONL. Otherwise the object goes on: a document. */
static shape shape_of_object(sc_str start, bool lines_by_name) {
    const char *nl = memchr(start.p, '\n', start.n);
    sc_str line = {start.p, nl ? (size_t)(nl - start.p) : start.n};
    json_t *v = NULL;
    shape s = sc_json_parse(sc_str_trim(line), &v, NULL) ? DOCUMENT : LINES;
    /* One line with everything in it. */
    const json_t *items = json_object_get(v, "items");
    if (json_is_array(items) && !json_object_get(v, "title")) s = DOCUMENT;
    json_decref(v);
    /* A first line that is broken, or too long to see its end, is followed by more: lines too. */
    if (s == DOCUMENT && nl) {
        sc_str rest = sc_str_trim((sc_str){nl + 1, start.n - (size_t)(nl + 1 - start.p)});
        sc_str first = sc_str_trim(line);
        if (rest.n && first.n > 1 && (rest.p[0] == '{' || lines_by_name)) s = LINES;
    }
    return s;
}

/* A file of lines by its name. */
static bool named_lines(const char *path) {
    sc_str name = sc_str_of(path);
    if (sc_str_ends(name, ".gz")) name.n -= 3;
    if (sc_str_ends(name, ".zst")) name.n -= 4;
    return sc_str_ends(name, ".jsonl") || sc_str_ends(name, ".ndjson");
}

static sc_rc look(sc_records *r, const char *path, const char *format, sc_err *err) {
    sc_str start;
    sc_rc rc = sc_reader_peek(r->reader, 1 << 20, &start, err);
    if (rc) return rc;
    sc_str text = sc_str_trim(without_mark(start));
    bool json = text.n && (text.p[0] == '{' || text.p[0] == '[');
    if (format && !strcmp(format, "csv"))
        r->shape = TABLE;
    else if (format && !strcmp(format, "jsonl"))
        r->shape = LINES;
    else if (text.n && text.p[0] == '[')
        r->shape = ARRAY;
    else if (format && !strcmp(format, "json"))
        r->shape = DOCUMENT;
    else if (json)
        r->shape = shape_of_object(text, !format && named_lines(path));
    else if (text.n && !format && named_lines(path))
        r->shape = LINES; /* the first line is no object, the next ones may be */
    else
        r->shape = TABLE;
    return SC_OK;
}

const char *sc_records_format(const sc_records *r) {
    return r->shape == LINES ? "JSONL" : r->shape == TABLE ? "CSV" : "JSON";
}

static sc_rc read_csv(void *self, char *into, size_t room, size_t *ret_n, sc_err *err) {
    return sc_reader_read(self, into, room, ret_n, err);
}

/* ---- Tables -------------------------------------------------------------------------------------- */

static sc_rc read_head(sc_records *r, sc_err *err) {
    sc_csv_init(&r->csv, read_csv, r->reader, 0);
    sc_rc rc = sc_csv_next(&r->csv, err);
    if (rc == SC_NOT_FOUND) {
        r->ended = true;
        return SC_OK;
    }
    if (rc) return sc_wrap(err, "the header row");
    r->head = json_array();
    for (size_t i = 0; i < r->csv.n_fields; i++) {
        sc_str name = sc_str_trim(r->csv.fields[i]);
        char spare[32];
        snprintf(spare, sizeof spare, "column_%zu", i + 1);
        json_t *v = name.n ? json_stringn(name.p, name.n) : json_string(spare);
        if (!v) return sc_fail(err, SC_INVALID, "the header row is not UTF-8 (column %zu)", i + 1);
        if (json_array_append_new(r->head, v)) return sc_fail(err, SC_NOMEM, "out of memory");
    }
    return SC_OK;
}

static sc_rc row_object(sc_records *r, sc_err *err) {
    size_t n = json_array_size(r->head);
    if (r->csv.n_fields > n)
        return sc_fail(err, SC_INVALID, "%zu fields, but the header row has %zu", r->csv.n_fields,
                       n);
    r->obj = json_object();
    for (size_t i = 0; i < r->csv.n_fields; i++) {
        sc_str v = r->csv.fields[i];
        const char *name = json_string_value(json_array_get(r->head, i));
        if (v.n == 0) continue;
        if (memchr(v.p, 0, v.n))
            return sc_fail(err, SC_INVALID, "column %s holds a NUL byte", name);
        if (!sc_utf8_valid(v)) return sc_fail(err, SC_INVALID, "column %s is not UTF-8", name);
        if (!sc_json_set_str(r->obj, name, v)) return sc_fail(err, SC_NOMEM, "out of memory");
    }
    return SC_OK;
}

static sc_rc next_row(sc_records *r, sc_record *ret, sc_err *err) {
    for (;;) {
        if (r->ended) return sc_fail(err, SC_NOT_FOUND, "the end");
        sc_rc rc = sc_csv_next(&r->csv, err);
        ret->line = r->csv.raw_line;
        ret->raw = r->csv.raw;
        if (rc) return rc;
        if (r->csv.n_fields == 1 && r->csv.fields[0].n == 0) continue; /* an empty line */
        rc = row_object(r, err);
        ret->obj = rc ? NULL : r->obj;
        return rc;
    }
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

static sc_rc parsed(sc_records *r, sc_record *ret, sc_err *err) {
    sc_rc rc = sc_json_parse(sc_str_trim(ret->raw), &r->obj, err);
    if (rc) return rc;
    if (!json_is_object(r->obj)) return sc_fail(err, SC_INVALID, "not a JSON object");
    ret->obj = r->obj;
    return SC_OK;
}

static sc_rc next_line(sc_records *r, sc_record *ret, sc_err *err) {
    for (;;) {
        r->at++;
        ret->line = r->at;
        sc_str line;
        sc_rc rc = sc_reader_line(r->reader, MAX_LINE, &line, err);
        if (rc) return rc;
        if (r->at == 1) line = without_mark(line);
        if (sc_str_trim(line).n == 0) continue;
        ret->raw = line;
        return parsed(r, ret, err);
    }
}

static sc_rc byte(sc_records *r, char *ret, sc_err *err) {
    if (r->block_at == r->block_n) {
        if (!r->block && !(r->block = sc_alloc(BLOCK)))
            return sc_fail(err, SC_NOMEM, "out of memory");
        sc_rc rc = sc_reader_read(r->reader, r->block, BLOCK, &r->block_n, err);
        if (rc) return rc;
        r->block_at = 0;
        if (r->block_n == 0) return sc_fail(err, SC_NOT_FOUND, "the end");
    }
    *ret = r->block[r->block_at++];
    return SC_OK;
}

/* Copies one element of the array into r->raw, knowing only strings and brackets. */
static sc_rc element(sc_records *r, char first, sc_err *err) {
    int depth = 0;
    bool string = false, escaped = false;
    char ch = first;
    for (;;) {
        if (!string && depth == 0 && (ch == ',' || ch == ']')) {
            r->ended = ch == ']';
            return SC_OK;
        }
        if (r->raw.n < MAX_LINE)
            sc_buf_putc(&r->raw, ch);
        else
            r->raw.failed = true;
        if (string) {
            if (!escaped && ch == '"') string = false;
            escaped = !escaped && ch == '\\';
        } else if (ch == '"') {
            string = true;
        } else if (ch == '{' || ch == '[') {
            depth++;
        } else if (ch == '}' || ch == ']') {
            depth--;
        }
        sc_rc rc = byte(r, &ch, err);
        if (rc == SC_NOT_FOUND) {
            r->ended = true;
            return sc_fail(err, SC_INVALID, "the file ends inside element %lld", (long long)r->at);
        }
        if (rc) return rc;
    }
}

static sc_rc next_element(sc_records *r, sc_record *ret, sc_err *err) {
    char ch = 0;
    while (!r->ended) {
        sc_rc rc = byte(r, &ch, err);
        if (rc == SC_NOT_FOUND) break;
        if (rc) return rc;
        if (!r->in_array) { /* up to the bracket: white space and a byte order mark */
            r->in_array = ch == '[';
            continue;
        }
        if (ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n') continue;
        if (ch == ']' || ch == ',') {
            r->ended = ch == ']';
            continue;
        }
        sc_buf_reset(&r->raw);
        ret->line = ++r->at;
        rc = element(r, ch, err);
        ret->raw = sc_str_trim(sc_buf_str(&r->raw));
        if (rc) return rc;
        if (r->raw.failed) return sc_fail(err, SC_TOO_LARGE, "more than %d bytes", MAX_LINE);
        return parsed(r, ret, err);
    }
    return sc_fail(err, SC_NOT_FOUND, "the end");
}

/* The array in a document: ours, and the usual ones of exports. */
static sc_rc read_document(sc_records *r, sc_err *err) {
    static const char *const places[] = {"items",  "data.children", "data",   "results",
                                         "issues", "feedback",      "reports"};
    sc_str all;
    sc_rc rc = sc_reader_peek(r->reader, MAX_DOCUMENT, &all, err);
    if (rc) return rc;
    if (all.n == MAX_DOCUMENT)
        return sc_fail(err, SC_TOO_LARGE,
                       "a JSON object of more than 256 MiB; make it an array or JSONL");
    rc = sc_json_parse(sc_str_trim(without_mark(all)), &r->document, err);
    if (rc) return rc;
    for (size_t i = 0; i < SC_LEN(places) && !r->items; i++) {
        const json_t *v = sc_json_at(r->document, places[i]);
        if (json_is_array(v)) r->items = v;
    }
    return SC_OK;
}

static sc_rc next_item(sc_records *r, sc_record *ret, sc_err *err) {
    if (!r->document) {
        sc_rc rc = read_document(r, err);
        if (rc)
            return rc == SC_INVALID ? sc_fail(err, SC_IO, "not JSON: %s", err ? err->msg : "") : rc;
    }
    size_t n = r->items ? json_array_size(r->items) : 1;
    if ((size_t)r->at >= n) return sc_fail(err, SC_NOT_FOUND, "the end");
    json_t *v = r->items ? json_array_get(r->items, (size_t)r->at) : r->document;
    ret->line = ++r->at;
    sc_buf_reset(&r->raw);
    if (!sc_json_dump(v, &r->raw))
        return sc_fail(err, SC_TOO_LARGE, "more than %d bytes", MAX_LINE);
    ret->raw = sc_buf_str(&r->raw);
    if (!json_is_object(v)) return sc_fail(err, SC_INVALID, "not a JSON object");
    ret->obj = r->obj = json_incref(v);
    return SC_OK;
}

/* ---- All ----------------------------------------------------------------------------------------- */

sc_rc sc_records_open(const char *path, const char *format, sc_records **ret, sc_err *err) {
    sc_records *r = sc_alloc(sizeof *r);
    if (!r) return sc_fail(err, SC_NOMEM, "out of memory");
    sc_buf_init(&r->raw, MAX_LINE + 1);
    sc_rc rc = sc_reader_open(path, &r->reader, err);
    if (rc == SC_OK) rc = look(r, path, format, err);
    if (rc == SC_OK && r->shape == TABLE) rc = read_head(r, err);
    if (rc)
        sc_records_close(r);
    else
        *ret = r;
    return rc;
}

void sc_records_close(sc_records *r) {
    if (!r) return;
    json_decref(r->obj);
    json_decref(r->document);
    json_decref(r->head);
    if (r->csv.read) sc_csv_done(&r->csv);
    sc_buf_done(&r->raw);
    sc_free(r->block);
    sc_reader_close(r->reader);
    sc_free(r);
}

sc_rc sc_records_next(sc_records *r, sc_record *ret, sc_err *err) {
    *ret = (sc_record){.line = r->at};
    json_decref(r->obj);
    r->obj = NULL;
    switch (r->shape) {
    case LINES: return next_line(r, ret, err);
    case ARRAY: return next_element(r, ret, err);
    case DOCUMENT: return next_item(r, ret, err);
    case TABLE: return next_row(r, ret, err);
    }
    return sc_fail(err, SC_INTERNAL, "no such shape");
}
