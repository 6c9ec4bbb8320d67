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
#include <unistd.h>

#include "base/random.h"
#include "codec/rlp.h"
#include "ethereum/rlpx/compress.h"
#include "ethereum/rlpx/hello.h"
#include "rlpx_member.h"

enum { CROWD_MAX = 200 };

static struct eth_node node;

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
    member_need(list.err == 0 && out->err == 0, "bad Status");
}

static void join(struct member *m, bool boasts)
{
    struct buf status, louder;

    member_connect(m, &node);
    buf_init(&status, 4096);
    buf_init(&louder, 4096);
    member_read_status(m, &status);
    if (boasts)
        boast(&louder, &status);
    member_say_status(m, boasts ? &louder : &status);
    buf_free(&status);
    buf_free(&louder);
}

/* --- being there --- */

/* The header of a large message and one byte of its body. */
static void announce(struct member *m)
{
    static uint8_t large[8 * 1024 * 1024];
    struct buf b;

    buf_init(&b, RLPX_FRAME_MAX);
    member_need(rlpx_frame_seal(&m->egress, &b, MEMBER_STATUS + 6,
                                (struct bytes){large, sizeof large}, false) == 0,
                "cannot seal");
    member_write(m, b.data, RLPX_HEADER_BYTES + 1);
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

    if (!member_next(m, &item))
        part(m, "closed");
    else if (item.code == MEMBER_PING)
        member_send(m, MEMBER_PONG, (struct bytes){(const uint8_t *)"\xc0", 1});
    else if (item.code == MEMBER_DISCONNECT)
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

    member_need(n > 0 && n <= CROWD_MAX && enode_parse(&node, argv[1]) == 0,
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
