/* The contract against the code: nothing on one side only, nothing left open, examples that hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "assets.h"
#include "web/request.h"

static sc_str document(void) {
    return (sc_str){(const char *)sc_asset_openapi_json, sc_asset_openapi_json_len};
}

static int open_contract(void **state) {
    sc_json_setup();
    sc_contract *c = NULL;
    sc_err err = {0};
    if (sc_contract_load(document(), &c, &err)) {
        print_error("%s\n", err.msg);
        return -1;
    }
    *state = c;
    return 0;
}

static int close_contract(void **state) {
    sc_contract_free(*state);
    return 0;
}

static const sc_op_handler *handler(const char *id) {
    const sc_op_handler *found = NULL;
    for (size_t i = 0; i < sc_op_handlers_n; i++)
        if (strcmp(sc_op_handlers[i].id, id) == 0) {
            assert_null(found); /* two for one */
            found = &sc_op_handlers[i];
        }
    return found;
}

static void operations_and_handlers_are_the_same_set(void **state) {
    const sc_contract *c = *state;
    for (size_t i = 0; i < c->n_operations; i++)
        if (!handler(c->operations[i].id)) fail_msg("%s has no handler", c->operations[i].id);
    for (size_t i = 0; i < sc_op_handlers_n; i++) {
        if (!sc_contract_operation(c, sc_op_handlers[i].id))
            fail_msg("%s has no operation", sc_op_handlers[i].id);
        assert_non_null(sc_op_handlers[i].run);
        assert_true(!sc_op_handlers[i].begin == !sc_op_handlers[i].chunk);
    }
}

/* Who may do what is a promise to people: a change of it must be made here too. */
static void nothing_is_open_that_should_not_be(void **state) {
    static const char *const open[] = {"getContract",  "getHealth",  "getApiHealth", "homePage",
                                       "issuePage",    "inboxPage",  "sourcesPage",  "workPage",
                                       "settingsPage", "statusPage", "getAsset",     "loginPage",
                                       "login",        "logout",     "formPage",     "submitForm",
                                       "widget",       "mapPage",    "fixesPage",    "fixPage"};
    const sc_contract *c = *state;
    for (size_t i = 0; i < c->n_operations; i++) {
        const sc_operation *op = &c->operations[i];
        bool may = false;
        for (size_t k = 0; k < SC_LEN(open); k++) may = may || !strcmp(open[k], op->id);
        if ((op->access == SC_ACCESS_NONE) != may) fail_msg("%s: x-scope none?", op->id);
        if (op->access == SC_ACCESS_KEY) assert_int_not_equal(op->scope, 0);
        bool changes = op->method != SC_GET;
        if (changes && op->access == SC_ACCESS_KEY && op->scope == SC_SCOPE_read)
            fail_msg("%s changes something with the scope read", op->id);
    }
}

static void every_body_has_a_limit_and_a_schema(void **state) {
    const sc_contract *c = *state;
    for (size_t i = 0; i < c->n_operations; i++) {
        const sc_operation *op = &c->operations[i];
        if (!op->has_body) {
            assert_int_equal(op->max_body, SC_CONTRACT_NO_BODY);
            continue;
        }
        assert_non_null(op->body);
        assert_true(op->max_body >= 1024);
        /* What is kept whole in memory stays small; the batch is read in pieces. */
        if (op->max_body > 8 << 20) assert_non_null(handler(op->id)->chunk);
    }
}

static void every_operation_is_described(void **state) {
    const sc_contract *c = *state;
    const char *path, *method;
    json_t *item, *op;
    json_object_foreach(json_object_get(c->root, "paths"), path, item) {
        json_object_foreach(item, method, op) {
            if (strcmp(method, "parameters") == 0) continue;
            const char *id = json_string_value(json_object_get(op, "operationId"));
            static const char *const keys[] = {"summary", "description"};
            for (size_t i = 0; i < SC_LEN(keys); i++)
                if (!json_string_length(json_object_get(op, keys[i])))
                    fail_msg("%s: no %s", id, keys[i]);
            if (!json_array_size(json_object_get(op, "tags"))) fail_msg("%s: no tags", id);
            if (!json_object_get(json_object_get(op, "responses"), "default"))
                fail_msg("%s: no default answer", id);
        }
    }
}

/* Walks the document; calls fn for each {"schema", "examples"} pair. */
static void each_media(sc_contract *c, const json_t *node,
                       void (*fn)(sc_contract *c, const json_t *media)) {
    const char *key;
    json_t *v;
    size_t i;
    if (json_object_get(node, "schema") && json_object_get(node, "examples")) fn(c, node);
    json_object_foreach((json_t *)node, key, v) each_media(c, v, fn);
    json_array_foreach((json_t *)node, i, v) each_media(c, v, fn);
}

static size_t examples;

static void check_examples(sc_contract *c, const json_t *media) {
    const sc_schema *s = NULL;
    sc_err err = {0};
    const char *name;
    json_t *example;
    if (sc_schema_compile(&c->schemas, json_object_get(media, "schema"), "example", &s, &err))
        fail_msg("%s", err.msg);
    json_object_foreach(json_object_get(media, "examples"), name, example) {
        if (sc_schema_check(s, json_object_get(example, "value"), &err))
            fail_msg("the example %s: %s %s", name, err.field, err.msg);
        examples++;
    }
}

static void every_example_fits_its_schema(void **state) {
    sc_contract *c = *state;
    each_media(c, c->root, check_examples);
    assert_true(examples > 15);
}

static void every_schema_uses_known_keywords_alone(void **state) {
    sc_contract *c = *state;
    const char *name;
    json_t *node;
    json_object_foreach((json_t *)sc_json_at(c->root, "components.schemas"), name, node) {
        const sc_schema *s = NULL;
        sc_err err = {0};
        if (sc_contract_schema(c, name, &s, &err)) fail_msg("%s", err.msg);
    }
}

static void limits_are_those_of_the_core(void **state) {
    const sc_contract *c = *state;
    static const struct {
        const char *at;
        int64_t n;
    } rows[] = {
        {"components.schemas.Report.properties.title.maxLength", SC_FEEDBACK_MAX_TITLE},
        {"components.schemas.Report.properties.body.maxLength", SC_FEEDBACK_MAX_BODY},
        {"components.schemas.Report.properties.text.maxLength", SC_FEEDBACK_MAX_BODY},
        {"components.schemas.Report.properties.external_id.maxLength", SC_FEEDBACK_MAX_EXTERNAL_ID},
        {"components.schemas.FeedbackChange.properties.title.maxLength", SC_FEEDBACK_MAX_TITLE},
        {"components.schemas.FeedbackChange.properties.body.maxLength", SC_FEEDBACK_MAX_BODY},
    };
    for (size_t i = 0; i < SC_LEN(rows); i++)
        assert_int_equal(json_integer_value(sc_json_at(c->root, rows[i].at)), rows[i].n);
    const json_t *sources = sc_json_at(c->root, "components.schemas.Source.enum");
    assert_int_equal(json_array_size(sources), SC_SOURCE_COUNT);
    const json_t *statuses = sc_json_at(c->root, "components.schemas.ClusterStatus.enum");
    assert_int_equal(json_array_size(statuses), SC_CLUSTER_STATUS_COUNT);
    const json_t *jobs = sc_json_at(c->root, "components.schemas.JobStatus.enum");
    assert_int_equal(json_array_size(jobs), SC_JOB_STATE_COUNT);
    for (size_t i = 0; i < SC_SOURCE_COUNT; i++)
        assert_string_equal(json_string_value(json_array_get(sources, i)),
                            sc_feedback_source_name((sc_feedback_source)i));
    for (size_t i = 0; i < SC_CLUSTER_STATUS_COUNT; i++)
        assert_string_equal(json_string_value(json_array_get(statuses, i)),
                            sc_cluster_status_name((sc_cluster_status)i));
    for (size_t i = 0; i < SC_JOB_STATE_COUNT; i++)
        assert_string_equal(json_string_value(json_array_get(jobs, i)),
                            sc_job_state_name((sc_job_state)i));
}

/* Each "/api/..." in the how-to is a path of the contract; braces and ids alike. */
static void check_mention(const sc_contract *c, sc_str path) {
    for (size_t i = 0; i < c->n_paths; i++) {
        sc_str rest = {path.p + 1, path.n - 1}, part;
        size_t n = 0;
        bool fits = true;
        while (fits && sc_str_next(&rest, '/', &part)) {
            fits = n < c->paths[i].n_segments && (c->paths[i].segments[n].p[0] == '{' ||
                                                  sc_str_eq(c->paths[i].segments[n], part));
            n++;
        }
        if (fits && n == c->paths[i].n_segments) return;
    }
    fail_msg("docs/api.md mentions %.*s, which is no path", SC_FMT(path));
}

static void the_how_to_mentions_known_paths_alone(void **state) {
    static char text[1 << 17];
    FILE *f = fopen("docs/api.md", "r");
    if (!f) fail_msg("docs/api.md is missing; run in the repository root");
    size_t n = fread(text, 1, sizeof text - 1, f), mentions = 0;
    fclose(f);
    for (size_t i = 0; i + 5 < n; i++) {
        if (memcmp(text + i, "/api/", 5) != 0) continue;
        size_t end = i;
        while (end < n && !strchr(" `?\"')|,;:\n\\", text[end])) end++;
        while (text[end - 1] == '.') end--;
        check_mention(*state, (sc_str){text + i, end - i});
        mentions++;
        i = end;
    }
    assert_true(mentions > 20);
}

/* ---- A contract with a fault does not load ------------------------------------------------------- */

static void refused(const char *paths, const char *words) {
    char text[2000];
    snprintf(text, sizeof text, "{\"paths\":{%s}}", paths);
    sc_contract *c = NULL;
    sc_err err = {0};
    assert_int_equal(sc_contract_load(sc_str_of(text), &c, &err), SC_INVALID);
    if (!strstr(err.msg, words)) fail_msg("'%s' does not say '%s'", err.msg, words);
}

static void a_faulty_contract_is_refused(void **state) {
    (void)state;
    refused("", "no paths");
    refused("\"/a\":{\"get\":{\"x-scope\":\"read\"}}", "operationId");
    refused("\"/a\":{\"get\":{\"operationId\":\"a\"}}", "x-scope is missing");
    refused("\"/a\":{\"get\":{\"operationId\":\"a\",\"x-scope\":\"root\"}}", "not a scope");
    refused("\"/a\":{\"post\":{\"operationId\":\"a\",\"x-scope\":\"read\",\"requestBody\":{}}}",
            "x-max-body");
    refused("\"/"
            "a\":{\"post\":{\"operationId\":\"a\",\"x-scope\":\"read\",\"x-max-body\":9,"
            "\"requestBody\":{}}}",
            "no content");
    refused("\"/"
            "a\":{\"get\":{\"operationId\":\"a\",\"x-scope\":\"read\"},\"post\":{\"operationId\":"
            "\"a\",\"x-scope\":\"read\"}}",
            "two operations");
    refused("\"/a/{id}\":{\"get\":{\"operationId\":\"a\",\"x-scope\":\"read\"}}",
            "parameters differ");
    refused("\"/"
            "a\":{\"get\":{\"operationId\":\"a\",\"x-scope\":\"read\",\"parameters\":[{\"name\":"
            "\"q\",\"in\":\"body\"}]}}",
            "neither");
    refused("\"/"
            "a\":{\"get\":{\"operationId\":\"a\",\"x-scope\":\"read\",\"parameters\":[{\"name\":"
            "\"q\",\"in\":\"query\","
            "\"schema\":{\"type\":\"string\",\"writeOnly\":true}}]}}",
            "writeOnly");
    refused("\"a\":{}", "begins with /");
    refused("\"/1/2/3/4/5/6/7/8/9\":{}", "too many segments");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_and_handlers_are_the_same_set),
        cmocka_unit_test(nothing_is_open_that_should_not_be),
        cmocka_unit_test(every_body_has_a_limit_and_a_schema),
        cmocka_unit_test(every_operation_is_described),
        cmocka_unit_test(every_example_fits_its_schema),
        cmocka_unit_test(every_schema_uses_known_keywords_alone),
        cmocka_unit_test(limits_are_those_of_the_core),
        cmocka_unit_test(the_how_to_mentions_known_paths_alone),
        cmocka_unit_test(a_faulty_contract_is_refused),
    };
    return cmocka_run_group_tests_name("contract", tests, open_contract, close_contract);
}
