/* What peers relay at least: the median of the fee filters (BIP133) of those that sent one. A part
 * of the manager, which looks around twice a minute and when a peer comes or goes. */
#include <stdlib.h>

#include "base/clock.h"
#include "bitcoin/internal.h"

enum { LOOK_MS = 30000, MAX_FILTERS = 256 };

/* What Bitcoin Core relays at least unless told otherwise: said until a peer says something. */
#define DEFAULT_SAT_PER_KVB 1000

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void look(struct bitcoin *b)
{
    int64_t filters[MAX_FILTERS];
    unsigned n = 0;

    for (unsigned i = 0; i < b->n_peers && n < MAX_FILTERS; i++) {
        const struct btc_peer *bp = btc_peer_of(b->peers[i]->peer);
        int64_t filter = atomic_load(&bp->fee_filter_sat_per_kvb);

        if (filter > 0)
            filters[n++] = filter;
    }
    qsort(filters, n, sizeof filters[0], compare);
    atomic_store(&b->relay_fee, n > 0 ? filters[n / 2] : DEFAULT_SAT_PER_KVB);
}

static int init(struct bitcoin *b)
{
    atomic_store(&b->relay_fee, DEFAULT_SAT_PER_KVB);
    return 0;
}

static int64_t tick(struct bitcoin *b, int64_t now_us)
{
    look(b);
    return now_us + LOOK_MS * 1000;
}

const struct manager_part relay_fee_part = {.init = init, .tick = tick};

int64_t bitcoin_relay_fee(const struct bitcoin *b)
{
    return atomic_load(&b->relay_fee);
}
