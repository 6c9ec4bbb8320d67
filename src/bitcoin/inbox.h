/* The manager's inbox: what the threads of peers tell it. */
#ifndef BITCOIN_INBOX_H
#define BITCOIN_INBOX_H

#include <stddef.h>
#include <stdint.h>

#include "addrbook/addrbook.h"
#include "bitcoin/wire/header.h"
#include "peer/peer.h"
#include "thread/chan.h"

/* What peers tell the manager. Each event has one row in the table of manager.c. */
enum manager_event {
    MANAGER_PEER_READY, /* carries a reference */
    MANAGER_PEER_GONE,
    MANAGER_HEADERS,      /* struct manager_headers */
    MANAGER_MORE_HEADERS, /* struct manager_hashes: of a low-work chain, what follows this one */
    MANAGER_BLOCK_INV,    /* struct manager_hashes */
    MANAGER_GETHEADERS,   /* struct manager_hashes: the locator and its stop */
    MANAGER_GETBLOCKS,    /* likewise */
    MANAGER_ADDRS,        /* struct manager_addrs */
    MANAGER_BLOCK,        /* struct manager_block, blocks.h */
    MANAGER_COMPACT,      /* struct manager_headers: one, whose block is on its way */
    MANAGER_GENERATE,     /* from nobody: a block of our own, struct manager_generate */
    MANAGER_EVENTS
};

/* The head of every payload. A payload is made by a peer's thread and freed by the manager once it
 * has been handled, or by manager_tell when it cannot be delivered. */
struct manager_payload {
    size_t bytes;                               /* counted against the inbox's bound */
    void (*free)(struct manager_payload *self); /* NULL: it is one allocation of mem_alloc */
};

/* What comes after a batch of headers. */
enum manager_follows {
    FOLLOWS_NOTHING,   /* this is all that the peer has; n may be 0 */
    FOLLOWS_BY_ITSELF, /* more, which has been asked for */
    FOLLOWS_HELD,      /* more of a chain of little work */
    FOLLOWS_IF_ASKED,  /* perhaps more */
};

/* The payloads, each one allocation. */
struct manager_headers {
    struct manager_payload head;
    enum manager_follows follows;
    size_t n;
    struct btc_header *headers;
    uint8_t (*hashes)[BTC_HASH_BYTES]; /* of the headers */
};

struct manager_hashes {
    struct manager_payload head;
    size_t n;
    uint8_t stop[BTC_HASH_BYTES]; /* of a locator */
    uint8_t hashes[][BTC_HASH_BYTES];
};

struct manager_addrs {
    struct manager_payload head;
    size_t n;
    struct addrbook_seen addrs[];
};

/* A block that the operator wants. It is the asker's, who waits for `done`. */
struct manager_generate {
    struct manager_payload head;
    struct bytes pay_to;
    uint8_t hash[BTC_HASH_BYTES]; /* what was made */
    int rc;
    struct chan done;
};

struct manager_msg {
    enum manager_event event;
    struct peer *peer;               /* NULL for MANAGER_GENERATE */
    struct manager_payload *payload; /* or NULL */
};

/* Room for n headers, hashes or addresses. Returns: NULL when there is no memory. */
struct manager_headers *manager_headers_new(size_t n);
struct manager_hashes *manager_hashes_new(size_t n);
struct manager_addrs *manager_addrs_new(size_t n);

/* Accepts NULL. */
void manager_payload_free(struct manager_payload *m);

/* Tell the manager that owns the inbox; blocks while it is busy, until the peer parts. Thread: in.
 * Owns: takes the payload in every case. Returns: 0 or PN_EQUIT. */
int manager_tell(struct chan *inbox, struct peer *p, enum manager_event event,
                 struct manager_payload *payload);

extern struct chan_class manager_inbox_class;

#endif
