/* Where the blacklist comes from: a file, looked at every few seconds, or a URL, fetched every ten
 * minutes as ElectrumX does, by a thread of its own, since that may wait. What was fetched last is
 * kept in a file for the next start. Either is read anew when asked for; a bad list, or none,
 * leaves the old one in force. */
#ifndef ELECTRUM_BLACKLIST_SOURCE_H
#define ELECTRUM_BLACKLIST_SOURCE_H

#include <stdbool.h>

struct electrum;
struct blacklist_source;

/* Thread: the main thread. Returns: 0 or a pn_err; *out is NULL without a blacklist. */
int blacklist_source_new(struct blacklist_source **out, struct electrum *e);

/* Start and stop the thread, where there is one. Thread: the main thread. */
int blacklist_source_start(struct blacklist_source *s);
void blacklist_source_stop(struct blacklist_source *s);
void blacklist_source_free(struct blacklist_source *s); /* accepts NULL */

/* Read or fetch it now. Thread: any; never blocks. */
void blacklist_source_refresh(struct blacklist_source *s);

/* Take what there is into e->blacklist. Thread: electrum. */
void blacklist_source_take(struct blacklist_source *s);

#endif
