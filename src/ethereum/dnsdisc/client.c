#include "ethereum/dnsdisc/client.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "crypto/siphash.h"

#define US_PER_S   INT64_C(1000000)
#define PACE_US    (US_PER_S / 3)
#define ANSWER_US  (5 * US_PER_S)
#define RECHECK_US (30 * 60 * US_PER_S)
#define RETRY_US   (60 * US_PER_S) /* a root that could not be read; entries, at most */

struct tree {
    struct dnsdisc_link link;
    uint64_t seq; /* of the last root; 0: none yet */
    int64_t root_due_us;
    int64_t rest_until_us; /* entries are left alone until then */
    unsigned misses;       /* in a row */
    unsigned n_pending;
    struct dnsdisc_hash pending[DNSDISC_MAX_PENDING];
};

struct dnsdisc {
    struct dnsdisc_ops ops;
    unsigned n_trees, turn;
    struct tree trees[DNSDISC_MAX_TREES];
    struct siphash_key key;
    uint64_t seen[DNSDISC_CACHE]; /* a ring of keyed hashes of what has been read */
    unsigned next_seen;
    /* the question under way */
    uint64_t asked; /* 0: none */
    uint64_t last_number;
    struct tree *asked_of;
    bool asked_root;
    struct dnsdisc_hash asked_hash;
    int64_t deadline_us, next_us;
};

struct dnsdisc *dnsdisc_new(const struct dnsdisc_ops *ops)
{
    struct dnsdisc *c = mem_zalloc(sizeof *c);

    if (!c)
        return NULL;
    c->ops = *ops;
    c->key = siphash_random_key();
    return c;
}

void dnsdisc_free(struct dnsdisc *c)
{
    mem_free(c);
}

static int add_link(struct dnsdisc *c, const struct dnsdisc_link *link)
{
    for (unsigned i = 0; i < c->n_trees; i++)
        if (strcmp(c->trees[i].link.domain, link->domain) == 0)
            return PN_EEXIST;
    if (c->n_trees == DNSDISC_MAX_TREES)
        return PN_ELIMIT;
    c->trees[c->n_trees++] = (struct tree){.link = *link};
    return 0;
}

int dnsdisc_add(struct dnsdisc *c, const char *url)
{
    struct dnsdisc_link link;
    int rc = dnsdisc_link_parse(&link, url);

    return rc == 0 ? add_link(c, &link) : rc;
}

/* --- what has been read --- */

static uint64_t fingerprint(const struct dnsdisc *c, const struct dnsdisc_hash *hash)
{
    uint64_t v = siphash(&c->key, hash->text, strlen(hash->text));

    return v ? v : 1;
}

static bool was_seen(const struct dnsdisc *c, const struct dnsdisc_hash *hash)
{
    uint64_t v = fingerprint(c, hash);

    for (unsigned i = 0; i < DNSDISC_CACHE; i++)
        if (c->seen[i] == v)
            return true;
    return false;
}

static void remember(struct dnsdisc *c, const struct dnsdisc_hash *hash)
{
    c->seen[c->next_seen] = fingerprint(c, hash);
    c->next_seen = (c->next_seen + 1) % DNSDISC_CACHE;
}

/* Beyond DNSDISC_MAX_PENDING the rest of a tree is left out: depth first, only a tree made to be
 * large has so many open branches. */
static void add_pending(const struct dnsdisc *c, struct tree *t, const struct dnsdisc_hash *hash)
{
    if (t->n_pending < DNSDISC_MAX_PENDING && !was_seen(c, hash))
        t->pending[t->n_pending++] = *hash;
}

/* --- answers --- */

static void take_root(struct dnsdisc *c, const char *const *texts, unsigned n, int64_t now_us)
{
    struct tree *t = c->asked_of;
    struct dnsdisc_root root;

    t->root_due_us = now_us + RETRY_US;
    for (unsigned i = 0; i < n; i++) {
        if (dnsdisc_root_parse(&root, texts[i], t->link.pubkey) < 0 || root.seq < t->seq)
            continue;
        t->root_due_us = now_us + RECHECK_US;
        if (root.seq == t->seq && t->seq != 0)
            return;
        t->seq = root.seq;
        t->n_pending = 0;
        add_pending(c, t, &root.nodes);
        add_pending(c, t, &root.links);
        return;
    }
}

/* The text that was asked for has come. One that is none of ours is signed nonsense, and done with.
 */
static void use_entry(struct dnsdisc *c, const char *text)
{
    struct tree *t = c->asked_of;
    struct dnsdisc_entry e;

    remember(c, &c->asked_hash);
    t->misses = 0;
    if (dnsdisc_entry_parse(&e, text) < 0)
        return;
    switch (e.kind) {
    case DNSDISC_BRANCH:
        for (unsigned k = 0; k < e.n_children; k++)
            add_pending(c, t, &e.children[k]);
        break;
    case DNSDISC_LINK:
        add_link(c, &e.link);
        break;
    case DNSDISC_NODE:
        c->ops.found(c->ops.arg, &e.node);
        break;
    }
}

/* It goes to the bottom, below what has not been asked for yet. */
static void miss_entry(struct dnsdisc *c, int64_t now_us)
{
    struct tree *t = c->asked_of;
    int64_t pause_us = US_PER_S << (t->misses < 6 ? t->misses : 6);

    t->misses++;
    t->rest_until_us = now_us + (pause_us < RETRY_US ? pause_us : RETRY_US);
    if (t->n_pending == DNSDISC_MAX_PENDING)
        return;
    memmove(t->pending + 1, t->pending, t->n_pending * sizeof t->pending[0]);
    t->pending[0] = c->asked_hash;
    t->n_pending++;
}

static void take_entry(struct dnsdisc *c, const char *const *texts, unsigned n, int64_t now_us)
{
    for (unsigned i = 0; i < n; i++)
        if (dnsdisc_hash_matches(&c->asked_hash, texts[i])) {
            use_entry(c, texts[i]);
            return;
        }
    miss_entry(c, now_us);
}

void dnsdisc_answer(struct dnsdisc *c, uint64_t number, const char *const *texts, unsigned n,
                    int64_t now_us)
{
    if (number == 0 || number != c->asked)
        return;
    c->asked = 0;
    if (c->asked_root)
        take_root(c, texts, n, now_us);
    else
        take_entry(c, texts, n, now_us);
}

/* --- questions --- */

static void ask(struct dnsdisc *c, struct tree *t, bool root, int64_t now_us)
{
    char name[DNSDISC_NAME_BYTES];

    c->asked = ++c->last_number;
    c->asked_of = t;
    c->asked_root = root;
    c->deadline_us = now_us + ANSWER_US;
    c->next_us = now_us + PACE_US;
    if (root) {
        t->root_due_us = now_us + RETRY_US;
        c->ops.query(c->ops.arg, c->asked, t->link.domain);
        return;
    }
    /* One of the newest few: random among siblings, and depth first. */
    unsigned newest = t->n_pending < DNSDISC_MAX_CHILDREN ? t->n_pending : DNSDISC_MAX_CHILDREN;
    unsigned at = t->n_pending - 1 - (unsigned)random_below(newest);

    c->asked_hash = t->pending[at];
    t->pending[at] = t->pending[--t->n_pending];
    snprintf(name, sizeof name, "%s.%s", c->asked_hash.text, t->link.domain);
    c->ops.query(c->ops.arg, c->asked, name);
}

/* Trees take turns. Returns: whether a question was asked. */
static bool ask_next(struct dnsdisc *c, int64_t now_us)
{
    for (unsigned i = 0; i < c->n_trees; i++) {
        struct tree *t = &c->trees[(c->turn + i) % c->n_trees];
        bool root = now_us >= t->root_due_us;

        if (!root && (t->n_pending == 0 || now_us < t->rest_until_us))
            continue;
        c->turn = (c->turn + i + 1) % c->n_trees;
        ask(c, t, root, now_us);
        return true;
    }
    return false;
}

/* When there is something to ask, while there is nothing now. */
static int64_t next_question(const struct dnsdisc *c)
{
    int64_t at = CLOCK_NEVER;

    for (const struct tree *t = c->trees; t < c->trees + c->n_trees; t++) {
        if (t->root_due_us < at)
            at = t->root_due_us;
        if (t->n_pending > 0 && t->rest_until_us < at)
            at = t->rest_until_us;
    }
    return at;
}

int64_t dnsdisc_tick(struct dnsdisc *c, bool wanted, int64_t now_us)
{
    if (c->asked != 0 && now_us >= c->deadline_us)
        dnsdisc_answer(c, c->asked, NULL, 0, now_us);
    if (c->asked != 0)
        return c->deadline_us;
    if (!wanted || c->n_trees == 0)
        return CLOCK_NEVER;
    if (now_us < c->next_us)
        return c->next_us;
    return ask_next(c, now_us) ? c->deadline_us : next_question(c);
}
