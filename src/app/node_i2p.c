#include "app/node_i2p.h"

#include <stdio.h>
#include <string.h>

#include "app/node_parts.h"
#include "base/err.h"
#include "base/mem.h"
#include "dial/i2p_listener.h"
#include "log/log.h"
#include "net/sam.h"

/* Bitcoin Core's name, and its contents. */
static const char key_name[] = "i2p_private_key";

struct node_i2p {
    struct i2p_listener *listener;
    char *key_path;
    struct net_addr own; /* NET_NONE: not announced */
};

static int on_accepted(void *arg, struct conn *c, const struct net_addr *from, bool has_slot)
{
    struct node *n = arg;

    return server_add_conn(n->server, n->network, c, from, CONN_INBOUND, has_slot, 0, NULL);
}

static void on_reachable(void *arg, const struct net_addr *own)
{
    struct node *n = arg;

    if (n->i2p->own.kind != NET_NONE)
        addrbook_local_remove(n->book, &n->i2p->own);
    n->i2p->own.kind = NET_NONE;
    if (own && addrbook_local_add(n->book, own, ADDRBOOK_LOCAL_MANUAL) == 0)
        n->i2p->own = *own;
}

static int start(struct node *n, struct node_i2p *i2p)
{
    size_t size = strlen(n->options->datadir) + sizeof key_name + 1;
    struct i2p_listener_config config = {
        .listener = {.network = "bitcoin",
                     .gate = &n->gate,
                     .slots = &n->slots,
                     .accepted = on_accepted,
                     .arg = n},
        .options = n->options->i2psam_options ? n->options->i2psam_options : "",
        .reachable = on_reachable,
    };
    int rc = net_addr_parse(&config.listener.addr, n->options->i2psam, 0);

    if (strlen(config.options) >= SAM_OPTIONS_BYTES)
        rc = PN_ETOOLARGE;
    if (rc < 0)
        return rc;
    i2p->key_path = mem_alloc(size);
    if (!i2p->key_path)
        return PN_ENOMEM;
    snprintf(i2p->key_path, size, "%s/%s", n->options->datadir, key_name);
    config.key_path = i2p->key_path;
    return i2p_listener_new(&i2p->listener, loop_base(n->loop), &config);
}

int node_i2p_start(struct node *n)
{
    int rc;

    if (!n->options->i2psam || !n->options->i2pacceptincoming || n->options->listen.n == 0)
        return 0;
    n->i2p = mem_zalloc(sizeof *n->i2p);
    rc = n->i2p ? start(n, n->i2p) : PN_ENOMEM;
    if (rc < 0)
        log_error("app", "cannot listen in I2P with the key in %s/%s: %s", n->options->datadir,
                  key_name, pn_strerror(rc));
    return rc;
}

void node_i2p_stop(struct node *n)
{
    if (!n->i2p)
        return;
    i2p_listener_free(n->i2p->listener);
    mem_free(n->i2p->key_path);
    MEM_FREE(n->i2p);
}
