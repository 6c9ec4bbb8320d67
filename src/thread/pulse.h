/* Whether the program's own threads turn: each goes back to its wait again and again, and one that
 * stays away from it for longer than it may is stuck.
 *
 * Nobody beats for that. The waits themselves tell: chan_recv, chan_recv_many, chan_select and
 * pulse_poll. A thread is alive while it waits there, however long, and from then on for its
 * patience. A wait to send is none: its thread has work in hand that does not get on, and that is
 * how a circle of senders shows.
 *
 * thread_start watches every thread whose role has a patience (thread.c). The threads of a peer
 * have none: they wait on sockets, under deadlines of their own that end the peer. */
#ifndef THREAD_PULSE_H
#define THREAD_PULSE_H

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pulse {
    char name[16];
    int64_t patience_us;
    atomic_int_fast64_t away_since_us; /* of its wait; 0: it waits */
    struct pulse *prev, *next;         /* under the lock of pulse.c */
};

/* Watch the calling thread until pulse_end. The name is cut to 15 bytes.
 * Thread: the one to be watched. Owns: the struct stays the caller's. */
void pulse_begin(struct pulse *p, const char *name, int64_t patience_ms);
void pulse_end(struct pulse *p);

/* The calling thread is about to wait for work; it has come back. Nothing where it is not watched.
 * For a wait that is none of the above (libevent's, for one). Thread: any. */
void pulse_rest(void);
void pulse_turn(void);

/* poll(2) until deadline_us, as a wait for work. Thread: any. Returns: as poll. */
int pulse_poll(struct pollfd *fds, nfds_t n, int64_t deadline_us);

struct pulse_reading {
    char name[16];
    int64_t seen_us; /* when it was last at its wait: now, for one that is there */
    bool stuck;
};

/* How each watched thread is. Thread: any. Returns: how many there are; at most `max` are filled
 * in, those that have been watched longest. */
unsigned pulse_read(struct pulse_reading *out, unsigned max);

#endif
