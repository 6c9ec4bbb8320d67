#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bitcoin/rpc/internal.h"
#include "bitcoin/wire/msg_version.h"
#include "codec/hex.h"
#include "net/group.h"

static const struct {
    enum net_kind kind;
    const char *name;
} networks[] = {
    {NET_IPV4, "ipv4"}, {NET_IPV6, "ipv6"},   {NET_TORV3, "onion"},
    {NET_I2P, "i2p"},   {NET_CJDNS, "cjdns"},
};

const char *rpc_network_name(const struct net_addr *addr)
{
    if (net_addr_is_local(addr))
        return "not_publicly_routable";
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (networks[i].kind == addr->kind)
            return networks[i].name;
    return "not_publicly_routable";
}

enum net_kind rpc_network_of_name(const char *name)
{
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (strcmp(networks[i].name, name) == 0)
            return networks[i].kind;
    return NET_NONE;
}

cJSON *rpc_hash(const uint8_t hash[BTC_HASH_BYTES])
{
    char text[65];

    hash_to_hex(text, hash);
    return json_new_text(text);
}

cJSON *rpc_amount(int64_t sat)
{
    char text[32];

    snprintf(text, sizeof text, "%s%" PRId64 ".%08" PRId64, sat < 0 ? "-" : "",
             (sat < 0 ? -sat : sat) / 100000000, (sat < 0 ? -sat : sat) % 100000000);
    return cJSON_CreateRaw(text);
}

cJSON *rpc_services(uint64_t services)
{
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, services);
    return json_new_text(text);
}

cJSON *rpc_service_names(uint64_t services)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } names[] = {
        {BTC_NODE_NETWORK, "NETWORK"},
        {BTC_NODE_BLOOM, "BLOOM"},
        {BTC_NODE_WITNESS, "WITNESS"},
        {BTC_NODE_COMPACT_FILTERS, "COMPACT_FILTERS"},
        {BTC_NODE_NETWORK_LIMITED, "NETWORK_LIMITED"},
        {BTC_NODE_P2P_V2, "P2P_V2"},
    };
    cJSON *list = json_new_array();
    char unknown[24];

    for (unsigned bit = 0; bit < 64; bit++) {
        const char *name = NULL;

        if (!(services >> bit & 1))
            continue;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (names[i].bit == UINT64_C(1) << bit)
                name = names[i].name;
        snprintf(unknown, sizeof unknown, "UNKNOWN[2^%u]", bit);
        json_push(list, json_new_text(name ? name : unknown));
    }
    return list;
}

cJSON *rpc_host(const struct net_addr *addr)
{
    char text[NET_ADDR_TEXT_BYTES];
    char *host = text, *end;

    net_addr_format(text, addr);
    if (*host == '[') {
        host++;
        end = strchr(host, ']');
    } else {
        end = strrchr(host, ':');
    }
    if (end)
        *end = '\0';
    return json_new_text(host);
}

int64_t rpc_wall_s(int64_t mono_us)
{
    return mono_us > 0 ? (clock_wall_us() - (clock_mono_us() - mono_us)) / 1000000 : 0;
}
