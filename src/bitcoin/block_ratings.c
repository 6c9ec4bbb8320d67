#include "bitcoin/block_ratings.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

int block_ratings_init(struct block_ratings *r, unsigned max_peers)
{
    *r = (struct block_ratings){.max_peers = max_peers};
    mutex_init(&r->mu);
    r->views = mem_zalloc_array(max_peers, sizeof *r->views);
    return r->views ? download_board_init(&r->board, max_peers) : PN_ENOMEM;
}

void block_ratings_free(struct block_ratings *r)
{
    if (!r->max_peers)
        return;
    download_board_free(&r->board);
    mem_free(r->views);
    mutex_destroy(&r->mu);
    *r = (struct block_ratings){0};
}

void block_ratings_post(struct block_ratings *r, const struct fetch *f)
{
    int64_t now_us = clock_mono_us();

    if (now_us < r->post_at_us)
        return;
    r->post_at_us = now_us + DOWNLOAD_POST_US;
    download_board_post(&r->board, fetch_rating(f));
    mutex_lock(&r->mu);
    r->n = fetch_view_peers(f, r->views);
    mutex_unlock(&r->mu);
}

static const struct fetch_peer_view *find_view(const struct block_ratings *r, uint64_t id)
    REQUIRES(r->mu)
{
    for (unsigned i = 0; i < r->n; i++)
        if (r->views[i].id == id)
            return &r->views[i];
    return NULL;
}

/* Between the two locks somebody may have come or gone: who is not in both is left out. */
int block_ratings_look(struct block_ratings *r, struct download_estimate *estimate,
                       struct block_rating **out)
{
    struct download_rating *ratings;
    int n, found = 0;

    *out = NULL;
    *estimate = (struct download_estimate){0};
    if (!r->max_peers)
        return 0;
    n = download_board_look(&r->board, estimate, &ratings);
    *out = n < 0 ? NULL : mem_zalloc_array(r->max_peers, sizeof **out);
    if (!*out) {
        if (n >= 0)
            mem_free(ratings);
        return PN_ENOMEM;
    }
    mutex_lock(&r->mu);
    for (int i = 0; i < n; i++) {
        const struct fetch_peer_view *owes = find_view(r, ratings[i].id);

        if (owes)
            (*out)[found++] = (struct block_rating){ratings[i], *owes};
    }
    mutex_unlock(&r->mu);
    mem_free(ratings);
    return found;
}
