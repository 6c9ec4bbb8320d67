/* Methods about the peers that the operator names. */
#include <string.h>

#include "app/node_api.h"
#include "app/node_parts.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"

static bool read_command(enum dialer_order_kind *out, struct rpc_call *c)
{
    static const struct {
        const char *name;
        enum dialer_order_kind kind;
    } commands[] = {
        {"add", DIALER_KEEP},
        {"remove", DIALER_KEEP_NO_LONGER},
        {"onetry", DIALER_TRY_ONCE},
    };
    const char *text = rpc_text(c, 1);

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(text, commands[i].name) == 0) {
            *out = commands[i].kind;
            return true;
        }
    rpc_fail(c, RPC_INVALID_PARAMETER, "command is add, remove or onetry");
    return false;
}

/* bitcoind's codes. */
static void fail(struct rpc_call *c, int rc)
{
    if (rc == PN_EEXIST)
        rpc_fail(c, RPC_NODE_ALREADY_ADDED, "Error: Node already added");
    else if (rc == PN_ENOENT)
        rpc_fail(c, RPC_NODE_NOT_ADDED, "Error: Node could not be removed. It has not been added.");
    else if (rc < 0)
        rpc_fail(c, RPC_MISC_ERROR, "%s", pn_strerror(rc));
}

void node_addnode(struct rpc_call *c)
{
    struct node *n = c->arg;
    uint16_t port = btc_params_find(n->options->bitcoin)->default_port;
    enum dialer_order_kind kind;
    struct net_target to;

    if (net_target_parse(&to, rpc_text(c, 0), port) < 0)
        rpc_fail(c, RPC_INVALID_ADDRESS_OR_KEY, "node is HOST or HOST:PORT");
    if (read_command(&kind, c) && !c->code)
        fail(c, dialer_ask(n->dialer, n->network, kind, &to));
}

/* --- what has become of them --- */

struct kept_list {
    struct dialer_kept nodes[DIALER_MAX_REQUESTS];
    size_t n;
    bool connected[DIALER_MAX_REQUESTS];
};

static void look(void *arg, struct peer *p)
{
    struct kept_list *list = arg;
    struct peer_stats stats;

    peer_stats(p, &stats);
    for (size_t i = 0; i < list->n && stats.ready; i++)
        if (peer_kind(p) == CONN_MANUAL && net_addr_equal(peer_addr(p), &list->nodes[i].at))
            list->connected[i] = true;
}

static cJSON *node_object(const struct kept_list *list, size_t i)
{
    char to[NET_TARGET_TEXT_BYTES], at[NET_ADDR_TEXT_BYTES];
    cJSON *o = json_new_object(), *addresses, *address;

    json_set(o, "addednode", json_new_text(net_target_format(to, &list->nodes[i].to)));
    json_set(o, "connected", json_new_bool(list->connected[i]));
    addresses = json_set(o, "addresses", json_new_array());
    if (!list->connected[i])
        return o;
    address = json_push(addresses, json_new_object());
    json_set(address, "address", json_new_text(net_addr_format(at, &list->nodes[i].at)));
    json_set(address, "connected", json_new_text("outbound"));
    return o;
}

/* Those that were asked for: all, or one by the name it was given. */
static void show(struct rpc_call *c, const struct kept_list *list, const char *name)
{
    char text[NET_TARGET_TEXT_BYTES];

    c->result = json_new_array();
    for (size_t i = 0; i < list->n; i++)
        if (!name || strcmp(name, net_target_format(text, &list->nodes[i].to)) == 0)
            json_push(c->result, node_object(list, i));
    if (name && cJSON_GetArraySize(c->result) == 0)
        rpc_fail(c, RPC_NODE_NOT_ADDED, "Error: Node has not been added.");
}

void node_getaddednodeinfo(struct rpc_call *c)
{
    const char *name = rpc_given(c, 0) ? rpc_text(c, 0) : NULL;
    struct kept_list *list = c->code ? NULL : mem_zalloc(sizeof *list);
    struct node *n = c->arg;

    if (!list) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
        return;
    }
    list->n = dialer_kept(n->dialer, list->nodes, DIALER_MAX_REQUESTS, n->network);
    if (server_visit_peers(n->server, look, list) < 0)
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
    else
        show(c, list, name);
    mem_free(list);
}
