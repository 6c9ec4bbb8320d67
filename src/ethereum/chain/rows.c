/* The tables: one batch while something has changed, else one snapshot, which goes before the next
 * batch begins. */
#include <string.h>

#include "base/err.h"
#include "ethereum/chain/internal.h"

static void be64(uint8_t out[8], uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

void key_make(uint8_t key[KEY_BYTES], uint64_t number, const uint8_t hash[ETH_HASH_BYTES])
{
    be64(key, number);
    memcpy(key + 8, hash, ETH_HASH_BYTES);
}

static int reading(struct eth_chain *c, struct db_txn **txn)
{
    int rc = 0;

    if (!c->batch && !c->snapshot)
        rc = db_read(c->db, &c->snapshot);
    *txn = c->batch ? c->batch : c->snapshot;
    return rc;
}

static int writing(struct eth_chain *c)
{
    if (c->batch)
        return 0;
    db_end(c->snapshot);
    c->snapshot = NULL;
    return db_write(c->db, &c->batch);
}

int row_get(struct eth_chain *c, struct db_value *value, enum chain_table table, const void *key,
            size_t key_len)
{
    struct db_txn *txn;
    int rc = reading(c, &txn);

    return rc < 0 ? rc : db_get(txn, c->tables[table], value, key, key_len);
}

int row_put(struct eth_chain *c, enum chain_table table, const void *key, size_t key_len,
            const void *value, size_t value_len)
{
    int rc = writing(c);

    return rc < 0 ? rc : db_put(c->batch, c->tables[table], key, key_len, value, value_len, DB_PUT);
}

int row_del(struct eth_chain *c, enum chain_table table, const void *key, size_t key_len)
{
    int rc = writing(c);

    return rc < 0 ? rc : db_del(c->batch, c->tables[table], key, key_len);
}

int canonical_put(struct eth_chain *c, uint64_t number, const uint8_t hash[ETH_HASH_BYTES])
{
    uint8_t key[8];

    be64(key, number);
    return row_put(c, TABLE_CANONICAL, key, sizeof key, hash, ETH_HASH_BYTES);
}

int canonical_del(struct eth_chain *c, uint64_t number)
{
    uint8_t key[8];

    be64(key, number);
    return row_del(c, TABLE_CANONICAL, key, sizeof key);
}

bool row_has(struct eth_chain *c, enum chain_table table, uint64_t number,
             const uint8_t hash[ETH_HASH_BYTES])
{
    uint8_t key[KEY_BYTES];
    struct db_value value;

    key_make(key, number, hash);
    return row_get(c, &value, table, key, sizeof key) == 0;
}

int header_put(struct eth_chain *c, const struct eth_header *h, struct bytes rlp, eth_u128 td)
{
    uint8_t key[KEY_BYTES], *at;
    void *room;
    int rc;

    key_make(key, h->number, h->hash);
    rc = writing(c);
    if (rc == 0)
        rc = db_put(c->batch, c->tables[TABLE_NUMBERS], h->hash, ETH_HASH_BYTES, key, 8, DB_PUT);
    if (rc == 0)
        rc = db_put_room(c->batch, c->tables[TABLE_HEADERS], &room, key, sizeof key,
                         TD_BYTES + rlp.len);
    if (rc < 0)
        return rc;
    at = room;
    eth_u128_store(at, td);
    memcpy(at + TD_BYTES, rlp.data, rlp.len);
    return 0;
}

int eth_chain_number_of(struct eth_chain *c, uint64_t *number, const uint8_t hash[ETH_HASH_BYTES])
{
    struct db_value value;
    int rc = row_get(c, &value, TABLE_NUMBERS, hash, ETH_HASH_BYTES);
    const uint8_t *be = value.data;

    *number = 0;
    if (rc == 0 && value.len != 8)
        return PN_EFORMAT;
    for (unsigned i = 0; rc == 0 && i < 8; i++)
        *number = *number << 8 | be[i];
    return rc;
}

/* A row under a block's key. */
static int block_row(struct eth_chain *c, struct db_value *value, enum chain_table table,
                     const uint8_t hash[ETH_HASH_BYTES])
{
    uint8_t key[KEY_BYTES];
    uint64_t number;
    int rc = eth_chain_number_of(c, &number, hash);

    if (rc < 0)
        return rc;
    key_make(key, number, hash);
    return row_get(c, value, table, key, sizeof key);
}

int eth_chain_header(struct eth_chain *c, struct bytes *rlp, eth_u128 *total_difficulty,
                     const uint8_t hash[ETH_HASH_BYTES])
{
    struct db_value value;
    int rc = block_row(c, &value, TABLE_HEADERS, hash);

    if (rc < 0)
        return rc;
    if (value.len <= TD_BYTES)
        return PN_EFORMAT;
    *rlp = (struct bytes){(const uint8_t *)value.data + TD_BYTES, value.len - TD_BYTES};
    if (total_difficulty)
        *total_difficulty = eth_u128_load(value.data);
    return 0;
}

int eth_chain_body(struct eth_chain *c, struct eth_body *body, const uint8_t hash[ETH_HASH_BYTES])
{
    struct db_value value;
    struct eth_header h;
    struct bytes rlp;
    int rc = eth_chain_header(c, &rlp, NULL, hash);

    if (rc == 0)
        rc = eth_header_decode(&h, rlp);
    if (rc < 0)
        return rc;
    if (eth_header_is_empty(&h)) {
        *body = eth_body_empty(&h);
        return 0;
    }
    rc = block_row(c, &value, TABLE_BODIES, hash);
    return rc < 0 ? rc : eth_body_decode(body, (struct bytes){value.data, value.len});
}

int eth_chain_receipts(struct eth_chain *c, struct bytes *flat, const uint8_t hash[ETH_HASH_BYTES])
{
    struct db_value value;
    int rc = block_row(c, &value, TABLE_RECEIPTS, hash);

    if (rc == 0)
        *flat = (struct bytes){value.data, value.len};
    return rc;
}

int eth_chain_hash_at(struct eth_chain *c, uint8_t hash[ETH_HASH_BYTES], uint64_t number)
{
    struct db_value value;
    uint8_t key[8];
    int rc;

    be64(key, number);
    rc = row_get(c, &value, TABLE_CANONICAL, key, sizeof key);
    if (rc == 0 && value.len != ETH_HASH_BYTES)
        return PN_EFORMAT;
    if (rc == 0)
        memcpy(hash, value.data, ETH_HASH_BYTES);
    return rc;
}

int eth_chain_scratch_put(struct eth_chain *c, uint64_t number, struct bytes rlp)
{
    uint8_t key[8];

    be64(key, number);
    c->unflushed++;
    return row_put(c, TABLE_SCRATCH, key, sizeof key, rlp.data, rlp.len);
}

int eth_chain_scratch_get(struct eth_chain *c, struct bytes *rlp, uint64_t number)
{
    struct db_value value;
    uint8_t key[8];
    int rc;

    be64(key, number);
    rc = row_get(c, &value, TABLE_SCRATCH, key, sizeof key);
    if (rc == 0)
        *rlp = (struct bytes){value.data, value.len};
    return rc;
}

int eth_chain_scratch_del(struct eth_chain *c, uint64_t number)
{
    uint8_t key[8];

    be64(key, number);
    c->unflushed++;
    return row_del(c, TABLE_SCRATCH, key, sizeof key);
}
