/* Loading, and what to do with a file that is damaged. The format is described in peers_format.h;
 * peers_read.c parses it, peers_write.c saves. */
#include "addrbook/peers_file.h"

#include <string.h>

#include "addrbook/book.h"
#include "addrbook/peers_format.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "store/atomic_file.h"
#include "store/move_aside.h"
#include "store/read_file.h"

#define LOG_SUBSYSTEM "addrbook"

static void move_aside(const char *path, int why, size_t at)
{
    char *aside;
    int rc = file_move_aside(&aside, path);

    if (rc < 0)
        log_error(LOG_SUBSYSTEM, "%s is damaged (%s, byte %zu) and cannot be moved aside: %s", path,
                  pn_strerror(why), at, pn_strerror(rc));
    else
        log_warn(LOG_SUBSYSTEM,
                 "%s is damaged (%s, byte %zu): moved aside to %s, starting without addresses",
                 path, pn_strerror(why), at, aside);
    mem_free(aside);
}

static void fill(struct addrbook *b, const struct peers_content *c, const char *path)
{
    char asmap[PEERS_ID_TEXT_BYTES];
    bool same_groups =
        c->ours && strcmp(c->asmap, peers_asmap_text(asmap, addrbook_policy(b))) == 0;
    size_t n = book_restore(b, c->key, c->records, c->n, same_groups);

    log_info(LOG_SUBSYSTEM, "%zu addresses read from %s%s; %zu found no place, %zu were obsolete",
             n, path, same_groups ? "" : ", placed anew", c->n - n, c->skipped);
}

/* Whether the error is one of the file's contents rather than of getting at them. */
static bool is_damage(int rc)
{
    return rc < 0 && rc != PN_ENOMEM;
}

int peers_file_load(struct addrbook *b, const char *path)
{
    struct peers_content content;
    uint8_t *text;
    size_t len, at;
    int rc;

    atomic_file_sweep(path);
    rc = read_file(&text, &len, path, PEERS_FILE_MAX_BYTES);
    if (rc == PN_ETOOLARGE)
        move_aside(path, rc, PEERS_FILE_MAX_BYTES);
    if (rc < 0)
        return rc;
    rc = peers_parse(&content, &at, text, len);
    mem_free(text);
    if (rc == 0)
        fill(b, &content, path);
    else if (is_damage(rc))
        move_aside(path, rc, at);
    peers_content_free(&content);
    return rc;
}
