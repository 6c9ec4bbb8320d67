/* The manager's inbox: what the threads of peers tell it. */
#ifndef BITCOIN_INBOX_H
#define BITCOIN_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addrbook/addrbook.h"
#include "bitcoin/wire/header.h"
#include "peer/peer.h"
#include "thread/chan.h"

/* What peers tell the manager. The payload is one allocation, freed by the receiver. */
enum manager_event {
    MANAGER_PEER_READY, /* carries a reference */
    MANAGER_PEER_GONE,
    MANAGER_HEADERS,
    MANAGER_BLOCK_INV,
    MANAGER_GETHEADERS,
    MANAGER_GETBLOCKS,
    MANAGER_ADDRS,
};

struct manager_payload {
    size_t bytes; /* of this allocation */
    size_t n;
    struct btc_header *headers;        /* MANAGER_HEADERS */
    uint8_t (*hashes)[BTC_HASH_BYTES]; /* of the headers; announced; or the locator */
    uint8_t stop[BTC_HASH_BYTES];      /* of the locator */
    struct addrbook_seen *addrs;       /* MANAGER_ADDRS */
};

struct manager_msg {
    enum manager_event event;
    struct peer *peer;
    struct manager_payload *payload; /* or NULL */
};

/* Room for n headers (or none) and n hashes. Returns: NULL when there is no memory. */
struct manager_payload *manager_payload_new(size_t n, bool with_headers);

/* Room for n addresses. Returns: NULL when there is no memory. */
struct manager_payload *manager_payload_addrs(size_t n);

/* Tell the manager that owns the inbox; blocks while it is busy, until the peer parts. Thread: in.
 * Owns: takes the payload in every case. Returns: 0 or PN_EQUIT. */
int manager_tell(struct chan *inbox, struct peer *p, enum manager_event event,
                 struct manager_payload *payload);

extern struct chan_class manager_inbox_class;

#endif
