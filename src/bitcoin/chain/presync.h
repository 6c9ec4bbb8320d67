/* Holding off chains of little work: before a peer's headers are given memory, it must show that
 * they lead to a chain worth it. Headers that cost next to nothing to make, those of the first
 * years at the difficulty of then, could else fill the memory of anyone who listens.
 *
 * They are fetched twice. First they are only counted: their work is added up, and of every so many
 * one salted bit is remembered as a commitment. When the work suffices, they are fetched again from
 * the start, and the bits must be the same, so that it is the same chain; headers come out once
 * enough commitments beyond them have been met. A chain that was made up the second time is found
 * out before it has cost more than the buffer.
 *
 * A pure state machine: batches in, headers out. The rules and figures are Bitcoin Core's
 * (src/headerssync.h, headerssync.cpp). Thread: the owner's, that is the peer's `in`. */
#ifndef BITCOIN_CHAIN_PRESYNC_H
#define BITCOIN_CHAIN_PRESYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitcoin/chain/params.h"
#include "bitcoin/chain/view.h"

struct presync;

enum presync_state {
    PRESYNC_COUNTING, /* the first time */
    PRESYNC_FETCHING, /* the second time */
    PRESYNC_DONE,     /* all headers are ready or taken: what follows needs no presync */
};

/* Begin at a header of our chain that the peer's leaves from. goal: the work that its chain must
 * have. now_s: the wall clock, which bounds how long a chain can be.
 * Owns: params is borrowed; the caller frees. Returns: NULL when there is no memory. */
struct presync *presync_new(const struct btc_params *params, const struct chain_point *start,
                            btc_work goal, int64_t now_s);

/* Accepts NULL. */
void presync_free(struct presync *p);

/* Take the next batch, which passed headers_precheck. `full`: its sender has more.
 * Returns: 0, and what follows presync_last is wanted next, unless the state is PRESYNC_DONE; or
 * the end:
 *   PN_EORPHAN   it does not follow presync_last; nothing has changed, the caller may go on.
 *   PN_EBITS     a difficulty that cannot follow the one before, whatever the times.
 *   PN_ELOWWORK  the chain ends with too little work.
 *   PN_ELIMIT    it is longer than any honest chain can be.
 *   PN_EMISMATCH the second chain is not the first.
 *   PN_ENOMEM */
int presync_take(struct presync *p, const struct btc_header *headers,
                 const uint8_t (*hashes)[BTC_HASH_BYTES], size_t n, bool full);

/* Headers that may now be stored, in order, the oldest first, with their hashes; call until there
 * are none. Returns: how many, at most max. */
size_t presync_ready(struct presync *p, struct btc_header *headers,
                     uint8_t (*hashes)[BTC_HASH_BYTES], size_t max);

/* Hash of the last header taken; the start's when a pass begins. */
const uint8_t *presync_last(const struct presync *p);

enum presync_state presync_state(const struct presync *p);

/* Height and work of the chain as far as it has come. */
uint32_t presync_height(const struct presync *p);
btc_work presync_work(const struct presync *p);

/* Bytes allocated. */
size_t presync_bytes(const struct presync *p);

#endif
