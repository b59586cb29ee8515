/* A request's body against the schema of each operation that takes one, as the server would check it:
 * no crash, no allocation that is not given back, and an error that is text. */
#include <assert.h>

#include "assets.h"
#include "web/contract.h"

static sc_contract *contract(void) {
    static sc_contract *c;
    if (c) return c;
    sc_json_setup();
    sc_str text = {(const char *)sc_asset_openapi_json, sc_asset_openapi_json_len};
    sc_rc rc = sc_contract_load(text, &c, NULL);
    assert(rc == SC_OK);
    (void)rc;
    return c;
}

static void look_at(const sc_err *err, sc_rc rc) {
    assert(rc == err->rc);
    assert(strlen(err->field) < sizeof err->field && sc_utf8_valid(sc_str_of(err->field)));
    assert(strlen(err->msg) < sizeof err->msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sc_contract *c = contract();
    sc_str text = {(const char *)data, size};
    sc_err err = {0};
    json_t *v = NULL;
    sc_rc parsed = sc_json_parse(text, &v, &err);
    for (size_t i = 0; i < c->n_operations; i++) {
        const sc_operation *op = &c->operations[i];
        if (!parsed && op->body) {
            err = (sc_err){0};
            look_at(&err, sc_schema_check(op->body, v, &err));
        }
        for (size_t k = 0; k < op->n_params; k++) {
            err = (sc_err){0};
            look_at(&err,
                    sc_schema_check_text(op->params[k].schema, op->params[k].name, text, &err));
        }
    }
    json_decref(v);
    return 0;
}
