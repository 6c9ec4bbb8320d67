/* Names to addresses and texts by DNS, asynchronously on the event loop (c-ares).
 *
 * No packet leaves and no file is read until a lookup is asked for, and when the last one is done
 * everything is closed again, so that a changed /etc/resolv.conf is noticed. An answer that does
 * not fit into one datagram is fetched over TCP.
 *
 * An operator who uses a proxy does not want this: see proxy_lookup_route in net/proxy.h. */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stddef.h>

#include "net/target.h"

#define RESOLVER_MAX_LOOKUPS   64 /* under way */
#define RESOLVER_MAX_ADDRESSES 64 /* in one answer, of each kind */
#define RESOLVER_MAX_TEXTS     16 /* in one answer */

struct event_base;
struct resolver;

struct resolver_config {
    struct net_addr nameserver; /* NET_NONE: those of resolv_conf */
    const char *resolv_conf;    /* outlives the resolver; NULL: /etc/resolv.conf */
    int64_t timeout_ms;         /* of the first question to a server; each round doubles it */
    unsigned attempts;          /* rounds of questions to all servers until a lookup is given up */
};

/* A lookup is done. rc: 0 and at least one address, each with the target's port; PN_EDNS_NONAME;
 * PN_ETIMEDOUT; PN_EDNS_FAILED, also when the servers kept failing (SERVFAIL, REFUSED); PN_ENOMEM;
 * PN_EQUIT by resolver_free. `addrs` lives as long as the call. Thread: the loop's; never blocks.
 * May ask for the next lookup. */
typedef void resolve_done(void *arg, int rc, const struct net_addr *addrs, size_t count);

/* The same for texts: of each TXT record its strings in one piece (RFC 7208 section 3.3), zero-
 * terminated. Records with a zero byte in them are left out. */
typedef void resolve_texts_done(void *arg, int rc, const char *const *texts, size_t count);

/* Thread: the main thread; evthread_use_pthreads() has been called before the base was made.
 * `config` is copied. Owns: the caller frees with resolver_free. Returns: NULL without memory. */
struct resolver *resolver_new(struct event_base *base, const struct resolver_config *config);

/* Ask for the IPv4 and the IPv6 addresses of a name (TARGET_NAME); `done` is called once, later.
 * What /etc/hosts has is not asked for, nor is localhost, which is loopback even without the file
 * (RFC 6761); search domains are not looked at. Thread: any; never blocks.
 * Returns: 0; PN_EINVAL for any other kind of target: neither numbers nor names of Tor and I2P
 * belong into the DNS (RFC 7686); PN_ELIMIT with too many under way; PN_ENOMEM. */
int resolver_lookup(struct resolver *r, const struct net_target *name, resolve_done *done,
                    void *arg);

/* Ask for the TXT records of a name. Everything else as above. */
int resolver_lookup_texts(struct resolver *r, const struct net_target *name,
                          resolve_texts_done *done, void *arg);

/* End it; what is under way is done with PN_EQUIT, now. Thread: the main thread, when the loop will
 * not run again and nobody asks any more. Accepts NULL. */
void resolver_free(struct resolver *r);

#endif
