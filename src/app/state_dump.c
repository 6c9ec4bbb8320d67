#include "app/state_dump.h"

#include <string.h>

#include "base/buf.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum { DUMP_MAX_BYTES = 4 << 20 };

/* The registry knows it all already; the dump is those of its lines that tell of threads, channels
 * and peers. */
static int is_wanted(const char *line)
{
    static const char *const prefixes[] = {"p2pnode_channel_", "p2pnode_threads", "p2pnode_peers"};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(line, prefixes[i], strlen(prefixes[i])) == 0)
            return 1;
    return 0;
}

void state_dump(void)
{
    struct buf b;
    char *rest, *line;

    buf_init(&b, DUMP_MAX_BYTES);
    if (metrics_render(&b, METRICS_TEXT_004) == 0 && buf_cstr(&b)) {
        rest = (char *)b.data;
        while ((line = strsep(&rest, "\n")))
            if (is_wanted(line))
                log_info("state", "%s", line);
    }
    buf_free(&b);
}
