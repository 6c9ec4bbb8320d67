/* The packets of discv4: EIP-8's vectors, round trips, and every cut and every flipped bit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/hex.h"
#include "ethereum/discv4/wire.h"
#include "harness.h"
#include "sim.h"

static const char vectors[] = "ethereum/vectors/discv4-eip8-packets.json";

static void check_ping(const struct discv4_packet *p, bool has_seq, uint64_t seq)
{
    struct net_addr from = sim_addr("127.0.0.1:3322"), to = sim_addr("[::1]:2222");

    ck_assert_int_eq(p->type, DISCV4_PING);
    ck_assert(net_addr_equal(&p->u.ping.from.udp, &from));
    ck_assert_uint_eq(p->u.ping.from.tcp_port, 5544);
    ck_assert(net_addr_equal(&p->u.ping.to.udp, &to));
    ck_assert_uint_eq(p->u.ping.to.tcp_port, 3333);
    ck_assert_uint_eq(p->u.ping.has_seq, has_seq);
    ck_assert_uint_eq(p->u.ping.seq, seq);
}

static void check_neighbors(const struct discv4_packet *p)
{
    static const struct {
        const char *udp;
        uint16_t tcp_port;
        uint8_t first;
    } want[] = {
        {"99.33.22.55:4444", 4445, 0x31},
        {"1.2.3.4:1", 1, 0x31},
        {"[2001:db8:3c4d:15::abcd:ef12]:3333", 3333, 0x38},
        {"[2001:db8:85a3:8d3:1319:8a2e:370:7348]:999", 1000, 0x8d},
    };

    ck_assert_int_eq(p->type, DISCV4_NEIGHBORS);
    ck_assert_uint_eq(p->u.neighbors.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        const struct discv4_neighbor *n = &p->u.neighbors.nodes[i];
        struct net_addr udp = sim_addr(want[i].udp);

        ck_assert(net_addr_equal(&n->at.udp, &udp));
        ck_assert_uint_eq(n->at.tcp_port, want[i].tcp_port);
        ck_assert_uint_eq(n->pubkey[0], want[i].first);
    }
}

/* EIP-8: later versions and additional fields are understood as far as they are known. */
START_TEST(the_packets_of_eip_8_are_understood)
{
    static const char signer[] = "ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd31387"
                                 "574077f301b421bc84df7266c44"
                                 "e9e6d569fc56be00812904767bf5ccd1fc7f";
    size_t len;
    char *text = (char *)harness_data(&len, vectors), *at = text;

    if (!text)
        return;
    text[len] = '\0';
    for (unsigned i = 0; i < 4; i++) {
        struct discv4_packet p;
        uint8_t raw[DISCV4_MAX_PACKET_BYTES], pubkey[EC_PUBKEY_BYTES];
        char found[2 * EC_PUBKEY_BYTES + 1];
        char *end;
        int rc;

        at = strstr(at, "\"packet\": \"");
        ck_assert_ptr_nonnull(at);
        at += strlen("\"packet\": \"");
        end = strchr(at, '"');
        *end = '\0';
        len = strlen(at) / 2;
        ck_assert_int_eq(hex_decode(raw, len, at), 0);
        rc = discv4_decode(&p, raw, len);
        ck_assert_msg(rc == 0, "packet %u: %s", i, pn_errname(rc));
        ck_assert_int_eq(p.expiration, 1136239445);
        ck_assert_int_eq(discv4_signer(pubkey, raw, len), 0);
        hex_encode(found, pubkey, sizeof pubkey);
        ck_assert_str_eq(found, signer);
        switch (i) {
        case 0:
            check_ping(&p, false, 0);
            break;
        case 1:
            check_ping(&p, true, 1);
            break;
        case 2:
            ck_assert_mem_eq(p.u.findnode.target, pubkey, sizeof pubkey);
            break;
        default:
            check_neighbors(&p);
            break;
        }
        at = end + 1;
    }
    free(text);
}
END_TEST

/* One example of each type. */
static void make_sample(struct discv4_packet *p, enum discv4_type type, const struct enr *record)
{
    memset(p, 0, sizeof *p);
    p->type = type;
    p->expiration = 1800000000;
    switch (type) {
    case DISCV4_PING:
        p->u.ping.from = (struct eth_endpoint){sim_addr("1.2.3.4:5"), 6};
        p->u.ping.to = (struct eth_endpoint){sim_addr("[2a00::1]:7"), 0};
        p->u.ping.has_seq = true;
        p->u.ping.seq = 300;
        break;
    case DISCV4_PONG:
        p->u.pong.to = (struct eth_endpoint){sim_addr("1.2.3.4:5"), 0};
        memset(p->u.pong.ping_hash, 7, sizeof p->u.pong.ping_hash);
        break;
    case DISCV4_FINDNODE:
        memset(p->u.findnode.target, 9, sizeof p->u.findnode.target);
        break;
    case DISCV4_NEIGHBORS:
        p->u.neighbors.count = DISCV4_NEIGHBORS_MAX;
        for (unsigned i = 0; i < DISCV4_NEIGHBORS_MAX; i++) {
            memset(p->u.neighbors.nodes[i].pubkey, (int)i + 1, EC_PUBKEY_BYTES);
            p->u.neighbors.nodes[i].at = (struct eth_endpoint){sim_addr("[2a00::5]:65535"), 65535};
        }
        break;
    case DISCV4_ENR_RESPONSE:
        p->expiration = INT64_MAX;
        p->u.enr_response.record = (struct bytes){record->raw, record->len};
        break;
    case DISCV4_ENR_REQUEST:
    case DISCV4_TYPE_COUNT:
        break;
    }
}

static void make_record(struct enr *r, const uint8_t secret[EC_SECRET_BYTES])
{
    const struct eth_endpoint at[ETH_FAMILIES] = {{sim_addr("9.8.7.6:30303"), 30303}};

    ck_assert_int_eq(enr_sign(r, secret, 5, at, NULL), 0);
}

START_TEST(every_packet_reads_back_and_tells_its_signer)
{
    uint8_t secret[EC_SECRET_BYTES], pubkey[EC_PUBKEY_BYTES], found[EC_PUBKEY_BYTES];
    static uint8_t raw[DISCV4_MAX_PACKET_BYTES], again[DISCV4_MAX_PACKET_BYTES];
    static struct discv4_packet p, q;
    struct enr record;
    size_t len;

    ec_secret_generate(secret);
    ck_assert_int_eq(ec_pubkey(pubkey, secret), 0);
    make_record(&record, secret);
    for (unsigned type = DISCV4_PING; type < DISCV4_TYPE_COUNT; type++) {
        make_sample(&p, (enum discv4_type)type, &record);
        len = sim_packet_make(raw, &p, secret);
        ck_assert_int_eq(discv4_decode(&q, raw, len), 0);
        ck_assert_int_eq(q.type, p.type);
        ck_assert_int_eq(q.expiration, p.expiration);
        ck_assert_mem_eq(q.hash, p.hash, sizeof p.hash);
        ck_assert_int_eq(discv4_signer(found, raw, len), 0);
        ck_assert_mem_eq(found, pubkey, sizeof pubkey);
        ck_assert_uint_eq(sim_packet_make(again, &q, secret), len);
        ck_assert_mem_eq(raw, again, len);
    }
}
END_TEST

START_TEST(twelve_neighbors_with_long_addresses_fit_a_packet_and_thirteen_do_not)
{
    uint8_t secret[EC_SECRET_BYTES];
    struct discv4_packet p;
    struct buf b;

    ec_secret_generate(secret);
    buf_init(&b, 4096);
    make_sample(&p, DISCV4_NEIGHBORS, NULL);
    ck_assert_int_eq(discv4_encode(&b, &p, secret), 0);
    ck_assert_uint_le(b.len, DISCV4_MAX_PACKET_BYTES);
    p.u.neighbors.nodes[12] = p.u.neighbors.nodes[0];
    p.u.neighbors.count = 13;
    ck_assert_int_eq(discv4_encode(&b, &p, secret), PN_ETOOLARGE);
    buf_free(&b);
}
END_TEST

/* The outer hash covers everything, so a changed byte shows; a cut packet is hashed anew here, so
 * that what is cut is the body. */
START_TEST(no_cut_or_changed_packet_is_taken_for_a_whole_one)
{
    static uint8_t secret[EC_SECRET_BYTES], raw[DISCV4_MAX_PACKET_BYTES];
    static struct discv4_packet p, q;
    struct enr record;

    ec_secret_generate(secret);
    make_record(&record, secret);
    for (unsigned type = DISCV4_PING; type < DISCV4_TYPE_COUNT; type++) {
        size_t len;

        make_sample(&p, (enum discv4_type)type, &record);
        len = sim_packet_make(raw, &p, secret);
        for (size_t i = 0; i < len; i++) {
            raw[i] ^= 0x10;
            ck_assert_int_eq(discv4_decode(&q, raw, len), PN_ECHECKSUM);
            raw[i] ^= 0x10;
        }
        while (--len > DISCV4_HEAD_BYTES) {
            keccak256(raw, raw + 32, len - 32);
            ck_assert_int_eq(discv4_decode(&q, raw, len), PN_ETRUNCATED);
        }
        ck_assert_int_eq(discv4_decode(&q, raw, DISCV4_HEAD_BYTES), PN_ETRUNCATED);
        ck_assert_int_eq(discv4_decode(&q, raw, 0), PN_ETRUNCATED);
    }
}
END_TEST

START_TEST(size_and_type_are_checked_before_the_body)
{
    uint8_t raw[DISCV4_MAX_PACKET_BYTES + 1] = {0}, secret[EC_SECRET_BYTES];
    struct discv4_packet p;
    size_t len;

    ec_secret_generate(secret);
    ck_assert_int_eq(discv4_decode(&p, raw, sizeof raw), PN_ETOOLARGE);
    make_sample(&p, DISCV4_ENR_REQUEST, NULL);
    len = sim_packet_make(raw, &p, secret);
    for (unsigned type = 0; type < 256; type++) {
        raw[DISCV4_HEAD_BYTES - 1] = (uint8_t)type;
        keccak256(raw, raw + 32, len - 32);
        if (type < DISCV4_PING || type >= DISCV4_TYPE_COUNT)
            ck_assert_int_eq(discv4_decode(&p, raw, len), PN_ECOMMAND);
    }
}
END_TEST

/* What stands where EIP-868 later put a number may be anything. */
START_TEST(odd_extra_fields_of_a_ping_are_ignored)
{
    static const char *const extras[] = {"c0", "820001", "8a00000000000000000000", "c3010203"};
    uint8_t secret[EC_SECRET_BYTES], raw[DISCV4_MAX_PACKET_BYTES], extra[16];
    struct discv4_packet p;

    ec_secret_generate(secret);
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++) {
        size_t len, extra_len = strlen(extras[i]) / 2;

        make_sample(&p, DISCV4_PING, NULL);
        p.u.ping.has_seq = false;
        len = sim_packet_make(raw, &p, secret);
        ck_assert_int_eq(hex_decode(extra, extra_len, extras[i]), 0);
        memcpy(raw + len, extra, extra_len);
        raw[DISCV4_HEAD_BYTES] = (uint8_t)(raw[DISCV4_HEAD_BYTES] + extra_len); /* a short list */
        len += extra_len;
        keccak256(raw, raw + 32, len - 32);
        ck_assert_int_eq(discv4_decode(&p, raw, len), 0);
        ck_assert(!p.u.ping.has_seq);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("discv4 wire");
    TCase *t = tcase_create("wire");

    suite_add_tcase(s, t);
    tcase_add_test(t, the_packets_of_eip_8_are_understood);
    tcase_add_test(t, every_packet_reads_back_and_tells_its_signer);
    tcase_add_test(t, twelve_neighbors_with_long_addresses_fit_a_packet_and_thirteen_do_not);
    tcase_add_test(t, no_cut_or_changed_packet_is_taken_for_a_whole_one);
    tcase_add_test(t, size_and_type_are_checked_before_the_body);
    tcase_add_test(t, odd_extra_fields_of_a_ping_are_ignored);
    return harness_run(s);
}
