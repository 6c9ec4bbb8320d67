/* SIGHUP. Everything that can fail is done first; only when all of it has succeeded is anything put
 * in force, so that a configuration is taken whole or not at all. */
#include "app/reload.h"

#include "api/api.h"
#include "app/node_api.h"
#include "app/node_electrum.h"
#include "app/node_gate.h"
#include "app/node_p2p.h"
#include "app/node_setup.h"
#include "app/option_list.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
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

/* What the parts have prepared: all that can fail is done before anything is put in force. */
struct change {
    struct api_change api;
    struct node_electrum_change electrum;
    struct eth_node statics[NODE_ENODES_MAX];
    unsigned n_statics;
};

static void refuse(const struct option_report *report)
{
    metric_set(metric_get(&successful, NULL), 0);
    for (size_t i = 0; i < report->errors.n; i++)
        log_error("app", "configuration: %s", report->errors.items[i]);
    log_error("app", "configuration refused; the running one stays");
}

static int prepare(struct change *c, const struct node *n, const struct options *fresh)
{
    int rc = node_api_prepare(&c->api, n, fresh);

    if (rc == 0)
        rc = node_electrum_prepare(&c->electrum, n, fresh);
    if (rc == 0)
        rc = node_enodes_parse(c->statics, &c->n_statics, fresh->eth_static);
    if (rc < 0)
        return rc;
    rc = apply_log_options(fresh); /* the last that can fail, so that it need not be undone */
    if (rc < 0)
        log_error("app", "cannot open the log %s: %s", fresh->log_file, pn_strerror(rc));
    return rc;
}

/* An order to the dialer for each node of `list` that `other` does not name. What the operator has
 * added or removed by a call since is as it should be already. */
static void order(struct node *n, enum dialer_order_kind kind, const struct option_list *list,
                  const struct option_list *other)
{
    uint16_t port = btc_params_find(n->options->bitcoin)->default_port;

    for (size_t i = 0; i < list->n; i++) {
        struct net_target to;
        int rc;

        if (option_list_has(other, list->items[i]))
            continue;
        rc = net_target_parse(&to, list->items[i], port);
        if (rc == 0)
            rc = dialer_ask(n->dialer, n->network, kind, &to);
        if (rc < 0 && rc != PN_EEXIST && rc != PN_ENOENT)
            log_warn("app", "addnode = %s: %s", list->items[i], pn_strerror(rc));
    }
}

static void put_in_force(struct node *n, struct change *c, const struct options *fresh)
{
    const struct option_list *before = &n->options->addnode;
    int rc = node_gate_change(n, fresh);

    if (rc < 0) /* the subnets have been checked, and there are not too many */
        log_error("app", "whitelist: %s", pn_strerror(rc));
    order(n, DIALER_KEEP_NO_LONGER, before, &fresh->addnode);
    order(n, DIALER_KEEP, &fresh->addnode, before);
    node_resize(n, fresh);
    node_p2p_set_statics(n, c->statics, c->n_statics);
    node_electrum_change(n, &c->electrum, fresh);
    node_api_change(n, &c->api);
}

static void apply(struct node *n, struct options *fresh)
{
    struct change *c = mem_zalloc(sizeof *c);
    const char *keys[OPTION_COUNT];
    size_t fixed = options_reload_diff(keys, n->options, fresh);
    int rc = c ? 0 : PN_ENOMEM;

    if (c) {
        c->api.log_fd = -1;
        rc = prepare(c, n, fresh);
    }
    if (rc < 0) {
        metric_set(metric_get(&successful, NULL), 0);
        log_error("app", "configuration refused; the running one stays");
    } else {
        for (size_t i = 0; i < fixed; i++)
            log_warn("app", "--%s cannot change while running; restart for it", keys[i]);
        put_in_force(n, c, fresh);
        /* What cannot change keeps being read from the old values. */
        options_take_reloadable(n->options, fresh);
        note_success();
        log_info("app", "configuration reloaded");
    }
    if (c) {
        api_change_drop(&c->api);
        node_electrum_drop(&c->electrum);
    }
    mem_free(c);
}

void node_reload(struct node *n)
{
    struct options fresh;
    struct option_report report;
    int rc = log_reopen();

    if (node_api_reopen(n) < 0)
        log_error("app", "cannot reopen the file of events; the old one stays");
    addr_dump_request(n->dump);
    node_electrum_refresh(n);
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
