/* Where discovery starts on the public networks: bootnodes, and node lists in DNS.
 * Source: go-ethereum params/bootnodes.go, core-geth params/bootnodes_*.go. */
#ifndef ETHEREUM_DISCOVERY_BOOTNODES_H
#define ETHEREUM_DISCOVERY_BOOTNODES_H

struct eth_bootnodes {
    const char *network;       /* "mainnet", "sepolia", "hoodi", "classic", "mordor" */
    const char *dns_tree;      /* enrtree://KEY@DOMAIN */
    const char *const *enodes; /* ends with NULL */
};

/* Thread: any. Returns: static data; NULL for a network that has none. */
const struct eth_bootnodes *eth_bootnodes_find(const char *network);

#endif
