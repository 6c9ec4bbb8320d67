#include "bitcoin/wire/msg_addr.h"

#include "bitcoin/wire/field.h"
#include "bitcoin/wire/limits.h"

enum {
    IP_BYTES = 16,
    ADDR_ITEM_BYTES = 30,      /* time, services, ip, port */
    ADDRV2_ITEM_MIN_BYTES = 9, /* time, services, network, an empty address, port */
};

/* Networks that the 16 bytes of addr can carry besides IPv6, each behind its prefix: IPv4
 * (RFC 4291, 2.5.5.2) and TorV2 (OnionCat, fd87:d87e:eb43::/48). */
static const struct embedding {
    uint8_t network;
    uint8_t prefix_len;
    uint8_t prefix[12];
} embeddings[] = {
    {BTC_NET_IPV4, 12, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}},
    {BTC_NET_TORV2, 6, {0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43}},
    {BTC_NET_IPV6, 0, {0}},
};

size_t btc_network_addr_len(uint8_t network)
{
    static const uint8_t len[] = {
        [BTC_NET_IPV4] = 4,   [BTC_NET_IPV6] = 16, [BTC_NET_TORV2] = 10,
        [BTC_NET_TORV3] = 32, [BTC_NET_I2P] = 32,  [BTC_NET_CJDNS] = 16,
    };

    return network < sizeof len ? len[network] : 0;
}

static void ip_decode(struct reader *r, struct btc_addr *out)
{
    const struct embedding *e = embeddings;
    struct bytes ip = read_slice(r, IP_BYTES);

    if (r->err)
        return;
    while (memcmp(ip.data, e->prefix, e->prefix_len) != 0)
        e++; /* ends at IPv6, whose prefix is empty */
    out->network = e->network;
    out->addr.data = ip.data + e->prefix_len;
    out->addr.len = IP_BYTES - e->prefix_len;
}

static void ip_encode(struct buf *b, const struct btc_addr *addr)
{
    for (size_t i = 0; i < sizeof embeddings / sizeof embeddings[0]; i++) {
        const struct embedding *e = &embeddings[i];

        if (e->network == addr->network && e->prefix_len + addr->addr.len == IP_BYTES) {
            buf_append(b, e->prefix, e->prefix_len);
            buf_append(b, addr->addr.data, addr->addr.len);
            return;
        }
    }
    buf_fail(b, PN_EFORMAT);
}

void btc_addr_decode(struct reader *r, struct btc_addrs *out, struct arena *a)
{
    size_t count = read_compact_count(r, BTC_ADDR_MAX, ADDR_ITEM_BYTES);
    struct btc_addr *items = read_array(r, a, count, sizeof *items);

    for (size_t i = 0; i < count && !r->err; i++) {
        items[i].time = read_le32(r);
        items[i].services = read_le64(r);
        ip_decode(r, &items[i]);
        items[i].port = read_be16(r);
    }
    *out = (struct btc_addrs){.items = items, .count = count};
}

void btc_addr_encode(struct buf *b, const struct btc_addrs *m)
{
    write_count(b, m->count, BTC_ADDR_MAX);
    for (size_t i = 0; i < m->count; i++) {
        write_le32(b, m->items[i].time);
        write_le64(b, m->items[i].services);
        ip_encode(b, &m->items[i]);
        write_be16(b, m->items[i].port);
    }
}

static bool length_fits(uint8_t network, size_t len)
{
    size_t known = btc_network_addr_len(network);

    return known == 0 || known == len;
}

static void addrv2_item_decode(struct reader *r, struct btc_addr *out)
{
    out->time = read_le32(r);
    out->services = read_compact_u64(r);
    out->network = read_u8(r);
    out->addr = read_var_bytes(r, BTC_ADDRV2_MAX_BYTES);
    out->port = read_be16(r);
    if (!length_fits(out->network, out->addr.len))
        reader_fail(r, PN_EFORMAT);
}

void btc_addrv2_decode(struct reader *r, struct btc_addrs *out, struct arena *a)
{
    size_t count = read_compact_count(r, BTC_ADDR_MAX, ADDRV2_ITEM_MIN_BYTES);
    struct btc_addr *items = read_array(r, a, count, sizeof *items);

    for (size_t i = 0; i < count && !r->err; i++)
        addrv2_item_decode(r, &items[i]);
    *out = (struct btc_addrs){.items = items, .count = count};
}

void btc_addrv2_encode(struct buf *b, const struct btc_addrs *m)
{
    write_count(b, m->count, BTC_ADDR_MAX);
    for (size_t i = 0; i < m->count; i++) {
        const struct btc_addr *addr = &m->items[i];

        if (!length_fits(addr->network, addr->addr.len))
            buf_fail(b, PN_EFORMAT);
        write_le32(b, addr->time);
        write_compact(b, addr->services);
        write_u8(b, addr->network);
        write_var_bytes(b, addr->addr, BTC_ADDRV2_MAX_BYTES);
        write_be16(b, addr->port);
    }
}
