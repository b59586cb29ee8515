#include "app/prompts.h"

#include <errno.h>
#include <stdio.h>

#include "assets.h"
#include "base/json.h"
#include "text/quote.h"

enum { MAX_BYTES = 16 << 10, MAX_SAID = 16 << 10 };

static const sc_llm_field issue_fields[] = {
    {"title", SC_LLM_TEXT, "the issue's title, one line of at most 80 characters"},
    {"summary", SC_LLM_TEXT, "two or three sentences, at most 500 characters"}};
static const sc_prompt_rule issue_rules[] = {{4, 160}, {10, 1000}};

static const sc_llm_field same_fields[] = {
    {"same", SC_LLM_FLAG, "true only if one specific pull request would resolve all the reports"},
    {"title", SC_LLM_TEXT, "that pull request's title; empty if same is false"},
    {"cause", SC_LLM_TEXT, "what the reports of both groups share, or what sets them apart"}};
static const sc_prompt_rule same_rules[] = {{0, 0}, {0, 160}, {10, 800}};

static const sc_llm_field plan_fields[] = {
    {"problem", SC_LLM_TEXT, "what goes wrong, for whom and when, as far as the reports say"},
    {"expected", SC_LLM_TEXT, "what should happen instead"},
    {"acceptance", SC_LLM_TEXT, "how one can tell that it is solved, as short checks"}};
static const sc_prompt_rule plan_rules[] = {{10, 2000}, {5, 1500}, {5, 1500}};

/* max_tokens leaves room for what a model thinks to itself. */
static const struct {
    const sc_llm_field *fields;
    const sc_prompt_rule *rules;
    size_t n;
    int64_t max_tokens;
} shapes[] = {[SC_PROMPT_issue] = {issue_fields, issue_rules, SC_LEN(issue_fields), 2048},
              [SC_PROMPT_same] = {same_fields, same_rules, SC_LEN(same_fields), 2048},
              [SC_PROMPT_plan] = {plan_fields, plan_rules, SC_LEN(plan_fields), 4096}};

static const char *const names[] = {
#define X(name) #name,
    SC_PROMPT_NAMES(X)
#undef X
};

static sc_str compiled_in(sc_prompt_name which) {
    switch (which) {
#define X(name)            \
    case SC_PROMPT_##name: \
        return (sc_str){(const char *)sc_asset_prompt_##name, sc_asset_prompt_##name##_len};
        SC_PROMPT_NAMES(X)
#undef X
    case SC_PROMPT_COUNT: break;
    }
    return SC_STR_NONE;
}

/* The folder's own; *ret_found false: it has none. */
static sc_rc read_own(const char *folder, const char *name, char buffer[MAX_BYTES + 1],
                      size_t *ret_n, bool *ret_found, sc_err *err) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.md", folder, name);
    FILE *f = fopen(path, "re");
    *ret_found = f != NULL;
    if (!f && errno == ENOENT) return SC_OK;
    if (!f) return sc_fail_sys(err, SC_INVALID, errno, "--llm-prompts: %.150s", path);
    *ret_n = fread(buffer, 1, MAX_BYTES + 1, f);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (failed) return sc_fail(err, SC_INVALID, "--llm-prompts: %.150s cannot be read", path);
    if (*ret_n > MAX_BYTES || !*ret_n || !sc_utf8_valid((sc_str){buffer, *ret_n}))
        return sc_fail(err, SC_INVALID, "--llm-prompts: %.150s is no text of at most %d bytes",
                       path, MAX_BYTES);
    return SC_OK;
}

static sc_rc load_one(const char *folder, sc_prompt_name which, sc_prompts *to, sc_err *err) {
    SC_AUTO(sc_auto_free) char *own = sc_alloc(MAX_BYTES + 1);
    SC_AUTO(sc_buf_done) sc_buf b;
    sc_buf_init(&b, 2 * MAX_BYTES);
    if (!own) return sc_fail(err, SC_NOMEM, "no memory for the prompts");
    sc_str text = compiled_in(which);
    if (folder && *folder) {
        size_t n = 0;
        bool found;
        sc_rc rc = read_own(folder, names[which], own, &n, &found, err);
        if (rc) return rc;
        if (found) text = (sc_str){own, n};
    }
    sc_prompt *p = &to->v[which];
    *p = (sc_prompt){.name = names[which],
                     .fields = shapes[which].fields,
                     .rules = shapes[which].rules,
                     .n_fields = shapes[which].n,
                     .max_tokens = shapes[which].max_tokens};
    sc_buf_put_str(&b, sc_str_trim(text));
    for (size_t i = 0; i < p->n_fields; i++)
        sc_buf_putf(&b, "\n- \"%s\" (%s): %s", p->fields[i].name,
                    p->fields[i].kind == SC_LLM_FLAG ? "true or false" : "text",
                    p->fields[i].words);
    sc_rc rc = sc_buf_check(&b, "a prompt", err);
    if (rc) return rc;
    size_t n = b.n;
    to->texts[which] = sc_buf_take(&b);
    p->instructions = (sc_str){to->texts[which], n};
    return SC_OK;
}

sc_rc sc_prompts_load(const char *folder, sc_prompts *ret, sc_err *err) {
    *ret = (sc_prompts){.texts = {NULL}};
    sc_rc rc = SC_OK;
    for (int i = 0; !rc && i < SC_PROMPT_COUNT; i++)
        rc = load_one(folder, (sc_prompt_name)i, ret, err);
    if (rc) sc_prompts_done(ret);
    return rc;
}

void sc_prompts_done(sc_prompts *p) {
    for (int i = 0; i < SC_PROMPT_COUNT; i++) sc_free(p->texts[i]);
    *p = (sc_prompts){.texts = {NULL}};
}

/* ---- Answers ------------------------------------------------------------------------------------ */

static sc_rc take_member(const sc_prompt *p, size_t i, const json_t *said, json_t *to,
                         sc_err *err) {
    const sc_llm_field *f = &p->fields[i];
    const json_t *v = json_object_get(said, f->name);
    if (f->kind == SC_LLM_FLAG) {
        if (!json_is_boolean(v))
            return sc_fail(err, SC_UNPROCESSABLE, "\"%s\" is not true or false", f->name);
        return json_object_set_new(to, f->name, json_boolean(json_is_true(v)))
                   ? sc_fail(err, SC_NOMEM, "no memory for an answer")
                   : SC_OK;
    }
    if (!json_is_string(v)) return sc_fail(err, SC_UNPROCESSABLE, "\"%s\" is no text", f->name);
    sc_str text = sc_str_trim((sc_str){json_string_value(v), json_string_length(v)});
    sc_rc rc = sc_quote_check_line(text, p->rules[i].min_bytes, p->rules[i].max_bytes, err);
    if (rc) {
        sc_wrap(err, "\"%s\"", f->name);
        return rc;
    }
    return sc_json_set_str(to, f->name, text) ? SC_OK
                                              : sc_fail(err, SC_NOMEM, "no memory for an answer");
}

sc_rc sc_prompt_check(const sc_prompt *p, sc_str said, json_t **ret, sc_err *err) {
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    if (said.n > MAX_SAID || sc_json_parse(said, &v, NULL) || !json_is_object(v))
        return sc_fail(err, SC_UNPROCESSABLE, "it is no JSON object");
    json_t *to = json_object();
    if (!to) return sc_fail(err, SC_NOMEM, "no memory for an answer");
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < p->n_fields; i++) rc = take_member(p, i, v, to, err);
    if (rc)
        json_decref(to);
    else
        *ret = to;
    return rc;
}
