/* Port mapping: the packets of both protocols, the state machine against a gateway that forgets,
 * moves, refuses or falls silent, and all of it on an event loop over loopback. */
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "codec/hex.h"
#include "harness.h"
#include "metrics/metrics.h"
#include "nat/gateway.h"
#include "nat/nat.h"
#include "net/sock.h"

#define US_PER_S INT64_C(1000000)

static struct net_addr addr(const char *text)
{
    struct net_addr a;

    ck_assert_int_eq(net_addr_parse(&a, text, 0), 0);
    return a;
}

/* --- the gateway's side --- */

static struct {
    bool pcp, pmp, refuses;
    struct net_addr outside;
    uint16_t port_offset; /* what is added to a port when it is mapped */
    uint32_t epoch_s, lifetime_s;
    unsigned asked, removed; /* mappings */
} gateway;

static size_t reply_pmp(uint8_t *out, const uint8_t *q)
{
    memset(out, 0, 16);
    out[1] = 128 | q[1];
    store_be16(out + 2, gateway.refuses ? 2 : 0);
    store_be32(out + 4, gateway.epoch_s);
    if (q[1] == 0) {
        memcpy(out + 8, gateway.outside.bytes, 4);
        return 12;
    }
    gateway.asked++;
    gateway.removed += load_be32(q + 8) == 0;
    memcpy(out + 8, q + 4, 2);
    store_be16(out + 10, (uint16_t)(load_be16(q + 4) + gateway.port_offset));
    store_be32(out + 12, gateway.lifetime_s);
    return gateway.refuses ? 8 : 16;
}

static size_t reply_pcp(uint8_t *out, const uint8_t *q)
{
    memset(out, 0, 60);
    out[0] = 2;
    out[1] = 128 | q[1];
    out[3] = gateway.refuses ? 2 : 0;
    gateway.asked++;
    gateway.removed += load_be32(q + 4) == 0;
    store_be32(out + 4, gateway.lifetime_s);
    store_be32(out + 8, gateway.epoch_s);
    memcpy(out + 24, q + 24, 18); /* nonce, protocol, inside port */
    store_be16(out + 42, (uint16_t)(load_be16(q + 40) + gateway.port_offset));
    net_addr_to_ipv6_bytes(out + 44, &gateway.outside);
    return 60;
}

/* Returns: the length of the reply, 0 when there is none. */
static size_t gateway_reply(uint8_t out[60], const uint8_t *q, size_t len)
{
    if (q[0] == 2 && gateway.pcp) {
        ck_assert_uint_eq(len, 60);
        return reply_pcp(out, q);
    }
    if (q[0] == 0 && gateway.pmp) {
        ck_assert_uint_eq(len, q[1] == 0 ? 2 : 12);
        return reply_pmp(out, q);
    }
    if (!gateway.pmp)
        return 0;
    memcpy(out, (const uint8_t[]){0, 128, 0, 1, 0, 0, 0, 0}, 8); /* RFC 6886 section 3.5 */
    return 8;
}

/* --- the machine under a clock of its own --- */

static struct port_map map;
static int64_t now_us;
static struct net_addr reached[PORT_MAP_MAX]; /* as `changed` has said */
static unsigned n_changed, n_sent;
static uint8_t sent[NAT_REQUEST_BYTES];
static size_t sent_len; /* 0: no packet is on its way */
static bool is_open;
static int open_rc;

static int on_open(void *arg, struct net_addr *client)
{
    (void)arg;
    ck_assert(!is_open);
    *client = addr("192.168.1.5");
    is_open = open_rc == 0;
    return open_rc;
}

static void on_send(void *arg, const void *data, size_t len)
{
    (void)arg;
    ck_assert(is_open);
    memcpy(sent, data, len);
    sent_len = len;
    n_sent++;
}

static void on_close(void *arg)
{
    (void)arg;
    ck_assert(is_open);
    is_open = false;
}

static void on_changed(void *arg, unsigned i, const struct net_addr *outside)
{
    (void)arg;
    n_changed++;
    reached[i] = outside ? *outside : (struct net_addr){.kind = NET_NONE};
}

static void make(bool pcp, bool pmp)
{
    const struct port_map_ops ops = {
        .open = on_open, .send = on_send, .close = on_close, .changed = on_changed};

    port_map_init(&map, &ops, pcp, pmp);
    ck_assert_int_eq(port_map_add(&map, &(struct nat_port){NAT_TCP, 8333}), 0);
    ck_assert_int_eq(port_map_add(&map, &(struct nat_port){NAT_UDP, 30303}), 0);
}

static void setup(void)
{
    random_test_start(5);
    memset(&gateway, 0, sizeof gateway);
    memset(reached, 0, sizeof reached);
    gateway.pcp = gateway.pmp = true;
    gateway.outside = addr("80.1.2.3");
    gateway.lifetime_s = 2400;
    gateway.epoch_s = 100000;
    n_changed = n_sent = 0;
    sent_len = 0;
    is_open = false;
    open_rc = 0;
    now_us = 5 * US_PER_S;
    make(true, true);
}

static void teardown(void)
{
    random_test_stop();
}

static int64_t step(void)
{
    int64_t at_us = port_map_tick(&map, now_us);

    while (sent_len > 0) {
        uint8_t reply[60];
        size_t len = gateway_reply(reply, sent, sent_len);

        sent_len = 0;
        if (len > 0)
            port_map_input(&map, reply, len, now_us);
        at_us = port_map_tick(&map, now_us);
    }
    return at_us;
}

/* So many seconds pass for us and for the gateway. */
static void pass_s(int64_t s)
{
    int64_t until_us = now_us + s * US_PER_S, epoch_us = gateway.epoch_s * US_PER_S - now_us;

    for (int64_t at_us; (at_us = step()) < until_us;) {
        now_us = at_us > now_us ? at_us : now_us;
        gateway.epoch_s = (uint32_t)((epoch_us + now_us) / US_PER_S);
    }
    now_us = until_us;
    gateway.epoch_s = (uint32_t)((epoch_us + now_us) / US_PER_S);
}

static void check_reached(const char *tcp, const char *udp)
{
    const char *wanted[] = {tcp, udp};
    char text[NET_ADDR_TEXT_BYTES];

    for (unsigned i = 0; i < 2; i++)
        ck_assert_str_eq(reached[i].kind == NET_NONE ? "" : net_addr_format(text, &reached[i]),
                         wanted[i]);
}

/* --- packets --- */

START_TEST(requests_have_the_layout_of_the_rfcs)
{
    struct nat_request q = {
        .protocol = NAT_PMP,
        .question = NAT_MAPPING,
        .inside = {NAT_TCP, 8333},
        .lifetime_s = 2400,
        .outside = {.port = 8334},
        .client = addr("192.168.1.5"),
        .nonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
    };
    uint8_t out[NAT_REQUEST_BYTES];
    char text[2 * NAT_REQUEST_BYTES + 1];

    hex_encode(text, out, nat_encode(out, &q));
    ck_assert_str_eq(text, "00020000208d208e00000960");
    q.inside.transport = NAT_UDP;
    q.lifetime_s = 0; /* to be removed: without a port outside, RFC 6886 section 3.4 */
    hex_encode(text, out, nat_encode(out, &q));
    ck_assert_str_eq(text, "00010000208d000000000000");
    q.question = NAT_ADDRESS;
    hex_encode(text, out, nat_encode(out, &q));
    ck_assert_str_eq(text, "0000");
    q = (struct nat_request){.protocol = NAT_PCP,
                             .question = NAT_MAPPING,
                             .inside = {NAT_TCP, 8333},
                             .lifetime_s = 2400,
                             .outside = {.port = 8334},
                             .client = addr("192.168.1.5"),
                             .nonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    hex_encode(text, out, nat_encode(out, &q));
    ck_assert_str_eq(text, "020100000000096000000000000000000000ffffc0a80105"
                           "0102030405060708090a0b0c06000000208d208e"
                           "00000000000000000000ffff00000000");
    q.inside.transport = NAT_UDP;
    q.outside = addr("80.1.2.3:9");
    hex_encode(text, out, nat_encode(out, &q));
    ck_assert_str_eq(text, "020100000000096000000000000000000000ffffc0a80105"
                           "0102030405060708090a0b0c11000000208d0009"
                           "00000000000000000000ffff50010203");
}
END_TEST

#define PMP_ADDRESS "0080000000000010500102ff"
#define PMP_MAPPING "0082000000000010208d208e00000960"
#define PMP_ERROR   "0081000200000010"
#define PCP_MAPPING                                    \
    "028100000000096000000010000000000000000000000000" \
    "0102030405060708090a0b0c06000000208d208e00000000000000000000ffff50010203"

START_TEST(replies_that_are_cut_off_are_refused)
{
    static const char *const whole[] = {PMP_ADDRESS, PMP_MAPPING, PMP_ERROR, PCP_MAPPING};

    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        size_t len = strlen(whole[i]) / 2;
        struct nat_reply r;
        uint8_t raw[64];

        ck_assert_int_eq(hex_decode(raw, len, whole[i]), 0);
        ck_assert_int_eq(nat_decode(&r, raw, len), 0);
        for (size_t cut = 0; cut < len; cut++)
            ck_assert_msg(nat_decode(&r, raw, cut) == PN_EFORMAT, "%s cut to %zu bytes", whole[i],
                          cut);
        raw[1] &= 0x7f; /* a request is no reply */
        ck_assert_int_eq(nat_decode(&r, raw, len), PN_EFORMAT);
    }
}
END_TEST

/* --- the machine --- */

START_TEST(ports_are_mapped_by_pcp)
{
    gateway.port_offset = 1000;
    pass_s(1);
    check_reached("80.1.2.3:9333", "80.1.2.3:31303");
    ck_assert_uint_eq(n_sent, 2);
    ck_assert(!is_open);
}
END_TEST

START_TEST(a_gateway_that_knows_only_nat_pmp_is_asked_by_it)
{
    gateway.pcp = false;
    pass_s(1);
    check_reached("80.1.2.3:8333", "80.1.2.3:30303");
    ck_assert_uint_eq(n_sent, 1 + 1 + 2); /* PCP, the address, two ports */
    pass_s(2000);
    check_reached("80.1.2.3:8333", "80.1.2.3:30303");
    ck_assert_uint_ge(gateway.asked, 4);
}
END_TEST

START_TEST(mappings_are_renewed_before_they_end)
{
    pass_s(7 * 86400);
    check_reached("80.1.2.3:8333", "80.1.2.3:30303");
    ck_assert_uint_eq(n_changed, 2);
    /* Each is renewed after 1,200 to 1,500 s. */
    ck_assert_uint_ge(gateway.asked, 2 * 7 * 86400 / 1500);
    ck_assert_uint_le(gateway.asked, 2 * 7 * 86400 / 1200 + 2);
}
END_TEST

START_TEST(a_short_lifetime_does_not_make_us_ask_all_the_time)
{
    gateway.lifetime_s = 1;
    pass_s(3600);
    ck_assert_uint_le(gateway.asked, 2 * 3600 / 60 + 2);
}
END_TEST

START_TEST(a_gateway_that_has_forgotten_everything_is_asked_for_everything_again)
{
    unsigned before;

    pass_s(1);
    map.mappings[1].renew_us = now_us + 2000 * US_PER_S; /* the second long after the first */
    map.mappings[1].expire_us = now_us + 4000 * US_PER_S;
    gateway.epoch_s = 0;
    before = gateway.asked;
    pass_s(1501);
    ck_assert_uint_eq(gateway.asked, before + 2);
}
END_TEST

START_TEST(a_changed_outside_address_is_told)
{
    for (int pcp = 0; pcp < 2; pcp++) {
        gateway.outside = addr("80.1.2.3");
        make(pcp, !pcp);
        pass_s(1);
        check_reached("80.1.2.3:8333", "80.1.2.3:30303");
        gateway.outside = addr("81.9.9.9");
        gateway.port_offset = 7;
        pass_s(1501);
        check_reached("81.9.9.9:8340", "81.9.9.9:30310");
        gateway.port_offset = 0;
    }
}
END_TEST

START_TEST(a_mapping_counts_until_its_lifetime_is_over)
{
    pass_s(1);
    gateway.pcp = gateway.pmp = false;
    pass_s(2398);
    check_reached("80.1.2.3:8333", "80.1.2.3:30303");
    pass_s(2);
    check_reached("", "");
    ck_assert_uint_eq(n_changed, 4);
    gateway.pcp = true;
    pass_s(600);
    check_reached("80.1.2.3:8333", "80.1.2.3:30303");
}
END_TEST

START_TEST(a_silent_gateway_is_left_alone_for_five_minutes)
{
    unsigned before;

    gateway.pcp = gateway.pmp = false;
    pass_s(190); /* PCP 3 + 6 + 12 + 24 s, NAT-PMP 0.25 + ... + 64 s, and a tenth */
    ck_assert_int_eq(map.error, PN_ETIMEDOUT);
    ck_assert_uint_eq(n_sent, 4 + 9);
    before = n_sent;
    pass_s(240);
    ck_assert_uint_eq(n_sent, before);
    pass_s(120);
    ck_assert_uint_gt(n_sent, before);
}
END_TEST

START_TEST(a_refusal_is_an_error_and_asked_about_later)
{
    gateway.refuses = true;
    pass_s(299);
    ck_assert_int_eq(map.error, PN_ENAT_REFUSED);
    check_reached("", "");
    gateway.refuses = false;
    pass_s(302);
    check_reached("80.1.2.3:8333", "80.1.2.3:30303");
    ck_assert_int_eq(map.error, 0);
}
END_TEST

START_TEST(without_a_gateway_nothing_is_sent)
{
    open_rc = PN_ENOROUTE;
    pass_s(299);
    ck_assert_uint_eq(n_sent, 0);
    ck_assert_int_eq(map.error, PN_ENOROUTE);
    open_rc = 0;
    pass_s(5);
    check_reached("80.1.2.3:8333", "80.1.2.3:30303");
}
END_TEST

START_TEST(answers_to_other_questions_are_ignored)
{
    uint8_t reply[60], other[60];
    size_t len;

    port_map_tick(&map, now_us);
    len = gateway_reply(reply, sent, sent_len);
    for (size_t at = 24; at < 42; at++) { /* nonce, protocol, inside port */
        memcpy(other, reply, len);
        other[at] ^= 1;
        if (at < 37 || at >= 40)
            port_map_input(&map, other, len, now_us);
    }
    ck_assert_uint_eq(n_changed, 0);
    ck_assert(is_open);
    port_map_input(&map, reply, len, now_us);
    ck_assert_uint_eq(n_changed, 1);
    port_map_input(&map, reply, len, now_us); /* and nobody has asked any more */
    ck_assert_uint_eq(n_changed, 1);
}
END_TEST

START_TEST(at_the_end_the_ports_are_given_back)
{
    pass_s(1);
    for (port_map_end(&map); sent_len > 0; sent_len = 0) {
        uint8_t reply[60];

        gateway_reply(reply, sent, sent_len);
    }
    ck_assert_uint_eq(n_sent, 4);
    ck_assert_uint_eq(gateway.removed, 1); /* of the two packets the last was looked at */
    ck_assert(!is_open);
}
END_TEST

START_TEST(ports_are_bounded)
{
    for (unsigned i = 2; i < PORT_MAP_MAX; i++)
        ck_assert_int_eq(port_map_add(&map, &(struct nat_port){NAT_TCP, 1}), 0);
    ck_assert_int_eq(port_map_add(&map, &(struct nat_port){NAT_TCP, 1}), PN_ELIMIT);
}
END_TEST

/* --- the gateway's address --- */

START_TEST(the_default_route_with_the_lowest_metric_leads_to_the_gateway)
{
    static const char heading[] =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    static const struct {
        const char *lines, *gateway; /* NULL: none */
    } rows[] = {
        {"", NULL},
        {"eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n", NULL},
        {"eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", "192.168.1.1:0"},
        {"eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
         "eth1\t00000000\tFE00000A\t0003\t0\t0\t50\t00000000\t0\t0\t0\n"
         "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n",
         "10.0.0.254:0"},
        {"eth0\t00000000\t0101A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0\n", NULL}, /* down */
        {"eth0\t00000000\t00000000\t0001\t0\t0\t100\t00000000\t0\t0\t0\n", NULL}, /* a link */
        {"eth0\t00000000\n\nno route at all", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024], found[NET_ADDR_TEXT_BYTES];
        struct net_addr a;
        int rc;

        snprintf(text, sizeof text, "%s%s", heading, rows[i].lines);
        rc = gateway_parse(&a, text);
        ck_assert_int_eq(rc, rows[i].gateway ? 0 : PN_ENOROUTE);
        if (rc == 0)
            ck_assert_str_eq(net_addr_format(found, &a), rows[i].gateway);
    }
}
END_TEST

/* --- on an event loop --- */

static int server_fd;

static void on_question(evutil_socket_t fd, short events, void *arg)
{
    struct sockaddr_storage from;
    socklen_t from_len = sizeof from;
    uint8_t q[100], reply[60];
    ssize_t len = recvfrom(fd, q, sizeof q, 0, (struct sockaddr *)&from, &from_len);
    size_t reply_len;

    (void)events;
    (void)arg;
    ck_assert_int_gt(len, 0);
    reply_len = gateway_reply(reply, q, (size_t)len);
    sendto(fd, reply, reply_len, 0, (struct sockaddr *)&from, from_len);
}

static struct event *serve(struct event_base *base, struct net_addr *at)
{
    const struct net_addr any = {.kind = NET_IPV4, .bytes = {127, 0, 0, 1}};
    struct sockaddr_storage sa;
    struct event *e;
    socklen_t len;

    ck_assert_int_eq(net_addr_to_sockaddr(&sa, &len, &any), 0);
    server_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server_fd, (struct sockaddr *)&sa, len), 0);
    ck_assert_int_eq(sock_local_addr(at, server_fd), 0);
    e = event_new(base, server_fd, EV_READ | EV_PERSIST, on_question, NULL);
    ck_assert_int_eq(event_add(e, NULL), 0);
    return e;
}

START_TEST(on_a_loop_ports_are_mapped_and_given_back)
{
    const struct nat_port ports[] = {{NAT_TCP, 8333}, {NAT_UDP, 30303}};
    struct nat_config config = {.pcp = true, .pmp = true, .changed = on_changed};
    struct event_base *base = event_base_new();
    struct event *server = serve(base, &config.gateway);
    struct nat *nat;

    ck_assert_int_eq(nat_new(&nat, base, &config, ports, 2), 0);
    while (n_changed < 2)
        ck_assert_int_ge(event_base_loop(base, EVLOOP_ONCE), 0);
    check_reached("80.1.2.3:8333", "80.1.2.3:30303");
    nat_free(nat);
    while (gateway.removed < 2)
        ck_assert_int_ge(event_base_loop(base, EVLOOP_ONCE), 0);
    event_free(server);
    close(server_fd);
    event_base_free(base);
    metrics_reset();
}
END_TEST

START_TEST(a_start_without_memory_fails_whole)
{
    const struct nat_port ports[] = {{NAT_TCP, 8333}};
    struct nat_config config = {.pcp = true, .changed = on_changed};
    struct event_base *base = event_base_new();
    struct nat *nat;

    mem_fail_at(1, 0);
    ck_assert_int_eq(nat_new(&nat, base, &config, ports, 1), PN_ENOMEM);
    event_base_free(base);
    metrics_reset();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nat");
    TCase *t = tcase_create("nat");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, requests_have_the_layout_of_the_rfcs);
    tcase_add_test(t, replies_that_are_cut_off_are_refused);
    tcase_add_test(t, ports_are_mapped_by_pcp);
    tcase_add_test(t, a_gateway_that_knows_only_nat_pmp_is_asked_by_it);
    tcase_add_test(t, mappings_are_renewed_before_they_end);
    tcase_add_test(t, a_short_lifetime_does_not_make_us_ask_all_the_time);
    tcase_add_test(t, a_gateway_that_has_forgotten_everything_is_asked_for_everything_again);
    tcase_add_test(t, a_changed_outside_address_is_told);
    tcase_add_test(t, a_mapping_counts_until_its_lifetime_is_over);
    tcase_add_test(t, a_silent_gateway_is_left_alone_for_five_minutes);
    tcase_add_test(t, a_refusal_is_an_error_and_asked_about_later);
    tcase_add_test(t, without_a_gateway_nothing_is_sent);
    tcase_add_test(t, answers_to_other_questions_are_ignored);
    tcase_add_test(t, at_the_end_the_ports_are_given_back);
    tcase_add_test(t, ports_are_bounded);
    tcase_add_test(t, the_default_route_with_the_lowest_metric_leads_to_the_gateway);
    tcase_add_test(t, on_a_loop_ports_are_mapped_and_given_back);
    tcase_add_test(t, a_start_without_memory_fails_whole);
    return harness_run(s);
}
