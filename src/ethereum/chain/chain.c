#include "ethereum/chain/chain.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "config.h"
#include "ethereum/chain/internal.h"
#include "ethereum/chain/rules.h"

enum {
    SNAPSHOTS = 8,
    HEADER_KEEP_BYTES = 1024, /* of the header kept for its child; a longer one is read again */
    RECEIPTS_MAX_BYTES = 64 << 20,
};

/* Address space alone; ThreadSanitizer leaves too little for a whole terabyte in one piece. */
#ifdef PN_SANITIZER
#define MAX_FILE_BYTES ((size_t)1 << 36)
#else
#define MAX_FILE_BYTES ((size_t)1 << 40)
#endif

static const char *const table_names[TABLE_COUNT] = {"meta",   "headers",  "numbers", "canonical",
                                                     "bodies", "receipts", "scratch"};

/* The first header of an empty file. */
static int put_genesis(struct eth_chain *c)
{
    const struct eth_header *h = &c->params->genesis;
    struct buf b;
    int rc;

    buf_init(&b, ETH_GENESIS_EXTRA_MAX + 1024);
    eth_header_encode(&b, h);
    rc = b.err;
    if (rc == 0)
        rc = header_put(c, h, (struct bytes){b.data, b.len}, h->difficulty);
    if (rc == 0)
        rc = canonical_put(c, h->number, h->hash);
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        static const char *const names[] = {"genesis", "headers", "blocks"};

        rc = row_put(c, TABLE_META, names[i], strlen(names[i]), h->hash, ETH_HASH_BYTES);
    }
    buf_free(&b);
    return rc < 0 ? rc : eth_chain_flush(c);
}

static int load(struct eth_chain *c)
{
    struct db_value value;
    int rc = row_get(c, &value, TABLE_META, "genesis", 7);

    if (rc == PN_ENOENT)
        rc = put_genesis(c);
    else if (rc == 0 && (value.len != ETH_HASH_BYTES ||
                         memcmp(value.data, c->params->genesis.hash, ETH_HASH_BYTES) != 0))
        rc = PN_EGENESIS;
    return rc < 0 ? rc : branch_load(c);
}

int eth_chain_open(struct eth_chain **out, const char *path, const struct eth_params *params)
{
    const struct db_config config = {.path = path,
                                     .tables = TABLE_COUNT,
                                     .snapshots = SNAPSHOTS,
                                     .max_bytes = MAX_FILE_BYTES,
                                     .replace_damaged = true};
    struct eth_chain *c = mem_zalloc(sizeof *c);
    int rc;

    *out = NULL;
    if (!c)
        return PN_ENOMEM;
    c->params = params;
    c->parent_rlp = mem_alloc(HEADER_KEEP_BYTES);
    rc = c->parent_rlp ? db_open(&c->db, &config) : PN_ENOMEM;
    for (unsigned i = 0; rc == 0 && i < TABLE_COUNT; i++)
        rc = db_table(c->db, &c->tables[i], table_names[i]);
    if (rc == 0)
        rc = load(c);
    if (rc < 0) {
        eth_chain_close(c);
        return rc;
    }
    *out = c;
    return 0;
}

int eth_chain_flush(struct eth_chain *c)
{
    struct db_txn *batch = c->batch;
    int rc;

    c->batch = NULL;
    c->unflushed = 0;
    if (!batch)
        return 0;
    rc = db_commit(batch);
    if (rc < 0) {
        c->has_parent = false;
        (void)branch_load(c);
    }
    return rc;
}

void eth_chain_close(struct eth_chain *c)
{
    if (!c)
        return;
    if (c->db) {
        (void)eth_chain_flush(c);
        db_end(c->snapshot);
        db_close(c->db);
    }
    mem_free(c->parent_rlp);
    mem_free(c);
}

const struct eth_params *eth_chain_params(const struct eth_chain *c)
{
    return c->params;
}

const struct eth_head *eth_chain_head_of_headers(const struct eth_chain *c)
{
    return &c->headers;
}

const struct eth_head *eth_chain_head_of_blocks(const struct eth_chain *c)
{
    return &c->blocks;
}

unsigned eth_chain_unflushed(const struct eth_chain *c)
{
    return c->unflushed;
}

/* A change has failed half-way: all of the batch goes, and the heads are read anew. */
static int give_up(struct eth_chain *c, int rc)
{
    db_end(c->batch);
    c->batch = NULL;
    c->unflushed = 0;
    c->has_parent = false;
    (void)branch_load(c);
    return rc;
}

static int find_parent(struct eth_chain *c, struct eth_header *parent, eth_u128 *td,
                       const struct eth_header *h)
{
    struct bytes rlp;
    int rc;

    if (c->has_parent && memcmp(c->parent.hash, h->parent, ETH_HASH_BYTES) == 0) {
        *parent = c->parent;
        *td = c->parent_td;
        return 0;
    }
    rc = eth_chain_header(c, &rlp, td, h->parent);
    if (rc == 0)
        rc = eth_header_decode(parent, rlp);
    return rc == PN_ENOENT ? PN_EORPHAN : rc;
}

static void keep_for_child(struct eth_chain *c, const struct eth_header *h, struct bytes rlp,
                           eth_u128 td)
{
    c->has_parent = rlp.len <= HEADER_KEEP_BYTES;
    if (!c->has_parent)
        return;
    memcpy(c->parent_rlp, rlp.data, rlp.len);
    c->parent = *h;
    c->parent.extra.data = c->parent_rlp + (h->extra.data - rlp.data);
    c->parent_td = td;
}

/* Whether a header's branch is better than the present one. */
static bool is_better(const struct eth_chain *c, const struct eth_header *h, eth_u128 td)
{
    if (td != c->headers.total_difficulty)
        return td > c->headers.total_difficulty;
    return h->difficulty == 0 && h->number > c->headers.number;
}

int eth_chain_add_header(struct eth_chain *c, struct eth_added *added, const struct eth_header *h,
                         struct bytes rlp, bool trusted)
{
    struct eth_header parent;
    eth_u128 td, parent_td;
    int rc;

    *added = (struct eth_added){0};
    if (row_has(c, TABLE_HEADERS, h->number, h->hash)) {
        added->known = true;
        return 0;
    }
    rc = find_parent(c, &parent, &parent_td, h);
    if (rc < 0)
        return rc;
    if (!trusted && eth_is_merged(c->params, parent_td))
        return PN_EPROTO;
    rc = eth_header_check(c->params, &parent, parent_td, h, (uint64_t)clock_wall_s());
    if (rc < 0)
        return rc;
    if (__builtin_add_overflow(parent_td, h->difficulty, &td))
        return PN_ETOOLARGE;
    rc = header_put(c, h, rlp, td);
    if (rc < 0)
        return give_up(c, rc);
    keep_for_child(c, h, rlp, td);
    c->unflushed++;
    if (!is_better(c, h, td))
        return 0;
    added->head_moved = true;
    rc = branch_switch(c, &added->reorg, h, td);
    return rc < 0 ? give_up(c, rc) : 0;
}

static int stored_header(struct eth_chain *c, struct eth_header *h,
                         const uint8_t hash[ETH_HASH_BYTES])
{
    struct bytes rlp;
    int rc = eth_chain_header(c, &rlp, NULL, hash);

    return rc < 0 ? rc : eth_header_decode(h, rlp);
}

static int put_body(struct eth_chain *c, const struct eth_header *h, const struct eth_body *body)
{
    uint8_t key[KEY_BYTES];
    struct buf b;
    int rc;

    key_make(key, h->number, h->hash);
    buf_init(&b, body->txs.len + body->uncles.len + body->withdrawals.len + 64);
    eth_body_encode(&b, body);
    rc = b.err ? b.err : row_put(c, TABLE_BODIES, key, sizeof key, b.data, b.len);
    buf_free(&b);
    return rc;
}

bool eth_chain_failed_itself(int rc)
{
    return rc == PN_ENOMEM || rc == PN_ENOSPC || rc == PN_ELIMIT || rc == PN_EIO || rc == PN_ESYS;
}

int eth_chain_add_body(struct eth_chain *c, const uint8_t hash[ETH_HASH_BYTES],
                       const struct eth_body *body)
{
    struct eth_header h;
    int rc = stored_header(c, &h, hash);

    if (rc == 0 && row_has(c, TABLE_BODIES, h.number, h.hash))
        return 0;
    if (rc == 0)
        rc = eth_body_check(body, &h);
    if (rc < 0 || eth_header_is_empty(&h)) /* that is in the header already */
        return rc;
    h.extra = (struct bytes){0}; /* it lies in the file, which changes now */
    rc = put_body(c, &h, body);
    if (rc == 0)
        rc = branch_advance_blocks(c);
    c->unflushed++;
    return rc < 0 ? give_up(c, rc) : 0;
}

int eth_chain_add_receipts(struct eth_chain *c, const uint8_t hash[ETH_HASH_BYTES],
                           struct bytes list, enum eth_receipt_form form)
{
    uint8_t key[KEY_BYTES];
    struct eth_header h;
    struct buf flat;
    int rc = stored_header(c, &h, hash);

    if (rc < 0)
        return rc;
    buf_init(&flat, RECEIPTS_MAX_BYTES);
    rc = eth_receipts_check(&flat, list, form, &h);
    if (rc == 0) {
        key_make(key, h.number, h.hash);
        rc = row_put(c, TABLE_RECEIPTS, key, sizeof key, flat.data, flat.len);
        c->unflushed++;
        if (rc < 0)
            give_up(c, rc);
    }
    buf_free(&flat);
    return rc;
}
