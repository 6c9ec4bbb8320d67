/* What a connection is for. Kinds differ in who chose the address, which slots they take, what is
 * said over them and how long they last (Core, node/connection_types.h). */
#ifndef NET_CONN_KIND_H
#define NET_CONN_KIND_H

#include <stdbool.h>

/* X(identifier, "metric label") */
#define CONN_KIND_LIST(X)                                                                        \
    X(CONN_INBOUND, "inbound")         /* they dialled */                                        \
    X(CONN_MANUAL, "manual")           /* named by the operator; kept for ever */                \
    X(CONN_FULL, "outbound_full")      /* chosen from the address book; everything is relayed */ \
    X(CONN_BLOCK_RELAY, "block_relay") /* chosen; blocks and headers alone, no addresses */      \
    X(CONN_FEELER, "feeler")           /* tests one address and ends with the handshake */       \
    X(CONN_ADDR_FETCH, "addr_fetch")   /* asks for addresses and ends */

enum conn_kind {
#define CONN_KIND_ENUM_(id, name) id,
    CONN_KIND_LIST(CONN_KIND_ENUM_)
#undef CONN_KIND_ENUM_
        CONN_KINDS
};

/* Static text for metrics and the log. */
const char *conn_kind_name(enum conn_kind kind);

static inline bool conn_kind_is_inbound(enum conn_kind kind)
{
    return kind == CONN_INBOUND;
}

#endif
