/* Lines on a connection: one JSON text each, ended by LF. A line that is too long is thrown away up
 * to its end, with one ELECTRUM_OVERLONG for each LINE_MAX_BYTES of it, and reading goes on behind
 * it (aiorpcX framing.py). Memory follows the longest line under way; between lines it is 1 KiB. */
#ifndef ELECTRUM_LINES_H
#define ELECTRUM_LINES_H

#include "peer/peer.h"

#define LINE_MAX_BYTES 1000000

/* The kinds of messages, as the peer runtime counts them. */
enum electrum_message {
    ELECTRUM_LINE,          /* received */
    ELECTRUM_OVERLONG,      /* thrown away */
    ELECTRUM_ANSWER,        /* sent */
    ELECTRUM_REQUEST,       /* sent */
    ELECTRUM_ONION_REQUEST, /* sent over Tor, with more patience */
    ELECTRUM_NOTIFICATION,  /* sent */
    ELECTRUM_MESSAGES
};

const char *electrum_message_name(unsigned cmd);

extern const struct peer_transport_ops lines_transport_ops;

/* Owns: the peer, which frees it through the ops. Returns: NULL when there is no memory. */
void *lines_transport_new(void);

/* --- what all who talk in lines have alike, for a struct peer_proto_ops --- */

/* Whoever has negotiated has nothing more to say by itself. */
int lines_ready(struct peer *p);

/* Clients ping, servers do not; nothing is told by inventory. Return: NULL. */
struct frame *lines_ping(struct peer *p, uint64_t nonce);
struct frame *lines_inventory(struct peer *p, const struct peer_inventory *items, unsigned n);

#endif
