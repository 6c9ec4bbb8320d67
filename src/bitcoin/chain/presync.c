#include "bitcoin/chain/presync.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/chain/chain.h"
#include "bitcoin/chain/pow.h"
#include "crypto/siphash.h"

/* A block's time must be above the median of 11, so that six headers a second is the most there can
 * be in the long run. */
enum { HEADERS_PER_SECOND = 6, FIRST_BITS_BYTES = 64 };

/* A header without what follows from its neighbour. */
struct packed {
    int32_t version;
    uint8_t merkle_root[BTC_HASH_BYTES];
    uint32_t time, bits, nonce;
};

_Static_assert(sizeof(struct packed) == 48, "the bound of the buffer counts on it");

/* The end of the chain as far as this pass has come. */
struct end {
    uint8_t hash[BTC_HASH_BYTES];
    uint32_t height, bits;
    btc_work work;
};

struct presync {
    const struct btc_params *params;
    enum presync_state state;
    struct end start, last;
    btc_work goal;

    /* Commitments: one bit for each header whose height is `offset` modulo the period. */
    struct siphash_key salt;
    uint32_t offset;
    uint8_t *bits;
    size_t bits_bytes;
    uint32_t n_bits, max_bits, next_bit;

    /* The second time: headers that wait for the commitments beyond them. A ring. */
    struct packed *buffer;
    uint32_t capacity, first, count;
    uint8_t before[BTC_HASH_BYTES]; /* hash of the header before the first of them */
    bool proven;                    /* the goal has been reached again: all may go */

    struct { /* neighbours share their bits */
        uint32_t bits;
        btc_work work;
    } memo;
};

struct presync *presync_new(const struct btc_params *params, const struct chain_point *start,
                            btc_work goal, int64_t now_s)
{
    struct presync *p = mem_zalloc(sizeof *p);
    int64_t seconds = now_s - start->median_time + CHAIN_FUTURE_LIMIT_S;

    if (!p)
        return NULL;
    *p = (struct presync){
        .params = params,
        .start = {.height = start->height, .bits = start->bits, .work = start->work},
        .goal = goal,
        .salt = siphash_random_key(),
        .offset = (uint32_t)random_below(params->presync_period),
    };
    memcpy(p->start.hash, start->hash, BTC_HASH_BYTES);
    p->last = p->start;
    if (seconds > 0)
        p->max_bits = (uint32_t)(seconds * HEADERS_PER_SECOND / params->presync_period);
    return p;
}

void presync_free(struct presync *p)
{
    if (!p)
        return;
    mem_free(p->bits);
    mem_free(p->buffer);
    mem_free(p);
}

static btc_work work_of(struct presync *p, uint32_t bits)
{
    if (p->memo.bits != bits) {
        p->memo.bits = bits;
        p->memo.work = work_of_bits(bits);
    }
    return p->memo.work;
}

static bool is_committed(const struct presync *p, uint32_t height)
{
    return height % p->params->presync_period == p->offset;
}

static bool salted_bit(const struct presync *p, const uint8_t hash[BTC_HASH_BYTES])
{
    return siphash(&p->salt, hash, BTC_HASH_BYTES) & 1;
}

static int remember(struct presync *p, bool bit)
{
    if (p->n_bits == p->max_bits)
        return PN_ELIMIT;
    if (p->n_bits == p->bits_bytes * 8) {
        size_t bytes = p->bits_bytes ? p->bits_bytes * 2 : FIRST_BITS_BYTES;
        uint8_t *larger = mem_realloc_array(p->bits, bytes, 1);

        if (!larger)
            return PN_ENOMEM;
        p->bits = larger;
        p->bits_bytes = bytes;
    }
    if (bit)
        p->bits[p->n_bits / 8] |= (uint8_t)(1u << p->n_bits % 8);
    else
        p->bits[p->n_bits / 8] &= (uint8_t) ~(1u << p->n_bits % 8);
    p->n_bits++;
    return 0;
}

static int compare(struct presync *p, bool bit)
{
    bool expected;

    if (p->next_bit == p->n_bits)
        return PN_EMISMATCH; /* longer than the first time before it has as much work */
    expected = p->bits[p->next_bit / 8] >> p->next_bit % 8 & 1;
    p->next_bit++;
    return bit == expected ? 0 : PN_EMISMATCH;
}

static void keep(struct presync *p, const struct btc_header *h)
{
    struct packed *place = &p->buffer[(p->first + p->count++) % p->capacity];

    *place =
        (struct packed){.version = h->version, .time = h->time, .bits = h->bits, .nonce = h->nonce};
    memcpy(place->merkle_root, h->merkle_root, sizeof place->merkle_root);
}

static int take_one(struct presync *p, const struct btc_header *h,
                    const uint8_t hash[BTC_HASH_BYTES])
{
    uint32_t height = p->last.height + 1;
    int rc = 0;

    if (!pow_transition_permitted(height, p->last.bits, h->bits, p->params))
        return PN_EBITS;
    if (is_committed(p, height) && p->state == PRESYNC_COUNTING)
        rc = remember(p, salted_bit(p, hash));
    p->last.work = work_add(p->last.work, work_of(p, h->bits));
    if (p->state == PRESYNC_FETCHING) {
        p->proven = p->proven || p->last.work >= p->goal;
        if (is_committed(p, height) && !p->proven)
            rc = compare(p, salted_bit(p, hash));
        if (rc == 0)
            keep(p, h);
    }
    p->last.height = height;
    p->last.bits = h->bits;
    memcpy(p->last.hash, hash, BTC_HASH_BYTES);
    return rc;
}

/* The buffer holds what must wait, and a batch on top. */
static int begin_second_pass(struct presync *p)
{
    p->capacity = p->params->presync_buffer + CHAIN_NEXT_MAX;
    p->buffer = mem_alloc_array(p->capacity, sizeof *p->buffer);
    if (!p->buffer)
        return PN_ENOMEM;
    p->last = p->start;
    memcpy(p->before, p->start.hash, BTC_HASH_BYTES);
    p->state = PRESYNC_FETCHING;
    return 0;
}

int presync_take(struct presync *p, const struct btc_header *headers,
                 const uint8_t (*hashes)[BTC_HASH_BYTES], size_t n, bool full)
{
    if (n == 0 || memcmp(headers[0].prev, p->last.hash, BTC_HASH_BYTES) != 0)
        return PN_EORPHAN;
    if (p->state == PRESYNC_DONE || n > CHAIN_NEXT_MAX || p->count > p->params->presync_buffer)
        return PN_EINVAL; /* what is ready must be taken first */
    for (size_t i = 0; i < n; i++) {
        int rc = take_one(p, &headers[i], hashes[i]);

        if (rc < 0)
            return rc;
    }
    if (p->state == PRESYNC_COUNTING && p->last.work >= p->goal)
        return begin_second_pass(p);
    if (p->proven)
        p->state = PRESYNC_DONE;
    return full || p->proven ? 0 : PN_ELOWWORK;
}

static bool may_go(const struct presync *p)
{
    return p->count > (p->proven ? 0 : p->params->presync_buffer);
}

size_t presync_ready(struct presync *p, struct btc_header *headers,
                     uint8_t (*hashes)[BTC_HASH_BYTES], size_t max)
{
    size_t n = 0;

    for (; n < max && may_go(p); n++) {
        const struct packed *from = &p->buffer[p->first];

        headers[n] = (struct btc_header){
            .version = from->version, .time = from->time, .bits = from->bits, .nonce = from->nonce};
        memcpy(headers[n].prev, p->before, BTC_HASH_BYTES);
        memcpy(headers[n].merkle_root, from->merkle_root, BTC_HASH_BYTES);
        btc_header_hash(hashes[n], &headers[n]);
        memcpy(p->before, hashes[n], BTC_HASH_BYTES);
        p->first = (p->first + 1) % p->capacity;
        p->count--;
    }
    return n;
}

const uint8_t *presync_last(const struct presync *p)
{
    return p->last.hash;
}

enum presync_state presync_state(const struct presync *p)
{
    return p->state;
}

uint32_t presync_height(const struct presync *p)
{
    return p->last.height;
}

btc_work presync_work(const struct presync *p)
{
    return p->last.work;
}

size_t presync_bytes(const struct presync *p)
{
    return sizeof *p + p->bits_bytes + p->capacity * sizeof *p->buffer;
}
