/* First byte: the source and whether settings are given. The rest: one JSON object, as a batch brings it. */
#include "fuzz_source_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char settings[] =
        "{\"labels\":[\"bug\"],\"projects\":[\"shop\"],\"min_level\":\"info\",\"repeat\":\"event\","
        "\"subreddits\":[\"shopapp\"],\"min_score\":1,\"raw_json\":true,"
        "\"tags\":[\"env:prod\"],\"monitors\":[\"4711\"],\"spiking\":true,\"surveys\":["
        "\"Checkout\"],"
        "\"searches\":[\"Payment errors\"]}";
    json_t *obj = NULL, *set = NULL;
    sc_source_item item;
    sc_err err = {0};
    if (size == 0) return 0;
    sc_json_setup();
    sc_feedback_source source = (sc_feedback_source)(data[0] % SC_SOURCE_COUNT);
    if (sc_json_parse((sc_str){(const char *)data + 1, size - 1}, &obj, NULL)) return 0;
    if (data[0] & 0x80) must(sc_json_parse(sc_str_of(settings), &set, NULL) == SC_OK);
    sc_arena arena;
    sc_arena_init(&arena, (size_t)64 << 20);
    sc_rc rc = sc_source_registry[source]->item(obj, set, 1, &arena, &item, &err);
    if (rc == SC_OK)
        check_item(&item, source);
    else
        must(rc == SC_UNPROCESSABLE && err.rc == rc && err.field[0]);
    sc_arena_done(&arena);
    json_decref(obj);
    json_decref(set);
    return 0;
}
