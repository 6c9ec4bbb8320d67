/* The scheduler's state, shared by the files of this folder. */
#ifndef BITCOIN_FETCH_INTERNAL_H
#define BITCOIN_FETCH_INTERNAL_H

#include <string.h>

#include "bitcoin/fetch/fetch.h"

enum { FETCH_BLOCKS }; /* the kind of work, for the rating */

/* What a peer owes: at most FETCH_PEER_MAX that are expected, and as many that were taken back. */
enum { FETCH_OWED_SLOTS = 2 * FETCH_PEER_MAX };

enum fetch_state { FETCH_MISSING, FETCH_ASKED, FETCH_HELD };

struct fetch_slot {
    uint8_t hash[32];
    enum fetch_state state;
    uint64_t owner; /* of FETCH_ASKED */
};

struct fetch_owed {
    struct fetch_item item;
    int64_t asked_us;
    bool taken_back;
};

struct fetch_peer {
    uint64_t id;
    enum fetch_promise promise;
    bool has_any;
    uint32_t has_from, has_to; /* heights; has_from of FETCH_ANNOUNCED alone */
    unsigned n_owed, n_expected;
    unsigned taken_back; /* of all that it ever owed */
    struct fetch_owed owed[FETCH_OWED_SLOTS];
    int64_t delivered_us;    /* last; 0 for never */
    int64_t paused_until_us; /* it stalled: nothing is asked of it meanwhile */
    uint64_t bytes;          /* that had come at bytes_us, when it last was heard of */
    int64_t bytes_us;
};

struct fetch {
    const struct fetch_ops *ops;
    void *arg;
    struct download_peers rating;
    struct fetch_peer *peers;
    unsigned n_peers, max_peers;
    uint64_t *order; /* scratch: the peers, fastest first */

    struct fetch_slot slots[FETCH_WINDOW]; /* of height h: slots[h % FETCH_WINDOW] */
    uint32_t base; /* the lowest height that is not held; below it all is well */
    uint32_t end;  /* heights in [base, end) have slots */
    uint32_t tip;
    bool wanted; /* a range was set */
    unsigned n_missing;
    int64_t resume_us; /* nothing is asked for before: blocks cannot be kept */

    int64_t stall_us;
    uint64_t taken_back;
};

/* --- window.c --- */

struct fetch_slot *fetch_slot_at(struct fetch *f, uint32_t height);

/* The slot of a hash within the window, or NULL. */
struct fetch_slot *fetch_slot_find(struct fetch *f, const uint8_t hash[32]);

/* Change a slot's state; held ones at the front move the window on. */
void fetch_slot_set(struct fetch *f, struct fetch_slot *s, enum fetch_state state, uint64_t owner);
void fetch_advance(struct fetch *f);

/* --- fetch.c --- */
struct fetch_peer *fetch_find_peer(struct fetch *f, uint64_t id);
bool fetch_can_serve(const struct fetch *f, const struct fetch_peer *p, uint32_t height,
                     const uint8_t hash[32]);

/* How many more blocks may be asked of a peer now. */
unsigned fetch_room(const struct fetch *f, const struct fetch_peer *p);

#endif
