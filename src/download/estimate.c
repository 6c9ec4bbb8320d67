/* What the set tells about how long a request may take: the median round trip, an estimate that
 * follows it slowly, the confidence in that, and from them the time to live of a request. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "download/peers.h"

enum {
    TUNING_PEERS = 5,   /* the median is taken of the best so many */
    CONFIDENCE_CAP = 10 /* peers from which on a newcomer tells nothing new */
};

#define TUNING_IMPACT  0.25
#define CONFIDENCE_MIN 0.1
#define TARGET_FACTOR  0.9
#define TTL_FACTOR     3

/* The k-th smallest round trip, counted from 0, for a small k. */
static double nth_rtt(const struct download_peers *set, unsigned k)
{
    double smallest[TUNING_PEERS];
    unsigned n = 0;

    for (unsigned i = 0; i < set->n_peers; i++) {
        double rtt = set->peers[i].rtt_us;
        unsigned at;

        if (n < TUNING_PEERS)
            at = n++;
        else if (rtt < smallest[n - 1])
            at = n - 1;
        else
            continue;
        for (; at > 0 && smallest[at - 1] > rtt; at--)
            smallest[at] = smallest[at - 1];
        smallest[at] = rtt;
    }
    return smallest[k];
}

int64_t download_median_rtt_us(const struct download_peers *set)
{
    unsigned n = set->n_peers < TUNING_PEERS ? set->n_peers : TUNING_PEERS;
    int64_t median;

    if (n == 0)
        return DOWNLOAD_RTT_MAX_US;
    median = (int64_t)nth_rtt(set, n / 2);
    if (median < DOWNLOAD_RTT_MIN_US)
        return DOWNLOAD_RTT_MIN_US;
    return median < DOWNLOAD_RTT_MAX_US ? median : DOWNLOAD_RTT_MAX_US;
}

void download_tune(struct download_peers *set)
{
    int64_t now = clock_mono_us();

    if (set->n_peers == 0 || now < set->tune_at_us)
        return;
    if (set->tune_at_us != 0) {
        set->estimate_us = (1 - TUNING_IMPACT) * set->estimate_us +
                           TUNING_IMPACT * (double)download_median_rtt_us(set);
        set->confidence += (1 - set->confidence) / 2;
    }
    set->tune_at_us = now + (int64_t)set->estimate_us;
}

void download_reduce_confidence(struct download_peers *set)
{
    unsigned n = set->n_peers;

    if (n == 1) {
        set->confidence = 1; /* nobody else whose measurements it could upset */
        return;
    }
    if (n >= CONFIDENCE_CAP)
        return;
    set->confidence *= (double)(n - 1) / n;
    if (set->confidence < CONFIDENCE_MIN)
        set->confidence = CONFIDENCE_MIN;
}

int64_t download_request_rtt_us(const struct download_peers *set)
{
    return (int64_t)(TARGET_FACTOR * set->estimate_us);
}

int64_t download_request_ttl_us(const struct download_peers *set)
{
    double ttl = TTL_FACTOR * set->estimate_us / set->confidence;

    return ttl < (double)DOWNLOAD_TTL_MAX_US ? (int64_t)ttl : DOWNLOAD_TTL_MAX_US;
}
