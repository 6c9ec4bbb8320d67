/* Serving filters and their headers: thread in of the peer that asks. Which requests are a fault is
 * as in Bitcoin Core (net_processing.cpp, PrepareBlockFilterRequest): another kind of filter, a
 * block that we do not know, or too many. What is not built yet, or no longer on the active chain,
 * is not answered.
 *
 * A filter is loaded only when at most half of the send buffer waits to be written, so that one who
 * asks and does not read costs that and one filter. */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter_net_internal.h"
#include "bitcoin/wire/limits.h"
#include "log/log.h"
#include "metrics/metrics.h"

static int refuse(struct peer *p, const struct btc_msg *m)
{
    log_debug("bitcoin", "peer=%" PRIu64 " asks for filters out of place: %s", peer_id(p),
              btc_cmd_info(m->cmd)->name);
    return PN_EPROTO;
}

/* The block that a request ends with. Returns: 0; PN_EPROTO; PN_ENOENT when there is no answer. */
static int find_stop(struct peer *p, const struct btc_msg *m, uint32_t *height, uint8_t type,
                     const uint8_t stop[BTC_HASH_BYTES])
{
    struct bitcoin *net = btc_peer_of(p)->net;
    struct filter_progress built;
    struct chain_point point;

    if (!net->config.serve_filters || type != BTC_CFILTER_BASIC ||
        !chain_view_find(&net->chain, &point, stop))
        return refuse(p, m);
    *height = point.height;
    filter_net_progress(net->filters, &built, FILTERDB_BUILT);
    return point.best && built.any && point.height <= built.height ? 0 : PN_ENOENT;
}

static int find_range(struct peer *p, const struct btc_msg *m, uint32_t *stop_height,
                      uint32_t count_max)
{
    const struct btc_getcfilters *q =
        m->cmd == BTC_CMD_GETCFILTERS ? &m->u.getcfilters : &m->u.getcfheaders;
    int rc = find_stop(p, m, stop_height, q->type, q->stop_hash);

    if (rc == PN_EPROTO)
        return rc;
    if (q->start_height > *stop_height || *stop_height - q->start_height >= count_max)
        return refuse(p, m);
    return rc;
}

/* --- filters --- */

static int send_filter(struct peer *p, struct btc_peer *bp, uint32_t height)
{
    struct filter_net *n = bp->net->filters;
    struct btc_msg m = {.cmd = BTC_CMD_CFILTER, .u.cfilter.type = BTC_CFILTER_BASIC};
    struct filter_row row;
    struct buf filter;
    int rc = peer_rest(p);

    if (rc < 0)
        return rc;
    buf_init(&filter, BTC_CFILTER_MAX_BYTES);
    rc = filterdb_row(n->db, FILTERDB_BUILT, &row, &filter, height);
    if (rc == 0) {
        memcpy(m.u.cfilter.block_hash, row.block, BTC_HASH_BYTES);
        m.u.cfilter.filter = (struct bytes){.data = filter.data, .len = filter.len};
        rc = peer_reply(p, btc_frame(bp->net->config.params.magic, &m), 0);
        metric_add(n->served, 1);
    }
    buf_free(&filter);
    return rc;
}

int filter_serve_filters(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    uint32_t stop;
    int rc = find_range(p, m, &stop, BTC_CFILTERS_MAX);

    if (rc < 0)
        return rc == PN_ENOENT ? 0 : rc;
    for (uint32_t height = m->u.getcfilters.start_height; height <= stop && rc == 0; height++)
        rc = send_filter(p, bp, height);
    return rc == PN_ENOENT ? 0 : rc; /* the chain has changed meanwhile */
}

/* --- headers --- */

/* The rows from `first` on to the one of the block `stop`, all of one moment. Returns: how many; 0
 * when the chain has changed; a pn_err. */
static int load_rows(struct bitcoin *net, struct filter_row *rows, uint32_t first, uint32_t step,
                     uint32_t stop_height, const uint8_t stop[BTC_HASH_BYTES])
{
    struct filter_row last;
    int want = (int)((stop_height - first) / step) + 1;
    int rc = filter_net_row(net->filters, FILTERDB_BUILT, &last, NULL, stop_height, stop);

    if (rc == 0)
        rc = filterdb_rows(net->filters->db, FILTERDB_BUILT, rows, first, step, want);
    if (rc == want && step == 1 && memcmp(rows[want - 1].block, stop, BTC_HASH_BYTES) != 0)
        rc = 0;
    if (rc < 0)
        return rc == PN_ENOENT ? 0 : rc;
    return rc == want ? want : 0;
}

static int reply_headers(struct peer *p, const struct btc_getcfilters *q,
                         const struct filter_row *rows, int n, bool from_genesis)
{
    struct btc_msg m = {.cmd = BTC_CMD_CFHEADERS};
    struct btc_cfheaders *answer = &m.u.cfheaders;
    uint8_t(*hashes)[BTC_HASH_BYTES] = mem_alloc_array((size_t)n, sizeof *hashes);
    int rc;

    if (!hashes)
        return PN_ENOMEM;
    answer->type = BTC_CFILTER_BASIC;
    memcpy(answer->stop_hash, q->stop_hash, BTC_HASH_BYTES);
    if (!from_genesis) { /* else the first row is the one before */
        memcpy(answer->prev_header, rows[0].header, BTC_HASH_BYTES);
        rows++;
        n--;
    }
    for (int i = 0; i < n; i++)
        memcpy(hashes[i], rows[i].filter_hash, BTC_HASH_BYTES);
    answer->hashes = (const uint8_t(*)[BTC_HASH_BYTES])hashes;
    answer->count = (size_t)n;
    rc = peer_reply(p, btc_frame(btc_peer_of(p)->net->config.params.magic, &m), 0);
    mem_free(hashes);
    return rc;
}

int filter_serve_headers(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    const struct btc_getcfilters *q = &m->u.getcfheaders;
    uint32_t stop, first = q->start_height > 0 ? q->start_height - 1 : 0;
    struct filter_row *rows;
    int rc = find_range(p, m, &stop, BTC_CFHEADERS_MAX), n;

    if (rc == 0)
        rc = peer_rest(p);
    if (rc < 0)
        return rc == PN_ENOENT ? 0 : rc;
    rows = mem_alloc_array(stop - first + 1, sizeof *rows);
    if (!rows)
        return PN_ENOMEM;
    n = load_rows(bp->net, rows, first, 1, stop, q->stop_hash);
    rc = n > 0 ? reply_headers(p, q, rows, n, q->start_height == 0) : n;
    mem_free(rows);
    return rc;
}

int filter_serve_checkpoints(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    const struct btc_getcfcheckpt *q = &m->u.getcfcheckpt;
    struct btc_msg reply = {.cmd = BTC_CMD_CFCHECKPT, .u.cfcheckpt.type = BTC_CFILTER_BASIC};
    struct filter_row *rows;
    uint8_t(*headers)[BTC_HASH_BYTES];
    uint32_t stop, count;
    int rc = find_stop(p, m, &stop, q->type, q->stop_hash), n = 0;

    if (rc == 0)
        rc = peer_rest(p);
    if (rc < 0)
        return rc == PN_ENOENT ? 0 : rc;
    count = stop / BTC_CFCHECKPT_INTERVAL;
    rows = mem_alloc_array(count + 1, sizeof *rows);
    headers = mem_alloc_array(count + 1, sizeof *headers);
    if (!rows || !headers)
        rc = PN_ENOMEM;
    else if (count > 0)
        n = load_rows(bp->net, rows, BTC_CFCHECKPT_INTERVAL, BTC_CFCHECKPT_INTERVAL, stop,
                      q->stop_hash);
    for (int i = 0; i < n; i++)
        memcpy(headers[i], rows[i].header, BTC_HASH_BYTES);
    memcpy(reply.u.cfcheckpt.stop_hash, q->stop_hash, BTC_HASH_BYTES);
    reply.u.cfcheckpt.headers = (const uint8_t(*)[BTC_HASH_BYTES])headers;
    reply.u.cfcheckpt.count = (size_t)n;
    if (rc == 0 && n >= 0 && (uint32_t)n == count)
        rc = peer_reply(p, btc_frame(bp->net->config.params.magic, &reply), 0);
    mem_free(rows);
    mem_free(headers);
    return rc;
}
