/* The packets of NAT-PMP (RFC 6886) and of its successor PCP (RFC 6887), as far as it takes to ask
 * a gateway for its outside address and for a port. Pure; no I/O. Thread: any. */
#ifndef NAT_NAT_PACKET_H
#define NAT_NAT_PACKET_H

#include "net/addr.h"

#define NAT_SERVER_PORT   5351
#define NAT_REQUEST_BYTES 60   /* the longest */
#define NAT_REPLY_BYTES   1100 /* RFC 6887 section 7 */
#define NAT_NONCE_BYTES   12

enum nat_protocol { NAT_PMP, NAT_PCP };
enum nat_transport { NAT_UDP, NAT_TCP };
enum nat_question { NAT_ADDRESS, NAT_MAPPING }; /* PCP tells the address with each mapping */

/* A port on which we listen. */
struct nat_port {
    enum nat_transport transport;
    uint16_t port;
};

struct nat_request {
    enum nat_protocol protocol;
    enum nat_question question;
    struct nat_port inside;
    uint32_t lifetime_s;            /* 0: the mapping is to go */
    struct net_addr outside;        /* the one we had, or wish for; NET_NONE, or a port of 0: any */
    struct net_addr client;         /* our address on the way to the gateway; PCP */
    uint8_t nonce[NAT_NONCE_BYTES]; /* the mapping's own; PCP */
};

enum nat_result { NAT_OK, NAT_BAD_VERSION, NAT_REFUSED };

struct nat_reply {
    enum nat_protocol protocol;
    enum nat_question question;
    enum nat_result result;
    uint32_t epoch_s; /* since the gateway lost its mappings */
    /* of a mapping: */
    struct nat_port inside;
    uint32_t lifetime_s;
    struct net_addr outside; /* NAT_PMP: an address without port, or NET_NONE with the port */
    uint8_t nonce[NAT_NONCE_BYTES];
};

/* Returns: the request's length. */
size_t nat_encode(uint8_t out[NAT_REQUEST_BYTES], const struct nat_request *q);

/* Only the fields above `inside` count unless the result is NAT_OK. Returns: 0 or PN_EFORMAT. */
int nat_decode(struct nat_reply *out, const void *data, size_t len);

#endif
