/* Packets out. Every packet is signed here, into one buffer that is used again and again. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "ethereum/discv4/internal.h"
#include "ethereum/enr/relay.h"

static void start(struct discv4_packet *p, enum discv4_type type)
{
    memset(p, 0, sizeof *p);
    p->type = type;
    p->expiration = clock_wall_s() + DISCV4_EXPIRY_S;
}

static int encode(struct discv4 *d, struct discv4_packet *p)
{
    return discv4_encode(&d->out, p, d->config.secret);
}

static void transmit(struct discv4 *d, const struct net_addr *to, enum discv4_type type)
{
    d->stats.sent[type]++;
    d->stats.bytes_out += d->out.len;
    d->config.send(d->config.arg, to, d->out.data, d->out.len);
}

/* In the family of whom it is told to. Some implementations refuse a ping without an address, so an
 * unknown one is loopback's. */
static struct eth_endpoint own_endpoint(const struct discv4 *d, const struct net_addr *to)
{
    struct eth_endpoint e = d->config.reach[eth_family_of(to)].at;

    if (e.udp.kind == NET_NONE) {
        e.udp.kind = NET_IPV4;
        memcpy(e.udp.bytes, (const uint8_t[]){127, 0, 0, 1}, 4);
    }
    return e;
}

/* Strangers are sent no sequence number, which keeps the answer to a first ping small. */
static void make_ping(const struct discv4 *d, struct discv4_packet *p, const struct net_addr *to,
                      bool to_stranger)
{
    start(p, DISCV4_PING);
    p->u.ping.from = own_endpoint(d, to);
    p->u.ping.to.udp = *to;
    p->u.ping.has_seq = !to_stranger;
    p->u.ping.seq = d->own.seq;
}

size_t output_ping_bytes(const struct discv4 *d, const struct net_addr *to)
{
    /* Lists, version, three ports, expiration; from and to. */
    return DISCV4_HEAD_BYTES + 20 + net_addr_len(own_endpoint(d, to).udp.kind) +
           net_addr_len(to->kind);
}

int output_ping(struct discv4 *d, const struct eth_node *node, enum request_purpose purpose,
                bool to_stranger, int64_t now_us)
{
    struct discv4_packet p;
    struct request *q = requests_find(&d->requests, DISCV4_PING, &node->udp, NULL, node->id);
    int rc;

    if (q)
        return 0;
    make_ping(d, &p, &node->udp, to_stranger);
    rc = encode(d, &p);
    if (rc < 0)
        return rc;
    q = requests_add(&d->requests, DISCV4_PING, purpose, node, now_us);
    if (!q)
        return PN_ELIMIT;
    memcpy(q->hash, p.hash, sizeof q->hash);
    transmit(d, &node->udp, DISCV4_PING);
    return 0;
}

size_t output_pong(struct discv4 *d, const struct net_addr *to, const uint8_t *ping_hash,
                   bool to_stranger, int64_t now_us)
{
    struct discv4_packet p;

    start(&p, DISCV4_PONG);
    p.u.pong.to.udp = *to;
    memcpy(p.u.pong.ping_hash, ping_hash, sizeof p.u.pong.ping_hash);
    p.u.pong.has_seq = !to_stranger;
    p.u.pong.seq = d->own.seq;
    if (encode(d, &p) < 0)
        return 0;
    if (to_stranger && !limits_spend(&d->limits, to, d->out.len + IP_UDP_BYTES, now_us)) {
        d->stats.dropped[DISCV4_DROP_CREDIT]++;
        return 0;
    }
    transmit(d, to, DISCV4_PONG);
    return d->out.len;
}

int output_findnode(struct discv4 *d, const struct eth_node *node, const struct lookup *l,
                    int64_t now_us)
{
    struct discv4_packet p;
    struct request *q;
    int rc;

    start(&p, DISCV4_FINDNODE);
    memcpy(p.u.findnode.target, l->target, sizeof l->target);
    rc = encode(d, &p);
    if (rc < 0)
        return rc;
    q = requests_add(&d->requests, DISCV4_FINDNODE, REQUEST_LOOKUP, node, now_us);
    if (!q)
        return PN_ELIMIT;
    q->lookup_id = l->id;
    transmit(d, &node->udp, DISCV4_FINDNODE);
    return 0;
}

static void send_neighbors(struct discv4 *d, struct discv4_packet *p, const struct net_addr *to)
{
    if (encode(d, p) == 0)
        transmit(d, to, DISCV4_NEIGHBORS);
    p->u.neighbors.count = 0;
}

/* At least one packet goes out, if need be an empty one, so that the asker need not wait. */
void output_neighbors(struct discv4 *d, const struct net_addr *to,
                      const uint8_t target[ETH_ID_BYTES])
{
    struct table_entry *closest[TABLE_BUCKET_SIZE];
    unsigned n = table_closest(&d->table, closest, target, TABLE_BUCKET_SIZE);
    struct discv4_packet p;
    bool sent = false;

    start(&p, DISCV4_NEIGHBORS);
    for (unsigned i = 0; i < n; i++) {
        const struct eth_node *node = &closest[i]->node;
        struct discv4_neighbor *entry = &p.u.neighbors.nodes[p.u.neighbors.count];

        if (!eth_addr_may_relay(to, &node->udp))
            continue;
        memcpy(entry->pubkey, node->pubkey, sizeof entry->pubkey);
        entry->at = (struct eth_endpoint){.udp = node->udp, .tcp_port = node->tcp_port};
        if (++p.u.neighbors.count == DISCV4_NEIGHBORS_MAX) {
            send_neighbors(d, &p, to);
            sent = true;
        }
    }
    if (p.u.neighbors.count > 0 || !sent)
        send_neighbors(d, &p, to);
}

int output_enr_request(struct discv4 *d, const struct eth_node *node, int64_t now_us)
{
    struct discv4_packet p;
    struct request *q;
    int rc;

    start(&p, DISCV4_ENR_REQUEST);
    rc = encode(d, &p);
    if (rc < 0)
        return rc;
    q = requests_add(&d->requests, DISCV4_ENR_REQUEST, REQUEST_RECORD, node, now_us);
    if (!q)
        return PN_ELIMIT;
    memcpy(q->hash, p.hash, sizeof q->hash);
    transmit(d, &node->udp, DISCV4_ENR_REQUEST);
    return 0;
}

void output_enr_response(struct discv4 *d, const struct net_addr *to, const uint8_t *request_hash)
{
    struct discv4_packet p;

    start(&p, DISCV4_ENR_RESPONSE);
    memcpy(p.u.enr_response.request_hash, request_hash, sizeof p.u.enr_response.request_hash);
    p.u.enr_response.record = (struct bytes){.data = d->own.raw, .len = d->own.len};
    if (encode(d, &p) == 0)
        transmit(d, to, DISCV4_ENR_RESPONSE);
}
