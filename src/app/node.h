/* The running node: every part, started from the lowest floor up and stopped from the top down. */
#ifndef APP_NODE_H
#define APP_NODE_H

#include "app/options.h"

/* What a reload starts from: the same arguments as at the start. */
struct node_arguments {
    int argc;
    char *const *argv;
    char *const *envp;
};

/* Run until SIGTERM or SIGINT, or until something essential fails; the reason is in the log.
 * Thread: the main thread, signals blocked (app/signals.h). `options` are the running ones and are
 * replaced by a reload. Returns: an exit status (app/exit_status.h). */
int node_run(struct options *options, const struct node_arguments *arguments);

#endif
