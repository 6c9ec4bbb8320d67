#include "app/node_enodes.h"

#include <string.h>

#include "app/options.h"
#include "base/err.h"
#include "ethereum/p2p/p2p.h"
#include "log/log.h"

int node_enodes_parse(struct eth_node out[NODE_ENODES_MAX], unsigned *n, const char *list)
{
    char one[ENODE_TEXT_BYTES];
    int rc = 0;

    *n = 0;
    while (list && *list && rc == 0) {
        size_t len = strcspn(list, ",");

        if (*n == NODE_ENODES_MAX || len >= sizeof one) {
            rc = PN_ELIMIT;
        } else {
            memcpy(one, list, len);
            one[len] = '\0';
            rc = enode_parse(&out[(*n)++], one);
        }
        if (rc < 0)
            log_error("app", "%.160s: %s", list, pn_strerror(rc));
        list += len + (list[len] == ',');
    }
    return rc;
}

static unsigned count_items(const char *list)
{
    unsigned n = list && *list;

    for (; list && *list; list++)
        n += *list == ',';
    return n;
}

unsigned node_enodes_named(const struct options *o)
{
    return count_items(o->eth_static) + count_items(o->eth_trusted);
}

unsigned node_eth_seats(const struct options *o)
{
    return o->ethereum ? p2p_seats((unsigned)o->eth_maxpeers, node_enodes_named(o)) : 0;
}
