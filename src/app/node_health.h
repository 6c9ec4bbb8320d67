/* Whether the node's threads turn, and whether it can do its work. */
#ifndef APP_NODE_HEALTH_H
#define APP_NODE_HEALTH_H

#include <stdbool.h>

#include "api/api.h"

struct node;

/* Fill in the checks of /livez and /readyz. Thread: the main thread. */
void node_health_checks(struct api_config *config, struct node *n);

/* Whether every check of /livez holds. Thread: loop. */
bool node_is_alive(struct node *n);

#endif
