/* Ethereum's peers as a part of the node: listeners, the p2p layer, and its places with the server
 * and the dialer. */
#ifndef APP_NODE_P2P_H
#define APP_NODE_P2P_H

#include "app/node_enodes.h"
#include "ethereum/rpc/rpc.h"

struct node;

/* Listen on the TCP ports of the endpoints. Where a port is 0, the one that was found stands in the
 * endpoint from then on, for UDP too. Thread: the main thread, as for all that follow. Returns: 0,
 * PN_EBUSY or another pn_err, which has been logged; node_p2p_close and node_p2p_free undo what was
 * done. */
int node_p2p_listen(struct node *n, struct eth_endpoint endpoints[ETH_FAMILIES]);

/* Make the p2p layer, when discovery is there. Returns: 0 or a pn_err, which has been logged. */
int node_p2p_make(struct node *n, const uint8_t secret[EC_SECRET_BYTES],
                  const struct eth_node *bootnodes, unsigned n_bootnodes);

/* What its methods reach. Thread: the main thread, after node_p2p_make. */
struct eth_rpc node_p2p_rpc(const struct node *n);

/* Keep connected to these static nodes from now on, in place of those that the options named until
 * now; at most NODE_ENODES_MAX. Thread: loop. */
void node_p2p_set_statics(struct node *n, const struct eth_node *now, unsigned n_now);

/* Stop listening. Does nothing without node_p2p_listen. */
void node_p2p_close(struct node *n);

/* After the server and the dialer have been freed. */
void node_p2p_free(struct node *n);

#endif
