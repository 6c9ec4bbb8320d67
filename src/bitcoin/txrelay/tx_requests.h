/* Who has announced which transaction, and whom to ask for it when. The rules are Bitcoin Core's
 * (txrequest.h, node/txdownloadman.h of 31.99):
 *
 *   - one peer at a time is asked for a transaction; after 60 s, or when it has answered without
 *     giving it, the next;
 *   - a peer that is not preferred (an inbound one) is asked 2 s after its announcement, so that
 * the others come first; 2 s more when it announces by txid and there are peers that announce by
 *     wtxid; 2 s more when TX_REQUESTS_IN_FLIGHT requests to it are unanswered;
 *   - among those who may be asked, preferred ones come first, then chance decides;
 *   - a peer has at most TX_REQUESTS_ANNOUNCED announcements here.
 *
 * So a peer that announces and does not deliver delays a transaction, and cannot suppress it. A
 * state machine on the clock of base/clock.h, without I/O. Memory follows use; an announcement
 * takes at most 200 bytes. Peers are places below max_peers.
 *
 * Thread: the owner's, for all. */
#ifndef BITCOIN_TXRELAY_TX_REQUESTS_H
#define BITCOIN_TXRELAY_TX_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TX_REQUESTS_ANNOUNCED = 5000,
    TX_REQUESTS_IN_FLIGHT = 100,
    TX_REQUESTS_DELAY_MS = 2000,
    TX_REQUESTS_EXPIRY_MS = 60000,
};

struct tx_requests;

/* Returns: 0 or PN_ENOMEM. */
int tx_requests_new(struct tx_requests **out, unsigned max_peers);
void tx_requests_free(struct tx_requests *t); /* accepts NULL */

/* A peer has taken this place, or left it: then its announcements are gone. */
void tx_requests_peer_ready(struct tx_requests *t, unsigned peer, bool preferred, bool wtxid);
void tx_requests_peer_gone(struct tx_requests *t, unsigned peer);

/* It has announced a transaction that we do not have.
 * Returns: 0; PN_EEXIST, and nothing changed; PN_ELIMIT; PN_ENOMEM. */
int tx_requests_announced(struct tx_requests *t, unsigned peer, const uint8_t hash[32]);

/* It has sent the transaction, or said that it has not got it. */
void tx_requests_answered(struct tx_requests *t, unsigned peer, const uint8_t hash[32]);

/* Nobody needs to be asked for it any more. */
void tx_requests_forget(struct tx_requests *t, const uint8_t hash[32]);

/* Whether the peer has announced it and has not yet been heard about it. */
bool tx_requests_pending(const struct tx_requests *t, unsigned peer, const uint8_t hash[32]);

/* Ask this peer for this transaction, by wtxid when it announces so. */
struct tx_request {
    unsigned peer;
    uint8_t hash[32];
};

/* What is to be asked for now, at most `max`; those count as asked. Fewer than `max` means all.
 * Returns: how many. */
size_t tx_requests_take(struct tx_requests *t, struct tx_request *out, size_t max);

/* When tx_requests_take will have something to do again; monotonic microseconds. */
int64_t tx_requests_next_us(const struct tx_requests *t);

struct tx_requests_counts {
    size_t announced, asked, transactions;
    uint64_t expired; /* requests that nobody answered in time, since the start */
};
void tx_requests_counts(const struct tx_requests *t, struct tx_requests_counts *out);

#endif
