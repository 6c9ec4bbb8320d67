/* What waits for a peer's next time. */
#include <string.h>

#include "base/mem.h"
#include "bitcoin/txrelay/outbox.h"
#include "test_txrelay.h"

static struct outbox_item nth(unsigned n)
{
    struct outbox_item item = {0};

    memcpy(item.wtxid, &n, sizeof n);
    memcpy(item.txid, &n, sizeof n);
    item.txid[31] = 1;
    return item;
}

static bool push(struct outbox *b, uint64_t *lost, unsigned n)
{
    struct outbox_item item = nth(n);

    return outbox_push(b, lost, &item);
}

START_TEST(what_waits_leaves_once_in_its_order)
{
    static struct outbox_item out[OUTBOX_BATCH_MAX];
    struct outbox b;
    uint64_t lost = 0;

    outbox_init(&b, true);
    for (unsigned n = 0; n < 50; n++)
        ck_assert(push(&b, &lost, n));
    outbox_know(&b, nth(7).wtxid);
    ck_assert(!push(&b, &lost, 7));
    ck_assert_uint_eq(outbox_take(&b, out), 49);
    ck_assert_mem_eq(out[0].wtxid, nth(0).wtxid, 32);
    ck_assert_mem_eq(out[7].wtxid, nth(8).wtxid, 32);
    ck_assert_uint_eq(outbox_take(&b, out), 0);
    ck_assert(!push(&b, &lost, 0)); /* told already */
    outbox_free(&b);
}
END_TEST

START_TEST(a_peer_that_speaks_of_txids_knows_by_txid)
{
    struct outbox b;
    uint64_t lost = 0;

    outbox_init(&b, false);
    outbox_know(&b, nth(1).wtxid);
    ck_assert(push(&b, &lost, 1));
    outbox_know(&b, nth(2).txid);
    ck_assert(!push(&b, &lost, 2));
    outbox_free(&b);
}
END_TEST

START_TEST(a_batch_is_70_and_five_more_for_each_thousand)
{
    static struct outbox_item out[OUTBOX_BATCH_MAX];
    struct outbox b;
    uint64_t lost = 0;

    outbox_init(&b, true);
    for (unsigned n = 0; n < OUTBOX_MAX + 100; n++)
        push(&b, &lost, n);
    ck_assert_uint_eq(lost, 100);
    ck_assert_uint_eq(outbox_take(&b, out), 70 + 25);
    ck_assert_mem_eq(out[0].wtxid, nth(100).wtxid, 32); /* the oldest gave way */
    ck_assert_uint_eq(outbox_take(&b, out), 70 + 20);
    for (unsigned n = 0; n < 1000; n++)
        push(&b, &lost, 10000 + n);
    while (outbox_take(&b, out) > 0)
        ;
    ck_assert_uint_eq(b.cap, 0);
    outbox_free(&b);
}
END_TEST

START_TEST(without_memory_a_peer_is_not_told)
{
    struct outbox b;
    uint64_t lost = 0;

    outbox_init(&b, true);
    mem_fail_at(1, 0);
    ck_assert(!push(&b, &lost, 1));
    mem_fail_at(0, 0);
    ck_assert(push(&b, &lost, 1));
    outbox_free(&b);
}
END_TEST

void add_outbox_tests(Suite *s)
{
    TCase *t = tcase_create("outbox");

    suite_add_tcase(s, t);
    tcase_add_test(t, what_waits_leaves_once_in_its_order);
    tcase_add_test(t, a_peer_that_speaks_of_txids_knows_by_txid);
    tcase_add_test(t, a_batch_is_70_and_five_more_for_each_thousand);
    tcase_add_test(t, without_memory_a_peer_is_not_told);
}
