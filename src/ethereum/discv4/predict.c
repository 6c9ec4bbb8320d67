#include "ethereum/discv4/predict.h"

#include "ethereum/enr/relay.h"

void predict_add(struct predictor *p, const struct net_addr *host, const struct net_addr *endpoint,
                 int64_t now_us)
{
    struct statement *at = &p->statements[0];

    if (endpoint->port == 0 || endpoint->kind != host->kind || !eth_addr_may_relay(host, endpoint))
        return;
    for (struct statement *s = p->statements; s < p->statements + PREDICT_MAX; s++) {
        if (s->at_us != 0 && eth_addr_same_ip(&s->host, host)) {
            at = s;
            break;
        }
        if (s->at_us < at->at_us) /* else the oldest makes room */
            at = s;
    }
    *at = (struct statement){.host = *host, .endpoint = *endpoint, .at_us = now_us};
}

static bool is_recent(const struct statement *s, int64_t now_us)
{
    return s->at_us != 0 && now_us - s->at_us < PREDICT_WINDOW_US;
}

static unsigned count_agreeing(const struct predictor *p, const struct net_addr *endpoint,
                               int64_t now_us)
{
    unsigned n = 0;

    for (const struct statement *s = p->statements; s < p->statements + PREDICT_MAX; s++)
        n += is_recent(s, now_us) && net_addr_equal(&s->endpoint, endpoint);
    return n;
}

bool predict_endpoint(const struct predictor *p, struct net_addr *out, int64_t now_us)
{
    unsigned total = 0, best = 0;

    for (const struct statement *s = p->statements; s < p->statements + PREDICT_MAX; s++) {
        unsigned agree;

        if (!is_recent(s, now_us))
            continue;
        total++;
        agree = count_agreeing(p, &s->endpoint, now_us);
        if (agree > best) {
            best = agree;
            *out = s->endpoint;
        }
    }
    return best >= PREDICT_MIN_STATEMENTS && 2 * best > total;
}
