#include "app/fix_text.h"

#include "base/json.h"
#include "text/fold.h"
#include "text/quote.h"

enum { TITLE_BYTES = 100, PART_BYTES = 3000, PATCH_BYTES = 40000 };

/* Characters that a forge takes for markup, a mention or a reference. */
static bool means_something(uint32_t c) {
    return c < 0x80 && strchr("`*_[]<>#@!|~\\", (int)c) != NULL;
}

sc_rc sc_fix_title(sc_str text, sc_buf *out, sc_err *err) {
    const size_t start = out->n;
    bool gap = false;
    for (size_t i = 0; i < text.n && out->n - start < TITLE_BYTES;) {
        uint32_t cp = sc_utf8_next(text, &i);
        if (cp <= ' ' || cp == 0x7f || means_something(cp)) {
            gap = out->n > start;
            continue;
        }
        if (sc_fold_hidden(cp)) continue;
        if (gap) sc_buf_putc(out, ' ');
        gap = false;
        sc_buf_put_utf8(out, cp);
    }
    if (out->n == start) sc_buf_puts(out, "Fix of an issue");
    return sc_buf_check(out, "a title", err);
}

static void put_time(sc_buf *b, const char *what, int64_t ms) {
    char at[SC_TIME_TEXT];
    if (!ms) return;
    sc_time_format(ms, at);
    sc_buf_putf(b, "| %s | %s |\n", what, at);
}

static void put_test(sc_buf *b, const char *what, const json_t *run) {
    if (!run) return;
    sc_buf_putf(b, "| %s | %s (exit %lld, %lld ms) |\n", what,
                json_is_true(json_object_get(run, "passed")) ? "pass" : "**fail**",
                (long long)json_integer_value(json_object_get(run, "exit")),
                (long long)json_integer_value(json_object_get(run, "ms")));
}

static sc_rc put_tests(sc_buf *b, sc_str text, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = sc_json_parse(text.n ? text : SC_STR("{}"), &v, err);
    if (rc) return rc;
    const json_t *base = json_object_get(v, "base"), *patched = json_object_get(v, "patched");
    if (!base && !patched) sc_buf_puts(b, "| Tests | the project has no test command |\n");
    put_test(b, "Tests before", base);
    put_test(b, "Tests with the change", patched);
    return SC_OK;
}

static void put_sources(sc_buf *b, const sc_cluster *c) {
    bool first = true;
    sc_buf_putf(b, "| Reports | %lld (", (long long)c->count);
    for (int i = 0; i < SC_SOURCE_COUNT; i++) {
        if (!c->source_counts[i]) continue;
        sc_buf_putf(b, "%s%s %lld", first ? "" : ", ",
                    sc_feedback_source_name((sc_feedback_source)i), (long long)c->source_counts[i]);
        first = false;
    }
    sc_buf_puts(b, ") |\n");
}

static sc_rc put_blocked(sc_buf *b, sc_str text, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    sc_rc rc = sc_json_parse(text.n ? text : SC_STR("[]"), &v, err);
    if (rc || !json_array_size(v)) {
        if (!rc) sc_buf_puts(b, "| Hosts that were asked for and refused | none |\n");
        return rc;
    }
    sc_buf_putf(b, "| Hosts that were asked for and refused | %zu, see below |\n",
                json_array_size(v));
    return SC_OK;
}

static sc_rc list_blocked(sc_buf *b, sc_str text, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_buf_done) sc_buf names;
    sc_buf_init(&names, 64 << 10);
    sc_rc rc = sc_json_parse(text.n ? text : SC_STR("[]"), &v, err);
    if (rc || !json_array_size(v)) return rc;
    for (size_t i = 0; i < json_array_size(v); i++)
        sc_buf_putf(&names, "%s\n", json_string_value(json_array_get(v, i)));
    sc_buf_puts(b, "\nThe agent asked for these hosts, and did not get there:\n\n");
    return sc_quote_block(b, sc_buf_str(&names), PART_BYTES, err);
}

static sc_rc part(sc_buf *b, const char *title, sc_str text, size_t max, sc_err *err) {
    if (!text.n) return SC_OK;
    sc_buf_putf(b, "\n### %s\n\n", title);
    return sc_quote_block(b, text, max, err);
}

void sc_fix_mark(const sc_id *fix, char ret[SC_FIX_MARK]) {
    snprintf(ret, SC_FIX_MARK, "| Fix | %s |", fix->text);
}

static sc_rc provenance(const sc_fix_body *p, sc_buf *b, sc_err *err) {
    const sc_fix *f = p->fix;
    char mark[SC_FIX_MARK];
    sc_fix_mark(&f->id, mark);
    sc_buf_puts(b, "\n## Where this comes from\n\n| | |\n|---|---|\n");
    put_sources(b, p->cluster);
    put_time(b, "First report", p->cluster->first_seen_ms);
    put_time(b, "Last report", p->cluster->last_seen_ms);
    if (p->public_url)
        sc_buf_putf(b, "| Issue | %s/issues/%s |\n", p->public_url, p->cluster->id.text);
    else
        sc_buf_putf(b, "| Issue | %s |\n", p->cluster->id.text);
    sc_buf_putf(b, "%s\n", mark);
    sc_buf_putf(b, "| Agent | %.*s%s |\n", SC_FMT(f->agent),
                p->scripted ? " (scripted: a prepared edit, no model was asked)" : "");
    sc_buf_putf(b, "| Base | %.*s, commit %.12s |\n", SC_FMT(f->base_branch),
                f->base_commit.n ? f->base_commit.p : "");
    sc_buf_putf(b, "| Change | %lld file%s, +%lld -%lld lines |\n", (long long)f->patch_files,
                f->patch_files == 1 ? "" : "s", (long long)f->patch_added,
                (long long)f->patch_removed);
    sc_rc rc = put_tests(b, f->tests, err);
    sc_buf_putf(b, "| Cost | %.4f USD, %lld calls, %lld tokens |\n",
                (double)f->cost.micro_usd / 1e6, (long long)f->cost.calls,
                (long long)f->cost.tokens_in + (long long)f->cost.tokens_out);
    return rc ? rc : put_blocked(b, f->blocked, err);
}

sc_rc sc_fix_body_write(const sc_fix_body *p, sc_buf *out, sc_err *err) {
    sc_buf_puts(out, "**This change was written by a machine** on the word of the reports below. "
                     "Nobody has read it yet: please review it as you would a stranger's.\n");
    if (p->scripted)
        sc_buf_puts(out, "\n**Scripted**: the demo's agent applied a prepared edit.\n");
    sc_rc rc = part(out, "Problem", p->plan->problem, PART_BYTES, err);
    if (!rc) rc = part(out, "Expected behaviour", p->plan->expected, PART_BYTES, err);
    if (!rc) rc = part(out, "It is solved when", p->plan->acceptance, PART_BYTES, err);
    if (!rc) rc = provenance(p, out, err);
    if (!rc) rc = list_blocked(out, p->fix->blocked, err);
    if (!rc && p->patch.n) rc = part(out, "The change", p->patch, PATCH_BYTES, err);
    if (rc) return rc;
    sc_buf_puts(out, "\nA comment that names @soulcaster, by somebody who may write to this "
                     "repository, asks for another go on this branch.\n");
    return sc_buf_check(out, "the pull request's text", err);
}
