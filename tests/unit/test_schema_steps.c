/* A step of the schema that was released is never changed: databases that ran it are out there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <cmocka.h>

#include "stores/sqlite/store.h"

/* SHA-256 of each step's SQL. A new step gets a new line here; a line is never changed. */
static const char *const released[] = {
    "eb322fa1075e368ba15cb5ef13e3283adf403a7373a2db567b6063c3ab31c367",
};

static void sha256(const char *text, char ret_hex[65]) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    assert_int_equal(EVP_Digest(text, strlen(text), hash, &n, EVP_sha256(), NULL), 1);
    assert_int_equal(n, 32);
    for (unsigned i = 0; i < n; i++) snprintf(ret_hex + 2 * i, 3, "%02x", hash[i]);
}

static void a_released_step_is_as_it_was(void **state) {
    (void)state;
    assert_int_equal(sc_sq_schema_version(), SC_LEN(released));
    for (int64_t i = 0; i < sc_sq_schema_version(); i++) {
        char hex[65];
        sha256(sc_sq_schema_step(i + 1), hex);
        if (strcmp(hex, released[i]) != 0)
            fail_msg("step %d was changed (%s): undo that and add a new step", (int)i + 1, hex);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_released_step_is_as_it_was)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
