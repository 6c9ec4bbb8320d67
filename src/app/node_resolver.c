#include "app/node_resolver.h"

#include "app/node_parts.h"
#include "base/err.h"
#include "net/resolve.h"

enum { QUESTION_TIMEOUT_MS = 2000, ROUNDS = 3 }; /* 2, 4 and 8 s: about as resolv.conf(5) waits */

int node_resolver_new(struct resolver **out, const struct node *n)
{
    struct resolver_config config = {.timeout_ms = QUESTION_TIMEOUT_MS, .attempts = ROUNDS};
    int rc = 0;

    if (n->options->dns_server)
        rc = net_addr_parse(&config.nameserver, n->options->dns_server, 0);
    if (rc < 0)
        return rc;
    *out = resolver_new(loop_base(n->loop), &config);
    return *out ? 0 : PN_ENOMEM;
}
