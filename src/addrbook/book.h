/* The inside of the address book. Internal to addrbook/.
 *
 * entries[1..] hold the addresses; an entry never moves while it lives. A table is a flat array of
 * entry numbers, 64 a bucket; an entry remembers its slots. Beside each table stands, for each kind
 * of address and for all together (kind 0), the list of buckets that have any, so that drawing
 * never searches. `order` lists all entries in an order that sampling shuffles. */
#ifndef ADDRBOOK_BOOK_H
#define ADDRBOOK_BOOK_H

#include "addrbook/addrbook.h"
#include "addrbook/index.h"
#include "addrbook/placement.h"
#include "base/mutex.h"
#include "journal/journal.h"

#define BOOK_RANDOM_WORDS 64
#define BOOK_ANSWERS_MAX  16

/* Entries that are worked on before the lock is let go of. */
#define BOOK_SLICE 256

/* Of one holding of the lock. Deciding all collisions makes at most three notes each. */
#define BOOK_NOTES_MAX (3 * ADDRBOOK_COLLISIONS_MAX + 2)

struct entry {
    struct addrbook_record r;
    int64_t last_counted_s; /* when a failure was last counted */
    uint32_t order_at;      /* its place in order; in a free entry the next free one */
};

/* Buckets that hold at least one address of a kind. */
struct bucket_set {
    uint16_t n;
    uint16_t list[ADDRBOOK_NEW_BUCKETS]; /* of which the first n count */
    uint16_t at[ADDRBOOK_NEW_BUCKETS];   /* where in list; valid while count > 0 */
    uint8_t count[ADDRBOOK_NEW_BUCKETS]; /* slots of the kind in the bucket */
};

struct table {
    uint32_t *slots; /* entry numbers; 0: empty */
    uint32_t slots_used;
    uint32_t n_addrs[ADDRBOOK_KINDS];
    struct bucket_set buckets[ADDRBOOK_KINDS];
};

/* One answer to getaddr, kept for about a day. */
struct answer {
    struct addrbook_seen *list; /* NULL: free */
    size_t n;
    size_t book_size;   /* addresses known when it was drawn */
    int64_t expires_us; /* monotonic */
    enum net_kind requester;
    struct net_addr local;
};

/* Something for the journal, which is told of it without the book's lock. */
struct book_note {
    enum journal_event event;
    const char *reason, *detail; /* static; detail may be NULL */
    struct net_addr addr;
};

struct addrbook {
    const struct net_policy *policy;
    struct journal *journal; /* or NULL: nothing is noted */
    const char *network;     /* label of the notes */
    struct mutex mu;         /* guards all below */
    struct placement placement GUARDED_BY(mu);
    struct entry *entries GUARDED_BY(mu);
    uint32_t n_entries_ever GUARDED_BY(mu); /* entries[n + 1] and on were never used */
    uint32_t free_head GUARDED_BY(mu);
    struct addr_index index GUARDED_BY(mu);
    struct table tables[2] GUARDED_BY(mu); /* ADDRBOOK_NEW, ADDRBOOK_TRIED */
    uint32_t *order GUARDED_BY(mu);
    uint32_t n GUARDED_BY(mu); /* entries in use */
    int64_t last_good_s GUARDED_BY(mu);
    struct net_addr collisions[ADDRBOOK_COLLISIONS_MAX] GUARDED_BY(mu); /* the newer ones */
    unsigned n_collisions GUARDED_BY(mu);
    struct answer answers[BOOK_ANSWERS_MAX] GUARDED_BY(mu);
    struct addrbook_local locals[ADDRBOOK_LOCAL_MAX] GUARDED_BY(mu);
    unsigned n_locals GUARDED_BY(mu);
    struct net_addr selves[ADDRBOOK_SELVES_MAX] GUARDED_BY(mu); /* NET_NONE: free */
    unsigned next_self GUARDED_BY(mu);
    uint64_t random[BOOK_RANDOM_WORDS] GUARDED_BY(mu); /* from the kernel, taken from the end */
    unsigned random_left GUARDED_BY(mu);
    struct addrbook_counts counts GUARDED_BY(mu); /* only .events is kept here */
    struct book_note notes[BOOK_NOTES_MAX] GUARDED_BY(mu);
    unsigned n_notes GUARDED_BY(mu);
};

#define BOOK_EVENT(b, name) ((b)->counts.events.name++)

/* --- the journal (notes.c) --- */

/* Note something at the next book_unlock. Whoever makes notes leaves room for them. */
void book_note(struct addrbook *b, enum journal_event event, const char *reason, const char *detail,
               const struct net_addr *addr) REQUIRES(b->mu);

/* Let go of the lock, then tell the journal. */
void book_unlock(struct addrbook *b) RELEASE(b->mu);

/* --- entries and slots (book.c) --- */

/* Returns: the entry, or NULL when the address is not known. */
struct entry *book_find(struct addrbook *b, const struct net_addr *addr) REQUIRES(b->mu);

uint32_t book_id(const struct addrbook *b, const struct entry *e) REQUIRES(b->mu);

/* A new entry without slots; the address must not be known. There is always room, since an entry
 * without a slot does not outlive the call that makes it. */
struct entry *book_create(struct addrbook *b, const struct addrbook_record *r) REQUIRES(b->mu);

/* Forget an entry that has no slots. */
void book_delete(struct addrbook *b, struct entry *e) REQUIRES(b->mu);

/* Who stands in a slot, or NULL. */
struct entry *book_at(struct addrbook *b, enum addrbook_table table, uint16_t slot) REQUIRES(b->mu);

/* Put an entry into an empty slot, or take it out of one of its own. Moving between the tables is
 * taking out of all slots of one, then putting into the other. */
void book_put(struct addrbook *b, struct entry *e, enum addrbook_table table, uint16_t slot)
    REQUIRES(b->mu);
void book_take(struct addrbook *b, struct entry *e, uint16_t slot) REQUIRES(b->mu);

/* Empty a slot of the new table, forgetting who had no other. Returns: whether it was forgotten. */
bool book_clear_new(struct addrbook *b, uint16_t slot) REQUIRES(b->mu);

uint16_t book_new_slot(const struct addrbook *b, const struct net_addr *addr,
                       const struct net_addr *source) REQUIRES(b->mu);
uint16_t book_tried_slot(const struct addrbook *b, const struct net_addr *addr) REQUIRES(b->mu);

/* Move an entry from new to tried; whoever stands there goes back to new. */
void book_make_tried(struct addrbook *b, struct entry *e) REQUIRES(b->mu);

/* --- random numbers (book.c) --- */

uint64_t book_random(struct addrbook *b) REQUIRES(b->mu);
uint32_t book_random_below(struct addrbook *b, uint32_t limit) REQUIRES(b->mu);

/* --- filling it from a file (restore.c) --- */

/* Make an empty book what the records say. Those of the new table keep their buckets
 * (slots / ADDRBOOK_BUCKET_SIZE) when keep_buckets, else they are placed anew by their source. What
 * finds no room or is unroutable is left out. Thread: before others use the book.
 * Returns: how many came in. */
size_t book_restore(struct addrbook *b, const uint8_t secret[ADDRBOOK_KEY_BYTES],
                    const struct addrbook_record *records, size_t n, bool keep_buckets);

/* A copy of the key, for the file. */
void book_secret(struct addrbook *b, uint8_t out[ADDRBOOK_KEY_BYTES]);

#endif
