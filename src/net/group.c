#include "net/group.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

enum { IPV4_BYTES = 4, CJDNS_PREFIX = 0xfc };

/* A range of IPv6 addresses, by leading bits. */
struct range6 {
    uint8_t bits;
    uint8_t prefix[12];
};

static const struct range6 nat64 = {96, {0x00, 0x64, 0xff, 0x9b}};         /* RFC 6052 */
static const struct range6 translated = {96, {[8] = 0xff, [9] = 0xff}};    /* RFC 6145 */
static const struct range6 six_to_four = {16, {0x20, 0x02}};               /* RFC 3964 */
static const struct range6 teredo = {32, {0x20, 0x01, 0x00, 0x00}};        /* RFC 4380 */
static const struct range6 he_net = {32, {0x20, 0x01, 0x04, 0x70}};        /* tunnels for anyone */
static const struct range6 documentation = {32, {0x20, 0x01, 0x0d, 0xb8}}; /* RFC 3849 */

static const struct range6 unroutable6[] = {
    {64, {0xfe, 0x80}},             /* RFC 4862: link-local */
    {7, {0xfc}},                    /* RFC 4193: unique local */
    {28, {0x20, 0x01, 0x00, 0x10}}, /* RFC 4843: ORCHID */
    {28, {0x20, 0x01, 0x00, 0x20}}, /* RFC 7343: ORCHIDv2 */
};

static const struct range4 {
    uint8_t bits;
    uint32_t prefix;
} unroutable4[] = {
    {8, 0x0a000000},  /* RFC 1918: 10.0.0.0 */
    {12, 0xac100000}, /* 172.16.0.0 */
    {16, 0xc0a80000}, /* 192.168.0.0 */
    {15, 0xc6120000}, /* RFC 2544: 198.18.0.0 */
    {16, 0xa9fe0000}, /* RFC 3927: 169.254.0.0 */
    {10, 0x64400000}, /* RFC 6598: 100.64.0.0 */
    {24, 0xc0000200}, /* RFC 5737: 192.0.2.0 */
    {24, 0xc6336400}, /* 198.51.100.0 */
    {24, 0xcb007100}, /* 203.0.113.0 */
};

static bool in_range6(const struct range6 *r, const uint8_t ip[16])
{
    unsigned whole = r->bits / 8, rest = r->bits % 8;

    if (memcmp(ip, r->prefix, whole) != 0)
        return false;
    return rest == 0 || (ip[whole] ^ r->prefix[whole]) >> (8 - rest) == 0;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

bool net_addr_is_valid(const struct net_addr *a)
{
    switch (a->kind) {
    case NET_IPV4:
        return load_be32(a->bytes) != INADDR_ANY && load_be32(a->bytes) != INADDR_NONE;
    case NET_IPV6:
        return !is_zero(a->bytes, 16) && !in_range6(&documentation, a->bytes);
    case NET_CJDNS:
        return a->bytes[0] == CJDNS_PREFIX;
    case NET_TORV3:
    case NET_I2P:
        return true;
    case NET_NONE:
        break;
    }
    return false;
}

bool net_addr_is_local(const struct net_addr *a)
{
    if (a->kind == NET_IPV4)
        return a->bytes[0] == 127 || a->bytes[0] == 0;
    return a->kind == NET_IPV6 && is_zero(a->bytes, 15) && a->bytes[15] == 1;
}

static bool is_reserved(const struct net_addr *a)
{
    if (a->kind == NET_IPV4) {
        uint32_t ip = load_be32(a->bytes);

        for (size_t i = 0; i < sizeof unroutable4 / sizeof unroutable4[0]; i++)
            if ((ip ^ unroutable4[i].prefix) >> (32 - unroutable4[i].bits) == 0)
                return true;
    }
    if (a->kind == NET_IPV6)
        for (size_t i = 0; i < sizeof unroutable6 / sizeof unroutable6[0]; i++)
            if (in_range6(&unroutable6[i], a->bytes))
                return true;
    return false;
}

bool net_addr_is_routable(const struct net_policy *policy, const struct net_addr *a)
{
    if (!net_addr_is_valid(a))
        return false;
    if (policy && policy->loopback_routable && a->kind == NET_IPV4 && a->bytes[0] == 127)
        return true;
    return !net_addr_is_local(a) && !is_reserved(a);
}

/* The IPv4 address that a routable address is, or leads to. Returns: false when there is none. */
static bool linked_ipv4(uint8_t out[IPV4_BYTES], const struct net_addr *a)
{
    const uint8_t *at = a->bytes;

    if (a->kind == NET_IPV6 && (in_range6(&nat64, a->bytes) || in_range6(&translated, a->bytes)))
        at += 12;
    else if (a->kind == NET_IPV6 && in_range6(&six_to_four, a->bytes))
        at += 2;
    else if (a->kind == NET_IPV6 && in_range6(&teredo, a->bytes))
        at += 12;
    else if (a->kind != NET_IPV4)
        return false;
    memcpy(out, at, IPV4_BYTES);
    if (a->kind == NET_IPV6 && in_range6(&teredo, a->bytes))
        for (size_t i = 0; i < IPV4_BYTES; i++)
            out[i] ^= 0xff;
    return true;
}

/* The class and the first `bits` bits of the address; what fills the last byte up is ones. */
static struct net_group prefix_group(enum net_group_class class, const uint8_t *bytes,
                                     unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    struct net_group g = {.len = (uint8_t)(1 + whole), .bytes = {(uint8_t) class}};

    memcpy(g.bytes + 1, bytes, whole);
    if (rest > 0)
        g.bytes[g.len++] = (uint8_t)(bytes[whole] | 0xff >> rest);
    return g;
}

static uint32_t routable_asn(const struct net_policy *policy, const struct net_addr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint8_t ip[16], ip4[IPV4_BYTES];

    if (!policy || !policy->asmap || (a->kind != NET_IPV4 && a->kind != NET_IPV6))
        return 0;
    memcpy(ip, a->bytes, sizeof ip);
    if (linked_ipv4(ip4, a)) {
        memcpy(ip, mapped, sizeof mapped);
        memcpy(ip + sizeof mapped, ip4, IPV4_BYTES);
    }
    return asmap_lookup(policy->asmap, ip);
}

uint32_t net_addr_asn(const struct net_policy *policy, const struct net_addr *a)
{
    return net_addr_is_routable(policy, a) ? routable_asn(policy, a) : 0;
}

struct net_group net_group_of(const struct net_policy *policy, const struct net_addr *a)
{
    uint8_t number[4], ip4[IPV4_BYTES];
    uint32_t asn;

    if (!net_addr_is_routable(policy, a))
        return prefix_group(net_addr_is_local(a) ? NET_GROUP_LOCAL : NET_GROUP_UNROUTABLE, a->bytes,
                            0);
    asn = routable_asn(policy, a);
    if (asn != 0) {
        store_le32(number, asn);
        return prefix_group(NET_GROUP_ASN, number, 32);
    }
    if (linked_ipv4(ip4, a))
        return prefix_group(NET_GROUP_IPV4, ip4, 16);
    switch (a->kind) {
    case NET_TORV3:
        return prefix_group(NET_GROUP_TORV3, a->bytes, 4);
    case NET_I2P:
        return prefix_group(NET_GROUP_I2P, a->bytes, 4);
    case NET_CJDNS:
        return prefix_group(NET_GROUP_CJDNS, a->bytes, 12); /* the first 8 are the same for all */
    default:
        return prefix_group(NET_GROUP_IPV6, a->bytes, in_range6(&he_net, a->bytes) ? 36 : 32);
    }
}

bool net_group_equal(const struct net_group *a, const struct net_group *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void format_ipv6(char out[NET_GROUP_TEXT_BYTES], const struct net_group *g, unsigned bits)
{
    uint8_t ip[16] = {0};
    char text[INET6_ADDRSTRLEN];

    memcpy(ip, g->bytes + 1, g->len - 1u);
    if (bits % 8)
        ip[bits / 8] &= (uint8_t)(0xff << (8 - bits % 8));
    inet_ntop(AF_INET6, ip, text, sizeof text);
    snprintf(out, NET_GROUP_TEXT_BYTES, "%s/%u", text, bits);
}

const char *net_group_format(char out[NET_GROUP_TEXT_BYTES], const struct net_group *g)
{
    switch ((enum net_group_class)g->bytes[0]) {
    case NET_GROUP_UNROUTABLE:
        snprintf(out, NET_GROUP_TEXT_BYTES, "unroutable");
        break;
    case NET_GROUP_LOCAL:
        snprintf(out, NET_GROUP_TEXT_BYTES, "local");
        break;
    case NET_GROUP_IPV4:
        snprintf(out, NET_GROUP_TEXT_BYTES, "%u.%u.0.0/16", g->bytes[1], g->bytes[2]);
        break;
    case NET_GROUP_IPV6:
        format_ipv6(out, g, g->len == 6 ? 36 : 32);
        break;
    case NET_GROUP_TORV3:
        snprintf(out, NET_GROUP_TEXT_BYTES, "tor:%x", g->bytes[1] >> 4);
        break;
    case NET_GROUP_I2P:
        snprintf(out, NET_GROUP_TEXT_BYTES, "i2p:%x", g->bytes[1] >> 4);
        break;
    case NET_GROUP_CJDNS:
        format_ipv6(out, g, 12);
        break;
    case NET_GROUP_ASN:
        snprintf(out, NET_GROUP_TEXT_BYTES, "AS%u", load_le32(g->bytes + 1));
        break;
    }
    return out;
}
