#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/addr_name.h"

enum { IPV4_BYTES = 4, IPV6_BYTES = 16, KEY_BYTES = 32, MAPPED_PREFIX_BYTES = 12 };
enum { CJDNS_PREFIX = 0xfc };

static const uint8_t mapped_prefix[MAPPED_PREFIX_BYTES] = {[10] = 0xff, [11] = 0xff};

size_t net_addr_len(enum net_kind kind)
{
    switch (kind) {
    case NET_IPV4:
        return IPV4_BYTES;
    case NET_IPV6:
    case NET_CJDNS:
        return IPV6_BYTES;
    case NET_TORV3:
    case NET_I2P:
        return KEY_BYTES;
    case NET_NONE:
        break;
    }
    return 0;
}

static int parse_port(uint16_t *out, const char *text)
{
    char *end;
    unsigned long v;

    if (*text < '0' || *text > '9')
        return PN_EFORMAT;
    v = strtoul(text, &end, 10);
    if (*end != '\0' || v > UINT16_MAX)
        return PN_EFORMAT;
    *out = (uint16_t)v;
    return 0;
}

/* Where it is known that an IPv6 address is what it seems, one in fc00::/8 is CJDNS's: nothing else
 * uses that half of RFC 4193's range. */
static void recognise_cjdns(struct net_addr *a)
{
    if (a->kind == NET_IPV6 && a->bytes[0] == CJDNS_PREFIX)
        a->kind = NET_CJDNS;
}

static int parse_host(struct net_addr *out, const char *host)
{
    uint8_t v6[IPV6_BYTES];

    if (inet_pton(AF_INET, host, out->bytes) == 1) {
        out->kind = NET_IPV4;
        return 0;
    }
    if (inet_pton(AF_INET6, host, v6) != 1)
        return addr_name_parse(out, host);
    net_addr_from_ipv6_bytes(out, v6, out->port);
    recognise_cjdns(out);
    return 0;
}

int net_addr_parse(struct net_addr *out, const char *text, uint16_t default_port)
{
    char host[NET_ADDR_TEXT_BYTES];
    const char *host_end, *colon = strrchr(text, ':');
    int rc;

    *out = (struct net_addr){.port = default_port};
    if (*text == '[') {
        host_end = strchr(++text, ']');
        if (!host_end || (host_end[1] != '\0' && host_end[1] != ':'))
            return PN_EFORMAT;
        colon = host_end[1] == ':' ? host_end + 1 : NULL;
    } else if (colon && strchr(text, ':') != colon) {
        colon = NULL; /* more than one colon without brackets: IPv6 without a port */
        host_end = text + strlen(text);
    } else {
        host_end = colon ? colon : text + strlen(text);
    }
    if ((size_t)(host_end - text) >= sizeof host)
        return PN_EFORMAT;
    memcpy(host, text, (size_t)(host_end - text));
    host[host_end - text] = '\0';
    if (colon && parse_port(&out->port, colon + 1) < 0)
        return PN_EFORMAT;
    rc = parse_host(out, host);
    if (rc == 0 && out->kind == NET_I2P && !colon)
        out->port = 0;
    return rc;
}

const char *net_addr_format(char out[NET_ADDR_TEXT_BYTES], const struct net_addr *a)
{
    char host[ADDR_NAME_BYTES];

    _Static_assert(sizeof host >= INET6_ADDRSTRLEN, "room for either");
    switch (a->kind) {
    case NET_IPV4:
        inet_ntop(AF_INET, a->bytes, host, sizeof host);
        snprintf(out, NET_ADDR_TEXT_BYTES, "%s:%u", host, a->port);
        break;
    case NET_IPV6:
    case NET_CJDNS:
        inet_ntop(AF_INET6, a->bytes, host, sizeof host);
        snprintf(out, NET_ADDR_TEXT_BYTES, "[%s]:%u", host, a->port);
        break;
    case NET_TORV3:
    case NET_I2P:
        if (addr_name_format(host, a) < 0)
            snprintf(host, sizeof host, "kind-%d", (int)a->kind); /* no memory for the checksum */
        snprintf(out, NET_ADDR_TEXT_BYTES, "%s:%u", host, a->port);
        break;
    case NET_NONE:
        snprintf(out, NET_ADDR_TEXT_BYTES, "kind-%d:%u", (int)a->kind, a->port);
        break;
    }
    return out;
}

bool net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
    return a->kind == b->kind && a->port == b->port &&
           memcmp(a->bytes, b->bytes, net_addr_len(a->kind)) == 0;
}

int net_addr_to_sockaddr(struct sockaddr_storage *out, socklen_t *len, const struct net_addr *a)
{
    memset(out, 0, sizeof *out);
    if (a->kind == NET_IPV4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;

        in->sin_family = AF_INET;
        in->sin_port = htons(a->port);
        memcpy(&in->sin_addr, a->bytes, IPV4_BYTES);
        *len = sizeof *in;
        return 0;
    }
    if (a->kind == NET_IPV6 || a->kind == NET_CJDNS) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(a->port);
        memcpy(&in6->sin6_addr, a->bytes, IPV6_BYTES);
        *len = sizeof *in6;
        return 0;
    }
    return PN_EINVAL;
}

int net_addr_from_sockaddr(struct net_addr *out, const struct sockaddr *sa)
{
    *out = (struct net_addr){0};
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, sa, sizeof in);
        out->kind = NET_IPV4;
        out->port = ntohs(in.sin_port);
        memcpy(out->bytes, &in.sin_addr, IPV4_BYTES);
        return 0;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, sa, sizeof in6);
        net_addr_from_ipv6_bytes(out, in6.sin6_addr.s6_addr, ntohs(in6.sin6_port));
        recognise_cjdns(out);
        return 0;
    }
    return PN_EINVAL;
}

void net_addr_to_ipv6_bytes(uint8_t out[16], const struct net_addr *a)
{
    memset(out, 0, IPV6_BYTES);
    if (a->kind == NET_IPV4) {
        memcpy(out, mapped_prefix, MAPPED_PREFIX_BYTES);
        memcpy(out + MAPPED_PREFIX_BYTES, a->bytes, IPV4_BYTES);
    } else if (a->kind == NET_IPV6 || a->kind == NET_CJDNS) {
        memcpy(out, a->bytes, IPV6_BYTES);
    }
}

void net_addr_from_ipv6_bytes(struct net_addr *out, const uint8_t in[16], uint16_t port)
{
    *out = (struct net_addr){.port = port};
    if (memcmp(in, mapped_prefix, MAPPED_PREFIX_BYTES) == 0) {
        out->kind = NET_IPV4;
        memcpy(out->bytes, in + MAPPED_PREFIX_BYTES, IPV4_BYTES);
    } else {
        out->kind = NET_IPV6;
        memcpy(out->bytes, in, IPV6_BYTES);
    }
}
