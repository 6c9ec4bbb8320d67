#include "rlpx_member.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "ethereum/rlpx/compress.h"
#include "ethereum/rlpx/hello.h"

void member_need(bool cond, const char *what)
{
    if (cond)
        return;
    fprintf(stderr, "rlpx member: %s\n", what);
    exit(EXIT_FAILURE);
}

void member_write(const struct member *m, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(m->fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the reader sees it */
        data += n;
        len -= (size_t)n;
    }
}

bool member_next(struct member *m, struct rlpx_item *item)
{
    int rc;

    while ((rc = rlpx_stream_next(&m->stream, item)) == 0) {
        size_t room;
        uint8_t *to = rlpx_stream_space(&m->stream, &room);
        ssize_t n = to ? recv(m->fd, to, room, 0) : 0;

        if (n <= 0)
            return false;
        rlpx_stream_commit(&m->stream, (size_t)n);
    }
    member_need(rc > 0, pn_strerror(rc));
    return true;
}

void member_send(struct member *m, unsigned code, struct bytes payload)
{
    struct buf b;

    buf_init(&b, RLPX_FRAME_MAX);
    member_need(rlpx_frame_seal(&m->egress, &b, code, payload, m->compress) == 0, "cannot seal");
    member_write(m, b.data, b.len);
    buf_free(&b);
}

static void shake_hands(struct member *m, const uint8_t secret[EC_SECRET_BYTES],
                        const uint8_t remote[EC_PUBKEY_BYTES])
{
    struct rlpx_handshake h;
    struct rlpx_secrets secrets;
    struct rlpx_item ack;
    struct buf auth;
    struct bytes sent;

    buf_init(&auth, 4096);
    rlpx_handshake_init(&h, secret, NULL);
    member_need(rlpx_auth_make(&auth, &h, remote) == 0, "cannot make auth");
    member_write(m, auth.data, auth.len);
    member_need(member_next(m, &ack) && rlpx_ack_take(&h, ack.payload) == 0, "no ack");
    sent = (struct bytes){.data = auth.data, .len = auth.len};
    member_need(rlpx_secrets_derive(&secrets, &h, sent, ack.payload) == 0, "no secrets");
    rlpx_stream_encrypt(&m->stream, &secrets);
    rlpx_egress_init(&m->egress, &secrets);
    buf_free(&auth);
}

static void greet(struct member *m, const uint8_t secret[EC_SECRET_BYTES])
{
    struct rlpx_hello hello = {
        .version = 5, .client = "member/1", .caps = {{"eth", 68}}, .n_caps = 1};
    struct rlpx_item item;
    struct buf b;

    buf_init(&b, 4096);
    member_need(ec_pubkey(hello.pubkey, secret) == 0, "bad key");
    member_need(rlpx_hello_encode(&b, &hello) == 0, "cannot make Hello");
    member_send(m, MEMBER_HELLO, (struct bytes){.data = b.data, .len = b.len});
    member_need(member_next(m, &item) && item.code == MEMBER_HELLO, "no Hello");
    m->compress = true;
    buf_free(&b);
}

void member_connect(struct member *m, const struct eth_node *node)
{
    uint8_t secret[EC_SECRET_BYTES];
    struct net_addr tcp = node->udp;
    struct sockaddr_storage sa;
    socklen_t len;

    *m = (struct member){0};
    tcp.port = node->tcp_port;
    member_need(net_addr_to_sockaddr(&sa, &len, &tcp) == 0, "bad address");
    m->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    member_need(m->fd >= 0 && connect(m->fd, (struct sockaddr *)&sa, len) == 0, "cannot connect");
    member_need(setsockopt(m->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0,
                "cannot send at once");
    rlpx_stream_init(&m->stream, RLPX_FRAME_MAX);
    ec_secret_generate(secret);
    shake_hands(m, secret, node->pubkey);
    greet(m, secret);
}

void member_read_status(struct member *m, struct buf *status)
{
    struct rlpx_item item;

    member_need(member_next(m, &item) && item.code == MEMBER_STATUS, "no Status");
    member_need(rlpx_decompress(status, item.payload, 4096) == 0, "bad Status");
}

void member_say_status(struct member *m, const struct buf *status)
{
    member_send(m, MEMBER_STATUS, (struct bytes){.data = status->data, .len = status->len});
}

void member_free(struct member *m)
{
    if (m->fd >= 0)
        close(m->fd);
    m->fd = -1;
    rlpx_stream_free(&m->stream);
}
