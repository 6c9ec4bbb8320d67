#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"

enum { SAMPLE_MAX = ADDRBOOK_CAPACITY };

static cJSON *seen_object(const struct addrbook_seen *seen)
{
    cJSON *o = json_new_object();

    json_set(o, "time", json_new_int(seen->last_seen_s));
    json_set(o, "services", json_new_uint(seen->services));
    json_set(o, "address", rpc_host(&seen->addr));
    json_set(o, "port", json_new_uint(seen->addr.port));
    json_set(o, "network", json_new_text(rpc_network_name(&seen->addr)));
    return o;
}

/* Of the whole book, unlike an answer to getaddr: whoever may call this may know all. In random
 * order. Returns: how many. */
static size_t pick(struct addrbook *book, struct addrbook_seen *out, size_t max, uint32_t kinds)
{
    struct addrbook_record *records;
    int64_t now = clock_wall_s();
    size_t n, kept = 0;

    if (addrbook_snapshot(book, &records, &n) < 0)
        return 0;
    for (; n > 0 && kept < max; n--) {
        size_t at = random_below(n);
        const struct addrbook_record *r = &records[at];

        if (!addrbook_terrible(r, now) &&
            (kinds == ADDRBOOK_ALL_KINDS || (kinds & ADDRBOOK_KIND_BIT(r->addr.kind))))
            out[kept++] = (struct addrbook_seen){
                .addr = r->addr, .services = r->services, .last_seen_s = r->last_seen_s};
        records[at] = records[n - 1];
    }
    mem_free(records);
    return kept;
}

void rpc_getnodeaddresses(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    int64_t count = rpc_given(c, 0) ? rpc_int(c, 0, 0, INT32_MAX) : 1;
    const char *network = rpc_given(c, 1) ? rpc_text(c, 1) : NULL;
    uint32_t kinds = ADDRBOOK_ALL_KINDS;
    struct addrbook_seen *seen;
    size_t n, max;

    if (!c->code && network && rpc_network_of_name(network) == NET_NONE)
        rpc_fail(c, RPC_INVALID_PARAMETER, "Network not recognized: %.32s", network);
    if (c->code)
        return;
    if (network)
        kinds = ADDRBOOK_KIND_BIT(rpc_network_of_name(network));
    max = count == 0 || count > SAMPLE_MAX ? SAMPLE_MAX : (size_t)count;
    seen = mem_alloc_array(max, sizeof *seen);
    if (!seen) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
        return;
    }
    n = pick(context->book, seen, max, kinds);
    c->result = json_new_array();
    for (size_t i = 0; i < n; i++)
        json_push(c->result, seen_object(&seen[i]));
    mem_free(seen);
}

static cJSON *table_counts(const struct addrbook_counts *counts, enum net_kind kind)
{
    uint32_t fresh = counts->n_new[kind], tried = counts->n_tried[kind];
    cJSON *o = json_new_object();

    json_set(o, "new", json_new_uint(fresh));
    json_set(o, "tried", json_new_uint(tried));
    json_set(o, "total", json_new_uint(fresh + tried));
    return o;
}

void rpc_getaddrmaninfo(struct rpc_call *c)
{
    static const enum net_kind kinds[] = {NET_IPV4, NET_IPV6, NET_TORV3, NET_I2P, NET_CJDNS};
    struct btc_rpc *context = c->arg;
    struct addrbook_counts counts;

    addrbook_counts(context->book, &counts);
    c->result = json_new_object();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct net_addr of_kind = {.kind = kinds[i], .bytes = {8}};

        json_set(c->result, rpc_network_name(&of_kind), table_counts(&counts, kinds[i]));
    }
    json_set(c->result, "all_networks", table_counts(&counts, NET_NONE));
}

void rpc_addpeeraddress(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    struct addrbook_seen seen = {.services = BTC_NODE_NETWORK | BTC_NODE_WITNESS,
                                 .last_seen_s = clock_wall_s()};
    const char *text = rpc_text(c, 0);
    uint16_t port = (uint16_t)rpc_int(c, 1, 0, UINT16_MAX);
    bool tried = rpc_given(c, 2) && rpc_bool(c, 2), added;

    if (c->code)
        return;
    if (net_addr_parse(&seen.addr, text, port) < 0 || seen.addr.port != port) {
        rpc_fail(c, RPC_INVALID_ADDRESS_OR_KEY, "Invalid IP address");
        return;
    }
    added = addrbook_add(context->book, &seen, 1, NULL, 0) == 1;
    if (added && tried)
        addrbook_good(context->book, &seen.addr);
    c->result = json_new_object();
    json_set(c->result, "success", json_new_bool(added));
    if (!added)
        json_set(c->result, "error", json_new_text("failed-adding-to-new"));
}
