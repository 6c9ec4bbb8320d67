/* c-ares on the event loop: a channel to name servers whose sockets and timeouts are libevent's.
 * Used by resolve.c. Thread: the loop's, all of it. */
#ifndef NET_DNS_CHANNEL_H
#define NET_DNS_CHANNEL_H

#include <ares.h>

#include "net/resolve.h"

struct dns_channel;

/* Read the servers from the configuration; no packet leaves. Owns: the caller closes.
 * Returns: 0, PN_ENOMEM, PN_EDNS_FAILED. */
int dns_channel_open(struct dns_channel **out, struct event_base *base,
                     const struct resolver_config *config);

/* What is under way is answered with ARES_EDESTRUCTION, now. Not from within an answer. Accepts
 * NULL. */
void dns_channel_close(struct dns_channel *c);

/* What this machine itself says of a name: its addresses in /etc/hosts; and for localhost and what
 * lies below it loopback, which is no matter for the DNS (RFC 6761 section 6.3).
 * Returns: how many, at most `max`, which is at least 2; 0: the DNS may know. */
size_t dns_channel_local(struct dns_channel *c, const struct net_target *name,
                         struct net_addr *addrs, size_t max);

/* Ask one question of class IN; `answer` is called once, later or at once. Search domains are left
 * aside. */
void dns_channel_ask(struct dns_channel *c, const char *name, int type, ares_callback answer,
                     void *arg);

#endif
