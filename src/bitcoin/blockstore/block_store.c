#include "bitcoin/blockstore/block_store.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/blockstore/internal.h"
#include "bitcoin/wire/msg.h"

enum { TABLES = 2, OWN_SNAPSHOTS = 4, COUNTED_BLOCKS_MAX = 1 << 20 };

/* Room for the blocks and for those that replace them before they are deleted. */
static size_t file_limit(uint32_t keep)
{
    size_t blocks = keep < COUNTED_BLOCKS_MAX ? keep : COUNTED_BLOCKS_MAX;

    return (2 * blocks + STORE_RECENT_MAX) * (size_t)BTC_BLOCK_MAX_BYTES;
}

static int open_db(struct block_store *s)
{
    const struct db_config config = {
        .path = s->config.path,
        .tables = TABLES,
        .snapshots = s->config.max_readers + OWN_SNAPSHOTS,
        .max_bytes = file_limit(s->config.keep),
        .replace_damaged = true,
    };
    struct db_txn *txn;
    int rc = db_open(&s->db, &config);

    if (rc == 0)
        rc = db_table(s->db, &s->blocks, "blocks");
    if (rc == 0)
        rc = db_table(s->db, &s->heights, "heights");
    if (rc == 0)
        rc = db_read(s->db, &txn);
    if (rc < 0)
        return rc;
    atomic_store(&s->count, (unsigned)db_count(txn, s->heights));
    db_end(txn);
    return 0;
}

int block_store_open(struct block_store **out, const struct block_store_config *config)
{
    struct block_store *s = mem_zalloc(sizeof *s);
    int rc;

    if (!s)
        return PN_ENOMEM;
    s->config = *config;
    mutex_init(&s->mu);
    rc = chan_class_register(&store_queue_class);
    if (rc == 0)
        rc = chan_init(&s->queue, &store_queue_class);
    if (rc < 0) {
        mutex_destroy(&s->mu);
        mem_free(s);
        return rc;
    }
    if (config->path)
        rc = open_db(s);
    s->config.path = NULL; /* the caller's */
    if (rc < 0) {
        block_store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

int block_store_start(struct block_store *s)
{
    int rc = 0;

    if (s->db)
        rc = thread_start(&s->thread, "block-writer", ROLE_STORE, store_writer_run, s);
    return rc;
}

void block_store_stop(struct block_store *s)
{
    chan_close(&s->queue);
    thread_join(&s->thread);
}

static void drop_job(void *elem)
{
    struct store_job *job = elem;

    frame_unref(job->block);
}

void block_store_close(struct block_store *s)
{
    if (!s)
        return;
    block_store_stop(s);
    chan_destroy(&s->queue, drop_job);
    recent_free(s);
    db_close(s->db);
    mutex_destroy(&s->mu);
    mem_free(s);
}

static int hand_over(struct block_store *s, const struct store_job *job, struct chan *quit)
{
    return quit ? chan_send_or_quit(&s->queue, job, quit, CLOCK_NEVER)
                : chan_send(&s->queue, job, CLOCK_NEVER);
}

int block_store_add(struct block_store *s, const uint8_t hash[32], uint32_t height,
                    struct frame *block, struct chan *quit)
{
    struct store_job job = {.height = height, .block = block};
    int rc = 0;

    memcpy(job.hash, hash, sizeof job.hash);
    if (!block_store_has(s, hash))
        rc = recent_add(s, &job, !s->db);
    else
        rc = PN_EEXIST;
    if (rc == 0 && s->db) {
        rc = hand_over(s, &job, quit);
        if (rc == 0)
            return 0;
        recent_remove(s, hash);
    }
    frame_unref(block);
    return rc == PN_EEXIST ? 0 : rc;
}

/* A snapshot with the block's value, or NULL. */
static struct db_txn *look_up(struct block_store *s, const uint8_t hash[32], struct db_value *value)
{
    struct db_txn *txn;

    if (!s->db || db_read(s->db, &txn) < 0)
        return NULL;
    if (db_get(txn, s->blocks, value, hash, 32) == 0)
        return txn;
    db_end(txn);
    return NULL;
}

bool block_store_has(struct block_store *s, const uint8_t hash[32])
{
    struct db_value value;
    struct db_txn *txn;

    if (recent_has(s, hash))
        return true;
    txn = look_up(s, hash, &value);
    db_end(txn);
    return txn != NULL;
}

struct frame *block_store_get(struct block_store *s, uint32_t *height, const uint8_t hash[32])
{
    struct frame *block = recent_get(s, height, hash);
    struct db_value value;
    struct db_txn *txn;
    const uint8_t *at;

    if (block)
        return block;
    txn = look_up(s, hash, &value);
    if (!txn)
        return NULL;
    at = value.data;
    if (value.len > STORE_HEIGHT_BYTES) {
        if (height)
            *height = load_be32(at);
        block = frame_new(BTC_CMD_BLOCK, at + STORE_HEIGHT_BYTES, value.len - STORE_HEIGHT_BYTES);
    }
    db_forget(at, at + value.len);
    db_end(txn);
    return block;
}

void block_store_keep_from(struct block_store *s, uint32_t height)
{
    atomic_store(&s->keep_from, height);
}

static bool lowest_in_db(struct block_store *s, uint32_t *height)
{
    struct db_cursor *cursor;
    struct db_value key;
    struct db_txn *txn;
    bool found;

    if (!s->db || db_read(s->db, &txn) < 0)
        return false;
    found = db_cursor_open(&cursor, txn, s->heights) == 0;
    if (found) {
        found = db_cursor_move(cursor, &key, NULL, DB_FIRST) == 0 && key.len >= STORE_HEIGHT_BYTES;
        if (found)
            *height = load_be32(key.data);
        db_cursor_close(cursor);
    }
    db_end(txn);
    return found;
}

bool block_store_lowest(struct block_store *s, uint32_t *height)
{
    bool found = lowest_in_db(s, height);

    mutex_lock(&s->mu);
    for (unsigned i = 0; i < s->n_recent; i++)
        if (!found || s->recent[i].height < *height) {
            *height = s->recent[i].height;
            found = true;
        }
    mutex_unlock(&s->mu);
    return found;
}

uint64_t block_store_bytes(struct block_store *s)
{
    return s->db ? db_bytes(s->db) : 0;
}

unsigned block_store_count(struct block_store *s)
{
    unsigned n;

    if (s->db)
        return atomic_load(&s->count);
    mutex_lock(&s->mu);
    n = s->n_recent;
    mutex_unlock(&s->mu);
    return n;
}
