/* A client's conversation over a non-blocking socket, up to the point where the stream begins: the
 * state machines of net/socks5.h and net/sam.h are driven by this. It never waits. */
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/* What a state machine offers; see net/socks5.h for the meaning. */
struct exchange_ops {
    const uint8_t *(*output)(const void *machine, size_t *len);
    void (*sent)(void *machine, size_t len);
    size_t (*need)(const void *machine);
    int (*input)(void *machine, size_t *used, const uint8_t *data, size_t len);
};

extern const struct exchange_ops exchange_socks5, exchange_sam;

struct exchange {
    const struct exchange_ops *ops;
    void *machine;
    int fd; /* -1 before it has begun */
    bool connecting;
};

/* Start a connection to `to` and the conversation on it. Owns: the caller closes x->fd; `machine`
 * outlives the exchange. Thread: the owner's, as for all of these.
 * Returns: 0; PN_EPROXY_DOWN when the connection cannot be started; PN_ENOMEM, PN_ELIMIT. */
int exchange_start(struct exchange *x, const struct exchange_ops *ops, void *machine,
                   const struct net_addr *to);

/* The events of poll(2) that it waits for. */
short exchange_events(const struct exchange *x);

/* Go on as far as it goes without waiting; `revents` is what poll(2) said. Returns: 0 waits for
 * exchange_events; 1 the stream begins at the next byte of x->fd; PN_EPROXY_DOWN, PN_EPROXY_CLOSED,
 * or the machine's error. */
int exchange_step(struct exchange *x, short revents);

#endif
