#include "net/subnet.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* Whether the bits of `a` from `from` to the end of its len bytes are all equal to those of b
 * (or zero, for b == NULL) up to bit `to`. */
static bool bits_match(const uint8_t *a, const uint8_t *b, unsigned from, unsigned to)
{
    for (unsigned bit = from; bit < to; bit++) {
        uint8_t mask = (uint8_t)(0x80u >> bit % 8);
        uint8_t other = b ? b[bit / 8] : 0;

        if ((a[bit / 8] & mask) != (other & mask))
            return false;
    }
    return true;
}

static int parse_prefix(unsigned *out, const char *text, unsigned max)
{
    char *end;
    unsigned long v;

    if (*text < '0' || *text > '9')
        return PN_EFORMAT;
    v = strtoul(text, &end, 10);
    if (*end != '\0' || v > max)
        return PN_EFORMAT;
    *out = (unsigned)v;
    return 0;
}

int subnet_parse(struct subnet *out, const char *text)
{
    char host[NET_ADDR_TEXT_BYTES];
    const char *slash = strchr(text, '/');
    size_t host_len = slash ? (size_t)(slash - text) : strlen(text);
    unsigned bits;

    if (host_len >= sizeof host)
        return PN_EFORMAT;
    memcpy(host, text, host_len);
    host[host_len] = '\0';
    /* A port has no place here: the default stays only if none was written. */
    if (net_addr_parse(&out->base, host, 0) < 0 || out->base.port != 0)
        return PN_EFORMAT;
    bits = (unsigned)net_addr_len(out->base.kind) * 8;
    out->prefix_bits = bits;
    if (slash && parse_prefix(&out->prefix_bits, slash + 1, bits) < 0)
        return PN_EFORMAT;
    return bits_match(out->base.bytes, NULL, out->prefix_bits, bits) ? 0 : PN_EFORMAT;
}

/* CJDNS addresses are IPv6 addresses too: fc00::/7 is one subnet. */
static enum net_kind family(enum net_kind kind)
{
    return kind == NET_CJDNS ? NET_IPV6 : kind;
}

bool subnet_contains(const struct subnet *net, const struct net_addr *a)
{
    return family(net->base.kind) == family(a->kind) &&
           bits_match(net->base.bytes, a->bytes, 0, net->prefix_bits);
}

int subnet_list_add(struct subnet_list *list, const char *text)
{
    char one[NET_ADDR_TEXT_BYTES];

    for (;;) {
        size_t len = strcspn(text, ",");
        int rc;

        if (len >= sizeof one)
            return PN_EFORMAT;
        if (list->n == SUBNET_LIST_MAX)
            return PN_ELIMIT;
        memcpy(one, text, len);
        one[len] = '\0';
        rc = subnet_parse(&list->nets[list->n], one);
        if (rc < 0)
            return rc;
        list->n++;
        if (text[len] == '\0')
            return 0;
        text += len + 1;
    }
}

bool subnet_list_contains(const struct subnet_list *list, const struct net_addr *a)
{
    for (unsigned i = 0; i < list->n; i++)
        if (subnet_contains(&list->nets[i], a))
            return true;
    return false;
}

bool subnet_list_permits(const struct subnet_list *list, const struct net_addr *a)
{
    return list->n == 0 || subnet_list_contains(list, a);
}
