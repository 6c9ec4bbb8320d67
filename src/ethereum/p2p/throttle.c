#include "ethereum/p2p/throttle.h"

#include <string.h>

#include "base/err.h"
#include "ethereum/enr/relay.h"

/* From the newest back, until they have ended. */
static bool is_there(const struct p2p_throttle *t, const struct net_addr *from, int64_t now_us)
{
    for (unsigned i = 1; i <= P2P_THROTTLE_MAX; i++) {
        unsigned at = (t->next + P2P_THROTTLE_MAX - i) % P2P_THROTTLE_MAX;

        if (t->seen[at].kind == NET_NONE || t->seen[at].until_us <= now_us)
            return false;
        if (t->seen[at].kind == from->kind &&
            memcmp(t->seen[at].bytes, from->bytes, net_addr_len(from->kind)) == 0)
            return true;
    }
    return false;
}

int p2p_throttle_admit(struct p2p_throttle *t, const struct net_addr *from, int64_t now_us)
{
    if (eth_addr_is_local(from) || net_addr_len(from->kind) > sizeof t->seen[0].bytes)
        return 0;
    if (is_there(t, from, now_us))
        return PN_ETHROTTLED;
    t->seen[t->next].kind = from->kind;
    t->seen[t->next].until_us = now_us + P2P_THROTTLE_MS * INT64_C(1000);
    memcpy(t->seen[t->next].bytes, from->bytes, net_addr_len(from->kind));
    t->next = (t->next + 1) % P2P_THROTTLE_MAX;
    return 0;
}
