#include "app/fix_settings.h"

#include <stddef.h>

#include "agents/agents.h"
#include "git/git.h"
#include "patch/rules.h"

typedef enum kind { FLAG, TEXT, LIST, NUMBER, REAL } kind;

typedef struct member {
    const char *name;
    kind kind;
    size_t at;
    const char *text; /* what holds where it is not set */
    double number;
} member;

#define AT(name) offsetof(sc_fix_settings, name)
#define POLICY(name) (offsetof(sc_fix_settings, policy) + offsetof(sc_fix_policy, name))

static const member members[] = {
    {"enabled", FLAG, AT(enabled), NULL, 1},
    {"forge", TEXT, AT(forge), "github", 0},
    {"repository", TEXT, AT(repository), "", 0},
    {"base_branch", TEXT, AT(base_branch), "", 0},
    {"agent", TEXT, AT(agent), "builtin", 0},
    {"command", LIST, AT(command), NULL, 0},
    {"model", TEXT, AT(model), "", 0},
    {"steps", NUMBER, AT(steps), NULL, 60},
    {"setup_command", TEXT, AT(setup_command), "", 0},
    {"test_command", TEXT, AT(test_command), "", 0},
    {"hosts", LIST, AT(hosts), NULL, 0},
    {"test_hosts", FLAG, AT(test_hosts), NULL, 0},
    {"allow", LIST, AT(allow), NULL, 0},
    {"deny", LIST, AT(deny), NULL, 0},
    {"rules_off", LIST, AT(rules_off), NULL, 0},
    {"max_files", NUMBER, AT(max_files), NULL, 20},
    {"max_lines", NUMBER, AT(max_lines), NULL, 1000},
    {"max_patch_bytes", NUMBER, AT(max_patch_bytes), NULL, 256 << 10},
    {"max_minutes", NUMBER, AT(max_minutes), NULL, 30},
    {"max_usd", REAL, AT(max_usd), NULL, 2},
    {"max_tokens", NUMBER, AT(max_tokens), NULL, 3000000},
    {"max_day_usd", REAL, AT(max_day_usd), NULL, 20},
    {"concurrency", NUMBER, AT(concurrency), NULL, 1},
    {"output", TEXT, AT(output), "pull_request", 0},
    {"draft", FLAG, AT(draft), NULL, 1},
    {"labels", LIST, AT(labels), NULL, 0},
};

static const member policy_members[] = {
    {"enabled", FLAG, POLICY(enabled), NULL, 0},
    {"min_reports", NUMBER, POLICY(min_reports), NULL, 5},
    {"min_cohesion", REAL, POLICY(min_cohesion), NULL, 0.7},
    {"max_a_day", NUMBER, POLICY(max_a_day), NULL, 3},
    {"max_open", NUMBER, POLICY(max_open), NULL, 3},
};

static sc_rc copy_text(sc_str s, sc_arena *arena, sc_str *ret, sc_err *err) {
    char *p = sc_arena_copy(arena, s.n ? s.p : "", s.n);
    if (!p) return sc_fail(err, SC_NOMEM, "no memory for the fix settings");
    *ret = (sc_str){p, s.n};
    return SC_OK;
}

static sc_rc read_list(const json_t *v, const char *name, sc_arena *arena, sc_fix_words *ret,
                       sc_err *err) {
    size_t n = json_array_size(v);
    sc_str *words = sc_arena_take_array(arena, n ? n : 1, sizeof *words);
    if (!words) return sc_fail(err, SC_NOMEM, "no memory for the fix settings");
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        const json_t *w = json_array_get(v, i);
        if (!json_is_string(w))
            return sc_fail_field(err, SC_UNPROCESSABLE, name, "a list of texts is expected");
        rc =
            copy_text((sc_str){json_string_value(w), json_string_length(w)}, arena, &words[i], err);
    }
    *ret = (sc_fix_words){words, n};
    return rc;
}

static sc_rc read_member(const member *m, const json_t *from, sc_arena *arena, sc_fix_settings *s,
                         sc_err *err) {
    void *to = (char *)s + m->at;
    const json_t *v = json_object_get(from, m->name);
    if (json_is_null(v)) v = NULL;
    switch (m->kind) {
    case FLAG: *(bool *)to = v ? json_is_true(v) : m->number > 0; return SC_OK;
    case NUMBER: *(int64_t *)to = v ? json_integer_value(v) : (int64_t)m->number; return SC_OK;
    case REAL: *(double *)to = v ? json_number_value(v) : m->number; return SC_OK;
    case LIST: return read_list(v, m->name, arena, to, err);
    case TEXT:
        return copy_text(v ? (sc_str){json_string_value(v), json_string_length(v)}
                           : sc_str_of(m->text),
                         arena, to, err);
    }
    return SC_OK;
}

static sc_rc wrong(sc_err *err, const char *name, const char *words) {
    return sc_fail_field(err, SC_UNPROCESSABLE, name, "%s", words);
}

static sc_rc check_globs(const sc_fix_words *w, const char *name, sc_err *err) {
    for (size_t i = 0; i < w->n; i++) {
        sc_err why = {0};
        if (sc_patch_glob_check(w->v[i], &why))
            return sc_fail_field(err, SC_UNPROCESSABLE, name, "%s", why.msg);
    }
    return SC_OK;
}

static sc_rc check(const sc_fix_settings *s, sc_err *err) {
    for (size_t i = 0; i < s->rules_off.n; i++) {
        sc_patch_rule r = sc_patch_rule_find(s->rules_off.v[i]);
        if (r == SC_PATCH_RULE_COUNT || !(sc_patch_may_be_off() & SC_PATCH_OFF(r)))
            return sc_fail_field(err, SC_UNPROCESSABLE, "rules_off",
                                 "\"%.*s\" is no rule that may be switched off",
                                 SC_FMT(sc_str_clip(s->rules_off.v[i], 40)));
    }
    if (s->base_branch.n && !sc_git_branch_ok(s->base_branch))
        return wrong(err, "base_branch", "not a branch's name");
    if (sc_str_is(s->agent, "custom") != (s->command.n > 0))
        return wrong(err, "command", "the agent \"custom\" has a command, and no other agent has");
    if (!sc_str_is(s->agent, "custom") && !sc_agent_find(s->agent))
        return wrong(err, "agent", "there is no such agent");
    sc_rc rc = check_globs(&s->allow, "allow", err);
    return rc ? rc : check_globs(&s->deny, "deny", err);
}

sc_rc sc_fix_settings_read(const json_t *v, sc_arena *arena, sc_fix_settings *ret, sc_err *err) {
    sc_fix_settings s = {.enabled = true};
    const json_t *policy = json_object_get(v, "policy");
    sc_rc rc = SC_OK;
    for (size_t i = 0; !rc && i < SC_LEN(members); i++)
        rc = read_member(&members[i], v, arena, &s, err);
    for (size_t i = 0; !rc && i < SC_LEN(policy_members); i++)
        rc = read_member(&policy_members[i], policy, arena, &s, err);
    if (!rc) rc = check(&s, err);
    if (!rc) *ret = s;
    return rc;
}

static void write_member(const member *m, const sc_fix_settings *s, bool first, sc_buf *out) {
    const void *at = (const char *)s + m->at;
    sc_buf_putf(out, "%s\"%s\":", first ? "" : ",", m->name);
    switch (m->kind) {
    case FLAG: sc_buf_puts(out, *(const bool *)at ? "true" : "false"); return;
    case NUMBER: sc_buf_put_int(out, *(const int64_t *)at); return;
    case REAL: sc_buf_putf(out, "%.6g", *(const double *)at); return;
    case TEXT: sc_buf_put_json(out, *(const sc_str *)at); return;
    case LIST: break;
    }
    const sc_fix_words *w = at;
    sc_buf_putc(out, '[');
    for (size_t i = 0; i < w->n; i++) {
        if (i) sc_buf_putc(out, ',');
        sc_buf_put_json(out, w->v[i]);
    }
    sc_buf_putc(out, ']');
}

void sc_fix_settings_write(const sc_fix_settings *s, sc_buf *out) {
    sc_buf_putc(out, '{');
    for (size_t i = 0; i < SC_LEN(members); i++) write_member(&members[i], s, i == 0, out);
    sc_buf_puts(out, ",\"policy\":{");
    for (size_t i = 0; i < SC_LEN(policy_members); i++)
        write_member(&policy_members[i], s, i == 0, out);
    sc_buf_puts(out, "}}");
}
