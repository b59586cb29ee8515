/* Keys and values of somebody else's Redis: whatever they are, a line is JSON that import reads, or there is none. */
#include <stdlib.h>

#include "legacy/key.h"
#include "legacy/row.h"

static void check_line(const char *why, sc_buf *line) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (!why && line->n && (sc_json_parse(sc_buf_str(line), &v, NULL) || !json_is_object(v)))
        abort();
    sc_buf_reset(line);
}

static void check_row(const sc_legacy_value *v, sc_legacy_fields fields, sc_arena *arena,
                      sc_buf *line) {
    sc_legacy_row row = sc_legacy_row_of(v, fields, arena);
    sc_legacy_place at = {.id = sc_legacy_id("fuzz", SC_STR("p"), v->text, false),
                          .project_id = sc_legacy_id("fuzz", SC_STR("p"), v->text, true),
                          .old_id = v->text,
                          .now_ms = 1};
    at.cluster_id = at.id;
    check_line(sc_legacy_feedback_line(&row, &at, line), line);
    check_line(sc_legacy_cluster_line(&row, &at, 1, line), line);
    check_line(sc_legacy_project_line(&row, &at, SC_STR("x"), false, line), line);
    check_line(sc_legacy_job_line(&row, &at, line), line);
    check_line(sc_legacy_subreddits_line(v->text, &at, line), line);
    sc_legacy_log_line(&row, v->text, &at, line);
    check_line(NULL, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sc_json_setup();
    static const sc_legacy_fields *const kinds[] = {
        &sc_legacy_feedback_fields, &sc_legacy_cluster_fields, &sc_legacy_project_fields,
        &sc_legacy_job_fields};
    sc_str text = {(const char *)data, size};
    SC_AUTO(sc_arena_done) sc_arena arena;
    SC_AUTO(sc_buf_done) sc_buf line;
    sc_arena_init(&arena, 64 << 20);
    sc_buf_init(&line, 16 << 20);
    sc_legacy_key_of(text);
    for (size_t k = 0; k < SC_LEN(kinds); k++) {
        sc_legacy_value v = {.text = text}; /* as one text, and cut into fields */
        check_row(&v, *kinds[k], &arena, &line);
        v.hash = true;
        for (size_t i = 0; i < SC_LEGACY_MOST_FIELDS && i * 16 < size; i++)
            v.fields[i] = (sc_str){text.p + i * 16, SC_MIN(size - i * 16, (size_t)64)};
        check_row(&v, *kinds[k], &arena, &line);
    }
    return 0;
}
