#include "download/board.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

int download_board_init(struct download_board *b, unsigned max_peers)
{
    *b = (struct download_board){.max_peers = max_peers};
    mutex_init(&b->mu);
    b->ratings = mem_zalloc_array(max_peers, sizeof *b->ratings);
    return b->ratings ? 0 : PN_ENOMEM;
}

void download_board_free(struct download_board *b)
{
    if (!b->max_peers)
        return;
    mem_free(b->ratings);
    mutex_destroy(&b->mu);
    *b = (struct download_board){0};
}

static void rate(struct download_rating *r, const struct download_peers *set,
                 const struct download_peer *p, int64_t target_us)
{
    *r = (struct download_rating){
        .id = p->id, .rtt_us = (int64_t)p->rtt_us, .lacking = p->lacking.count};
    for (unsigned k = 0; k < set->n_kinds; k++) {
        r->work[k].busy = p->work[k].busy;
        r->work[k].throughput = p->work[k].throughput;
        r->work[k].capacity = download_capacity(set, p->id, k, target_us);
    }
}

void download_board_post(struct download_board *b, const struct download_peers *set)
{
    int64_t now_us = clock_mono_us();

    if (now_us < b->post_at_us)
        return;
    b->post_at_us = now_us + DOWNLOAD_POST_US;
    mutex_lock(&b->mu);
    b->estimate = (struct download_estimate){.rtt_us = download_request_rtt_us(set),
                                             .ttl_us = download_request_ttl_us(set),
                                             .confidence = set->confidence};
    for (b->n = 0; b->n < set->n_peers && b->n < b->max_peers; b->n++)
        rate(&b->ratings[b->n], set, &set->peers[b->n], b->estimate.rtt_us);
    mutex_unlock(&b->mu);
}

int download_board_look(struct download_board *b, struct download_estimate *estimate,
                        struct download_rating **ratings)
{
    struct download_rating *copy = mem_zalloc_array(b->max_peers, sizeof *copy);
    int n;

    *ratings = copy;
    if (!copy)
        return PN_ENOMEM;
    mutex_lock(&b->mu);
    *estimate = b->estimate;
    n = (int)b->n;
    memcpy(copy, b->ratings, b->n * sizeof *copy);
    mutex_unlock(&b->mu);
    return n;
}
