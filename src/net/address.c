#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

/* https://www.iana.org/assignments/iana-ipv4-special-registry */
static const struct {
    uint32_t net;
    int bits;
} not_public4[] = {
    {0x00000000, 8},  /* this network             */
    {0x0A000000, 8},  /* private                  */
    {0x64400000, 10}, /* shared, behind a carrier */
    {0x7F000000, 8},  /* loopback                 */
    {0xA9FE0000, 16}, /* link-local, metadata     */
    {0xAC100000, 12}, /* private                  */
    {0xC0000000, 24}, /* protocol assignments     */
    {0xC0000200, 24}, /* documentation            */
    {0xC0586300, 24}, /* 6to4 relays              */
    {0xC0A80000, 16}, /* private                  */
    {0xC6120000, 15}, /* benchmarking             */
    {0xC6336400, 24}, /* documentation            */
    {0xCB007100, 24}, /* documentation            */
    {0xE0000000, 3},  /* multicast and reserved   */
};

static bool public4(uint32_t a) {
    for (size_t i = 0; i < SC_LEN(not_public4); i++)
        if ((a ^ not_public4[i].net) >> (32 - not_public4[i].bits) == 0) return false;
    return true;
}

/* https://www.iana.org/assignments/iana-ipv6-special-registry: of the global unicast space (2000::/3) these
 * are not; outside of it nothing is. */
static const struct {
    unsigned char net[6];
    int bits;
} not_public6[] = {
    {{0x20, 0x01, 0x00}, 23},             /* protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation                           */
    {{0x20, 0x02}, 16},                   /* 6to4: an IPv4 address inside            */
    {{0x26, 0x20, 0x00, 0x4f, 0x80}, 48}, /* AS112                                   */
    {{0x3f, 0xff, 0x00}, 20},             /* documentation                           */
};

static bool within(const unsigned char *a, const unsigned char *net, int bits) {
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(a, net, (size_t)whole) != 0) return false;
    return !rest || (a[whole] ^ net[whole]) >> (8 - rest) == 0;
}

static bool public6(const unsigned char *a) {
    if ((a[0] & 0xE0) != 0x20) return false;
    for (size_t i = 0; i < SC_LEN(not_public6); i++)
        if (within(a, not_public6[i].net, not_public6[i].bits)) return false;
    return true;
}

bool sc_address_public(const struct sockaddr *a) {
    if (a->sa_family == AF_INET)
        return public4(ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr));
    return a->sa_family == AF_INET6 && public6(((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr);
}
