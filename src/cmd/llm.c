/* Which language model is asked, for what and for how much. None unless somebody says so: a key in the environment
 * is no consent to send reports away. */
#include <string.h>

#include "app/advise.h"
#include "cmd/cmd.h"
#include "llms/registry.h"

sc_rc sc_stack_usd(const char *option, const char *text, int64_t *ret, sc_err *err) {
    double usd;
    if (sc_num_f64(sc_str_of(text), 0, 1e6, &usd, NULL))
        return sc_fail(err, SC_INVALID, "--%s: \"%.40s\" is no amount of dollars", option, text);
    *ret = (int64_t)(usd * 1e6 + 0.5);
    return SC_OK;
}

sc_rc sc_stack_open_llm(const sc_call *c, sc_llm *ret, sc_err *err) {
    const char *name = c->common.llm;
    *ret = (sc_llm){NULL, NULL};
    if (!strcmp(name, "none")) return SC_OK;
    for (size_t i = 0; i < sc_llms_n; i++) {
        const sc_llm_ops *ops = sc_llms[i];
        if (strcmp(name, ops->name) != 0) continue;
        void *self = sc_alloc(ops->size);
        if (!self) return sc_fail(err, SC_NOMEM, "out of memory");
        sc_rc rc = ops->open(self, c->llm_confs[i], err);
        if (rc)
            sc_free(self);
        else
            *ret = (sc_llm){ops, self};
        return rc;
    }
    SC_AUTO(sc_buf_done) sc_buf names;
    sc_buf_init(&names, 1024);
    for (size_t i = 0; i < sc_llms_n; i++) sc_buf_putf(&names, ", %s", sc_llms[i]->name);
    return sc_fail(err, SC_INVALID, "--llm %.40s: there are none%s", name, names.p ? names.p : "");
}

void sc_stack_close_llm(sc_llm *l) {
    if (!l->ops) return;
    if (l->ops->close) l->ops->close(l->self);
    sc_free(l->self);
    *l = (sc_llm){NULL, NULL};
}

static sc_rc parse_tasks(const char *text, unsigned *ret, sc_err *err) {
    sc_str rest = sc_str_of(text), word;
    *ret = 0;
    while (sc_str_next(&rest, ',', &word)) {
        word = sc_str_trim(word);
        if (sc_str_is(word, "titles"))
            *ret |= SC_ADVISE_titles;
        else if (sc_str_is(word, "merges"))
            *ret |= SC_ADVISE_merges;
        else
            return sc_fail(err, SC_INVALID,
                           "--llm-tasks: there are titles and merges, not \"%.*s\"",
                           SC_FMT(sc_str_clip(word, 40)));
    }
    return SC_OK;
}

sc_rc sc_stack_llm_conf(const sc_call *c, sc_prompts *ret_prompts, sc_app_conf *conf, sc_err *err) {
    const sc_common *o = &c->common;
    int64_t micro_usd;
    sc_rc rc = sc_stack_usd("llm-max-usd", o->llm_max_usd, &micro_usd, err);
    if (!rc) rc = parse_tasks(o->llm_tasks, &conf->llm_tasks, err);
    if (!rc) rc = sc_prompts_load(o->llm_prompts, ret_prompts, err);
    conf->llm_timeout_ms = o->llm_timeout_ms;
    conf->llm_settle_ms = o->llm_settle_ms;
    conf->llm_cap = (sc_budget_use){o->llm_max_requests, o->llm_max_tokens, rc ? 0 : micro_usd};
    return rc;
}
