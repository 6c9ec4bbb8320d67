/* Where a Bitcoin node that knows too few peers finds more: DNS seeds, then fixed seeds. A source
 * for the discovery thread.
 *
 * DNS seeds are asked, three at a time in random order, whenever fewer than two outbound peers have
 * been connected for 11 seconds, or for five minutes when the book has 1000 addresses: then it will
 * help itself. An empty book has nothing to wait for, and all are asked at once. When all have been
 * asked, the next round waits five minutes longer than the one before, at most an hour. What they
 * tell is dated three to seven days ago.
 *
 * Fixed seeds are entered once, of each kind of network that can be reached and of which the book
 * has no address after a minute; dated one to two weeks ago.
 *
 * Each seed is a source of its own to the address book, so that none can fill the new table.
 * Source: ThreadDNSAddressSeed and ThreadOpenConnections in net.cpp of Bitcoin Core, which ends
 * after the first round; the later rounds are ours, for a node that loses its network. */
#ifndef BITCOIN_SEEDS_SEEDS_H
#define BITCOIN_SEEDS_SEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addrbook/addrbook.h"
#include "discovery/discovery.h"

#define SEEDS_MAX_NAMES 16

struct seeds;

struct seeds_config {
    const char *const *names; /* DNS seeds, at most SEEDS_MAX_NAMES; borrowed, as are the texts */
    size_t n_names;           /* 0: the DNS is not asked */
    const char *fixed;        /* the network whose fixed seeds may be used (static), or NULL */
    bool others_named;        /* the operator named peers to ask: fixed seeds wait their minute even
                                 when the DNS is not asked */
    uint64_t services;        /* what a peer must offer: asked for as "x9.seed.example" */
    uint16_t port;            /* of the peers that the DNS tells */
    struct addrbook *book;    /* borrowed */
    uint32_t reachable_kinds; /* set of ADDRBOOK_KIND_BITs, or ADDRBOOK_ALL_KINDS */
    /* How many outbound peers are connected now. Thread: discovery; must not block. */
    unsigned (*outbound)(void *arg);
    void *arg;
};

/* The source's calls; its state is a struct seeds. */
extern const struct discovery_source_ops seeds_source_ops;

/* `config` is copied. Thread: the main thread. Owns: the caller frees with seeds_free, when no
 * discovery runs it any more. Returns: NULL when there is no memory. */
struct seeds *seeds_new(const struct seeds_config *config);

/* Accepts NULL. */
void seeds_free(struct seeds *s);

/* An address that stands for a seed as the source of others: nobody's, and in a network group of
 * its own. Thread: any. */
struct net_addr seeds_made_up_source(const char *name);

#endif
