/* Other servers, as clients and servers ask about them. */
#include <stdlib.h>
#include <string.h>

#include "electrum/internal.h"

void call_server_peers_subscribe(struct jrpc_call *c)
{
    const struct electrum_caller *who = c->context;

    if (who->e->peers)
        peers_put_list(c->result, who->e->peers);
    else
        buf_puts(c->result, "[]");
}

/* A number, or one as text. Returns: 0 for none or one that is no port. */
static uint16_t port_of(const cJSON *host, const char *name)
{
    const cJSON *p = cJSON_GetObjectItemCaseSensitive(host, name);
    double value = cJSON_IsNumber(p)   ? p->valuedouble
                   : cJSON_IsString(p) ? (double)strtoul(p->valuestring, NULL, 10)
                                       : 0;

    return value >= 1 && value <= 65535 ? (uint16_t)value : 0;
}

/* True says no more than that the server will be looked at. */
void call_server_add_peer(struct jrpc_call *c)
{
    const struct electrum_caller *who = c->context;
    const cJSON *hosts = cJSON_GetObjectItemCaseSensitive(jrpc_param(c, 0), "hosts");
    const cJSON *host = cJSON_IsObject(hosts) ? hosts->child : NULL;
    bool taken = false;

    if (!host) {
        jrpc_fail(c, JRPC_INVALID_PARAMS, "features must have a host");
        return;
    }
    if (who->e->peers)
        taken = peers_add(who->e->peers, host->string, port_of(host, "tcp_port"),
                          port_of(host, "ssl_port"), who->addr) == 0;
    buf_puts(c->result, taken ? "true" : "false");
}
