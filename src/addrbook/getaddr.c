/* The answers to getaddr. Each is kept for about a day and told to all who ask from the same kind
 * of network at the same address of ours: one who asks a thousand times learns no more than once,
 * and the answers of two of our addresses do not show that they are one node. Source:
 * CConnman::GetAddresses in net.cpp of the reference implementation. */
#include <string.h>

#include "addrbook/book.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"

#define HOUR_US INT64_C(3600000000)

enum { KEEP_MIN_H = 21, KEEP_SPREAD_H = 6 };

/* A young node's first answers would stand for nearly nothing all day. Drawn anew when the book has
 * doubled, there are a dozen of them until the answers have their full size, and no more then. */
static bool outgrown(const struct addrbook *b, const struct answer *a) REQUIRES(b->mu)
{
    return a->n < ADDRBOOK_GETADDR_MAX && b->n >= 2 * a->book_size && b->n > a->book_size;
}

static struct answer *find(struct addrbook *b, enum net_kind requester,
                           const struct net_addr *local, int64_t now_us) REQUIRES(b->mu)
{
    for (unsigned i = 0; i < BOOK_ANSWERS_MAX; i++) {
        struct answer *a = &b->answers[i];

        if (a->list && a->requester == requester && net_addr_equal(&a->local, local) &&
            now_us < a->expires_us && !outgrown(b, a))
            return a;
    }
    return NULL;
}

/* Returns: how many addresses the kept answer has, or PN_ENOENT. */
static int look_up(struct addrbook *b, struct addrbook_seen *out, enum net_kind requester,
                   const struct net_addr *local, int64_t now_us)
{
    const struct answer *a;
    int n = PN_ENOENT;

    mutex_lock(&b->mu);
    a = find(b, requester, local, now_us);
    if (a) {
        memcpy(out, a->list, a->n * sizeof *out);
        n = (int)a->n;
    }
    mutex_unlock(&b->mu);
    return n;
}

/* A free place, else that of the answer which expires first: the oldest, about. */
static struct answer *place_for_another(struct addrbook *b) REQUIRES(b->mu)
{
    struct answer *best = &b->answers[0];

    for (unsigned i = 0; i < BOOK_ANSWERS_MAX; i++) {
        if (!b->answers[i].list || outgrown(b, &b->answers[i]))
            return &b->answers[i];
        if (b->answers[i].expires_us < best->expires_us)
            best = &b->answers[i];
    }
    return best;
}

static size_t filter(struct addrbook_seen *list, size_t n, addrbook_may_tell *may_tell, void *arg)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!may_tell || may_tell(arg, &list[i].addr))
            list[kept++] = list[i];
    return kept;
}

/* Keep a new answer, unless another thread was quicker; then that one holds. Takes a->list. */
static int keep(struct addrbook *b, struct addrbook_seen *out, const struct answer *fresh,
                int64_t now_us)
{
    struct addrbook_seen *unused = fresh->list;
    struct answer *a;
    int n;

    mutex_lock(&b->mu);
    a = find(b, fresh->requester, &fresh->local, now_us);
    if (!a) {
        a = place_for_another(b);
        unused = a->list;
        *a = *fresh;
    }
    memcpy(out, a->list, a->n * sizeof *out);
    n = (int)a->n;
    mutex_unlock(&b->mu);
    mem_free(unused);
    return n;
}

int addrbook_getaddr(struct addrbook *b, struct addrbook_seen *out, enum net_kind requester,
                     const struct net_addr *local, addrbook_may_tell *may_tell, void *arg)
{
    int64_t now_us = clock_mono_us();
    int n = look_up(b, out, requester, local, now_us);
    struct answer fresh = {.requester = requester, .local = *local};

    if (n >= 0)
        return n;
    fresh.book_size = addrbook_size(b);
    fresh.n = addrbook_sample(b, out, ADDRBOOK_GETADDR_MAX, ADDRBOOK_ALL_KINDS);
    fresh.n = filter(out, fresh.n, may_tell, arg);
    fresh.expires_us =
        now_us + KEEP_MIN_H * HOUR_US + (int64_t)random_below((uint64_t)(KEEP_SPREAD_H * HOUR_US));
    fresh.list = mem_dup(out, fresh.n * sizeof *out);
    if (!fresh.list)
        return PN_ENOMEM;
    return keep(b, out, &fresh, now_us);
}
