/* Many Ethereum nodes at once, for the functional tests: each has a key of its own, shakes hands
 * with the node of an enode URL, says back to it whatever Status it says, and is then idle but for
 * pings.
 *
 *     rlpx_crowd ENODE COUNT [announce|boast]
 *
 * Prints "ready COUNT" when all of them are peers, then "gone REASON" for each that is parted with;
 * ends with its input. With "announce" each begins a message of 8 MiB and sends one byte of it;
 * with "boast" its Status claims a block that nobody has, and more work than anybody. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/random.h"
#include "codec/rlp.h"
#include "ethereum/enr/node.h"
#include "ethereum/rlpx/compress.h"
#include "ethereum/rlpx/hello.h"
#include "ethereum/rlpx/stream.h"

enum { HELLO = 0, DISCONNECT = 1, PING = 2, PONG = 3, STATUS = 16, CROWD_MAX = 200 };

struct member {
    int fd; /* -1: gone */
    struct rlpx_stream stream;
    struct rlpx_half egress;
    bool compress;
};

static struct eth_node node;

static void need(bool cond, const char *what)
{
    if (cond)
        return;
    fprintf(stderr, "rlpx_crowd: %s\n", what);
    exit(EXIT_FAILURE);
}

/* --- one stream --- */

static void write_all(const struct member *m, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(m->fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the reader sees it */
        data += n;
        len -= (size_t)n;
    }
}

/* Returns: false at the end of the stream. */
static bool next_item(struct member *m, struct rlpx_item *item)
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
    need(rc > 0, pn_strerror(rc));
    return true;
}

static void send_message(struct member *m, unsigned code, struct bytes payload)
{
    struct buf b;

    buf_init(&b, RLPX_FRAME_MAX);
    need(rlpx_frame_seal(&m->egress, &b, code, payload, m->compress) == 0, "cannot seal");
    write_all(m, b.data, b.len);
    buf_free(&b);
}

/* --- the handshake --- */

static void shake_hands(struct member *m, const uint8_t secret[EC_SECRET_BYTES])
{
    struct rlpx_handshake h;
    struct rlpx_secrets secrets;
    struct rlpx_item ack;
    struct buf auth;
    struct bytes sent;

    buf_init(&auth, 4096);
    rlpx_handshake_init(&h, secret, NULL);
    need(rlpx_auth_make(&auth, &h, node.pubkey) == 0, "cannot make auth");
    write_all(m, auth.data, auth.len);
    need(next_item(m, &ack) && rlpx_ack_take(&h, ack.payload) == 0, "no ack");
    sent = (struct bytes){.data = auth.data, .len = auth.len};
    need(rlpx_secrets_derive(&secrets, &h, sent, ack.payload) == 0, "no secrets");
    rlpx_stream_encrypt(&m->stream, &secrets);
    rlpx_egress_init(&m->egress, &secrets);
    buf_free(&auth);
}

static void greet(struct member *m, const uint8_t secret[EC_SECRET_BYTES])
{
    struct rlpx_hello hello = {
        .version = 5, .client = "crowd/1", .caps = {{"eth", 68}}, .n_caps = 1};
    struct rlpx_item item;
    struct buf b;

    buf_init(&b, 4096);
    need(ec_pubkey(hello.pubkey, secret) == 0, "bad key");
    need(rlpx_hello_encode(&b, &hello) == 0, "cannot make Hello");
    send_message(m, HELLO, (struct bytes){.data = b.data, .len = b.len});
    need(next_item(m, &item) && item.code == HELLO, "no Hello");
    m->compress = true;
    buf_free(&b);
}

/* Status of eth/68 with another total difficulty and head: [version, network, difficulty, head,
 * ...]
 */
static void boast(struct buf *out, const struct buf *status)
{
    struct reader r = reader_of(status->data, status->len), list = rlp_read_list(&r);
    size_t mark = rlp_list_begin(out);
    uint8_t head[32];

    random_bytes(head, sizeof head);
    rlp_write_u64(out, rlp_read_u64(&list));
    rlp_write_u64(out, rlp_read_u64(&list));
    rlp_read_raw(&list);
    rlp_read_raw(&list);
    rlp_write_u64(out, UINT64_MAX);
    rlp_write_bytes(out, head, sizeof head);
    buf_append(out, list.pos, reader_left(&list));
    rlp_list_end(out, mark);
    need(list.err == 0 && out->err == 0, "bad Status");
}

/* Both are in the same state of the same chain, for what they say. */
static void answer_status(struct member *m, bool boasts)
{
    struct rlpx_item item;
    struct buf b, louder;

    buf_init(&b, 4096);
    buf_init(&louder, 4096);
    need(next_item(m, &item) && item.code == STATUS, "no Status");
    need(rlpx_decompress(&b, item.payload, 4096) == 0, "bad Status");
    if (boasts)
        boast(&louder, &b);
    send_message(m, STATUS,
                 boasts ? (struct bytes){.data = louder.data, .len = louder.len}
                        : (struct bytes){.data = b.data, .len = b.len});
    buf_free(&b);
    buf_free(&louder);
}

static void join(struct member *m, bool boasts)
{
    uint8_t secret[EC_SECRET_BYTES];
    struct net_addr tcp = node.udp;
    struct sockaddr_storage sa;
    socklen_t len;

    tcp.port = node.tcp_port;
    need(net_addr_to_sockaddr(&sa, &len, &tcp) == 0, "bad address");
    m->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(m->fd >= 0 && connect(m->fd, (struct sockaddr *)&sa, len) == 0, "cannot connect");
    rlpx_stream_init(&m->stream, RLPX_FRAME_MAX);
    ec_secret_generate(secret);
    shake_hands(m, secret);
    greet(m, secret);
    answer_status(m, boasts);
}

/* --- being there --- */

/* The header of a large message and one byte of its body. */
static void announce(struct member *m)
{
    static uint8_t large[8 * 1024 * 1024];
    struct buf b;

    buf_init(&b, RLPX_FRAME_MAX);
    need(rlpx_frame_seal(&m->egress, &b, STATUS + 6, (struct bytes){large, sizeof large}, false) ==
             0,
         "cannot seal");
    write_all(m, b.data, RLPX_HEADER_BYTES + 1);
    buf_free(&b);
}

static void part(struct member *m, const char *why)
{
    printf("gone %s\n", why);
    fflush(stdout);
    close(m->fd);
    m->fd = -1;
}

static void say_reason(struct member *m, const struct rlpx_item *item)
{
    unsigned reason = 0xff;
    char text[16];
    struct buf b;

    buf_init(&b, 4096);
    if (rlpx_decompress(&b, item->payload, 4096) == 0)
        rlpx_disconnect_decode(&reason, (struct bytes){.data = b.data, .len = b.len});
    buf_free(&b);
    snprintf(text, sizeof text, "%u", reason);
    part(m, text);
}

static void serve(struct member *m)
{
    struct rlpx_item item;

    if (!next_item(m, &item))
        part(m, "closed");
    else if (item.code == PING)
        send_message(m, PONG, (struct bytes){(const uint8_t *)"\xc0", 1});
    else if (item.code == DISCONNECT)
        say_reason(m, &item);
}

static void idle(struct member *crowd, unsigned n)
{
    for (;;) {
        struct pollfd fds[CROWD_MAX + 1] = {{.fd = STDIN_FILENO, .events = POLLIN}};

        for (unsigned i = 0; i < n; i++)
            fds[i + 1] = (struct pollfd){.fd = crowd[i].fd, .events = POLLIN};
        if (poll(fds, n + 1, -1) < 0)
            continue;
        if (fds[0].revents)
            return;
        for (unsigned i = 0; i < n; i++)
            if (fds[i + 1].revents)
                serve(&crowd[i]);
    }
}

int main(int argc, char **argv)
{
    static struct member crowd[CROWD_MAX];
    unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    const char *how = argc > 3 ? argv[3] : "";

    need(n > 0 && n <= CROWD_MAX && enode_parse(&node, argv[1]) == 0,
         "usage: rlpx_crowd ENODE COUNT [announce|boast]");
    for (unsigned i = 0; i < n; i++)
        join(&crowd[i], strcmp(how, "boast") == 0);
    for (unsigned i = 0; i < n && strcmp(how, "announce") == 0; i++)
        announce(&crowd[i]);
    printf("ready %u\n", n);
    fflush(stdout);
    idle(crowd, n);
    return EXIT_SUCCESS;
}
