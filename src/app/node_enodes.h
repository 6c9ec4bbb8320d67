/* Ethereum nodes that the options name, and the seats that their connections need. */
#ifndef APP_NODE_ENODES_H
#define APP_NODE_ENODES_H

#include "ethereum/enr/node.h"

struct options;

#define NODE_ENODES_MAX 128

/* The enode URLs of a comma-separated list, which may be NULL: at most NODE_ENODES_MAX. Returns: 0
 * and *n; PN_EFORMAT, PN_ELIMIT, which have been logged. */
int node_enodes_parse(struct eth_node out[NODE_ENODES_MAX], unsigned *n, const char *list);

/* How many the options want kept connected, static and trusted. Thread: the main thread. */
unsigned node_enodes_named(const struct options *o);

/* Seats of the server that Ethereum's peers take. Thread: the main thread. */
unsigned node_eth_seats(const struct options *o);

#endif
