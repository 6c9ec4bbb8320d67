/* An Ethereum node as discovery knows it: its key, its place in Kademlia's space, its endpoint; and
 * the text of it, the enode URL. */
#ifndef ETHEREUM_ENR_NODE_H
#define ETHEREUM_ENR_NODE_H

#include "crypto/ec.h"
#include "crypto/keccak.h"
#include "net/addr.h"

#define ETH_ID_BYTES KECCAK256_BYTES

/* The families of addresses: a node has at most one endpoint of each. */
enum eth_family { ETH_IPV4, ETH_IPV6, ETH_FAMILIES };

struct eth_endpoint {
    struct net_addr udp; /* NET_NONE when the address is not known; its port counts even then */
    uint16_t tcp_port;   /* of the same address; 0: takes no RLPx connections */
};

struct eth_node {
    uint8_t pubkey[EC_PUBKEY_BYTES]; /* what discv4 calls the node id */
    uint8_t id[ETH_ID_BYTES];        /* Keccak-256 of it: the place in the space */
    struct net_addr udp;             /* where discovery reaches it; NET_NONE: not known */
    uint16_t tcp_port;               /* 0: takes no RLPx connections */
};

/* "enode://" + 128 digits + "@" + address + "?discport=65535" + terminator, rounded up. */
#define ENODE_TEXT_BYTES 256

/* The family of an IPv4 or IPv6 address. */
enum eth_family eth_family_of(const struct net_addr *a);

/* Fill in a node from its key and endpoint. Thread: any. */
void eth_node_init(struct eth_node *n, const uint8_t pubkey[EC_PUBKEY_BYTES],
                   const struct net_addr *udp, uint16_t tcp_port);

/* enode://KEY@IP:TCP[?discport=UDP]; or without "@..." when only the key is known. Addresses are
 * numeric: nothing is resolved. The key must be on the curve. Source: go-ethereum
 * p2p/enode/urlv4.go. Thread: any. Returns: 0 or PN_EFORMAT. */
int enode_parse(struct eth_node *out, const char *url);

/* Returns: out. */
const char *enode_format(char out[ENODE_TEXT_BYTES], const struct eth_node *n);

/* The first hexadecimal digits of the id, for the log. Returns: out. */
const char *eth_id_short(char out[17], const uint8_t id[ETH_ID_BYTES]);

/* Kademlia's logarithmic distance: the number of bits from the first in which a and b differ; 0 for
 * equal ids, at most 256. */
unsigned eth_logdist(const uint8_t a[ETH_ID_BYTES], const uint8_t b[ETH_ID_BYTES]);

/* Which of a and b is closer to target: negative for a, positive for b, 0 when they are equal. */
int eth_distcmp(const uint8_t target[ETH_ID_BYTES], const uint8_t a[ETH_ID_BYTES],
                const uint8_t b[ETH_ID_BYTES]);

#endif
