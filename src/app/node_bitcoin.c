#include "app/node_bitcoin.h"

#include <stdio.h>
#include <string.h>

#include "app/node_book.h"
#include "app/node_parts.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/params.h"
#include "config.h"

enum {
    USER_AGENT_MAX_BYTES = 256,
    MAX_HEADERS = 8000000 /* testnet3 is past five million; 1 GB at most */
};

static int fill_params(struct btc_params *params, const struct options *o)
{
    const struct btc_params *found = btc_params_find(o->bitcoin);

    int rc = 0;

    if (!found)
        return PN_EINVAL;
    if (o->signet_challenge)
        rc = btc_params_signet(params, o->signet_challenge);
    else
        *params = *found;
    if (rc == 0 && o->minimum_chain_work)
        rc = work_from_hex(&params->min_work, o->minimum_chain_work);
    return rc;
}

/* BIP14. */
static char *make_user_agent(const char *comment)
{
    struct buf b;
    char *copy;

    buf_init(&b, USER_AGENT_MAX_BYTES + 1);
    buf_printf(&b, "/p2pnode:%s", PACKAGE_VERSION);
    if (comment)
        buf_printf(&b, "(%s)", comment);
    buf_puts(&b, "/");
    copy = buf_cstr(&b) ? mem_strdup(buf_cstr(&b)) : NULL;
    buf_free(&b);
    return copy;
}

static struct peer_config peer_config_of(const struct options *o)
{
    struct peer_config c = PEER_CONFIG_DEFAULT;

    c.handshake_timeout_ms = o->handshake_timeout_ms;
    c.idle_timeout_ms = o->idle_timeout_ms;
    c.ping_interval_ms = o->ping_interval_ms;
    c.stall_tick_ms = o->stall_tick_ms;
    c.stall_response_ms = o->stall_timeout_ms;
    c.trickle_interval_ms = o->trickle_interval_ms;
    c.write_timeout_ms = o->write_timeout_ms;
    c.max_send_bytes = (size_t)o->max_send_buffer_bytes;
    return c;
}

static enum bitcoin_tx_relay tx_relay_of(const char *whose)
{
    if (strcmp(whose, "on") == 0)
        return BITCOIN_TX_RELAY_ON;
    return strcmp(whose, "trusted") == 0 ? BITCOIN_TX_RELAY_TRUSTED : BITCOIN_TX_RELAY_OFF;
}

/* Core: 2 s where inbound peers have 5 s. */
static int64_t outbound_trickle_ms(int64_t inbound_ms)
{
    int64_t ms = inbound_ms * 2 / 5;

    return ms > 0 ? ms : 1;
}

/* One file of a kind and network, so that a data directory can be used for several in turn. */
static char *network_path(const struct node *n, const char *kind)
{
    char name[64];

    snprintf(name, sizeof name, "%s-%s.mdb", kind, n->options->bitcoin);
    return node_path(n, name);
}

int node_bitcoin_make(struct node *n)
{
    const struct options *o = n->options;
    struct bitcoin_config config = {
        .max_headers = MAX_HEADERS,
        .generate_ms = o->generate_interval_ms,
        .services = o->advertise_services.set ? o->advertise_services.bits : 0,
        .services_are_fixed = o->advertise_services.set,
        .keep_blocks = strcmp(o->blocks, "none") == 0 ? 0 : (uint32_t)o->prune,
        .build_filters = o->blockfilterindex,
        .serve_filters = o->peerblockfilters,
        .compare_filters = o->blockfilterheaders,
        .bloom_filters = o->peerbloomfilters,
        .max_peers = n->max_peers + SERVER_EVICTING_MAX,
        .peer = peer_config_of(o),
        .tx_relay = tx_relay_of(o->tx_relay),
        .tx_inbound_ms = o->trickle_interval_ms,
        .tx_outbound_ms = outbound_trickle_ms(o->trickle_interval_ms),
    };
    int rc = fill_params(&config.params, o);
    char *headers, *blocks, *filters;

    if (rc == 0)
        rc = node_book_open(n, &config);
    if (rc < 0)
        return rc;
    n->user_agent = make_user_agent(o->user_agent_comment);
    if (!n->user_agent)
        return PN_ENOMEM;
    config.user_agent = n->user_agent;
    headers = network_path(n, "headers");
    blocks = network_path(n, "blocks");
    filters = network_path(n, "filters");
    config.headers_path = headers;
    config.blocks_path = blocks;
    config.filters_path = filters;
    rc = headers && blocks && filters ? bitcoin_new(&n->bitcoin, &config) : PN_ENOMEM;
    mem_free(headers);
    mem_free(blocks);
    mem_free(filters);
    return rc;
}
