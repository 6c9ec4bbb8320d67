/* The rate limiter as both faces use it, and what the journal remembers of it: a line's session
 * waits on its own thread, for HTTP the event loop has a timer. */
#include <string.h>

#include "electrum/internal.h"
#include "journal/journal.h"

/* A client comes from many ports. */
static void note(struct electrum *e, const struct net_addr *from, const char *reason)
{
    char text[NET_ADDR_TEXT_BYTES];
    const struct journal_note n = {
        .event = JOURNAL_LIMITED,
        .kind = JOURNAL_ADDRESS,
        .subject = text,
        .network = "electrum",
        .reason = reason,
    };
    char *port = strrchr(net_addr_format(text, from), ':');

    if (port)
        *port = '\0';
    journal_add(e->config.journal, &n);
}

struct rate_answer pace_take(struct electrum *e, const struct net_addr *from, bool again)
{
    struct rate_answer a =
        again ? rate_limiter_resume(e->limiter, from) : rate_limiter_take(e->limiter, from);

    if (a.verdict != RATE_ALLOWED)
        note(e, from, a.verdict == RATE_DELAYED ? "delayed" : "refused");
    return a;
}
