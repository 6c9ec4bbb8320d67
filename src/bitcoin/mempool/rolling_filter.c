#include "bitcoin/mempool/rolling_filter.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* For one false answer in two million from each filter: 30.2 bits an entry, 21 functions. */
enum { BITS_PER_ENTRY = 31, FUNCTIONS = 21, WORD_BITS = 64 };

int rolling_filter_init(struct rolling_filter *f, unsigned limit)
{
    size_t words = ((size_t)limit * BITS_PER_ENTRY + WORD_BITS - 1) / WORD_BITS;

    *f = (struct rolling_filter){.words = words, .limit = limit};
    for (int i = 0; i < 2; i++) {
        f->key[i] = siphash_random_key();
        f->bits[i] = mem_zalloc_array(words, sizeof *f->bits[i]);
    }
    if (f->bits[0] && f->bits[1])
        return 0;
    rolling_filter_free(f);
    return PN_ENOMEM;
}

void rolling_filter_free(struct rolling_filter *f)
{
    MEM_FREE(f->bits[0]);
    MEM_FREE(f->bits[1]);
}

void rolling_filter_reset(struct rolling_filter *f)
{
    for (int i = 0; i < 2; i++) {
        f->key[i] = siphash_random_key();
        memset(f->bits[i], 0, f->words * sizeof *f->bits[i]);
    }
    f->count = 0;
}

/* Two hashes make all the functions (Kirsch and Mitzenmacher, 2006). */
struct places {
    uint64_t at, step, bits;
};

static struct places places_of(const struct rolling_filter *f, const uint8_t hash[32])
{
    return (struct places){
        .at = siphash(&f->key[0], hash, 32),
        .step = siphash(&f->key[1], hash, 32) | 1,
        .bits = (uint64_t)f->words * WORD_BITS,
    };
}

static uint64_t next_place(struct places *p)
{
    uint64_t bit = (uint64_t)(((unsigned __int128)p->at * p->bits) >> 64);

    p->at += p->step;
    return bit;
}

static bool has(const struct rolling_filter *f, unsigned which, const uint8_t hash[32])
{
    struct places p = places_of(f, hash);

    for (int i = 0; i < FUNCTIONS; i++) {
        uint64_t bit = next_place(&p);

        if (!(f->bits[which][bit / WORD_BITS] >> (bit % WORD_BITS) & 1))
            return false;
    }
    return true;
}

void rolling_filter_add(struct rolling_filter *f, const uint8_t hash[32])
{
    struct places p = places_of(f, hash);

    if (has(f, f->young, hash))
        return;
    if (f->count == f->limit) {
        f->young ^= 1;
        memset(f->bits[f->young], 0, f->words * sizeof *f->bits[f->young]);
        f->count = 0;
    }
    for (int i = 0; i < FUNCTIONS; i++) {
        uint64_t bit = next_place(&p);

        f->bits[f->young][bit / WORD_BITS] |= UINT64_C(1) << (bit % WORD_BITS);
    }
    f->count++;
}

bool rolling_filter_has(const struct rolling_filter *f, const uint8_t hash[32])
{
    return has(f, 0, hash) || has(f, 1, hash);
}
