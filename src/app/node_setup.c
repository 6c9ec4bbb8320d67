#include "app/node_setup.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/exit_status.h"
#include "app/node_book.h"
#include "app/node_electrum.h"
#include "app/node_eth.h"
#include "app/node_gate.h"
#include "app/node_local.h"
#include "app/node_lookup.h"
#include "app/node_p2p.h"
#include "app/node_sandbox.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
#include "config.h"
#include "log/log.h"
#include "net/sam.h"
#include "thread/chan.h"

enum {
    USER_AGENT_MAX_BYTES = 256,
    RESERVED_FILES = 64,
    FEWEST_PEERS = 8,
    MAX_HEADERS = 8000000 /* testnet3 is past five million; 1 GB at most */
};

static int open_datadir(struct node *n)
{
    int rc = datadir_open(&n->datadir, n->options->datadir);

    if (rc == PN_EBUSY) {
        log_error("app", "another process uses the data directory %s", n->options->datadir);
        return STATUS_IN_USE;
    }
    if (rc == 0 && n->options->pidfile) {
        rc = pidfile_write(n->options->pidfile);
        n->pidfile_written = rc == 0;
    }
    if (rc == 0)
        return STATUS_CLEAN;
    log_error("app", "cannot use the data directory or the pidfile: %s", pn_strerror(rc));
    return STATUS_FAILURE;
}

static int fill_params(struct btc_params *params, const struct options *o)
{
    const struct btc_params *found = btc_params_find(o->bitcoin);

    int rc = 0;

    if (!found)
        return PN_EINVAL;
    if (o->signet_challenge)
        rc = btc_params_signet(params, o->signet_challenge);
    else
        *params = *found;
    if (rc == 0 && o->minimum_chain_work)
        rc = work_from_hex(&params->min_work, o->minimum_chain_work);
    return rc;
}

/* BIP14. */
static char *make_user_agent(const char *comment)
{
    struct buf b;
    char *copy;

    buf_init(&b, USER_AGENT_MAX_BYTES + 1);
    buf_printf(&b, "/p2pnode:%s", PACKAGE_VERSION);
    if (comment)
        buf_printf(&b, "(%s)", comment);
    buf_puts(&b, "/");
    copy = buf_cstr(&b) ? mem_strdup(buf_cstr(&b)) : NULL;
    buf_free(&b);
    return copy;
}

static struct peer_config peer_config_of(const struct options *o)
{
    struct peer_config c = PEER_CONFIG_DEFAULT;

    c.handshake_timeout_ms = o->handshake_timeout_ms;
    c.idle_timeout_ms = o->idle_timeout_ms;
    c.ping_interval_ms = o->ping_interval_ms;
    c.stall_tick_ms = o->stall_tick_ms;
    c.stall_response_ms = o->stall_timeout_ms;
    c.trickle_interval_ms = o->trickle_interval_ms;
    c.write_timeout_ms = o->write_timeout_ms;
    c.max_send_bytes = (size_t)o->max_send_buffer_bytes;
    return c;
}

static enum bitcoin_tx_relay tx_relay_of(const char *whose)
{
    if (strcmp(whose, "on") == 0)
        return BITCOIN_TX_RELAY_ON;
    return strcmp(whose, "trusted") == 0 ? BITCOIN_TX_RELAY_TRUSTED : BITCOIN_TX_RELAY_OFF;
}

/* Core: 2 s where inbound peers have 5 s. */
static int64_t outbound_trickle_ms(int64_t inbound_ms)
{
    int64_t ms = inbound_ms * 2 / 5;

    return ms > 0 ? ms : 1;
}

/* One file of a kind and network, so that a data directory can be used for several in turn. */
static char *network_path(const struct node *n, const char *kind)
{
    char name[64];

    snprintf(name, sizeof name, "%s-%s.mdb", kind, n->options->bitcoin);
    return node_path(n, name);
}

static int make_bitcoin(struct node *n)
{
    const struct options *o = n->options;
    struct bitcoin_config config = {
        .max_headers = MAX_HEADERS,
        .generate_ms = o->generate_interval_ms,
        .services = o->advertise_services.set ? o->advertise_services.bits : 0,
        .services_are_fixed = o->advertise_services.set,
        .keep_blocks = strcmp(o->blocks, "none") == 0 ? 0 : (uint32_t)o->prune,
        .build_filters = o->blockfilterindex,
        .serve_filters = o->peerblockfilters,
        .compare_filters = o->blockfilterheaders,
        .bloom_filters = o->peerbloomfilters,
        .max_peers = n->max_peers + SERVER_EVICTING_MAX,
        .peer = peer_config_of(o),
        .tx_relay = tx_relay_of(o->tx_relay),
        .tx_inbound_ms = o->trickle_interval_ms,
        .tx_outbound_ms = outbound_trickle_ms(o->trickle_interval_ms),
    };
    int rc = fill_params(&config.params, o);
    char *headers, *blocks, *filters;

    if (rc == 0)
        rc = node_book_open(n, &config);
    if (rc < 0)
        return rc;
    n->user_agent = make_user_agent(o->user_agent_comment);
    if (!n->user_agent)
        return PN_ENOMEM;
    config.user_agent = n->user_agent;
    headers = network_path(n, "headers");
    blocks = network_path(n, "blocks");
    filters = network_path(n, "filters");
    config.headers_path = headers;
    config.blocks_path = blocks;
    config.filters_path = filters;
    rc = headers && blocks && filters ? bitcoin_new(&n->bitcoin, &config) : PN_ENOMEM;
    mem_free(headers);
    mem_free(blocks);
    mem_free(filters);
    return rc;
}

static int on_connected(void *arg, unsigned network, struct conn *c, const struct net_addr *addr,
                        enum conn_kind kind, uint64_t request_id, struct chan *quit)
{
    struct node *n = arg;

    return server_add_conn(n->server, network, c, addr, kind, false, request_id, quit);
}

static int on_accepted(void *arg, struct conn *c, const struct net_addr *from, bool has_slot)
{
    struct node *n = arg;

    return server_add_conn(n->server, n->network, c, from, CONN_INBOUND, has_slot, 0, NULL);
}

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

static int make_paths(struct node *n)
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

static int make_dialer(struct node *n, uint16_t default_port)
{
    const struct option_list *lists[] = {&n->options->connect, &n->options->addnode};
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

/* As many peers as the operator wants, if the descriptors are enough for them and for what must
 * never lack one: dials, files, the HTTP interface (Core, init.cpp, nFD). */
static unsigned affordable_peers(const struct options *o)
{
    unsigned wanted = (unsigned)o->maxpeers;
    struct rlimit files;
    rlim_t places;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == RLIM_INFINITY)
        return wanted;
    places = files.rlim_cur > RESERVED_FILES + FEWEST_PEERS ? files.rlim_cur - RESERVED_FILES
                                                            : FEWEST_PEERS;
    if (places >= wanted)
        return wanted;
    log_warn("app", "at most %llu descriptors may be open: %llu peers in place of %u",
             (unsigned long long)files.rlim_cur, (unsigned long long)places, wanted);
    return (unsigned)places;
}

static unsigned outbound_places(const struct options *o)
{
    return (unsigned)(o->connect.n + o->addnode.n) +
           (unsigned)(o->outbound + o->block_relay + (o->outbound > 0));
}

void node_resize(struct node *n, const struct options *fresh)
{
    unsigned peers = affordable_peers(fresh);

    if (peers > n->max_peers) {
        log_warn("app", "--maxpeers cannot grow above the %u of the start while running",
                 n->max_peers);
        peers = n->max_peers;
    }
    slots_resize(&n->slots, peers, outbound_places(fresh));
}

static int make_parts(struct node *n)
{
    const struct options *o = n->options;
    const struct btc_params *params = btc_params_find(o->bitcoin);
    int rc;

    n->max_peers = affordable_peers(o);
    rc = node_gate_open(n);
    if (rc < 0)
        return rc;
    slots_init(&n->slots, n->max_peers, outbound_places(o));
    n->loop = loop_new();
    n->server = server_new(n->max_peers + node_electrum_places(n) + node_eth_seats(o));
    if (!n->loop || !n->server)
        return PN_ENOMEM;
    rc = make_paths(n);
    if (rc == 0)
        rc = node_lookup_open(n);
    if (rc == 0)
        rc = make_bitcoin(n);
    if (rc < 0)
        return rc;
    rc = bitcoin_attach(n->bitcoin, n->server, &n->slots);
    if (rc < 0)
        return rc;
    n->network = (unsigned)rc;
    rc = node_electrum_make(n);
    if (rc == 0)
        rc = make_dialer(n, params->default_port);
    if (rc < 0)
        return rc;
    server_set_dialer(n->server, n->dialer);
    server_set_gate(n->server, &n->gate);
    bitcoin_set_dialer(n->bitcoin, n->dialer);
    return 0;
}

int node_build(struct node *n)
{
    int status = open_datadir(n);
    int rc;

    if (status != STATUS_CLEAN)
        return status;
    if (node_sandbox_enter(n) < 0)
        return STATUS_FAILURE;
    rc = make_parts(n);
    if (rc == 0)
        return STATUS_CLEAN;
    log_error("app", "cannot set up: %s", pn_strerror(rc));
    return rc == PN_ENOMEM || rc == PN_ESYS || rc == PN_EDENIED || rc == PN_EIO || rc == PN_ENOSPC
               ? STATUS_FAILURE
               : STATUS_CONFIG;
}

void node_free_parts(struct node *n)
{
    server_free(n->server);
    dialer_free(n->dialer);
    node_p2p_free(n);
    node_eth_free(n);
    dial_paths_free(n->paths);
    node_electrum_free(n);
    bitcoin_free(n->bitcoin);
    node_book_close(n);
    node_gate_close(n);
    loop_free(n->loop);
    mem_free(n->user_agent);
    if (n->pidfile_written)
        unlink(n->options->pidfile);
    datadir_close(&n->datadir);
}

int node_open_listeners(struct node *n)
{
    const struct option_list *list = &n->options->listen;
    bool chosen = n->options->source[OPTION_LISTEN] != OPTION_FROM_DEFAULT;
    int rc = 0;

    for (size_t i = 0; i < list->n; i++) {
        struct listener_config config = {
            .network = "bitcoin",
            .gate = &n->gate,
            .slots = &n->slots,
            .accepted = on_accepted,
            .arg = n,
        };

        if (n->n_listeners == OPTION_LISTEN_MAX)
            rc = PN_ELIMIT;
        else
            rc = net_addr_parse(&config.addr, list->items[i],
                                btc_params_find(n->options->bitcoin)->default_port);
        if (rc == 0)
            rc = listener_new(&n->listeners[n->n_listeners], loop_base(n->loop), &config);
        if (rc == 0) {
            n->n_listeners++;
            continue;
        }
        log_error("app", "cannot listen on %s: %s", list->items[i], pn_strerror(rc));
        if (chosen)
            return rc;
    }
    node_local_discover(n);
    /* Of the addresses that stand for the whole machine, one is enough: it may lack a family. */
    return n->n_listeners > 0 ? 0 : rc;
}

void node_close_listeners(struct node *n)
{
    node_electrum_close(n);
    while (n->n_listeners > 0)
        listener_free(n->listeners[--n->n_listeners]);
    node_p2p_close(n);
}
