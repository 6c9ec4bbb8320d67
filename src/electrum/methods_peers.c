/* Other servers, as clients and servers ask about them. */
#include "electrum/internal.h"

void call_server_peers_subscribe(struct jrpc_call *c)
{
    buf_puts(c->result, "[]");
}

void call_server_add_peer(struct jrpc_call *c)
{
    buf_puts(c->result, "false");
}
