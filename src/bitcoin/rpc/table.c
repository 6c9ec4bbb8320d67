#include "bitcoin/rpc/internal.h"

static const struct rpc_method methods[] = {
    {"addpeeraddress", "address port [tried]", "Enter an address into the address book.",
     rpc_addpeeraddress},
    {"clearbanned", "", "Lift all bans.", rpc_clearbanned},
    {"disconnectnode", "[address] [nodeid]", "Part from a peer, named by address or number.",
     rpc_disconnectnode},
    {"getaddrmaninfo", "", "How many addresses are known, by network and table.",
     rpc_getaddrmaninfo},
    {"getconnectioncount", "", "How many peers are connected.", rpc_getconnectioncount},
    {"getnettotals", "", "Bytes sent to and received from peers.", rpc_getnettotals},
    {"getnetworkinfo", "", "This node as its peers see it.", rpc_getnetworkinfo},
    {"getnodeaddresses", "[count] [network]",
     "Addresses of nodes from the address book: one, or count of them, or with 0 all.",
     rpc_getnodeaddresses},
    {"getpeerinfo", "", "Every peer, with what is known of it.", rpc_getpeerinfo},
    {"listbanned", "", "Every address and subnet that is banned.", rpc_listbanned},
    {"ping", "", "Measure the round trip to every peer; getpeerinfo shows it.", rpc_ping},
    {"setban", "subnet command [bantime] [absolute]",
     "Ban an address or subnet (\"add\"), for a day if no time is given, or lift its ban "
     "(\"remove\").",
     rpc_setban},
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
