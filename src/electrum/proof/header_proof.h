/* Proofs that a header belongs to the chain below a checkpoint: the branch of its hash in the
 * merkle tree of the hashes of all headers up to there (Electrum protocol, cp_height).
 *
 * The nodes ten levels up, one for 1,024 headers, are remembered, so that a proof hashes about
 * 3,000 pairs rather than a million. A remembered node holds as long as the last of its headers is
 * on the active chain, since that one stands for all before it; so reorganisations need no word. */
#ifndef ELECTRUM_PROOF_HEADER_PROOF_H
#define ELECTRUM_PROOF_HEADER_PROOF_H

#include "electrum/proof/merkle.h"

#define HEADER_PROOF_MAX_HEADERS (1u << 24) /* in about three hundred years */

struct header_proof {
    merkle_hash root;
    merkle_hash branch[MERKLE_MAX_BRANCH];
    unsigned depth;
};

/* Where the hashes come from: n of them from height `first` on, in memory order.
 * Returns: 0; PN_ENOENT when there are fewer; another pn_err. */
struct header_hashes {
    int (*read)(void *arg, merkle_hash *out, uint32_t first, uint32_t n);
    void *arg;
};

struct header_prover;

/* Thread: the main thread. Returns: NULL when there is no memory. */
struct header_prover *header_prover_new(const struct header_hashes *hashes);
void header_prover_free(struct header_prover *p);

/* The proof of the header at `height` below checkpoint `cp_height`, height <= cp_height.
 * Thread: any; the first takes a while. Returns: 0; PN_ENOENT above the tip; PN_EAGAIN when the
 * chain was reorganised meanwhile; PN_ENOMEM. */
int header_prove(struct header_prover *p, struct header_proof *out, uint32_t height,
                 uint32_t cp_height);

#endif
