/* Reading node lists from DNS, EIP-1459, as a pure state machine: it asks for the text of a name
 * through a callback and is told the answer later.
 *
 * A tree is walked from its signed root, one question at a time, at most three a second, in random
 * order. What has been read once is remembered by its hash and not asked for again, so that of a
 * new version of a tree only the changed parts are. An entry that does not come is asked for again
 * when the others have been, after pauses that grow to a minute. The root is looked at again every
 * 30 minutes; an older number than the last is refused. Links lead to further trees, up to
 * DNSDISC_MAX_TREES. Nothing is asked while nodes are not wanted.
 *
 * Source: go-ethereum p2p/dnsdisc. Thread: the owner's alone. */
#ifndef ETHEREUM_DNSDISC_CLIENT_H
#define ETHEREUM_DNSDISC_CLIENT_H

#include "ethereum/dnsdisc/entry.h"

#define DNSDISC_MAX_TREES   8
#define DNSDISC_MAX_PENDING 256  /* entries of one tree still to be read */
#define DNSDISC_CACHE       1000 /* entries remembered, of all trees */
#define DNSDISC_NAME_BYTES  (DNSDISC_HASH_CHARS + 1 + DNSDISC_DOMAIN_BYTES)

struct dnsdisc;

struct dnsdisc_ops {
    /* Ask for the TXT records of a name; the answer is given to dnsdisc_answer with this number. */
    void (*query)(void *arg, uint64_t number, const char *name);
    /* A node of a tree. */
    void (*found)(void *arg, const struct enr *node);
    void *arg;
};

/* Owns: the caller frees. Returns: NULL when there is no memory. */
struct dnsdisc *dnsdisc_new(const struct dnsdisc_ops *ops);
/* Accepts NULL. */
void dnsdisc_free(struct dnsdisc *c);

/* Read a tree, "enrtree://KEY@DOMAIN". Returns: 0, PN_EFORMAT, PN_ELIMIT, PN_EEXIST. */
int dnsdisc_add(struct dnsdisc *c, const char *url);

/* The texts of the answer, each zero-terminated; none when there is no answer. Numbers that are not
 * awaited are ignored. */
void dnsdisc_answer(struct dnsdisc *c, uint64_t number, const char *const *texts, unsigned n,
                    int64_t now_us);

/* Ask the next question, if it is time and nodes are wanted. Returns: when to call again;
 * CLOCK_NEVER when nothing is to be done until something changes. */
int64_t dnsdisc_tick(struct dnsdisc *c, bool wanted, int64_t now_us);

#endif
