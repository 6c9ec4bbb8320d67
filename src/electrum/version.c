#include "electrum/version.h"

#include <stdio.h>

/* One or two digits. Returns: behind them, or NULL. */
static const char *read_part(const char *p, unsigned *out)
{
    unsigned n = 0;

    *out = 0;
    while (*p >= '0' && *p <= '9' && n++ < 2)
        *out = *out * 10 + (unsigned)(*p++ - '0');
    return n > 0 && n <= 2 ? p : NULL;
}

unsigned protocol_parse(const char *text)
{
    unsigned part[3] = {0};
    const char *p = text;

    for (unsigned i = 0; i < 3; i++) {
        p = read_part(p, &part[i]);
        if (!p)
            return 0;
        if (*p == '\0')
            return i > 0 ? PROTOCOL(part[0], part[1], part[2]) : 0;
        if (*p++ != '.')
            return 0;
    }
    return 0;
}

const char *protocol_format(char out[PROTOCOL_TEXT_BYTES], unsigned version)
{
    unsigned major = version / 10000 % 100, minor = version / 100 % 100, patch = version % 100;

    if (patch)
        snprintf(out, PROTOCOL_TEXT_BYTES, "%u.%u.%u", major, minor, patch);
    else
        snprintf(out, PROTOCOL_TEXT_BYTES, "%u.%u", major, minor);
    return out;
}

unsigned protocol_negotiate(unsigned client_min, unsigned client_max)
{
    unsigned version = client_max < PROTOCOL_MAX ? client_max : PROTOCOL_MAX;
    unsigned least = client_min > PROTOCOL_MIN ? client_min : PROTOCOL_MIN;

    return version >= least ? version : 0;
}
