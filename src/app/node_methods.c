/* Methods about the node as a whole. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/node_api.h"
#include "app/node_electrum.h"
#include "app/node_parts.h"
#include "app/node_zmq.h"
#include "base/buf.h"
#include "base/clock.h"
#include "log/log.h"

enum { HELP_MAX_BYTES = 1 << 16 };

/* --- help --- */

static void describe(struct buf *out, const struct rpc_method *m)
{
    buf_printf(out, "%s%s%s\n\n%s\n", m->name, *m->params ? " " : "", m->params, m->help);
}

static void list(struct buf *out, const struct rpc_set *set)
{
    for (size_t t = 0; t < set->n; t++) {
        buf_printf(out, "%s== %s ==\n", t ? "\n" : "", set->tables[t]->section);
        for (size_t i = 0; i < set->tables[t]->n; i++) {
            const struct rpc_method *m = &set->tables[t]->methods[i];

            buf_printf(out, "%s%s%s\n", m->name, *m->params ? " " : "", m->params);
        }
    }
}

static void run_help(struct rpc_call *c)
{
    const char *name = rpc_given(c, 0) ? rpc_text(c, 0) : NULL;
    const struct rpc_table *table;
    const struct rpc_method *m = name ? rpc_find(c->set, &table, name) : NULL;
    struct buf out;

    if (c->code)
        return;
    buf_init(&out, HELP_MAX_BYTES);
    if (m)
        describe(&out, m);
    else if (name)
        buf_printf(&out, "help: unknown command: %.64s\n", name);
    else
        list(&out, c->set);
    if (buf_cstr(&out))
        c->result = json_new_text(buf_cstr(&out));
    else
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
    buf_free(&out);
}

/* --- stopping, time --- */

/* The signal goes the way of any other, so that a second call ends the process at once, too. */
static void run_stop(struct rpc_call *c)
{
    kill(getpid(), SIGTERM);
    c->result = json_new_text("p2pnode stopping");
}

static void run_uptime(struct rpc_call *c)
{
    const struct node *n = c->arg;

    c->result = json_new_int((clock_mono_us() - n->started_us) / 1000000);
}

/* Calls run one after the other, so this one is the only one. */
static void run_getrpcinfo(struct rpc_call *c)
{
    const struct node *n = c->arg;
    const char *log = n->options->log_file;
    cJSON *list, *o;

    c->result = json_new_object();
    list = json_set(c->result, "active_commands", json_new_array());
    o = json_push(list, json_new_object());
    json_set(o, "method", json_new_text(c->method->name));
    json_set(o, "duration", json_new_int(clock_mono_us() - c->started_us));
    json_set(c->result, "logpath", json_new_text(log ? log : ""));
}

/* --- the log --- */

/* As bitcoind's, with our categories. Returns: whether there is such a one. */
static bool switch_category(const char *name, bool on)
{
    enum log_category category = log_category_of(name);

    if (strcmp(name, "all") == 0 || strcmp(name, "1") == 0)
        category = LOG_CATEGORY_COUNT;
    else if (strcmp(name, log_category_name(category)) != 0)
        return false;
    log_set_category(category, on);
    return true;
}

static void switch_categories(struct rpc_call *c, unsigned i, bool on)
{
    const cJSON *item;

    if (!rpc_given(c, i))
        return;
    if (!cJSON_IsArray(c->params[i]))
        rpc_fail(c, RPC_TYPE_ERROR, "parameter %u of logging is not of type array", i + 1);
    cJSON_ArrayForEach(item, c->params[i])
    {
        const char *name = cJSON_IsString(item) ? item->valuestring : "";

        if (!switch_category(name, on))
            rpc_fail(c, RPC_INVALID_PARAMETER, "unknown logging category %.32s", name);
    }
}

static void run_logging(struct rpc_call *c)
{
    switch_categories(c, 0, true);
    switch_categories(c, 1, false);
    if (c->code)
        return;
    c->result = json_new_object();
    for (unsigned i = 0; i < LOG_CATEGORY_COUNT; i++) {
        const char *name = log_category_name((enum log_category)i);

        json_set(c->result, name, json_new_bool(log_enabled(LOG_LEVEL_DEBUG, name)));
    }
}

static const struct rpc_method methods[] = {
    {"addnode", "node command",
     "Keep a connection to a node (\"add\"), keep it no longer (\"remove\"), or try it once "
     "(\"onetry\").",
     node_addnode},
    {"getelectrumservers", "", "Other Electrum servers and what their word was found to be worth.",
     node_electrum_call_servers},
    {"explain", "[subject]",
     "Why: what was decided about an address or an Electrum server; without one how addresses "
     "become peers, where that ends, and what to do about it.",
     node_explain},
    {"getaddednodeinfo", "[node]",
     "The nodes that are to be kept connected, or one of them, and whether they are.",
     node_getaddednodeinfo},
    {"getzmqnotifications", "", "Where what is published by ZeroMQ.", node_zmq_notifications},
    {"getrpcinfo", "", "The call that runs, and where the log is.", run_getrpcinfo},
    {"help", "[command]", "The methods that there are, or what one of them does.", run_help},
    {"journal", "[count] [event]", "What was decided lately, about whom, and why; newest first.",
     node_journal},
    {"logging", "[include] [exclude]",
     "Switch the debugging lines of categories on and off (\"all\" for all); gives which are on.",
     run_logging},
    {"stop", "", "Stop the node, as SIGTERM does.", run_stop},
    {"uptime", "", "Seconds since the start.", run_uptime},
};

struct rpc_table node_methods(struct node *n)
{
    return (struct rpc_table){
        .section = "control",
        .methods = methods,
        .n = sizeof methods / sizeof *methods,
        .arg = n,
    };
}
