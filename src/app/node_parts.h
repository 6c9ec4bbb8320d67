/* The parts of a node: who holds what. Each is made and freed by the file that its type is from;
 * the order is that of node_setup.h. */
#ifndef APP_NODE_PARTS_H
#define APP_NODE_PARTS_H

#include "addrbook/addrbook.h"
#include "addrbook/dump.h"
#include "app/node.h"
#include "app/options.h"
#include "bitcoin/bitcoin.h"
#include "dial/dialer.h"
#include "dial/gate.h"
#include "dial/listener.h"
#include "dial/slots.h"
#include "net/dial_path.h"
#include "net/loop.h"
#include "server/server.h"
#include "store/datadir.h"

struct node_api;
struct node_health;
struct node_discovery;
struct service;
struct node_electrum;
struct node_eth;
struct node_p2p;
struct node_ethereum_dns;
struct node_i2p;
struct node_zmq;
struct node_nat;
struct tor_lookup;
struct signals;
struct event;

struct node {
    struct options *options; /* the running ones */
    const struct node_arguments *arguments;
    struct datadir datadir;
    bool pidfile_written;
    struct loop *loop;
    struct signals *signals;
    struct event *overdue;      /* ends a stop that takes too long */
    struct event *housekeeping; /* once a minute */
    struct subnet_list permitted;
    struct journal *journal;
    struct gate gate;
    char *ban_file;
    uint64_t bans_saved; /* version of the list on disk */
    struct asmap *asmap;
    struct net_policy policy;
    struct addrbook *book;
    struct addr_dump *dump;
    unsigned max_peers;
    struct slots slots;
    char *user_agent;
    struct bitcoin *bitcoin;
    struct server *server;
    unsigned network; /* the server's number for bitcoin */
    struct eth_discovery *ethereum;
    struct node_ethereum_dns *ethereum_dns; /* or NULL */
    bool ethereum_started;
    struct node_electrum *electrum; /* or NULL */
    struct node_p2p *p2p;           /* or NULL */
    struct node_eth *eth;           /* or NULL */
    struct node_nat *nat;           /* or NULL */
    struct node_i2p *i2p;           /* or NULL */
    struct node_zmq *zmq;           /* or NULL */
    struct dial_paths *paths;
    struct resolver *resolver; /* at most one of these two; or NULL */
    struct tor_lookup *tor_lookup;
    struct net_target *seednodes; /* whom to ask for addresses */
    size_t n_seednodes;
    struct dialer *dialer;
    struct node_discovery *discovery; /* or NULL */
    struct listener *listeners[OPTION_LISTEN_MAX];
    unsigned n_listeners;
    struct node_api *api; /* or NULL */
    struct node_health *health;
    struct service *service;
    int64_t started_us; /* monotonic */
    bool bitcoin_started, server_started, stopping;
};

/* A file in the data directory (node_path.c). Owns: the caller frees. Returns: NULL when there is
 * no memory. */
char *node_path(const struct node *n, const char *name);

#endif
