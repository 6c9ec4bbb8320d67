/* Electrum servers as the options name them. */
#ifndef APP_NODE_ELECTRUM_HOSTS_H
#define APP_NODE_ELECTRUM_HOSTS_H

#include "electrum/electrum.h"

/* A comma-separated list of host:port:t (TCP) and host:port:s (TLS), which may be NULL: at most
 * `max` hosts. `option` is whose value it is, for the log. Returns: 0 and *n; PN_EFORMAT,
 * PN_ELIMIT, which have been logged. */
int node_electrum_hosts(struct electrum_host *list, unsigned *n, unsigned max, const char *text,
                        const char *option);

#endif
