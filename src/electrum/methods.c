/* The table of methods, sorted by name, with their prices (ElectrumX session.py) and the versions
 * that have them. */
#include "electrum/internal.h"
#include "electrum/version.h"

#define PARAMS(...) \
    {               \
        __VA_ARGS__ \
    }
#define METHOD(text, names, needed, function, cost, ...)                                    \
    {                                                                                       \
        .rpc.name = text, .rpc.params = names, .rpc.required = needed, .rpc.run = function, \
        .price = cost __VA_OPT__(, ) __VA_ARGS__                                            \
    }
#define NO_INDEX(text) METHOD(text, PARAMS(NULL), 0, call_no_index, 1, .rpc.more = true)

/* clang-format off */
static const struct electrum_method methods[] = {
    NO_INDEX("blockchain.address.get_balance"),
    NO_INDEX("blockchain.address.get_history"),
    NO_INDEX("blockchain.address.get_mempool"),
    NO_INDEX("blockchain.address.listunspent"),
    NO_INDEX("blockchain.address.subscribe"),
    NO_INDEX("blockchain.address.unsubscribe"),
    METHOD("blockchain.block.header", PARAMS("height", "cp_height"), 1, call_block_header, 0.25),
    METHOD("blockchain.block.headers", PARAMS("start_height", "count", "cp_height"), 2,
           call_block_headers, 0.25),
    METHOD("blockchain.estimatefee", PARAMS("number", "mode"), 1, call_estimatefee, 0.1),
    METHOD("blockchain.header.get", PARAMS("height"), 1, call_header_get, 0.25),
    METHOD("blockchain.headers.get_tip", PARAMS(NULL), 0, call_headers_get_tip, 0.25),
    METHOD("blockchain.headers.subscribe", PARAMS(NULL), 0,
           call_headers_subscribe, 0.25, .flags = METHOD_SESSION),
    METHOD("blockchain.headers.unsubscribe", PARAMS(NULL), 0,
           call_headers_unsubscribe, 0.1, .flags = METHOD_SESSION),
    METHOD("blockchain.relayfee", PARAMS(NULL), 0, call_relayfee, 1, .until = PROTOCOL(1, 6, 0)),
    NO_INDEX("blockchain.scripthash.get_balance"),
    NO_INDEX("blockchain.scripthash.get_history"),
    NO_INDEX("blockchain.scripthash.get_mempool"),
    NO_INDEX("blockchain.scripthash.listunspent"),
    NO_INDEX("blockchain.scripthash.subscribe"),
    NO_INDEX("blockchain.scripthash.unsubscribe"),
    METHOD("blockchain.transaction.broadcast", PARAMS("raw_tx"), 1,
           call_broadcast, 0.25, .flags = METHOD_WAITS | METHOD_CHANGES),
    METHOD("blockchain.transaction.broadcast_package", PARAMS("raw_txs", "verbose"), 1,
           call_broadcast_package, 0.25, .since = PROTOCOL(1, 6, 0), .flags = METHOD_CHANGES),
    METHOD("blockchain.transaction.get", PARAMS("tx_hash", "verbose"), 1, call_transaction_get, 1),
    METHOD("blockchain.transaction.get_merkle", PARAMS("tx_hash", "height"), 2,
           call_get_merkle, 1, .flags = METHOD_WAITS),
    METHOD("blockchain.transaction.id_from_pos", PARAMS("height", "tx_pos", "merkle"), 2,
           call_id_from_pos, 1, .flags = METHOD_WAITS),
    METHOD("mempool.get_fee_histogram", PARAMS(NULL), 0, call_fee_histogram, 1),
    METHOD("mempool.get_info", PARAMS(NULL), 0, call_mempool_info, 1, .since = PROTOCOL(1, 6, 0)),
    METHOD("server.add_peer", PARAMS("features"), 1, call_server_add_peer, 100,
           .flags = METHOD_CHANGES),
    METHOD("server.banner", PARAMS(NULL), 0, call_server_banner, 0.5),
    METHOD("server.donation_address", PARAMS(NULL), 0, call_server_donation_address, 0.1),
    METHOD("server.features", PARAMS(NULL), 0, call_server_features, 0.2),
    METHOD("server.peers.subscribe", PARAMS(NULL), 0, call_server_peers_subscribe, 1),
    METHOD("server.ping", PARAMS(NULL), 0, call_server_ping, 0.1, .rpc.more = true),
    METHOD("server.version", PARAMS("client_name", "protocol_version"), 0,
           call_server_version, 0.5, .rpc.more = true, .flags = METHOD_SESSION),
};
/* clang-format on */

static struct metric_family requests_family = {
    .name = "p2pnode_electrum_requests_total",
    .help = "Requests of Electrum clients by method and outcome.",
    .type = METRIC_COUNTER,
    .labels = {"method", "outcome"},
};

static int count(const struct electrum_method *m, int code)
{
    metric_add(
        metric_get(&requests_family, m ? m->rpc.name : "unknown", code ? "error" : "ok", NULL), 1);
    return code;
}

const struct electrum_method *electrum_method_find(const char *name, unsigned protocol)
{
    const struct electrum_method *m = (const void *)jrpc_method_find(
        methods, sizeof methods / sizeof methods[0], sizeof methods[0], name);

    if (!m || (protocol && protocol < m->since) || (protocol && m->until && protocol >= m->until))
        return NULL;
    return m;
}

int electrum_call(struct electrum_caller *caller, struct jrpc_call *call, const char *method,
                  const cJSON *params, struct buf *result)
{
    const struct electrum_method *m = electrum_method_find(method, caller->protocol);

    *call = (struct jrpc_call){.context = caller, .params = params, .result = result};
    if (!m || (!caller->session && (m->flags & METHOD_SESSION))) {
        jrpc_fail(call, JRPC_UNKNOWN_METHOD, "unknown method");
        return count(NULL, call->code);
    }
    call->method = &m->rpc;
    caller->cost += m->price;
    return count(m, jrpc_method_run(call));
}

void call_no_index(struct jrpc_call *c)
{
    jrpc_fail(c, ELECTRUM_BAD_REQUEST,
              "this server keeps headers and recent blocks, no index of addresses");
}
