/* Which of this machine's addresses peers are told. */
#ifndef APP_NODE_LOCAL_H
#define APP_NODE_LOCAL_H

struct node;

/* Enter into the address book, as addresses of ours, those on which we listen, with the port that
 * the system chose where it was to; of one that stands
 * for the whole machine, those of its interfaces. What nobody outside could reach is left out.
 * Source: Discover and BindListenPort in net.cpp of Bitcoin Core. Thread: the main thread, when the
 * listeners are open. */
void node_local_discover(struct node *n);

#endif
