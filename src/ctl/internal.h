#ifndef CTL_INTERNAL_H
#define CTL_INTERNAL_H

#include "ctl/client.h"
#include "rpc/json.h"

/* Call a method and wait; arguments are JSON where they read as such, and texts otherwise, as with
 * bitcoin-cli. What goes wrong is said on standard error.
 * Owns: the caller frees *result. Returns: an exit status. */
int ctl_call(cJSON **result, const struct ctl_client *c, const char *method, int argc,
             const char *const *argv);

/* --- tables.c: results for people --- */

/* getpeerinfo, a line a peer, in the columns of bitcoin-cli -netinfo. */
void ctl_print_peers(const cJSON *peers);

/* Totals by network and direction, from getpeerinfo and getnetworkinfo. */
void ctl_print_netinfo(const cJSON *network, const cJSON *peers);

/* explain without a subject. */
void ctl_print_funnel(const cJSON *why);

#endif
