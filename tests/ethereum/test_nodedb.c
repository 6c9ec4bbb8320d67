/* The node database: what is put is found again, survives reopening and damage, and stays bounded.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/random.h"
#include "ethereum/nodedb/nodedb.h"
#include "harness.h"

static char dir[] = "/tmp/p2pnode-nodedb-XXXXXX";
static char path[64];

static void setup(void)
{
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/nodes", dir);
}

static void teardown(void)
{
    static const char *const suffixes[] = {"", "-lock", ".damaged"};
    char name[96];

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    ck_assert_int_eq(rmdir(dir), 0);
}

static struct nodedb *open_db(void)
{
    struct nodedb *db;

    ck_assert_int_eq(nodedb_open(&db, path), 0);
    return db;
}

static struct nodedb_row row_of(unsigned i, int64_t last_pong_s)
{
    struct nodedb_row row = {.last_ping_s = 7, .last_pong_s = last_pong_s, .find_fails = i};
    uint8_t pubkey[EC_PUBKEY_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)};
    struct net_addr udp = {.kind = NET_IPV4,
                           .port = 30303,
                           .bytes = {1, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};

    eth_node_init(&row.node, pubkey, &udp, 30304);
    return row;
}

static void put(struct nodedb *db, const struct nodedb_row *row)
{
    ck_assert_int_eq(nodedb_begin(db), 0);
    ck_assert_int_eq(nodedb_put(db, row), 0);
    ck_assert_int_eq(nodedb_commit(db), 0);
}

START_TEST(a_row_survives_reopening)
{
    struct nodedb *db = open_db();
    struct nodedb_row row = row_of(5, 1000), found;
    struct net_addr other = {.kind = NET_IPV4, .bytes = {9, 9, 9, 9}};
    struct stat st;

    row.is_seed = true;
    row.record_len = 3;
    memcpy(row.record, "abc", 3);
    put(db, &row);
    nodedb_close(db);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    db = open_db();
    ck_assert_int_eq(nodedb_get(db, &found, row.node.id, &row.node.udp), 0);
    ck_assert_mem_eq(&found.node, &row.node, sizeof row.node);
    ck_assert_int_eq(found.last_ping_s, 7);
    ck_assert_int_eq(found.last_pong_s, 1000);
    ck_assert_uint_eq(found.find_fails, 5);
    ck_assert(found.is_seed);
    ck_assert_uint_eq(found.record_len, 3);
    ck_assert_int_eq(nodedb_get(db, &found, row.node.id, &other), PN_ENOENT);
    nodedb_close(db);
}
END_TEST

START_TEST(a_put_keeps_the_seed_mark_and_the_record)
{
    struct nodedb *db = open_db();
    struct nodedb_row row = row_of(1, 1000), found;

    row.is_seed = true;
    row.record_len = 2;
    put(db, &row);
    row = row_of(1, 2000);
    put(db, &row);
    ck_assert_int_eq(nodedb_get(db, &found, row.node.id, &row.node.udp), 0);
    ck_assert(found.is_seed);
    ck_assert_uint_eq(found.record_len, 2);
    ck_assert_int_eq(found.last_pong_s, 2000);
    nodedb_close(db);
}
END_TEST

START_TEST(seeds_are_marked_recent_and_each_given_once)
{
    struct nodedb *db = open_db();
    static struct nodedb_row found[64];
    bool seen[100] = {false};
    unsigned n;

    ck_assert_int_eq(nodedb_begin(db), 0);
    for (unsigned i = 0; i < 100; i++) {
        struct nodedb_row row = row_of(i, i);

        row.is_seed = i % 2 == 0;
        ck_assert_int_eq(nodedb_put(db, &row), 0);
    }
    ck_assert_int_eq(nodedb_commit(db), 0);
    n = nodedb_seeds(db, found, 64, 20);
    ck_assert_uint_eq(n, 40);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_uint_ge(found[i].find_fails, 20);
        ck_assert_uint_eq(found[i].find_fails % 2, 0);
        ck_assert(!seen[found[i].find_fails]);
        seen[found[i].find_fails] = true;
    }
    ck_assert_uint_eq(nodedb_seeds(db, found, 30, 20), 30);
    nodedb_close(db);
}
END_TEST

START_TEST(expiry_drops_what_was_not_heard_of)
{
    struct nodedb *db = open_db();

    for (unsigned i = 0; i < 10; i++) {
        struct nodedb_row row = row_of(i, i * 100);

        put(db, &row);
    }
    ck_assert_int_eq(nodedb_expire(db, 500), 5);
    ck_assert_uint_eq(nodedb_count(db), 5);
    ck_assert_int_eq(nodedb_expire(db, 500), 0);
    nodedb_close(db);
}
END_TEST

START_TEST(there_is_room_for_a_bounded_number_of_rows)
{
    struct nodedb *db = open_db();

    ck_assert_int_eq(nodedb_begin(db), 0);
    for (unsigned i = 0; i < NODEDB_MAX_ROWS + 100; i++) {
        struct nodedb_row row = row_of(i, 1);

        ck_assert_int_eq(nodedb_put(db, &row), 0);
    }
    ck_assert_int_eq(nodedb_commit(db), 0);
    ck_assert_uint_eq(nodedb_count(db), NODEDB_MAX_ROWS);
    nodedb_close(db);
}
END_TEST

START_TEST(our_sequence_number_survives_reopening)
{
    struct nodedb *db = open_db();
    const uint8_t id[ETH_ID_BYTES] = {1}, other[ETH_ID_BYTES] = {2};

    ck_assert_uint_eq(nodedb_local_seq(db, id), 0);
    ck_assert_int_eq(nodedb_set_local_seq(db, id, UINT64_MAX), 0);
    nodedb_close(db);
    db = open_db();
    ck_assert_uint_eq(nodedb_local_seq(db, id), UINT64_MAX);
    ck_assert_uint_eq(nodedb_local_seq(db, other), 0);
    nodedb_close(db);
}
END_TEST

/* Whatever stands in the file, it opens, and then works; what stood there is set aside. */
START_TEST(a_damaged_file_is_started_anew)
{
    struct nodedb_row row = row_of(3, 1);
    static uint8_t noise[20000];
    char damaged[96];

    for (unsigned kind = 0; kind < 3; kind++) {
        struct nodedb *db = open_db();
        int fd;

        put(db, &row);
        nodedb_close(db);
        if (kind == 0) { /* cut */
            ck_assert_int_eq(truncate(path, 9000), 0);
        } else { /* overwritten: all, or the head */
            random_bytes(noise, sizeof noise);
            fd = open(path, O_WRONLY);
            ck_assert_int_ge(fd, 0);
            ck_assert_int_eq(pwrite(fd, noise, kind == 1 ? sizeof noise : 8192, 0),
                             kind == 1 ? sizeof noise : 8192);
            close(fd);
        }
        db = open_db();
        ck_assert_uint_eq(nodedb_count(db), 0);
        put(db, &row);
        ck_assert_uint_eq(nodedb_count(db), 1);
        nodedb_close(db);
        snprintf(damaged, sizeof damaged, "%s.damaged", path);
        ck_assert_int_eq(unlink(damaged), 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nodedb");
    TCase *t = tcase_create("nodedb");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_row_survives_reopening);
    tcase_add_test(t, a_put_keeps_the_seed_mark_and_the_record);
    tcase_add_test(t, seeds_are_marked_recent_and_each_given_once);
    tcase_add_test(t, expiry_drops_what_was_not_heard_of);
    tcase_add_test(t, there_is_room_for_a_bounded_number_of_rows);
    tcase_add_test(t, our_sequence_number_survives_reopening);
    tcase_add_test(t, a_damaged_file_is_started_anew);
    return harness_run(s);
}
