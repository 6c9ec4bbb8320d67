#include "ethereum/discovery/candidates.h"

#include <string.h>

#include "base/err.h"
#include "base/random.h"

enum { FROM_TABLE = 8 };

#define ROUND_US  (INT64_C(4) * 1000000)
#define REPEAT_US (INT64_C(60) * 1000000)

static struct chan_class candidate_class = {
    .name = "eth_candidates",
    .elem_size = sizeof(struct discv4_candidate),
    .capacity = CANDIDATES_WAITING,
};

int candidates_init(struct candidates *c, eth_fork_filter *filter, void *filter_arg)
{
    memset(c, 0, sizeof *c);
    c->filter = filter;
    c->filter_arg = filter_arg;
    if (chan_class_register(&candidate_class) < 0)
        return PN_ENOMEM;
    return chan_init(&c->chan, &candidate_class);
}

void candidates_destroy(struct candidates *c)
{
    chan_destroy(&c->chan, NULL);
}

static bool was_offered(const struct candidates *c, const uint8_t id[ETH_ID_BYTES], int64_t now_us)
{
    for (unsigned i = 0; i < CANDIDATES_MEMORY; i++)
        if (c->offered[i].at_us != 0 && now_us - c->offered[i].at_us < REPEAT_US &&
            memcmp(c->offered[i].id, id, ETH_ID_BYTES) == 0)
            return true;
    return false;
}

/* Returns: whether there is room for another. */
static bool offer(struct candidates *c, const struct discv4_candidate *one, int64_t now_us)
{
    bool other_chain = one->has_fork_id && c->filter && !c->filter(c->filter_arg, &one->fork_id);

    if (one->node.tcp_port == 0 || other_chain || was_offered(c, one->node.id, now_us))
        return true;
    if (chan_depth(&c->chan) == CANDIDATES_WAITING || chan_try_send(&c->chan, one) < 0)
        return false;
    memcpy(c->offered[c->next_offered].id, one->node.id, ETH_ID_BYTES);
    c->offered[c->next_offered].at_us = now_us;
    c->next_offered = (c->next_offered + 1) % CANDIDATES_MEMORY;
    return true;
}

static void on_lookup(void *arg, const struct eth_node *nodes, unsigned n)
{
    struct candidates *c = arg;

    c->looking_up = false;
    c->n_found = n;
    if (n > 0)
        memcpy(c->found, nodes, n * sizeof *nodes);
}

static void offer_found(struct candidates *c, struct discv4 *d, int64_t now_us)
{
    while (c->n_found > 0) {
        struct discv4_candidate one;

        if (discv4_find(d, &one, c->found[c->n_found - 1].id) < 0)
            one = (struct discv4_candidate){.node = c->found[c->n_found - 1]};
        if (!offer(c, &one, now_us))
            return;
        c->n_found--;
    }
}

static void offer_random(struct candidates *c, struct discv4 *d, int64_t now_us)
{
    struct discv4_candidate picked[FROM_TABLE];
    unsigned n = discv4_random(d, picked, FROM_TABLE);

    for (unsigned i = 0; i < n && offer(c, &picked[i], now_us); i++)
        continue;
}

void candidates_tick(struct candidates *c, struct discv4 *d, int64_t now_us)
{
    uint8_t target[EC_PUBKEY_BYTES];

    offer_found(c, d, now_us);
    if (now_us < c->next_us || chan_depth(&c->chan) == CANDIDATES_WAITING)
        return;
    c->next_us = now_us + ROUND_US;
    offer_random(c, d, now_us);
    if (c->looking_up || c->n_found > 0)
        return;
    random_bytes(target, sizeof target);
    c->looking_up = true;
    if (discv4_lookup(d, target, on_lookup, c, now_us) < 0)
        c->looking_up = false; /* all lookups are taken: the next round tries again */
}
