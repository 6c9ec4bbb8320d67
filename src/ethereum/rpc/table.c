#include "ethereum/rpc/internal.h"

static const struct rpc_method methods[] = {
    {"admin_addPeer", "enode", "Keep connected to the node with this enode URL.",
     rpc_admin_add_peer},
    {"admin_addTrustedPeer", "enode",
     "Let the node with this enode URL in above the limits, from its next connection on.",
     rpc_admin_add_trusted_peer},
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
    {"admin_removeTrustedPeer", "enode", "Let the node in above the limits no longer.",
     rpc_admin_remove_trusted_peer},
    {"eth_blockNumber", "", "The number of the last block that is there with its body.",
     rpc_eth_block_number},
    {"eth_chainId", "", "The number that transactions of this network are signed for.",
     rpc_eth_chain_id},
    {"eth_getBlockByHash", "hash [full]",
     "A block by its hash, with the hashes of its transactions, or with the transactions.",
     rpc_eth_get_block_by_hash},
    {"eth_getBlockByNumber", "number [full]",
     "A block of the best branch by its number, \"earliest\" or \"latest\".",
     rpc_eth_get_block_by_number},
    {"eth_getBlockTransactionCountByHash", "hash", "How many transactions a block has.",
     rpc_eth_count_by_hash},
    {"eth_getBlockTransactionCountByNumber", "number", "The same, by its number.",
     rpc_eth_count_by_number},
    {"eth_sendRawTransaction", "data",
     "Hand a signed transaction to the network, after every check that needs no state.",
     rpc_eth_send_raw_transaction},
    {"eth_syncing", "", "How far the chain has been fetched, or false when it has.",
     rpc_eth_syncing},
    {"net_listening", "", "Whether connections are taken.", rpc_net_listening},
    {"net_peerCount", "", "How many Ethereum nodes are connected, in hexadecimal.",
     rpc_net_peer_count},
    {"net_version", "", "The number of the network, in decimal digits.", rpc_net_version},
    {"rpc_modules", "", "The families of methods that there are.", rpc_rpc_modules},
    {"web3_clientVersion", "", "How this node calls itself.", rpc_web3_client_version},
};

struct rpc_table eth_rpc_table(struct eth_rpc *context)
{
    return (struct rpc_table){.section = "ethereum",
                              .methods = methods,
                              .n = sizeof methods / sizeof methods[0],
                              .arg = context};
}
