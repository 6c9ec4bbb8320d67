/* Credit is kept in microseconds: a token is worth one window, and time itself is what accrues. So
 * nothing is rounded, and a request more often than once a window loses no fraction. */
#include "electrum/limits/rate_limiter.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "crypto/siphash.h"
#include "metrics/metrics.h"

enum { NOBODY = -1, KEY_BYTES = 9 };

struct client {
    uint8_t key[KEY_BYTES];
    int64_t credit_us, since_us;
    unsigned over;    /* the limit, since a request last found a token at once, and not served */
    unsigned waiting; /* of these now */
    int next;         /* in its chain of the hash table, or of the free ones */
    int older, newer; /* by last use */
};

struct rate_limiter {
    struct siphash_key hash_key;
    struct mutex mu;
    struct rate_limit_config config GUARDED_BY(mu);
    struct client *clients GUARDED_BY(mu); /* config.max_clients */
    int *chains GUARDED_BY(mu);            /* as many */
    int unused GUARDED_BY(mu), oldest GUARDED_BY(mu), newest GUARDED_BY(mu);
    unsigned n GUARDED_BY(mu);
    struct metric *verdicts[3];
};

static struct metric_family verdicts_family = {
    .name = "p2pnode_ratelimit_decisions_total",
    .help = "What the rate limiter said to requests of Electrum clients, over lines and HTTP; one "
            "that was delayed is counted once more when it is allowed or refused.",
    .type = METRIC_COUNTER,
    .labels = {"decision"},
};

static void check(const struct rate_limit_config *config)
{
    assert(config->capacity <= RATE_LIMIT_MAX_CAPACITY);
    assert(config->window_ms > 0 && config->window_ms <= RATE_LIMIT_MAX_WINDOW_MS);
    (void)config;
}

struct rate_limiter *rate_limiter_new(const struct rate_limit_config *config) NO_THREAD_SAFETY
{
    static const char *const names[3] = {"allowed", "delayed", "refused"};
    struct rate_limiter *r = mem_zalloc(sizeof *r);

    check(config);
    assert(config->max_clients > 0);
    if (!r)
        return NULL;
    r->config = *config;
    r->hash_key = siphash_random_key();
    mutex_init(&r->mu);
    r->clients = mem_zalloc_array(config->max_clients, sizeof *r->clients);
    r->chains = mem_alloc_array(config->max_clients, sizeof *r->chains);
    if (!r->clients || !r->chains) {
        rate_limiter_free(r);
        return NULL;
    }
    for (unsigned i = 0; i < config->max_clients; i++) {
        r->chains[i] = NOBODY;
        r->clients[i].next = i + 1 < config->max_clients ? (int)i + 1 : NOBODY;
    }
    r->oldest = r->newest = NOBODY;
    for (unsigned i = 0; i < 3; i++)
        r->verdicts[i] = metric_get(&verdicts_family, names[i], NULL);
    return r;
}

void rate_limiter_free(struct rate_limiter *r) NO_THREAD_SAFETY
{
    if (!r)
        return;
    mem_free(r->clients);
    mem_free(r->chains);
    mutex_destroy(&r->mu);
    mem_free(r);
}

/* Whoever has an IPv6 address has a /64 of them. */
static void make_key(uint8_t key[KEY_BYTES], const struct net_addr *a)
{
    size_t len = a->kind == NET_IPV4 ? 4 : 8;

    memset(key, 0, KEY_BYTES);
    key[0] = (uint8_t)a->kind;
    memcpy(key + 1, a->bytes, len);
}

static int *chain_of(struct rate_limiter *r, const uint8_t key[KEY_BYTES]) REQUIRES(r->mu)
{
    return &r->chains[siphash(&r->hash_key, key, KEY_BYTES) % r->config.max_clients];
}

static int find(struct rate_limiter *r, const uint8_t key[KEY_BYTES]) REQUIRES(r->mu)
{
    int at = *chain_of(r, key);

    while (at != NOBODY && memcmp(r->clients[at].key, key, KEY_BYTES) != 0)
        at = r->clients[at].next;
    return at;
}

static void unlink_age(struct rate_limiter *r, int at) REQUIRES(r->mu)
{
    struct client *c = &r->clients[at];

    *(c->older == NOBODY ? &r->oldest : &r->clients[c->older].newer) = c->newer;
    *(c->newer == NOBODY ? &r->newest : &r->clients[c->newer].older) = c->older;
}

static void make_newest(struct rate_limiter *r, int at) REQUIRES(r->mu)
{
    struct client *c = &r->clients[at];

    c->older = r->newest;
    c->newer = NOBODY;
    *(r->newest == NOBODY ? &r->oldest : &r->clients[r->newest].newer) = at;
    r->newest = at;
}

static void forget(struct rate_limiter *r, int at) REQUIRES(r->mu)
{
    struct client *c = &r->clients[at];
    int *link = chain_of(r, c->key);

    while (*link != at)
        link = &r->clients[*link].next;
    *link = c->next;
    unlink_age(r, at);
    c->next = r->unused;
    r->unused = at;
    r->n--;
}

/* Returns: NOBODY when every place is taken by one who waits. */
static int admit(struct rate_limiter *r, const uint8_t key[KEY_BYTES]) REQUIRES(r->mu)
{
    int at = r->oldest;
    int *chain = chain_of(r, key);

    if (r->unused == NOBODY) {
        while (at != NOBODY && r->clients[at].waiting > 0)
            at = r->clients[at].newer;
        if (at == NOBODY)
            return NOBODY;
        forget(r, at);
    }
    at = r->unused;
    r->unused = r->clients[at].next;
    r->clients[at] = (struct client){
        .credit_us = r->config.capacity * r->config.window_ms * 1000,
        .since_us = clock_mono_us(),
        .next = *chain,
    };
    memcpy(r->clients[at].key, key, KEY_BYTES);
    *chain = at;
    make_newest(r, at);
    r->n++;
    return at;
}

static void accrue(const struct rate_limiter *r, struct client *c) REQUIRES(r->mu)
{
    int64_t now_us = clock_mono_us(), full_us = r->config.capacity * r->config.window_ms * 1000;

    c->credit_us += now_us - c->since_us;
    c->since_us = now_us;
    if (c->credit_us > full_us)
        c->credit_us = full_us;
}

static struct rate_answer spend(const struct rate_limiter *r, struct client *c) REQUIRES(r->mu)
{
    int64_t token_us = r->config.window_ms * 1000;

    if (r->config.capacity == 0) /* since it was changed, while this one waited */
        return (struct rate_answer){RATE_ALLOWED, 0};
    accrue(r, c);
    if (c->credit_us < token_us)
        return (struct rate_answer){RATE_REFUSED, (token_us - c->credit_us + 999) / 1000};
    c->credit_us -= token_us;
    return (struct rate_answer){RATE_ALLOWED, 0};
}

static int64_t delay_of(const struct rate_limiter *r, unsigned over) REQUIRES(r->mu)
{
    int64_t ms = over * r->config.delay_ms;

    return ms < RATE_LIMIT_MAX_DELAY_MS ? ms : RATE_LIMIT_MAX_DELAY_MS;
}

static struct rate_answer take(struct rate_limiter *r, const uint8_t key[KEY_BYTES]) REQUIRES(r->mu)
{
    struct rate_answer answer = {RATE_REFUSED, r->config.window_ms};
    int at = find(r, key);
    struct client *c;

    if (at == NOBODY)
        at = admit(r, key);
    if (at == NOBODY)
        return answer;
    c = &r->clients[at];
    unlink_age(r, at);
    make_newest(r, at);
    answer = spend(r, c);
    if (answer.verdict == RATE_ALLOWED) {
        c->over = 0;
    } else if (c->over < r->config.delay_after) {
        c->over++;
        c->waiting++;
        answer = (struct rate_answer){RATE_DELAYED, delay_of(r, c->over)};
    }
    return answer;
}

static struct rate_answer counted(struct rate_limiter *r, struct rate_answer answer)
{
    metric_add(r->verdicts[answer.verdict], 1);
    return answer;
}

struct rate_answer rate_limiter_take(struct rate_limiter *r, const struct net_addr *client)
{
    struct rate_answer answer = {RATE_ALLOWED, 0};
    uint8_t key[KEY_BYTES];

    make_key(key, client);
    mutex_lock(&r->mu);
    if (r->config.capacity > 0)
        answer = take(r, key);
    mutex_unlock(&r->mu);
    return counted(r, answer);
}

struct rate_answer rate_limiter_resume(struct rate_limiter *r, const struct net_addr *client)
{
    struct rate_answer answer = {RATE_REFUSED, 0};
    uint8_t key[KEY_BYTES];
    int at;

    make_key(key, client);
    mutex_lock(&r->mu);
    answer.wait_ms = r->config.window_ms;
    at = find(r, key); /* there, since nobody is forgotten who waits */
    if (at != NOBODY) {
        r->clients[at].waiting--;
        answer = spend(r, &r->clients[at]);
        if (answer.verdict == RATE_ALLOWED && r->clients[at].over > 0)
            r->clients[at].over--;
    }
    mutex_unlock(&r->mu);
    return counted(r, answer);
}

void rate_limiter_leave(struct rate_limiter *r, const struct net_addr *client)
{
    uint8_t key[KEY_BYTES];
    int at;

    make_key(key, client);
    mutex_lock(&r->mu);
    at = find(r, key);
    if (at != NOBODY)
        r->clients[at].waiting--;
    mutex_unlock(&r->mu);
}

/* A token is worth a window: what a client has of them is kept, not its time. While nothing is
 * limited there is no bound by which to accrue; the time counts once there is one again. */
void rate_limiter_change(struct rate_limiter *r, const struct rate_limit_config *config)
{
    double before_ms, after_ms = (double)config->window_ms;
    unsigned max_clients;

    check(config);
    mutex_lock(&r->mu);
    max_clients = r->config.max_clients;
    before_ms = (double)r->config.window_ms;
    for (int at = r->oldest; at != NOBODY; at = r->clients[at].newer) {
        struct client *c = &r->clients[at];

        if (r->config.capacity > 0)
            accrue(r, c);
        c->credit_us = (int64_t)((double)c->credit_us * after_ms / before_ms);
    }
    r->config = *config;
    r->config.max_clients = max_clients;
    mutex_unlock(&r->mu);
}

unsigned rate_limiter_clients(struct rate_limiter *r)
{
    unsigned n;

    mutex_lock(&r->mu);
    n = r->n;
    mutex_unlock(&r->mu);
    return n;
}
