#include "node_fixture.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/chain/pow.h"
#include "crypto/sha256.h"
#include "harness.h"
#include "metrics/metrics.h"

enum { MAX_PEERS = 16, PATIENCE_MS = 20000, JOURNAL_RECORDS = 64, FULL_OUTBOUND = 2 };

static const struct btc_params *regtest(void)
{
    return btc_params_find("regtest");
}

static void on_stopped(void *arg)
{
    struct node_fixture *n = arg;

    quit_request(&n->stopped);
}

void node_start(struct node_fixture *n)
{
    node_start_reaching(n, ADDRBOOK_ALL_KINDS);
}

/* The rest of config is what all nodes here have in common. */
static void prepare(struct node_fixture *n, struct bitcoin_config config)
{
    static const struct subnet_list none;

    config.tx_inbound_ms = 1;
    config.tx_outbound_ms = 1;
    config.user_agent = "/test:1/";
    config.max_headers = 1000000;
    config.max_peers = MAX_PEERS;
    config.peer = (struct peer_config)PEER_CONFIG_DEFAULT;
    *n = (struct node_fixture){.policy = {.loopback_routable = true}};
    n->book = addrbook_new(&n->policy);
    ck_assert_ptr_nonnull(n->book);
    config.book = n->book;
    config.full_outbound = FULL_OUTBOUND;
    n->journal = journal_new(JOURNAL_RECORDS);
    ck_assert_ptr_nonnull(n->journal);
    n->gate = malloc(sizeof *n->gate);
    ck_assert_ptr_nonnull(n->gate);
    ck_assert_int_eq(gate_init(n->gate, &none, &none, NULL, n->journal, 3600), 0);
    config.gate = n->gate;
    config.gossip_interval_ms = 30000;
    slots_init(&n->slots, MAX_PEERS, 0);
    ck_assert_int_eq(bitcoin_new(&n->bitcoin, &config), 0);
    ck_assert_int_eq(chan_init(&n->stopped, &quit_class), 0);
    n->server = server_new(MAX_PEERS);
    ck_assert_ptr_nonnull(n->server);
    ck_assert_int_eq(bitcoin_attach(n->bitcoin, n->server, &n->slots), 0);
}

void node_prepare(struct node_fixture *n, enum bitcoin_tx_relay tx_relay)
{
    node_prepare_network(n, regtest(), 0, tx_relay);
}

void node_prepare_network(struct node_fixture *n, const struct btc_params *params,
                          uint32_t keep_blocks, enum bitcoin_tx_relay tx_relay)
{
    prepare(n, (struct bitcoin_config){.params = *params,
                                       .keep_blocks = keep_blocks,
                                       .tx_relay = tx_relay,
                                       .reachable_kinds = ADDRBOOK_ALL_KINDS});
}

void node_start_reaching(struct node_fixture *n, uint32_t kinds)
{
    prepare(n, (struct bitcoin_config){.params = *regtest(), .reachable_kinds = kinds});
    node_run(n);
}

void node_run(struct node_fixture *n)
{
    ck_assert_int_eq(bitcoin_start(n->bitcoin), 0);
    ck_assert_int_eq(server_start(n->server, on_stopped, n), 0);
}

void node_stop(struct node_fixture *n)
{
    server_stop(n->server);
    ck_assert_int_eq(chan_recv(&n->stopped, NULL, CLOCK_NEVER), PN_ECLOSED);
    server_join(n->server);
    bitcoin_stop(n->bitcoin);
    server_free(n->server);
    bitcoin_free(n->bitcoin);
    addrbook_free(n->book);
    gate_free(n->gate);
    free(n->gate);
    journal_free(n->journal);
    chan_destroy(&n->stopped, NULL);
}

void remote_open_as(struct remote *r, struct node_fixture *n, enum conn_kind kind,
                    const struct net_addr *addr)
{
    bool inbound = conn_kind_is_inbound(kind);
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    if (inbound)
        ck_assert(slots_take_inbound(&n->slots));
    ck_assert_int_eq(
        server_add_conn(n->server, 0, conn_from_fd(fds[0]), addr, kind, inbound, 0, NULL), 0);
    r->fd = fds[1];
    btc_stream_init(&r->stream, regtest()->magic);
    arena_init(&r->arena, 1 << 20);
}

void remote_open(struct remote *r, struct node_fixture *n, bool inbound)
{
    const struct net_addr addr = {.kind = NET_IPV4, .bytes = {127, 0, 0, 1}, .port = 9};

    remote_open_as(r, n, inbound ? CONN_INBOUND : CONN_MANUAL, &addr);
}

void remote_close(struct remote *r)
{
    close(r->fd);
    btc_stream_free(&r->stream);
    arena_free(&r->arena);
}

/* A node that has closed already is found out by whoever waits for its answer. */
static void put(struct remote *r, const struct buf *b)
{
    ssize_t sent;

    ck_assert_int_eq(b->err, 0);
    sent = send(r->fd, b->data, b->len, MSG_NOSIGNAL);
    ck_assert(sent == (ssize_t)b->len || (sent < 0 && errno == EPIPE));
}

void remote_send(struct remote *r, const struct btc_msg *m)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    btc_frame_encode(&b, regtest()->magic, m);
    put(r, &b);
    buf_free(&b);
}

void remote_send_empty(struct remote *r, enum btc_cmd cmd)
{
    const struct btc_msg m = {.cmd = cmd};

    remote_send(r, &m);
}

void remote_send_version(struct remote *r, int32_t version, uint64_t nonce)
{
    struct btc_msg m = {.cmd = BTC_CMD_VERSION};

    m.u.version = (struct btc_version){.version = version, .nonce = nonce, .height = 0};
    remote_send(r, &m);
}

struct large {
    int fd;
    struct buf b;
};

static void *send_all(void *arg)
{
    struct large *l = arg;
    size_t done = 0;

    while (done < l->b.len) {
        ssize_t n = send(l->fd, l->b.data + done, l->b.len - done, MSG_NOSIGNAL);

        if (n <= 0)
            break; /* closed: whoever waits for an answer finds out */
        done += (size_t)n;
    }
    buf_free(&l->b);
    close(l->fd);
    free(l);
    return NULL;
}

void remote_send_large(struct remote *r, const struct btc_msg *m, int times)
{
    struct large *l = malloc(sizeof *l);
    pthread_t t;

    l->fd = dup(r->fd);
    buf_init(&l->b, 8 << 20);
    for (int i = 0; i < times; i++)
        ck_assert_int_eq(btc_frame_encode(&l->b, regtest()->magic, m), 0);
    ck_assert_int_eq(pthread_create(&t, NULL, send_all, l), 0);
    pthread_detach(t);
}

void remote_send_raw(struct remote *r, const char *command, const void *payload, size_t len)
{
    uint8_t head[BTC_FRAME_HEADER_BYTES] = {0}, sum[SHA256_BYTES];
    struct buf b;

    memcpy(head, regtest()->magic, BTC_MAGIC_BYTES);
    memcpy(head + BTC_MAGIC_BYTES, command, strlen(command));
    store_le32(head + 16, (uint32_t)len);
    sha256d(sum, payload, len);
    memcpy(head + 20, sum, 4);
    buf_init(&b, sizeof head + len);
    buf_append(&b, head, sizeof head);
    buf_append(&b, payload, len);
    put(r, &b);
    buf_free(&b);
}

/* Read what is there. Returns: false when the node has closed the connection. */
static bool fill(struct remote *r)
{
    size_t room;
    uint8_t *at = btc_stream_space(&r->stream, &room);
    ssize_t got = recv(r->fd, at, room, 0);

    if (got > 0)
        btc_stream_commit(&r->stream, (size_t)got);
    return got > 0;
}

/* Whether a whole message has been read; it is r->last then. */
static bool cut(struct remote *r)
{
    int rc = btc_stream_next(&r->stream, &r->last);

    ck_assert_int_ge(rc, 0);
    return rc == 1;
}

int remote_next(struct remote *r)
{
    struct pollfd pfd = {.fd = r->fd, .events = POLLIN};

    while (!cut(r)) {
        ck_assert_int_eq(poll(&pfd, 1, PATIENCE_MS), 1);
        if (!fill(r))
            return -1;
    }
    return (int)r->last.header.cmd;
}

static void decode_last(struct remote *r, struct btc_msg *out)
{
    arena_reset(&r->arena, 1 << 20);
    ck_assert_int_eq(btc_msg_decode(out, &r->arena, r->last.header.cmd, r->last.payload.data,
                                    r->last.payload.len),
                     0);
}

struct remote *remote_await_any(struct remote *rs, unsigned n, struct btc_msg *out,
                                enum btc_cmd cmd)
{
    struct pollfd fds[MAX_PEERS];

    for (unsigned i = 0; i < n; i++)
        fds[i] = (struct pollfd){.fd = rs[i].fd, .events = POLLIN};
    for (;;) {
        for (unsigned i = 0; i < n; i++)
            while (cut(&rs[i]))
                if (rs[i].last.header.cmd == cmd) {
                    decode_last(&rs[i], out);
                    return &rs[i];
                }
        ck_assert_int_gt(poll(fds, n, PATIENCE_MS), 0);
        for (unsigned i = 0; i < n; i++)
            if (fds[i].revents)
                ck_assert(fill(&rs[i]));
    }
}

void remote_await(struct remote *r, struct btc_msg *out, enum btc_cmd cmd)
{
    int got;

    while ((got = remote_next(r)) != (int)cmd)
        ck_assert_msg(got >= 0, "the node closed before sending %s", btc_cmd_info(cmd)->name);
    decode_last(r, out);
}

void remote_await_end(struct remote *r)
{
    while (remote_next(r) >= 0)
        ;
}

void remote_shake_hands(struct remote *r)
{
    remote_shake_hands_as(r, false, false);
}

static void shake_hands(struct remote *r, struct btc_version version, bool wtxid)
{
    struct btc_msg m = {.cmd = BTC_CMD_VERSION};

    version.version = 70016;
    version.nonce = 1;
    m.u.version = version;
    remote_send(r, &m);
    if (wtxid)
        remote_send_empty(r, BTC_CMD_WTXIDRELAY);
    remote_send_empty(r, BTC_CMD_SENDADDRV2);
    remote_send_empty(r, BTC_CMD_VERACK);
    remote_await(r, &m, BTC_CMD_PING);
}

void remote_shake_hands_as(struct remote *r, bool relay, bool wtxid)
{
    shake_hands(r, (struct btc_version){.relay = relay}, wtxid);
}

void remote_shake_hands_promising(struct remote *r, uint64_t services, int32_t height)
{
    shake_hands(r, (struct btc_version){.services = services, .height = height}, false);
}

void remote_join(struct remote *r, struct node_fixture *n)
{
    remote_open(r, n, true);
    remote_shake_hands(r);
}

long disconnects(const char *reason)
{
    char line[128];
    const char *at;
    struct buf b;
    long n = 0;

    buf_init(&b, 1 << 20);
    snprintf(line, sizeof line, "p2pnode_disconnects_total{network=\"bitcoin\",reason=\"%s\"} ",
             reason);
    ck_assert_int_eq(metrics_render(&b, METRICS_TEXT_004), 0);
    at = strstr(buf_cstr(&b), line);
    if (at)
        n = strtol(at + strlen(line), NULL, 10);
    buf_free(&b);
    return n;
}

void await_disconnect(const char *reason, long before)
{
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (disconnects(reason) == before + 1)
            return;
        poll(NULL, 0, 1);
    }
    ck_abort_msg("no connection ended with %s", reason);
}

void mine_headers(struct btc_header *out, uint8_t hash[BTC_HASH_BYTES], size_t n,
                  const uint8_t prev[BTC_HASH_BYTES], uint32_t time)
{
    memcpy(hash, prev, BTC_HASH_BYTES);
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct btc_header){
            .version = 0x20000000, .time = time + (uint32_t)i + 1, .bits = 0x207fffff};
        memcpy(out[i].prev, hash, BTC_HASH_BYTES);
        do {
            out[i].nonce++;
            btc_header_hash(hash, &out[i]);
        } while (pow_check_hash(hash, out[i].bits, regtest()) != 0);
    }
}
