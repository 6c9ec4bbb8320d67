#include "ethereum/discv4/requests.h"

#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "ethereum/enr/relay.h"

void requests_init(struct requests *r)
{
    memset(r, 0, sizeof *r);
    r->key = siphash_random_key();
    for (unsigned i = 0; i < REQUESTS_MAX; i++) {
        r->all[i].next = r->free;
        r->free = &r->all[i];
    }
}

static struct request **chain_of(struct requests *r, const struct net_addr *ip)
{
    uint8_t bytes[16];

    net_addr_to_ipv6_bytes(bytes, ip);
    return &r->chains[siphash(&r->key, bytes, sizeof bytes) % REQUEST_CHAINS];
}

struct request *requests_add(struct requests *r, enum discv4_type type,
                             enum request_purpose purpose, const struct eth_node *node,
                             int64_t now_us)
{
    struct request **chain = chain_of(r, &node->udp), *q = r->free;

    if (!q)
        return NULL;
    r->free = q->next;
    *q = (struct request){.type = type,
                          .purpose = purpose,
                          .node = *node,
                          .deadline_us = now_us + REPLY_TIMEOUT_US,
                          .next = *chain};
    *chain = q;
    r->count++;
    r->by_purpose[purpose]++;
    return q;
}

void requests_remove(struct requests *r, struct request *q)
{
    struct request **at = chain_of(r, &q->node.udp);

    while (*at && *at != q)
        at = &(*at)->next;
    if (BUG(!*at))
        return;
    *at = q->next;
    q->next = r->free;
    q->deadline_us = 0;
    r->free = q;
    r->count--;
    r->by_purpose[q->purpose]--;
}

struct request *requests_find(struct requests *r, enum discv4_type type, const struct net_addr *ip,
                              const uint8_t *hash, const uint8_t *id)
{
    for (struct request *q = *chain_of(r, ip); q; q = q->next)
        if (q->type == type && eth_addr_same_ip(&q->node.udp, ip) &&
            (!hash || memcmp(q->hash, hash, sizeof q->hash) == 0) &&
            (!id || memcmp(q->node.id, id, ETH_ID_BYTES) == 0))
            return q;
    return NULL;
}

/* A free place has no deadline. */
struct request *requests_expired(struct requests *r, int64_t now_us)
{
    for (struct request *q = r->all; r->count > 0 && q < r->all + REQUESTS_MAX; q++)
        if (q->deadline_us != 0 && q->deadline_us <= now_us)
            return q;
    return NULL;
}

int64_t requests_deadline(const struct requests *r)
{
    int64_t at = CLOCK_NEVER;

    for (const struct request *q = r->all; r->count > 0 && q < r->all + REQUESTS_MAX; q++)
        if (q->deadline_us != 0 && q->deadline_us < at)
            at = q->deadline_us;
    return at;
}
