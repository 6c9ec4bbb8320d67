/* The discovery thread of one network: it runs the sources from which addresses come.
 *
 * A source is a small state machine behind an ops table. It is called when the thread starts, when
 * the deadline that it named last has come, and when a lookup that it asked for is done; each time
 * it says when it wants to be called next. All of its calls come from this one thread, so that it
 * needs no lock of its own; none may block.
 *
 * Names are looked up asynchronously by whoever the program puts there (net/resolve.h,
 * discovery/tor_lookup.h, or nobody). At most DISCOVERY_MAX_LOOKUPS are under way; each has a place
 * for its answer from the start, so that an answer is never lost for lack of room. */
#ifndef DISCOVERY_DISCOVERY_H
#define DISCOVERY_DISCOVERY_H

#include <stddef.h>
#include <stdint.h>

#include "net/resolve.h"

#define DISCOVERY_MAX_SOURCES 4
#define DISCOVERY_MAX_LOOKUPS 16 /* under way, of all sources */

struct discovery;
struct journal;
struct discovery_source; /* one of the sources, as the discovery thread knows it */

/* What became of a lookup: as for resolve_done. */
struct discovery_answer {
    uint64_t tag;                 /* of discovery_lookup */
    int rc;                       /* 0, or why there are no addresses */
    const struct net_addr *addrs; /* each with the target's port; they live as long as the call */
    size_t n;
};

/* Every function returns when on_timer is to be called next, whatever was said before: monotonic
 * microseconds, later than now_us, or CLOCK_NEVER. Thread: discovery; must not block. */
struct discovery_source_ops {
    int64_t (*start)(void *state, struct discovery_source *self, int64_t now_us);
    int64_t (*on_timer)(void *state, int64_t now_us);
    int64_t (*on_answer)(void *state, const struct discovery_answer *answer, int64_t now_us);
};

/* Who looks names up. Thread: begin is called by the discovery thread and must not block. */
struct discovery_resolver {
    /* Begin a lookup. done(done_arg, ...) is then called exactly once, from any thread, also when
     * the lookup is given up. Returns: 0, or a pn_err, and done is not called. NULL: nobody. */
    int (*begin)(void *arg, const struct net_target *name, resolve_done *done, void *done_arg);
    void *arg;
};

/* `network` is a metric label: static text. Thread: the main thread. Owns: the caller frees with
 * discovery_free. Returns: NULL when there is no memory. */
struct discovery *discovery_new(const char *network, const struct discovery_resolver *resolver);

/* Where lookups that fail and addresses that are found are noted; NULL: nowhere. Thread: the main
 * thread, before discovery_start. */
void discovery_set_journal(struct discovery *d, struct journal *journal);

/* Add a source; `ops` and `state` are borrowed until discovery_stop. Thread: the main thread,
 * before discovery_start. Returns: 0 or PN_ELIMIT. */
int discovery_add(struct discovery *d, const struct discovery_source_ops *ops, void *state);

/* Start the thread (ROLE_DISCOVERY). Thread: the main thread. Returns: 0, PN_EAGAIN, PN_ENOMEM. */
int discovery_start(struct discovery *d);

/* End the thread and wait for it; no source is called any more. Lookups may still be under way, and
 * their answers are dropped. Thread: the main thread. Accepts NULL. */
void discovery_stop(struct discovery *d);

/* Thread: the main thread, after discovery_stop, and when no lookup is under way any more: whoever
 * resolves has been freed before. Accepts NULL. */
void discovery_free(struct discovery *d);

/* --- for sources: thread discovery --- */

/* Ask for the addresses of a name; on_answer tells them, with this tag. Returns: 0; PN_ENOROUTE
 * when nobody looks names up; PN_ELIMIT with too many under way; what the resolver says. */
int discovery_lookup(struct discovery_source *self, const struct net_target *name, uint64_t tag);

/* So many addresses that were not known before came from `origin` (static text, a metric label). */
void discovery_found(struct discovery_source *self, const char *origin, size_t n);

#endif
