#include "bitcoin/addr_convert.h"

#include <string.h>

static enum net_kind kind_of(uint8_t network)
{
    switch (network) {
    case BTC_NET_IPV4:
        return NET_IPV4;
    case BTC_NET_IPV6:
        return NET_IPV6;
    case BTC_NET_TORV3:
        return NET_TORV3;
    case BTC_NET_I2P:
        return NET_I2P;
    case BTC_NET_CJDNS:
        return NET_CJDNS;
    default:
        return NET_NONE;
    }
}

/* ::ffff:0:0/96 (IPv4) and fd87:d87e:eb43::/48 (Tor v2 as OnionCat). */
static bool embeds_another(const uint8_t ip[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t onioncat[6] = {0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43};

    return memcmp(ip, mapped, sizeof mapped) == 0 || memcmp(ip, onioncat, sizeof onioncat) == 0;
}

bool addr_from_wire(struct addrbook_seen *out, const struct btc_addr *a)
{
    enum net_kind kind = kind_of(a->network);

    if (kind == NET_NONE || a->addr.len != net_addr_len(kind))
        return false;
    if (kind == NET_IPV6 && embeds_another(a->addr.data))
        return false;
    *out = (struct addrbook_seen){
        .addr = {.kind = kind, .port = a->port}, .services = a->services, .last_seen_s = a->time};
    memcpy(out->addr.bytes, a->addr.data, a->addr.len);
    return true;
}

void addr_to_wire(struct btc_addr *out, const struct addrbook_seen *seen)
{
    *out = (struct btc_addr){
        .services = seen->services,
        .addr = {.data = seen->addr.bytes, .len = net_addr_len(seen->addr.kind)},
        .time = (uint32_t)seen->last_seen_s,
        .port = seen->addr.port,
        .network = (uint8_t)seen->addr.kind, /* enum net_kind has BIP155's numbers */
    };
}

bool addr_fits_v1(const struct net_addr *a)
{
    return a->kind == NET_IPV4 || a->kind == NET_IPV6;
}
