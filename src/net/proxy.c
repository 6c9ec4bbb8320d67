#include "net/proxy.h"

#include <string.h>

#include "base/err.h"
#include "base/random.h"
#include "codec/hex.h"

enum { ISOLATION_BYTES = 8 };

static bool given(const struct net_addr *a)
{
    return a->kind != NET_NONE;
}

/* Tor gives streams with different credentials different circuits (IsolateSOCKSAuth) and takes any
 * credentials; 64 random bits each, as btcd does it. */
static void isolate(struct socks5_auth *auth)
{
    uint8_t secret[2 * ISOLATION_BYTES];

    random_bytes(secret, sizeof secret);
    hex_encode(auth->user, secret, ISOLATION_BYTES);
    hex_encode(auth->password, secret + ISOLATION_BYTES, ISOLATION_BYTES);
}

/* The server that is taken for Tor; NULL when there is none. */
static const struct proxy_server *tor_of(const struct proxy_config *c)
{
    if (given(&c->onion.addr))
        return &c->onion;
    return given(&c->proxy.addr) ? &c->proxy : NULL;
}

static int through(struct proxy_route *out, const struct proxy_config *c,
                   const struct proxy_server *server)
{
    out->way = server == &c->onion ? PROXY_WAY_ONION : PROXY_WAY_PROXY;
    out->hop = server->addr;
    out->auth = server->auth;
    if (c->isolation && server == tor_of(c))
        isolate(&out->auth);
    return 0;
}

static int route_onion(struct proxy_route *out, const struct proxy_config *c)
{
    const struct proxy_server *tor = tor_of(c);

    if (c->no_onion || !tor)
        return PN_ENOROUTE;
    return through(out, c, tor);
}

static int route_i2p(struct proxy_route *out, const struct proxy_config *c)
{
    if (!given(&c->sam))
        return PN_ENOROUTE;
    out->way = PROXY_WAY_SAM;
    out->hop = c->sam;
    return 0;
}

int proxy_route(struct proxy_route *out, const struct proxy_config *c, const struct net_target *to)
{
    *out = (struct proxy_route){.way = PROXY_WAY_DIRECT};
    if (to->kind == TARGET_ONION)
        return route_onion(out, c);
    if (to->kind == TARGET_I2P)
        return route_i2p(out, c);
    if (given(&c->proxy.addr))
        return through(out, c, &c->proxy);
    out->hop = to->addr;
    return to->kind == TARGET_NAME ? PN_EINVAL : 0;
}

int proxy_lookup_route(struct proxy_route *out, const struct proxy_config *c)
{
    *out = (struct proxy_route){.way = PROXY_WAY_DIRECT};
    if (!given(&c->proxy.addr))
        return 0;
    return route_onion(out, c);
}

bool proxy_overrides_credentials(const struct proxy_config *c)
{
    const struct proxy_server *tor = tor_of(c);

    return c->isolation && tor && tor->auth.user[0] != '\0';
}

const char *proxy_way_name(enum proxy_way way)
{
    switch (way) {
    case PROXY_WAY_DIRECT:
        return "direct";
    case PROXY_WAY_PROXY:
        return "proxy";
    case PROXY_WAY_ONION:
        return "onion";
    case PROXY_WAY_SAM:
        return "i2p";
    }
    return "direct";
}
