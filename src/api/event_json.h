/* A record of the journal as JSON, the same wherever it is shown. */
#ifndef API_EVENT_JSON_H
#define API_EVENT_JSON_H

#include "journal/journal.h"
#include "rpc/json.h"

/* {"time": seconds since 1970, "event", "kind", "subject", "network", "reason", "detail", "count",
 * "first"}; texts are "" where there is none. Thread: any. Owns: the caller's. Returns: NULL when
 * there is no memory. */
cJSON *event_json(const struct journal_record *r);

#endif
