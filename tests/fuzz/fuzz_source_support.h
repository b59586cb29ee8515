/* What every item promises, for the fuzz targets of sources. */
#ifndef SC_FUZZ_SOURCE_SUPPORT_H
#define SC_FUZZ_SOURCE_SUPPORT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "sources/registry.h"

static inline void must_at(bool ok, int line) {
    if (ok) return;
    fprintf(stderr, "fuzz: a promise is broken at line %d\n", line);
    abort();
}
#define must(ok) must_at(ok, __LINE__)

static inline void check_text(sc_str s, size_t max, bool breaks) {
    must(s.n <= max);
    must(sc_utf8_valid(s));
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (breaks && (c == '\n' || c == '\t')) continue;
        must(c >= 0x20 && c != 0x7F);
        if (c == 0xC2) must((unsigned char)s.p[i + 1] >= 0xA0);
    }
}

static inline void check_item(const sc_source_item *item, sc_feedback_source source) {
    const sc_feedback *f = &item->feedback;
    must(f->source == source);
    must((item->verdict == SC_ITEM_FILTERED) == (item->why != NULL));
    must(item->why || f->title.n || f->body.n);
    check_text(f->external_id, SC_FEEDBACK_MAX_EXTERNAL_ID, false);
    check_text(item->again_id, SC_FEEDBACK_MAX_EXTERNAL_ID, false);
    check_text(f->title, SC_FEEDBACK_MAX_TITLE, false);
    check_text(f->body, SC_FEEDBACK_MAX_BODY, true);
    check_text(f->stack, 64 * 1024, true);
    check_text(f->url, 2000, false);
    check_text(f->repo, 200, false);
    check_text(f->status, 50, false);
    must(f->metadata.n <= SC_FEEDBACK_MAX_METADATA);
    must(f->created_at_ms >= 0 && f->issue_number >= 0);
    must(!f->url.n || sc_str_starts(f->url, "https://") || sc_str_starts(f->url, "http://"));
    if (f->metadata.n == 0) return;
    json_t *v = NULL;
    must(sc_json_parse(f->metadata, &v, NULL) == SC_OK && json_is_object(v));
    json_decref(v);
}

#endif
