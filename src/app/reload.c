#include "app/reload.h"

#include "app/node_api.h"
#include "app/node_setup.h"
#include "base/clock.h"
#include "base/err.h"
#include "log/log.h"
#include "metrics/metrics.h"

static struct metric_family successful = {
    .name = "p2pnode_config_last_reload_successful",
    .help = "Whether the last reading of the configuration succeeded.",
    .type = METRIC_GAUGE,
};

static struct metric_family success_time = {
    .name = "p2pnode_config_last_reload_success_timestamp_seconds",
    .help = "When the configuration was last read with success.",
    .type = METRIC_GAUGE,
};

static void note_success(void)
{
    metric_set(metric_get(&successful, NULL), 1);
    metric_set(metric_get(&success_time, NULL), clock_wall_s());
}

void reload_init_metrics(void)
{
    note_success();
}

int apply_log_options(const struct options *o)
{
    int rc = log_open(o->log_file);

    if (rc < 0)
        return rc;
    log_set_level(options_log_level(o));
    log_set_format(options_log_format(o));
    return 0;
}

static void refuse(const struct option_report *report)
{
    metric_set(metric_get(&successful, NULL), 0);
    for (size_t i = 0; i < report->errors.n; i++)
        log_error("app", "configuration: %s", report->errors.items[i]);
    log_error("app", "configuration refused; the running one stays");
}

static void apply(struct node *n, struct options *fresh)
{
    const char *keys[OPTION_COUNT];
    size_t fixed = options_reload_diff(keys, n->options, fresh);
    struct options old;

    for (size_t i = 0; i < fixed; i++)
        log_warn("app", "--%s cannot change while running; restart for it", keys[i]);
    if (apply_log_options(fresh) < 0) {
        log_error("app", "cannot open the new log; the configuration is refused");
        metric_set(metric_get(&successful, NULL), 0);
        return;
    }
    /* What cannot change keeps being read from the old values, so only the log's are taken over. */
    old = *n->options;
    n->options->log_level = fresh->log_level;
    n->options->log_format = fresh->log_format;
    n->options->log_file = fresh->log_file;
    fresh->log_level = old.log_level;
    fresh->log_format = old.log_format;
    fresh->log_file = old.log_file;
    note_success();
    log_info("app", "configuration reloaded");
}

void node_reload(struct node *n)
{
    struct options fresh;
    struct option_report report;
    int rc = log_reopen();

    if (node_api_reopen(n) < 0)
        log_error("app", "cannot reopen the file of events; the old one stays");
    addr_dump_request(n->dump);
    if (rc < 0)
        log_error("app", "cannot reopen the log: %s", pn_strerror(rc));
    rc = options_load(&fresh, &report, n->arguments->argc, n->arguments->argv, n->arguments->envp);
    if (rc < 0)
        refuse(&report);
    else
        apply(n, &fresh);
    options_free(&fresh);
    option_report_free(&report);
}
