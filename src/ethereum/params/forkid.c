#include "ethereum/params/forkid.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

/* A next fork above this is a time, not a number: no chain has so many blocks, and Ethereum began
 * just after (go-ethereum core/forkid/forkid.go). */
#define TIMESTAMP_THRESHOLD UINT64_C(1438269973)

/* CRC-32 (IEEE 802.3), a bit at a time: it runs over 40 bytes a few times a connection. */
static uint32_t crc_update(uint32_t crc, const uint8_t *data, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static uint32_t crc_fork(uint32_t crc, uint64_t fork)
{
    uint8_t be[8];

    for (size_t i = 0; i < sizeof be; i++)
        be[i] = (uint8_t)(fork >> (8 * (sizeof be - 1 - i)));
    return crc_update(crc, be, sizeof be);
}

static unsigned count(const struct eth_params *p)
{
    return p->n_fork_blocks + p->n_fork_times;
}

/* Blocks first, then times. */
static uint64_t nth_fork(const struct eth_params *p, unsigned i)
{
    return i < p->n_fork_blocks ? p->fork_blocks[i] : p->fork_times[i - p->n_fork_blocks];
}

static bool passed(const struct eth_params *p, unsigned i, uint64_t head, uint64_t time)
{
    return nth_fork(p, i) <= (i < p->n_fork_blocks ? head : time);
}

/* The checksum after the first n forks. */
static uint32_t sum_after(const struct eth_params *p, unsigned n)
{
    uint32_t crc = crc_update(0, p->genesis.hash, ETH_HASH_BYTES);

    for (unsigned i = 0; i < n; i++)
        crc = crc_fork(crc, nth_fork(p, i));
    return crc;
}

/* How many forks lie behind a head. */
static unsigned count_passed(const struct eth_params *p, uint64_t head, uint64_t time)
{
    unsigned n = 0;

    while (n < count(p) && passed(p, n, head, time))
        n++;
    return n;
}

void eth_forkid_make(struct eth_forkid *out, const struct eth_params *p, uint64_t head,
                     uint64_t time)
{
    unsigned n = count_passed(p, head, time);
    uint32_t crc = sum_after(p, n);

    for (unsigned i = 0; i < sizeof out->hash; i++)
        out->hash[i] = (uint8_t)(crc >> (24 - 8 * i));
    out->next = n < count(p) ? nth_fork(p, n) : 0;
}

/* Whether a fork that the remote side announces has been passed here, which does not know it. */
static bool missed(const struct eth_params *p, unsigned here, uint64_t next, uint64_t head,
                   uint64_t time)
{
    uint64_t own = here < p->n_fork_blocks || p->n_fork_times == 0 ? head : time;

    return next > 0 && (own >= next || (next > TIMESTAMP_THRESHOLD && time >= next));
}

int eth_forkid_check(const struct eth_forkid *remote, const struct eth_params *p, uint64_t head,
                     uint64_t time)
{
    unsigned here = count_passed(p, head, time);
    uint32_t theirs = load_be32(remote->hash);

    if (sum_after(p, here) == theirs) /* rule 1 */
        return missed(p, here, remote->next, head, time) ? PN_EFORK : 0;
    for (unsigned i = 0; i < here; i++) /* rule 2: they are behind */
        if (sum_after(p, i) == theirs)
            return nth_fork(p, i) == remote->next ? 0 : PN_EFORK_REMOTE;
    for (unsigned i = here + 1; i <= count(p); i++) /* rule 3: we are behind */
        if (sum_after(p, i) == theirs)
            return 0;
    return PN_EFORK; /* rule 4 */
}
