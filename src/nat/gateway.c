#include "nat/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

enum { TABLE_BYTES = 16 * 1024, FLAG_UP = 1, FLAG_GATEWAY = 2 };

/* One line: interface, destination, gateway, flags, references, uses, metric, mask, ...; addresses
 * as hexadecimal numbers in the machine's order of bytes. */
struct route {
    unsigned destination, gateway, flags, metric, mask;
};

static bool read_route(struct route *r, const char *line)
{
    return sscanf(line, "%*s %x %x %x %*u %*u %u %x", &r->destination, &r->gateway, &r->flags,
                  &r->metric, &r->mask) == 5;
}

static bool is_default(const struct route *r)
{
    const unsigned wanted = FLAG_UP | FLAG_GATEWAY;

    return r->destination == 0 && r->mask == 0 && (r->flags & wanted) == wanted && r->gateway != 0;
}

int gateway_parse(struct net_addr *out, const char *text)
{
    struct route best = {.gateway = 0}, r;

    while ((text = strchr(text, '\n')) && *++text) /* the first line has the headings */
        if (read_route(&r, text) && is_default(&r) && (best.gateway == 0 || r.metric < best.metric))
            best = r;
    if (best.gateway == 0)
        return PN_ENOROUTE;
    *out = (struct net_addr){.kind = NET_IPV4};
    memcpy(out->bytes, &best.gateway, net_addr_len(NET_IPV4));
    return 0;
}

int gateway_find(struct net_addr *out)
{
    int fd = open("/proc/net/route", O_RDONLY | O_CLOEXEC), rc;
    char *text = mem_alloc(TABLE_BYTES);
    size_t len = 0;
    ssize_t n;

    rc = fd < 0 ? pn_err_from_errno(errno) : text ? 0 : PN_ENOMEM;
    while (rc == 0 && len < TABLE_BYTES - 1 &&
           (n = read(fd, text + len, TABLE_BYTES - 1 - len)) > 0)
        len += (size_t)n;
    if (fd >= 0)
        close(fd);
    if (rc == 0) {
        text[len] = '\0';
        rc = gateway_parse(out, text);
    }
    mem_free(text);
    return rc;
}
