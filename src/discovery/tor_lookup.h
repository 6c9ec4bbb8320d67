/* Names to addresses by asking Tor (SOCKS5 command RESOLVE, 0xF0), asynchronously on the event
 * loop: what net/resolve.h is for the DNS. Nobody but Tor learns the name, and Tor tells one
 * address of it. */
#ifndef DISCOVERY_TOR_LOOKUP_H
#define DISCOVERY_TOR_LOOKUP_H

#include "net/proxy.h"
#include "net/resolve.h"

#define TOR_LOOKUP_MAX 16 /* under way */

struct event_base;
struct tor_lookup;

/* `config` is copied; proxy_lookup_route leads to Tor with it. Thread: the main thread, before the
 * loop runs. Owns: the caller frees with tor_lookup_free. Returns: NULL without memory. */
struct tor_lookup *tor_lookup_new(struct event_base *base, const struct proxy_config *config);

/* Look a name up; `done` is called once, later, on the loop's thread: with one address and the
 * target's port, or PN_ETIMEDOUT, or what dial_path_step says; PN_EQUIT by tor_lookup_free. Thread:
 * any; never blocks. Returns: 0; PN_EINVAL unless it is a TARGET_NAME; PN_ELIMIT with too many
 * under way; PN_ENOMEM.
 */
int tor_lookup_begin(struct tor_lookup *t, const struct net_target *name, resolve_done *done,
                     void *arg);

/* End it; what is under way is done with PN_EQUIT, now. Thread: the main thread, when the loop will
 * not run again and nobody asks any more. Accepts NULL. */
void tor_lookup_free(struct tor_lookup *t);

#endif
