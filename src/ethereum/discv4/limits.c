#include "ethereum/discv4/limits.h"

#include <string.h>

#include "ethereum/enr/relay.h"

enum {
    MICRO = 1000000,
    SUBNET_BURST_S = 2,
    /* Of what an unproven address sends, so many hundredths come back at most; besides, it may be
     * sent 300 bytes a second, of which a few seconds' worth can be saved up: a pong and a ping. */
    RETURN_HUNDREDTHS = 105,
    CREDIT_PER_S = 300,
    CREDIT_MAX = 2400,
};

void limits_init(struct limits *l, const struct limits_config *config)
{
    memset(l, 0, sizeof *l);
    l->config = *config;
    l->key = siphash_random_key();
}

static void refill(struct token_bucket *b, unsigned per_s, unsigned burst, int64_t now_us)
{
    int64_t full = (int64_t)burst * MICRO, gone_us = now_us - b->filled_us;

    if (b->filled_us == 0 || gone_us >= full / per_s)
        b->tokens = full;
    else
        b->tokens += gone_us * per_s;
    if (b->tokens > full)
        b->tokens = full;
    b->filled_us = now_us;
}

bool token_take(struct token_bucket *b, unsigned per_s, unsigned burst, int64_t now_us)
{
    refill(b, per_s, burst, now_us);
    if (b->tokens < MICRO)
        return false;
    b->tokens -= MICRO;
    return true;
}

static unsigned place_of_ip(const struct limits *l, const struct net_addr *ip)
{
    uint8_t bytes[16];

    net_addr_to_ipv6_bytes(bytes, ip);
    return (unsigned)(siphash(&l->key, bytes, sizeof bytes) % LIMITS_PLACES);
}

static unsigned place_of_subnet(const struct limits *l, const struct net_addr *ip)
{
    uint64_t subnet = eth_addr_subnet(ip);

    return (unsigned)(siphash(&l->key, &subnet, sizeof subnet) % LIMITS_PLACES);
}

void limits_prove(struct limits *l, const struct net_addr *ip, int64_t until_us)
{
    int64_t *at = &l->proven_until_us[place_of_ip(l, ip)];

    if (*at < until_us)
        *at = until_us;
}

bool limits_is_known(const struct limits *l, const struct net_addr *ip, int64_t now_us)
{
    return l->proven_until_us[place_of_ip(l, ip)] > now_us;
}

bool limits_take_recovery(struct limits *l, const struct net_addr *from, int64_t now_us)
{
    const struct limits_config *c = &l->config;

    if ((c->limit_local || !eth_addr_is_local(from)) &&
        !token_take(&l->subnets[place_of_subnet(l, from)], c->subnet_recoveries_per_s,
                    c->subnet_recoveries_per_s * SUBNET_BURST_S, now_us))
        return false;
    if (limits_is_known(l, from, now_us))
        return token_take(&l->known, c->known_recoveries_per_s, c->known_recoveries_per_s, now_us);
    return token_take(&l->strangers, c->stranger_recoveries_per_s, c->stranger_recoveries_per_s,
                      now_us);
}

void limits_earn(struct limits *l, const struct net_addr *from, size_t len, int64_t now_us)
{
    struct token_bucket *b = &l->credit[place_of_ip(l, from)];

    refill(b, CREDIT_PER_S, CREDIT_MAX, now_us);
    b->tokens += (int64_t)len * (MICRO / 100) * RETURN_HUNDREDTHS;
}

bool limits_spend(struct limits *l, const struct net_addr *to, size_t len, int64_t now_us)
{
    struct token_bucket *b = &l->credit[place_of_ip(l, to)];

    refill(b, CREDIT_PER_S, CREDIT_MAX, now_us);
    if (b->tokens < (int64_t)len * MICRO)
        return false;
    b->tokens -= (int64_t)len * MICRO;
    return true;
}

bool limits_take_ping_back(struct limits *l, int64_t now_us)
{
    return token_take(&l->ping_backs, l->config.ping_backs_per_s, l->config.ping_backs_per_s,
                      now_us);
}
