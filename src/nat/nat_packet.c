#include "nat/nat_packet.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
    PMP_VERSION = 0,
    PCP_VERSION = 2,
    OP_ADDRESS = 0, /* NAT-PMP */
    OP_UDP = 1,     /* NAT-PMP; PCP's MAP */
    OP_TCP = 2,     /* NAT-PMP */
    OP_MAP = 1,     /* PCP */
    OP_REPLY = 128,
    PMP_ERROR_BYTES = 8,
    PMP_ADDRESS_BYTES = 12,
    PMP_MAPPING_BYTES = 16,
    PCP_HEADER_BYTES = 24,
    PCP_MAP_BYTES = 60,
    PROTOCOL_TCP = 6, /* IANA's numbers, in PCP */
    PROTOCOL_UDP = 17,
};

/* The first two codes are the same in RFC 6886 section 3.5 and RFC 6887 section 7.4. All others say
 * that there will be no mapping now. */
static enum nat_result result_of(uint16_t code)
{
    if (code == 0)
        return NAT_OK;
    return code == 1 ? NAT_BAD_VERSION : NAT_REFUSED;
}

static size_t encode_pmp(uint8_t *out, const struct nat_request *q)
{
    out[0] = PMP_VERSION;
    if (q->question == NAT_ADDRESS) {
        out[1] = OP_ADDRESS;
        return 2;
    }
    out[1] = q->inside.transport == NAT_UDP ? OP_UDP : OP_TCP;
    store_be16(out + 4, q->inside.port);
    store_be16(out + 6, q->lifetime_s ? q->outside.port : 0);
    store_be32(out + 8, q->lifetime_s);
    return 12;
}

static size_t encode_pcp(uint8_t *out, const struct nat_request *q)
{
    out[0] = PCP_VERSION;
    out[1] = OP_MAP;
    store_be32(out + 4, q->lifetime_s);
    net_addr_to_ipv6_bytes(out + 8, &q->client);
    memcpy(out + 24, q->nonce, NAT_NONCE_BYTES);
    out[36] = q->inside.transport == NAT_UDP ? PROTOCOL_UDP : PROTOCOL_TCP;
    store_be16(out + 40, q->inside.port);
    store_be16(out + 42, q->outside.port);
    if (q->outside.kind != NET_NONE) {
        net_addr_to_ipv6_bytes(out + 44, &q->outside);
    } else if (q->client.kind == NET_IPV4) { /* any of this family: ::ffff:0.0.0.0 */
        out[54] = out[55] = 0xff;
    }
    return PCP_MAP_BYTES;
}

size_t nat_encode(uint8_t out[NAT_REQUEST_BYTES], const struct nat_request *q)
{
    memset(out, 0, NAT_REQUEST_BYTES);
    return q->protocol == NAT_PMP ? encode_pmp(out, q) : encode_pcp(out, q);
}

static int decode_pmp(struct nat_reply *out, const uint8_t *p, size_t len)
{
    uint8_t op = p[1] & (OP_REPLY - 1);

    if (len < PMP_ERROR_BYTES || op > OP_TCP)
        return PN_EFORMAT;
    out->protocol = NAT_PMP;
    out->question = op == OP_ADDRESS ? NAT_ADDRESS : NAT_MAPPING;
    out->result = result_of(load_be16(p + 2));
    out->epoch_s = load_be32(p + 4);
    if (out->result != NAT_OK)
        return 0;
    if (len < (size_t)(op == OP_ADDRESS ? PMP_ADDRESS_BYTES : PMP_MAPPING_BYTES))
        return PN_EFORMAT;
    if (op == OP_ADDRESS) {
        out->outside.kind = NET_IPV4;
        memcpy(out->outside.bytes, p + 8, net_addr_len(NET_IPV4));
        return 0;
    }
    out->inside.transport = op == OP_UDP ? NAT_UDP : NAT_TCP;
    out->inside.port = load_be16(p + 8);
    out->outside.port = load_be16(p + 10);
    out->lifetime_s = load_be32(p + 12);
    return 0;
}

static int decode_pcp(struct nat_reply *out, const uint8_t *p, size_t len)
{
    if (len < PCP_HEADER_BYTES)
        return PN_EFORMAT;
    out->protocol = NAT_PCP;
    out->question = NAT_MAPPING;
    out->result = result_of(p[3]);
    out->lifetime_s = load_be32(p + 4);
    out->epoch_s = load_be32(p + 8);
    if (out->result != NAT_OK)
        return 0;
    if (p[1] != (OP_REPLY | OP_MAP) || len < PCP_MAP_BYTES ||
        (p[36] != PROTOCOL_TCP && p[36] != PROTOCOL_UDP))
        return PN_EFORMAT;
    memcpy(out->nonce, p + 24, NAT_NONCE_BYTES);
    out->inside.transport = p[36] == PROTOCOL_UDP ? NAT_UDP : NAT_TCP;
    out->inside.port = load_be16(p + 40);
    net_addr_from_ipv6_bytes(&out->outside, p + 44, load_be16(p + 42));
    return 0;
}

/* A version of neither is what a gateway says that knows another one. */
int nat_decode(struct nat_reply *out, const void *data, size_t len)
{
    const uint8_t *p = data;

    memset(out, 0, sizeof *out);
    if (len < 4 || len > NAT_REPLY_BYTES || !(p[1] & OP_REPLY))
        return PN_EFORMAT;
    return p[0] == PMP_VERSION ? decode_pmp(out, p, len) : decode_pcp(out, p, len);
}
