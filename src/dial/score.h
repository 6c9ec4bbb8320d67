/* How much trouble one peer makes: a score of two parts. The persistent part only grows; it is for
 * what cannot be an accident. The transient part halves each minute; it is for what is harmless
 * now and then and a burden in bulk. A peer whose score reaches half of the threshold is worth a
 * warning, one that reaches the threshold is banned.
 *
 * Rules and constants: btcd connmgr/dynamicbanscore.go and server.go (addBanScore), with one
 * difference: btcd bans above its threshold, here reaching it is enough, so that a fault worth
 * the whole threshold bans at once. */
#ifndef DIAL_SCORE_H
#define DIAL_SCORE_H

#include <stdint.h>

#include "base/mutex.h"

#define SCORE_HALF_LIFE_S   60
#define SCORE_LIFETIME_S    1800 /* a transient part older than this is nothing */
#define SCORE_BAN_THRESHOLD 100
#define SCORE_BAN_S         (24 * 3600) /* how long a ban for a score lasts, by default */

enum score_level {
    SCORE_FINE,
    SCORE_WARN, /* half of the threshold is reached: log it */
    SCORE_BAN,  /* the threshold is reached: ban and disconnect */
};

struct score {
    struct mutex mu;
    unsigned threshold;
    unsigned persistent GUARDED_BY(mu);
    double transient GUARDED_BY(mu); /* as it was at changed_s */
    int64_t changed_s GUARDED_BY(mu);
};

/* A score of zero; threshold must not be 0. Thread: the owner, before any other. */
void score_init(struct score *s, unsigned threshold);

/* Thread: the owner, after all others. */
void score_destroy(struct score *s);

/* Add to both parts, and give the score that results in *value unless that is NULL. Scores do not
 * overflow: they stop at UINT_MAX. Thread: any. Returns: the level that is reached now; adding
 * nothing asks for the level. */
enum score_level score_add(struct score *s, unsigned *value, unsigned persistent,
                           unsigned transient);

/* The score now, rounded down. Thread: any. */
unsigned score_value(struct score *s);

#endif
