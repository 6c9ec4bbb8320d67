/* Whether the node's threads turn, and whether it can do its work. */
#ifndef APP_NODE_HEALTH_H
#define APP_NODE_HEALTH_H

#include "api/api.h"

struct node;

/* Fill in the checks of /livez and /readyz. Thread: the main thread. */
void node_health_checks(struct api_config *config, struct node *n);

/* Watch the loop as the other threads are watched, and show in the metrics when each last turned
 * and how many are banned, until node_health_end. Thread: the main thread, shortly before the loop
 * runs. Returns: 0 or PN_ENOMEM. */
int node_health_begin(struct node *n);
void node_health_end(struct node *n);

#endif
