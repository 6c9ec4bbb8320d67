/* Any JSON value as text, for a reader that does not know yet what it will be: genesis files write
 * one number now as a number, now as a string. */
#ifndef ETHEREUM_PARAMS_JSON_VALUE_H
#define ETHEREUM_PARAMS_JSON_VALUE_H

#include "codec/json_scan.h"

/* The next value without its quotes, borrowed; empty after a failure. */
static inline struct bytes json_take_value(struct json_scan *s)
{
    const char *from, *to;

    while (s->pos < s->end &&
           (*s->pos == ' ' || *s->pos == '\n' || *s->pos == '\t' || *s->pos == '\r'))
        s->pos++;
    from = s->pos;
    json_skip(s);
    if (s->err)
        return (struct bytes){0};
    to = s->pos;
    if (to - from >= 2 && *from == '"') {
        from++;
        to--;
    }
    return (struct bytes){(const uint8_t *)from, (size_t)(to - from)};
}

#endif
