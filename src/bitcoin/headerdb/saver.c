/* It waits for a wake-up, its own time or the quit token, and then blocks on the disk and nothing
 * else; who wakes it never waits. */
#include "bitcoin/headerdb/saver.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/view.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "thread/chan.h"
#include "thread/thread.h"

static struct metric_family saved_family = {
    .name = "p2pnode_headers_saved_total",
    .help = "Headers written to disk.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static struct metric_family failing_family = {
    .name = "p2pnode_headers_saving_fails",
    .help = "1 while headers cannot be written to disk.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct chan_class wake_class = {.name = "header_saver", .elem_size = 1, .capacity = 1};

struct header_saver {
    struct headerdb *db;
    struct chain *chain;
    struct thread thread;
    struct chan wake, quit;
    atomic_bool woken; /* a second wake-up before the first was heard is the same one */
    struct metric *saved, *failing;
    int last_error; /* 0: the last batch was written */
};

/* Said once when it begins, and once when it is over. */
static void report(struct header_saver *s, int rc)
{
    if (rc < 0 && s->last_error == 0)
        log_error("bitcoin",
                  "headers cannot be written to disk: %s; going on without, and trying again",
                  pn_strerror(rc));
    if (rc >= 0 && s->last_error < 0)
        log_info("bitcoin", "headers can be written to disk again");
    s->last_error = rc < 0 ? rc : 0;
    metric_set(s->failing, rc < 0);
}

/* Everything that is new, a batch at a time. */
static int save_all(struct header_saver *s)
{
    int rc;

    atomic_store(&s->woken, false); /* from here on there is more to do */
    if (s->last_error < 0 && s->last_error != PN_ENOSPC)
        headerdb_reopen(s->db); /* the next save tells if it failed */
    do {
        rc = headerdb_save(s->db, s->chain);
        if (rc > 0)
            metric_add(s->saved, rc);
    } while (rc == HEADERDB_BATCH);
    report(s, rc);
    return rc;
}

/* After a pause, so that a sync costs a few batches a second and a single header none of its time;
 * whatever wakes it meanwhile waits in the channel. */
static void run(void *arg)
{
    struct header_saver *s = arg;
    uint8_t any;
    struct chan_case cases[] = {
        {.chan = &s->quit, .op = CHAN_RECV},
        {.chan = &s->wake, .op = CHAN_RECV, .elem = &any},
    };

    for (;;) {
        int64_t retry_us =
            s->last_error < 0 ? clock_deadline_ms(HEADER_SAVER_RETRY_MS) : CLOCK_NEVER;
        int which;

        /* While writing fails only the clock makes it try again. */
        which = chan_select(cases, s->last_error < 0 ? 1 : 2, retry_us);
        save_all(s);
        if (which == 0)
            return;
        if (chan_recv(&s->quit, NULL, clock_deadline_ms(HEADER_SAVER_PAUSE_MS)) == PN_ECLOSED) {
            save_all(s);
            return;
        }
    }
}

int header_saver_start(struct header_saver **out, struct headerdb *db, struct chain *chain,
                       const char *network)
{
    struct header_saver *s = mem_zalloc(sizeof *s);
    int rc = PN_ENOMEM;

    if (!s)
        return PN_ENOMEM;
    s->db = db;
    s->chain = chain;
    s->saved = metric_get(&saved_family, network, NULL);
    s->failing = metric_get(&failing_family, network, NULL);
    if (chan_class_register(&wake_class) < 0 || chan_class_register(&quit_class) < 0 ||
        chan_init(&s->wake, &wake_class) < 0)
        goto no_wake;
    if (chan_init(&s->quit, &quit_class) < 0)
        goto no_quit;
    rc = thread_start(&s->thread, "header store", ROLE_STORE, run, s);
    if (rc < 0)
        goto no_thread;
    *out = s;
    return 0;
no_thread:
    chan_destroy(&s->quit, NULL);
no_quit:
    chan_destroy(&s->wake, NULL);
no_wake:
    mem_free(s);
    return rc;
}

void header_saver_wake(struct header_saver *s)
{
    uint8_t any = 0;

    if (!atomic_exchange(&s->woken, true))
        chan_try_send(&s->wake, &any);
}

void header_saver_stop(struct header_saver *s)
{
    if (!s)
        return;
    quit_request(&s->quit);
    thread_join(&s->thread);
    chan_destroy(&s->wake, NULL);
    chan_destroy(&s->quit, NULL);
    headerdb_close(s->db);
    mem_free(s);
}
