/* Who is asked for what, and when. */
#include "bitcoin/filtersync/filtersync.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filtersync/internal.h"

#define RETRY_US INT64_C(10000000) /* after a failure of our own */

struct filtersync *filtersync_new(const struct filtersync_ops *ops, void *arg)
{
    struct filtersync *s = mem_zalloc(sizeof *s);

    if (s) {
        s->ops = ops;
        s->arg = arg;
        s->deadline_us = CLOCK_NEVER;
    }
    return s;
}

/* --- peers --- */

static void forget_answer(struct filtersync_peer *p)
{
    MEM_FREE(p->hashes);
    p->n = 0;
    p->due = p->answered = false;
    buf_free(&p->filter);
}

void filtersync_free(struct filtersync *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->n_peers; i++)
        forget_answer(&s->peers[i]);
    mem_free(s->checkpoints);
    mem_free(s);
}

static struct filtersync_peer *find(struct filtersync *s, uint64_t id)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].id == id)
            return &s->peers[i];
    return NULL;
}

bool filtersync_peer_ready(struct filtersync *s, uint64_t peer)
{
    struct filtersync_peer *p;

    if (s->n_peers == FILTERSYNC_PEERS_MAX)
        return false;
    p = &s->peers[s->n_peers++];
    *p = (struct filtersync_peer){.id = peer};
    buf_init(&p->filter, BTC_CFILTER_MAX_BYTES);
    if (s->phase == PHASE_REST)
        s->deadline_us = 0;
    return true;
}

void filtersync_peer_gone(struct filtersync *s, uint64_t peer)
{
    struct filtersync_peer *p = find(s, peer);

    if (!p)
        return;
    forget_answer(p);
    *p = s->peers[--s->n_peers];
}

static bool is_useful(const struct filtersync_peer *p)
{
    return !p->blamed && p->rest_until_us <= clock_mono_us();
}

static unsigned count_useful(const struct filtersync *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->n_peers; i++)
        n += is_useful(&s->peers[i]);
    return n;
}

void filtersync_leave_out(struct filtersync_peer *p)
{
    forget_answer(p);
    p->rest_until_us = clock_mono_us() + FILTERSYNC_REST_US;
}

/* It may not have the block yet: not for long, unless that happens again and again. */
static void leave_out_silent(struct filtersync_peer *p)
{
    int64_t rest = FILTERSYNC_SILENT_US << (p->silences < 4 ? p->silences : 4);

    p->silences++;
    forget_answer(p);
    p->rest_until_us = clock_mono_us() + (rest < FILTERSYNC_REST_US ? rest : FILTERSYNC_REST_US);
}

void filtersync_blame(struct filtersync *s, struct filtersync_peer *p, uint32_t height, int reason)
{
    forget_answer(p);
    p->blamed = true;
    s->ops->blame(s->arg, p->id, height, reason);
}

bool filtersync_keep(struct filtersync_peer *p, const uint8_t (*hashes)[BTC_HASH_BYTES], size_t n)
{
    p->hashes = mem_alloc_array(n > 0 ? n : 1, sizeof *p->hashes);
    if (!p->hashes)
        return false;
    if (n > 0)
        memcpy(p->hashes, hashes, n * sizeof *hashes);
    p->n = n;
    p->silences = 0;
    p->due = false;
    p->answered = true;
    return true;
}

/* --- asking --- */

void filtersync_rest(struct filtersync *s, int64_t until_us)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        forget_answer(&s->peers[i]);
    s->phase = PHASE_REST;
    s->deadline_us = until_us;
    s->checkpoints_asked = false;
    s->n_checkpoints = 0;
}

static void send(struct filtersync *s, struct filtersync_peer *p)
{
    p->due = true;
    switch (s->phase) {
    case PHASE_CHECKPOINTS:
        s->ops->ask_checkpoints(s->arg, p->id, s->stop);
        break;
    case PHASE_HEADERS:
        s->ops->ask_headers(s->arg, p->id, s->end.next, s->stop);
        break;
    case PHASE_FILTERS:
        s->ops->ask_filter(s->arg, p->id, s->disputed, s->stop);
        if (!s->ops->has_block(s->arg, s->stop))
            s->ops->ask_block(s->arg, p->id, s->stop);
        break;
    case PHASE_REST:
        break;
    }
}

/* Those who have claimed something are asked to show it; else all. */
void filtersync_ask(struct filtersync *s, enum filtersync_phase phase)
{
    bool was_answered[FILTERSYNC_PEERS_MAX];

    for (unsigned i = 0; i < s->n_peers; i++) {
        was_answered[i] = s->peers[i].answered;
        forget_answer(&s->peers[i]);
    }
    s->phase = phase;
    s->deadline_us = clock_mono_us() + FILTERSYNC_ANSWER_US;
    for (unsigned i = 0; i < s->n_peers; i++)
        if (is_useful(&s->peers[i]) && (phase != PHASE_FILTERS || was_answered[i]))
            send(s, &s->peers[i]);
}

/* One after the other; there is one. */
static void ask_one(struct filtersync *s)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        forget_answer(&s->peers[i]);
    s->phase = PHASE_HEADERS;
    s->deadline_us = clock_mono_us() + FILTERSYNC_ANSWER_US;
    for (;;) {
        struct filtersync_peer *p = &s->peers[s->turn++ % s->n_peers];

        if (is_useful(p)) {
            send(s, p);
            return;
        }
    }
}

static uint32_t lower(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Height of the last checkpoint, as long as they are of the active chain. */
static uint32_t known_height(const struct filtersync *s)
{
    uint8_t hash[BTC_HASH_BYTES];

    if (s->n_checkpoints == 0 || !s->ops->hash_at(s->arg, hash, s->checkpoints_tip) ||
        memcmp(hash, s->checkpoints_stop, sizeof hash) != 0)
        return 0;
    return (uint32_t)s->n_checkpoints * BTC_CFCHECKPT_INTERVAL;
}

/* As many as one answer holds: between checkpoints up to one of them. */
static bool set_range(struct filtersync *s, uint32_t tip)
{
    uint32_t known = known_height(s);

    s->last = lower(s->end.next + BTC_CFHEADERS_MAX - 1, tip);
    s->alone = known > 0 && s->end.next <= known;
    if (s->alone)
        s->last = lower(s->last / BTC_CFCHECKPT_INTERVAL * BTC_CFCHECKPT_INTERVAL, known);
    return s->ops->hash_at(s->arg, s->stop, s->last);
}

/* What was agreed on stands on the active chain, or is taken back as far as it does not. */
static int find_end(struct filtersync *s)
{
    for (;;) {
        uint8_t hash[BTC_HASH_BYTES];
        int rc = s->ops->end(s->arg, &s->end);

        if (rc < 0 || s->end.next == 0)
            return rc;
        if (s->ops->hash_at(s->arg, hash, s->end.next - 1) &&
            memcmp(hash, s->end.block, sizeof hash) == 0)
            return 0;
        rc = s->ops->take_back(s->arg, s->end.next - 1);
        if (rc < 0)
            return rc;
    }
}

static int64_t next_useful_us(const struct filtersync *s)
{
    int64_t next = CLOCK_NEVER;

    for (unsigned i = 0; i < s->n_peers; i++)
        if (!s->peers[i].blamed && s->peers[i].rest_until_us < next)
            next = s->peers[i].rest_until_us;
    return next > clock_mono_us() ? next : CLOCK_NEVER;
}

/* Ask what comes next. */
static void go_on(struct filtersync *s)
{
    uint32_t tip = s->ops->tip(s->arg);

    if (find_end(s) < 0) {
        filtersync_rest(s, clock_mono_us() + RETRY_US);
        return;
    }
    s->done = s->end.next > tip;
    if (s->done || count_useful(s) < FILTERSYNC_AGREE_MIN) {
        filtersync_rest(s, s->done ? CLOCK_NEVER : next_useful_us(s));
        return;
    }
    if (!s->checkpoints_asked && tip - s->end.next >= BTC_CFHEADERS_MAX) {
        s->checkpoints_asked = true;
        s->n_checkpoints = 0;
        s->last = tip;
        if (s->ops->hash_at(s->arg, s->stop, tip)) {
            filtersync_ask(s, PHASE_CHECKPOINTS);
            return;
        }
    }
    if (!set_range(s, tip)) /* the chain has just changed */
        filtersync_rest(s, clock_mono_us());
    else if (s->alone)
        ask_one(s);
    else
        filtersync_ask(s, PHASE_HEADERS);
}

/* --- answers --- */

static struct filtersync_peer *who_owes(struct filtersync *s, uint64_t peer,
                                        enum filtersync_phase phase,
                                        const uint8_t stop[BTC_HASH_BYTES])
{
    struct filtersync_peer *p = find(s, peer);

    return p && p->due && s->phase == phase && memcmp(stop, s->stop, BTC_HASH_BYTES) == 0 ? p
                                                                                          : NULL;
}

void filtersync_checkpoints(struct filtersync *s, uint64_t peer, const uint8_t stop[BTC_HASH_BYTES],
                            const uint8_t (*headers)[BTC_HASH_BYTES], size_t n)
{
    struct filtersync_peer *p = who_owes(s, peer, PHASE_CHECKPOINTS, stop);

    if (p && n != s->last / BTC_CFCHECKPT_INTERVAL)
        filtersync_blame(s, p, s->last, PN_ECOUNT);
    else if (p)
        filtersync_keep(p, headers, n);
}

void filtersync_headers(struct filtersync *s, uint64_t peer, const uint8_t stop[BTC_HASH_BYTES],
                        const uint8_t prev[BTC_HASH_BYTES],
                        const uint8_t (*filter_hashes)[BTC_HASH_BYTES], size_t n)
{
    struct filtersync_peer *p = who_owes(s, peer, PHASE_HEADERS, stop);

    if (p && n != s->last - s->end.next + 1)
        filtersync_blame(s, p, s->last, PN_ECOUNT);
    else if (p && filtersync_keep(p, filter_hashes, n))
        memcpy(p->prev, prev, BTC_HASH_BYTES);
}

void filtersync_filter(struct filtersync *s, uint64_t peer, const uint8_t block[BTC_HASH_BYTES],
                       struct bytes filter)
{
    struct filtersync_peer *p = who_owes(s, peer, PHASE_FILTERS, block);

    if (!p || buf_append(&p->filter, filter.data, filter.len) < 0)
        return;
    p->due = false;
    p->answered = true;
}

void filtersync_tip_moved(struct filtersync *s)
{
    if (s->phase == PHASE_REST && s->done) {
        s->done = false;
        s->deadline_us = clock_mono_us() + FILTERSYNC_SETTLE_US;
    }
}

static bool all_have_answered(const struct filtersync *s)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].due)
            return false;
    return s->phase != PHASE_FILTERS || s->ops->has_block(s->arg, s->stop);
}

static void finish_phase(struct filtersync *s)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].due)
            leave_out_silent(&s->peers[i]);
    switch (s->phase) {
    case PHASE_CHECKPOINTS:
        filtersync_compare_checkpoints(s);
        break;
    case PHASE_HEADERS:
        filtersync_compare_headers(s);
        break;
    case PHASE_FILTERS:
        filtersync_compare_filters(s);
        break;
    case PHASE_REST:
        break;
    }
}

int64_t filtersync_tick(struct filtersync *s)
{
    if (s->phase != PHASE_REST && (all_have_answered(s) || clock_mono_us() >= s->deadline_us))
        finish_phase(s);
    if (s->phase == PHASE_REST && clock_mono_us() >= s->deadline_us)
        go_on(s);
    return s->deadline_us;
}

bool filtersync_done(const struct filtersync *s)
{
    return s->done;
}
