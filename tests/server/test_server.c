/* The central server with toy peers over socket pairs. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "server/copies.h"
#include "server/server.h"
#include "thread/chan.h"
#include "thread/thread.h"
#include "toy_proto.h"

enum { MAX_PEERS = 40, INBOUND_PLACES = 6, CROWD = 500 };

struct fixture {
    struct server *server;
    struct slots slots;
    struct peer_config config;
    struct toy_counts counts;
    struct chan stopped;
};

static int attach(void *arg, struct peer_setup *setup)
{
    struct fixture *f = arg;

    setup->transport_ops = &toy_transport_ops;
    setup->transport = toy_transport_new();
    setup->proto_data = toy_proto_data_new(&f->counts);
    return 0;
}

static void detach(void *arg, struct peer_setup *setup)
{
    (void)arg;
    (void)setup;
    ck_abort_msg("no peer should have failed");
}

static void on_stopped(void *arg)
{
    struct fixture *f = arg;

    quit_request(&f->stopped);
}

static void set_up_places(struct fixture *f, unsigned places)
{
    struct server_network n = {.name = "toy",
                               .peer_config = &f->config,
                               .proto = &toy_proto_ops,
                               .slots = &f->slots,
                               .attach = attach,
                               .detach = detach,
                               .arg = f};

    *f = (struct fixture){.config = PEER_CONFIG_DEFAULT};
    slots_init(&f->slots, places, 0);
    ck_assert_int_eq(chan_class_register(&quit_class), 0);
    ck_assert_int_eq(chan_init(&f->stopped, &quit_class), 0);
    f->server = server_new(places > MAX_PEERS ? places : MAX_PEERS);
    ck_assert_ptr_nonnull(f->server);
    ck_assert_int_eq(server_add_network(f->server, &n), 0);
    ck_assert_int_eq(server_start(f->server, on_stopped, f), 0);
}

static void set_up(struct fixture *f)
{
    set_up_places(f, INBOUND_PLACES);
}

static void tear_down(struct fixture *f)
{
    server_stop(f->server);
    ck_assert_int_eq(chan_recv(&f->stopped, NULL, CLOCK_NEVER), PN_ECLOSED);
    server_join(f->server);
    ck_assert_uint_eq(server_ready_peers(f->server), 0);
    server_free(f->server);
    chan_destroy(&f->stopped, NULL);
    ck_assert_uint_eq(atomic_load(&f->slots.inbound), 0);
}

static void await_ready(struct fixture *f, unsigned n)
{
    for (int i = 0; i < 10000 && server_ready_peers(f->server) != n; i++)
        poll(NULL, 0, 1);
    ck_assert_uint_eq(server_ready_peers(f->server), n);
}

static void read_exactly(int fd, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(fd, out, len, 0);

        ck_assert_int_gt(n, 0);
        out += n;
        len -= (size_t)n;
    }
}

static void expect(int fd, enum toy_cmd cmd, size_t len)
{
    uint8_t raw[2 + 255];

    read_exactly(fd, raw, 2);
    ck_assert_int_eq(raw[0], (int)cmd);
    ck_assert_uint_eq(raw[1], len);
    read_exactly(fd, raw + 2, raw[1]);
}

/* One more inbound connection, with a slot or without one. Returns: the remote end. */
static int knock(struct fixture *f, bool has_slot)
{
    struct net_addr addr = {.kind = NET_IPV4, .bytes = {127, 0, 0, 1}, .port = 9};
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    if (has_slot)
        ck_assert(slots_take_inbound(&f->slots));
    ck_assert_int_eq(
        server_add_conn(f->server, 0, conn_from_fd(fds[0]), &addr, CONN_INBOUND, has_slot, 0, NULL),
        0);
    return fds[1];
}

static void shake_hands(int fd)
{
    ck_assert_int_eq(send(fd, "\0\0", 2, MSG_NOSIGNAL), 2); /* TOY_HELLO */
    expect(fd, TOY_HELLO, 0);
    expect(fd, TOY_PING, 8);
}

/* One more inbound peer, its handshake done. Returns: the remote end. */
static int join(struct fixture *f)
{
    int fd = knock(f, true);

    shake_hands(fd);
    return fd;
}

START_TEST(a_peer_that_goes_gives_its_slot_and_its_memory_back)
{
    struct fixture f;

    set_up(&f);
    for (int round = 0; round < 20; round++) {
        int fd = join(&f);

        await_ready(&f, 1);
        close(fd);
        await_ready(&f, 0);
        while (atomic_load(&f.slots.inbound) > 0)
            poll(NULL, 0, 1);
        ck_assert_int_eq(atomic_load(&f.counts.released), round + 1);
    }
    tear_down(&f);
}
END_TEST

START_TEST(stopping_parts_from_everybody_and_joins_all_threads)
{
    struct fixture f;
    int fds[INBOUND_PLACES];

    set_up(&f);
    for (int i = 0; i < INBOUND_PLACES; i++)
        fds[i] = join(&f);
    tear_down(&f);
    ck_assert_int_eq(atomic_load(&f.counts.released), INBOUND_PLACES);
    ck_assert_int_eq(atomic_load(&f.counts.gone_calls), INBOUND_PLACES);
    for (int r = 0; r < ROLE_COUNT; r++)
        ck_assert_msg(thread_count((enum thread_role)r) == 0, "%s threads are left",
                      thread_role_name((enum thread_role)r));
    for (int i = 0; i < INBOUND_PLACES; i++)
        close(fds[i]);
}
END_TEST

START_TEST(after_the_stop_a_connection_stays_with_its_owner)
{
    struct fixture f;
    struct net_addr addr = {.kind = NET_IPV4};
    struct conn *c;
    int fds[2];

    set_up(&f);
    server_stop(f.server);
    ck_assert_int_eq(chan_recv(&f.stopped, NULL, CLOCK_NEVER), PN_ECLOSED);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    c = conn_from_fd(fds[0]);
    ck_assert_int_eq(server_add_conn(f.server, 0, c, &addr, CONN_INBOUND, true, 0, NULL),
                     PN_ECLOSED);
    conn_close(c);
    close(fds[1]);
    tear_down(&f);
}
END_TEST

static bool is_closed(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    char byte;

    return poll(&pfd, 1, 0) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* Forty peers of one group: most are nobody's favourites (dial/evict.h). */
START_TEST(when_the_places_are_taken_somebody_gives_way_to_a_newcomer)
{
    struct fixture f;
    int fds[MAX_PEERS], newcomer, closed = 0;

    set_up_places(&f, MAX_PEERS);
    for (int i = 0; i < MAX_PEERS; i++)
        fds[i] = join(&f);
    ck_assert(!slots_take_inbound(&f.slots));
    newcomer = knock(&f, false);
    shake_hands(newcomer);
    await_ready(&f, MAX_PEERS);
    for (int i = 0; i < MAX_PEERS; i++)
        closed += is_closed(fds[i]);
    ck_assert_int_eq(closed, 1);
    ck_assert_uint_eq(atomic_load(&f.slots.inbound), MAX_PEERS); /* the slot was passed on */
    tear_down(&f);
    for (int i = 0; i < MAX_PEERS; i++)
        close(fds[i]);
    close(newcomer);
}
END_TEST

START_TEST(when_everybody_is_protected_the_newcomer_is_refused)
{
    struct fixture f;
    int fds[INBOUND_PLACES], newcomer;
    char byte;

    set_up(&f);
    for (int i = 0; i < INBOUND_PLACES; i++)
        fds[i] = join(&f);
    newcomer = knock(&f, false);
    ck_assert_int_eq(recv(newcomer, &byte, 1, 0), 0);
    for (int i = 0; i < INBOUND_PLACES; i++)
        ck_assert(!is_closed(fds[i]));
    tear_down(&f);
    for (int i = 0; i < INBOUND_PLACES; i++)
        close(fds[i]);
    close(newcomer);
}
END_TEST

static bool wants_even_ids(struct peer *p, const uint8_t key[32])
{
    (void)key;
    return peer_id(p) % 2 == 0;
}

static bool wants_all(struct peer *p, const uint8_t key[32])
{
    (void)p;
    (void)key;
    return true;
}

START_TEST(a_broadcast_reaches_those_who_want_it_and_nobody_else)
{
    struct fixture f;
    struct server_broadcast some = {.want = wants_even_ids}, all = {.want = wants_all};
    int fds[4];

    thread_set_role(ROLE_MANAGER);
    set_up(&f);
    for (int i = 0; i < 4; i++)
        fds[i] = join(&f); /* ids 1 to 4 */
    await_ready(&f, 4);
    some.frame = toy_frame(TOY_ASK, "e", 1);
    all.frame = toy_frame(TOY_ANSWER, "all", 3);
    ck_assert_int_eq(server_broadcast(f.server, &some), 0);
    ck_assert_int_eq(server_broadcast(f.server, &all), 0);
    for (int i = 0; i < 4; i++) {
        if (i % 2 == 1)
            expect(fds[i], TOY_ASK, 1);
        expect(fds[i], TOY_ANSWER, 3);
    }
    tear_down(&f);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}
END_TEST

/* One peer never reads: it is dropped as a slow reader, and the other hears everything, in order,
 * without waiting for it. */
START_TEST(a_peer_that_never_reads_delays_nobody)
{
    enum { FRAMES = 20000, AHEAD = 16 };
    struct fixture f;
    uint8_t payload[200] = {0};
    int silent, reader;

    thread_set_role(ROLE_MANAGER);
    set_up(&f);
    silent = join(&f);
    reader = join(&f);
    await_ready(&f, 2);
    for (int i = 0; i < FRAMES + AHEAD; i++) {
        struct server_broadcast b = {.want = wants_all};

        if (i < FRAMES) {
            b.frame = toy_frame(TOY_ANSWER, payload, sizeof payload);
            ck_assert_int_eq(server_broadcast(f.server, &b), 0);
        }
        if (i >= AHEAD)
            expect(reader, TOY_ANSWER, sizeof payload);
    }
    await_ready(&f, 1);
    tear_down(&f);
    close(silent);
    close(reader);
}
END_TEST

struct census {
    unsigned peers, ready;
    uint64_t ids; /* a bit for each */
    uint64_t part_from;
};

static void count_peer(void *arg, struct peer *p)
{
    struct census *c = arg;
    struct peer_stats stats;

    ck_assert_int_eq(thread_role(), ROLE_SERVER);
    peer_stats(p, &stats);
    c->peers++;
    c->ready += stats.ready;
    c->ids |= peer_id(p) < 64 ? UINT64_C(1) << peer_id(p) : 0;
    if (peer_id(p) == c->part_from)
        peer_disconnect(p, PN_EBANNED);
}

START_TEST(a_visit_meets_every_peer_once_and_is_over_when_it_returns)
{
    struct fixture f;
    struct census c = {.peers = 0};
    int fds[4];

    thread_set_role(ROLE_RPC);
    set_up(&f);
    ck_assert_int_eq(server_visit_peers(f.server, count_peer, &c), 0);
    ck_assert_uint_eq(c.peers, 0);
    for (int i = 0; i < 3; i++)
        fds[i] = join(&f); /* ids 1 to 3 */
    await_ready(&f, 3);
    fds[3] = knock(&f, true); /* its handshake stays under way */
    ck_assert_int_eq(server_visit_peers(f.server, count_peer, &c), 0);
    ck_assert_uint_eq(c.peers, 4);
    ck_assert_uint_eq(c.ready, 3);
    ck_assert_uint_eq(c.ids, 0x1e);
    c = (struct census){.part_from = 2};
    ck_assert_int_eq(server_visit_peers(f.server, count_peer, &c), 0);
    await_ready(&f, 2);
    server_stop(f.server);
    ck_assert_int_eq(chan_recv(&f.stopped, NULL, CLOCK_NEVER), PN_ECLOSED);
    ck_assert_int_eq(server_visit_peers(f.server, count_peer, &c), PN_ECLOSED);
    tear_down(&f);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}
END_TEST

struct short_copy {
    uint64_t id;
    bool ready;
    uint8_t rest[100];
};

/* Every second peer is wanted. */
static bool copy_even(void *arg, void *item, struct peer *p)
{
    struct short_copy *c = item;
    struct peer_stats stats;

    ck_assert_int_eq(thread_role(), ROLE_SERVER);
    ck_assert_uint_eq(c->id, peer_id(p));
    for (size_t i = 0; i < sizeof c->rest; i++)
        ck_assert_uint_eq(c->rest[i], 0);
    memset(c->rest, 0xff, sizeof c->rest);
    peer_stats(p, &stats);
    c->ready = stats.ready;
    ++*(unsigned *)arg;
    return peer_id(p) % 2 == 0;
}

START_TEST(copies_of_peers_come_in_the_order_of_their_ids)
{
    enum { PEERS = 12 };
    const struct short_copy *peers;
    struct server_copies copies;
    unsigned visits = 0;
    struct fixture f;
    int fds[PEERS];

    thread_set_role(ROLE_RPC);
    set_up_places(&f, PEERS);
    for (int i = 0; i < PEERS; i++)
        fds[i] = join(&f); /* ids from 1 on */
    await_ready(&f, PEERS);
    ck_assert_int_eq(server_copy_peers(f.server, &copies, sizeof *peers, copy_even, &visits), 0);
    ck_assert_uint_eq(visits, PEERS);
    ck_assert_uint_eq(copies.n, PEERS / 2);
    peers = copies.items;
    for (unsigned i = 0; i < copies.n; i++) {
        ck_assert_uint_eq(peers[i].id, 2 * (i + 1));
        ck_assert(peers[i].ready);
    }
    mem_free(copies.items);
    server_stop(f.server);
    ck_assert_int_eq(chan_recv(&f.stopped, NULL, CLOCK_NEVER), PN_ECLOSED);
    ck_assert_int_eq(server_copy_peers(f.server, &copies, sizeof *peers, copy_even, &visits),
                     PN_ECLOSED);
    tear_down(&f);
    for (int i = 0; i < PEERS; i++)
        close(fds[i]);
}
END_TEST

static unsigned peers_there(struct fixture *f)
{
    struct census c = {.peers = 0};

    ck_assert_int_eq(server_visit_peers(f->server, count_peer, &c), 0);
    return c.peers;
}

/* Whoever connects and says nothing holds a place for the time of a handshake and no longer. */
START_TEST(five_hundred_silent_connections_are_gone_after_a_minute)
{
    static struct fixture f;
    static int fds[CROWD];
    char byte;

    thread_set_role(ROLE_RPC);
    clock_test_start(1700000000);
    set_up_places(&f, CROWD);
    for (int i = 0; i < CROWD; i++)
        fds[i] = knock(&f, true);
    ck_assert(!slots_take_inbound(&f.slots));
    for (int i = 0; i < 20000 && thread_count(ROLE_PEER_IN) < CROWD; i++)
        poll(NULL, 0, 1);
    ck_assert_uint_eq(peers_there(&f), CROWD);
    for (int s = 0; s < 60; s++) { /* in steps: a thread that is late has its own deadline */
        if (s == 29)
            ck_assert_uint_eq(peers_there(&f), CROWD);
        clock_test_advance_ms(1000);
        poll(NULL, 0, 5);
    }
    for (int i = 0; i < CROWD; i++)
        while (recv(fds[i], &byte, 1, 0) > 0)
            continue; /* a hello, or last words */
    for (int i = 0; i < 20000 && peers_there(&f) > 0; i++)
        poll(NULL, 0, 1);
    ck_assert_uint_eq(peers_there(&f), 0);
    ck_assert_uint_eq(atomic_load(&f.slots.inbound), 0);
    tear_down(&f);
    clock_test_stop();
    for (int i = 0; i < CROWD; i++)
        close(fds[i]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("server");
    TCase *t = tcase_create("server");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_peer_that_goes_gives_its_slot_and_its_memory_back);
    tcase_add_test(t, stopping_parts_from_everybody_and_joins_all_threads);
    tcase_add_test(t, when_the_places_are_taken_somebody_gives_way_to_a_newcomer);
    tcase_add_test(t, when_everybody_is_protected_the_newcomer_is_refused);
    tcase_add_test(t, after_the_stop_a_connection_stays_with_its_owner);
    tcase_add_test(t, a_broadcast_reaches_those_who_want_it_and_nobody_else);
    tcase_add_test(t, a_peer_that_never_reads_delays_nobody);
    tcase_add_test(t, five_hundred_silent_connections_are_gone_after_a_minute);
    tcase_add_test(t, a_visit_meets_every_peer_once_and_is_over_when_it_returns);
    tcase_add_test(t, copies_of_peers_come_in_the_order_of_their_ids);
    return harness_run(s);
}
