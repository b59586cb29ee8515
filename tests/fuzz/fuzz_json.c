/* JSON of strangers: what the quick reader accepts, jansson accepts, and reads to the same value. */
#include <stdlib.h>

#include "base/json.h"
#include "base/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sc_json_setup();
    sc_str text = {(const char *)data, size};
    SC_AUTO(sc_json_auto) json_t *quick = sc_json_read_plain(text, SC_JSON_MAX_DEPTH);
    if (quick) {
        SC_AUTO(sc_json_auto)
        json_t *judge = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        if (!judge || !json_equal(quick, judge)) abort();
        SC_AUTO(sc_buf_done) sc_buf a, b;
        sc_buf_init(&a, 1 << 20);
        sc_buf_init(&b, 1 << 20);
        if (!sc_json_dump(quick, &a) || !sc_json_dump(judge, &b)) abort();
        if (a.n != b.n || memcmp(a.p, b.p, a.n) != 0) abort(); /* the members' order, too */
    }
    SC_AUTO(sc_json_auto) json_t *whole = NULL;
    sc_err err = {0};
    sc_rc rc = sc_json_parse(text, &whole, &err);
    if (quick && rc) abort();
    if (rc && !err.msg[0]) abort();
    return 0;
}
