/* What the files of the downloader share; nobody else includes this. */
#ifndef ETHEREUM_SYNC_INTERNAL_H
#define ETHEREUM_SYNC_INTERNAL_H

#include "ethereum/sync/downloader.h"

/* A peer, beside its rating. */
struct sync_peer {
    uint64_t id;
    uint8_t head[ETH_HASH_BYTES];
    eth_u128 total_difficulty;
    uint64_t number;
    bool has_receipts;
    bool exhausted; /* it had nothing better than ours when it was last asked */
    int64_t
        late_us; /* until then it may still send a gap that was asked of another as well; or 0 */
};

/* Where the fetching of headers stands. */
enum sync_stage {
    STAGE_IDLE,
    STAGE_HEAD,     /* which number has the master's head? */
    STAGE_SPAN,     /* a few headers around our head: which do we have? */
    STAGE_SEARCH,   /* none: halve the distance */
    STAGE_SKELETON, /* every 192nd header of the master */
    STAGE_FILL,     /* the gaps, from everybody */
    STAGE_TAIL,     /* what is left behind the last whole gap, from the master */
    STAGE_TRUSTED,  /* the trusted head itself */
    STAGE_BACK,     /* backwards from it */
    STAGE_FORWARD,  /* what was fetched backwards goes into the chain */
};

enum gap_state { GAP_TODO, GAP_ASKED, GAP_FULL };

struct gap {
    enum gap_state state;
    uint8_t last[ETH_HASH_BYTES]; /* of its last header, from the skeleton */
    uint64_t peer;                /* asked, or who filled it */
    int64_t asked_us, deadline_us;
    unsigned failures;
    uint8_t *payload; /* the headers, while it is full */
    size_t len;
};

/* Bodies or receipts: which blocks are asked of whom, in a window above those that are there. */
#define WINDOW_BLOCKS 2048

enum slot { SLOT_TODO, SLOT_ASKED, SLOT_DONE };

struct batch {
    uint64_t peer;
    int64_t asked_us, deadline_us;
    bool late; /* its blocks were given to others, too; the slots are no longer its */
    unsigned n;
    uint64_t numbers[SYNC_RECEIPTS];
    uint8_t hashes[SYNC_RECEIPTS][ETH_HASH_BYTES];
    struct batch *next;
};

struct filler {
    enum sync_kind kind;
    uint64_t base; /* the number of slot 0 */
    uint8_t slots[WINDOW_BLOCKS];
    struct batch *batches; /* under way: at most one a peer */
};

struct downloader {
    struct downloader_config config;
    struct eth_chain *chain;
    struct download_peers rating;
    struct sync_peer *peers;
    unsigned n_peers;
    uint8_t trusted[ETH_HASH_BYTES];
    bool has_trusted;

    enum sync_stage stage;
    uint64_t master;
    int64_t deadline_us; /* for the master's answer; CLOCK_NEVER when none is due */
    int64_t force_us;    /* then with fewer peers, too */
    uint64_t target;     /* the number of the master's head */
    uint64_t low, high;  /* STAGE_SEARCH: we have low, and not high */
    uint64_t next;       /* number of the next header to fetch */
    struct gap gaps[SYNC_SKELETON];
    unsigned n_gaps, n_imported;
    uint8_t expected[ETH_HASH_BYTES]; /* STAGE_BACK: hash of the next header downwards */

    struct filler bodies, receipts;
    int64_t typical_us[SYNC_KINDS]; /* how long an answer takes of late; 0 before the first */
};

/* --- downloader.c --- */
/* An answer came after so long. */
void sync_note_time(struct downloader *d, enum sync_kind kind, int64_t took_us);
/* Work that everybody waits for is asked of somebody idle, too, when it is so old. */
int64_t sync_patience_us(const struct downloader *d, enum sync_kind kind);
struct sync_peer *sync_find(struct downloader *d, uint64_t id);
void sync_drop(struct downloader *d, uint64_t peer, int reason);
int64_t sync_ttl_us(const struct downloader *d);

/* --- headers.c --- */
/* Choose a master and begin, when it is time. */
void headers_begin(struct downloader *d, int64_t now_us);
void headers_tick(struct downloader *d, int64_t now_us);
void headers_stop(struct downloader *d, bool exhausted);
bool headers_ask(struct downloader *d, const struct eth_header_query *q);
/* Import one header. Returns: 0 or why not. */
int headers_import(struct downloader *d, struct bytes rlp, bool trusted);

/* --- skeleton.c --- */
void skeleton_begin(struct downloader *d);
void skeleton_answer(struct downloader *d, const struct eth_items *items);
void gap_answer(struct downloader *d, uint64_t peer, const struct eth_items *items);
/* Whether this peer has been asked for a gap. */
bool gap_asked_of(const struct downloader *d, uint64_t peer);
void gaps_tick(struct downloader *d, int64_t now_us);
void gaps_peer_gone(struct downloader *d, uint64_t peer);
void gaps_clear(struct downloader *d);

/* --- reverse.c --- */
bool reverse_wanted(struct downloader *d);
void reverse_begin(struct downloader *d);
void reverse_answer(struct downloader *d, const struct eth_items *items);
/* Returns: whether there is more to do at once. */
bool reverse_forward(struct downloader *d);

/* --- filler.c --- */
void filler_init(struct filler *f, enum sync_kind kind);
void filler_free(struct filler *f);
void filler_tick(struct downloader *d, struct filler *f, int64_t now_us);
void filler_peer_gone(struct downloader *d, struct filler *f, uint64_t peer);
void filler_answer(struct downloader *d, struct filler *f, uint64_t peer,
                   const struct eth_items *items, enum eth_receipt_form form);

#endif
