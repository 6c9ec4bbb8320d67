#ifndef CTL_INTERNAL_H
#define CTL_INTERNAL_H

#include "ctl/client.h"
#include "rpc/json.h"

/* Fill in the credential anew: a node that was restarted has another cookie. Returns: an exit
 * status; what is wrong is said unless the client is quiet. */
int ctl_reach(struct ctl_client *c);

/* Call a method and wait; arguments are JSON where they read as such, and texts otherwise, as with
 * bitcoin-cli. What goes wrong is said on standard error, unless the client is quiet.
 * Owns: the caller frees *result. Returns: an exit status. */
int ctl_call(cJSON **result, const struct ctl_client *c, const char *method, int argc,
             const char *const *argv);

/* --- top.c --- */

/* The live view of `p2pnode ctl top [SECONDS]`. Returns: an exit status. */
int ctl_run_top(const struct ctl_client *c, int argc, const char *const *argv);

/* --- tables.c: results for people --- */

/* getpeerinfo, a line a peer, in the columns of bitcoin-cli -netinfo. */
void ctl_print_peers(const cJSON *peers);

/* Totals by network and direction, from getpeerinfo and getnetworkinfo. */
void ctl_print_netinfo(const cJSON *network, const cJSON *peers);

/* explain without a subject. */
void ctl_print_funnel(const cJSON *why);

#endif
