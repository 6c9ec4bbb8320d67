/* Methods about the peers that the operator names. */
#include <string.h>

#include "app/node_api.h"
#include "app/node_setup.h"
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

void node_getaddednodeinfo(struct rpc_call *c)
{
    struct node *n = c->arg;
    struct net_target *kept = mem_alloc_array(DIALER_MAX_REQUESTS, sizeof *kept);
    char text[NET_TARGET_TEXT_BYTES];
    size_t count;

    if (!kept) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
        return;
    }
    c->result = json_new_array();
    count = dialer_kept(n->dialer, kept, DIALER_MAX_REQUESTS, n->network);
    for (size_t i = 0; i < count; i++) {
        cJSON *o = json_new_object();

        json_set(o, "addednode", json_new_text(net_target_format(text, &kept[i])));
        json_push(c->result, o);
    }
    mem_free(kept);
}
