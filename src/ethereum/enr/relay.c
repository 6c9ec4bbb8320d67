#include "ethereum/enr/relay.h"

#include <string.h>

/* The first `bits` bits of an address. */
struct prefix {
    uint8_t bits;
    uint8_t bytes[16];
};

static const struct prefix loopback4[] = {{8, {127}}};
static const struct prefix loopback6[] = {{128, {[15] = 1}}};
static const struct prefix local4[] = {
    {8, {10}}, {12, {172, 16}}, {16, {192, 168}}, {16, {169, 254}}};
static const struct prefix local6[] = {{10, {0xfe, 0x80}}, {7, {0xfc}}};
static const struct prefix special4[] = {
    {8, {0}},
    {24, {192, 0, 0}},    /* protocol assignments */
    {24, {192, 0, 2}},    /* documentation */
    {24, {192, 31, 196}}, /* AS112 */
    {24, {192, 52, 193}}, /* AMT */
    {24, {192, 88, 99}},  /* 6to4 relays */
    {24, {192, 175, 48}}, /* AS112 */
    {15, {198, 18}},      /* benchmarking */
    {24, {198, 51, 100}}, /* documentation */
    {24, {203, 0, 113}},  /* documentation */
    {4, {224}},           /* multicast */
    {4, {240}},           /* reserved, broadcast */
};
static const struct prefix special6[] = {
    {128, {0}},                     /* unspecified */
    {64, {0x01}},                   /* discard */
    {23, {0x20, 0x01}},             /* protocol assignments, Teredo, ORCHID */
    {32, {0x20, 0x01, 0x0d, 0xb8}}, /* documentation */
    {16, {0x20, 0x02}},             /* 6to4 */
    {8, {0xff}},                    /* multicast */
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static bool has_prefix(const uint8_t *bytes, const struct prefix *p)
{
    size_t whole = p->bits / 8;
    unsigned rest = p->bits % 8u;

    if (memcmp(bytes, p->bytes, whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ p->bytes[whole]) >> (8 - rest) == 0;
}

static bool in_any(const uint8_t *bytes, const struct prefix *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_prefix(bytes, &table[i]))
            return true;
    return false;
}

bool eth_addr_is_loopback(const struct net_addr *a)
{
    if (a->kind == NET_IPV4)
        return in_any(a->bytes, loopback4, COUNT(loopback4));
    return a->kind == NET_IPV6 && in_any(a->bytes, loopback6, COUNT(loopback6));
}

bool eth_addr_is_local(const struct net_addr *a)
{
    if (eth_addr_is_loopback(a))
        return true;
    if (a->kind == NET_IPV4)
        return in_any(a->bytes, local4, COUNT(local4));
    return a->kind == NET_IPV6 && in_any(a->bytes, local6, COUNT(local6));
}

bool eth_addr_is_special(const struct net_addr *a)
{
    if (a->kind == NET_IPV4)
        return in_any(a->bytes, special4, COUNT(special4));
    return a->kind != NET_IPV6 || in_any(a->bytes, special6, COUNT(special6));
}

bool eth_addr_may_relay(const struct net_addr *sender, const struct net_addr *a)
{
    if (eth_addr_is_special(a))
        return false;
    if (eth_addr_is_loopback(a))
        return eth_addr_is_loopback(sender);
    return !eth_addr_is_local(a) || eth_addr_is_local(sender);
}

uint64_t eth_addr_subnet(const struct net_addr *a)
{
    size_t len = a->kind == NET_IPV4 ? 3 : 6;
    uint64_t v = a->kind == NET_IPV4 ? 4 : 6;

    for (size_t i = 0; i < len; i++)
        v = v << 8 | a->bytes[i];
    return v;
}

bool eth_addr_same_ip(const struct net_addr *a, const struct net_addr *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, net_addr_len(a->kind)) == 0;
}
