/* What operators may ask of the Electrum side: the commands of ElectrumX's local RPC (peers,
 * sessions, add_peer, getinfo) as methods of the API. Thread: rpc. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "electrum/internal.h"
#include "electrum/version.h"
#include "peer/peer.h"
#include "rpc/rpc.h"
#include "server/copies.h"

enum { SERVERS_MAX_BYTES = 4 << 20, TCP_PORT = 50001, TLS_PORT = 50002, PORTS_MAX = 8 };

/* --- sessions --- */

struct session_copy {
    uint64_t id;
    char address[NET_ADDR_TEXT_BYTES];
    unsigned protocol;
    bool subscribed;
    double cost;
    struct peer_stats stats;
};

/* The protocol does not change once the session is ready. */
static bool copy_session(void *arg, void *item, struct peer *p)
{
    struct session_copy *c = item;
    const struct electrum_session *s;

    (void)arg;
    peer_stats(p, &c->stats);
    if (!c->stats.ready || peer_proto(p) != &session_ops)
        return false;
    s = peer_proto_data(p);
    snprintf(c->address, sizeof c->address, "%s", peer_addr_text(p));
    c->protocol = s->protocol;
    c->subscribed = atomic_load(&s->subscribed) != 0;
    c->cost = (double)atomic_load(&s->shown_cost_milli) / 1000;
    return true;
}

static bool copy_sessions(struct rpc_call *c, struct server_copies *all)
{
    struct electrum *e = c->arg;
    int rc = server_copy_peers(e->server, all, sizeof(struct session_copy), copy_session, NULL);

    if (rc == PN_ENOMEM)
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
    else if (rc < 0)
        rpc_fail(c, RPC_MISC_ERROR, "The node is stopping");
    return rc == 0;
}

static cJSON *session_object(const struct session_copy *s)
{
    int64_t now_us = clock_mono_us();
    char version[PROTOCOL_TEXT_BYTES];
    cJSON *o = json_new_object();

    json_set(o, "id", json_new_uint(s->id));
    json_set(o, "address", json_new_text(s->address));
    json_set(o, "protocol", json_new_text(protocol_format(version, s->protocol)));
    json_set(o, "subscribed", json_new_bool(s->subscribed));
    json_set(o, "session_cost", json_new_number(s->cost));
    json_set(o, "requests", json_new_uint(s->stats.messages_in));
    json_set(o, "bytes_in", json_new_uint(s->stats.bytes_in));
    json_set(o, "bytes_out", json_new_uint(s->stats.bytes_out));
    json_set(o, "seconds", json_new_int((now_us - s->stats.connected_us) / 1000000));
    return o;
}

static void run_sessions(struct rpc_call *c)
{
    const struct session_copy *sessions;
    struct server_copies all;

    if (!copy_sessions(c, &all))
        return;
    sessions = all.items;
    c->result = json_new_array();
    for (size_t i = 0; i < all.n; i++)
        json_push(c->result, session_object(&sessions[i]));
    mem_free(all.items);
}

/* --- servers --- */

/* What follows from a status, for those who do not know our rules (peers/table.h). */
static const char *consequence(enum peers_status status)
{
    switch (status) {
    case PEERS_GOOD:
        return "its last look found all that it says true; clients are told of it";
    case PEERS_STALE:
        return "it was good once, and could not be verified for three hours; clients are not told "
               "of it";
    case PEERS_BAD:
        return "what it says was found false; clients are not told of it, and a look that finds it "
               "true forgives it";
    default:
        return "it has never been verified; clients are not told of it";
    }
}

static void set_ports(cJSON *o, const struct peers_entry *s)
{
    if (s->ssl_port)
        json_set(o, "ssl_port", json_new_uint(s->ssl_port));
    if (s->tcp_port)
        json_set(o, "tcp_port", json_new_uint(s->tcp_port));
}

cJSON *electrum_explain_server(struct electrum *e, const char *host)
{
    struct peers_entry s;
    enum peers_status status;
    int64_t wait_us;
    cJSON *o;

    if (!e->peers || !peers_get(e->peers, &s, host))
        return NULL;
    o = json_new_object();
    status = peers_status_of(&s);
    wait_us = s.due_us - clock_mono_us();
    json_set(o, "status", json_new_text(peers_status_name(status)));
    json_set(o, "which_means", json_new_text(consequence(status)));
    json_set(o, "last_failure", json_new_text(s.reason));
    json_set(o, "failures_in_a_row", json_new_uint(s.tries));
    json_set(o, "forgotten_after",
             json_new_uint(s.last_good_s && !s.bad ? PEERS_TRIES_GOOD : PEERS_TRIES_NEVER));
    json_set(o, "last_good", json_new_int(s.last_good_s));
    json_set(o, "last_try", json_new_int(s.last_try_s));
    json_set(o, "looked_at_now", json_new_bool(s.checking));
    json_set(o, "next_look_in_s", json_new_int(wait_us > 0 ? wait_us / 1000000 : 0));
    json_set(o, "named_by", json_new_text(s.source));
    json_set(o, "program", json_new_text(s.software));
    set_ports(o, &s);
    json_set(o, "certificate_changes", json_new_uint(s.pin_changes));
    return o;
}

static void run_peers(struct rpc_call *c)
{
    cJSON *dump = NULL;
    struct buf text;
    int rc;

    buf_init(&text, SERVERS_MAX_BYTES);
    rc = electrum_put_servers(&text, c->arg);
    if (rc == 0)
        rc = json_parse(&dump, (const char *)text.data, text.len);
    if (rc == 0)
        c->result = cJSON_DetachItemFromObjectCaseSensitive(dump, "servers");
    else
        rpc_fail(c, RPC_MISC_ERROR, "the list cannot be made: %s", pn_strerror(rc));
    cJSON_Delete(dump);
    buf_free(&text);
}

/* "s50002" or "t50001"; without a number the usual port. Words of other kinds ("v1.4", "p100") are
 * let pass. Returns: false for a port that is none. */
static bool read_word(uint16_t *tcp_port, uint16_t *ssl_port, const char *word, size_t len)
{
    unsigned long port = word[0] == 's' ? TLS_PORT : TCP_PORT;
    char *end;

    if (word[0] != 's' && word[0] != 't')
        return true;
    if (len > 1) {
        port = isdigit((unsigned char)word[1]) ? strtoul(word + 1, &end, 10) : 0;
        if (port < 1 || port > 65535 || end != word + len)
            return false;
    }
    *(word[0] == 's' ? ssl_port : tcp_port) = (uint16_t)port;
    return true;
}

/* A real name, as servers of Electrum are written: "host v1.4 s50002 t50001".
 * Returns: whether it is one. */
static bool read_real_name(struct electrum_host *out, const char *text)
{
    size_t len = strcspn(text, " ");

    *out = (struct electrum_host){0};
    if (len == 0 || len >= sizeof out->name)
        return false;
    memcpy(out->name, text, len);
    for (text += len; *(text += strspn(text, " ")); text += len) {
        len = strcspn(text, " ");
        if (!read_word(&out->tcp_port, &out->ssl_port, text, len))
            return false;
    }
    return out->tcp_port || out->ssl_port;
}

static void run_add_peer(struct rpc_call *c)
{
    const char *text = rpc_text(c, 0);
    const struct electrum *e = c->arg;
    struct electrum_host host;
    int rc;

    if (c->code)
        return;
    if (!e->peers) {
        rpc_fail(c, RPC_MISC_ERROR, "other servers are not looked at: --electrum-peers");
        return;
    }
    if (!read_real_name(&host, text)) {
        rpc_fail(c, RPC_INVALID_PARAMETER, "a server is written like \"host s50002 t50001\"");
        return;
    }
    rc = peers_note(e->peers, host.name, host.tcp_port, host.ssl_port, "RPC");
    if (rc < 0 && rc != PN_EEXIST) {
        rpc_fail(c, RPC_INVALID_PARAMETER, "%s: %s", host.name, pn_strerror(rc));
        return;
    }
    electrum_wake(c->arg);
    c->result = json_new_bool(rc == 0);
}

/* --- all of it --- */

static cJSON *count_object(const struct electrum *e)
{
    unsigned counts[PEERS_STATUSES] = {0}, total = 0;
    cJSON *o = json_new_object();

    if (e->peers)
        peers_count(e->peers, counts);
    for (int s = 0; s < PEERS_STATUSES; s++) {
        json_set(o, peers_status_name((enum peers_status)s), json_new_uint(counts[s]));
        total += counts[s];
    }
    json_set(o, "total", json_new_uint(total));
    return o;
}

static void run_info(struct rpc_call *c)
{
    const struct electrum *e = c->arg;
    const struct electrum_chain *chain = &e->config.chain;
    const struct session_copy *sessions;
    char version[PROTOCOL_TEXT_BYTES];
    struct server_copies all;
    struct electrum_tip tip;
    uint64_t subscribed = 0;

    if (!copy_sessions(c, &all))
        return;
    sessions = all.items;
    for (size_t i = 0; i < all.n; i++)
        subscribed += sessions[i].subscribed;
    chain->ops->tip(chain->arg, &tip);
    c->result = json_new_object();
    json_set(c->result, "version", json_new_text(e->software));
    json_set(c->result, "protocol_min", json_new_text(protocol_format(version, PROTOCOL_MIN)));
    json_set(c->result, "protocol_max", json_new_text(protocol_format(version, PROTOCOL_MAX)));
    json_set(c->result, "height", json_new_uint(tip.height));
    json_set(c->result, "in_sync", json_new_bool(chain->ops->in_sync(chain->arg)));
    json_set(c->result, "sessions", json_new_uint(all.n));
    json_set(c->result, "subscribed", json_new_uint(subscribed));
    json_set(c->result, "clients", json_new_uint(rate_limiter_clients(e->limiter)));
    json_set(c->result, "peers", count_object(e));
    mem_free(all.items);
}

static const struct rpc_method methods[] = {
    {"electrum_add_peer", "realname",
     "Have an Electrum server looked at, written like \"host s50002 t50001\"; whether it is new.",
     run_add_peer},
    {"electrum_info", "", "Version, height, sessions, and how many other servers are good.",
     run_info},
    {"electrum_peers", "", "Other Electrum servers, good ones first, and what is known of each.",
     run_peers},
    {"electrum_sessions", "", "The Electrum clients that are connected, and what each has cost.",
     run_sessions},
};

struct rpc_table electrum_rpc_table(struct electrum *e)
{
    return (struct rpc_table){
        .section = "electrum",
        .methods = methods,
        .n = sizeof methods / sizeof methods[0],
        .arg = e,
    };
}
