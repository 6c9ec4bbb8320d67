/* One outgoing connection from its target to a descriptor on which the stream begins, whichever way
 * leads there: a plain connect, a SOCKS5 proxy, Tor, an I2P router. It never waits; the dialer
 * polls for many at once:
 *
 *     dial_path_start(&p, paths, &target);
 *     loop: poll dial_path_fd(p) for dial_path_events(p) until the deadline
 *           rc = dial_path_step(p, revents);
 *           PN_EAGAIN: go on; 0: fd = dial_path_take(p); else: the reason of the failure
 *     dial_path_free(p);
 *
 * Several paths may ask to poll the same descriptor: all that wait for the I2P session do. After
 * one poll each of them is to be stepped with its own revents, in any order. */
#ifndef NET_DIAL_PATH_H
#define NET_DIAL_PATH_H

#include "net/proxy.h"

/* How long a dial may take before it is given up, by Bitcoin Core: 20 s for a SOCKS5 reply
 * (netbase.cpp), a minute for an I2P router's (i2p.cpp). A plain connect has an option. */
#define DIAL_PATH_SOCKS5_TIMEOUT_MS 20000
#define DIAL_PATH_SAM_TIMEOUT_MS    60000

struct dial_path;
struct dial_paths; /* what the paths of one dialer share: the configuration and the I2P session */

/* `config` is copied; `sam_options` is appended to SESSION CREATE, and is "" as a rule.
 * Thread: the main thread. Owns: the caller frees with dial_paths_free, after all of its paths.
 * Returns: NULL when there is no memory. */
struct dial_paths *dial_paths_new(const struct proxy_config *config, const char *sam_options);

/* Ends the I2P session, and with it the streams in it. Accepts NULL. */
void dial_paths_free(struct dial_paths *all);

const struct proxy_config *dial_paths_config(const struct dial_paths *all);

/* Begin to connect to a target. A name that no proxy takes must be looked up first.
 * Thread: the dialer's, as for all that follow. Owns: the caller frees *out with dial_path_free.
 * Returns: 0; PN_ENOROUTE, PN_EINVAL (proxy_route); PN_EPROXY_DOWN; PN_ENOMEM, PN_ELIMIT; for a
 * plain connect what sock_connect_start says. *out is NULL after a failure. */
int dial_path_start(struct dial_path **out, struct dial_paths *all, const struct net_target *to);

/* Begin to have Tor look a name up (SOCKS5_RESOLVE); dial_path_answer has the address when it is
 * done, and there is nothing to take. Returns: as above; PN_ENOROUTE when proxy_lookup_route does
 * not lead to Tor. */
int dial_path_start_lookup(struct dial_path **out, struct dial_paths *all,
                           const struct net_target *name);

/* What to poll. The descriptor can change with every step. */
int dial_path_fd(const struct dial_path *p);
short dial_path_events(const struct dial_path *p);

/* Go on; `revents` is what poll(2) said, 0 for nothing. Returns: 0 done; PN_EAGAIN under way; else
 * why it failed: PN_EPROXY_*, PN_EONION_*, PN_ESAM_*, or for a plain connect the kernel's reason.
 */
int dial_path_step(struct dial_path *p, short revents);

/* The connected descriptor, non-blocking; the next byte read from it is the stream's first.
 * Owns: the caller, from now on. Once, after dial_path_step returned 0. */
int dial_path_take(struct dial_path *p);

/* What Tor answered: an address of kind NET_IPV4 or NET_IPV6, port 0. */
const struct net_addr *dial_path_answer(const struct dial_path *p);

/* Which way it goes; for logs, metrics and the timeout. */
enum proxy_way dial_path_way(const struct dial_path *p);

/* Closes what was not taken. Accepts NULL. */
void dial_path_free(struct dial_path *p);

#endif
