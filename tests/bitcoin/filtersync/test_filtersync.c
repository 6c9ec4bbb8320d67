/* Filter headers of peers, compared: what several say is taken, who lies is found and nobody else
 * is blamed, and what cannot be decided is not. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/filter/basic.h"
#include "bitcoin/filtersync/filtersync.h"
#include "bitcoin/wire/limits.h"
#include "harness.h"

enum { BLOCKS_MAX = 9000, PEERS = 4, HONEST_UNTIL_THE_END = BLOCKS_MAX };

/* A peer of the test: what it says from some height on is not so. */
struct double_peer {
    bool here, silent;
    uint32_t lies_from; /* the first filter that is another than the block's */
    uint8_t flavour;    /* of its lies: peers with the same one say the same */
    bool shows_truth;   /* asked for the filter of which it lied, it shows the true one */
    int blamed;         /* the reason, or 0 */
    unsigned asked_headers, asked_filters;
};

static struct {
    struct filtersync *sync;
    uint32_t tip;
    uint8_t branch; /* part of every block's hash from branch_from on */
    uint32_t branch_from;
    struct double_peer peers[PEERS];
    uint8_t agreed[BLOCKS_MAX][BTC_HASH_BYTES], blocks[BLOCKS_MAX][BTC_HASH_BYTES];
    uint32_t n_agreed;
    uint32_t n_known; /* filters that the node has made itself */
    bool has_blocks, can_judge;
    unsigned decided, undecided;
} w;

/* --- the world: a block's hash and filter are made of its height --- */

static void block_hash(uint8_t out[BTC_HASH_BYTES], uint32_t height)
{
    memset(out, 0xb1, BTC_HASH_BYTES);
    memcpy(out, &height, sizeof height);
    out[10] = height >= w.branch_from ? w.branch : 0;
}

struct filter_text {
    uint32_t height, branch, flavour; /* no padding: it is hashed */
};

static struct filter_text filter_of(uint32_t height, uint8_t flavour)
{
    return (struct filter_text){
        .height = height, .branch = height >= w.branch_from ? w.branch : 0, .flavour = flavour};
}

static uint8_t flavour_at(const struct double_peer *p, uint32_t height)
{
    return height >= p->lies_from ? p->flavour : 0;
}

static void hash_by(uint8_t out[BTC_HASH_BYTES], const struct double_peer *p, uint32_t height)
{
    struct filter_text t = filter_of(height, flavour_at(p, height));

    basic_filter_hash(out, (struct bytes){.data = (const uint8_t *)&t, .len = sizeof t});
}

static uint32_t height_of(const uint8_t block[BTC_HASH_BYTES])
{
    uint32_t height;

    memcpy(&height, block, sizeof height);
    return height;
}

/* --- ops --- */

static uint32_t on_tip(void *arg)
{
    (void)arg;
    return w.tip;
}

static bool on_hash_at(void *arg, uint8_t hash[BTC_HASH_BYTES], uint32_t height)
{
    (void)arg;
    block_hash(hash, height);
    return height <= w.tip;
}

static void header_before(uint8_t out[BTC_HASH_BYTES], const struct double_peer *p, uint32_t height)
{
    uint8_t hash[BTC_HASH_BYTES];

    memset(out, 0, BTC_HASH_BYTES);
    for (uint32_t h = 0; h < height; h++) {
        if (p)
            hash_by(hash, p, h);
        else
            memcpy(hash, w.agreed[h], BTC_HASH_BYTES);
        basic_filter_header(out, hash, out);
    }
}

static int on_end(void *arg, struct filtersync_end *out)
{
    (void)arg;
    *out = (struct filtersync_end){.next = w.n_agreed};
    if (w.n_agreed > 0)
        memcpy(out->block, w.blocks[w.n_agreed - 1], BTC_HASH_BYTES);
    header_before(out->header, NULL, w.n_agreed);
    return 0;
}

static int on_append(void *arg, uint32_t first, const uint8_t (*hashes)[BTC_HASH_BYTES], size_t n)
{
    (void)arg;
    ck_assert_uint_eq(first, w.n_agreed);
    for (size_t i = 0; i < n; i++) {
        block_hash(w.blocks[w.n_agreed], w.n_agreed);
        memcpy(w.agreed[w.n_agreed++], hashes[i], BTC_HASH_BYTES);
    }
    return 0;
}

static int on_take_back(void *arg, uint32_t next)
{
    (void)arg;
    ck_assert_uint_lt(next, w.n_agreed);
    w.n_agreed = next;
    return 0;
}

static size_t on_known(void *arg, uint8_t (*hashes)[BTC_HASH_BYTES], uint32_t first, size_t n)
{
    static const struct double_peer honest = {.lies_from = HONEST_UNTIL_THE_END};
    size_t got = 0;

    (void)arg;
    for (; got < n && first + got < w.n_known; got++)
        hash_by(hashes[got], &honest, first + (uint32_t)got);
    return got;
}

static struct double_peer *peer(uint64_t id)
{
    ck_assert_uint_lt(id, PEERS);
    return &w.peers[id];
}

static void answer_checkpoints(void *arg, uint64_t id, const uint8_t stop[BTC_HASH_BYTES])
{
    static uint8_t headers[BLOCKS_MAX / BTC_CFCHECKPT_INTERVAL][BTC_HASH_BYTES];
    uint32_t n = height_of(stop) / BTC_CFCHECKPT_INTERVAL;

    (void)arg;
    if (peer(id)->silent)
        return;
    for (uint32_t i = 0; i < n; i++)
        header_before(headers[i], peer(id), (i + 1) * BTC_CFCHECKPT_INTERVAL + 1);
    filtersync_checkpoints(w.sync, id, stop, (const uint8_t(*)[BTC_HASH_BYTES])headers, n);
}

static void answer_headers(void *arg, uint64_t id, uint32_t first,
                           const uint8_t stop[BTC_HASH_BYTES])
{
    static uint8_t hashes[BTC_CFHEADERS_MAX][BTC_HASH_BYTES];
    uint32_t n = height_of(stop) - first + 1;
    uint8_t prev[BTC_HASH_BYTES];

    (void)arg;
    ck_assert_uint_le(n, BTC_CFHEADERS_MAX);
    peer(id)->asked_headers++;
    if (peer(id)->silent)
        return;
    for (uint32_t i = 0; i < n; i++)
        hash_by(hashes[i], peer(id), first + i);
    header_before(prev, peer(id), first);
    filtersync_headers(w.sync, id, stop, prev, (const uint8_t(*)[BTC_HASH_BYTES])hashes, n);
}

static void answer_filter(void *arg, uint64_t id, uint32_t height,
                          const uint8_t block[BTC_HASH_BYTES])
{
    struct filter_text t =
        filter_of(height, peer(id)->shows_truth ? 0 : flavour_at(peer(id), height));

    (void)arg;
    ck_assert_uint_eq(height, height_of(block));
    peer(id)->asked_filters++;
    if (!peer(id)->silent)
        filtersync_filter(w.sync, id, block,
                          (struct bytes){.data = (const uint8_t *)&t, .len = sizeof t});
}

static void on_ask_block(void *arg, uint64_t id, const uint8_t block[BTC_HASH_BYTES])
{
    (void)arg;
    (void)id;
    (void)block;
}

static bool on_has_block(void *arg, const uint8_t block[BTC_HASH_BYTES])
{
    (void)arg;
    (void)block;
    return w.has_blocks;
}

static int on_judge(void *arg, const uint8_t block[BTC_HASH_BYTES], struct bytes filter)
{
    struct filter_text truth = filter_of(height_of(block), 0);

    (void)arg;
    ck_assert(w.has_blocks);
    ck_assert_uint_eq(filter.len, sizeof truth);
    return w.can_judge && memcmp(filter.data, &truth, sizeof truth) != 0 ? PN_EFILTER : 0;
}

static void on_blame(void *arg, uint64_t id, uint32_t height, int reason)
{
    (void)arg;
    (void)height;
    peer(id)->blamed = reason;
}

static void on_settled(void *arg, uint32_t height, bool decided)
{
    (void)arg;
    (void)height;
    *(decided ? &w.decided : &w.undecided) += 1;
}

static const struct filtersync_ops ops = {
    .tip = on_tip,
    .hash_at = on_hash_at,
    .end = on_end,
    .append = on_append,
    .take_back = on_take_back,
    .known = on_known,
    .ask_checkpoints = answer_checkpoints,
    .ask_headers = answer_headers,
    .ask_filter = answer_filter,
    .ask_block = on_ask_block,
    .has_block = on_has_block,
    .judge = on_judge,
    .blame = on_blame,
    .settled = on_settled,
};

/* --- the tests --- */

static void setup(void)
{
    clock_test_start(1000000);
    memset(&w, 0, sizeof w);
    w.has_blocks = w.can_judge = true;
    w.branch_from = BLOCKS_MAX;
    for (unsigned i = 0; i < PEERS; i++)
        w.peers[i].lies_from = HONEST_UNTIL_THE_END;
    w.sync = filtersync_new(&ops, NULL);
    ck_assert_ptr_nonnull(w.sync);
}

static void teardown(void)
{
    filtersync_free(w.sync);
    clock_test_stop();
}

static void come(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        w.peers[i].here = true;
        ck_assert(filtersync_peer_ready(w.sync, i));
    }
}

/* Until nothing happens any more by itself: answers come within the question. */
static void settle(void)
{
    enum { TICKS_ENOUGH = 100 };

    for (int i = 0; i < TICKS_ENOUGH; i++)
        filtersync_tick(w.sync);
    ck_assert_msg(filtersync_tick(w.sync) > clock_mono_us(), "it never comes to rest");
}

static void wait_us(int64_t us)
{
    clock_test_advance_ms(us / 1000);
    settle();
}

static void check_agreed(uint32_t n)
{
    static const struct double_peer honest = {.lies_from = HONEST_UNTIL_THE_END};
    uint8_t want[BTC_HASH_BYTES];

    ck_assert_uint_eq(w.n_agreed, n);
    for (uint32_t h = 0; h < n; h++) {
        hash_by(want, &honest, h);
        ck_assert_mem_eq(w.agreed[h], want, BTC_HASH_BYTES);
    }
}

START_TEST(what_two_peers_say_is_taken_and_the_word_of_one_is_not)
{
    w.tip = 150;
    come(1);
    settle();
    check_agreed(0);
    ck_assert(!filtersync_done(w.sync));
    ck_assert(filtersync_peer_ready(w.sync, 1));
    settle();
    check_agreed(151);
    ck_assert(filtersync_done(w.sync));
    w.tip = 160;
    filtersync_tip_moved(w.sync);
    wait_us(FILTERSYNC_SETTLE_US);
    check_agreed(161);
}
END_TEST

START_TEST(between_checkpoints_each_header_is_asked_of_one_peer_alone)
{
    w.tip = 8500;
    come(3);
    settle();
    check_agreed(8501);
    /* 0 to 8000 in five questions to one, the rest in one to all three. */
    ck_assert_uint_eq(
        w.peers[0].asked_headers + w.peers[1].asked_headers + w.peers[2].asked_headers, 5 + 3);
}
END_TEST

START_TEST(who_lies_is_found_by_the_block_and_blamed_alone)
{
    w.tip = 300;
    w.peers[1].lies_from = 200;
    w.peers[1].flavour = 7;
    come(3);
    settle();
    check_agreed(301);
    ck_assert_int_eq(w.peers[1].blamed, PN_EFILTER);
    ck_assert_int_eq(w.peers[0].blamed, 0);
    ck_assert_int_eq(w.peers[2].blamed, 0);
    ck_assert_uint_eq(w.decided, 1);
}
END_TEST

START_TEST(a_lie_below_a_checkpoint_is_found_too)
{
    w.tip = 7000;
    w.peers[2].lies_from = 3456;
    w.peers[2].flavour = 1;
    come(3);
    settle();
    check_agreed(7001);
    ck_assert_int_eq(w.peers[2].blamed, PN_EFILTER);
    ck_assert_int_eq(w.peers[0].blamed, 0);
    ck_assert_int_eq(w.peers[1].blamed, 0);
}
END_TEST

START_TEST(two_liars_do_not_outvote_one_who_tells_the_truth)
{
    w.tip = 300;
    for (int i = 0; i < 2; i++) {
        w.peers[i].lies_from = 100;
        w.peers[i].flavour = 3;
    }
    come(3);
    settle();
    check_agreed(100); /* one is left, whose word alone is not taken */
    ck_assert_int_eq(w.peers[0].blamed, PN_EFILTER);
    ck_assert_int_eq(w.peers[1].blamed, PN_EFILTER);
    ck_assert_int_eq(w.peers[2].blamed, 0);
    ck_assert(filtersync_peer_ready(w.sync, 3));
    settle();
    check_agreed(301);
}
END_TEST

START_TEST(what_the_block_does_not_tell_is_not_decided_and_nobody_is_blamed)
{
    w.tip = 300;
    w.can_judge = false;
    w.peers[1].lies_from = 200;
    w.peers[1].flavour = 7;
    come(3);
    settle();
    check_agreed(200);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(w.peers[i].blamed, 0);
    ck_assert_uint_eq(w.undecided, 1);
    filtersync_peer_gone(w.sync, 1);
    wait_us(FILTERSYNC_REST_US);
    check_agreed(301);
}
END_TEST

START_TEST(who_shows_another_filter_than_it_spoke_of_is_blamed_even_without_the_block)
{
    w.tip = 300;
    w.has_blocks = false;
    w.peers[1].lies_from = 200;
    w.peers[1].flavour = 7;
    w.peers[1].shows_truth = true;
    come(3);
    settle();
    wait_us(FILTERSYNC_ANSWER_US); /* no block comes */
    check_agreed(301);
    ck_assert_int_eq(w.peers[1].blamed, PN_EFILTER);
    ck_assert_int_eq(w.peers[0].blamed, 0);
}
END_TEST

START_TEST(filters_of_our_own_decide_without_a_question)
{
    w.tip = 300;
    w.n_known = 301;
    w.peers[0].lies_from = w.peers[1].lies_from = 250;
    w.peers[0].flavour = w.peers[1].flavour = 9;
    come(4);
    settle();
    check_agreed(301);
    ck_assert_int_eq(w.peers[0].blamed, PN_EFILTER);
    ck_assert_int_eq(w.peers[1].blamed, PN_EFILTER);
    ck_assert_int_eq(w.peers[2].blamed, 0);
    ck_assert_uint_eq(w.peers[2].asked_filters, 0);
}
END_TEST

START_TEST(a_silent_peer_holds_up_for_one_deadline_and_is_not_blamed)
{
    w.tip = 300;
    w.peers[2].silent = true;
    come(3);
    settle();
    check_agreed(0);
    wait_us(FILTERSYNC_ANSWER_US);
    check_agreed(301);
    ck_assert_int_eq(w.peers[2].blamed, 0);
    ck_assert_uint_eq(w.peers[2].asked_headers, 1);
    w.peers[2].silent = false; /* it had not heard of the tip */
    w.tip = 301;
    filtersync_tip_moved(w.sync);
    wait_us(FILTERSYNC_SILENT_US);
    check_agreed(302);
    ck_assert_uint_eq(w.peers[2].asked_headers, 2);
}
END_TEST

START_TEST(a_reorganisation_takes_back_what_was_agreed_on_its_blocks)
{
    w.tip = 300;
    come(2);
    settle();
    check_agreed(301);
    w.branch_from = 280;
    w.branch = 5;
    w.tip = 310;
    filtersync_tip_moved(w.sync);
    wait_us(FILTERSYNC_SETTLE_US);
    check_agreed(311);
}
END_TEST

START_TEST(who_builds_on_another_past_is_left_out_and_when_all_do_it_is_learned_anew)
{
    w.tip = 300;
    w.peers[0].lies_from = w.peers[1].lies_from = 10;
    w.peers[0].flavour = w.peers[1].flavour = 2;
    come(2);
    settle();
    ck_assert_uint_eq(w.n_agreed, 301); /* nobody denies it */
    filtersync_peer_gone(w.sync, 0);
    filtersync_peer_gone(w.sync, 1);
    ck_assert(filtersync_peer_ready(w.sync, 2));
    ck_assert(filtersync_peer_ready(w.sync, 3));
    w.tip = 310;
    filtersync_tip_moved(w.sync);
    wait_us(FILTERSYNC_SETTLE_US);
    check_agreed(311);
    ck_assert_int_eq(w.peers[2].blamed, 0);
    ck_assert_int_eq(w.peers[3].blamed, 0);
}
END_TEST

START_TEST(answers_that_nobody_asked_for_are_passed_over)
{
    uint8_t hash[BTC_HASH_BYTES] = {1};

    w.tip = 300;
    come(2);
    settle();
    filtersync_headers(w.sync, 0, hash, hash, (const uint8_t(*)[BTC_HASH_BYTES]) & hash, 1);
    filtersync_checkpoints(w.sync, 1, hash, (const uint8_t(*)[BTC_HASH_BYTES]) & hash, 1);
    filtersync_filter(w.sync, 1, hash, (struct bytes){.data = hash, .len = sizeof hash});
    settle();
    check_agreed(301);
    ck_assert_int_eq(w.peers[0].blamed, 0);
    ck_assert_int_eq(w.peers[1].blamed, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("filtersync");
    TCase *tc = tcase_create("filtersync");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_two_peers_say_is_taken_and_the_word_of_one_is_not);
    tcase_add_test(tc, between_checkpoints_each_header_is_asked_of_one_peer_alone);
    tcase_add_test(tc, who_lies_is_found_by_the_block_and_blamed_alone);
    tcase_add_test(tc, a_lie_below_a_checkpoint_is_found_too);
    tcase_add_test(tc, two_liars_do_not_outvote_one_who_tells_the_truth);
    tcase_add_test(tc, what_the_block_does_not_tell_is_not_decided_and_nobody_is_blamed);
    tcase_add_test(tc, who_shows_another_filter_than_it_spoke_of_is_blamed_even_without_the_block);
    tcase_add_test(tc, filters_of_our_own_decide_without_a_question);
    tcase_add_test(tc, a_silent_peer_holds_up_for_one_deadline_and_is_not_blamed);
    tcase_add_test(tc, a_reorganisation_takes_back_what_was_agreed_on_its_blocks);
    tcase_add_test(tc, who_builds_on_another_past_is_left_out_and_when_all_do_it_is_learned_anew);
    tcase_add_test(tc, answers_that_nobody_asked_for_are_passed_over);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
