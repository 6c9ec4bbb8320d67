/* peers.json: what is written is read back; what is damaged is moved aside. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addrbook/book.h"
#include "addrbook/peers_file.h"
#include "addrbook/peers_format.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "book_fixture.h"
#include "harness.h"
#include "log/log.h"
#include "store/read_file.h"

enum { FILE_MAX = 32 * 1024 * 1024 };

static struct addrbook *book;
static char root[64], path[128];

static void setup(void)
{
    fx_start();
    log_set_level(LOG_LEVEL_ERROR);
    snprintf(root, sizeof root, "%s", "/tmp/p2pnode-peers-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(path, sizeof path, "%s/peers.json", root);
    book = addrbook_new(NULL);
    ck_assert_ptr_nonnull(book);
}

/* Names in the directory that begin with `prefix`, removed when `sweep`. */
static unsigned count_names(const char *prefix, bool sweep)
{
    DIR *dir = opendir(root);
    struct dirent *entry;
    unsigned n = 0;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            n++;
            if (sweep)
                unlinkat(dirfd(dir), entry->d_name, 0);
        }
    closedir(dir);
    return n;
}

static void teardown(void)
{
    fx_check(book);
    addrbook_free(book);
    count_names("", true);
    ck_assert_int_eq(rmdir(root), 0);
    fx_stop();
}

/* Addresses of all kinds, new and tried, with all fields in use. */
static void fill(struct addrbook *b, uint32_t n)
{
    static const enum net_kind kinds[] = {NET_IPV4, NET_IPV6, NET_TORV3, NET_I2P, NET_CJDNS};

    for (uint32_t i = 0; i < n; i++) {
        struct net_addr a = fx_of_kind(kinds[i % 5], i * 7919);
        struct net_addr source = fx_of_kind(kinds[i / 5 % 5], i * 31);
        struct addrbook_seen seen = {
            .addr = a, .services = UINT64_MAX - i, .last_seen_s = FX_NOW_S - i};

        addrbook_add(b, &seen, 1, &source, 0);
        if (i % 3 == 0)
            addrbook_good(b, &a);
        if (i % 7 == 0)
            addrbook_attempt(b, &a, true);
        addrbook_add(b, &seen, 1, NULL, ADDRBOOK_GOSSIP_PENALTY_S); /* perhaps a second place */
    }
}

static struct buf file_text(void)
{
    struct buf text;
    uint8_t *data;
    size_t len;

    buf_init(&text, FILE_MAX);
    ck_assert_int_eq(read_file(&data, &len, path, FILE_MAX), 0);
    ck_assert_int_eq(buf_append(&text, data, len), 0);
    mem_free(data);
    return text;
}

static void write_file(const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static int by_slot(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The same record, in the same places, in whatever order. */
static void expect_same_record(const struct addrbook_record *a, const struct addrbook_record *b)
{
    struct addrbook_record x = *a, y = *b;

    qsort(x.slots, x.n_refs, sizeof x.slots[0], by_slot);
    qsort(y.slots, y.n_refs, sizeof y.slots[0], by_slot);
    ck_assert(net_addr_equal(&x.addr, &y.addr));
    ck_assert(net_addr_equal(&x.source, &y.source));
    ck_assert_uint_eq(x.services, y.services);
    ck_assert_int_eq(x.last_seen_s, y.last_seen_s);
    ck_assert_int_eq(x.last_try_s, y.last_try_s);
    ck_assert_int_eq(x.last_success_s, y.last_success_s);
    ck_assert_uint_eq(x.attempts, y.attempts);
    ck_assert_int_eq(x.tried, y.tried);
    ck_assert_uint_eq(x.n_refs, y.n_refs);
    ck_assert_mem_eq(x.slots, y.slots, x.n_refs * sizeof x.slots[0]);
}

static void expect_same_book(struct addrbook *a, struct addrbook *b)
{
    struct addrbook_record *records;
    size_t n;

    ck_assert_int_eq(addrbook_snapshot(a, &records, &n), 0);
    ck_assert_uint_eq(n, addrbook_size(b));
    for (size_t i = 0; i < n; i++) {
        struct addrbook_record r = fx_record(b, &records[i].addr);

        expect_same_record(&records[i], &r);
    }
    mem_free(records);
}

/* --- there and back --- */

START_TEST(a_book_is_the_same_after_a_restart)
{
    struct addrbook *again = addrbook_new(NULL);
    struct stat st;

    fill(book, 5000);
    ck_assert_uint_gt(addrbook_size(book), 4000);
    ck_assert_int_eq(peers_file_save(book, path), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600); /* it holds the key */
    ck_assert_int_eq(peers_file_load(again, path), 0);
    expect_same_book(book, again);
    fx_check(again);
    addrbook_free(again);
    ck_assert_uint_eq(count_names("", false), 1);
}
END_TEST

START_TEST(an_empty_book_is_the_same_after_a_restart)
{
    struct addrbook *again = addrbook_new(NULL);
    struct net_addr a = fx_addr("60.1.1.1");

    ck_assert_int_eq(peers_file_save(book, path), 0);
    ck_assert_int_eq(peers_file_load(again, path), 0);
    ck_assert_uint_eq(addrbook_size(again), 0);
    fx_add(book, &a, NULL); /* the key is the same, so is the place */
    fx_add(again, &a, NULL);
    expect_same_book(book, again);
    addrbook_free(again);
}
END_TEST

START_TEST(without_a_file_the_book_stays_empty)
{
    ck_assert_int_eq(peers_file_load(book, path), PN_ENOENT);
    ck_assert_uint_eq(addrbook_size(book), 0);
    ck_assert_uint_eq(count_names("", false), 0);
}
END_TEST

START_TEST(under_another_map_the_addresses_are_placed_anew)
{
    size_t len = 0;
    uint8_t *data = harness_data(&len, "bitcoin/vectors/core-asmap.raw");
    struct net_policy policy = {0};
    struct addrbook *again;
    struct asmap *map;

    if (!data)
        return;
    ck_assert_int_eq(asmap_from_bytes(&map, data, len), 0);
    free(data);
    policy.asmap = map;
    fill(book, 2000);
    ck_assert_int_eq(peers_file_save(book, path), 0);
    again = addrbook_new(&policy);
    ck_assert_int_eq(peers_file_load(again, path), 0);
    ck_assert_uint_gt(addrbook_size(again), addrbook_size(book) * 8 / 10);
    fx_check(again);
    addrbook_free(again);
    asmap_free(map);
}
END_TEST

/* --- btcd's form --- */

/* What btcd writes, with lists given by their inside: new list 5, new list 6, tried list 1. */
static void write_btcd_file(int version, const char *rows, const char *new5, const char *new6,
                            const char *tried1)
{
    struct buf b;

    buf_init(&b, FILE_MAX);
    buf_printf(&b, "{\"Version\":%d,\"Key\":[", version);
    for (unsigned i = 0; i < 32; i++)
        buf_printf(&b, "%s%u", i ? "," : "", i * 7);
    buf_printf(&b, "],\"Addresses\":[%s],\"NewBuckets\":[", rows);
    for (unsigned i = 0; i < 1024; i++)
        buf_printf(&b, "%s[%s]", i ? "," : "", i == 5 ? new5 : i == 6 ? new6 : "");
    buf_puts(&b, "],\"TriedBuckets\":[");
    for (unsigned i = 0; i < 64; i++)
        buf_printf(&b, "%s[%s]", i ? "," : "", i == 1 ? tried1 : "");
    ck_assert_int_eq(buf_puts(&b, "]}\n"), 0);
    write_file(b.data, b.len);
    buf_free(&b);
}

#define ROW_REST(attempts, services)                      \
    "\"Attempts\":" attempts ",\"TimeStamp\":1699990000," \
    "\"LastAttempt\":1699980000,\"LastSuccess\":-62135596800" services "}"
#define ROW_NEW                                                        \
    "{\"Addr\":\"60.1.1.1:8333\",\"Src\":\"61.1.1.1:8333\"," ROW_REST( \
        "2", ",\"Services\":1033,\"SrcServices\":9")
#define ROW_TRIED                                                       \
    "{\"Addr\":\"[2a00::1]:8334\",\"Src\":\"61.1.1.1:8333\"," ROW_REST( \
        "0", ",\"Services\":9,\"SrcServices\":9")
#define ROW_TOR_V2 \
    "{\"Addr\":\"expyuzz4wqqyqhjn.onion:8333\",\"Src\":\"61.1.1.1:8333\"," ROW_REST("0", "")

START_TEST(btcds_file_is_read)
{
    struct net_addr new = fx_addr("60.1.1.1:8333"), tried = fx_addr("[2a00::1]:8334");
    struct addrbook_record r;

    write_btcd_file(2, ROW_NEW "," ROW_TOR_V2 "," ROW_TRIED,
                    "\"60.1.1.1:8333\",\"expyuzz4wqqyqhjn.onion:8333\"", "\"60.1.1.1:8333\"",
                    "\"[2a00::1]:8334\"");
    ck_assert_int_eq(peers_file_load(book, path), 0);
    ck_assert_uint_eq(addrbook_size(book), 2);
    r = fx_record(book, &new);
    ck_assert(!r.tried);
    ck_assert_uint_eq(r.n_refs, 1); /* its hash is not ours: placed anew, by its source */
    ck_assert_uint_eq(r.services, 1033);
    ck_assert_uint_eq(r.attempts, 2);
    ck_assert_int_eq(r.last_seen_s, 1699990000);
    ck_assert_int_eq(r.last_try_s, 1699980000);
    ck_assert_int_eq(r.last_success_s, 0);
    r = fx_record(book, &tried);
    ck_assert(r.tried);
    ck_assert_uint_eq(r.services, 9);
}
END_TEST

START_TEST(version_1_has_no_services_and_is_read)
{
    struct net_addr new = fx_addr("60.1.1.1:8333");

    write_btcd_file(1, "{\"Addr\":\"60.1.1.1:8333\",\"Src\":\"61.1.1.1:8333\"," ROW_REST("2", ""),
                    "\"60.1.1.1:8333\"", "", "");
    ck_assert_int_eq(peers_file_load(book, path), 0);
    ck_assert_uint_eq(fx_record(book, &new).services, PEERS_V1_SERVICES);
}
END_TEST

START_TEST(what_is_written_has_btcds_shape)
{
    struct buf text;
    unsigned lists = 0;

    fill(book, 100);
    ck_assert_int_eq(peers_file_save(book, path), 0);
    text = file_text();
    ck_assert_ptr_nonnull(buf_cstr(&text));
    ck_assert_ptr_eq(strstr((char *)text.data, "{\"Version\":2,\"Key\":["), (char *)text.data);
    for (char *p = strstr((char *)text.data, "\"NewBuckets\":["); (p = strstr(p, "\n[")); p++)
        lists++;
    ck_assert_uint_eq(lists, 1024 + PEERS_TRIED_LISTS);
    /* Names that btcd would resolve stand behind what it reads. */
    ck_assert(strstr((char *)text.data, ".b32.i2p") > strstr((char *)text.data, "\"P2pnode\":"));
    buf_free(&text);
}
END_TEST

static const struct {
    const char *rows, *new5, *new6, *tried1;
    int err;
} contradictions[] = {
    {ROW_NEW, "", "", "", PN_EFORMAT}, /* in no list */
    {ROW_NEW, "\"60.1.1.1:8333\"", "", "\"60.1.1.1:8333\"", PN_EDUPLICATE},
    {ROW_NEW, "", "", "\"60.1.1.1:8333\",\"60.1.1.1:8333\"", PN_EDUPLICATE},
    {ROW_NEW, "\"60.1.1.1:8333\"", "\"60.1.1.2:8333\"", "", PN_EFORMAT}, /* unknown */
    {ROW_NEW "," ROW_NEW, "\"60.1.1.1:8333\"", "", "", PN_EDUPLICATE},
    {"{\"Addr\":\"60.1.1.1:8333\"}", "\"60.1.1.1:8333\"", "", "", PN_EFORMAT}, /* no source */
    {"{\"Addr\":\"example.com:8333\",\"Src\":\"60.1.1.1:8333\"}", "", "", "", PN_EFORMAT},
    {"7", "", "", "", PN_EFORMAT},
};

START_TEST(a_file_that_contradicts_itself_is_moved_aside)
{
    write_btcd_file(2, contradictions[_i].rows, contradictions[_i].new5, contradictions[_i].new6,
                    contradictions[_i].tried1);
    ck_assert_int_eq(peers_file_load(book, path), contradictions[_i].err);
    ck_assert_uint_eq(addrbook_size(book), 0);
    ck_assert_uint_eq(count_names("peers.json.bad-", false), 1);
}
END_TEST

START_TEST(a_later_version_is_moved_aside)
{
    write_btcd_file(3, ROW_NEW, "\"60.1.1.1:8333\"", "", "");
    ck_assert_int_eq(peers_file_load(book, path), PN_EVERSION);
    ck_assert_uint_eq(addrbook_size(book), 0);
    ck_assert_uint_eq(count_names("peers.json.bad-", false), 1);
}
END_TEST

/* Their geometries differ: two that stand side by side there may want one place here. */
START_TEST(of_two_tried_addresses_for_one_place_the_second_goes_to_new)
{
    struct net_addr older, newer;
    struct addrbook_record two[2];
    struct addrbook *again = addrbook_new(NULL);
    uint8_t key[ADDRBOOK_KEY_BYTES];

    fx_collide(book, &older, &newer);
    two[0] = fx_record(book, &older);
    two[1] = fx_record(book, &newer);
    two[1].tried = true;
    book_secret(book, key);
    ck_assert_uint_eq(book_restore(again, key, two, 2, false), 2);
    ck_assert(fx_record(again, &older).tried);
    ck_assert(!fx_record(again, &newer).tried);
    fx_check(again);
    addrbook_free(again);
}
END_TEST

/* --- damage --- */

START_TEST(cut_at_every_kilobyte_it_is_moved_aside)
{
    struct buf text;
    unsigned cuts = 0;

    fill(book, 1000);
    ck_assert_int_eq(peers_file_save(book, path), 0);
    text = file_text();
    for (size_t len = 0; len < text.len; len += 1024, cuts++) {
        struct addrbook *again = addrbook_new(NULL);

        write_file(text.data, len);
        fx_advance_s(1);
        ck_assert_msg(peers_file_load(again, path) < 0, "%zu of %zu bytes were taken", len,
                      text.len);
        ck_assert_uint_eq(addrbook_size(again), 0);
        ck_assert_int_ne(access(path, F_OK), 0);
        ck_assert_uint_eq(count_names("peers.json.bad-", false), 1); /* the last one alone */
        addrbook_free(again);
    }
    ck_assert_uint_gt(cuts, 100);
    buf_free(&text);
}
END_TEST

START_TEST(with_any_byte_changed_it_is_damaged)
{
    struct peers_content content;
    struct buf text;
    size_t at;

    fill(book, 20);
    ck_assert_int_eq(peers_file_save(book, path), 0);
    text = file_text();
    ck_assert_int_eq(peers_parse(&content, &at, text.data, text.len), 0);
    peers_content_free(&content);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t flip = (uint8_t)(1 << i % 8);

        text.data[i] ^= flip;
        ck_assert_msg(peers_parse(&content, &at, text.data, text.len) < 0,
                      "bit %zu of byte %zu changed, and taken", i % 8, i);
        peers_content_free(&content);
        text.data[i] ^= flip;
    }
    buf_free(&text);
}
END_TEST

START_TEST(with_a_byte_changed_it_is_moved_aside_once_and_the_node_goes_on)
{
    struct net_addr a = fx_addr("60.1.1.1");
    struct buf text;

    fill(book, 1000);
    ck_assert_int_eq(peers_file_save(book, path), 0);
    text = file_text();
    text.data[text.len / 2] ^= 1;
    write_file(text.data, text.len);
    buf_free(&text);
    addrbook_free(book);
    book = addrbook_new(NULL);
    ck_assert_int_lt(peers_file_load(book, path), 0);
    ck_assert_uint_eq(addrbook_size(book), 0);
    ck_assert_int_eq(peers_file_load(book, path), PN_ENOENT);
    fx_add(book, &a, NULL);
    ck_assert_int_eq(peers_file_save(book, path), 0);
    ck_assert_uint_eq(count_names("", false), 2); /* the new one and the damaged one */
}
END_TEST

START_TEST(what_a_killed_process_left_goes)
{
    char tmp[160];
    FILE *f;

    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    f = fopen(tmp, "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    ck_assert_int_eq(peers_file_load(book, path), PN_ENOENT);
    ck_assert_uint_eq(count_names("", false), 0);
}
END_TEST

START_TEST(a_file_of_excessive_size_is_moved_aside_unread)
{
    write_file("", 0);
    ck_assert_int_eq(truncate(path, PEERS_FILE_MAX_BYTES + 1), 0);
    ck_assert_int_eq(peers_file_load(book, path), PN_ETOOLARGE);
    ck_assert_uint_eq(count_names("peers.json.bad-", false), 1);
}
END_TEST

START_TEST(more_rows_than_any_book_has_are_damage)
{
    struct buf b;

    buf_init(&b, FILE_MAX);
    buf_puts(&b, "{\"Version\":2,\"Addresses\":[");
    for (uint32_t i = 0; i <= PEERS_MAX_ROWS; i++)
        buf_printf(&b, "%s{\"Addr\":\"60.%u.%u.%u:%u\",\"Src\":\"61.1.1.1:1\"}", i ? "," : "",
                   i >> 16, i >> 8 & 255, i & 255, 1);
    ck_assert_int_eq(buf_puts(&b, "]}"), 0);
    write_file(b.data, b.len);
    buf_free(&b);
    ck_assert_int_eq(peers_file_load(book, path), PN_ECOUNT);
}
END_TEST

START_TEST(when_the_disk_is_full_the_old_file_stands)
{
    const struct rlimit small = {65536, RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct addrbook *again = addrbook_new(NULL);
    size_t n;
    int rc;

    fill(book, 50);
    n = addrbook_size(book);
    ck_assert_int_eq(peers_file_save(book, path), 0);
    fill(book, 3000);
    sigaction(SIGXFSZ, &ignore, NULL);
    setrlimit(RLIMIT_FSIZE, &small); /* the harness writes too: not for longer than it takes */
    rc = peers_file_save(book, path);
    setrlimit(RLIMIT_FSIZE, &any);
    ck_assert_int_eq(rc, PN_ENOSPC);
    ck_assert_uint_eq(count_names("", false), 1);
    ck_assert_int_eq(peers_file_load(again, path), 0);
    ck_assert_uint_eq(addrbook_size(again), n);
    addrbook_free(again);
}
END_TEST

START_TEST(without_memory_neither_book_nor_file_changes)
{
    unsigned failures = 0;

    fill(book, 2000);
    ck_assert_int_eq(peers_file_save(book, path), 0);
    for (unsigned long n = 1;; n++) {
        struct addrbook *again = addrbook_new(NULL);
        int saved, loaded;

        mem_fail_at(n, 1);
        saved = peers_file_save(book, path);
        mem_fail_at(n, 1);
        loaded = peers_file_load(again, path);
        mem_fail_at(0, 0);
        failures += saved < 0;
        if (loaded < 0)
            ck_assert_uint_eq(addrbook_size(again), 0);
        addrbook_free(again);
        ck_assert_uint_eq(count_names("peers.json.bad-", false), 0);
        ck_assert_int_eq(access(path, F_OK), 0);
        if (saved == 0 && loaded == 0)
            break;
        ck_assert(saved == 0 || saved == PN_ENOMEM);
        ck_assert(loaded == 0 || loaded == PN_ENOMEM);
    }
    ck_assert_uint_ge(failures, 5);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("peers file");
    TCase *t = tcase_create("peers file");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, a_book_is_the_same_after_a_restart);
    tcase_add_test(t, an_empty_book_is_the_same_after_a_restart);
    tcase_add_test(t, without_a_file_the_book_stays_empty);
    tcase_add_test(t, under_another_map_the_addresses_are_placed_anew);
    tcase_add_test(t, btcds_file_is_read);
    tcase_add_test(t, of_two_tried_addresses_for_one_place_the_second_goes_to_new);
    tcase_add_test(t, version_1_has_no_services_and_is_read);
    tcase_add_test(t, what_is_written_has_btcds_shape);
    tcase_add_loop_test(t, a_file_that_contradicts_itself_is_moved_aside, 0,
                        sizeof contradictions / sizeof contradictions[0]);
    tcase_add_test(t, a_later_version_is_moved_aside);
    tcase_add_test(t, cut_at_every_kilobyte_it_is_moved_aside);
    tcase_add_test(t, with_any_byte_changed_it_is_damaged);
    tcase_add_test(t, with_a_byte_changed_it_is_moved_aside_once_and_the_node_goes_on);
    tcase_add_test(t, what_a_killed_process_left_goes);
    tcase_add_test(t, a_file_of_excessive_size_is_moved_aside_unread);
    tcase_add_test(t, more_rows_than_any_book_has_are_damage);
    tcase_add_test(t, when_the_disk_is_full_the_old_file_stands);
    tcase_add_test(t, without_memory_neither_book_nor_file_changes);
    return harness_run(s);
}
