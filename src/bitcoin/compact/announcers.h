/* The peers that are asked to announce blocks by compact blocks, unasked (BIP152, high bandwidth):
 * the last three that were the first with a new block (Core, MaybeSetPeerAsAnnouncingHeaderAndIDs).
 * Thread: the owner's. */
#ifndef BITCOIN_COMPACT_ANNOUNCERS_H
#define BITCOIN_COMPACT_ANNOUNCERS_H

#include <stdbool.h>
#include <stdint.h>

#define ANNOUNCERS_MAX 3

struct announcers {
    uint64_t ids[ANNOUNCERS_MAX]; /* the longest silent one first */
    unsigned n;
};

/* This peer was first with a block. Returns: whether it is new among them; *gone is then the one
 * whose place it took, or 0. */
bool announcers_first(struct announcers *a, uint64_t *gone, uint64_t id);

/* The peer has left. */
void announcers_remove(struct announcers *a, uint64_t id);

#endif
