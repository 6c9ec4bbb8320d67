/* What a session has cost us, as ElectrumX counts it (session.py; aiorpcX session.py):
 *
 *   a session begins with a cost of 5; every request has a price, 5,000 bytes in either direction
 *   cost 1, an error 100, a line that is no JSON 1,000 more
 *   cost decays by hard / 10,000 a second
 *   f = (cost + cost of the other sessions of its group - soft) / (hard - soft), at least 0
 *   before each request the session rests f × 2.5 s; at f = 1 it is refused
 *
 * A group is an IPv4 /24 or an IPv6 /48; addresses that are not public have none. What a session
 * cost stays with its group when it ends and wears off by 2 a second. ElectrumX further has weak
 * groups by time of arrival, which this leaves out; and where it lets a session do ceil((1 - f) ×
 * 10) things at once, here a session does one at a time. */
#ifndef ELECTRUM_LIMITS_SESSION_COST_H
#define ELECTRUM_LIMITS_SESSION_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"

#define COST_START        5.0
#define COST_BYTES        5000.0 /* that cost 1 */
#define COST_ERROR        100.0
#define COST_PARSE_ERROR  1000.0
#define COST_REST_MS      2500
#define COST_REFUND_PER_S 2.0
#define COST_MAX_GROUPS   4096

struct cost_table; /* the groups and the limits, shared by all sessions */
struct net_policy;

/* hard == 0: nothing is limited. Thread: the main thread. `policy` is borrowed, or NULL.
 * Returns: NULL when there is no memory. */
struct cost_table *cost_table_new(double soft, double hard, const struct net_policy *policy);
void cost_table_free(struct cost_table *t);

/* Other limits from now on; what sessions have cost stays. Thread: any. */
void cost_table_set_limits(struct cost_table *t, double soft, double hard);

/* Of one session. Thread: the session's. */
struct session_cost {
    struct cost_table *table;
    int group; /* index in the table, or -1 */
    double cost;
    int64_t since_us; /* up to when decay is taken into account */
};

void session_cost_begin(struct session_cost *s, struct cost_table *t, const struct net_addr *from);
void session_cost_end(struct session_cost *s);

/* It has cost us so much more. */
void session_cost_add(struct session_cost *s, double cost);

/* Returns: how many milliseconds to rest before the next request, or -1 when there must be none. */
int64_t session_cost_rest_ms(struct session_cost *s);

/* The session's own, now. */
double session_cost_now(struct session_cost *s);

#endif
