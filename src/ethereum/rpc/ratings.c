/* How good the peers are at what they are asked for: the rating by which a sync shares out its
 * requests (download/peers.h). */
#include "base/mem.h"
#include "codec/hex.h"
#include "download/board.h"
#include "ethereum/rpc/internal.h"
#include "ethereum/sync/downloader.h"
#include "peer/peer.h"
#include "server/copies.h"

static const char *const kind_names[SYNC_KINDS] = {"headers", "bodies", "receipts"};

/* Whose number is which. */
struct named_peer {
    uint64_t id; /* first, for server_copy_peers */
    struct eth_node node;
};

static bool name_peer(void *arg, void *item, struct peer *p)
{
    const struct eth_rpc *context = arg;
    struct named_peer *n = item;

    if (!p2p_is_ready(context->p2p, p))
        return false;
    eth_node_init(&n->node, p2p_peer_pubkey(p), peer_addr(p), peer_addr(p)->port);
    return true;
}

static cJSON *milliseconds(int64_t us)
{
    return json_new_number((double)us / 1000);
}

static cJSON *work(const struct download_rating *r, unsigned kind)
{
    cJSON *o = json_new_object();

    json_set(o, "throughput", json_new_number(r->work[kind].throughput));
    json_set(o, "capacity", json_new_uint(r->work[kind].capacity));
    json_set(o, "busy", json_new_bool(r->work[kind].busy));
    return o;
}

static cJSON *describe(const struct named_peer *n, const struct download_rating *r)
{
    cJSON *o = json_new_object();
    char hex[2 * ETH_ID_BYTES + 1], enode[ENODE_TEXT_BYTES];

    hex_encode(hex, n->node.id, sizeof n->node.id);
    json_set(o, "id", json_new_text(hex));
    json_set(o, "enode", json_new_text(enode_format(enode, &n->node)));
    json_set(o, "roundTrip", milliseconds(r->rtt_us));
    json_set(o, "lacking", json_new_uint(r->lacking));
    for (unsigned k = 0; k < SYNC_KINDS; k++)
        json_set(o, kind_names[k], work(r, k));
    return o;
}

/* The ratings of those that are connected; who is named but not rated has just come. */
static cJSON *list(const struct server_copies *names, const struct download_rating *ratings, int n)
{
    const struct named_peer *named = names->items;
    cJSON *peers = json_new_array();

    for (size_t i = 0; i < names->n; i++)
        for (int k = 0; k < n; k++)
            if (ratings[k].id == named[i].id)
                json_push(peers, describe(&named[i], &ratings[k]));
    return peers;
}

void rpc_admin_peer_ratings(struct rpc_call *c)
{
    struct eth_rpc *context = c->arg;
    struct download_estimate estimate;
    struct download_rating *ratings;
    struct server_copies names;
    int n;

    if (server_copy_peers(context->server, &names, sizeof(struct named_peer), name_peer, context) <
        0) {
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping or out of memory");
        return;
    }
    n = eth_look_ratings(context->eth, &estimate, &ratings);
    if (n < 0) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
    } else {
        c->result = json_new_object();
        json_set(c->result, "requestTarget", milliseconds(estimate.rtt_us));
        json_set(c->result, "requestTimeout", milliseconds(estimate.ttl_us));
        json_set(c->result, "confidence", json_new_number(estimate.confidence));
        json_set(c->result, "peers", list(&names, ratings, n));
    }
    mem_free(ratings);
    mem_free(names.items);
}
