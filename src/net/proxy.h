/* Which way a target is dialled, and a name looked up. Pure; nothing here opens a socket.
 *
 * The rules are btcd's (config.go, loadConfig):
 *   everything but onion and I2P   through `proxy` if there is one, else directly
 *   onion                          through `onion`, else through `proxy`, never with no_onion
 *   I2P                            through `sam` only
 *   isolation                      each connection to Tor gets random credentials, in place of any
 *                                  given; Tor is `onion`, or `proxy` when there is no `onion`
 * In two places they are stricter. btcd isolates `proxy` only when a user was given for it. And
 * with a `proxy` that is not Tor (no_onion) btcd asks the system's name server behind the proxy's
 * back; here the name is left to the proxy, as in Bitcoin Core. */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>

#include "net/socks5.h"

/* A SOCKS5 server; there is none when the address is of kind NET_NONE. */
struct proxy_server {
    struct net_addr addr;
    struct socks5_auth auth;
};

struct proxy_config {
    struct proxy_server proxy;
    struct proxy_server onion;
    struct net_addr sam; /* the I2P router's SAM bridge; NET_NONE: none */
    bool no_onion;
    bool isolation;
};

enum proxy_way {
    PROXY_WAY_DIRECT, /* a socket to the target; for a name: the system's resolver */
    PROXY_WAY_PROXY,
    PROXY_WAY_ONION,
    PROXY_WAY_SAM,
};

struct proxy_route {
    enum proxy_way way;
    struct net_addr hop;     /* whom to connect to: the target itself, or who carries on to it */
    struct socks5_auth auth; /* for PROXY_WAY_PROXY and PROXY_WAY_ONION; fresh when isolated */
};

/* The way to a target. A name (TARGET_NAME) that no proxy takes must be looked up first.
 * Thread: any. Returns: 0; PN_ENOROUTE when no way is configured for its kind; PN_EINVAL for a name
 * that has to be looked up. */
int proxy_route(struct proxy_route *out, const struct proxy_config *c, const struct net_target *to);

/* Who looks a name up: the system's resolver (PROXY_WAY_DIRECT), or Tor at `hop` by
 * SOCKS5_RESOLVE. Thread: any. Returns: 0; PN_ENOROUTE when nobody may: the name itself can be
 * dialled through the proxy. */
int proxy_lookup_route(struct proxy_route *out, const struct proxy_config *c);

/* Whether isolation puts random credentials in place of given ones, which deserves a warning. */
bool proxy_overrides_credentials(const struct proxy_config *c);

/* "direct", "proxy", "onion", "i2p": for logs and metric labels. */
const char *proxy_way_name(enum proxy_way way);

#endif
