#include "app/node_gate.h"

#include <stdio.h>
#include <string.h>

#include "app/node_parts.h"
#include "base/err.h"
#include "base/mem.h"
#include "dial/banlist_file.h"
#include "journal/journal.h"
#include "log/log.h"

enum { JOURNAL_RECORDS = 512 }; /* of each event */

static int fill(struct subnet_list *list, const struct option_list *items)
{
    int rc = 0;

    for (size_t i = 0; i < items->n && rc == 0; i++)
        rc = subnet_list_add(list, items->items[i]);
    return rc;
}

static char *file_name(const struct node *n)
{
    size_t size = strlen(n->options->datadir) + sizeof "/banlist.json";
    char *path = mem_alloc(size);

    if (path)
        snprintf(path, size, "%s/banlist.json", n->options->datadir);
    return path;
}

int node_gate_change(struct node *n, const struct options *o)
{
    struct subnet_list exempt = {.n = 0};
    int rc = fill(&exempt, &o->whitelist);

    if (rc < 0)
        return rc;
    gate_set_exempt(&n->gate, &exempt);
    gate_set_ban_s(&n->gate, o->bantime_ms / 1000);
    return 0;
}

int node_gate_open(struct node *n)
{
    const struct subnet_list nobody = {.n = 0};
    int rc = fill(&n->permitted, &n->options->netrestrict);

    if (rc < 0)
        return rc;
    n->journal = journal_new(JOURNAL_RECORDS);
    n->ban_file = file_name(n);
    if (!n->journal || !n->ban_file)
        return PN_ENOMEM;
    rc = gate_init(&n->gate, &n->permitted, &nobody, &n->policy, n->journal, 0);
    if (rc == 0)
        rc = node_gate_change(n, n->options);
    if (rc == 0)
        rc = banlist_load(n->gate.bans, n->ban_file);
    if (rc == PN_ENOMEM)
        return rc;
    n->bans_saved = banlist_version(n->gate.bans);
    return 0; /* without a readable file the list is empty, which has been logged */
}

void node_gate_save(struct node *n)
{
    uint64_t version;
    int rc;

    if (!n->gate.bans)
        return;
    gate_sweep(&n->gate);
    version = banlist_version(n->gate.bans);
    if (version == n->bans_saved)
        return;
    rc = banlist_save(n->gate.bans, n->ban_file);
    if (rc < 0)
        log_error("app", "cannot write %s: %s", n->ban_file, pn_strerror(rc));
    else
        n->bans_saved = version;
}

void node_gate_close(struct node *n)
{
    node_gate_save(n);
    gate_free(&n->gate);
    journal_free(n->journal);
    mem_free(n->ban_file);
}
