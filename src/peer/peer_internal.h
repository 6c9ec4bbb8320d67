/* struct peer, shared by the five handlers and by nobody else. */
#ifndef PEER_PEER_INTERNAL_H
#define PEER_PEER_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "peer/known.h"
#include "peer/peer.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum {
    PEER_SEALED_MAX = 64 * 1024 * 1024, /* bytes of a sealed batch: more than any batch has */
    PEER_SEALED_KEEP = 16 * 1024,       /* of them kept for the next */
    PEER_OUT_BATCH = 32,                /* frames in one writev */
    PEER_CORK_FRAMES = 32,              /* replies collected while input is at hand */
    PEER_REPLIES_MAX = 50,              /* in the output channel; as many more fit of others */
    PEER_OUTPUT_FRAMES = 100,
};

enum { PEER_SENT_BY_OTHERS = 1 << 8 }; /* out_msg.flags, beside enum peer_send_flags */

struct out_msg {
    struct frame *frame; /* a reference; NULL only wakes `out` */
    unsigned flags;
};

/* What is left of a frame that was begun. */
struct rest {
    struct frame *frame; /* a reference, or NULL for none */
    size_t done;         /* bytes */
};

enum stall_event { STALL_SENT, STALL_RECEIVED, STALL_HANDLER_START, STALL_HANDLER_DONE };

struct stall_msg {
    enum stall_event event;
    unsigned rule; /* of STALL_SENT */
    int64_t at_us;
};

enum peer_thread { PEER_IN, PEER_QUEUE, PEER_OUT, PEER_STALL, PEER_PING, PEER_THREADS };

struct peer {
    /* fixed before peer_start */
    uint64_t id;
    enum conn_kind kind;
    uint64_t request_id;
    struct net_addr addr;
    char addr_text[NET_ADDR_TEXT_BYTES];
    const struct peer_config *config;
    const struct peer_proto_ops *proto;
    void *proto_data;
    const struct peer_transport_ops *transport_ops;
    void *transport; /* in, and seal from out */
    struct peer_metrics *metrics;
    struct peer_host host;
    struct conn *conn;
    int64_t connected_us;

    atomic_uint refs;
    atomic_uint running; /* threads that have not left yet */
    atomic_int reason;   /* 0 while wanted */
    atomic_bool is_ready;

    struct chan output, inventory, send, stall, quit;
    struct thread threads[PEER_THREADS];

    /* whoever holds the pen (peer_pen.c) */
    struct buf sealed;
    struct rest rest;
    bool write_failed;
    struct mutex pen_mu;
    pthread_cond_t pen_free;
    bool pen_taken GUARDED_BY(pen_mu);

    /* peer_farewell.c */
    _Atomic(struct frame *) last_words;
    struct chan said; /* a token: out has nothing more to write */
    bool out_runs;    /* thread in: set before the host is told */

    /* thread in alone */
    struct out_msg cork[PEER_CORK_FRAMES];
    unsigned corked;
    int64_t read_deadline_us;

    /* responses due, a bit per stall rule: set by out, cleared by in, read by stall */
    atomic_uint expecting;

    /* what thread in waits for before it reads on (peer_pause.c) */
    struct mutex pause_mu;
    pthread_cond_t resume;
    unsigned held GUARDED_BY(pause_mu);
    atomic_bool pausing;

    struct mutex known_mu;
    struct known known GUARDED_BY(known_mu);

    /* statistics: written by the threads they describe, read by any */
    atomic_uint_fast64_t bytes_in, bytes_out, messages_in, messages_out;
    atomic_size_t queued_bytes; /* accepted by peer_send or peer_reply, not yet written */
    atomic_size_t others_bytes; /* those of them from peer_send */
    atomic_int_fast64_t last_recv_us, last_send_us;
    atomic_uint_fast64_t ping_nonce;
    atomic_int_fast64_t ping_sent_us, ping_us, min_ping_us;
    atomic_uint_fast64_t cmd_bytes[]; /* by command: proto->cmd_count in, then as many out */
};

/* The classes of the peer's channels (peer_channels.c). */
int peer_channels_init(struct peer *p);
void peer_channels_close(struct peer *p);
void peer_channels_destroy(struct peer *p);

/* The five handlers; arg is the peer. */
void peer_in_run(void *arg);
void peer_queue_run(void *arg);
void peer_out_run(void *arg);
void peer_stall_run(void *arg);
void peer_ping_run(void *arg);

/* peer_pen.c: the right to write to the connection. take waits for at most one call that does not
 * wait. Thread: out, or in while it is alone. */
void peer_pen_take(struct peer *p);
void peer_pen_give(struct peer *p);

/* Write a frame here and now if nothing else is under way to the peer. Thread: any; never blocks.
 * Owns: takes the frame unless PN_EAGAIN is returned: then it has to be queued.
 * Returns: 0, PN_EAGAIN, PN_ECLOSED. */
int peer_write_at_once(struct peer *p, struct out_msg *m);

/* Note what the frame starts, before its bytes can be answered; and that they have left. */
void peer_note_sent(struct peer *p, const struct out_msg *m);
void peer_count_sent(struct peer *p, unsigned cmd, size_t bytes);

/* Write one frame and wait for it. Thread: out, or in while it is alone. */
int peer_write_one(struct peer *p, struct frame *f, int64_t timeout_ms);

/* peer_farewell.c: the way out of a peer that has a reason to part. peer_part_begin: whoever has
 * the reason. The others once their loop has ended, before peer_leave. */
void peer_part_begin(struct peer *p, int reason);
void peer_part_out(struct peer *p);
void peer_part_in(struct peer *p);

/* Every handler's last act. */
void peer_leave(struct peer *p);

/* Start the thread of one handler. Returns: 0 or a pn_err. */
int peer_start_thread(struct peer *p, enum peer_thread which);

/* Whether the next message must wait, and waiting for it. Thread: in. Returns: 0 or PN_EQUIT. */
bool peer_must_pause(struct peer *p);
int peer_pause(struct peer *p);

/* Wait until `n` more replies have a place beside what is queued. Thread: in. Returns: 0 or
 * PN_EQUIT. */
int peer_await_room(struct peer *p, unsigned n);

/* Something that peer_pause or peer_await_room waits for may have changed. Thread: any. */
void peer_resume(struct peer *p);

/* The end of the life of a frame that was queued. */
void peer_discard(struct peer *p, struct out_msg *m);

/* Tell the stall handler, if any response is due; never blocks. */
void peer_stall_note(struct peer *p, enum stall_event event, unsigned rule);
void peer_stall_sent(struct peer *p, unsigned cmd);
void peer_stall_received(struct peer *p, unsigned cmd);

void peer_metrics_in(struct peer_metrics *m, unsigned cmd, size_t bytes);
void peer_metrics_out(struct peer_metrics *m, unsigned cmd, size_t bytes);
void peer_metrics_ping(struct peer_metrics *m, int64_t us);
void peer_metrics_handshake(struct peer_metrics *m, int64_t us);

#endif
