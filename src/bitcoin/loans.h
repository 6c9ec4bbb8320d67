/* Blocks that are fetched to answer a question and are not kept: whoever asks waits, the manager
 * asks peers, one after the other, thread in of the peer that delivers checks the block and leaves
 * the ids of its transactions, and the block itself as long as somebody waits for that. The last
 * few lists of ids stay, as the next question is often about the same block.
 *
 * Bounded: BLOCK_LOANS_MAX at a time, LOANS_BURST in a row, then one each LOAN_PACE_MS, since a
 * block is far larger than the question; LOAN_TRIES peers for each, LOAN_PEER_MS for every one. */
#ifndef BITCOIN_LOANS_H
#define BITCOIN_LOANS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/mutex.h"
#include "bitcoin/manager.h"
#include "bitcoin/wire/msg.h"
#include "peer/frame.h"
#include "thread/chan.h"

#define BLOCK_LOANS_MAX 8
#define LOAN_TRIES      4
#define LOAN_PEER_MS    10000
#define LOANS_BURST     100
#define LOAN_PACE_MS    2000

enum loan_state { LOAN_FREE, LOAN_WANTED, LOAN_ASKED, LOAN_DONE, LOAN_FAILED };

struct block_loan {
    enum loan_state state;
    uint8_t hash[32];
    uint32_t height;
    bool whole;       /* the block is wanted, not its ids alone */
    unsigned users;   /* who wait */
    struct chan done; /* there from LOAN_WANTED on until nobody uses a finished one */
    bool has_done;
    uint64_t asked[LOAN_TRIES]; /* peers, the last of them now */
    unsigned n_asked;
    int64_t asked_us, used_us;
    uint8_t (*ids)[32]; /* of LOAN_DONE */
    size_t n_ids;
    struct frame *block; /* of LOAN_DONE, where it is whole */
    int rc;              /* of LOAN_FAILED */
};

/* A member of struct bitcoin. */
struct block_loans {
    struct chan ring; /* to the manager: somebody asks, or a peer has failed */
    struct mutex mu;
    struct block_loan places[BLOCK_LOANS_MAX] GUARDED_BY(mu);
    int64_t credit_us GUARDED_BY(mu), credit_at_us GUARDED_BY(mu);
    unsigned turn; /* thread manager: with which peer to begin */
};

struct btc_peer;

/* Thread: the main thread. Returns: 0 or a pn_err. */
int loans_init(struct bitcoin *b);
void loans_free(struct bitcoin *b);

extern const struct manager_part loans_part;

/* Take a block, of which these are the bytes, if it was asked of this peer here. Thread: in.
 * Returns: 0, or what is wrong with the block, for which the connection ends. */
int loans_on_block(struct peer *p, struct btc_peer *bp, const struct btc_block *block,
                   const uint8_t hash[BTC_HASH_BYTES], struct bytes raw);

/* The peer does not have it. Thread: in. */
void loans_on_notfound(struct peer *p, const uint8_t hash[BTC_HASH_BYTES]);

#endif
