#include "dial/gate.h"

#include "base/clock.h"
#include "base/err.h"
#include "log/log.h"
#include "net/group.h"

enum { DISCOURAGED_MAX = DISCOURAGE_LIMIT };

int gate_init(struct gate *g, const struct subnet_list *permitted, const struct subnet_list *exempt,
              const struct net_policy *policy, struct journal *journal, int64_t ban_s)
{
    *g = (struct gate){
        .permitted = permitted,
        .exempt = exempt,
        .bans = banlist_new(BANLIST_CAPACITY),
        .discouraged = discourage_new(DISCOURAGED_MAX),
        .journal = journal,
        .policy = policy,
        .ban_s = ban_s,
    };
    if (g->bans && g->discouraged)
        return 0;
    gate_free(g);
    return PN_ENOMEM;
}

void gate_free(struct gate *g)
{
    banlist_free(g->bans);
    discourage_free(g->discouraged);
    g->bans = NULL;
    g->discouraged = NULL;
}

bool gate_is_exempt(const struct gate *g, const struct net_addr *addr)
{
    return subnet_list_contains(g->exempt, addr);
}

bool gate_is_discouraged(struct gate *g, const struct net_addr *addr)
{
    return discourage_has(g->discouraged, addr);
}

int gate_admit(struct gate *g, const struct net_addr *from, bool nearly_full)
{
    if (!subnet_list_permits(g->permitted, from))
        return PN_EFILTERED;
    if (gate_is_exempt(g, from))
        return 0;
    if (banlist_find(g->bans, NULL, from))
        return PN_EBANNED;
    return nearly_full && gate_is_discouraged(g, from) ? PN_EDISCOURAGED : 0;
}

int gate_permit_dial(struct gate *g, const struct net_addr *to)
{
    if (!subnet_list_permits(g->permitted, to))
        return PN_EFILTERED;
    if (banlist_find(g->bans, NULL, to))
        return PN_EBANNED;
    return gate_is_discouraged(g, to) ? PN_EDISCOURAGED : 0;
}

static void note(struct gate *g, enum journal_event event, const struct net_addr *addr,
                 const char *network, int reason)
{
    char text[NET_ADDR_TEXT_BYTES];
    const struct journal_note n = {
        .event = event,
        .kind = JOURNAL_ADDRESS,
        .subject = net_addr_format(text, addr),
        .network = network,
        .reason = pn_errname(reason),
    };

    journal_add(g->journal, &n);
    log_info("dial", "%s %s: %s", text, event == JOURNAL_BANNED ? "banned" : "discouraged",
             pn_strerror(reason));
}

void gate_punish(struct gate *g, const struct net_addr *addr, const char *network, int reason,
                 bool banned)
{
    struct subnet host = ban_host(addr);

    if (gate_is_exempt(g, addr) || net_addr_is_local(addr))
        return;
    if (banned && banlist_add(g->bans, &host, clock_wall_s() + g->ban_s, pn_errname(reason)) == 0)
        note(g, JOURNAL_BANNED, addr, network, reason);
    if (discourage_add(g->discouraged, addr))
        note(g, JOURNAL_DISCOURAGED, addr, network, reason);
}

bool gate_is_fault(int reason)
{
    switch (reason) {
    case PN_ETRUNCATED:
    case PN_ETRAILING:
    case PN_ENONCANONICAL:
    case PN_ETOOLARGE:
    case PN_ECOUNT:
    case PN_ECHECKSUM:
    case PN_ECOMMAND:
    case PN_EFORMAT:
    case PN_EPOW:
    case PN_EBITS:
    case PN_ETIMEOLD:
    case PN_ETIMEWARP:
    case PN_EBADVERSION:
    case PN_ECHECKPOINT:
    case PN_EORPHAN:
    case PN_EMERKLE:
    case PN_EMUTATED:
    case PN_EWITNESS:
    case PN_EWEIGHT:
    case PN_ESCORE:
        return true;
    default:
        return false;
    }
}
