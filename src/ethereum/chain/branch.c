/* Which branch is the best, and how far its blocks are there. */
#include <string.h>

#include "base/err.h"
#include "ethereum/chain/internal.h"

static void head_set(struct eth_head *head, const struct eth_header *h, eth_u128 td)
{
    head->number = h->number;
    head->time = h->time;
    head->total_difficulty = td;
    memcpy(head->hash, h->hash, ETH_HASH_BYTES);
}

static int head_from(struct eth_chain *c, struct eth_head *head, const uint8_t hash[ETH_HASH_BYTES])
{
    struct eth_header h;
    struct bytes rlp;
    eth_u128 td;
    int rc = eth_chain_header(c, &rlp, &td, hash);

    if (rc == 0)
        rc = eth_header_decode(&h, rlp);
    if (rc == 0)
        head_set(head, &h, td);
    return rc;
}

static int head_load(struct eth_chain *c, struct eth_head *head, const char *name)
{
    uint8_t hash[ETH_HASH_BYTES];
    struct db_value value;
    int rc = row_get(c, &value, TABLE_META, name, strlen(name));

    if (rc < 0)
        return rc;
    if (value.len != sizeof hash)
        return PN_EFORMAT;
    memcpy(hash, value.data, sizeof hash);
    return head_from(c, head, hash);
}

int branch_load(struct eth_chain *c)
{
    int rc = head_load(c, &c->headers, "headers");

    return rc < 0 ? rc : head_load(c, &c->blocks, "blocks");
}

static int head_store(struct eth_chain *c, const struct eth_head *head, const char *name)
{
    return row_put(c, TABLE_META, name, strlen(name), head->hash, ETH_HASH_BYTES);
}

/* The parent's hash of a header that is there. */
static int parent_of(struct eth_chain *c, uint8_t parent[ETH_HASH_BYTES],
                     const uint8_t hash[ETH_HASH_BYTES])
{
    struct eth_header h;
    struct bytes rlp;
    int rc = eth_chain_header(c, &rlp, NULL, hash);

    if (rc == 0)
        rc = eth_header_decode(&h, rlp);
    if (rc == 0)
        memcpy(parent, h.parent, ETH_HASH_BYTES);
    return rc;
}

/* Write the branch that ends with this header, down to where it meets the best one.
 * *fork: the number of the last block that both have. */
static int rewrite(struct eth_chain *c, uint64_t *fork, const struct eth_header *h)
{
    uint8_t hash[ETH_HASH_BYTES], was[ETH_HASH_BYTES];
    uint64_t number = h->number - 1;
    int rc = canonical_put(c, h->number, h->hash);

    if (rc < 0)
        return rc;
    memcpy(hash, h->parent, sizeof hash);
    for (;; number--) {
        rc = eth_chain_hash_at(c, was, number);
        if (rc == 0 && memcmp(was, hash, sizeof was) == 0)
            break;
        if (rc < 0 && rc != PN_ENOENT)
            return rc;
        rc = canonical_put(c, number, hash);
        if (rc == 0)
            rc = parent_of(c, hash, hash);
        if (rc < 0 || number == 0)
            return rc < 0 ? rc : PN_EGENESIS;
    }
    *fork = number;
    return 0;
}

static int cut_above(struct eth_chain *c, uint64_t number, uint64_t last)
{
    int rc = 0;

    for (; rc == 0 && last > number; last--)
        rc = canonical_del(c, last);
    return rc == PN_ENOENT ? 0 : rc;
}

int branch_switch(struct eth_chain *c, uint64_t *left, const struct eth_header *h, eth_u128 td)
{
    uint64_t old = c->headers.number, fork;
    uint8_t hash[ETH_HASH_BYTES];
    int rc = rewrite(c, &fork, h);

    *left = 0;
    if (rc == 0)
        rc = cut_above(c, h->number, old);
    if (rc < 0)
        return rc;
    *left = old - fork;
    head_set(&c->headers, h, td);
    rc = head_store(c, &c->headers, "headers");
    if (rc == 0 && c->blocks.number > fork) { /* the blocks were on the branch that was left */
        rc = eth_chain_hash_at(c, hash, fork);
        if (rc == 0)
            rc = head_from(c, &c->blocks, hash);
        if (rc == 0)
            rc = head_store(c, &c->blocks, "blocks");
    }
    /* While headers run ahead of bodies there is nothing to look for. */
    if (rc < 0 || (*left == 0 && c->blocks.number + 1 != h->number))
        return rc;
    return branch_advance_blocks(c);
}

int branch_advance_blocks(struct eth_chain *c)
{
    uint8_t hash[ETH_HASH_BYTES];
    struct eth_head before = c->blocks;
    struct eth_body body;
    int rc = 0;

    while (c->blocks.number < c->headers.number) {
        rc = eth_chain_hash_at(c, hash, c->blocks.number + 1);
        if (rc == 0)
            rc = eth_chain_body(c, &body, hash);
        if (rc < 0)
            break;
        rc = head_from(c, &c->blocks, hash);
        if (rc < 0)
            break;
    }
    if (rc < 0 && rc != PN_ENOENT)
        return rc;
    return c->blocks.number == before.number &&
                   memcmp(c->blocks.hash, before.hash, ETH_HASH_BYTES) == 0
               ? 0
               : head_store(c, &c->blocks, "blocks");
}
