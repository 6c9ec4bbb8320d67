/* Methods that say why: from the journal, in the words of those who decided. */
#include <stdio.h>
#include <string.h>

#include "api/event_json.h"
#include "app/node_api.h"
#include "app/node_electrum.h"
#include "app/node_p2p.h"
#include "app/node_parts.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/journal.h"

enum { RECORDS_MAX = 1000, RECORDS_DEFAULT = 100 };

static cJSON *records(struct rpc_call *c, const struct journal_filter *filter, size_t max)
{
    struct node *n = c->arg;
    struct journal_record *found = mem_alloc_array(max, sizeof *found);
    cJSON *list = json_new_array();
    size_t count;

    if (!found) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
        return list;
    }
    count = journal_query(n->journal, found, max, filter);
    for (size_t i = 0; i < count; i++)
        json_push(list, event_json(&found[i]));
    mem_free(found);
    return list;
}

/* --- explain ADDRESS --- */

/* What is decided now about an address, besides what has happened to it. */
static cJSON *verdict(struct node *n, const struct net_addr *addr)
{
    cJSON *o = json_new_object();
    int dial = gate_permit_dial(&n->gate, addr);
    struct addrbook_record record;
    const char *terrible = NULL;
    bool known = addrbook_find(n->book, &record, addr);

    if (known)
        terrible = addrbook_terrible(&record, clock_wall_s());
    json_set(o, "routable", json_new_bool(net_addr_is_routable(&n->policy, addr)));
    json_set(o, "may_be_dialled", json_new_bool(dial == 0));
    if (dial < 0)
        json_set(o, "because", json_new_text(pn_strerror(dial)));
    json_set(o, "in_address_book", json_new_bool(known));
    if (!known)
        return o;
    json_set(o, "table", json_new_text(record.tried ? "tried" : "new"));
    json_set(o, "failed_attempts", json_new_uint(record.attempts));
    json_set(o, "last_try", json_new_int(record.last_try_s));
    json_set(o, "last_success", json_new_int(record.last_success_s));
    json_set(o, "chance", json_new_number(addrbook_chance(&record, clock_wall_s())));
    if (terrible)
        json_set(o, "given_up", json_new_text(terrible));
    return o;
}

/* The host of "host" or "host:port", in lower case, as servers are known. */
static void set_server(struct rpc_call *c, const char *text)
{
    char host[256];
    size_t len = strcspn(text, ":");
    cJSON *server;

    if (len >= sizeof host)
        return;
    for (size_t i = 0; i < len; i++)
        host[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    host[len] = '\0';
    server = node_electrum_explain(c->arg, strchr(text, '.') ? host : text); /* or IPv6 */
    if (server)
        json_set(c->result, "electrum_server", server);
}

static void explain_address(struct rpc_call *c, const char *text)
{
    struct node *n = c->arg;
    struct journal_filter filter = {.host = text};
    char formatted[NET_ADDR_TEXT_BYTES];
    struct net_addr addr;

    c->result = json_new_object();
    if (net_addr_parse(&addr, text, 0) == 0) {
        if (addr.port)
            filter = (struct journal_filter){.subject = net_addr_format(formatted, &addr)};
        json_set(c->result, "now", verdict(n, &addr));
    }
    set_server(c, text);
    json_set(c->result, "history", records(c, &filter, RECORDS_DEFAULT));
}

/* --- explain --- */

static cJSON *funnel_object(const struct journal_funnel *f)
{
    cJSON *o = json_new_object();

    json_set(o, "found", json_new_uint(f->found));
    json_set(o, "filtered", json_new_uint(f->filtered));
    json_set(o, "chosen", json_new_uint(f->chosen));
    json_set(o, "dialled", json_new_uint(f->dialled));
    json_set(o, "failed", json_new_uint(f->failed));
    json_set(o, "handshaken_outbound", json_new_uint(f->handshaken_outbound));
    json_set(o, "handshaken_inbound", json_new_uint(f->handshaken_inbound));
    json_set(o, "ended", json_new_uint(f->ended));
    return o;
}

static cJSON *reasons(struct rpc_call *c, const char *network)
{
    struct node *n = c->arg;
    struct journal_tally *tallies = mem_alloc_array(JOURNAL_TALLIES_MAX, sizeof *tallies);
    cJSON *list = json_new_array();
    size_t count;

    if (!tallies) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
        return list;
    }
    count = journal_tallies(n->journal, tallies, JOURNAL_TALLIES_MAX, network);
    for (size_t i = 0; i < count; i++) {
        cJSON *o = json_new_object();

        json_set(o, "event", json_new_text(journal_event_name(tallies[i].event)));
        json_set(o, "reason", json_new_text(tallies[i].reason));
        json_set(o, "count", json_new_uint(tallies[i].count));
        json_push(list, o);
    }
    mem_free(tallies);
    return list;
}

/* Where the way of addresses to peers ends, and what to do about it. */
static const char *advice(const struct journal_funnel *f, unsigned peers, bool ethereum)
{
    if (peers > 0)
        return "There are peers.";
    if (f->found == 0 && f->dialled == 0 && ethereum)
        return "No nodes are known: check that UDP works in both directions and the clock is "
               "right, "
               "or name nodes with --eth-bootnodes or --eth-static.";
    if (f->found == 0 && f->dialled == 0)
        return "No addresses are known: check that DNS works, or name a node, now with \"p2pnode "
               "ctl "
               "addnode HOST:PORT add\", at every start with --addnode or --seednode.";
    if (f->dialled == 0)
        return "Addresses are known, but none may be dialled: see the reasons of \"skipped\", and "
               "--netrestrict, --onlynet and the proxies.";
    if (f->handshaken_outbound == 0 && f->failed >= f->dialled)
        return "Every connection failed: see the reasons of \"failed\", and whether this machine "
               "may reach others.";
    if (f->handshaken_outbound == 0)
        return "Connections are made but no handshake was completed: see the reasons of "
               "\"disconnected\".";
    return "There were peers, and they have gone: see the reasons of \"disconnected\".";
}

static void explain_network(struct rpc_call *c, const char *network)
{
    struct node *n = c->arg;
    struct journal_funnel funnel = journal_funnel(n->journal, network);
    bool ethereum = strcmp(network, "ethereum") == 0;
    unsigned peers = ethereum ? p2p_peers(node_p2p_rpc(n).p2p) : bitcoin_peers(n->bitcoin);

    c->result = json_new_object();
    json_set(c->result, "network", json_new_text(network));
    json_set(c->result, "peers", json_new_uint(peers));
    json_set(c->result, "funnel", funnel_object(&funnel));
    json_set(c->result, "advice", json_new_text(advice(&funnel, peers, ethereum)));
    json_set(c->result, "reasons", reasons(c, network));
}

void node_explain(struct rpc_call *c)
{
    const char *subject = rpc_given(c, 0) ? rpc_text(c, 0) : "bitcoin";
    const struct node *n = c->arg;

    if (c->code)
        return;
    if (strcmp(subject, "bitcoin") == 0 || (strcmp(subject, "ethereum") == 0 && n->p2p))
        explain_network(c, subject);
    else if (strcmp(subject, "ethereum") == 0)
        rpc_fail(c, RPC_INVALID_PARAMETER, "this node does not take part in Ethereum: --ethereum");
    else
        explain_address(c, subject);
}

/* --- journal --- */

void node_journal(struct rpc_call *c)
{
    int64_t max = rpc_given(c, 0) ? rpc_int(c, 0, 1, RECORDS_MAX) : RECORDS_DEFAULT;
    const char *event = rpc_given(c, 1) ? rpc_text(c, 1) : NULL;
    struct journal_filter filter = {.events = 0};

    for (unsigned e = 0; event && e < JOURNAL_EVENT_COUNT; e++)
        if (strcmp(event, journal_event_name((enum journal_event)e)) == 0)
            filter.events = JOURNAL_BIT(e);
    if (!c->code && event && !filter.events)
        rpc_fail(c, RPC_INVALID_PARAMETER, "there is no event %.32s", event);
    if (!c->code)
        c->result = records(c, &filter, (size_t)max);
}
