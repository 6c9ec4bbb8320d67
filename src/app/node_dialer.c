#include "app/node_dialer.h"

#include <stdio.h>
#include <string.h>

#include "app/node_lookup.h"
#include "app/node_parts.h"
#include "base/err.h"
#include "bitcoin/chain/params.h"
#include "log/log.h"
#include "net/sam.h"

static int fill_proxy(struct proxy_server *out, const char *address, const char *user,
                      const char *password)
{
    int rc = address ? net_addr_parse(&out->addr, address, 0) : 0;

    if (rc < 0 || !address || !user)
        return rc;
    if (strlen(user) >= sizeof out->auth.user ||
        (password && strlen(password) >= sizeof out->auth.password))
        return PN_ETOOLARGE;
    snprintf(out->auth.user, sizeof out->auth.user, "%s", user);
    snprintf(out->auth.password, sizeof out->auth.password, "%s", password ? password : "");
    return 0;
}

int node_paths_make(struct node *n)
{
    const struct options *o = n->options;
    struct proxy_config config = {
        .no_onion = !o->onion && o->source[OPTION_ONION] != OPTION_FROM_DEFAULT,
        .isolation = o->tor_isolation,
    };
    int rc = fill_proxy(&config.proxy, o->proxy, o->proxy_user, o->proxy_password);

    if (rc == 0)
        rc = fill_proxy(&config.onion, o->onion, o->onion_user, o->onion_password);
    if (rc == 0 && o->i2psam)
        rc = net_addr_parse(&config.sam, o->i2psam, 0);
    if (rc < 0)
        return rc;
    if (proxy_overrides_credentials(&config))
        log_warn("app", "--tor-isolation takes the place of the user and password given for Tor");
    if (o->i2psam_options && strlen(o->i2psam_options) >= SAM_OPTIONS_BYTES)
        return PN_ETOOLARGE;
    n->paths = dial_paths_new(&config, o->i2psam_options ? o->i2psam_options : "");
    return n->paths ? 0 : PN_ENOMEM;
}

static int on_connected(void *arg, unsigned network, struct conn *c, const struct net_addr *addr,
                        enum conn_kind kind, uint64_t request_id, struct chan *quit)
{
    struct node *n = arg;

    return server_add_conn(n->server, network, c, addr, kind, false, request_id, quit);
}

int node_dialer_make(struct node *n)
{
    const struct option_list *lists[] = {&n->options->connect, &n->options->addnode};
    uint16_t default_port = btc_params_find(n->options->bitcoin)->default_port;
    const struct dialer_config config = {
        .connect_timeout_ms = n->options->connect_timeout_ms,
        .retry_ms = n->options->retry_interval_ms,
        .retry_max_ms = n->options->retry_max_ms,
        .gate = &n->gate,
        .paths = n->paths,
        .lookup = {node_lookup_begin, n},
        .connected = on_connected,
        .arg = n,
    };
    const struct dialer_network network = {
        .name = "bitcoin",
        .full = (unsigned)n->options->outbound,
        .block_relay = (unsigned)n->options->block_relay,
        .feelers = n->options->outbound > 0,
        .source = bitcoin_dial_source(n->bitcoin),
    };
    int rc;

    n->dialer = dialer_new(&config);
    if (!n->dialer)
        return PN_ENOMEM;
    rc = dialer_add_network(n->dialer, n->network, &network);
    for (unsigned l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->n && rc == 0; i++) {
            struct net_target to;

            rc = net_target_parse(&to, lists[l]->items[i], default_port);
            if (rc == 0)
                rc = dialer_add_target(n->dialer, n->network, &to);
        }
    return rc;
}
