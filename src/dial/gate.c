#include "dial/gate.h"

#include <inttypes.h>
#include <stdio.h>

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
        .bans = banlist_new(BANLIST_CAPACITY),
        .discouraged = discourage_new(DISCOURAGED_MAX),
        .journal = journal,
        .policy = policy,
    };
    mutex_init(&g->mu);
    gate_set_exempt(g, exempt);
    gate_set_ban_s(g, ban_s);
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

void gate_set_exempt(struct gate *g, const struct subnet_list *exempt)
{
    mutex_lock(&g->mu);
    g->exempt = *exempt;
    mutex_unlock(&g->mu);
}

void gate_set_ban_s(struct gate *g, int64_t ban_s)
{
    atomic_store(&g->ban_s, ban_s);
}

bool gate_is_exempt(struct gate *g, const struct net_addr *addr)
{
    bool is;

    mutex_lock(&g->mu);
    is = subnet_list_contains(&g->exempt, addr);
    mutex_unlock(&g->mu);
    return is;
}

bool gate_is_discouraged(struct gate *g, const struct net_addr *addr)
{
    return discourage_has(g->discouraged, addr);
}

void gate_pause(struct gate *g, bool paused)
{
    atomic_store(&g->paused, paused);
}

bool gate_is_paused(const struct gate *g)
{
    return atomic_load(&g->paused);
}

int gate_admit(struct gate *g, const struct net_addr *from, bool nearly_full)
{
    if (gate_is_paused(g))
        return PN_EPAUSED;
    if (!subnet_list_permits(g->permitted, from))
        return PN_EFILTERED;
    if (gate_is_exempt(g, from))
        return 0;
    if (banlist_find(g->bans, NULL, from))
        return PN_EBANNED;
    return nearly_full && gate_is_discouraged(g, from) ? PN_EDISCOURAGED : 0;
}

int gate_permit_gossip(struct gate *g, const struct net_addr *addr)
{
    if (banlist_find(g->bans, NULL, addr))
        return PN_EBANNED;
    return gate_is_discouraged(g, addr) ? PN_EDISCOURAGED : 0;
}

int gate_permit_dial(struct gate *g, const struct net_addr *to)
{
    if (gate_is_paused(g))
        return PN_EPAUSED;
    return subnet_list_permits(g->permitted, to) ? gate_permit_gossip(g, to) : PN_EFILTERED;
}

void gate_note(const struct gate *g, enum journal_event event, const struct net_addr *addr,
               const char *network, const char *reason, const char *detail)
{
    char text[NET_ADDR_TEXT_BYTES];
    const struct journal_note n = {
        .event = event,
        .kind = JOURNAL_ADDRESS,
        .subject = net_addr_format(text, addr),
        .network = network,
        .reason = reason,
        .detail = detail,
    };

    if (g->journal)
        journal_add(g->journal, &n);
}

static void note_subnet(const struct gate *g, enum journal_event event, const struct subnet *net)
{
    char text[BAN_TEXT_BYTES];
    const struct journal_note n = {
        .event = event,
        .kind = JOURNAL_ADDRESS,
        .subject = ban_format(text, net),
        .reason = pn_errname(PN_EOPERATOR),
    };

    if (g->journal)
        journal_add(g->journal, &n);
}

int gate_ban(struct gate *g, const struct subnet *net, int64_t until_s)
{
    int rc = banlist_add_manual(g->bans, net, until_s, pn_errname(PN_EOPERATOR));

    if (rc == 0)
        note_subnet(g, JOURNAL_BANNED, net);
    return rc;
}

int gate_unban(struct gate *g, const struct subnet *net)
{
    int rc = banlist_remove(g->bans, net);

    if (rc == 0)
        note_subnet(g, JOURNAL_UNBANNED, net);
    return rc;
}

void gate_unban_all(struct gate *g)
{
    const struct journal_note n = {
        .event = JOURNAL_UNBANNED,
        .kind = JOURNAL_NETWORK,
        .subject = "all",
        .reason = pn_errname(PN_EOPERATOR),
    };

    banlist_clear(g->bans);
    if (g->journal)
        journal_add(g->journal, &n);
}

/* A ban is over before anybody lifted it. Whose it was, no network knows: a ban is everybody's. */
static void note_end(const struct gate *g, const struct ban *ban, const char *reason)
{
    char text[BAN_TEXT_BYTES], detail[JOURNAL_DETAIL_BYTES];
    const struct journal_note n = {
        .event = JOURNAL_UNBANNED,
        .kind = JOURNAL_ADDRESS,
        .subject = ban_format(text, &ban->net),
        .reason = reason,
        .detail = detail,
    };

    snprintf(detail, sizeof detail, "was banned at %" PRId64 ": %s", ban->created_s, ban->reason);
    if (g->journal)
        journal_add(g->journal, &n);
}

/* Returns: whether it is banned now and was not before. */
static bool ban(struct gate *g, const struct net_addr *addr, int reason)
{
    const char *name = pn_errname(reason);
    struct ban entry = {.net = ban_host(addr), .created_s = clock_wall_s()}, displaced;

    entry.until_s = entry.created_s + atomic_load(&g->ban_s);
    snprintf(entry.reason, sizeof entry.reason, "%s", name);
    if (banlist_enter(g->bans, &displaced, &entry) < 0)
        return false;
    if (displaced.until_s)
        note_end(g, &displaced, pn_errname(PN_ELIMIT));
    return true;
}

void gate_punish(struct gate *g, const struct net_addr *addr, const char *network, int reason,
                 bool banned)
{
    char text[NET_ADDR_TEXT_BYTES];

    if (gate_is_exempt(g, addr) || net_addr_is_local(addr))
        return;
    if (banned && ban(g, addr, reason)) {
        gate_note(g, JOURNAL_BANNED, addr, network, pn_errname(reason), NULL);
        log_info("dial", "%s banned: %s", net_addr_format(text, addr), pn_strerror(reason));
    }
    if (discourage_add(g->discouraged, addr)) {
        gate_note(g, JOURNAL_DISCOURAGED, addr, network, pn_errname(reason), NULL);
        log_info("dial", "%s discouraged: %s", net_addr_format(text, addr), pn_strerror(reason));
    }
}

void gate_sweep(struct gate *g)
{
    enum { SOME = 16 };
    struct ban ended[SOME];
    size_t n;

    do {
        n = banlist_sweep(g->bans, ended, SOME);
        for (size_t i = 0; i < n; i++)
            note_end(g, &ended[i], pn_errname(PN_EEXPIRED));
    } while (n == SOME);
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
    case PN_EOTHERCHAIN:
    case PN_EORPHAN:
    case PN_EMERKLE:
    case PN_EMUTATED:
    case PN_EWITNESS:
    case PN_EWEIGHT:
    case PN_ECOINBASE:
    case PN_EHEIGHT:
    case PN_ENOTFINAL:
    case PN_EFILTER:
    case PN_ESCORE:
        return true;
    default:
        return false;
    }
}
