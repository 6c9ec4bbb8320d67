#include "dial/intake.h"

#include <unistd.h>

#include "base/err.h"
#include "log/log.h"
#include "metrics/metrics.h"

static struct metric_family refused = {
    .name = "p2pnode_connections_refused_total",
    .help = "Inbound connections closed at once, by network and reason.",
    .type = METRIC_COUNTER,
    .labels = {"network", "reason"},
};

static void count_refusal(const struct listener_config *config, const struct net_addr *from,
                          int reason)
{
    char text[NET_ADDR_TEXT_BYTES];

    metric_add(metric_get(&refused, config->network, pn_errname(reason), NULL), 1);
    gate_note(config->gate, JOURNAL_REFUSED, from, config->network, pn_errname(reason), NULL);
    log_debug("dial", "%s refused: %s", net_addr_format(text, from), pn_strerror(reason));
}

/* Returns: 0 when the connection was handed over; the descriptor is closed in every other case. */
static int hand_over(const struct listener_config *config, int fd, const struct net_addr *from,
                     bool has_slot)
{
    struct conn *c = conn_from_fd(fd);
    int rc;

    if (!c) {
        close(fd);
        return PN_ENOMEM;
    }
    rc = config->accepted(config->arg, c, from, has_slot);
    if (rc < 0)
        conn_close(c);
    return rc;
}

void intake_take(const struct listener_config *config, int fd, const struct net_addr *from)
{
    int rc = gate_admit(config->gate, from, slots_nearly_taken(config->slots));
    bool has_slot;

    if (rc < 0) {
        close(fd);
        count_refusal(config, from, rc);
        return;
    }
    has_slot = slots_take_inbound(config->slots);
    rc = hand_over(config, fd, from, has_slot);
    if (rc == 0)
        return;
    if (has_slot)
        slots_give_inbound(config->slots);
    count_refusal(config, from, rc);
}
