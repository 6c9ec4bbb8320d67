#include "bitcoin/rpc/internal.h"

static const struct rpc_method methods[] = {
    {"addpeeraddress", "address port [tried]", "Enter an address into the address book.",
     rpc_addpeeraddress},
    {"clearbanned", "", "Lift all bans.", rpc_clearbanned},
    {"disconnectnode", "[address] [nodeid]", "Part from a peer, named by address or number.",
     rpc_disconnectnode},
    {"generate", "nblocks", "Make blocks, on regtest alone.", rpc_generate},
    {"generatetoaddress", "nblocks address [maxtries]",
     "Make blocks, on regtest alone, that pay to an address.", rpc_generatetoaddress},
    {"generatetodescriptor", "num_blocks descriptor [maxtries]",
     "Make blocks, on regtest alone, that pay to a script, given as raw(HEX).",
     rpc_generatetodescriptor},
    {"getaddrmaninfo", "", "How many addresses are known, by network and table.",
     rpc_getaddrmaninfo},
    {"getbestblockhash", "", "The hash of the best header.", rpc_getbestblockhash},
    {"getblock", "blockhash [verbosity]",
     "A block by its hash: 0 for hexadecimal, 1 for an object, 2 with its transactions. One that "
     "is "
     "not kept is fetched from a peer that serves it.",
     rpc_getblock},
    {"getblockchaininfo", "", "The header chain; \"blocks\" counts headers, too.",
     rpc_getblockchaininfo},
    {"getblockcount", "", "The height of the best header.", rpc_getblockcount},
    {"getblockfilter", "blockhash [filtertype]",
     "The basic filter of a block (BIP 158) and its header, where --blockfilterindex has made it.",
     rpc_getblockfilter},
    {"getblockfilterheader", "blockhash [filtertype]",
     "The filter header of a block: as the index has it, and as several peers have told and "
     "agreed.",
     rpc_getblockfilterheader},
    {"getblockhash", "height", "The hash of the best chain's header at a height.",
     rpc_getblockhash},
    {"getblockheader", "blockhash [verbose]",
     "A header by its hash, as an object or with false in hexadecimal.", rpc_getblockheader},
    {"getchaintips", "", "The ends of all branches of the header chain.", rpc_getchaintips},
    {"getconnectioncount", "", "How many peers are connected.", rpc_getconnectioncount},
    {"getdifficulty", "", "How much harder than the first block the best header is.",
     rpc_getdifficulty},
    {"getindexinfo", "[index_name]", "How far the block filters reach.", rpc_getindexinfo},
    {"getmempoolentry", "txid", "One of the unconfirmed transactions.", rpc_getmempoolentry},
    {"getmempoolinfo", "", "The pool of unconfirmed transactions.", rpc_getmempoolinfo},
    {"getnettotals", "", "Bytes sent to and received from peers.", rpc_getnettotals},
    {"getnetworkinfo", "", "This node as its peers see it.", rpc_getnetworkinfo},
    {"getnodeaddresses", "[count] [network]",
     "Addresses of nodes from the address book: one, or count of them, or with 0 all.",
     rpc_getnodeaddresses},
    {"getpeerinfo", "", "Every peer, with what is known of it.", rpc_getpeerinfo},
    {"getpeerratings", "",
     "How good every peer is at delivering blocks, and what it owes: why blocks are asked of "
     "others. "
     "Times are seconds.",
     rpc_getpeerratings},
    {"getrawmempool", "[verbose] [mempool_sequence]",
     "The unconfirmed transactions: as a list, with details, or with the next number of ZeroMQ's "
     "topic sequence.",
     rpc_getrawmempool},
    {"listbanned", "", "Every address and subnet that is banned.", rpc_listbanned},
    {"ping", "", "Measure the round trip to every peer; getpeerinfo shows it.", rpc_ping},
    {"sendrawtransaction", "hexstring",
     "Hand a transaction to the network, after every check that needs no coins.",
     rpc_sendrawtransaction},
    {"setban", "subnet command [bantime] [absolute]",
     "Ban an address or subnet (\"add\"), for a day if no time is given, or lift its ban "
     "(\"remove\").",
     rpc_setban},
    {"setnetworkactive", "state",
     "Part from all peers of every network, and take and make no connections (false), or do so "
     "again "
     "(true). Ethereum's discovery goes on.",
     rpc_setnetworkactive},
    {"testmempoolaccept", "rawtxs",
     "Whether transactions pass the checks that need no coins; nothing is sent.",
     rpc_testmempoolaccept},
};

struct rpc_table btc_rpc_table(struct btc_rpc *context)
{
    return (struct rpc_table){
        .section = "bitcoin",
        .methods = methods,
        .n = sizeof methods / sizeof *methods,
        .arg = context,
    };
}
