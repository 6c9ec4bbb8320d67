/* A message encoded once: reference-counted, immutable, shared by every peer it goes to. */
#ifndef PEER_FRAME_H
#define PEER_FRAME_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct frame {
    atomic_uint refs;
    unsigned cmd; /* the protocol's message number, for counters and stall rules */
    size_t len;
    uint8_t data[];
};

/* A copy of the encoded message with one reference. Thread: any.
 * Owns: the caller holds the reference. Returns: NULL when there is no memory. */
struct frame *frame_new(unsigned cmd, const void *data, size_t len);

/* The same with the message still to be filled in, before anybody else sees the frame. */
struct frame *frame_alloc(unsigned cmd, size_t len);

/* One more reference. Thread: any. Returns: f. */
struct frame *frame_ref(struct frame *f);

/* Give a reference back; the last one frees. Accepts NULL. Thread: any. */
void frame_unref(struct frame *f);

#endif
