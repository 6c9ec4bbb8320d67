#include "ethereum/enr/record.h"

#include <string.h>

#include "base/err.h"
#include "codec/base64url.h"
#include "codec/rlp.h"

enum { IPV4_BYTES = 4, IPV6_BYTES = 16 };

static const char prefix[] = "enr:";

/* What is picked from the pairs on the way; ports count only with their address. */
struct pairs {
    bool v4_scheme, has_key;
    uint8_t key[EC_COMPRESSED_BYTES];
    bool has_ip, has_ip6;
    uint8_t ip[IPV4_BYTES], ip6[IPV6_BYTES];
    uint16_t udp, tcp, udp6, tcp6;
};

static bool is_key(struct bytes key, const char *name)
{
    return key.len == strlen(name) && memcmp(key.data, name, key.len) == 0;
}

/* A list whose first element is [hash, next]; later elements are left for later versions. */
static void read_fork_id(struct bytes entry, struct enr *out)
{
    struct reader r = reader_of(entry.data, entry.len);
    struct reader list = rlp_read_list(&r), id = rlp_read_list(&list);

    rlp_read_fixed(&id, out->fork_id.hash, sizeof out->fork_id.hash);
    out->fork_id.next = rlp_read_u64(&id);
    /* An entry of another shape is somebody else's "eth": the record is valid without it. */
    out->has_fork_id = !id.err && !list.err;
}

static void read_value(struct reader *r, struct enr *out, struct pairs *p, struct bytes key)
{
    if (is_key(key, "id")) {
        struct bytes scheme = rlp_read_bytes(r, ENR_MAX_BYTES);

        p->v4_scheme = is_key(scheme, "v4");
    } else if (is_key(key, "secp256k1")) {
        rlp_read_fixed(r, p->key, sizeof p->key);
        p->has_key = true;
    } else if (is_key(key, "ip")) {
        rlp_read_fixed(r, p->ip, sizeof p->ip);
        p->has_ip = true;
    } else if (is_key(key, "ip6")) {
        rlp_read_fixed(r, p->ip6, sizeof p->ip6);
        p->has_ip6 = true;
    } else if (is_key(key, "udp")) {
        p->udp = rlp_read_u16(r);
    } else if (is_key(key, "tcp")) {
        p->tcp = rlp_read_u16(r);
    } else if (is_key(key, "udp6")) {
        p->udp6 = rlp_read_u16(r);
    } else if (is_key(key, "tcp6")) {
        p->tcp6 = rlp_read_u16(r);
    } else if (is_key(key, "eth") && rlp_next_is_list(r)) {
        struct bytes raw = rlp_read_raw(r);

        if (!r->err)
            read_fork_id(raw, out);
    } else {
        rlp_read_raw(r);
    }
}

/* EIP-778: keys are sorted and unique. */
static void read_pairs(struct reader *list, struct enr *out, struct pairs *p)
{
    struct bytes last = {0};

    while (!list->err && reader_left(list) > 0) {
        struct bytes key = rlp_read_bytes(list, ENR_MAX_BYTES);
        size_t common = key.len < last.len ? key.len : last.len;
        int order = last.data && common > 0 ? memcmp(last.data, key.data, common) : 0;

        if (last.data && (order > 0 || (order == 0 && last.len >= key.len)))
            reader_fail(list, PN_EFORMAT);
        last = key;
        if (!list->err)
            read_value(list, out, p, key);
    }
}

/* Returns: the endpoint to prefer. */
static const struct eth_endpoint *use_endpoints(struct eth_endpoint out[ETH_FAMILIES],
                                                const struct pairs *p)
{
    struct eth_endpoint *v4 = &out[ETH_IPV4], *v6 = &out[ETH_IPV6];

    if (p->has_ip) {
        *v4 = (struct eth_endpoint){{.kind = NET_IPV4, .port = p->udp}, p->tcp};
        memcpy(v4->udp.bytes, p->ip, sizeof p->ip);
    }
    if (p->has_ip6) { /* without ports of its own it shares those of IPv4 */
        net_addr_from_ipv6_bytes(&v6->udp, p->ip6, p->udp6 ? p->udp6 : p->udp);
        v6->tcp_port = p->tcp6 ? p->tcp6 : p->tcp;
    }
    return p->has_ip || !p->has_ip6 ? v4 : v6;
}

/* The signature covers the list without itself. */
static int hash_content(uint8_t hash[KECCAK256_BYTES], const uint8_t *content, size_t len)
{
    struct buf b;
    size_t mark;
    int rc;

    buf_init(&b, ENR_MAX_BYTES + 8);
    mark = rlp_list_begin(&b);
    buf_append(&b, content, len);
    rlp_list_end(&b, mark);
    rc = b.err;
    if (rc == 0)
        keccak256(hash, b.data, b.len);
    buf_free(&b);
    return rc;
}

int enr_decode(struct enr *out, const void *data, size_t len)
{
    struct reader r = reader_of(data, len), list;
    struct pairs pairs = {0};
    uint8_t sig[EC_SIG_BYTES], hash[KECCAK256_BYTES], pubkey[EC_PUBKEY_BYTES];
    const struct eth_endpoint *at;
    struct bytes content;
    int rc;

    memset(out, 0, sizeof *out);
    if (len > ENR_MAX_BYTES)
        return PN_ETOOLARGE;
    list = rlp_read_list(&r);
    rlp_read_fixed(&list, sig, sizeof sig);
    content = (struct bytes){.data = list.pos, .len = reader_left(&list)};
    out->seq = rlp_read_u64(&list);
    read_pairs(&list, out, &pairs);
    rlp_leave(&r, &list);
    rc = reader_finish(&r);
    if (rc < 0)
        return rc;
    if (!pairs.v4_scheme || !pairs.has_key || ec_decompress(pubkey, pairs.key) < 0)
        return PN_EFORMAT;
    rc = hash_content(hash, content.data, content.len);
    if (rc == 0)
        rc = ec_verify(sig, pubkey, hash);
    if (rc < 0)
        return rc;
    at = use_endpoints(out->endpoints, &pairs);
    eth_node_init(&out->node, pubkey, &at->udp, at->tcp_port);
    out->len = (uint16_t)len;
    memcpy(out->raw, data, len);
    return 0;
}

int enr_parse(struct enr *out, const char *text)
{
    uint8_t raw[ENR_MAX_BYTES];
    size_t len = 0;
    int rc;

    if (strncmp(text, prefix, sizeof prefix - 1) != 0)
        return PN_EFORMAT;
    text += sizeof prefix - 1;
    rc = base64url_decode(raw, &len, sizeof raw, text, strlen(text));
    return rc == 0 ? enr_decode(out, raw, len) : rc;
}

const char *enr_format(char out[ENR_TEXT_BYTES], const struct enr *r)
{
    memcpy(out, prefix, sizeof prefix);
    base64url_encode(out + sizeof prefix - 1, r->raw, r->len);
    return out;
}

static void write_text(struct buf *b, const char *text)
{
    rlp_write_bytes(b, text, strlen(text));
}

static void write_port(struct buf *b, const char *key, uint16_t port)
{
    if (port == 0)
        return;
    write_text(b, key);
    rlp_write_u64(b, port);
}

static void write_address(struct buf *b, const char *key, const struct net_addr *a)
{
    if (a->kind == NET_NONE)
        return;
    write_text(b, key);
    rlp_write_bytes(b, a->bytes, net_addr_len(a->kind));
}

static void write_fork_id(struct buf *b, const struct eth_fork_id *id)
{
    size_t entry, list;

    write_text(b, "eth");
    entry = rlp_list_begin(b);
    list = rlp_list_begin(b);
    rlp_write_bytes(b, id->hash, sizeof id->hash);
    rlp_write_u64(b, id->next);
    rlp_list_end(b, list);
    rlp_list_end(b, entry);
}

/* Sequence number and pairs, in the order of the keys. */
static void write_content(struct buf *b, uint64_t seq, const uint8_t key[EC_COMPRESSED_BYTES],
                          const struct eth_endpoint at[ETH_FAMILIES],
                          const struct eth_fork_id *fork_id)
{
    const struct eth_endpoint *v4 = &at[ETH_IPV4], *v6 = &at[ETH_IPV6];
    bool has_v6 = v6->udp.kind == NET_IPV6;

    rlp_write_u64(b, seq);
    if (fork_id)
        write_fork_id(b, fork_id);
    write_text(b, "id");
    write_text(b, "v4");
    write_address(b, "ip", &v4->udp);
    write_address(b, "ip6", &v6->udp);
    write_text(b, "secp256k1");
    rlp_write_bytes(b, key, EC_COMPRESSED_BYTES);
    write_port(b, "tcp", v4->tcp_port);
    write_port(b, "tcp6", has_v6 ? v6->tcp_port : 0);
    write_port(b, "udp", v4->udp.port);
    write_port(b, "udp6", has_v6 ? v6->udp.port : 0);
}

int enr_sign(struct enr *out, const uint8_t secret[EC_SECRET_BYTES], uint64_t seq,
             const struct eth_endpoint at[ETH_FAMILIES], const struct eth_fork_id *fork_id)
{
    uint8_t pubkey[EC_PUBKEY_BYTES], key[EC_COMPRESSED_BYTES], hash[KECCAK256_BYTES];
    uint8_t sig[EC_RECOVERABLE_BYTES];
    struct buf content, b;
    size_t mark;
    int rc;

    if (ec_pubkey(pubkey, secret) < 0 || ec_compress(key, pubkey) < 0)
        return PN_EINVAL;
    buf_init(&content, ENR_MAX_BYTES);
    buf_init(&b, ENR_MAX_BYTES);
    write_content(&content, seq, key, at, fork_id);
    rc = content.err ? content.err : hash_content(hash, content.data, content.len);
    if (rc == 0)
        rc = ec_sign(sig, secret, hash);
    if (rc == 0) {
        mark = rlp_list_begin(&b);
        rlp_write_bytes(&b, sig, EC_SIG_BYTES);
        buf_append(&b, content.data, content.len);
        rlp_list_end(&b, mark);
        rc = b.err ? b.err : enr_decode(out, b.data, b.len);
    }
    buf_free(&content);
    buf_free(&b);
    return rc;
}
