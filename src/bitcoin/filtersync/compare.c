/* What peers say, held against each other. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter/basic.h"
#include "bitcoin/filtersync/internal.h"

#define RETRY_US INT64_C(10000000) /* after a failure of our own */

static struct filtersync_peer *first_answer(struct filtersync *s)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].answered)
            return &s->peers[i];
    return NULL;
}

static unsigned count_answers(const struct filtersync *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->n_peers; i++)
        n += s->peers[i].answered;
    return n;
}

/* How many hashes all answers begin with in common; each has `n`. */
static size_t common(struct filtersync *s, size_t n)
{
    const struct filtersync_peer *first = first_answer(s);

    for (unsigned i = 0; i < s->n_peers; i++)
        for (size_t k = 0; s->peers[i].answered && k < n; k++)
            if (memcmp(s->peers[i].hashes[k], first->hashes[k], BTC_HASH_BYTES) != 0)
                n = k;
    return n;
}

/* On to the next question, without a pause: what is asked depends on what is stored now. */
static void go_on(struct filtersync *s)
{
    size_t n = s->n_checkpoints;
    bool asked = s->checkpoints_asked;

    filtersync_rest(s, clock_mono_us());
    s->n_checkpoints = n;
    s->checkpoints_asked = asked;
}

void filtersync_compare_checkpoints(struct filtersync *s)
{
    struct filtersync_peer *first = first_answer(s);

    s->n_checkpoints = 0;
    if (count_answers(s) >= FILTERSYNC_AGREE_MIN) {
        s->n_checkpoints = common(s, first->n);
        s->checkpoints_tip = s->last;
        memcpy(s->checkpoints_stop, s->stop, BTC_HASH_BYTES);
        mem_free(s->checkpoints);
        s->checkpoints = first->hashes;
        first->hashes = NULL;
        first->n = 0;
    }
    go_on(s);
}

/* --- headers --- */

/* The word of one peer, between checkpoints that all have named. */
static bool meets_checkpoint(const struct filtersync *s, const struct filtersync_peer *p)
{
    uint8_t header[BTC_HASH_BYTES];

    memcpy(header, p->prev, sizeof header);
    for (size_t k = 0; k < p->n; k++)
        basic_filter_header(header, p->hashes[k], header);
    return memcmp(header, s->checkpoints[s->last / BTC_CFCHECKPT_INTERVAL - 1], sizeof header) == 0;
}

static void leave_out_other_pasts(struct filtersync *s)
{
    unsigned answers = count_answers(s), others = 0;

    for (unsigned i = 0; i < s->n_peers; i++) {
        struct filtersync_peer *p = &s->peers[i];

        if (!p->answered || memcmp(p->prev, s->end.header, BTC_HASH_BYTES) == 0)
            continue;
        others++;
        if (s->end.next == 0) /* what comes before the first is no matter of opinion */
            filtersync_blame(s, p, 0, PN_EFORMAT);
        else
            filtersync_leave_out(p);
    }
    if (others < answers || others < FILTERSYNC_AGREE_MIN || s->end.next == 0)
        return;
    /* All deny what was agreed on once: those who did may have lied together. */
    s->ops->take_back(s->arg, 0);
    for (unsigned i = 0; i < s->n_peers; i++)
        s->peers[i].rest_until_us = 0;
}

static void blame_who_denies_what_is_known(struct filtersync *s)
{
    size_t n = s->last - s->end.next + 1;
    uint8_t(*known)[BTC_HASH_BYTES] = mem_alloc_array(n, sizeof *known);

    if (!known)
        return;
    n = s->ops->known(s->arg, known, s->end.next, n);
    for (unsigned i = 0; i < s->n_peers; i++) {
        struct filtersync_peer *p = &s->peers[i];

        for (size_t k = 0; p->answered && k < n; k++)
            if (memcmp(p->hashes[k], known[k], BTC_HASH_BYTES) != 0)
                filtersync_blame(s, p, s->end.next + (uint32_t)k, PN_EFILTER);
    }
    mem_free(known);
}

/* All that have answered said the same up to here, and then each something of its own. */
static void dispute(struct filtersync *s, size_t agreed)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].answered)
            memcpy(s->peers[i].claim, s->peers[i].hashes[agreed], BTC_HASH_BYTES);
    s->disputed = s->end.next + (uint32_t)agreed;
    if (s->ops->hash_at(s->arg, s->stop, s->disputed))
        filtersync_ask(s, PHASE_FILTERS);
    else
        go_on(s);
}

void filtersync_compare_headers(struct filtersync *s)
{
    size_t n = s->last - s->end.next + 1, agreed;
    struct filtersync_peer *first;
    int rc = 0;

    leave_out_other_pasts(s);
    blame_who_denies_what_is_known(s);
    first = first_answer(s);
    if (s->alone && first && !meets_checkpoint(s, first)) {
        filtersync_blame(s, first, s->last, PN_EFILTER); /* it contradicts itself */
        first = NULL;
    }
    if (!first || (!s->alone && count_answers(s) < FILTERSYNC_AGREE_MIN)) {
        go_on(s);
        return;
    }
    agreed = common(s, n);
    if (agreed > 0)
        rc = s->ops->append(s->arg, s->end.next, (const uint8_t(*)[BTC_HASH_BYTES])first->hashes,
                            agreed);
    if (rc < 0)
        filtersync_rest(s, clock_mono_us() + RETRY_US);
    else if (agreed < n)
        dispute(s, agreed);
    else
        go_on(s);
}

/* --- filters --- */

/* Returns: 0 when the filter is what the peer spoke of and can be the block's; or what is wrong. */
static int examine(struct filtersync *s, const struct filtersync_peer *p)
{
    const struct bytes filter = {.data = p->filter.data, .len = p->filter.len};
    uint8_t hash[BTC_HASH_BYTES];
    int rc = 0;

    basic_filter_hash(hash, filter);
    if (memcmp(hash, p->claim, sizeof hash) != 0)
        return PN_EFILTER;
    if (s->ops->has_block(s->arg, s->stop))
        rc = s->ops->judge(s->arg, s->stop, filter);
    return rc == PN_ENOMEM ? 0 : rc;
}

static bool claims_differ(struct filtersync *s)
{
    const struct filtersync_peer *first = first_answer(s);

    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].answered && memcmp(s->peers[i].claim, first->claim, BTC_HASH_BYTES) != 0)
            return true;
    return false;
}

void filtersync_compare_filters(struct filtersync *s)
{
    bool decided;

    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].answered && examine(s, &s->peers[i]) < 0)
            filtersync_blame(s, &s->peers[i], s->disputed, PN_EFILTER);
    decided = !claims_differ(s);
    s->ops->settled(s->arg, s->disputed, decided);
    if (decided)
        go_on(s);
    else
        filtersync_rest(s, clock_mono_us() + FILTERSYNC_REST_US);
}
