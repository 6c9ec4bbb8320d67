/* Whose headers are followed: a decision between peers, without I/O and with the time given.
 *
 * Every peer that claims more headers than we have is a candidate, and nobody is the one sync peer.
 * One is followed, because all have the same headers; another is followed beside it
 *   - when the first was not chosen by us (inbound) and one that was comes along;
 *   - each time two minutes have passed without a header of enough work, up to four.
 * A peer that says nothing for 20 seconds while it is followed is put to rest, and the next one is
 * chosen; that is decided by the clock, whatever else comes or does not come in. */
#ifndef BITCOIN_HEADER_LEADS_H
#define BITCOIN_HEADER_LEADS_H

#include <stdbool.h>
#include <stdint.h>

#define HEADER_LEADS_MAX      4
#define HEADER_LEAD_SILENT_US (INT64_C(20) * 1000000)
#define HEADER_LEAD_EXTRA_US  (INT64_C(120) * 1000000)
#define HEADER_LEAD_REST_US                                               \
    (INT64_C(60) * 1000000) /* doubles with every silence, up to 32 times \
                             */

/* One peer; a member of what stands for it elsewhere. */
struct header_lead {
    bool inbound;
    bool asked;     /* at least once since it is here */
    bool following; /* its headers are being followed */
    int64_t claims; /* the height that it claims or has shown */
    int64_t heard_us;
    int64_t rest_until_us;
    unsigned silences;
};

struct header_leads {
    struct header_lead **peers; /* room for max */
    unsigned n, max;
    unsigned n_following, n_outbound; /* of those followed: all, and those that we dialled */
    int64_t proven_us;                /* when headers of enough work last came, or a sync began */
};

/* Returns: 0 or PN_ENOMEM. */
int header_leads_init(struct header_leads *l, unsigned max);
void header_leads_free(struct header_leads *l);

/* A peer comes, at most `max` of them, or goes. */
void header_leads_add(struct header_leads *l, struct header_lead *p, bool inbound, int64_t claims);
void header_leads_remove(struct header_leads *l, struct header_lead *p);

/* Whom to follow now besides those that are followed, given the height that we have. Call until it
 * is NULL. Returns: the peer, from now on followed. */
struct header_lead *header_leads_choose(struct header_leads *l, int64_t height, int64_t now_us);

/* Follow this one, which has just shown that it has more. */
void header_leads_follow(struct header_leads *l, struct header_lead *p, int64_t now_us);

/* Follow it no longer. Accepts one that is not followed. */
void header_leads_end(struct header_leads *l, struct header_lead *p);

/* A followed peer has sent something of use; headers of enough work have come from anybody. */
void header_leads_heard(struct header_lead *p, int64_t now_us);
void header_leads_proven(struct header_leads *l, int64_t now_us);

/* Put to rest who has been silent for too long. Call until it is NULL. Returns: the peer, which is
 * not followed any more. */
struct header_lead *header_leads_silent(struct header_leads *l, int64_t now_us);

/* Whether a peer has not been caught in silence and claims more than we have. */
bool header_lead_has_more(const struct header_lead *p, int64_t height);

#endif
