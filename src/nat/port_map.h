/* Asking a gateway to lead ports to us, by PCP or NAT-PMP, as a pure state machine: time and
 * packets go in, packets and what has become of the ports come out through callbacks.
 *
 * One question is under way at a time. PCP is tried first; a gateway that knows it not, or does not
 * answer, is asked by NAT-PMP. A mapping is renewed when half of its lifetime is over, and all of
 * them at once when the gateway's clock shows that it has forgotten them (RFC 6887 section 8.5).
 * One that cannot be renewed counts until its lifetime is over. After a failure the gateway is left
 * alone for five minutes.
 *
 * Thread: the owner's alone. */
#ifndef NAT_PORT_MAP_H
#define NAT_PORT_MAP_H

#include <stdbool.h>

#include "nat/nat_packet.h"

#define PORT_MAP_MAX        8
#define PORT_MAP_LIFETIME_S 2400 /* asked for; Bitcoin Core's mapport.cpp */

struct port_map_ops {
    /* A question is about to be asked. `client` is to be our address on the way to the gateway.
     * Returns: 0; a pn_err when there is no gateway, and nothing is asked for five minutes. */
    int (*open)(void *arg, struct net_addr *client);
    void (*send)(void *arg, const void *data, size_t len);
    /* The answer is there, or given up: until the next open nothing is sent or awaited. */
    void (*close)(void *arg);
    /* The i-th port is reached at this outside address; NULL: it is not, any more. */
    void (*changed)(void *arg, unsigned i, const struct net_addr *outside);
    void *arg;
};

struct port_mapping {
    struct nat_port inside;
    uint8_t nonce[NAT_NONCE_BYTES];
    struct net_addr outside; /* NET_NONE: not mapped */
    int64_t renew_us, expire_us;
};

struct port_map {
    struct port_map_ops ops;
    bool allows_pcp, allows_pmp;
    enum nat_protocol protocol; /* that is spoken now */
    unsigned n;
    struct port_mapping mappings[PORT_MAP_MAX];
    /* the question under way */
    bool asking;
    struct nat_request question;
    unsigned which, sent; /* whose mapping; how often it was asked */
    int64_t resend_us;
    /* NAT-PMP: the address is asked for by itself */
    struct net_addr address;
    int64_t address_until_us;
    /* the gateway's clock at some time of ours */
    bool has_epoch;
    uint32_t epoch_s;
    int64_t epoch_at_us;
    int error; /* why the gateway was given up; 0 once it has answered */
};

/* At least one of the protocols is allowed. */
void port_map_init(struct port_map *m, const struct port_map_ops *ops, bool pcp, bool pmp);

/* Returns: 0, or PN_ELIMIT beyond PORT_MAP_MAX. */
int port_map_add(struct port_map *m, const struct nat_port *inside);

/* Do what is due. Returns: when to call again. */
int64_t port_map_tick(struct port_map *m, int64_t now_us);

/* A packet from the gateway. Call port_map_tick afterwards. */
void port_map_input(struct port_map *m, const void *data, size_t len, int64_t now_us);

/* Take back what is mapped: one packet each, without waiting for an answer. */
void port_map_end(struct port_map *m);

#endif
