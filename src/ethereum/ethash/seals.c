#include "ethereum/ethash/seals.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "thread/thread.h"

/* A cache and who uses it. */
struct shared {
    struct ethash_cache *cache; /* NULL: the place is free */
    unsigned users;
    int64_t used_us;
};

struct seals {
    struct mutex mu;
    struct shared places[SEALS_CACHES] GUARDED_BY(mu);
    struct chan turn; /* one token: who has it may make a cache */
};

/* Making a cache takes seconds, too long for a mutex. */
static struct chan_class turn_class = {
    .name = "ethash_turn",
    .elem_size = sizeof(char),
    .capacity = 1,
    .block_roles = ROLE_BIT(ROLE_PEER_IN),
};

int seals_new(struct seals **out)
{
    struct seals *s = mem_zalloc(sizeof *s);
    const char token = 0;
    int rc = s ? chan_class_register(&turn_class) : PN_ENOMEM;

    *out = NULL;
    if (rc == 0)
        rc = chan_init(&s->turn, &turn_class);
    if (rc < 0) {
        mem_free(s);
        return rc;
    }
    mutex_init(&s->mu);
    (void)chan_try_send(&s->turn, &token);
    *out = s;
    return 0;
}

void seals_free(struct seals *s)
{
    if (!s)
        return;
    mutex_lock(&s->mu);
    for (unsigned i = 0; i < SEALS_CACHES; i++)
        ethash_cache_free(s->places[i].cache);
    mutex_unlock(&s->mu);
    chan_destroy(&s->turn, NULL);
    mutex_destroy(&s->mu);
    mem_free(s);
}

/* Begin to use the cache of an epoch. Returns: NULL when it is not there. */
static const struct ethash_cache *use(struct seals *s, unsigned epoch)
{
    const struct ethash_cache *found = NULL;

    mutex_lock(&s->mu);
    for (unsigned i = 0; i < SEALS_CACHES && !found; i++) {
        struct shared *p = &s->places[i];

        if (!p->cache || p->cache->epoch != epoch)
            continue;
        p->users++;
        p->used_us = clock_mono_us();
        found = p->cache;
    }
    mutex_unlock(&s->mu);
    return found;
}

static void leave(struct seals *s, const struct ethash_cache *c)
{
    mutex_lock(&s->mu);
    for (unsigned i = 0; i < SEALS_CACHES; i++)
        if (s->places[i].cache == c)
            s->places[i].users--;
    mutex_unlock(&s->mu);
}

/* Free the place that has not been used for longest. Returns: whether there is one. */
static bool make_room(struct seals *s)
{
    struct ethash_cache *gone = NULL;
    struct shared *oldest = NULL;

    mutex_lock(&s->mu);
    for (unsigned i = 0; i < SEALS_CACHES; i++) {
        struct shared *p = &s->places[i];

        if (p->users == 0 && (!oldest || !p->cache || p->used_us < oldest->used_us))
            oldest = p;
        if (oldest && !oldest->cache)
            break;
    }
    if (oldest) {
        gone = oldest->cache;
        oldest->cache = NULL;
    }
    mutex_unlock(&s->mu);
    ethash_cache_free(gone);
    return oldest != NULL;
}

static void put(struct seals *s, struct ethash_cache *c)
{
    mutex_lock(&s->mu);
    for (unsigned i = 0; i < SEALS_CACHES && c; i++)
        if (!s->places[i].cache) {
            s->places[i] = (struct shared){.cache = c, .used_us = clock_mono_us()};
            c = NULL;
        }
    mutex_unlock(&s->mu);
    ethash_cache_free(c);
}

/* With the token: only its holder makes room and fills it. */
static int make(struct seals *s, unsigned epoch)
{
    const struct ethash_cache *there = use(s, epoch);
    struct ethash_cache *c;
    int rc;

    if (there) { /* somebody else has made it meanwhile */
        leave(s, there);
        return 0;
    }
    if (!make_room(s))
        return PN_ENOMEM;
    rc = ethash_cache_make(&c, epoch);
    if (rc == 0)
        put(s, c);
    return rc;
}

int seals_prepare(struct seals *s, uint64_t head)
{
    uint64_t epoch = head / ETHASH_EPOCH_BLOCKS;

    return epoch <= ETHASH_EPOCH_MAX ? make(s, (unsigned)epoch) : 0;
}

static int wait_and_make(struct seals *s, unsigned epoch, struct chan *quit)
{
    char token;
    struct chan_case cases[] = {
        {.chan = &s->turn, .op = CHAN_RECV, .elem = &token},
        {.chan = quit, .op = CHAN_RECV},
    };
    int rc;

    if (chan_select(cases, 2, CLOCK_NEVER) != 0)
        return PN_EQUIT;
    rc = make(s, epoch);
    (void)chan_try_send(&s->turn, &token);
    return rc;
}

static bool is_near(uint64_t number, uint64_t head)
{
    uint64_t epoch = number / ETHASH_EPOCH_BLOCKS, ours = head / ETHASH_EPOCH_BLOCKS;

    return epoch <= ours + 1 && ours <= epoch + 1 && epoch <= ETHASH_EPOCH_MAX;
}

int seals_verify(struct seals *s, const struct eth_header *h, uint64_t head, struct chan *quit)
{
    unsigned epoch = (unsigned)(h->number / ETHASH_EPOCH_BLOCKS);
    const struct ethash_cache *c;
    int rc;

    if (!is_near(h->number, head))
        return 0;
    while (!(c = use(s, epoch))) {
        rc = wait_and_make(s, epoch, quit);
        if (rc < 0)
            return rc;
    }
    rc = ethash_check(c, h);
    leave(s, c);
    return rc;
}
