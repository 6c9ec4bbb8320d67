/* Answers to requests, made without a network. */
#include <string.h>

#include "base/mem.h"
#include "codec/rlp.h"
#include "ethereum/eth/serve.h"
#include "harness.h"
#include "maker.h"

enum { VERSION = 68, BLOCKS = 40, TXS = 100 };

struct scene {
    struct made_chain made;
    struct pool pool;
    struct serve_source from;
    struct buf hashes; /* of all blocks, as a message has them */
};

static struct scene s;

static void setup(void)
{
    static struct made_block blocks[BLOCKS];
    const struct eth_header *parent;

    memset(&s, 0, sizeof s);
    made_chain_open(&s.made, false);
    pool_init(&s.pool);
    s.from = (struct serve_source){s.made.chain, &s.pool};
    buf_init(&s.hashes, 64 * BLOCKS);
    parent = &s.made.params.genesis;
    for (unsigned i = 0; i < BLOCKS; i++) {
        make_block(&blocks[i], &s.made.params, parent, 13, 0, TXS);
        made_chain_add(&s.made, &blocks[i]);
        parent = &blocks[i].h;
        rlp_write_bytes(&s.hashes, parent->hash, ETH_HASH_BYTES);
    }
    ck_assert_int_eq(eth_chain_flush(s.made.chain), 0);
    for (unsigned i = 0; i < BLOCKS; i++)
        made_free(&blocks[i]);
}

static void teardown(void)
{
    made_chain_close(&s.made);
    pool_free(&s.pool);
    buf_free(&s.hashes);
}

static struct eth_msg request(unsigned code)
{
    struct eth_msg m = {.code = code, .request_id = 7};
    const struct eth_items hashes = {{s.hashes.data, s.hashes.len}, BLOCKS};

    if (code == ETH_GET_BLOCK_HEADERS)
        m.query.amount = BLOCKS;
    else if (code == ETH_GET_RECEIPTS)
        m.get_receipts.hashes = hashes;
    else
        m.items = hashes;
    return m;
}

static const struct eth_items *items_of(const struct serve_answer *a)
{
    return a->msg.code == ETH_RECEIPTS ? &a->msg.receipts.lists : &a->msg.items;
}

/* Every item of it is the whole one's at the same place. */
static void expect_beginning(const struct serve_answer *a, const struct serve_answer *whole)
{
    struct eth_items some = *items_of(a), all = *items_of(whole);
    struct bytes item, same;
    size_t n = 0;

    while (eth_items_next(&some, &item)) {
        ck_assert(eth_items_next(&all, &same));
        ck_assert_uint_eq(item.len, same.len);
        ck_assert_mem_eq(item.data, same.data, same.len);
        n++;
    }
    ck_assert_uint_eq(n, a->n);
    ck_assert_uint_eq(some.payload.len, 0); /* and nothing stands behind them */
}

static const unsigned codes[] = {ETH_GET_BLOCK_HEADERS, ETH_GET_BLOCK_BODIES, ETH_GET_RECEIPTS,
                                 ETH_GET_POOLED_TXS};

START_TEST(without_memory_an_answer_ends_behind_a_whole_item)
{
    struct eth_msg ask;
    struct serve_answer whole, a;
    int failed = 1;

    setup();
    ask = request(codes[_i]);
    serve_make(&whole, &s.from, &ask, VERSION);
    ck_assert_uint_eq(whole.n, codes[_i] == ETH_GET_POOLED_TXS ? 0 : BLOCKS);
    for (unsigned long n = 1; failed; n++) {
        mem_fail_at(n, 1);
        serve_make(&a, &s.from, &ask, VERSION);
        failed = mem_fail_happened();
        mem_fail_at(0, 0);
        ck_assert_uint_eq(a.msg.request_id, 7);
        expect_beginning(&a, &whole);
        ck_assert(failed || a.n == whole.n);
        serve_answer_free(&a);
    }
    serve_answer_free(&whole);
    teardown();
}
END_TEST

START_TEST(what_is_no_request_is_told_apart)
{
    unsigned n = 0;

    for (unsigned code = 0; code < 2 * ETH_CODES; code++)
        n += serve_is_request(code);
    ck_assert_uint_eq(n, 5);
    ck_assert(serve_is_request(ETH_GET_NODE_DATA));
    ck_assert(!serve_is_request(ETH_BLOCK_RANGE_UPDATE));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("serve");
    TCase *tc = tcase_create("serve");

    tcase_add_loop_test(tc, without_memory_an_answer_ends_behind_a_whole_item, 0,
                        sizeof codes / sizeof codes[0]);
    tcase_add_test(tc, what_is_no_request_is_told_apart);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
