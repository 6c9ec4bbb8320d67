/* What the node gives up when it starts: it keeps the files, folders and ports that its options
 * name, and what its libraries read of the system. */
#ifndef APP_NODE_SANDBOX_H
#define APP_NODE_SANDBOX_H

struct node;

/* Enter the sandbox, unless --no-sandbox says otherwise, and log what is in force. Thread: the main
 * thread, when the data directory is there and no other thread is. Returns: 0, or a pn_err, which
 * has been logged. */
int node_sandbox_enter(struct node *n);

#endif
