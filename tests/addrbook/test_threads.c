/* Many threads at once: the accounts agree afterwards, and what is saved meanwhile is consistent.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "addrbook/peers_file.h"
#include "base/err.h"
#include "base/mem.h"
#include "book_fixture.h"
#include "harness.h"
#include "log/log.h"

enum { RANGE = 30000, ROUNDS = 40000, SAVES = 8 };

static struct addrbook *book;
static atomic_bool stop;
static char path[] = "/tmp/p2pnode-threads-XXXXXX";

static struct net_addr some_addr(uint32_t i)
{
    return fx_of_kind(i % 2 ? NET_IPV4 : NET_TORV3, i % RANGE * 7919);
}

static void *learn(void *arg)
{
    uint32_t first = *(const uint32_t *)arg;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct net_addr a = some_addr(first + i * 31), source = fx_nth(60, i << 16);

        fx_add(book, &a, &source);
        if (i % 4 == 0)
            addrbook_good(book, &a);
        addrbook_attempt(book, &a, true);
        addrbook_connected(book, &a);
        addrbook_set_services(book, &a, i);
    }
    return NULL;
}

static void *look(void *arg)
{
    struct addrbook_seen *list = mem_alloc_array(ADDRBOOK_GETADDR_MAX, sizeof *list);
    struct net_addr local = fx_v4(63, 1, 1, 1);

    (void)arg;
    while (!atomic_load(&stop)) {
        struct addrbook_group_count top[4];
        struct addrbook_choice c;
        struct addrbook_counts counts;
        size_t n;

        addrbook_select(book, &c, ADDRBOOK_ANY, ADDRBOOK_ALL_KINDS);
        addrbook_select_collision(book, &c);
        addrbook_resolve_collisions(book, NULL, NULL);
        addrbook_sample(book, list, ADDRBOOK_GETADDR_MAX, ADDRBOOK_ALL_KINDS);
        local.port++;
        addrbook_getaddr(book, list, NET_IPV4, &local, NULL, NULL);
        addrbook_counts(book, &counts);
        addrbook_groups(book, top, &n, 4);
    }
    mem_free(list);
    return NULL;
}

/* A file that contradicts itself would be refused when it is read. */
static void save_and_load(void)
{
    struct addrbook *again = addrbook_new(NULL);

    ck_assert_int_eq(peers_file_save(book, path), 0);
    ck_assert_int_eq(peers_file_load(again, path), 0);
    fx_check(again);
    addrbook_free(again);
}

START_TEST(threads_do_not_disturb_each_other)
{
    static uint32_t firsts[] = {0, 7777, 15555};
    pthread_t learners[3], looker;
    struct addrbook_counts counts;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    log_set_level(LOG_LEVEL_ERROR);
    book = addrbook_new(NULL);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&learners[i], NULL, learn, &firsts[i]), 0);
    ck_assert_int_eq(pthread_create(&looker, NULL, look, NULL), 0);
    for (unsigned i = 0; i < SAVES; i++)
        save_and_load();
    for (unsigned i = 0; i < 3; i++)
        pthread_join(learners[i], NULL);
    atomic_store(&stop, true);
    pthread_join(looker, NULL);
    fx_check(book);
    addrbook_counts(book, &counts);
    ck_assert_uint_gt(counts.n_new[0], 1000);
    ck_assert_uint_gt(counts.n_tried[0], 1000);
    addrbook_free(book);
    unlink(path);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("addrbook threads");
    TCase *t = tcase_create("threads");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, threads_do_not_disturb_each_other);
    return harness_run(s);
}
