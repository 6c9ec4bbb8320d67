/* From block to block. The scripts that a block spends are looked up first, before anything is
 * changed: in the table of unspent outputs, or among the block's own earlier transactions.
 *
 * The row that takes a block back lists what it spent of the table, outpoint and script, and then
 * what it created, txid and number of outputs. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter/basic.h"
#include "bitcoin/filterdb/internal.h"
#include "bitcoin/wire/limits.h"
#include "codec/compact.h"

enum {
    HEIGHT_BYTES = 4,
    OUTPOINT_BYTES = BTC_HASH_BYTES + 4,
    UNDO_MAX_BYTES = 64 << 20,
    FILTER_MAX_BYTES = BTC_BLOCK_MAX_BYTES,
};

struct own_tx {
    uint8_t txid[BTC_HASH_BYTES];
    size_t place;
};

struct build {
    struct filterdb *db;
    struct db_txn *txn;
    const struct btc_block *block;
    struct own_tx *txs;    /* by place */
    struct own_tx *sorted; /* by txid */
    struct bytes *spent;   /* their scripts */
    size_t n_spent;
    size_t n_undo; /* of them, those in the table */
    struct buf undo;
};

static void make_outpoint(uint8_t out[OUTPOINT_BYTES], const uint8_t txid[BTC_HASH_BYTES],
                          uint32_t index)
{
    memcpy(out, txid, BTC_HASH_BYTES);
    store_be32(out + BTC_HASH_BYTES, index); /* so that a transaction's outputs are neighbours */
}

static int by_txid(const void *a, const void *b)
{
    return memcmp(a, b, BTC_HASH_BYTES); /* the first member of struct own_tx */
}

/* --- looking up --- */

static bool is_spent(const struct build *b, size_t place)
{
    return !btc_tx_is_coinbase(&b->block->txs[place]);
}

static int prepare(struct build *b)
{
    size_t n = b->block->tx_count, inputs = 0;
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        inputs += b->block->txs[i].in_count;
    b->txs = mem_alloc_array(2 * n + 1, sizeof *b->txs);
    b->spent = mem_alloc_array(inputs + 1, sizeof *b->spent);
    if (!b->txs || !b->spent)
        return PN_ENOMEM;
    b->sorted = b->txs + n;
    for (size_t i = 0; i < n && rc == 0; i++) {
        b->txs[i].place = i;
        rc = btc_tx_id(&b->block->txs[i], b->txs[i].txid);
    }
    if (rc == 0 && n > 0) {
        memcpy(b->sorted, b->txs, n * sizeof *b->txs);
        qsort(b->sorted, n, sizeof *b->sorted, by_txid);
    }
    return rc;
}

/* An output of one of the block's transactions before `place`. */
static int find_in_block(const struct build *b, struct bytes *script, const struct btc_txin *in,
                         size_t place)
{
    const struct own_tx *own =
        bsearch(in->prev_hash, b->sorted, b->block->tx_count, sizeof *b->sorted, by_txid);
    const struct btc_tx *tx;

    if (!own || own->place >= place)
        return PN_ENOENT;
    tx = &b->block->txs[own->place];
    if (in->prev_index >= tx->out_count)
        return PN_ENOENT;
    *script = tx->out[in->prev_index].script;
    return 0;
}

static int find(struct build *b, struct bytes *script, const struct btc_txin *in, size_t place)
{
    uint8_t outpoint[OUTPOINT_BYTES];
    struct db_value value;
    int rc;

    make_outpoint(outpoint, in->prev_hash, in->prev_index);
    rc = db_get(b->txn, b->db->outputs, &value, outpoint, sizeof outpoint);
    if (rc == PN_ENOENT)
        return find_in_block(b, script, in, place);
    if (rc < 0)
        return rc;
    *script = (struct bytes){.data = value.data, .len = value.len};
    buf_append(&b->undo, outpoint, sizeof outpoint);
    write_compact(&b->undo, value.len);
    buf_append(&b->undo, value.data, value.len);
    b->n_undo++;
    return b->undo.err;
}

static int look_up(struct build *b)
{
    int rc = 0;

    for (size_t i = 0; i < b->block->tx_count; i++)
        for (uint32_t k = 0; is_spent(b, i) && k < b->block->txs[i].in_count && rc == 0; k++)
            rc = find(b, &b->spent[b->n_spent++], &b->block->txs[i].in[k], i);
    return rc;
}

static void release(struct build *b)
{
    mem_free(b->txs);
    mem_free(b->spent);
    buf_free(&b->undo);
}

/* Everything that can be done without a change. */
static int begin(struct build *b, struct buf *filter, const uint8_t hash[BTC_HASH_BYTES])
{
    int rc;

    buf_init(&b->undo, UNDO_MAX_BYTES);
    rc = prepare(b);
    if (rc == 0)
        rc = look_up(b);
    return rc == 0 ? basic_filter_build(filter, hash, b->block, b->spent, b->n_spent) : rc;
}

int filterdb_build(struct filterdb *db, struct buf *filter, const uint8_t hash[BTC_HASH_BYTES],
                   const struct btc_block *block)
{
    struct build b = {.db = db, .block = block};
    int rc = db_read(db->db, &b.txn);

    if (rc < 0)
        return rc;
    rc = begin(&b, filter, hash);
    db_end(b.txn);
    release(&b);
    return rc;
}

/* --- changing --- */

static int put_outputs(struct build *b)
{
    int rc = 0;

    for (size_t i = 0; i < b->block->tx_count; i++) {
        const struct btc_tx *tx = &b->block->txs[i];

        for (uint32_t k = 0; k < tx->out_count && rc == 0; k++) {
            uint8_t outpoint[OUTPOINT_BYTES];
            struct bytes script = tx->out[k].script;

            if (script.len > 0 && !basic_filter_holds_output(script))
                continue; /* nobody can spend it */
            make_outpoint(outpoint, b->txs[i].txid, k);
            rc = db_put(b->txn, b->db->outputs, outpoint, sizeof outpoint, script.data, script.len,
                        DB_PUT);
        }
    }
    return rc;
}

static int remove_spent(struct build *b)
{
    int rc = 0;

    for (size_t i = 0; i < b->block->tx_count; i++)
        for (uint32_t k = 0; is_spent(b, i) && k < b->block->txs[i].in_count && rc == 0; k++) {
            const struct btc_txin *in = &b->block->txs[i].in[k];
            uint8_t outpoint[OUTPOINT_BYTES];

            make_outpoint(outpoint, in->prev_hash, in->prev_index);
            rc = db_del(b->txn, b->db->outputs, outpoint, sizeof outpoint);
            if (rc == PN_ENOENT)
                rc = 0; /* spent twice by a block that breaks the rules */
        }
    return rc;
}

/* The counts stand in front, so that what was spent need not be moved. */
static int put_undo(struct build *b, uint32_t height)
{
    uint8_t key[HEIGHT_BYTES], counts[8];
    void *room;
    int rc;

    for (size_t i = 0; i < b->block->tx_count; i++) {
        buf_append(&b->undo, b->txs[i].txid, BTC_HASH_BYTES);
        write_le32(&b->undo, b->block->txs[i].out_count);
    }
    if (b->undo.err)
        return b->undo.err;
    store_le32(counts, (uint32_t)b->n_undo);
    store_le32(counts + 4, (uint32_t)b->block->tx_count);
    store_be32(key, height);
    rc = db_put_room(b->txn, b->db->undo, &room, key, sizeof key, sizeof counts + b->undo.len);
    if (rc < 0)
        return rc;
    memcpy(room, counts, sizeof counts);
    if (b->undo.len > 0)
        memcpy((uint8_t *)room + sizeof counts, b->undo.data, b->undo.len);
    if (height < FILTERDB_UNDO)
        return 0;
    store_be32(key, height - FILTERDB_UNDO);
    rc = db_del(b->txn, b->db->undo, key, sizeof key);
    return rc == PN_ENOENT ? 0 : rc;
}

static int change(struct build *b, const struct buf *filter, const uint8_t hash[BTC_HASH_BYTES])
{
    const struct bytes encoded = {.data = filter->data, .len = filter->len};
    uint8_t filter_hash[BTC_HASH_BYTES];
    struct filter_row tip;
    int rc;

    basic_filter_hash(filter_hash, encoded);
    rc = filterdb_push(b->db, FILTERDB_BUILT, hash, filter_hash, encoded);
    if (rc == 0)
        rc = filterdb_batch_tip(b->db, FILTERDB_BUILT, &tip);
    if (rc == 0)
        rc = put_undo(b, tip.height);
    if (rc == 0 && tip.height > 0) /* the genesis block's output cannot be spent */
        rc = put_outputs(b);
    return rc == 0 ? remove_spent(b) : rc;
}

int filterdb_connect(struct filterdb *db, const uint8_t hash[BTC_HASH_BYTES],
                     const struct btc_block *block)
{
    struct build b = {.db = db, .txn = db->batch, .block = block};
    struct buf filter;
    int rc;

    buf_init(&filter, FILTER_MAX_BYTES);
    rc = begin(&b, &filter, hash);
    if (rc == 0)
        rc = change(&b, &filter, hash);
    buf_free(&filter);
    release(&b);
    return rc;
}

/* --- going back --- */

/* The row's bytes are the batch's own, and its changes may move them: `undo` is a copy. */
static int restore(struct filterdb *db, struct reader *r)
{
    uint32_t n_spent = read_le32(r), n_txs = read_le32(r);
    uint8_t outpoint[OUTPOINT_BYTES];
    int rc = 0;

    for (uint32_t i = 0; i < n_spent && rc == 0 && !r->err; i++) {
        struct bytes script;

        read_copy(r, outpoint, sizeof outpoint);
        script = read_slice(r, read_compact_len(r, BTC_BLOCK_MAX_BYTES));
        rc = r->err ? r->err
                    : db_put(db->batch, db->outputs, outpoint, sizeof outpoint, script.data,
                             script.len, DB_PUT);
    }
    for (uint32_t i = 0; i < n_txs && rc == 0 && !r->err; i++) {
        const uint8_t *txid = reader_take(r, BTC_HASH_BYTES);
        uint32_t outputs = read_le32(r);

        for (uint32_t k = 0; k < outputs && rc == 0 && !r->err; k++) {
            make_outpoint(outpoint, txid, k);
            rc = db_del(db->batch, db->outputs, outpoint, sizeof outpoint);
            if (rc == PN_ENOENT)
                rc = 0; /* it was spent in the same block, or nobody can spend it */
        }
    }
    return rc == 0 ? reader_finish(r) : rc;
}

int filterdb_disconnect(struct filterdb *db)
{
    uint8_t key[HEIGHT_BYTES], *copy;
    struct filter_row tip;
    struct db_value value;
    struct reader r;
    int rc = filterdb_batch_tip(db, FILTERDB_BUILT, &tip);

    if (rc < 0)
        return rc;
    store_be32(key, tip.height);
    rc = db_get(db->batch, db->undo, &value, key, sizeof key);
    if (rc < 0)
        return rc;
    copy = mem_alloc(value.len + 1);
    if (!copy)
        return PN_ENOMEM;
    memcpy(copy, value.data, value.len);
    r = reader_of(copy, value.len);
    rc = restore(db, &r);
    mem_free(copy);
    if (rc == 0)
        rc = db_del(db->batch, db->undo, key, sizeof key);
    return rc == 0 ? filterdb_pop(db, FILTERDB_BUILT) : rc;
}
