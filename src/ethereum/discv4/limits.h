/* What strangers may cost us: curve operations, packets we send for theirs, bytes we send for
 * theirs.
 *
 * A signature costs us fifty microseconds to check and an attacker nothing to send, so a token is
 * taken before: from the sender's subnet, and from all strangers' or all acquaintances' share. An
 * acquaintance is an address at which some node has proven itself; a flood from elsewhere leaves
 * their share alone. Bytes to an address that nobody has proven are kept close to what came from
 * it, so that we are no amplifier; a first contact may get a pong and a ping for its ping.
 *
 * All tables are of fixed size with a secret hash; who shares a place shares its allowance.
 * Thread: the owner's alone. */
#ifndef ETHEREUM_DISCV4_LIMITS_H
#define ETHEREUM_DISCV4_LIMITS_H

#include <stdbool.h>

#include "crypto/siphash.h"
#include "net/addr.h"

#define LIMITS_PLACES 4096

struct limits_config {
    unsigned stranger_recoveries_per_s; /* all strangers together */
    unsigned known_recoveries_per_s;    /* all acquaintances together */
    unsigned subnet_recoveries_per_s;   /* one subnet, acquaintances or not; local ones exempt */
    unsigned ping_backs_per_s;          /* pings to strangers who pinged us */
    bool limit_local;
};

#define LIMITS_CONFIG_DEFAULT                                  \
    ((struct limits_config){.stranger_recoveries_per_s = 5000, \
                            .known_recoveries_per_s = 12000,   \
                            .subnet_recoveries_per_s = 50,     \
                            .ping_backs_per_s = 200})

/* Tokens in millionths, so that rates are exact in microseconds. */
struct token_bucket {
    int64_t tokens;
    int64_t filled_us; /* 0: never used, and full */
};

struct limits {
    struct limits_config config;
    struct siphash_key key;
    struct token_bucket strangers, known, ping_backs;
    struct token_bucket subnets[LIMITS_PLACES];
    struct token_bucket credit[LIMITS_PLACES]; /* bytes an unproven address may be sent */
    int64_t proven_until_us[LIMITS_PLACES];    /* some node at this address has proven itself */
};

void limits_init(struct limits *l, const struct limits_config *config);

/* Take a token of this bucket, which gains `per_s` tokens a second and holds `burst`. */
bool token_take(struct token_bucket *b, unsigned per_s, unsigned burst, int64_t now_us);

/* A node has proven itself at an address. */
void limits_prove(struct limits *l, const struct net_addr *ip, int64_t until_us);
bool limits_is_known(const struct limits *l, const struct net_addr *ip, int64_t now_us);

/* Whether a signature from this address may be looked at now; takes the tokens. */
bool limits_take_recovery(struct limits *l, const struct net_addr *from, int64_t now_us);

/* A valid packet of `len` bytes came from an address that has proven nothing. */
void limits_earn(struct limits *l, const struct net_addr *from, size_t len, int64_t now_us);

/* Whether `len` bytes may be sent there in return; takes them. */
bool limits_spend(struct limits *l, const struct net_addr *to, size_t len, int64_t now_us);

/* Whether one more ping to a stranger may be sent; takes the token. */
bool limits_take_ping_back(struct limits *l, int64_t now_us);

#endif
