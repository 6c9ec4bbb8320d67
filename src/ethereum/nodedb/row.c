/* How a node is written into the database: its key and its value. */
#include <string.h>

#include "base/err.h"
#include "codec/cursor.h"
#include "ethereum/nodedb/internal.h"

void nodedb_make_key(uint8_t key[NODEDB_KEY_BYTES], const uint8_t id[ETH_ID_BYTES],
                     const struct net_addr *ip)
{
    memcpy(key, id, ETH_ID_BYTES);
    net_addr_to_ipv6_bytes(key + ETH_ID_BYTES, ip);
}

int nodedb_encode_row(struct buf *b, const struct nodedb_row *row)
{
    buf_append(b, row->node.pubkey, sizeof row->node.pubkey);
    write_le16(b, row->node.udp.port);
    write_le16(b, row->node.tcp_port);
    write_le64(b, (uint64_t)row->last_ping_s);
    write_le64(b, (uint64_t)row->last_pong_s);
    write_le32(b, row->find_fails);
    write_u8(b, row->is_seed);
    write_le16(b, row->record_len);
    buf_append(b, row->record, row->record_len);
    return b->err;
}

int nodedb_decode_row(struct nodedb_row *out, const struct db_value *key,
                      const struct db_value *value)
{
    struct reader r = reader_of(value->data, value->len);
    uint8_t pubkey[EC_PUBKEY_BYTES];
    struct net_addr udp;
    uint16_t udp_port, tcp_port;

    if (key->len != NODEDB_KEY_BYTES)
        return PN_EFORMAT;
    read_copy(&r, pubkey, sizeof pubkey);
    udp_port = read_le16(&r);
    tcp_port = read_le16(&r);
    net_addr_from_ipv6_bytes(&udp, (const uint8_t *)key->data + ETH_ID_BYTES, udp_port);
    out->last_ping_s = (int64_t)read_le64(&r);
    out->last_pong_s = (int64_t)read_le64(&r);
    out->find_fails = read_le32(&r);
    out->is_seed = read_u8(&r) != 0;
    out->record_len = read_le16(&r);
    if (out->record_len > ENR_MAX_BYTES)
        return PN_EFORMAT;
    read_copy(&r, out->record, out->record_len);
    eth_node_init(&out->node, pubkey, &udp, tcp_port);
    return reader_finish(&r);
}
