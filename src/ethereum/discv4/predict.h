/* What others see as our endpoint: each pong says to which address it was sent. When enough of them
 * agree, that is our address behind a NAT. Source: go-ethereum p2p/netutil/iptrack.go.
 * Thread: the owner's alone. */
#ifndef ETHEREUM_DISCV4_PREDICT_H
#define ETHEREUM_DISCV4_PREDICT_H

#include <stdbool.h>

#include "net/addr.h"

#define PREDICT_MIN_STATEMENTS 10
#define PREDICT_WINDOW_US      (INT64_C(5) * 60 * 1000000)
#define PREDICT_MAX            64

/* One host has one statement; a newer one replaces it. */
struct statement {
    struct net_addr host, endpoint;
    int64_t at_us; /* 0: free */
};

struct predictor {
    struct statement statements[PREDICT_MAX];
};

/* A node at `host` says that we are `endpoint`. Statements about addresses that cannot be ours from
 * there (of the other family; special ones; local ones from outside) are ignored. */
void predict_add(struct predictor *p, const struct net_addr *host, const struct net_addr *endpoint,
                 int64_t now_us);

/* The endpoint that most hosts of the last 5 minutes agree on, when those are at least 10 and more
 * than half. Returns: false when there is none. */
bool predict_endpoint(const struct predictor *p, struct net_addr *out, int64_t now_us);

#endif
