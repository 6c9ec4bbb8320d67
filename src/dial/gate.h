/* Who may come in and whom we may dial: permitted networks, bans, discouragement and the ranges
 * that are exempt from both. One object for a node; it also remembers why in the journal.
 *
 * Thread: any, save new and free. */
#ifndef DIAL_GATE_H
#define DIAL_GATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/mutex.h"
#include "dial/banlist.h"
#include "dial/discourage.h"
#include "journal/journal.h"
#include "net/group.h"
#include "net/subnet.h"

struct gate {
    const struct subnet_list *permitted; /* empty: everything */
    struct mutex mu;
    struct subnet_list exempt GUARDED_BY(mu); /* never banned, discouraged or evicted */
    struct banlist *bans;
    struct discourage *discouraged;
    struct journal *journal;         /* or NULL */
    const struct net_policy *policy; /* or NULL */
    atomic_int_fast64_t ban_s;       /* how long a ban for a score lasts */
    atomic_bool paused;              /* no connection is taken or made */
};

/* Make the lists. `exempt` is copied, `permitted`, the policy and the journal are borrowed.
 * Returns: 0 or PN_ENOMEM. */
int gate_init(struct gate *g, const struct subnet_list *permitted, const struct subnet_list *exempt,
              const struct net_policy *policy, struct journal *journal, int64_t ban_s);
void gate_free(struct gate *g);

/* Change what the operator may change while the node runs. Bans that are there keep their end.
 * Thread: any. */
void gate_set_exempt(struct gate *g, const struct subnet_list *exempt);
void gate_set_ban_s(struct gate *g, int64_t ban_s);

/* Take and make no connections from now on, whoever is exempt, or do so again. Those that are there
 * are the caller's to end. */
void gate_pause(struct gate *g, bool paused);
bool gate_is_paused(const struct gate *g);

/* Whether a connection from the address may be taken. A discouraged address may, while the inbound
 * places are not nearly taken (Core, CConnman::CreateNodeFromAcceptedSocket).
 * Returns: 0, PN_EPAUSED, PN_EFILTERED, PN_EBANNED, PN_EDISCOURAGED. */
int gate_admit(struct gate *g, const struct net_addr *from, bool nearly_full);

/* Whether the address may be dialled on our own initiative. Returns: as above. */
int gate_permit_dial(struct gate *g, const struct net_addr *to);

/* Whether the address may be passed on and kept in the book: neither banned nor discouraged. Which
 * networks we ourselves may dial does not matter to others. Returns: 0, PN_EBANNED,
 * PN_EDISCOURAGED. */
int gate_permit_gossip(struct gate *g, const struct net_addr *addr);

/* The peer has broken a rule, for this reason: it is discouraged. `banned` as well when its score
 * has reached the threshold. Nothing happens to one who is exempt, nor to a local address, from
 * which proxied peers come. */
void gate_punish(struct gate *g, const struct net_addr *addr, const char *network, int reason,
                 bool banned);

/* The operator's own bans, noted as such; as banlist_add, banlist_remove and banlist_clear. Thread:
 * any. */
int gate_ban(struct gate *g, const struct subnet *net, int64_t until_s);
int gate_unban(struct gate *g, const struct subnet *net);
void gate_unban_all(struct gate *g);

/* Note the bans that have run out, and forget them. Thread: any; the loop does so once a minute. */
void gate_sweep(struct gate *g);

/* Note something about an address in the journal. `reason` is one of few, static (pn_errname);
 * `detail` is for people. Either may be NULL. */
void gate_note(const struct gate *g, enum journal_event event, const struct net_addr *addr,
               const char *network, const char *reason, const char *detail);

bool gate_is_exempt(struct gate *g, const struct net_addr *addr);
bool gate_is_discouraged(struct gate *g, const struct net_addr *addr);

/* Whether a disconnection with this reason is a fault that discourages. */
bool gate_is_fault(int reason);

#endif
