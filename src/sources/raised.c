#include "sources/raised.h"

#include "sources/shape.h"

sc_str sc_raised_words(sc_fields *r, const json_t *exception) {
    sc_str type = sc_str_trim(sc_json_str_at(exception, "type"));
    sc_str value = sc_str_trim(sc_json_str_at(exception, "value"));
    if (!type.n || !value.n) return type.n ? type : value;
    return sc_str_of(sc_shape_printf(r, "%.*s: %.*s", SC_FMT(type), SC_FMT(value)));
}

void sc_raised_put_line(sc_buf *b, const char *before, sc_str line, sc_str title) {
    line = sc_str_trim(line);
    if (!line.n || sc_str_eq(line, title)) return;
    if (sc_str_find(sc_buf_str(b), line) != SIZE_MAX) return; /* said already */
    if (b->n) sc_buf_putc(b, '\n');
    sc_buf_puts(b, before);
    sc_buf_put_str(b, line);
}
