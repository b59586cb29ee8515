/* Which addresses are the public internet's. */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>
#include <cmocka.h>

#include "base/mem.h"

static bool is_public(const char *text) {
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return sc_address_public((struct sockaddr *)&v4);
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1) fail_msg("%s", text);
    return sc_address_public((struct sockaddr *)&v6);
}

static void what_is_not_public_is_refused(void **state) {
    (void)state;
    static const char *const not_public[] = {"0.0.0.0",
                                             "0.1.2.3",
                                             "10.0.0.1",
                                             "100.64.0.1",
                                             "100.127.255.255",
                                             "127.0.0.1",
                                             "127.255.255.255",
                                             "169.254.169.254",
                                             "172.16.0.1",
                                             "172.31.255.255",
                                             "192.0.0.1",
                                             "192.0.2.1",
                                             "192.168.0.1",
                                             "198.18.0.1",
                                             "198.19.255.255",
                                             "198.51.100.1",
                                             "203.0.113.1",
                                             "224.0.0.1",
                                             "240.0.0.1",
                                             "255.255.255.255",
                                             "::",
                                             "::1",
                                             "::ffff:127.0.0.1",
                                             "::ffff:8.8.8.8",
                                             "::127.0.0.1",
                                             "64:ff9b::7f00:1",
                                             "64:ff9b:1::1",
                                             "100::1",
                                             "fc00::1",
                                             "fd00:ec2::254",
                                             "fe80::1",
                                             "fec0::1",
                                             "ff02::1",
                                             "2001::1",
                                             "2001:db8::1",
                                             "2002:7f00:1::",
                                             "2002:808:808::1",
                                             "3fff::1",
                                             "4000::1"};
    for (size_t i = 0; i < SC_LEN(not_public); i++)
        if (is_public(not_public[i])) fail_msg("%s", not_public[i]);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    assert_false(sc_address_public((struct sockaddr *)&un));
}

static void what_is_public_passes(void **state) {
    (void)state;
    static const char *const fine[] = {
        "1.1.1.1",        "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255", "100.128.0.0",     "126.255.255.255", "128.0.0.1",
        "169.253.1.1",    "172.15.255.255",  "172.32.0.1",      "192.167.1.1",
        "198.20.0.1",     "223.255.255.255", "2606:4700::1111", "2a00:1450:4001:800::200e",
        "2001:200::1"};
    for (size_t i = 0; i < SC_LEN(fine); i++)
        if (!is_public(fine[i])) fail_msg("%s", fine[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_public_is_refused),
        cmocka_unit_test(what_is_public_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
