/* banlist.json: bitcoind's format, there and back, and what damage does. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "dial/banlist_file.h"
#include "log/log.h"
#include "test_policy.h"

enum { NOW_S = 1700000000 };

static struct banlist *list;
static char dir[64];
static char path[128];

/* As bitcoind writes it; the addresses are of the ranges for documentation. */
static const char bitcoind_file[] = "{\n"
                                    "    \"_warning_\": \"This file is generated\",\n"
                                    "    \"banned_nets\": [\n"
                                    "        {\n"
                                    "            \"version\": 1,\n"
                                    "            \"ban_created\": 1690000000,\n"
                                    "            \"banned_until\": 1790000000,\n"
                                    "            \"address\": \"192.0.2.0/24\"\n"
                                    "        },\n"
                                    "        {\n"
                                    "            \"version\": 1,\n"
                                    "            \"ban_created\": 1690000001,\n"
                                    "            \"banned_until\": 1790000001,\n"
                                    "            \"address\": \"2001:db8::1/128\"\n"
                                    "        }\n"
                                    "    ]\n"
                                    "}\n";

static void setup(void)
{
    clock_test_start(NOW_S);
    snprintf(dir, sizeof dir, "%s", "/tmp/p2pnode-banlist-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/banlist.json", dir);
    ck_assert_int_eq(log_open("/dev/null"), 0);
    list = banlist_new(BANLIST_CAPACITY);
    ck_assert_ptr_nonnull(list);
}

/* Count the directory's entries, and those whose name begins in a way; remove them when asked. */
static int count_files(const char *prefix, bool also_remove)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int n = 0;

    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
        if (also_remove)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    return n;
}

static void teardown(void)
{
    count_files("", true);
    rmdir(dir);
    banlist_free(list);
    log_open(NULL);
    clock_test_stop();
}

static void write_text(const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static void check_text(const char *want)
{
    static char got[4096];
    int fd = open(path, O_RDONLY);
    ssize_t n;

    ck_assert_int_ge(fd, 0);
    n = read(fd, got, sizeof got - 1);
    ck_assert_int_ge(n, 0);
    got[n] = '\0';
    close(fd);
    ck_assert_str_eq(got, want);
}

static void ban(const char *text, int64_t until_s, const char *reason)
{
    struct subnet net = subnet_of(text);

    ck_assert_int_eq(banlist_add(list, &net, until_s, reason), 0);
}

static bool find(struct ban *out, const char *text)
{
    struct net_addr addr = addr_of(text);

    return banlist_find(list, out, &addr);
}

START_TEST(a_list_is_the_same_after_a_restart)
{
    struct subnet mine = subnet_of("2001:db8::/32");
    struct ban found;

    ban("10.0.0.1", NOW_S + 100, "score");
    ck_assert_int_eq(banlist_add_manual(list, &mine, BAN_UNTIL_MAX, "by hand"), 0);
    ck_assert_int_eq(banlist_save(list, path), 0);
    banlist_clear(list);
    clock_test_advance_ms(50000);
    ck_assert_int_eq(banlist_load(list, path), 0);
    ck_assert_uint_eq(banlist_count(list), 2);
    ck_assert(find(&found, "10.0.0.1"));
    ck_assert_int_eq(found.created_s, NOW_S);
    ck_assert_int_eq(found.until_s, NOW_S + 100);
    ck_assert_str_eq(found.reason, "score");
    ck_assert(!found.manual);
    ck_assert(find(&found, "2001:db8:1::1"));
    ck_assert(found.manual);
    ck_assert_int_eq(found.until_s, BAN_UNTIL_MAX);
    ck_assert_uint_eq(found.net.prefix_bits, 32);
}
END_TEST

static struct net_addr of_kind(enum net_kind kind)
{
    return (struct net_addr){.kind = kind, .bytes = {kind == NET_CJDNS ? 0xfc : 0x20, 2, 3, 4}};
}

START_TEST(addresses_of_every_kind_go_through_a_file)
{
    static const enum net_kind kinds[] = {NET_IPV4, NET_IPV6, NET_TORV3, NET_I2P, NET_CJDNS};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };

    for (unsigned i = 0; i < KINDS; i++) {
        struct net_addr addr = of_kind(kinds[i]);
        struct subnet net = ban_host(&addr);

        ck_assert_int_eq(banlist_add(list, &net, NOW_S + 100, ""), 0);
    }
    ck_assert_int_eq(banlist_save(list, path), 0);
    banlist_clear(list);
    ck_assert_int_eq(banlist_load(list, path), 0);
    for (unsigned i = 0; i < KINDS; i++) {
        struct net_addr addr = of_kind(kinds[i]);

        ck_assert_msg(banlist_find(list, NULL, &addr), "kind %d is lost", kinds[i]);
    }
    ck_assert_uint_eq(banlist_count(list), KINDS);
}
END_TEST

START_TEST(the_file_is_written_in_the_format_of_bitcoind)
{
    ban("10.0.0.0/8", NOW_S + 100, "score");
    ck_assert_int_eq(banlist_save(list, path), 0);
    check_text("{\n"
               "  \"banned_nets\": [\n"
               "    {\"version\": 1, \"ban_created\": 1700000000, \"banned_until\": 1700000100, "
               "\"address\": \"10.0.0.0/8\", \"ban_reason\": \"score\", \"manual\": false}\n"
               "  ]\n"
               "}\n");
}
END_TEST

START_TEST(an_empty_list_is_a_file_too)
{
    ck_assert_int_eq(banlist_save(list, path), 0);
    check_text("{\n  \"banned_nets\": [\n  ]\n}\n");
    ck_assert_int_eq(banlist_load(list, path), 0);
    ck_assert_uint_eq(banlist_count(list), 0);
}
END_TEST

START_TEST(the_file_of_bitcoind_is_read)
{
    struct ban found;

    write_text(bitcoind_file, strlen(bitcoind_file));
    ck_assert_int_eq(banlist_load(list, path), 0);
    ck_assert_uint_eq(banlist_count(list), 2);
    ck_assert(find(&found, "192.0.2.77"));
    ck_assert_int_eq(found.created_s, 1690000000);
    ck_assert_int_eq(found.until_s, 1790000000);
    ck_assert_str_eq(found.reason, "");
    ck_assert(found.manual); /* bitcoind bans at its operator's word alone */
    ck_assert(find(NULL, "2001:db8::1"));
    ck_assert(!find(NULL, "2001:db8::2"));
}
END_TEST

START_TEST(bans_that_have_ended_are_neither_written_nor_read)
{
    ban("10.0.0.1", NOW_S + 100, "");
    ban("10.0.0.2", NOW_S + 200, "");
    ck_assert_int_eq(banlist_save(list, path), 0);
    banlist_clear(list);
    clock_test_advance_ms(100000);
    ck_assert_int_eq(banlist_load(list, path), 0);
    ck_assert_uint_eq(banlist_count(list), 1);
    ck_assert(find(NULL, "10.0.0.2"));
    clock_test_advance_ms(100000);
    ck_assert_int_eq(banlist_save(list, path), 0);
    check_text("{\n  \"banned_nets\": [\n  ]\n}\n");
}
END_TEST

START_TEST(entries_that_are_not_understood_are_left_out_and_the_others_stay)
{
    static const char text[] =
        "{\"banned_nets\":["
        "{\"version\":2,\"ban_created\":1,\"banned_until\":1790000000,\"address\":\"10.0.0.1/32\"},"
        "{\"version\":1,\"ban_created\":1,\"banned_until\":1790000000,\"address\":\"no address\"},"
        "{\"version\":1,\"ban_created\":1,\"banned_until\":1790000000,\"address\":\"10.0.0.1/8\"},"
        "{\"version\":1,\"ban_created\":1,\"banned_until\":1790000000,\"address\":\"10.0.0.2:1\"},"
        "{\"version\":1,\"ban_created\":1,\"banned_until\":1790000000},"
        "{},"
        "{\"new\":[{\"a\":null}],\"version\":1,\"ban_created\":1,\"banned_until\":1790000000,"
        "\"address\":\"10.0.0.9\"},"
        "{\"version\":1,\"ban_created\":1,\"banned_until\":1790000000,\"address\":\"10.0.0.9/32\"}"
        "]}";

    write_text(text, sizeof text - 1);
    ck_assert_int_eq(banlist_load(list, path), 0);
    ck_assert_uint_eq(banlist_count(list), 1);
    ck_assert(find(NULL, "10.0.0.9"));
    ck_assert_int_eq(count_files("", false), 1); /* nothing was moved aside */
}
END_TEST

START_TEST(without_a_file_there_are_no_bans)
{
    ck_assert_int_eq(banlist_load(list, path), PN_ENOENT);
    ck_assert_int_eq(count_files("", false), 0);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_moved_aside_whole_and_nothing_of_it_is_used)
{
    size_t whole = strlen(bitcoind_file) - 2; /* the last brace */

    for (size_t len = 0; len <= whole; len++) {
        write_text(bitcoind_file, len);
        ck_assert_msg(banlist_load(list, path) < 0, "%zu bytes were taken", len);
        ck_assert_uint_eq(banlist_count(list), 0);
        ck_assert_int_eq(count_files("banlist.json.bad-1700000000", false), 1);
        ck_assert_int_eq(count_files("", true), 1);
    }
    write_text(bitcoind_file, whole + 1);
    ck_assert_int_eq(banlist_load(list, path), 0);
    ck_assert_uint_eq(banlist_count(list), 2);
}
END_TEST

/* With one byte changed the file is refused or means something else; it is never half used, and
 * nothing reads where it may not (this is for the sanitizers). */
START_TEST(a_flipped_byte_anywhere_does_no_harm)
{
    char text[sizeof bitcoind_file];

    for (size_t i = 0; i < sizeof text - 1; i++)
        for (int bit = 0; bit < 8; bit++) {
            int rc;

            memcpy(text, bitcoind_file, sizeof text);
            text[i] = (char)(text[i] ^ 1 << bit);
            write_text(text, sizeof text - 1);
            rc = banlist_load(list, path);
            ck_assert(rc == 0 || (rc < 0 && banlist_count(list) == 0));
            banlist_clear(list);
            count_files("", true);
        }
}
END_TEST

START_TEST(a_file_beyond_the_bound_is_not_read)
{
    write_text(bitcoind_file, strlen(bitcoind_file));
    ck_assert_int_eq(truncate(path, BANLIST_FILE_MAX_BYTES + 1024 * 1024), 0);
    ck_assert_int_eq(banlist_load(list, path), PN_ETOOLARGE);
    ck_assert_int_eq(count_files("banlist.json.bad-", false), 1);
}
END_TEST

START_TEST(a_save_that_fails_leaves_the_old_file)
{
    char nowhere[160];

    ban("10.0.0.1", NOW_S + 100, "");
    snprintf(nowhere, sizeof nowhere, "%s/none/banlist.json", dir);
    ck_assert_int_lt(banlist_save(list, nowhere), 0);
    write_text("old", 3);
    for (unsigned long n = 1;; n++) {
        int rc;

        mem_fail_at(n, 0);
        rc = banlist_save(list, path);
        if (!mem_fail_happened()) {
            mem_fail_at(0, 0);
            ck_assert_int_eq(rc, 0);
            break;
        }
        mem_fail_at(0, 0);
        /* The last step, after the rename, may fail and the new file be there. */
        if (rc == 0 || count_files("banlist.json", false) != 1)
            ck_abort_msg("allocation %lu failed and the save gave %d", n, rc);
    }
    ck_assert_int_eq(banlist_load(list, path), 0);
}
END_TEST

START_TEST(without_memory_a_file_is_neither_read_nor_moved)
{
    write_text(bitcoind_file, strlen(bitcoind_file));
    mem_fail_at(1, 0);
    ck_assert_int_eq(banlist_load(list, path), PN_ENOMEM);
    mem_fail_at(0, 0);
    ck_assert_int_eq(count_files("banlist.json", false), 1);
    ck_assert_int_eq(banlist_load(list, path), 0);
    ck_assert_uint_eq(banlist_count(list), 2);
}
END_TEST

START_TEST(a_full_list_goes_through_a_file_whole)
{
    for (unsigned i = 0; i < BANLIST_CAPACITY; i++) {
        struct subnet net = {.base = {.kind = NET_IPV6, .bytes = {0x20, 1, 0x0d, 0xb8}},
                             .prefix_bits = 128};

        net.base.bytes[14] = (uint8_t)(i >> 8);
        net.base.bytes[15] = (uint8_t)i;
        ck_assert_int_eq(banlist_add(list, &net, NOW_S + 1 + i, "misbehaviour"), 0);
    }
    ck_assert_int_eq(banlist_save(list, path), 0);
    banlist_clear(list);
    ck_assert_int_eq(banlist_load(list, path), 0);
    ck_assert_uint_eq(banlist_count(list), BANLIST_CAPACITY);
    ck_assert(find(NULL, "2001:db8::270f"));
}
END_TEST

void add_banlist_file_tests(Suite *s)
{
    TCase *t = tcase_create("banlist_file");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_list_is_the_same_after_a_restart);
    tcase_add_test(t, addresses_of_every_kind_go_through_a_file);
    tcase_add_test(t, the_file_is_written_in_the_format_of_bitcoind);
    tcase_add_test(t, an_empty_list_is_a_file_too);
    tcase_add_test(t, the_file_of_bitcoind_is_read);
    tcase_add_test(t, bans_that_have_ended_are_neither_written_nor_read);
    tcase_add_test(t, entries_that_are_not_understood_are_left_out_and_the_others_stay);
    tcase_add_test(t, without_a_file_there_are_no_bans);
    tcase_add_test(t, a_file_cut_anywhere_is_moved_aside_whole_and_nothing_of_it_is_used);
    tcase_add_test(t, a_flipped_byte_anywhere_does_no_harm);
    tcase_add_test(t, a_file_beyond_the_bound_is_not_read);
    tcase_add_test(t, a_save_that_fails_leaves_the_old_file);
    tcase_add_test(t, without_memory_a_file_is_neither_read_nor_moved);
    tcase_add_test(t, a_full_list_goes_through_a_file_whole);
}
