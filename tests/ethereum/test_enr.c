/* Enode URLs, node records, distances, relayed addresses, the key file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "codec/hex.h"
#include "ethereum/enr/nodekey.h"
#include "ethereum/enr/record.h"
#include "ethereum/enr/relay.h"
#include "harness.h"

#define KEY                                                            \
    "1dd9d65c4552b5eb43d5ad55a2ee3f56c6cbc1c64a5c8d659f51fcd51bace243" \
    "51232b8d7821617d2b29b54b81cdefb9b3e9c37d7fd5f63270bcc9e1a6f6a439"

/* EIP-778's example and the key that signed it. */
static const char eip778[] =
    "enr:-"
    "IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5w"
    "BgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8";
static const char eip778_secret[] =
    "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291";

static struct net_addr addr(const char *text)
{
    struct net_addr a;

    ck_assert_int_eq(net_addr_parse(&a, text, 0), 0);
    return a;
}

START_TEST(enode_urls_read_and_write_back)
{
    /* go-ethereum p2p/enode/urlv4_test.go */
    static const char *const urls[] = {
        "enode://" KEY "@127.0.0.1:52150",
        "enode://" KEY "@[::]:52150",
        "enode://" KEY "@[2001:db8:3c4d:15::abcd:ef12]:52150",
        "enode://" KEY "@127.0.0.1:52150?discport=22334",
        "enode://" KEY,
    };
    struct eth_node n;
    char text[ENODE_TEXT_BYTES];

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ck_assert_int_eq(enode_parse(&n, urls[i]), 0);
        ck_assert_str_eq(enode_format(text, &n), urls[i]);
    }
    ck_assert_int_eq(enode_parse(&n, urls[3]), 0);
    ck_assert_uint_eq(n.tcp_port, 52150);
    ck_assert_uint_eq(n.udp.port, 22334);
}
END_TEST

START_TEST(malformed_enode_urls_are_refused)
{
    static const char *const urls[] = {
        "",
        KEY,
        "01010101",
        "http://foobar",
        "://foo",
        "enode://01010101",
        "enode://01010101@123.124.125.126:3",
        "enode://" KEY "@valid.:3",
        "enode://" KEY "@127.0.0.1:foo",
        "enode://" KEY "@127.0.0.1",
        "enode://" KEY "@127.0.0.1:65536",
        "enode://" KEY "@127.0.0.1:3?discport=foo",
        "enode://" KEY "@127.0.0.1:3?discport=",
        "enode://" KEY "@127.0.0.1:3?discport=70000",
        "enode://" KEY "@127.0.0.1:3?other=1",
        "enode://" KEY "@",
        "enode://" KEY "@[::1]",
        "enode://" KEY "x",
    };
    struct eth_node n;
    char off_curve[] = "enode://" KEY "@127.0.0.1:3";

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        ck_assert_msg(enode_parse(&n, urls[i]) == PN_EFORMAT, "%s was accepted", urls[i]);
    off_curve[8 + 127] = '8';
    ck_assert_int_eq(enode_parse(&n, off_curve), PN_EFORMAT);
}
END_TEST

START_TEST(the_record_of_eip_778_is_read)
{
    struct enr r;
    char text[ENR_TEXT_BYTES], id[65];
    struct net_addr want = addr("127.0.0.1:30303");

    ck_assert_int_eq(enr_parse(&r, eip778), 0);
    ck_assert_uint_eq(r.seq, 1);
    ck_assert(net_addr_equal(&r.node.udp, &want));
    ck_assert_uint_eq(r.node.tcp_port, 0);
    ck_assert(!r.has_fork_id);
    hex_encode(id, r.node.id, sizeof r.node.id);
    ck_assert_str_eq(id, "a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7");
    ck_assert_str_eq(enr_format(text, &r), eip778);
}
END_TEST

START_TEST(signing_the_record_of_eip_778_gives_its_text)
{
    uint8_t secret[EC_SECRET_BYTES];
    struct enr r;
    char text[ENR_TEXT_BYTES];
    const struct eth_endpoint at[ETH_FAMILIES] = {{.udp = addr("127.0.0.1:30303")}};

    ck_assert_int_eq(hex_decode(secret, sizeof secret, eip778_secret), 0);
    ck_assert_int_eq(enr_sign(&r, secret, 1, at, NULL), 0);
    ck_assert_str_eq(enr_format(text, &r), eip778);
}
END_TEST

START_TEST(what_is_signed_is_read_back)
{
    const struct eth_endpoint v4 = {addr("10.1.2.3:30303"), 30304}, none = {.tcp_port = 0};
    const struct eth_endpoint v6 = {addr("[2a01::5]:30301"), 30302};
    const struct eth_endpoint rows[][ETH_FAMILIES] = {{v4, none}, {none, v6}, {v4, v6}, {none}};
    const struct eth_fork_id fork = {{0x07, 0xc9, 0x46, 0x2e}, 1767747671};
    uint8_t secret[EC_SECRET_BYTES];
    struct enr r;

    ec_secret_generate(secret);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct eth_endpoint *preferred =
            &rows[i]
                 [rows[i][ETH_IPV4].tcp_port || !rows[i][ETH_IPV6].tcp_port ? ETH_IPV4 : ETH_IPV6];

        ck_assert_int_eq(enr_sign(&r, secret, UINT64_MAX, rows[i], &fork), 0);
        ck_assert_uint_eq(r.seq, UINT64_MAX);
        for (unsigned family = 0; family < ETH_FAMILIES; family++) {
            ck_assert(net_addr_equal(&r.endpoints[family].udp, &rows[i][family].udp));
            ck_assert_uint_eq(r.endpoints[family].tcp_port, rows[i][family].tcp_port);
        }
        ck_assert(net_addr_equal(&r.node.udp, &preferred->udp));
        ck_assert_uint_eq(r.node.tcp_port, preferred->tcp_port);
        ck_assert(r.has_fork_id);
        ck_assert_mem_eq(r.fork_id.hash, fork.hash, 4);
        ck_assert_uint_eq(r.fork_id.next, fork.next);
    }
}
END_TEST

START_TEST(the_published_bad_records_are_refused)
{
    /* go-ethereum p2p/enode/urlv4_test.go, p2p/dnsdisc/tree_test.go */
    static const struct {
        const char *text;
        int err;
    } rows[] = {
        {"enr:", PN_ETRUNCATED},
        {"enr:x", PN_EFORMAT},
        {"enr:-----", PN_EFORMAT},
        {"enr:-EmGZm9vYmFyY4JpZIJ2NIJpcIR_AAABiXNlY3AyNTZrMaEDOlFBdkZvqBXtSB_"
         "60JEQotNE9sm3jB0Ur8NRw6Ub"
         "4z2DdWRwgnZf",
         PN_EFORMAT},
        {"enr:-HW4QLZHjM4vZXkbp-5xJoHsKSbE7W39FPC8283X-"
         "y8oHcHPTnDDlIlzL5ArvDUlHZVDPgmFASrh7cWgLOLxj4wp"
         "rRkHgmlkgnY0iXNlY3AyNTZrMaEC3t2jLMhDpCDX5mbSEwDn4L3iUfyXzoO8G28XvjGRkrAg=",
         PN_EFORMAT},
    };
    struct enr r;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(enr_parse(&r, rows[i].text) == rows[i].err, "%s: %s", rows[i].text,
                      pn_errname(enr_parse(&r, rows[i].text)));
}
END_TEST

/* Every record of the vectors that go-ethereum accepts. */
START_TEST(the_published_good_records_are_accepted)
{
    static const char *const texts[] = {
        "enr:-IS4QGrdq0ugARp5T2BZ41TrZOqLc_oKvZoPuZP5--anqWE_J-"
        "Tucc1xgkOL7qXl0puJgT7qc2KSvcupc4NCb0nr4"
        "tdjgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQM6UUF2Rm-oFe1IH_"
        "rQkRCi00T2ybeMHRSvw1HDpRvjPYN1ZHCCdl8",
        "enr:-HW4QES8QIeXTYlDzbfr1WEzE-XKY4f8gJFJzjJL-9D7TC9lJb4Z3JPRRz1lP4pL_N_QpT6rGQjAU9Apnc-"
        "C1iMP3"
        "6OAgmlkgnY0iXNlY3AyNTZrMaED5IdwfMxdmR8W37HqSFdQLjDkIwBd4Q_MjxgZifgKSdM",
        "enr:-"
        "HW4QAggRauloj2SDLtIHN1XBkvhFZ1vtf1raYQp9TBW2RD5EEawDzbtSmlXUfnaHcvwOizhVYLtr7e6vw7NAf6mT"
        "uoCgmlkgnY0iXNlY3AyNTZrMaECjrXI8TLNXU0f8cthpAMxEshUyQlK-AM0PW2wfrnacNI",
        "enr:-HW4QLAYqmrwllBEnzWWs7I5Ev2IAs7x_dZlbYdRdMUx5EyKHDXp7AV5CkuPGUPdvbv1_"
        "Ms1CPfhcGCvSElSosZmy"
        "oqAgmlkgnY0iXNlY3AyNTZrMaECriawHKWdDRk2xeZkrOXBQ0dfMFLHY4eENZwdufn1S1o",
    };
    struct enr r;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(enr_parse(&r, texts[i]) == 0, "%s: %s", texts[i],
                      pn_errname(enr_parse(&r, texts[i])));
}
END_TEST

START_TEST(no_changed_or_cut_record_passes)
{
    struct enr good, r;

    ck_assert_int_eq(enr_parse(&good, eip778), 0);
    for (size_t i = 0; i < good.len; i++) {
        uint8_t raw[ENR_MAX_BYTES + 1];

        memcpy(raw, good.raw, good.len);
        raw[i] ^= 0x20;
        ck_assert_int_lt(enr_decode(&r, raw, good.len), 0);
        ck_assert_int_lt(enr_decode(&r, good.raw, i), 0);
    }
    ck_assert_int_eq(enr_decode(&r, good.raw, ENR_MAX_BYTES + 1), PN_ETOOLARGE);
}
END_TEST

START_TEST(logdist_counts_from_the_first_differing_bit)
{
    uint8_t a[ETH_ID_BYTES] = {0}, b[ETH_ID_BYTES] = {0};

    ck_assert_uint_eq(eth_logdist(a, b), 0);
    for (unsigned bit = 0; bit < 256; bit++) {
        memset(b, 0, sizeof b);
        b[31 - bit / 8] = (uint8_t)(1u << bit % 8);
        ck_assert_uint_eq(eth_logdist(a, b), bit + 1);
    }
}
END_TEST

START_TEST(nobody_sends_us_into_our_own_network)
{
    static const struct {
        const char *sender, *relayed;
        bool allowed;
    } rows[] = {
        {"8.8.8.8", "1.2.3.4", true},      {"8.8.8.8", "127.0.0.1", false},
        {"8.8.8.8", "10.0.0.1", false},    {"8.8.8.8", "192.168.1.1", false},
        {"8.8.8.8", "172.31.1.1", false},  {"8.8.8.8", "172.32.1.1", true},
        {"10.0.0.1", "10.0.0.2", true},    {"10.0.0.1", "127.0.0.1", false},
        {"127.0.0.1", "10.0.0.1", true},   {"127.0.0.1", "127.0.0.2", true},
        {"8.8.8.8", "0.0.0.0", false},     {"8.8.8.8", "224.0.0.1", false},
        {"8.8.8.8", "203.0.113.5", false}, {"8.8.8.8", "255.255.255.255", false},
        {"2a00::1", "2a01::1", true},      {"2a00::1", "::1", false},
        {"2a00::1", "fe80::1", false},     {"2a00::1", "2001:db8::1", false},
        {"2a00::1", "::", false},          {"127.0.0.1", "192.0.2.1", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct net_addr sender = addr(rows[i].sender), relayed = addr(rows[i].relayed);

        ck_assert_msg(eth_addr_may_relay(&sender, &relayed) == rows[i].allowed, "%s from %s",
                      rows[i].relayed, rows[i].sender);
    }
}
END_TEST

START_TEST(the_key_file_is_made_once_and_is_private)
{
    char dir[] = "/tmp/p2pnode-enr-XXXXXX", path[64];
    uint8_t first[EC_SECRET_BYTES], second[EC_SECRET_BYTES];
    struct stat st;
    FILE *f;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/nodekey", dir);
    ck_assert_int_eq(nodekey_load_or_create(first, path), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(nodekey_load_or_create(second, path), 0);
    ck_assert_mem_eq(first, second, sizeof first);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs("not a key\n", f);
    fclose(f);
    ck_assert_int_eq(nodekey_load_or_create(second, path), PN_EFORMAT);
    unlink(path);
    rmdir(dir);
    ck_assert_int_eq(nodekey_load_or_create(second, path), PN_ENOENT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("enr");
    TCase *t = tcase_create("enr");

    suite_add_tcase(s, t);
    tcase_add_test(t, enode_urls_read_and_write_back);
    tcase_add_test(t, malformed_enode_urls_are_refused);
    tcase_add_test(t, the_record_of_eip_778_is_read);
    tcase_add_test(t, signing_the_record_of_eip_778_gives_its_text);
    tcase_add_test(t, what_is_signed_is_read_back);
    tcase_add_test(t, the_published_bad_records_are_refused);
    tcase_add_test(t, the_published_good_records_are_accepted);
    tcase_add_test(t, no_changed_or_cut_record_passes);
    tcase_add_test(t, logdist_counts_from_the_first_differing_bit);
    tcase_add_test(t, nobody_sends_us_into_our_own_network);
    tcase_add_test(t, the_key_file_is_made_once_and_is_private);
    return harness_run(s);
}
