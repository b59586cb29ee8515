/* soulcaster model use, model status: which model a project is grouped with. */
#include "cmd/cmd.h"

static void tell(const json_t *v) {
    int64_t done = json_integer_value(json_object_get(v, "done"));
    int64_t total = json_integer_value(json_object_get(v, "total"));
    sc_str state = sc_json_str_at(v, "state"), wanted = sc_json_str_at(v, "wanted"),
           reason = sc_json_str_at(v, "reason"), previous = sc_json_str_at(v, "previous"),
           hint = sc_json_str_at(v, "hint");
    printf("model     %.*s\n", SC_FMT(sc_json_str_at(v, "model")));
    if (wanted.n) {
        printf("to be     %.*s: %.*s", SC_FMT(wanted), SC_FMT(state));
        if (total) printf(", %lld of %lld reports", (long long)done, (long long)total);
        putchar('\n');
    }
    if (previous.n) printf("previous  %.*s\n", SC_FMT(previous));
    if (reason.n) printf("why       %.*s\n", SC_FMT(reason));
    if (hint.n) fprintf(stderr, "%.*s\n", SC_FMT(hint));
}

/* words[0] is "use" or "status". */
int sc_model_at_work(sc_call *c) {
    sc_api *a;
    int code;
    sc_err err = {0};
    bool use = !strcmp(c->words[0], "use");
    if (sc_cmd_words_wrong(c, use ? 2 : 1, use ? 2 : 1)) return SC_EXIT_USAGE;
    if (!sc_api_ready(c, use ? SC_API_GROUPS : 0, &a, &code)) return code;
    SC_AUTO(sc_json_auto) json_t *v = NULL;
    SC_AUTO(sc_json_auto) json_t *body = NULL;
    if (use) {
        body = json_object();
        json_object_set_new(body, "use", json_string(c->words[1]));
    }
    sc_rc rc = sc_api_do(a, use ? "PUT" : "GET", "/api/model", body, &v, &err);
    sc_api_close(a);
    if (rc) return sc_cmd_fail_err(c, &err);
    if (!sc_print_json(c, v)) tell(v);
    return sc_out_end(SC_EXIT_OK);
}
