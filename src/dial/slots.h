/* Places for connections. Outbound places are set aside before any inbound one is given, so that
 * an attacker who fills the inbound side leaves the outbound side untouched. */
#ifndef DIAL_SLOTS_H
#define DIAL_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>

struct slots {
    atomic_uint max_inbound;
    atomic_uint inbound;
};

/* Thread: before others start. */
void slots_init(struct slots *s, unsigned max_peers, unsigned reserved_outbound);

/* Change how many places there are. Those who have one keep it, and newcomers find none until
 * enough of them have left. Thread: any. */
void slots_resize(struct slots *s, unsigned max_peers, unsigned reserved_outbound);

/* Take an inbound place. Thread: any. Returns: false when there is none. */
bool slots_take_inbound(struct slots *s);
void slots_give_inbound(struct slots *s);

/* Whether the next but one newcomer would find no place. Thread: any. */
bool slots_nearly_taken(const struct slots *s);

#endif
