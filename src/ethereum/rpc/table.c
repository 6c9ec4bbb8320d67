#include "ethereum/rpc/internal.h"

static const struct rpc_method methods[] = {
    {"admin_addPeer", "enode", "Keep connected to the node with this enode URL.",
     rpc_admin_add_peer},
    {"admin_nodeInfo", "", "Our own Ethereum node: its enode URL, its record, its ports.",
     rpc_admin_node_info},
    {"admin_peerRatings", "",
     "How good each connected Ethereum node is at what it is asked for: items a second, how many "
     "it would be asked for now, round trip in milliseconds, how much it was found to lack.",
     rpc_admin_peer_ratings},
    {"admin_peers", "", "The Ethereum nodes that are connected.", rpc_admin_peers},
    {"admin_removePeer", "enode",
     "Part from the node with this enode URL, and do not keep connected to it any more.",
     rpc_admin_remove_peer},
    {"net_peerCount", "", "How many Ethereum nodes are connected, in hexadecimal.",
     rpc_net_peer_count},
};

struct rpc_table eth_rpc_table(struct eth_rpc *context)
{
    return (struct rpc_table){.section = "ethereum",
                              .methods = methods,
                              .n = sizeof methods / sizeof methods[0],
                              .arg = context};
}
