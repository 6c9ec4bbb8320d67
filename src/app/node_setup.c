#include "app/node_setup.h"

#include <sys/resource.h>
#include <unistd.h>

#include "app/exit_status.h"
#include "app/node_bitcoin.h"
#include "app/node_book.h"
#include "app/node_dialer.h"
#include "app/node_electrum.h"
#include "app/node_enodes.h"
#include "app/node_eth.h"
#include "app/node_gate.h"
#include "app/node_local.h"
#include "app/node_lookup.h"
#include "app/node_p2p.h"
#include "app/node_sandbox.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
#include "log/log.h"

enum { RESERVED_FILES = 64, FEWEST_PEERS = 8 };

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
    rc = node_paths_make(n);
    if (rc == 0)
        rc = node_lookup_open(n);
    if (rc == 0)
        rc = node_bitcoin_make(n);
    if (rc < 0)
        return rc;
    rc = bitcoin_attach(n->bitcoin, n->server, &n->slots);
    if (rc < 0)
        return rc;
    n->network = (unsigned)rc;
    rc = node_electrum_make(n);
    if (rc == 0)
        rc = node_dialer_make(n);
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

static int on_accepted(void *arg, struct conn *c, const struct net_addr *from, bool has_slot)
{
    struct node *n = arg;

    return server_add_conn(n->server, n->network, c, from, CONN_INBOUND, has_slot, 0, NULL);
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
