#include "p2p_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "ethereum/rlpx/compress.h"
#include "harness.h"

/* --- the subprotocol --- */

static int toy_attach(void *arg, void **state)
{
    struct toy_log *log = arg;

    atomic_fetch_add(&log->attached, 1);
    *state = log;
    return 0;
}

static int toy_negotiate(struct peer *p, void *state)
{
    struct toy_log *log = state;
    struct p2p_message m;
    int rc = peer_write_message(p, p2p_frame(0, TOY_CODE_STATUS, "\xc0", 1));

    atomic_fetch_add(&log->negotiated, 1);
    atomic_store(&log->version, p2p_peer_version(p, 0));
    if (rc == 0)
        rc = p2p_read(p, 0, &m);
    return rc == 0 && m.code != TOY_CODE_STATUS ? PN_EPROTO : rc;
}

static int toy_ready(struct peer *p, void *state)
{
    struct toy_log *log = state;

    (void)p;
    atomic_fetch_add(&log->ready, 1);
    return 0;
}

static int toy_message(struct peer *p, void *state, const struct p2p_message *m)
{
    struct toy_log *log = state;

    atomic_fetch_add(&log->messages, 1);
    if (m->code == TOY_CODE_ECHO)
        return peer_reply(p, p2p_frame(0, TOY_CODE_ECHO, m->payload, m->len), 0);
    return m->code == TOY_CODE_REFUSED ? PN_EFORMAT : 0;
}

static void toy_gone(struct peer *p, void *state)
{
    struct toy_log *log = state;

    (void)p;
    atomic_fetch_add(&log->gone, 1);
}

static void toy_release(void *state)
{
    struct toy_log *log = state;

    atomic_fetch_add(&log->released, 1);
}

static const char *toy_code_name(unsigned code)
{
    (void)code;
    return "toy";
}

/* --- the network --- */

static unsigned add_protocol(struct rig *r, const struct p2p_protocol *protocol)
{
    int number = p2p_add_protocol(r->net, protocol);

    ck_assert_int_ge(number, 0);
    r->net->proto.cmd_name = toy_code_name;
    r->metrics = peer_metrics_new(&r->net->proto);
    return (unsigned)number;
}

static void make_net(struct rig *r, unsigned max_peers)
{
    struct p2p_config config = {.client = "rig/1",
                                .port = 30303,
                                .max_peers = max_peers,
                                .peer = P2P_PEER_CONFIG,
                                .history_ms = P2P_HISTORY_MS};
    struct eth_node remote;
    const struct net_addr at = {.kind = NET_IPV4, .port = 0, .bytes = {127, 0, 0, 9}};

    memset(r, 0, sizeof *r);
    ec_secret_generate(config.secret);
    ec_secret_generate(r->secret);
    ck_assert_int_eq(ec_pubkey(r->pubkey, r->secret), 0);
    eth_node_init(&remote, r->pubkey, &at, 3);
    config.statics = &remote;
    config.n_statics = 1;
    ck_assert_int_eq(p2p_new(&r->net, &config), 0);
}

unsigned rig_setup_with(struct rig *r, unsigned max_peers, const struct p2p_protocol *protocol)
{
    make_net(r, max_peers);
    return add_protocol(r, protocol);
}

void rig_setup(struct rig *r, unsigned max_peers)
{
    make_net(r, max_peers);
    r->toy = (struct p2p_protocol){
        .name = "toy",
        .versions = {{1, 2}, {2, 4}},
        .n_versions = 2,
        .max_message_bytes = TOY_MAX_BYTES,
        .code_name = toy_code_name,
        .attach = toy_attach,
        .negotiate = toy_negotiate,
        .ready = toy_ready,
        .message = toy_message,
        .gone = toy_gone,
        .release = toy_release,
        .arg = &r->log,
    };
    ck_assert_int_eq(chan_class_register(&quit_class), 0);
    ck_assert_uint_eq(add_protocol(r, &r->toy), 0);
}

void rig_teardown(struct rig *r)
{
    p2p_free(r->net);
    peer_metrics_free(r->metrics);
    clock_test_stop();
}

static void host_ready(void *arg, struct peer *p)
{
    (void)arg;
    (void)p;
}

static void host_done(void *arg, struct peer *p)
{
    struct rig *r = arg;

    (void)p;
    quit_request(&r->done);
}

static void start_peer(struct rig *r, enum conn_kind kind, const struct net_addr *addr)
{
    struct peer_setup setup = {.id = 1,
                               .kind = kind,
                               .addr = *addr,
                               .config = &r->net->peer_config,
                               .proto = &r->net->proto,
                               .metrics = r->metrics,
                               .host = {.ready = host_ready, .done = host_done, .arg = r}};
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_eq(chan_init(&r->done, &quit_class), 0);
    r->fd = fds[1];
    rlpx_stream_init(&r->stream, RLPX_FRAME_MAX);
    buf_init(&r->wire, 64 << 20);
    buf_init(&r->plain, 64 << 20);
    r->compress = false;
    ck_assert_int_eq(p2p_peer_attach(r->net, &setup), 0);
    r->peer = peer_new(&setup, conn_from_fd(fds[0]));
    ck_assert_ptr_nonnull(r->peer);
    ck_assert_int_eq(peer_start(r->peer), 0);
}

void rig_connect_inbound(struct rig *r)
{
    start_peer(r, CONN_INBOUND,
               &(struct net_addr){.kind = NET_IPV4, .port = 7, .bytes = {127, 0, 0, 9}});
}

void rig_connect_outbound(struct rig *r)
{
    struct dial_source source = p2p_source(r->net);
    struct dial_candidate c;

    ck_assert_int_eq(source.choose(source.arg, &c, CONN_MANUAL), 0);
    start_peer(r, CONN_MANUAL, &c.addr);
}

int rig_finish(struct rig *r)
{
    int reason;

    ck_assert_int_eq(chan_recv(&r->done, NULL, CLOCK_NEVER), PN_ECLOSED);
    peer_join(r->peer);
    reason = peer_reason(r->peer);
    peer_unref(r->peer);
    chan_destroy(&r->done, NULL);
    rlpx_stream_free(&r->stream);
    buf_free(&r->wire);
    buf_free(&r->plain);
    close(r->fd);
    ck_assert_int_eq(atomic_load(&r->log.attached), atomic_load(&r->log.released));
    ck_assert_int_eq(atomic_load(&r->log.negotiated), atomic_load(&r->log.gone));
    ck_assert_uint_eq(p2p_peers(r->net), 0);
    return reason;
}

/* --- the other end --- */

void remote_write(struct rig *r, const void *data, size_t len)
{
    const uint8_t *at = data;

    while (len > 0) {
        ssize_t n = send(r->fd, at, len, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the network has parted: the test sees it elsewhere */
        at += n;
        len -= (size_t)n;
    }
}

/* Returns: as rlpx_stream_next, or -1 at the end of the stream. */
static int next_item(struct rig *r, struct rlpx_item *item)
{
    for (;;) {
        int rc = rlpx_stream_next(&r->stream, item);
        size_t room;
        uint8_t *to;
        ssize_t n;

        ck_assert_int_ge(rc, 0);
        if (rc > 0)
            return rc;
        to = rlpx_stream_space(&r->stream, &room);
        ck_assert_ptr_nonnull(to);
        n = recv(r->fd, to, room, 0);
        if (n <= 0)
            return -1;
        rlpx_stream_commit(&r->stream, (size_t)n);
    }
}

static struct bytes bytes_of(const struct buf *b)
{
    return (struct bytes){.data = b->data, .len = b->len};
}

static void encrypt(struct rig *r, const struct rlpx_handshake *h, struct bytes auth,
                    struct bytes ack)
{
    struct rlpx_secrets secrets;

    ck_assert_int_eq(rlpx_secrets_derive(&secrets, h, auth, ack), 0);
    rlpx_stream_encrypt(&r->stream, &secrets);
    rlpx_egress_init(&r->egress, &secrets);
}

void remote_dial(struct rig *r)
{
    struct rlpx_handshake h;
    struct rlpx_item ack;
    struct buf auth;

    buf_init(&auth, 4096);
    rlpx_handshake_init(&h, r->secret, NULL);
    ck_assert_int_eq(rlpx_auth_make(&auth, &h, r->net->pubkey), 0);
    remote_write(r, auth.data, auth.len);
    ck_assert_int_eq(next_item(r, &ack), 1);
    ck_assert_int_eq(rlpx_ack_take(&h, ack.payload), 0);
    encrypt(r, &h, bytes_of(&auth), ack.payload);
    buf_free(&auth);
}

void remote_accept(struct rig *r)
{
    struct rlpx_handshake h;
    struct rlpx_item auth;
    struct buf ack;

    buf_init(&ack, 4096);
    rlpx_handshake_init(&h, r->secret, NULL);
    ck_assert_int_eq(next_item(r, &auth), 1);
    ck_assert_int_eq(rlpx_auth_take(&h, auth.payload), 0);
    ck_assert_mem_eq(h.remote_pubkey, r->net->pubkey, EC_PUBKEY_BYTES);
    ck_assert_int_eq(rlpx_ack_make(&ack, &h), 0);
    encrypt(r, &h, auth.payload, bytes_of(&ack));
    remote_write(r, ack.data, ack.len);
    buf_free(&ack);
}

void remote_send(struct rig *r, unsigned code, const void *payload, size_t len)
{
    buf_reset(&r->wire);
    ck_assert_int_eq(rlpx_frame_seal(&r->egress, &r->wire, code,
                                     (struct bytes){.data = payload, .len = len}, r->compress),
                     0);
    remote_write(r, r->wire.data, r->wire.len);
}

int remote_recv(struct rig *r)
{
    struct rlpx_item item;

    if (next_item(r, &item) < 0)
        return -1;
    buf_reset(&r->plain);
    if (r->compress)
        ck_assert_int_eq(rlpx_decompress(&r->plain, item.payload, RLPX_FRAME_MAX), 0);
    else
        buf_append(&r->plain, item.payload.data, item.payload.len);
    return (int)item.code;
}

void remote_expect_disconnect(struct rig *r, unsigned reason)
{
    unsigned got;

    ck_assert_int_eq(remote_recv(r), P2P_DISCONNECT);
    ck_assert_int_eq(rlpx_disconnect_decode(&got, bytes_of(&r->plain)), 0);
    ck_assert_uint_eq(got, reason);
    ck_assert_int_eq(remote_recv(r), -1);
}

void remote_send_hello(struct rig *r, const char *caps)
{
    struct rlpx_hello hello = {.version = 5, .client = "remote/1"};
    char *text = strdup(caps), *at = text;
    struct buf b;

    memcpy(hello.pubkey, r->pubkey, sizeof hello.pubkey);
    for (char *cap; (cap = strsep(&at, " ")) && *cap; hello.n_caps++)
        ck_assert_int_eq(sscanf(cap, "%8[^/]/%u", hello.caps[hello.n_caps].name,
                                &hello.caps[hello.n_caps].version),
                         2);
    free(text);
    buf_init(&b, 4096);
    ck_assert_int_eq(rlpx_hello_encode(&b, &hello), 0);
    remote_send(r, P2P_HELLO, b.data, b.len);
    buf_free(&b);
}

void remote_expect_hello(struct rig *r)
{
    struct rlpx_hello hello;

    ck_assert_int_eq(remote_recv(r), P2P_HELLO);
    ck_assert_int_eq(rlpx_hello_decode(&hello, bytes_of(&r->plain)), 0);
    ck_assert_uint_eq(hello.version, 5);
    ck_assert_str_eq(hello.client, "rig/1");
    ck_assert_uint_eq(hello.port, 30303);
    ck_assert_mem_eq(hello.pubkey, r->net->pubkey, EC_PUBKEY_BYTES);
    r->compress = true;
}

void rig_shake_hands(struct rig *r, const char *caps)
{
    rig_connect_inbound(r);
    remote_dial(r);
    remote_send_hello(r, caps);
    remote_expect_hello(r);
    ck_assert_int_eq(remote_recv(r), P2P_BASE_CODES + TOY_CODE_STATUS);
    remote_send(r, P2P_BASE_CODES + TOY_CODE_STATUS, "\xc0", 1);
}
