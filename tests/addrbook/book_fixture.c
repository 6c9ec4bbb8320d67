#include "book_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "addrbook/book.h"
#include "base/bug.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "harness.h"

void fx_start(void)
{
    clock_test_start(FX_NOW_S);
    random_test_start(42);
}

void fx_stop(void)
{
    clock_test_stop();
    random_test_stop();
    ck_assert_uint_eq(bug_count(), 0);
}

void fx_advance_s(int64_t seconds)
{
    clock_test_advance_ms(seconds * 1000);
}

struct net_addr fx_addr(const char *text)
{
    struct net_addr a;

    ck_assert_msg(net_addr_parse(&a, text, 8333) == 0, "\"%s\" is no address", text);
    return a;
}

struct net_addr fx_v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return (struct net_addr){
        .kind = NET_IPV4, .port = 8333, .bytes = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d}};
}

struct net_addr fx_nth(unsigned first_octet, uint32_t n)
{
    return fx_v4(first_octet + (n >> 24), n >> 16 & 255, n >> 8 & 255, n & 255);
}

struct net_addr fx_of_kind(enum net_kind kind, uint32_t n)
{
    struct net_addr a = {.kind = kind, .port = kind == NET_I2P ? 0 : 8333};

    if (kind == NET_IPV4)
        return fx_nth(20, n);
    for (size_t i = 0; i < net_addr_len(kind); i++)
        a.bytes[i] = (uint8_t)(n >> (8 * (i % 4))) ^ (uint8_t)(n * 31 >> 7);
    store_le32(a.bytes + 8, n);
    if (kind == NET_IPV6)
        a.bytes[0] = 0x2a;
    if (kind == NET_CJDNS)
        a.bytes[0] = 0xfc;
    return a;
}

bool fx_add(struct addrbook *b, const struct net_addr *addr, const struct net_addr *source)
{
    struct addrbook_seen seen = {.addr = *addr, .services = 9, .last_seen_s = clock_wall_s()};

    return addrbook_add(b, &seen, 1, source, 0) == 1;
}

struct addrbook_record fx_record(struct addrbook *b, const struct net_addr *addr)
{
    struct addrbook_record r = {0};

    ck_assert_msg(addrbook_find(b, &r, addr), "an address is missing from the book");
    return r;
}

/* How many of a bucket's slots hold a kind (0: any), counted. */
static unsigned count_in_bucket(struct addrbook *b, enum addrbook_table table, unsigned bucket,
                                unsigned kind) REQUIRES(b->mu)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ADDRBOOK_BUCKET_SIZE; i++) {
        const struct entry *e = book_at(b, table, (uint16_t)(bucket * ADDRBOOK_BUCKET_SIZE + i));

        n += e && (kind == 0 || e->r.addr.kind == kind);
    }
    return n;
}

static void check_buckets(struct addrbook *b, enum addrbook_table table, unsigned n_buckets)
    REQUIRES(b->mu)
{
    for (unsigned kind = 0; kind < ADDRBOOK_KINDS; kind++) {
        const struct bucket_set *set = &b->tables[table].buckets[kind];
        unsigned used = 0;

        for (unsigned bucket = 0; bucket < n_buckets; bucket++) {
            unsigned n = count_in_bucket(b, table, bucket, kind);

            ck_assert_uint_eq(set->count[bucket], n);
            used += n > 0;
            if (n > 0)
                ck_assert_uint_eq(set->list[set->at[bucket]], bucket);
        }
        ck_assert_uint_eq(set->n, used);
    }
}

static void check_entry(struct addrbook *b, struct entry *e) REQUIRES(b->mu)
{
    enum addrbook_table table = e->r.tried ? ADDRBOOK_TRIED : ADDRBOOK_NEW;

    ck_assert_ptr_eq(book_find(b, &e->r.addr), e);
    ck_assert_uint_ge(e->r.n_refs, 1);
    ck_assert_uint_le(e->r.n_refs, e->r.tried ? 1 : ADDRBOOK_MAX_REFS);
    for (unsigned i = 0; i < e->r.n_refs; i++) {
        ck_assert_ptr_eq(book_at(b, table, e->r.slots[i]), e);
        if (!e->r.tried)
            ck_assert_uint_eq(e->r.slots[i],
                              placement_in_new_bucket(&b->placement, &e->r.addr,
                                                      e->r.slots[i] / ADDRBOOK_BUCKET_SIZE));
    }
    if (e->r.tried)
        ck_assert_uint_eq(e->r.slots[0], book_tried_slot(b, &e->r.addr));
}

void fx_check(struct addrbook *b)
{
    uint32_t n[2][ADDRBOOK_KINDS] = {{0}}, slots[2] = {0};

    mutex_lock(&b->mu);
    for (uint32_t i = 0; i < b->n; i++) {
        struct entry *e = &b->entries[b->order[i]];

        ck_assert_uint_eq(e->order_at, i);
        check_entry(b, e);
        n[e->r.tried][0]++;
        n[e->r.tried][e->r.addr.kind]++;
        slots[e->r.tried] += e->r.n_refs;
    }
    for (unsigned t = 0; t < 2; t++) {
        ck_assert_uint_eq(b->tables[t].slots_used, slots[t]);
        for (unsigned kind = 0; kind < ADDRBOOK_KINDS; kind++)
            ck_assert_uint_eq(b->tables[t].n_addrs[kind], n[t][kind]);
    }
    check_buckets(b, ADDRBOOK_NEW, ADDRBOOK_NEW_BUCKETS);
    check_buckets(b, ADDRBOOK_TRIED, ADDRBOOK_TRIED_BUCKETS);
    mutex_unlock(&b->mu);
}

/* Who holds the place in tried that the address would get. */
static bool holder_of(struct addrbook *b, struct net_addr *out, const struct net_addr *addr)
{
    const struct entry *e;

    mutex_lock(&b->mu);
    e = book_at(b, ADDRBOOK_TRIED, book_tried_slot(b, addr));
    if (e)
        *out = e->r.addr;
    mutex_unlock(&b->mu);
    return e != NULL;
}

void fx_collide(struct addrbook *b, struct net_addr *older, struct net_addr *newer)
{
    for (uint32_t n = 1; n < 5000; n++) {
        struct net_addr addr = fx_nth(60, n), source = fx_nth(70, n << 16);

        if (!fx_add(b, &addr, &source))
            continue;
        if (addrbook_good(b, &addr) == ADDRBOOK_GOOD_COLLISION) {
            *newer = addr;
            ck_assert(holder_of(b, older, &addr));
            return;
        }
    }
    ck_abort_msg("5000 addresses of one group found room in 8 buckets of 64");
}
