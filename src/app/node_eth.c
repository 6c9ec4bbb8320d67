#include "app/node_eth.h"

#include <stdio.h>
#include <string.h>

#include "app/node_enodes.h"
#include "app/node_parts.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "ethereum/chain/import.h"
#include "ethereum/eth/eth.h"
#include "ethereum/p2p/p2p.h"
#include "log/log.h"
#include "store/read_file.h"

enum { GENESIS_MAX_BYTES = 256 << 20, PATH_BYTES = 4096 };

struct node_eth {
    struct eth_params params;
    struct eth_chain *chain;
    struct eth *net;
    bool started;
};

static int read_genesis(struct eth_params *p, const char *path)
{
    uint8_t *text = NULL;
    size_t len, at = 0;
    int rc = read_file(&text, &len, path, GENESIS_MAX_BYTES);

    if (rc == 0)
        rc = eth_params_from_genesis(p, &at, (const char *)text, len);
    if (rc < 0)
        log_error("app", "%s, byte %zu: %s", path, at, pn_strerror(rc));
    mem_free(text);
    return rc;
}

/* Each chain has a file of its own, named after its genesis block. */
static int open_chain(struct node *n, struct node_eth *e)
{
    char *path = mem_alloc(PATH_BYTES), genesis[9];
    int rc = path ? 0 : PN_ENOMEM;

    hex_encode(genesis, e->params.genesis.hash, 4);
    if (rc == 0 && snprintf(path, PATH_BYTES, "%s/ethereum-chain-%llu-%s", n->options->datadir,
                            (unsigned long long)e->params.chain_id, genesis) >= PATH_BYTES)
        rc = PN_ETOOLARGE;
    if (rc == 0)
        rc = eth_chain_open(&e->chain, path, &e->params);
    if (rc < 0)
        log_error("app", "cannot open Ethereum's chain: %s", pn_strerror(rc));
    mem_free(path);
    return rc;
}

static int import_file(struct node_eth *e, const char *path)
{
    int64_t begin_us = clock_mono_us();
    struct eth_import done;
    int rc;

    if (!path)
        return 0;
    rc = eth_chain_import(e->chain, &done, path);
    log_info("ethereum", "%llu blocks from %s in %lld ms, head is %llu",
             (unsigned long long)done.blocks, path, (long long)(clock_mono_us() - begin_us) / 1000,
             (unsigned long long)eth_chain_head_of_blocks(e->chain)->number);
    if (rc < 0)
        log_error("app", "%s, behind byte %llu: %s", path, (unsigned long long)done.bytes,
                  pn_strerror(rc));
    return rc;
}

static int make_net(struct node *n, struct node_eth *e, struct p2p *net)
{
    const struct options *o = n->options;
    struct eth_config config = {
        .params = &e->params,
        .chain = e->chain,
        .max_peers = node_eth_seats(o),
        .legacy = o->eth_legacy,
        .receipts = o->eth_receipts,
        .verify_seals = o->eth_verify_seals,
        .has_trusted_head = o->eth_head != NULL,
    };
    int rc = 0;

    if (o->eth_head && hex_decode(config.trusted_head, ETH_HASH_BYTES, o->eth_head) < 0) {
        log_error("app", "eth-head: not the hash of a block");
        return PN_EINVAL;
    }
    rc = eth_new(&e->net, &config);
    if (rc == 0)
        rc = p2p_add_protocol(net, eth_protocol(e->net));
    if (rc < 0)
        return rc;
    eth_set_number(e->net, (unsigned)rc);
    return eth_start(e->net);
}

int node_eth_start(struct node *n, struct p2p *net)
{
    struct node_eth *e = n->eth = mem_zalloc(sizeof *e);
    int rc;

    if (!e)
        return PN_ENOMEM;
    rc = eth_params_known(&e->params, n->options->ethereum);
    if (rc == PN_ENOENT)
        rc = read_genesis(&e->params, n->options->ethereum);
    if (rc == 0 && n->options->eth_networkid > 0)
        e->params.network_id = (uint64_t)n->options->eth_networkid;
    if (rc == 0)
        rc = open_chain(n, e);
    if (rc == 0)
        rc = import_file(e, n->options->eth_import);
    if (rc == 0)
        rc = make_net(n, e, net);
    e->started = rc == 0;
    return rc;
}

struct eth *node_eth_net(const struct node *n)
{
    return n->eth ? n->eth->net : NULL;
}

void node_eth_stop(struct node *n)
{
    if (n->eth && n->eth->started)
        eth_stop(n->eth->net);
    if (n->eth)
        n->eth->started = false;
}

void node_eth_free(struct node *n)
{
    if (!n->eth)
        return;
    eth_free(n->eth->net);
    eth_chain_close(n->eth->chain);
    MEM_FREE(n->eth);
}
