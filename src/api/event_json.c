#include "api/event_json.h"

/* Milliseconds are enough, and leave the number short. */
static double seconds(int64_t wall_us)
{
    return (double)(wall_us / 1000) / 1000;
}

cJSON *event_json(const struct journal_record *r)
{
    cJSON *o = json_new_object();

    json_set(o, "time", json_new_number(seconds(r->wall_us)));
    json_set(o, "event", json_new_text(journal_event_name(r->event)));
    json_set(o, "kind", json_new_text(journal_kind_name(r->kind)));
    json_set(o, "subject", json_new_text(r->subject));
    json_set(o, "network", json_new_text(r->network));
    json_set(o, "reason", json_new_text(r->reason));
    json_set(o, "detail", json_new_text(r->detail));
    json_set(o, "count", json_new_uint(r->count));
    json_set(o, "first", json_new_number(seconds(r->first_wall_us)));
    return o;
}
