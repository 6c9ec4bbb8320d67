/* An item's place in the set is its SipHash, scaled to the range [0, N * M). Scaling keeps the
 * order, so hashes are sorted before N, the number of distinct items, is known. What is written are
 * the differences of neighbours: the quotient by 2^P in unary (ones, ended by a zero), then P bits.
 */
#include "bitcoin/filter/gcs.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/compact.h"

enum { ELEMENT_MIN_BITS = GCS_P + 1 };

struct hashed {
    uint64_t hash;
    struct bytes item;
};

static uint64_t scale(uint64_t hash, uint64_t range)
{
    return (uint64_t)(((unsigned __int128)hash * range) >> 64);
}

/* By hash; what differs and has the same hash, by its bytes. */
static int compare(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->item.len != y->item.len)
        return x->item.len < y->item.len ? -1 : 1;
    return x->item.len ? memcmp(x->item.data, y->item.data, x->item.len) : 0;
}

static struct hashed *hash_all(const struct siphash_key *key, const struct bytes *items, size_t n)
{
    struct hashed *all = mem_alloc_array(n ? n : 1, sizeof *all);

    if (!all)
        return NULL;
    for (size_t i = 0; i < n; i++)
        all[i] =
            (struct hashed){.hash = siphash(key, items[i].data, items[i].len), .item = items[i]};
    qsort(all, n, sizeof *all, compare);
    return all;
}

static size_t drop_equal(struct hashed *all, size_t n)
{
    size_t kept = n > 0;

    for (size_t i = 1; i < n; i++)
        if (compare(&all[kept - 1], &all[i]) != 0)
            all[kept++] = all[i];
    return kept;
}

/* --- writing --- */

struct bit_writer {
    struct buf *out;
    uint64_t bits; /* not yet written, in the lowest `n` bits */
    unsigned n;    /* below 8 between two calls */
};

static void put(struct bit_writer *w, uint64_t value, unsigned count)
{
    w->bits = w->bits << count | value;
    for (w->n += count; w->n >= 8; w->n -= 8)
        write_u8(w->out, (uint8_t)(w->bits >> (w->n - 8)));
}

static void put_difference(struct bit_writer *w, uint64_t difference)
{
    uint64_t quotient = difference >> GCS_P;

    for (; quotient >= 32; quotient -= 32)
        put(w, UINT32_MAX, 32);
    put(w, ((UINT64_C(1) << quotient) - 1) << 1, (unsigned)quotient + 1);
    put(w, difference & ((1 << GCS_P) - 1), GCS_P);
}

int gcs_build(struct buf *out, const struct siphash_key *key, const struct bytes *items, size_t n)
{
    struct hashed *all = hash_all(key, items, n);
    struct bit_writer w = {.out = out};
    uint64_t last = 0;

    if (!all)
        return PN_ENOMEM;
    n = drop_equal(all, n);
    write_compact(out, n);
    for (size_t i = 0; i < n; i++) {
        uint64_t value = scale(all[i].hash, (uint64_t)n * GCS_M);

        put_difference(&w, value - last);
        last = value;
    }
    if (w.n > 0)
        put(&w, 0, 8 - w.n);
    mem_free(all);
    return out->err;
}

/* --- reading --- */

struct set_reader {
    struct reader r;
    unsigned bit; /* of the byte at r.pos, the highest first */
    uint64_t range, value;
    size_t left; /* elements */
};

static unsigned get_bit(struct set_reader *s)
{
    unsigned bit;

    if (reader_left(&s->r) == 0) {
        reader_fail(&s->r, PN_ETRUNCATED);
        return 0;
    }
    bit = *s->r.pos >> (7 - s->bit) & 1;
    s->bit = (s->bit + 1) % 8;
    if (s->bit == 0)
        s->r.pos++;
    return bit;
}

static struct set_reader open_set(struct bytes set)
{
    struct set_reader s = {.r = reader_of(set.data, set.len)};
    uint64_t count = read_compact_u64(&s.r);

    if (count > reader_left(&s.r) * 8 / ELEMENT_MIN_BITS)
        reader_fail(&s.r, PN_ECOUNT);
    s.left = s.r.err ? 0 : (size_t)count;
    s.range = count * GCS_M;
    return s;
}

/* Returns: false at the end, or after an error. */
static bool next(struct set_reader *s)
{
    uint64_t quotient = 0, remainder = 0;

    if (s->left == 0 || s->r.err)
        return false;
    while (get_bit(s))
        quotient++;
    for (int i = 0; i < GCS_P; i++)
        remainder = remainder << 1 | get_bit(s);
    s->value += quotient << GCS_P | remainder;
    if (!s->r.err && s->value >= s->range)
        reader_fail(&s->r, PN_EFORMAT);
    s->left--;
    return !s->r.err;
}

/* The last byte may be begun. */
static int finish(struct set_reader *s)
{
    if (!s->r.err && s->bit > 0)
        s->r.pos++;
    return reader_finish(&s->r);
}

int gcs_check(size_t *count, struct bytes set)
{
    struct set_reader s = open_set(set);

    *count = s.left;
    while (next(&s))
        continue;
    return finish(&s);
}

int gcs_match(size_t *matched, const struct siphash_key *key, struct bytes set,
              const struct bytes *items, size_t n)
{
    struct set_reader s = open_set(set);
    struct hashed *all = hash_all(key, items, n);
    size_t i = 0;

    *matched = 0;
    if (!all)
        return PN_ENOMEM;
    while (next(&s)) {
        while (i < n && scale(all[i].hash, s.range) < s.value)
            i++;
        while (i < n && scale(all[i].hash, s.range) == s.value) {
            ++*matched;
            i++;
        }
    }
    mem_free(all);
    return finish(&s);
}
