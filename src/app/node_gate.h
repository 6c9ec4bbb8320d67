/* The node's gate and journal: bans kept on disk, exemptions from the options. */
#ifndef APP_NODE_GATE_H
#define APP_NODE_GATE_H

struct node;
struct options;

/* Make the journal and the gate, and read banlist.json. Thread: the main thread, before others.
 * Returns: 0 or a pn_err; node_gate_close undoes what was done. */
int node_gate_open(struct node *n);

/* Exemptions and the length of bans as these options say. Thread: loop, or before it runs. Returns:
 * 0, or a pn_err, and nothing has changed. */
int node_gate_change(struct node *n, const struct options *o);

/* Write banlist.json if anything has changed since it was last written or read. Thread: loop. */
void node_gate_save(struct node *n);

/* Save, then free. Thread: the main thread, when nobody uses the gate any more. */
void node_gate_close(struct node *n);

#endif
