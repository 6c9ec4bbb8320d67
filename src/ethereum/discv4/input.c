/* Packets in. The order of the checks is the order of their cost: size, hash and form
 * (discv4_decode); time; permitted networks; whether anyone asked for the answer, or whether the
 * sender's address has proven anything; the token buckets; and only then the signature. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "ethereum/discv4/internal.h"
#include "ethereum/enr/relay.h"

enum {
    FIRST_CONTACT_TENTHS = 22, /* bytes out for bytes in, headers counted */
    RECORD_DELAY_S = 5,        /* a new neighbour is not asked for more right away */
};

static void drop(struct discv4 *d, enum discv4_drop why)
{
    d->stats.dropped[why]++;
}

static enum discv4_drop drop_of_error(int err)
{
    switch (err) {
    case PN_ETRUNCATED:
        return DISCV4_DROP_SHORT;
    case PN_ETOOLARGE:
        return DISCV4_DROP_LARGE;
    case PN_ECHECKSUM:
        return DISCV4_DROP_HASH;
    case PN_ECOMMAND:
        return DISCV4_DROP_TYPE;
    default:
        return DISCV4_DROP_FORMAT;
    }
}

/* What can be said against a packet before its sender's key is known.
 * Returns: DISCV4_DROPS when there is nothing. */
static enum discv4_drop objection(struct discv4 *d, const struct discv4_packet *p,
                                  const struct net_addr *from, int64_t now_us)
{
    struct requests *r = &d->requests;

    if (p->expiration < clock_wall_s())
        return DISCV4_DROP_EXPIRED;
    if (!discv4_reaches(d, from))
        return DISCV4_DROP_FILTERED;
    switch (p->type) {
    case DISCV4_PONG:
        if (!requests_find(r, DISCV4_PING, from, p->u.pong.ping_hash, NULL))
            return DISCV4_DROP_UNSOLICITED;
        break;
    case DISCV4_NEIGHBORS:
        if (!requests_find(r, DISCV4_FINDNODE, from, NULL, NULL))
            return DISCV4_DROP_UNSOLICITED;
        break;
    case DISCV4_ENR_RESPONSE:
        if (!requests_find(r, DISCV4_ENR_REQUEST, from, p->u.enr_response.request_hash, NULL))
            return DISCV4_DROP_UNSOLICITED;
        break;
    case DISCV4_FINDNODE:
    case DISCV4_ENR_REQUEST:
        if (!limits_is_known(&d->limits, from, now_us))
            return DISCV4_DROP_UNPROVEN;
        break;
    case DISCV4_PING:
    case DISCV4_TYPE_COUNT:
        break;
    }
    return limits_take_recovery(&d->limits, from, now_us) ? DISCV4_DROPS : DISCV4_DROP_LIMITED;
}

/* --- the packets --- */

/* The sender's address is not proven, or only another node's there is. */
static void ping_back(struct discv4 *d, const struct eth_node *sender, size_t len, size_t pong_len,
                      bool is_stranger, int64_t now_us)
{
    size_t ping_len = output_ping_bytes(d, &sender->udp);

    if (requests_find(&d->requests, DISCV4_PING, &sender->udp, NULL, sender->id))
        return;
    if (is_stranger && (10 * (pong_len + ping_len + 2 * IP_UDP_BYTES) >
                            FIRST_CONTACT_TENTHS * (len + IP_UDP_BYTES) ||
                        !limits_spend(&d->limits, &sender->udp, ping_len + IP_UDP_BYTES, now_us))) {
        drop(d, DISCV4_DROP_CREDIT);
        return;
    }
    if (!limits_take_ping_back(&d->limits, now_us)) {
        drop(d, DISCV4_DROP_LIMITED);
        return;
    }
    output_ping(d, sender, REQUEST_BOND, true, now_us);
}

static void on_ping(struct discv4 *d, const struct discv4_packet *p, const struct eth_node *sender,
                    size_t len, int64_t now_us)
{
    bool is_stranger = !limits_is_known(&d->limits, &sender->udp, now_us);
    struct bond *bond;
    size_t pong_len;

    if (is_stranger)
        limits_earn(&d->limits, &sender->udp, len + IP_UDP_BYTES, now_us);
    pong_len = output_pong(d, &sender->udp, p->hash, is_stranger, now_us);
    bond = engine_bond(d, sender, now_us);
    if (!bond)
        bond = bonds_get(&d->bonds, sender, false, now_us);
    if (bond) {
        bond->last_ping_us = now_us;
        bond->node = *sender;
        bond->dirty = true;
    }
    if (bond_is_proven(bond, now_us))
        table_add(&d->table, sender, now_us);
    else if (pong_len > 0)
        ping_back(d, sender, len, pong_len, is_stranger, now_us);
    lookup_on_ping(d, sender->id, now_us);
}

/* Its record may have changed: ask for it a little later. */
static void note_seq(struct table_entry *e, const struct discv4_packet *p, int64_t now_us)
{
    if (!p->u.pong.has_seq)
        return;
    e->seq = p->u.pong.seq;
    if (e->seq > e->record_seq && e->record_due_us == 0) {
        e->record_due_us = now_us + RECORD_DELAY_S * US_PER_S;
        e->record_tries = 0;
    }
}

static void on_pong(struct discv4 *d, const struct discv4_packet *p, const struct eth_node *sender,
                    int64_t now_us)
{
    struct request *q =
        requests_find(&d->requests, DISCV4_PING, &sender->udp, p->u.pong.ping_hash, sender->id);
    struct eth_node node = *sender;
    struct table_entry *entry;
    struct bond *bond;

    if (!q) {
        drop(d, DISCV4_DROP_SIGNATURE); /* not the key that was asked */
        return;
    }
    node.tcp_port = q->node.tcp_port;
    requests_remove(&d->requests, q);
    d->timeouts_in_row = 0;
    bond = bonds_get(&d->bonds, &node, true, now_us);
    if (bond) {
        bond->last_pong_us = now_us;
        bond->node = node;
        bond->dirty = true;
    }
    limits_prove(&d->limits, &node.udp, now_us + BOND_EXPIRY_US);
    predict_add(&d->predictors[eth_family_of(&node.udp)], &node.udp, &p->u.pong.to.udp, now_us);
    table_add(&d->table, &node, now_us);
    entry = table_find(&d->table, node.id);
    if (entry) {
        entry->liveness_checks++;
        note_seq(entry, p, now_us);
    }
    lookup_on_pong(d, node.id, now_us);
}

static void on_findnode(struct discv4 *d, const struct discv4_packet *p,
                        const struct eth_node *sender, int64_t now_us)
{
    uint8_t target[ETH_ID_BYTES];

    if (!bond_is_proven(engine_bond(d, sender, now_us), now_us)) {
        drop(d, DISCV4_DROP_UNPROVEN);
        return;
    }
    keccak256(target, p->u.findnode.target, sizeof p->u.findnode.target);
    output_neighbors(d, &sender->udp, target);
}

static void on_neighbors(struct discv4 *d, const struct discv4_packet *p,
                         const struct eth_node *sender, int64_t now_us)
{
    struct request *q =
        requests_find(&d->requests, DISCV4_FINDNODE, &sender->udp, NULL, sender->id);

    if (!q) {
        drop(d, DISCV4_DROP_UNSOLICITED);
        return;
    }
    d->timeouts_in_row = 0;
    lookup_on_neighbors(d, q, p, &sender->udp, now_us);
}

static void on_enr_request(struct discv4 *d, const struct discv4_packet *p,
                           const struct eth_node *sender, int64_t now_us)
{
    if (bond_is_proven(engine_bond(d, sender, now_us), now_us))
        output_enr_response(d, &sender->udp, p->hash);
    else
        drop(d, DISCV4_DROP_UNPROVEN);
}

/* The record must be the sender's own; its endpoint stays the one that was proven. */
static void keep_record(struct table_entry *e, const struct enr *r)
{
    e->record_len = r->len;
    memcpy(e->record, r->raw, r->len);
    e->record_seq = r->seq;
    e->has_fork_id = r->has_fork_id;
    e->fork_id = r->fork_id;
    if (eth_addr_same_ip(&r->node.udp, &e->node.udp))
        e->node.tcp_port = r->node.tcp_port;
    e->record_due_us = 0;
}

static void on_enr_response(struct discv4 *d, const struct discv4_packet *p,
                            const struct eth_node *sender)
{
    struct request *q = requests_find(&d->requests, DISCV4_ENR_REQUEST, &sender->udp,
                                      p->u.enr_response.request_hash, sender->id);
    struct table_entry *entry = table_find(&d->table, sender->id);
    struct enr record;

    if (!q) {
        drop(d, DISCV4_DROP_SIGNATURE);
        return;
    }
    requests_remove(&d->requests, q);
    d->timeouts_in_row = 0;
    if (enr_decode(&record, p->u.enr_response.record.data, p->u.enr_response.record.len) < 0 ||
        memcmp(record.node.id, sender->id, ETH_ID_BYTES) != 0)
        drop(d, DISCV4_DROP_RECORD);
    else if (entry && record.seq >= entry->record_seq)
        keep_record(entry, &record);
}

void discv4_input(struct discv4 *d, const struct net_addr *from, const void *data, size_t len,
                  int64_t now_us)
{
    struct discv4_packet p;
    uint8_t pubkey[EC_PUBKEY_BYTES];
    struct eth_node sender;
    enum discv4_drop why;
    int rc = discv4_decode(&p, data, len);

    d->stats.bytes_in += len;
    if (rc < 0) {
        /* Only a packet without its head is too short; inside it is the form that is wrong. */
        drop(d, rc == PN_ETRUNCATED && len > DISCV4_HEAD_BYTES ? DISCV4_DROP_FORMAT
                                                               : drop_of_error(rc));
        return;
    }
    why = objection(d, &p, from, now_us);
    if (why != DISCV4_DROPS) {
        drop(d, why);
        return;
    }
    d->stats.recoveries++;
    if (discv4_signer(pubkey, data, len) < 0) {
        drop(d, DISCV4_DROP_SIGNATURE);
        return;
    }
    if (memcmp(pubkey, d->pubkey, sizeof pubkey) == 0) {
        drop(d, DISCV4_DROP_SELF);
        return;
    }
    d->stats.received[p.type]++;
    eth_node_init(&sender, pubkey, from, p.type == DISCV4_PING ? p.u.ping.from.tcp_port : 0);
    switch (p.type) {
    case DISCV4_PING:
        on_ping(d, &p, &sender, len, now_us);
        break;
    case DISCV4_PONG:
        on_pong(d, &p, &sender, now_us);
        break;
    case DISCV4_FINDNODE:
        on_findnode(d, &p, &sender, now_us);
        break;
    case DISCV4_NEIGHBORS:
        on_neighbors(d, &p, &sender, now_us);
        break;
    case DISCV4_ENR_REQUEST:
        on_enr_request(d, &p, &sender, now_us);
        break;
    case DISCV4_ENR_RESPONSE:
        on_enr_response(d, &p, &sender);
        break;
    case DISCV4_TYPE_COUNT:
        break;
    }
}
