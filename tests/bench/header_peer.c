/* One connection at a time, on blocking sockets. The answers of 2,000 headers are made once and
 * kept as they go over the wire, so that the peer costs little beside what is measured. */
#include "header_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "bitcoin/chain/pow.h"
#include "bitcoin/wire/frame.h"
#include "net/sock.h"

enum { CLAIM = 10000000, BATCH = 2000, FRAME_MAX = 1 << 18 };

static const struct btc_params *regtest(void)
{
    return btc_params_find("regtest");
}

static void die(const char *what)
{
    fprintf(stderr, "header peer: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static void mine_one(struct btc_header *h, uint8_t hash[BTC_HASH_BYTES])
{
    for (h->nonce = 0;; h->nonce++) {
        btc_header_hash(hash, h);
        if (hash[BTC_HASH_BYTES - 1] < 0x7f)
            return;
    }
}

void header_peer_mine(struct chain *chain, uint32_t n, uint8_t salt)
{
    const struct btc_params *params = regtest();
    uint8_t hash[BTC_HASH_BYTES];

    if (chain_init(chain, params, n + 1) < 0)
        die("no memory");
    memcpy(hash, params->genesis_hash, sizeof hash);
    for (uint32_t i = 1; i <= n; i++) {
        struct btc_header h = {
            .version = 0x20000000, .time = params->genesis.time + 60 * i, .bits = 0x207fffff};
        struct chain_result r;

        memcpy(h.prev, hash, sizeof hash);
        h.merkle_root[0] = salt;
        mine_one(&h, hash);
        if (chain_accept(chain, &r, &h, hash) < 0)
            die("mining");
    }
}

/* --- one connection --- */

struct session {
    int fd;
    struct btc_stream in;
    struct chain *chain;
    struct buf *answers; /* by height / BATCH of the header they follow; empty until needed */
};

static void put(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            _exit(0); /* the node has gone */
        data += n;
        len -= (size_t)n;
    }
}

static void send_msg(struct session *s, const struct btc_msg *m)
{
    struct buf b;

    buf_init(&b, FRAME_MAX);
    if (btc_frame_encode(&b, regtest()->magic, m) < 0)
        die("encode");
    put(s->fd, b.data, b.len);
    buf_free(&b);
}

/* Returns: false when the other side has closed. */
static bool next_msg(struct session *s, struct btc_frame *f)
{
    while (btc_stream_next(&s->in, f) != 1) {
        size_t room;
        uint8_t *at = btc_stream_space(&s->in, &room);
        ssize_t got = recv(s->fd, at, room, 0);

        if (got <= 0)
            return false;
        btc_stream_commit(&s->in, (size_t)got);
    }
    return true;
}

static void make_answer(struct session *s, struct buf *out, uint32_t after)
{
    static struct btc_header headers[BATCH];
    static const uint8_t nowhere[BTC_HASH_BYTES];
    struct btc_msg m = {.cmd = BTC_CMD_HEADERS, .u.headers.items = headers};

    m.u.headers.count = chain_next_headers(s->chain, headers, after, nowhere, BATCH);
    buf_init(out, FRAME_MAX);
    if (btc_frame_encode(out, regtest()->magic, &m) < 0)
        die("encode");
}

/* Returns: how many headers were sent. */
static uint32_t answer(struct session *s, const struct btc_frame *f)
{
    struct arena arena;
    struct btc_msg m;
    struct buf once, *frame = &once;
    uint32_t after, height, left;

    arena_init(&arena, 1 << 16);
    if (btc_msg_decode(&m, &arena, BTC_CMD_GETHEADERS, f->payload.data, f->payload.len) < 0)
        die("getheaders");
    after = chain_find_fork(s->chain, m.u.getheaders.hashes, m.u.getheaders.count);
    arena_free(&arena);
    height = chain_entry(s->chain, after)->height;
    if (s->answers && height % BATCH == 0)
        frame = &s->answers[height / BATCH];
    if (frame == &once || frame->len == 0)
        make_answer(s, frame, after);
    put(s->fd, frame->data, frame->len);
    if (frame == &once)
        buf_free(frame);
    left = chain_height(s->chain) - height;
    return left < BATCH ? left : BATCH;
}

static void greet(struct session *s, uint32_t height)
{
    struct btc_msg version = {.cmd = BTC_CMD_VERSION}, verack = {.cmd = BTC_CMD_VERACK};

    version.u.version = (struct btc_version){
        .version = 70016, .height = (int32_t)height, .nonce = (uint64_t)getpid()};
    send_msg(s, &version);
    send_msg(s, &verack);
}

static void pong(struct session *s, const struct btc_frame *f)
{
    struct btc_msg m = {.cmd = BTC_CMD_PONG};

    if (f->payload.len == 8)
        m.u.pong.nonce = load_le64(f->payload.data);
    send_msg(s, &m);
}

static void serve_one(int fd, struct chain *chain, struct buf *answers)
{
    struct session s = {.fd = fd, .chain = chain, .answers = answers};
    struct btc_frame f;

    btc_stream_init(&s.in, regtest()->magic);
    greet(&s, chain_height(chain));
    while (next_msg(&s, &f)) {
        if (f.header.cmd == BTC_CMD_GETHEADERS)
            answer(&s, &f);
        else if (f.header.cmd == BTC_CMD_PING)
            pong(&s, &f);
    }
    btc_stream_free(&s.in);
    close(fd);
}

/* A child that ends with its parent. */
static pid_t split_off(void)
{
    pid_t pid = fork();

    if (pid < 0)
        die("fork");
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

pid_t header_peer_serve(struct net_addr *addr, struct chain *chain)
{
    uint32_t frames = chain_height(chain) / BATCH + 1;
    struct buf *answers = calloc(frames, sizeof *answers);
    struct session maker = {.chain = chain};
    int fd;
    pid_t pid;

    net_addr_parse(addr, "127.0.0.1:0", 0);
    if (!answers || sock_listen(&fd, addr) < 0 || sock_local_addr(addr, fd) < 0)
        die("listen");
    pid = split_off();
    if (pid > 0) {
        close(fd);
        free(answers);
        return pid;
    }
    for (uint32_t i = 0; i < frames; i++)
        make_answer(&maker, &answers[i], chain_at(chain, i * BATCH));
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        int conn = poll(&pfd, 1, -1) == 1 ? accept4(fd, NULL, NULL, SOCK_CLOEXEC) : -1;

        if (conn >= 0)
            serve_one(conn, chain, answers);
    }
}

/* --- the attacker --- */

static int connect_to(const struct net_addr *node)
{
    const struct timeval patience = {.tv_sec = 2}; /* then he comes again */
    struct pollfd pfd = {.events = POLLOUT};

    if (sock_connect_start(&pfd.fd, node) < 0 || poll(&pfd, 1, 5000) != 1 ||
        sock_connect_result(pfd.fd) != 0)
        die("connect");
    fcntl(pfd.fd, F_SETFL, fcntl(pfd.fd, F_GETFL) & ~O_NONBLOCK);
    setsockopt(pfd.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return pfd.fd;
}

/* Show the node something new so that it asks. */
static void announce(struct session *s)
{
    struct btc_inv_item item = {.type = BTC_INV_BLOCK};
    struct btc_msg m = {.cmd = BTC_CMD_INV, .u.inv = {.items = &item, .count = 1}};
    const struct chain_entry *tip = chain_entry(s->chain, chain_tip(s->chain));

    memcpy(item.hash, tip->hash, sizeof item.hash);
    send_msg(s, &m);
}

/* On one connection the node gives an attacker one chance in ten minutes, so that he comes again
 * with every chain. */
static void attack_once(uint64_t *sent, const struct net_addr *node, struct chain *chain,
                        struct buf *answers)
{
    struct session s = {.fd = connect_to(node), .chain = chain, .answers = answers};
    uint64_t enough = *sent + chain_height(chain);
    struct btc_frame f;

    btc_stream_init(&s.in, regtest()->magic);
    greet(&s, CLAIM);
    while (*sent < enough && next_msg(&s, &f)) {
        if (f.header.cmd == BTC_CMD_VERACK)
            announce(&s);
        else if (f.header.cmd == BTC_CMD_GETHEADERS)
            *sent += answer(&s, &f);
        else if (f.header.cmd == BTC_CMD_PING)
            pong(&s, &f);
    }
    btc_stream_free(&s.in);
    close(s.fd);
}

pid_t header_peer_attack(uint64_t *sent, const struct net_addr *node, struct chain *chain)
{
    struct buf *answers;
    pid_t pid = split_off();

    if (pid > 0)
        return pid;
    answers = calloc(chain_height(chain) / BATCH + 1, sizeof *answers);
    if (!answers)
        die("no memory");
    for (;;)
        attack_once(sent, node, chain, answers);
}
