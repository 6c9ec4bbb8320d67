#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"

static void part_from_banned(void *arg, struct peer *p)
{
    if (subnet_contains(arg, peer_addr(p)))
        peer_disconnect(p, PN_EBANNED);
}

static void add(struct rpc_call *c, struct subnet *net)
{
    struct btc_rpc *context = c->arg;
    int64_t now = clock_wall_s();
    int64_t given = rpc_given(c, 2) ? rpc_int(c, 2, 0, BAN_UNTIL_MAX) : 0;
    bool absolute = rpc_given(c, 3) && rpc_bool(c, 3);
    int64_t until = absolute ? given : now + (given ? given : atomic_load(&context->gate->ban_s));
    int rc;

    if (c->code)
        return;
    if (until <= now) {
        rpc_fail(c, RPC_INVALID_PARAMETER, "Error: Absolute timestamp is in the past");
        return;
    }
    rc = gate_ban(context->gate, net, until);
    if (rc == PN_EEXIST)
        rpc_fail(c, RPC_NODE_ALREADY_ADDED, "Error: IP/Subnet already banned");
    else if (rc < 0)
        rpc_fail(c, RPC_MISC_ERROR, "Error: %s", pn_strerror(rc));
    else if (server_visit_peers(context->server, part_from_banned, net) < 0)
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
}

void rpc_setban(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    const char *text = rpc_text(c, 0), *command = rpc_text(c, 1);
    struct subnet net;

    if (c->code)
        return;
    if (subnet_parse(&net, text) < 0)
        rpc_fail(c, RPC_INVALID_IP_OR_SUBNET, "Error: Invalid IP/Subnet");
    else if (strcmp(command, "add") == 0)
        add(c, &net);
    else if (strcmp(command, "remove") != 0)
        rpc_fail(c, RPC_MISC_ERROR, "setban: command is \"add\" or \"remove\"");
    else if (gate_unban(context->gate, &net) < 0)
        rpc_fail(c, RPC_INVALID_IP_OR_SUBNET,
                 "Error: Unban failed. Requested address/subnet was not previously manually "
                 "banned.");
}

static cJSON *ban_object(const struct ban *ban, int64_t now)
{
    char text[BAN_TEXT_BYTES];
    cJSON *o = json_new_object();

    json_set(o, "address", json_new_text(ban_format(text, &ban->net)));
    json_set(o, "ban_created", json_new_int(ban->created_s));
    json_set(o, "banned_until", json_new_int(ban->until_s));
    json_set(o, "ban_duration", json_new_int(ban->until_s - ban->created_s));
    json_set(o, "time_remaining", json_new_int(ban->until_s - now));
    json_set(o, "ban_reason", json_new_text(ban->reason));
    return o;
}

void rpc_listbanned(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;
    struct banlist *list = context->gate->bans;
    size_t max = banlist_count(list);
    struct ban *bans = mem_alloc_array(max + 1, sizeof *bans);
    int64_t now = clock_wall_s();
    size_t n;

    if (!bans) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
        return;
    }
    n = banlist_copy(list, bans, max);
    c->result = json_new_array();
    for (size_t i = 0; i < n; i++)
        if (bans[i].until_s > now)
            json_push(c->result, ban_object(&bans[i], now));
    mem_free(bans);
}

void rpc_clearbanned(struct rpc_call *c)
{
    struct btc_rpc *context = c->arg;

    gate_unban_all(context->gate);
}
