#include "ethereum/discv4/wire.h"

#include <string.h>

#include "base/err.h"
#include "codec/rlp.h"

enum { SIG_AT = KECCAK256_BYTES, TYPE_AT = SIG_AT + EC_RECOVERABLE_BYTES, IP_MAX_BYTES = 16 };

const char *discv4_type_name(unsigned type)
{
    switch (type) {
#define DISCV4_TYPE_NAME_(id, number, name) \
    case (number):                          \
        return name;
        DISCV4_TYPE_LIST(DISCV4_TYPE_NAME_)
#undef DISCV4_TYPE_NAME_
    default:
        return NULL;
    }
}

/* --- decoding --- */

static void set_ip(struct net_addr *a, struct bytes ip, uint16_t port)
{
    *a = (struct net_addr){.kind = NET_NONE, .port = port};
    if (ip.len == 4) {
        a->kind = NET_IPV4;
        memcpy(a->bytes, ip.data, ip.len);
    } else if (ip.len == IP_MAX_BYTES) {
        net_addr_from_ipv6_bytes(a, ip.data, port);
    }
}

static void read_endpoint_fields(struct reader *list, struct eth_endpoint *e)
{
    struct bytes ip = rlp_read_bytes(list, IP_MAX_BYTES);
    uint16_t udp_port = rlp_read_u16(list);

    e->tcp_port = rlp_read_u16(list);
    set_ip(&e->udp, list->err ? (struct bytes){0} : ip, udp_port);
}

static void read_endpoint(struct reader *r, struct eth_endpoint *e)
{
    struct reader list = rlp_read_list(r);

    read_endpoint_fields(&list, e);
    rlp_leave_open(r, &list);
}

static void read_expiration(struct reader *r, struct discv4_packet *p)
{
    p->expiration = (int64_t)rlp_read_u64(r);
}

/* EIP-868 put its sequence number where EIP-8 had allowed anything, so what is no number there is
 * no error. */
static bool read_seq(struct reader *r, uint64_t *seq)
{
    struct bytes raw;
    struct reader value;

    *seq = 0;
    if (r->err || reader_left(r) == 0)
        return false;
    raw = rlp_read_raw(r);
    if (r->err)
        return false;
    value = reader_of(raw.data, raw.len);
    *seq = rlp_read_u64(&value);
    return !value.err;
}

static void read_ping(struct reader *r, struct discv4_packet *p)
{
    rlp_read_u64(r); /* the version; EIP-8: not compared */
    read_endpoint(r, &p->u.ping.from);
    read_endpoint(r, &p->u.ping.to);
    read_expiration(r, p);
    p->u.ping.has_seq = read_seq(r, &p->u.ping.seq);
}

static void read_pong(struct reader *r, struct discv4_packet *p)
{
    read_endpoint(r, &p->u.pong.to);
    rlp_read_fixed(r, p->u.pong.ping_hash, sizeof p->u.pong.ping_hash);
    read_expiration(r, p);
    p->u.pong.has_seq = read_seq(r, &p->u.pong.seq);
}

static void read_findnode(struct reader *r, struct discv4_packet *p)
{
    rlp_read_fixed(r, p->u.findnode.target, sizeof p->u.findnode.target);
    read_expiration(r, p);
}

static void read_neighbors(struct reader *r, struct discv4_packet *p)
{
    struct reader list = rlp_read_list(r);

    p->u.neighbors.count = (unsigned)rlp_count(&list, DISCV4_NODES_IN_MAX);
    for (unsigned i = 0; i < p->u.neighbors.count; i++) {
        struct discv4_neighbor *n = &p->u.neighbors.nodes[i];
        struct reader node = rlp_read_list(&list);

        read_endpoint_fields(&node, &n->at);
        rlp_read_fixed(&node, n->pubkey, sizeof n->pubkey);
        rlp_leave_open(&list, &node);
    }
    rlp_leave(r, &list);
    read_expiration(r, p);
}

static void read_enr_response(struct reader *r, struct discv4_packet *p)
{
    rlp_read_fixed(r, p->u.enr_response.request_hash, sizeof p->u.enr_response.request_hash);
    p->u.enr_response.record = rlp_read_raw(r);
    p->expiration = INT64_MAX;
}

static void read_body(struct reader *r, struct discv4_packet *p)
{
    switch (p->type) {
    case DISCV4_PING:
        read_ping(r, p);
        break;
    case DISCV4_PONG:
        read_pong(r, p);
        break;
    case DISCV4_FINDNODE:
        read_findnode(r, p);
        break;
    case DISCV4_NEIGHBORS:
        read_neighbors(r, p);
        break;
    case DISCV4_ENR_REQUEST:
        read_expiration(r, p);
        break;
    case DISCV4_ENR_RESPONSE:
        read_enr_response(r, p);
        break;
    case DISCV4_TYPE_COUNT:
        break;
    }
}

int discv4_decode(struct discv4_packet *out, const void *data, size_t len)
{
    const uint8_t *p = data;
    struct reader r, list;

    if (len <= DISCV4_HEAD_BYTES)
        return PN_ETRUNCATED;
    if (len > DISCV4_MAX_PACKET_BYTES)
        return PN_ETOOLARGE;
    keccak256(out->hash, p + SIG_AT, len - SIG_AT);
    if (memcmp(out->hash, p, sizeof out->hash) != 0)
        return PN_ECHECKSUM;
    if (!discv4_type_name(p[TYPE_AT]))
        return PN_ECOMMAND;
    out->type = (enum discv4_type)p[TYPE_AT];
    memset(&out->u, 0, sizeof out->u);
    r = reader_of(p + DISCV4_HEAD_BYTES, len - DISCV4_HEAD_BYTES);
    list = rlp_read_list(&r);
    read_body(&list, out);
    rlp_leave_open(&r, &list); /* EIP-8: further elements, and bytes behind the list, are ignored */
    return r.err;
}

int discv4_signer(uint8_t pubkey[EC_PUBKEY_BYTES], const void *data, size_t len)
{
    const uint8_t *p = data;
    uint8_t hash[KECCAK256_BYTES];

    keccak256(hash, p + TYPE_AT, len - TYPE_AT);
    return ec_recover(pubkey, p + SIG_AT, hash);
}

/* --- encoding --- */

static void write_endpoint_fields(struct buf *b, const struct eth_endpoint *e)
{
    rlp_write_bytes(b, e->udp.bytes, net_addr_len(e->udp.kind));
    rlp_write_u64(b, e->udp.port);
    rlp_write_u64(b, e->tcp_port);
}

static void write_endpoint(struct buf *b, const struct eth_endpoint *e)
{
    size_t mark = rlp_list_begin(b);

    write_endpoint_fields(b, e);
    rlp_list_end(b, mark);
}

static void write_expiration(struct buf *b, const struct discv4_packet *p)
{
    rlp_write_u64(b, (uint64_t)p->expiration);
}

static void write_neighbors(struct buf *b, const struct discv4_packet *p)
{
    size_t list = rlp_list_begin(b);

    for (unsigned i = 0; i < p->u.neighbors.count; i++) {
        const struct discv4_neighbor *n = &p->u.neighbors.nodes[i];
        size_t node = rlp_list_begin(b);

        write_endpoint_fields(b, &n->at);
        rlp_write_bytes(b, n->pubkey, sizeof n->pubkey);
        rlp_list_end(b, node);
    }
    rlp_list_end(b, list);
    write_expiration(b, p);
}

static void write_body(struct buf *b, const struct discv4_packet *p)
{
    switch (p->type) {
    case DISCV4_PING:
        rlp_write_u64(b, DISCV4_VERSION);
        write_endpoint(b, &p->u.ping.from);
        write_endpoint(b, &p->u.ping.to);
        write_expiration(b, p);
        if (p->u.ping.has_seq)
            rlp_write_u64(b, p->u.ping.seq);
        break;
    case DISCV4_PONG:
        write_endpoint(b, &p->u.pong.to);
        rlp_write_bytes(b, p->u.pong.ping_hash, sizeof p->u.pong.ping_hash);
        write_expiration(b, p);
        if (p->u.pong.has_seq)
            rlp_write_u64(b, p->u.pong.seq);
        break;
    case DISCV4_FINDNODE:
        rlp_write_bytes(b, p->u.findnode.target, sizeof p->u.findnode.target);
        write_expiration(b, p);
        break;
    case DISCV4_NEIGHBORS:
        write_neighbors(b, p);
        break;
    case DISCV4_ENR_REQUEST:
        write_expiration(b, p);
        break;
    case DISCV4_ENR_RESPONSE:
        rlp_write_bytes(b, p->u.enr_response.request_hash, sizeof p->u.enr_response.request_hash);
        buf_append(b, p->u.enr_response.record.data, p->u.enr_response.record.len);
        break;
    case DISCV4_TYPE_COUNT:
        break;
    }
}

int discv4_encode(struct buf *out, struct discv4_packet *p, const uint8_t secret[EC_SECRET_BYTES])
{
    uint8_t hash[KECCAK256_BYTES];
    size_t mark;
    int rc;

    buf_reset(out);
    if (!buf_extend(out, DISCV4_HEAD_BYTES))
        return out->err;
    out->data[TYPE_AT] = (uint8_t)p->type;
    mark = rlp_list_begin(out);
    write_body(out, p);
    rlp_list_end(out, mark);
    if (!out->err && out->len > DISCV4_MAX_PACKET_BYTES)
        out->err = PN_ETOOLARGE;
    if (out->err)
        return out->err;
    keccak256(hash, out->data + TYPE_AT, out->len - TYPE_AT);
    rc = ec_sign(out->data + SIG_AT, secret, hash);
    if (rc < 0)
        return rc;
    keccak256(p->hash, out->data + SIG_AT, out->len - SIG_AT);
    memcpy(out->data, p->hash, sizeof p->hash);
    return 0;
}
