/* Test before evict: an address that answered finds its place in tried taken. Whoever has the place
 * keeps it while it answers; only when it fails, or cannot be tested for 40 minutes, does it go
 * back to new. Else an attacker who owns many addresses would wash the honest ones out of tried.
 * Source: ResolveCollisions_ and SelectTriedCollision_ in addrman.cpp of the reference
 * implementation, pull request 9037; Heilman et al., countermeasure 3. */
#include "addrbook/book.h"
#include "base/clock.h"

enum {
    ANSWER_S = 60,               /* a connection may take that long */
    REPLACEMENT_S = 4 * 60 * 60, /* an answer or a failure counts for that long */
    TEST_WINDOW_S = 40 * 60,
};

enum verdict { KEPT, REPLACED, GONE, WAITING };

/* The tried address whose place the i-th collision is about; NULL when there is none any more. */
static struct entry *incumbent(struct addrbook *b, unsigned i) REQUIRES(b->mu)
{
    struct entry *newer = book_find(b, &b->collisions[i]);

    if (!newer || newer->r.tried)
        return NULL;
    return book_at(b, ADDRBOOK_TRIED, book_tried_slot(b, &newer->r.addr));
}

static void forget(struct addrbook *b, unsigned i) REQUIRES(b->mu)
{
    b->collisions[i] = b->collisions[--b->n_collisions];
}

bool addrbook_select_collision(struct addrbook *b, struct addrbook_choice *out)
{
    bool found = false;

    mutex_lock(&b->mu);
    while (b->n_collisions > 0 && !found) {
        unsigned i = book_random_below(b, b->n_collisions);
        const struct entry *e = incumbent(b, i);

        if (!e) {
            /* The place has become free: whoever wanted it may have it. */
            struct entry *newer = book_find(b, &b->collisions[i]);

            if (newer && !newer->r.tried)
                book_make_tried(b, newer);
            forget(b, i);
            continue;
        }
        *out = (struct addrbook_choice){.addr = e->r.addr,
                                        .services = e->r.services,
                                        .last_try_s = e->r.last_try_s,
                                        .tried = true};
        found = true;
    }
    book_unlock(b);
    return found;
}

static enum verdict judge(struct addrbook *b, unsigned i, int64_t now_s) REQUIRES(b->mu)
{
    struct entry *newer = book_find(b, &b->collisions[i]), *old = incumbent(b, i);

    if (!newer || newer->r.tried)
        return GONE;
    if (!old) {
        book_make_tried(b, newer);
        return GONE;
    }
    if (now_s - old->r.last_success_s < REPLACEMENT_S)
        return KEPT;
    if (now_s - old->r.last_try_s < REPLACEMENT_S) {
        if (now_s - old->r.last_try_s <= ANSWER_S)
            return WAITING;
    } else if (now_s - newer->r.last_success_s <= TEST_WINDOW_S) {
        return WAITING;
    }
    book_make_tried(b, newer);
    return REPLACED;
}

static void settle(struct addrbook *b, struct addrbook_resolved *out, unsigned *i, int64_t now_s)
    REQUIRES(b->mu)
{
    switch (judge(b, *i, now_s)) {
    case KEPT:
        out->kept++;
        BOOK_EVENT(b, kept);
        book_note(b, JOURNAL_REJECTED, "kept", "the older one of its place in tried has answered",
                  &b->collisions[*i]);
        break;
    case REPLACED:
        out->replaced++;
        BOOK_EVENT(b, replaced);
        break;
    case GONE:
        out->gone++;
        break;
    case WAITING:
        out->waiting++;
        ++*i;
        return;
    }
    forget(b, *i);
}

/* The incumbents, to be asked about without the lock. Returns: how many. */
static unsigned list_incumbents(struct addrbook *b, struct net_addr out[ADDRBOOK_COLLISIONS_MAX])
{
    unsigned n = 0;

    mutex_lock(&b->mu);
    for (unsigned i = 0; i < b->n_collisions; i++) {
        const struct entry *e = incumbent(b, i);

        if (e)
            out[n++] = e->r.addr;
    }
    mutex_unlock(&b->mu);
    return n;
}

struct addrbook_resolved addrbook_resolve_collisions(struct addrbook *b,
                                                     addrbook_is_connected *is_connected, void *arg)
{
    struct addrbook_resolved out = {0};
    struct net_addr old[ADDRBOOK_COLLISIONS_MAX];
    unsigned n = is_connected ? list_incumbents(b, old) : 0;
    int64_t now_s = clock_wall_s();

    for (unsigned i = 0; i < n; i++)
        if (is_connected(arg, &old[i]))
            addrbook_good(b, &old[i]);
    mutex_lock(&b->mu);
    for (unsigned i = 0; i < b->n_collisions;)
        settle(b, &out, &i, now_s);
    book_unlock(b);
    return out;
}
