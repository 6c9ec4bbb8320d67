/* What the book tells the journal. Notes are gathered under the book's lock and handed on without
 * it, so that nobody waits for the one while holding the other. */
#include <string.h>

#include "addrbook/book.h"
#include "base/bug.h"

void addrbook_set_journal(struct addrbook *b, struct journal *journal, const char *network)
{
    b->journal = journal;
    b->network = network;
}

void book_note(struct addrbook *b, enum journal_event event, const char *reason, const char *detail,
               const struct net_addr *addr)
{
    if (!b->journal || BUG(b->n_notes == BOOK_NOTES_MAX))
        return;
    b->notes[b->n_notes++] =
        (struct book_note){.event = event, .reason = reason, .detail = detail, .addr = *addr};
}

static void tell(const struct addrbook *b, const struct book_note *n)
{
    char text[NET_ADDR_TEXT_BYTES];
    const struct journal_note note = {
        .event = n->event,
        .kind = JOURNAL_ADDRESS,
        .subject = net_addr_format(text, &n->addr),
        .network = b->network,
        .reason = n->reason,
        .detail = n->detail,
    };

    journal_add(b->journal, &note);
}

void book_unlock(struct addrbook *b)
{
    struct book_note notes[BOOK_NOTES_MAX];
    unsigned n = b->n_notes;

    if (n > 0)
        memcpy(notes, b->notes, n * sizeof *notes);
    b->n_notes = 0;
    mutex_unlock(&b->mu);
    for (unsigned i = 0; i < n; i++)
        tell(b, &notes[i]);
}
