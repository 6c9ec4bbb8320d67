#include "ethereum/p2p/roster.h"

#include <string.h>

#include "base/bug.h"
#include "base/err.h"
#include "base/mem.h"
#include "peer/peer.h"

enum { DIAL_RATIO = 3 };

struct p2p_limits p2p_limits_of(unsigned max_peers)
{
    unsigned dialled = max_peers / DIAL_RATIO;

    return (struct p2p_limits){.max_peers = max_peers, .max_dialled = dialled ? dialled : 1};
}

int p2p_roster_init(struct p2p_roster *r, const struct p2p_limits *limits, unsigned above,
                    const uint8_t self[EC_PUBKEY_BYTES])
{
    unsigned max_places = limits->max_peers + above;
    struct p2p_place *places = mem_zalloc_array(max_places, sizeof *places);

    if (!places)
        return PN_ENOMEM;
    *r = (struct p2p_roster){.limits = *limits, .places = places, .max_places = max_places};
    memcpy(r->self, self, EC_PUBKEY_BYTES);
    mutex_init(&r->mu);
    return 0;
}

void p2p_roster_free(struct p2p_roster *r)
{
    mutex_lock(&r->mu);
    MEM_FREE(r->places);
    mutex_unlock(&r->mu);
    mutex_destroy(&r->mu);
}

/* --- handshakes under way --- */

static void end_pending(struct p2p_roster *r, const struct peer *p) REQUIRES(r->mu)
{
    for (unsigned i = 0; i < r->n_pending; i++)
        if (r->pending[i].peer == p) {
            r->pending[i] = r->pending[--r->n_pending];
            return;
        }
}

static struct peer *oldest_pending(struct p2p_roster *r) REQUIRES(r->mu)
{
    unsigned oldest = 0;

    for (unsigned i = 1; i < r->n_pending; i++)
        if (r->pending[i].since_us < r->pending[oldest].since_us)
            oldest = i;
    return r->pending[oldest].peer;
}

void p2p_roster_begin(struct p2p_roster *r, struct peer *p, int64_t now_us)
{
    struct peer *victim = NULL;

    mutex_lock(&r->mu);
    if (r->n_pending == P2P_PENDING_MAX) {
        victim = peer_ref(oldest_pending(r));
        end_pending(r, victim);
    }
    r->pending[r->n_pending].peer = p;
    r->pending[r->n_pending++].since_us = now_us;
    mutex_unlock(&r->mu);
    if (victim) {
        peer_disconnect(victim, PN_EEVICTED);
        peer_unref(victim);
    }
}

/* --- checkpoints --- */

static struct p2p_place *find(struct p2p_roster *r, const uint8_t pubkey[EC_PUBKEY_BYTES])
    REQUIRES(r->mu)
{
    for (unsigned i = 0; i < r->n_places; i++)
        if (memcmp(r->places[i].pubkey, pubkey, EC_PUBKEY_BYTES) == 0)
            return &r->places[i];
    return NULL;
}

static unsigned count_inbound(const struct p2p_roster *r) REQUIRES(r->mu)
{
    unsigned n = 0;

    for (unsigned i = 0; i < r->n_places; i++)
        n += (r->places[i].flags & P2P_INBOUND) != 0;
    return n;
}

static bool is_full(struct p2p_roster *r, unsigned flags) REQUIRES(r->mu)
{
    if (r->n_places == r->max_places)
        return true;
    if (flags & (P2P_TRUSTED | P2P_STATIC))
        return false;
    if (r->n_places >= r->limits.max_peers)
        return true;
    return (flags & P2P_INBOUND) && count_inbound(r) >= r->limits.max_peers - r->limits.max_dialled;
}

static int check(struct p2p_roster *r, const uint8_t pubkey[EC_PUBKEY_BYTES], unsigned flags)
    REQUIRES(r->mu)
{
    if (memcmp(pubkey, r->self, EC_PUBKEY_BYTES) == 0)
        return PN_ESELF;
    if (find(r, pubkey))
        return PN_ECONNECTED;
    return is_full(r, flags) ? PN_EFULL : 0;
}

int p2p_roster_check(struct p2p_roster *r, const uint8_t pubkey[EC_PUBKEY_BYTES], unsigned flags)
{
    int rc;

    mutex_lock(&r->mu);
    rc = check(r, pubkey, flags);
    mutex_unlock(&r->mu);
    return rc;
}

int p2p_roster_add(struct p2p_roster *r, const struct peer *p,
                   const uint8_t pubkey[EC_PUBKEY_BYTES], unsigned flags)
{
    int rc;

    mutex_lock(&r->mu);
    rc = check(r, pubkey, flags);
    if (rc == 0) {
        end_pending(r, p);
        r->places[r->n_places].flags = flags;
        memcpy(r->places[r->n_places++].pubkey, pubkey, EC_PUBKEY_BYTES);
    }
    mutex_unlock(&r->mu);
    return rc;
}

void p2p_roster_leave(struct p2p_roster *r, const struct peer *p,
                      const uint8_t pubkey[EC_PUBKEY_BYTES], bool added)
{
    struct p2p_place *place;

    mutex_lock(&r->mu);
    end_pending(r, p);
    place = added ? find(r, pubkey) : NULL;
    if (!BUG(added && !place) && place)
        *place = r->places[--r->n_places];
    mutex_unlock(&r->mu);
}

bool p2p_roster_has(struct p2p_roster *r, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    bool has;

    mutex_lock(&r->mu);
    has = find(r, pubkey) != NULL;
    mutex_unlock(&r->mu);
    return has;
}

unsigned p2p_roster_count(struct p2p_roster *r)
{
    unsigned n;

    mutex_lock(&r->mu);
    n = r->n_places;
    mutex_unlock(&r->mu);
    return n;
}
