/* Whether the node's threads turn, and whether it can do its work. */
#ifndef APP_NODE_HEALTH_H
#define APP_NODE_HEALTH_H

#include <stdbool.h>

#include "api/api.h"

struct node;

/* Fill in the checks of /livez and /readyz. Thread: the main thread. */
void node_health_checks(struct api_config *config, struct node *n);

/* Show when threads last turned, and how many are banned, in the metrics, until node_health_end.
 * Thread: the main thread. Returns: 0 or PN_ELIMIT. */
int node_health_begin(struct node *n);
void node_health_end(struct node *n);

/* Whether every check of /livez holds. Thread: loop. */
bool node_is_alive(struct node *n);

#endif
