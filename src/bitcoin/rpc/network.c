#include <stdlib.h>

#include "base/err.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"

static bool is_reachable(const struct btc_rpc *context, enum net_kind kind)
{
    uint32_t kinds = context->reachable_kinds;

    return kinds == ADDRBOOK_ALL_KINDS || (kinds & ADDRBOOK_KIND_BIT(kind)) != 0;
}

static cJSON *networks(const struct btc_rpc *context)
{
    static const enum net_kind kinds[] = {NET_IPV4, NET_IPV6, NET_TORV3, NET_I2P, NET_CJDNS};
    cJSON *list = json_new_array();

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct net_addr of_kind = {.kind = kinds[i], .bytes = {8}};
        const char *proxy = kinds[i] == NET_TORV3 && context->onion ? context->onion
                            : kinds[i] == NET_I2P                   ? NULL
                                                                    : context->proxy;
        bool reachable = is_reachable(context, kinds[i]);
        cJSON *o = json_new_object();

        json_set(o, "name", json_new_text(rpc_network_name(&of_kind)));
        json_set(o, "limited", json_new_bool(!reachable));
        json_set(o, "reachable", json_new_bool(reachable));
        json_set(o, "proxy", json_new_text(proxy ? proxy : ""));
        json_set(o, "proxy_randomize_credentials", json_new_bool(false));
        json_push(list, o);
    }
    return list;
}

static cJSON *local_addresses(struct addrbook *book)
{
    struct addrbook_local list[ADDRBOOK_LOCAL_MAX];
    size_t n = addrbook_local_list(book, list);
    cJSON *array = json_new_array();

    for (size_t i = 0; i < n; i++) {
        cJSON *o = json_new_object();

        json_set(o, "address", rpc_host(&list[i].addr));
        json_set(o, "port", json_new_uint(list[i].addr.port));
        json_set(o, "score", json_new_int(list[i].score));
        json_push(array, o);
    }
    return array;
}

enum { OFFSETS_MAX = 256 };

struct head_count {
    unsigned in, out;
    int64_t offsets_s[OFFSETS_MAX]; /* of those we dialled: nobody chooses these for us */
};

static void count_head(void *arg, struct peer *p)
{
    struct head_count *n = arg;

    if (!rpc_peer_is_ready(p))
        return;
    if (peer_inbound(p)) {
        n->in++;
        return;
    }
    if (n->out < OFFSETS_MAX)
        n->offsets_s[n->out] = btc_peer_of(p)->time_offset_s;
    n->out++;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* bitcoind, TimeOffsets::Median: of at least five, or nothing can be said. */
static int64_t median_offset_s(struct head_count *n)
{
    enum { LEAST = 5 };
    unsigned count = n->out < OFFSETS_MAX ? n->out : OFFSETS_MAX;

    if (count < LEAST)
        return 0;
    qsort(n->offsets_s, count, sizeof n->offsets_s[0], compare);
    return n->offsets_s[count / 2];
}

void rpc_getnetworkinfo(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    const struct bitcoin_config *config = &context->bitcoin->config;
    uint64_t services = blocks_services(context->bitcoin);
    double fee = (double)bitcoin_relay_fee(context->bitcoin) / 1e8;
    struct head_count heads = {.in = 0};
    cJSON *o;

    if (server_visit_peers(context->server, count_head, &heads) < 0) {
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
        return;
    }
    o = c->result = json_new_object();
    json_set(o, "version", json_new_int(BTC_RPC_VERSION));
    json_set(o, "subversion", json_new_text(config->user_agent));
    json_set(o, "protocolversion", json_new_int(BTC_PROTOCOL_VERSION));
    json_set(o, "localservices", rpc_services(services));
    json_set(o, "localservicesnames", rpc_service_names(services));
    json_set(o, "localrelay", json_new_bool(config->tx_relay != BITCOIN_TX_RELAY_OFF));
    json_set(o, "timeoffset", json_new_int(median_offset_s(&heads)));
    json_set(o, "networkactive", json_new_bool(!gate_is_paused(context->gate)));
    json_set(o, "connections", json_new_uint(heads.in + heads.out));
    json_set(o, "connections_in", json_new_uint(heads.in));
    json_set(o, "connections_out", json_new_uint(heads.out));
    json_set(o, "networks", networks(context));
    json_set(o, "relayfee", json_new_number(fee));
    json_set(o, "incrementalfee", json_new_number(fee));
    json_set(o, "localaddresses", local_addresses(context->book));
    json_set(o, "warnings", json_new_array());
}

static void part(void *arg, struct peer *p)
{
    (void)arg;
    peer_disconnect(p, PN_EPAUSED);
}

/* Of every network of this node: whoever switches it off wants nobody connected. */
void rpc_setnetworkactive(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    bool active = rpc_bool(c, 0);

    if (c->code)
        return;
    gate_pause(context->gate, !active);
    if (!active && server_visit_peers(context->server, part, NULL) < 0)
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
    else
        c->result = json_new_bool(active);
}
