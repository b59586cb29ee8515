#include "web/batch_group.h"

#include "web/render.h"
#include "web/request.h"

void sc_batch_group_init(sc_batch_group *g) {
    *g = (sc_batch_group){.state = SC_BATCH_GROUP_FREE};
    sc_arena_init(&g->arena, SC_BATCH_GROUP_ARENA);
}

void sc_batch_group_reset(sc_batch_group *g) {
    sc_arena_reset(&g->arena);
    g->n_items = g->n_lines = g->bytes = 0;
    g->lost = 0;
    g->results = NULL;
    g->err = (sc_err){0};
}

void sc_batch_group_done(sc_batch_group *g) {
    sc_arena_done(&g->arena);
    sc_free(g->items);
    sc_free(g->again_ids);
    sc_free(g->lines);
}

bool sc_batch_group_full(const sc_batch_group *g) {
    return g->n_lines >= SC_BATCH_GROUP_LINES || g->bytes >= SC_BATCH_GROUP_BYTES;
}

static bool lose(sc_batch_group *g, int64_t number) {
    if (!g->lost++) g->lost_from = number;
    return false;
}

/* Room for line `number` and one more item. false: no memory. */
static bool room(sc_batch_group *g, int64_t number) {
    if (g->n_lines == g->cap_lines) {
        size_t cap = g->cap_lines ? g->cap_lines * 2 : 64;
        void *p = sc_realloc_array(g->lines, cap, sizeof *g->lines);
        if (!p) return lose(g, number);
        g->lines = p;
        g->cap_lines = cap;
    }
    if (g->n_items == g->cap_items) {
        size_t cap = g->cap_items ? g->cap_items * 2 : 64;
        void *p = sc_realloc_array(g->items, cap, sizeof *g->items);
        if (!p) return lose(g, number);
        g->items = p;
        p = sc_realloc_array(g->again_ids, cap, sizeof *g->again_ids);
        if (!p) return lose(g, number);
        g->again_ids = p;
        g->cap_items = cap;
    }
    return true;
}

static void put_error(sc_buf *b, const sc_err *err) {
    char code[32];
    sc_problem_code(err->rc, code);
    sc_buf_putf(b, "\"status\":\"error\",\"error\":{\"code\":\"%s\",\"detail\":", code);
    sc_buf_put_json(b, sc_str_of(err->msg));
    if (err->field[0]) sc_render_str(b, "field", sc_str_of(err->field));
    sc_render_bool(b, "retryable", sc_rc_retryable(err->rc));
    sc_buf_putc(b, '}');
}

static sc_str no_words(void) {
    return SC_STR("\"status\":\"error\",\"error\":{\"code\":\"nomem\",\"detail\":"
                  "\"no memory for this line\",\"retryable\":true}");
}

/* A line whose result is known already. When there is no memory for its words, it gets fixed ones. */
static void add_tail(sc_batch_group *g, int64_t number, const sc_buf *tail, bool filtered) {
    char *p = tail->failed ? NULL : sc_arena_copy(&g->arena, tail->p, tail->n);
    sc_str text = p ? (sc_str){p, tail->n} : no_words();
    g->lines[g->n_lines++] =
        (sc_batch_group_line){.number = number, .tail = text, .filtered = filtered && p};
}

void sc_batch_group_add_error(sc_batch_group *g, int64_t number, const sc_err *err) {
    if (!room(g, number)) return;
    SC_AUTO(sc_buf_done) sc_buf tail;
    sc_buf_init(&tail, 4096);
    put_error(&tail, err);
    add_tail(g, number, &tail, false);
}

void sc_batch_group_refuse(sc_batch_group *g, size_t item, const sc_err *err) {
    size_t at = 0;
    SC_AUTO(sc_buf_done) sc_buf tail;
    sc_buf_init(&tail, 4096);
    put_error(&tail, err);
    for (size_t i = 0; i < g->n_lines; i++) {
        if (!g->lines[i].item || at++ != item) continue;
        char *p = tail.failed ? NULL : sc_arena_copy(&g->arena, tail.p, tail.n);
        g->lines[i].tail = p ? (sc_str){p, tail.n} : no_words();
        return;
    }
}

static sc_rc read_line(sc_batch_group *g, const sc_batch_scope *scope, sc_str line,
                       sc_source_item *ret, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = sc_json_parse(line, &v, err);
    if (!rc) rc = sc_schema_check(scope->line_schema, v, err);
    if (rc) return rc;
    sc_str name = sc_json_str_at(v, "source");
    const sc_source_ops *source = sc_app_source(scope->app, name);
    if (!source)
        return sc_fail_field(err, SC_UNPROCESSABLE, "source", "this server has no source '%.*s'",
                             SC_FMT(name));
    json_t *payload = json_object_get(v, "payload");
    /* The generic sources keep what they do not know as metadata; our own word is not part of it. */
    if (!payload) json_object_del(v, "source");
    rc = sc_ingest_item(scope->app, &scope->project, source, payload ? payload : v, &g->arena, ret,
                        err);
    if (rc && payload && err->field[0] && err->field[0] != '$') {
        char inner[sizeof err->field];
        memcpy(inner, err->field, sizeof inner);
        sc_str cut = sc_str_clip(sc_str_of(inner), sizeof inner - sizeof "payload.");
        memcpy(err->field, "payload.", 8);
        memcpy(err->field + 8, cut.p, cut.n);
        err->field[8 + cut.n] = 0;
    }
    return rc;
}

void sc_batch_group_add(sc_batch_group *g, const sc_batch_scope *scope, int64_t number,
                        sc_str line) {
    sc_err err = {0};
    g->bytes += line.n;
    if (!room(g, number)) return;
    sc_source_item item = {0};
    if (read_line(g, scope, line, &item, &err)) {
        sc_batch_group_add_error(g, number, &err);
        return;
    }
    if (item.verdict == SC_ITEM_FILTERED) {
        SC_AUTO(sc_buf_done) sc_buf tail;
        sc_buf_init(&tail, 4096);
        sc_buf_puts(&tail, "\"status\":\"filtered\"");
        sc_render_str(&tail, "reason", sc_str_of(item.why ? item.why : "left out by the settings"));
        add_tail(g, number, &tail, true);
        return;
    }
    item.feedback.request_id = sc_str_of(scope->request_id);
    g->again_ids[g->n_items] = item.again_id;
    g->items[g->n_items++] = item.feedback;
    g->lines[g->n_lines++] = (sc_batch_group_line){.number = number, .item = true};
}

static void write_item(const sc_batch_group *g, size_t i, sc_buf *out, sc_batch_counts *counts) {
    if (g->err.rc) {
        put_error(out, &g->err);
        counts->error++;
        return;
    }
    const sc_put_result *r = &g->results[i];
    bool fresh = r->status == SC_PUT_NEW;
    sc_buf_puts(out, fresh ? "\"status\":\"ok\",\"id\":\"" : "\"status\":\"duplicate\",\"id\":\"");
    sc_buf_puts(out, r->id.text);
    sc_buf_putc(out, '"');
    if (fresh)
        counts->ok++;
    else
        counts->duplicate++;
}

void sc_batch_group_write(const sc_batch_group *g, sc_buf *out, sc_batch_counts *counts) {
    size_t at = 0;
    for (size_t i = 0; i < g->n_lines; i++) {
        const sc_batch_group_line *line = &g->lines[i];
        sc_buf_puts(out, "{");
        sc_render_int(out, "line", line->number);
        sc_buf_putc(out, ',');
        if (line->item && (g->err.rc || !line->tail.n)) {
            write_item(g, at++, out, counts);
        } else {
            at += line->item; /* refused by itself */
            sc_buf_put_str(out, line->tail);
            if (line->filtered)
                counts->filtered++;
            else
                counts->error++;
        }
        sc_buf_put(out, "}\n", 2);
    }
    if (!g->lost) return;
    sc_buf_putf(out,
                "{\"line\":%lld,\"status\":\"error\",\"error\":{\"code\":\"nomem\",\"detail\":"
                "\"no memory for this line and %lld after it\",\"retryable\":true}}\n",
                (long long)g->lost_from, (long long)g->lost - 1);
    counts->error += g->lost;
}
