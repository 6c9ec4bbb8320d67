/* Beyond the merge nothing in a header costs anything, so that only a head from outside can be
 * followed: from it headers come backwards, each proven by its child, and wait in the chain's
 * scratch table until they meet a header that is there. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "ethereum/sync/internal.h"

enum { FORWARD_HEADERS = 192 /* go into the chain in one tick */ };

bool reverse_wanted(struct downloader *d)
{
    struct bytes rlp;

    return d->has_trusted && eth_chain_header(d->chain, &rlp, NULL, d->trusted) == PN_ENOENT;
}

/* Whoever is fastest; one that did not have it is passed over. */
static uint64_t choose(struct downloader *d, const uint8_t hash[ETH_HASH_BYTES])
{
    uint64_t best = 0;
    double most = -1;

    for (unsigned i = 0; i < d->n_peers; i++) {
        double rate = download_throughput(&d->rating, d->peers[i].id, SYNC_KIND_HEADERS);

        if (rate <= most || download_lacks(&d->rating, d->peers[i].id, hash))
            continue;
        most = rate;
        best = d->peers[i].id;
    }
    return best;
}

static void ask_back(struct downloader *d)
{
    struct eth_header_query q = {.by_hash = true, .amount = SYNC_GAP_HEADERS, .reverse = true};

    memcpy(q.hash, d->expected, sizeof q.hash);
    d->master = choose(d, d->expected);
    if (d->master == 0) {
        d->stage = STAGE_IDLE; /* later, with other peers */
        return;
    }
    d->stage = STAGE_BACK;
    (void)headers_ask(d, &q);
}

void reverse_begin(struct downloader *d)
{
    memcpy(d->expected, d->trusted, sizeof d->expected);
    d->target = 0;
    d->next = 0;
    ask_back(d);
}

static void meet(struct downloader *d)
{
    d->stage = STAGE_FORWARD;
    d->deadline_us = CLOCK_NEVER;
}

/* Take one header downwards. Returns: whether another one is wanted; *rc: why this one was not. */
static bool take(struct downloader *d, struct bytes rlp, int *rc)
{
    struct eth_header h;
    uint64_t number;

    *rc = eth_header_decode(&h, rlp);
    if (*rc == 0 && memcmp(h.hash, d->expected, sizeof h.hash) != 0)
        *rc = PN_EPROTO;
    if (*rc == 0 && d->next > 0 && h.number + 1 != d->next)
        *rc = PN_EPROTO; /* numbers must fall by one */
    if (*rc == 0 && h.number == 0)
        *rc = PN_EGENESIS; /* another one than ours, which is known */
    if (*rc == 0)
        *rc = eth_chain_scratch_put(d->chain, h.number, rlp);
    if (*rc < 0)
        return false;
    if (d->target == 0)
        d->target = h.number;
    d->next = h.number;
    memcpy(d->expected, h.parent, sizeof d->expected);
    if (eth_chain_number_of(d->chain, &number, h.parent) == 0) {
        meet(d);
        return false;
    }
    return true;
}

void reverse_answer(struct downloader *d, const struct eth_items *items)
{
    struct eth_items all = *items;
    struct bytes rlp;
    int rc = 0;

    if (items->n == 0)
        download_mark_lacking(&d->rating, d->master, d->expected);
    while (eth_items_next(&all, &rlp) && take(d, rlp, &rc))
        ;
    if (rc < 0 && !eth_chain_failed_itself(rc))
        sync_drop(d, d->master, rc);
    if (d->stage != STAGE_FORWARD)
        ask_back(d);
}

bool reverse_forward(struct downloader *d)
{
    struct bytes rlp;
    int rc = 0;

    for (unsigned i = 0; i < FORWARD_HEADERS && d->next <= d->target && rc == 0; i++) {
        uint8_t copy[1024];

        rc = eth_chain_scratch_get(d->chain, &rlp, d->next);
        if (rc == 0 && rlp.len > sizeof copy)
            rc = PN_ETOOLARGE;
        if (rc < 0)
            break;
        memcpy(copy, rlp.data, rlp.len); /* it lies in the file that changes now */
        rc = headers_import(d, (struct bytes){copy, rlp.len}, true);
        if (rc == 0)
            rc = eth_chain_scratch_del(d->chain, d->next++);
    }
    d->config.ops.advanced(d->config.ops.arg);
    if (rc == 0 && d->next <= d->target)
        return true;
    if (rc < 0) /* the trusted head does not belong to this network, or the file fails */
        d->has_trusted = false;
    d->stage = STAGE_IDLE;
    return false;
}
