#include "ethereum/enr/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/hex.h"

enum { KEY_DIGITS = 2 * EC_PUBKEY_BYTES, ID_BITS = 8 * ETH_ID_BYTES };

static const char scheme[] = "enode://";
static const char discport[] = "?discport=";

enum eth_family eth_family_of(const struct net_addr *a)
{
    return a->kind == NET_IPV6 ? ETH_IPV6 : ETH_IPV4;
}

void eth_node_init(struct eth_node *n, const uint8_t pubkey[EC_PUBKEY_BYTES],
                   const struct net_addr *udp, uint16_t tcp_port)
{
    memset(n, 0, sizeof *n);
    memcpy(n->pubkey, pubkey, sizeof n->pubkey);
    keccak256(n->id, pubkey, EC_PUBKEY_BYTES);
    n->udp = *udp;
    n->tcp_port = tcp_port;
}

static int parse_key(uint8_t pubkey[EC_PUBKEY_BYTES], const char *text)
{
    char digits[KEY_DIGITS + 1];

    if (strlen(text) < KEY_DIGITS)
        return PN_EFORMAT;
    memcpy(digits, text, KEY_DIGITS);
    digits[KEY_DIGITS] = '\0';
    if (hex_decode(pubkey, EC_PUBKEY_BYTES, digits) < 0)
        return PN_EFORMAT;
    return ec_pubkey_check(pubkey);
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

/* What follows the "@": the TCP endpoint, and the UDP port where it differs. */
static int parse_endpoint(struct net_addr *udp, uint16_t *tcp_port, const char *text)
{
    char tcp[NET_ADDR_TEXT_BYTES];
    const char *query = strchr(text, '?');
    size_t len = query ? (size_t)(query - text) : strlen(text);

    if (len >= sizeof tcp)
        return PN_EFORMAT;
    memcpy(tcp, text, len);
    tcp[len] = '\0';
    if (!strrchr(tcp, ':') || tcp[len - 1] == ']' || net_addr_parse(udp, tcp, 0) < 0)
        return PN_EFORMAT;
    *tcp_port = udp->port;
    if (!query)
        return 0;
    if (strncmp(query, discport, sizeof discport - 1) != 0)
        return PN_EFORMAT;
    return parse_port(&udp->port, query + sizeof discport - 1);
}

int enode_parse(struct eth_node *out, const char *url)
{
    uint8_t pubkey[EC_PUBKEY_BYTES];
    struct net_addr udp = {.kind = NET_NONE};
    uint16_t tcp_port = 0;
    const char *rest;

    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return PN_EFORMAT;
    url += sizeof scheme - 1;
    if (parse_key(pubkey, url) < 0)
        return PN_EFORMAT;
    rest = url + KEY_DIGITS;
    if (*rest != '\0' && (*rest != '@' || parse_endpoint(&udp, &tcp_port, rest + 1) < 0))
        return PN_EFORMAT;
    eth_node_init(out, pubkey, &udp, tcp_port);
    return 0;
}

const char *enode_format(char out[ENODE_TEXT_BYTES], const struct eth_node *n)
{
    char key[KEY_DIGITS + 1], at[NET_ADDR_TEXT_BYTES], query[sizeof discport + 5] = "";
    struct net_addr tcp = n->udp;

    hex_encode(key, n->pubkey, sizeof n->pubkey);
    if (n->udp.kind == NET_NONE) {
        snprintf(out, ENODE_TEXT_BYTES, "%s%s", scheme, key);
        return out;
    }
    tcp.port = n->tcp_port;
    if (n->udp.port != n->tcp_port)
        snprintf(query, sizeof query, "%s%u", discport, n->udp.port);
    snprintf(out, ENODE_TEXT_BYTES, "%s%s@%s%s", scheme, key, net_addr_format(at, &tcp), query);
    return out;
}

const char *eth_id_short(char out[17], const uint8_t id[ETH_ID_BYTES])
{
    hex_encode(out, id, 8);
    return out;
}

unsigned eth_logdist(const uint8_t a[ETH_ID_BYTES], const uint8_t b[ETH_ID_BYTES])
{
    for (unsigned i = 0; i < ETH_ID_BYTES; i++) {
        unsigned diff = a[i] ^ b[i];

        if (diff)
            return ID_BITS - 8 * i - ((unsigned)__builtin_clz(diff) - 24);
    }
    return 0;
}

int eth_distcmp(const uint8_t target[ETH_ID_BYTES], const uint8_t a[ETH_ID_BYTES],
                const uint8_t b[ETH_ID_BYTES])
{
    for (unsigned i = 0; i < ETH_ID_BYTES; i++) {
        int da = a[i] ^ target[i], db = b[i] ^ target[i];

        if (da != db)
            return da - db;
    }
    return 0;
}
