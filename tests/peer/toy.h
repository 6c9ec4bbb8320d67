/* One peer that speaks the toy protocol over a socket pair whose other end the test holds. */
#ifndef TESTS_PEER_TOY_H
#define TESTS_PEER_TOY_H

#include "thread/chan.h"
#include "toy_proto.h"

struct toy {
    struct peer *peer;
    struct peer_config config;
    int remote; /* the test's end of the connection */
    struct peer_metrics *metrics;
    struct toy_counts counts;
    atomic_int done_calls;
    struct chan *done; /* carries nothing; closed when the host is told of the end */
    struct chan done_chan;
};

/* So many bytes at most are taken by a write that does not wait; toy_setup sets it to all. */
extern atomic_size_t toy_at_once_max;

/* A peer that is made but not started. The clocks are the test's when `fake_clock`. */
void toy_setup(struct toy *t, bool fake_clock);

/* The same with other tables than toy_proto's. */
void toy_setup_with(struct toy *t, bool fake_clock, const struct peer_proto_ops *proto,
                    const struct peer_transport_ops *transport);

/* Start, and complete the handshake. */
void toy_connect(struct toy *t);

/* A peer that is ready: set up and connected. */
void toy_start(struct toy *t, bool fake_clock);

/* Part from it, and expect that to be the reason. */
void toy_quit(struct toy *t);

/* Wait for host.done, join, free; the reason is returned. */
int toy_finish(struct toy *t);

/* The remote side sends, or expects one message exactly. */
void toy_remote_send(struct toy *t, enum toy_cmd cmd, const void *payload, size_t len);
void toy_remote_expect(struct toy *t, enum toy_cmd cmd, const void *payload, size_t len);

/* The next message of the remote side. Returns: its command, or -1 at the end of the stream. */
int toy_remote_recv(struct toy *t, uint8_t payload[255], size_t *len);

/* Move the test clock on in small steps until the condition holds, for at most `ms`.
 * Returns: how far it was moved, or -1. */
int64_t toy_advance_until(bool (*holds)(struct toy *t), struct toy *t, int64_t ms);
bool toy_is_done(struct toy *t);

#endif
