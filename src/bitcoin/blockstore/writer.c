/* The thread that writes blocks. It waits on its queue and on the disk, and on nobody else. */
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/blockstore/internal.h"
#include "log/log.h"

enum { HEIGHT_KEY_BYTES = 4 + 32 };

static size_t job_weight(const void *elem)
{
    const struct store_job *job = elem;

    return job->block->len;
}

struct chan_class store_queue_class = {
    .name = "bitcoin_block_writer",
    .elem_size = sizeof(struct store_job),
    .capacity = STORE_QUEUE_MAX,
    .max_weight = 16 << 20,
    .weight = job_weight,
    .block_roles = ROLE_BIT(ROLE_PEER_IN) | ROLE_BIT(ROLE_MANAGER) | ROLE_BIT(ROLE_TEST),
};

static int put(struct block_store *s, struct db_txn *txn, const struct store_job *job)
{
    uint8_t key[HEIGHT_KEY_BYTES];
    void *room;
    int rc = db_put_room(txn, s->blocks, &room, job->hash, sizeof job->hash,
                         STORE_HEIGHT_BYTES + job->block->len);

    if (rc < 0)
        return rc;
    store_be32(room, job->height);
    memcpy((uint8_t *)room + STORE_HEIGHT_BYTES, job->block->data, job->block->len);
    store_be32(key, job->height);
    memcpy(key + 4, job->hash, sizeof job->hash);
    return db_put(txn, s->heights, key, sizeof key, NULL, 0, DB_PUT);
}

/* Delete the lowest blocks, as long as they lie below what is kept. */
static int prune(struct block_store *s, struct db_txn *txn, uint32_t from)
{
    struct db_cursor *cursor;
    struct db_value key;
    int rc = db_cursor_open(&cursor, txn, s->heights);

    if (rc < 0)
        return rc;
    while ((rc = db_cursor_move(cursor, &key, NULL, DB_FIRST)) == 0 &&
           key.len == HEIGHT_KEY_BYTES && load_be32(key.data) < from) {
        uint8_t hash[32];

        memcpy(hash, (const uint8_t *)key.data + 4, sizeof hash);
        rc = db_cursor_del(cursor);
        if (rc == 0)
            rc = db_del(txn, s->blocks, hash, sizeof hash);
        if (rc < 0 && rc != PN_ENOENT)
            break;
    }
    db_cursor_close(cursor);
    return rc == PN_ENOENT ? 0 : rc;
}

static int write_jobs(struct block_store *s, const struct store_job *jobs, int n)
{
    uint32_t from = atomic_load(&s->keep_from);
    struct db_txn *txn;
    int rc = db_write(s->db, &txn);

    if (rc < 0)
        return rc;
    rc = prune(s, txn, from); /* first: it makes room */
    for (int i = 0; i < n && rc == 0; i++)
        rc = jobs[i].height < from ? 0 : put(s, txn, &jobs[i]);
    if (rc < 0) {
        db_end(txn);
        return rc;
    }
    atomic_store(&s->count, (unsigned)db_count(txn, s->heights));
    return db_commit(txn);
}

/* What is wrong with the disk is said once, and once more when it has been over for a while: a full
 * one takes a block now and then. */
static void report(struct block_store *s, int rc)
{
    int64_t now = clock_mono_us();

    if (rc < 0) {
        if (s->failed_us == 0)
            log_error("bitcoin", "blocks cannot be kept: %s", pn_strerror(rc));
        s->failed_us = now;
    } else if (s->failed_us != 0 && now - s->failed_us > STORE_WELL_AGAIN_US) {
        log_info("bitcoin", "blocks are kept again");
        s->failed_us = 0;
    }
}

void store_writer_run(void *arg)
{
    struct block_store *s = arg;
    struct store_job jobs[STORE_BATCH_MAX];
    int n;

    while ((n = chan_recv_many(&s->queue, jobs, STORE_BATCH_MAX, CLOCK_NEVER)) > 0) {
        int rc = write_jobs(s, jobs, n);

        report(s, rc);
        for (int i = 0; i < n; i++) {
            if (rc == 0)
                recent_written(s, jobs[i].hash);
            else
                recent_remove(s, jobs[i].hash);
            if (rc < 0 && s->config.lost)
                s->config.lost(s->config.arg, jobs[i].hash, jobs[i].height);
            frame_unref(jobs[i].block);
        }
    }
}
