#include "api/guard.h"

#include <string.h>
#include <strings.h>

#include "net/group.h"

enum { HOST_MAX_BYTES = 128 };

bool guard_host_ok(const char *host)
{
    static const char name[] = "localhost";
    struct net_addr addr;
    size_t len = strlen(name);

    if (strncasecmp(host, name, len) == 0 && (host[len] == '\0' || host[len] == ':'))
        return true;
    return strlen(host) < HOST_MAX_BYTES && net_addr_parse(&addr, host, 1) == 0 &&
           (addr.kind == NET_IPV4 || addr.kind == NET_IPV6);
}

bool guard_origin_ok(const char *origin, const char *host)
{
    static const char scheme[] = "http://";

    if (!origin)
        return true;
    return strncmp(origin, scheme, strlen(scheme)) == 0 &&
           strcasecmp(origin + strlen(scheme), host) == 0;
}

bool guard_remote_ok(const struct subnet_list *allowed, const char *remote)
{
    struct net_addr addr;

    if (net_addr_parse(&addr, remote, 0) < 0)
        return false;
    if (allowed && allowed->n > 0)
        return subnet_list_contains(allowed, &addr);
    return net_addr_is_local(&addr);
}
